"""Rows of an experiment's table that too few customers stand behind, where it is shared."""

from __future__ import annotations

import numpy as np
import pandas as pd

from omninb.experiments.rows import ALL
from omninb.experiments.verdicts import cannot_say
from omninb.pooling import SHOWN, pooled_rows

_ARMS = ["customers_control", "customers_treatment"]
_OF = ["metric", "variant", "segment"]


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
