"""What the counts of a table could be instead, by all that it tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csc_array

    from omninb.pooling import Total

_REWARD = 1e4  # of a wanted shift by one; to hide or loosen what one shift needs costs less
_LOOSENED = 2.0  # so much worse than hiding its rows is to count a pool in a wider one
Sum = list[tuple[int, float]]


class Told:
    """All that a table tells of its counts, as linear equations and inequalities.

    The unknowns of a shift are by how much each count differs from what it is and, behind these, by
    how much each pool's sum does: 0 as long as that is told.

    Parameters
    ----------
    counts : numpy.ndarray, int64, shape (rows, columns)
    secret : numpy.ndarray, bool, shape (rows, columns)
        Counts that are not known by definition.
    size : numpy.ndarray, int64, shape (rows,)
        Customers of each row: what it costs to hide it.
    totals : list of Total
    pools : list of (rows, column)
        Sums that may come to be not told.
    """

    def __init__(
        self,
        counts: np.ndarray,
        secret: np.ndarray,
        size: np.ndarray,
        totals: Sequence[Total],
        pools: Sequence[tuple[np.ndarray, int]],
    ) -> None:
        self.shape, self.n, self.pools = counts.shape, counts.size, len(pools)
        columns = self.shape[1]
        cost = size / max(1, size.max(initial=0))
        loosened = [_LOOSENED * float(cost[rows].sum()) for rows, _ in pools]
        self.cost = np.concatenate((np.repeat(cost, columns), loosened))
        self.x = np.concatenate((counts.ravel().astype(float), np.full(len(pools), np.inf)))
        self.secret = np.append(secret.ravel(), np.ones(len(pools), bool))
        equal, below = (
            [
                [(row * columns + column, sign)
                 for sign, cells in ((1.0, total.plus), (-1.0, total.minus))
                 for row, column in cells]
                for total in totals if total.at_most == at_most
            ]
            for at_most in (False, True)
        )  # fmt: skip
        for number, (rows, column) in enumerate(pools):
            inside = [(row * columns + column, 1.0) for row in rows.tolist()]
            equal.append([*inside, (self.n + number, -1.0)])
        self.equal, self.below = self._matrix(equal), self._matrix(below)
        self.slack = -(self.below[:, : self.n] @ self.x[: self.n])
        # What holds within a row alone weighs the same in every row of which it holds.
        chance, weight_of = np.random.default_rng(0), dict[object, float]()
        self.weights = np.array(
            [
                weight_of.setdefault(self._within(one, nth < len(equal)) or nth, chance.normal())
                for nth, one in enumerate([*equal, *below])
            ]
        )

    def _matrix(self, sums: Sequence[Sum]) -> csc_array:
        from scipy.sparse import csc_array

        rows = np.repeat(np.arange(len(sums)), [len(one) for one in sums])
        cells = [cell for one in sums for cell, _ in one]
        values = [value for one in sums for _, value in one]
        return csc_array((values, (rows, cells)), shape=(len(sums), len(self.x)))

    def _within(self, one: Sum, equal: bool) -> object:
        """What is told within a row, whichever it is; None where it is told of several."""
        columns = self.shape[1]
        if len({cell // columns for cell, _ in one}) > 1:
            return None
        return equal, *((cell % columns, sign) for cell, sign in one)

    def keys(self, loose: np.ndarray) -> np.ndarray:
        """For each count a number that two share that enter the same sums alike; 0: it enters none.

        Parameters
        ----------
        loose : numpy.ndarray, bool, shape (pools,)
            Sums that are not told.
        """
        weights = self.weights.copy()
        weights[: self.equal.shape[0]][self.equal.shape[0] - self.pools :][loose] = 0
        equal, below = np.split(weights, [self.equal.shape[0]])
        keys = np.round((equal @ self.equal + below @ self.below)[: self.n], 12)
        return np.where(self.secret[: self.n], keys, np.inf).reshape(self.shape)

    def cheapest(
        self, hidden: np.ndarray, loose: np.ndarray, aims: np.ndarray, everywhere: bool
    ) -> np.ndarray:
        """The cheapest shift that takes counts as far as they can get towards their aims.

        Parameters
        ----------
        hidden : numpy.ndarray, bool, shape (rows,)
            Rows whose counts may be shifted for nothing.
        loose : numpy.ndarray, bool, shape (pools,)
        aims : numpy.ndarray, float, shape (rows, columns)
            By how much counts should be shifted; NaN where it does not matter.
        everywhere : bool
            Whether other rows' counts and pools' sums may be shifted too, at their costs.

        Returns
        -------
        numpy.ndarray, float, shape (rows × columns + pools,)
        """
        from scipy.optimize import linprog

        x = self.x
        aim = np.append(aims.ravel(), np.full(self.pools, np.nan))
        asked, goal = ~np.isnan(aim), np.abs(aim)
        free = self.secret & np.append(np.repeat(hidden, self.shape[1]), loose)
        other = self.secret & ~free & everywhere
        one, none, endless = np.ones_like(x), np.zeros_like(x), np.full_like(x, np.inf)
        way = np.where(aim < 0, -one, one)
        parts = (  # which unknowns, their sign, least and most, cost
            (free & ~asked, one, -x, endless, none),
            (asked, way, none, goal, none - _REWARD),
            (asked, way, none, np.where(aim < 0, x - goal, endless), none),
            (other, one, none, endless, self.cost),
            (other, -one, none, x, self.cost),
        )
        at = np.concatenate([np.flatnonzero(part[0]) for part in parts])
        sign, least, most, cost = (
            np.concatenate([part[i][part[0]] for part in parts]) for i in range(1, 5)
        )
        equal, below = (sums[:, at] * sign for sums in (self.equal, self.below))
        found = linprog(
            cost, A_ub=below, b_ub=self.slack, A_eq=equal, b_eq=np.zeros(equal.shape[0]),
            bounds=np.column_stack((least, most)), method="highs",
        )  # fmt: skip
        if found.status:
            return none
        return np.bincount(at, sign * found.x, len(x))
