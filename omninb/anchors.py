"""Where an analysis begins to read a journey: at its first touchpoint, or at an anchor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from omninb.conditions import Condition, condition_words, matching
from omninb.errors import OmninbError
from omninb.journeys import Journeys, given_journeys
from omninb.passes.compiling import each, shares
from omninb.passes.cutting import first_matches
from omninb.selecting import warn_of_few


@dataclass(frozen=True)
class Reading:
    """How journeys are read.

    Attributes
    ----------
    anchors : numpy.ndarray, int64
        Position of each journey's first fitting touchpoint, -1 where it has none; empty when
        journeys are read from their ends.
    per_customer : numpy.ndarray, int64
        Journeys read of each customer.
    way : int
        1 after, -1 before.
    words : str
        The anchor's condition; empty without an anchor.
    """

    anchors: np.ndarray
    per_customer: np.ndarray
    way: int
    words: str = ""

    @classmethod
    def of(
        cls, journeys: Journeys, anchor: Condition | Sequence[Condition] | None, direction: str
    ) -> Reading:
        """Read journeys from an anchor, refused where the arguments do not fit each other.

        Of a log that is shared, none are read where too few customers have the anchor.
        """
        given_journeys(journeys)
        if direction not in ("after", "before"):
            raise OmninbError(f"direction={direction!r}: 'after' or 'before' the anchor.")
        if anchor is None:
            if direction == "before":
                raise OmninbError("direction='before' needs an anchor=, such as anchor='purchase'.")
            return cls(np.empty(0, np.int64), np.diff(journeys.customer_offsets), 1)
        anchors, per_customer = (np.empty(n, np.int64) for n in (len(journeys), journeys.customers))
        fits = matching(journeys.columns, anchor, "anchor")
        given = (journeys.customer_offsets, journeys.journey_offsets, fits, anchors, per_customer)
        each(first_matches, [(*given, *part) for part in shares(journeys.customers)])
        words, fewest = condition_words(anchor), journeys.min_customers or 0
        if fewest and 0 < np.count_nonzero(per_customer) < fewest:
            warn_of_few(fewest, f"Journeys with {words}")
            anchors[:], per_customer[:] = -1, 0
        return cls(anchors, per_customer, 1 if direction == "after" else -1, words)

    @property
    def anchored(self) -> bool:
        """Whether there is an anchor."""
        return bool(self.words)

    def read(self, journeys: Journeys) -> tuple[np.ndarray, np.ndarray]:
        """Journeys and customers by group (shape (64,)): all, or those with the anchor."""
        groups = np.split(self.per_customer, journeys.group_offsets[1:-1])
        return (
            np.array([group.sum() for group in groups], np.int64),
            np.array([np.count_nonzero(group) for group in groups], np.int64),
        )


def positive(value: object, argument: str, most: int) -> int:
    """A whole number from 1 to ``most``, or an error."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 1 <= value <= most:
        raise OmninbError(f"{argument}={value!r}: a whole number from 1 to {most:,}.")
    return int(value)
