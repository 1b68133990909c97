"""How long the kernel takes for the first change of each control, at 10 million touchpoints.

From the changed trait to the JSON of all that is drawn anew. Before each change the explorer is
opened anew and nothing is kept of earlier ones, so that only what the first figure needed is known.
Roles are encoded by a change that is not timed. Processor time is that of all threads.
"""

from __future__ import annotations

import datetime as dt
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import omninb as onb
from benchmarks.experiment_speed import log as experiment_log
from benchmarks.make_logs import path_of

MARK, ROUNDS = 100.0, 5
EXPOSED = 2_000_000  # five touchpoints each
STEPS = ["event 00", "event 03", "purchase"]
ON_THE_WEB = {"channel": "web"}
SIDES = (ON_THE_WEB, {"channel": "store"})
# What is open, the control, and the value that it is set to.
JOURNEYS: dict[str, tuple[dict[str, Any], str, object]] = {
    "smallest flow": ({}, "min_journeys", 20_000),
    "tab: Sankey": ({}, "tab", "sankey"),
    "tab: steps": ({}, "tab", "steps"),
    "tab: comparison": ({"compare": SIDES, "tab": "map"}, "tab", "compare"),
    "compare: two periods": ({}, "tab", "compare"),
    "by": ({}, "by", "event"),
    "collapse repeats": ({}, "collapse_repeats", True),
    "touching a channel": ({}, "touching", "chat"),
    "value of a segment": ({"where": ON_THE_WEB}, "value", "store"),
    "began from": ({}, "since", dt.date(2025, 9, 1)),
    "look at a node": ({}, "at", "store"),
    "look at a move": ({"at": "store"}, "to", "web"),
}
FUNNEL: dict[str, tuple[dict[str, Any], str, object]] = {
    "funnel: window": ({"steps": STEPS, "within": "30d"}, "within", "7d"),
    "funnel: order": ({"steps": STEPS, "within": "30d"}, "order", "strict"),
    "funnel: attempt": ({"steps": STEPS, "within": "30d"}, "attempt", "every"),
    "funnel: without": ({"steps": STEPS, "within": "30d"}, "exclude", ("event 05",)),
    "funnel: split": ({"steps": STEPS, "within": "30d"}, "breakdown", "channel"),
    "funnel: by": ({"steps": STEPS, "within": "30d"}, "by", "event"),
    "funnel: step taken on": ({"steps": STEPS, "within": "30d", "step": 1}, "at", "web"),
}
EXPERIMENT: dict[str, tuple[dict[str, Any], str, object]] = {
    "experiment: split": ({}, "segment", "device"),
    "experiment: confidence": ({}, "confidence", 0.99),
    "experiment: day": ({}, "day", -8),
}
QUALITY: dict[str, tuple[dict[str, Any], str, object]] = {
    f"quality: {part}": ({}, "part", part) for part in ("overview", "columns", "days", "activity")
}


def main() -> int:
    """Print a row for each control; exit status 1 where a median misses the mark."""
    path = sys.argv[1] if len(sys.argv) > 1 else path_of(10_000_000, False)
    log = onb.read_events(path)
    journeys = log.journeys(split_gap="30d", end_at="purchase")
    test = experiment_log(EXPOSED)
    met = True
    for explore, given, changes in (
        (onb.explore_journeys, journeys, JOURNEYS),
        (onb.explore_funnel, journeys, FUNNEL),
        (onb.explore_experiment, test, EXPERIMENT),
        (onb.explore_quality, log, QUALITY),
    ):
        for what, change in changes.items():
            met &= _row(given, explore, what, change)
    return int(not met)


def _row(
    given: onb.Journeys | onb.EventLog,
    explore: Callable[..., Any],
    what: str,
    change: tuple[dict[str, Any], str, object],
) -> bool:
    opened, name, value = change
    found = []
    for _ in range(ROUNDS + 1):
        if isinstance(given, onb.Journeys):
            given._kept.clear()
        explorer = explore(given, **opened)
        control = explorer.controls[name]
        to = control.options[value][1] if name == "day" else value
        clocks = time.perf_counter(), time.process_time()
        control.value = to
        now = time.perf_counter(), time.process_time()
        found.append([1000 * (b - a) for a, b in zip(clocks, now, strict=True)])
        if 'role="alert"' in explorer.status.value:
            raise SystemExit(f"{what}: {explorer.status.value}")
    wall, processor = map(statistics.median, zip(*found[1:], strict=True))
    met = wall < MARK
    verdict = "met" if met else "NOT met"
    print(f"10 M, {what:<22}{wall:>7.0f} ms of the kernel ({processor:.0f} of processors)"
          f"  < {MARK:g} ms  {verdict}", flush=True)  # fmt: skip
    return met


if __name__ == "__main__":
    sys.exit(main())
