"""Where an analysis begins to read a journey: at its first touchpoint, or at an anchor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from omninb.conditions import Condition, condition_words, matching
from omninb.errors import OmninbError
from omninb.journeys import Journeys
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
    way : int
        1 after, -1 before.
    words : str
        The anchor's condition; empty without an anchor.
    """

    anchors: np.ndarray
    way: int
    words: str = ""

    @classmethod
    def of(
        cls, journeys: Journeys, anchor: Condition | Sequence[Condition] | None, direction: str
    ) -> Reading:
        """Read journeys from an anchor, refused where the arguments do not fit each other.

        Of a log that is shared, none are read where too few customers have the anchor.
        """
        if direction not in ("after", "before"):
            raise OmninbError(f"direction={direction!r}: 'after' or 'before' the anchor.")
        if anchor is None:
            if direction == "before":
                raise OmninbError("direction='before' needs an anchor=, such as anchor='purchase'.")
            return cls(np.empty(0, np.int64), 1)
        anchors = np.empty(len(journeys), np.int64)
        first_matches(
            journeys.journey_offsets, matching(journeys.columns, anchor, "anchor"), anchors
        )
        reading = cls(anchors, 1 if direction == "after" else -1, condition_words(anchor))
        fewest = journeys.min_customers or 0
        if fewest and 0 < np.count_nonzero(reading.per_customer(journeys)) < fewest:
            warn_of_few(fewest, f"Journeys with {reading.words}")
            anchors[:] = -1
        return reading

    @property
    def anchored(self) -> bool:
        """Whether there is an anchor."""
        return len(self.anchors) > 0

    def read(self, journeys: Journeys) -> tuple[np.ndarray, np.ndarray]:
        """Journeys and customers by group (shape (64,)): all, or those with the anchor."""
        bounds = journeys.group_offsets
        if not self.anchored:
            return np.diff(journeys.customer_offsets[bounds]), np.diff(bounds)
        per_customer = self.per_customer(journeys)
        before = np.concatenate(([0], np.cumsum(per_customer)))
        present = np.concatenate(([0], np.cumsum(per_customer > 0)))
        return np.diff(before[bounds]), np.diff(present[bounds])

    def per_customer(self, journeys: Journeys) -> np.ndarray:
        """Journeys read of each customer."""
        if not self.anchored:
            return np.diff(journeys.customer_offsets)
        read = np.concatenate(([0], np.cumsum(self.anchors >= 0)))
        return np.diff(read[journeys.customer_offsets])


def positive(value: object, argument: str, most: int) -> int:
    """A whole number from 1 to ``most``, or an error."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 1 <= value <= most:
        raise OmninbError(f"{argument}={value!r}: a whole number from 1 to {most:,}.")
    return int(value)
