"""Attempts at a funnel by customers, journeys or held values: found once, counted many ways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from omninb.errors import OmninbError, duration, nearest
from omninb.funnel_steps import FunnelSteps
from omninb.journeys import Journeys
from omninb.memory import fresh
from omninb.passes import attempts as passes
from omninb.passes.compiling import each, group_ranges

ORDERS = {"ordered": passes.ORDERED, "strict": passes.STRICT, "any": passes.ANY}
ATTEMPTS = {"furthest": passes.FURTHEST, "first": passes.FIRST, "every": passes.EVERY}
_EVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True)
class Units:
    """Those who attempt a funnel: customers, journeys, or values that a customer holds.

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
            raise OmninbError(f'unit={unit!r}: "customer" or "journey".')
        everyone = np.arange(journeys.customers, dtype=np.int32)
        if hold is not None:
            if unit != "customer":
                raise OmninbError('hold= makes the unit (customer, value): leave unit="customer".')
            return cls._held(journeys, hold)
        if unit == "customer":
            offsets = journeys.journey_offsets[journeys.customer_offsets]
            return cls(offsets, everyone, journeys.group_offsets)
        return cls(
            journeys.journey_offsets,
            np.repeat(everyone, np.diff(journeys.customer_offsets)),
            journeys.customer_offsets[journeys.group_offsets],
        )

    @classmethod
    def _held(cls, journeys: Journeys, hold: str) -> Units:
        table = journeys.columns.table
        if hold not in table.column_names:
            raise OmninbError(f"hold={hold!r}: no such column.{nearest(hold, table.column_names)}")
        column = table.column(hold).cast(pa.string()).combine_chunks().dictionary_encode()
        codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)[journeys.columns.order]
        starts = journeys.journey_offsets[journeys.customer_offsets]
        customer = np.repeat(np.arange(journeys.customers, dtype=np.int32), np.diff(starts))
        held = np.flatnonzero(codes >= 0)
        order = held[np.lexsort((codes[held], customer[held]))]
        new = np.ones(len(order), bool)
        new[1:] = (np.diff(customer[order]) != 0) | (np.diff(codes[order]) != 0)
        offsets = np.append(np.flatnonzero(new), len(order)).astype(np.int64)
        customers = customer[order[new]]
        groups = np.searchsorted(customers, journeys.group_offsets).astype(np.int64)
        return cls(offsets, customers, groups, order)


@dataclass(frozen=True)
class Attempts:
    """One row an attempt, in the order of the units.

    Attributes
    ----------
    units : Units
    window : int
        µs from the first step to the last.
    unit : numpy.ndarray, int32
        Whose attempt it is: a row of ``units``.
    depth : numpy.ndarray, uint8
        Required steps made (order="any": different steps).
    open : numpy.ndarray, bool
        Too young for its window.
    reached : numpy.ndarray, int32, shape (attempts, steps)
        The journeys' touchpoint of each step in the order of the labels, -1 where it was not made
        (order="any": of the first, second, … different step).
    """

    steps: FunnelSteps
    units: Units
    window: int
    unit: np.ndarray
    depth: np.ndarray
    open: np.ndarray
    reached: np.ndarray

    @property
    def customers(self) -> np.ndarray:
        """Whose attempts they are."""
        return self.units.customers[self.unit]

    @property
    def groups(self) -> np.ndarray:
        """The group of customers of each attempt."""
        return np.searchsorted(self.units.group_offsets, self.unit, side="right") - 1


def find_attempts(
    journeys: Journeys,
    steps: FunnelSteps,
    within: str | None,
    order: str = "ordered",
    attempt: str = "first",
    unit: str = "customer",
    hold: str | None = None,
    between: tuple[int, int] = (-_EVER, _EVER),
) -> Attempts:
    """Find the attempts; ``between`` (µs, both included) bounds when they begin."""
    for name, value, known in (("order", order, ORDERS), ("attempt", attempt, ATTEMPTS)):
        if value not in known:
            raise OmninbError(f"{name}={value!r}: one of {', '.join(known)}.")
    if order != "ordered" and (steps.optional or steps.spans):
        raise OmninbError(f'order={order!r}: optional= and exclude= need order="ordered".')
    units = Units.of(journeys, unit, hold)
    fits, time = steps.fits(journeys.columns), journeys.time
    if order == "any":
        _refuse_overlap(fits, steps)
    if units.positions is not None:
        fits, time = fits[units.positions], time[units.positions]
    window = _EVER if within is None else duration(within, "within")
    mature_until = _EVER if within is None else journeys.rules.observed_until - window
    places = [*steps.required, *steps.optional]
    if order == "any":
        places.sort()
    rules = (
        ORDERS[order], ATTEMPTS[attempt], len(steps.required), len(steps.optional), window,
        *between, mature_until,
        *(np.array(one, np.int64) for one in (steps.after, places, steps.blocked, steps.inner)),
    )  # fmt: skip
    starts = np.uint16((1 << len(steps.required)) - 1 if order == "any" else 1)
    longest = int(np.diff(units.offsets).max(initial=0))

    def find(first_group: int, last_group: int) -> None:
        first, last = units.group_offsets[[first_group, last_group]]
        most = last - first
        if attempt == "every":
            here = fits[units.offsets[first] : units.offsets[last]]
            most = np.count_nonzero(here & starts)
        found = (
            fresh(most, np.int32),
            fresh(most, np.uint8),
            fresh(most, np.bool_),
            fresh((most, len(places)), np.int32),
        )
        room = np.empty((6, longest), np.int64)
        count = passes.find_attempts(first, last, units.offsets, time, fits, *rules, room, *found)
        parts[first_group] = tuple(column[:count] for column in found)

    parts: dict[int, tuple[np.ndarray, ...]] = {}
    each(find, group_ranges(units.offsets[units.group_offsets]))
    unit_of, depth, open_, reached = (
        np.concatenate(column) for column in zip(*(parts[g] for g in sorted(parts)), strict=True)
    )
    if units.positions is not None:
        reached = np.where(reached >= 0, units.positions[reached], -1).astype(np.int32)
    return Attempts(steps, units, window, unit_of, depth, open_, reached)


def _refuse_overlap(fits: np.ndarray, steps: FunnelSteps) -> None:
    kinds = np.flatnonzero(np.bincount(fits, minlength=1))
    for kind in kinds.tolist():
        both = [label for i, label in enumerate(steps.labels) if kind >> i & 1]
        if len(both) > 1:
            raise OmninbError(
                f'order="any": {both[0]!r} and {both[1]!r} fit the same touchpoints. '
                "Make the steps exclude each other."
            )
