"""Two conversion rates by Bayes: Beta posteriors from a flat prior, in closed form."""

from __future__ import annotations

import numpy as np


def chance_higher(a: tuple[int, int], b: tuple[int, int]) -> float:
    """The chance that b's rate is higher than a's.

    The closed form for Beta posteriors (Miller 2014), summed over the smaller of its possible sums.

    Parameters
    ----------
    a, b : (converted, customers)

    Examples
    --------
    >>> round(chance_higher((10, 100), (10, 100)), 6)
    0.5
    """
    return _chance(*_posterior(a), *_posterior(b))


def expected_loss(a: tuple[int, int], b: tuple[int, int]) -> float:
    """By how much a's rate is expected to lie above b's, counted as 0 where it lies below.

    What choosing b costs on average if it is the wrong choice (Stucchio 2015).

    Examples
    --------
    >>> expected_loss((10, 100), (90, 100)) < 1e-9
    True
    """
    (i, j), (k, m) = _posterior(a), _posterior(b)
    return float(
        i / (i + j) * (1 - _chance(i + 1, j, k, m)) - k / (k + m) * (1 - _chance(i, j, k + 1, m))
    )


def _posterior(arm: tuple[int, int]) -> tuple[int, int]:
    converted, customers = arm
    return converted + 1, customers - converted + 1


def _chance(i: int, j: int, k: int, m: int) -> float:
    """P(Beta(k, m) > Beta(i, j)) for whole numbers."""
    from scipy.special import betaln

    if min(j, m) < min(i, k):  # 1 - Beta(k, m) is Beta(m, k), and the order turns round
        return 1 - _chance(j, i, m, k)
    if i < k:
        return 1 - _chance(k, m, i, j)
    s = np.arange(k)
    terms = betaln(i + s, j + m) - np.log(m + s) - betaln(1 + s, m) - betaln(i, j)
    return float(np.exp(terms).sum())
