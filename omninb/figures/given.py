"""What a figure was given, refused unless it is what the figure shows."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx
import pandas as pd

from omninb.errors import OmninbError

_COUNTED = ("journeys", "customers", "share", "share_ci_lower", "share_ci_upper")
_NAMED: tuple[str, ...] = ("kind",)
_MOVED: tuple[str, ...] = (
    "transitions", "journeys", "customers", "probability", "probability_ci_lower",
    "probability_ci_upper",
)  # fmt: skip


def check_steps(steps: object) -> None:
    """Refuse what is not of `step_table`; a flow table has steps too, but no single label."""
    wanted = "steps", "step_table(journeys)"
    frame = _frame(steps, *wanted, ("step", *_COUNTED))
    if {"source", "target"} <= set(frame.columns):
        raise OmninbError(_refusal(*wanted, "it holds moves, from 'source' to 'target'"))


def check_flows(flows: object) -> None:
    """Refuse what is not of `flow_table`."""
    _frame(flows, "flows", "flow_table(journeys)", ("step", "source", "target", *_COUNTED))


def check_graph(graph: object) -> None:
    """Refuse what is not of `transition_graph`."""
    wanted = "graph", "transition_graph(journeys)"
    if not isinstance(graph, nx.DiGraph):
        raise OmninbError(_refusal(*wanted, f"it is a {type(graph).__name__}"))
    nodes = [(f"node {name!r}", data, _NAMED) for name, data in graph.nodes(data=True)]
    edges = [(f"edge {a!r} → {b!r}", data, _MOVED) for a, b, data in graph.edges(data=True)]
    for what, data, names in nodes + edges:
        lacking = [name for name in names if name not in data]
        if lacking:
            raise OmninbError(_refusal(*wanted, f"{what} has no {_listed(lacking)}"))


def _frame(given: object, argument: str, maker: str, columns: Iterable[str]) -> pd.DataFrame:
    if not isinstance(given, pd.DataFrame):
        raise OmninbError(_refusal(argument, maker, f"it is a {type(given).__name__}"))
    lacking = [name for name in columns if name not in given.columns]
    if lacking:
        raise OmninbError(_refusal(argument, maker, f"it has no column {_listed(lacking)}"))
    return given


def _refusal(argument: str, maker: str, found: str) -> str:
    return f"{argument} is not what {maker} returns: {found}. Pass {argument} = {maker}."


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names))
