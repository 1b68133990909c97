"""The simulator against its own truths, counted by hand from the rows that it writes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import omninb as onb
from omninb.retailer import CHANNELS, EXIT_PROBABILITY
from omninb.samples import CUSTOMERS, SEED, sample_path
from omninb.simulate import simulate_table

MONTH = pd.Timedelta(30, "D")


@pytest.fixture(scope="module")
def year() -> tuple[pd.DataFrame, dict]:
    """8,000 customers' rows with what came next, in journeys cut by the truth's rules."""
    table, truth = simulate_table(8_000, 11, exit_probability={"chat": 0.4}, service_rate=0.3)
    rows = table.to_pandas().sort_values(["customer_id", "timestamp"], kind="stable")
    gap = rows.groupby("customer_id")["timestamp"].diff()
    rows["begins"] = gap.isna() | (gap > MONTH) | (rows["event"].shift() == "purchase")
    rows["gap"] = gap
    rows["next"] = rows["channel"].astype(str).shift(-1, fill_value="exit")
    rows.loc[rows["begins"].shift(-1, fill_value=True), "next"] = "exit"
    rows.loc[rows["event"] == "purchase", "next"] = "converted"
    return rows, truth


def test_a_touchpoint_is_the_last_as_often_as_the_truth_says(year):
    rows, truth = year
    settled = rows[rows["timestamp"] < rows["timestamp"].max() - MONTH]
    seen = settled.groupby("channel", observed=True)["next"].agg(
        share=lambda nexts: (nexts == "exit").mean(), n="size"
    )
    assert set(seen.index) == set(CHANNELS)
    for channel, p in truth["exit_probability"].items():
        share, n = seen.loc[channel]
        assert abs(share - p) < 4 * np.sqrt(p * (1 - p) / n), channel
    assert truth["exit_probability"] == EXIT_PROBABILITY | {"chat": 0.4}


def test_purchases_cost_and_lead_to_service_as_the_truth_says(year):
    rows, truth = year
    bought = rows[rows["event"] == "purchase"]
    assert len(bought) == truth["purchases"]
    assert bought["value"].mean() == pytest.approx(truth["order_value"], rel=0.05)
    assert bought["order_id"].is_unique
    later = (rows["gap"] < MONTH) & (
        rows["event"].groupby(rows["customer_id"]).shift() == "purchase"
    )
    old = bought["timestamp"] < rows["timestamp"].max() - MONTH
    followed = later.shift(-1, fill_value=False)[old.index][old]
    assert followed.mean() == pytest.approx(truth["service_rate"], abs=0.03)


def test_what_was_drawn_is_what_is_there(year):
    rows, truth = year
    assert len(rows) == truth["touchpoints"]
    assert rows["customer_id"].nunique() == truth["customers"]
    assert rows["begins"].sum() == truth["journeys"]
    assert 0.25 < truth["purchases"] / truth["journeys"] < 0.4


def test_the_log_is_in_time_order_with_minutes_in_a_visit_and_days_between(year):
    rows, _ = year
    assert rows["timestamp"].sort_index().is_monotonic_increasing
    assert (rows["gap"].dropna() > pd.Timedelta(0)).all()
    same_visit = rows["session_id"] == rows["session_id"].shift()
    assert rows.loc[same_visit, "gap"].max() < pd.Timedelta("30min")
    inside = rows.loc[~rows["begins"], "gap"]
    assert inside.max() < pd.Timedelta(22, "D")
    assert (rows["timestamp"].dt.year == 2025).all()


def test_returns_refund_their_own_order_once(year):
    rows, _ = year
    back = rows[rows["event"] == "return"].set_index("order_id")["value"]
    paid = rows[rows["event"] == "purchase"].set_index("order_id")["value"]
    assert back.index.is_unique
    pd.testing.assert_series_equal(-back, paid[back.index])


def test_a_seed_settles_everything():
    first, again = simulate_table(300, 5)[0], simulate_table(300, 5)[0]
    assert first.equals(again)
    assert not first.equals(simulate_table(300, 6)[0])
    assert simulate_table(1, 0)[1]["customers"] == 1


@pytest.mark.parametrize(
    ("truths", "words"),
    [
        ({"exit_probabilty": {}}, "Did you mean 'exit_probability'?"),
        ({"exit_probability": {"mobil app": 0.1}}, "Did you mean 'mobile app'?"),
        ({"exit_probability": {"web": 0.0}}, "from 0.02 to 1"),
        ({"exit_probability": 0.2}, "give channels"),
        ({"order_value": -1}, "order_value=-1"),
        ({"service_rate": float("nan")}, "service_rate=nan"),
        ({"customers": 0}, "customers=0"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_the_way_out(truths, words):
    with pytest.raises(onb.OmninbError) as refused:
        onb.simulate_retailer(**truths)
    assert words in str(refused.value)


def test_the_committed_sample_is_what_the_simulator_gives():
    stored, made = pq.read_table(sample_path()), simulate_table(CUSTOMERS, SEED)[0]
    assert stored.to_pydict() == made.to_pydict()
    assert sample_path().stat().st_size < 2_000_000


def test_both_come_as_event_logs_that_kept_every_row():
    log, truth = onb.simulate_retailer(customers=200, seed=3)
    assert len(log) == truth["touchpoints"] and len(log.quarantine) == 0
    assert log.currency == "EUR"
    shipped = onb.sample()
    assert 55_000 < len(shipped) < 65_000 and len(shipped.quarantine) == 0


def test_omninb_finds_the_journeys_and_the_exits_that_were_drawn():
    log, truth = onb.simulate_retailer(customers=8_000, seed=12)
    journeys = log.journeys(**truth["journey_rules"])
    moves = onb.transition_table(journeys, by="channel")
    assert moves.attrs["journeys"] == truth["journeys"]
    assert moves.loc[moves["target"] == "converted", "transitions"].sum() == truth["purchases"]
    exits = moves[moves["target"] == "exit"].set_index("source")
    for channel, p in truth["exit_probability"].items():
        seen, n = exits.loc[channel, ["probability", "settled"]]
        assert abs(seen - p) < 4 * np.sqrt(p * (1 - p) / n), channel
