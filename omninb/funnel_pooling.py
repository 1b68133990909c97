"""Which levels and rows of a funnel are pooled or left out where it is shared."""

from __future__ import annotations

import numpy as np
import pandas as pd

from omninb.funnel_tally import CUSTOMERS, UNITS, FunnelTally
from omninb.pooling import SHOWN, pooled_rows
from omninb.wording import fewer_than

_DIFFERENCES = (
    "difference", "difference_ci_lower", "difference_ci_upper", "p_value", "p_adjusted",
)  # fmt: skip


def pooled_levels(tally: FunnelTally, fewest: int) -> dict[str, str]:
    """The level that each is counted in: those of too few who begin are one."""
    begin = [i for i, (_, place) in enumerate(tally.steps.labels) if place == "00"]
    begun = tally.steps.values[:, begin]
    levels = [tally.steps.labels[i][0] for i in begin]
    there = np.flatnonzero(begun[..., UNITS].any(axis=0))
    name = fewer_than(fewest)
    found = pooled_rows(
        begun[:, there, CUSTOMERS],
        begun[:, there, UNITS].sum(axis=0)[:, None],
        [np.zeros(len(there), np.int64)],
        fewest,
        hosts=np.array([levels[i] == name for i in there], bool),
    )
    shown = {levels[i] for i, pool in zip(there, found.into, strict=True) if pool == SHOWN}
    return {level: level if level in shown else name for level in levels}


def without_few(frame: pd.DataFrame, fewest: int) -> pd.DataFrame:
    """The funnel without rows of fewer customers, nor differences that would tell of them.

    A count that is left out lies between 0 and that of the step before, whose row is shown.
    """
    few = frame["customers"] < fewest
    if not few.any():
        return frame
    told = frame["step"].isin(frame.loc[few, "step"])
    gone = [name for name in _DIFFERENCES if name in frame]
    frame.loc[told, gone] = np.nan
    if gone:
        frame.loc[told, "difference_method"] = "none"
    return frame[~few].reset_index(drop=True)
