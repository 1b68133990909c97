"""Attempts: the pass against a machine that tries every chain, and logs to count by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from logs import DAY, HOUR, log_of
from naive_funnels import fits_step, naive_attempts, naive_units, touches_of

from omninb import OmninbError
from omninb.attempts import Search
from omninb.funnel_steps import FunnelSteps

EVENTS = ["a", "b", "c", "x", "-"]


@st.composite
def cases(draw):
    row = st.tuples(
        st.sampled_from(["c0", "c1", "c2"]),
        st.integers(0, 12).map(lambda hours: hours * HOUR),
        st.sampled_from(["web", "store"]),
        st.sampled_from(EVENTS),
        st.sampled_from(["o1", "o2", None]),
    )
    rows = draw(st.lists(row, min_size=1, max_size=14))
    steps = draw(st.lists(st.sampled_from(
        ["a", "b", "c", ["a", "b"], {"channel": "web", "event": "c"}, {"channel": "store"}]
    ), min_size=2, max_size=4))  # fmt: skip
    order = draw(st.sampled_from(["ordered", "strict", "any"]))
    attempt = draw(st.sampled_from(["furthest", "first", "every"]))
    within = draw(st.sampled_from([None, 0, 2, 5]))
    unit = draw(st.sampled_from(["customer", "journey", "held", "held in a journey"]))
    optional, exclude = [], []
    if order == "ordered":
        optional = [i for i in range(1, len(steps) - 1) if draw(st.booleans())]
    if order != "any":
        required = [i for i in range(len(steps)) if i not in optional]
        for _ in range(draw(st.integers(0, 2))):
            first = draw(st.integers(0, len(required) - 2))
            last = draw(st.integers(first + 1, len(required) - 1))
            exclude.append((draw(st.sampled_from(["x", "a", "c"])), first, last))
    return rows, steps, order, attempt, within, unit, optional, exclude


@settings(max_examples=600)
@given(cases())
def test_attempts_are_those_of_the_machine_that_tries_every_chain(case):
    rows, steps, order, attempt, within, unit, optional, exclude = case
    here = {(row[2], row[3]) for row in rows}
    asked = [*steps, *(what for what, _, _ in exclude)]
    values = {"channel": {c for c, _ in here}, "event": {e for _, e in here}}
    for step in asked:
        for one in step if isinstance(step, list) else [step]:
            condition = {"event": one} if isinstance(one, str) else one
            assume(all(value in values[role] for role, value in condition.items()))
    if order == "any":
        assume(all(sum(fits_step(step, row) for step in steps) <= 1 for row in rows))
    until = max(row[1] for row in rows)
    labels = FunnelSteps.of(steps).labels
    required = [i for i in range(len(steps)) if i not in optional]
    spans = [(labels[required[a]], labels[required[b]]) for _, a, b in exclude]
    funnel = FunnelSteps.of(
        steps,
        optional=[labels[i] for i in optional],
        exclude=[(what, *span) for (what, _, _), span in zip(exclude, spans, strict=True)],
    )
    log = log_of(rows)
    journeys = log.journeys(split_gap="3h" if "journey" in unit else None)
    found = Search.of(
        journeys,
        funnel,
        None if within is None else f"{within}h" if within else "1us",
        order,
        attempt,
        "journey" if "journey" in unit else "customer",
        "order_id" if "held" in unit else None,
    ).everything()
    frame = journeys.to_frame()
    at = [(row.customer_id, row.timestamp.value // 1000) for row in frame.itertuples()]
    got = []
    for i in range(len(found.unit)):
        places = found.reached[i].tolist()
        got.append((
            at[max(places)][0], tuple(at[p][1] if p >= 0 else None for p in places),
            bool(found.open[i]), int(found.depth[i]),
        ))  # fmt: skip
    expected = []
    window = None if within is None else within * HOUR or 1
    ordered = [*required, *optional]
    for (customer, *_), own in naive_units(rows, unit, 3 * HOUR).items():
        touches = touches_of(own, [steps[i] for i in ordered], [what for what, _, _ in exclude])
        after = [sum(r < o for r in required) - 1 for o in optional]
        rules = (order, attempt, window, until, [(a, b) for _, a, b in exclude], after)
        for chain, extra, late in naive_attempts(touches, len(required), *rules):
            times = [own[i][1] + _EPOCH for i in chain] + [None] * (len(required) - len(chain))
            more = [own[i][1] + _EPOCH if i >= 0 else None for i in extra]
            by_place = dict(zip(ordered, [*times, *more], strict=True))
            shown = tuple(by_place[i] for i in range(len(steps))) if order != "any" else (*times,)
            expected.append((customer, shown, late, len(chain)))
    assert sorted(got, key=repr) == sorted(expected, key=repr)


_EPOCH = 1_735_689_600_000_000


def attempts(rows, steps, until_day=40, **arguments):
    exclude, optional = arguments.pop("exclude", None), arguments.pop("optional", None)
    log = log_of(rows, observed_until=f"2025-01-{until_day + 1:02d}" if until_day < 31 else None)
    within = arguments.pop("within", None)
    funnel = FunnelSteps.of(steps, optional, exclude)
    return Search.of(log.journeys(), funnel, within, **arguments).everything()


def day(number, event, customer="a"):
    return (customer, number * DAY, "web", event)


def test_a_second_try_within_the_window():
    rows = [day(0, "Y"), day(3, "Y"), day(5, "X")]
    depth = {
        name: attempts(rows, ["Y", "X"], 20, within="3d", attempt=name).depth.tolist()
        for name in ("furthest", "first", "every")
    }
    assert depth == {"furthest": [2], "first": [1], "every": [1, 2]}


def test_tied_timestamps_keep_the_input_order():
    assert attempts([day(0, "Y"), day(0, "X")], ["Y", "X"]).depth.tolist() == [2]
    assert attempts([day(0, "X"), day(0, "Y")], ["Y", "X"]).depth.tolist() == [1]


def test_a_repeated_step_needs_two_touchpoints():
    assert attempts([day(0, "Y"), day(1, "X")], ["Y", "Y", "X"]).depth.tolist() == [1]
    assert attempts([day(0, "Y"), day(1, "Y"), day(2, "X")], ["Y", "Y", "X"]).depth.tolist() == [3]


def test_one_touchpoint_serves_one_step():
    either = ["Y", "X"]
    assert attempts([day(0, "Y"), day(1, "-"), day(2, "X", "b")], ["Y", either]).depth.tolist() == [
        1
    ]
    assert attempts([day(0, "Y"), day(1, "X")], ["Y", either]).depth.tolist() == [2]


def test_an_excluded_touchpoint_between_two_steps():
    rows = [day(0, "Y"), day(1, "chat"), day(2, "X")]
    assert attempts(rows, ["Y", "X"], exclude="chat").depth.tolist() == [1]
    again = [*rows[:2], day(2, "Y"), day(3, "X")]
    found = attempts(again, ["Y", "X"], exclude="chat", attempt="furthest")
    assert found.depth.tolist() == [2]
    assert found.reached.tolist() == [[2, 3]]


@pytest.mark.parametrize("last", ["X", "-"])
def test_a_window_that_is_not_over_is_open_whatever_happened(last):
    found = attempts([day(0, "Y"), day(25, "Y", "b"), day(27, last, "b")], ["Y", last], 28,
                     within="10d")  # fmt: skip
    assert found.open.tolist().count(True) == 1


@pytest.mark.parametrize("order", ["ordered", "any"])
def test_a_touchpoint_of_no_step_begins_no_attempt(order):
    """Day 10 is mature and day 11 is not: the two steps from there on are no mature attempt's."""
    rows = [day(0, "Y"), day(10, "-"), day(11, "Y"), day(12, "X")]
    rules = {"within": "9d", "order": order, "attempt": "furthest"}
    assert attempts(rows, ["Y", "X"], 19, **rules).depth.tolist() == [1]
    assert attempts(rows, ["Y", "X"], 20, **rules).depth.tolist() == [2]


def test_optional_steps_are_found_between_the_required_ones():
    rows = [day(0, "Y"), day(1, "O"), day(2, "X"), day(0, "Y", "b"), day(2, "X", "b"),
            day(3, "O", "b")]  # fmt: skip
    found = attempts(rows, ["Y", "O", "X"], optional=["O"])
    assert found.depth.tolist() == [2, 2]
    assert sorted((found.reached[:, 1] >= 0).tolist()) == [False, True]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"steps": "Y"}, "at least two"),
        ({"steps": ["Y", "Q"]}, "no touchpoint has event 'Q'"),
        ({"steps": ["Y", "X"], "optional": ["Y"]}, "the first and the last step"),
        ({"steps": ["Y", "X"], "order": "sorted"}, "order='sorted'"),
        ({"steps": ["Y", "X"], "within": "30"}, "unit"),
        ({"steps": ["Y", ["X", "Y"]], "order": "any"}, "exclude each other"),
        ({"steps": ["Y", "X"], "order": "any", "exclude": "X"}, 'order="ordered" or "strict"'),
        ({"steps": ["Y", "Y", "X"], "order": "strict", "optional": ["Y (2)"]}, "nothing comes"),
        ({"steps": ["Y", "X", "Z"], "order": "any", "optional": ["X"]}, 'Give order="ordered"'),
        ({"steps": ["Y", "X"], "hold": "basket"}, "no such column"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments, words):
    with pytest.raises(OmninbError, match=words):
        attempts([day(0, "Y"), day(1, "X"), day(2, "Z")], **arguments)


def test_nobody_who_begins_gives_no_attempts():
    found = attempts([day(0, "X"), day(1, "Y")], ["Y", "X"])
    assert found.depth.tolist() == [1]
    assert len(attempts([day(0, "X")], ["X", "X"], attempt="every").unit) == 1
    assert np.all(found.reached[0] == [1, -1])
