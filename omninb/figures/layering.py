"""Layers and heights of a staged graph (after Sugiyama, Tagawa and Toda 1981)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


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
