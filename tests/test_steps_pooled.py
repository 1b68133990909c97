"""Steps and flows of a log that is to be shared: rare rows are pooled and do not come back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from pooled_logs import FEWEST, SEEDS, Attacker, journeys_of

import omninb as onb
from omninb.wording import fewer_than

OVER = ("converted", "exit", "open")
TABLES = {
    "steps": (onb.step_table, ["step", "channel"]),
    "flows": (onb.flow_table, ["step", "source", "target"]),
}


def both(kind, seed, fewest):
    table, keys = TABLES[kind]
    shared, plain = (table(one, max_steps=3) for one in journeys_of(seed, fewest, 80))
    return (
        {tuple(row[key] for key in keys): row for row in frame.to_dict("records")}
        for frame in (shared, plain)
    )


def name_of(key, pooled):
    return (key[0], *[pooled] * (len(key) - 1))


def attack(told, all_rows, pooled, read):
    hidden = [k for k, row in all_rows.items() if k not in told
              or told[k]["journeys"] != row["journeys"]]  # fmt: skip
    attacker = Attacker(hidden)

    def cell(key):
        return key if key in attacker.number else float(all_rows[key]["journeys"])

    for step in {key[0] for key in hidden}:
        if (sums := told.get(name_of((step, *hidden[0][1:]), pooled))) is not None:
            attacker.knows([k for k in hidden if k[0] == step], sums["journeys"])
    if len(next(iter(all_rows))) == 2:
        for step in {key[0] for key in all_rows}:
            attacker.knows([cell(k) for k in all_rows if k[0] == step], read)
            for end in OVER:
                if {(step, end), (step + 1, end)} <= set(all_rows):
                    before, after = cell((step, end)), cell((step + 1, end))
                    attacker.knows([before], 0, minus=[after], at_most=True)
    else:
        attacker.knows([cell(k) for k in all_rows if k[1] == "START"], read)
        attacker.knows([cell(k) for k in all_rows if k[2] in (*OVER, "(beyond)")], read)
        for step, node in {(k[0], k[2]) for k in all_rows if k[2] not in (*OVER, "(beyond)")}:
            into = [cell(k) for k in all_rows if (k[0], k[2]) == (step, node)]
            out = [cell(k) for k in all_rows if (k[0], k[1]) == (step + 1, node)]
            attacker.knows(into, 0, minus=out)
    return attacker


@pytest.mark.parametrize("kind", TABLES)
@given(SEEDS, FEWEST)
@settings(max_examples=12)
def test_rare_rows_are_pooled_and_the_others_stay_as_they_are(kind, seed, fewest):
    told, all_rows = both(kind, seed, fewest)
    pooled = fewer_than(fewest)
    assert all(row["customers"] >= fewest for row in told.values())
    for key, row in told.items():
        if pooled not in key:
            assert str(row) == str(all_rows[key])
    for step in {key[0] for key in all_rows}:
        here = [sum(row["journeys"] for key, row in rows.items() if key[0] == step)
                for rows in (told, all_rows)]  # fmt: skip
        assert here[0] == here[1] or not any(key == name_of(key, pooled) for key in told
                                             if key[0] == step)  # fmt: skip


@pytest.mark.parametrize("kind", TABLES)
@given(SEEDS, FEWEST)
@settings(max_examples=8)
def test_nothing_hidden_comes_back(kind, seed, fewest):
    told, all_rows = both(kind, seed, fewest)
    read = sum(row["journeys"] for key, row in all_rows.items() if key[0] == 1)
    found = attack(told, all_rows, fewer_than(fewest), read).values()
    assert min(found.values(), default=fewest) >= fewest


@pytest.mark.parametrize("kind", TABLES)
def test_the_attacker_would_find_what_is_left_out_without_more(kind):
    _, all_rows = both(kind, 1, 10)
    careless = {k: row for k, row in all_rows.items() if row["customers"] >= 10}
    read = sum(row["journeys"] for key, row in all_rows.items() if key[0] == 1)
    found = attack(careless, all_rows, fewer_than(10), read).values()
    assert min(found.values()) < 10


@given(SEEDS, FEWEST)
@settings(max_examples=4)
def test_figures_take_them(seed, fewest):
    journeys, _ = journeys_of(seed, fewest, 80)
    onb.step_figure(onb.step_table(journeys, max_steps=4))
    onb.flow_figure(onb.flow_table(journeys, max_steps=4))


def test_rare_moves_are_counted_below_the_figure_and_not_drawn():
    journeys, _ = journeys_of(3, 10, 200)
    flows = onb.flow_table(journeys, max_steps=3)
    rare = flows["source"].eq(flows["target"]) & flows["source"].eq(fewer_than(10))
    figure = onb.flow_figure(flows)
    said = " ".join(note.text for note in figure.layout.annotations)
    assert f"too few customers are not drawn: {flows.loc[rare, 'journeys'].sum()}." in said
    assert "fewer than 10" not in said
    onb.flow_figure(
        flows[rare | (flows["step"] < 3)].reset_index(drop=True)
    )  # a step of rare moves
    alone = onb.flow_figure(flows[rare].reset_index(drop=True))
    assert "No journeys to show" in alone.layout.meta["alt"]
