"""Attempts at a funnel: when each unit tried, how far it came, and at which touchpoints.

A touchpoint's ``fits`` is a set of bits: bit s - 1 for required step s, then one for each optional
step, then one for each exclusion. Each exclusion (a, b) blocks the way from steps a … b - 1 onward
(``blocked``: bits of those steps) and makes a touchpoint useless as a step strictly between a and b
(``inner``).

Ordered steps take O(touchpoints × steps): forward, the latest feasible start of each step gives the
depth, as a later start can do all that an earlier one can; backward, the earliest completion gives
the first start that comes as far; forward again from there, each step takes the first touchpoint
that can still be completed in time.
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
def _barred(fit, marks, first_bit):
    """The steps that the exclusions of a touchpoint block, or make useless."""
    found = int64(0)
    for e in range(len(marks)):
        if (fit >> (first_bit + e)) & 1:
            found |= marks[e]
    return found


@helper
def _depth(time, fits, start, stop, steps, within, low, high, blocked, inner, bit, latest):
    """How far any attempt of [start, stop) that begins in [low, high] comes."""
    for s in range(steps):
        latest[s] = NEVER
    depth = 0
    for i in range(start, stop):
        fit = int64(fits[i])
        if fit == 0:
            continue
        t = time[i]
        bars = _barred(fit, blocked, bit)
        useless = _barred(fit, inner, bit)
        for s in range(steps - 1, -1, -1):
            arrives = NEVER
            if (fit >> s) & 1:
                if s == 0:
                    arrives = t if low <= t <= high else NEVER
                elif latest[s - 1] > NEVER and t - latest[s - 1] <= within:
                    arrives = latest[s - 1]
                if arrives > NEVER:
                    depth = max(depth, s + 1)
                if (useless >> s) & 1:
                    arrives = NEVER
            if (bars >> s) & 1:
                latest[s] = NEVER
            latest[s] = max(latest[s], arrives)
    return depth


@helper
def _earliest_start(
    time, fits, start, stop, depth, within, low, high, blocked, inner, bit, completion
):
    """The first touchpoint in [start, stop) from which ``depth`` steps are made in time."""
    for s in range(depth):
        completion[s] = _LATE
    found = int64(-1)
    for i in range(stop - 1, start - 1, -1):
        fit = int64(fits[i])
        if fit == 0:
            continue
        t = time[i]
        bars = _barred(fit, blocked, bit) << 1
        useless = _barred(fit, inner, bit)
        for s in range(depth):
            ends = _LATE
            if (fit >> s) & 1:
                if s == depth - 1:
                    ends = t
                elif not (useless >> s) & 1:
                    ends = completion[s + 1]
            if s == 0:
                if ends < _LATE and ends - t <= within and low <= t <= high:
                    found = int64(i)
                continue
            if (bars >> s) & 1:
                completion[s] = _LATE
            completion[s] = min(completion[s], ends)
    return found


@helper
def _follow(time, fits, start, stop, depth, deadline, blocked, inner, bit, can, reached):
    """Write the earliest chain of ``depth`` steps from a start into ``reached``.

    ``can[i - start]`` receives the steps that touchpoint i can be in a chain that is completed.
    """
    reached[0] = start
    if depth == 1:
        return
    ahead = int64(0)
    last = start
    for i in range(start, stop):
        if time[i] > deadline:
            break
        last = i
    for i in range(last, start, -1):
        fit = int64(fits[i])
        can[i - start] = 0
        if fit == 0:
            continue
        here = fit & ((ahead >> 1) | (int64(1) << (depth - 1)))
        useless = _barred(fit, inner, bit) & ~(int64(1) << (depth - 1))
        here &= ~useless
        can[i - start] = here
        ahead = (ahead & ~(_barred(fit, blocked, bit) << 1)) | here
    s = 1
    for i in range(start + 1, last + 1):
        if s == depth:
            break
        if (int64(can[i - start]) >> s) & 1:
            reached[s] = i
            s += 1


@helper
def _from_start(time, fits, start, stop, steps, within, blocked, inner, bit, ends_at_next):
    """How far the attempt from one start comes, and where it ends.

    With ``ends_at_next``, a touchpoint of step 1 that takes it no further begins the next attempt.
    """
    states = int64(1)
    depth = 1
    deadline = time[start] + within if within < _LATE else _LATE
    i = start + 1
    while i < stop and time[i] <= deadline:
        fit = int64(fits[i])
        if fit != 0:
            arrives = fit & (states << 1) & ((int64(1) << steps) - 1)
            further = (arrives >> depth) & 1
            if ends_at_next and (fit & 1) and not further:
                return depth, i
            depth += further
            states &= ~_barred(fit, blocked, bit)
            states |= arrives & ~_barred(fit, inner, bit)
        i += 1
    if ends_at_next:
        while i < stop and not (fits[i] & 1):
            i += 1
    else:
        i = stop
    return depth, i


@helper
def _straight(time, fits, start, stop, steps, within):
    """How many steps follow each other from a start without anything between."""
    depth = 1
    while (
        depth < steps
        and start + depth < stop
        and (fits[start + depth] >> depth) & 1
        and time[start + depth] - time[start] <= within
    ):
        depth += 1
    return depth


@helper
def _mixed(time, fits, start, stop, steps, within, ends_at_next, reached):
    """The first touchpoints of the different steps from a start, and where the attempt ends."""
    done = int64(0)
    depth = 0
    i = start
    while i < stop and time[i] - time[start] <= within:
        fit = int64(fits[i]) & ((int64(1) << steps) - 1)
        if fit & ~done:
            reached[depth] = i
            depth += 1
            done |= fit
        elif fit and ends_at_next:
            return depth, i
        i += 1
    while ends_at_next and i < stop and not fits[i] & ((int64(1) << steps) - 1):
        i += 1
    return depth, i if ends_at_next else stop


@helper
def _most_mixed(time, fits, start, stop, steps, within, low, high, counts):
    """The first start of the most different steps within the window: two pointers."""
    for s in range(steps):
        counts[s] = 0
    found = int64(-1)
    best = 0
    different = 0
    end = start
    for i in range(start, stop):
        fit = int64(fits[i]) & ((int64(1) << steps) - 1)
        if fit == 0:
            continue
        while end < stop and time[end] - time[i] <= within:
            for s in range(steps):
                if (fits[end] >> s) & 1:
                    different += counts[s] == 0
                    counts[s] += 1
            end += 1
        if low <= time[i] <= high and different > best:
            best = different
            found = int64(i)
        for s in range(steps):
            if (fit >> s) & 1:
                counts[s] -= 1
                different -= counts[s] == 0
    return found


@compiled(
    "int64(int64, int64, int64[::1], int64[::1], uint16[::1], int64, int64, int64, int64, int64,"
    " int64, int64, int64, int64, int64[::1], int64[::1], int64[::1], uint16[::1], int32[::1],"
    " uint8[::1], boolean[::1], int32[:, ::1])"
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
    most,
    after,
    blocked,
    inner,
    can,
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
    most : attempts for which there is room, only to fail loudly.
    after : the required step behind which each optional one is looked for.
    can : room for one unit's touchpoints.
    units, depths, open_, reached : outputs, one row an attempt; ``reached`` holds the touchpoint of
        each required step and then of each optional one, -1 where there is none.
    """
    latest = np.empty(steps, np.int64)
    bit = steps + optional
    step_bits = (int64(1) << steps) - 1
    count = 0
    for unit in range(first_unit, last_unit):
        begin = unit_offsets[unit]
        stop = unit_offsets[unit + 1]
        any_fit = int64(0)
        for i in range(begin, stop):
            any_fit |= int64(fits[i])
        if not (any_fit & (step_bits if order == ANY else 1)):
            continue
        starts = step_bits if order == ANY else int64(1)
        top = min(high, mature_until)
        i = begin
        while i < stop:
            while i < stop and not (fits[i] & starts and time[i] >= low):
                i += 1
            if i == stop or time[i] > high:
                break
            if count == most:
                return -1
            row = reached[count]
            for s in range(len(row)):
                row[s] = -1
            late = time[i] > top
            at = i
            ends = stop
            depth = 0
            if attempt == FURTHEST and not late:
                if order == ANY:
                    at = _most_mixed(time, fits, i, stop, steps, within, low, top, latest)
                elif order == STRICT:
                    for k in range(i, stop):
                        if fits[k] & 1 and time[k] <= top:
                            straight = _straight(time, fits, k, stop, steps, within)
                            if straight > depth:
                                depth = straight
                                at = k
                else:
                    depth = _depth(
                        time, fits, i, stop, steps, within, low, top, blocked, inner, bit, latest
                    )
                    at = _earliest_start(
                        time, fits, i, stop, depth, within, low, top, blocked, inner, bit, latest
                    )
            if order == ANY:
                depth, ends = _mixed(time, fits, at, stop, steps, within, attempt == EVERY, row)
            elif order == STRICT:
                depth = _straight(time, fits, at, stop, steps, within)
                for s in range(depth):
                    row[s] = at + s
                if attempt == EVERY:
                    ends = at + depth
                    while ends < stop and not fits[ends] & 1:
                        ends += 1
            else:
                if attempt != FURTHEST or late:
                    depth, ends = _from_start(
                        time, fits, at, stop, steps, within, blocked, inner, bit, attempt == EVERY
                    )
                deadline = time[at] + within if within < _LATE else _LATE
                _follow(time, fits, at, ends, depth, deadline, blocked, inner, bit, can, row)
                for o in range(optional):
                    s = after[o]
                    if s >= depth:
                        continue
                    limit = row[s + 1] if s + 1 < depth else ends
                    for k in range(row[s] + 1, limit):
                        if time[k] > deadline:
                            break
                        if (fits[k] >> (steps + o)) & 1:
                            row[steps + o] = k
                            break
            units[count] = unit
            depths[count] = depth
            open_[count] = late
            count += 1
            if attempt != EVERY:
                break
            i = ends
    return count


@compiled("void(uint16[::1], uint16[::1], boolean, uint16[::1], int64, int64)")
def mark_fits(codes, fits_of, narrows, fits, start, stop):
    """The bits of each touchpoint's code; with ``narrows``, only those that it has already."""
    for i in range(start, stop):
        found = fits_of[codes[i]]
        fits[i] = fits[i] & found if narrows else found
