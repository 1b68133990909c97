"""Which way each ribbon of a journey map goes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np

from omninb.figures.map_places import Places, Spot
from omninb.figures.ribbons import Point, cubic, smooth
from omninb.figures.style import EXIT, OPEN, SMALLER

Box = tuple[float, float, float, float]
_DEPTHS = np.array([30, 60, 95, 135, 180, 240])  # of bows, in pixels
_SAMPLES = 23
_T = np.arange(1, _SAMPLES - 1) / (_SAMPLES - 1)
# Of the four points of a cubic Bézier curve, between its ends.
_PARTS = (
    (1 - _T) * (1 - _T) * (1 - _T),
    3 * (1 - _T) * (1 - _T) * _T,
    3 * (1 - _T) * _T * _T,
    _T * _T * _T,
)


@dataclass
class Route:
    """An edge with its path and width in pixels; `way` is forward, arc, back or loop."""

    source: str
    target: str
    data: dict[str, Any]
    way: str
    path: list[Point]
    width: float


def routes(graph: nx.DiGraph, plan: Places) -> list[Route]:
    """The ribbons between circles, widest first. Stubs, open and the pooled node aside."""
    aside = (EXIT, OPEN, SMALLER) if plan.stubbed else (OPEN, SMALLER)
    edges = [
        (a, b, data) for a, b, data in graph.edges(data=True) if b not in aside and a != SMALLER
    ]
    edges.sort(key=lambda e: (-e[2]["transitions"], e[0], e[1]))
    layer = {name: spot.layer for name, spot in plan.spots.items()}
    forward = [(a, b, d) for a, b, d in edges if layer[a] < layer[b]]
    ports = _ports(forward, plan)
    found = []
    for a, b, data in edges:
        width = plan.ribbon(data["transitions"])
        if a == b:
            width = min(width, 6.0)
            found.append(Route(a, b, data, "loop", _loop(plan.spots[a]), width))
        elif layer[a] < layer[b]:
            out, into = ports[a, b]
            stops = [out, *plan.bends.get((a, b), []), into]
            found.append(Route(a, b, data, "forward", smooth(stops, width > 4), width))
        elif layer[a] == layer[b]:
            path = _arc(plan, plan.spots[a], plan.spots[b])
            found.append(Route(a, b, data, "arc", path, width))
        else:
            path = _swoop(plan, plan.spots[a], plan.spots[b])
            found.append(Route(a, b, data, "back", path, width))
    return found


def _ports(
    edges: list[tuple[str, str, dict[str, Any]]], plan: Places
) -> dict[tuple[str, str], tuple[Point, Point]]:
    """Where forward ribbons leave and meet circles: stacked by the height of what comes next."""
    sides: dict[tuple[str, int], list[tuple[float, float, tuple[str, str]]]] = {}
    for a, b, data in edges:
        bends = plan.bends.get((a, b), [])
        after = bends[0] if bends else (plan.spots[b].x, plan.spots[b].y)
        before = bends[-1] if bends else (plan.spots[a].x, plan.spots[a].y)
        width = plan.ribbon(data["transitions"])
        for name, side, (x, y) in ((a, 1, after), (b, -1, before)):
            here = plan.spots[name]
            slope = (y - here.y) / max(30.0, abs(x - here.x))
            sides.setdefault((name, side), []).append((slope, width, (a, b)))
    points: dict[tuple[str, str], dict[int, Point]] = {}
    for (name, side), stack in sides.items():
        spot = plan.spots[name]
        stack.sort(key=lambda one: (one[0], one[2]))
        total = sum(width + 1.5 for _, width, _ in stack)
        fit = min(1.0, 1.8 * spot.outer / total)
        y = -total * fit / 2
        for _, width, edge in stack:
            middle = y + (width + 1.5) * fit / 2
            y += (width + 1.5) * fit
            reach = math.sqrt(max(0.0, spot.outer**2 - middle**2))
            gap = 0.0 if side > 0 else 1.0
            points.setdefault(edge, {})[side] = (spot.x + side * (reach + gap), spot.y + middle)
    return {edge: (ends[1], ends[-1]) for edge, ends in points.items()}


def _on(spot: Spot, degrees: float, gap: float = 0.0) -> Point:
    """The point of a spot's rim at an angle, clockwise from 3 o'clock."""
    angle = math.radians(degrees)
    reach = spot.outer + gap
    return spot.x + reach * math.cos(angle), spot.y + reach * math.sin(angle)


def _loop(spot: Spot) -> list[Point]:
    radius = 6.5 if spot.radius < 16 else 8.0
    x, y = spot.x, spot.y - spot.outer - radius * 0.55
    angles = [math.radians(125 + 290 * i / 16) for i in range(17)]
    return [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles]


def _arc(plan: Places, a: Spot, b: Spot) -> list[Point]:
    """Within a layer: down on the right, up on the left."""
    down = b.y > a.y
    side = 1.0 if down else -1.0
    lean = 48.0 if down else 228.0
    start, end = _on(a, lean), _on(b, -lean, 1.5)
    between = [
        s.outer + 16
        for s in plan.spots.values()
        if s.layer == a.layer and min(a.y, b.y) < s.y < max(a.y, b.y)
    ]
    far = abs(end[1] - start[1])
    bulge = min(max([0.3 * far + 18, *(1.45 * w for w in between)]), 0.62 * plan.spacing)
    out = side * bulge
    return cubic(start, (start[0] + out, start[1]), (end[0] + out, end[1]), end, 19)


def _swoop(plan: Places, a: Spot, b: Spot) -> list[Point]:
    """Back to an earlier layer: one bow below, or above where that meets fewer circles."""
    others = [s for s in plan.spots.values() if s is not a and s is not b]
    circles = np.array([(s.x, s.y, s.outer + 5) for s in others]).reshape(-1, 3)
    labels = np.array([(s.x, s.y + s.outer + 22) for s in plan.spots.values()]).reshape(-1, 2)
    first, second, third, fourth = _PARTS
    best: tuple[Point, Point, Point, Point] = ((0.0, 0.0),) * 4
    least = float("inf")
    for sign in (1.0, -1.0):
        start, end = _on(a, 180 - sign * 42), _on(b, sign * 40, 1.5)
        pull = min(0.45 * abs(a.x - b.x), 150)
        left, right = start[0] - pull * 0.7, end[0] + pull
        below, above = (end_y + sign * _DEPTHS[:, None] for end_y in (start[1], end[1]))
        x = (first * start[0] + second * left + third * right + fourth * end[0])[:, None]
        y = (first * start[1] + second * below + third * above + fourth * end[1])[:, :, None]
        through = (x - circles[:, 0]) ** 2 + (y - circles[:, 1]) ** 2 < circles[:, 2] ** 2
        over = (np.abs(x - labels[:, 0]) < 40) & (np.abs(y - labels[:, 1]) < 18)
        outside = (y < plan.top - 6) | (y > plan.bottom + 14)
        met = zip(*(one.sum(axis=(1, 2)).tolist() for one in (through, over, outside)), strict=True)
        for depth, (circle, label, edge) in zip(_DEPTHS.tolist(), met, strict=True):
            cost = 0.05 * depth + 3 * (sign < 0) + 5 * circle + 1.2 * label + 6 * edge
            if cost < least - 1e-9:
                bow = start[1] + sign * depth, end[1] + sign * depth
                best, least = (start, (left, bow[0]), (right, bow[1]), end), cost
    return cubic(*best, _SAMPLES)


def hairlines(
    graph: nx.DiGraph, plan: Places
) -> list[tuple[str, dict[str, Any], list[Point], list[Point]]]:
    """Lines of the pooled moves: to a lane between layers, then down and along to the pooled node.

    (source, data, the way to the lane, the way that all sources of a layer share) of each.
    """
    if SMALLER not in plan.spots:
        return []
    goal = plan.spots[SMALLER]
    found = []
    for a, _, data in sorted(graph.in_edges(SMALLER, data=True), key=lambda e: e[0]):
        spot = plan.spots[a]
        lane = spot.x + 0.5 * plan.spacing if spot.x < goal.x else spot.x - 0.5 * plan.spacing
        if abs(spot.x - goal.x) < 1:
            lane = spot.x + 0.5 * plan.spacing
        side = 1.0 if lane > spot.x else -1.0
        lean = 42 if side > 0 else 138
        start, away = _on(spot, lean), _on(spot, lean, 30)
        turn = min(start[1] + 78, goal.y - 24)
        path = cubic(start, away, (lane, turn - 42), (lane, turn), 10)
        corner = abs(lane - goal.x)
        inward = 1.0 if goal.x > lane else -1.0
        end = (goal.x - inward * goal.outer, goal.y)
        trunk = cubic(
            (lane, goal.y - 22), (lane, goal.y), (lane, goal.y),
            (lane + inward * min(22, corner), goal.y), 6,
        )  # fmt: skip
        found.append((a, data, path, [*trunk, end]))
    return found
