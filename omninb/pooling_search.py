"""The search for rows to pool: rare ones, and with them what would give them away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from omninb.pooling_shifts import Told

if TYPE_CHECKING:
    from omninb.pooling import Cell, Total

SHOWN, LEFT_OUT = -1, -2
_ROUNDING = 1e-6


class Search:
    """Rows as they are, all that the table tells of them, and which are hidden so far.

    The arguments are those of `omninb.pooling.pooled_rows`. A shift is a change of counts that
    leaves all that is told as it is. What the counts reach by the shifts found so far is in
    ``reach``; it stays true when more is hidden, since that may stay as it is.
    """

    def __init__(
        self,
        customers: np.ndarray,
        counts: np.ndarray,
        pools: Sequence[np.ndarray],
        fewest: int,
        totals: Sequence[Total],
        known: Iterable[Cell],
        optional: Mapping[int, Sequence[int]],
        hosts: np.ndarray,
    ) -> None:
        self.customers, self.counts, self.pools = customers, counts, pools
        self.fewest, self.optional, self.hosts = fewest, optional, hosts
        self.size = customers.sum(axis=0)
        self.secret = np.ones(counts.shape, bool)
        for cell in known:
            self.secret[cell] = False
        # A row that bears the pooled name is a sum already, of names pooled before.
        narrow = (self.secret & (counts < fewest - 1)).any(axis=1) & hosts
        self.hidden = (self.size < fewest) | narrow
        self.level = np.zeros(len(counts), np.int64)
        self.withheld: set[Cell] = set()
        self.reach = np.stack((counts, counts)).astype(float)
        self.sums = [
            (level, int(pool), column)
            for level, numbers in enumerate(pools)
            for pool in np.unique(numbers)
            for column in range(counts.shape[1])
        ]
        members = [np.flatnonzero(pools[level] == pool) for level, pool, _ in self.sums]
        self.member = [int(rows[0]) for rows in members]
        inside = [(rows, column) for rows, (*_, column) in zip(members, self.sums, strict=True)]
        self.told = Told(counts, self.secret, self.size, totals, inside)

    @property
    def at(self) -> np.ndarray:
        """The pool that each row is, or would be, counted in; LEFT_OUT beyond the widest."""
        widest = np.full(len(self.size), LEFT_OUT)
        return np.choose(self.level, [*self.pools, widest]) if len(self.size) else widest

    def step(self) -> bool:
        """Hide what must be hidden next; False where nothing is left to do."""
        needed = np.array([c not in self.optional for c in range(self.counts.shape[1])], bool)
        self._protect(needed, everywhere=True)
        if self._gather():
            return True
        before, hidden, at = len(self.withheld), self.hidden.sum(), self.at
        for row, column in np.argwhere(self._protect(~needed, everywhere=False)).tolist():
            if at[row] != LEFT_OUT:
                self.withheld |= {(int(at[row]), other) for other in self.optional[column]}
        if len(self.withheld) == before:
            self._protect(~needed, everywhere=True)
        return len(self.withheld) > before or self.hidden.sum() > hidden

    def _gather(self) -> bool:
        """Hide more where a pooled row is of one row or of too few customers."""
        at, changed = self.at, False
        for pool in np.unique(at[self.hidden & (at != LEFT_OUT)]):
            rows = np.flatnonzero(self.hidden & (at == pool))
            together = int(self.customers[:, rows].max(axis=1).sum())  # so many at the least
            hosts = np.flatnonzero(self.hosts & (at == pool) & ~self.hidden)
            shown = np.flatnonzero((at == pool) & ~self.hidden)
            if len(hosts):
                self.hidden[hosts] = changed = True
            elif len(rows) < 2 or together < self.fewest:
                if len(shown):
                    self.hidden[shown[np.argmin(self.size[shown])]] = changed = True
                else:
                    changed |= self._lift(rows[0])
        return changed

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

    def _few(self, reach: np.ndarray) -> np.ndarray:
        """Which counts have too few values between what they reach."""
        low, high = reach
        return np.floor(high + _ROUNDING) - np.ceil(low - _ROUNDING) + 1 < self.fewest

    def _narrow(self, columns: np.ndarray) -> np.ndarray:
        """Which hidden counts of columns are not known to admit enough values."""
        return self._few(self.reach) & self.hidden[:, None] & self.secret & columns

    def _protect(self, columns: np.ndarray, everywhere: bool) -> np.ndarray:
        """Look for shifts until hidden counts of columns are wide, and hide rows for their sake.

        Returns
        -------
        numpy.ndarray, bool, shape (rows, columns)
            Counts that stay too narrow; without ``everywhere`` no rows are hidden for them.
        """
        self._exchange()
        chance = np.random.default_rng(0)
        alone = stuck = np.zeros(len(self.hidden), bool)
        while True:
            wanted = self._narrow(columns)
            while wanted.any():  # up and down by chance: some make room for others
                up = chance.integers(0, 2, len(stuck)).astype(bool)
                self._keep(self._shift(wanted, up, everywhere=False))
                before, wanted = wanted, self._narrow(columns)
                if wanted.sum() > 0.9 * before.sum():
                    break
            left = wanted.any(axis=1) & ~stuck
            if not everywhere or not left.any():
                return wanted
            if (left & ~alone).any():
                # What is hidden for one row of a pool serves the others: one of each at a time.
                rows = np.flatnonzero(left & ~alone)
                rows = rows[np.unique(self.at[rows], return_index=True)[1]]
            else:
                rows = np.flatnonzero(left)[:1]
            wanted = wanted & np.isin(np.arange(len(stuck)), rows)[:, None]
            failed = self._hide_for(wanted, turn_back=alone[rows[0]])
            stuck, alone = stuck | (failed & alone), alone | failed

    def _hide_for(self, wanted: np.ndarray, turn_back: bool) -> np.ndarray:
        """Hide more rows if that makes wanted counts wide; the rows of those that it does not."""
        shifts = []
        for up in (True, False)[: 1 + turn_back]:
            shifts.append(self._shift(wanted, np.full(len(wanted), up), everywhere=True))
            reach = self.reach
            for shift in shifts:
                reach = self._reached(shift, reach)
            failed = (wanted & self._few(reach)).any(axis=1)
            if not failed.any():
                for shift in shifts:
                    self._keep(shift)
                break
        return failed

    def _loose(self) -> np.ndarray:
        """Which sums of pools are not told: those of parts of others, and what is withheld."""
        return np.array(
            [
                self.level[row] > level or (pool, column) in self.withheld
                for row, (level, pool, column) in zip(self.member, self.sums, strict=True)
            ],
            bool,
        )

    def _exchange(self) -> None:
        """Hidden rows that enter the same sums alike: one may be all of them together, or none."""
        rows = np.flatnonzero(self.hidden)
        keys = self.told.keys(self._loose())[rows]
        _, alike, times = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
        together = np.zeros((len(times), keys.shape[1]))
        np.add.at(together, alike.ravel(), self.counts[rows])
        together[times == 1] = np.nan
        most = np.where(keys == 0, np.inf, together[alike.ravel()])
        low, high = self.reach[:, rows]
        self.reach[:, rows] = np.where(np.isnan(most), low, 0), np.fmax(high, most)

    def _shift(self, wanted: np.ndarray, up: np.ndarray, everywhere: bool) -> np.ndarray:
        """The cheapest shift of wanted counts up, or down, as far as needed and possible."""
        low, high = self.reach
        span = self.fewest - 1
        aims = np.where(
            up[:, None], span - (self.counts - low),
            -np.minimum(span - (high - self.counts), self.counts),
        )  # fmt: skip
        aims = np.where(wanted, aims, np.nan)
        return self.told.cheapest(self.hidden, self._loose(), aims, everywhere)

    def _reached(self, shift: np.ndarray, reach: np.ndarray) -> np.ndarray:
        """What counts reach with one more shift."""
        there = self.counts + shift[: self.counts.size].reshape(self.counts.shape)
        return np.stack((np.minimum(reach[0], there), np.maximum(reach[1], there)))

    def _keep(self, shift: np.ndarray) -> None:
        """Hide the rows that take part in a shift, and count pools whose sums it changes wider."""
        self.reach = self._reached(shift, self.reach)
        rows, sums = np.split(np.abs(shift) > _ROUNDING, [self.counts.size])
        self.hidden |= rows.reshape(self.counts.shape).any(axis=1)
        for number in np.flatnonzero(sums & ~self._loose()).tolist():
            level, pool, _ = self.sums[number]
            members = self.pools[level] == pool
            self.hidden |= members
            self.level[members] = np.maximum(self.level[members], level + 1)
