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
MOST_SKEWED = 0.15  # skewness of the difference of two means, beyond which t has other tails


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
    moments : numpy.ndarray, float, shape (3, parts)
        Of a mean or a ratio: customers who have anything, and the sums of squares and cubes of what
        each adds to it.
    statistics : list
        What a comparison is made from: (made, customers), (mean, variance) or a Sample.
    """

    outcome: Outcome
    customers: np.ndarray
    open: np.ndarray
    denominator: np.ndarray
    counted: np.ndarray
    made: np.ndarray
    moments: np.ndarray
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
        each = _influence(columns)
        moments = np.array(
            [sums(inside, weights) for weights in (columns[TOP] != 0, each**2, each**3)]
        )
        return cls(outcome, customers, open_, denominator, counted, made, moments, statistics)

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
        made, none = np.bincount(part, happened, parts), np.zeros((3, parts))
        whole = customers * 1.0
        return cls(outcome, customers, censored, whole, customers, made, none, statistics)

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
            return self._too_skewed(pair, n)
        share = self.made[pair].sum() / n.sum()
        expected = n.min() * np.array([share, 1.0 if kind == "time" else 1 - share])
        if expected.min() < FEWEST_EXPECTED:
            what = ("with", "without")[int(expected.argmin())]
            return (
                f"{expected.min():.1f} customers are expected {what} it in an arm, fewer than "
                f"{FEWEST_EXPECTED}"
            )
        return ""

    def _too_skewed(self, pair: list[int], n: np.ndarray) -> str:
        """Why t does not hold for two means, by the customers who make them; empty where it does.

        Under no uplift the skewness of the difference is that of the customers, times
        |n - m| / sqrt(n m (n + m)): in even arms it cancels, in uneven ones the smaller is wild.
        """
        having, squares, cubes = self.moments[:, pair].sum(axis=1)
        everybody = n.sum()
        expected = having / everybody * n.min()
        if having and expected < FEWEST_EXPECTED:
            return f"{expected:.1f} customers are expected to have any in an arm"
        if not squares > 0:
            return ""
        skewness = abs(cubes) / everybody / (squares / everybody) ** 1.5
        if skewness * abs(n[0] - n[1]) / np.sqrt(n[0] * n[1] * everybody) > MOST_SKEWED:
            return "a few customers carry the mean, and the arms are uneven: winsorise= it, or wait"
        return ""


def _influence(columns: dict[str, np.ndarray]) -> np.ndarray:
    """By how much each customer lies above the mean, or above the ratio times the bottom."""
    top, bottom = columns[TOP], columns.get(BOTTOM)
    if not len(top):
        return top
    if bottom is None:
        return top - top.mean()
    return top - bottom * (top.sum() / bottom.sum() if bottom.sum() else 0.0)
