"""Attempts at a funnel: when each unit tried, how far it came, and at which touchpoints.

A touchpoint's ``fits`` is a set of bits: bit s - 1 for required step s, then one for each optional
step, then one for each exclusion. Each exclusion (a, b) bars the way from steps a … b - 1 onward
(``blocked``: bits of those steps) and makes a touchpoint void as a step strictly between a and b
(``inner``).

A unit's touchpoints that fit anything are gathered first (strict steps need all of them); the
helpers count places among these. Ordered steps take O(touchpoints × steps): forward, the latest
feasible start of each step gives the depth, as a later start can do all that an earlier one can;
backward, the earliest completion gives the first start that comes as far; forward again from there,
each step takes the first touchpoint that can still be completed in time.
"""

from __future__ import annotations

import numpy as np
from numba import int64

from omninb.passes.compiling import compiled, helper

ORDERED, STRICT, ANY = 0, 1, 2
FURTHEST, FIRST, EVERY = 0, 1, 2
NEVER = np.iinfo(np.int64).min // 4
_LATE = np.iinfo(np.int64).max // 4


@helper
def _depth(when, fit, bars, void, start, size, steps, within, low, high, latest):
    """How far any attempt that begins in [low, high] comes."""
    for s in range(steps):
        latest[s] = NEVER
    depth = 0
    for k in range(start, size):
        for s in range(steps - 1, -1, -1):
            arrives = NEVER
            if (fit[k] >> s) & 1:
                if s == 0:
                    arrives = when[k] if low <= when[k] <= high else NEVER
                elif latest[s - 1] > NEVER and when[k] - latest[s - 1] <= within:
                    arrives = latest[s - 1]
                if arrives > NEVER:
                    depth = max(depth, s + 1)
                if (void[k] >> s) & 1:
                    arrives = NEVER
            if (bars[k] >> s) & 1:
                latest[s] = NEVER
            latest[s] = max(latest[s], arrives)
        if depth == steps:
            break
    return depth


@helper
def _earliest_start(when, fit, bars, void, start, size, depth, within, low, high, completion):
    """The first place from which ``depth`` steps are made in time."""
    for s in range(depth):
        completion[s] = _LATE
    found = start
    for k in range(size - 1, start - 1, -1):
        for s in range(depth):
            ends = _LATE
            if (fit[k] >> s) & 1:
                if s == depth - 1:
                    ends = when[k]
                elif not (void[k] >> s) & 1:
                    ends = completion[s + 1]
            if s == 0:
                if ends < _LATE and ends - when[k] <= within and low <= when[k] <= high:
                    found = k
                continue
            if (bars[k] >> (s - 1)) & 1:
                completion[s] = _LATE
            completion[s] = min(completion[s], ends)
    return found


@helper
def _follow(when, fit, bars, void, start, stop, depth, deadline, can, chain):
    """Write the earliest chain of ``depth`` steps from a start.

    ``can[k]`` receives the steps that place k can be in a chain that is completed.
    """
    chain[0] = start
    if depth == 1:
        return
    last = start
    while last + 1 < stop and when[last + 1] <= deadline:
        last += 1
    final = int64(1) << (depth - 1)
    ahead = int64(0)
    for k in range(last, start, -1):
        here = fit[k] & ((ahead >> 1) | final) & (final | ~void[k])
        can[k] = here
        ahead = (ahead & ~(bars[k] << 1)) | here
    s = 1
    for k in range(start + 1, last + 1):
        if s < depth and (can[k] >> s) & 1:
            chain[s] = k
            s += 1


@helper
def _from_start(when, fit, bars, void, start, size, steps, deadline, ends_at_next):
    """How far the attempt from one start comes, and where it ends.

    With ``ends_at_next``, a touchpoint of step 1 that takes it no further begins the next attempt.
    """
    possible = (int64(1) << steps) - 1
    states = int64(1)
    depth = int64(1)
    k = start + 1
    while k < size and (ends_at_next or when[k] <= deadline):
        arrives = fit[k] & (states << 1) & possible if when[k] <= deadline else int64(0)
        further = (arrives >> depth) & 1
        if ends_at_next and fit[k] & 1 and not further:
            return depth, k
        depth += further
        states = (states & ~bars[k]) | (arrives & ~void[k])
        k += 1
    return depth, size


@helper
def _straight(when, fit, start, size, steps, deadline):
    """How many steps follow each other from a start without anything between."""
    depth = 1
    while (
        depth < steps
        and start + depth < size
        and (fit[start + depth] >> depth) & 1
        and when[start + depth] <= deadline
    ):
        depth += 1
    return depth


@helper
def _mixed(when, fit, start, size, deadline, ends_at_next, chain):
    """The first places of the different steps from a start, and where the attempt ends."""
    done = int64(0)
    depth = 0
    k = start
    while k < size and when[k] <= deadline:
        if fit[k] & ~done:
            chain[depth] = k
            depth += 1
            done |= fit[k]
        elif ends_at_next:
            return depth, k
        k += 1
    return depth, k


@helper
def _most_mixed(when, fit, start, size, steps, within, low, high, counts):
    """The first start of the most different steps within the window: two pointers."""
    for s in range(steps):
        counts[s] = 0
    found = start
    best = 0
    different = 0
    end = start
    for k in range(start, size):
        while end < size and when[end] - when[k] <= within:
            for s in range(steps):
                if (fit[end] >> s) & 1:
                    different += counts[s] == 0
                    counts[s] += 1
            end += 1
        if low <= when[k] <= high and different > best:
            best = different
            found = k
        for s in range(steps):
            if (fit[k] >> s) & 1:
                counts[s] -= 1
                different -= counts[s] == 0
    return found


@compiled(
    "int64(int64, int64, int64[::1], int64[::1], uint16[::1], int64, int64, int64, int64, int64,"
    " int64, int64, int64, int64[::1], int64[::1], int64[::1], int64[::1], int64[:, ::1],"
    " int32[::1], uint8[::1], boolean[::1], int32[:, ::1])"
)
def find_attempts(
    first_unit,
    last_unit,
    unit_offsets,
    time,
    fits,
    order,
    attempt,
    steps,
    optional,
    within,
    low,
    high,
    mature_until,
    after,
    places,
    blocked,
    inner,
    room,
    units,
    depths,
    open_,
    reached,
):
    """Find the attempts of a range of units; returns how many there are.

    Parameters
    ----------
    order, attempt : ORDERED, STRICT or ANY; FURTHEST, FIRST or EVERY.
    steps, optional : how many required and optional steps there are.
    within : µs from step 1 to the last.
    low, high : µs; attempts that begin outside are not looked at.
    mature_until : µs; an attempt that begins later is open.
    after : the required step behind which each optional one is looked for.
    places : the column of ``reached`` for each required step and then each optional one.
    room : six rows as long as the longest unit.
    units, depths, open_, reached : outputs, one row an attempt; ``reached`` holds the touchpoint of
        each step, -1 where there is none.
    """
    at, when, fit, bars, void, can = room[0], room[1], room[2], room[3], room[4], room[5]
    latest = np.empty(steps, np.int64)
    chain = np.empty(steps, np.int64)
    starts = (int64(1) << steps) - 1 if order == ANY else int64(1)
    top = min(high, mature_until)
    every = attempt == EVERY
    count = 0
    for unit in range(first_unit, last_unit):
        size = int64(0)  # a plain 0 would compile every helper twice
        present = int64(0)
        for i in range(unit_offsets[unit], unit_offsets[unit + 1]):
            at[size] = i
            fit[size] = fits[i]
            present |= fit[size]
            size += order == STRICT or fit[size] != 0
        if not present & starts:
            continue
        for i in range(size):
            when[i] = time[at[i]]
            bars[i] = 0
            void[i] = 0
            for e in range(len(blocked)):
                if (fit[i] >> (steps + optional + e)) & 1:
                    bars[i] |= blocked[e]
                    void[i] |= inner[e]
        reachable = 0  # further than the steps that occur at all nobody comes
        while reachable < steps and (present >> reachable) & 1:
            reachable += 1
        k = int64(0)
        while True:
            while k < size and not (fit[k] & starts and when[k] >= low):
                k += 1
            if k == size or when[k] > high:
                break
            late = when[k] > top
            begin = k
            ends = size
            depth = int64(0)
            if attempt == FURTHEST and not late:
                if order == ANY:
                    begin = _most_mixed(when, fit, k, size, steps, within, low, top, latest)
                elif order == STRICT:
                    for other in range(k, size):
                        if fit[other] & 1 and when[other] <= top:
                            straight = _straight(
                                when, fit, other, size, steps, when[other] + within
                            )
                            if straight > depth:
                                depth = straight
                                begin = int64(other)
                else:
                    depth = _depth(
                        when, fit, bars, void, k, size, reachable, within, low, top, latest
                    )
                    if depth > 1:
                        begin = _earliest_start(
                            when, fit, bars, void, k, size, depth, within, low, top, latest
                        )
            deadline = when[begin] + within
            if order == ANY:
                depth, ends = _mixed(when, fit, begin, size, deadline, every, chain)
            elif order == STRICT:
                depth = _straight(when, fit, begin, size, steps, deadline)
                for s in range(depth):
                    chain[s] = begin + s
                ends = begin + depth
            else:
                if depth == 0:
                    depth, ends = _from_start(
                        when, fit, bars, void, begin, size, reachable, deadline, every
                    )
                _follow(when, fit, bars, void, begin, ends, depth, deadline, can, chain)
            for s in range(steps + optional):
                reached[count, s] = -1
            for s in range(depth):
                reached[count, places[s]] = at[chain[s]]
            for o in range(optional):
                if after[o] >= depth:
                    continue
                limit = chain[after[o] + 1] if after[o] + 1 < depth else ends
                for other in range(chain[after[o]] + 1, limit):
                    if (fit[other] >> (steps + o)) & 1 and when[other] <= deadline:
                        reached[count, places[steps + o]] = at[other]
                        break
            units[count] = unit
            depths[count] = depth
            open_[count] = late
            count += 1
            if not every:
                break
            k = ends
    return count
