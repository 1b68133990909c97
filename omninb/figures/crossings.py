"""The order of a staged graph's layers, with few crossings (Sugiyama, Tagawa and Toda 1981)."""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omninb.figures.layering import Staged

Arcs = list[tuple[int, int, float]]


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
    known: dict[tuple[object, ...], list[int]] = {}  # different starts meet
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
                near = k > 0 and not (sweep == 1 and attempt % 2)
                ahead = k < len(trial) - 1 and not (sweep == 0 and attempt % 2)
                seen = (*trial[k], None, *(trial[k - 1] if near else ()), None,
                        *(trial[k + 1] if ahead else ()))  # fmt: skip
                if seen not in known:
                    shares = [between[k - 1].share(trial[k - 1], trial[k]).T] if near else []
                    shares += [between[k].share(trial[k], trial[k + 1])] if ahead else []
                    known[seen] = _settle(trial[k], shares, stage.arcs)
                trial[k] = list(known[seen])
            if sweep > 1 and trial == before:
                break
        cost = sum(
            links.crossings(left, right)
            for links, left, right in zip(between, trial[:-1], trial[1:], strict=True)
        ) + _arc_cost(trial, stage.arcs)
        if cost < least - 1e-6:
            best, least = trial, cost
    return best


@dataclass
class _Links:
    """Links from one layer to the next: items on both sides, and widths; also as a matrix."""

    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    widths: NDArray[np.float64]
    matrix: NDArray[np.float64]

    def share(self, left: list[int], right: list[int]) -> NDArray[np.float64]:
        """Widths from each item on the left to each on the right."""
        return self.matrix[np.array(left, int)[:, None], np.array(right, int)]

    def crossings(self, left: list[int], right: list[int]) -> float:
        """Products of the widths of links that cross."""
        rank = np.empty(len(self.matrix), np.int64)
        rank[left], rank[right] = np.arange(len(left)), np.arange(len(right))
        a, b = rank[self.sources], rank[self.targets]
        crossed = (a[:, None] < a[None, :]) & (b[:, None] > b[None, :])
        return float(self.widths @ crossed @ self.widths)


def _links_between(stage: Staged) -> list[_Links]:
    layer_of = {item: k for k, layer in enumerate(stage.layers) for item in layer}
    found = []
    for k in range(len(stage.layers) - 1):
        links = [link for link in stage.links if layer_of[link[0]] == k]
        sources, targets = (np.array([link[end] for link in links], np.int64) for end in (0, 1))
        widths = np.array([width for *_, width in links], float)
        matrix = np.zeros((len(layer_of), len(layer_of)))
        matrix[sources, targets] = widths
        found.append(_Links(sources, targets, widths, matrix))
    return found


def _arc_cost(layers: list[list[int]], arcs: Arcs) -> float:
    rank = {item: i for layer in layers for i, item in enumerate(layer)}
    return sum(w * w * _reach(rank[a], rank[b]) for a, b, w in arcs)


def _reach(source: int, target: int) -> float:
    """Arcs to the next place down cost nothing; longer and upward ones do."""
    return target - source - 1 if target > source else source - target - 0.3


def _settle(layer: list[int], shares: list[NDArray[np.float64]], arcs: Arcs) -> list[int]:
    """A layer sorted by barycentre, then each item moved to its cheapest place.

    ``shares``: widths from its items to those of each neighbouring layer that counts.
    """
    if len(layer) < 2:
        return layer
    cost = np.zeros((len(layer), len(layer)))
    pull, weight = np.zeros(len(layer)), np.zeros(len(layer))
    for share in map(np.ascontiguousarray, shares):
        # What crosses when u stands above v: u's links to lower places × v's to higher ones.
        higher = np.cumsum(share, axis=1) - share
        cost += share @ higher.T
        others = share.shape[1]
        pull += share @ _evenly(max(2, others))[:others]
        weight += share.sum(axis=1)
    middle = np.where(weight > 0, pull / np.maximum(weight, 1e-9), _evenly(len(layer)))
    order = sorted(range(len(layer)), key=[round(y, 9) for y in middle.tolist()].__getitem__)
    order = _single_moves(order, cost)
    place = {item: i for i, item in enumerate(layer)}
    order = _nearer_arcs(order, cost, [(place[a], place[b], w) for a, b, w in arcs if a in place])
    return [layer[i] for i in order]


def _single_moves(order: list[int], cost: NDArray[np.float64]) -> list[int]:
    saved = cost.T - cost  # by having u above v
    goals = _cheapest_spots(order, saved)
    for _ in range(4):
        moved = False
        for item in sorted(order):
            here = order.index(item)
            if goals[here] != here:
                rest = [i for i in order if i != item]
                order = [*rest[: goals[here]], item, *rest[goals[here] :]]
                goals, moved = _cheapest_spots(order, saved), True
        if not moved:
            break
    return order


def _cheapest_spots(order: list[int], saved: NDArray[np.float64]) -> list[int]:
    """Where each item would best stand among the others as they are; ties keep it in place."""
    at = np.array(order)
    # What each item costs more below the first 0, 1, 2, … places than above all; its own is 0.
    costs = np.zeros((len(at), len(at) + 1))
    np.cumsum(saved[at[:, None], at], axis=1, out=costs[:, 1:])
    spots, here = costs.argmin(axis=1), np.arange(len(at))
    better = costs[here, spots] < costs[here, here] - 1e-9
    return np.where(better, spots - (spots > here), here).tolist()


@functools.cache
def _evenly(n: int) -> NDArray[np.float64]:
    return np.linspace(0, 1, n)


def _nearer_arcs(order: list[int], cost: NDArray[np.float64], arcs: Arcs) -> list[int]:
    """Swap neighbours where that brings the ends of arcs together for fewer crossings."""
    if not arcs:
        return order
    weighed = [(a, b, w * w) for a, b, w in arcs]
    ends = {end for a, b, _ in arcs for end in (a, b)}
    rank = [0] * len(order)
    for i, item in enumerate(order):
        rank[item] = i
    crossing = cost.tolist()
    now = sum(w * _reach(rank[a], rank[b]) for a, b, w in weighed)
    for _ in range(3):
        for i in range(len(order) - 1):
            u, v = order[i], order[i + 1]
            then = now
            rank[u], rank[v] = i + 1, i
            if u in ends or v in ends:
                then = sum(w * _reach(rank[a], rank[b]) for a, b, w in weighed)
            if then - now + crossing[v][u] - crossing[u][v] < -1e-9:
                order[i], order[i + 1], now = v, u, then
            else:
                rank[u], rank[v] = i, i + 1
    return order
