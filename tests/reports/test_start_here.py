"""The first ten minutes: the planted stories are found, and are not found where there are none."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import omninb as onb
from omninb.reports.execution import RunError
from omninb.reports.runner import run_notebook

ASKED = {
    "END_AT": "purchase",
    "SPLIT_GAP": "30d",
    "STEPS": ["payment", "purchase"],
    "RESEARCH": [["web", "view_product"], ["store", "purchase"]],
}


def run(folder, **parameters: Any) -> dict[str, Any]:
    run_notebook("start_here", parameters, folder / "out")
    return json.loads((folder / "out" / "run.json").read_text(encoding="utf-8"))


def lost_by_channel(frame: pd.DataFrame) -> pd.Series:
    """Of customers whose first payment was on a channel, the share without a purchase in 7 days."""
    frame = frame.sort_values("timestamp", kind="stable")
    first = frame[frame["event"] == "payment"].groupby("customer_id").first().reset_index()
    first = first[first["timestamp"] <= frame["timestamp"].max() - pd.Timedelta(days=7)]
    bought = frame[frame["event"] == "purchase"][["customer_id", "timestamp"]]
    pairs = first.merge(bought, on="customer_id", suffixes=("", "_bought"))
    gap = pairs["timestamp_bought"] - pairs["timestamp"]
    made = pairs[(gap > pd.Timedelta(0)) & (gap <= pd.Timedelta(days=7))]["customer_id"]
    lost = ~first["customer_id"].isin(made)
    return lost.groupby(first["channel"].astype(str)).agg(["sum", "size"])


def test_the_sample_s_two_stories_are_found_and_right(tmp_path):
    record = run(tmp_path)
    stall, research = record["verdicts"]  # the answer, which comes last, first
    assert research["kind"] == stall["kind"] == "clear"
    frame = onb.sample().journeys(split_gap="30d", end_at="purchase").to_frame()
    lost = lost_by_channel(frame)
    app, rest = lost.loc["mobile app"], lost.drop("mobile app").sum()
    difference = app["sum"] / app["size"] - rest["sum"] / rest["size"]
    assert stall["estimate"] == pytest.approx(100 * difference)
    assert "mobile app" in stall["sentence"] and f"{app['size']:,} customers" in stall["basis"]
    looks = (frame["channel"] == "web") & (frame["event"] == "view_product")
    after = frame.groupby("journey")[["channel", "event"]].shift(-1)
    old = frame["timestamp"] <= frame["timestamp"].max() - pd.Timedelta(days=30)
    bought = (after["channel"] == "store") & (after["event"] == "purchase")
    share = (looks & old & bought).sum() / (looks & old).sum()
    others = ~looks & old & (frame["event"] != "purchase")  # a purchase ends its journey
    usual = (others & bought).sum() / others.sum()
    assert research["estimate"] == pytest.approx(100 * (share - usual))


def test_research_that_is_too_small_to_matter_is_not_announced(tmp_path):
    log, _ = onb.simulate_retailer(20_000, seed=5, research_online_purchase_offline=0.03)
    pq.write_table(log.table, tmp_path / "log.parquet")
    research = run(tmp_path, EVENTS=str(tmp_path / "log.parquet"), **ASKED)["verdicts"][1]
    assert research["kind"] == "none" and 0 < research["interval"][0] < 2
    assert "over 2 points" in research["sentence"]


def test_the_worst_channel_is_named_even_where_the_fewest_take_the_step(tmp_path):
    lost_of = {f"channel {n}": (20, 100) for n in range(7)} | {"kiosk": (48, 60)}
    rows = [
        (f"{channel} {n}", f"2025-01-{1 + n % 20:02d}T1{hour}:00:00Z", channel, event)
        for channel, (lost, customers) in lost_of.items()
        for n in range(customers)
        for hour, event in enumerate(["payment", "purchase"] if n >= lost else ["payment"])
    ]
    rows.append(("later", "2025-06-01T10:00:00Z", "channel 0", "visit"))
    frame = pd.DataFrame(rows, columns=["customer_id", "timestamp", "channel", "event"])
    frame.to_csv(tmp_path / "log.csv", index=False)
    asked = ASKED | {"RESEARCH": []}
    record = run(tmp_path, EVENTS=str(tmp_path / "log.csv"), MIN_CUSTOMERS=1, **asked)
    stall = record["verdicts"][0]
    assert stall["kind"] == "clear" and "payment on kiosk: 80 % are lost" in stall["sentence"]
    assert "60 customers" in stall["basis"] and stall["estimate"] == pytest.approx(60.0)


@pytest.mark.parametrize("seed", [5, 6])
def test_without_the_stories_it_says_so(tmp_path, seed):
    off = dict.fromkeys(
        ["mobile_payment_stall", "research_online_purchase_offline", "video_uplift"]
    )
    log, _ = onb.simulate_retailer(20_000, seed=seed, **off)
    pq.write_table(log.table, tmp_path / "log.parquet")
    record = run(tmp_path, EVENTS=str(tmp_path / "log.parquet"), **ASKED)
    assert [one["kind"] for one in record["verdicts"]] == ["none", "none"]


def test_where_nothing_leads_to_anything_nothing_is_found(tmp_path):
    random, rows = np.random.default_rng(1), 20_000
    kinds = [(c, e) for c in ("web", "store", "mobile app")
             for e in ("view_product", "payment", "purchase")]  # fmt: skip
    chosen = random.integers(len(kinds), size=rows)
    frame = pd.DataFrame([kinds[k] for k in chosen], columns=["channel", "event"])
    frame["customer_id"] = [f"c{i}" for i in random.integers(2_000, size=rows)]
    start = pd.Timestamp("2025-01-01", tz="UTC")
    frame["timestamp"] = start + pd.to_timedelta(random.integers(365 * 86_400, size=rows), "s")
    frame.sort_values("timestamp").to_parquet(tmp_path / "log.parquet")
    record = run(tmp_path, EVENTS=str(tmp_path / "log.parquet"), **ASKED)
    assert "clear" not in [one["kind"] for one in record["verdicts"]]


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


def test_a_mistyped_step_is_pointed_out(tmp_path):
    pq.write_table(onb.sample().table.slice(0, 5_000), tmp_path / "log.parquet")
    with pytest.raises(RunError, match="Did you mean 'payment'"):
        run(
            tmp_path,
            EVENTS=str(tmp_path / "log.parquet"),
            **(ASKED | {"STEPS": ["paiment", "purchase"]}),
        )
