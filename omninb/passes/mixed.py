"""Attempts at steps in any order: when each unit tried, and how many different steps it made.

A touchpoint's ``fits`` has the bit of the one step that it fits, or none.
"""

from __future__ import annotations

from numba import int64

from omninb.passes.compiling import compiled, helper

_FURTHEST, _EVERY = 0, 2
# Rows of ``room``: each touchpoint of a unit that fits a step, its time and its step; and how often
# each step lies between two pointers.
_AT, _WHEN, _FIT, _SEEN = range(4)
ROOM = 4


@helper
def _chain(room, start, size, within, every, chain):
    """Write the first touchpoints of the different steps from a start: how many, and its end.

    With ``every``, a touchpoint of a step that was made already begins the next attempt.
    """
    for s in range(len(chain)):
        chain[s] = -1
    deadline = room[_WHEN, start] + within
    done = int64(0)
    depth = int64(0)
    k = start
    while k < size and room[_WHEN, k] <= deadline:
        if room[_FIT, k] & ~done:
            chain[depth] = room[_AT, k]
            depth += 1
            done |= room[_FIT, k]
        elif every:
            break
        k += 1
    return depth, k


@helper
def _further_start(room, start, size, steps, within, low, high, best):
    """The first of the starts in [low, high] with the most different steps in time: two pointers.

    -1 where none makes more than ``best``.
    """
    for s in range(steps):
        room[_SEEN, s] = 0
    found = int64(-1)
    different = int64(0)
    end = start
    for k in range(start, size):
        while end < size and room[_WHEN, end] - room[_WHEN, k] <= within:
            for s in range(steps):
                if (room[_FIT, end] >> s) & 1:
                    different += room[_SEEN, s] == 0
                    room[_SEEN, s] += 1
            end += 1
        if low <= room[_WHEN, k] <= high and different > best:
            best = different
            found = int64(k)
        for s in range(steps):
            if (room[_FIT, k] >> s) & 1:
                room[_SEEN, s] -= 1
                different -= room[_SEEN, s] == 0
    return found


@compiled(
    "int64(int64, int64, int64[::1], int64[::1], uint16[::1], int64, int64, int64, int64, int64,"
    " int64[:, ::1], int32[::1], uint8[::1], boolean[::1], int64[::1], int32[:, ::1],"
    " int32[:, ::1])"
)
def find_mixed_attempts(
    first_unit,
    last_unit,
    unit_offsets,
    time,
    fits,
    attempt,
    within,
    low,
    high,
    mature_until,
    room,
    units,
    depths,
    open_,
    began,
    reached,
    firsts,
):
    """Find the attempts of a range of units; returns how many there are.

    Parameters are those of :func:`omninb.passes.attempts.find_attempts`, but that the columns of
    ``reached`` are the first, second, … different step.
    """
    steps = reached.shape[1]
    top = min(high, mature_until)
    every = attempt == _EVERY
    count = 0
    for unit in range(first_unit, last_unit):
        size = int64(0)
        for i in range(unit_offsets[unit], unit_offsets[unit + 1]):
            room[_AT, size] = i
            room[_FIT, size] = fits[i]
            size += fits[i] != 0
        for k in range(size):
            room[_WHEN, k] = time[room[_AT, k]]
        start = int64(0)
        while start < size and room[_WHEN, start] < low:
            start += 1
        while start < size and room[_WHEN, start] <= high:
            chain = reached[count]
            late = room[_WHEN, start] > top
            depth, ends = _chain(room, start, size, within, every, chain)
            if attempt == _FURTHEST:
                for s in range(steps):
                    firsts[count, s] = chain[s]
                if depth < steps and not late:
                    begin = _further_start(room, start + 1, size, steps, within, low, top, depth)
                    if begin >= 0:
                        depth, ends = _chain(room, begin, size, within, every, chain)
            units[count] = unit
            depths[count] = depth
            open_[count] = late
            began[count] = room[_WHEN, start]
            count += 1
            if not every:
                break
            start = ends
    return count
