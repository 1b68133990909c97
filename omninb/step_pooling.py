"""Which rows of steps and flows are pooled in tables that are shared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from omninb.journeys import END_STATES
from omninb.pooling import Pooling, Total, pooled_rows
from omninb.tallies import BEYOND, START

Label = tuple[str, ...]
_OVER = (*END_STATES, START)


def step_pooling(labels: Sequence[Label], values: np.ndarray, fewest: int, name: str) -> Pooling:
    """Pool states, each step by itself: labels (step, state), values journeys and customers."""
    return _pooling(labels, values, fewest, name, _step_totals(labels))


def flow_pooling(labels: Sequence[Label], values: np.ndarray, fewest: int, name: str) -> Pooling:
    """Pool moves, each step by itself: labels (step, source, target)."""
    return _pooling(labels, values, fewest, name, _flow_totals(labels))


def _pooling(
    labels: Sequence[Label], values: np.ndarray, fewest: int, name: str, totals: Iterator[Total]
) -> Pooling:
    return pooled_rows(
        values[:, :, 1],
        values[:, :, :1].sum(axis=0),
        [np.array([int(label[0]) for label in labels], np.int64)],
        fewest,
        totals,
        hosts=np.array([set(label[1:]) == {name} for label in labels], bool),
    )


def _step_totals(labels: Sequence[Label]) -> Iterator[Total]:
    """Every journey that is read stands somewhere at each step, and those that are over stay."""
    at: dict[str, list[int]] = {}
    over: dict[tuple[int, str], int] = {}
    for row, (place, state) in enumerate(labels):
        at.setdefault(place, []).append(row)
        if state in _OVER:
            over[int(place), state] = row
    for rows in at.values():
        yield Total(tuple((row, 0) for row in rows))
    for (step, state), row in over.items():
        if (step + 1, state) in over:
            yield Total(((row, 0),), ((over[step + 1, state], 0),), at_most=True)


def _flow_totals(labels: Sequence[Label]) -> Iterator[Total]:
    """What flows into a node at a step flows out of it at the next; all begin, and all end."""
    into: dict[tuple[int, str], list[int]] = {}
    out: dict[tuple[int, str], list[int]] = {}
    ends = []
    for row, (step, source, target) in enumerate(labels):
        out.setdefault((int(step) - 1, source), []).append(row)
        if target in (*_OVER, BEYOND):
            ends.append(row)
        else:
            into.setdefault((int(step), target), []).append(row)
    first = min((step for step, _ in out), default=0)
    begin = [row for (step, _), rows in out.items() if step == first for row in rows]
    for rows in (begin, ends):
        yield Total(tuple((row, 0) for row in rows))
    for place in {*into, *out}:
        if place[0] > first:
            yield Total(
                tuple((row, 0) for row in into.get(place, [])),
                tuple((row, 0) for row in out.get(place, [])),
            )
