"""Several edges of a tally of moves taken as one, without counting all moves again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from omninb.journeys import END_STATES, Journeys
from omninb.move_tally import MOST_LABELS, Edge, MoveTally
from omninb.passes.bundles import count_bundles
from omninb.passes.compiling import GROUPS, each
from omninb.passes.moves import EDGE_FIELDS
from omninb.tallies import START, By, Counts, labels_of, ranges_of

_PEOPLE = [EDGE_FIELDS.index(name) for name in ("journeys", "customers", "settled_customers")]


def bundled(
    whole: MoveTally,
    journeys: Journeys,
    by: By,
    into: Mapping[Edge, Edge | None],
) -> MoveTally:
    """The tally with some edges counted as another, or left out where None.

    Occurrences and gaps of edges add; who is among several is counted anew.

    Parameters
    ----------
    whole : MoveTally
        Of these journeys, by the same nodes. Where it took runs as one visit, what follows within
        a run is none of its edges.
    into : mapping
        Edge to the edge that it is counted as.
    """
    named = [into.get(edge, edge) for edge in whole.edges.labels]
    labels = sorted({edge for edge in named if edge is not None})
    at = {edge: row for row, edge in enumerate(labels)}
    members: dict[Edge, list[int]] = {edge: [] for edge in labels}
    for i, edge in enumerate(named):
        if edge is not None:
            members[edge].append(i)
    bundles = [edge for edge in labels if edge in set(into.values())]
    parts = [*members.values()]
    edges = _sums(whole.edges.values, parts)
    gaps = _sums(whole.gaps.values, parts if whole.gaps.labels else [])
    codes, names = labels_of(journeys, by, MOST_LABELS)
    sources, targets = (
        {n: i for i, n in enumerate([*names, *more])} for more in ([START], END_STATES)
    )
    bundle_of, outer = np.full(len(sources) * len(targets), -1, np.int32), False
    for bundle, edge in enumerate(bundles):
        for i in members[edge]:
            source, target = whole.edges.labels[i]
            bundle_of[sources[source] * len(targets) + targets[target]] = bundle
            outer |= source == START or target in END_STATES
    people = np.zeros((GROUPS, len(bundles), len(_PEOPLE)), np.int64)
    layout = (journeys.group_offsets, journeys.customer_offsets, journeys.journey_offsets)
    rest = (
        journeys.time, codes, journeys.end_states, len(names), journeys.rules.settled_until,
        bundle_of, outer, people,
    )  # fmt: skip
    each(count_bundles, [(*r, *layout, *rest) for r in ranges_of(journeys)])
    edges[:, np.array([at[edge] for edge in bundles], int)[:, None], _PEOPLE] = people
    # Where several sources share an edge, nobody counted their customers.
    joined = sorted({(edge[0],) for edge in labels} - set(whole.nodes.labels))
    return replace(
        whole,
        edges=Counts(tuple(labels), edges),
        nodes=_with_nobody(whole.nodes, joined),
        heaviest=_with_nobody(whole.heaviest, joined),
        gaps=Counts(tuple(labels) if whole.gaps.labels else (), gaps),
    )


def _sums(values: np.ndarray, parts: list[list[int]]) -> np.ndarray:
    """Sums of rows, the second axis."""
    sums = np.empty((len(values), len(parts), values.shape[2]), np.int64)
    for row, part in enumerate(parts):
        sums[:, row] = values[:, part].sum(axis=1) if len(part) > 1 else values[:, part[0]]
    return sums


def _with_nobody(counts: Counts, names: Sequence[tuple[str, ...]]) -> Counts:
    """The counts with further rows that are 0."""
    groups, _, fields = counts.values.shape
    return counts + Counts(tuple(names), np.zeros((groups, len(names), fields), np.int64))
