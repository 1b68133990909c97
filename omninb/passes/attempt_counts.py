"""Attempts counted by level and step, with the time that each step took."""

from __future__ import annotations

import numpy as np
from numba import int64

from omninb.passes.compiling import compiled, inlined
from omninb.passes.moves import BUCKETS, FRACTION_BITS

STEP_FIELDS = (
    "units", "customers", "alone", "open", "open_reached", "valued", "value_high", "value_low",
)  # fmt: skip
TIME_FIELDS = ("made", "fractions", "censored")
NO_VALUE = np.iinfo(np.int64).min


@inlined
def _bucket(wait):
    """A time's bucket, and what it is above the bucket's floor, in fractions of the bucket."""
    if wait < 64:
        return max(wait, int64(0)), int64(0)
    bits = np.float64(wait).view(np.int64)
    bucket = (bits >> 46) - 1028 * 64
    fraction = (bits >> (46 - FRACTION_BITS)) & ((1 << FRACTION_BITS) - 1)
    return (bucket, fraction) if bucket < BUCKETS else (int64(BUCKETS - 1), int64(0))


@compiled(
    "void(int64, int64, int64[::1], int32[::1], uint8[::1], boolean[::1], int64[::1],"
    " int32[:, ::1], int32[:, ::1], uint16[::1], int64[::1], int64[::1], int64[::1], int64, int64,"
    " int64[::1], int32[::1], int64[:, :, :, ::1], int64[:, ::1], int64[::1],"
    " int64[:, :, :, ::1])"
)
def count_attempts(
    first_group,
    last_group,
    attempt_offsets,
    customers,
    depths,
    open_,
    began,
    reached,
    firsts,
    codes,
    required,
    before,
    time,
    within,
    observed_until,
    money,
    order,
    counts,
    together,
    heaviest,
    times,
):
    """Count the attempts of a range of groups.

    Parameters
    ----------
    attempt_offsets : where each group's attempts begin.
    customers, depths, open_, began, reached, firsts : one row an attempt, those of a customer side
        by side; times are those of ``firsts``.
    codes : the level of each touchpoint; an attempt has that of its first. Empty for one level.
    required : the columns of the required steps; ``before``: for each column, that of the required
        step before it, -1 for none.
    money : micros of each row of the log, NO_VALUE for none; empty where the log has no values.
    order : the log's row of each touchpoint.
    counts : out, ``[group, level, step]``: STEP_FIELDS. Of mature attempts: how many made the step,
        of how many customers, of how many who made it on no other level; open attempts, and those
        of them that made it; how many made it with a value; and the sum of the values of those who
        came no further (as two halves of 32 bits).
    together : out, ``[group, step]``: distinct customers over all levels.
    heaviest : out, ``[level]`` and last of all levels: the most mature attempts of one customer.
    times : out, ``[level, step, bucket]``: TIME_FIELDS of the time since the step before; censored
        where it was not made before the window, or the log, was over.
    """
    steps = reached.shape[1]
    levels = counts.shape[1]
    last = np.full((levels, steps), -1, np.int64)  # the last customer counted
    level_of = np.full((steps, 2), -1, np.int64)  # and of each step, the customer and its level
    own = np.zeros(levels + 1, np.int64)
    of = np.full(levels + 1, -1, np.int64)
    for group in range(first_group, last_group):
        for a in range(attempt_offsets[group], attempt_offsets[group + 1]):
            customer = customers[a]
            level = int64(codes[reached[a, 0]]) if len(codes) else int64(0)
            if open_[a]:
                for s in range(steps):
                    counts[group, level, s, 3] += 1
                    counts[group, level, s, 4] += reached[a, s] >= 0
                continue
            for one in (level, levels):
                if of[one] != customer:
                    of[one] = customer
                    own[one] = 0
                own[one] += 1
                heaviest[one] = max(heaviest[one], own[one])
            deadline = min(began[a] + within, observed_until)
            for s in range(1, steps):
                b = before[s]
                if firsts[a, b] < 0:
                    continue
                since = time[firsts[a, b]] if b > 0 else began[a]
                if firsts[a, s] >= 0:
                    bucket, fraction = _bucket(time[firsts[a, s]] - since)
                    times[level, s, bucket, 0] += 1
                    times[level, s, bucket, 1] += fraction
                else:
                    bucket, fraction = _bucket(deadline - since)
                    times[level, s, bucket, 2] += 1
            for s in range(steps):
                if reached[a, s] < 0:
                    continue
                counts[group, level, s, 0] += 1
                if last[level, s] != customer:
                    last[level, s] = customer
                    counts[group, level, s, 1] += 1
                    if level_of[s, 0] != customer:
                        level_of[s, 0] = customer
                        level_of[s, 1] = level
                        together[group, s] += 1
                        counts[group, level, s, 2] += 1
                    elif level_of[s, 1] >= 0:  # the second level takes it back from the first
                        counts[group, level_of[s, 1], s, 2] -= 1
                        level_of[s, 1] = -1
                if len(money) > 0:
                    value = money[order[reached[a, s]]]
                    if value != NO_VALUE:
                        counts[group, level, s, 5] += 1
                        if s == required[depths[a] - 1]:
                            counts[group, level, s, 6] += value >> 32
                            counts[group, level, s, 7] += value & 0xFFFFFFFF
