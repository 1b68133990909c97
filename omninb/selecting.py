"""Which journeys fit: by what they hold, how they begin, and when; and laying those out again."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from omninb.columns import Columns
from omninb.conditions import Condition, matching
from omninb.errors import OmninbError
from omninb.events.window import instant
from omninb.memory import fresh
from omninb.passes.compiling import GROUPS, each, group_ranges, shares
from omninb.passes.selecting import (
    copy_journeys,
    count_chosen,
    lay_chosen,
    mark_touching,
)
from omninb.rules import Rules

if TYPE_CHECKING:
    from omninb.journeys import Journeys


def fitting(
    columns: Columns,
    offsets: np.ndarray,
    time: np.ndarray,
    rules: Rules,
    first: Mapping[str, object],
    containing: Condition | Sequence[Condition] | None,
    transition: tuple[Condition, Condition] | None,
    between: tuple[object, object] | None,
) -> np.ndarray:
    """Which journeys fit everything that was asked of them; see `Journeys.where`.

    Returns
    -------
    numpy.ndarray, bool
        One a journey.

    Raises
    ------
    OmninbError
        If a role, a column or a value does not occur, or an argument cannot be read.
    """
    starts, stops = offsets[:-1], offsets[1:]
    chosen = np.ones(len(starts), bool)

    def any_of(fits: np.ndarray) -> np.ndarray:
        found = np.empty(len(starts), bool)
        each(mark_touching, [(offsets, fits, found, *part) for part in shares(len(starts))])
        return found

    if first:
        chosen &= matching(columns, first, "where", starts)
    if containing is not None:
        chosen &= any_of(matching(columns, containing, "containing"))
    if transition is not None:
        if not isinstance(transition, tuple | list) or len(transition) != 2:
            raise OmninbError(f"transition={transition!r}: give a pair of conditions.")
        fits, then = (matching(columns, one, "transition") for one in transition)
        fits[:-1] &= then[1:]
        fits[stops - 1] = False
        chosen &= any_of(fits)
    if between is not None:
        if not isinstance(between, Sequence) or isinstance(between, str) or len(between) != 2:
            raise OmninbError(f"between={between!r}: give (start, end), two dates.")
        low, high = (instant(value, "between", rules.timezone) for value in between)
        if low > high:
            raise OmninbError(f"between={between!r}: the start lies after the end.")
        begins = time[starts]
        chosen &= (begins >= low) & (begins < high)
    return chosen


def warn_of_few(fewest: int, what: str) -> None:
    """Warn that what was asked for is of so few customers that it is not told."""
    warnings.warn(
        f"{what} are of fewer than {fewest} customers: too few to be told of (min_customers=), so "
        "none are counted.",
        stacklevel=4,
    )


def laid_out(whole: Journeys, chosen: np.ndarray, starts: np.ndarray) -> dict[str, Any]:
    """The chosen journeys side by side in memory again.

    Parameters
    ----------
    whole : Journeys
        What is chosen from.
    chosen : numpy.ndarray, bool, shape (journeys,)
        Which journeys.
    starts : numpy.ndarray, int64, shape (journeys,)
        From which touchpoint on each is kept.

    Returns
    -------
    dict
        What changes of the attributes of `Journeys`.
    """
    layout = (
        whole.group_offsets,
        whole.customer_offsets,
        starts,
        whole.journey_offsets[1:],
        chosen,
    )
    by_group = whole.journey_offsets[whole.customer_offsets[whole.group_offsets]]
    ranges = group_ranges(by_group)
    counts = np.zeros((GROUPS, 3), np.int64)
    each(count_chosen, [(*r, *layout, counts) for r in ranges])
    before = np.concatenate((np.zeros((1, 3), np.int64), counts.cumsum(axis=0)))
    n_customers, n, touchpoints = before[-1].tolist()
    customers, begins = np.empty(n_customers + 1, np.int64), np.empty(n, np.int64)
    offsets = np.empty(n + 1, np.int64)
    states, began = np.empty(n, np.uint8), np.empty(n, bool)
    customers[-1], offsets[-1] = n, touchpoints
    firsts = np.ascontiguousarray(before[:-1])
    rest = (firsts, whole.end_states, whole.began_before, customers, begins, offsets, states, began)
    each(lay_chosen, [(*r, *layout, *rest) for r in ranges])
    order, time = fresh(touchpoints, np.int32), fresh(touchpoints, np.int64)
    copied = (begins, offsets, whole.columns.order, whole.time, order, time)
    each(copy_journeys, [(*copied, *part) for part in shares(n)])

    return {
        "group_offsets": np.ascontiguousarray(before[:, 0]),
        "customer_offsets": customers,
        "journey_offsets": offsets,
        "time": time,
        "end_states": states,
        "began_before": began,
        "columns": whole.columns.of_journeys(order, begins, offsets),
    }
