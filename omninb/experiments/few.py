"""Rows of an experiment's tables that too few customers stand behind, where they are shared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from omninb.experiments.checks import NAN, Check
from omninb.experiments.rows import ALL
from omninb.experiments.verdicts import cannot_say
from omninb.pooling import SHOWN, pooled_rows

if TYPE_CHECKING:
    from omninb.events import EventLog

_ARMS = ["customers_control", "customers_treatment"]
_OF = ["metric", "variant", "segment"]
# A number of a sentence that is no share, no p-value, and not how many or which were looked at.
_NUMBER = re.compile(r"(?<![\d.,:])(?<!^of )(?<!day )(\d+)(?![\d%]|[.,:]\d| %)")


def fewest_of(source: EventLog | pd.DataFrame) -> int | None:
    """How many customers it takes to be told of; a frame bears it in its ``attrs``."""
    if isinstance(source, pd.DataFrame):
        return source.attrs.get("min_customers")
    return source.min_customers


def without_few(frame: pd.DataFrame, fewest: int) -> pd.DataFrame:
    """The table without levels of which an arm has fewer customers, and without such numbers.

    With a level goes the next smallest, where its customers could be found by subtracting the
    others from all of them.
    """
    levels = frame["segment"] != ALL
    gone = np.zeros(len(frame), bool)
    for _, rows in frame[levels].groupby(_OF):
        counts = rows[_ARMS].to_numpy(np.int64)
        one = [np.zeros(len(rows), np.int64)]
        found = pooled_rows(counts.min(axis=1)[None], counts, one, fewest)
        gone[rows.index] = found.into != SHOWN
    few = ~levels & (frame[_ARMS].min(axis=1) < fewest)
    if few.any():
        numbers = frame.select_dtypes("number").columns.drop("margin")
        frame[numbers] = frame[numbers].astype(float)
        frame.loc[few, numbers] = np.nan
        frame.loc[few, "interval_method"] = "none"
        frame.loc[few, "guardrail"] = ""
        frame.loc[few, "verdict"] = cannot_say(f"an arm has fewer than {fewest} customers")
    return frame[~gone].reset_index(drop=True)


def without_few_days(frame: pd.DataFrame, fewest: int) -> pd.DataFrame:
    """Days between which each arm gained so many customers; the last stays, if it has so many."""
    kept = np.zeros(len(frame), bool)
    for _, rows in frame.groupby("metric"):
        after = np.full(rows["variant"].nunique() * 2, np.inf)
        for _, day in reversed(list(rows.groupby("day"))):
            arms = day[_ARMS].to_numpy().ravel()
            if (np.minimum(arms, after - arms) >= fewest).all():
                kept[day.index] = True
                after = arms
    return frame[kept].reset_index(drop=True)


def wider_bins(customers: np.ndarray, fewest: int) -> np.ndarray:
    """The number of the wider bin that each is part of, where each arm has so many customers.

    Parameters
    ----------
    customers : numpy.ndarray, int64, shape (arms, bins)
    """
    number = np.zeros(customers.shape[1], np.int64)
    held = np.zeros(len(customers), np.int64)
    for at, here in enumerate(customers.T):
        if (held >= fewest).all():
            number[at:] += 1
            held = np.zeros_like(held)
        held = held + here
    if (held < fewest).any():  # the last is not wide enough
        number = np.minimum(number, max(0, number[-1] - 1))
    return number


def told_checks(checks: Sequence[Check], fewest: int) -> list[Check]:
    """Checks without sentences, and values, that tell of fewer customers."""
    return [
        replace(
            check,
            value=check.value if check.value == check.p_value else NAN,
            sentence=f"it rests on a number below {fewest}, which is not told.",
        )
        if any(0 < int(number) < fewest for number in _NUMBER.findall(check.sentence))
        else check
        for check in checks
    ]


def told_arms(arms: Mapping[str, int], fewest: int) -> dict[str, int | None]:
    """The customers of each arm; of none where one has fewer, whom the others would tell."""
    told = min(arms.values(), default=0) >= fewest
    return {arm: customers if told else None for arm, customers in arms.items()}
