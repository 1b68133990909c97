"""The first notebook on logs of one's own, small and hostile ones too, and by several parameters.

Each case is one real run; its numbers are held against the tables or against plain pandas.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pandas as pd
import pytest

import omninb as onb
from omninb.reports.execution import RunError
from omninb.reports.runner import run_notebook

HOSTILE = ["<script>alert(1)</script>", "=cmd('calc')", "$x$ {{ y }} %{z}", "a\"b'c", "w" * 300]


def run(folder: Path, **parameters: Any) -> SimpleNamespace:
    """A run's record, its page, and a way to its figures by their titles."""
    page = run_notebook("journey_map", parameters, folder / "out")
    record = json.loads((folder / "out" / "run.json").read_text(encoding="utf-8"))
    notebook = nbformat.read(folder / "out" / "journey_map.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    figures = [
        output.data["application/vnd.plotly.v1+json"]
        for output in outputs
        if "application/vnd.plotly.v1+json" in output.get("data", {})
    ]
    return SimpleNamespace(
        record=record,
        page=page.read_text(encoding="utf-8"),
        answer=record["verdicts"][0],
        headlines={one["name"]: one for one in record["headlines"]},
        said=[figure["layout"]["meta"]["alt"] for figure in figures],
    )


def written(folder: Path, rows: list[tuple[str, str, str]]) -> str:
    """A log of the required roles alone."""
    frame = pd.DataFrame(rows, columns=["customer_id", "timestamp", "channel"])
    frame.to_csv(folder / "log.csv", index=False)
    return str(folder / "log.csv")


def walks(customers: int, channels: list[str], months: int) -> list[tuple[str, str, str]]:
    """Rows of customers who each take three channels in a row, in the months of 2025."""
    return [
        (f"c{i}", f"2025-{1 + i % months:02d}-{1 + i % 28:02d} {10 + k}:00Z",
         channels[(i + i // 7 * k) % len(channels)])
        for i in range(customers)
        for k in range(3)
    ]  # fmt: skip


def test_a_first_try_with_a_few_rows_names_what_pools_them(tmp_path: Path) -> None:
    events = written(tmp_path, [("a", "2025-01-01Z", "web"), ("a", "2025-01-02Z", "store")])
    with pytest.raises(RunError) as refused:
        run(tmp_path, EVENTS=events)
    for named in ("single value '(fewer than 10 customers)'", "role for BY", "MIN_CUSTOMERS=10"):
        assert named in str(refused.value)


def test_a_log_without_rows_runs_to_its_end_and_says_no_data(tmp_path: Path) -> None:
    ran = run(tmp_path, EVENTS=written(tmp_path, []), END_AT="purchase")
    assert ran.answer["kind"] == "cannot say" and ran.answer["sentence"] == "No data."
    assert ran.record["facts"] == {"journeys": 0, "customers": 0}
    assert len(ran.said) == 4 and all("No journeys to show." in said for said in ran.said)
    assert "nan" not in json.dumps(ran.record).casefold() and "1970" not in ran.page


def test_required_roles_alone_and_nothing_settled_no_success_and_no_answer(tmp_path: Path) -> None:
    ran = run(tmp_path, EVENTS=written(tmp_path, walks(60, ["web", "store", "chat"], 1)))
    assert "END_AT is not set: no journey can succeed" in ran.page
    assert ran.answer["kind"] == "cannot say" and "EXIT_AFTER=30d" in ran.answer["sentence"]
    assert ran.answer["interval"] is None and "nan" not in json.dumps(ran.record).casefold()
    (unset,) = (v for v in ran.record["verdicts"] if "END_AT" in v["sentence"])
    assert unset["kind"] == "cannot say" and "chat" in unset["basis"]
    assert list(ran.headlines) == ["Journeys"] and ran.headlines["Journeys"]["value"] == 60
    assert len(ran.said) == 3  # nothing to read back from a success


def test_hostile_names_and_a_log_that_needs_every_option(tmp_path: Path) -> None:
    frame = pd.DataFrame(walks(200, HOSTILE, 9), columns=["who", "when", "where it was"])
    frame["when"] = pd.to_datetime(frame["when"]).dt.strftime("%d/%m/%Y %H:%M")
    frame["did"], frame["paid"] = ["<b>look</b>", "ask", "<b>buy</b>"] * 200, "9,50"
    frame.to_csv(tmp_path / "log.csv", sep=";", index=False)
    columns = {"customer_id": "who", "timestamp": "when", "channel": "where it was", "event": "did"}
    ran = run(
        tmp_path, EVENTS=str(tmp_path / "log.csv"), COLUMNS={**columns, "value": "paid"},
        TIMEZONE="Europe/Berlin", DAY_FIRST=True, DECIMAL=",", CURRENCY="EUR", END_AT="<b>buy</b>",
    )  # fmt: skip
    assert not [name for name in ("<script>alert", "<b>look", "<b>buy") if name in ran.page]
    assert ran.record["ledger"]["used"] == len(frame) and len(ran.said) == 4
    assert ran.headlines["Journeys that succeeded"]["value"] == 100
    assert "<b>buy</b>: " in ran.said[3]  # the step that is read back from


def test_what_is_not_set_is_never_looked_into(tmp_path: Path) -> None:
    """Touchpoints without a device end most journeys, and nobody can repair them."""
    answer = run(tmp_path, BY="device").answer
    assert answer["kind"] == "none" and "No node clearly loses more" in answer["sentence"]


def test_the_headlines_are_those_that_pandas_counts(tmp_path: Path) -> None:
    by = "channel"
    ran = run(tmp_path, BY=by)
    journeys = onb.sample().journeys(split_gap="30d", end_at="purchase")
    touchpoints = journeys.to_frame()
    times = touchpoints["timestamp"]
    settled = times <= times.max() - pd.Timedelta(days=30)
    last = settled & ~touchpoints["journey"].duplicated(keep="last")
    ends = touchpoints[last]
    succeeded = ran.headlines["Journeys that succeeded"]
    assert succeeded["value"] == pytest.approx(100 * (ends["end_state"] == "converted").mean())
    assert succeeded["of"] == len(ends)
    assert ran.headlines["Journeys"]["value"] == touchpoints["journey"].nunique()
    left = ran.headlines["Journeys that left"]
    assert left["value"] == pytest.approx(100 * (ends["end_state"] == "exit").mean())
    assert left["of"] == len(ends)
    node = touchpoints[by].astype("str")[settled]
    exits = last[settled] & (touchpoints["end_state"][settled] == "exit")
    apart = {name: exits[node == name].mean() - exits[node != name].mean() for name in set(node)}
    named = next(name for name in apart if f"Look into {name} first" in ran.answer["sentence"])
    assert ran.answer["estimate"] == pytest.approx(100 * apart[named])
    assert 0 < ran.answer["interval"][0] < ran.answer["estimate"] < ran.answer["interval"][1]
