"""Whole paths as 128-bit hashes: counted once roughly by hash, then exactly for those shown."""

from __future__ import annotations

import numpy as np
from numba import uint64

from omninb.passes.compiling import compiled, helper

PATH_FIELDS = (
    "journeys", "customers", "converted", "settled", "settled_converted", "settled_customers",
    "settled_converted_customers",
)  # fmt: skip
_P1 = uint64(0x9E3779B97F4A7C15)
_P2 = uint64(0xC2B2AE3D27D4EB4F)


@helper
def _mixed(h, x, p):
    h = (h ^ x) * p
    return h ^ (h >> uint64(29))


@helper
def _follow(codes, i, limit, way, collapse, max_steps, marks, more, out):
    """Hash a path of at most ``max_steps`` visits; ``more`` joins when it goes on. Writes codes."""
    h1 = uint64(0)
    h2 = uint64(0)
    length = 0
    while i != limit:
        if length == max_steps:
            h1 = _mixed(h1, more[0], _P1)
            h2 = _mixed(h2, more[1], _P2)
            return h1, h2, -length - 1
        code = codes[i]
        if length < len(out):
            out[length] = code
        h1 = _mixed(h1, marks[code, 0], _P1)
        h2 = _mixed(h2, marks[code, 1], _P2)
        length += 1
        i += way
        if collapse:
            while i != limit and codes[i] == code:
                i += way
    return h1, h2, length


@compiled(
    "void(int64, int64, int64[::1], int64[::1], uint16[::1], int64, boolean, int64,"
    " uint64[:, ::1], uint64[::1], uint64[:, ::1])"
)
def hash_paths(
    first, last, journey_offsets, anchors, codes, way, collapse, max_steps, marks, more, out
):
    """Hash the paths of journeys ``first`` to ``last``; ``out[journey] = (h1, h2)``.

    ``marks[code]`` is the 128-bit hash of a label, ``more`` of "goes on". ``anchors`` as in
    :mod:`omninb.passes.steps`; a journey without its anchor gets (0, 0).
    """
    nothing = np.empty(0, np.uint16)
    anchored = len(anchors) > 0
    for j in range(first, last):
        i = anchors[j] if anchored else journey_offsets[j]
        if i < 0:
            out[j, 0] = uint64(0)
            out[j, 1] = uint64(0)
            continue
        limit = journey_offsets[j + 1] if way > 0 else journey_offsets[j] - 1
        h1, h2, _ = _follow(codes, i, limit, way, collapse, max_steps, marks, more, nothing)
        out[j, 0] = h1 | uint64(1)
        out[j, 1] = h2


@compiled(
    "int64(int64, int64[::1], int64[::1], uint16[::1], int64, boolean, int64, uint64[:, ::1],"
    " uint64[::1], uint16[::1])"
)
def read_path(journey, journey_offsets, anchors, codes, way, collapse, max_steps, marks, more, out):
    """Write one journey's path into ``out``; its length, or -1 - length when the path goes on."""
    i = anchors[journey] if len(anchors) > 0 else journey_offsets[journey]
    limit = journey_offsets[journey + 1] if way > 0 else journey_offsets[journey] - 1
    return _follow(codes, i, limit, way, collapse, max_steps, marks, more, out)[2]


@compiled(
    "void(int64, int64, int64[::1], int64[::1], int64[::1], int64[::1], uint8[::1], int64,"
    " uint64[:, ::1], uint64[:, ::1], int64[:, :, ::1], int64[:, ::1])"
)
def count_shown_paths(
    first_group,
    last_group,
    group_offsets,
    customer_offsets,
    journey_offsets,
    time,
    end_states,
    settled_until,
    hashes,
    shown,
    counts,
    heaviest,
):
    """Count the shown paths again by group: ``counts[group, path, field]`` of PATH_FIELDS.

    The row after the last shown path counts all journeys with a path. ``heaviest[group, path]``:
    the most settled journeys of one customer.
    """
    paths = len(shown)
    slots = np.full(4096, -1, np.int64)
    mask = uint64(4095)
    for p in range(paths):
        at = shown[p, 1] & mask
        while slots[at] >= 0:
            at = (at + uint64(1)) & mask
        slots[at] = p
    last_customer = np.full(paths + 1, -1, np.int64)
    last_settled = np.full(paths + 1, -1, np.int64)
    last_won = np.full(paths + 1, -1, np.int64)
    run = np.zeros(paths + 1, np.int64)
    for group in range(first_group, last_group):
        for c in range(group_offsets[group], group_offsets[group + 1]):
            for j in range(customer_offsets[c], customer_offsets[c + 1]):
                if hashes[j, 0] == uint64(0):
                    continue
                at = hashes[j, 1] & mask
                row = slots[at]
                while row >= 0 and not (
                    shown[row, 0] == hashes[j, 0] and shown[row, 1] == hashes[j, 1]
                ):
                    at = (at + uint64(1)) & mask
                    row = slots[at]
                won = end_states[j] == 1
                settled = time[journey_offsets[j + 1] - 1] <= settled_until
                for p in (row, paths):
                    if p < 0:
                        continue
                    counts[group, p, 0] += 1
                    counts[group, p, 2] += won
                    if last_customer[p] != c:
                        last_customer[p] = c
                        counts[group, p, 1] += 1
                    if settled:
                        counts[group, p, 3] += 1
                        counts[group, p, 4] += won
                        if won and last_won[p] != c:
                            last_won[p] = c
                            counts[group, p, 6] += 1
                        if last_settled[p] != c:
                            last_settled[p] = c
                            counts[group, p, 5] += 1
                            run[p] = 0
                        run[p] += 1
                        heaviest[group, p] = max(heaviest[group, p], run[p])
