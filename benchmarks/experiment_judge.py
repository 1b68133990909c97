"""How experiments are judged, over simulated tests with a known truth: ``make judge``.

Type-I error, coverage, power beside the planner, always-valid bounds under daily peeking, and the
checks on clean and on spoilt logs. ``--fraction 0.1`` runs a tenth of the logs.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from benchmarks.experiment_outcomes import CUPED, HORIZON, KINDS, PLANS, Simulated, simulate
from benchmarks.spoilt_trials import SPOILT, checked, clean_frame, clean_log
from omninb.adjusting import adjusted
from omninb.experiments.arms import Parts
from omninb.experiments.sequential import always_valid_p_value, always_valid_quantile

ALPHA = 0.05
CUSTOMERS = 2_000
DAYS, A_DAY = 35, 100
PLANNED = DAYS * A_DAY


def fixed(kind: str, effect: float, seed: int) -> tuple[float, ...]:
    """Whether a test's p-value is below 5 %, and whether its bounds hold the truth."""
    trial = simulate(kind, np.random.default_rng([seed, int(1000 * effect)]), CUSTOMERS, effect)
    found = Parts.of(trial.outcome, trial.arm, 2).compare(0, 1, 1 - ALPHA)
    relative = found.relative_lower <= trial.relative <= found.relative_upper
    return found.p_value < ALPHA, trial.uplift < found.lower, trial.uplift > found.upper, relative


def peeked(kind: str, seed: int) -> tuple[float, ...]:
    """Whether a test without effect that is looked at every day is ever stopped."""
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
    return by_p, by_bounds


def _by_the_end_of(trial: Simulated, came: np.ndarray, day: int) -> Parts:
    """What is known of times at the end of a day."""
    here, whole = came <= day, trial.outcome
    sight = np.minimum(day + 1.0 - came[here], HORIZON)
    days, happened = whole.top[here], whole.happened[here] & (whole.top[here] < sight)
    days = np.where(happened, days, sight)
    known = dataclasses.replace(whole, top=days, happened=happened, known=sight >= HORIZON)
    return Parts.of(known, trial.arm[here], 2)


def planned(name: str, seed: int) -> tuple[float, ...]:
    """Whether a test of the planned size finds the effect that it was planned for."""
    plan = PLANS[name]
    rng = np.random.default_rng([seed, 2])
    n = int(plan.table()["n"].iloc[0])
    share = plan.sd is None  # a mean moves, and its spread stays what was planned with
    trial = simulate(plan.kind, rng, n, plan.effect if share else 0.0, plan.ratio, plan.arms)
    if not share:
        trial.outcome.top[trial.arm == plan.arms - 1] += plan.baseline * plan.effect
    parts = Parts.of(trial.outcome, trial.arm, plan.arms)
    p_values = [parts.compare(0, k, 1 - ALPHA).p_value for k in range(1, plan.arms)]
    return (adjusted(np.array(p_values), "holm")[-1] < ALPHA,)


def noticed(check: str, seed: int) -> tuple[float, ...]:
    """Whether a check raises what was planted for it."""
    return (checked(SPOILT[check][1], seed).get(check) in ("warn", "stop"),)


class Judge:
    """Runs simulated tests side by side and prints what came of them."""

    def __init__(self, pool: ProcessPoolExecutor, fraction: float) -> None:
        self.pool, self.fraction, self.missed = pool, fraction, 0

    def shares(self, task: Callable, logs: int, what: str) -> tuple[np.ndarray, int]:
        """How often each answer of a task was yes."""
        logs = max(20, round(logs * self.fraction))
        runs = self.pool.map(task, range(logs), chunksize=10)
        found = list(tqdm(runs, total=logs, desc=what, disable=None, leave=False))
        return np.mean(np.array(found, float), axis=0), logs

    def say(self, what: str, number: float, mark: str, met: bool) -> None:
        """One row."""
        self.missed += not met
        print(f"{what:<64}{number:>9.2%}  {mark:<22}{'met' if met else 'NOT met'}", flush=True)

    def type_1(self) -> None:
        """Type-I error and the coverage of both bounds."""
        for kind in [*KINDS, *CUPED]:
            (p, *_), logs = self.shares(partial(fixed, kind, 0.0), 10_000, kind)
            self.say(f"type-I error, {kind}, {logs:,} logs", p, "4.3–5.7 %", 0.043 <= p <= 0.057)
        for kind in [k for k in [*KINDS, *CUPED] if k != "mean, winsorised"]:
            (_, below, above, relative), logs = self.shares(partial(fixed, kind, 0.2), 2_000, kind)
            covered = 1 - below - above
            what = f"coverage of the uplift, {kind}, {logs:,} logs"
            self.say(
                f"{what} ({below:.1%} | {above:.1%})", covered, "93–97 %", 0.93 <= covered <= 0.97
            )
            what = f"coverage of the relative uplift, {kind}"
            self.say(what, relative, "93–97 %", 0.93 <= relative <= 0.97)

    def peeking(self) -> None:
        """Always-valid bounds looked at every day, and their width."""
        for kind in [*KINDS, "mean, CUPED"]:
            (by_p, by_bounds), logs = self.shares(partial(peeked, kind), 1_000, kind)
            what = f"stopped by always-valid bounds, {kind}, {logs:,} logs"
            self.say(f"{what} (by p {by_p:.0%})", by_bounds, "< 5 %", by_bounds < 0.05)
        width = always_valid_quantile(PLANNED, PLANNED) / 1.959964
        self.say("width at the planned size, of the fixed bounds", width, "≤ 170 %", width <= 1.7)

    def power(self) -> None:
        """Power at the size that the planner asks for."""
        for name, plan in PLANS.items():
            (found,), logs = self.shares(partial(planned, name), 4_000, name)
            met = abs(found - plan.power) <= 0.03
            self.say(f"power, {name}, {logs:,} logs", found, f"{plan.power:.0%} ± 3 points", met)

    def checks(self) -> None:
        """False alarms on clean logs, and alarms on spoilt ones."""
        logs = max(20, round(5_000 * self.fraction))
        clean: dict[str, list[str]] = {}
        for trial in (clean_log, clean_frame):
            runs = self.pool.map(partial(checked, trial), range(logs), chunksize=10)
            for found in tqdm(runs, total=logs, desc="clean", disable=None, leave=False):
                for check, outcome in found.items():
                    clean.setdefault(check, []).append(outcome)
        for check, outcomes in clean.items():
            tried = [outcome for outcome in outcomes if outcome != "not checked"]
            warned = np.mean([o in ("warn", "stop") for o in tried]) if tried else 0.0
            stopped = np.mean([o == "stop" for o in tried]) if tried else 0.0
            what = f"{check}, {len(tried):,} clean logs"
            self.say(f"warns: {what}", float(warned), "≤ 1.4 %", warned <= 0.014)
            self.say(f"stops: {what}", float(stopped), "≤ .25 %", stopped <= 0.0025)
        for check, (planted, _) in SPOILT.items():
            (raised,), _ = self.shares(partial(noticed, check), 500, check)
            self.say(f"raises: {check} ({planted})", float(raised), "≥ 90 %", raised >= 0.9)


def main() -> int:
    """Print each number with its mark; exit status 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fraction", type=float, default=1.0, help="of the logs")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    arguments = parser.parse_args()
    begin = time.perf_counter()
    with ProcessPoolExecutor(arguments.workers) as pool:
        judge = Judge(pool, arguments.fraction)
        for section in (judge.type_1, judge.peeking, judge.power, judge.checks):
            section()
    print(f"judged in {(time.perf_counter() - begin) / 60:.0f} min, {judge.missed} not met")
    return int(judge.missed > 0)


if __name__ == "__main__":
    sys.exit(main())
