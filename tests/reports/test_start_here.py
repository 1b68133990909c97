"""The first ten minutes: the planted stories are found, and are not found where there are none."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import omninb as onb
from omninb.reports.runner import run_notebook

ASKED = {
    "END_AT": "purchase",
    "SPLIT_GAP": "30d",
    "STEP": "payment",
    "PLACES": ["web", "mobile app"],
    "RESEARCH": [["web", "view_product"], ["store", "purchase"]],
}


def run(folder, **parameters: Any) -> dict[str, Any]:
    run_notebook("start_here", parameters, folder / "out")
    return json.loads((folder / "out" / "run.json").read_text(encoding="utf-8"))


def followed_by_purchase(frame: pd.DataFrame, place: str) -> tuple[int, int]:
    """Settled payments in journeys with a payment at a place, and those a purchase follows."""
    here = frame[(frame["event"] == "payment") & (frame["channel"] == place)]["journey"]
    some = frame[frame["journey"].isin(here)]
    after = some.groupby("journey")["event"].shift(-1)
    old = frame["timestamp"].max() - pd.Timedelta(days=30)
    payments = (some["event"] == "payment") & (some["timestamp"] <= old)
    return int(payments.sum()), int((payments & (after == "purchase")).sum())


def test_the_sample_s_two_stories_are_found_and_right(tmp_path):
    record = run(tmp_path)
    stall, research = record["verdicts"]  # the answer, which comes last, first
    assert research["kind"] == stall["kind"] == "clear"
    frame = onb.sample().journeys(split_gap="30d", end_at="purchase").to_frame()
    (whole_a, made_a), (whole_b, made_b) = (
        followed_by_purchase(frame, place) for place in ("web", "mobile app")
    )
    assert stall["estimate"] == pytest.approx(100 * (made_b / whole_b - made_a / whole_a))
    assert f"{whole_a:,} settled" in stall["basis"] and f"{whole_b:,} on" in stall["basis"]
    looks = (frame["channel"] == "web") & (frame["event"] == "view_product")
    after = frame.groupby("journey")[["channel", "event"]].shift(-1)
    old = frame["timestamp"] <= frame["timestamp"].max() - pd.Timedelta(days=30)
    bought = (after["channel"] == "store") & (after["event"] == "purchase")
    share = (looks & old & bought).sum() / (looks & old).sum()
    assert research["estimate"] == pytest.approx(100 * share)


def test_without_the_stories_it_says_so(tmp_path):
    off = dict.fromkeys(
        ["mobile_payment_stall", "research_online_purchase_offline", "video_uplift"]
    )
    log, _ = onb.simulate_retailer(3_000, seed=5, **off)
    pq.write_table(log.table, tmp_path / "log.parquet")
    record = run(tmp_path, EVENTS=str(tmp_path / "log.parquet"), **ASKED)
    assert [one["kind"] for one in record["verdicts"]] == ["none", "none"]


def test_a_log_without_optional_roles_and_one_without_rows_go_through(tmp_path):
    for nth, rows in enumerate([60, 0]):
        frame = pd.DataFrame(
            [(f"c{i % 20}", f"2025-01-{1 + i % 28:02d}T10:00:00Z", "web" if i % 3 else "store")
             for i in range(rows)],
            columns=["customer_id", "timestamp", "channel"],
        )  # fmt: skip
        path = tmp_path / f"{nth}.csv"
        frame.to_csv(path, index=False)
        record = run(tmp_path / str(nth), EVENTS=str(path), MIN_CUSTOMERS=1)
        assert {one["kind"] for one in record["verdicts"]} == {"cannot say"}
