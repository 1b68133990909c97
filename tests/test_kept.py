"""What is counted of journeys is kept with them, and a selection copies what it knows already."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs import log_of, random_rows

import omninb as onb
from omninb.move_bundles import bundled
from omninb.move_tally import MoveTally
from omninb.passes import moves

RULES = {"split_gap": "20d", "end_at": "purchase"}


def test_a_question_that_was_asked_is_not_counted_again(monkeypatch):
    journeys = onb.sample().journeys(**RULES)
    first = onb.transition_table(journeys), onb.step_table(journeys), onb.flow_table(journeys)
    for place in ("omninb.move_tally.count_moves", "omninb.step_tally.count_steps",
                  "omninb.step_tally.count_flows"):  # fmt: skip
        monkeypatch.setattr(place, lambda *_: pytest.fail("counted again"))
    again = onb.transition_table(journeys), onb.step_table(journeys), onb.flow_table(journeys)
    assert all(a.equals(b) for a, b in zip(first, again, strict=True))
    assert onb.transition_graph(journeys, min_journeys=50).number_of_edges()
    with pytest.raises(pytest.fail.Exception):
        onb.transition_table(journeys, collapse_repeats=True)
    with pytest.raises(pytest.fail.Exception):
        onb.transition_table(journeys.where(device="mobile"))


def test_only_the_last_few_small_ones_are_kept():
    journeys = onb.sample().journeys(**RULES)
    for steps in range(1, 21):
        onb.step_table(journeys, max_steps=steps)
    assert 1 < len(journeys._kept) < 10
    assert sum(tally.nbytes for tally in journeys._kept.values()) < 1 << 28
    assert not replace(journeys)._kept


@given(random_rows(most=30), st.booleans(), st.data())
@settings(max_examples=40)
def test_bundles_are_what_one_count_of_them_finds(rows, collapse, data):
    with_goal = [*rows, ("c0", 0, "store", "purchase")]
    journeys = log_of(with_goal).journeys(**RULES)
    whole = MoveTally.of(journeys, "channel", collapse, True)
    edges = whole.edges.labels
    small = data.draw(st.lists(st.sampled_from(edges), unique=True, max_size=6))
    outside = data.draw(st.booleans())  # moves from START and to ends too
    ends = {"START", "converted", "exit", "open"}
    small = [edge for edge in small if outside or not ends & set(edge)]
    into = {edge: (edge[0], "pooled") for edge in small}
    found = bundled(whole, journeys, "channel", into)
    for edge in found.edges.labels:
        row = found.edges.rows([edge])[0]
        members = {one for one in edges if into.get(one, one) == edge}
        assert found.edges.values[:, row].sum(axis=0).tolist() == by_hand(
            journeys, members, collapse
        )
        at = whole.gaps.rows(sorted(members))
        assert (found.gaps.values[:, row] == whole.gaps.values[:, at].sum(axis=1)).all()


def by_hand(journeys, members, collapse):
    """EDGE_FIELDS of several edges taken as one, by plain loops."""
    codes, labels = journeys.columns.codes("channel")
    customer_of = np.repeat(np.arange(journeys.customers), np.diff(journeys.customer_offsets))
    transitions = settled = 0
    inside, people, settled_people = set(), set(), set()
    for j, customer in enumerate(customer_of.tolist()):
        source, left = "START", None
        for i in range(*journeys.journey_offsets[j : j + 2].tolist()):
            target = labels[codes[i]]
            moved = not (collapse and target == source)
            steps = [(source, target, left)] if moved else []
            source, left = target, journeys.time[i]
            if i + 1 == journeys.journey_offsets[j + 1]:
                end = ("open", "converted", "exit")[journeys.end_states[j]]
                steps.append((source, end, left))
            for a, b, at in steps:
                if (a, b) in members:
                    on_time = at is None or at <= journeys.rules.settled_until
                    transitions, settled = transitions + 1, settled + on_time
                    inside.add(j)
                    if customer not in people and on_time:
                        settled_people.add(customer)
                    people.add(customer)
    return [transitions, len(inside), len(people), settled, len(settled_people)]


def test_fields_are_those_that_are_counted_by_hand():
    assert moves.EDGE_FIELDS == (
        "transitions", "journeys", "customers", "settled_transitions", "settled_customers"
    )  # fmt: skip


def test_a_selection_has_the_codes_of_the_whole():
    whole = onb.sample().journeys(**RULES)
    fresh = whole.where(channel="store", containing="purchase")
    for by in ("channel", "event", ["channel", "device"]):
        whole.columns.codes(by)
    copied = whole.where(channel="store", containing="purchase")
    for by in ("channel", "event", "device", ["channel", "device"]):
        (codes, labels), (others, names) = fresh.columns.codes(by), copied.columns.codes(by)
        assert labels == names and (codes == others).all()
    again = pickle.loads(pickle.dumps(copied))
    assert onb.transition_table(again).equals(onb.transition_table(fresh))
