"""The simulator against its own truths, counted by hand from the rows that it writes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import omninb as onb
from omninb import simulate
from omninb.retailer.shop import CHANNELS, EXIT_PROBABILITY
from omninb.samples import CUSTOMERS, SEED, sample_path
from omninb.simulate import SimulatedBlocks, simulate_table

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


def test_stores_are_visited_in_opening_hours_and_in_a_visit_of_its_own(year):
    rows, _ = year
    store = rows["channel"] == "store"
    when = rows.loc[store, "timestamp"].dt
    assert set(when.hour) == set(range(9, 20)) and 6 not in set(when.day_of_week)
    stays = rows["session_id"] == rows["session_id"].shift()
    assert (rows["channel"].shift()[store & stays] == "store").all() and (store & stays).sum() > 100


def test_carts_checkouts_payments_and_purchases_follow_each_other_in_a_shop(year):
    rows, _ = year
    before = rows["event"].shift().where(rows["session_id"] == rows["session_id"].shift())
    for event, needed in (("checkout", "add_to_cart"), ("payment", "checkout")):
        came = before[(rows["event"] == event) & (before != event) & (before != "ad_impression")]
        assert (came.dropna() == needed).mean() > 0.9, event
    online = rows[(rows["event"] == "purchase") & rows["channel"].isin(["web", "marketplace"])]
    assert (before[online.index].dropna().isin(["payment", "ad_impression"])).all()


def test_orders_are_collected_delivered_and_returned_elsewhere(year):
    rows, _ = year
    orders = rows[rows["event"] == "purchase"].set_index("order_id")
    ready = rows[rows["event"] == "ready_for_pickup"].set_index("order_id")["timestamp"]
    collected = rows[rows["event"] == "pickup"].set_index("order_id")["timestamp"]
    assert set(ready.index) <= set(orders.index[orders["fulfilment"] == "collect"])
    assert (ready > orders["timestamp"][ready.index]).all()
    assert (collected > ready[collected.index]).all() and 0.6 < len(collected) / len(ready) < 0.9
    back = rows[rows["event"] == "return"].set_index("order_id")["channel"].astype(str)
    elsewhere = back != orders["channel"][back.index].astype(str)
    assert 0.3 < elsewhere.mean() < 0.6
    assert (orders["fulfilment"].notna()).all() and (orders["value"] > 0).all()


def test_visitors_become_known_customers_at_login(year):
    rows, _ = year
    online = rows["channel"].isin(["web", "mobile app"])
    assert rows["visitor_id"].notna().equals(online) and rows["logged_in"].notna().equals(online)
    shop = rows[online].astype({"logged_in": bool})
    assert shop.groupby("visitor_id")["customer_id"].nunique().max() == 1
    app = shop[shop["channel"] == "mobile app"].groupby("customer_id")["visitor_id"].nunique()
    assert app.max() == 1 and shop.groupby("customer_id")["visitor_id"].nunique().max() > 3
    assert shop.loc[shop["event"].isin(["checkout", "purchase"]), "logged_in"].all()
    within = shop.groupby(["session_id", "channel"], observed=True)["logged_in"]
    assert (within.cummax() == shop["logged_in"]).mean() > 0.999
    assert 0.4 < shop["logged_in"].mean() < 0.8


def test_the_checkout_test_is_stamped_once_where_a_customer_is_first_exposed(year):
    rows, _ = year
    stamped = rows[rows["variant"].notna()]
    assert stamped["customer_id"].is_unique and (stamped["event"] == "checkout").all()
    summer = rows["timestamp"].between("2025-04-01", "2025-09-30 23:59:59+00:00")
    exposed = rows[summer & (rows["event"] == "checkout") & rows["device"].notna()]
    pd.testing.assert_index_equal(
        exposed.drop_duplicates("customer_id").index.sort_values(), stamped.index.sort_values()
    )
    assert abs((stamped["variant"] == "treatment").mean() - 0.5) < 2 / np.sqrt(len(stamped))


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
    assert [simulate_table(n, 0)[1]["customers"] for n in (1, 2, 3)] == [1, 2, 3]


def test_blocks_are_the_same_customers_in_less_memory(monkeypatch):
    off = {"retargeting": None, "four_channel_retention": None, "email_effect": None}
    whole, truth = simulate_table(60, 5, **off)
    monkeypatch.setattr(simulate, "BLOCK", 25)
    blocks = SimulatedBlocks(60, 5, off)
    parts = [rows for rows, _ in blocks]
    assert [rows["customer_id"].to_pandas().nunique() for rows in parts] == [25, 25, 10]
    assert len(blocks) == 3 and blocks.truth["purchases"] == truth["purchases"]
    names = ["customer_id", "timestamp", "channel", "event", "value", "visitor_id"]
    order = [(name, "ascending") for name in names[:2]]
    joined = pa.concat_tables(parts)
    assert joined.select(names).sort_by(order).to_pydict() == (
        whole.select(names).sort_by(order).to_pydict()
    )
    for name in ("event_id", "order_id"):
        ids = joined.filter(joined["event"].cast(pa.string()).to_numpy() == "purchase")[name]
        assert len(set(ids.to_pylist())) == len(ids) == truth["purchases"]


def test_many_blocks_are_one_log_in_time_order(monkeypatch):
    monkeypatch.setattr(simulate, "BLOCK", 25)
    rows, truth = simulate_table(60, 5)
    times, customers = rows["timestamp"].to_numpy(), rows["customer_id"].to_pandas()
    assert (np.diff(times) >= np.timedelta64(0)).all()
    ties = np.flatnonzero(np.diff(times) == np.timedelta64(0))
    assert (customers.iloc[ties + 1].to_numpy() >= customers.iloc[ties].to_numpy()).all()
    assert customers.nunique() == truth["counterfactual"].num_rows == 60
    drawn = [block for block, _ in SimulatedBlocks(60, 5, {})]
    by_id = [("event_id", "ascending")]
    assert rows.sort_by(by_id).equals(pa.concat_tables(drawn).sort_by(by_id))
    assert rows["event_id"].to_pandas().is_unique and len(drawn) == 3


@pytest.mark.parametrize(
    ("truths", "words"),
    [
        ({"exit_probabilty": {}}, "Did you mean 'exit_probability'?"),
        ({"exit_probability": {"mobil app": 0.1}}, "Did you mean 'mobile app'?"),
        ({"exit_probability": {"web": 0.0}}, "from 0.02 to 1"),
        ({"exit_probability": 0.2}, "give channels"),
        (
            {"exit_probability": {"chat": 0.9}},
            "exit_probability['chat']=0.9: too high beside chat_handover['share']=0.25",
        ),
        (
            {"exit_probability": {"web": 0.5, "store": 0.9}},
            "['web']=0.5 and exit_probability['store']=0.9: too high beside research_online",
        ),
        ({"exit_probability": {"display": 0.7}}, "beside retargeting=0.4, which can then be at"),
        (
            {"exit_probability": {"chat": 0.9}, "chat_handover": {"share": 0.9}},
            "chat_handover['share']=0.9: give a number from 0 to 0.1",
        ),
        ({"exit_probability": None}, "it cannot be off"),
        ({"order_value": -1}, "order_value=-1"),
        ({"order_value": None}, "it cannot be off"),
        ({"video": 0.1}, "video=0.1: no such truth. Did you mean 'video_uplift'?"),
        ({"xyz": 1}, "'retargeting', 'email_effect', 'video_uplift'"),
        ({"video_uplift": {"x": 1}}, "video_uplift['x']=1: no such part. video_uplift is one"),
        ({"service_rate": float("nan")}, "service_rate=nan"),
        ({"video_uplift": True}, "video_uplift=True"),
        ({"video_uplift": 20}, "from -1 to 9"),
        ({"checkout_test": 0.1}, "or checkout_test=None to switch it off"),
        ({"checkout_test": {"mobile": None}}, "or checkout_test=None to switch it off"),
        ({"checkout_test": {"mobil": 0.1}}, "Did you mean 'mobile'?"),
        ({"channel_dip": {"channel": "stor"}}, "Did you mean 'store'?"),
        ({"channel_dip": {"channel": "web"}}, "comes straight to the web"),
        ({"channel_dip": {"channel": "e-mail"}}, "offers set journeys off there"),
        ({"channel_dip": {"channel": "display"}}, "adverts begin journeys there"),
        ({"channel_dip": {"week": "2025-06-10"}}, "give a Monday of 2025"),
        ({"channel_dip": {"week": "20250609"}}, "give a Monday of 2025"),
        ({"email_effect": 0.2, "exit_probability": {"e-mail": 0.9}}, "can cause at most 0.04"),
        ({"four_channel_retention": 0.15, "service_rate": 1.0}, "seen on many channels. Give less"),
        ({"customers": 0}, "customers=0"),
        ({"seed": -1}, "seed=-1"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_the_way_out(truths, words):
    with pytest.raises(onb.OmninbError) as refused:
        onb.simulate_retailer(**truths)
    assert words in str(refused.value)


def test_the_end_of_a_range_is_in_it_as_it_is_shown():
    for chat in (0.9, 0.7, 0.3):
        share = float(f"{1 - chat:g}")
        _, truth = simulate_table(
            30, 1, exit_probability={"chat": chat}, chat_handover={"share": share}
        )
        assert truth["chat_handover"]["share"] == share


def test_a_dip_shows_on_any_channel_that_can_dip():
    planted = {"channel": "marketplace", "week": "2025-03-03", "size": 0.9}
    shares = {}
    for dip in (planted, None):
        rows = simulate_table(20_000, 4, channel_dip=dip)[0].to_pandas()
        rows = rows.sort_values(["customer_id", "timestamp"], kind="stable")
        gap = rows.groupby("customer_id")["timestamp"].diff()
        week = rows["timestamp"].dt.tz_localize(None).between("2025-03-03", "2025-03-09 23:59:59")
        begun = rows[(gap.isna() | (gap > MONTH)) & week]
        shares[dip is None] = (begun["channel"] == "marketplace").mean()
    assert 0 < shares[False] < 0.25 * shares[True]


def test_the_committed_sample_is_what_the_simulator_gives():
    stored, made = pq.read_table(sample_path()), simulate_table(CUSTOMERS, SEED)[0]
    assert stored.to_pydict() == made.to_pydict()
    assert sample_path().stat().st_size < 2_500_000


def test_both_come_as_event_logs_that_kept_every_row():
    log, truth = onb.simulate_retailer(customers=200, seed=3)
    assert len(log) == truth["touchpoints"] and len(log.quarantine) == 0
    assert log.currency == "EUR"
    shipped = onb.sample()
    assert 55_000 < len(shipped) < 65_000 and len(shipped.quarantine) == 0


@pytest.mark.parametrize("seed", [3, 4, 5])
@pytest.mark.parametrize("block", [25_000, 300])
def test_the_ledger_says_nothing_but_what_was_refunded(monkeypatch, seed, block):
    monkeypatch.setattr(simulate, "BLOCK", block)
    log, truth = onb.simulate_retailer(customers=1_000, seed=seed)
    said = log.quality[log.quality["outcome"] != "count"]
    assert said["check"].tolist() == ["value below 0: refunds"]
    assert said["outcome"].tolist() == ["note"]
    returns = (log.to_frame()["event"] == "return").sum()
    assert said["rows"].tolist() == [returns] and returns > 50
    counted = log.quality.set_index("check")["rows"]
    assert counted["read"] == counted["used"] == truth["touchpoints"]


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
