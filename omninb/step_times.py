"""How long it takes from one step to the next, where some are still under way or out of time."""

from __future__ import annotations

import numpy as np

from omninb.passes.moves import gap_of


def conditional_quantile(histogram: np.ndarray, q: float) -> np.timedelta64:
    """The time that a share q of those who make the step at all do not exceed.

    With F = 1 - Kaplan-Meier (1958), the smallest t with F(t) >= q F(end): a plain Kaplan-Meier
    median does not exist where fewer than half make the step. Within 1.6 %; NaT where nobody does.

    Parameters
    ----------
    histogram : numpy.ndarray, int64, shape (BUCKETS, 3)
        TIME_FIELDS of :mod:`omninb.passes.attempt_counts`.
    q : float
        0.5 for the median.
    """
    made, fractions, censored = histogram.T
    if not made.any():
        return np.timedelta64("NaT", "ns")
    waiting = (made + censored)[::-1].cumsum()[::-1]
    survival = np.cumprod(1.0 - made / np.maximum(waiting, 1))
    share = 1.0 - survival
    bucket = int(np.argmax(share >= q * share[-1] - 1e-12))
    gap = gap_of(np.array([bucket]), np.array([fractions[bucket] / max(made[bucket], 1)]))[0]
    return np.timedelta64(round(gap * 1000), "ns")
