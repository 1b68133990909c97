"""The drop-off notebook: the stall is found, named and sized; without it nothing is."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import omninb as onb
from omninb.reports.execution import RunError
from omninb.reports.runner import run_notebook

STEPS = ["add_to_cart", "checkout", "payment", "purchase"]


def run(folder, **parameters: Any) -> dict[str, Any]:
    run_notebook("drop_off", parameters, folder / "out")
    return json.loads((folder / "out" / "run.json").read_text(encoding="utf-8"))


def test_the_stall_is_named_and_sized_in_customers_and_money(tmp_path):
    (answer,) = run(tmp_path)["verdicts"]
    journeys = onb.sample().journeys(split_gap="30d", end_at="purchase")
    drops = onb.drop_off_table(journeys, STEPS, within="7d")
    stall = drops[(drops["funnel_step"] == "payment") & (drops["channel"] == "mobile app")].iloc[0]
    assert answer["kind"] == "clear" and answer["estimate"] == 100 * stall["difference"]
    last = onb.funnel_table(journeys, STEPS, within="7d").iloc[-1]
    people = round(stall["difference"] * stall["customers"])
    money = people * last["value"] / last["customers"]
    assert f"payment on mobile app first: {100 * stall['drop_off']:.0f} %" in answer["sentence"]
    assert f"That is {people} customers" in answer["sentence"]
    assert f"worth {money:,.0f} EUR (" in answer["sentence"]


@pytest.mark.parametrize("customers", [5_200, 20_000])
def test_without_the_stall_no_place_is_named(tmp_path, customers):
    log, _ = onb.simulate_retailer(customers, seed=3, mobile_payment_stall=None)
    pq.write_table(log.table, tmp_path / "log.parquet")
    rules = {"SPLIT_GAP": "30d", "END_AT": "purchase", "STEPS": STEPS}
    (answer,) = run(tmp_path, EVENTS=str(tmp_path / "log.parquet"), **rules)["verdicts"]
    assert answer["kind"] == "none"


def test_the_loan_log_runs_by_parameters_alone(tmp_path, real_data):
    columns = {"customer_id": "case:concept:name", "timestamp": "time:timestamp",
               "event": "concept:name", "channel": "lifecycle:transition"}  # fmt: skip
    steps = ["A_SUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "O_SENT", "O_SENT_BACK", "A_APPROVED"]
    events = str(real_data / "loan" / "loan_applications.csv.gz")
    record = run(tmp_path, EVENTS=events, COLUMNS=columns, STEPS=steps, WITHIN=None)
    (reached,) = (one for one in record["headlines"] if "of those who begin" in one["name"])
    assert reached["value"] == pytest.approx(100 * 2_246 / 13_087) and reached["of"] == 13_087


def test_without_steps_it_stops_and_names_the_events(tmp_path):
    frame = pd.DataFrame({"customer_id": ["a", "a"], "channel": ["web", "store"],
                          "timestamp": ["2025-01-01T10:00Z", "2025-01-02T10:00Z"]})  # fmt: skip
    frame.to_csv(tmp_path / "log.csv", index=False)
    with pytest.raises(RunError, match="give two or more of the log's events"):
        run(tmp_path, EVENTS=str(tmp_path / "log.csv"), MIN_CUSTOMERS=1)


def test_a_log_without_rows_goes_through(tmp_path):
    (tmp_path / "log.csv").write_text("customer_id,timestamp,channel\n", encoding="utf-8")
    record = run(tmp_path, EVENTS=str(tmp_path / "log.csv"), STEPS=["view", "purchase"])
    assert [one["kind"] for one in record["verdicts"]] == ["cannot say"]
