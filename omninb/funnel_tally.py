"""The tally of a funnel: how many reached each step, by level of a breakdown."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from omninb.attempts import Attempts
from omninb.intervals import Rates
from omninb.journeys import Journeys
from omninb.passes.attempt_counts import STEP_FIELDS, TIME_FIELDS, count_attempts
from omninb.passes.compiling import GROUPS, each, group_ranges
from omninb.passes.moves import BUCKETS
from omninb.tallies import By, Counts, Facts, Tally, labels_of, micros_of, money_of

UNITS, CUSTOMERS, ALONE, OPEN, OPEN_REACHED, VALUED, HIGH, LOW = range(len(STEP_FIELDS))
_MOST_LEVELS = 200
_ALL = (("all",),)
Step = tuple[str, str]


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
        cls, journeys: Journeys, attempts: Attempts, breakdown: By | None, mixed: bool
    ) -> FunnelTally:
        """Count attempts; ``mixed`` steps come in any order."""
        names, codes = [""], np.empty(0, np.uint16)
        if breakdown is not None:
            codes, names = labels_of(journeys, breakdown, _MOST_LEVELS)
        size = attempts.reached.shape[1]
        required = np.arange(size) if mixed else np.array(attempts.steps.required)
        before = [max((s for s in required if s < step), default=-1) for step in range(size)]
        counts = np.zeros((GROUPS, len(names), size, len(STEP_FIELDS)), np.int64)
        together = np.zeros((GROUPS, size), np.int64)
        bounds = np.searchsorted(attempts.unit, attempts.units.group_offsets)
        ranges = group_ranges(bounds)
        heaviest = np.zeros((len(ranges), len(names) + 1), np.int64)
        times = np.zeros((len(ranges), len(names), size, BUCKETS, len(TIME_FIELDS)), np.int64)
        rows = (
            bounds, attempts.customers, attempts.depth, attempts.open, attempts.reached, codes,
            required, np.array(before), journeys.time, attempts.window,
            journeys.rules.observed_until, micros_of(journeys), journeys.columns.order,
        )  # fmt: skip
        each(
            count_attempts,
            [(*r, *rows, counts, together, heaviest[i], times[i]) for i, r in enumerate(ranges)],
        )
        places = [f"{step:02d}" for step in range(size)]
        labels = [(name, place) for name in names for place in places]
        population, most_units = _population(attempts)
        most = [heaviest[:, -1].max(), most_units]
        return cls(
            Facts.of(journeys, breakdown or "channel"),
            Counts.of(labels, counts.reshape(GROUPS, len(labels), -1)),
            Counts(tuple((place,) for place in places), together[..., None]),
            Counts.of(labels, times.sum(axis=0).reshape(len(labels), BUCKETS, -1).swapaxes(0, 1)),
            Counts.of(
                [(name,) for name in names], heaviest[:, :-1].max(axis=0)[None, :, None], np.maximum
            ),
            Counts(_ALL, np.array(most)[None, None, :], np.maximum),
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
        places = np.array([int(place) for _, place in self.steps.labels])
        whole = np.stack(
            [values[:, places == place, UNITS].sum(axis=1) for place in np.unique(places)], axis=1
        )
        at = places[own]
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


def _population(attempts: Attempts) -> tuple[np.ndarray, int]:
    """Units, customers, open units, customers with nothing but open units: shape (64, 4).

    And the most units of one customer.
    """
    units, waits = attempts.units, np.zeros(len(attempts.units.customers), bool)
    waits[attempts.unit[attempts.open]] = True
    waits[attempts.unit[~attempts.open]] = False
    found = []
    for a, b in itertools.pairwise(units.group_offsets):
        own, waiting = units.customers[a:b], waits[a:b]
        customers = _distinct(own)
        found.append(
            (len(own), customers, np.count_nonzero(waiting), customers - _distinct(own[~waiting]))
        )
    counts = np.array(found)
    alone = counts[:, 0].sum() == counts[:, 1].sum()
    return counts, int(alone or np.bincount(units.customers).max())


def _distinct(ordered: np.ndarray) -> int:
    return int(np.count_nonzero(np.diff(ordered))) + (len(ordered) > 0)
