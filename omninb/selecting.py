"""Which journeys fit: by what they hold, how they begin, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from omninb.conditions import Condition, matching
from omninb.errors import OmninbError
from omninb.layout import Columns
from omninb.rules import Rules, moment


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
        # No journey is empty, which reduceat would not bear.
        return np.logical_or.reduceat(fits, starts) if len(starts) else np.zeros(0, bool)

    if first:
        chosen &= matching(columns, first, "where")[starts]
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
        low, high = (moment(value, "between", rules.timezone) for value in between)
        if low > high:
            raise OmninbError(f"between={between!r}: the start lies after the end.")
        chosen &= (time[starts] >= low) & (time[starts] < high)
    return chosen
