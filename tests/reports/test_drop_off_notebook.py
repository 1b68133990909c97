"""The drop-off notebook: the stall is found, named and sized; without it nothing is."""

from __future__ import annotations

import json
import math
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
    people = round(stall["difference"] * stall["customers"])
    money = people * value_of_those_who_pay() / 100
    said = answer["sentence"]
    assert f"payment on mobile app first: {100 * stall['drop_off']:.0f} % are lost there" in said
    assert f"That is {people} customers" in said and "lost there within 7d (19 % so far" in said
    assert f"they would bring {money:,.0f} EUR (" in said and "Clear as well" not in said
    share, (low, high) = 100 * stall["next_other_channel"] / stall["customers"], wilson(stall)
    assert f"{share:.0f} % ({low:.0f} to {high:.0f}) take purchase on another channel" in said
    assert "against 0 % of the others: they need a better way over, the lost a better page." in said


def wilson(stall) -> tuple[float, float]:
    """Bounds in % of those who take the next step elsewhere (Wilson 1927)."""
    n, z = stall["customers"], 1.959964
    p = stall["next_other_channel"] / n
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    middle = p + z**2 / (2 * n)
    return tuple(100 * (middle + sign * half) / (1 + z**2 / n) for sign in (-1, 1))


def value_of_those_who_pay() -> float:
    """Mean cents of a purchase that ends a first attempt within 7 days, read by a plain loop."""
    frame = onb.sample().to_frame().sort_values("timestamp", kind="stable")
    frame = frame[frame["event"].isin(STEPS)]
    until, worth = frame["timestamp"].max(), []
    for _, rows in frame.groupby("customer_id"):
        begun = rows[rows["event"] == STEPS[0]]
        if begun.empty:
            continue
        first = begun["timestamp"].iloc[0]
        end, place = first + pd.Timedelta(days=7), 0
        for row in rows[(rows["timestamp"] >= first) & (rows["timestamp"] <= end)].itertuples():
            if place < len(STEPS) and row.event == STEPS[place]:
                place += 1
                if place == len(STEPS) and end <= until:
                    worth.append(row.value)
    return 100 * sum(worth) / len(worth)


LOSING = {"web": (3_000, 605), "store": (1_000, 550), "chat": (200, 180)}


def test_the_place_that_loses_most_customers_is_named_and_so_is_what_the_cut_leaves_out(tmp_path):
    """Chat loses the largest share, the store the most customers beyond the others."""
    rows = [
        (f"{channel} {i}", channel, event, f"2025-01-01T1{hour}:00Z")
        for channel, (customers, lost) in LOSING.items()
        for i in range(customers)
        for hour, event in enumerate(["cart", "buy"][: 1 + (i >= lost)])
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "channel", "event", "timestamp"])
    frame.to_csv(tmp_path / "log.csv", index=False)
    given = {"EVENTS": str(tmp_path / "log.csv"), "STEPS": ["cart", "buy"], "WITHIN": None}
    (answer,) = run(tmp_path, **given)["verdicts"]
    store, chat = 550 - 1_000 * 785 / 3_200, 180 - 200 * 1_155 / 4_000
    assert answer["sentence"].startswith("Repair cart on store first: 55 % are lost there so far,")
    assert f"the others: cart on chat ({chat:.0f} customers)." in answer["sentence"]
    assert "0 % (0 to 0) take buy on another channel" in answer["sentence"]
    assert "the lost need a better page, and a better way over is not" in answer["sentence"]
    assert "EUR" not in answer["sentence"] and "they would bring" not in answer["sentence"]
    (answer,) = run(tmp_path, **given, MATTERS=45)["verdicts"]
    assert answer["sentence"].startswith("Repair cart on chat first: 90 % are lost there so far,")
    assert f"the others: cart on store ({store:.0f} customers)." in answer["sentence"]
    (answer,) = run(tmp_path, **given, MATTERS=90)["verdicts"]
    assert answer["kind"] == "none" and answer["sentence"].startswith("No place loses clearly")
    assert f"({store:.0f} customers), cart on chat ({chat:.0f} customers)." in answer["sentence"]


@pytest.mark.parametrize("customers", [5_200, 20_000])
def test_without_the_stall_no_place_is_named(tmp_path, customers):
    log, _ = onb.simulate_retailer(customers, seed=3, mobile_payment_stall=None)
    pq.write_table(log.table, tmp_path / "log.parquet")
    rules = {"RULES": {"split_gap": "30d", "end_at": "purchase"}, "STEPS": STEPS}
    (answer,) = run(tmp_path, EVENTS=str(tmp_path / "log.parquet"), **rules)["verdicts"]
    assert answer["kind"] == "none" and answer["sentence"].startswith("No place loses clearly")


def test_the_loan_log_runs_by_parameters_alone(tmp_path, real_data):
    columns = {"customer_id": "case:concept:name", "timestamp": "time:timestamp",
               "event": "concept:name", "channel": "lifecycle:transition"}  # fmt: skip
    steps = ["A_SUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "O_SENT", "O_SENT_BACK", "A_APPROVED"]
    events = str(real_data / "loan" / "loan_applications.csv.gz")
    record = run(tmp_path, EVENTS=events, COLUMNS=columns, STEPS=steps, WITHIN=None)
    (answer,) = record["verdicts"]
    assert answer["basis"].count("so far") == 1 and "within" not in answer["sentence"]
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
