"""Drop-off by channel and what came next: by hand, by plain loops, and their properties."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from funnel_logs import HOSTILE, STEPS, rows_of, until_of
from hypothesis import given, settings
from hypothesis import strategies as st
from logs import DAY, HOUR, log_of
from naive_funnels import naive_attempts, touches_of
from test_journeys import naive_rules

import omninb as onb
from omninb.drop_off_tally import DropOffTally, OnwardTally, StepsTaken
from omninb.intervals import _wilson

PLACES = ["next_same_channel", "next_other_channel", "lost", "open"]


def naive_drop_off(rows, within, until, states):
    """By (step, channel): PLACES and money of the lost; by (…, outcome, next): customers.

    ``states`` holds for each customer the last row of each journey and how that journey ended.
    """
    places, money, valued, onward = Counter(), Counter(), set(), Counter()
    by_customer = defaultdict(list)
    for row in sorted(rows, key=lambda row: row[1]):
        by_customer[row[0]].append(row)
    for customer, own in by_customer.items():
        touches = touches_of(own, STEPS)
        for chain, _, late in naive_attempts(touches, len(STEPS), within=within, until=until):
            for k, i in enumerate(chain[: len(STEPS) - 1]):
                here = (k + 1, own[i][2])
                if late:
                    places[*here, "open"] += 1
                    continue
                worth = own[i][5]
                valued |= {k + 1} if worth is not None else set()
                outcome = "lost"
                if len(chain) > k + 1:
                    same = own[chain[k + 1]][2] == own[i][2]
                    outcome = "next_same_channel" if same else "next_other_channel"
                places[*here, outcome] += 1
                if outcome == "lost":
                    money[here] += worth or 0
                if outcome != "next_same_channel":
                    after = states[customer].get(i) or f"{own[i + 1][2]} · {own[i + 1][3]}"
                    name = "lost" if outcome == "lost" else "left channel"
                    onward[*here, name, after] += 1
    return places, money, valued, onward


def ends_of(rows, rules, until):
    """{customer: {place of a journey's last row: how it ended}}, by plain loops."""
    ends = {}
    for customer in {row[0] for row in rows}:
        own = sorted((row for row in rows if row[0] == customer), key=lambda row: row[1])
        gap = rules["split_gap"]
        own_ends = {}
        for i, row in enumerate(own):
            last = i + 1 == len(own)
            if last or (gap is not None and own[i + 1][1] - row[1] > gap):
                settled = row[1] <= until - min(30 * DAY, gap or 30 * DAY)
                own_ends[i] = "exit" if settled else "open"
        ends[customer] = own_ends
    return ends


@settings(max_examples=80)
@given(
    rows_of(), st.sampled_from([None, 3, 8]), st.integers(24, 40), st.sampled_from(["12h", None])
)
def test_every_count_is_what_plain_loops_find(rows, within, until, gap):
    rules = {"split_gap": gap} if gap else {}
    journeys = log_of(rows).journeys(**rules, **until_of(until))
    arguments = (journeys, STEPS, "channel", within and f"{within}h")
    states = ends_of(rows, naive_rules(rules), until * HOUR)
    places, money, valued, onward = naive_drop_off(
        rows, within and within * HOUR, until * HOUR, states
    )
    table = onb.drop_off_table(*arguments)
    found = Counter()
    for row in table.to_dict("records"):
        here = (row["step"], row["channel"])
        found += Counter({(*here, place): row[place] for place in PLACES})
        whole = sum(row[place] for place in PLACES[:3])
        assert row["customers"] == whole
        if whole:
            assert row["drop_off"] == row["lost"] / whole
            away = row["lost"] + row["next_other_channel"]
            assert row["leave_channel_rate"] == away / whole
        known = row["step"] in valued
        assert row["value"] == (money[here] if known else pytest.approx(np.nan, nan_ok=True))
    assert found == places
    after = onb.lost_to_table(*arguments)
    assert {
        (row.step, row.channel, row.outcome, row.next): row.customers for row in after.itertuples()
    } == dict(onward)
    sums = after.groupby(["step", "channel", "outcome"])[["share", "customers"]].sum()
    assert np.allclose(sums["share"], 1)
    for (step, channel, outcome), row in sums.iterrows():
        place = "lost" if outcome == "lost" else "next_other_channel"
        assert row["customers"] == places[step, channel, place]
    firsts = onb.funnel_table(journeys, STEPS, arguments[3], attempt="first")["customers"]
    assert table.groupby("step")["customers"].sum().reindex([1, 2], fill_value=0).tolist() == (
        firsts[:2].tolist()
    )


def by_hand():
    """Of four who view on mobile one pays there, one on the desktop, one asks, one is gone."""
    rows = [
        ("ann", 0, "mobile", "view", None, 5), ("ann", HOUR, "mobile", "pay", None, 9),
        ("bob", 0, "mobile", "view", None, 5), ("bob", HOUR, "mobile", "read", None, None),
        ("bob", 2 * HOUR, "desktop", "pay", None, 9),
        ("cat", 0, "mobile", "view", None, 6), ("cat", HOUR, "chat", "ask", None, None),
        ("dan", 0, "mobile", "view", None, 7), ("eve", 39 * DAY, "mobile", "view", None, 8),
        ("eve", 40 * DAY, "mobile", "pay", None, 9),
    ]  # fmt: skip
    return log_of(rows).journeys()


def test_counted_by_hand():
    table = onb.drop_off_table(by_hand(), ["view", "pay"], within="7d")
    assert len(table) == 1
    row = table.iloc[0]
    assert [row[place] for place in PLACES] == [1, 1, 2, 1]
    assert (row["customers"], row["drop_off"], row["leave_channel_rate"]) == (4, 1 / 2, 3 / 4)
    assert row["value"] == 13
    assert row["interval_method"] == row["leave_channel_interval_method"]
    assert row["interval_method"] == "wilson, one customer over 5 %"
    low, high = _wilson(np.array([0.5]), np.array([4.0]), np.array([0.95]))
    assert (row["drop_off_ci_lower"], row["drop_off_ci_upper"]) == (low[0], high[0])
    assert table.attrs["steps"] == ["view", "pay"] and table.attrs["unit"] == "customers"
    after = onb.lost_to_table(by_hand(), ["view", "pay"], within="7d")
    assert after[["outcome", "next", "customers", "share"]].to_numpy().tolist() == [
        ["lost", "chat · ask", 1, 0.5],
        ["lost", "exit", 1, 0.5],
        ["left channel", "mobile · read", 1, 1.0],
    ]


def test_stalled_here_and_finished_there_is_not_lost():
    rows = []
    for i in range(60):
        rows.append((f"m{i}", i, "mobile", "view"))
        rows += [(f"m{i}", DAY + i, "desktop", "ask")] * (i % 3 == 0)
        rows.append((f"d{i}", i, "desktop", "view"))
        rows += [(f"d{i}", DAY + i, "desktop", "ask")] * (i % 3 != 0)
    journeys = log_of(rows, observed_until="2025-06-01").journeys()
    table = onb.drop_off_table(journeys, ["view", "ask"], within="7d").set_index("channel")
    assert table.loc["mobile", "next_other_channel"] == 20
    assert table.loc["mobile", "drop_off"] == pytest.approx(40 / 60)
    assert table.loc["mobile", "leave_channel_rate"] == 1
    assert table.loc["desktop", "drop_off"] == pytest.approx(20 / 60)
    assert table.loc["mobile", "difference"] == pytest.approx(1 / 3)
    assert table.loc["mobile", "difference_ci_lower"] > 0
    assert table.loc["mobile", "p_adjusted"] < 0.01
    instead = onb.lost_to_table(journeys, ["view", "ask"], within="7d")
    other = instead[(instead["channel"] == "mobile") & (instead["outcome"] == "left channel")]
    assert other["next"].tolist() == ["desktop · ask"] and other["customers"].tolist() == [20]


def test_the_largest_stand_first():
    rows = [(f"c{i}", 0, "web" if i < 3 else "app", "view") for i in range(8)]
    rows += [(f"c{i}", HOUR, "app", "pay") for i in (0, 7)]
    table = onb.drop_off_table(log_of(rows).journeys(), ["view", "pay"])
    assert table["channel"].tolist() == ["app", "web"]
    assert table["customers"].tolist() == [5, 3]


def test_an_event_that_bears_the_name_of_an_end_stays_apart_from_it():
    rows = [(f"c{i}", 0, "web", "view") for i in range(5)] + [("c0", HOUR, "web", "exit")]
    rows += [("z", 60 * DAY, "web", "pay"), ("z", 60 * DAY, "web", "exit")]
    for by, names in (("event", ["exit", "exit (event)"]), ("channel", ["exit", "web · exit"])):
        table = onb.lost_to_table(log_of(rows).journeys(), ["view", "pay"], by=by)
        assert table["next"].tolist() == names
        assert table["customers"].tolist() == [4, 1]


@given(rows_of(), rows_of(), st.sampled_from([None, "5h"]))
def test_tallies_of_different_customers_add_up(a, b, within):
    b = [(f"other {customer}", *rest) for customer, *rest in b]
    period = {"observed_from": "2025-01-01", "observed_until": "2025-01-02 04:00"}
    taken = [
        StepsTaken.of(log_of(rows).journeys(**period), STEPS, "channel", within)
        for rows in (a, b, a + b)
    ]
    for kind in (DropOffTally, OnwardTally):
        one, other, both = (kind.of(steps) for steps in taken)
        assert one + other == both


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_channel_stays_text(name):
    rows = [("a", 0, name, "a"), ("a", 1, "web", "b"), ("b", 0, name, "a"), ("b", 1, name, "-")]
    shown = {"exit": "exit (channel)", "": "(not set)"}.get(name, name)
    journeys = log_of(rows).journeys()
    assert onb.drop_off_table(journeys, ["a", "b"])["channel"].tolist() == [shown]
    after = onb.lost_to_table(journeys, ["a", "b"])
    assert set(after["channel"]) == {shown}
    assert set(after["next"]) == {"web · b", f"{name or '(not set)'} · -"}


@pytest.mark.parametrize("function", [onb.drop_off_table, onb.lost_to_table])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"by": "chanel"}, "Did you mean 'channel'"),
        ({"by": "next"}, "Rename"),
        ({"by": "lost"}, "Rename"),
        ({"within": "7"}, "unit"),
        ({"steps": ["a"]}, "at least two"),
        ({"steps": ["a", "q"]}, "Known"),
    ],
)
def test_wrong_arguments_are_told_what_would_do(function, arguments, words):
    frame = log_of([("a", 0, "web", "a"), ("a", 1, "web", "b")]).to_frame()
    own = "next" if function is onb.lost_to_table else "lost"
    journeys = onb.read_events(frame.assign(**{own: "x"})).journeys()
    if arguments.get("by") in {"next", "lost"}:
        arguments = {"by": own}
    with pytest.raises(onb.OmninbError, match=words):
        function(journeys, **({"steps": ["a", "b"]} | arguments))


@pytest.mark.parametrize("kinds", [252, 254, 300])
def test_what_came_next_has_its_own_name_among_many(kinds):
    """End states are told apart from names, however many names there are."""
    rows = [(f"n{i}", 0, "web", f"e{i:03d}") for i in range(kinds)]
    rows += [(f"c{i}", 10, "web", "start") for i in range(20)]
    rows += [("d", 10, "web", "start"), ("d", 11, "web", "done"), ("z", 90 * DAY, "web", "late")]
    table = onb.lost_to_table(log_of(rows).journeys(), ["start", "done"])
    assert table[["next", "customers"]].values.tolist() == [["exit", 20]]
