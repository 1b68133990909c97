"""Attempts at steps in any order: when each unit tried, and how many different steps it made.

A touchpoint's ``fits`` has the bit of the one step that it fits, or none.
"""

from __future__ import annotations

from numba import int64

from omninb.passes.compiling import compiled, helper

_FURTHEST, _EVERY = 0, 2


@helper
def _chain(time, fits, start, stop, within, every, chain):
    """Write the first touchpoints of the different steps from a start: how many, and its end.

    With ``every``, a touchpoint of a step that was made already begins the next attempt.
    """
    for s in range(len(chain)):
        chain[s] = -1
    deadline = time[start] + within
    done = int64(0)
    depth = int64(0)
    i = start
    while i < stop and time[i] <= deadline:
        if fits[i] & ~done:
            chain[depth] = i
            depth += 1
            done |= fits[i]
        elif every and fits[i]:
            break
        i += 1
    return depth, i


@helper
def _further_start(time, fits, start, stop, within, low, high, best, seen):
    """The first of the starts in [low, high] with the most different steps in time: two pointers.

    -1 where none makes more than ``best``. ``seen`` counts each step between the pointers.
    """
    for s in range(len(seen)):
        seen[s] = 0
    found = int64(-1)
    different = int64(0)
    end = start
    for i in range(start, stop):
        while end < stop and time[end] - time[i] <= within:
            for s in range(len(seen)):
                if (fits[end] >> s) & 1:
                    different += seen[s] == 0
                    seen[s] += 1
            end += 1
        if low <= time[i] <= high and different > best:
            best = different
            found = int64(i)
        for s in range(len(seen)):
            if (fits[i] >> s) & 1:
                seen[s] -= 1
                different -= seen[s] == 0
    return found


@compiled(
    "int64(int64, int64, int64[::1], int64[::1], uint16[::1], int64, int64, int64, int64, int64,"
    " int64[::1], int32[::1], uint8[::1], boolean[::1], int64[::1], int32[:, ::1], int32[:, ::1])"
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
    seen,
    units,
    depths,
    open_,
    began,
    reached,
    firsts,
):
    """Find the attempts of a range of units; returns how many there are.

    ``seen`` is room for one number a step; all else is as in
    :func:`omninb.passes.attempts.find_attempts`, but that the columns of ``reached`` are the first,
    second, … different step.
    """
    top = min(high, mature_until)
    every = attempt == _EVERY
    count = 0
    for unit in range(first_unit, last_unit):
        start = unit_offsets[unit]
        stop = unit_offsets[unit + 1]
        while True:
            while start < stop and not (fits[start] and time[start] >= low):
                start += 1
            if start == stop or time[start] > high:
                break
            chain = reached[count]
            late = time[start] > top
            depth, ends = _chain(time, fits, start, stop, within, every, chain)
            if attempt == _FURTHEST:
                for s in range(len(chain)):
                    firsts[count, s] = chain[s]
                if depth < len(chain) and not late:
                    begin = _further_start(
                        time, fits, start + 1, stop, within, low, top, depth, seen
                    )
                    if begin >= 0:
                        depth, ends = _chain(time, fits, begin, stop, within, every, chain)
            units[count] = unit
            depths[count] = depth
            open_[count] = late
            began[count] = time[start]
            count += 1
            if not every:
                break
            start = ends
    return count
