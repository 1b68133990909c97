"""Moves between neighbouring touchpoints: counts by group, and histograms of the gaps.

Nodes are codes: 0 … n-1 the labels, n = START as a source; n, n+1, n+2 = open, converted and exit
as targets. An edge's key is ``source * (n + 3) + target``; ``edge_of`` maps keys to rows.
"""

from __future__ import annotations

import numpy as np
from numba import int64

from omninb.passes.compiling import compiled, inlined

EDGE_FIELDS = ("transitions", "journeys", "customers", "settled_transitions", "settled_customers")
NODE_FIELDS = ("touchpoints", "journeys", "customers", "settled", "settled_customers", "position_sum")
BUCKETS = 2944  # 64 exact, then 64 an octave up to 2^51 µs (71 years)


@inlined
def _bucket(gap):
    if gap < 64:
        return gap
    return min((np.float64(gap).view(np.int64) >> 46) - 1028 * 64, BUCKETS - 1)


@inlined
def _floor(bucket):
    octave = max((bucket >> 6) - 1, 0)
    return (bucket - 64 * octave) << octave


@inlined
def _visit(node, heaviest, group, at, journey, customer, settled):
    again = node[at, 8] == customer
    run = (node[at, 9] if again else 0) + settled
    node[at, 0] += 1
    node[at, 1] += node[at, 6] != journey
    node[at, 2] += node[at, 7] != customer
    node[at, 3] += settled
    node[at, 4] += settled & (not again)
    node[at, 6] = journey
    node[at, 7] = customer
    node[at, 8] = customer if settled else node[at, 8]
    node[at, 9] = run if settled else node[at, 9]
    heaviest[group, at] = max(heaviest[group, at], run)


def bucket_floor(bucket: np.ndarray) -> np.ndarray:
    """The smallest gap (µs) of each bucket: the gaps in it lie within 1/64 above."""
    octave = np.maximum(bucket // 64 - 1, 0)
    return (bucket - 64 * octave) << octave


@compiled(
    "void(int64, int64, int64[::1], int64[::1], int64[::1], uint16[::1], uint8[::1], int64,"
    " boolean, boolean[::1])"
)
def mark_edges(
    first_group, last_group, group_offsets, customer_offsets, journey_offsets, codes, end_states,
    labels, collapse, seen,
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
    " int64[:, ::1], int64[:, ::1])"
)
def count_moves(
    first_group, last_group, group_offsets, customer_offsets, journey_offsets, time, codes,
    end_states, labels, collapse, settled_until, edge_of, edges, nodes, heaviest, gap_counts,
    gap_rests,
):
    """Count the moves of a range of groups.

    ``edges[group, edge, field]`` and ``nodes[group, node, field]`` receive EDGE_FIELDS and
    NODE_FIELDS; nodes are the labels, START, the three end states, and any end. Several keys may
    share a row: they are counted as one edge. A touchpoint is settled when
    its time (µs) is at most ``settled_until``; START always is. ``heaviest[group, node]`` receives
    the largest number of settled touchpoints of one customer. ``gap_counts[edge, bucket]`` and
    ``gap_rests`` (sum of gap - bucket floor, µs) are not by group; without rows, gaps are not kept.
    With ``collapse``, runs of one code are one node: its time is the last of the run for what
    follows, the first for what came before.
    """
    targets = labels + 3
    start = labels
    gaps = len(gap_counts) > 0
    # the counters of one row lie together: the fields, then the last journey and customers counted;
    # sums are taken without branches, which real journeys would mispredict
    edge = np.zeros((edges.shape[1], 8), np.int64)
    node = np.zeros((labels + 5, 10), np.int64)
    edge[:, 5:] = -1
    node[:, 6:] = -1
    for group in range(first_group, last_group):
        edge[:, :5] = 0
        node[:, :6] = 0
        for c in range(group_offsets[group], group_offsets[group + 1]):
            for j in range(customer_offsets[c], customer_offsets[c + 1]):
                stop = journey_offsets[j + 1]
                i = journey_offsets[j]
                source = start
                settled = int64(1)
                left_at = int64(0)
                position = 0
                while True:
                    _visit(node, heaviest, group, source, j, c, settled)
                    node[source, 5] += position
                    ended = i == stop
                    target = labels + int64(end_states[j]) if ended else int64(codes[i])
                    row = edge_of[source * targets + target]
                    edge[row, 0] += 1
                    edge[row, 1] += edge[row, 5] != j
                    edge[row, 2] += edge[row, 6] != c
                    edge[row, 3] += settled
                    edge[row, 4] += settled & (edge[row, 7] != c)
                    edge[row, 5] = j
                    edge[row, 6] = c
                    edge[row, 7] = c if settled else edge[row, 7]
                    if ended:
                        _visit(node, heaviest, group, target + 1, j, c, settled)
                        _visit(node, heaviest, group, labels + 4, j, c, settled)
                        break
                    if gaps and source != start:
                        gap = time[i] - left_at
                        bucket = _bucket(gap)
                        gap_counts[row, bucket] += 1
                        gap_rests[row, bucket] += gap - _floor(bucket)
                    if collapse:
                        while i + 1 < stop and codes[i + 1] == target:
                            i += 1
                    source = target
                    left_at = time[i]
                    settled = int64(left_at <= settled_until)
                    position += 1
                    i += 1
        for row in range(len(edge)):
            edges[group, row] = edge[row, :5]
        for row in range(len(node)):
            nodes[group, row] = node[row, :6]
