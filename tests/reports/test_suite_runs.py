"""Runs beside runs: days made up for, what is kept, foreign records, whom a run tells and when."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from omninb.cli import main
from omninb.reports.index_page import index_html
from omninb.reports.publication import keep, remove_old, show, switch, writing
from omninb.reports.records import earlier_runs, record_of
from tests.reports.notebooks import small_notebook, write

HEADLINE = {"name": "Lost", "value": 50.0, "interval": [48.0, 52.0], "of": 9, "unit": "%"}
REPORT = {
    "report": "a.html", "notebook": "a.ipynb", "question": "Why?", "verdicts": [], "ledger": None,
    "facts": {"observed_from": "2026-03-01", "observed_until": "2026-03-07"},
    "headlines": [HEADLINE],
}  # fmt: skip


def record(run: str, day: int, status: str = "ok", **more: Any) -> dict[str, Any]:
    return {
        "schema": 1, "run": run, "as_of": f"2026-03-{day:02d}T06:00:00+00:00", "status": status,
        "title": "T", "alerts": [], "reports": [REPORT] if status == "ok" else [],
    } | more  # fmt: skip


def plant(folder: Path, *records: dict[str, Any]) -> None:
    for one in records:
        run = folder / "runs" / one["run"]
        run.mkdir(parents=True)
        (run / "run.json").write_text(json.dumps(one), encoding="utf-8")


def runs(folder: Path) -> set[str]:
    return {path.name for path in (folder / "runs").iterdir()}


def lost(tmp_path: Path, value: str = "50.0", **suite: Any) -> Path:
    """A suite of one notebook with one headline."""
    source = f'import omninb as onb\nonb.headline("Lost", {value}, None, 9, "%")'
    write(small_notebook(source), tmp_path / "lost.ipynb")
    path = tmp_path / "suite.yaml"
    path.write_text(json.dumps({"notebooks": ["lost.ipynb"]} | suite), encoding="utf-8")
    return path


def ask(suite: Path, *options: str) -> Any:
    return CliRunner().invoke(
        main, ["report", str(suite), "--out", str(suite.parent / "out"), *options]
    )


def test_a_past_day_made_up_for_moves_nothing_back_and_reports_its_own_alerts(
    tmp_path: Path,
) -> None:
    suite = lost(tmp_path, "50.0")
    now = ask(suite, "--as-of", "2026-03-09", "--run-id", "now")
    assert now.exit_code == 0, now.output
    lost(tmp_path, "70.0", alerts={"Lost": {"above": 60}})
    past = ask(suite, "--as-of", "2026-03-02", "--run-id", "past")
    out = tmp_path / "out"
    assert past.exit_code == 3 and f"{out}/runs/past/index.html" in past.output, past.output
    assert (out / "latest").resolve().name == "now"
    page = (out / "runs/past/index.html").read_text("utf-8")
    assert "runs/now" not in page and "since the run before" not in page
    assert "since" not in (out / "runs/past/summary.md").read_text("utf-8")
    again = ask(suite, "--as-of", "2026-03-02", "--run-id", "past")
    assert again.exit_code == 3 and f"{out}/runs/past/index.html" in again.output
    next_one = ask(suite, "--as-of", "2026-03-16", "--run-id", "next")
    assert next_one.exit_code == 3 and f"{out}/latest/index.html" in next_one.output
    assert (out / "latest").resolve().name == "next"
    assert "+20.0 points since the run before" in (out / "latest/summary.md").read_text("utf-8")


def test_latest_shows_the_latest_moment(tmp_path: Path) -> None:
    plant(tmp_path, record("old", 2), record("new", 9), record("same", 9))
    for run, day, shown in (("new", 9, "new"), ("old", 2, "new"), ("same", 9, "same")):
        show(tmp_path, run, record(run, day)["as_of"])
        assert os.path.basename(os.readlink(tmp_path / "latest")) == shown


def test_the_runs_before_are_of_earlier_moments_and_other_names(tmp_path: Path) -> None:
    plant(
        tmp_path, record("a", 2), record("bad", 3, "failed", error="x."), record("b", 4),
        record("mine", 4, "failed", error="y."), record("c", 16),
    )  # fmt: skip
    names = [run["run"] for run in earlier_runs(tmp_path, record("mine", 4))]
    assert names == ["a", "bad"]
    names = [run["run"] for run in earlier_runs(tmp_path, record("other", 4))]
    assert names == ["a", "bad", "mine"]


def test_failed_runs_take_no_good_ones_place(tmp_path: Path) -> None:
    good = [record(f"g{day}", day) for day in range(1, 6)]
    bad = [record(f"f{day}", day, "failed", error="x.") for day in range(11, 16)]
    plant(tmp_path, *good, *bad)
    switch(tmp_path, "g1")
    remove_old(tmp_path, 2, "f11")
    assert runs(tmp_path) == {"g1", "g4", "g5", "f11", "f14", "f15"}


@pytest.mark.parametrize(
    "foreign",
    [
        [], {"as_of": 5}, {"reports": 5}, {"schema": 2}, {"schema": None}, {"run": "../../x"},
        {"as_of": "2026-03-01T06:00:00"}, {"status": "fine"}, {"alerts": [{"side": "below"}]},
        {"reports": [{"report": "a.html"}]},
        {"reports": [REPORT | {"headlines": [{"name": "Lost"}]}]},
        {"reports": [REPORT | {"headlines": [HEADLINE | {"interval": ["1", "2"]}]}]},
        {"reports": [REPORT | {"facts": {"observed_from": None, "observed_until": 5}}]},
        {"reports": [REPORT | {"ledger": 5}]},
    ],
)  # fmt: skip
def test_a_record_that_does_not_fit_stops_no_later_run(tmp_path: Path, foreign: Any) -> None:
    plant(tmp_path, record("good", 2), record("odd", 3))
    odd = record("odd", 3) | foreign if foreign else foreign
    (tmp_path / "runs/odd/run.json").write_text(json.dumps(odd), encoding="utf-8")
    assert record_of(tmp_path / "runs/odd") is None
    before = earlier_runs(tmp_path, record("new", 9))
    assert [run["run"] for run in before] == ["good"]
    assert "runs/good" in index_html(record("new", 9), before)
    switch(tmp_path, "odd")
    show(tmp_path, "good", record("good", 2)["as_of"])
    assert (tmp_path / "latest").resolve().name == "good"
    remove_old(tmp_path, 1, "good")
    assert runs(tmp_path) == {"good", "odd"}  # what is not ours is not removed
    stage = tmp_path / ".making-x"
    stage.mkdir()
    assert keep(stage, tmp_path, "odd").name == "odd-2"


def test_what_a_foreign_stage_calls_itself_leads_nowhere(tmp_path: Path) -> None:
    stage = tmp_path / "out/.making-x"
    stage.mkdir(parents=True)
    bad = record("../../away", 2, "running")
    (stage / "run.json").write_text(json.dumps(bad), encoding="utf-8")
    with writing(tmp_path / "out"):
        pass
    assert not stage.exists() and not (tmp_path / "away").exists()


def test_a_failed_run_that_is_replaced_stands_in_no_index(tmp_path: Path) -> None:
    suite = lost(tmp_path, "1 / 0")
    assert ask(suite, "--run-id", "a", "--as-of", "2026-03-09").exit_code == 1
    assert json.loads((tmp_path / "out/runs/a/run.json").read_text())["status"] == "failed"
    lost(tmp_path)
    assert ask(suite, "--run-id", "a", "--as-of", "2026-03-09").exit_code == 0
    page = (tmp_path / "out/latest/index.html").read_text("utf-8")
    assert page.count("● ok") == 1 and "✕ failed" not in page
