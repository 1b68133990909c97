"""Drop-off by channel, and what came next, against plain loops over the first attempts."""

from __future__ import annotations

from collections import Counter, defaultdict

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from logs import DAY, log_of, random_rows
from naive_funnels import naive_attempts

import omninb as onb
from omninb.drop_off_tally import DropOffTally, OnwardTally, StepsTaken

STEPS = ["view", "ask", "purchase"]


def naive_drop_off(rows, within, until):
    """Counts of (step, channel, outcome), and of (step, channel, outcome, next)."""
    by_customer = defaultdict(list)
    for row in sorted(rows, key=lambda row: row[1]):
        by_customer[row[0]].append(row)
    counts, onward = Counter(), Counter()
    for own in by_customer.values():
        touches = [(row[1], {STEPS.index(row[3])}, set()) for row in own]
        for chain, _, late in naive_attempts(touches, 3, within=within, until=until):
            for step, at in enumerate(chain[:2]):
                here = own[at][2]
                if late:
                    counts[step, here, "open"] += 1
                    continue
                going = own[chain[step + 1]][2] if step + 1 < len(chain) else None
                outcome = "lost" if going is None else "same" if going == here else "other"
                counts[step, here, outcome] += 1
                if outcome != "same":
                    after = own[at + 1] if at + 1 < len(own) else None
                    end = "open" if own[-1][1] > until - 30 * DAY else "exit"
                    following = f"{after[2]} · {after[3]}" if after else end
                    onward[step, here, outcome, following] += 1
    return counts, onward


@settings(max_examples=100)
@given(random_rows())
def test_every_count_is_that_of_a_plain_loop(rows):
    assume({event for *_, event in rows} >= set(STEPS))
    until = max(row[1] for row in rows)
    journeys = log_of(rows).journeys()
    counts, onward = naive_drop_off(rows, 20 * DAY, until)
    table = onb.drop_off_table(journeys, STEPS, within="20d")
    columns = {"same": "next_same_channel", "other": "next_other_channel", "lost": "lost",
               "open": "open"}  # fmt: skip
    got = Counter()
    for row in table.to_dict("records"):
        for outcome, column in columns.items():
            got[row["step"] - 1, row["channel"], outcome] += row[column]
        whole = row["next_same_channel"] + row["next_other_channel"] + row["lost"]
        assert whole == row["customers"]
        if whole:
            assert row["drop_off"] == row["lost"] / whole
            kept = row["next_same_channel"] / whole
            assert row["leave_channel_rate"] == pytest.approx(1 - kept)
    assert got == counts
    instead = onb.lost_to_table(journeys, STEPS, within="20d")
    names = {"lost": "lost", "left channel": "other"}
    assert onward == Counter({
        (row["step"] - 1, row["channel"], names[row["outcome"]], row["next"]): row["customers"]
        for row in instead.to_dict("records")
    })  # fmt: skip
    shares = instead.groupby(["step", "channel", "outcome"])["share"].sum()
    assert (abs(shares - 1) < 1e-12).all()


@given(random_rows(), random_rows())
def test_tallies_of_disjoint_customers_add(rows, more):
    more = [(f"other {customer}", *rest) for customer, *rest in more]
    assume(all({e for *_, e in part} >= set(STEPS) for part in (rows, more)))
    ends = {"observed_from": "2025-01-01", "observed_until": "2025-07-01"}
    for tally in (DropOffTally, OnwardTally):
        a, b, whole = (
            tally.of(StepsTaken.of(log_of(part, **ends).journeys(), STEPS, "channel", "20d"))
            for part in (rows, more, [*rows, *more])
        )
        assert a + b == whole


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


def test_names_of_our_own_and_hostile_ones_stay_text():
    names = ["exit", "<img src=x onerror=alert(1)>", "open"]
    rows = [("a", 0, "web", "view"), ("b", 1, "web", "view")]
    rows += [(c, DAY, name, name) for c, name in zip("ab", names[:2], strict=True)]
    rows += [("c", 2, "web", "view"), ("d", 3, names[2], "ask")]
    table = onb.lost_to_table(log_of(rows).journeys(), ["view", "ask"], by="channel")
    assert table["customers"].sum() == 3 and names[1] in " ".join(table["next"])
    by_event = onb.lost_to_table(log_of(rows).journeys(), ["view", "ask"], by="event")
    assert by_event["customers"].sum() == 3 and "exit (event)" in set(by_event["next"])


def test_money_of_the_lost():
    frame = pd.DataFrame(
        [("a", 0, "web", "cart", 20.5), ("b", 0, "web", "cart", 7.0), ("b", 1, "web", "buy", 7.0)],
        columns=["customer_id", "day", "channel", "event", "value"],
    )
    frame["timestamp"] = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(
        frame.pop("day"), "D"
    )
    table = onb.drop_off_table(onb.read_events(frame).journeys(), ["cart", "buy"])
    assert table["value"].tolist() == [20.5]
