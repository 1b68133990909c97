"""The journey map as a graph: nodes, transitions, where people leave, and the smaller flows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from omninb.anchors import positive
from omninb.intervals import CONFIDENCE, Rates, difference_bounds
from omninb.journeys import END_STATES, Journeys
from omninb.move_bundles import bundled
from omninb.move_pooling import ends_told, shared_moves
from omninb.move_tally import ANY_END, Edge, MoveTally
from omninb.tallies import SMALLER, START, By, texts

if TYPE_CHECKING:
    import networkx as nx


def transition_graph(
    journeys: Journeys, by: By = "channel", min_journeys: int = 1, collapse_repeats: bool = False
) -> nx.DiGraph:
    """The journey map as a graph: nodes, transitions and where people leave.

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.
    by : str or list of str
        The role or column, or the combination of several, whose values are the nodes.
    min_journeys : int
        Edges between nodes with fewer journeys are bundled, each source's into one edge to
        ``(smaller flows)``, and counted again there. Edges from START and to the end states stay.
    collapse_repeats : bool
        Take runs of the same node as one visit.

    Returns
    -------
    networkx.DiGraph
        Edges carry the columns of :func:`transition_table`. Nodes carry ``kind`` (``start``,
        ``node``, ``smaller`` or ``end``), ``journeys``, ``customers``, ``touchpoints``, ``settled``
        (settled touchpoints), ``leave_rate`` (exits of settled touchpoints) with bounds and
        ``interval_method``; ``leave_difference`` from the leave rate of all other nodes together,
        with bounds that hold for all nodes at once (95 %, Bonferroni); ``mean_position`` (1 = first
        touchpoint of the journey), and for end states ``share`` (of settled journeys, whose number
        is ``settled``) with bounds. The graph carries the facts of the tables, and
        ``smaller_pairs`` and ``smaller_transitions``. Of a log read with ``min_customers=N``, edges
        that `transition_table` pools are bundled too, whatever their ends; nodes of fewer than N
        customers are left out, as are counts of such ends and rates that would tell a bundled edge.

    Raises
    ------
    OmninbError
        If ``by`` does not occur in the log, or has too many values.

    Examples
    --------
    >>> import omninb as onb
    >>> graph = onb.transition_graph(onb.sample().journeys(end_at="purchase"), min_journeys=50)
    >>> graph.nodes["START"]["kind"]
    'start'
    """
    import networkx as nx

    min_journeys = positive(min_journeys, "min_journeys", 1 << 31)
    whole, tally, rare = shared_moves(journeys, by, collapse_repeats, gaps=True)
    tally.facts.warn_if_unsettled()
    joined = {pooled for edge, pooled in rare.items() if pooled and pooled[0] != edge[0]}
    into: dict[Edge, Edge | None] = {
        edge: (edge[0], SMALLER) if pooled and pooled not in joined else None
        for edge, pooled in rare.items()
    }
    with_it = whole.edges.values[:, :, 1].sum(axis=0).tolist()
    for edge, number in zip(whole.edges.labels, with_it, strict=True):
        inner = edge[0] != START and edge[1] not in END_STATES
        if inner and number < min_journeys and edge not in into:
            into[edge] = (edge[0], SMALLER)
    if into:
        tally = bundled(whole, journeys, by, into)
    small = [i for i, (_, target) in enumerate(tally.edges.labels) if target == SMALLER]
    smaller = int(tally.edges.values[:, small, 0].sum())
    table = tally.table()
    graph: nx.DiGraph[str] = nx.DiGraph(
        **tally.facts.attrs(), smaller_pairs=len(into), smaller_transitions=smaller
    )
    graph.add_nodes_from(_nodes(whole))
    if into:
        graph.add_node(SMALLER, kind="smaller", transitions=smaller)
    fewest = journeys.min_customers or 0
    _forget(graph, into, fewest, ends_told(whole, fewest))
    rows: list[dict[str, Any]] = table.to_dict("records")  # type: ignore[assignment]
    for row in rows:
        graph.add_edge(row.pop("source"), row.pop("target"), **row)
    return graph


def end_table(journeys: Journeys) -> pd.DataFrame:
    """How journeys end.

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.

    Returns
    -------
    pandas.DataFrame
        One row for each end state, the most frequent first: ``end_state``;
        ``journeys``, ``customers``; ``end_rate``: of the ``settled`` journeys, those that ended so
        (NaN for ``open``, which is no end yet), with ``end_rate_ci_lower``, ``end_rate_ci_upper``
        (95 %) and ``interval_method``. Of a log read with ``min_customers=N``, no row where fewer
        than N customers end in one of the ways.

    Examples
    --------
    >>> import omninb as onb
    >>> ends = onb.end_table(onb.sample().journeys(split_gap="30d", end_at="purchase"))
    >>> ends["end_state"].tolist()
    ['exit', 'converted', 'open']
    """
    tally = MoveTally.of(journeys, "channel", collapse_repeats=False, gaps=False)
    told = ends_told(tally, journeys.min_customers or 0)
    ends = [
        {"end_state": name, **facts}
        for name, facts in (_nodes(tally) if told else [])
        if name in END_STATES
    ]
    names = {f"share{part}": f"end_rate{part}" for part in ("", "_ci_lower", "_ci_upper")}
    columns = ["end_state", "journeys", "customers", "settled", *names, "interval_method"]
    frame = pd.DataFrame(ends, columns=columns).astype(dict.fromkeys(names, "float64"))
    frame["interval_method"] = texts(frame["interval_method"].fillna("none"))
    frame = frame.rename(columns=names).sort_values(
        ["journeys", "end_state"], ascending=[False, True], ignore_index=True
    )
    frame.attrs = tally.facts.attrs()
    return frame


def _forget(
    graph: nx.DiGraph[str], into: Mapping[Edge, Edge | None], fewest: int, with_ends: bool
) -> None:
    """Take from nodes what would tell their pooled edges, and leave out nodes of too few."""
    for name in list(graph):
        facts: dict[str, Any] = graph.nodes[name]
        if facts["kind"] == "node" and facts["customers"] < fewest:
            graph.remove_node(name)
        elif facts["kind"] == "end" and not with_ends:  # it stays, and nothing is told of it
            for key in ("journeys", "customers"):
                del facts[key]
            gone = [key for key in facts if key.startswith(("share", "settled"))]
            facts |= dict.fromkeys(gone, float("nan"))
        elif (name, "exit") in into:
            gone = [key for key in facts if key.startswith("leave_")]
            facts |= dict.fromkeys(gone, float("nan")) | {"interval_method": "none"}
        if any(edge[0] == name and pooled is None for edge, pooled in into.items()):
            facts |= {"settled": float("nan"), "touchpoints": float("nan")}


def _nodes(tally: MoveTally) -> list[tuple[str, dict[str, object]]]:
    names = [label[0] for label in tally.nodes.labels if label != ANY_END]
    counts = tally.nodes.values.sum(axis=0)
    leaving = tally.rates([(name, "exit") for name in names])
    leave_lower, leave_upper, leave_method = leaving.bounds()
    at = tally.nodes.rows([(name,) for name in names])
    ended = tally.nodes.rows([ANY_END] * len(names))
    ending = Rates(
        tally.settled[:, at],
        tally.settled[:, ended],
        counts[at, 2],
        counts[ended, 2],
        tally.heaviest.values[0, ended, 0],
    )
    end_lower, end_upper, end_method = ending.bounds()
    apart = _against_the_rest(tally)
    whole = tally.settled.sum(axis=0)
    visits = np.zeros(len(counts), np.int64)
    sources = tally.nodes.rows([(source,) for source, _ in tally.edges.labels])
    np.add.at(visits, sources, tally.edges.values[:, :, 0].sum(axis=0))
    nodes: list[tuple[str, dict[str, object]]] = []
    for i, name in enumerate(names):
        journeys, customers, _, positions = map(int, counts[at[i]])
        touchpoints, settled = int(visits[at[i]]), int(whole[at[i]])
        facts: dict[str, object] = {"journeys": journeys, "customers": customers}
        if name in END_STATES:
            facts |= {"kind": "end", "settled": int(whole[ended[i]])}
            if name != "open":
                facts |= {
                    "share": float(ending.estimate[i]),
                    "share_ci_lower": float(end_lower[i]),
                    "share_ci_upper": float(end_upper[i]),
                    "interval_method": end_method[i],
                }
        elif name == START:
            facts |= {"kind": "start", "mean_position": 0.0}
        else:
            facts |= {
                "kind": "node",
                "touchpoints": touchpoints,
                "settled": settled,
                "leave_rate": float(leaving.estimate[i]),
                "leave_rate_ci_lower": float(leave_lower[i]),
                "leave_rate_ci_upper": float(leave_upper[i]),
                "interval_method": leave_method[i],
                **apart[name],
                "mean_position": positions / touchpoints if touchpoints else float("nan"),
            }
        nodes.append((name, facts))
    return nodes


def _against_the_rest(tally: MoveTally) -> dict[str, dict[str, float]]:
    """How each node's leave rate differs from that of all others together."""
    outside = {START, *END_STATES}
    names = [label[0] for label in tally.nodes.labels if label != ANY_END]
    names = [name for name in names if name not in outside]
    own = tally.rates([(name, "exit") for name in names])
    if len(names) < 2:
        return {name: _difference(*[float("nan")] * 3) for name in names}

    def largest_other(values: np.ndarray) -> np.ndarray:
        """At least so many has the rest, whose distinct customers are not counted."""
        return np.array([np.delete(values, i).max() for i in range(len(values))])

    rest = Rates(
        own.part.sum(axis=1, keepdims=True) - own.part,
        own.whole.sum(axis=1, keepdims=True) - own.whole,
        largest_other(own.customers_with),
        largest_other(own.customers),
        largest_other(own.heaviest),
    )
    lower, upper, _ = difference_bounds(rest, own, 1 - (1 - CONFIDENCE) / len(names))
    differences = zip(own.estimate - rest.estimate, lower, upper, strict=True)
    return {name: _difference(*bounds) for name, bounds in zip(names, differences, strict=True)}


def _difference(estimate: float, lower: float, upper: float) -> dict[str, float]:
    return {
        "leave_difference": float(estimate),
        "leave_difference_ci_lower": float(lower),
        "leave_difference_ci_upper": float(upper),
    }
