"""The tally of a funnel: how many reached each step, by level of a breakdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from omninb.attempts import Attempts, by_group
from omninb.intervals import Rates
from omninb.journeys import Journeys
from omninb.passes.compiling import GROUPS
from omninb.step_times import time_histogram
from omninb.tallies import By, Counts, Facts, Tally, labels_of

STEP_COUNTS = (
    "units", "customers", "open", "open_reached", "open_customers", "value_high", "value_low",
)  # fmt: skip
_MOST_LEVELS = 200
_LOW = (1 << 32) - 1


@dataclass(frozen=True)
class FunnelTally(Tally):
    """Counts of attempts by level and step.

    Attributes
    ----------
    steps : Counts
        Labels (level, place of the step as two digits); by group STEP_COUNTS of mature attempts:
        units and distinct customers that made the step, those that are open, money of those whose
        last step it is (micros in two halves of 32 bits, whose sums are exact).
    times : Counts
        ``values[bucket, step]``: `time_histogram` of the time since the required step before.
    heaviest : Counts
        The most mature attempts of one customer, by level; and of one customer in the population.
    population : Counts
        All units, their customers, open units, customers with nothing but open attempts, and 1 in
        each group where the log has a value role.
    """

    steps: Counts
    times: Counts
    heaviest: Counts
    population: Counts

    @classmethod
    def of(
        cls, journeys: Journeys, attempts: Attempts, within: int, breakdown: By | None, mixed: bool
    ) -> FunnelTally:
        """Count attempts; ``mixed`` steps come in any order."""
        names, level = [""], np.zeros(len(attempts.unit), np.int64)
        if breakdown is not None:
            codes, names = labels_of(journeys, breakdown, _MOST_LEVELS)
            level = codes[attempts.reached[:, 0]].astype(np.int64)
        size = attempts.reached.shape[1]
        labels = [(name, f"{step:02d}") for name in names for step in range(size)]
        values = np.zeros((GROUPS, len(labels), len(STEP_COUNTS)), np.int64)
        counter = _Counter(attempts, level, len(names))
        money = _money(journeys) if "value" in journeys.columns.table.column_names else None
        required = range(size) if mixed else attempts.steps.required
        for step in range(size):
            cells = values[:, step::size]
            made = attempts.reached[:, step] >= 0
            mature = made & ~attempts.open
            cells[..., 0], cells[..., 1] = counter.units(mature), counter.customers(mature)
            cells[..., 2] = counter.units(attempts.open)
            cells[..., 3] = counter.units(made & attempts.open)
            cells[..., 4] = counter.customers(attempts.open)
            if money is not None and step in required:
                last = mature & (attempts.depth == required.index(step) + 1)
                worth = money[journeys.columns.order[attempts.reached[last, step]]]
                cells[..., 5] = counter.sums(last, worth >> 32)
                cells[..., 6] = counter.sums(last, worth & _LOW)
        times = _times(journeys, attempts, within, level, len(names), [] if mixed else required)
        most = [
            counter.most(~attempts.open & (level == code)) for code in range(len(names))
        ] + [_most(attempts.units.customers)]  # fmt: skip
        valued = np.full(GROUPS, int(money is not None))
        whole = np.stack([*counter.population(), valued], axis=-1)[:, None, :]
        return cls(
            Facts.of(journeys, breakdown or "channel"),
            Counts.of(labels, values),
            Counts.of(labels, times),
            Counts.of(
                [*((name,) for name in names), ("", "all")],
                np.array(most, np.int64)[None, :, None],
                np.maximum,
            ),
            Counts((("all",),), whole),
        )

    def level_rates(
        self, part: Sequence[tuple[str, str]], whole: Sequence[tuple[str, str]]
    ) -> Rates:
        """How many of those who made one step made another, row by row."""
        made, of = self.steps.rows(part), self.steps.rows(whole)
        values = self.steps.values
        heaviest = self.heaviest.values[0, self.heaviest.rows([(level,) for level, _ in part]), 0]
        return Rates(
            values[:, made, 0],
            values[:, of, 0],
            values[:, made, 1].sum(axis=0),
            values[:, of, 1].sum(axis=0),
            heaviest,
        )

    def rest_rates(
        self, part: Sequence[tuple[str, str]], whole: Sequence[tuple[str, str]]
    ) -> Rates:
        """The same of all levels but each row's own."""
        size = len({step for _, step in self.steps.labels})
        values = self.steps.values.reshape(GROUPS, -1, size, len(STEP_COUNTS))
        others = (values.sum(axis=1, keepdims=True) - values).reshape(self.steps.values.shape)
        made, of = self.steps.rows(part), self.steps.rows(whole)
        heaviest = np.full(len(part), self.heaviest.values[0, :-1, 0].max(initial=0))
        return Rates(
            others[:, made, 0],
            others[:, of, 0],
            others[:, made, 1].sum(axis=0),
            others[:, of, 1].sum(axis=0),
            heaviest,
        )

    def population_rates(self, part: Sequence[tuple[str, str]], by_customer: bool) -> Rates:
        """How many of all units (or customers) that are not open made each step."""
        made = self.steps.rows(part)
        units, customers, open_units, open_customers, _ = self.population.values[:, 0].T
        whole = (customers - open_customers) if by_customer else (units - open_units)
        most = self.heaviest.values[0, self.heaviest.rows([("", "all")]), 0]
        return Rates(
            self.steps.values[:, made, 1 if by_customer else 0],
            np.repeat(whole[:, None], len(made), axis=1),
            self.steps.values[:, made, 1].sum(axis=0),
            np.full(len(made), (customers - open_customers).sum()),
            np.repeat(np.ones(1, np.int64) if by_customer else most, len(made)),
        )

    @property
    def has_money(self) -> bool:
        """Whether the log has a value role."""
        return bool(self.population.values[:, 0, 4].any())

    def value(self, row: int) -> float:
        """Money at the last step, in currency units."""
        high, low = (int(self.steps.values[:, row, field].sum()) for field in (5, 6))
        return ((high << 32) + low) / 1e6


class _Counter:
    """Counts attempts by group and level."""

    def __init__(self, attempts: Attempts, level: np.ndarray, levels: int) -> None:
        self.attempts, self.levels = attempts, levels
        self.groups, self.level = attempts.groups, level
        self.owner = attempts.customers
        self.once = len(self.owner) < 2 or bool((np.diff(self.owner) > 0).all())

    def units(self, chosen: np.ndarray) -> np.ndarray:
        return by_group(self.groups[chosen], self.level[chosen], self.levels)

    def customers(self, chosen: np.ndarray) -> np.ndarray:
        if self.once:
            return self.units(chosen)
        rows = np.flatnonzero(chosen)
        _, first = np.unique(self.owner[rows] * self.levels + self.level[rows], return_index=True)
        return by_group(self.groups[rows[first]], self.level[rows[first]], self.levels)

    def sums(self, chosen: np.ndarray, amounts: np.ndarray) -> np.ndarray:
        total = np.zeros((GROUPS, self.levels), np.int64)
        np.add.at(total, (self.groups[chosen], self.level[chosen]), amounts)
        return total

    def most(self, chosen: np.ndarray) -> int:
        return _most(self.owner[chosen])

    def population(self) -> tuple[np.ndarray, ...]:
        units, late = self.attempts.units, self.attempts.open
        groups_of = np.repeat(np.arange(GROUPS), np.diff(units.group_offsets))
        present = np.ones(len(units.customers), bool)
        present[1:] = np.diff(units.customers) > 0
        settled = np.unique(self.owner[~late])
        waiting = np.setdiff1d(self.owner[late], settled)
        first_of = np.searchsorted(units.customers, waiting)
        open_units = np.unique(self.attempts.unit[late])
        open_units = np.setdiff1d(open_units, self.attempts.unit[~late])
        return (
            np.diff(units.group_offsets),
            np.bincount(groups_of[present], minlength=GROUPS),
            np.bincount(groups_of[open_units], minlength=GROUPS),
            np.bincount(groups_of[first_of], minlength=GROUPS),
        )


def _most(owners: np.ndarray) -> int:
    """The most rows of one owner, owners standing together."""
    if not len(owners):
        return 0
    ends = np.append(np.flatnonzero(np.diff(owners)), len(owners) - 1)
    return int(np.diff(ends, prepend=-1).max())


def _money(journeys: Journeys) -> np.ndarray:
    """Micros of each row of the log, 0 where there are none."""
    return journeys.columns.table.column("value").fill_null(0).cast(pa.int64()).to_numpy()


def _times(
    journeys: Journeys,
    attempts: Attempts,
    within: int,
    level: np.ndarray,
    levels: int,
    required: Sequence[int],
) -> np.ndarray:
    """`time_histogram` of each step since the required one before it, by level and step."""
    size, time = attempts.reached.shape[1], journeys.time
    found = np.zeros(
        (levels, size, *time_histogram(np.empty(0, np.int64), np.empty(0, bool)).shape)
    )
    found = found.astype(np.int64)
    for step in range(1, size):
        before = max((one for one in required if one < step), default=None)
        if before is None:
            continue
        asked = np.flatnonzero(~attempts.open & (attempts.reached[:, before] >= 0))
        since = time[attempts.reached[asked, before]]
        made = attempts.reached[asked, step] >= 0
        end = np.minimum(
            time[attempts.reached[asked, required[0]]] + within, journeys.rules.observed_until
        )
        until = np.where(made, time[attempts.reached[asked, step]], end)
        for code in range(levels):
            own = slice(None) if levels == 1 else level[asked] == code
            found[code, step] = time_histogram((until - since)[own], made[own])
    return found.reshape(levels * size, *found.shape[2:]).swapaxes(0, 1)
