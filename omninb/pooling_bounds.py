"""How far linear programming can pin hidden counts down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

_ROUNDING = 1e-6
_FEW = 6
Row = dict[int, float]


def too_narrow(
    values: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    equal: Sequence[Row],
    below: Sequence[tuple[Row, float]],
    fewest: int,
) -> dict[int, set[int]]:
    """Hidden counts that can have fewer than ``fewest`` values.

    Parameters
    ----------
    values : numpy.ndarray, float
        The hidden counts as they are, none below 0: they fulfil everything that is known.
    low, high : numpy.ndarray, float
        From where to where each is known to reach already; widened. What is known stays true when
        more is hidden, because what is new may stay as it is.
    equal : list of {count: coefficient}
        Sums that are known, whatever they are.
    below : list of ({count: coefficient}, most)
        Sums that are known to be at most so much.
    fewest : int

    Returns
    -------
    dict
        Counts whose range has fewer than ``fewest`` whole numbers, each with the numbers of the
        sums that hold it there (those of ``below`` after those of ``equal``). Two counts that
        enter the very same sums can be exchanged for each other, so these reach from 0 to their
        sum: no program is solved for them. Of the others, each solution of a program with
        mixed aims widens what many counts are known to reach; a count still too narrow is asked
        for by itself.
    """
    _exchange(values, equal, below, low, high)
    if not (unsure := _unsure(low, high, fewest)).any():
        return {}
    program = _Program(values, equal, below, fewest)
    chance = np.random.default_rng(0)
    while unsure.sum() > _FEW:
        before = unsure.sum()
        _reach(program.solve(np.where(unsure, chance.normal(size=len(values)), 0.0)), low, high)
        unsure = _unsure(low, high, fewest)
        if unsure.sum() == before:
            break
    found: dict[int, set[int]] = {}
    for i in np.flatnonzero(unsure).tolist():
        binding: set[int] = set()
        for sign in (1.0, -1.0):
            if _unsure(low, high, fewest)[i]:
                aims = np.zeros(len(values))
                aims[i] = sign
                _reach(program.solve(aims, binding), low, high)
        if _unsure(low, high, fewest)[i]:
            found[i] = binding
    return found


def _exchange(
    values: np.ndarray,
    equal: Sequence[Row],
    below: Sequence[tuple[Row, float]],
    low: np.ndarray,
    high: np.ndarray,
) -> None:
    """Counts that enter the same sums alike reach from 0 to what they are together."""
    sums: list[list[tuple[int, float]]] = [[] for _ in values]
    for number, row in enumerate([*equal, *(row for row, _ in below)]):
        for i, coefficient in row.items():
            sums[i].append((number, coefficient))
    alike: dict[tuple[tuple[int, float], ...], list[int]] = defaultdict(list)
    for i, own in enumerate(sums):
        alike[tuple(own)].append(i)
    for entered, members in alike.items():
        if len(members) > 1 or not entered:
            low[members] = 0.0
            high[members] = values[members].sum() if entered else np.inf


def _unsure(low: np.ndarray, high: np.ndarray, fewest: int) -> np.ndarray:
    return np.floor(high + _ROUNDING) - np.ceil(low - _ROUNDING) + 1 < fewest


def _reach(solution: np.ndarray | None, low: np.ndarray, high: np.ndarray) -> None:
    if solution is not None:
        np.minimum(low, solution, out=low)
        np.maximum(high, solution, out=high)


class _Program:
    """All that is known of the hidden counts, to be solved for one aim after the other."""

    def __init__(
        self,
        values: np.ndarray,
        equal: Sequence[Row],
        below: Sequence[tuple[Row, float]],
        fewest: int,
    ) -> None:
        from scipy.sparse import csr_array

        def matrix(rows: Sequence[Row]) -> csr_array:
            lengths = np.cumsum([0, *(len(row) for row in rows)])
            columns = [i for row in rows for i in row]
            return csr_array(
                ([c for row in rows for c in row.values()], columns, lengths),
                shape=(len(rows), len(values)),
            )

        self.equal = matrix(equal) if equal else None
        self.sums = self.equal @ values if equal else None
        self.below = matrix([row for row, _ in below]) if below else None
        self.most = np.array([most for _, most in below]) if below else None
        # So wide is enough to see that a count is wide, and spreads a sum over many counts.
        self.box = np.column_stack((np.maximum(values - fewest, 0), values + fewest))

    def solve(self, aims: np.ndarray, binding: set[int] | None = None) -> np.ndarray | None:
        """The counts that make ``aims @ counts`` largest, and which sums keep it from more."""
        from scipy.optimize import linprog

        found = linprog(
            -aims, A_ub=self.below, b_ub=self.most, A_eq=self.equal, b_eq=self.sums,
            bounds=self.box, method="highs",
        )  # fmt: skip
        if found.status:
            return None
        if binding is not None:
            prices = np.concatenate((found.eqlin.marginals, found.ineqlin.marginals))
            binding |= set(np.flatnonzero(np.abs(prices) > _ROUNDING).tolist())
        return found.x
