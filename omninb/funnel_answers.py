"""What a funnel's tally is asked: a row a step with its rates, and how levels differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from omninb.adjusting import adjusted
from omninb.funnel_steps import FunnelSteps
from omninb.funnel_tally import CUSTOMERS, OPEN, OPEN_REACHED, UNITS, FunnelTally
from omninb.intervals import Rates, difference_p_values
from omninb.step_times import conditional_quantile
from omninb.tallies import difference_columns, rate_columns, texts

_FEW = 20


def funnel_frame(tally: FunnelTally, asked: FunnelSteps, order: str, attempt: str) -> pd.DataFrame:
    """The columns of `omninb.funnel_table` but those of differences.

    Two columns lead whose names depend on what was asked: ``_level``, that of the breakdown (those
    with the most who begin first), and ``_units``, what the rates count.
    """
    size, mixed = len(asked.labels), order == "any"
    required = list(range(size)) if mixed else asked.required
    names = [f"{k + 1} of {size} steps" for k in range(size)] if mixed else asked.labels
    before = [max((r for r in required if r < k), default=0) for k in range(size)]
    rows = [(level, k) for level in _shown_levels(tally) for k in range(size)]
    part = [(level, f"{k:02d}") for level, k in rows]
    at = tally.steps.rows(part)
    counts = tally.steps.values[:, at].sum(axis=0)
    begins = np.array([k == 0 for _, k in rows], bool)
    columns: dict[str, Any] = {
        "_level": texts(level for level, _ in rows),
        "_units": counts[:, UNITS],
        "funnel_step": texts(names[k] for _, k in rows),
        "step": np.array([k + 1 for _, k in rows], np.int64),
        "optional": np.array([k not in required for _, k in rows], bool),
        "customers": counts[:, CUSTOMERS],
    }
    first = tally.level_rates(part, [(level, "00") for level, _ in rows])
    step = tally.level_rates(part, [(level, f"{before[k]:02d}") for level, k in rows])
    population = tally.population_rates(part, by_customer=attempt == "every")
    # Of all those who begin, all have begun: a rate of 1 without an interval.
    columns |= rate_columns("conversion_rate", "interval_method", first, begins)
    columns |= rate_columns("step_conversion_rate", "step_interval_method", step, begins)
    columns["step_conversion_rate"] = np.where(begins, np.nan, step.estimate)
    columns |= rate_columns("population_rate", "population_interval_method", population)
    times = [tally.times.values[:, row] for row in tally.times.rows(part)]
    columns |= {
        "drop_off": 1.0 - np.where(begins, np.nan, step.estimate),
        "open": counts[:, OPEN],
        "open_converted": counts[:, OPEN_REACHED],
        "median_time": np.array([conditional_quantile(one, 0.5) for one in times], "m8[ns]"),
        "p90_time": np.array([conditional_quantile(one, 0.9) for one in times], "m8[ns]"),
        "value": [tally.value(label) if k in required else np.nan
                  for label, (_, k) in zip(part, rows, strict=True)],
    }  # fmt: skip
    return pd.DataFrame(columns)


def _shown_levels(tally: FunnelTally) -> list[str]:
    """Levels with attempts, the most who begin first; all of them where there is but one."""
    levels = list(dict.fromkeys(level for level, _ in tally.steps.labels))
    counts = tally.steps.values[:, tally.steps.rows([(level, "00") for level in levels])]
    counts = counts.sum(axis=0)
    entered = dict(zip(levels, counts[:, UNITS].tolist(), strict=True))
    seen = dict(zip(levels, counts[:, [UNITS, OPEN]].any(axis=1).tolist(), strict=True))
    shown = [level for level in levels if seen[level] or len(levels) == 1]
    return sorted(shown, key=lambda level: (-entered[level], level))


def with_level_differences(frame: pd.DataFrame, tally: FunnelTally) -> pd.DataFrame:
    """Each level against all others, with Holm's adjustment over the levels of a step."""
    part, whole = _steps_of(frame)
    rest, own = tally.rest_rates(part, whole), tally.level_rates(part, whole)
    begins = (frame["step"] == 1).to_numpy()
    p = np.where(begins, np.nan, difference_p_values(rest, own))
    by_step = np.full(len(p), np.nan)
    for step in frame["step"].unique():
        here = (frame["step"] == step).to_numpy()
        by_step[here] = adjusted(p[here], "holm")
    columns = difference_columns(rest, own, begins)
    columns |= {"p_value": p, "p_adjusted": by_step, "small": own.customers < _FEW}
    return frame.assign(**columns)


def level_rates(frame: pd.DataFrame, tally: FunnelTally) -> Rates:
    """The rates of ``conversion_rate``, row by row."""
    return tally.level_rates(*_steps_of(frame))


def _steps_of(frame: pd.DataFrame) -> tuple[Sequence[tuple[str, str]], Sequence[tuple[str, str]]]:
    """Each row's step, and the first step of its level."""
    levels = frame["_level"].tolist()
    places = [f"{step - 1:02d}" for step in frame["step"]]
    return list(zip(levels, places, strict=True)), [(level, "00") for level in levels]
