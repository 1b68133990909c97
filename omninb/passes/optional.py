"""Optional steps of attempts that are found already."""

from __future__ import annotations

from omninb.passes.compiling import compiled


@compiled(
    "void(int64[::1], int64[::1], uint16[::1], int64, int64[::1], int64[::1], int32[::1],"
    " int32[:, ::1])"
)
def place_optional(unit_offsets, time, fits, within, after, places, units, reached):
    """Write the first touchpoint of each optional step behind its required step.

    It comes before the next required step; where that was not made, before the unit's next attempt;
    and within the window.

    Parameters
    ----------
    within : µs from step 1 to the last.
    after : for each optional step, the required step behind which it is looked for.
    places : the column of ``reached`` for each required step and then each optional one.
    units, reached : one row an attempt, those of a unit in the order of time.
    """
    required = len(places) - len(after)
    for a in range(len(units)):
        stop = unit_offsets[units[a] + 1]
        if a + 1 < len(units) and units[a + 1] == units[a]:
            stop = reached[a + 1, places[0]]
        deadline = time[reached[a, places[0]]] + within
        for o in range(len(after)):
            begin = reached[a, places[after[o]]]
            if begin < 0:
                continue
            following = reached[a, places[after[o] + 1]]
            limit = following if following >= 0 else stop
            for i in range(begin + 1, limit):
                if time[i] > deadline:
                    break
                if (fits[i] >> (required + o)) & 1:
                    reached[a, places[required + o]] = i
                    break
