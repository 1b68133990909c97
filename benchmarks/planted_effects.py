"""What the simulator plants, found again in its logs: by omninb's analyses, and in plain SQL."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import omninb as onb
from benchmarks.marks import Row, band, share_row, side_by_side
from omninb.retailer.truths import DEFAULTS
from omninb.simulate import simulate_table
from tests.test_truths import CALCULATIONS, OFF, estimates

YEAR = pd.Timestamp("2025-01-01", tz="UTC")
HORIZONS = (45, 90, 365)  # days of the year that the log has seen
EXIT = 0.30
CUSTOMERS, FEWER = 8_000, 4_500
Found = tuple[int, float, float, float]


def exits(seed: int) -> list[Found]:
    """(days, exit probability of chat, its bounds) of one year cut at the horizons."""
    table, truth = simulate_table(CUSTOMERS, seed, exit_probability={"chat": EXIT})
    moment = table["timestamp"].to_numpy().astype("datetime64[us]")
    found = []
    for days in HORIZONS:
        end = YEAR + pd.Timedelta(days, "D")
        part = table.filter(moment < np.datetime64(end.tz_localize(None)))
        log = onb.read_events(part, currency="EUR", observed_until=end)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="only .* are settled")
            moves = onb.transition_table(log.journeys(**truth["journey_rules"]), gaps=False)
        row = moves.set_index(["source", "target"]).loc[("chat", "exit")]
        bounds = row[["probability_ci_lower", "probability_ci_upper"]]
        found.append((days, row["probability"], *bounds))
    return found


def calculated(task: tuple[int, bool]) -> list[tuple[str, bool, float]]:
    """(truth, whether it is on, what SQL makes of it) of one year with all truths on, or off."""
    seed, on = task
    found = estimates(simulate_table(FEWER, seed, **({} if on else OFF))[0])
    return [(name, on, found[name][0]) for name in CALCULATIONS]


def truth_rows(logs: int) -> list[Row]:
    """Every planted truth where it is on, and nothing where it is off; effects as log ratios."""
    tasks = [(seed, on) for seed in range(logs) for on in (True, False)]
    found = side_by_side(calculated, tasks, "planted truths")
    frame = pd.DataFrame(found, columns=["name", "on", "estimate"])
    rows = []
    for (name, on), group in frame.groupby(["name", "on"], sort=False):
        planted = CALCULATIONS[name][1](DEFAULTS[name.split(",")[0]]) if on else 0.0
        asked = f"{name}; {'planted' if on else 'off'}, {FEWER:,} customers"
        rows.append(mean_row("simulate_retailer", asked, planted, group["estimate"]))
    return rows


def exit_rows(logs: int) -> list[Row]:
    """The planted exit probability: unbiased however short the log, and covered."""
    found = side_by_side(exits, range(logs), "planted exits")
    frame = pd.DataFrame(found, columns=["days", "estimate", "lower", "upper"])
    rows = []
    for days, group in frame.groupby("days"):
        asked = f"of chat after {days} days; {CUSTOMERS:,} customers"
        rows.append(mean_row("transition_table", f"planted exit {asked}", EXIT, group["estimate"]))
        covered = ((group["lower"] <= EXIT) & (group["upper"] >= EXIT)).mean()
        bounds = band(0.95, 0.02, asked=2_000, logs=logs)
        rows.append(
            share_row("transition_table", f"95 % interval of exit {asked}", covered, bounds)
        )
    return rows


def mean_row(analysis: str, estimand: str, truth: float, estimates: pd.Series) -> Row:
    """A row that asks the mean of estimates to be the truth, within 3.5 of its standard errors."""
    mean, error = estimates.mean(), estimates.std(ddof=1) / len(estimates) ** 0.5
    mark = f"{truth:.3f} ± {3.5 * error:.3f}"
    met = bool(abs(mean - truth) <= 3.5 * error)
    return Row(analysis, estimand, mark, f"{mean:.3f} in {len(estimates):,} logs", met)
