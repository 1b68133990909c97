"""Transitions of a log that is to be shared: rare ones are pooled and do not come back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from logs import DAY
from pooled_logs import FEWEST, SEEDS, Attacker, journeys_of, shared_and_plain

import omninb as onb
from omninb.tallies import START
from omninb.wording import fewer_than

COUNTS = ["transitions", "settled_transitions"]
ENDS = ("converted", "exit", "open")


def both(seed, fewest):
    shared, plain = journeys_of(seed, fewest)
    return onb.transition_table(shared), onb.transition_table(plain), fewer_than(fewest)


def keyed(table):
    return {(row["source"], row["target"]): row for row in table.to_dict("records")}


def attack(shared, plain, pooled):
    """The attacker who has the shared table, and the hidden rows' keys."""
    told, all_rows = keyed(shared), keyed(plain)
    joined = {s for s, t in told if t == pooled}
    hidden = [
        e for e, row in all_rows.items()
        if e not in told or any(told[e][c] != row[c] for c in COUNTS)
    ]  # fmt: skip
    cells = [(e, c) for e in hidden for c in COUNTS if not (c == COUNTS[1] and e[1] == "open")]
    attacker = Attacker(cells)

    def cell(edge, column):
        key = (edge, column)
        return key if key in attacker.number else float(all_rows[edge][column])

    for column in COUNTS:
        for source in {s for s, _ in hidden}:
            own = [e for e in hidden if e[0] == source]
            if source in joined and source != pooled:
                attacker.knows([cell(e, column) for e in own], told[source, pooled][column])
        if (pooled, pooled) in told and (pooled, pooled) not in set(all_rows) - set(hidden):
            rest = [e for e in hidden if e[0] not in joined or e[0] == pooled]
            attacker.knows([cell(e, column) for e in rest], told[pooled, pooled][column])
        begun = [e for e in all_rows if e[0] == START]
        attacker.knows([cell(e, column) for e in begun], plain.attrs["journeys"])
    for node in {t for _, t in all_rows} - set(ENDS):
        into = [cell(e, "transitions") for e in all_rows if e[1] == node]
        out = [cell(e, "transitions") for e in all_rows if e[0] == node]
        attacker.knows(into, 0, minus=out)
    for source in {s for s, t in told if t != pooled}:
        of = next(row["settled"] for (s, t), row in told.items() if s == source and t != pooled)
        out = [cell(e, COUNTS[1]) for e in all_rows if e[0] == source]
        attacker.knows(out, of)
    exits = [e for e in all_rows if e[1] == "exit"]
    always = all(all_rows[e][COUNTS[0]] == all_rows[e][COUNTS[1]] for e in exits)
    over = [cell(e, "transitions") for e in all_rows if e[1] in ENDS]
    attacker.knows(over, plain.attrs["journeys"])
    inner = [cell(e, "transitions") for e in all_rows if e[0] != START]
    attacker.knows(inner, plain.attrs["touchpoints"])
    for edge in hidden:
        made, settled = cell(edge, COUNTS[0]), cell(edge, COUNTS[1])
        if edge[0] == START or (edge[1] == "exit" and always):
            attacker.knows([settled], 0, minus=[made])
        elif edge[1] != "open":
            attacker.knows([settled], 0, minus=[made], at_most=True)
    return attacker, hidden


def learn(attacker, graph, all_rows):
    """What the nodes of the graph tell besides."""

    def cell(edge, column):
        key = (edge, column)
        return key if key in attacker.number else float(all_rows[edge][column])

    for node, data in graph.nodes(data=True):
        if data["kind"] == "end":
            into = [e for e in all_rows if e[1] == node]
            if "journeys" in data:
                attacker.knows([cell(e, COUNTS[0]) for e in into], data["journeys"])
            if data.get("share", np.nan) == data.get("share", np.nan):
                settled = round(data["share"] * data["settled"])
                attacker.knows([cell(e, COUNTS[1]) for e in into], settled)
        elif data["kind"] == "node":
            out = [e for e in all_rows if e[0] == node]
            for column, told in zip(COUNTS, ("touchpoints", "settled"), strict=True):
                if data[told] == data[told]:
                    attacker.knows([cell(e, column) for e in out], data[told])
            exits = (node, "exit")
            if data["leave_rate"] == data["leave_rate"] and exits in all_rows:
                settled = round(data["leave_rate"] * data["settled"])
                attacker.knows([cell(exits, COUNTS[1])], settled)


@given(SEEDS, FEWEST)
@settings(max_examples=12)
def test_no_rare_row_is_shown_and_the_others_stay_as_they_are(seed, fewest):
    shared, plain, pooled = both(seed, fewest)
    assert (shared["customers"] >= fewest).all()
    told, all_rows = keyed(shared), keyed(plain)
    for edge, row in told.items():
        if edge[1] != pooled and edge[0] != pooled:
            assert str(row) == str(all_rows[edge])
    if len(told) and not shared.equals(plain):
        assert (shared["target"] == pooled).any()


@given(SEEDS, FEWEST)
@settings(max_examples=12)
def test_the_pooled_add_up_to_the_whole(seed, fewest):
    shared, plain, _ = both(seed, fewest)
    for column in COUNTS:
        assert shared[column].sum() == plain[column].sum()


@given(SEEDS, FEWEST)
@settings(max_examples=6)
def test_nothing_hidden_comes_back(seed, fewest):
    shared, plain, pooled = both(seed, fewest)
    # Where less is unsettled in all, that alone tells of the open ones.
    assume(plain.attrs["touchpoints"] * (1 - plain.attrs["settled_share"]) > fewest - 1.5)
    attacker, _ = attack(shared, plain, pooled)
    graph = onb.transition_graph(journeys_of(seed, fewest)[0])
    learn(attacker, graph, keyed(plain))
    found = attacker.values()
    assert min(found.values(), default=fewest) >= fewest


def test_the_attacker_would_find_what_is_left_out_without_more():
    least = []
    for seed in range(4):
        _, plain, pooled = both(seed, 10)
        careless = plain[plain["customers"] >= 10]
        attacker, hidden = attack(careless, plain, pooled)
        assert len(hidden) == (plain["customers"] < 10).sum()
        least.append(min(attacker.values().values()))
    assert min(least) < 10


@given(SEEDS, FEWEST)
@settings(max_examples=6)
def test_graphs_and_figures_take_them(seed, fewest):
    journeys, plain = journeys_of(seed, fewest)
    graph = onb.transition_graph(journeys)
    assert all(data["customers"] >= fewest for _, _, data in graph.edges(data=True))
    assert all(data.get("customers", fewest) >= fewest for _, data in graph.nodes(data=True)
               if data["kind"] == "node")  # fmt: skip
    onb.journey_map_figure(graph)
    whole = onb.transition_graph(plain)
    for name, data in graph.nodes(data=True):
        if data["kind"] == "node" and graph.has_edge(name, "exit"):
            assert data["leave_rate"] == pytest.approx(whole.nodes[name]["leave_rate"], nan_ok=True)
        elif data["kind"] == "node" and whole.has_edge(name, "exit"):
            assert np.isnan(data["leave_rate"])


@given(SEEDS, FEWEST)
@settings(max_examples=10)
def test_how_they_end_is_told_where_enough_end_so_in_every_way(seed, fewest):
    shared, plain = journeys_of(seed, fewest)
    told, whole = onb.end_table(shared), onb.end_table(plain)
    assert len(told) == 0 or told.equals(whole)
    counts = whole[["journeys", "customers"]].to_numpy()
    enough = ((counts >= fewest) | (counts == 0)).all()
    assert len(told) == 0 or enough


def test_ends_of_few_are_not_told():
    rows = [(f"c{i}", i * DAY, "web", "view") for i in range(40)]
    rows += [(f"c{i}", (i + 1) * DAY, "store", "ask") for i in range(9)]
    bought = {"channel": "store", "event": "view"}
    rows.append(("c0", 60 * DAY, "store", "view"))
    shared, plain = shared_and_plain(rows, 5, end_at=bought)
    assert plain.end_states.tolist().count(1) == 1
    assert len(onb.end_table(plain)) == 3 and len(onb.end_table(shared)) == 0
