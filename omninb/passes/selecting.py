"""Which journeys hold a touchpoint that fits, and laying chosen journeys side by side again."""

from __future__ import annotations

from omninb.passes.compiling import compiled


@compiled("void(int64[::1], boolean[::1], boolean[::1], int64, int64)")
def mark_touching(journey_offsets, fits, found, first, last):
    """Mark which of the journeys ``first`` to ``last`` have a touchpoint that fits."""
    for j in range(first, last):
        found[j] = False
        for i in range(journey_offsets[j], journey_offsets[j + 1]):
            if fits[i]:
                found[j] = True
                break


@compiled(
    "void(int64, int64, int64[::1], int64[::1], int64[::1], int64[::1], boolean[::1],"
    " int64[:, ::1])"
)
def count_chosen(
    first_group, last_group, group_offsets, customer_offsets, starts, stops, chosen, counts
):
    """Count by group the customers, the journeys and the touchpoints that are chosen."""
    for group in range(first_group, last_group):
        for c in range(group_offsets[group], group_offsets[group + 1]):
            before = counts[group, 1]
            for j in range(customer_offsets[c], customer_offsets[c + 1]):
                if chosen[j]:
                    counts[group, 1] += 1
                    counts[group, 2] += stops[j] - starts[j]
            counts[group, 0] += counts[group, 1] > before


@compiled(
    "void(int64, int64, int64[::1], int64[::1], int64[::1], int64[::1], boolean[::1],"
    " int64[:, ::1], uint8[::1], boolean[::1], int64[::1], int64[::1], int64[::1], uint8[::1],"
    " boolean[::1])"
)
def lay_chosen(
    first_group,
    last_group,
    group_offsets,
    customer_offsets,
    starts,
    stops,
    chosen,
    firsts,
    end_states,
    began_before,
    out_customers,
    out_starts,
    out_offsets,
    out_states,
    out_before,
):
    """List the chosen journeys of a range of groups, without customers who have none.

    ``firsts[group]`` are the first customer, journey and touchpoint of the group. ``out_starts``
    receives where each chosen journey begins among all touchpoints, ``out_offsets`` where among
    those of chosen ones.
    """
    for group in range(first_group, last_group):
        customer, journey, at = firsts[group]
        for c in range(group_offsets[group], group_offsets[group + 1]):
            before = journey
            for j in range(customer_offsets[c], customer_offsets[c + 1]):
                if chosen[j]:
                    out_starts[journey] = starts[j]
                    out_offsets[journey] = at
                    out_states[journey] = end_states[j]
                    out_before[journey] = began_before[j]
                    at += stops[j] - starts[j]
                    journey += 1
            if journey > before:
                out_customers[customer] = before
                customer += 1


@compiled(
    "void(int64[::1], int64[::1], int32[::1], int64[::1], int32[::1], int64[::1], int64, int64)"
)
def copy_journeys(starts, offsets, order, time, out_order, out_time, first, last):
    """Copy the touchpoints of journeys ``first`` to ``last``, which begin at ``starts``."""
    for j in range(first, last):
        away = starts[j] - offsets[j]
        for i in range(offsets[j], offsets[j + 1]):
            out_order[i] = order[i + away]
            out_time[i] = time[i + away]


@compiled("void(int64[::1], int64[::1], uint16[::1], uint16[::1], int64, int64)")
def copy_codes(starts, offsets, codes, out, first, last):
    """Copy the codes of the touchpoints of journeys ``first`` to ``last``."""
    for j in range(first, last):
        away = starts[j] - offsets[j]
        for i in range(offsets[j], offsets[j + 1]):
            out[i] = codes[i + away]
