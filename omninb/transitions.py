"""Transitions: which node follows which, how often, how surely and after how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from omninb.errors import OmninbError
from omninb.intervals import Rates, difference_bounds
from omninb.journeys import END_STATES, Journeys
from omninb.passes.compiling import GROUPS, each
from omninb.passes.moves import (
    BUCKETS,
    EDGE_FIELDS,
    NODE_FIELDS,
    bucket_floor,
    count_moves,
    mark_edges,
)
from omninb.tallies import SMALLER, START, Counts, Facts, Tally, labels_of, ranges_of

if TYPE_CHECKING:
    import networkx as nx

_MOST_LABELS = 4_096
_GAP_MEMORY = 1 << 30
_ANY_END = "any end"
By = str | Sequence[str]
Edge = tuple[str, str]


@dataclass(frozen=True)
class MoveTally(Tally):
    """Counts of moves.

    Attributes
    ----------
    edges, nodes : Counts
        EDGE_FIELDS and NODE_FIELDS of :mod:`omninb.passes.moves` by group.
    heaviest : Counts
        The most settled touchpoints that one customer has at each node.
    gaps : Counts
        Histograms of the gaps: ``values[bucket, edge]`` holds how many and the sum of what they are
        above the bucket's floor (µs). Without rows where gaps were not wanted.
    """

    edges: Counts
    nodes: Counts
    heaviest: Counts
    gaps: Counts

    @classmethod
    def of(
        cls,
        journeys: Journeys,
        by: By,
        collapse_repeats: bool,
        gaps: bool,
        pooled: frozenset[Edge] = frozenset(),
    ) -> MoveTally:
        """Count the moves of journeys; ``pooled`` edges are counted as one edge of their source."""
        codes, labels = labels_of(journeys, by, _MOST_LABELS)
        n = len(labels)
        sources, targets = [*labels, START], [*labels, *END_STATES]
        layout = (journeys.group_offsets, journeys.customer_offsets, journeys.journey_offsets)
        ranges = ranges_of(journeys)

        seen = np.zeros((n + 1) * (n + 3), bool)
        common = (codes, journeys.end_states, n, collapse_repeats)
        each(mark_edges, [(*r, *layout, *common, seen) for r in ranges])
        keys = np.flatnonzero(seen)
        pairs = [(sources[k // (n + 3)], targets[k % (n + 3)]) for k in keys]
        named = [(s, SMALLER) if (s, t) in pooled else (s, t) for s, t in pairs]
        edge_labels = sorted(set(named))
        at = {edge: i for i, edge in enumerate(edge_labels)}
        edge_of = np.zeros(len(seen), np.int32)
        edge_of[keys] = [at[edge] for edge in named]

        rows = len(edge_labels) if gaps else 0
        if rows * BUCKETS * 16 > _GAP_MEMORY:
            raise OmninbError(
                f"by={by!r} gives {rows:,} kinds of transition, too many for median and p90 gaps. "
                "Pass gaps=False, or group rare values with other_below= of read_events."
            )
        edges = np.zeros((GROUPS, len(edge_labels), len(EDGE_FIELDS)), np.int64)
        nodes = np.zeros((GROUPS, n + 5, len(NODE_FIELDS)), np.int64)
        heaviest = np.zeros((GROUPS, n + 5), np.int64)
        histograms = [np.zeros((rows, BUCKETS, 2), np.int64) for _ in ranges]
        each(
            count_moves,
            [
                (*r, *layout, journeys.time, *common, journeys.rules.settled_until, edge_of,
                 edges, nodes, heaviest, histogram)
                for r, histogram in zip(ranges, histograms, strict=True)
            ],
        )  # fmt: skip
        node_labels = [(name,) for name in [*sources, *END_STATES, _ANY_END]]
        return cls(
            Facts.of(journeys, by),
            Counts(tuple(edge_labels), edges),
            Counts.of(node_labels, nodes),
            Counts.of(node_labels, heaviest.max(axis=0)[None, :, None], np.maximum),
            Counts(tuple(edge_labels[:rows]), np.sum(histograms, axis=0).swapaxes(0, 1)),
        )

    @cached_property
    def settled(self) -> np.ndarray:
        """Settled touchpoints of each node, or settled journeys of each end, by group."""
        settled = np.zeros(self.nodes.values.shape[:2], np.int64)
        sums = self.edges.values[:, :, 3]
        sources = self.nodes.rows([(source,) for source, _ in self.edges.labels])
        np.add.at(settled.T, sources, sums.T)
        ends = [i for i, (_, target) in enumerate(self.edges.labels) if target in END_STATES]
        for name in (*END_STATES, _ANY_END):
            into = [i for i in ends if name in (self.edges.labels[i][1], _ANY_END)]
            settled[:, self.nodes.rows([(name,)])[0]] = sums[:, into].sum(axis=1)
        return settled

    def rates(self, edges: Sequence[Edge]) -> Rates:
        """The probabilities of edges: settled transitions of the source's settled touchpoints."""
        known = set(self.edges.labels)
        sources = self.nodes.rows([(source,) for source, _ in edges])
        at = self.edges.rows([e for e in edges if e in known])
        here = np.array([e in known for e in edges], bool)
        part = np.zeros((GROUPS, len(edges)), np.int64)
        customers_with = np.zeros(len(edges), np.int64)
        part[:, here] = self.edges.values[:, at, 3]
        customers_with[here] = self.edges.values[:, at, 4].sum(axis=0)
        customers = self.nodes.values[:, sources, 2].sum(axis=0)
        return Rates(
            part,
            self.settled[:, sources],
            customers_with,
            customers,
            self.heaviest.values[0, sources, 0],
        )

    def table(self) -> pd.DataFrame:
        """The table of :func:`transition_table`."""
        counts = self.edges.values.sum(axis=0)
        rates = self.rates(self.edges.labels)
        lower, upper, method = rates.bounds()
        open_ = np.array([target == "open" for _, target in self.edges.labels], bool)
        whole = rates.whole.sum(axis=0)
        frame = pd.DataFrame(
            {
                "source": [source for source, _ in self.edges.labels],
                "target": [target for _, target in self.edges.labels],
                "transitions": counts[:, 0],
                "journeys": counts[:, 1],
                "customers": counts[:, 2],
                "settled_transitions": counts[:, 3],
                "settled": whole,
                "probability": np.where(open_, np.nan, rates.estimate),
                "probability_ci_lower": np.where(open_, np.nan, lower),
                "probability_ci_upper": np.where(open_, np.nan, upper),
                "interval_method": np.where(open_, "none", method),
            }
        ).astype({"source": "str", "target": "str", "interval_method": "str"})
        if len(self.gaps.labels):
            frame["median_gap"] = self._gap_quantile(0.5)
            frame["p90_gap"] = self._gap_quantile(0.9)
        frame = frame.sort_values(
            ["transitions", "source", "target"], ascending=[False, True, True], ignore_index=True
        )
        frame.attrs = self.facts.attrs()
        return frame

    def _gap_quantile(self, q: float) -> pd.Series:
        """The smallest gap that at least the share q of an edge's gaps do not exceed."""
        counts = self.gaps.values[:, :, 0]
        totals = counts.sum(axis=0)
        reached = counts.cumsum(axis=0) >= np.ceil(q * totals)
        bucket = reached.argmax(axis=0)
        n, rest = self.gaps.values[bucket, np.arange(len(totals))].T
        gap = bucket_floor(bucket) + rest / np.maximum(n, 1)
        return pd.Series(pd.to_timedelta(np.where(totals > 0, gap, np.nan), unit="us"))


def transition_table(
    journeys: Journeys, by: By = "channel", collapse_repeats: bool = False, gaps: bool = True
) -> pd.DataFrame:
    """Which node follows which, how often, how surely and after how long.

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.
    by : str or list of str
        The role or column, or the combination of several, whose values are the nodes.
    collapse_repeats : bool
        Take runs of the same node as one visit. The gap is then from the last touchpoint of a run
        to the first of the next.
    gaps : bool
        Add the median and the 90th percentile of the time between.

    Returns
    -------
    pandas.DataFrame
        One row for each kind of transition, the most frequent first:

        - ``source``, ``target`` : node names; START before the first touchpoint; ``converted``,
          ``exit`` or ``open`` (too recent to tell) after the last.
        - ``transitions``, ``journeys``, ``customers`` : how often it happened; distinct journeys
          and distinct customers in which it did.
        - ``settled_transitions`` : transitions from settled touchpoints, the numerator.
        - ``settled`` : the source's touchpoints that are older than min(``exit_after``,
          ``split_gap``) at ``observed_until``, the denominator. START is always settled.
        - ``probability`` = ``settled_transitions`` / ``settled``; over the targets of a source
          they sum to 1. NaN for ``open``, which is a count and no outcome.
        - ``probability_ci_lower``, ``probability_ci_upper`` : 95 % interval that respects the
          clustering of touchpoints within customers.
        - ``interval_method`` : ``jackknife`` (delete-a-group: Wolter 2007; Kott 2001),
          ``korn-graubard`` (1998, rare cells), ``wilson`` (1927, each customer counts once) or
          ``none``.
        - ``median_gap``, ``p90_gap`` : Timedelta over all transitions, within 0.8 %.

    Raises
    ------
    OmninbError
        If ``by`` does not occur in the log, or has too many values.

    Warns
    -----
    UserWarning
        If less than half of the touchpoints are settled.

    Examples
    --------
    >>> import omninb as onb
    >>> journeys = onb.sample().journeys(split_gap="30d", end_at="purchase")
    >>> table = onb.transition_table(journeys, by="channel")
    >>> table.groupby("source")["probability"].sum().round(9).unique().tolist()
    [1.0]
    """
    tally = MoveTally.of(journeys, by, collapse_repeats, gaps)
    tally.facts.warn_if_unsettled()
    return tally.table()


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
        ``interval_method``, ``mean_position`` (1 = first touchpoint of the journey), and for end
        states ``share`` (of settled journeys, whose number is ``settled``) with bounds. The graph
        carries the facts of the tables, and ``smaller_pairs`` and ``smaller_transitions``.

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

    tally = MoveTally.of(journeys, by, collapse_repeats, gaps=True)
    tally.facts.warn_if_unsettled()
    inner = [edge for edge in tally.edges.labels if edge[0] != START and edge[1] not in END_STATES]
    few = tally.edges.values[:, tally.edges.rows(inner), 1].sum(axis=0) < min_journeys
    pooled = frozenset(edge for edge, small in zip(inner, few, strict=True) if small)
    small_transitions = int(tally.edges.values[:, tally.edges.rows(list(pooled)), 0].sum())
    if pooled:
        tally = MoveTally.of(journeys, by, collapse_repeats, gaps=True, pooled=pooled)
    table = tally.table()
    graph = nx.DiGraph(
        **table.attrs, smaller_pairs=len(pooled), smaller_transitions=small_transitions
    )
    graph.add_nodes_from(_nodes(tally))
    if pooled:
        graph.add_node(SMALLER, kind="smaller", transitions=small_transitions)
    for row in table.to_dict("records"):
        graph.add_edge(row.pop("source"), row.pop("target"), **row)
    return graph


def _nodes(tally: MoveTally) -> list[tuple[str, dict[str, object]]]:
    names = [name for (name,) in tally.nodes.labels if name != _ANY_END]
    counts = tally.nodes.values.sum(axis=0)
    leaving = tally.rates([(name, "exit") for name in names])
    leave_lower, leave_upper, leave_method = leaving.bounds()
    at = tally.nodes.rows([(name,) for name in names])
    ended = tally.nodes.rows([(_ANY_END,)] * len(names))
    ending = Rates(
        tally.settled[:, at],
        tally.settled[:, ended],
        counts[at, 2],
        counts[ended, 2],
        tally.heaviest.values[0, ended, 0],
    )
    end_lower, end_upper, end_method = ending.bounds()
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
                "mean_position": positions / touchpoints if touchpoints else float("nan"),
            }
        nodes.append((name, facts))
    return nodes


def transition_difference_table(
    a: Journeys, b: Journeys, by: By = "channel", collapse_repeats: bool = False
) -> pd.DataFrame:
    """How the probabilities of transitions differ between two segments, periods or arms.

    Parameters
    ----------
    a, b : Journeys
        From the same or from different logs. Customers may stand in both.
    by : str or list of str
        The role or column, or the combination of several, whose values are the nodes.
    collapse_repeats : bool
        Take runs of the same node as one visit.

    Returns
    -------
    pandas.DataFrame
        One row for each kind of transition of either (``open`` left out): ``source``, ``target``;
        for a and for b ``customers_a`` (distinct, with that transition from a settled touchpoint),
        ``settled_a`` (the source's settled touchpoints: the denominator), ``probability_a``;
        ``difference`` = b - a, ``difference_ci_lower``, ``difference_ci_upper`` (95 %, not adjusted
        for the number of rows), ``interval_method`` (``jackknife``; ``mover`` for rare cells, the
        bounds of both combined as if independent: Newcombe 1998; ``none``). Largest first.

    Raises
    ------
    OmninbError
        If ``by`` does not occur in a log, or has too many values.

    Examples
    --------
    >>> import omninb as onb
    >>> journeys = onb.sample().journeys(end_at="purchase")
    >>> web, app = journeys.where(channel="web"), journeys.where(channel="mobile app")
    >>> table = onb.transition_difference_table(web, app)
    >>> bool(table["difference"].between(-1, 1).all())
    True
    """
    tallies = [MoveTally.of(side, by, collapse_repeats, gaps=False) for side in (a, b)]
    for tally in tallies:
        tally.facts.warn_if_unsettled()
    sources = set(tallies[0].nodes.labels) & set(tallies[1].nodes.labels)
    edges = sorted(
        edge
        for edge in {*tallies[0].edges.labels, *tallies[1].edges.labels}
        if edge[1] != "open" and (edge[0],) in sources
    )
    rates_a, rates_b = (tally.rates(edges) for tally in tallies)
    lower, upper, method = difference_bounds(rates_a, rates_b)
    frame = pd.DataFrame(
        {
            "source": [source for source, _ in edges],
            "target": [target for _, target in edges],
            "customers_a": rates_a.customers_with,
            "customers_b": rates_b.customers_with,
            "settled_a": rates_a.whole.sum(axis=0),
            "settled_b": rates_b.whole.sum(axis=0),
            "probability_a": rates_a.estimate,
            "probability_b": rates_b.estimate,
            "difference": rates_b.estimate - rates_a.estimate,
            "difference_ci_lower": lower,
            "difference_ci_upper": upper,
            "interval_method": method,
        }
    ).astype({"source": "str", "target": "str", "interval_method": "str"})
    frame = frame.sort_values(
        ["difference", "source", "target"],
        key=lambda column: -column.abs() if column.name == "difference" else column,
        ignore_index=True,
    )
    frame.attrs = tallies[0].facts.attrs() | {
        f"{name}_{side}": getattr(tally.facts, name)
        for side, tally in zip("ab", tallies, strict=True)
        for name in ("journeys", "customers", "touchpoints")
    }
    return frame
