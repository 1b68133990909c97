"""Attempts at steps in order: when each unit tried, how far it came, and at which touchpoints.

A touchpoint's ``fits`` is a set of bits: bit s - 1 for required step s, then one for each optional
step (:mod:`omninb.passes.optional` places them), then one for each exclusion. Each exclusion (a, b)
bars the way from steps a … b - 1 onward (``blocked``: bits of those steps) and makes a touchpoint
void as a step strictly between a and b (``inner``).

A unit's touchpoints that fit anything are gathered first (strict steps need all of them); helpers
see them as rows of ``room`` and count places among them. Ordered steps take O(touchpoints × steps):
forward, the latest feasible start of each step gives the depth, as a later start can do all that an
earlier one can; backward, the earliest completion gives the first start that comes as far; forward
again from there, each step takes the first touchpoint that can still be completed in time.
"""

from __future__ import annotations

import numpy as np
from numba import int64

from omninb.passes.compiling import compiled, helper

FURTHEST, FIRST, EVERY = 0, 1, 2
# Rows of ``room``: of each place its touchpoint, time, fits, what bars and voids it, and the steps
# that it can be; then something of each step, and the places of a chain.
AT, WHEN, FIT, BARS, VOID, CAN, STATE, CHAIN = range(8)
ROOM = 8
MOST_STEPS = 16
_NEVER = np.iinfo(np.int64).min // 4
_LATE = np.iinfo(np.int64).max // 4


@helper
def _depth(room, start, size, steps, within, low, high):
    """How far any attempt that begins in [low, high] comes."""
    for s in range(steps):
        room[STATE, s] = _NEVER
    depth = int64(0)
    for k in range(start, size):
        when = room[WHEN, k]
        for s in range(steps - 1, -1, -1):
            if not ((room[FIT, k] | room[BARS, k]) >> s) & 1:
                continue
            arrives = _NEVER
            if (room[FIT, k] >> s) & 1:
                if s == 0:
                    arrives = when if low <= when <= high else _NEVER
                elif room[STATE, s - 1] > _NEVER and when - room[STATE, s - 1] <= within:
                    arrives = room[STATE, s - 1]
                if arrives > _NEVER and s >= depth:
                    depth = int64(s + 1)
                if (room[VOID, k] >> s) & 1:
                    arrives = _NEVER
            if (room[BARS, k] >> s) & 1:
                room[STATE, s] = _NEVER
            room[STATE, s] = max(room[STATE, s], arrives)
        if depth == steps:
            break
    return depth


@helper
def _earliest_start(room, start, size, depth, within, low, high):
    """The first place from which ``depth`` steps are made in time."""
    for s in range(depth):
        room[STATE, s] = _LATE
    found = int64(-1)
    for k in range(size - 1, start - 1, -1):
        when = room[WHEN, k]
        for s in range(depth):
            ends = _LATE
            if (room[FIT, k] >> s) & 1:
                if s == depth - 1:
                    ends = when
                elif not (room[VOID, k] >> s) & 1:
                    ends = room[STATE, s + 1]
            if s == 0:
                if ends < _LATE and ends - when <= within and low <= when <= high:
                    found = int64(k)
                continue
            if (room[BARS, k] >> (s - 1)) & 1:
                room[STATE, s] = _LATE
            room[STATE, s] = min(room[STATE, s], ends)
    return found


@helper
def _follow(room, start, stop, depth, deadline):
    """Write the earliest chain of ``depth`` steps from a start.

    CAN receives the steps that a place can be in a chain that is completed.
    """
    room[CHAIN, 0] = start
    last = start
    while last + 1 < stop and room[WHEN, last + 1] <= deadline:
        last += 1
    final = int64(1) << (depth - 1)
    ahead = int64(0)
    for k in range(last, start, -1):
        here = room[FIT, k] & ((ahead >> 1) | final) & (final | ~room[VOID, k])
        room[CAN, k] = here
        ahead = (ahead & ~(room[BARS, k] << 1)) | here
    s = 1
    for k in range(start + 1, last + 1):
        if s < depth and (room[CAN, k] >> s) & 1:
            room[CHAIN, s] = k
            s += 1


@helper
def _from_start(room, start, size, steps, within, every):
    """The chain of the attempt from one start: its depth, and where it ends.

    With ``every``, a touchpoint of step 1 that takes it no further begins the next attempt.
    """
    deadline = room[WHEN, start] + within
    possible = (int64(1) << steps) - 1
    states = int64(1)
    depth = int64(1)
    k = start + 1
    while k < size and (every or room[WHEN, k] <= deadline):
        fit = room[FIT, k]
        arrives = fit & (states << 1) & possible if room[WHEN, k] <= deadline else int64(0)
        further = (arrives >> depth) & 1
        if every and fit & 1 and not further:
            break
        depth += further
        states = (states & ~room[BARS, k]) | (arrives & ~room[VOID, k])
        k += 1
    if depth == 1:
        room[CHAIN, 0] = start
    else:
        _follow(room, start, k, depth, deadline)
    return depth, k


@helper
def _straight(room, start, size, steps, within):
    """The chain of steps that follow each other with nothing between, and where it ends."""
    deadline = room[WHEN, start] + within
    depth = int64(0)
    while (
        depth < steps
        and start + depth < size
        and (room[FIT, start + depth] >> depth) & 1
        and room[WHEN, start + depth] <= deadline
    ):
        room[CHAIN, depth] = start + depth
        depth += 1
        if (room[VOID, start + depth - 1] >> (depth - 1)) & 1:
            break
    return depth, start + depth


@helper
def _further_start(strict, room, start, size, steps, within, low, high, depth):
    """The first of the starts in [low, high] that come furthest, where any comes past ``depth``.

    Otherwise -1. Looked for from ``start`` on.
    """
    found = int64(-1)
    if strict:
        for k in range(start, size):
            if room[FIT, k] & 1 and low <= room[WHEN, k] <= high:
                straight, _ = _straight(room, k, size, steps, within)
                if straight > depth:
                    depth = straight
                    found = int64(k)
        return found
    best = _depth(room, start, size, steps, within, low, high)
    if best > depth:
        found = _earliest_start(room, start, size, best, within, low, high)
    return found


@helper
def _chain(strict, room, start, size, steps, within, every):
    """The chain of the attempt from one start: its depth, and where it ends."""
    if strict:
        return _straight(room, start, size, steps, within)
    return _from_start(room, start, size, steps, within, every)


@compiled(
    "int64(int64, int64, int64[::1], int64[::1], uint16[::1], boolean, int64, int64, int64, int64,"
    " int64, int64[::1], int64, int64[::1], int64[::1], int64[:, ::1], int32[::1], uint8[::1],"
    " boolean[::1], int64[::1], int32[:, ::1], int32[:, ::1])"
)
def find_attempts(
    first_unit,
    last_unit,
    unit_offsets,
    time,
    fits,
    strict,
    attempt,
    within,
    low,
    high,
    mature_until,
    places,
    exclusions_from,
    blocked,
    inner,
    room,
    units,
    depths,
    open_,
    began,
    reached,
    firsts,
):
    """Find the attempts of a range of units; returns how many there are.

    Parameters
    ----------
    strict : whether nothing comes between the steps.
    attempt : FURTHEST, FIRST or EVERY.
    within : µs from step 1 to the last.
    low, high : µs; attempts that begin outside are not looked at.
    mature_until : µs; an attempt that begins later is open.
    places : the column of ``reached`` for each required step.
    exclusions_from : the bit of ``fits`` that the first exclusion has.
    room : ROOM rows as long as the longest unit, and at least MOST_STEPS.
    units, depths, open_, began, reached : outputs, one row an attempt; ``began`` is the time of its
        first touchpoint, with FURTHEST that of the unit's first attempt; ``reached`` holds the
        touchpoint of each step, -1 where there is none.
    firsts : output with FURTHEST, else without rows: ``reached`` of each unit's first attempt.
    """
    steps = len(places)
    top = min(high, mature_until)
    every = attempt == EVERY
    count = 0
    for unit in range(first_unit, last_unit):
        i = unit_offsets[unit]
        stop = unit_offsets[unit + 1]
        while i < stop and not (fits[i] & 1 and time[i] >= low):
            i += 1
        if i == stop or time[i] > high:
            continue
        size = int64(0)  # a plain 0 would compile every helper twice
        present = int64(0)
        while i < stop:
            room[AT, size] = i
            room[FIT, size] = fits[i]
            present |= room[FIT, size]
            size += strict or fits[i] != 0
            i += 1
        for k in range(size):
            room[WHEN, k] = time[room[AT, k]]
            room[BARS, k] = 0
            room[VOID, k] = 0
            for e in range(len(blocked)):
                if (room[FIT, k] >> (exclusions_from + e)) & 1:
                    room[BARS, k] |= blocked[e]
                    room[VOID, k] |= inner[e]
        most = int64(0)  # further than the steps that occur at all nobody comes
        while most < steps and (present >> most) & 1:
            most += 1
        start = int64(0)
        while start < size and room[WHEN, start] <= high:
            late = room[WHEN, start] > top
            begin = start
            seeks = attempt == FURTHEST
            while True:
                depth, ends = _chain(strict, room, begin, size, most, within, every)
                for s in range(reached.shape[1]):
                    reached[count, s] = -1
                for s in range(depth):
                    reached[count, places[s]] = room[AT, room[CHAIN, s]]
                if not seeks:
                    break
                for s in range(reached.shape[1]):
                    firsts[count, s] = reached[count, s]
                seeks = False
                if depth == most or late:
                    break
                begin = _further_start(strict, room, start + 1, size, most, within, low, top, depth)
                if begin < 0:
                    break
            units[count] = unit
            depths[count] = depth
            open_[count] = late
            began[count] = room[WHEN, start]
            count += 1
            if not every:
                break
            start = ends
            while start < size and not room[FIT, start] & 1:
                start += 1
    return count
