"""Journeys: counted by hand first, then against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import DAY, HOUR, log_of, random_rows
from naive import naive_journeys

import omninb as onb

RULES = st.fixed_dictionaries(
    {},
    optional={
        "split_gap": st.sampled_from(["12h", "3d", "20d"]),
        "end_at": st.just("purchase"),
        "lost_at": st.just("ask"),
    },
)


def as_naive(journeys):
    """Journeys as a sorted list of (customer, touches, state)."""
    frame = journeys.to_frame()
    return sorted(
        (rows["customer_id"].iloc[0], rows["channel"].tolist(), rows["end_state"].iloc[0])
        for _, rows in frame.groupby("journey")
    )


def naive_rules(rules):
    units = {"12h": 12 * HOUR, "3d": 3 * DAY, "20d": 20 * DAY}
    return {
        "split_gap": units.get(rules.get("split_gap")),
        "end_at": [rules["end_at"]] if "end_at" in rules else (),
        "lost_at": [rules["lost_at"]] if "lost_at" in rules else (),
    }


def known(rows, rules):
    """The rules whose events occur, since an event that never occurs is refused."""
    events = {row[3] for row in rows}
    return {k: v for k, v in rules.items() if k == "split_gap" or v in events}


def test_a_strictly_longer_gap_starts_a_new_journey():
    log = log_of(
        [("a", 0, "web", "view"), ("a", DAY, "web", "view"), ("a", 2 * DAY + 1, "chat", "view")]
    )
    assert len(log.journeys(split_gap="1d")) == 2
    assert np.diff(log.journeys(split_gap="1d").journey_offsets).tolist() == [2, 1]


def test_order_lines_belong_to_the_journey_that_they_end():
    log = log_of(
        [
            ("a", 0, "web", "view", None),
            ("a", 1, "web", "purchase", "o1"),
            ("a", 1, "web", "purchase", "o2"),  # the same moment
            ("a", 5, "web", "purchase", "o1"),  # the same order
            ("a", 6, "web", "purchase", "o3"),  # another order: a journey of its own
            ("a", 60 * DAY, "web", "view", None),
        ]
    )
    journeys = log.journeys(end_at="purchase")
    assert np.diff(journeys.journey_offsets).tolist() == [4, 1, 1]
    assert journeys.end_states.tolist() == [1, 1, 0]


def test_an_exit_event_ends_a_journey_as_exit_even_on_the_last_day():
    log = log_of(
        [("a", 0, "web", "view"), ("a", DAY, "web", "cancel"), ("a", 2 * DAY, "web", "view")]
    )
    assert log.journeys(lost_at="cancel").end_states.tolist() == [2, 0]


def test_open_until_exit_after_or_the_split_gap_has_passed():
    rows = [
        ("a", 0, "web", "view"),
        ("b", 70 * DAY, "web", "view"),
        ("c", 100 * DAY, "web", "view"),
    ]
    assert sorted(log_of(rows).journeys().end_states.tolist()) == [0, 2, 2]
    assert sorted(log_of(rows).journeys(exit_after="31d").end_states.tolist()) == [0, 0, 2]
    assert sorted(log_of(rows).journeys(exit_after="60d", split_gap="5d").end_states.tolist()) == [
        0,
        2,
        2,
    ]


def test_journeys_that_may_have_begun_before_the_log_are_marked():
    rows = [("a", 0, "web", "view"), ("b", 40 * DAY, "web", "view"), ("a", 90 * DAY, "web", "view")]
    journeys = log_of(rows).journeys(split_gap="35d")
    frame = journeys.to_frame().drop_duplicates("journey")
    marked = frame["customer_id"][journeys.began_before[frame["journey"]]]
    assert marked.tolist() == ["a"]


def test_lookback_keeps_what_came_shortly_before_the_end_and_counts_the_rest():
    rows = [("a", day * DAY, "web", "view") for day in (0, 5, 9, 10)]
    journeys = log_of(rows).journeys(lookback="5d")
    assert journeys.touchpoints == 3
    assert journeys.cut_by_lookback == 1
    quality = journeys.quality.set_index("check")["count"]
    assert quality["touchpoints cut by lookback"] == 1


def test_equal_timestamps_keep_the_input_order():
    rows = [("a", 0, channel, "view") for channel in ("web", "chat", "store", "web")]
    assert log_of(rows).journeys().to_frame()["channel"].tolist() == ["web", "chat", "store", "web"]


def test_where_selects_whole_journeys():
    rows = [
        ("a", 0, "web", "view"),
        ("a", 1, "store", "purchase"),
        ("b", 5 * DAY, "store", "view"),
        ("b", 5 * DAY + 1, "web", "view"),
    ]
    journeys = log_of(rows).journeys()
    assert journeys.where(channel="web").to_frame()["customer_id"].unique().tolist() == ["a"]
    assert journeys.where(containing="purchase").touchpoints == 2
    assert journeys.where(containing={"channel": "web", "event": "view"}).touchpoints == 4
    assert journeys.where(between=("2025-01-03", "2025-02-01")).customers == 1
    none = journeys.where(
        channel="web", containing="purchase", between=("2024-01-01", "2024-02-01")
    )
    assert (len(none), none.customers, none.touchpoints) == (0, 0, 0)
    assert journeys.where(channel=["web", "store"]).touchpoints == 4


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda log: log.journeys(split_gap=30), "unit"),
        (lambda log: log.journeys(end_at="purchse"), "purchase"),
        (lambda log: log.journeys(end_at={"chanel": "web"}), "channel"),
        (lambda log: log.journeys(end_at=[]), "event name"),
        (lambda log: log.journeys(observed_until="2024-12-01"), "observed_until"),
        (lambda log: log.journeys(observed_from="soon"), "not a moment"),
        (lambda log: log.journeys().where(device="mobile"), "device"),
        (lambda log: log.journeys().where(channel="sotre"), "store"),
        (lambda log: log.journeys().where(between=("2025-01-01", "x")), "not a moment"),
        (lambda log: log.journeys().where(between=(20250101, "2025-02-01")), "not a moment"),
        (lambda log: log.journeys().where(between=("2025-01-01",)), "two dates"),
        (lambda log: log.journeys().where(between=("2026-01-01", "2025-01-01")), "after the end"),
        (lambda log: log.journeys().where(chanel="web"), "where: .*channel"),
        (lambda log: onb.transition_graph(log.journeys(), min_journeys="5"), "min_journeys"),
    ],
)
def test_wrong_arguments_are_told_what_would_do(wrong, says):
    log = log_of([("a", 0, "web", "view"), ("a", 1, "store", "purchase")])
    with pytest.raises(onb.OmninbError, match=says):
        wrong(log)


def test_an_empty_log_has_no_journeys():
    journeys = log_of([]).journeys(end_at="purchase")
    assert (len(journeys), journeys.customers, journeys.touchpoints) == (0, 0, 0)
    assert len(journeys.to_frame()) == 0
    assert journeys.quality["count"].eq(0).all()


@given(random_rows(), RULES)
def test_journeys_are_what_plain_loops_find(rows, rules):
    rules = known(rows, rules)
    expected, _ = naive_journeys(rows, **naive_rules(rules))
    found = as_naive(log_of(rows).journeys(**rules))
    assert found == sorted((j.customer, [node for _, node in j.touches], j.state) for j in expected)


@given(random_rows(distinct_times=True), RULES, st.randoms())
def test_permuting_rows_changes_nothing(rows, rules, random):
    rules = known(rows, rules)
    shuffled = random.sample(rows, len(rows))
    assert as_naive(log_of(rows).journeys(**rules)) == as_naive(log_of(shuffled).journeys(**rules))


@given(random_rows(), RULES, st.integers(0, 400))
def test_a_longer_log_never_unconverts_anyone(rows, rules, days):
    rules = known(rows, {"end_at": "purchase", **rules})
    log = log_of(rows)
    end = log.journeys().rules.observed_until + days * DAY
    later = log.journeys(**rules, observed_until=np.datetime64(end, "us"))
    assert ((log.journeys(**rules).end_states == 1) == (later.end_states == 1)).all()


def test_many_rows_out_of_order_are_sorted_stably():
    rng = np.random.default_rng(5)
    rows = [
        (f"c{rng.integers(3)}", int(rng.integers(500)) * HOUR, f"ch{i % 7}", "view")
        for i in range(3_000)
    ]
    expected, _ = naive_journeys(rows)
    assert as_naive(log_of(rows).journeys()) == sorted(
        (j.customer, [node for _, node in j.touches], j.state) for j in expected
    )


def test_a_selection_keeps_no_account_of_what_it_left_out():
    rows = [("a", day * DAY, "web", "view") for day in (10, 5, 0, 9)]
    quality = log_of(rows).journeys(lookback="5d").where(channel="web").quality
    assert not quality["check"].str.contains("lookback|time order").any()


def test_values_of_other_types_are_found():
    log = log_of([("a", 0, "web", "view")])
    frame = log.to_frame().assign(flag=[True], grade=[1.0])
    journeys = onb.read_events(frame).journeys()
    assert len(journeys.where(flag=True)) == len(journeys.where(grade=1.0)) == 1


def test_silences_longer_than_exit_after_are_counted():
    log = log_of([("a", 0, "web", "view"), ("a", 40 * DAY, "web", "view")])
    quality = log.journeys().quality.set_index("check")["count"]
    assert quality["silences longer than exit_after, not cut"] == 1


def test_shared_counts_tell_of_no_few_customers():
    rows = [(f"c{c}", c * HOUR, "web", "view") for c in range(30)]
    rows += [(f"c{c}", (c + 1) * HOUR, "web", "purchase" if c < 16 else "view") for c in range(30)]
    rows += [("c0", 90 * DAY + i * HOUR, "web", "view") for i in range(40)]  # open, of one customer
    rows += [(f"c{c}", c * HOUR, "web", "view") for c in range(12)]  # ties, and late rows
    rules = {"end_at": "purchase", "split_gap": "30d"}
    whole, shared = (log_of(rows, min_customers=n).journeys(**rules) for n in (None, 10))
    told, plain = (one.quality.set_index("check") for one in (shared, whole))
    assert plain.loc["journeys open", "count"] == 1 and "1 open" in repr(whole)
    gone = ["journeys open", "journeys exit", "settled touchpoints"]
    assert set(told.index[told["count"].isna()]) >= set(gone)
    assert told["share"].isna().equals(told["count"].isna())
    for state in ("open", "exit"):  # neither, as the third follows from two
        assert state not in repr(shared)
    kept = told[told["count"].notna()]
    assert {"journeys converted", "touchpoints at the same time as the one before"} <= {*kept.index}
    assert kept["count"].tolist() == plain.loc[kept.index, "count"].tolist()
    assert shared.quality["count"].dtype == "Int64" and whole.quality["count"].dtype == "int64"


@given(random_rows(), st.sampled_from([None, "5d"]))
def test_ledgers_counts_are_what_plain_loops_count(rows, gap):
    rules = known(rows, {"split_gap": gap, "end_at": "purchase"})
    journeys = log_of(rows).journeys(**rules, exit_after="3d")
    frame, quality = journeys.to_frame(), journeys.quality.set_index("check")["count"]
    waits = frame.groupby("journey")["timestamp"].diff()
    assert quality["touchpoints at the same time as the one before"] == (waits == "0s").sum()
    assert quality["silences longer than exit_after, not cut"] == (waits > "3D").sum()
    assert quality["settled touchpoints"] == journeys.settled
    states = frame.drop_duplicates("journey")["end_state"].value_counts()
    for state in ("open", "converted", "exit"):
        assert quality[f"journeys {state}"] == states.get(state, 0)
