"""Layers, order and heights of a staged graph (after Sugiyama, Tagawa and Toda 1981)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


def natural_breaks(
    values: Sequence[float], weights: Sequence[float], classes: int, most: int
) -> list[int]:
    """The class of each value: Jenks's natural breaks, with at most `most` values in a class.

    The smallest weighted sum of squared deviations within classes is found exactly (Fisher
    1958); the weights keep a few rare values from taking a class of their own.
    """
    order = sorted(range(len(values)), key=lambda i: (values[i], i))
    n = len(order)
    classes = max(1, min(classes, n))
    most = max(most, -(-n // classes))
    best = [[(float("inf"), 0)] * (n + 1) for _ in range(classes + 1)]
    best[0][0] = (0.0, 0)
    w = np.concatenate(([0.0], np.cumsum([weights[i] for i in order])))
    wx = np.concatenate(([0.0], np.cumsum([weights[i] * values[i] for i in order])))
    wxx = np.concatenate(([0.0], np.cumsum([weights[i] * values[i] ** 2 for i in order])))
    for k in range(1, classes + 1):
        for end in range(k, n + 1):
            for start in range(max(k - 1, end - most), end):
                whole = w[end] - w[start]
                spread = wxx[end] - wxx[start] - (wx[end] - wx[start]) ** 2 / whole
                cost = best[k - 1][start][0] + float(spread)
                if cost < best[k][end][0] - 1e-9:
                    best[k][end] = (cost, start)
    result = [0] * n
    end = n
    for k in range(classes, 0, -1):
        start = best[k][end][1]
        for place in range(start, end):
            result[order[place]] = k - 1
        end = start
    return result


@dataclass
class Staged:
    """A graph whose edges join neighbouring layers only: longer ones pass through dummies.

    Attributes
    ----------
    layers : list of list of int
        Items by layer, top to bottom. Items are numbered over nodes and dummies.
    links : list of tuple
        (item in one layer, item in the next, width in pixels).
    above, below : dict
        Pixels that an item needs above and below its y.
    arcs : list of tuple
        (item, item, width) for edges inside one layer.
    """

    layers: list[list[int]]
    links: list[tuple[int, int, float]]
    above: dict[int, float]
    below: dict[int, float]
    dummies: set[int] = field(default_factory=set)
    arcs: list[tuple[int, int, float]] = field(default_factory=list)


def ordered(stage: Staged, restarts: int = 8, sweeps: int = 6) -> list[list[int]]:
    """Layers in an order with few crossings, each weighted by both widths.

    Barycentre sweeps and single moves from several seeded starts; the same graph always gets
    the same order.
    """
    layers = [list(layer) for layer in stage.layers]
    if not stage.links:
        return layers
    chance = random.Random(7)
    between = _links_between(stage)
    best, least = layers, float("inf")
    for attempt in range(restarts):
        trial = [list(layer) for layer in layers]
        if attempt:
            for layer in trial:
                chance.shuffle(layer)
        for sweep in range(sweeps):
            before = [list(layer) for layer in trial]
            places = range(len(trial)) if sweep % 2 == 0 else range(len(trial) - 1, -1, -1)
            for k in places:
                near = [] if k == 0 or (sweep == 1 and attempt % 2) else between[k - 1]
                ahead = [] if k == len(trial) - 1 or (sweep == 0 and attempt % 2) else between[k]
                trial[k] = _settle(trial, k, near, ahead, stage.arcs)
            if sweep > 1 and trial == before:
                break
        cost = sum(
            _crossings(trial[k], trial[k + 1], between[k]) for k in range(len(trial) - 1)
        ) + _arc_cost(trial, stage.arcs)
        if cost < least - 1e-6:
            best, least = trial, cost
    return best


Links = list[tuple[int, int, float]]


def _links_between(stage: Staged) -> list[Links]:
    layer_of = {item: k for k, layer in enumerate(stage.layers) for item in layer}
    between: list[Links] = [[] for _ in stage.layers]
    for a, b, w in stage.links:
        between[layer_of[a]].append((a, b, w))
    return between


def _crossings(left: list[int], right: list[int], links: Links) -> float:
    if not links:
        return 0.0
    rank = {item: i for layer in (left, right) for i, item in enumerate(layer)}
    a = np.array([rank[link[0]] for link in links])
    b = np.array([rank[link[1]] for link in links])
    w = np.array([link[2] for link in links])
    crossed = (a[:, None] < a[None, :]) & (b[:, None] > b[None, :])
    return float(w @ crossed @ w)


def _arc_cost(layers: list[list[int]], arcs: Links) -> float:
    rank = {item: i for layer in layers for i, item in enumerate(layer)}
    return sum(w * w * _reach(rank[a], rank[b]) for a, b, w in arcs)


def _reach(source: int, target: int) -> float:
    """Arcs to the next place down cost nothing; longer and upward ones do."""
    return target - source - 1 if target > source else source - target - 0.3


def _settle(layers: list[list[int]], k: int, near: Links, ahead: Links, arcs: Links) -> list[int]:
    """Layer `k` sorted by barycentre, then each item moved to its cheapest place."""
    layer = layers[k]
    if len(layer) < 2:
        return layer
    place = {item: i for i, item in enumerate(layer)}
    cost = np.zeros((len(layer), len(layer)))
    pull, weight = np.zeros(len(layer)), np.zeros(len(layer))
    for links, mine, neighbours in (
        (near, 1, layers[k - 1] if near else []),
        (ahead, 0, layers[k + 1] if ahead else []),
    ):
        if not links:
            continue
        share = np.zeros((len(layer), len(neighbours)))
        rank = {item: i for i, item in enumerate(neighbours)}
        for a, b, w in links:
            here, there = (b, a) if mine else (a, b)
            share[place[here], rank[there]] += w
        # What crosses when u stands above v: u's links to lower places × v's to higher ones.
        higher = np.cumsum(share, axis=1) - share
        cost += share @ higher.T
        spots = np.linspace(0, 1, max(2, len(neighbours)))[: len(neighbours)]
        pull += share @ spots
        weight += share.sum(axis=1)
    middle = np.where(weight > 0, pull / np.maximum(weight, 1e-9), np.linspace(0, 1, len(layer)))
    order = sorted(range(len(layer)), key=lambda i: (round(float(middle[i]), 9), i))
    order = _single_moves(order, cost)
    order = _nearer_arcs(order, cost, [(place[a], place[b], w) for a, b, w in arcs if a in place])
    return [layer[i] for i in order]


def _single_moves(order: list[int], cost: NDArray[np.float64]) -> list[int]:
    for _ in range(4):
        moved = False
        for item in sorted(order):
            rest = [i for i in order if i != item]
            above, below = cost[rest, item], cost[item, rest]
            totals = np.concatenate(([0.0], np.cumsum(above))) + (
                below.sum() - np.concatenate(([0.0], np.cumsum(below)))
            )
            here = order.index(item)
            spot = int(np.argmin(totals))
            if totals[spot] < totals[here] - 1e-9:
                order = [*rest[:spot], item, *rest[spot:]]
                moved = True
        if not moved:
            break
    return order


def _nearer_arcs(order: list[int], cost: NDArray[np.float64], arcs: Links) -> list[int]:
    """Swap neighbours where that brings the ends of arcs together for fewer crossings."""

    def reach(trial: list[int]) -> float:
        rank = {item: i for i, item in enumerate(trial)}
        return sum(w * w * _reach(rank[a], rank[b]) for a, b, w in arcs)

    if not arcs:
        return order
    now = reach(order)
    for _ in range(3):
        for i in range(len(order) - 1):
            u, v = order[i], order[i + 1]
            trial = [*order[:i], v, u, *order[i + 2 :]]
            then = reach(trial)
            if then - now + cost[v, u] - cost[u, v] < -1e-9:
                order, now = trial, then
    return order


def pooled(
    wanted: Sequence[float],
    weights: Sequence[float],
    gaps: Sequence[float],
    lowest: float,
    highest: float,
) -> list[float]:
    """Heights nearest to those wanted that keep their order and the gaps between them.

    Isotonic regression by pooling adjacent violators (Ayer et al. 1955), after the gaps are
    taken off; then moved as little as needed into [lowest, highest].
    """
    if not wanted:
        return []
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    blocks: list[list[float]] = []
    for y, w, off in zip(wanted, weights, offsets, strict=True):
        blocks.append([y - off, max(w, 1e-6), 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            m2, w2, n2 = blocks.pop()
            m1, w1, n1 = blocks.pop()
            blocks.append([(m1 * w1 + m2 * w2) / (w1 + w2), w1 + w2, n1 + n2])
    level = [mean for mean, _, n in blocks for _ in range(int(n))]
    top = highest - offsets[-1]
    return [max(lowest, min(v, top)) + off for v, off in zip(level, offsets, strict=True)]


def heights(
    stage: Staged, layers: list[list[int]], top: float, bottoms: Sequence[float]
) -> dict[int, float]:
    """The y of each item: near the weighted mean of its neighbours, without overlap.

    `bottoms` is the lowest y that each layer may use.
    """
    ys: dict[int, float] = {}
    for layer, bottom in zip(layers, bottoms, strict=True):
        need = sum(stage.above[i] + stage.below[i] for i in layer)
        y = top + max(0.0, (bottom - top - need) / 2)
        spare = max(0.0, bottom - top - need) / max(1, len(layer))
        for i in layer:
            ys[i] = y + stage.above[i] + (spare / 2 if len(layer) > 1 else 0)
            y += stage.above[i] + stage.below[i]
    links: dict[int, list[tuple[int, float]]] = {i: [] for layer in layers for i in layer}
    for a, b, w in stage.links:
        straight = 4.0 if a in stage.dummies and b in stage.dummies else 1.0
        if a in stage.dummies or b in stage.dummies:
            straight *= 1.5
        links[a].append((b, w * straight))
        links[b].append((a, w * straight))
    places = list(zip(layers, bottoms, strict=True))
    for sweep in range(24):
        for layer, bottom in places if sweep % 2 == 0 else places[::-1]:
            wanted, weights = [], []
            for i in layer:
                total = sum(w for _, w in links[i])
                wanted.append(sum(ys[j] * w for j, w in links[i]) / total if total else ys[i])
                weights.append(total + 0.5)
            gaps = [
                stage.below[a] + stage.above[b] for a, b in zip(layer[:-1], layer[1:], strict=True)
            ]
            if layer:
                low, high = top + stage.above[layer[0]], bottom - stage.below[layer[-1]]
                ys.update(zip(layer, pooled(wanted, weights, gaps, low, high), strict=True))
    return ys
