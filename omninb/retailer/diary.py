"""When customers are free: no journey is put closer than a rest to another."""

from __future__ import annotations

import numpy as np

from omninb.retailer.people import Plans
from omninb.retailer.shop import DAY, DAYS, REST
from omninb.retailer.walk import Touchpoints

_FAR = 4 * DAYS * DAY


def ends(plan: Plans, walked: Touchpoints) -> np.ndarray:
    """The second of each journey's last touchpoint."""
    last = np.zeros(len(plan.start), np.int64)
    np.maximum.at(last, walked.journey, walked.time)
    return last


class Diary:
    """The journeys of all customers, to be asked whether a customer is free at a time."""

    def __init__(self, plan: Plans, walked: Touchpoints) -> None:
        order = np.lexsort((plan.start, plan.person))
        self._starts = plan.person[order] * _FAR + plan.start[order]
        self._ends = plan.person[order] * _FAR + ends(plan, walked)[order]

    def free(self, person: np.ndarray, time: np.ndarray, ahead: int = REST) -> np.ndarray:
        """Whether a customer has rested since the last journey, with none to come for so long."""
        at = person * _FAR + time
        following = np.searchsorted(self._starts, at)
        starts, finished = np.append(self._starts, np.inf), np.append(-np.inf, self._ends)
        # Another customer's journeys are further off than any two seconds of one.
        return (starts[following] >= at + ahead) & (finished[following] + REST <= at)
