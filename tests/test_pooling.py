"""How little is pooled: of the sample's rows hardly more than are rare themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import omninb as onb
from omninb.pooling import SHOWN, Total, pooled_rows
from omninb.samples import sample_path

KINDS = ["channel", "event"]
# table, what is asked of it, its key, what is counted, and the share of it that may be hidden
TABLES = {
    "moves": (onb.transition_table, {}, ["source", "target"], "transitions", 0.02),
    "moves of kinds": (
        onb.transition_table, {"by": KINDS, "gaps": False}, ["source", "target"], "transitions",
        0.06,
    ),
    "steps": (
        onb.step_table, {"by": KINDS, "max_steps": 6}, ["step", "channel · event"], "journeys",
        0.003,
    ),
    "flows": (
        onb.flow_table, {"max_steps": 5, "collapse_repeats": True}, ["step", "source", "target"],
        "journeys", 0.03,
    ),
    "paths": (onb.path_table, {"top": 500, "collapse_repeats": True}, ["path"], "journeys", 0.13),
    "exits": (onb.exit_table, {}, ["channel · event"], "settled", 0.001),
}  # fmt: skip


@pytest.fixture(scope="module")
def pair():
    log = onb.read_events(sample_path(), currency="EUR", min_customers=10)
    shared = log.journeys(split_gap="30d", end_at="purchase")
    return shared, replace(shared, min_customers=None)


@pytest.mark.parametrize("name", TABLES)
def test_little_of_the_sample_is_hidden(pair, name):
    table, asked, keys, counted, most = TABLES[name]
    shared, plain = (table(one, **asked).set_index(keys) for one in pair)
    told = shared.index.intersection(plain.index)
    hidden = 1 - plain.loc[told, counted].sum() / plain[counted].sum()
    rare = (plain["customers"] < 10).sum()
    assert hidden <= most
    assert len(plain) - len(told) <= 1.2 * rare + 25
    assert (shared["customers"] >= 10).all()


def two_way(counts, fewest=5):
    """Cells of a table with margins that are known, each its own customers' one touchpoint."""
    at = np.arange(counts.size).reshape(counts.shape)
    totals = [Total(tuple((int(i), 0) for i in line)) for line in (*at, *at.T)]
    one = np.zeros(counts.size, np.int64)
    found = pooled_rows(counts.reshape(1, -1), counts.reshape(-1, 1), [one], fewest, totals)
    return (found.into != SHOWN).reshape(counts.shape)


def test_a_rare_cell_goes_with_the_smallest_cycle_that_hides_it():
    counts = np.full((4, 4), 100)
    counts[0, 0] = 2
    counts[0, 3] = counts[2, 0] = counts[2, 3] = 9
    hidden = two_way(counts)
    assert set(zip(*np.nonzero(hidden), strict=True)) == {(0, 0), (0, 3), (2, 0), (2, 3)}


def test_nothing_is_hidden_for_what_cannot_be_protected():
    alone = [Total(((0, 0),))]  # its own count is known
    counts = np.array([[2], [50], [60], [70]])
    found = pooled_rows(counts.T, counts, [np.zeros(4, np.int64)], 5, alone)
    assert found.into.tolist() == [0, 0, 0, SHOWN]  # a sum of several, two of which are unknown
