"""Moves between neighbouring touchpoints: counts by group, and histograms of the gaps.

Nodes are codes: 0 … n-1 the labels, n = START as a source; n, n+1, n+2 = open, converted and exit
as targets. An edge's key is ``source * (n + 3) + target``; ``edge_of`` maps keys to rows.
"""

from __future__ import annotations

import numpy as np
from numba import int64, uint64

from omninb.passes.compiling import compiled, helper, inlined

EDGE_FIELDS = ("transitions", "journeys", "customers", "settled_transitions", "settled_customers")
NODE_FIELDS = ("journeys", "customers", "settled_customers", "position_sum")
BUCKETS = 2944  # 64 exact, then 64 an octave up to 2^51 µs (71 years)


FRACTION_BITS = 23
_FRACTION = (1 << FRACTION_BITS) - 1
_COUNT_AT = 43  # above the sum of up to 2^20 fractions
_FULL = 1 << 20


def gap_of(bucket: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """The gap (µs) at a fraction of a bucket, in units of 2^-FRACTION_BITS of its width."""
    octave = np.maximum(bucket // 64 - 1, 0)
    return ((bucket - 64 * octave) << octave) + fraction * 2.0 ** (octave - FRACTION_BITS)


@inlined
def _bucket(gap):
    """A gap's bucket, and what it is above the bucket's floor, in fractions of the bucket."""
    if gap < 64:
        return gap, int64(0)
    bits = np.float64(gap).view(np.int64)
    bucket = (bits >> 46) - 1028 * 64
    fraction = (bits >> (46 - FRACTION_BITS)) & _FRACTION
    return (bucket, fraction) if bucket < BUCKETS else (BUCKETS - 1, int64(0))


@helper
def _unpack(packed, gaps):
    """Add packed counts and fractions to the histograms, and begin anew."""
    for row in range(len(gaps)):
        for bucket in range(BUCKETS):
            word = packed[row, bucket]
            if word:
                gaps[row, bucket, 0] += word >> _COUNT_AT
                gaps[row, bucket, 1] += word & ((1 << _COUNT_AT) - 1)
                packed[row, bucket] = 0


@inlined
def _visit(v, position, settled, first, j):
    """Book a visit of journey j, of a customer whose first journey is ``first``, at a node."""
    new = v[3] < first
    v[0] += position
    v[1] += new * (1 + (settled << 32))
    v[2] += v[3] != j
    v[3] = j
    own = (0 if new else v[4]) + settled
    v[4] = own
    v[5] = max(v[5], own)


@inlined
def _halves(word):
    return word & 0xFFFFFFFF, word >> 32


@compiled(
    "void(int64, int64, int64[::1], int64[::1], int64[::1], uint16[::1], uint8[::1], int64,"
    " boolean, boolean[::1])"
)
def mark_edges(
    first_group,
    last_group,
    group_offsets,
    customer_offsets,
    journey_offsets,
    codes,
    end_states,
    labels,
    collapse,
    seen,
):
    """Mark the keys of the edges that occur."""
    targets = labels + 3
    first = customer_offsets[group_offsets[first_group]]
    last = customer_offsets[group_offsets[last_group]]
    for j in range(first, last):
        source = labels
        for i in range(journey_offsets[j], journey_offsets[j + 1]):
            target = int64(codes[i])
            if not (collapse and target == source):
                seen[source * targets + target] = True
            source = target
        seen[source * targets + labels + end_states[j]] = True


@compiled(
    "void(int64, int64, int64[::1], int64[::1], int64[::1], int64[::1], uint16[::1], uint8[::1],"
    " int64, boolean, int64, int32[::1], int64[:, :, ::1], int64[:, :, ::1], int64[:, ::1],"
    " int64[:, :, ::1])"
)
def count_moves(
    first_group,
    last_group,
    group_offsets,
    customer_offsets,
    journey_offsets,
    time,
    codes,
    end_states,
    labels,
    collapse,
    settled_until,
    edge_of,
    edges,
    nodes,
    heaviest,
    gaps,
):
    """Count the moves of a range of groups.

    ``edges[group, edge, field]`` and ``nodes[group, node, field]`` receive EDGE_FIELDS and
    NODE_FIELDS; nodes are the labels, START, the three end states, and any end. Several keys may
    share a row: they are counted as one edge. A touchpoint is settled when
    its time (µs) is at most ``settled_until``; START always is. ``heaviest[group, node]`` receives
    the largest number of settled touchpoints of one customer. ``gaps[edge, bucket]`` receives,
    not by group, the number of gaps and the sum of their fractions of the bucket (see `gap_of`);
    without rows, none are kept.
    With ``collapse``, runs of one code are one node: its time is the last of the run for what
    follows, the first for what came before.
    """
    targets = uint64(labels + 3)
    any_end = uint64(labels + 4)
    keeps_gaps = len(gaps) > 0
    packed = np.zeros((len(gaps), BUCKETS), np.int64)
    waiting = 0
    # The counters of one row lie together, two in a word where they stay below 2^31 in a group:
    # an edge's are transitions and settled ones, customers and settled ones, journeys, and the last
    # journey that was counted; a node's are its sum of positions, customers, journeys, last
    # journey, the settled touchpoints of the last customer, and the most that one customer has.
    # Whether a customer is settled shows at the first touchpoint, as time goes on. Sums are taken
    # without branches, which real journeys would mispredict; unsigned numbers index without a look
    # at the sign. A gap's bucket and its fraction are the leading bits of its float; count and sum
    # of fractions share a word until one could overflow, as small tables stay in the cache.
    edge = np.zeros((edges.shape[1], 4), np.int64)
    node = np.zeros((labels + 5, 8), np.int64)
    for group in range(first_group, last_group):
        for table in (edge, node):
            for row in table:
                for field in range(len(row)):
                    row[field] = 0
                row[3] = -1
        for c in range(group_offsets[group], group_offsets[group + 1]):
            first = customer_offsets[c]
            for j in range(first, customer_offsets[c + 1]):
                i = uint64(journey_offsets[j])
                stop = uint64(journey_offsets[j + 1])
                source = uint64(labels)
                settled = int64(1)
                left_at = int64(0)
                position = int64(0)
                end = uint64(labels + int64(end_states[j]))
                while True:
                    _visit(node[source], position, settled, first, j)
                    ended = i == stop
                    target = end if ended else uint64(codes[i])
                    row = uint64(edge_of[source * targets + target])
                    e = edge[row]
                    e[0] += 1 + (settled << 32)
                    e[1] += (e[3] < first) * (1 + (settled << 32))
                    e[2] += e[3] != j
                    e[3] = j
                    if ended:
                        break
                    if keeps_gaps and position > 0:
                        bucket, fraction = _bucket(time[i] - left_at)
                        packed[row, uint64(bucket)] += (1 << _COUNT_AT) + fraction
                        waiting += 1
                        if waiting == _FULL:
                            _unpack(packed, gaps)
                            waiting = 0
                    if collapse:
                        while i + uint64(1) < stop and codes[i + uint64(1)] == target:
                            i += uint64(1)
                    source = target
                    left_at = time[i]
                    settled = int64(left_at <= settled_until)
                    position += 1
                    i += uint64(1)
                _visit(node[end + uint64(1)], int64(0), settled, first, j)
                _visit(node[any_end], int64(0), settled, first, j)
        for row in range(len(edge)):
            out = edges[group, row]
            out[0], out[3] = _halves(edge[row, 0])
            out[2], out[4] = _halves(edge[row, 1])
            out[1] = edge[row, 2]
        for row in range(len(node)):
            out = nodes[group, row]
            out[1], out[2] = _halves(node[row, 1])
            out[0] = node[row, 2]
            out[3] = node[row, 0]
            heaviest[group, row] = node[row, 5]
    _unpack(packed, gaps)
