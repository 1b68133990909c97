"""How long moves take: by hand, move by move in plain Python, and beside the transitions."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest
from hypothesis import given
from logs import DAY, HOUR, log_of, random_rows

import omninb as onb
from omninb.wording import fewer_than

MINUTE = HOUR // 60
SECOND = MINUTE // 60
LIMITS = [0, 10 * SECOND, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY]


def test_gaps_that_are_counted_by_hand():
    rows = [("a", 0, "web", "view"), ("a", MINUTE, "store", "view"),
            ("a", 2 * MINUTE, "web", "view"), ("a", 2 * MINUTE, "store", "view"),
            ("b", 0, "web", "view"), ("b", MINUTE, "web", "view"),
            ("b", 2 * MINUTE + 1, "store", "view"),
            ("c", 0, "web", "view"), ("c", 40 * DAY, "store", "view")]  # fmt: skip
    table = onb.gap_table(log_of(rows).journeys(), "web", "store")
    ten, one, month = (pd.Timedelta(text) for text in ("10s", "1min", "30D"))
    found = table.set_index("up_to")[["transitions", "customers"]]
    assert found.loc[pd.Timedelta(0)].tolist() == [1, 1]
    assert found.loc[one].tolist() == [1, 1] and found.loc[ten].tolist() == [0, 0]
    assert found.loc[pd.Timedelta("10min")].tolist() == [1, 1]
    last = table.iloc[-1]
    assert (last["longer_than"], last["transitions"]) == (month, 1) and pd.isna(last["up_to"])
    assert table["share"].tolist() == [0.25, 0, 0.25, 0.25, 0, 0, 0, 0, 0, 0.25]
    assert table.attrs["median_gap"] == one and table.attrs["transitions"] == 4


@pytest.mark.filterwarnings("ignore:only")
@given(random_rows())
def test_every_move_is_counted_once(rows):
    journeys = log_of(rows).journeys(split_gap="20d")
    frame = journeys.to_frame()
    moves = Counter()
    for _, journey in frame.groupby("journey"):
        times, names = journey["timestamp"].tolist(), journey["channel"].tolist()
        for source, target, was, then in zip(names, names[1:], times, times[1:], strict=False):
            gap = (then - was) // pd.Timedelta("1us")
            moves[source, target, sum(gap > limit for limit in LIMITS)] += 1
    transitions = onb.transition_table(journeys)
    inner = transitions[transitions["median_gap"].notna()]
    assert len(inner) == len({move[:2] for move in moves})
    for row in inner.to_dict("records"):
        source, target = row["source"], row["target"]
        table = onb.gap_table(journeys, source, target)
        naive = [moves[source, target, i] for i in range(len(LIMITS) + 1)]
        assert table["transitions"].tolist() == naive
        assert table["transitions"].sum() == row["transitions"] == table.attrs["transitions"]
        assert table["customers"].max() <= row["customers"] <= table["customers"].sum()
        for name in ("median_gap", "p90_gap"):
            exact = table.attrs[name] / pd.Timedelta("1us")
            assert row[name] / pd.Timedelta("1us") == pytest.approx(exact, rel=0.008)


def test_a_shared_log_joins_rows_of_few_customers():
    log, _ = onb.simulate_retailer(300, seed=3)
    frame = log.to_frame()
    plain = onb.read_events(frame).journeys(split_gap="30d")
    shared = onb.read_events(frame, min_customers=20).journeys(split_gap="30d")
    whole, told = (onb.gap_table(one, "web", "web") for one in (plain, shared))
    assert (whole["customers"] < 20).any() and (told["customers"] >= 20).all()
    assert told["transitions"].sum() == whole["transitions"].sum() and len(told) > 2
    assert told["longer_than"].tolist()[1:] == told["up_to"].tolist()[:-1]
    table = onb.transition_table(shared, gaps=False)
    into = table[table["target"] == fewer_than(20)]["source"]
    assert len(into)
    source = next(name for name in into if name in set(plain.columns.codes("channel")[1]))
    shown = set(table[table["source"] == source]["target"])
    for target in plain.columns.codes("channel")[1]:
        if target not in shown:
            assert onb.gap_table(shared, source, target).empty


@pytest.mark.parametrize(
    ("edge", "said"),
    [(("START", "web"), "START"), (("web", "exit"), "takes no time"), (("wep", "web"), "web")],
)
def test_what_has_no_gap_is_refused(edge, said):
    with pytest.raises(onb.OmninbError, match=said):
        onb.gap_table(onb.sample().journeys(), *edge)
