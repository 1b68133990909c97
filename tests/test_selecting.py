"""Journeys selected by a move, and how journeys end, counted by hand and by another route."""

from __future__ import annotations

import pandas as pd
import pytest

import omninb as onb

ROWS = [("a", "web"), ("a", "app"), ("a", "store"), ("b", "web"), ("b", "store"), ("c", "app"),
        ("c", "app"), ("d", "web")]  # fmt: skip


@pytest.fixture
def journeys():
    frame = pd.DataFrame(ROWS, columns=["customer_id", "channel"])
    frame["timestamp"] = pd.date_range("2025-01-01", periods=len(ROWS), freq="h", tz="UTC")
    return onb.read_events(frame).journeys(exit_after="1h")


@pytest.mark.parametrize(
    ("move", "customers"),
    [(("web", "app"), "a"), (("web", "store"), "b"), (("app", "app"), "c"), (("app", "web"), "")],
)
def test_a_move_selects_the_journeys_that_make_it(journeys, move, customers):
    pair = tuple({"channel": channel} for channel in move)
    chosen = journeys.where(transition=pair)
    assert "".join(chosen.to_frame()["customer_id"].unique()) == customers
    assert len(chosen.to_frame()) == sum(customer in customers for customer, _ in ROWS)


def test_the_last_of_one_journey_is_not_followed_by_the_first_of_the_next(journeys):
    assert len(journeys.where(transition=({"channel": "store"}, {"channel": "web"}))) == 0


def test_a_pair_is_asked_for(journeys):
    with pytest.raises(onb.OmninbError, match="a pair of conditions"):
        journeys.where(transition="web")


def test_an_empty_log_has_no_such_journeys():
    empty = pd.DataFrame({"customer_id": [], "timestamp": [], "channel": []})
    journeys = onb.read_events(empty).journeys()
    assert len(journeys.where(transition=("view", "buy"))) == 0
    assert onb.end_table(journeys)["journeys"].sum() == 0


def test_journeys_with_a_move_are_those_that_the_table_counts():
    journeys = onb.sample().journeys(split_gap="30d", end_at="purchase")
    table = onb.transition_table(journeys, gaps=False)
    inner = table[
        (table["source"] != "START") & ~table["target"].isin(["converted", "exit", "open"])
    ]
    for row in inner.iloc[::9].to_dict("records"):
        pair = {"channel": row["source"]}, {"channel": row["target"]}
        chosen = journeys.where(transition=pair)
        assert (len(chosen), chosen.customers) == (row["journeys"], row["customers"])


def test_ends_are_those_of_the_map_and_of_the_ledger():
    journeys = onb.sample().journeys(split_gap="30d", end_at="purchase")
    ends = onb.end_table(journeys).set_index("end_state")
    graph = onb.transition_graph(journeys, by="event")
    ledger = journeys.quality.set_index("check")["count"]
    for state, row in ends.iterrows():
        assert row["journeys"] == ledger[f"journeys {state}"]
        if state != "open":
            assert row["end_rate"] == graph.nodes[state]["share"]
            assert row["end_rate_ci_lower"] < row["end_rate"] < row["end_rate_ci_upper"]
    assert ends["end_rate"].sum() == pytest.approx(1)
    assert pd.isna(ends.loc["open", "end_rate"])


def test_names_of_no_row_are_no_nodes() -> None:
    rows = [("a", "2025-01-01", "web "), ("a", "2025-01-02", "app"), ("b", "2025-01-01", "web")]
    frame = pd.DataFrame(rows, columns=["customer_id", "timestamp", "channel"])
    journeys = onb.read_events(frame, timezone="UTC").journeys()
    codes, labels = journeys.columns.codes("channel")
    assert labels == ["app", "web"] and sorted(codes.tolist()) == [0, 1, 1]
    with pytest.raises(onb.OmninbError, match="no touchpoint has channel"):
        journeys.where(channel="(not set)")
