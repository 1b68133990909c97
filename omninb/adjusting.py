"""P-values of one family, adjusted for their number (Holm 1979; Benjamini and Hochberg 1995)."""

from __future__ import annotations

import numpy as np

from omninb.errors import OmninbError


def adjusted(p_values: np.ndarray, correction: str | None) -> np.ndarray:
    """Adjusted p-values; NaN stays NaN and is no member of the family.

    Parameters
    ----------
    p_values : numpy.ndarray, float
    correction : {"holm", "bh", None}
        Against any false alarm; against too large a share of them; not at all.

    Examples
    --------
    >>> adjusted(np.array([0.01, 0.04, np.nan]), "holm").tolist()
    [0.02, 0.04, nan]
    """
    if correction not in ("holm", "bh", None):
        raise OmninbError(f'correction={correction!r}: "holm", "bh" or None.')
    found = np.array(p_values, float)
    here = ~np.isnan(found)
    if correction == "bh":
        from scipy.stats import false_discovery_control

        found[here] = false_discovery_control(found[here]) if here.any() else []
    elif correction == "holm":
        found[here] = _holm(found[here])
    return found


def _holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's step-down; statsmodels' waits for a garbage collection, .2 s at each call."""
    order = np.argsort(p_values)
    steps = (len(p_values) - np.arange(len(p_values))) * p_values[order]
    found = np.empty(len(p_values))
    found[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return found


def smallest(p_values: np.ndarray) -> float:
    """One p-value for a family: the smallest after Holm; NaN for an empty one."""
    found = adjusted(np.asarray(p_values, float), "holm")
    return float(np.nanmin(found)) if not np.isnan(found).all() else float("nan")
