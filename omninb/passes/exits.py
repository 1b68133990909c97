"""Settled touchpoints and exits by kind and position in the journey."""

from __future__ import annotations

import numpy as np

from omninb.passes.compiling import compiled

POSITIONS = 21  # 1 to 20, and all later ones
_EXIT = 2


@compiled(
    "void(int64, int64, int64[::1], int64[::1], int64[::1], int64[::1], uint16[::1], uint8[::1],"
    " boolean[::1], int64, int64[:, :, :, ::1], int64[:, :, ::1])"
)
def count_exits(
    first_group,
    last_group,
    group_offsets,
    customer_offsets,
    journey_offsets,
    time,
    codes,
    end_states,
    converts,
    settled_until,
    positions,
    kinds,
):
    """Count the settled touchpoints of a range of groups.

    ``converts`` marks touchpoints that convert; it is empty where none does. ``positions[group,
    code, position]`` receives settled touchpoints, exits and conversions; ``kinds[group, code]``
    distinct customers with a settled touchpoint, with an exit, and the most settled touchpoints of
    one customer.
    """
    labels = kinds.shape[1]
    last_customer = np.full(labels, -1, np.int64)
    last_exit = np.full(labels, -1, np.int64)
    own = np.zeros(labels, np.int64)
    for group in range(first_group, last_group):
        for c in range(group_offsets[group], group_offsets[group + 1]):
            for j in range(customer_offsets[c], customer_offsets[c + 1]):
                start = journey_offsets[j]
                stop = journey_offsets[j + 1]
                for i in range(start, stop):
                    if time[i] > settled_until:
                        break
                    code = codes[i]
                    cell = positions[group, code, min(i - start, POSITIONS - 1)]
                    kind = kinds[group, code]
                    cell[0] += 1
                    cell[2] += len(converts) > 0 and converts[i]
                    if last_customer[code] != c:
                        last_customer[code] = c
                        kind[0] += 1
                        own[code] = 0
                    own[code] += 1
                    kind[2] = max(kind[2], own[code])
                    if i == stop - 1 and end_states[j] == _EXIT:
                        cell[1] += 1
                        if last_exit[code] != c:
                            last_exit[code] = c
                            kind[1] += 1
