"""What is known of each arm, or of each arm within a segment, and two of them compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from omninb.experiments.comparisons import (
    BOTTOM,
    TOP,
    Comparison,
    Sample,
    accumulated,
    compare_means,
    compare_proportions,
    samples_of,
)
from omninb.experiments.outcomes import DAY, Outcome
from omninb.experiments.survival import compare_times, restricted_mean

FEWEST = 30
FEWEST_EXPECTED = 5


@dataclass(frozen=True)
class Parts:
    """The parts of the customers, each an arm or an arm within a level of a segment.

    Attributes
    ----------
    outcome : Outcome
        What is measured.
    customers : numpy.ndarray, int64
        Who are compared: those whose window is over; for a time all who were exposed.
    open : numpy.ndarray, int64
        Who are not, because their window is not over; for a time, those lost from sight before it.
    denominator : numpy.ndarray, float
        What the estimate is divided by.
    counted : numpy.ndarray, int64
        Customers with anything in the denominator.
    made : numpy.ndarray, float
        Of a share or a time: the customers who did it.
    statistics : list
        What a comparison is made from: (made, customers), (mean, variance) or a Sample.
    """

    outcome: Outcome
    customers: np.ndarray
    open: np.ndarray
    denominator: np.ndarray
    counted: np.ndarray
    made: np.ndarray
    statistics: list[Any]

    @classmethod
    def of(cls, outcome: Outcome, part: np.ndarray, parts: int, rounds: int = 0) -> Parts:
        """Parts of all customers, by the code of each customer's; see :func:`samples_of`."""
        if outcome.happened is not None:
            return cls._of_times(outcome, outcome.happened, part, parts)
        inside, columns = part[outcome.known], outcome.columns

        def sums(where: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
            return accumulated(np.bincount(where, weights, parts), rounds)

        customers, made = sums(inside), sums(inside, columns[TOP])
        denominator, counted = customers.astype(float), customers
        if BOTTOM in columns:
            denominator = sums(inside, columns[BOTTOM])
            counted = sums(inside[columns[BOTTOM] != 0])
        statistics: list[Any] = list(zip(made.round().astype(int), customers, strict=True))
        if outcome.metric.kind != "conversion" or outcome.adjusted:
            statistics = list(samples_of(columns, inside, parts, rounds))
        open_ = np.bincount(part[~outcome.known], minlength=parts)
        return cls(outcome, customers, open_, denominator, counted, made, statistics)

    @classmethod
    def _of_times(
        cls, outcome: Outcome, happened: np.ndarray, part: np.ndarray, parts: int
    ) -> Parts:
        horizon = outcome.metric.window / DAY
        statistics = [
            restricted_mean(outcome.top[part == k], happened[part == k], horizon)
            for k in range(parts)
        ]
        customers = np.bincount(part, minlength=parts)
        censored = np.bincount(part[~outcome.known & ~happened], minlength=parts)
        made = np.bincount(part, happened, parts)
        return cls(outcome, customers, censored, customers * 1.0, customers, made, statistics)

    def compare(self, control: int, treatment: int, confidence: float) -> Comparison:
        """Compare two parts."""
        a, b = self.statistics[control], self.statistics[treatment]
        if self.outcome.happened is not None:
            return compare_times(a, b, confidence)
        if isinstance(a, Sample) and isinstance(b, Sample):
            return compare_means(a, b, confidence)
        if a is None or b is None or not (a[1] and b[1]):
            return Comparison()
        return compare_proportions((a[0], b[0]), (a[1], b[1]), confidence)

    def too_few(self, control: int, treatment: int) -> str:
        """Why the method does not hold for two parts; empty where it does."""
        pair = [control, treatment]
        n = self.counted[pair]
        if n.min() < FEWEST:
            return f"an arm has {n.min()} customers, fewer than {FEWEST}"
        kind = self.outcome.metric.kind
        if kind in ("mean", "ratio"):
            return ""
        share = self.made[pair].sum() / n.sum()
        expected = n.min() * np.array([share, 1.0 if kind == "time" else 1 - share])
        if expected.min() < FEWEST_EXPECTED:
            what = ("with", "without")[int(expected.argmin())]
            return (
                f"{expected.min():.1f} customers are expected {what} it in an arm, fewer than "
                f"{FEWEST_EXPECTED}"
            )
        return ""
