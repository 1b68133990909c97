"""The tally of moves with rare ones pooled, for tables and graphs that are shared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from omninb.journeys import END_STATES, Journeys
from omninb.move_bundles import bundled
from omninb.move_tally import Edge, MoveTally
from omninb.pooling import LEFT_OUT, SHOWN, Pooling, Total, pooled_rows
from omninb.tallies import START, By
from omninb.wording import fewer_than


def shared_moves(
    journeys: Journeys, by: By, collapse_repeats: bool, gaps: bool
) -> tuple[MoveTally, MoveTally, dict[Edge, Edge | None]]:
    """Count moves, those of too few customers as one move of their source.

    Returns
    -------
    whole, shown : MoveTally
        Of all moves, and with the rare ones pooled.
    into : dict
        The pooled edges, with the edge each is counted in: from its source to
        ``(fewer than N customers)``; where the source has too few others, also from there; None
        where it is left out. Empty for journeys whose log was read without ``min_customers``.
    """
    tally = MoveTally.of(journeys, by, collapse_repeats, gaps)
    if journeys.min_customers is None:
        return tally, tally, {}
    pooled = fewer_than(journeys.min_customers)
    edges = tally.edges.labels
    found = _pooling(tally, edges, journeys.min_customers, pooled)
    sources = sorted({source for source, _ in edges})
    into: dict[Edge, Edge | None] = {}
    for edge, pool in zip(edges, found.into.tolist(), strict=True):
        if pool != SHOWN:
            name = pooled if pool == len(sources) else sources[pool]
            into[edge] = None if pool == LEFT_OUT else (name, pooled)
    shown = bundled(tally, journeys, by, into) if into else tally
    return tally, shown, into


def _pooling(tally: MoveTally, edges: Sequence[Edge], fewest: int, pooled: str) -> Pooling:
    counts = tally.edges.values[:, :, [0, 3]].sum(axis=0)
    sources = sorted({source for source, _ in edges})
    together = len(sources)  # the number of the pool of several sources
    narrow = [together if s == pooled else sources.index(s) for s, _ in edges]
    return pooled_rows(
        tally.edges.values[:, :, 2],
        counts,
        [np.array(narrow, np.int64), np.full(len(edges), together)],
        fewest,
        _totals(edges, counts, ends_told(tally, fewest)),
        known=[(i, 1) for i, (_, target) in enumerate(edges) if target == "open"],
        hosts=np.array([pooled in edge for edge in edges], bool),
    )


def ends_told(tally: MoveTally, fewest: int) -> bool:
    """Whether it is told how many journeys ended how: not if only few ended in one way.

    With the number of all journeys, what is told of the others would tell of these.
    """
    edges = tally.edges.labels
    for end in END_STATES:
        into = [i for i, (_, target) in enumerate(edges) if target == end]
        transitions, settled = tally.edges.values[:, into][..., [0, 3]].sum(axis=(0, 1)).tolist()
        customers = int(tally.nodes.values[:, tally.nodes.rows([(end,)]), 1].sum())
        if any(0 < count < fewest for count in (transitions, settled, customers)):
            return False
    return True


def _totals(edges: Sequence[Edge], counts: np.ndarray, with_ends: bool) -> Iterator[Total]:
    """What is known of transitions (column 0) and settled ones (column 1) whatever is pooled."""
    out: dict[str, list[int]] = {}
    into: dict[str, list[int]] = {}
    exits_settled = all(counts[i, 0] == counts[i, 1] for i, e in enumerate(edges) if e[1] == "exit")
    for i, (source, target) in enumerate(edges):
        out.setdefault(source, []).append(i)
        into.setdefault(target, []).append(i)
        if source == START or (target == "exit" and exits_settled):  # by definition
            yield Total(((i, 1),), ((i, 0),))
        elif target != "open":
            yield Total(((i, 1),), ((i, 0),), at_most=True)
    for name in {*out, *into} - {START, *END_STATES}:  # what comes in goes out
        yield Total(
            tuple((i, 0) for i in into.get(name, [])), tuple((i, 0) for i in out.get(name, []))
        )
    for end in END_STATES if with_ends else ():
        for column in (0, 1):
            yield Total(tuple((i, column) for i in into.get(end, [])))
    for column in (0, 1):  # journeys; touchpoints
        yield Total(tuple((i, column) for i in out.get(START, [])))
        others = (i for i, (source, _) in enumerate(edges) if source != START)
        yield Total(tuple((i, column) for i in others))
