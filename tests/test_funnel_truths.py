"""Funnels where the truth is known: real logs, and conversions that were planted."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from logs import DAY, EPOCH, HOUR, log_of
from real_logs import LOAN, real_journeys
from test_step_times import quantile

import omninb as onb

LOAN_STEPS = [
    "A_SUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "O_SENT", "O_SENT_BACK", "A_APPROVED",
]  # fmt: skip
LEADS = {"organic search": (271, 2_296), "paid search": (195, 1_586), "social": (75, 1_350),
         "direct traffic": (56, 499), "email": (15, 493)}  # fmt: skip


@pytest.mark.parametrize("attempt", ["furthest", "first"])
def test_the_loan_funnel(real_data, attempt):
    table = onb.funnel_table(real_journeys(real_data, LOAN), LOAN_STEPS, attempt=attempt)
    assert table["customers"].tolist() == [13_087, 7_367, 5_113, 5_015, 3_254, 2_246]


def test_the_loan_funnel_within_thirty_days_by_sql(real_data):
    """First attempts: from step to step the earliest touchpoint, thirty days from the first."""
    window = 30 * DAY
    file = str(real_data / LOAN[0])
    parts = [
        f"""touches AS (
            SELECT "case:concept:name" AS id, "concept:name" AS event, n,
                   epoch_us("time:timestamp"::TIMESTAMPTZ) AS t
            FROM (SELECT *, row_number() OVER () AS n FROM read_csv(?, all_varchar = true))),
        placed AS (
            SELECT *, row_number() OVER (PARTITION BY id ORDER BY t, n) AS place FROM touches),
        until AS (SELECT max(t) AS t FROM touches),
        s0 AS (
            SELECT id, t AS start, t, place, t > (SELECT t FROM until) - {window} AS open
            FROM placed WHERE event = '{LOAN_STEPS[0]}'
            QUALIFY row_number() OVER (PARTITION BY id ORDER BY place) = 1)"""
    ]
    for k, step in enumerate(LOAN_STEPS[1:], 1):
        parts.append(f"""s{k} AS (
            SELECT p.id, p.start, l.t, l.place, p.open FROM s{k - 1} p JOIN placed l
            ON l.id = p.id AND l.place > p.place AND l.event = '{step}'
            AND l.t <= p.start + {window}
            QUALIFY row_number() OVER (PARTITION BY p.id ORDER BY l.place) = 1)""")
    counts = " UNION ALL ".join(
        f"SELECT {k}, count(*) FILTER (NOT open), count(*) FILTER (open) FROM s{k}"
        for k in range(len(LOAN_STEPS))
    )
    rows = duckdb.execute(f"WITH {', '.join(parts)} {counts} ORDER BY 1", [file]).fetchall()
    table = onb.funnel_table(
        real_journeys(real_data, LOAN), LOAN_STEPS, within="30d", attempt="first"
    )
    assert table["customers"].tolist() == [made for _, made, _ in rows]
    assert table["open_converted"].tolist() == [young for _, _, young in rows]
    assert table["open"].tolist() == [rows[0][2]] * len(rows)
    assert 0 < rows[0][2] < 13_087


def seller_journeys(folder):
    """Touchpoints of the marketplace's leads: first contact, and won, on the lead's own channel."""
    leads = pd.read_csv(folder / "seller_funnel/olist_marketing_qualified_leads_dataset.csv")
    deals = pd.read_csv(folder / "seller_funnel/olist_closed_deals_dataset.csv")
    leads["channel"] = leads["origin"].fillna("(no origin)")
    won = deals.merge(leads[["mql_id", "channel"]], on="mql_id")
    columns = ["customer_id", "timestamp", "channel", "event"]
    parts = [
        leads.assign(event="contact")[["mql_id", "first_contact_date", "channel", "event"]],
        won.assign(event="won")[["mql_id", "won_date", "channel", "event"]],
    ]
    touches = pd.concat([part.set_axis(columns, axis=1) for part in parts], ignore_index=True)
    touches["timestamp"] = pd.to_datetime(touches["timestamp"], format="ISO8601")
    # In their own time zone six first contacts would fall into the hour that summer time skips.
    return onb.read_events(touches, timezone="UTC").journeys()


def test_the_seller_leads(real_data):
    journeys = seller_journeys(real_data)
    steps = ["contact", "won"]
    mixed = onb.funnel_table(journeys, steps, order="any", attempt="first", breakdown="channel")
    found = mixed.pivot(index="channel", columns="step", values="customers")
    assert {name: (found.loc[name, 2], found.loc[name, 1]) for name in LEADS} == LEADS
    assert (found[1].sum(), found[2].sum()) == (8_000, 842)
    ordered = onb.funnel_table(journeys, steps, attempt="first", breakdown="channel")
    found = ordered.pivot(index="channel", columns="step", values="customers")
    # One lead was won before its first contact.
    assert (found.loc["organic search", 2], found[2].sum()) == (270, 841)
    assert onb.funnel_table(journeys, steps)["customers"].tolist() == [8_000, 841]
    frame = journeys.to_frame().pivot(index="customer_id", columns="event", values="timestamp")
    wait = frame["won"] - frame["contact"]
    made = wait > pd.Timedelta(0)
    assert wait[made].median().days == 14
    unseen = frame.max(axis=None) - frame["contact"]
    waits = (wait.where(made, unseen) / pd.Timedelta("1us")).to_numpy()
    # Late leads had less time to be won, so that those who were are the quick ones.
    median = onb.funnel_table(journeys, steps, attempt="first")["median_time"][1]
    assert median.days == 17
    exact = quantile(list(zip(waits, made, strict=True)), 0.5)
    assert median / pd.Timedelta("1us") == pytest.approx(exact, rel=1 / 64)


def planted(seed, customers=2_000, truth=0.10, days=60, window=30):
    """Customers come all the time; a tenth convert, at any time within the window."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        begin = rng.uniform(0, days)
        rows.append((f"c{customer}", int(begin * DAY), "web", "view"))
        end = begin + rng.uniform(0, window)
        if rng.random() < truth and end < days:
            rows.append((f"c{customer}", int(end * DAY), "web", "pay"))
    until = np.datetime64(EPOCH + days * DAY, "us")
    return log_of(rows).journeys(observed_until=until)


def test_a_planted_conversion_is_recovered_without_bias():
    tables = [onb.funnel_table(planted(seed), ["view", "pay"], "30d") for seed in range(15)]
    begun, made = (sum(int(table["customers"][k]) for table in tables) for k in (0, 1))
    error = np.sqrt(0.1 * 0.9 / begun)
    assert abs(made / begun - 0.1) < 3 * error
    # Converted so far, of all who began, and with those of the young who converted:
    begun += sum(int(table["open"][0]) for table in tables)
    so_far = made + sum(int(table["open_converted"][1]) for table in tables)
    assert so_far / begun < 0.1 - 3 * error
    known = begun - sum(int(table["open"][0] - table["open_converted"][1]) for table in tables)
    assert so_far / known > 0.1 + 3 * error
    assert sum(table["conversion_rate_ci_lower"][1] < 0.1 < table["conversion_rate_ci_upper"][1]
               for table in tables) >= 12  # fmt: skip


CHANCES = {"mobile": 0.20, "desktop": 0.50}


def retries(seed, customers=1_500):
    """Who fails tries again, on mobile first and later more often at the desktop."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        time = int(rng.integers(0, 20)) * DAY
        for nth in range(6):
            channel = "mobile" if rng.random() < 0.8 - 0.1 * nth else "desktop"
            rows.append((f"c{customer}", time, channel, "start"))
            if rng.random() < CHANCES[channel]:
                rows.append((f"c{customer}", time + int(rng.integers(1, HOUR)), channel, "done"))
                break
            time += int(rng.integers(HOUR, DAY))
    return log_of(rows).journeys(observed_until="2025-02-15")


def test_planted_chances_of_each_attempt_are_recovered():
    tables = [
        onb.funnel_table(
            retries(seed), ["start", "done"], "2h", attempt="every", breakdown="channel"
        ).set_index(["channel", "step"])
        for seed in range(8)
    ]
    for channel, truth in CHANCES.items():
        tries, done = (sum(int(t["attempts"][channel, k]) for t in tables) for k in (1, 2))
        assert abs(done / tries - truth) < 3 * np.sqrt(truth * (1 - truth) / tries)
        assert {t["interval_method"][channel, 2] for t in tables} == {"jackknife"}
    held = [
        row["conversion_rate_ci_lower"] < truth < row["conversion_rate_ci_upper"]
        for channel, truth in CHANCES.items()
        for row in (table.loc[(channel, 2)] for table in tables)
    ]
    assert sum(held) >= 13
    # Customers who made it at last say nothing of an attempt's chance.
    furthest = onb.funnel_table(retries(0), ["start", "done"], "2h")["conversion_rate"][1]
    assert furthest > 0.6
    differ = tables[0].loc[("mobile", 2)]
    assert differ["difference_ci_upper"] < 0 and differ["p_adjusted"] < 0.001


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
