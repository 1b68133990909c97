"""What became of the journeys, in counts; where they are shared, none that tells of a few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from omninb.errors import duration

if TYPE_CHECKING:
    from omninb.journeys import Journeys

END_STATES = ("open", "converted", "exit")
_Row = tuple[str, int | None, str, int]


def quality_of(journeys: Journeys) -> pd.DataFrame:
    """The table that is :attr:`omninb.journeys.Journeys.quality`."""
    customers, whole, touchpoints = journeys.customers, len(journeys), journeys.touchpoints
    states = told_states(journeys)
    gaps = np.diff(journeys.time, prepend=journeys.time[:1])
    gaps[journeys.journey_offsets[:-1]] = -1  # before the first of a journey there is none
    silent = gaps > duration(journeys.rules.exit_after, "exit_after")
    before = _told(journeys, journeys.began_before)
    rows: list[_Row] = [
        ("customers", customers, "customers", customers),
        ("journeys", whole, "journeys", whole),
        *((f"journeys {state}", states.get(state), "journeys", whole) for state in END_STATES),
        ("journeys that may have begun before the log", before, "journeys", whole),
        ("touchpoints", touchpoints, "touchpoints", touchpoints),
    ]
    for check, chosen in (
        ("settled touchpoints", journeys.time <= journeys.rules.settled_until),
        ("touchpoints at the same time as the one before", gaps == 0),
        ("silences longer than exit_after, not cut", silent),
    ):
        rows.append((check, _told(journeys, chosen), "touchpoints", touchpoints))
    fewest = journeys.min_customers or 0
    if journeys.cut_by_lookback is not None:
        cut = journeys.cut_by_lookback
        told = None if 0 < cut < fewest else cut
        name = "touchpoints cut by lookback"
        rows.append((name, told, "touchpoints before the cut", touchpoints + cut))
    if journeys.sorted_again is not None:
        late = journeys.sorted_again
        few = 0 < late < fewest or 0 < customers - late < fewest
        name = "customers whose rows were not in time order"
        rows.append((name, None if few else late, "customers", customers))
    frame = pd.DataFrame(rows, columns=["check", "count", "of", "whole"])
    frame["count"] = frame["count"].astype("int64" if frame["count"].notna().all() else "Int64")
    share = frame["count"].astype("float64") / frame["whole"].where(frame["whole"] > 0)
    frame.insert(2, "share", share)
    return frame


def told_states(journeys: Journeys) -> dict[str, int]:
    """Journeys by end state, without those that few customers make, or that would give them away.

    The three make up all journeys, so that of two which are told the third would follow.
    """
    counts = dict(
        zip(END_STATES, np.bincount(journeys.end_states, minlength=3).tolist(), strict=True)
    )
    told = {
        state: counts[state]
        for code, state in enumerate(END_STATES)
        if _told(journeys, journeys.end_states == code) is not None
    }
    others = [state for state, count in told.items() if count]
    if len(told) == len(END_STATES) - 1 and others:
        del told[min(others, key=lambda state: counts[state])]
    return told


def _told(journeys: Journeys, chosen: np.ndarray) -> int | None:
    """How many journeys, or touchpoints, are chosen, unless few customers have such, or others."""
    if journeys.min_customers is not None and len(chosen):
        touchpoints = len(chosen) == journeys.touchpoints
        first = journeys.customer_offsets[:-1]
        first = journeys.journey_offsets[first] if touchpoints else first
        for part in (chosen, ~chosen):
            if 0 < np.logical_or.reduceat(part, first).sum() < journeys.min_customers:
                return None
    return int(np.count_nonzero(chosen))
