"""A simulated year of an omnichannel retailer, and the truth that it was drawn from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from omninb.errors import OmninbError
from omninb.retailer.adverts import with_retargeting
from omninb.retailer.columns import table
from omninb.retailer.counterfactuals import counterfactual
from omninb.retailer.definitions import DEFINITIONS
from omninb.retailer.people import people
from omninb.retailer.shop import BOUGHT
from omninb.retailer.truths import chances, truths_in_force
from omninb.retailer.year import year

if TYPE_CHECKING:
    from omninb.events import EventLog

BLOCK = 25_000  # customers, about 250,000 touchpoints


def simulate_retailer(
    customers: int = 20_000, seed: int = 7, **truths: Any
) -> tuple[EventLog, dict[str, Any]]:
    from omninb.events import read_events

    rows, truth = simulate_table(customers, seed, **truths)
    return read_events(rows, currency="EUR"), truth


def simulate_table(
    customers: int = 20_000, seed: int = 7, **truths: Any
) -> tuple[pa.Table, dict[str, Any]]:
    """The rows of :func:`simulate_retailer` as they would stand in a file, by role."""
    truth = _truth(customers, truths)
    numbered = dict.fromkeys(("rows", "visits", "orders", "journeys"), 0)
    rows, truth["counterfactual"] = _block(np.arange(customers), seed, truth, numbered)
    return rows, truth | _drawn(numbered)


def simulate_batches(customers: int = 20_000, seed: int = 7, **truths: Any) -> Iterator[pa.Table]:
    """The rows of :func:`simulate_table`, a block of customers at a time, each in time order."""
    truth = _truth(customers, truths)
    numbered = dict.fromkeys(("rows", "visits", "orders", "journeys"), 0)
    for first in range(0, customers, BLOCK):
        numbers = np.arange(first, min(first + BLOCK, customers))
        yield _block(numbers, seed, truth, numbered)[0]


def _truth(customers: int, given: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(customers, int) or isinstance(customers, bool) or customers < 1:
        raise OmninbError(f"customers={customers!r}: give a whole number, at least 1.")
    rules = {"split_gap": "30d", "end_at": "purchase", "exit_after": "30d"}
    in_force = truths_in_force(given)
    return {
        "customers": customers,
        **in_force,
        "definitions": {name: DEFINITIONS[name] for name in in_force},
        "journey_rules": rules,
    }


def _drawn(numbered: dict[str, int]) -> dict[str, int]:
    return {
        "touchpoints": numbered["rows"],
        "journeys": numbered["journeys"],
        "purchases": numbered["orders"],
    }


def _block(
    numbers: np.ndarray, seed: int, truth: dict[str, Any], numbered: dict[str, int]
) -> tuple[pa.Table, pa.Table]:
    """The rows and the counterfactual of some customers; counts them in ``numbered``."""
    who, walks = people(seed, numbers), chances(truth)
    lived = year(who, walks, truth)
    otherwise = counterfactual(who, lived, walks, truth)
    if truth["retargeting"]:
        leave = truth["exit_probability"]["display"]
        lived = with_retargeting(lived, who, seed, truth["retargeting"], leave)
    rows = table(who, lived, truth, numbered)
    walked = lived.touchpoints
    numbered["rows"] += len(walked.time)
    numbered["visits"] += int(walked.later.sum())
    numbered["orders"] += int((walked.stage == BOUGHT).sum())
    numbered["journeys"] += int(walked.first.sum())
    return rows, otherwise
