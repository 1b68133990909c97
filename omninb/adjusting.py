"""P-values of one family, adjusted for their number (Holm 1979; Benjamini and Hochberg 1995)."""

from __future__ import annotations

import numpy as np

from omninb.errors import OmninbError

_METHODS = {"holm": "holm", "bh": "fdr_bh"}


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
    if correction is not None and correction not in _METHODS:
        raise OmninbError(f'correction={correction!r}: "holm", "bh" or None.')
    found = np.array(p_values, float)
    here = ~np.isnan(found)
    if correction is not None and here.any():
        from statsmodels.stats.multitest import multipletests

        found[here] = multipletests(found[here], method=_METHODS[correction])[1]
    return found


def smallest(p_values: np.ndarray) -> float:
    """One p-value for a family: the smallest after Holm; NaN for an empty one."""
    found = adjusted(np.asarray(p_values, float), "holm")
    return float(np.nanmin(found)) if not np.isnan(found).all() else float("nan")
