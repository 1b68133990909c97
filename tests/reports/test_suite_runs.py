"""Runs beside runs: days made up for, what is kept, foreign records, whom a run tells and when."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from omninb.cli import main
from omninb.errors import OmninbError
from omninb.reports.catalogue import short_name
from omninb.reports.execution import RunError
from omninb.reports.index_page import index_html
from omninb.reports.publication import keep, remove_old, show, switch, writing
from omninb.reports.records import earlier_runs, record_of
from omninb.reports.suite import run_report
from omninb.reports.suite_file import Entry, read_suite
from omninb.reports.telling import tell
from tests.reports.notebooks import small_notebook, write

TODAY = dt.date(2026, 3, 9)
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


def hearing(folder: Path, name: str = "heard", script: str = "") -> list[str]:
    """A command that writes down of which folder it heard."""
    command = folder / f"{name}.sh"
    command.write_text(f"#!/bin/sh\necho $1 >> {folder}/{name}\n{script}", encoding="utf-8")
    command.chmod(0o755)
    return [f"./{name}.sh"]


def heard(folder: Path, name: str = "heard") -> list[str]:
    path = folder / name
    return [Path(one).name for one in path.read_text().split()] if path.exists() else []


@pytest.mark.parametrize(
    "suite, says",
    [
        ({"notebooks": ["nowhere.ipynb"]}, "no notebook stands at"),
        ({"notebooks": [{"notebook": "lost.ipynb", "parameters": {"BX": 1}}]}, "no parameter 'BX'"),
        (
            {"notebooks": [{"notebook": "few.ipynb", "parameters": {"MIN_CUSTOMERS": 2}}]},
            "fewer than 5",
        ),
        ({"events": {"file": "none.csv"}}, "There is no file"),
        ({"events": {"file": "pipe.csv"}}, "pipe.csv' is no regular file"),
        ({"notebooks": [{"notebook": "own.ipynb", "parameters": {"EVENTS": "pipe.csv"}}]}, "r file"),  # noqa: E501
        ({"events": {"file": "log.csv"}}, "day_first: true or day_first: false"),
        ({"events": {"file": "log.csv", "columns": {"channel": "chanel"}}}, "columns: {'channel'"),
    ],
)  # fmt: skip
def test_whatever_fails_in_a_suite_that_was_read_is_recorded_and_told(
    tmp_path: Path, suite: dict[str, Any], says: str
) -> None:
    for name, source in (("few", ""), ("own", "EVENTS: str = None\n")):
        notebook = small_notebook("1")
        notebook.cells[1].source = f"{source}MIN_CUSTOMERS: int = 10"
        write(notebook, tmp_path / f"{name}.ipynb")
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "log.csv").write_text("customer_id,timestamp,channel\na,01/02/2024 10:00Z,web\n")
    suite = {"notebooks": ["own.ipynb"], "on_failure": hearing(tmp_path)} | suite
    result = ask(lost(tmp_path, **suite), "--run-id", "bad")
    assert result.exit_code == 1 and says in result.output and "--" not in result.output
    assert heard(tmp_path) == ["bad"]
    kept = json.loads((tmp_path / "out/runs/bad/run.json").read_text("utf-8"))
    assert kept["status"] == "failed" and kept["error"].endswith(".")
    assert says in (tmp_path / "out/runs/bad/run.log").read_text("utf-8")
    assert not (tmp_path / "out/.writing").exists()


def test_what_is_wrong_in_the_suite_itself_is_wrong_usage(tmp_path: Path) -> None:
    result = ask(lost(tmp_path, on_failure=hearing(tmp_path), titel="x"))
    assert result.exit_code == 2 and not (tmp_path / "out").exists() and not heard(tmp_path)


@pytest.mark.parametrize("where", ["a folder named latest", "a file", "a full disk"])
def test_who_is_to_hear_hears_where_nothing_can_be_kept(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, told = lost(tmp_path, on_failure=hearing(tmp_path)), "out"
    if where == "a folder named latest":
        (tmp_path / "out/latest").mkdir(parents=True)
        told = "a-refused"
    elif where == "a file":
        (tmp_path / "out").write_text("", encoding="utf-8")
    else:

        def full(*_: Any, **__: Any) -> str:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("omninb.reports.publication.tempfile.mkdtemp", full)
    result = ask(path, "--run-id", "a")
    assert result.exit_code == 1 and heard(tmp_path) == [told], result.output


def test_a_command_that_cannot_hear_is_said_too(tmp_path: Path) -> None:
    result = ask(lost(tmp_path, "1 / 0", on_failure=["./nobody.sh"]))
    assert "ZeroDivisionError" in result.output and "nobody.sh could not hear" in result.output


def test_the_time_for_all_counts_from_the_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: Any) -> dict[str, Any]:
        time.sleep(60)
        return {}

    monkeypatch.setattr("omninb.reports.suite.read_once", slow)
    path, began = lost(tmp_path, timeout_all="1s"), time.monotonic()
    result = ask(path, "--run-id", "a")
    assert result.exit_code == 1 and "not done after timeout_all=1s" in result.output
    assert time.monotonic() - began < 30
    kept = json.loads((tmp_path / "out/runs/a/run.json").read_text())
    assert kept["error"] == "the run was not done after timeout_all=1s."
    monkeypatch.setattr("omninb.reports.suite.read_once", lambda *_: time.sleep(1.1) or {})
    with ThreadPoolExecutor(1) as pool:  # where no alarm can be had
        error = pool.submit(run_report, path, tmp_path / "out").exception()
    assert isinstance(error, RunError) and "not done after timeout_all" in str(error)
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_run_is_told_again_until_it_was_heard_and_then_no_more(tmp_path: Path) -> None:
    script = f"test -e {tmp_path}/ready"
    path = lost(tmp_path, on_success=hearing(tmp_path, script=script))
    asked = ("--run-id", "a", "--as-of", "2026-03-09")
    first = ask(path, *asked)
    assert first.exit_code == 1 and "heard.sh ended with status 1." in first.output
    before = (tmp_path / "out/latest/run.json").read_bytes()
    (tmp_path / "ready").touch()
    for _ in range(2):
        assert ask(path, *asked).exit_code == 0
    assert heard(tmp_path) == ["a", "a"] and runs(tmp_path / "out") == {"a"}
    assert (tmp_path / "out/latest/run.json").read_bytes() == before


def test_sigterm_ends_a_command_that_hears_with_all_that_it_started(tmp_path: Path) -> None:
    script = f"sleep 600 & echo $! > {tmp_path}/child\nwait\n"
    path, out = lost(tmp_path, on_success=hearing(tmp_path, script=script)), tmp_path / "out"
    command = [sys.executable, "-m", "omninb", "report", str(path), "--out", str(out)]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    end = time.monotonic() + 120
    while not (tmp_path / "child").exists() and time.monotonic() < end:
        time.sleep(0.1)
    assert not (out / ".writing").exists()  # others may write while somebody hears
    time.sleep(0.2)
    child = int((tmp_path / "child").read_text())
    run.terminate()
    said = run.communicate(timeout=60)[0]
    assert run.returncode == 1 and "stopped (SIGTERM)" in said, said
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"
    assert json.loads((out / "latest/run.json").read_text())["status"] == "ok"
    assert (out / "latest/untold").exists()


def test_a_command_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omninb.reports.telling._PATIENCE", 0.5)
    began = time.monotonic()
    with pytest.raises(RunError, match=r"not done after 0\.5 s"):
        tell(["sh", "-c", "sleep 600 & sleep 600"], tmp_path)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    "text, says",
    [
        ("notebooks: [a]\nevents: {file: []}", "events.file.*name at least one file"),
        ("notebooks: [a]\nevents: {file: ''}", "events.file.*name at least one file"),
        ("notebooks:\n- {notebook: a, parameters: {EVENTS: [b.csv]}}", r"\.0\.parameters: EVENTS"),
        ("notebooks: [a]\ntimeout: 9000000d", "timeout: 9000000d is more than 365d"),
        ("notebooks: [a]\ntimeout_all: " + "9" * 400 + "d", "timeout_all: 9+d is more than 365d"),
        ("notebooks: [a]\non_success: ['']", "on_success: the first word names no program"),
        ("notebooks: [a]\non_failure: ['a\\0']", None),
        ('notebooks: [a]\non_failure: ["a\\0"]', "holds a NUL"),
        ("notebooks: [a]\nalerts: {H: {}}", "alerts: H: give below or above"),
        ("notebooks: [a]\nalerts: {H: {below: .nan}}", r"alerts\.H\.below.*finite"),
        ("notebooks: [a]\nmin_customers: 9\nmin_customers: 5", "'min_customers' stands twice"),
        ("notebooks: [{notebook: a, notebook: b}]", "'notebook' stands twice"),
        ("notebooks: &a [*a]", "it holds itself"),
        ("notebooks: [{notebook: a, name: index}]", "the page above all others has that name"),
    ],
)  # fmt: skip
def test_a_suite_that_cannot_be_is_refused_in_one_line(
    tmp_path: Path, text: str, says: str | None
) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    if says is None:
        read_suite(path, TODAY)
        return
    with pytest.raises(OmninbError, match=says):
        read_suite(path, TODAY)


def test_a_key_that_another_part_lends_may_be_given_anew(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(
        "notebooks:\n- &a {notebook: a, title: A}\n- {<<: *a, title: B}\n", encoding="utf-8"
    )
    assert [one.title for one in read_suite(path, TODAY).notebooks] == ["A", "B"]


@pytest.mark.parametrize(
    "file, name",
    [
        ("01_journey_map.ipynb", "journey_map"), ("My Analysis.ipynb", "my-analysis"),
        ("a#b.ipynb", "a-b"), ("javascript:x.ipynb", "javascript-x"), ("index.ipynb", None),
        ("Index.ipynb", None), ("03_index.ipynb", None), ("отчёт.ipynb", None),
    ],
)  # fmt: skip
def test_a_page_is_named_as_a_file_and_a_link_can_be(file: str, name: str | None) -> None:
    if name:
        assert short_name(Path(file)) == name
        Entry(notebook=file, name=name)
        return
    with pytest.raises(OmninbError, match="no page can be named after it"):
        short_name(Path(file))


def test_parameters_of_a_log_that_cannot_be_are_refused() -> None:
    with pytest.raises(OmninbError, match=r"the log's parameters: file"):
        run_report(["journey_map"], parameters={"EVENTS": 5})


def test_a_log_that_shrank_grew_stale_or_lost_its_keys_is_told_or_refused(tmp_path, monkeypatch):
    lines = [f"c{i},2026-03-0{1 + i % 7}T10:00:00Z,web" for i in range(100)]
    log = tmp_path / "log.csv"

    def ask(rows: int, more: str, run_id: str) -> Path:
        text = "\n".join(["customer_id,timestamp,channel", *lines[:rows]])
        log.write_text(text + "\n", encoding="utf-8")
        suite = tmp_path / "suite.yaml"
        suite.write_text(
            f"events: {{file: log.csv, {more}}}\nnotebooks: [own.ipynb]\n", encoding="utf-8"
        )
        return run_report(suite, tmp_path / "out", run_id=run_id)

    notebook = small_notebook("import omninb as onb\nlog = onb.read_events(EVENTS)")
    notebook.cells[1].source = "EVENTS: str = None  # a log\nMIN_CUSTOMERS: int = 10"
    write(notebook, tmp_path / "own.ipynb")
    again = "expect_rows: last run"
    assert record_of(ask(100, again, "a").parent)["data"]["read"] == 100
    assert "rows of the log" not in (tmp_path / "out/latest/summary.md").read_text("utf-8")
    with pytest.warns(UserWarning, match="90 rows were read, and 100 the last time"):
        ask(90, again, "b")
    told = "90 rows of the log were read, and 100 in the run before: 10.0 % fewer."
    assert told in (tmp_path / "out/latest/summary.md").read_text("utf-8").replace("\\", "")
    with pytest.raises(OmninbError, match="40 rows were read, and 90 the last time"):
        ask(40, again, "c")
    assert record_of(ask(40, "expect_until: 2026-03-05", "d").parent)["data"]["read"] == 40
    with pytest.raises(OmninbError, match="the log ends at 2026-03-07"):
        ask(100, "expect_until: 2026-03-09", "e")
    monkeypatch.delenv("OMNINB_KEY", raising=False)
    with pytest.raises(OmninbError, match="OMNINB_KEY"):
        ask(100, "pseudonymise: true", "f")
    monkeypatch.setenv("OMNINB_KEY", "k" * 40)
    run = ask(100, "pseudonymise: true", "g").parent
    shared = [one.read_bytes() for one in run.rglob("*") if one.is_file()]
    assert not any(b"log.csv" in one for one in shared)
    assert any(b"withheld" in one for one in shared)
    with pytest.raises(OmninbError, match=r"\(file 1\) has no column 'nobody'"):
        ask(100, "pseudonymise: true, columns: {customer_id: nobody}", "bad")
    lines[:20] = [",2026-03-01T10:00:00Z,web"] * 20
    with pytest.raises(OmninbError, match="max_quarantined"):
        ask(100, "decimal: '.'", "h")
    ask(100, "max_quarantined: 0.2", "i")
