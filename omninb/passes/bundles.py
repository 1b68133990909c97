"""Journeys and customers of several kinds of moves taken as one; keys are those of `moves`."""

from __future__ import annotations

import numpy as np
from numba import int64, uint64

from omninb.passes.compiling import compiled, inlined


@inlined
def _enter(row, settled, first, j):
    """Book one of a row's moves in journey j, of a customer whose first journey is ``first``."""
    row[1] += (row[2] < first) * (1 + (settled << 32))
    row[0] += row[2] != j
    row[2] = j


@compiled(
    "void(int64, int64, int64[::1], int64[::1], int64[::1], int64[::1], uint16[::1], uint8[::1],"
    " int64, int64, int32[::1], boolean, int64[:, :, ::1])"
)
def count_bundles(
    first_group,
    last_group,
    group_offsets,
    customer_offsets,
    journey_offsets,
    time,
    codes,
    end_states,
    labels,
    settled_until,
    bundle_of,
    outer,
    counts,
):
    """Count journeys, customers and settled customers of several edges taken as one.

    ``bundle_of`` maps keys of edges to rows, others to -1; only with ``outer`` do edges from START
    and to end states count. ``counts[group, row]`` receives the three as
    :func:`omninb.passes.moves.count_moves` counts them for one edge.
    """
    targets = uint64(labels + 3)
    one = uint64(1)
    # Of each row: journeys; customers and, above 2^32, settled ones; the last journey counted.
    rows = np.zeros((counts.shape[1], 3), np.int64)
    for group in range(first_group, last_group):
        for row in rows:
            row[0] = 0
            row[1] = 0
            row[2] = -1
        c = group_offsets[group]
        last = group_offsets[group + 1]
        j = customer_offsets[c]
        if outer:
            while c < last:
                first = customer_offsets[c]
                for j in range(first, customer_offsets[c + 1]):
                    source = uint64(labels)
                    for i in range(journey_offsets[j], journey_offsets[j + 1] + 1):
                        over = i == journey_offsets[j + 1]
                        target = uint64(labels + end_states[j]) if over else uint64(codes[i])
                        bundle = bundle_of[source * targets + target]
                        if bundle >= 0:
                            begins = i == journey_offsets[j]
                            settled = int64(begins or time[i - 1] <= settled_until)
                            _enter(rows[uint64(bundle)], settled, first, j)
                        source = target
                c += 1
        else:
            # Most moves belong to no bundle: whose a touchpoint is, is looked up when it matters.
            i = uint64(journey_offsets[j])
            stop = uint64(journey_offsets[customer_offsets[last]])
            following = i  # where the next journey begins
            source = uint64(0)
            j -= 1
            while i < stop:
                target = uint64(codes[i])
                bundle = bundle_of[source * targets + target]
                if bundle >= 0:
                    while following <= i:
                        j += 1
                        following = uint64(journey_offsets[j + 1])
                    if i > uint64(journey_offsets[j]):
                        while customer_offsets[c + 1] <= j:
                            c += 1
                        settled = int64(time[i - one] <= settled_until)
                        _enter(rows[uint64(bundle)], settled, customer_offsets[c], j)
                source = target
                i += one
        for row in range(len(rows)):
            counts[group, row, 0] = rows[row, 0]
            counts[group, row, 1] = rows[row, 1] & 0xFFFFFFFF
            counts[group, row, 2] = rows[row, 1] >> 32
