"""The friction list: by hand, by plain loops, bounds by leaving groups out, and false alarms."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs import DAY, EPOCH, HOUR, log_of, random_rows
from naive import naive_journeys
from scipy.stats import t
from statsmodels.stats.multitest import multipletests
from test_journeys import RULES, known, naive_rules

import omninb as onb
from omninb.exits import ExitTally
from omninb.layout import customer_hashes


def naive_exits(journeys, settled_until, converts, natural=()):
    """By kind: settled, exits, customers, expected exits; by plain loops from the definition."""
    cells = defaultdict(lambda: [0, 0, 0])  # settled, exits, conversions
    customers = defaultdict(set)
    for journey in journeys:
        for place, (time, kind) in enumerate(journey.touches):
            if time > settled_until:
                continue
            cell = cells[kind, min(place, 20)]
            cell[0] += 1
            cell[1] += place + 1 == len(journey.touches) and journey.state == "exit"
            cell[2] += converts(kind)
            customers[kind].add(journey.customer)
    found = {}
    only_convert = {
        k for k in customers if all(c[0] == c[2] for (o, _), c in cells.items() if o == k)
    }
    natural = {*natural, *only_convert}
    for kind in customers:
        own = {place: cell for (other, place), cell in cells.items() if other == kind}
        expected, compared = 0.0, False
        for place, (settled, exits, conversions) in own.items():
            others = [
                cell for (other, at), cell in cells.items()
                if at == place and other != kind and other not in natural
            ]  # fmt: skip
            risk = sum(cell[0] - cell[2] for cell in others)
            if risk:
                expected += (settled - conversions) * sum(cell[1] for cell in others) / risk
                compared |= settled > conversions
            else:
                expected += exits
        found[kind] = (
            sum(cell[0] for cell in own.values()),
            sum(cell[1] for cell in own.values()),
            len(customers[kind]),
            expected if compared else np.nan,
        )
    return found, natural


@settings(max_examples=100)
@given(random_rows(), RULES, st.booleans())
def test_every_count_is_what_plain_loops_find(rows, rules, natural):
    rules = known(rows, rules)
    named = [(c, t, f"{channel} · {event}", event) for c, t, channel, event in rows]
    journeys, settled_until = naive_journeys(named, **naive_rules(rules))
    ends = sorted({kind for _, _, kind, _ in named})[:1] if natural else []
    goal = rules.get("end_at")
    expected, natural_kinds = naive_exits(
        journeys, settled_until, lambda kind: goal is not None and kind.endswith(goal), ends
    )
    table = onb.exit_table(log_of(rows).journeys(**rules), expected_ends=ends)
    found = {}
    for row in table.to_dict("records"):
        kind = row["channel · event"]
        found[kind] = (row["settled"], row["exits"], row["customers"], row["expected_exits"])
        assert row["exit_rate"] == row["exits"] / row["settled"]
        assert row["expected_end"] == (kind in natural_kinds)
        expect = row["expected_exits"]
        for name, value in (
            ("expected_rate", expect / row["settled"]),
            ("excess_exits", row["exits"] - expect),
            ("ratio", row["exits"] / expect if expect > 0 else np.nan),
        ):
            assert row[name] == pytest.approx(value, nan_ok=True)
    assert found.keys() == expected.keys()
    for kind, counts in found.items():
        assert counts == pytest.approx(expected[kind], nan_ok=True)
    friction = table[~table["expected_end"]]["excess_exits"].dropna()
    assert friction.is_monotonic_decreasing


def test_counted_by_hand():
    """At place 1: two of three web exit, one of two store; at place 2 web exits, chat does not."""
    rows = [
        ("a", 0, "web", "x"), ("b", 0, "web", "x"), ("c", 0, "web", "x"), ("c", 1, "web", "x"),
        ("d", 0, "store", "x"), ("e", 0, "store", "x"), ("e", 1, "chat", "x"), ("e", 2, "web", "x"),
        ("z", 90 * DAY, "web", "x"),
    ]  # fmt: skip
    table = onb.exit_table(log_of(rows).journeys(), by="channel").set_index("channel")
    assert table["settled"].to_dict() == {"web": 5, "store": 2, "chat": 1}
    assert table["exits"].to_dict() == {"web": 4, "store": 1, "chat": 0}
    # web: 3 at place 1 where 1 of 2 others exit, 1 at place 2 where 0 of 1 does, 1 alone at place 3
    assert table["expected_exits"].to_dict() == {"web": 1.5 + 0 + 1, "store": 2 * 2 / 3, "chat": 1}
    assert table.loc["web", "ratio"] == 4 / 2.5
    assert table["p_value"].isna().all() and not table["flagged"].any()


def test_conversions_and_natural_ends_are_compared_with_nobody():
    rows = [(f"c{i}", 0, "web", "view") for i in range(4)]
    rows += [("c0", 1, "web", "pay"), ("c1", 1, "web", "track"), ("c2", 1, "web", "look")]
    rows += [("c3", 1, "web", "look"), ("c3", 2, "web", "view"), ("z", 90 * DAY, "web", "view")]
    journeys = log_of(rows).journeys(end_at="pay")
    table = onb.exit_table(journeys, by="event", expected_ends=["track"]).set_index("event")
    assert table.index[table["expected_end"]].tolist() == ["track", "pay"]
    assert np.isnan(table.loc["pay", "expected_exits"])
    assert table.loc["track", "expected_exits"] == 1 / 2  # of two who look, one exits
    assert np.isnan(table.loc["look", "expected_exits"])  # none but natural ends beside it
    assert table.attrs["expected_ends"] == ["track"]


def walks(customers, rates, seed, days=200):
    """Every customer walks about kinds at random, and exits at each at its rate."""
    rng = np.random.default_rng(seed)
    kinds = list(rates)
    rows = []
    for customer in range(customers):
        time = int(rng.integers(0, days - 60)) * DAY
        while True:
            kind = kinds[rng.integers(len(kinds))]
            rows.append((f"c{customer}", time, kind, "x"))
            if rng.random() < rates[kind]:
                break
            time += int(rng.integers(1, HOUR))
    return rows


def exits_of(rows, days=200):
    end = np.datetime64(EPOCH + days * DAY, "us")
    return onb.exit_table(log_of(rows).journeys(observed_until=end), by="channel")


def test_bounds_are_those_of_leaving_out_a_group_at_a_time():
    rows = walks(500, {"web": 0.2, "app": 0.3, "chat": 0.4}, seed=3)
    whole = exits_of(rows).set_index("channel")
    names = sorted({row[0] for row in rows})
    groups = dict(zip(names, customer_hashes(pa.array(names))[:, 0] >> 58, strict=True))
    without = [
        exits_of([row for row in rows if groups[row[0]] != g]).set_index("channel")
        for g in range(64)
    ]
    logs = np.log(pd.DataFrame([one["ratio"] for one in without]))
    centre = np.log(whole["ratio"])
    error = np.sqrt(63 / 64 * ((logs - centre) ** 2).sum())
    for kind, row in whole.iterrows():
        sizes = np.array([row["settled"] - one.loc[kind, "settled"] for one in without])
        df = min(63, sizes.sum() ** 2 / (sizes**2).sum() - 1)
        half = t.ppf(0.975, df) * error[kind]
        assert row["ratio_ci_lower"] == pytest.approx(np.exp(centre[kind] - half))
        assert row["ratio_ci_upper"] == pytest.approx(np.exp(centre[kind] + half))
        p = 2 * t.sf(abs(centre[kind]) / error[kind], df)
        assert row["p_value"] == pytest.approx(p)
    assert np.allclose(whole["p_adjusted"], multipletests(whole["p_value"], method="fdr_bh")[1])
    assert whole["flagged"].to_dict() == {"chat": True, "app": False, "web": False}


def test_kinds_alike_are_seldom_flagged_and_a_worse_one_is():
    alike = [exits_of(walks(300, dict.fromkeys("abcdef", 0.3), seed)) for seed in range(40)]
    assert sum(table["flagged"].any() for table in alike) <= 6  # at most 5 % expected
    worse = [
        exits_of(walks(300, dict.fromkeys("abcde", 0.25) | {"f": 0.5}, seed)) for seed in range(10)
    ]
    assert all(set(table["channel"][table["flagged"]]) == {"f"} for table in worse)


def test_a_natural_end_is_never_flagged_and_no_comparison():
    rows = walks(3_000, dict.fromkeys("abc", 0.25) | {"f": 0.5}, seed=1)
    end = np.datetime64(EPOCH + 200 * DAY, "us")
    journeys = log_of(rows).journeys(observed_until=end)
    table = onb.exit_table(journeys, by="channel", expected_ends=["f"]).set_index("channel")
    assert table.loc["f", "expected_end"] and not table["flagged"].any()
    assert np.allclose(table.loc[list("abc"), "ratio"], 1, atol=0.1)


def test_a_kind_that_stands_late_is_compared_with_others_that_stand_late():
    """Everybody exits at place 3, whatever stands there: `late` is no worse than `other`."""
    rows = []
    for i in range(200):
        last = "late" if i % 2 else "other"
        kinds = ["early", "other" if i % 3 else "early", last]
        rows += [(f"c{i}", n * HOUR, kind, "x") for n, kind in enumerate(kinds)]
    table = exits_of(rows).set_index("channel")
    assert table.loc["late", "exit_rate"] == 1 and table.loc["late", "ratio"] == 1
    assert not table["flagged"].any()


@given(random_rows(), random_rows(), RULES)
def test_tallies_of_different_customers_add_up(a, b, rules):
    b = [(f"other {c}", *rest) for c, *rest in b]
    rules = known(a, known(b, rules))
    period = {"observed_from": "2025-01-01", "observed_until": "2025-07-01"}
    tallies = [
        ExitTally.of(log_of(rows).journeys(**rules, **period), ["channel", "event"])
        for rows in (a, b, a + b)
    ]
    assert tallies[0] + tallies[1] == tallies[2]


@given(random_rows(distinct_times=True), st.randoms(), st.integers(-(10**4), 0))
def test_row_order_names_and_the_clock_change_no_count(rows, random, hours):
    names = dict(zip([f"c{i}" for i in range(8)], random.sample(range(99), 8), strict=True))
    moved = [
        (str(names[c]), t + hours * HOUR, *rest) for c, t, *rest in random.sample(rows, len(rows))
    ]
    counts = ["channel · event", "settled", "exits", "customers", "expected_exits"]
    tables = [
        onb.exit_table(log_of(one).journeys())[counts].sort_values(counts[0], ignore_index=True)
        for one in (rows, moved)
    ]
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"by": "chanel"}, "Did you mean 'channel'"),
        ({"expected_ends": "pay"}, r"\['pay'\]"),
        ({"expected_ends": ["pai"]}, "Did you mean 'pay'"),
        ({"by": "exits"}, "Rename"),
    ],
)
def test_wrong_arguments_are_told_what_would_do(arguments, words):
    frame = log_of([("a", 0, "web", "view"), ("a", 1, "web", "pay")]).to_frame()
    with pytest.raises(onb.OmninbError, match=words):
        onb.exit_table(onb.read_events(frame.assign(exits="x")).journeys(), **arguments)
