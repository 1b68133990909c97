"""Attempts at a funnel by customers, journeys or held values: found once, counted many ways."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa

from omninb.errors import OmninbError, duration, nearest
from omninb.funnel_steps import FunnelSteps
from omninb.journeys import Journeys, given_journeys
from omninb.passes import attempts as passes
from omninb.passes import mixed
from omninb.passes.compiling import each, group_ranges
from omninb.passes.optional import place_optional

ORDERS = ("ordered", "strict", "any")
ATTEMPTS = {"furthest": passes.FURTHEST, "first": passes.FIRST, "every": passes.EVERY}
_EVER = np.iinfo(np.int64).max // 4
_SMALL, _PARTS = 200_000, 16


@dataclass(frozen=True)
class Units:
    """Those who attempt a funnel: customers, journeys, or values that one of these holds.

    Attributes
    ----------
    offsets : numpy.ndarray, int64, shape (units + 1,)
        Where each unit's touchpoints begin.
    customers : numpy.ndarray, int32, shape (units,)
        Whose they are, those of one customer side by side.
    group_offsets : numpy.ndarray, int64, shape (65,)
        Where each group's units begin.
    positions : numpy.ndarray or None
        The journeys' touchpoints in the order of the units; None where it is their own.
    """

    offsets: np.ndarray
    customers: np.ndarray
    group_offsets: np.ndarray
    positions: np.ndarray | None = None

    @classmethod
    def of(cls, journeys: Journeys, unit: str, hold: str | None) -> Units:
        """The units that ``unit`` and ``hold`` ask for."""
        if unit not in ("customer", "journey"):
            raise OmninbError(f'unit={unit!r}: give "customer" or "journey".')
        if hold is not None and not isinstance(hold, str):
            raise OmninbError(f"hold={hold!r}: give one column, such as hold='order_id'.")
        customers = np.arange(journeys.customers, dtype=np.int32)
        if unit == "customer":
            offsets = journeys.journey_offsets[journeys.customer_offsets]
            units = cls(offsets, customers, journeys.group_offsets)
        else:
            units = cls(
                journeys.journey_offsets,
                np.repeat(customers, np.diff(journeys.customer_offsets)),
                journeys.customer_offsets[journeys.group_offsets],
            )
        return units if hold is None else units._holding(journeys, hold)

    def _holding(self, journeys: Journeys, hold: str) -> Units:
        """These units parted by the value that their touchpoints hold."""
        table = journeys.columns.table
        if hold not in table.column_names:
            raise OmninbError(f"hold={hold!r}: no such column.{nearest(hold, table.column_names)}")
        column = table.column(hold).cast(pa.string()).combine_chunks().dictionary_encode()
        codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)[journeys.columns.order]
        unit = np.repeat(np.arange(len(self.customers)), np.diff(self.offsets))
        held = np.flatnonzero(codes >= 0)
        order = held[np.lexsort((codes[held], unit[held]))]
        new = np.ones(len(order), bool)
        new[1:] = (np.diff(unit[order]) != 0) | (np.diff(codes[order]) != 0)
        offsets = np.append(np.flatnonzero(new), len(order)).astype(np.int64)
        whole = unit[order[new]]
        groups = np.searchsorted(whole, self.group_offsets).astype(np.int64)
        return Units(offsets, self.customers[whole], groups, order)


@dataclass(frozen=True)
class Attempts:
    """One row an attempt, in the order of the units.

    Attributes
    ----------
    unit : numpy.ndarray, int32
        Whose attempt it is: a row of the units.
    depth : numpy.ndarray, uint8
        Required steps made (order="any": different steps).
    open : numpy.ndarray, bool
        Too young for its window.
    began : numpy.ndarray, int64
        µs; when the unit's first attempt began, or with "every" this one.
    reached : numpy.ndarray, int32, shape (attempts, steps)
        The journeys' touchpoint of each step in the order of the labels, -1 where it was not made
        (order="any": of the first, second, … different step).
    firsts : numpy.ndarray
        ``reached`` of the unit's first attempt where the furthest was asked for, else ``reached``
        itself: how long steps take must not be measured on attempts chosen by their outcome.
    """

    unit: np.ndarray
    depth: np.ndarray
    open: np.ndarray
    began: np.ndarray
    reached: np.ndarray
    firsts: np.ndarray

    @property
    def nbytes(self) -> int:
        """Bytes of all attempts."""
        return sum(getattr(self, field.name).nbytes for field in fields(self))


@dataclass(frozen=True)
class Search:
    """What is looked for, and where.

    Attributes
    ----------
    window : int
        µs from the first step to the last.
    fits, time : numpy.ndarray
        What each touchpoint fits, and when it was, in the order of the units.
    between : (int, int)
        µs, both included; only attempts that begin there count.
    """

    journeys: Journeys
    steps: FunnelSteps
    units: Units
    order: str
    attempt: str
    window: int
    between: tuple[int, int]
    fits: np.ndarray
    time: np.ndarray

    @classmethod
    def of(
        cls,
        journeys: Journeys,
        steps: FunnelSteps,
        within: str | None,
        order: str = "ordered",
        attempt: str = "first",
        unit: str = "customer",
        hold: str | None = None,
        between: tuple[int, int] = (-_EVER, _EVER),
    ) -> Search:
        """Read the arguments of a funnel."""
        given_journeys(journeys)
        for name, value, known in (("order", order, ORDERS), ("attempt", attempt, ATTEMPTS)):
            if not isinstance(value, str) or value not in known:
                raise OmninbError(f"{name}={value!r} is not known.{nearest(str(value), known)}")
        if order != "ordered" and steps.optional:
            why = {
                "strict": "nothing comes between strict steps",
                "any": "among steps in any order none is in between",
            }
            raise OmninbError(
                f"order={order!r}: optional= names steps that may come between two others, and "
                f'{why[order]}. Give order="ordered", or leave them out of steps=.'
            )
        if order == "any" and steps.spans:
            raise OmninbError(
                'order="any": exclude= stands between two steps, one after the other, and steps in '
                'any order have no between. Give order="ordered" or "strict".'
            )
        window = _EVER if within is None else duration(within, "within")
        units = Units.of(journeys, unit, hold)
        fits, time = steps.fits(journeys.columns), journeys.time
        if order == "any":
            _refuse_overlap(fits, steps)
        if units.positions is not None:
            fits, time = fits[units.positions], time[units.positions]
        return cls(journeys, steps, units, order, attempt, window, between, fits, time)

    @property
    def required(self) -> list[int]:
        """The steps, in the order of the labels, that an attempt makes one after the other."""
        return list(range(len(self.steps.labels))) if self.order == "any" else self.steps.required

    def ranges(self) -> list[tuple[int, int]]:
        """Ranges of groups to look through at a time: small, so that memory is used again."""
        bounds = self.units.offsets[self.units.group_offsets]
        return group_ranges(bounds, 1 if bounds[-1] < _SMALL else _PARTS)

    def attempts(self, first_group: int, last_group: int) -> Attempts:
        """The attempts of a range of groups."""
        units, steps = self.units, self.steps
        first, last = units.group_offsets[[first_group, last_group]]
        offsets = units.offsets[first : last + 1]
        starts = (1 << len(steps.required)) - 1 if self.order == "any" else 1
        most = last - first
        if self.attempt == "every":
            here = self.fits[offsets[0] : offsets[-1]]
            most = np.count_nonzero(here & np.uint16(starts))
        size, seeks = len(steps.labels), self.attempt == "furthest"
        found = (
            np.empty(most, np.int32),
            np.empty(most, np.uint8),
            np.empty(most, bool),
            np.empty(most, np.int64),
            np.empty((most, size), np.int32),
            np.empty((most if seeks else 0, size), np.int32),
        )
        until = self.journeys.rules.observed_until - self.window
        when = (self.window, *self.between, _EVER if self.window == _EVER else until)
        where = (first, last, units.offsets, self.time, self.fits)
        attempt = ATTEMPTS[self.attempt]
        width = max(int(np.diff(offsets).max(initial=0)), passes.MOST_STEPS)
        if self.order == "any":
            room = np.empty((mixed.ROOM, width), np.int64)
            count = mixed.find_mixed_attempts(*where, attempt, *when, room, *found)
        else:
            required, blocked, inner = (
                np.array(one, np.int64) for one in (steps.required, steps.blocked, steps.inner)
            )
            count = passes.find_attempts(
                *where, self.order == "strict", attempt, *when, required, size, blocked, inner,
                np.empty((passes.ROOM, width), np.int64), *found,
            )  # fmt: skip
        unit, depth, open_, began, reached, firsts = (column[:count] for column in found)
        for chains in (reached, firsts) if steps.optional else ():
            place_optional(
                units.offsets, self.time, self.fits, self.window, np.array(steps.after, np.int64),
                np.array([*steps.required, *steps.optional], np.int64), unit[: len(chains)], chains,
            )  # fmt: skip
        reached = self._in_journeys(reached)
        firsts = self._in_journeys(firsts) if seeks else reached
        return Attempts(unit, depth, open_, began, reached, firsts)

    def _in_journeys(self, reached: np.ndarray) -> np.ndarray:
        """Places in the units as touchpoints of the journeys."""
        if self.units.positions is None:
            return reached
        return np.where(reached >= 0, self.units.positions[reached], -1).astype(np.int32)

    def everything(self) -> Attempts:
        """The attempts of all groups."""
        ranges = self.ranges()
        found: list[Attempts | None] = [None] * len(ranges)

        def find(nth: int) -> None:
            found[nth] = self.attempts(*ranges[nth])

        each(find, [(nth,) for nth in range(len(ranges))])
        columns = ([getattr(part, field.name) for part in found] for field in fields(Attempts))
        return Attempts(*(np.concatenate(column) for column in columns))


def _refuse_overlap(fits: np.ndarray, steps: FunnelSteps) -> None:
    kinds = np.flatnonzero(np.bincount(fits, minlength=1))
    for kind in kinds.tolist():
        both = [label for i, label in enumerate(steps.labels) if kind >> i & 1]
        if len(both) > 1:
            raise OmninbError(
                f'order="any": {both[0]!r} and {both[1]!r} fit the same touchpoints. '
                "Make the steps exclude each other."
            )
