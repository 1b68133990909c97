"""Chance that belongs to a touchpoint and not to an order of drawing.

Every uniform number is a function of the seed, the customer, the journey, the step and the purpose
that it is drawn for (SplitMix64: Steele, Lea and Flood 2014, OOPSLA). So a switch changes only what
it causes: everything else is drawn with the same numbers, and a customer comes out the same
whoever else is drawn.
"""

from __future__ import annotations

import numpy as np

_GOLDEN = 0x9E3779B97F4A7C15


def streams(parent: np.ndarray | int, number: np.ndarray | int) -> np.ndarray:
    """A stream of its own for each numbered child (a customer, a journey) of a stream."""
    with np.errstate(over="ignore"):
        return _mixed(_mixed(np.asarray(parent, np.uint64)) + _steps(number))


def at_step(stream: np.ndarray, step: int) -> np.ndarray:
    """The streams of a journey's touchpoint, from the journey's."""
    return stream + _steps((step + 1) << 8)


def uniform(stream: np.ndarray, purpose: int) -> np.ndarray:
    """A number in [0, 1) for each stream, the same whenever it is asked for that purpose."""
    return (_mixed(stream + _steps(purpose + 1)) >> np.uint64(11)) * 2.0**-53


def normal(stream: np.ndarray, purpose: int) -> np.ndarray:
    """A standard normal number for each stream; takes the purpose and the one after it."""
    radius = np.sqrt(-2.0 * np.log1p(-uniform(stream, purpose)))
    return radius * np.cos(2.0 * np.pi * uniform(stream, purpose + 1))


def poisson(u: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Poisson counts by inversion of uniform numbers; means up to about 50."""
    count, probability = np.zeros(len(u), np.int64), np.exp(-mean)
    below = probability.copy()
    while len(open_ := np.flatnonzero((u >= below) & (probability > 1e-12))):
        count[open_] += 1
        probability[open_] *= mean[open_] / count[open_]
        below[open_] += probability[open_]
    return count


class Choices:
    """Rows of weights, one row a situation, from which one column each is drawn."""

    def __init__(self, weights: np.ndarray) -> None:
        bounds = np.atleast_2d(weights).cumsum(axis=1)
        self._columns = bounds.shape[1]
        scaled = bounds / bounds[:, -1:]
        scaled[bounds == bounds[:, -1:]] = 1.0  # no rounding lets a column without weight through
        self._bounds = (scaled + np.arange(len(bounds))[:, None]).ravel()

    def draw(self, u: np.ndarray, row: np.ndarray | int = 0) -> np.ndarray:
        """The column that each uniform number falls on, in its row."""
        found = np.searchsorted(self._bounds, u + row, side="right") - self._columns * row
        return np.minimum(found, self._columns - 1)


def _steps(number: np.ndarray | int) -> np.ndarray:
    with np.errstate(over="ignore"):
        return np.asarray(number).astype(np.uint64) * np.uint64(_GOLDEN)


def _mixed(bits: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return bits ^ (bits >> np.uint64(31))
