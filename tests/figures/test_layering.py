"""Layers, order and heights against slower ways to the same answer."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omninb.figures.crossings import ordered
from omninb.figures.layering import Staged, heights, natural_breaks, pooled

positions = st.lists(st.integers(0, 40).map(lambda v: v / 4), min_size=1, max_size=8)


def spread(values, weights, classes):
    total = 0.0
    for c in set(classes):
        v = np.array([x for x, k in zip(values, classes, strict=True) if k == c])
        w = np.array([x for x, k in zip(weights, classes, strict=True) if k == c])
        total += float((w * (v - np.average(v, weights=w)) ** 2).sum())
    return total


@given(positions, st.integers(1, 4))
def test_natural_breaks_are_the_best_of_all_breaks(values, number):
    number = min(number, len(values))
    weights = [1.0 + i for i in range(len(values))]
    found = natural_breaks(values, weights, number, most=len(values))
    order = sorted(range(len(values)), key=lambda i: (values[i], i))
    best = float("inf")
    for cuts in combinations(range(1, len(values)), number - 1):
        trial = [0] * len(values)
        for place, i in enumerate(order):
            trial[i] = sum(place >= cut for cut in cuts)
        best = min(best, spread(values, weights, trial))
    assert spread(values, weights, found) == pytest.approx(best, abs=1e-6)


@given(positions, st.integers(1, 4), st.integers(1, 3))
def test_no_class_is_too_full(values, number, most):
    found = natural_breaks(values, [1.0] * len(values), number, most)
    largest = max(found.count(k) for k in set(found))
    assert largest <= max(most, -(-len(values) // min(number, len(values))))


def test_crossings_are_undone():
    links = [(i, 5 + (i * 3) % 5, 1.0) for i in range(5)]
    stage = Staged([list(range(5)), list(range(5, 10))], links, {}, {})
    first, second = ordered(stage)
    partner = {a: b for a, b, _ in links}
    assert [partner[i] for i in first] == second
    assert ordered(stage) == [first, second]


@given(
    st.lists(st.tuples(st.floats(0, 500), st.floats(0.1, 9), st.floats(1, 20)), min_size=1,
             max_size=9)
)  # fmt: skip
def test_pooling_keeps_order_and_gaps_and_stays_inside(items):
    wanted, weights, gaps = (list(column) for column in zip(*items, strict=True))
    found = pooled(wanted, weights, gaps[1:], 0, 600)
    assert all(
        b - a >= gap - 1e-6 for a, b, gap in zip(found[:-1], found[1:], gaps[1:], strict=True)
    )
    assert found[0] >= -1e-6 and found[-1] <= 600 + 1e-6


def test_pooling_leaves_alone_what_does_not_touch():
    assert pooled([10, 100, 110], [1, 1, 3], [20, 20], 0, 200) == [10, 92.5, 112.5]


def test_heights_keep_items_apart():
    links = [(0, i, 2.0) for i in range(1, 6)]
    room = dict.fromkeys(range(6), 12.0)
    stage = Staged([[0], [1, 2, 3, 4, 5]], links, room, room)
    ys = heights(stage, stage.layers, 0, [200, 200])
    assert all(ys[b] - ys[a] >= 24 - 1e-6 for a, b in zip(range(1, 5), range(2, 6), strict=True))
    assert ys[0] == pytest.approx(ys[3], abs=1)


def test_a_layer_may_be_empty():
    sizes = dict.fromkeys(range(4), 10.0)
    stage = Staged([[], [0, 1], [2, 3]], [(0, 3, 5.0), (1, 2, 5.0)], sizes, sizes)
    layers = ordered(stage)
    assert layers[0] == [] and [layers[1].index(0), layers[1].index(1)] == [
        layers[2].index(3), layers[2].index(2)
    ]  # fmt: skip
