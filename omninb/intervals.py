"""An honest interval for a rate whose touchpoints are clustered within customers.

The delete-a-group jackknife over 64 groups of customers (Wolter 2007; Kott 2001) on the logit
scale; for rare cells Clopper–Pearson with an effective sample size (Korn and Graubard 1998); Wilson
(1927) only where each customer counts once. Differences: the jackknife of the difference itself,
else the bounds of both rates combined (MOVER: Newcombe 1998; Zou and Donner 2008).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
_FEWEST_CUSTOMERS = 20
_FEWEST_ON_A_SIDE = 6
_FEWEST_GROUPS = 10
_HEAVY = 0.05


@dataclass(frozen=True)
class Rates:
    """Rates, one a row, with what their intervals need.

    Attributes
    ----------
    part, whole : numpy.ndarray, int64, shape (64, rows)
        Numerators and denominators by group of customers.
    customers_with, customers : numpy.ndarray, int64, shape (rows,)
        Distinct customers in the numerator and in the denominator.
    heaviest : numpy.ndarray, int64, shape (rows,)
        The largest number that one customer has in the denominator.
    """

    part: np.ndarray
    whole: np.ndarray
    customers_with: np.ndarray
    customers: np.ndarray
    heaviest: np.ndarray

    @property
    def estimate(self) -> np.ndarray:
        """The rate, part / whole over all groups; NaN where nothing is in the denominator."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.part.sum(axis=0) / self.whole.sum(axis=0)

    @property
    def _replicates(self) -> np.ndarray:
        part, whole = self.part.sum(axis=0), self.whole.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            replicates = (part - self.part) / (whole - self.whole)
        return np.where(np.isfinite(replicates), replicates, self.estimate)

    @property
    def effective_groups(self) -> np.ndarray:
        """How many equally large groups the denominator is worth."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.whole.sum(axis=0) ** 2 / (self.whole.astype(float) ** 2).sum(axis=0)

    @property
    def supported(self) -> np.ndarray:
        """Rows with customers and groups enough for the jackknife."""
        without = self.customers - self.customers_with
        return (
            (self.customers >= _FEWEST_CUSTOMERS)
            & (self.customers_with >= _FEWEST_ON_A_SIDE)
            & (without >= _FEWEST_ON_A_SIDE)
            & (self.effective_groups >= _FEWEST_GROUPS)
        )

    def bounds(
        self, confidence: float | np.ndarray = CONFIDENCE
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Lower and upper bounds of each rate and the method that made them.

        Returns
        -------
        lower, upper : numpy.ndarray, float, shape (rows,)
            NaN where the data support no interval.
        method : numpy.ndarray of str
            ``jackknife``, ``korn-graubard``, ``wilson`` or ``none``, and a warning where one
            customer has over 5 % of the denominator.
        """
        from scipy.special import expit, logit

        p, n = self.estimate, self.whole.sum(axis=0).astype(float)
        error = _jackknife_error(self._replicates, p)
        confidence = np.broadcast_to(confidence, p.shape)
        t = _quantile(self.effective_groups, confidence)
        with np.errstate(divide="ignore", invalid="ignore"):
            half = t * error / (p * (1 - p))
            lower, upper = expit(logit(p) - half), expit(logit(p) + half)
        method = np.full(p.shape, "jackknife", dtype=object)
        once = (self.heaviest <= 1) & (n == self.customers)
        rare = ~self.supported & ~once
        lower[rare], upper[rare] = _korn_graubard(
            p[rare], n[rare], error[rare], t[rare], self.customers[rare], confidence[rare]
        )
        lower[once], upper[once] = _wilson(p[once], n[once], confidence[once])
        method[rare], method[once] = "korn-graubard", "wilson"
        method[(self.heaviest > _HEAVY * n) & (n > 0)] += ", one customer over 5 %"
        none = ~(np.isfinite(lower) & np.isfinite(upper))
        method[none] = "none"
        return np.where(none, np.nan, lower), np.where(none, np.nan, upper), method


def difference_bounds(
    a: Rates, b: Rates, confidence: float | np.ndarray = CONFIDENCE
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bounds of b - a, row by row, and the method.

    The jackknife leaves the same customers out of both, so that it holds for arms without common
    customers and for periods or segments that share them. Where a cell is too rare, the bounds of
    both rates are combined, which treats them as independent.

    Returns
    -------
    lower, upper : numpy.ndarray, float
    method : numpy.ndarray of str
        ``jackknife``, ``mover`` or ``none``.
    """
    difference = b.estimate - a.estimate
    error = _jackknife_error(b._replicates - a._replicates, difference)
    half = _quantile(np.fmin(a.effective_groups, b.effective_groups), confidence) * error
    lower_a, upper_a, _ = a.bounds(confidence)
    lower_b, upper_b, _ = b.bounds(confidence)
    below = np.hypot(b.estimate - lower_b, upper_a - a.estimate)
    above = np.hypot(upper_b - b.estimate, a.estimate - lower_a)
    jackknife = a.supported & b.supported
    lower = difference - np.where(jackknife, half, below)
    upper = difference + np.where(jackknife, half, above)
    method = np.where(jackknife, "jackknife", "mover").astype(object)
    method[~(np.isfinite(lower) & np.isfinite(upper))] = "none"
    return lower, upper, method


def difference_p_values(a: Rates, b: Rates) -> np.ndarray:
    """How surely rates differ: 1 - the highest confidence whose `difference_bounds` leave 0 out.

    Returns
    -------
    numpy.ndarray, float, shape (rows,)
        Two-sided, from 1e-9 to 1; NaN where the data support no interval.
    """
    low, high = np.full(len(a.estimate), 1e-9), np.ones(len(a.estimate))
    known = np.isfinite(difference_bounds(a, b)[0])
    for _ in range(40):
        middle = np.sqrt(low * high)
        lower, upper, _ = difference_bounds(a, b, 1.0 - middle)
        apart = (lower > 0) | (upper < 0)
        low, high = np.where(apart, low, middle), np.where(apart, middle, high)
    return np.where(known, high, np.nan)


def _jackknife_error(replicates: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    groups = len(replicates)
    with np.errstate(invalid="ignore"):
        return np.sqrt((groups - 1) / groups * ((replicates - estimate) ** 2).sum(axis=0))


def _quantile(effective_groups: np.ndarray, confidence: float | np.ndarray) -> np.ndarray:
    """Student's t with the effective degrees of freedom; NaN with less than one."""
    from scipy.special import stdtrit

    freedom = np.minimum(63, effective_groups - 1)
    freedom = np.where(freedom >= 1, freedom, np.nan)
    return stdtrit(freedom, 0.5 + confidence / 2)


def _korn_graubard(
    p: np.ndarray,
    n: np.ndarray,
    error: np.ndarray,
    t: np.ndarray,
    customers: np.ndarray,
    confidence: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    from scipy.special import betaincinv, ndtri

    z = ndtri(0.5 + confidence / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.fmin(n, p * (1 - p) / error**2) * (z / t) ** 2
    extreme = (p == 0) | (p == 1)
    effective = np.where(extreme, customers, effective)
    effective = np.where(effective > 0, effective, np.nan)
    x, tail = p * effective, (1 - confidence) / 2
    with np.errstate(invalid="ignore"):
        lower = np.where(p == 0, 0.0, betaincinv(x, effective - x + 1, tail))
        upper = np.where(p == 1, 1.0, betaincinv(x + 1, effective - x, 1 - tail))
    return (
        np.where(np.isfinite(effective), lower, np.nan),
        np.where(np.isfinite(effective), upper, np.nan),
    )


def _wilson(p: np.ndarray, n: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from scipy.special import ndtri

    z = ndtri(0.5 + confidence / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return np.where(p == 0, 0, middle - half), np.where(p == 1, 1, middle + half)
