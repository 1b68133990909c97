"""Where the circles of a journey map stand, and how large they and the ribbons are."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from omninb.figures.canvas import MARGIN
from omninb.figures.crossings import ordered
from omninb.figures.layering import Staged, heights
from omninb.figures.lettering import count, percent, plain, text_width, wrap
from omninb.figures.map_layers import layers_of
from omninb.figures.style import CONVERTED, END_STATES, EXIT, OPEN, SMALLER, START

STUB_LINE = 15.0
STUBS_NAMED = 12
THINNEST = 1.2


@dataclass
class Spot:
    """A node's place: circle, ring and label."""

    name: str
    data: dict[str, Any]
    radius: float
    outer: float
    title: list[str]
    facts: list[str]
    layer: int = 0
    x: float = 0.0
    y: float = 0.0

    def label_lines(self, size: float) -> list[tuple[float, str, bool]]:
        """(y, text, whether it is the name) of each line below the circle."""
        y, lines = self.y + self.outer + 6 + size * 0.55, []
        for text in self.title:
            lines.append((y, text, True))
            y += size + 2
        for text in self.facts:
            lines.append((y + 2, text, False))
            y += 15
        return lines


@dataclass
class Places:
    """The laid-out map, in pixels."""

    width: float
    top: float
    name_size: float
    per_transition: float
    spots: dict[str, Spot]
    bends: dict[tuple[str, str], list[tuple[float, float]]] = field(default_factory=dict)
    start_x: float = 0.0
    spacing: float = 150.0
    gate: float = 0.0
    bottom: float = 0.0
    stub_x: float = 0.0
    stub_y: float = 0.0
    stubs: list[str] = field(default_factory=list)
    stub_names: list[list[str]] = field(default_factory=list)
    pooled: str = ""
    stubbed: bool = True

    @property
    def stub_lines(self) -> int:
        """Lines of text beside the exit: the names of the largest, and how many there are more."""
        return sum(map(len, self.stub_names)) + (len(self.stubs) > len(self.stub_names))

    def ribbon(self, transitions: float) -> float:
        """Width of a ribbon: linear in transitions, but never too thin to see."""
        return max(THINNEST, self.per_transition * transitions)


def places(
    graph: nx.DiGraph, width: float, top: float, height: float | None, stubbed: bool = True
) -> Places:
    """Lay the map out from scratch for a width in pixels.

    `stubbed` exits stand apart, cut to stubs; else ribbons go to the exit as to any other node.
    """
    inner = sorted(n for n, d in graph.nodes(data=True) if d.get("kind") == "node")
    grow = min(1.1, max(0.6, width / 1400))
    most = _largest(graph, inner)
    unit = 40 * grow * min(1.0, math.sqrt(13 / max(1, len(inner)))) / math.sqrt(most)
    largest = max((d.get("journeys", 0) for _, d in graph.nodes(data=True)), default=1) or 1
    unit = min(unit, 58 * grow / math.sqrt(largest))
    spots = {name: _spot(name, data, unit) for name, data in graph.nodes(data=True)}
    plan = Places(width, top, 14.5 if width >= 1000 else 13.0, 0.0, spots, stubbed=stubbed)
    plan.per_transition = _per_transition(graph, spots, inner, 26 * grow)
    columns = _columns(graph, plan, inner)
    for spot in spots.values():
        _label(spot, plan, "exit" in spots)
    _rows(graph, plan, columns, height)
    return plan


def _largest(graph: nx.DiGraph, inner: list[str]) -> int:
    return max((graph.nodes[n]["journeys"] for n in inner), default=1) or 1


def _spot(name: str, data: dict[str, Any], unit: float) -> Spot:
    radius = max(3.5, unit * math.sqrt(data.get("journeys", 0)))
    if data.get("kind") == "smaller":
        radius = 8.0
    if name == OPEN:
        radius = min(11.0, max(7.0, radius))
    ring = 7.0 if radius > 12 else 5.0
    return Spot(name, data, radius, radius + (ring if data.get("kind") == "node" else 1.5), [], [])


def _per_transition(
    graph: nx.DiGraph, spots: dict[str, Spot], inner: list[str], widest: float
) -> float:
    """Pixels of ribbon a transition: all ribbons of a circle fit on its side."""
    drawn = [
        (a, b, d["transitions"])
        for a, b, d in graph.edges(data=True)
        if a != b and b not in (EXIT, OPEN, SMALLER) and a != SMALLER
    ]
    if not drawn:
        return 0.0
    limit = widest / max(t for _, _, t in drawn)
    for name in [START, CONVERTED, *inner]:
        for side in (0, 1):
            total = sum(edge[2] for edge in drawn if edge[side] == name)
            if total and name in spots:
                limit = min(limit, 1.9 * spots[name].radius / total)
    return limit


def _columns(graph: nx.DiGraph, plan: Places, inner: list[str]) -> int:
    """Give every node its x and layer; returns the number of inner layers."""
    spots, width = plan.spots, plan.width
    narrow = width < 1000
    left = spots[START].radius if START in spots else 0.0
    start_x = MARGIN + max(left, 46 if narrow else 52)
    ends = [spots[e].radius for e in (CONVERTED, EXIT) if e in spots]
    end_x = width - MARGIN - max([*ends, 52 if narrow else 64])
    exits = [(a, d["transitions"]) for a, _, d in graph.in_edges(EXIT, data=True) if a != START]
    exits = exits if EXIT in spots and plan.stubbed else []
    plan.stubs = [a for a, _ in sorted(exits, key=lambda e: (-e[1], e[0]))]
    # Long ways bend for the last time before the ends, never above or below them.
    gate = end_x - max([*ends, 40.0]) - 24
    if plan.stubs:
        plan.stub_x = end_x - spots[EXIT].radius - (48 if not narrow else 30)
        room = 150 if not narrow else 96
        plan.stub_names = [wrap(plain(a), room, 12, lines=2) for a in plan.stubs[:STUBS_NAMED]]
        lines = [line for name in plan.stub_names for line in name]
        widest = max(text_width(f"{line} 88,888 ", 12, True) for line in lines)
        gate = plan.stub_x - widest - 6
    last = gate - (108 if not narrow else 60) if ends else width - MARGIN - 70
    fit = max(1, int((last - start_x) / (122 if not narrow else 98)))
    layers = layers_of(graph, inner, fit)
    number = max(layers, default=0) + 1
    plan.spacing = (last - start_x) / max(1, number)
    for name, layer in zip(inner, layers, strict=True):
        spots[name].layer = layer + 1
        spots[name].x = start_x + plan.spacing * (layer + 1)
    if START in spots:
        spots[START].x = start_x
    for name in END_STATES:
        if name in spots:
            spots[name].x, spots[name].layer = end_x, number + 2
    if SMALLER in spots:
        spots[SMALLER].x = start_x + plan.spacing * (number + 1) / 2
        spots[SMALLER].layer = -1
    plan.start_x, plan.gate = start_x, gate
    return number


def _label(spot: Spot, plan: Places, with_exit: bool) -> None:
    kind, data = spot.data.get("kind"), spot.data
    room = min(170.0, plan.spacing - 16) if kind == "node" else 150.0
    spot.title = wrap(plain(spot.name), room, plan.name_size, bold=True, lines=3)
    number = count(data.get("journeys", 0))
    if kind == "start":
        spot.facts = [f"{number} journeys"]
    elif kind == "end" and spot.name != OPEN:
        share = percent(data.get("share"))
        settled = count(data.get("settled", 0))
        spot.facts = [number, f"{share} of {settled} settled"] if share else [number]
    elif kind == "node":
        leave = percent(data.get("leave_rate")) if with_exit else ""
        line = f"{number} · {leave} leave" if leave else number
        fits = text_width(line, 12) <= room
        spot.facts = [line] if fits or not leave else [number, f"{leave} leave"]
    if kind == "end" and spot.facts:
        beside = 2 * (plan.width - spot.x - 6)
        if text_width(spot.facts[0], 12) > beside:
            spot.facts = spot.facts[0].split(" · ")


def _rows(graph: nx.DiGraph, plan: Places, number: int, height: float | None) -> None:
    """Give every node its y, and long edges the points that they bend through."""
    spots = plan.spots
    apart = EXIT in spots and plan.stubbed
    stage, item, through = _stage(graph, plan, number)
    layers = ordered(stage)
    need = max(sum(stage.above[i] + stage.below[i] for i in layer) for layer in layers)
    stub_block = (
        max(
            STUB_LINE * plan.stub_lines,
            2 * spots[EXIT].radius,
        )
        if apart
        else 0.0
    )
    ends = stub_block + (60 if apart else 0) + (40 if OPEN in spots else 0)
    if CONVERTED in spots:
        ends += 2 * spots[CONVERTED].radius + 80
    room = max(need * 1.06 + 44, ends, 0.3 * plan.width, 300.0)
    if height is not None:
        room = max(room, height - plan.top - 100 - (50 if SMALLER in spots else 0))
    plan.bottom = plan.top + room
    exit_low = plan.bottom - (44 if OPEN in spots else 6)
    if apart:
        # The circle stands at the list's foot, so that its label clears the list.
        below = len(spots[EXIT].facts) * 15 + plan.name_size + 12
        plan.stub_y = exit_low - below - stub_block / 2
        if CONVERTED not in spots:
            plan.stub_y = min(plan.stub_y, plan.top + room * 0.5)
        spots[EXIT].y = plan.stub_y + stub_block / 2 - spots[EXIT].radius
    if OPEN in spots:
        spots[OPEN].y = plan.bottom - 14
    roof = plan.stub_y - stub_block / 2 - 14
    only_open = OPEN in spots and EXIT not in spots and CONVERTED not in spots
    bottoms = [plan.bottom - (44 if only_open else 0)] * len(layers)
    if apart and CONVERTED in spots:
        bottoms[-2:] = [roof, roof]
    ys = heights(stage, layers, plan.top, bottoms)
    for name, i in item.items():
        spots[name].y = ys[i]
    for edge, dummies in through.items():
        plan.bends[edge] = [
            (plan.gate if layer > number else plan.start_x + layer * plan.spacing, ys[i])
            for layer, i in dummies
        ]
    if SMALLER in spots:
        used = [y + stage.below[i] for i, y in ys.items()]
        spots[SMALLER].y = min(plan.bottom + 24, max(used) + 40)


def _stage(
    graph: nx.DiGraph, plan: Places, number: int
) -> tuple[Staged, dict[str, int], dict[tuple[str, str], list[tuple[int, int]]]]:
    spots = plan.spots
    aside = (EXIT, OPEN, SMALLER) if plan.stubbed else (OPEN, SMALLER)
    staged = [n for n in sorted(spots) if n not in aside]
    item = {name: i for i, name in enumerate(staged)}
    ended = CONVERTED in item or EXIT in item
    layers: list[list[int]] = [[] for _ in range(number + (3 if ended else 1))]
    above, below = {}, {}
    for name in staged:
        spot = spots[name]
        layers[spot.layer].append(item[name])
        loop = 20 if graph.has_edge(name, name) else 6
        above[item[name]] = spot.outer + loop
        words = len(spot.title) * (plan.name_size + 2) + 15 * len(spot.facts)
        below[item[name]] = spot.outer + words + 12
    links, arcs, dummies = [], [], set()
    through: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for a, b, data in sorted(graph.edges(data=True), key=lambda e: (e[0], e[1])):
        if a == b or a not in item or b not in item:
            continue
        low, high, ribbon = spots[a].layer, spots[b].layer, plan.ribbon(data["transitions"])
        if low == high:
            arcs.append((item[a], item[b], ribbon))
        if low >= high:
            continue
        before = item[a]
        for layer in range(low + 1, high):
            i = len(above)
            above[i] = below[i] = ribbon / 2 + (5.0 if ribbon > 2 else 2.5)
            layers[layer].append(i)
            dummies.add(i)
            links.append((before, i, ribbon))
            through.setdefault((a, b), []).append((layer, i))
            before = i
        links.append((before, item[b], ribbon))
    return Staged(layers, links, above, below, dummies, arcs), item, through
