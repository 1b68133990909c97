"""Step by step: where journeys stand, and the very moves that they make between steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from omninb.anchors import Reading, positive
from omninb.conditions import Condition
from omninb.errors import OmninbError
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
_OWN_COLUMNS = ("step", "journeys", "customers", "share", "interval_method")
_FEW_KEYS = 4_096  # so few are counted straight away, without a look at which occur
Move = tuple[str, ...]
_LEFT_OUT = ("", "", "")
Anchor = Condition | Sequence[Condition] | None


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
        heaviest = np.array([[[reading.per_customer(journeys).max(initial=0)]]])
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
    codes, labels = labels_of(journeys, by, _MOST_LABELS)
    steps = positive(max_steps, "max_steps", _MOST_STEPS) + 1
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


def flow_tally(
    journeys: Journeys, by: By, max_steps: int, reading: Reading, collapse_repeats: bool
) -> StepTally:
    """Count journeys by step and move; rare moves of a step as one where they are pooled."""
    codes, labels = labels_of(journeys, by, _MOST_LABELS)
    steps = positive(max_steps, "max_steps", _MOST_STEPS)
    states = [*labels, *END_STATES, START, BEYOND]
    n = len(states)
    seen = np.zeros((steps + 2) * n * n, bool)
    layout = (
        journeys.group_offsets, journeys.customer_offsets, journeys.journey_offsets, codes,
        journeys.end_states, reading.anchors, len(labels), steps, reading.way, collapse_repeats,
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


def step_table(
    journeys: Journeys,
    by: By = "channel",
    max_steps: int = 10,
    anchor: Anchor = None,
    direction: str = "after",
    collapse_repeats: bool = False,
) -> pd.DataFrame:
    """Where journeys stand at each step.

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.
    by : str or list of str
        The role or column, or the combination of several, whose values are the nodes.
    max_steps : int
        Steps from the first touchpoint, or from the anchor.
    anchor : str, mapping or list, optional
        Read only journeys with a fitting touchpoint, from the first such on (step 0): an event
        name, a mapping of roles to values, or a list of alternatives.
    direction : {"after", "before"}
        Towards the end of the journey, or towards its start (steps -1, -2, …).
    collapse_repeats : bool
        Take runs of the same node as one visit.

    Returns
    -------
    pandas.DataFrame
        ``step``; a column named as ``by`` (the node, or where journeys are over: ``converted``,
        ``exit``, ``open``; before an anchor, START); ``journeys`` and ``customers`` there;
        ``share`` of the journeys read (all, or those with the anchor: ``attrs["journeys_read"]``)
        with ``share_ci_lower``, ``share_ci_upper`` (95 %), ``interval_method``. A journey that is
        over stays in its end state, so the shares of every step sum to 1. Of a log read with
        ``other_below=N``, states of a step with fewer than N customers are counted as one, with
        more where they could be recalculated.

    Raises
    ------
    OmninbError
        If ``by`` or the anchor does not occur in the log, or ``by`` has too many values.

    Examples
    --------
    >>> import omninb as onb
    >>> steps = onb.step_table(onb.sample().journeys(end_at="purchase"), max_steps=3)
    >>> steps.groupby("step")["share"].sum().round(9).tolist()
    [1.0, 1.0, 1.0]
    """
    if by in _OWN_COLUMNS:
        raise OmninbError(
            f"by={by!r} bears the name of a column of this table. Rename it in the source."
        )
    reading = Reading.of(journeys, anchor, direction)
    tally = step_tally(journeys, by, max_steps, reading, collapse_repeats)
    return tally.table([tally.facts.by], reading)


def flow_table(
    journeys: Journeys,
    by: By = "channel",
    max_steps: int = 6,
    anchor: Anchor = None,
    direction: str = "after",
    collapse_repeats: bool = False,
) -> pd.DataFrame:
    """The very moves that journeys make from step to step: the ribbons of a Sankey.

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.
    by : str or list of str
        The role or column, or the combination of several, whose values are the nodes.
    max_steps : int
        Steps from the first touchpoint, or from the anchor.
    anchor : str, mapping or list, optional
        Read only journeys with a fitting touchpoint, from the first such on, which is step 0.
    direction : {"after", "before"}
        Towards the end of the journey, or towards its start (``source`` is then nearer the anchor).
    collapse_repeats : bool
        Take runs of the same node as one visit.

    Returns
    -------
    pandas.DataFrame
        ``step`` k holds the moves into step k: ``source`` (at step k - 1; START before the first
        touchpoint), ``target`` (at step k, or an end state; START before an anchor). The step after
        the last shown tells where its journeys went: an end state, or ``(beyond)``. ``journeys``
        and ``customers`` that made that move; ``share`` of the journeys read
        (``attrs["journeys_read"]``) with ``share_ci_lower``, ``share_ci_upper`` (95 %) and
        ``interval_method``. What flows into a node at a step flows out of it at the next.
        Of a log read with ``other_below=N``, moves of a step with fewer than N customers are
        counted as one, from and to ``(fewer than N customers)``, with more where they could be
        recalculated.

    Raises
    ------
    OmninbError
        If ``by`` or the anchor does not occur in the log, or ``by`` has too many values.

    Examples
    --------
    >>> import omninb as onb
    >>> flows = onb.flow_table(onb.sample().journeys(end_at="purchase"), max_steps=2)
    >>> into = flows[flows["step"] == 1].set_index("target")["journeys"]
    >>> out = flows[flows["step"] == 2].groupby("source")["journeys"].sum()
    >>> bool((into.sort_index() == out.sort_index()).all())
    True
    """
    reading = Reading.of(journeys, anchor, direction)
    tally = flow_tally(journeys, by, max_steps, reading, collapse_repeats)
    return tally.table(["source", "target"], reading)
