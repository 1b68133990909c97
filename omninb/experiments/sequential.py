"""Bounds that may be looked at every day: asymptotic confidence sequences.

A fixed-size interval that is looked at again and again excludes the truth at some look far more
often than it says (at five looks in 14 % of tests, not 5 %). A confidence sequence holds at all
looks together (Robbins 1970; Waudby-Smith et al., arXiv 2103.06476). It is narrowest near the
number of customers that it was planned for.
"""

from __future__ import annotations

import numpy as np

PLANNED = 10_000


def _tuning(planned: float, confidence: float) -> float:
    """The squared mixture width that is nearly the narrowest at the planned number."""
    surprise = -2 * np.log(1 - confidence)
    return (surprise + np.log(surprise + 1)) / planned


def always_valid_quantile(
    customers: float, planned: float = PLANNED, confidence: float = 0.95
) -> float:
    """How many standard errors an always-valid bound lies from the estimate.

    Parameters
    ----------
    customers : float
        In both arms, at this look.
    planned : float
        In both arms, fixed before the first look; from a quarter to fifteen times as many customers
        the bounds stay within 1.7 times the width of fixed ones.
    confidence : float
        That the truth lies within the bounds at every look.

    Returns
    -------
    float

    Examples
    --------
    >>> round(always_valid_quantile(10_000, planned=10_000) / 1.96, 2)
    1.55
    """
    if not customers > 0:
        return float("inf")
    x = customers * _tuning(planned, confidence)
    return float(np.sqrt(2 * (x + 1) / x * np.log(np.sqrt(x + 1) / (1 - confidence))))


def always_valid_p_value(
    z: float, customers: float, planned: float = PLANNED, confidence: float = 0.95
) -> float:
    """The smallest error at which the bounds exclude 0; valid at whichever look one stops.

    Examples
    --------
    >>> edge = always_valid_quantile(5_000)
    >>> round(always_valid_p_value(edge, 5_000), 6)
    0.05
    """
    x = customers * _tuning(planned, confidence)
    return float(min(1.0, np.sqrt(x + 1) * np.exp(-(z**2) * x / (2 * (x + 1)))))
