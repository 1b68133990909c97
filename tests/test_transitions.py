"""Transitions: by hand, by plain loops, by SQL, and their properties."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import DAY, HOUR, log_of, random_rows
from naive import naive_gaps, naive_journeys, naive_transitions
from real_logs import by_either_role, by_sql, on_real_logs, real_journeys, real_rows
from test_journeys import RULES, known, naive_rules

import omninb as onb
from omninb.transitions import MoveTally

COUNTS = ["transitions", "journeys", "customers", "settled_transitions", "settled"]


def as_naive(table):
    return {
        (row.source, row.target): tuple(int(getattr(row, name)) for name in COUNTS)
        for row in table.itertuples()
    }


def by_hand():
    """Two settled customers and one that is too recent to tell."""
    return log_of(
        [
            ("ann", 0, "web", "view"),
            ("ann", HOUR, "web", "view"),
            ("ann", 3 * HOUR, "store", "purchase"),
            ("bob", 0, "web", "view"),
            ("bob", 2 * HOUR, "chat", "ask"),
            ("eve", 60 * DAY, "web", "view"),
        ]
    )


def test_counted_by_hand():
    table = onb.transition_table(by_hand().journeys(end_at="purchase"))
    assert as_naive(table) == {
        ("START", "web"): (3, 3, 3, 3, 3),
        ("web", "web"): (1, 1, 1, 1, 3),
        ("web", "store"): (1, 1, 1, 1, 3),
        ("web", "chat"): (1, 1, 1, 1, 3),
        ("web", "open"): (1, 1, 1, 0, 3),
        ("store", "converted"): (1, 1, 1, 1, 1),
        ("chat", "exit"): (1, 1, 1, 1, 1),
    }
    row = table.set_index(["source", "target"])
    assert row.loc[("web", "store"), "probability"] == pytest.approx(1 / 3)
    assert np.isnan(row.loc[("web", "open"), "probability"])
    assert row.loc[("web", "store"), "median_gap"] == pd.Timedelta("2h")
    assert row.loc[("web", "chat"), "p90_gap"] == pd.Timedelta("2h")
    assert row["median_gap"].isna()["START"].all()


def test_repeats_collapsed_by_hand():
    journeys = by_hand().journeys(end_at="purchase")
    row = onb.transition_table(journeys, collapse_repeats=True).set_index(["source", "target"])
    assert ("web", "web") not in row.index
    assert row.loc[("web", "store"), "settled"] == 2
    assert row.loc[("web", "store"), "median_gap"] == pd.Timedelta("2h")  # from the run's last


def test_combined_roles_are_one_node():
    table = onb.transition_table(by_hand().journeys(), by=["channel", "event"])
    assert ("web · view", "store · purchase") in set(
        zip(table["source"], table["target"], strict=True)
    )
    assert table.attrs["by"] == "channel · event"


@given(random_rows(), RULES, st.booleans())
def test_counts_are_what_plain_loops_find(rows, rules, collapse):
    rules = known(rows, rules)
    expected, settled_until = naive_journeys(rows, **naive_rules(rules))
    journeys = log_of(rows).journeys(**rules)
    table = _table(journeys, collapse_repeats=collapse)
    assert as_naive(table) == naive_transitions(expected, settled_until, collapse)
    gaps = naive_gaps(expected, collapse)
    for row in table[table["median_gap"].notna()].itertuples():
        found = gaps[row.source, row.target]
        for q, value in ((0.5, row.median_gap), (0.9, row.p90_gap)):
            exact = found[int(np.ceil(q * len(found))) - 1]
            assert value / pd.Timedelta("1us") == pytest.approx(exact, rel=0.008 * 2, abs=1)


@given(random_rows(), RULES)
def test_probabilities_of_a_source_sum_to_one(rows, rules):
    table = _table(log_of(rows).journeys(**known(rows, rules)))
    sums = table[table["settled"] > 0].groupby("source")["probability"].sum()
    assert np.allclose(sums, 1)
    shown = table.dropna(subset=["probability", "probability_ci_lower"])
    assert (shown["probability_ci_lower"] <= shown["probability"] + 1e-12).all()
    assert (shown["probability"] <= shown["probability_ci_upper"] + 1e-12).all()
    assert shown[["probability_ci_lower", "probability_ci_upper"]].stack().between(0, 1).all()


@given(random_rows(distinct_times=True), st.randoms(), st.integers(-(10**5), 0))
def test_row_order_names_and_the_clock_change_no_count(rows, random, hours):
    table = _table(log_of(rows).journeys())
    names = dict(zip([f"c{i}" for i in range(8)], random.sample(range(99), 8), strict=True))
    moved = [
        (str(names[c]), t + hours * HOUR, *rest) for c, t, *rest in random.sample(rows, len(rows))
    ]
    again = _table(log_of(moved).journeys())
    assert as_naive(again) == as_naive(table)


@given(random_rows(), random_rows())
def test_parts_add_up_to_the_whole(a, b):
    b = [(f"other {c}", *rest) for c, *rest in b]
    period = {"observed_from": "2025-01-01", "observed_until": "2025-07-01"}
    tallies = [
        MoveTally.of(log_of(rows).journeys(**period), "channel", False, True)
        for rows in (a, b, a + b)
    ]
    assert tallies[0] + tallies[1] == tallies[2]


def test_tallies_of_different_periods_do_not_add():
    a, b = (
        MoveTally.of(log_of([("a", t, "web", "view")]).journeys(), "channel", False, False)
        for t in (0, 1)
    )
    with pytest.raises(onb.OmninbError, match="observed_from"):
        a + b


def test_too_few_settled_touchpoints_warn_and_name_the_way_out():
    log = log_of(
        [("a", 0, "web", "view"), ("b", 29 * DAY, "web", "view"), ("c", 31 * DAY, "web", "view")]
    )
    with pytest.warns(UserWarning, match="exit_after"):
        onb.transition_table(log.journeys())


@pytest.mark.parametrize(
    "arguments, says",
    [
        ({"by": "chanel"}, "channel"),
        ({"by": []}, "by"),
        ({"by": 5}, "by"),
        ({"by": "timestamp"}, "channel"),
    ],
)
def test_wrong_arguments_are_told_what_would_do(arguments, says):
    with pytest.raises(onb.OmninbError, match=says):
        onb.transition_table(by_hand().journeys(), **arguments)


def test_a_channel_that_bears_the_name_of_a_node_of_ours_stays_apart_from_it():
    log = log_of([("a", 0, "exit", "view"), ("a", HOUR, "START", "view")])
    table = onb.transition_table(log.journeys(exit_after="1us"))
    assert as_naive(table).keys() == {
        ("START", "exit (channel)"),
        ("exit (channel)", "START (channel)"),
        ("START (channel)", "open"),
    }


@pytest.mark.parametrize("days", [45, 90, 365])
def test_a_planted_exit_probability_is_recovered(days):
    rows = _planted(days, exit_probability=0.3)
    table = onb.transition_table(
        log_of(rows).journeys(observed_until=np.datetime64(_end(days), "us"))
    )
    row = table.set_index(["source", "target"]).loc[("web", "exit")]
    assert row["probability_ci_lower"] < 0.3 < row["probability_ci_upper"]
    assert row["probability"] == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize("name", ["any end", "START", "exit", "START (channel)", "(smaller flows)"])
def test_no_name_of_a_channel_disturbs_the_counts(name):
    plain = by_hand().journeys(end_at="purchase")
    rows = plain.to_frame()[["customer_id", "timestamp", "channel", "event"]]
    named = onb.read_events(
        rows.assign(channel=rows["channel"].astype("str").replace({"web": name}))
    )
    journeys = named.journeys(end_at="purchase")
    counts = as_naive(onb.transition_table(plain))
    found = as_naive(onb.transition_table(journeys))
    assert sorted(found.values()) == sorted(counts.values())
    rates = [
        sorted(facts.get("leave_rate", -1) for _, facts in onb.transition_graph(j).nodes(data=True))
        for j in (plain, journeys)
    ]
    assert rates[0] == rates[1]


def test_values_that_read_alike_stay_apart():
    log = log_of([("a", 0, "START", "x"), ("a", HOUR, "START (channel)", "x")])
    table = onb.transition_table(log.journeys(exit_after="1us"))
    assert len({*table["source"], *table["target"]}) == 4  # START, two channels, open
    log = log_of([("a", 0, "x · y", "z"), ("a", HOUR, "x", "y · z")])
    steps = onb.step_table(log.journeys(), by=["channel", "event"], max_steps=2)
    assert set(steps["channel · event"]) == {"“x · y” · “z”", "“x” · “y · z”"}


def test_a_node_like_the_others_is_seldom_called_worse():
    rng = np.random.default_rng(11)
    called = 0
    for _ in range(60):
        size = 2_000
        channel = rng.choice(list("abcdefgh"), size)
        rows = [
            (
                f"c{rng.integers(300)}",
                int(i) * HOUR,
                str(channel[i]),
                "view" if u > 0.2 else "leave",
            )
            for i, u in enumerate(rng.random(size))
        ]
        end = np.datetime64(_end(200), "us")
        graph = onb.transition_graph(log_of(rows).journeys(lost_at="leave", observed_until=end))
        called += any(d.get("leave_difference_ci_lower", -1) > 0 for _, d in graph.nodes(data=True))
    assert called <= 6  # 2.5 % expected on this side


def test_a_node_that_loses_more_is_called_worse():
    graph = onb.transition_graph(log_of(_two_channels()).journeys(exit_after="5d"))
    assert graph.nodes["bad"]["leave_difference_ci_lower"] > 0
    assert graph.nodes["good"]["leave_difference_ci_upper"] < 0


def test_graph_has_the_table_on_its_edges_and_bundles_what_is_small():
    journeys = by_hand().journeys(end_at="purchase")
    table = onb.transition_table(journeys).set_index(["source", "target"])
    graph = onb.transition_graph(journeys)
    assert set(graph.edges) == set(table.index)
    assert graph.edges["web", "store"]["probability"] == table.loc[("web", "store"), "probability"]
    assert graph.nodes["web"]["mean_position"] == pytest.approx((1 + 2 + 1 + 1) / 4)
    assert graph.nodes["converted"]["share"] == pytest.approx(1 / 2)
    assert graph.nodes["chat"]["leave_rate"] == 1
    bundled = onb.transition_graph(journeys, min_journeys=2)
    assert bundled.edges["web", "(smaller flows)"]["transitions"] == 3
    assert bundled.edges["web", "(smaller flows)"]["journeys"] == 2  # ann and bob, each once
    assert bundled.graph["smaller_pairs"] == 3
    assert sum(d["transitions"] for *_, d in bundled.edges(data=True)) == table["transitions"].sum()


@given(random_rows(), st.integers(1, 9))
def test_bundling_loses_nothing(rows, min_journeys):
    journeys = log_of(rows).journeys(exit_after="1us")
    whole, bundled = (onb.transition_graph(journeys, min_journeys=m) for m in (1, min_journeys))
    for node in whole:
        for name in ("transitions", "settled_transitions"):
            out = [sum(d[name] for *_, d in g.out_edges(node, data=True)) for g in (whole, bundled)]
            assert out[0] == out[1]


def test_differences_are_of_the_probabilities():
    rows = _planted(200, 0.3, "a") + _planted(200, 0.5, "b", seed=2)
    log = log_of(rows)
    frame = log.to_frame()
    assert frame["customer_id"].str[0].isin(["a", "b"]).all()
    journeys = log.journeys()
    early = journeys.where(between=("2025-01-01", "2025-03-01"))
    late = journeys.where(between=("2025-03-01", "2026-01-01"))
    table = onb.transition_difference_table(early, late).set_index(["source", "target"])
    for side, part in (("a", early), ("b", late)):
        expected = onb.transition_table(part).set_index(["source", "target"])["probability"]
        found = table[f"probability_{side}"]
        common = found.index.intersection(expected.index)
        assert np.allclose(found[common], expected[common])
    assert np.allclose(table["difference"], table["probability_b"] - table["probability_a"])
    assert (table["difference_ci_lower"] <= table["difference"]).all()
    assert table["difference"].abs().is_monotonic_decreasing


def test_a_planted_difference_is_found():
    a = log_of(_planted(200, 0.3)).journeys()
    b = log_of(_planted(200, 0.5, seed=2)).journeys()
    row = onb.transition_difference_table(a, b).set_index(["source", "target"]).loc[("web", "exit")]
    assert 0 < row["difference_ci_lower"] < 0.2 < row["difference_ci_upper"]


@on_real_logs
@by_either_role
def test_real_logs_by_sql_and_by_plain_loops(real_data, log, by):
    table = onb.transition_table(real_journeys(real_data, log), by=by)
    expected = by_sql(
        real_data, log, by,
        """
        SELECT source, target, count(*), count(DISTINCT id) FROM (
            SELECT id, node AS source, lead(node) OVER (PARTITION BY id ORDER BY touch) AS target
            FROM touches)
        WHERE target IS NOT NULL GROUP BY ALL
        """,
    )  # fmt: skip
    inner = table[(table["source"] != "START") & ~table["target"].isin(["exit", "open"])]
    found = [(r.source, r.target, r.transitions, r.customers) for r in inner.itertuples()]
    assert sorted(found) == sorted(expected)
    naive, settled_until = naive_journeys(real_rows(real_data, log, by))
    assert as_naive(table) == naive_transitions(naive, settled_until)


def _table(journeys, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return onb.transition_table(journeys, **arguments)


def _planted(days, exit_probability, prefix="c", seed=1):
    """Customers arrive all the time; after every touchpoint they leave, or come back in a day."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(4_000):
        time = rng.uniform(0, days)
        while time < days:
            rows.append((f"{prefix}{customer}", int(time * DAY), "web", "view"))
            if rng.random() < exit_probability:
                break
            time += rng.exponential(1)
    return rows


def _two_channels():
    rng = np.random.default_rng(2)
    rows = []
    for customer in range(400):
        for step in range(20):
            channel = "bad" if rng.random() < 0.5 else "good"
            rows.append((f"c{customer}", step * HOUR, channel, "view"))
            if rng.random() < (0.3 if channel == "bad" else 0.1):
                break
    return [*rows, ("last", 100 * DAY, "good", "view")]


def _end(days):
    return 1_735_689_600_000_000 + days * DAY
