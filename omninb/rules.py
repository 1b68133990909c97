"""The rules by which touchpoints become journeys, what the log could see, and the cutting."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from omninb.columns import Columns
from omninb.conditions import Condition, matching
from omninb.errors import OmninbError, duration
from omninb.events.window import instant
from omninb.layout import Layout
from omninb.passes.compiling import each, group_ranges
from omninb.passes.cutting import EXIT, OPEN, cut_journeys, list_journeys

if TYPE_CHECKING:
    from omninb.events import EventLog

_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Rules:
    """How touchpoints were cut into journeys, what the log could see (µs UTC), and its zone."""

    split_gap: str | None = None
    end_at: Condition | Sequence[Condition] | None = None
    lost_at: Condition | Sequence[Condition] | None = None
    lookback: str | None = None
    exit_after: str = "30d"
    observed_from: int = 0
    observed_until: int = 0
    timezone: str = "UTC"

    @property
    def gap(self) -> int:
        """µs; a longer gap starts a new journey."""
        return _NEVER if self.split_gap is None else duration(self.split_gap, "split_gap")

    @property
    def settled_until(self) -> int:
        """µs UTC; what followed a touchpoint up to here is known."""
        return self.observed_until - min(duration(self.exit_after, "exit_after"), self.gap)

    @property
    def settled_from(self) -> int:
        """µs UTC; what came before a touchpoint from here on was seen."""
        return self.observed_from + (self.observed_until - self.settled_until)


def observed_period(
    log: EventLog, time: np.ndarray, observed_from: object, observed_until: object
) -> tuple[int, int]:
    """What the log could see (µs UTC); touchpoints outside are a contradiction."""
    low, high, zone = log.observed_from, log.observed_until, log.timezone or "UTC"
    if observed_from is None and observed_until is None and low is not None and high is not None:
        return low, high
    seen = (int(time.min()), int(time.max())) if len(time) else (0, 0)
    low = seen[0] if low is None else low
    high = seen[1] if high is None else high
    low = low if observed_from is None else instant(observed_from, "observed_from", zone)
    high = high if observed_until is None else instant(observed_until, "observed_until", zone)
    for argument, wrong, edge in (
        ("observed_from", low > seen[0], seen[0]),
        ("observed_until", high < seen[1], seen[1]),
    ):
        if wrong and len(time):
            raise OmninbError(
                f"{argument}: the log has touchpoints beyond it, the outermost at "
                f"{pd.Timestamp(edge, unit='us', tz='UTC').isoformat()}. Give that or wider."
            )
    return low, high


def goals_of(columns: Columns, rules: Rules) -> np.ndarray:
    """The end state (uint8) that each touchpoint brings, 0 for none; empty without such rules."""
    if rules.end_at is None and rules.lost_at is None:
        return np.empty(0, np.uint8)
    goals = np.zeros(len(columns.order), np.uint8)
    for argument, condition, state in (("lost_at", rules.lost_at, 2), ("end_at", rules.end_at, 1)):
        if condition is not None:
            goals[matching(columns, condition, argument)] = state
    return goals


def order_codes(layout: Layout) -> np.ndarray:
    """Codes (int32) of the touchpoints' order ids in layout order, 0 for none."""
    column = layout.columns.table.column("order_id")
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    column = column.unify_dictionaries().combine_chunks()
    indices = column.indices.cast(pa.int32()).fill_null(-1).to_numpy(zero_copy_only=False)
    return (indices[layout.order] + 1).astype(np.int32)


def cut(
    layout: Layout, rules: Rules, goals: np.ndarray, orders: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Customer and journey offsets, end states, and who may have begun before the log."""
    n = len(layout.time)
    if rules.split_gap is None and not len(goals):
        return _one_journey_each(layout, rules)
    begins, state = np.zeros(n, bool), np.zeros(n, np.uint8)
    bounds = layout.customer_offsets[layout.group_offsets]
    ranges = group_ranges(bounds)
    common = (layout.group_offsets, layout.customer_offsets)
    rest = (layout.time, goals, orders, rules.gap, rules.settled_until, begins, state)
    each(cut_journeys, [(*r, *common, *rest) for r in ranges])
    by_group = [np.count_nonzero(begins[a:b]) for a, b in itertools.pairwise(bounds)]
    first_journey = np.concatenate(([0], np.cumsum(by_group))).astype(np.int64)
    count = int(first_journey[-1])
    customer_offsets = np.full(len(layout.customer_offsets), count, np.int64)
    offsets, end_states = np.full(count + 1, n, np.int64), np.empty(count, np.uint8)
    lists = (begins, state, first_journey, customer_offsets, offsets, end_states)
    each(list_journeys, [(*r, *common, *lists) for r in ranges])
    began_before = np.zeros(count, bool)
    first = customer_offsets[:-1]
    began_before[first] = layout.time[offsets[first]] < rules.settled_from
    return customer_offsets, offsets, end_states, began_before


def _one_journey_each(layout: Layout, rules: Rules) -> tuple[np.ndarray, ...]:
    """What `cut` gives where nothing cuts."""
    offsets = layout.customer_offsets
    open_ = layout.time[offsets[1:] - 1] > rules.settled_until
    end_states = np.where(open_, np.uint8(OPEN), np.uint8(EXIT))
    began_before = layout.time[offsets[:-1]] < rules.settled_from
    return np.arange(len(offsets)), offsets, end_states, began_before
