"""Cutting customers' touchpoints into journeys."""

from __future__ import annotations

from omninb.passes.compiling import compiled

OPEN, CONVERTED, EXIT = 0, 1, 2


@compiled(
    "void(int64, int64, int64[::1], int64[::1], int64[::1], uint8[::1], int32[::1], int64, int64,"
    " boolean[::1], uint8[::1])"
)
def cut_journeys(
    first_group,
    last_group,
    group_offsets,
    customer_offsets,
    time,
    goals,
    orders,
    gap,
    horizon,
    begins,
    state,
):
    """Mark where journeys begin, and the end state at each journey's last touchpoint.

    ``goals``: 0, or the end state (1 converted, 2 exit) that a touchpoint brings; empty: none do.
    ``orders``: codes of the order id (0: none); empty: not known. ``gap``: a longer one (µs) starts
    a new journey. A journey whose last touchpoint is later than ``horizon`` (µs) is open.
    """
    cuts = len(goals) > 0
    has_orders = len(orders) > 0
    for c in range(group_offsets[first_group], group_offsets[last_group]):
        start = customer_offsets[c]
        stop = customer_offsets[c + 1]
        reached = 0
        goal_at = start
        for i in range(start, stop):
            new = i == start or time[i] - time[i - 1] > gap
            if reached and not new:
                belongs = goals[i] == reached and (
                    time[i] == time[goal_at]
                    or (has_orders and orders[i] != 0 and orders[i] == orders[goal_at])
                )
                new = not belongs
            if new:
                begins[i] = True
                reached = 0
            if cuts and reached == 0 and goals[i] != 0:
                reached = goals[i]
                goal_at = i
            if reached:
                state[i] = reached
            elif time[i] > horizon:
                state[i] = OPEN
            else:
                state[i] = EXIT


@compiled(
    "void(int64, int64, int64[::1], int64[::1], boolean[::1], uint8[::1], int64[::1], int64[::1],"
    " int64[::1], uint8[::1])"
)
def list_journeys(
    first_group,
    last_group,
    group_offsets,
    customer_offsets,
    begins,
    state,
    first_journey,
    journeys_of_customer,
    journey_offsets,
    end_states,
):
    """List the journeys of a range of groups from the marks of :func:`cut_journeys`.

    ``first_journey[g]`` is the number of group g's first journey; ``journeys_of_customer[c]``
    receives the number of customer c's first journey.
    """
    for g in range(first_group, last_group):
        journey = first_journey[g]
        for c in range(group_offsets[g], group_offsets[g + 1]):
            journeys_of_customer[c] = journey
            for i in range(customer_offsets[c], customer_offsets[c + 1]):
                if begins[i]:
                    journey_offsets[journey] = i
                    journey += 1
                end_states[journey - 1] = state[i]


@compiled("void(int64[::1], int64[::1], int64[::1], int64, int64[::1])")
def cut_lookback(starts, stops, time, lookback, kept_from):
    """Where each journey begins when only ``lookback`` µs before its last touchpoint are kept."""
    for j in range(len(starts)):
        i = starts[j]
        earliest = time[stops[j] - 1] - lookback
        while time[i] < earliest:
            i += 1
        kept_from[j] = i


@compiled("void(int64[::1], int64[::1], boolean[::1], int64[::1], int64[::1], int64, int64)")
def first_matches(
    customer_offsets, journey_offsets, matches, found, found_of_customer, first, last
):
    """The position of each journey's first matching touchpoint, or -1; and how many have one.

    Of the customers ``first`` to ``last``.
    """
    for c in range(first, last):
        found_of_customer[c] = 0
        for j in range(customer_offsets[c], customer_offsets[c + 1]):
            found[j] = -1
            for i in range(journey_offsets[j], journey_offsets[j + 1]):
                if matches[i]:
                    found[j] = i
                    found_of_customer[c] += 1
                    break
