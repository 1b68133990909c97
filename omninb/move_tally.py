"""The tally of moves: what tables, graphs and differences of transitions are answered from."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from omninb.errors import OmninbError
from omninb.intervals import Rates
from omninb.journeys import END_STATES, Journeys, given_journeys
from omninb.passes.compiling import GROUPS, each
from omninb.passes.moves import (
    BUCKETS,
    EDGE_FIELDS,
    NODE_FIELDS,
    count_moves,
    gap_of,
    mark_edges,
)
from omninb.tallies import START, By, Counts, Facts, Tally, labels_of, ranges_of, texts

ANY_END = ("", "any end")  # two words, so that no label of a log can be it
MOST_LABELS = 4_096
_GAP_MEMORY = 1 << 30
_FEW_KEYS = 256  # so few are counted straight away, without a look at which occur
Edge = tuple[str, ...]


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
        fractions of the bucket (see `gap_of`). Without rows where gaps were not wanted.
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
    ) -> MoveTally:
        """Count the moves of journeys; kept with them, so that the next analysis need not."""
        asked = ("moves", repr(by), bool(collapse_repeats), bool(gaps))
        return given_journeys(journeys).kept(
            asked, lambda: cls._of(journeys, by, collapse_repeats, gaps)
        )

    @classmethod
    def _of(cls, journeys: Journeys, by: By, collapse_repeats: bool, gaps: bool) -> MoveTally:
        codes, labels = labels_of(journeys, by, MOST_LABELS)
        n = len(labels)
        sources, targets = [*labels, START], [*labels, *END_STATES]
        layout = (journeys.group_offsets, journeys.customer_offsets, journeys.journey_offsets)
        ranges = ranges_of(journeys)

        seen = np.zeros((n + 1) * (n + 3), bool)
        common = (codes, journeys.end_states, n, collapse_repeats)
        if len(seen) <= _FEW_KEYS:
            seen[:] = True
        else:
            each(mark_edges, [(*r, *layout, *common, seen) for r in ranges])
        keys = np.flatnonzero(seen)
        pairs: list[Edge] = [(sources[k // (n + 3)], targets[k % (n + 3)]) for k in keys]
        edge_labels = sorted(pairs)
        at = {edge: i for i, edge in enumerate(edge_labels)}
        edge_of = np.zeros(len(seen), np.int32)
        edge_of[keys] = [at[edge] for edge in pairs]

        rows = len(edge_labels) if gaps else 0
        if rows * BUCKETS * 16 > _GAP_MEMORY:
            raise OmninbError(
                f"by={by!r} gives {rows:,} kinds of transition, too many for median and p90 gaps. "
                "Take a coarser by=, group rare values with other_below= of read_events, or ask "
                "transition_table for none: gaps=False."
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
        made = edges[..., 0].sum(axis=0) > 0
        edge_labels = [edge for edge, once in zip(edge_labels, made, strict=True) if once]
        gap_counts = functools.reduce(operator.iadd, histograms)[made[:rows]]
        node_labels = [*((name,) for name in [*sources, *END_STATES]), ANY_END]
        return cls(
            Facts.of(journeys, by),
            Counts(tuple(edge_labels), edges[:, made]),
            Counts.of(node_labels, nodes),
            Counts.of(node_labels, heaviest.max(axis=0)[None, :, None], np.maximum),
            Counts(tuple(edge_labels if gaps else []), gap_counts.swapaxes(0, 1)),
        )

    @functools.cached_property
    def settled(self) -> np.ndarray:
        """Settled touchpoints of each node, or settled journeys of each end, by group."""
        settled = np.zeros(self.nodes.values.shape[:2], np.int64)
        sums = self.edges.values[:, :, 3]
        sources = self.nodes.rows([(source,) for source, _ in self.edges.labels])
        np.add.at(settled.T, sources, sums.T)
        ends = [i for i, (_, target) in enumerate(self.edges.labels) if target in END_STATES]
        for name in END_STATES:
            into = [i for i in ends if self.edges.labels[i][1] == name]
            settled[:, self.nodes.rows([(name,)])[0]] = sums[:, into].sum(axis=1)
        settled[:, self.nodes.rows([ANY_END])[0]] = sums[:, ends].sum(axis=1)
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
        total = self.edges.values[:, :, 0].sum(axis=0)
        order = sorted(range(len(total)), key=lambda i: (-total[i], self.edges.labels[i]))
        rows = np.array(order, np.int64)
        labels = [self.edges.labels[i] for i in rows]
        counts = self.edges.values[:, rows].sum(axis=0)
        rates = self.rates(labels)
        lower, upper, method = rates.bounds()
        open_ = np.array([target == "open" for _, target in labels], bool)
        columns = {
            "source": texts(source for source, _ in labels),
            "target": texts(target for _, target in labels),
            "transitions": counts[:, 0],
            "journeys": counts[:, 1],
            "customers": counts[:, 2],
            "settled_transitions": counts[:, 3],
            "settled": rates.whole.sum(axis=0),
            "probability": np.where(open_, np.nan, rates.estimate),
            "probability_ci_lower": np.where(open_, np.nan, lower),
            "probability_ci_upper": np.where(open_, np.nan, upper),
            "interval_method": texts(np.where(open_, "none", method)),
        }
        if self.gaps.labels or not self.edges.labels:
            columns |= self._gap_quantiles(rows)
        frame = pd.DataFrame(columns, copy=False)
        frame.attrs = self.facts.attrs()
        return frame

    def _gap_quantiles(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The smallest gap that at least half, or nine in ten, of an edge's gaps do not exceed."""
        reached = self.gaps.values[:, rows, 0].cumsum(axis=0)
        totals = reached[-1]
        found = {}
        for name, q in (("median_gap", 0.5), ("p90_gap", 0.9)):
            bucket = (reached >= np.ceil(q * totals)).argmax(axis=0)
            n, fractions = self.gaps.values[bucket, rows].T
            gap = gap_of(bucket, fractions / np.maximum(n, 1))
            found[name] = np.rint(gap * 1000).astype("m8[ns]")
            found[name][totals == 0] = np.timedelta64("NaT")
        return found
