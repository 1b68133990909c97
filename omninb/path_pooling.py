"""Which of the paths shown are pooled in tables that are shared."""

from __future__ import annotations

import numpy as np

from omninb.journeys import Journeys
from omninb.pooling import SHOWN, Total, pooled_rows
from omninb.wording import fewer_than

_RATE = ("conversion_rate", "conversion_rate_ci_lower", "conversion_rate_ci_upper")
_WITHHELD = {1: ("settled",), 2: ("converted", *_RATE)}


def pooled_paths(
    journeys: Journeys, hashes: np.ndarray, shown: np.ndarray, paths: list[str], counts: np.ndarray
) -> tuple[np.ndarray, list[str], list[str]]:
    """Make rare paths one, the last, in ``hashes`` too; and what is not told of it."""
    assert journeys.min_customers is not None
    total = counts[:, :-1].sum(axis=0)
    found = pooled_rows(
        counts[:, :-1, 1],
        total[:, [0, 3, 4]],
        [np.zeros(len(paths), np.int64)],
        journeys.min_customers,
        (Total(((p, c + 1),), ((p, c),), at_most=True) for p in range(len(paths)) for c in (0, 1)),
        known=[(p, 2) for p in range(len(paths)) if journeys.rules.end_at is None],
        optional={1: (1, 2), 2: (2,)},
    )
    stays = np.flatnonzero(found.into == SHOWN)
    hidden = np.flatnonzero(found.into == 0)
    if len(hidden) == 0:
        return np.ascontiguousarray(shown[stays]), [paths[p] for p in stays], []
    rare = {tuple(pair) for pair in shown[hidden].tolist()}
    for j in np.flatnonzero(np.isin(hashes[:, 1], shown[hidden, 1])).tolist():
        if tuple(hashes[j].tolist()) in rare:
            hashes[j] = shown[hidden[0]]
    gone = {column for _, column in found.withheld}
    names = [name for column, names in _WITHHELD.items() if column in gone for name in names]
    kept = np.append(stays, hidden[0])
    pooled = fewer_than(journeys.min_customers)
    return np.ascontiguousarray(shown[kept]), [*(paths[p] for p in stays), pooled], names
