"""What each customer would have bought without an effect, drawn with the same chance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from omninb.retailer.columns import ids, worth
from omninb.retailer.moves import SWAYED_BY_CHECKOUT, SWAYED_BY_VIDEO, Chances
from omninb.retailer.people import People, in_week
from omninb.retailer.shop import BOUGHT, DAY, WEB
from omninb.retailer.year import Year, year


def counterfactual(who: People, lived: Year, chances: Chances, truth: dict[str, Any]) -> pa.Table:
    """Purchases and their value in EUR of each customer in the year, and without each effect.

    Only customers whose course an effect changed are drawn again, without it; the others' years
    are the same by construction.
    """
    bought, walked = _bought(who, lived, truth), lived.touchpoints
    filmed, tested = ((walked.swayed & by) > 0 for by in (SWAYED_BY_VIDEO, SWAYED_BY_CHECKOUT))
    old_checkout = replace(chances, pays=chances.pays[[0, 0]])
    without = {
        "email": _without_offers(who, lived, truth),
        "retargeting": bought,
        "video": _again(who, lived, replace(chances, video=0.0), truth, _of(lived, filmed)),
        "checkout_test": _again(who, lived, old_checkout, truth, _of(lived, tested)),
        "handover": _again(
            who, lived, replace(chances, handover=0.0), truth, _of(lived, walked.handed)
        ),
        "dip": _again(who, lived, chances, truth | {"channel_dip": None}, _dipped(lived, truth)),
    }
    columns = {"customer_id": ids("C", who.number), "purchases": bought[0], "value": bought[1]}
    for effect, (purchases, value) in without.items():
        columns |= {f"purchases_without_{effect}": purchases, f"value_without_{effect}": value}
    return pa.table(columns)


def _bought(
    who: People, lived: Year, truth: dict[str, Any], rows: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Purchases of each customer, and EUR, of all touchpoints or of these rows."""
    walked = lived.touchpoints if rows is None else lived.touchpoints.take(rows)
    journey = walked.journey[walked.stage == BOUGHT]
    person, n = lived.plans.person[journey], len(who.number)
    value = np.bincount(person, worth(lived, truth["order_value"])[journey], n)
    return np.bincount(person, minlength=n), value.round(2)


def _without_offers(
    who: People, lived: Year, truth: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    uncaused = np.flatnonzero(~lived.plans.offered[lived.touchpoints.journey])
    return _bought(who, lived, truth, uncaused)


def _of(lived: Year, rows: np.ndarray) -> np.ndarray:
    """The customers of these touchpoints."""
    return np.unique(lived.plans.person[lived.touchpoints.journey[rows]])


def _dipped(lived: Year, truth: dict[str, Any]) -> np.ndarray:
    """The customers whom the dip may have sent to the web."""
    if not truth["channel_dip"]:
        return np.empty(0, np.int64)
    begins = in_week(truth["channel_dip"], lived.plans.start // DAY)
    return np.unique(lived.plans.person[begins & (lived.plans.channel == WEB)])


def _again(
    who: People, lived: Year, chances: Chances, truth: dict[str, Any], person: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The same, with the years of these customers lived again under other chances."""
    purchases, value = (column.copy() for column in _bought(who, lived, truth))
    if len(person):
        some = who.take(person)
        again = year(some, chances, truth, lived.rates)
        purchases[person], value[person] = _bought(some, again, truth)
    return purchases, value
