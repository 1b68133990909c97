"""How long a move takes: the gaps between its two touchpoints, by length."""

from __future__ import annotations

import numpy as np
import pandas as pd

from omninb.errors import OmninbError, nearest
from omninb.journeys import END_STATES, Journeys
from omninb.move_pooling import shared_moves
from omninb.tallies import START, By, Facts, labels_of

_MOST_LABELS = 4_096
_UP_TO = ("0s", "10s", "1min", "10min", "1h", "6h", "1D", "7D", "30D")


def gap_table(journeys: Journeys, source: str, target: str, by: By = "channel") -> pd.DataFrame:
    """How long it takes from one node to the next: how many transitions took how long.

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.
    source, target : str
        The transition, as `transition_table` names it.
    by : str or list of str
        The role or column, or the combination of several, whose values are the nodes.

    Returns
    -------
    pandas.DataFrame
        One row for each length: ``longer_than`` (Timedelta; NaT in the first row, of touchpoints at
        the same moment) and ``up_to`` (Timedelta; NaT in the last row, which has no end);
        ``transitions`` and ``customers`` (distinct) whose gap is in between; ``share`` of all
        ``transitions`` from the source to the target. Counts of what was seen, without an interval.
        Of a log read with ``min_customers=N``, rows of fewer than N customers are joined with a
        neighbour. ``attrs`` hold ``source``, ``target``, the ``transitions`` in all, and
        ``median_gap`` and ``p90_gap`` (Timedelta). No rows without such a transition, or where
        `transition_table` would pool it.

    Raises
    ------
    OmninbError
        If there is no such node, or it has no time, as START and the ends.

    Examples
    --------
    >>> import omninb as onb
    >>> journeys = onb.sample().journeys(split_gap="30d", end_at="purchase")
    >>> gaps = onb.gap_table(journeys, "web", "store")
    >>> float(gaps["share"].sum().round(9))
    1.0
    """
    codes, labels = labels_of(journeys, by, _MOST_LABELS)
    for name, given in (("source", source), ("target", target)):
        if given in (START, *END_STATES):
            raise OmninbError(f"{name}={given!r}: a move from START or to an end takes no time.")
        if given not in labels:
            raise OmninbError(f"{name}={given!r}: there is none.{nearest(given, labels)}")
    moves = codes[:-1] == labels.index(source)
    moves &= codes[1:] == labels.index(target)
    moves[journeys.journey_offsets[1:-1] - 1] = False
    at = np.flatnonzero(moves)
    if len(at) and _is_pooled(journeys, by, (source, target)):
        at = at[:0]
    gaps = journeys.time[at + 1] - journeys.time[at]
    starts = journeys.journey_offsets[journeys.customer_offsets]
    customers = np.searchsorted(starts, at, side="right")
    limits = pd.to_timedelta(list(_UP_TO)).as_unit("us")
    bands = np.searchsorted(limits.asi8, gaps)
    bands, edges = _joined(bands, customers, journeys.min_customers or 0, len(limits) + 1)
    bounds = [pd.NaT, *limits, pd.NaT]
    transitions = np.bincount(bands, minlength=len(edges) - 1)
    frame = pd.DataFrame(
        {
            "longer_than": pd.to_timedelta([bounds[i] for i in edges[:-1]]),
            "up_to": pd.to_timedelta([bounds[i] for i in edges[1:]]),
            "transitions": transitions,
            "customers": [_distinct(customers[bands == band]) for band in range(len(edges) - 1)],
            "share": transitions / max(1, len(at)),
        }
    )
    facts: dict[str, object] = {"source": source, "target": target, "transitions": len(at)}
    in_order = np.sort(gaps)
    for name, tenths in (("median_gap", 5), ("p90_gap", 9)):
        rank = -(-len(at) * tenths // 10) - 1
        facts[name] = pd.Timedelta(in_order[rank], "us") if len(at) else pd.NaT
    frame.attrs = Facts.of(journeys, by).attrs() | facts
    return frame if len(at) else frame.head(0)


def _distinct(customers: np.ndarray) -> int:
    """How many different customers there are where they stand in order."""
    return int(np.count_nonzero(np.diff(customers)) + 1) if len(customers) else 0


def _is_pooled(journeys: Journeys, by: By, edge: tuple[str, str]) -> bool:
    """Whether a table that is shared would not tell of the transition either."""
    if journeys.min_customers is None:
        return False
    return edge in shared_moves(journeys, by, collapse_repeats=False, gaps=False)[2]


def _joined(
    bands: np.ndarray, customers: np.ndarray, fewest: int, number: int
) -> tuple[np.ndarray, list[int]]:
    """Bands of neighbours with customers enough, and where each begins and the last ends."""
    edges = [0]
    for i in range(1, number):
        rest = _distinct(customers[bands >= i])
        here = _distinct(customers[(bands >= edges[-1]) & (bands < i)])
        if min(here, rest) >= fewest:
            edges.append(i)
    return np.searchsorted(edges, bands, side="right") - 1, [*edges, number]
