"""Small logs whose tables have rare rows, and an attacker with linear programming."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from logs import DAY, HOUR, log_of
from scipy.optimize import linprog

CHANNELS = ["web", "app", "store", "chat", "fax"]
EVENTS = ["view", "ask", "cart", "purchase"]
FEWEST = st.sampled_from([5, 10])
SEEDS = st.integers(0, 10_000)


def rows_of(seed, customers=60):
    """Rows of so many customers, some channels and events far rarer than others."""
    chance = np.random.default_rng(seed)
    common = chance.dirichlet([4, 3, 2, 0.7, 0.3])
    rows = []
    for c in range(customers):
        at = int(chance.integers(0, 120)) * DAY
        for _ in range(int(chance.integers(1, 7))):
            channel = CHANNELS[chance.choice(5, p=common)]
            rows.append((f"c{c}", at, channel, EVENTS[chance.choice(4, p=[0.5, 0.2, 0.2, 0.1])]))
            at += int(chance.integers(1, 60)) * 8 * HOUR
    return rows


def shared_and_plain(rows, fewest, **rules):
    """Journeys of a log that is to be shared, and the same with nothing pooled in tables."""
    shared = log_of(rows, min_customers=fewest).journeys(**rules)
    return shared, replace(shared, min_customers=None)


def journeys_of(seed, fewest, customers=60):
    """The same of random rows, where nothing converts."""
    return shared_and_plain(rows_of(seed, customers), fewest, split_gap="20d")


def same(row, other):
    """Whether two rows tell the same, whatever the types of their numbers."""
    return all(value == other[name] or str(value) == str(other[name])
               for name, value in row.items())  # fmt: skip


class Attacker:
    """Counts that are not told, and everything that is known of them.

    A hidden count is a variable from 0 on; ``knows`` adds an equation (or an inequality) of which
    shown counts are already part of the constant.
    """

    def __init__(self, hidden):
        self.number = {key: i for i, key in enumerate(hidden)}
        self.equal, self.sums, self.below, self.most = [], [], [], []

    def knows(self, plus, total, minus=(), at_most=False):
        """Σ plus - Σ minus = total (or ≤), where shown counts are given as numbers."""
        row, total = np.zeros(len(self.number)), float(total)
        for sign, cells in ((1, plus), (-1, minus)):
            for cell in cells:
                if cell in self.number:
                    row[self.number[cell]] += sign
                else:
                    total -= sign * cell
        if row.any():
            (self.below if at_most else self.equal).append(row)
            (self.most if at_most else self.sums).append(total)

    def values(self):
        """How many whole numbers each hidden count may be."""
        found = {}
        for key, i in self.number.items():
            ends = []
            for sign in (1, -1):
                aim = np.zeros(len(self.number))
                aim[i] = sign
                solved = linprog(
                    aim, A_ub=self.below or None, b_ub=self.most or None, A_eq=self.equal or None,
                    b_eq=self.sums or None, bounds=(0, 10_000),
                )  # fmt: skip
                assert solved.status == 0, solved.message
                ends.append(solved.x[i])
            found[key] = int(np.floor(ends[1] + 1e-6) - np.ceil(ends[0] - 1e-6)) + 1
        return found
