"""The tallies of drop-off: what became of those who took a step, and what they did next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from omninb.attempts import Attempts, Search
from omninb.funnel_steps import FunnelSteps, Step
from omninb.journeys import END_STATES, Journeys
from omninb.passes.attempt_counts import NO_VALUE
from omninb.passes.compiling import GROUPS
from omninb.tallies import By, Counts, Facts, Tally, labels_of, micros_of

PLACE_FIELDS = (
    "next_same_channel", "next_other_channel", "lost", "open", "valued", "value_high", "value_low",
)  # fmt: skip
SAME, OTHER, LOST, OPEN, VALUED, HIGH, LOW = range(len(PLACE_FIELDS))
OUTCOMES = {LOST: "lost", OTHER: "left channel"}
_MOST_LABELS = 1_000
_MOST_NEXT = 65_535


@dataclass(frozen=True)
class StepsTaken:
    """Each customer's first attempt at a funnel, and on which node each step was taken.

    Attributes
    ----------
    codes : numpy.ndarray, uint16
        The node of each touchpoint.
    names : list of str
        The nodes.
    """

    search: Search
    attempts: Attempts
    codes: np.ndarray
    names: list[str]
    within: str | None
    by: By

    @classmethod
    def of(
        cls, journeys: Journeys, steps: Sequence[Step], by: By, within: str | None
    ) -> StepsTaken:
        """Find the attempts; kept with the journeys, so that what came next need not."""
        search = Search.of(journeys, FunnelSteps.of(steps), within)
        attempts = journeys.kept(("first attempts", repr(steps), within), search.everything)
        return cls(search, attempts, *labels_of(journeys, by, _MOST_LABELS), within, by)

    @property
    def journeys(self) -> Journeys:
        """Whose steps these are."""
        return self.search.journeys

    @property
    def labels(self) -> list[str]:
        """The steps."""
        return self.search.steps.labels

    def outcomes(self, step: int) -> tuple[np.ndarray, ...]:
        """For each attempt that made a step: touchpoint, group, node, and what became of it."""
        reached = self.attempts.reached
        at = np.flatnonzero(reached[:, step] >= 0)
        here, following = reached[at, step], reached[at, step + 1]
        same = self.codes[here] == self.codes[np.maximum(following, 0)]
        outcome = np.where(following < 0, LOST, np.where(same, SAME, OTHER))
        outcome[self.attempts.open[at]] = OPEN
        bounds = self.search.units.group_offsets
        group = np.searchsorted(bounds, self.attempts.unit[at], side="right") - 1
        return here, group, self.codes[here].astype(np.int64), outcome

    def attrs(self, facts: Facts) -> dict[object, object]:
        """The ``attrs`` of the tables."""
        return facts.attrs() | {
            "steps": self.labels,
            "within": self.within,
            "so_far": self.within is None,
            "order": "ordered",
            "attempt": "first",
            "unit": "customers",
            "population": facts.customers,
        }


@dataclass(frozen=True)
class DropOffTally(Tally):
    """Customers by step and node.

    Attributes
    ----------
    places : Counts
        Labels (place of the step as two digits, node); PLACE_FIELDS by group: who took the next
        step on the same node, on another, not at all, open; steps taken with a value (open ones
        left out), and the money of the lost as two halves of 32 bits.
    """

    places: Counts

    @classmethod
    def of(cls, taken: StepsTaken) -> DropOffTally:
        """Count what became of those who took each step but the last."""
        last, nodes = len(taken.labels) - 1, len(taken.names)
        values = np.zeros((GROUPS, last, nodes, len(PLACE_FIELDS)), np.int64)
        money = micros_of(taken.journeys)
        for step in range(last):
            here, group, node, outcome = taken.outcomes(step)
            cells = values[:, step]
            key = (group * nodes + node) * 4 + outcome
            counted = np.bincount(key, minlength=GROUPS * nodes * 4)
            cells[..., :VALUED] = counted.reshape(GROUPS, nodes, 4)
            if len(money):
                worth = money[taken.journeys.columns.order[here]]
                worth[outcome == OPEN] = NO_VALUE
                known = worth != NO_VALUE
                np.add.at(cells[..., VALUED], (group[known], node[known]), 1)
                lost = known & (outcome == LOST)
                where = group[lost], node[lost]
                np.add.at(cells[..., HIGH], where, worth[lost] >> 32)
                np.add.at(cells[..., LOW], where, worth[lost] & 0xFFFFFFFF)
        labels = [(f"{step:02d}", name) for step in range(last) for name in taken.names]
        return cls(
            Facts.of(taken.journeys, taken.by),
            Counts.of(labels, values.reshape(GROUPS, len(labels), len(PLACE_FIELDS))),
        )


@dataclass(frozen=True)
class OnwardTally(Tally):
    """What those did right afterwards who were lost or took the next step on another node.

    Attributes
    ----------
    onward : Counts
        Labels (place of the step as two digits, node, outcome, what came next); customers by group.
    """

    onward: Counts

    @classmethod
    def of(cls, taken: StepsTaken) -> OnwardTally:
        """Count what came right after each step but the last."""
        journeys, nodes = taken.journeys, len(taken.names)
        roles = [taken.by] if isinstance(taken.by, str) else list(taken.by)
        roles = list(dict.fromkeys([*roles, "event"]))
        codes, names = labels_of(journeys, roles[0] if len(roles) == 1 else roles, _MOST_NEXT)
        every = [*names, *END_STATES]
        labels: list[tuple[str, ...]] = []
        counts = [np.empty((GROUPS, 0), np.int64)]
        for step in range(len(taken.labels) - 1):
            here, group, node, outcome = taken.outcomes(step)
            chosen = (outcome == LOST) | (outcome == OTHER)
            here, group = here[chosen], group[chosen]
            journey = np.searchsorted(journeys.journey_offsets, here, side="right") - 1
            ends = here + 1 == journeys.journey_offsets[journey + 1]
            following = np.where(
                ends,
                len(names) + journeys.end_states[journey].astype(np.int64),
                codes[np.where(ends, here, here + 1)],
            )
            kind = (outcome[chosen] == OTHER) * nodes + node[chosen]
            which, kinds = pd.factorize(kind * len(every) + following)
            counted = np.bincount(group * len(kinds) + which, minlength=GROUPS * len(kinds))
            counts.append(counted.reshape(GROUPS, -1))
            for kind in kinds.tolist():
                place, after = divmod(kind, len(every))
                outcome_name = OUTCOMES[OTHER if place >= nodes else LOST]
                labels.append(
                    (f"{step:02d}", taken.names[place % nodes], outcome_name, every[after])
                )
        return cls(
            Facts.of(journeys, taken.by),
            Counts.of(labels, np.concatenate(counts, axis=1)[..., None]),
        )
