"""Times to a step, of which some are not known to the end: restricted means compared."""

from __future__ import annotations

import numpy as np

from omninb.experiments.comparisons import NAN, Comparison


def compare_times(
    control: tuple[float, float], treatment: tuple[float, float], confidence: float
) -> Comparison:
    """Compare two restricted means, each with its variance."""
    from scipy.special import ndtr, ndtri

    (c, c_variance), (t, t_variance) = control, treatment
    error = float(np.sqrt(c_variance + t_variance))
    if not error > 0:
        return Comparison(c, t, t - c)
    z = ndtri(0.5 + confidence / 2)
    log_error, relative = NAN, np.full(2, NAN)
    if c > 0 and t > 0:
        log_error = float(np.sqrt(c_variance / c**2 + t_variance / t**2))
        relative = t / c * np.exp(z * log_error * np.array([-1, 1])) - 1
    return Comparison(
        c, t, t - c, t - c - z * error, t - c + z * error, t / c - 1 if c > 0 and t > 0 else NAN,
        float(relative[0]), float(relative[1]), float(2 * ndtr(-abs(t - c) / error)), error,
        log_error, "greenwood", NAN,
    )  # fmt: skip


def restricted_mean(days: np.ndarray, happened: np.ndarray, horizon: float) -> tuple[float, float]:
    """The area under Kaplan–Meier's curve up to a horizon, and its variance by Greenwood.

    Parameters
    ----------
    days : numpy.ndarray, float
        Until the event, or until sight was lost.
    happened : numpy.ndarray, bool
        Whether it was the event.
    horizon : float
        Days.

    Returns
    -------
    mean, variance : float
        NaN where nobody was in sight up to the horizon.
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    if not len(days):
        return NAN, NAN
    curve = SurvfuncRight(days, happened & (days < horizon))
    if days.max() < horizon and curve.surv_prob[-1] > 0:
        return NAN, NAN
    times = np.concatenate(([0.0], curve.surv_times, [horizon]))
    area = np.diff(times) * np.concatenate(([1.0], curve.surv_prob))
    after = np.cumsum(area[::-1])[::-1][1:]  # the area from each event's time on
    left = curve.n_risk - curve.n_events
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(left > 0, after**2 * curve.n_events / (curve.n_risk * left), 0.0)
    return float(area.sum()), float(terms.sum())
