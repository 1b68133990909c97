"""Each planted truth, calculated from the log alone in SQL: found where it is on, absent where off.

Twenty logs with everything on and twenty with everything off, of the same seeds, serve all truths.
An estimate is held against the truth in its standard errors, in each log and over all logs; and
what is planted must be far from nothing, or the calculation would show nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from omninb.retailer.truths import ALWAYS, DEFAULTS
from omninb.simulate import simulate_table

SEEDS, CUSTOMERS = range(20), 4_500
# No truth and no part of one as it is by default.
OTHER = {
    "exit_probability": {
        "web": 0.12, "mobile app": 0.08, "store": 0.30, "call centre": 0.22, "chat": 0.25,
        "e-mail": 0.18, "social": 0.40, "paid search": 0.20, "display": 0.45, "marketplace": 0.15,
    },
    "order_value": 120.0,
    "service_rate": 0.60,
    "mobile_payment_stall": {"share": 0.50, "finish": 0.60},
    "research_online_purchase_offline": 0.20,
    "chat_handover": {"share": 0.40, "repeat": 0.50, "csat": 0.6},
    "retargeting": 0.25,
    "email_effect": 0.15,
    "video_uplift": 0.60,
    "four_channel_retention": 0.06,
    "slow_weekend_pickup": 1.8,
    "checkout_test": {"mobile": -0.15, "desktop": 0.20},
    "channel_dip": {"channel": "social", "week": "2025-11-10", "size": 0.8},
    "mix_shift": {"improvement": 0.15, "mobile_share": 0.55},
}  # fmt: skip
OFF = {name: None for name in DEFAULTS if name not in ALWAYS}
NEEDED = [
    "customer_id", "timestamp", "channel", "event", "session_id", "device", "campaign", "variant",
    "order_id", "value", "score", "mail_group", "ad_group", "segment",
]  # fmt: skip

# Touchpoints with the one before and after, and their journey: a purchase ends it, as does a gap
# of more than 30 days.
TOUCHPOINTS = """
create table touch as
with beside as (
    select *, lag(timestamp) over w as prev_time, lag(event) over w as prev_event,
        lag(channel) over w as prev_channel, lead(timestamp) over w as next_time,
        lead(event) over w as next_event, lead(channel) over w as next_channel,
        lead(session_id) over w as next_session
    from log window w as (partition by customer_id order by timestamp)
)
select *, coalesce(timestamp - prev_time > interval 30 day, true) as rested,
    coalesce(next_time - timestamp <= interval 30 day, false) as goes_on,
    sum((rested or prev_event = 'purchase')::int)
        over (partition by customer_id order by timestamp) as journey
from beside;

create table purchase as from touch where event = 'purchase';

create table look as  -- the first look at a product, of each journey that has one
select customer_id, journey, min(timestamp) as timestamp, arg_min(channel, timestamp) as channel,
    arg_min(event, timestamp) as event
from touch
where event in ('view_product', 'watch_video') and channel in ('web', 'mobile app')
group by all;
"""

Estimate = tuple[float, float]  # with its standard error
Query = Callable[[str], list[tuple]]


def share(query: Query, counted: str, of: str) -> Estimate:
    """A share of rows, with its binomial standard error."""
    ((hits, n),) = query(f"select count(*) filter ({counted}), count(*) from {of}")
    p = hits / n if n else 0.0
    return p, (p * (1 - p) / n) ** 0.5 if n else 0.0


def log_ratio(query: Query, counted: str, arm: str, of: str) -> Estimate:
    """The log of a ratio of two shares: rows where `arm` is true against the others."""
    rows = query(f"select {arm}, count(*) filter ({counted}), count(*) from {of} group by 1")
    hits, n = np.array(sorted(rows), float)[:, 1:].T
    return log(hits[1] / n[1] * n[0] / hits[0]), float((1 / hits - 1 / n).sum() ** 0.5)


def log_ratio_of_means(query: Query, value: str, arm: str, of: str) -> Estimate:
    rows = query(f"select {arm}, avg({value}), var_samp({value}), count(*) from {of} group by 1")
    mean, variance, n = np.array(sorted(rows), float)[:, 1:].T
    return log(mean[1] / mean[0]), float((variance / n / mean**2).sum() ** 0.5)


def difference(query: Query, value: str, arm: str, of: str) -> Estimate:
    """Mean where `arm` is true less where it is false; nothing where one has no rows."""
    rows = query(f"select {arm}, avg({value}), var_samp({value}), count(*) from {of} group by 1")
    if len(rows) < 2:
        return 0.0, 0.0
    mean, variance, n = np.array(sorted(rows), float)[:, 1:].T
    return mean[1] - mean[0], float((variance / n).sum() ** 0.5)


def bought_within(days: int, what: str) -> str:
    """Whether the customer of a row ``t`` purchases in such a place in the days after it."""
    return f"""exists (from purchase p where p.customer_id = t.customer_id and {what}
        and p.timestamp > t.timestamp and p.timestamp - t.timestamp <= interval {days} day)"""


STALLED = "event = 'payment' and channel = 'mobile app' and goes_on"
HANDED = "next_channel = 'call centre' and next_event = 'contact' " \
    "and next_time - timestamp <= interval 1 hour"  # fmt: skip
VISITS = """(  -- to the web, but those that go to finish a stalled payment
    select session_id, any_value(device) as device, min(timestamp) as begun
    from touch where channel = 'web' group by all
    having arg_min(event, timestamp) not in ('payment', 'purchase'))"""
LAST_MESSAGE = """(
    select p.customer_id, p.timestamp, arg_max(m.campaign, m.timestamp) as campaign
    from purchase p left join touch m on m.customer_id = p.customer_id and m.journey = p.journey
        and m.channel in ('e-mail', 'social', 'paid search', 'display')
    where p.channel in ('web', 'mobile app') and p.ad_group = 'shown'
        and p.timestamp between '2025-04-02' and '2025-09-30 23:59:59'
    group by all)"""
BACK = """(
    select customer_id, count(distinct channel) filter (timestamp < '2025-04-01') >= 4 as four,
        any_value(segment) = 'club' as club, bool_or(rested and timestamp >= '2025-10-01') as back
    from touch group by 1 having min(timestamp) < '2025-04-01')"""
PICKUP = """(
    select isodow(p.timestamp) >= 6 as weekend, ln(epoch(r.timestamp - p.timestamp)) as wait
    from purchase p join touch r using (order_id) where r.event = 'ready_for_pickup')"""
# Journeys begun two months around the week of a dip.
BEGUN = """
create table begun as
select date_trunc('week', timestamp) = date '{week}' as dip, channel = '{channel}' as there
from touch
where rested and channel not in ('e-mail', 'display')
    and timestamp >= date '{week}' - interval 63 day
    and timestamp < date '{week}' + interval 63 day
"""


def purchases(group: str, since: str, until: str) -> str:
    """Customers, with their purchases in that time."""
    return f"""(select customer_id, any_value({group}) as arm, count(*) filter (event = 'purchase'
        and timestamp >= '{since}' and timestamp < '{until}') as n from touch group by 1)"""


def in_test(query: Query, device: str) -> Estimate:
    in_visit = (
        "exists (from purchase p where p.session_id = t.session_id and p.timestamp > t.timestamp)"
    )
    arms = f"touch t where variant is not null and device = '{device}'"
    return log_ratio(query, in_visit, "variant = 'treatment'", arms)


def checked_out(query: Query, of: str = "true") -> Estimate:
    baskets = f"touch where event = 'add_to_cart' and channel = 'web' and {of}"
    return log_ratio(
        query, "next_event = 'checkout' and next_session = session_id",
        "timestamp >= '2025-07-01'", baskets,
    )  # fmt: skip


# What is calculated; the planted value; its name in the truth.
CALCULATIONS: dict[str, tuple[Callable[[Query], Estimate], Callable[[dict], float]]] = {
    "mobile_payment_stall": (
        lambda q: share(q, "next_session <> session_id", f"touch where {STALLED}"),
        lambda truth: truth["share"],
    ),
    "mobile_payment_stall, finished": (
        lambda q: share(
            q, bought_within(3, "p.channel = 'web' and p.device = 'desktop'"),
            f"touch t where {STALLED} and next_session <> session_id and timestamp < '2025-12-28'",
        ),
        lambda truth: truth["finish"],
    ),
    "research_online_purchase_offline": (
        lambda q: share(
            q, bought_within(7, "p.channel = 'store'"),
            "look t where channel = 'web' and timestamp < '2025-12-25'",
        ),
        lambda truth: truth,
    ),
    "chat_handover": (
        lambda q: share(
            q, HANDED,
            "touch where channel = 'chat' and event = 'contact' and timestamp < '2025-12-31'",
        ),
        lambda truth: truth["share"],
    ),
    "chat_handover, repeated": (
        lambda q: difference(
            q, "(next_event = 'contact' and next_time - timestamp <= interval 7 day)::int",
            "prev_channel = 'chat' and prev_event = 'contact' "
            "and timestamp - prev_time <= interval 1 hour",
            "touch where channel = 'call centre' and event = 'contact' and goes_on "
            "and prev_time is not null and timestamp < '2025-12-01'",
        ),
        lambda truth: truth["repeat"],
    ),
    "chat_handover, score": (
        lambda q: difference(
            q, "score", f"not coalesce({HANDED}, false)",
            "touch where channel = 'chat' and event = 'contact' and score is not null",
        ),
        lambda truth: truth["csat"],
    ),
    "retargeting": (
        lambda q: share(q, "campaign = 'retargeting'", LAST_MESSAGE),
        lambda truth: truth,
    ),
    "retargeting, effect": (
        lambda q: log_ratio_of_means(
            q, "n", "arm = 'shown'", purchases("ad_group", "2025-04-02", "2025-10-01")
        ),
        lambda truth: 0.0,
    ),
    "email_effect": (
        lambda q: log_ratio_of_means(
            q, "n", "arm = 'sent'", purchases("mail_group", "2025-04-09", "2026-01-01")
        ),
        lambda truth: log(1 + truth),
    ),
    "video_uplift": (
        lambda q: log_ratio(
            q, bought_within(3, "p.channel = 'store'"), "event = 'watch_video'",
            "look t where channel = 'mobile app' and timestamp < '2025-12-29'",
        ),
        lambda truth: log(1 + truth),
    ),
    "four_channel_retention": (
        lambda q: log_ratio(q, "back", "four", BACK),
        lambda truth: log(1 + truth),
    ),
    "four_channel_retention, club members": (
        lambda q: log_ratio(q, "back", "four", f"{BACK} where club"),
        lambda truth: 0.0,
    ),
    "four_channel_retention, guests": (
        lambda q: log_ratio(q, "back", "four", f"{BACK} where not club"),
        lambda truth: 0.0,
    ),
    "slow_weekend_pickup": (
        lambda q: difference(q, "wait", "weekend", PICKUP),
        lambda truth: log(truth),
    ),
    "checkout_test, mobile": (
        lambda q: in_test(q, "mobile"),
        lambda truth: log(1 + truth["mobile"]),
    ),
    "checkout_test, desktop": (
        lambda q: in_test(q, "desktop"),
        lambda truth: log(1 + truth["desktop"]),
    ),
    "channel_dip": (
        lambda q: log_ratio(q, "there", "dip", "begun"),
        lambda truth: log(1 - truth["size"]),
    ),
    "mix_shift, visits by phone": (
        lambda q: difference(q, "(device = 'mobile')::int", "begun >= '2025-07-01'", VISITS),
        lambda truth: truth["mobile_share"] - 0.40,
    ),
    "mix_shift, mobile": (
        lambda q: checked_out(q, "device = 'mobile'"),
        lambda truth: log(1 + truth["improvement"]),
    ),
    "mix_shift, desktop": (
        lambda q: checked_out(q, "device = 'desktop'"),
        lambda truth: log(1 + truth["improvement"]),
    ),
}  # fmt: skip
# What looks like an effect and is none, or is tested where there is none.
NOTHING = {
    "retargeting, effect", "checkout_test, desktop",
    "four_channel_retention, club members", "four_channel_retention, guests",
}  # fmt: skip


def estimates(table: pa.Table, dip: dict = DEFAULTS["channel_dip"]) -> dict[str, Estimate]:
    """All calculations on one log, with a dip in that week."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("log", table.select(NEEDED))
        connection.execute(TOUCHPOINTS + BEGUN.format(**dip))
        found = {
            name: calculate(lambda sql: connection.sql(sql).fetchall())
            for name, (calculate, _) in CALCULATIONS.items()
        }
        ask = lambda sql: connection.sql(sql).fetchall()  # noqa: E731
        for channel in DEFAULTS["exit_probability"]:
            old = f"touch where channel = '{channel}' and timestamp < '2025-12-01'"
            ends = "event <> 'purchase' and not goes_on"
            found[f"exit, {channel}"] = share(ask, ends, old)
        found["mix_shift"] = checked_out(ask)
        old = "touch where event = 'purchase' and timestamp < '2025-12-09'"
        found["service_rate"] = share(ask, "next_time - timestamp <= interval 22 day", old)
        ((mean, variance, n),) = ask("select avg(value), var_samp(value), count(*) from purchase")
        found["order_value"] = (mean, (variance / n) ** 0.5)
    return found


@pytest.fixture(scope="module")
def on() -> list[dict[str, Estimate]]:
    return [estimates(simulate_table(CUSTOMERS, seed)[0]) for seed in SEEDS]


@pytest.fixture(scope="module")
def off() -> list[dict[str, Estimate]]:
    return [estimates(simulate_table(CUSTOMERS, seed, **OFF)[0]) for seed in SEEDS]


def scores(found: list[dict[str, Estimate]], name: str, value: float) -> np.ndarray:
    """How many standard errors each log's estimate is away from a value."""
    estimate, error = np.array([one[name] for one in found]).T
    assert (error[estimate != value] > 0).all(), "an estimate without error that is not the truth"
    return np.where(error > 0, (estimate - value) / np.maximum(error, 1e-12), 0.0)


def pooled(z: np.ndarray) -> float:
    return float(z.sum() / len(z) ** 0.5)


@pytest.mark.parametrize("name", CALCULATIONS)
def test_a_planted_truth_is_found_in_every_log_and_over_all(on, name):
    planted = CALCULATIONS[name][1](DEFAULTS[name.split(",")[0]])
    z = scores(on, name, planted)
    assert abs(z).max() < 4.5 and abs(pooled(z)) < 3.5
    far_from_nothing = abs(pooled(scores(on, name, 0.0)))
    assert far_from_nothing < 3.5 if name in NOTHING else far_from_nothing > 5


@pytest.fixture(scope="module")
def other() -> list[dict[str, Estimate]]:
    logs = (simulate_table(CUSTOMERS, seed, **OTHER)[0] for seed in SEEDS[:5])
    return [estimates(table, OTHER["channel_dip"]) for table in logs]


def test_every_truth_has_another_value_among_the_others():
    for name, value in DEFAULTS.items():
        default, given = (v if isinstance(v, dict) else {"": v} for v in (value, OTHER[name]))
        assert default.keys() == given.keys()
        assert all(default[part] != given[part] for part in default), name


@pytest.mark.parametrize("name", [*CALCULATIONS, "order_value", "service_rate"])
def test_a_truth_of_another_value_is_found_too(other, name):
    whole = name.split(",")[0]
    planted = CALCULATIONS[name][1](OTHER[whole]) if name in CALCULATIONS else OTHER[whole]
    z = scores(other, name, planted)
    assert abs(z).max() < 4.5 and abs(pooled(z)) < 3.5


@pytest.mark.parametrize("channel", OTHER["exit_probability"])
def test_another_exit_probability_is_found_too(other, channel):
    z = scores(other, f"exit, {channel}", OTHER["exit_probability"][channel])
    assert abs(z).max() < 4.5 and abs(pooled(z)) < 3.5
    assert abs(pooled(scores(other, f"exit, {channel}", DEFAULTS["exit_probability"][channel]))) > 2


@pytest.mark.parametrize("name", CALCULATIONS)
def test_nothing_is_found_where_it_is_switched_off(off, name):
    z = scores(off, name, 0.0)
    assert abs(z).max() < 4.5 and abs(pooled(z)) < 3.5


@pytest.mark.parametrize("name", ["order_value", "service_rate"])
def test_what_every_log_has_is_found_in_every_log_and_over_all(on, off, name):
    for found in (on, off):
        z = scores(found, name, DEFAULTS[name])
        assert abs(z).max() < 4.5 and abs(pooled(z)) < 3.5


def test_e_mail_that_causes_a_purchase_seldom_gets_the_last_touch():
    table = simulate_table(20_000, 1)[0].select(NEEDED)
    with duckdb.connect() as connection:
        connection.register("log", table)
        connection.execute(TOUCHPOINTS)
        last = connection.sql("""
            select arg_max(m.channel, m.timestamp) from purchase p join touch m
                using (customer_id, journey)
            where m.channel in ('e-mail', 'social', 'paid search', 'display')
            group by customer_id, journey having bool_or(m.campaign = 'personal_offer')
        """).fetchall()
    assert len(last) > 200
    assert sum(channel == "e-mail" for (channel,) in last) / len(last) < 0.35


@pytest.mark.parametrize("truth", OFF)
def test_a_truth_that_alone_is_switched_off_is_absent(truth):
    found = estimates(simulate_table(CUSTOMERS, 50, **{truth: None})[0])
    for name in CALCULATIONS:
        if name.split(",")[0] == truth:
            assert abs(scores([found], name, 0.0)).max() < 4


def test_the_mix_of_devices_turns_the_improvement_round(on, off):
    assert pooled(scores(on, "mix_shift", 0.0)) < -8
    assert abs(pooled(scores(off, "mix_shift", 0.0))) < 3.5
