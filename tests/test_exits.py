"""The friction list against plain loops, and a planted friction."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given, settings
from logs import DAY, HOUR, log_of, random_rows
from naive import naive_journeys

import omninb as onb
from omninb import OmninbError
from omninb.exits import ExitTally


def naive_exits(rows, end_at, natural):
    """Settled touchpoints, exits and expected exits by channel and event."""
    touches = naive_touches(rows, end_at)
    settled, exits, risk, gone = Counter(), Counter(), Counter(), Counter()
    for kind, position, leaves, converts in touches:
        settled[kind] += 1
        exits[kind] += leaves
        risk[kind, position] += not converts
        gone[kind, position] += leaves
    expected = {}
    for kind in settled:
        total, compared = 0.0, False
        for (own, position), count in risk.items():
            if own != kind:
                continue
            others = [k for k in settled if k != kind and k not in natural]
            whole = sum(risk[k, position] for k in others)
            left = sum(gone[k, position] for k in others)
            compared |= whole > 0 and count > 0
            total += count * left / whole if whole else gone[kind, position]
        expected[kind] = total if compared else np.nan
    return settled, exits, expected


def naive_touches(rows, end_at):
    """(kind, position up to 21, exits here, converts here) of every settled touchpoint."""
    journeys, settled_until = naive_journeys(
        [(c, t, f"{channel} · {event}", event) for c, t, channel, event in rows],
        split_gap=30 * DAY, end_at=end_at,
    )  # fmt: skip
    found = []
    for journey in journeys:
        for i, (time, kind) in enumerate(journey.touches):
            last = i == len(journey.touches) - 1
            if time <= settled_until:
                converts = kind.split(" · ")[1] in end_at
                found.append((kind, min(i, 20), last and journey.state == "exit", converts))
    return found


@settings(max_examples=100)
@given(random_rows())
def test_counts_and_expectations_are_those_of_a_plain_loop(rows):
    assume("purchase" in {event for *_, event in rows})
    journeys = log_of(rows).journeys(split_gap="30d", end_at="purchase")
    table = onb.exit_table(journeys).set_index("channel · event")
    kinds = {f"{channel} · {event}" for _, _, channel, event in rows}
    natural = {kind for kind in kinds if kind.endswith("purchase")}
    settled, exits, expected = naive_exits(rows, ("purchase",), natural)
    assert table["settled"].to_dict() == dict(settled)
    assert table["exits"].to_dict() == {kind: exits[kind] for kind in settled}
    for kind, number in expected.items():
        if kind not in natural:
            assert table.loc[kind, "expected_exits"] == pytest.approx(number, nan_ok=True)
    assert set(table.index[table["expected_end"]]) == natural & set(settled)


@given(random_rows(), random_rows())
def test_tallies_of_disjoint_customers_add(rows, more):
    more = [(f"other {customer}", *rest) for customer, *rest in more]
    ends = {"observed_from": "2025-01-01", "observed_until": "2025-07-01"}
    a, b, whole = (
        ExitTally.of(log_of(part, **ends).journeys(), ["channel", "event"])
        for part in (rows, more, [*rows, *more])
    )
    assert a + b == whole


def walks(seed, friction, customers=400):
    """Journeys that end after each touchpoint with probability .3, and at `b` with `friction`."""
    random, rows = np.random.default_rng(seed), []
    for i in range(customers):
        at = int(random.integers(0, 20 * DAY))
        while True:
            event = str(random.choice(["a", "b", "c", "d"]))
            rows.append((f"c{i}", at, "web", event))
            at += HOUR
            if random.random() < (friction if event == "b" else 0.3):
                break
    return log_of(rows, observed_until="2025-06-01").journeys()


def test_a_planted_friction_is_flagged_and_nothing_else_is_where_there_is_none():
    table = onb.exit_table(walks(1, 0.5), by="event")
    assert table["event"][0] == "b" and table["flagged"].tolist() == [True, False, False, False]
    assert table["ratio"][0] == pytest.approx(0.5 / 0.3, rel=0.2)
    flagged = sum(
        onb.exit_table(walks(seed, 0.3), by="event")["flagged"].any() for seed in range(60)
    )
    assert flagged <= 7  # 5 % of 60, and three standard errors


def test_natural_ends_are_never_flagged_and_no_comparison():
    journeys = walks(1, 0.9)
    table = onb.exit_table(journeys, by="event", expected_ends=["b"]).set_index("event")
    assert table.loc["b", "expected_end"] and not table.loc["b", "flagged"]
    assert table.loc["a", "ratio"] == pytest.approx(1, abs=0.25)
    with pytest.raises(OmninbError, match="no 'delivrd' in the log"):
        onb.exit_table(journeys, by="event", expected_ends=["delivrd"])
    with pytest.raises(OmninbError, match="give a list"):
        onb.exit_table(journeys, expected_ends="b")
