"""Two arms compared on one metric: estimates, uplift, bounds and p-value.

The tests are tea-tasting's (Welch 1947; ratios by the delta method, Deng, Knoblich and Lu 2018;
CUPED, Deng et al. 2013) and statsmodels' (Newcombe 1998 for two proportions). What is added here is
the variance of the relative uplift after CUPED, which has to count that the pooled mean of the
covariate is an estimate too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tea_tasting.aggr import Aggregates

NAN = float("nan")
TOP, BOTTOM, PAST_TOP, PAST_BOTTOM = "top", "bottom", "past top", "past bottom"


@dataclass(frozen=True)
class Sample:
    """Moments of one arm's customers.

    Attributes
    ----------
    names : tuple of str
        What is measured of each: TOP, and BOTTOM, PAST_TOP, PAST_BOTTOM where the metric has them.
    n : int
        Customers.
    mean : numpy.ndarray, shape (names,)
    cov : numpy.ndarray, shape (names, names)
        With n - 1 in the denominator.
    """

    names: tuple[str, ...]
    n: int
    mean: np.ndarray
    cov: np.ndarray

    def slope(self, top: str, bottom: str) -> np.ndarray:
        """How the ratio of two means moves with each mean; with a mean where there is no bottom."""
        found = np.zeros(len(self.names))
        if top in self.names:
            at = self.names.index(top)
            below = self.mean[self.names.index(bottom)] if bottom in self.names else 1.0
            found[at] = 1 / below
            if bottom in self.names:
                found[self.names.index(bottom)] = -self.mean[at] / below**2
        return found

    def variance(self, slope: np.ndarray) -> float:
        """Variance, over samples, of what moves so with the means."""
        return float(slope @ self.cov @ slope) / self.n


@dataclass(frozen=True)
class Comparison:
    """A treatment beside the control; NaN where the data support no number.

    Attributes
    ----------
    control, treatment : float
        Estimates; after CUPED the adjusted ones.
    uplift, lower, upper : float
        treatment - control and its bounds.
    relative, relative_lower, relative_upper : float
        uplift / control, bounds on the log scale.
    p_value : float
        Two-sided, for no uplift.
    error, log_error : float
        Standard errors of the uplift and of log(treatment / control).
    method : str
        What made the bounds of the uplift.
    reduction : float
        Share of the uplift's variance that CUPED took away.
    """

    control: float = NAN
    treatment: float = NAN
    uplift: float = NAN
    lower: float = NAN
    upper: float = NAN
    relative: float = NAN
    relative_lower: float = NAN
    relative_upper: float = NAN
    p_value: float = NAN
    error: float = NAN
    log_error: float = NAN
    method: str = "none"
    reduction: float = NAN


def samples_of(
    columns: dict[str, np.ndarray], part: np.ndarray, parts: int, rounds: int = 0
) -> list[Sample | None]:
    """Moments of each part of the customers, None for a part of fewer than two.

    Parameters
    ----------
    columns : dict of str to numpy.ndarray
        What is measured of each customer.
    part : numpy.ndarray, int64
        The part of each customer.
    parts : int
        How many there are.
    rounds : int
        Where above 0: parts come in rounds of so many, and each holds those of all rounds before.
    """
    names = tuple(columns)
    centre = {name: values.mean() if len(values) else 0.0 for name, values in columns.items()}
    shifted = {name: values - centre[name] for name, values in columns.items()}

    def sums(weights: np.ndarray | None = None) -> np.ndarray:
        return accumulated(np.bincount(part, weights, parts), rounds)

    counts = sums()
    totals = {name: sums(values) for name, values in shifted.items()}
    cov = np.empty((len(names), len(names), parts))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.array([sums(values) / counts for values in columns.values()])
        for i, a in enumerate(names):
            for j, b in enumerate(names[: i + 1]):
                product = sums(shifted[a] * shifted[b]) - totals[a] * totals[b] / counts
                cov[i, j] = cov[j, i] = product / (counts - 1)
            cov[i, i] = np.maximum(cov[i, i], 0.0)  # rounding may leave a little less than nothing
    return [
        Sample(names, int(counts[k]), mean[:, k], cov[:, :, k]) if counts[k] > 1 else None
        for k in range(parts)
    ]


def accumulated(values: np.ndarray, rounds: int) -> np.ndarray:
    """The values, or where ``rounds`` is above 0 their running sums over rounds of so many."""
    return values.reshape(-1, rounds).cumsum(axis=0).ravel() if rounds else values


def compare_means(control: Sample, treatment: Sample, confidence: float) -> Comparison:
    """Compare means, or ratios of means, adjusted for what was known before where that is given."""
    from scipy.stats import t as student
    from tea_tasting.metrics import RatioOfMeans

    arms = [_aggregates(sample) for sample in (control, treatment)]
    bottom, past, past_bottom = (
        name if name in control.names else None for name in (BOTTOM, PAST_TOP, PAST_BOTTOM)
    )
    if bottom and not min(abs(sample.mean[1]) for sample in (control, treatment)) > 0:
        return Comparison()  # an arm has nothing to divide by
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = [sample.slope(TOP, BOTTOM) for sample in (control, treatment)]
        plain = sum(s.variance(g) for s, g in zip((control, treatment), slopes, strict=True))
        if not plain > 0:  # nothing varies
            c, t = (s.mean[0] / (s.mean[1] if bottom else 1.0) for s in (control, treatment))
            return Comparison(float(c), float(t), float(t - c))
    metric = RatioOfMeans(TOP, bottom, past, past_bottom, confidence_level=confidence)
    try:
        found = metric.analyze_aggregates(*arms)
    except (OverflowError, ValueError, ZeroDivisionError):  # relative bounds of a mean all but 0
        return _raised(control, treatment, confidence)
    pooled, theta, shared = arms[0] + arms[1], 0.0, np.zeros(len(control.names))
    if past:
        spread = pooled.ratio_var(past, past_bottom)
        theta = pooled.ratio_cov(TOP, bottom, past, past_bottom) / spread if spread > 0 else 0.0
        means = np.array([pooled.mean(name) for name in control.names])
        shared = theta * Sample(control.names, 1, means, control.cov).slope(PAST_TOP, PAST_BOTTOM)
        slopes = [
            g - theta * s.slope(PAST_TOP, PAST_BOTTOM)
            for g, s in zip(slopes, (control, treatment), strict=True)
        ]
    variance = control.variance(slopes[0]) + treatment.variance(slopes[1])
    c, t = float(found.control), float(found.treatment)
    relative_lower = relative_upper = log_error = NAN
    if c > 0 and t > 0:
        n = control.n + treatment.n
        moved = (1 / t - 1 / c) * shared / n
        parts = np.array(
            [
                control.variance(control.n * moved - slopes[0] / c),
                treatment.variance(treatment.n * moved + slopes[1] / t),
            ]
        )
        parts = np.maximum(parts, 0.0)  # rounding may leave a little less than nothing
        log_error = float(np.sqrt(parts.sum()))
        freedom = parts.sum() ** 2 / (parts**2 / (np.array([control.n, treatment.n]) - 1)).sum()
        half = student.ppf(0.5 + confidence / 2, freedom) * log_error
        relative_lower, relative_upper = t / c * np.exp([-half, half]) - 1
    return Comparison(
        c, t, t - c, float(found.effect_size_ci_lower), float(found.effect_size_ci_upper),
        t / c - 1 if c > 0 and t > 0 else NAN, float(relative_lower), float(relative_upper),
        found.pvalue,
        float(np.sqrt(variance)), log_error,
        ("delta" if bottom else "welch") + (", cuped" if past else ""),
        1 - variance / plain if past else 0.0,
    )  # fmt: skip


def _raised(control: Sample, treatment: Sample, confidence: float) -> Comparison:
    """The comparison of levels near 0, by way of levels far above it: uplifts do not change."""
    by = 10 * float(np.sqrt(max(control.cov[0, 0], treatment.cov[0, 0])))
    by += 2 * max(abs(control.mean[0]), abs(treatment.mean[0]))
    moved = np.eye(len(control.names))
    lift = np.zeros(len(control.names))
    if BOTTOM in control.names:
        moved[0, control.names.index(BOTTOM)] = by
    else:
        lift[0] = by
    high = [
        Sample(sample.names, sample.n, moved @ sample.mean + lift, moved @ sample.cov @ moved.T)
        for sample in (control, treatment)
    ]
    found = compare_means(high[0], high[1], confidence)
    return replace(
        found,
        control=found.control - by,
        treatment=found.treatment - by,
        relative=NAN,
        relative_lower=NAN,
        relative_upper=NAN,
        log_error=NAN,
    )


def _aggregates(sample: Sample) -> Aggregates:
    from tea_tasting.aggr import Aggregates

    names = sample.names
    return Aggregates(
        sample.n,
        dict(zip(names, sample.mean.tolist(), strict=True)),
        {a: float(sample.cov[i, i]) for i, a in enumerate(names)},
        {
            (a, b): float(sample.cov[i, j])
            for i, a in enumerate(names)
            for j, b in enumerate(names[:i])
        },
    )


def compare_proportions(
    made: Sequence[int], customers: Sequence[int], confidence: float
) -> Comparison:
    """Compare two proportions: who did, of how many, control first.

    Bounds of the difference: Newcombe (1998); p-value: the score test (pooled variance).
    """
    from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

    (x, y), (n, m) = made, customers
    p, q = x / n, y / m
    if x + y in (0, n + m):
        return Comparison(p, q, q - p)
    alpha = 1 - confidence
    lower, upper = confint_proportions_2indep(y, m, x, n, method="newcomb", alpha=alpha)
    ratio = (NAN, NAN)
    log_error = NAN
    if x and y:
        ratio = confint_proportions_2indep(y, m, x, n, compare="ratio", method="log", alpha=alpha)
        log_error = float(np.sqrt((1 - p) / x + (1 - q) / y))
    return Comparison(
        p, q, q - p, float(lower), float(upper),
        q / p - 1 if x and y else NAN, float(ratio[0]) - 1, float(ratio[1]) - 1,
        float(proportions_ztest([y, x], [m, n])[1]),
        float(np.sqrt(p * (1 - p) / n + q * (1 - q) / m)), log_error, "newcombe", 0.0,
    )  # fmt: skip
