"""Randomised tests before the judge, over simulated ones whose truth is known: ``make judge``.

Type-I error, coverage, always-valid bounds under daily peeking, power beside the planner, the
checks on clean and on spoilt logs, and moves between arms that differ in nothing.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import omninb as onb
from benchmarks.experiment_outcomes import CUPED, HORIZON, KINDS, PLANS, Simulated, simulate
from benchmarks.false_alarms import wander
from benchmarks.marks import Row, band, share_row, side_by_side
from benchmarks.spoilt_trials import SPOILT, checked, clean_frame, clean_log
from omninb.adjusting import adjusted
from omninb.experiments.arms import Parts
from omninb.experiments.sequential import always_valid_p_value, always_valid_quantile

ALPHA = 0.05
CUSTOMERS = 2_000
EFFECT = 0.2
UNEVEN = {"mean, one in ten treated": ("mean", 50_000, 1 / 9)}  # kind, customers, ratio
DAYS, A_DAY = 35, 100
PLANNED = DAYS * A_DAY
BIASED = "mean, winsorised"  # towards what the cap leaves, which has no closed form
CLEAN = {"log": clean_log, "frame": clean_frame}
Answer = dict[str, Any]


def fixed(task: tuple[str, float, int]) -> list[Answer]:
    """Whether a test's p-value is below 5 %, and on which side its bounds miss the truth."""
    kind, effect, seed = task
    name, customers, ratio = UNEVEN.get(kind, (kind, CUSTOMERS, 1.0))
    rng = np.random.default_rng([seed, int(1000 * effect)])
    trial = simulate(name, rng, customers, effect, ratio)
    found = Parts.of(trial.outcome, trial.arm, 2).compare(0, 1, 1 - ALPHA)
    return [
        {
            "kind": kind,
            "alarm": found.p_value < ALPHA,
            "below": trial.uplift < found.lower,
            "above": trial.uplift > found.upper,
            "relative": found.relative_lower <= trial.relative <= found.relative_upper,
        }
    ]


def peeked(task: tuple[str, int]) -> list[Answer]:
    """Whether a test without effect that is looked at every day is ever stopped."""
    kind, seed = task
    came = np.repeat(np.arange(DAYS), A_DAY)
    trial = simulate(kind, np.random.default_rng([seed, 1]), PLANNED)
    if trial.outcome.happened is None:
        parts = Parts.of(trial.outcome, came * 2 + trial.arm, 2 * DAYS, rounds=2)
        looks = [(parts, 2 * day, 2 * day + 1) for day in range(DAYS)]
    else:
        looks = [(_by_the_end_of(trial, came, day), 0, 1) for day in range(DAYS)]
    by_p = by_bounds = False
    for parts, a, b in looks:
        found = parts.compare(a, b, 1 - ALPHA)
        if not parts.too_few(a, b) and found.error > 0:
            z, n = found.uplift / found.error, int(parts.customers[[a, b]].sum())
            by_p |= found.p_value < ALPHA
            by_bounds |= always_valid_p_value(z, n, PLANNED, 1 - ALPHA) < ALPHA
    return [{"kind": kind, "by p": by_p, "by bounds": by_bounds}]


def _by_the_end_of(trial: Simulated, came: np.ndarray, day: int) -> Parts:
    """What is known of times at the end of a day."""
    here, whole = came <= day, trial.outcome
    sight = np.minimum(day + 1.0 - came[here], HORIZON)
    days, happened = whole.top[here], whole.happened[here] & (whole.top[here] < sight)
    days = np.where(happened, days, sight)
    known = dataclasses.replace(whole, top=days, happened=happened, known=sight >= HORIZON)
    return Parts.of(known, trial.arm[here], 2)


def planned(task: tuple[str, int, int]) -> list[Answer]:
    """Whether a test of the planned size finds the effect that it was planned for."""
    name, n, seed = task
    plan = PLANS[name]
    rng = np.random.default_rng([seed, 2])
    share = plan.sd is None  # a mean moves, and its spread stays what was planned with
    trial = simulate(plan.kind, rng, n, plan.effect if share else 0.0, plan.ratio, plan.arms)
    if not share:
        trial.outcome.top[trial.arm == plan.arms - 1] += plan.baseline * plan.effect
    parts = Parts.of(trial.outcome, trial.arm, plan.arms)
    p_values = [parts.compare(0, k, 1 - ALPHA).p_value for k in range(1, plan.arms)]
    return [{"name": name, "seen": adjusted(np.array(p_values), "holm")[-1] < ALPHA}]


def raised(task: tuple[str, str, int]) -> list[Answer]:
    """The gravest outcome of each check on a clean log or frame, or on one spoilt for a check."""
    source, check, seed = task
    trial = SPOILT[check][1] if check else CLEAN[source]
    return [
        {"spoilt": check, "check": name, "warns": outcome in ("warn", "stop"),
         "stops": outcome == "stop"}
        for name, outcome in checked(trial, seed).items()
        if outcome != "not checked" and check in ("", name)
    ]  # fmt: skip


def moved(seed: int) -> list[Answer]:
    """Whether any move is said to differ between arms that differ in nothing."""
    log = wander(400, "geometric", np.random.default_rng([seed, 4]))
    table = onb.experiment_transition_table(log, control="A", split_gap="30s")
    return [{"what": what, "alarm": part["differs"].any()} for what, part in table.groupby("what")]


def experiment_rows(logs: int) -> list[Row]:
    """The marks of randomised tests, of so many logs for each coverage, others in proportion."""
    return [
        *_error_rows(5 * logs),
        *_coverage_rows(logs),
        *_peeking_rows(logs // 2),
        *_power_rows(2 * logs),
        *_check_rows(5 * logs // 2),
        *_move_rows(logs // 2),
    ]


def _error_rows(logs: int) -> list[Row]:
    kinds = [*KINDS, *CUPED, *UNEVEN]
    each = {kind: logs // 5 if kind in UNEVEN else logs for kind in kinds}
    tasks = [(kind, 0.0, seed) for kind in kinds for seed in range(each[kind])]
    found = pd.DataFrame(side_by_side(fixed, tasks, "A/A tests")).groupby("kind")["alarm"].mean()
    return [
        share_row(
            "experiment_table",
            f"A/A, {kind}; {UNEVEN[kind][1] if kind in UNEVEN else CUSTOMERS:,} customers",
            found[kind],
            band(ALPHA, 0.007, asked=10_000, logs=each[kind]),
        )
        for kind in kinds
    ]


def _coverage_rows(logs: int) -> list[Row]:
    kinds = [kind for kind in [*KINDS, *CUPED] if kind != BIASED]
    tasks = [(kind, EFFECT, seed) for kind in kinds for seed in range(logs)]
    found = pd.DataFrame(side_by_side(fixed, tasks, "tests with an effect"))
    shares = found.groupby("kind").mean()
    bounds = band(1 - ALPHA, 0.02, asked=2_000, logs=logs)
    rows = []
    for kind in kinds:
        below, above, relative = shares.loc[kind, ["below", "above", "relative"]]
        said = f" ({below:.1%} | {above:.1%} missed)"
        asked = f"{kind}; {EFFECT:.0%} planted"
        rows += [
            share_row("experiment_table", f"uplift, {asked}", 1 - below - above, bounds, said),
            share_row("experiment_table", f"relative uplift, {asked}", relative, bounds),
        ]
    return rows


def _peeking_rows(logs: int) -> list[Row]:
    kinds = [*KINDS, "mean, CUPED"]
    tasks = [(kind, seed) for kind in kinds for seed in range(logs)]
    shares = pd.DataFrame(side_by_side(peeked, tasks, "daily looks")).groupby("kind").mean()
    most = band(ALPHA, 0.0, asked=1_000, logs=logs)[1]
    rows = [
        share_row(
            "experiment_cumulative_table",
            f"A/A stopped at any of {DAYS} looks by always-valid bounds, {kind}",
            shares.loc[kind, "by bounds"],
            (0.0, most),
            f" (by the p-value {shares.loc[kind, 'by p']:.0%})",
        )
        for kind in kinds
    ]
    width = always_valid_quantile(PLANNED, PLANNED) / 1.959964
    said = "width of the always-valid bounds at the planned size, of the fixed ones"
    return [*rows, Row("experiment_table", said, "≤ 170 %", f"{width:.0%}", width <= 1.7)]


def _power_rows(logs: int) -> list[Row]:
    sizes = {name: int(plan.table()["n"].iloc[0]) for name, plan in PLANS.items()}
    tasks = [(name, sizes[name], seed) for name in PLANS for seed in range(logs)]
    seen = pd.DataFrame(side_by_side(planned, tasks, "planned tests")).groupby("name")["seen"]
    return [
        share_row(
            "sample_size_table",
            f"power of the planned size, {name}",
            seen.mean()[name],
            band(plan.power, 0.03, asked=4_000, logs=logs),
        )
        for name, plan in PLANS.items()
    ]


def _check_rows(logs: int) -> list[Row]:
    clean = [(source, "", seed) for source in CLEAN for seed in range(logs)]
    spoilt = [("log", check, seed) for check in SPOILT for seed in range(logs // 10)]
    found = pd.DataFrame(side_by_side(raised, clean + spoilt, "checks"))
    rows = []
    for check, part in found[found["spoilt"] == ""].groupby("check", sort=False):
        for what, most in (("warns", 0.014), ("stops", 0.0025)):
            # the mark, and three standard errors where there are fewer logs than it is stated for
            few = max(0.0, (5_000 / logs) ** 0.5 - 1) * 3 * (most / 5_000) ** 0.5
            asked = f"{check} {what} in clean ones"
            bounds = (0.0, round(most + few, 4))
            rows.append(share_row("experiment_check_table", asked, part[what].mean(), bounds))
    for check, (what, _) in SPOILT.items():
        share = found.loc[found["spoilt"] == check, "warns"].mean()
        asked = f"{check} raised: {what}"
        rows.append(share_row("experiment_check_table", asked, share, (0.9, 1.0)))
    return rows


def _move_rows(logs: int) -> list[Row]:
    found = pd.DataFrame(side_by_side(moved, range(logs), "moves of arms alike"))
    most = band(ALPHA, 0.007, asked=1_000, logs=logs)[1]
    return [
        share_row(
            "experiment_transition_table", f"any {what} said to differ, A/A", share, (0.0, most)
        )
        for what, share in found.groupby("what")["alarm"].mean().items()
    ]
