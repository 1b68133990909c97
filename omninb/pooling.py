"""Which rows of a table are too rare to be shared, and what must be pooled with them.

Rows of fewer than ``fewest`` customers are hidden: they are counted together as one pooled row.
What is hidden must not come back by subtraction, so further rows, the smallest first, are pooled as
long as linear programming over all that the table still tells (the pooled sums, and the totals that
its counts enter) gives a hidden count fewer than ``fewest`` possible values. Cell suppression:
Fischetti and Salazar (2001).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

SHOWN, LEFT_OUT = -1, -2
Cell = tuple[int, int]


@dataclass(frozen=True)
class Total:
    """Cells (row, column) whose sum, less that of others, is known: equal to what it is, or ≤ 0.

    Parameters
    ----------
    plus, minus : tuple of cells
        Rows that are shown belong to it too.
    at_most : bool
        Only that the sum of ``plus`` is not above that of ``minus`` is known.
    """

    plus: tuple[Cell, ...]
    minus: tuple[Cell, ...] = ()
    at_most: bool = False


@dataclass(frozen=True)
class Pooling:
    """What becomes of rows.

    Attributes
    ----------
    into : numpy.ndarray, int64, shape (rows,)
        The number of the pooled row that a row is counted in; SHOWN where it stands by itself,
        LEFT_OUT where not even a sum with others can be told.
    withheld : frozenset of (pooled row, column)
        Sums of optional columns that are not told.
    """

    into: np.ndarray
    withheld: frozenset[Cell] = frozenset()


def pooled_rows(
    customers: np.ndarray,
    counts: np.ndarray,
    pools: Sequence[np.ndarray],
    fewest: int,
    totals: Iterable[Total] = (),
    *,
    known: Iterable[Cell] = (),
    optional: Mapping[int, Sequence[int]] | None = None,
    hosts: np.ndarray | None = None,
) -> Pooling:
    """Choose rows to pool.

    Parameters
    ----------
    customers : numpy.ndarray, int64, shape (groups, rows)
        Distinct customers of each row, by disjoint groups of customers.
    counts : numpy.ndarray, int64, shape (rows, columns)
        Additive counts.
    pools : list of numpy.ndarray, int64, shape (rows,)
        The number of the pooled row that each row may be counted in: the narrowest first, each
        following one made of whole pools of the one before, with numbers of its own.
    fewest : int
        Customers that a row needs to be shown, and values that a hidden count must admit.
    totals : list of Total
        What is known besides the pooled sums.
    known : list of cells
        Counts that are 0 by definition: nothing to hide.
    optional : mapping of column to columns, optional
        Columns whose pooled sums are rather withheld than more rows hidden, each with all that are
        withheld along with it.
    hosts : numpy.ndarray, bool, optional
        Rows that bear the label of their pooled row already, and join it once there is one.

    Returns
    -------
    Pooling
        Each pooled row has at least two rows and ``fewest`` customers; each hidden count admits
        at least ``fewest`` values, unless the table's own size says more.
    """
    state = _State(
        customers, counts, [np.asarray(p) for p in pools], fewest, tuple(totals),
        frozenset(known), optional or {},
        np.zeros(len(counts), bool) if hosts is None else hosts,
    )  # fmt: skip
    while state.widen() or state.answer(state.pinned()):
        pass
    return state.pooling()


def merged(
    labels: Sequence[tuple[str, ...]],
    values: np.ndarray,
    found: Pooling,
    names: Mapping[int, tuple[str, ...]],
) -> tuple[list[tuple[str, ...]], np.ndarray, list[int]]:
    """Rows with pooled ones summed up under ``names``, behind the others; and their numbers.

    Parameters
    ----------
    labels : list of tuple
    values : numpy.ndarray, int64, shape (groups, rows, fields)
        Counts that add over rows.
    """
    shown = np.flatnonzero(found.into == SHOWN)
    pools = [int(pool) for pool in np.unique(found.into) if pool not in (SHOWN, LEFT_OUT)]
    sums = [values[:, found.into == pool].sum(axis=1, keepdims=True) for pool in pools]
    rows = [*(labels[row] for row in shown.tolist()), *(names[pool] for pool in pools)]
    return rows, np.concatenate([values[:, shown], *sums], axis=1), [SHOWN] * len(shown) + pools


@dataclass
class _State:
    customers: np.ndarray
    counts: np.ndarray
    pools: list[np.ndarray]
    fewest: int
    totals: tuple[Total, ...]
    known: frozenset[Cell]
    optional: Mapping[int, Sequence[int]]
    hosts: np.ndarray
    withheld: set[Cell] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.size = self.customers.sum(axis=0)
        told = self.counts.copy()
        for cell in self.known:
            told[cell] = self.fewest
        # A row that bears the pooled name is a sum already, of names pooled before.
        narrow = (told < self.fewest - 1).any(axis=1) & self.hosts
        self.hidden = (self.size < self.fewest) | narrow
        self.level = np.zeros(len(self.size), np.int64)
        self.reach = np.stack((self.counts, self.counts)).astype(float)

    @property
    def at(self) -> np.ndarray:
        """The pool that each row is, or would be, counted in; LEFT_OUT beyond the widest."""
        widest = np.full(len(self.size), LEFT_OUT)
        return np.choose(self.level, [*self.pools, widest]) if len(self.size) else widest

    def pooling(self) -> Pooling:
        return Pooling(np.where(self.hidden, self.at, SHOWN), frozenset(self.withheld))

    def widen(self) -> bool:
        """Hide more where a pooled row is of one row or of too few customers."""
        at, changed = self.at, False
        for pool in np.unique(at[self.hidden & (at != LEFT_OUT)]):
            rows = np.flatnonzero(self.hidden & (at == pool))
            together = int(self.customers[:, rows].max(axis=1).sum())  # so many at the least
            hosts = np.flatnonzero(self.hosts & (at == pool) & ~self.hidden)
            if len(hosts):
                self.hidden[hosts] = changed = True
            elif len(rows) < 2 or together < self.fewest:
                changed = self._hide_one(np.flatnonzero(at == pool)) or self._lift(rows[0])
        return changed

    def _hide_one(self, rows: Sequence[int] | np.ndarray) -> bool:
        """Hide the smallest of rows that is still shown."""
        shown = [row for row in rows if not self.hidden[row]]
        if shown:
            self.hidden[min(shown, key=lambda row: (self.size[row], row))] = True
        return bool(shown)

    def _lift(self, row: int) -> bool:
        """Count the row's pool in a wider one; if it is, let the smallest other pool join it."""
        level = int(self.level[row])
        if level == len(self.pools):
            return False
        chosen = self.pools[level] == self.pools[level][row]
        others = np.flatnonzero(chosen & (self.level < level))
        if len(others):
            pools = self.pools[level - 1][others]
            smallest = min(
                np.unique(pools), key=lambda pool: int(self.size[others][pools == pool].sum())
            )
            chosen = self.pools[level - 1] == smallest
        else:
            level += 1
        self.hidden[chosen] = True
        self.level[chosen] = level
        return True

    def pinned(self) -> dict[Cell, list[list[int]]]:
        """Hidden counts of which the table tells too much, and the rows of the sums by which."""
        from omninb.pooling_bounds import too_narrow

        rows = np.flatnonzero(self.hidden).tolist()
        columns = range(self.counts.shape[1])
        cells = [(row, c) for row in rows for c in columns if (row, c) not in self.known]
        index = {cell: i for i, cell in enumerate(cells)}
        values = np.array([self.counts[cell] for cell in cells], float)
        equal: list[dict[int, float]] = []
        below: list[tuple[dict[int, float], float]] = []
        behind: dict[bool, list[list[int]]] = {False: [], True: []}
        for total in self.totals:
            signed = [(c, 1.0) for c in total.plus] + [(c, -1.0) for c in total.minus]
            inside = {index[c]: sign for c, sign in signed if c in index}
            if not inside:
                continue
            behind[total.at_most].append(sorted({row for (row, _), _ in signed}))
            if total.at_most:
                shown = sum(sign * self.counts[c] for c, sign in signed if c not in index)
                below.append((inside, -float(shown)))
            else:
                equal.append(inside)
        at, sums = self.at, defaultdict[Cell, dict[int, float]](dict)
        for (row, column), i in index.items():
            pool = int(at[row])
            if pool != LEFT_OUT and (pool, column) not in self.withheld:
                sums[pool, column][i] = 1.0
        equal += sums.values()
        behind[False] += [np.flatnonzero(at == pool).tolist() for pool, _ in sums]
        told = behind[False] + behind[True]
        where = tuple(np.array(cells, np.int64).reshape(-1, 2).T)
        low, high = self.reach[0][where], self.reach[1][where]
        found = too_narrow(values, low, high, equal, below, self.fewest)
        self.reach[0][where], self.reach[1][where] = low, high
        return {cells[i]: [told[number] for number in sorted(by)] for i, by in found.items()}

    def answer(self, cells: Mapping[Cell, list[list[int]]]) -> bool:
        """Withhold or hide more for the sake of pinned counts; False where nothing can be done."""
        at, changed = self.at, False
        done: set[object] = set()
        before = frozenset(self.withheld)
        for (row, column), told in cells.items():
            pool = int(at[row])
            if column in self.optional and pool != LEFT_OUT and (pool, column) not in before:
                self.withheld |= {(pool, other) for other in self.optional[column]}
                changed = True
                continue
            choices = [rows for rows in told if not all(self.hidden[rows])]
            if choices:
                rows = min(choices, key=lambda rows: (int(self.hidden[rows].sum()), rows))
                if tuple(rows) not in done:
                    done.add(tuple(rows))
                    changed |= self._hide_one(rows)
            elif pool not in done and np.flatnonzero(at == pool).tolist() in told:
                done.add(pool)
                changed |= self._lift(row)
        return changed
