"""Drop-off of a log that is to be shared: rare rows are pooled and do not come back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from pooled_logs import FEWEST, SEEDS, Attacker, rows_of, same, shared_and_plain

import omninb as onb
from omninb.wording import fewer_than

STEPS = ["view", "ask", "cart"]
COUNTS = ["customers", "lost", "next_same_channel", "next_other_channel", "open"]
ROW = ["step", "channel", "outcome", "next"]
WITHIN = "20d"


def both(table, keys, seed, fewest):
    pair = shared_and_plain(rows_of(seed, 120), fewest, split_gap="20d")
    return [
        {tuple(row[key] for key in keys): row for row in frame.to_dict("records")}
        for frame in (table(one, STEPS, within=WITHIN) for one in pair)
    ]


RATES = ["drop_off", "drop_off_ci_lower", "drop_off_ci_upper", "leave_channel_rate"]


@given(SEEDS, FEWEST)
@settings(max_examples=10)
def test_rare_places_are_pooled_and_do_not_come_back(seed, fewest):
    told, all_rows = both(onb.drop_off_table, ["step", "channel"], seed, fewest)
    name = fewer_than(fewest)
    assert all(row["customers"] >= fewest for row in told.values())
    hidden = [key for key in all_rows if key not in told or key[1] == name]
    for key, row in told.items():
        if key[1] != name:
            parts = {column: row[column] for column in [*COUNTS, *RATES, "value"]}
            assert same(parts, all_rows[key])
    attacker = Attacker([(key, column) for key in hidden for column in COUNTS])

    def cell(key, column):
        return (key, column) if key in hidden else float(all_rows[key][column])

    for (step, node), row in told.items():
        for column in COUNTS if node == name else []:
            whole = [key for key in hidden if key[0] == step]
            if not np.isnan(row[column]):
                assert row[column] == sum(all_rows[key][column] for key in whole)
                attacker.knows([cell(key, column) for key in whole], row[column])
    for key in all_rows:
        attacker.knows([cell(key, "customers")], 0, [cell(key, c) for c in COUNTS[1:4]])
        after = (key[0] + 1, key[1])
        if after in all_rows:
            here, there = cell(key, "next_same_channel"), cell(after, "customers")
            attacker.knows([here], 0, [there], at_most=True)
    went = [cell(key, column) for key in all_rows if key[0] == 1 for column in COUNTS[2:4]]
    attacker.knows([cell(key, "customers") for key in all_rows if key[0] == 2], 0, went)
    assert min(attacker.values().values(), default=fewest) >= fewest


@given(SEEDS, FEWEST)
@settings(max_examples=10)
def test_rare_next_ones_are_pooled_and_do_not_come_back(seed, fewest):
    told, all_rows = both(onb.lost_to_table, ROW, seed, fewest)
    name = fewer_than(fewest)
    assert all(row["customers"] >= fewest for row in told.values())
    hidden = [key for key in all_rows if key not in told or name in key]
    attacker = Attacker(hidden)
    left = set(hidden)
    for key, row in told.items():
        if name not in key:
            assert same(row, all_rows[key])
        elif key[1] != name:
            of = [one for one in hidden if one[:3] == key[:3]]
            assert row["customers"] == sum(all_rows[one]["customers"] for one in of)
            attacker.knows(of, row["customers"])
            left -= set(of)
    for key, row in told.items():
        if key[1] == key[3] == name:
            of = [one for one in left if (one[0], one[2]) == (key[0], key[2])]
            assert row["customers"] == sum(all_rows[one]["customers"] for one in of)
            attacker.knows(of, row["customers"])
    assert min(attacker.values().values(), default=fewest) >= fewest


@pytest.mark.parametrize("seed", [1, 2])
def test_figures_take_them(seed):
    shared, _ = shared_and_plain(rows_of(seed, 120), 10, split_gap="20d")
    onb.drop_off_figure(onb.drop_off_table(shared, STEPS, within=WITHIN))
    onb.lost_to_figure(onb.lost_to_table(shared, STEPS, within=WITHIN))
