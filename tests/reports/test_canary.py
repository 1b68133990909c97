"""What identifies somebody never leaves the log: a text planted in every such place is not found.

Names of channels, events, devices and arms are shown by design, once enough customers bear them.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pandas as pd
import pytest

import omninb as onb
from omninb.reports import run_notebook, run_report
from tests.reports.notebooks import small_notebook, write

CANARY = "canary7f3a"
FIRST_DAY = "2024-11-17"  # on which a single customer comes
SUITE = """
events:
  file: log.csv
  columns: {{customer_id: {0}user, event_id: {0}event_id, order_id: {0}order,
            session_id: {0}session}}
  currency: EUR
  observed_from: 2024-11-01
notebooks:
  - {{notebook: start_here, parameters: {{STEPS: [payment, purchase], END_AT: purchase,
     RESEARCH: [[web, view_product], [store, purchase]]}}}}
  - {{notebook: journey_map, parameters: {{SPLIT_GAP: 30d}}}}
  - {{notebook: drop_off, parameters: {{STEPS: [payment, purchase]}}}}
  - {{notebook: ab_test, parameters: {{METRICS: [[Conversion, {{step: purchase, within: 1d}}]]}}}}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log in which every value but names and moments holds the canary."""
    home = tmp_path_factory.mktemp(CANARY)
    kept = onb.sample().to_frame()
    kept = kept[kept["customer_id"].isin(kept["customer_id"].drop_duplicates()[::5])]
    frame = kept[["timestamp", "channel", "event", "device", "variant"]].astype(str)
    frame["variant"] = kept["variant"].astype("str")
    frame[["value", "cost"]] = kept[["value", "cost"]]
    for role in ("user", "order", "session", "note"):
        source = kept["customer_id"].astype(str) if role == "user" else frame.index.astype(str)
        frame[f"{CANARY}{role}"] = [f"{CANARY}-{role}-{one}" for one in source]
    frame[f"{CANARY}event_id"] = [f"{CANARY}-event-{one}" for one in frame.index]
    twice, bad = frame.head(50), frame.head(20).copy()
    often = frame.head(len(frame) // 8).copy()
    often[f"{CANARY}user"] = f"{CANARY}-user-busy"  # one customer with a tenth of all rows
    often[f"{CANARY}event_id"] += "-again"
    bad["timestamp"] = f"{CANARY} no moment"
    late = frame.head(20).assign(timestamp="9999-01-01T00:00:00Z", value=f"{CANARY} EUR")
    rare = frame.head(5).copy()
    rare["channel"] = rare["event"] = rare["device"] = f"{CANARY} rare"
    rare[f"{CANARY}event_id"] += "-rare"
    spelt = (CANARY, f"  {CANARY.upper()}", CANARY, CANARY.upper(), f" {CANARY}")
    rare["channel"] = [f"{one} rare " for one in spelt]
    alone = frame.head(1).assign(timestamp=f"{FIRST_DAY} 12:34:56+00:00")
    alone[f"{CANARY}user"], alone[f"{CANARY}event_id"] = f"{CANARY}-user-first", f"{CANARY}-first"
    frame = pd.concat([frame, twice, often, bad, late, rare, alone])
    frame.to_csv(home / "log.csv", index=False)
    (home / "suite.yaml").write_text(SUITE.format(CANARY), encoding="utf-8")
    return home


def leaks(folder: Path) -> list[str]:
    """Files that others may read and that hold the canary, or are called by it."""
    found = []
    for path in folder.rglob("*"):
        shared = path.is_file() and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
        text = path.read_text("utf-8", "replace") if shared else ""
        if CANARY in text.casefold():
            at = text.casefold().index(CANARY)
            found.append(f"{path.name}: {text[max(at - 120, 0) : at + 60]!r}")
        if CANARY in str(path.relative_to(folder)):
            found.append(str(path.relative_to(folder)))
    return found


def visible(page: Path) -> str:
    """What a page says: without scripts, styles and data inside of addresses."""
    text = re.sub(r"(?s)<(script|style)\b.*?</\1>", " ", page.read_text("utf-8"))
    return re.sub(r"data:[^\"')]*", " ", text)


def test_no_canary_stands_in_what_a_good_run_publishes(home: Path) -> None:
    before = os.umask(0o022)
    try:
        index = run_report(home / "suite.yaml", home / "out")
    finally:
        os.umask(before)
    names = {path.suffix for path in index.parent.resolve().rglob("*")}
    assert {".html", ".ipynb", ".csv", ".json", ".md"} <= names
    assert leaks(home / "out") == []
    told = {
        path: visible(path) for path in (home / "out").rglob("*") if path.suffix in {".html", ".md"}
    }
    assert len(told) >= 6
    for path, text in told.items():
        assert not re.search(r"\bnan\b|\bNaT\b|<NA>", text, re.I), path.name
    for path in (home / "out").rglob("*"):
        assert not path.is_file() or FIRST_DAY not in path.read_text("utf-8", "replace"), path.name
    assert any(one.startswith("log.csv") for one in leaks(home))  # the search does find it


@pytest.mark.parametrize("where", ["a cell", "the log", "the page"])
def test_no_canary_stands_in_what_a_failed_run_leaves(
    home: Path, where: str, capfd: pytest.CaptureFixture[str]
) -> None:
    source = f"import sys; print('{CANARY}', file=sys.stderr); raise KeyError('{CANARY}-id')"
    if where == "the page":
        source = (
            "from IPython.display import display; display({'application/vnd.plotly.v1+json':"
            f" {{'data': [{{'type': '{CANARY}'}}]}}}}, raw=True)"
        )
    notebook = small_notebook(source)
    notebook.cells[1].source += "\nEVENTS: str | None = None  # the log"
    write(notebook, home / "05_bad.ipynb")
    events = "{file: log.csv, columns: {customer_id: nobody}}" if where == "the log" else "null"
    suite = f"events: {events}\nnotebooks: [{{notebook: {home}/05_bad.ipynb}}]\n"
    (home / "bad.yaml").write_text(suite, encoding="utf-8")
    out = home / f"out-{where.split()[-1]}"
    with pytest.raises(onb.OmninbError):
        run_report(home / "bad.yaml", out)
    (record,) = (out / "runs").glob("*/run.json")
    assert '"status": "failed"' in record.read_text("utf-8")
    assert leaks(out) == [] and CANARY not in capfd.readouterr().err
    log = record.with_name("run.log")
    assert not log.stat().st_mode & 0o077 and not list(out.glob("latest"))


def test_one_notebook_alone_names_no_folder_either(home: Path) -> None:
    columns = {r: f"{CANARY}{n}" for r, n in (("customer_id", "user"), ("event_id", "event_id"))}
    asked = {"EVENTS": str(home / "log.csv"), "COLUMNS": columns, "SPLIT_GAP": "30d"}
    run_notebook("journey_map", asked | {"CURRENCY": "EUR"}, home / "alone")
    notebook = (home / "alone" / "journey_map.ipynb").read_text("utf-8")
    assert str(home) not in notebook
    # The columns are parameters here, which a report states; what stands in them is not told.
    assert [one for one in leaks(home / "alone") if f"{CANARY}-" in one] == []
