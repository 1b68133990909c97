"""Who met a test, when and in which arm, and what they did from then on: by hand and by loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import DAY, EPOCH, HOUR
from trials import trial_log

import omninb as onb
from omninb.experiments.enrolment import participants_of
from omninb.experiments.participants import Design

BOUGHT = onb.Conversion("purchase", within="2d")
SPENT = onb.MeanPerCustomer("value", step="purchase", within="2d")
BUYS = onb.MeanPerCustomer("count", step="purchase", within="2d")
VALUE = onb.RatioOfSums("value", "count", step="purchase", within="2d")
TIME = onb.TimeTo("purchase", within="2d")
LEFT = onb.DropOff("cart", "purchase", within="2d")
METRICS = [BOUGHT, SPENT, BUYS, VALUE, TIME, LEFT]
# c: control, t: treatment, b: both; the last row only says how long the log looked
BY_HAND = [
    ("c", 0, "purchase", None, 9.0),  # before exposure
    ("c", 1 * DAY, "view", "control", None),  # exposed
    ("c", 2 * DAY, "purchase", None, 5.0),
    ("c", 3 * DAY, "purchase", None, 7.0),  # the window [1 d, 3 d) is over
    ("t", 4 * DAY, "cart", "new", None),
    ("t", 4 * DAY + HOUR, "purchase", "new", 2.5),
    ("b", 5 * DAY, "view", "control", None),
    ("b", 6 * DAY, "view", "new", None),
    ("late", 9 * DAY, "purchase", "new", 4.0),  # open: 11 d is past the end
    ("nobody", 10 * DAY, "view", None, None),
]


def outcomes(rows, metrics=METRICS, covariate=None):
    people = participants_of(trial_log(rows), metrics, Design(covariate=covariate))
    return people, {outcome.metric.kind: outcome for outcome in people.outcomes}


def test_a_log_counted_by_hand():
    people, found = outcomes(BY_HAND)
    order = np.argsort(people.at)  # c, t, late
    assert people.arms == ("control", "new") and people.crossed == 1 and len(people) == 3
    assert people.arm[order].tolist() == [0, 1, 1]
    assert ((people.at[order] - people.at.min()) // DAY).tolist() == [0, 3, 8]
    assert found["conversion"].known[order].tolist() == [True, True, False]
    assert found["conversion"].top[order].tolist() == [1, 1, 1]
    mean = [o for o in people.outcomes if o.metric.kind == "mean"]
    assert mean[0].top[order].tolist() == [5, 2.5, 4] and mean[1].top[order].tolist() == [1, 1, 1]
    assert found["ratio"].bottom[order].tolist() == [1, 1, 1]
    assert found["time"].top[order].tolist() == [1, 1 / 24, 0]
    assert found["time"].happened[order].tolist() == [True, True, True]
    assert found["drop-off"].bottom[order].tolist() == [0, 1, 0]
    assert found["drop-off"].top[order].tolist() == [0, 0, 0]


def test_a_window_that_ends_with_the_log_is_over_and_the_second_step_may_come_again():
    rows = [
        ("a", 0, "view", "control", None),
        ("a", 1, "purchase", None, 1.0),
        ("a", 2, "cart", None, None),
        ("a", 3, "purchase", None, 1.0),
        ("b", 0, "cart", "new", None),
        ("z", 2 * DAY, "view", None, None),  # the windows are [0, 2 d)
    ]
    for until, over in ((2 * DAY, True), (2 * DAY - 1, False)):
        people, found = outcomes([*rows[:-1], ("z", until, "view", None, None)])
        assert found["conversion"].known.tolist() == [over, over]
        order = np.argsort(people.arm)
        assert found["drop-off"].top[order].tolist() == [0, 1]
        assert found["drop-off"].bottom[order].tolist() == [1, 1]


def test_lines_of_one_order_count_once():
    rows = [
        ("a", 0, "purchase", "control", 1.0, "o1"),
        ("a", HOUR, "purchase", None, 2.0, "o1"),
        ("a", 2 * HOUR, "purchase", None, 3.0, "o2"),
        ("a", 3 * HOUR, "purchase", None, 4.0, None),
        ("b", 0, "purchase", "new", 5.0, "o1"),
        ("z", 9 * DAY, "view", None, None, None),
    ]
    people, _ = outcomes(rows, [BUYS, SPENT])
    counts, sums = (o.top[np.argsort(people.arm)].tolist() for o in people.outcomes)
    assert counts == [3, 1] and sums == [10, 5]


def test_history_is_what_came_strictly_before_within_28_days():
    rows = [
        ("a", 0, "purchase", None, 50.0),  # 29 days before
        ("a", 2 * DAY, "purchase", None, 3.0),
        ("a", 29 * DAY, "purchase", "control", 7.0),
        ("b", 29 * DAY, "purchase", "new", 1.0),  # no history
        ("z", 40 * DAY, "view", None, None),
    ]
    people, _ = outcomes(rows, [SPENT], "before")
    past = people.outcomes[0].covariate[0][np.argsort(people.arm)]
    assert past[0] == 3 and np.isnan(past[1])
    people, _ = outcomes(rows, [SPENT], "value")  # as it last stood
    past = people.outcomes[0].covariate[0][np.argsort(people.arm)]
    assert past[0] == 3 and np.isnan(past[1])


@st.composite
def trial_rows(draw):
    row = st.tuples(
        st.sampled_from([f"c{i}" for i in range(6)]),
        st.integers(0, 40 * 24).map(lambda hours: hours * HOUR),
        st.sampled_from(["view", "cart", "purchase"]),
        st.sampled_from([None, None, "control", "new"]),
        st.sampled_from([None, 1.25, -3.5, 20.0]),
        st.sampled_from([None, "o1", "o2"]),
    )
    rows = draw(st.lists(row, min_size=1, max_size=60))
    return [*rows, ("x", 0, "view", "control", None, None), ("y", 0, "purchase", "new", 1.0, None),
            ("y", HOUR, "cart", None, None, None)]  # fmt: skip


def every_customer(rows):
    """Arm, exposure and outcomes of each customer, touchpoint by touchpoint; who crossed."""
    end, found, crossed = max(row[1] for row in rows), [], 0
    for customer in {row[0] for row in rows}:
        own = sorted((row for row in rows if row[0] == customer), key=lambda row: row[1])
        arms = {row[3] for row in own if row[3]}
        crossed += len(arms) == 2
        if len(arms) != 1:
            continue
        at = next(row[1] for row in own if row[3])
        after = [row for row in own if at <= row[1] < at + 2 * DAY]
        before = [row for row in own if at - 28 * DAY <= row[1] < at]
        buys = [row for row in after if row[2] == "purchase"]
        seen, orders = set(), 0
        for row in own:
            if row[2] == "purchase":
                new = row[5] is None or row[5] not in seen
                orders += new and at <= row[1] < at + 2 * DAY
                seen.add(row[5])
        carts = [i for i, row in enumerate(after) if row[2] == "cart"]
        went_on = carts and any(row[2] == "purchase" for row in after[carts[0] + 1 :])
        past = sum(row[4] or 0 for row in before if row[2] == "purchase")
        figures = (
            float(bool(buys)),
            sum(row[4] or 0 for row in buys),
            float(orders),
            (buys[0][1] - at if buys else min(end - at, 2 * DAY)) / DAY,
            float(bool(carts) and not went_on),
            float(bool(carts)),
            float(past) if before else None,
        )
        found.append((arms.pop(), at, end - at >= 2 * DAY, figures))
    return found, crossed


def alike(one):
    """A customer's figures in an order that stands whatever is missing."""
    return (*one[:3], *(-1e9 if figure is None else float(figure) for figure in one[3]))


@given(trial_rows())
def test_plain_loops_find_the_same(rows):
    people, kinds = outcomes(rows, covariate="before")
    means = [o for o in people.outcomes if o.metric.kind == "mean"]
    columns = (
        kinds["conversion"].top, means[0].top, means[1].top, kinds["time"].top,
        kinds["drop-off"].top, kinds["drop-off"].bottom, means[0].covariate[0],
    )  # fmt: skip
    found = [
        (
            people.arms[people.arm[i]],
            int(people.at[i]) - EPOCH,
            bool(kinds["conversion"].known[i]),
            [None if np.isnan(column[i]) else column[i] for column in columns],
        )
        for i in range(len(people))
    ]
    expected, crossed = every_customer(rows)
    assert sorted(map(alike, found)) == sorted(map(alike, expected)) and people.crossed == crossed
    assert (kinds["ratio"].bottom == means[1].top).all()


@given(trial_rows(), st.randoms())
def test_permuting_rows_at_different_times_changes_nothing(rows, random):
    rows = list({(row[0], row[1]): row for row in rows}.values())
    shuffled = random.sample(rows, len(rows))
    one, other = (outcomes(r)[0] for r in (rows, shuffled))
    for a, b in zip(one.outcomes, other.outcomes, strict=True):
        first, second = (
            sorted(zip(p.arm, p.at, o.top, o.known, strict=True)) for p, o in ((one, a), (other, b))
        )
        assert first == second


def test_what_a_log_must_say():
    log = trial_log(BY_HAND)
    with pytest.raises(onb.OmninbError, match="needs within="):
        onb.experiment_table(log, onb.Conversion("purchase"))
    with pytest.raises(onb.OmninbError, match="at least two arms"):
        onb.experiment_table(log, BOUGHT, variant="channel")
    with pytest.raises(onb.OmninbError, match=r"control='cntrol' is no arm.*'control'"):
        onb.experiment_table(log, BOUGHT, control="cntrol")
    with pytest.raises(onb.OmninbError, match="argument is for frames"):
        onb.experiment_table(log, BOUGHT, customer="customer_id")
    with pytest.raises(onb.OmninbError, match="'revenue' is no column of numbers"):
        onb.experiment_table(log, onb.MeanPerCustomer("revenue", within="2d"))
