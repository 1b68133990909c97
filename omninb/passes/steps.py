"""Where journeys stand at each step, and the very moves that they make from step to step.

States are codes: 0 … n-1 the labels, n, n+1, n+2 = open, converted and exit, n+3 = START (only
before an anchor). Step 0 is START, or the anchor's touchpoint.
"""

from __future__ import annotations

import numpy as np
from numba import int64, uint64

from omninb.passes.compiling import compiled, helper, inlined

STEP_FIELDS = ("journeys", "customers")
_LOW = (1 << 32) - 1


@helper
def _next_visit(codes, i, limit, way, collapse):
    """The position of the next visit from position i on, or ``limit`` when there is none."""
    code = codes[i]
    i += way
    if collapse:
        while i != limit and codes[i] == code:
            i += way
    return i


# Loops here and in other passes: array expressions take seconds to compile.
@helper
def _begin(cells):
    for cell in cells:
        cell[0] = 0
        cell[1] = -1


@helper
def _write(cells, counts):
    for row in range(len(cells)):
        counts[row, 0] = cells[row, 0] & _LOW
        counts[row, 1] = cells[row, 0] >> 32


@inlined
def _count(cell, c):
    cell[0] += 1 + (int64(cell[1] != c) << 32)
    cell[1] = c


@compiled(
    "void(int64, int64, int64[::1], int64[::1], int64[::1], uint16[::1], uint8[::1], int64[::1],"
    " int64, int64, boolean, int32[:, ::1], int64[:, :, :, ::1])"
)
def count_steps(
    first_group,
    last_group,
    group_offsets,
    customer_offsets,
    journey_offsets,
    codes,
    end_states,
    anchors,
    labels,
    way,
    collapse,
    counted_as,
    counts,
):
    """Count journeys and customers by group, step and state.

    ``anchors``: position of each journey's step 0 (-1: the journey is left out); empty: step 0 is
    left free and step 1 is the first touchpoint. ``way``: 1 towards the end, -1 towards the start.
    ``counted_as[step, state]``: the state that it is counted as; empty: as itself.
    ``counts[group, step, state, field]``. A journey that is over stays in its end state.
    """
    steps = counts.shape[1]
    anchored = len(anchors) > 0
    # Of each state at each step: journeys and, above 2^32, customers; and the last customer.
    cells = np.zeros((steps, counts.shape[2], 2), np.int64)
    renaming = len(counted_as) > 0
    for group in range(first_group, last_group):
        for step in range(steps):
            _begin(cells[step])
        for c in range(group_offsets[group], group_offsets[group + 1]):
            for j in range(customer_offsets[c], customer_offsets[c + 1]):
                i = journey_offsets[j]
                step = 1
                if anchored:
                    i = anchors[j]
                    step = 0
                    if i < 0:
                        continue
                limit = journey_offsets[j + 1] if way > 0 else journey_offsets[j] - 1
                over = labels + int64(end_states[j]) if way > 0 else labels + 3
                while step < steps:
                    state = over if i == limit else int64(codes[i])
                    if renaming:
                        state = int64(counted_as[step, state])
                    _count(cells[uint64(step), uint64(state)], c)
                    if i != limit:
                        i = _next_visit(codes, i, limit, way, collapse)
                    step += 1
        for step in range(steps):
            _write(cells[step], counts[group, step])


@compiled(
    "void(int64, int64, int64[::1], int64[::1], int64[::1], uint16[::1], uint8[::1], int64[::1],"
    " int64, int64, int64, boolean, int32[::1], boolean[::1], int64[:, :, ::1])"
)
def count_flows(
    first_group,
    last_group,
    group_offsets,
    customer_offsets,
    journey_offsets,
    codes,
    end_states,
    anchors,
    labels,
    max_steps,
    way,
    collapse,
    row_of,
    seen,
    counts,
):
    """Count the moves from step to step by group: first what occurs, then how often.

    A move's key is ``(step * (n + 5) + source) * (n + 5) + target`` with the states of this file
    and n + 4 = beyond the steps shown. With ``row_of`` empty, keys are only marked in ``seen``;
    else ``counts[group, row, field]`` receives journeys and customers.
    """
    states = labels + 5
    anchored = len(anchors) > 0
    marking = len(row_of) == 0
    cells = np.zeros((counts.shape[1], 2), np.int64)
    for group in range(first_group, last_group):
        _begin(cells)
        for c in range(group_offsets[group], group_offsets[group + 1]):
            for j in range(customer_offsets[c], customer_offsets[c + 1]):
                i = journey_offsets[j]
                source = labels + 3
                step = 1
                limit = journey_offsets[j + 1] if way > 0 else journey_offsets[j] - 1
                over = labels + int64(end_states[j]) if way > 0 else labels + 3
                if anchored:
                    i = anchors[j]
                    if i < 0:
                        continue
                    source = int64(codes[i])
                    i = _next_visit(codes, i, limit, way, collapse)
                while True:
                    if i == limit:
                        target = over
                    elif step > max_steps:
                        target = labels + 4
                    else:
                        target = int64(codes[i])
                    key = (step * states + source) * states + target
                    if marking:
                        seen[key] = True
                    else:
                        _count(cells[uint64(row_of[key])], c)
                    if i == limit or step > max_steps:
                        break
                    i = _next_visit(codes, i, limit, way, collapse)
                    source = target
                    step += 1
        _write(cells, counts[group])
