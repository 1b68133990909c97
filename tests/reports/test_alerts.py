"""Thresholds, changes since the run before, whom a run tells, and what it keeps."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from omninb.cli import main
from omninb.reports.alerts import crossing_words, crossings, unknown_names
from omninb.reports.execution import RunError
from omninb.reports.headlines import change_words, headlines_of
from omninb.reports.index_page import index_html
from omninb.reports.suite import run_report
from omninb.reports.suite_file import Threshold
from tests.reports.notebooks import small_notebook, write

SUITE = """
notebooks: [{notebook}]
alerts:
  Lost: {{{bounds}}}
keep: 2
on_success: [{command}]
on_failure: [{command}]
"""


def number(name: str = "Lost", value: Any = 50.0, interval: Any = (48.0, 52.0), **more: Any):
    bounds = list(interval) if interval else None
    return {"name": name, "value": value, "interval": bounds, "of": 9, "unit": "%"} | more


def report(*headlines: dict[str, Any], name: str = "a.html") -> dict[str, Any]:
    return {"report": name, "notebook": name, "headlines": list(headlines)}


@pytest.mark.parametrize(
    "bounds, crossed",
    [
        ({"below": 53}, "below"),
        ({"below": 51}, None),  # the interval reaches over it
        ({"below": 52}, None),
        ({"above": 47}, "above"),
        ({"above": 49}, None),
        ({"below": 60, "above": 60}, "below"),
        ({}, None),
    ],
)
def test_a_threshold_is_crossed_by_a_whole_interval(
    bounds: dict[str, float], crossed: str | None
) -> None:
    found = crossings([report(number())], {"Lost": Threshold(**bounds)})
    assert [one["side"] for one in found] == ([crossed] if crossed else [])
    same = crossings([report(number(**bounds))], {})
    assert [one["side"] for one in same] == ([crossed] if crossed else [])


def test_a_count_without_an_interval_crosses_by_itself_and_words_never_do() -> None:
    limit = {"Lost": Threshold(below=51)}
    assert crossings([report(number(interval=None))], limit)
    assert not crossings([report(number(value="none", interval=None))], limit)
    assert not crossings([report(number(value=None, interval=None, below=3))], {})
    missing = crossings([report(number(value=None, interval=None))], limit)
    assert [crossing_words(one) for one in missing] == [
        "Lost: no number, though a threshold watches it"
    ]


def test_what_the_suite_says_comes_before_what_the_notebook_says() -> None:
    assert not crossings([report(number(below=90))], {"Lost": Threshold(below=10)})


def test_a_threshold_may_name_the_page() -> None:
    both = [report(number()), report(number(value=40.0, interval=(39, 41)), name="b.html")]
    for name, pages in (("Lost", ["a.html", "b.html"]), ("b: Lost", ["b.html"]), ("c: Lost", [])):
        limit = {name: Threshold(below=90)}
        assert [one["headline"]["report"] for one in crossings(both, limit)] == pages
        assert unknown_names(both, limit) == ([] if pages else [name])


def test_a_number_of_several_reports_is_one_number_and_crosses_once() -> None:
    both = [report(number()), report(number(), number("Other"), name="b.html")]
    assert [(h["name"], h["report"]) for h in headlines_of(both)] == [
        ("Lost", "a.html"), ("Other", "b.html"),
    ]  # fmt: skip
    assert len(crossings(both, {"Lost": Threshold(below=90)})) == 1
    other = [report(number()), report(number(value=40.0, interval=(39, 41)), name="b.html")]
    assert len(crossings(other, {"Lost": Threshold(below=90)})) == 2


@pytest.mark.parametrize(
    "old, words",
    [
        (number(), ("0.0 points", "−2.8 to +2.8: no clear change")),
        (number(value=45.0, interval=(43, 47)), ("+5.0 points", "+2.2 to +7.8: clear change")),
        (number(value=55.0, interval=(53, 57)), ("−5.0 points", "−7.8 to −2.2: clear change")),
        (number(value=49.0, interval=None), ("+1.0 points", "")),
        (number(value="none"), None),
        (number(unit="days"), None),
        (number("Other"), None),
    ],
)
def test_a_change_is_clear_where_its_bounds_leave_no_doubt(old: Any, words: Any) -> None:
    assert change_words(number() | {"report": "a"}, {("a", old["name"]): old}) == words
    assert change_words(number() | {"report": "b"}, {("a", old["name"]): old}) is None


def run(as_of: str, value: float, **more: Any) -> dict[str, Any]:
    told = {"facts": {}, "ledger": None, "verdicts": [], "question": "Why?"}
    shown = report(number(value=value, interval=(value - 1, value + 1))) | told
    return {"title": "T", "as_of": as_of, "run": as_of[:10], "status": "ok", "reports": [shown],
            "alerts": []} | more  # fmt: skip


def test_the_index_tells_every_run_its_crossings_and_why_one_failed() -> None:
    shown = number(value=50.0, interval=(49.0, 51.0)) | {"report": "a.html"}
    crossed = {"headline": shown, "side": "above", "threshold": 30}
    earlier = [
        run("2026-03-02T06:00:00+00:00", 40.0),
        run("2026-03-09T06:00:00+00:00", 0, status="failed", error="a: cell 3 failed.", reports=[]),
    ]
    page = index_html(run("2026-03-16T06:00:00+00:00", 50.0, alerts=[crossed]), earlier)
    for words in (
        "Lost: 50.0 %, above its threshold of 30 % (49.0 to 51.0 % · of 9)",
        '<a href="a.html">Lost', "<b>+10.0 points</b> since 2 Mar", ": clear change",
        "a: cell 3 failed. Nothing was published.", "runs/2026-03-02", "▲ threshold crossed",
        'class="beyond"',
    ):  # fmt: skip
        assert words in page, words
    assert "complete" not in page
    now, before = (run(f"2026-03-{day}T06:00:00+00:00", 50.0) for day in ("16", "09"))
    for one, value in ((now, 9.0), (before, 8.0)):  # the same notebook a second time
        number_b = number(value=value, interval=(value - 1, value + 1))
        one["reports"].append(one["reports"][0] | {"report": "b.html", "headlines": [number_b]})
    page = index_html(now, [before])
    assert "<b>0.0 points</b>" in page and "<b>+1.0 points</b>" in page
    lines = re.findall(r'<polyline points="(.*?)"', page)
    assert len(set(lines)) == 2  # each card draws its own page's number
    assert "threshold" not in index_html(run("2026-03-16T06:00:00+00:00", 50.0), [])


def test_a_run_is_told_of_kept_and_ends_with_a_status_of_its_own(tmp_path: Path) -> None:
    command = tmp_path / "hear.sh"
    command.write_text(f"#!/bin/sh\necho $1 >> {tmp_path}/heard\n", encoding="utf-8")
    command.chmod(0o755)
    write(
        small_notebook(
            "import omninb as onb\n"
            'onb.headline("Lost", 50.0, (48.0, 52.0), 9, "%")', 'assert BY == "channel"'
        ),
        tmp_path / "01_lost.ipynb",
    )  # fmt: skip
    out = tmp_path / "out"

    def ask(bounds: str, *more: str) -> Any:
        text = SUITE.format(notebook="01_lost.ipynb", bounds=bounds, command="./hear.sh")
        (tmp_path / "suite.yaml").write_text(text, encoding="utf-8")
        told = [str(tmp_path / "suite.yaml"), "--out", str(out), *more]
        return CliRunner().invoke(main, ["report", *told])

    quiet = ask("below: 50", "--run-id", "quiet")
    assert quiet.exit_code == 0, quiet.output
    loud = ask("below: 60", "--run-id", "loud")
    assert loud.exit_code == 3 and "Lost" in loud.output
    assert "Lost: 50.0 %, below its threshold of 60 %" in (out / "latest/summary.md").read_text()
    assert json.loads((out / "latest/run.json").read_text())["alerts"][0]["threshold"] == 60
    broken = ask("below: 60", "--run-id", "broken", "-p", "BY", "event")
    assert broken.exit_code == 1
    assert (out / "latest").resolve().name == "loud"
    last = ask("below: 50", "--run-id", "last")
    assert last.exit_code == 0
    heard = (tmp_path / "heard").read_text().split()
    assert [Path(one).name for one in heard] == ["quiet", "loud", "broken", "last"]
    assert {path.name for path in (out / "runs").iterdir()} == {"loud", "broken", "last"}


def test_a_threshold_of_no_headline_fails_the_run(tmp_path: Path) -> None:
    write(small_notebook("1 + 1"), tmp_path / "01_lost.ipynb")
    text = SUITE.format(notebook="01_lost.ipynb", bounds="below: 1", command="/bin/true")
    path = tmp_path / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match="no report has a headline 'Lost'"):
        run_report(path, tmp_path / "out")


def test_a_notebooks_own_log_belongs_to_what_a_run_follows_from(tmp_path: Path) -> None:
    source = 'EVENTS: str = None  # a log\nBY: str = "channel"\nMIN_CUSTOMERS: int = 10'
    notebook = small_notebook("1 + 1")
    notebook.cells[1].source = source
    write(notebook, tmp_path / "01_own.ipynb")
    own = tmp_path / "own.csv"
    own.write_text("a\n1\n", encoding="utf-8")
    path = tmp_path / "suite.yaml"
    path.write_text(
        "notebooks:\n  - {notebook: 01_own.ipynb, parameters: {EVENTS: own.csv}}\n",
        encoding="utf-8",
    )
    moment = {"run_id": "a"}
    index = run_report(path, tmp_path / "out", **moment)
    record = json.loads((index.parent / "run.json").read_text())
    assert len(record["own_data"]["own"][0]) == 64
    assert str(tmp_path) not in (index.parent / "run.json").read_text()
    own.write_text("a\n2\n", encoding="utf-8")
    with pytest.raises(Exception, match="of other data"):
        run_report(path, tmp_path / "out", **moment)
