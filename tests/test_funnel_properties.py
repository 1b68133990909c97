"""Funnels: what adds up, and what must not change a count."""

from __future__ import annotations

import pandas as pd
import pytest
from funnel_logs import HOSTILE, STEPS, questions, rows_of, until_of
from hypothesis import given
from hypothesis import strategies as st
from logs import HOUR, log_of
from naive_funnels import naive_funnel

import omninb as onb
from omninb.attempts import Search
from omninb.funnel_steps import FunnelSteps
from omninb.funnel_tally import FunnelTally


@given(rows_of(most=40), st.sampled_from(["first", "every"]))
def test_the_other_levels_customers_are_counted_once(rows, attempt):
    rows = [(c, t, "app" if t % (3 * HOUR) else channel, *rest) for c, t, channel, *rest in rows]
    search = Search.of(log_of(rows).journeys(), FunnelSteps.of(STEPS), "5h", attempt=attempt)
    tally = FunnelTally.of(search, "channel")
    until = max(row[1] for row in rows)
    found, _ = naive_funnel(
        rows, STEPS, "customer", 0, until, "ordered", attempt, 5 * HOUR, "step 1"
    )
    for level in {level for level, _ in tally.steps.labels}:
        part = [(level, f"{k:02d}") for k in range(3)]
        rates = tally.rest_rates(part, part)
        others = [[c for (name, at), c in found.items() if at == k and name != level]
                  for k in range(3)]  # fmt: skip
        assert rates.customers.tolist() == [
            len(set().union(*(cell.customers for cell in cells))) for cells in others
        ]
        assert rates.whole.sum(axis=0).tolist() == [sum(c.units for c in cells) for cells in others]


@given(rows_of(), questions(), rows_of())
def test_tallies_of_different_customers_add_up(a, asked, b):
    b = [(f"other {customer}", *rest) for customer, *rest in b]
    period = {"observed_from": "2025-01-01", "observed_until": "2025-01-02 04:00"}
    level = {None: None, "step 1": "channel", "customer": {"customer": "channel"}}[asked["level"]]
    tallies = [
        FunnelTally.of(
            Search.of(
                log_of(rows).journeys(split_gap="6h", **period), FunnelSteps.of(STEPS),
                asked["within"] and f"{asked['within']}h", asked["order"], asked["attempt"],
                "journey" if asked["unit"] == "journey" else "customer",
                "order_id" if asked["unit"] == "held" else None,
            ),
            level,
        )
        for rows in (a, b, a + b)
    ]  # fmt: skip
    assert tallies[0] + tallies[1] == tallies[2]


@given(rows_of(), questions(), st.randoms(), st.integers(-(10**4), 10**4))
def test_row_order_names_and_the_clock_change_no_count(rows, asked, random, hours):
    rows = [(c, t + n, *rest) for n, (c, t, *rest) in enumerate(rows)]  # no ties
    names = dict(zip([f"c{i}" for i in range(4)], random.sample(range(99), 4), strict=True))
    moved = [(str(names[c]), t + hours * HOUR, *rest) for c, t, *rest in rows]
    moved = random.sample(moved, len(moved))
    tables = [
        onb.funnel_table(
            log_of(one).journeys(), STEPS, asked["within"] and f"{asked['within']}h",
            asked["order"], asked["attempt"],
            breakdown="channel" if asked["level"] else None,
        )
        for one in (rows, moved)
    ]  # fmt: skip
    counted = [table.select_dtypes(exclude="float").drop(columns=method_columns(table))
               for table in tables]  # fmt: skip
    pd.testing.assert_frame_equal(*counted)


def method_columns(table):
    return [name for name in table if name.endswith("method")]


@given(rows_of(), st.randoms(use_true_random=False))
def test_permuting_rows_changes_nothing(rows, random):
    rows = [(c, t + n, *rest) for n, (c, t, *rest) in enumerate(rows)]  # no ties
    tables = []
    for _ in range(2):
        tables.append(
            onb.funnel_table(
                log_of(rows).journeys(), STEPS, "5h", attempt="first", breakdown="channel"
            )
        )
        random.shuffle(rows)
    pd.testing.assert_frame_equal(*tables)


@given(rows_of(), st.sampled_from(["furthest", "first"]), st.integers(24, 40), st.integers(0, 9))
def test_a_longer_log_unconverts_nobody(rows, attempt, until, more):
    tables = [
        onb.funnel_table(log_of(rows).journeys(**until_of(end)), STEPS, "5h", attempt=attempt)
        for end in (until, until + more)
    ]
    assert (tables[1]["customers"] >= tables[0]["customers"]).all()
    assert tables[0]["customers"].is_monotonic_decreasing


@given(rows_of())
def test_levels_add_up_to_the_whole(rows):
    journeys = log_of(rows).journeys()
    whole = onb.funnel_table(journeys, STEPS, "5h", attempt="first")
    parts = onb.funnel_table(journeys, STEPS, "5h", attempt="first", breakdown="channel")
    for name in ("customers", "open", "open_converted"):
        assert parts.groupby("step")[name].sum().tolist() == whole[name].tolist()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_channel_stays_text(name):
    rows = [("a", 0, name, "a"), ("a", 1, name, "b"), ("b", 0, "web", "a")]
    table = onb.funnel_table(
        log_of(rows).journeys(), ["a", "b"], attempt="first", breakdown="channel"
    )
    shown = {"exit": "exit (channel)", "": "(not set)"}.get(name, name)
    assert set(table["channel"]) == {shown, "web"}
    assert table.set_index(["channel", "step"])["customers"][shown, 2] == 1
