"""The tally of a funnel: how many reached each step, by level of a breakdown."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from omninb.attempts import Attempts, Search, Units
from omninb.errors import OmninbError
from omninb.intervals import Rates
from omninb.journeys import Journeys
from omninb.passes.attempt_counts import STEP_FIELDS, TIME_FIELDS, count_attempts
from omninb.passes.compiling import GROUPS, each, threads
from omninb.passes.moves import BUCKETS
from omninb.tallies import By, Counts, Facts, Tally, labels_of, micros_of, money_of

UNITS, CUSTOMERS, ALONE, OPEN, OPEN_REACHED, VALUED, HIGH, LOW = range(len(STEP_FIELDS))
_MOST_LEVELS = 200
_ALL = (("all",),)
Step = tuple[str, str]
Breakdown = By | Mapping[str, By]


@dataclass(frozen=True)
class FunnelTally(Tally):
    """Counts of attempts by level and step.

    Attributes
    ----------
    steps : Counts
        Labels (level, place of the step as two digits); STEP_FIELDS by group.
    together : Counts
        Labels (place,): distinct customers over all levels.
    times : Counts
        ``values[bucket, step]``: TIME_FIELDS of the time since the required step before.
    heaviest : Counts
        The most mature attempts of one customer, by level.
    most : Counts
        The most mature attempts of one customer over all levels, and the most units.
    population : Counts
        All units, their customers, open units, and customers with nothing but open units.
    """

    steps: Counts
    together: Counts
    times: Counts
    heaviest: Counts
    most: Counts
    population: Counts

    @classmethod
    def of(
        cls,
        search: Search,
        breakdown: Breakdown | None = None,
        into: Mapping[str, str] | None = None,
    ) -> FunnelTally:
        """Find the attempts and count them, range by range of groups; levels ``into`` others."""
        journeys, size = search.journeys, len(search.steps.labels)
        names, codes = _levels(journeys, breakdown)
        if into is not None:
            levels = sorted(set(into.values()))
            codes = np.array([levels.index(into[name]) for name in names], np.uint16)[codes]
            names = levels
        required = np.array(search.required)
        before = np.array([max((s for s in required if s < k), default=-1) for k in range(size)])
        ranges = search.ranges()
        counts = np.zeros((GROUPS, len(names), size, len(STEP_FIELDS)), np.int64)
        together, open_units = np.zeros((GROUPS, size), np.int64), np.zeros((GROUPS, 2), np.int64)
        heaviest = np.zeros((len(ranges), len(names) + 1), np.int64)
        times = np.zeros((threads(), len(names), size, BUCKETS, len(TIME_FIELDS)), np.int64)
        money, order = micros_of(journeys), journeys.columns.order
        until = journeys.rules.observed_until

        def count(thread: int) -> None:
            for nth in range(thread, len(ranges), threads()):
                found = search.attempts(*ranges[nth])
                bounds = np.searchsorted(found.unit, search.units.group_offsets)
                here = slice(*ranges[nth])
                open_units[here] = _open_units(search.units, found)[here]
                count_attempts(
                    *ranges[nth], bounds, search.units.customers[found.unit], found.depth,
                    found.open, found.began, found.reached, found.firsts, codes, required, before,
                    journeys.time, search.window, until, money, order, counts, together,
                    heaviest[nth], times[thread],
                )  # fmt: skip

        each(count, [(thread,) for thread in range(min(threads(), len(ranges)))])
        places = [f"{step:02d}" for step in range(size)]
        labels = [(name, place) for name in names for place in places]
        population = np.column_stack([*_population(search), open_units])
        alone = np.array_equal(population[:, 0], population[:, 1])
        most_units = 1 if alone else np.bincount(search.units.customers).max(initial=0)
        return cls(
            Facts.of(journeys, _role(breakdown) if breakdown is not None else ""),
            Counts.of(labels, counts.reshape(GROUPS, len(labels), len(STEP_FIELDS))),
            Counts(tuple((place,) for place in places), together[..., None]),
            Counts.of(
                labels, times.sum(axis=0).reshape(len(labels), *times.shape[3:]).swapaxes(0, 1)
            ),
            Counts.of(
                [(name,) for name in names], heaviest[:, :-1].max(axis=0)[None, :, None], np.maximum
            ),
            Counts(_ALL, np.array([[[heaviest[:, -1].max(), most_units]]]), np.maximum),
            Counts(_ALL, population[:, None, :]),
        )

    def level_rates(self, part: Sequence[Step], whole: Sequence[Step]) -> Rates:
        """How many of those who made one step made another, row by row."""
        made, of = self.steps.rows(part), self.steps.rows(whole)
        values = self.steps.values
        return Rates(
            values[:, made, UNITS],
            values[:, of, UNITS],
            values[:, made, CUSTOMERS].sum(axis=0),
            values[:, of, CUSTOMERS].sum(axis=0),
            self.heaviest.values[0, self.heaviest.rows([(level,) for level, _ in part]), 0],
        )

    def rest_rates(self, part: Sequence[Step], whole: Sequence[Step]) -> Rates:
        """The same of all levels but each row's own."""
        (made, with_it), (of, all_of_them) = self._rest(part), self._rest(whole)
        most = np.full(len(part), self.most.values[0, 0, 0])
        return Rates(made, of, with_it, all_of_them, most)

    def _rest(self, steps: Sequence[Step]) -> tuple[np.ndarray, np.ndarray]:
        """Units by group, and customers, of all levels but each row's own."""
        values, own = self.steps.values, self.steps.rows(steps)
        at = np.array([int(place) for _, place in steps], np.int64)
        whole = values[..., UNITS].reshape(GROUPS, -1, len(self.together.labels)).sum(axis=1)
        customers = self.together.values[:, at, 0] - values[:, own, ALONE]
        return whole[:, at] - values[:, own, UNITS], customers.sum(axis=0)

    def population_rates(self, part: Sequence[Step], by_customer: bool) -> Rates:
        """How many of all units (or customers) that are not open made each step."""
        made = self.steps.rows(part)
        units, customers, open_units, open_customers = self.population.values[:, 0].T
        whole = (customers - open_customers) if by_customer else (units - open_units)
        most = 1 if by_customer else self.most.values[0, 0, 1]
        return Rates(
            self.steps.values[:, made, CUSTOMERS if by_customer else UNITS],
            np.repeat(whole[:, None], len(made), axis=1),
            self.steps.values[:, made, CUSTOMERS].sum(axis=0),
            np.full(len(made), (customers - open_customers).sum()),
            np.full(len(made), most),
        )

    def value(self, step: Step) -> float:
        """Money of those who came no further; NaN where no level has any at this step."""
        alike = [i for i, label in enumerate(self.steps.labels) if label[1] == step[1]]
        if not self.steps.values[:, alike, VALUED].any():
            return float("nan")
        return money_of(self.steps.values[:, self.steps.rows([step]), HIGH:])


def _population(search: Search) -> tuple[np.ndarray, np.ndarray]:
    """Units and their customers by group."""
    units, customers = search.units, np.diff(search.journeys.group_offsets)
    if units.positions is not None:  # not every customer holds a value
        bounds = itertools.pairwise(units.group_offsets)
        customers = np.array([_distinct(units.customers[a:b]) for a, b in bounds])
    return np.diff(units.group_offsets), customers


def _open_units(units: Units, found: Attempts) -> np.ndarray:
    """Open units, and customers with nothing but open units, by group: shape (64, 2).

    A unit whose first attempt is open has no other.
    """
    rows = np.flatnonzero(found.open)
    waiting = found.unit[rows[(rows == 0) | (found.unit[rows] != found.unit[rows - 1])]]
    waits = units.customers[waiting]
    new = np.diff(waits, prepend=-1) > 0
    open_units = np.diff(np.append(np.flatnonzero(new), len(new)))
    low, high = (np.searchsorted(units.customers, waits[new], side) for side in ("left", "right"))
    entirely = waiting[new][open_units == high - low]
    edges = units.group_offsets
    return np.column_stack([np.diff(np.searchsorted(rows, edges)) for rows in (waiting, entirely)])


def _distinct(ordered: np.ndarray) -> int:
    return int(np.count_nonzero(np.diff(ordered))) + (len(ordered) > 0)


def _role(breakdown: Breakdown) -> By:
    return breakdown["customer"] if isinstance(breakdown, Mapping) else breakdown


def _levels(journeys: Journeys, breakdown: Breakdown | None) -> tuple[list[str], np.ndarray]:
    """The levels, and that of an attempt by its first touchpoint; one level has no codes."""
    if breakdown is None:
        return [""], np.empty(0, np.uint16)
    if isinstance(breakdown, Mapping) and set(breakdown) != {"customer"}:
        raise OmninbError(
            f'breakdown={breakdown!r}: a role at the first step, such as "channel", or of the '
            'customer at the first touchpoint of all, {"customer": "channel"}.'
        )
    codes, names = labels_of(journeys, _role(breakdown), _MOST_LEVELS, "breakdown")
    if isinstance(breakdown, Mapping):
        starts = journeys.journey_offsets[journeys.customer_offsets]
        codes = np.repeat(codes[starts[:-1]], np.diff(starts))
    return names, codes
