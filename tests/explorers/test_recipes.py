"""Recipes: lines run as they are written, each once, and what cannot be written says so."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import omninb as onb
from omninb.explorers.recipe import Answers, Line, code
from omninb.spelling import Name, UnspellableError, spelled

ROOT = Path(__file__).resolve().parents[2]


class Counting:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def doubled(self, number: int) -> int:
        self.calls.append(f"doubled {number}")
        return 2 * number

    def said(self, number: int) -> int:
        self.calls.append(f"said {number}")
        warnings.warn("few are settled", stacklevel=1)
        return number


def test_a_line_runs_once_as_long_as_recipes_use_it():
    log = Counting()
    answers = Answers({"log": log})
    four = [Line("a", "log.doubled", (2,)), Line("b", "log.doubled", (Name("a"),))]
    eight = [*four[:1], Line("b", "log.doubled", (4,))]
    answers.begin()
    assert answers.value(four, "b") == (8, [])
    answers.begin()
    assert answers.value(eight, "b")[0] == 8 and log.calls == [
        "doubled 2",
        "doubled 4",
        "doubled 4",
    ]
    answers.begin()
    assert answers.value(four, "b")[0] == 8 and len(log.calls) == 3
    for _ in range(3):
        answers.begin()
    assert answers.value(four, "b")[0] == 8 and len(log.calls) == 5


def test_a_line_that_is_not_needed_does_not_run():
    log = Counting()
    lines = [Line("table", "log.doubled", (1,)), Line("figure", "log.doubled", (2,))]
    assert Answers({"log": log}).value(lines, "figure")[0] == 4
    assert log.calls == ["doubled 2"]


def test_warnings_come_back_also_from_what_was_kept():
    answers = Answers({"log": Counting()})
    lines = [Line("a", "log.said", (1,)), Line("b", "log.doubled", (Name("a"),))]
    assert answers.value(lines, "b") == (2, ["few are settled"])
    assert answers.value(lines, "b") == (2, ["few are settled"])


@pytest.mark.parametrize(
    "value",
    ['it\'s "so"', 3, 2.5, None, True, ["a", ("b",)], {"channel": {"x": [1]}}, (1, 2)],
)
def test_what_is_spelled_evaluates_to_itself(value):
    assert eval(spelled(value)) == value


def test_a_metric_is_spelled_as_it_is_made():
    metric = onb.Conversion({"channel": "web", "event": "purchase"}, within="14d", name="a 'b'")
    assert eval(spelled(metric), {"onb": onb}) == metric


def test_a_table_in_memory_cannot_be_spelled():
    with pytest.raises(UnspellableError):
        spelled(pd.DataFrame())


def test_logs_and_journeys_tell_the_calls_that_made_them(tmp_path):
    frame = pd.DataFrame(
        {"who": ["a", "a", "b"], "timestamp": "2025-01-01 10:00", "channel": ["web", "app", "web"]}
    )
    path = tmp_path / "events.csv"
    frame.to_csv(path, index=False)
    columns = {"customer_id": "who"}
    log = onb.read_events(path, columns, timezone="Europe/Berlin")
    journeys = log.journeys(split_gap="1d").where(channel="web").where(channel=["web", "app"])
    made = code(journeys.made_by, [], "journeys")
    variables: dict = {}
    exec(made, variables)
    again = variables["journeys"]
    assert again.made_by == journeys.made_by and repr(again) == repr(journeys)
    from_memory = onb.read_events(frame, columns, timezone="UTC")
    assert from_memory.made_by == "" and "from memory" in code((from_memory.made_by,), [], "log")
    day = pd.Timestamp("2025-01-01")
    period = np.datetime64("2025-01-01"), day
    chosen = from_memory.journeys().where(between=period)
    assert "between=('2025-01-01T00:00:00', '2025-01-01T00:00:00')" in chosen.made_by[-1]
    assert "cannot be written" in code((*chosen.made_by, ""), [], "journeys")


EXPLORERS = {
    "journeys": (
        "onb.explore_journeys(onb.sample().journeys(split_gap='30d', end_at='purchase'), "
        "by='event', where={'device': 'mobile', 'between': ('2025-02-01', '2025-08-01')}, "
        "at='view_product', to='add_to_cart')"
    ),
    "compared": (
        "onb.explore_journeys(onb.sample().journeys(end_at='purchase'), "
        "compare=({'device': 'mobile'}, {'device': 'desktop'}))"
    ),
    "funnel": (
        "onb.explore_funnel(onb.sample().journeys(), ['checkout', 'payment', 'purchase'], "
        "within='7d', breakdown='device', attempt='first', step=2, at='web')"
    ),
    "experiment": (
        "onb.explore_experiment(onb.sample(), onb.Conversion('purchase', within='14d'), "
        "segment='device', covariate='before', day='2025-06-01')"
    ),
    "quality": "onb.explore_quality(onb.sample(), part='days')",
}
AGAIN = """
import json, sys
import pandas as pd
shown = []
for code in json.load(sys.stdin):
    made = {}
    exec(code, made)
    tables = [one.to_csv(index=False) for one in made.values() if isinstance(one, pd.DataFrame)]
    shown.append([made["figure"].to_json() if "figure" in made else made["view"].html, tables])
json.dump(shown, sys.stdout)
"""


@pytest.mark.parametrize("made", EXPLORERS.values(), ids=EXPLORERS)
def test_copied_code_gives_the_same_table_in_a_fresh_kernel(made):
    explorer = eval(made, {"onb": onb})
    shown = [one for one in explorer.drawings.values() if one.layout.display != "none"]
    said = subprocess.run(
        [sys.executable, "-c", AGAIN], cwd=ROOT, capture_output=True, text=True,
        input=json.dumps([one.code for one in shown]),
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    for drawing, (picture, tables) in zip(shown, json.loads(said.stdout), strict=True):
        assert picture == (drawing.page if drawing.plot is None else drawing.plot.to_json())
        assert drawing.table().to_csv(index=False) in tables
