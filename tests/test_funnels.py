"""Funnels: logs to count by hand, the machine that tries every chain, SQL, and planted rates."""

from __future__ import annotations

from collections import Counter, defaultdict

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from logs import DAY, EPOCH, HOUR, log_of, random_rows
from naive_funnels import naive_attempts
from real_logs import LOAN, real_journeys
from statsmodels.duration.survfunc import SurvfuncRight

import omninb as onb
from omninb import OmninbError
from omninb.attempts import Search
from omninb.funnel_steps import FunnelSteps
from omninb.funnel_tally import FunnelTally

STEPS = ["view", "ask", "purchase"]
RATES = ["conversion_rate", "step_conversion_rate", "population_rate"]


def day(number, event, customer="a", channel="web"):
    return (customer, number * DAY, channel, event)


def units_of(rows, unit):
    units = defaultdict(list)
    for row in sorted(rows, key=lambda row: row[1]):
        customer, time, *_ = row
        if unit == "journey" and units[customer] and time - units[customer][-1][-1][1] <= 30 * DAY:
            units[customer][-1].append(row)
        elif unit == "journey" or not units[customer]:
            units[customer].append([row])
        else:
            units[customer][-1].append(row)
    return units


@settings(max_examples=120)
@given(
    random_rows(),
    st.sampled_from(["ordered", "strict", "any"]),
    st.sampled_from(["furthest", "first", "every"]),
    st.sampled_from([None, 3, 20]),
    st.sampled_from(["customer", "journey"]),
)
def test_all_counts_are_those_of_the_machine_that_tries_every_chain(
    rows, order, attempt, within, unit
):
    assume({event for *_, event in rows} >= set(STEPS))
    until = max(row[1] for row in rows)
    log = log_of(rows)
    table = onb.funnel_table(
        log.journeys(split_gap="30d"), STEPS, None if within is None else f"{within}d",
        order=order, attempt=attempt, unit=unit,
    )  # fmt: skip
    reached, customers, late = Counter(), defaultdict(set), Counter()
    units = units_of(rows, unit)
    window = None if within is None else within * DAY
    for customer, own in units.items():
        for touches in own:
            fits = [(row[1], {STEPS.index(row[3])}, set()) for row in touches]
            for chain, _, open_ in naive_attempts(fits, 3, order, attempt, window, until):
                late["open"] += open_
                for k in range(len(chain)):
                    late[k] += open_
                    reached[k] += not open_
                    customers[k] |= {customer} - ({customer} if open_ else set())
    counted = table[table.attrs["unit"]]
    assert counted.tolist() == [reached[k] for k in range(3)]
    assert table["customers"].tolist() == [len(customers[k]) for k in range(3)]
    assert table["open"].tolist() == [late["open"]] * 3
    assert table["open_converted"].tolist() == [late[k] for k in range(3)]
    if reached[0]:
        whole = np.array([reached[k] for k in range(3)])
        assert np.allclose(table["conversion_rate"], whole / whole[0])
        before = np.where(whole[:-1] > 0, whole[:-1], 1)
        steps = np.where(whole[:-1] > 0, whole[1:] / before, np.nan)
        assert np.allclose(table["step_conversion_rate"][1:], steps, equal_nan=True)
        assert np.allclose(table["drop_off"][1:], 1 - steps, equal_nan=True)


@given(random_rows(distinct_times=True), st.randoms(use_true_random=False))
def test_permuting_rows_changes_nothing(rows, random):
    assume({event for *_, event in rows} >= set(STEPS))
    tables = []
    for _ in range(2):
        tables.append(
            onb.funnel_table(log_of(rows).journeys(), STEPS, "20d", attempt="first",
                             breakdown="channel")
        )  # fmt: skip
        random.shuffle(rows)
    pd.testing.assert_frame_equal(*tables)


@given(random_rows(), random_rows())
def test_tallies_of_disjoint_customers_add(rows, more):
    more = [(f"other {customer}", *rest) for customer, *rest in more]
    everyone = [*rows, *more]
    assume(all({e for *_, e in part} >= {"view", "purchase"} for part in (rows, more)))
    ends = {"observed_from": "2025-01-01", "observed_until": "2025-07-01"}

    def tally(part):
        journeys = log_of(part, **ends).journeys()
        asked = FunnelSteps.of(["view", "purchase"])
        return FunnelTally.of(Search.of(journeys, asked, "20d", attempt="first"), "channel")

    assert tally(rows) + tally(more) == tally(everyone)


@given(random_rows())
def test_a_longer_log_never_takes_a_conversion_back(rows):
    assume({event for *_, event in rows} >= set(STEPS))
    converted = [
        onb.funnel_table(
            log_of(rows, observed_until=f"2025-{month}-01").journeys(), STEPS, "20d",
            attempt="first",
        )["customers"].tolist()
        for month in ("07", "12")
    ]  # fmt: skip
    assert all(a <= b for a, b in zip(*converted, strict=True))


def test_rates_bounds_and_levels_of_a_log_to_count_by_hand():
    rows = [
        row
        for i in range(40)
        for row in [
            day(i, "view", f"c{i}", "web" if i % 2 else "app"),
            *([day(i + 1, "purchase", f"c{i}")] if i % 4 else []),
        ]
    ]
    log = log_of(rows, observed_until="2025-06-01")
    funnel = onb.funnel_table(log.journeys(), ["view", "purchase"], "7d")
    assert funnel["customers"].tolist() == [40, 30]
    last = funnel.iloc[1]
    assert (
        last["conversion_rate"] == last["step_conversion_rate"] == last["population_rate"] == 0.75
    )
    assert last["interval_method"] == "wilson"
    bounds = last[["conversion_rate_ci_lower", "conversion_rate_ci_upper"]].astype(float)
    assert bounds.round(4).tolist() == [0.5981, 0.8581]
    assert last["median_time"] == pd.Timedelta(days=1)
    levels = onb.funnel_table(
        log.journeys(), ["view", "purchase"], "7d", attempt="first", breakdown="channel"
    )
    assert levels.set_index(["channel", "step"])["customers"].to_dict() == {
        ("app", 1): 20, ("app", 2): 10, ("web", 1): 20, ("web", 2): 20,
    }  # fmt: skip
    app = levels[(levels["channel"] == "app") & (levels["step"] == 2)].iloc[0]
    assert app["difference"] == -0.5 and app["difference_ci_upper"] < 0
    assert app["p_adjusted"] < 0.01


def test_money_stays_with_those_who_come_no_further():
    frame = pd.DataFrame(
        [("a", "view", None), ("a", "cart", 30.5), ("b", "view", None), ("b", "cart", 12.25),
         ("b", "purchase", 12.0)],
        columns=["customer_id", "event", "value"],
    )  # fmt: skip
    frame["timestamp"] = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(range(5), unit="h")
    frame["channel"] = "web"
    journeys = onb.read_events(frame).journeys()
    value = onb.funnel_table(journeys, ["view", "cart", "purchase"])["value"].tolist()
    assert np.isnan(value[0]) and value[1:] == [30.5, 12.0]


@pytest.mark.parametrize("seed", range(3))
def test_times_are_kaplan_meier_s(seed):
    random = np.random.default_rng(seed)
    starts = random.integers(0, 60 * 24, 400) * HOUR
    waits = (random.exponential(20, 400) * DAY).astype(int)
    until = 60 * DAY
    rows = [(f"c{i}", int(t), "web", "view") for i, t in enumerate(starts)]
    rows += [
        (f"c{i}", int(t + w), "web", "purchase")
        for i, (t, w) in enumerate(zip(starts, waits, strict=True))
        if t + w <= until
    ]
    log = log_of(rows, observed_until=pd.Timestamp(EPOCH + until, unit="us", tz="UTC"))
    row = onb.funnel_table(log.journeys(), ["view", "purchase"], attempt="first").iloc[1]
    seen = np.minimum(waits, until - starts)
    curve = SurvfuncRight(seen, waits <= until - starts)
    share = 1 - curve.surv_prob
    for name, q in (("median_time", 0.5), ("p90_time", 0.9)):
        exact = curve.surv_times[np.argmax(share >= q * share[-1] - 1e-12)]
        assert row[name] / pd.Timedelta(exact, unit="us") == pytest.approx(
            1, abs=0.03
        )  # buckets, and gaps between 200 waits


def test_periods_stand_side_by_side():
    rows = [day(i, "view", f"c{i}") for i in range(60)]
    rows += [day(i + 1, "purchase", f"c{i}") for i in range(60) if i < 15 or i >= 30]
    log = log_of(rows, observed_until="2025-06-01")
    halves = [("2025-01-01", "2025-01-31"), ("2025-01-31", "2025-03-02")]
    table = onb.funnel_period_table(log.journeys(), ["view", "purchase"], halves, "7d")
    assert table["customers"].tolist() == [30, 15, 30, 30]
    assert np.isnan(table["difference"][1]) and table["difference"][3] == 0.5
    with pytest.raises(OmninbError, match="without a window"):
        onb.funnel_period_table(log.journeys(), ["view", "purchase"], halves)


def test_a_planted_conversion_is_recovered_from_a_log_of_two_windows():
    """A tenth convert within 30 days; counting immature ones would say less, or far more."""
    estimates = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        n = 3_000
        start = random.random(n) * 60 * DAY
        converts = random.random(n) < 0.10
        wait = random.random(n) * 30 * DAY
        seen = converts & (start + wait <= 60 * DAY)
        rows = [(f"c{i}", int(t), "web", "view") for i, t in enumerate(start)]
        rows += [
            (f"c{i}", int(start[i] + wait[i]), "web", "purchase") for i in np.flatnonzero(seen)
        ]
        log = log_of(rows, observed_until=pd.Timestamp(EPOCH + 60 * DAY, unit="us", tz="UTC"))
        row = onb.funnel_table(log.journeys(), ["view", "purchase"], "30d").iloc[1]
        estimates.append((row["customers"], row["customers"] / row["conversion_rate"]))
    converted, began = np.array(estimates).sum(axis=0)
    assert abs(converted / began - 0.10) < 3 * np.sqrt(0.09 / began)


def test_planted_rates_of_attempts_are_recovered_with_retries():
    """Mobile .20, desktop .50; who fails tries again, and every attempt counts where it began."""
    random, rows = np.random.default_rng(5), []
    for i in range(4_000):
        at = int(random.integers(0, 30 * DAY))
        for _ in range(6):
            channel = "mobile" if random.random() < 0.6 else "desktop"
            rows.append((f"c{i}", at, channel, "try"))
            if random.random() < (0.2 if channel == "mobile" else 0.5):
                rows.append((f"c{i}", at + HOUR, channel, "done"))
                break
            at += int(random.integers(2 * HOUR, 5 * DAY))
    log = log_of(rows, observed_until="2025-06-01")
    table = onb.funnel_table(
        log.journeys(), ["try", "done"], "1d", attempt="every", breakdown="channel"
    )
    last = table[table["step"] == 2].set_index("channel")
    began = table[table["step"] == 1].set_index("channel")["attempts"]
    for channel, p in (("mobile", 0.2), ("desktop", 0.5)):
        error = np.sqrt(p * (1 - p) / began[channel])
        assert abs(last.loc[channel, "conversion_rate"] - p) < 3.5 * error


def test_the_loan_log_s_known_numbers(real_data):
    steps = ["A_SUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "O_SENT", "O_SENT_BACK", "A_APPROVED"]
    funnel = onb.funnel_table(real_journeys(real_data, LOAN), steps)
    assert funnel["customers"].tolist() == [13_087, 7_367, 5_113, 5_015, 3_254, 2_246]


def test_the_seller_leads_known_numbers(real_data):
    folder = real_data / "seller_funnel"
    leads = pd.read_csv(folder / "olist_marketing_qualified_leads_dataset.csv")
    deals = pd.read_csv(folder / "olist_closed_deals_dataset.csv")
    names = ["customer_id", "timestamp", "channel"]
    contacts = leads[["mql_id", "first_contact_date", "origin"]].set_axis(names, axis=1)
    contacts["timestamp"] = contacts["timestamp"] + " 00:00:00"
    won = deals.merge(leads, on="mql_id")[["mql_id", "won_date", "origin"]].set_axis(names, axis=1)
    frame = pd.concat([contacts.assign(event="contact"), won.assign(event="won")])
    journeys = onb.read_events(frame.fillna({"channel": "(none)"}), timezone="UTC").journeys()
    found = {}
    for order in ("any", "ordered"):
        table = onb.funnel_table(
            journeys, ["contact", "won"], order=order, attempt="first", breakdown="channel"
        )
        found[order] = table[table["step"] == 2].set_index("channel")["customers"]
        whole = table[table["step"] == 1].set_index("channel")["customers"]
    assert found["any"].sum() == 842 and found["ordered"].sum() == 841
    asked = {
        "organic search": 271,
        "paid search": 195,
        "social": 75,
        "direct traffic": 56,
        "email": 15,
    }
    assert {name: int(found["any"][name]) for name in asked} == asked
    assert found["ordered"]["organic search"] == 270 and whole["organic search"] == 2_296


def test_a_funnel_of_customers_equals_sql():
    log = onb.sample()
    frame = log.to_frame()[["customer_id", "timestamp", "event"]]
    frame["event"], frame["timestamp"] = (
        frame["event"].astype(str),
        frame["timestamp"].dt.tz_localize(None),
    )
    until = pd.Timestamp(log.observed_until, unit="us") - pd.Timedelta(days=7)
    counts = duckdb.sql(
        """WITH first AS (SELECT customer_id, min(timestamp) AS t1 FROM frame
             WHERE event = 'add_to_cart' GROUP BY ALL HAVING t1 <= $until),
           second AS (SELECT f.customer_id, t1, min(timestamp) AS t2 FROM first f
             JOIN frame e ON e.customer_id = f.customer_id AND e.event = 'checkout'
              AND e.timestamp > t1 AND e.timestamp <= t1 + INTERVAL 7 DAY GROUP BY ALL),
           third AS (SELECT s.customer_id FROM second s
             JOIN frame e ON e.customer_id = s.customer_id AND e.event = 'purchase'
              AND e.timestamp > t2 AND e.timestamp <= t1 + INTERVAL 7 DAY GROUP BY ALL)
        SELECT (SELECT count(*) FROM first), (SELECT count(*) FROM second),
               (SELECT count(*) FROM third)""",
        params={"until": until},
    ).fetchall()
    funnel = onb.funnel_table(
        log.journeys(), ["add_to_cart", "checkout", "purchase"], "7d", attempt="first"
    )
    assert [tuple(funnel["customers"])] == counts


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"breakdown": "channel"}, "selects on the outcome"),
        ({"unit": "session"}, "unit='session'"),
        ({"within": "7"}, "unit"),
        ({"attempt": "last"}, "attempt='last'"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments, words):
    journeys = log_of([day(0, "view"), day(1, "purchase")]).journeys()
    with pytest.raises(OmninbError, match=words):
        onb.funnel_table(journeys, ["view", "purchase"], **arguments)
