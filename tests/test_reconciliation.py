"""What the tables of one log count alike is alike, on any log."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from logs import log_of, random_rows

import omninb as onb
from omninb.reconciliation import _SAME


@settings(max_examples=40)
@given(random_rows(), st.booleans(), st.sampled_from([None, "20d"]))
def test_what_counts_the_same_thing_agrees(rows, ends, within):
    events = {event for *_, event in rows}
    assume({"view", "purchase"} <= events)
    rules = {"end_at": "purchase", "split_gap": "30d"} if ends else {}
    journeys = log_of(rows).journeys(**rules)
    table = onb.reconciliation_table(journeys, ["view", "purchase"], within=within)
    agreeing = table[table["agrees"]]
    assert len(agreeing) >= 7 and (agreeing["difference"] == 0).all()
    assert (table["difference"] == table["count"] - table["other_count"]).all()


def test_what_differs_says_why():
    rows = [("a", 0, "web", "view"), ("a", 1, "web", "ask"), ("a", 2, "web", "purchase")]
    table = onb.reconciliation_table(log_of(rows).journeys(), ["view", "purchase"])
    between = table[table["what"] == "customers with purchase after view"].iloc[0]
    assert (between["count"], between["other_count"]) == (1, 0)
    assert "come between" in between["why"]
    assert (table.loc[table["agrees"], "why"] == _SAME).all()


def test_who_was_won_before_the_first_contact_counts_in_any_order_only():
    rows = [("a", 0, "web", "contact"), ("a", 1, "web", "won"), ("b", 0, "mail", "won"),
            ("b", 5, "web", "contact"), ("c", 0, "web", "contact")]  # fmt: skip
    table = onb.reconciliation_table(log_of(rows).journeys(), ["contact", "won"])
    row = table[table["what"] == "customers who take all 2 steps"].iloc[0]
    assert (row["count"], row["other_count"], row["agrees"]) == (1, 2, False)
    assert "before the one it should follow" in row["why"]


@pytest.mark.parametrize("steps", [["open", "exit"], ["exit", "exit", "open"]])
def test_events_named_like_nodes_and_steps_taken_twice_agree(steps):
    rows = [(who, t, "web", event) for who in "ab" for t, event in enumerate(steps)]
    table = onb.reconciliation_table(log_of(rows).journeys(), steps)
    one, two = (
        f"{step} (2)" if i and step in steps[:i] else step for i, step in enumerate(steps[:2])
    )
    row = table[table["what"] == f"journeys with {two} right after {one}"].iloc[0]
    assert (row["count"], row["other_count"], row["agrees"]) == (2, 2, True)
    assert (table.loc[table["agrees"], "difference"] == 0).all()


@pytest.mark.parametrize("rows", [[], [("a", 0, "web", "view")]])
def test_a_log_with_next_to_nothing_goes_through(rows):
    steps = ["view", "view"] if rows else ["view", "purchase"]
    table = onb.reconciliation_table(log_of(rows).journeys(), steps)
    assert (table.loc[table["agrees"], "difference"] == 0).all()
