"""Exposure: when each customer first met the test, in which arm, and what was touched around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from omninb.columns import NOT_SET
from omninb.conditions import matching
from omninb.errors import OmninbError, nearest
from omninb.experiments.metrics import COUNT, Step
from omninb.layout import Layout, layout_of
from omninb.rules import order_codes

if TYPE_CHECKING:
    from omninb.events import EventLog

MICROS = 1e6
_MONEY = ("value", "cost")


def arms_of(found: Sequence[str], control: str | None) -> tuple[str, ...]:
    """The arms, control first; refused where nothing says which it is."""
    arms = sorted(found)
    if control is None:
        named = [arm for arm in arms if arm.casefold() == "control"]
        if len(named) != 1:
            raise OmninbError(
                f"control: none of the arms {arms} is called control. Say which is.",
                settled_by={"control": tuple(arms)},
            )
        control = named[0]
    if control not in arms:
        raise OmninbError(f"control={control!r} is no arm.{nearest(str(control), arms)}")
    return (control, *(arm for arm in arms if arm != control))


@dataclass(frozen=True)
class Touches:
    """Touchpoints that fit a step, of exposed customers, in the order of customers and time.

    Attributes
    ----------
    row : numpy.ndarray, int64
        The exposed customer's row.
    since : numpy.ndarray, int64
        µs since exposure, below 0 before it.
    position : numpy.ndarray, int64
        The touchpoint's place in the layout.
    """

    row: np.ndarray
    since: np.ndarray
    position: np.ndarray

    def where(self, chosen: np.ndarray) -> Touches:
        """Those that are chosen."""
        return Touches(self.row[chosen], self.since[chosen], self.position[chosen])

    def between(self, low: int, high: int) -> Touches:
        """Those from ``low`` to just below ``high`` µs since exposure."""
        return self.where((self.since >= low) & (self.since < high))

    def firsts(self) -> Touches:
        """The first of each customer."""
        return self.where(np.diff(self.row, prepend=-1) != 0)

    def lasts(self) -> Touches:
        """The last of each customer."""
        return self.where(np.diff(self.row, append=-1) != 0)

    def happened(self, customers: int) -> np.ndarray:
        """Which customers have any."""
        found = np.zeros(customers, bool)
        found[self.row] = True
        return found


@dataclass(frozen=True)
class Exposed:
    """The customers of a log who met the test in one arm.

    Exposure is the first touchpoint that carries the variant. Customers seen in several arms are
    left out and counted.

    Attributes
    ----------
    layout : Layout
        The log's.
    arms : tuple of str
        Control first.
    arm : numpy.ndarray, int64
        Each customer's.
    at : numpy.ndarray, int64
        The moment of exposure, µs UTC.
    position : numpy.ndarray, int64
        The touchpoint of exposure in the layout.
    row_of : numpy.ndarray, int32
        Each customer of the layout's row here, -1 for those who are not.
    crossed : int
        Customers seen in several arms.
    observed_until : int
        µs UTC.
    """

    layout: Layout
    arms: tuple[str, ...]
    arm: np.ndarray
    at: np.ndarray
    position: np.ndarray
    row_of: np.ndarray
    crossed: int
    observed_until: int
    _touches: dict[str, Touches] = field(default_factory=dict, repr=False)
    _seen: dict[int, np.ndarray] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, log: EventLog, variant: str, control: str | None) -> Exposed:
        """Find the exposed customers of a log."""
        layout = layout_of(log)
        codes, labels = layout.columns.codes(variant, "variant")
        found = [label for label in labels if label != NOT_SET]
        if len(found) < 2:
            raise OmninbError(
                f"variant={variant!r}: a test has at least two arms, this log has {found}."
            )
        arms = arms_of(found, control)
        arm_of = np.full(len(labels), -1)
        arm_of[[labels.index(arm) for arm in arms]] = np.arange(len(arms))
        carries = np.flatnonzero(arm_of[codes] >= 0)
        offsets = layout.customer_offsets
        customer = np.searchsorted(offsets, carries, side="right") - 1
        starts = np.flatnonzero(np.diff(customer, prepend=-1))
        arm = arm_of[codes[carries]]
        lowest = np.minimum.reduceat(arm, starts)
        one = lowest == np.maximum.reduceat(arm, starts)
        position = carries[starts[one]]
        row_of = np.full(len(offsets) - 1, -1, np.int32)
        row_of[customer[starts[one]]] = np.arange(len(position))
        until = log.observed_until
        return cls(
            layout,
            arms,
            lowest[one],
            layout.time[position],
            position,
            row_of,
            int((~one).sum()),
            int(layout.time.max()) if until is None else until,
        )

    def __len__(self) -> int:
        return len(self.arm)

    @cached_property
    def _row_at(self) -> np.ndarray:
        return np.repeat(self.row_of, np.diff(self.layout.customer_offsets))

    @cached_property
    def follow_up(self) -> np.ndarray:
        """µs from each customer's exposure to the end of what the log saw."""
        return self.observed_until - self.at

    @cached_property
    def always_stamped(self) -> bool:
        """Whether exposure is every customer's first touchpoint, so that nothing precedes it."""
        first = self.layout.customer_offsets[:-1][self.row_of >= 0]
        return bool((self.layout.time[first] == self.at).all())

    def touches(self, step: Step | None) -> Touches:
        """Touchpoints that fit ``step`` (all where it is None)."""
        key = repr(step)
        if key not in self._touches:
            fits = self._row_at >= 0
            if step is not None:
                fits &= matching(self.layout.columns, step, "step")
            position = np.flatnonzero(fits)
            row = self._row_at[position]
            since = self.layout.time[position] - self.at[row]
            self._touches[key] = Touches(row, since, position)
        return self._touches[key]

    def had_touchpoints(self, before: int) -> np.ndarray:
        """Who was seen in the time of so many µs before exposure."""
        if before not in self._seen:
            self._seen[before] = self.touches(None).between(-before, 0).happened(len(self))
        return self._seen[before]

    def amounts(self, touches: Touches, what: str) -> tuple[np.ndarray, float]:
        """What each touch adds to a sum, and what the sum is divided by.

        Money comes in whole micros, so that its sums do not depend on the order of rows. Of the
        lines of one order only the first counts as one.
        """
        table = self.layout.columns.table
        if what == COUNT:
            if "order_id" not in table.column_names:
                return np.ones(len(touches.row)), 1.0
            order = order_codes(self.layout)[touches.position].astype(np.int64)
            line = touches.row * (order.max(initial=0) + 1) + order
            first = np.zeros(len(line), bool)
            first[np.unique(line, return_index=True)[1]] = True
            return (first | (order == 0)).astype(float), 1.0
        numbers = [n for n in table.column_names if _is_number(table.schema.field(n).type)]
        if what not in numbers:
            raise OmninbError(
                f"{what!r} is no column of numbers of this log; to count touchpoints, give "
                f'"count" with step=.{nearest(what, [*numbers, COUNT])}'
            )
        rows = self.layout.order[touches.position]
        values = table.column(what).to_numpy()[rows].astype(float)
        return np.nan_to_num(values), MICROS if what in _MONEY else 1.0

    def last_before(self, what: str) -> np.ndarray:
        """A column's number at each customer's last touchpoint before exposure, NaN without one."""
        earlier = self.touches(None)
        earlier = earlier.where(earlier.since < 0).lasts()
        amounts, unit = self.amounts(earlier, what)
        found = np.full(len(self), np.nan)
        found[earlier.row] = amounts / unit
        return found


def first_touches(log: EventLog, step: Step | None) -> tuple[np.ndarray, int, int]:
    """When each customer first came to a step (µs UTC), and the log's beginning and end."""
    layout = layout_of(log)
    time, offsets = layout.time, layout.customer_offsets
    fits = np.ones(len(time), bool) if step is None else matching(layout.columns, step, "at")
    at = np.flatnonzero(fits)
    customer = np.searchsorted(offsets, at, side="right") - 1
    seen = (int(time.min()), int(time.max())) if len(time) else (0, 0)
    start = seen[0] if log.observed_from is None else log.observed_from
    end = seen[1] if log.observed_until is None else log.observed_until
    return time[at[np.diff(customer, prepend=-1) != 0]], start, end


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
