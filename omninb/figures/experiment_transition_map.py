"""Where the nodes of an experiment's map stand: the same, whatever moves turn out to differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import networkx as nx
import pandas as pd

from omninb.figures.lettering import count
from omninb.figures.map_layers import shown
from omninb.figures.map_places import Places, places
from omninb.figures.map_routes import Route, routes
from omninb.figures.style import END_STATES, START

WIDEST = 9.0
_ARMS = ("control", "treatment")


def laid_out(table: pd.DataFrame, width: float, top: float) -> tuple[nx.DiGraph, Places]:
    """A journey map of all moves of both arms, as a graph and with its places.

    Parameters
    ----------
    table : pandas.DataFrame
        The rows of one treatment of `experiment_transition_table`.
    """
    moves = table[table["what"] == "transition"].to_dict("records")
    steps = table[table["what"] == "step share"].to_dict("records")
    graph = _graph(moves, _positions(steps))
    plan = places(graph, width, top, None, stubbed=False)
    for spot in plan.spots.values():
        number = count(spot.data["journeys"])
        spot.facts = [f"{number} journeys" if spot.name == START else number]
    return graph, plan


def ways(graph: nx.DiGraph, plan: Places, rows: Iterable[Mapping[Any, Any]]) -> list[Route]:
    """The ways of some moves, as wide as they differ."""
    drawn: nx.DiGraph[str] = nx.DiGraph()
    drawn.add_nodes_from(graph)
    for row in rows:
        size = abs(row["difference"])
        drawn.add_edge(
            row["source"], row["target"], transitions=size, probability=row["treatment"], row=row
        )
    largest = max((d["transitions"] for *_, d in drawn.edges(data=True)), default=0.0)
    plan.per_transition = WIDEST / largest if largest else 0.0
    return routes(drawn, plan)


def _graph(moves: list[dict[Any, Any]], position: dict[str, float]) -> nx.DiGraph:
    """The moves of both arms; a node weighs its settled touchpoints, an end what came to it."""
    weight: dict[str, float] = {}
    for row in moves:
        weight[row["source"]] = sum(row[f"settled_{arm}"] for arm in _ARMS)
    for row in moves:
        if row["target"] not in weight or row["target"] in END_STATES:
            came = sum(round(row[f"settled_{arm}"] * row[arm]) for arm in _ARMS if row[arm] > 0)
            weight[row["target"]] = weight.get(row["target"], 0) + came
    graph: nx.DiGraph[str] = nx.DiGraph()
    for name, size in weight.items():
        kind = "start" if name == START else "end" if name in END_STATES else "node"
        graph.add_node(name, kind=kind, journeys=size, mean_position=position.get(name, 1.0))
    for row in moves:
        customers = sum(row[f"customers_{arm}"] for arm in _ARMS)
        graph.add_edge(row["source"], row["target"], transitions=customers)
    return shown(graph)


def _positions(steps: list[dict[Any, Any]]) -> dict[str, float]:
    """About where in a journey each node stands, from the shares at the first steps."""
    seen: dict[str, list[tuple[float, float]]] = {}
    for row in steps:
        journeys = sum(row[f"settled_{arm}"] * row[arm] for arm in _ARMS if row[arm] > 0)
        seen.setdefault(row["target"], []).append((float(row["step"]), journeys))
    return {
        name: sum(step * n for step, n in pairs) / total
        for name, pairs in seen.items()
        if (total := sum(n for _, n in pairs))
    }
