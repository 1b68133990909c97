"""Which rows of a table are too rare to be shared, and what must be pooled with them.

Rows of fewer than ``fewest`` customers are hidden: they are counted together as one pooled row.
What is hidden must not come back by subtraction. So for every hidden count other counts are looked
for, small ones, with which it could differ by ``fewest - 1`` without any difference in all that the
table tells (the pooled sums, and the totals that its counts enter); their rows are hidden with it.
Complementary cell suppression by linear programming: Kelly, Golden and Assad (1992); Castro (2012).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from omninb.pooling_search import LEFT_OUT, SHOWN, Search

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
    search = Search(
        customers, counts, pools, fewest, tuple(totals), known, optional or {},
        np.zeros(len(counts), bool) if hosts is None else hosts,
    )  # fmt: skip
    while search.step():
        pass
    return Pooling(np.where(search.hidden, search.at, SHOWN), frozenset(search.withheld))


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
