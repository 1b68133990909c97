"""The tallies of steps and flows: what their tables are answered from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from omninb.anchors import Reading, positive
from omninb.intervals import Rates
from omninb.journeys import END_STATES, Journeys
from omninb.passes.compiling import GROUPS, each
from omninb.passes.steps import STEP_FIELDS, count_flows, count_steps
from omninb.pooling import LEFT_OUT, SHOWN
from omninb.step_pooling import flow_pooling, step_pooling
from omninb.tallies import BEYOND, START, By, Counts, Facts, Tally, labels_of, ranges_of, texts
from omninb.wording import fewer_than

_MOST_LABELS = 1_024
_MOST_STEPS = 50
_FEW_KEYS = 4_096  # so few are counted straight away, without a look at which occur
Move = tuple[str, ...]
_LEFT_OUT = ("", "", "")


@dataclass(frozen=True)
class StepTally(Tally):
    """Counts of journeys by step and state, or by step and move.

    Attributes
    ----------
    rows : Counts
        Labels (step, state) or (step, source, target), the step as three digits; STEP_FIELDS.
    read : Counts
        Journeys and customers that were read: the denominators.
    heaviest : Counts
        The most journeys read of one customer.
    """

    rows: Counts
    read: Counts
    heaviest: Counts

    @classmethod
    def of(
        cls,
        journeys: Journeys,
        by: By,
        reading: Reading,
        labels: Sequence[tuple[str, ...]],
        values: np.ndarray,
    ) -> StepTally:
        """A tally from what a pass has counted."""
        read = np.stack(reading.read(journeys), axis=-1)[:, None, :]
        heaviest = np.array([[[reading.per_customer.max(initial=0)]]])
        return cls(
            Facts.of(journeys, by),
            Counts.of(labels, values),
            Counts((("journeys read",),), read),
            Counts((("journeys read",),), heaviest, np.maximum),
        )

    def table(self, names: list[str], reading: Reading) -> pd.DataFrame:
        """One row a label, with the share of the journeys read."""
        sign = reading.way
        journeys_at = self.rows.values[:, :, 0].sum(axis=0)
        labels = self.rows.labels
        order = sorted(
            range(len(labels)), key=lambda i: (labels[i][0], -journeys_at[i], labels[i][1:])
        )
        labels, values = tuple(labels[i] for i in order), self.rows.values[:, order]
        counts = values.sum(axis=0)
        read = self.read.values[:, [0] * len(order)]
        rates = Rates(
            values[:, :, 0],
            read[:, :, 0],
            counts[:, 1],
            read[:, :, 1].sum(axis=0),
            np.repeat(self.heaviest.values[0, :, 0], len(order)),
        )
        lower, upper, method = rates.bounds()
        frame = pd.DataFrame(
            {"step": np.array([sign * int(label[0]) for label in labels], np.int64)}
            | {name: texts(label[i] for label in labels) for i, name in enumerate(names, 1)}
            | {
                "journeys": counts[:, 0],
                "customers": counts[:, 1],
                "share": rates.estimate,
                "share_ci_lower": lower,
                "share_ci_upper": upper,
                "interval_method": texts(method),
            }
        )
        frame.attrs = self.facts.attrs() | {
            "journeys_read": int(self.read.values[:, 0, 0].sum()),
            "customers_read": int(self.read.values[:, 0, 1].sum()),
        }
        if reading.words:
            frame.attrs["anchor"] = reading.words
        return frame


def step_tally(
    journeys: Journeys, by: By, max_steps: int, reading: Reading, collapse_repeats: bool
) -> StepTally:
    """Count journeys by step and state; rare states of a step as one where they are pooled."""
    return _kept("steps", _count_steps, journeys, by, max_steps, reading, collapse_repeats)


def flow_tally(
    journeys: Journeys, by: By, max_steps: int, reading: Reading, collapse_repeats: bool
) -> StepTally:
    """Count journeys by step and move; rare moves of a step as one where they are pooled."""
    return _kept("flows", _count_flows, journeys, by, max_steps, reading, collapse_repeats)


def _kept(
    name: str,
    count: Callable[[Journeys, By, int, Reading, bool], StepTally],
    journeys: Journeys,
    by: By,
    max_steps: int,
    reading: Reading,
    collapse: bool,
) -> StepTally:
    """Counts of whole journeys are kept with them; those from an anchor are many."""
    positive(max_steps, "max_steps", _MOST_STEPS)  # before it is a key: True is 1 as well
    if reading.anchored:
        return count(journeys, by, max_steps, reading, collapse)
    asked = (name, repr(by), max_steps, reading.way, bool(collapse))
    return journeys.kept(asked, lambda: count(journeys, by, max_steps, reading, collapse))


def _count_steps(
    journeys: Journeys, by: By, max_steps: int, reading: Reading, collapse_repeats: bool
) -> StepTally:
    codes, labels = labels_of(journeys, by, _MOST_LABELS)
    steps = max_steps + 1
    states, pooled = _states(journeys, [*labels, *END_STATES, START])

    def count(counted_as: np.ndarray) -> StepTally:
        counts = np.zeros((GROUPS, steps, len(states), len(STEP_FIELDS)), np.int64)
        common = (
            journeys.group_offsets, journeys.customer_offsets, journeys.journey_offsets, codes,
            journeys.end_states, reading.anchors, len(labels), reading.way, collapse_repeats,
            counted_as, counts,
        )  # fmt: skip
        each(count_steps, [(*r, *common) for r in ranges_of(journeys)])
        kept = np.argwhere(counts[..., 0].any(axis=0))
        kept = kept[kept[:, 1] != len(states) - 1] if pooled else kept
        names = [(f"{step:03d}", states[state]) for step, state in kept]
        return StepTally.of(journeys, by, reading, names, counts[:, kept[:, 0], kept[:, 1]])

    tally = count(np.empty((0, 0), np.int32))
    if journeys.min_customers is None:
        return tally
    found = step_pooling(tally.rows.labels, tally.rows.values, journeys.min_customers, pooled)
    at = {state: number for number, state in enumerate(states)}
    counted_as = np.tile(np.arange(len(states), dtype=np.int32), (steps, 1))
    for (step, state), pool in zip(tally.rows.labels, found.into.tolist(), strict=True):
        if pool != SHOWN:
            counted_as[int(step), at[state]] = at[pooled] if pool != LEFT_OUT else len(states) - 1
    return count(counted_as)


def _states(journeys: Journeys, states: list[str]) -> tuple[list[str], str]:
    """States with, where rare ones are pooled, one for these and, last, one for those left out."""
    if journeys.min_customers is None:
        return states, ""
    pooled = fewer_than(journeys.min_customers)
    return [*states, *([] if pooled in states else [pooled]), ""], pooled


def _count_flows(
    journeys: Journeys, by: By, max_steps: int, reading: Reading, collapse_repeats: bool
) -> StepTally:
    codes, labels = labels_of(journeys, by, _MOST_LABELS)
    states = [*labels, *END_STATES, START, BEYOND]
    n = len(states)
    seen = np.zeros((max_steps + 2) * n * n, bool)
    layout = (
        journeys.group_offsets, journeys.customer_offsets, journeys.journey_offsets, codes,
        journeys.end_states, reading.anchors, len(labels), max_steps, reading.way, collapse_repeats,
    )  # fmt: skip
    ranges = ranges_of(journeys)
    if len(seen) <= _FEW_KEYS:
        seen[:] = True
    else:
        nothing = np.empty((GROUPS, 0, len(STEP_FIELDS)), np.int64)
        each(count_flows, [(*r, *layout, np.empty(0, np.int32), seen, nothing) for r in ranges])
    keys = np.flatnonzero(seen)
    moves: list[Move] = [(f"{k // n // n:03d}", states[k // n % n], states[k % n]) for k in keys]

    def count(named: list[Move]) -> StepTally:
        rows = sorted(set(named))
        at = {move: row for row, move in enumerate(rows)}
        row_of = np.zeros(len(seen), np.int32)
        row_of[keys] = [at[move] for move in named]
        counts = np.zeros((GROUPS, len(rows), len(STEP_FIELDS)), np.int64)
        each(count_flows, [(*r, *layout, row_of, seen, counts) for r in ranges])
        made = (counts[..., 0].sum(axis=0) > 0) & np.array([move != _LEFT_OUT for move in rows])
        kept = [move for move, once in zip(rows, made, strict=True) if once]
        return StepTally.of(journeys, by, reading, kept, counts[:, made])

    tally = count(moves)
    if journeys.min_customers is None:
        return tally
    pooled = fewer_than(journeys.min_customers)
    found = flow_pooling(tally.rows.labels, tally.rows.values, journeys.min_customers, pooled)
    into = {
        move: move
        if pool == SHOWN
        else _LEFT_OUT
        if pool == LEFT_OUT
        else (move[0], pooled, pooled)
        for move, pool in zip(tally.rows.labels, found.into.tolist(), strict=True)
    }
    return count([into.get(move, move) for move in moves])
