"""Moves between neighbouring touchpoints: counts by group, and histograms of the gaps.

Nodes are codes: 0 … n-1 the labels, n = START as a source; n, n+1, n+2 = open, converted and exit
as targets. An edge's key is ``source * (n + 3) + target``; ``edge_of`` maps keys to rows.
"""

from __future__ import annotations

import numpy as np
from numba import int64, uint64

from omninb.passes.compiling import compiled, inlined

EDGE_FIELDS = ("transitions", "journeys", "customers", "settled_transitions", "settled_customers")
NODE_FIELDS = ("journeys", "customers", "settled_customers", "position_sum")
BUCKETS = 2944  # 64 exact, then 64 an octave up to 2^51 µs (71 years)


@inlined
def _bucket(gap):
    if gap < 64:
        return gap
    return min((np.float64(gap).view(np.int64) >> 46) - 1028 * 64, BUCKETS - 1)


@inlined
def _settle(node, most, own, at):
    """Book one customer's settled touchpoints at a node, and begin anew."""
    settled = own[at]
    node[at, 2] += settled > 0
    most[at] = max(most[at], settled)
    own[at] = 0


def bucket_floor(bucket: np.ndarray) -> np.ndarray:
    """The smallest gap (µs) of each bucket: the gaps in it lie within 1/64 above."""
    octave = np.maximum(bucket // 64 - 1, 0)
    return (bucket - 64 * octave) << octave


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
    not by group, the number of gaps and the sum of gap - bucket floor (µs); without rows, none are
    kept.
    With ``collapse``, runs of one code are one node: its time is the last of the run for what
    follows, the first for what came before.
    """
    targets = uint64(labels + 3)
    any_end = labels + 4
    keeps_gaps = len(gaps) > 0
    # The counters of one row lie together: the fields, then the last journey and customers counted.
    # Sums are taken without branches, which real journeys would mispredict; unsigned numbers index
    # without a look at the sign.
    edge = np.zeros((edges.shape[1], 8), np.int64)
    node = np.zeros((labels + 5, 6), np.int64)
    edge[:, 5:] = -1
    node[:, 4:] = -1
    own = np.zeros(labels + 5, np.int64)
    for group in range(first_group, last_group):
        edge[:, :5] = 0
        node[:, :4] = 0
        most = heaviest[group]
        for c in range(group_offsets[group], group_offsets[group + 1]):
            for j in range(customer_offsets[c], customer_offsets[c + 1]):
                i = uint64(journey_offsets[j])
                stop = uint64(journey_offsets[j + 1])
                source = uint64(labels)
                settled = int64(1)
                left_at = int64(0)
                position = int64(0)
                while True:
                    v = node[source]
                    v[0] += v[4] != j
                    v[1] += v[5] != c
                    v[3] += position
                    v[4] = j
                    v[5] = c
                    own[source] += settled
                    ended = i == stop
                    target = uint64(labels + int64(end_states[j])) if ended else uint64(codes[i])
                    row = uint64(edge_of[source * targets + target])
                    e = edge[row]
                    e[0] += 1
                    e[1] += e[5] != j
                    e[2] += e[6] != c
                    e[3] += settled
                    e[4] += settled & (e[7] != c)
                    e[5] = j
                    e[6] = c
                    e[7] = c if settled else e[7]
                    if ended:
                        break
                    if keeps_gaps and position > 0:
                        gap = time[i] - left_at
                        bucket = _bucket(gap)
                        octave = max((bucket >> 6) - 1, 0)
                        kept = gaps[row, uint64(bucket)]
                        kept[0] += 1
                        kept[1] += gap - ((bucket - (octave << 6)) << octave)
                    if collapse:
                        while i + uint64(1) < stop and codes[i + uint64(1)] == target:
                            i += uint64(1)
                    source = target
                    left_at = time[i]
                    settled = int64(left_at <= settled_until)
                    position += 1
                    i += uint64(1)
                for end in (labels + 1 + int64(end_states[j]), any_end):
                    node[end, 0] += 1
                    node[end, 1] += node[end, 5] != c
                    node[end, 5] = c
                    own[end] += settled
            first = journey_offsets[customer_offsets[c]]
            for i in range(first, journey_offsets[customer_offsets[c + 1]]):
                _settle(node, most, own, uint64(codes[i]))
            for special in range(labels, labels + 5):
                _settle(node, most, own, uint64(special))
        for row in range(len(edge)):
            edges[group, row] = edge[row, :5]
        for row in range(len(node)):
            nodes[group, row] = node[row, :4]
