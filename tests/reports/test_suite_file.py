from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

import omninb as onb
from omninb.reports.jobs import jobs_of
from omninb.reports.suite_file import EXAMPLE, read_suite
from tests.reports.notebooks import small_notebook, write

TODAY = dt.date(2026, 3, 9)


def suite(tmp_path: Path, text: str):
    path = tmp_path / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return read_suite(path, TODAY)


def test_the_example_is_a_suite_and_so_is_it_with_every_comment_opened(tmp_path: Path) -> None:
    found = suite(tmp_path, EXAMPLE)
    assert [entry.notebook for entry in found.notebooks] == [
        "start_here",
        "journey_map",
        "drop_off",
    ]
    assert found.notebooks[1].parameters == {"BY": "device"} and found.events is None
    lines = [line.replace("# ", "", 1) if line.startswith("#   ") else line
             for line in EXAMPLE.splitlines()]  # fmt: skip
    for key in ("events:", "alerts:", "on_success:", "on_failure:"):
        lines = [line.replace(f"# {key}", key) for line in lines]
    opened = suite(tmp_path, "\n".join(lines))
    assert opened.events and opened.events.observed_until == "2026-03-09"
    assert opened.events.file == str(tmp_path / "exports/events-*.csv")
    assert opened.alerts["Journeys that succeeded"].below == 10
    assert opened.on_success == [str(tmp_path / "send.sh"), "team@example.org"]


@pytest.mark.parametrize(
    "text, says",
    [
        ("notebooks: [start_here]\ntitel: x", r"unknown key 'titel'\. Did you mean 'title'\?"),
        ("notebooks:\n - notebok: a", r"'notebooks\.0\.notebok'\. Did you mean 'notebook'\?"),
        ("notebooks: [a]\nevents: {fil: x}", r"events\.f"),
        ("notebooks: [a]\nevents: {file: x, time_zone: y}", r"Did you mean 'timezone'"),
        ("notebooks: [a]\nalerts: {x: {under: 3}}", r"unknown key 'alerts\.x\.under'"),
        ("notebooks: [a]\nmin_customers: 4", r"min_customers: Input should be greater"),
        ("notebooks: [a]\ntimeout: 10", r"timeout"),
        ("notebooks: [a]\ntimeout: 10 parsecs", r"timeout='10 parsecs'"),
        ("notebooks: []", "there are none to run"),
        ("notebooks:\n - {notebook: a, name: ../../x}", r"notebooks\.0\.name"),
        ("[1, 2]", "holds no suite"),
        ("a: [", "cannot be read"),
        ("notebooks: [a]\ntitle: '{{ yesterday }}'", r"write \{\{ today \}\}"),
        ("notebooks: [a]\ntitle: '{{ __import__(1) }}'", r"write \{\{ today \}\}"),
        ("notebooks: [!!python/object/apply:os.getcwd []]", "cannot be read"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(onb.OmninbError, match=says):
        suite(tmp_path, text)


def test_dates_are_relative_to_the_run_wherever_they_stand(tmp_path: Path) -> None:
    found = suite(
        tmp_path,
        "title: Week to {{ today }}\n"
        "notebooks:\n - notebook: a\n   parameters:\n"
        "     PERIODS: [['{{ today - 2w }}', '{{today-7d}}'], 2026-01-31]\n     N: 3\n",
    )
    assert found.title == "Week to 2026-03-09"
    assert found.notebooks[0].parameters == {
        "PERIODS": [["2026-02-23", "2026-03-02"], "2026-01-31"], "N": 3,
    }  # fmt: skip


NO_LOG = 'BY: str = "channel"  # a text'
LOG = NO_LOG + "\nEVENTS: str | None = None  # the log"
POOLED = LOG + "\nMIN_CUSTOMERS: int = 10  # rarer rows are pooled"


@pytest.mark.parametrize(
    ("declared", "text", "refused"),
    [
        (NO_LOG, "events", "declares no EVENTS, and would not read the suite's"),
        (NO_LOG, "", None),
        (LOG, "events", None),
        (LOG, "own", "declares no MIN_CUSTOMERS, and would show .* of own.csv"),
        (LOG, "events, own", "declares no MIN_CUSTOMERS"),
        (POOLED, "own", None),
    ],
)
def test_a_notebook_reads_the_suites_log_or_pools_its_own(
    tmp_path: Path, declared: str, text: str, refused: str | None
) -> None:
    notebook = small_notebook("1 + 1")
    notebook.cells[1].source = declared
    write(notebook, tmp_path / "05_own.ipynb")
    own = ", parameters: {EVENTS: own.csv}" if "own" in text else ""
    events = "events: {file: log.csv}\n" if "events" in text else ""
    asked = suite(tmp_path, f"{events}notebooks: [{{notebook: 05_own.ipynb{own}}}]")
    as_of = dt.datetime(2026, 3, 9, tzinfo=dt.UTC)
    if refused is None:
        assert [job.name for job in jobs_of(asked, {}, as_of, tmp_path)] == ["own"]
    else:
        with pytest.raises(onb.OmninbError, match=rf"05_own\.ipynb {refused}"):
            jobs_of(asked, {}, as_of, tmp_path)
