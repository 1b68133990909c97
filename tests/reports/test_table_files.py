"""Tables as CSV: data for a spreadsheet, never a formula, and the same bytes each time."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

import omninb as onb
from omninb.reports.story import read_story
from omninb.reports.table_files import safe_cell, write_tables
from tests.reports.notebooks import drop_off_notebook, run_in_process

FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\uff1d1+1",
    "=cmd|'/C calc'!A0", '=HYPERLINK("http://evil.example","x")', "-2+3+cmd|' /C calc'!A0",
    "web;=1+1", "web\t@x", "a\r\n=1+1",
]  # fmt: skip


def table(names: list[str], title: str = "Names") -> dict:
    frame = pd.DataFrame({"channel": names, "leave_rate": -0.25, "settled": 40})
    frame["gap_difference"] = pd.to_timedelta([-90.0] * len(names), unit="s")
    return onb.table_view(frame, title).payload


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_is_a_formula_in_any_reading_of_the_file(text: str, tmp_path: Path) -> None:
    (name,) = write_tables([table([text], text)], tmp_path / "tables", "page")
    raw = (tmp_path / name).read_bytes()
    assert b"\r" not in raw and (tmp_path / name).parent == tmp_path / "tables"
    for delimiter in ",;\t":
        for row in csv.reader(raw.decode().splitlines(), delimiter=delimiter):
            for cell in row:
                number = cell.replace(".", "", 1).lstrip("-").isdigit()
                assert number or not cell.strip().strip('"').startswith(tuple("=+-@\uff1d"))
    first = next(csv.reader(raw.decode().splitlines()[1:]))[0]
    assert first.startswith("'") or not text.strip().startswith(tuple("=+-@\uff1d"))


def test_plain_names_stay_as_they_are() -> None:
    for text in ("e-mail", "a=b", "web → store", "call centre", "fewer than 10", "", "5 + 5"):
        assert safe_cell(text) == text


def test_numbers_stay_numbers_and_intervals_take_two_columns(tmp_path: Path) -> None:
    story = read_story(run_in_process(drop_off_notebook()))
    (name,) = write_tables(story.tables, tmp_path / "tables", "drop_off")
    assert name == "tables/drop_off-1-drop-off-by-channel.csv"
    frame = pd.read_csv(tmp_path / name)
    assert frame.columns.tolist() == [
        "Channel", "Drop off (% of customers)", "95 % interval (%), lower",
        "95 % interval (%), upper", "Median gap (seconds)", "Customers (count)",
    ]  # fmt: skip
    first = frame.iloc[0].tolist()
    assert first == ["call centre", 58.9, 56.9, 60.9, 90.0, 7930]
    assert frame.dtypes.iloc[1:].map(lambda kind: kind.kind in "if").all()


def test_the_same_tables_give_the_same_bytes_and_each_its_own_file(tmp_path: Path) -> None:
    tables = [table(["web", None], title) for title in ("../../x", "../../x", "…", "Ä" * 300)]
    names = write_tables(tables, tmp_path / "tables", "p")
    assert names == [
        "tables/p-1-x.csv", "tables/p-2-x.csv", "tables/p-3-table.csv",
        f"tables/p-4-{'a' * 60}.csv",
    ]  # fmt: skip
    first = [(tmp_path / name).read_bytes() for name in names]
    write_tables(tables, tmp_path / "tables", "p")
    assert first == [(tmp_path / name).read_bytes() for name in names]
    assert (
        first[0].decode() == '"Channel","Leave rate (% of settled)","Gap difference (seconds)",'
        '"Settled (count)"\n"web",-25.0,-90.0,40\n"–",-25.0,-90.0,40\n'
    )


def test_exercises_give_no_tables() -> None:
    notebook = drop_off_notebook()
    for cell in notebook.cells:
        if "an exercise" in cell.source:
            cell.source = "import pandas as pd, omninb as onb\nonb.table_view("
            cell.source += "pd.DataFrame({'channel': ['x'], 'journeys': [1]}), 'Mine')"
    story = read_story(run_in_process(notebook))
    assert [one["title"] for one in story.tables] == ["Drop-off by channel"]
