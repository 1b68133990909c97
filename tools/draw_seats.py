"""Prints which of the known seats are drawn again, for ``omninb/workshop/case.py``."""

from __future__ import annotations

from omninb.events import read_events
from omninb.workshop.case import KNOWN
from omninb.workshop.detection import untold
from omninb.workshop.planting import planted_rows
from omninb.workshop.story import story_of


def accepted(seat: int) -> int:
    """The first draw of a seat in which the analyses find every story."""
    attempt = 0
    while True:
        story = story_of(seat, attempt)
        if not untold(read_events(planted_rows(story), currency="EUR"), story):
            return attempt
        attempt += 1


if __name__ == "__main__":
    print({seat: attempt for seat in KNOWN if (attempt := accepted(seat))})
