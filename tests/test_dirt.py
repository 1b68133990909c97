"""The dirty file: its reader reports what was planted, all of it and nothing else."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import omninb as onb
from omninb.defects import DEFECTS
from omninb.dirt import FEWEST_ROWS, READ_WITH, dirty_csv
from omninb.simulate import simulate_table

ROOT = Path(__file__).resolve().parents[1]
Dirty = tuple[pa.Table, bytes, list[dict[str, Any]], onb.EventLog]
# What a defect changes in a row that is read all the same.
CHANGED = {
    "campaign that is a formula": "campaign",
    "campaign that is markup or code": "campaign",
    "ids that a spreadsheet would make one": "customer_id",
    "word in place of a customer id": "customer_id",
    "local time that autumn has twice": "timestamp",
    "no channel": "channel",
    "same customer at the same time": "timestamp",
    "line that equals an earlier one": "event_id",
}


def read(file: bytes, folder: Path) -> onb.EventLog:
    path = folder / "dirty.csv"
    path.write_bytes(file)
    return onb.read_events(path, **READ_WITH)


@pytest.fixture(scope="module", params=[1, 2, 3, 4, 5])
def dirty(request, tmp_path_factory) -> Dirty:
    seed = request.param
    table = simulate_table(150 * 4 ** (seed % 3), seed)[0]
    file, planted = dirty_csv(table, seed)
    return table, file, planted, read(file, tmp_path_factory.mktemp("dirty"))


def lines_of(planted: list[dict[str, Any]], name: str) -> list[int]:
    return next(entry["lines"] for entry in planted if entry["name"] == name)


def test_the_ledger_lists_exactly_what_was_planted(dirty):
    _, _, planted, log = dirty
    expected: Counter[tuple[str, str]] = Counter()
    for entry in planted:
        if entry["check"]:
            expected[entry["check"], entry["outcome"]] += entry["rows"]
    summed = log.quality["check"] == "more than 1 % of the rows are quarantined"
    ledger = log.quality[(log.quality["outcome"] != "count") & ~summed]
    checks = ledger["check"].str.removeprefix("dirty.csv: ")
    found = dict(zip(zip(checks, ledger["outcome"], strict=True), ledger["rows"], strict=True))
    assert found == expected
    assert len(expected) >= 22


def test_every_line_is_where_the_list_says(dirty):
    _, file, planted, log = dirty
    quarantined = [(line, entry["check"]) for entry in planted
                   if entry["outcome"] == "quarantined" for line in entry["lines"]]  # fmt: skip
    found = log.quarantine[["line", "reason"]].to_numpy().tolist()
    assert sorted(map(list, quarantined)) == sorted(found)
    (counted,) = log.files
    physical = file.decode("utf-8", "replace").split("\n")
    assert counted["lines"] == len(physical)
    assert counted["blank"] == len(lines_of(planted, "blank line"))
    for entry in planted:
        if entry["lines"] != "all":
            assert len(entry["lines"]) == len(set(entry["lines"])) == entry["rows"] > 0
    for line in lines_of(planted, "the header again"):
        assert physical[line - 1].rstrip("\r") == physical[0].removeprefix("\ufeff").rstrip("\r")
    for line in lines_of(planted, "touchpoint delivered twice"):
        assert physical[: line - 1].count(physical[line - 1]) == 1
    assert all("." in physical[n - 1].split(";")[2] for n in lines_of(planted, "day before month"))
    assert all(physical[n - 1].split(";")[2].isdigit()
               for n in lines_of(planted, "seconds since 1970"))  # fmt: skip
    assert all("\ufffd" in physical[n - 1] for n in lines_of(planted, "Latin-1 in a UTF-8 file"))


def test_what_is_accepted_is_what_was_there_before_it_was_written(dirty):
    table, file, planted, log = dirty
    before = table.to_pandas().set_index("event_id")
    after = log.to_frame()
    after = after[after["event_id"] != ""].dropna(subset="event_id").set_index("event_id")
    assert after.index.is_unique
    physical = file.decode("utf-8", "replace").split("\n")
    id_on = {number: text.split(";")[0].lstrip("\ufeff") for number, text in enumerate(physical, 1)}
    touched: dict[str, set[str]] = {}
    for entry in planted:
        if entry["name"] in CHANGED:
            ids = {id_on[line] for line in entry["lines"]}
            touched.setdefault(CHANGED[entry["name"]], set()).update(ids)
    before = before.loc[after.index]
    for column in before.columns:
        same = ~after.index.isin(list(touched.get(column, ())))
        one, other = before.loc[same, column], after.loc[same, column]
        if column in ("value", "cost", "score"):
            pd.testing.assert_series_equal(one, other, check_dtype=False)
            continue
        if column == "timestamp":
            other = other.dt.tz_convert("UTC").dt.as_unit("us")
        else:
            one, other = (side.astype("str").replace({"True": "true", "False": "false"})
                          for side in (one, other))  # fmt: skip
        assert one.tolist() == other.tolist(), column
    assert 0.85 < len(after) / len(table) < 1


def test_texts_that_quote_separate_and_end_lines_come_through_whole(dirty):
    _, file, _, log = dirty
    records = list(csv.reader(io.StringIO(file.decode("utf-8-sig", "replace"), newline=""),
                              delimiter=";"))  # fmt: skip
    notes = {record[-1] for record in records[1:] if len(record) == len(records[0])} - {"", "note"}
    assert any("\n" in note for note in notes) and any('"' in note for note in notes)
    assert notes == set(log.to_frame()["note"].dropna()) - {""}
    campaigns = set(log.to_frame()["campaign"].dropna())
    assert {"=1+1", "<script>alert(1)</script>"} <= campaigns


def test_ids_stay_apart(dirty):
    _, _, planted, log = dirty
    customers = log.to_frame()["customer_id"]
    numbers = customers[customers.str.fullmatch(r"[\d.]+") & (customers != "0")]
    assert numbers.is_unique
    assert len(numbers) == len(lines_of(planted, "ids that a spreadsheet would make one"))


def test_every_defect_is_planted_in_its_share(dirty):
    table, _, planted, _ = dirty
    by_name = {entry["name"]: entry["rows"] for entry in planted}
    for defect in DEFECTS:
        assert by_name[defect.name] == pytest.approx(defect.share * len(table), rel=0.02, abs=1.5)


def test_a_seed_settles_the_file():
    table = simulate_table(200, 9)[0]
    assert dirty_csv(table, 1) == dirty_csv(table, 1)
    assert dirty_csv(table, 1)[0] != dirty_csv(table, 2)[0]


def test_too_few_rows_are_refused_in_words():
    with pytest.raises(onb.OmninbError, match=f"takes {FEWEST_ROWS:,}"):
        dirty_csv(simulate_table(10, 1)[0], 1)


def test_a_planted_row_that_is_not_listed_would_be_noticed(tmp_path):
    file, planted = dirty_csv(simulate_table(150, 1)[0], 1)
    lines = file.split(b"\r\n")
    log = read(b"\r\n".join([*lines[:2], b"x", *lines[2:]]), tmp_path)
    short = log.quality.set_index("check").loc["too few columns", "rows"]
    assert short == len(lines_of(planted, "line cut short")) + 1


def test_the_committed_dirty_sample_is_what_the_tool_writes(tmp_path):
    tool = ROOT / "tools" / "write_dirty_sample.py"
    subprocess.run([sys.executable, str(tool), str(tmp_path)], check=True, cwd=ROOT)
    for name in ("sample_dirty.csv", "sample_dirty.json"):
        assert (tmp_path / name).read_bytes() == (ROOT / "data" / name).read_bytes()
    assert (ROOT / "data" / "sample_dirty.csv").stat().st_size < 200_000
    listed = json.loads((ROOT / "data" / "sample_dirty.json").read_text(encoding="utf-8"))
    log = onb.read_events(ROOT / "data" / "sample_dirty.csv", **listed["read_with"])
    assert log.counts["quarantined"] == sum(
        entry["rows"] for entry in listed["planted"] if entry["outcome"] == "quarantined"
    )


def test_the_page_of_the_dirty_sample_works_as_written(monkeypatch):
    monkeypatch.chdir(ROOT)
    page = (ROOT / "data" / "DIRTY.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    names: dict[str, Any] = {"onb": onb, "json": json, "Path": Path}
    exec(compile(block, "DIRTY.md", "exec"), names)
    keys = {key for entry in names["listed"]["planted"] for key in entry}
    assert keys == {key for cell in re.findall(r"^\| (`.*?) \|", page, re.M)
                    for key in re.findall(r"`(\w+)`", cell)}  # fmt: skip
    lines = [entry["lines"] for entry in names["listed"]["planted"] if entry["lines"] != "all"]
    spoiled = {line for some in lines for line in some}
    assert 0.7 < 1 - len(spoiled) / len(names["log"]) < 0.8
    assert 0.025 < len(names["log"].quarantine) / names["log"].counts["read"] < 0.035
