"""Which nodes a journey map shows, and in which layer each stands."""

from __future__ import annotations

import math

import networkx as nx

from omninb.figures.layering import natural_breaks
from omninb.figures.lettering import missing


def shown(graph: nx.DiGraph) -> nx.DiGraph:
    """The graph in sorted order, without end states and nodes that no journey reaches."""
    kept: nx.DiGraph[str] = nx.DiGraph(**graph.graph)
    for name, data in sorted(graph.nodes(data=True), key=lambda node: node[0]):
        if data.get("kind") in ("start", "smaller") or data.get("journeys"):
            kept.add_node(name, **data)
    for a, b, data in sorted(graph.edges(data=True), key=lambda edge: edge[:2]):
        if a in kept and b in kept:
            kept.add_edge(a, b, **data)
    return kept


def layers_of(graph: nx.DiGraph, inner: list[str], fit: int) -> list[int]:
    """The layer of each inner node, by mean position; more layers where many moves stay in one."""
    n = len(inner)
    if not n:
        return []
    positions = [graph.nodes[name].get("mean_position") for name in inner]
    values = [
        1.0 if missing(p) else float(p)  # type: ignore[arg-type]
        for p in positions
    ]
    weights = [float(graph.nodes[name]["journeys"]) for name in inner]
    wanted = min(fit, n, round(math.sqrt(n) + 0.2) if n < 16 else round(1.25 * math.sqrt(n)))
    at = {name: i for i, name in enumerate(inner)}
    moves = [
        (at[a], at[b], d["transitions"])
        for a, b, d in graph.edges(data=True)
        if a in at and b in at and a != b
    ]
    total = sum(t for _, _, t in moves) or 1
    best, least = [0] * n, float("inf")
    for number in range(wanted, min(fit, n, wanted + 3) + 1):
        trial = natural_breaks(values, weights, number, math.ceil(1.5 * n / number))
        inside = sum(t for a, b, t in moves if trial[a] == trial[b]) / total
        cost = inside + 0.06 * (number - wanted)
        if cost < least:
            best, least = trial, cost
    return best
