"""The log of a seat, in which every story can be found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from numbers import Integral

from omninb.errors import OmninbError
from omninb.events import EventLog, read_events
from omninb.workshop.planting import planted_rows
from omninb.workshop.story import Story, story_of

_ATTEMPTS = 1_000

# To ask the analyses takes most of a seat's start, and all of their compiling. So the draws of the
# first seats are known: `python tools/draw_seats.py` asks again, and `make course` does so too.
KNOWN = range(100)
# Of these, seats whose first draw was not clear, with the accepted one.
REDRAWN = {
    0: 6, 1: 2, 2: 4, 4: 3, 8: 1, 9: 1, 11: 1, 16: 1, 18: 1, 21: 2, 23: 1, 26: 1, 27: 1,
    30: 5, 31: 4, 32: 2, 34: 3, 35: 3, 36: 2, 40: 1, 41: 4, 42: 2, 43: 3, 44: 3, 46: 2,
    47: 2, 48: 1, 49: 2, 51: 2, 54: 5, 58: 6, 62: 1, 64: 2, 70: 1, 71: 4, 72: 7, 76: 3,
    79: 2, 81: 5, 84: 3, 85: 4, 87: 1, 91: 2, 92: 2, 93: 1, 95: 1, 97: 1, 98: 5, 99: 1,
}  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Case(EventLog):
    """A log that knows whose it is.

    Attributes
    ----------
    seat : int
        The number of the seat.
    """

    seat: int = 7


def workshop_case(seat: int = 7) -> Case:
    """The log of a seat in the workshop: a simulated retailer of its own.

    Where customers are lost, which channel ends most journeys, what is wrong with the test and how
    long the log is differ from seat to seat, and come from the seat's number alone. A draw whose
    stories the analyses of the workshop would not find is drawn again. Who reads the source finds
    the truth: this is no examination.

    Parameters
    ----------
    seat : int
        From 0 to 9,999.

    Returns
    -------
    Case
        An event log of about 6,500 customers from 1 January 2025 to a day in autumn, with the
        columns of ``data/README.md``, and the ``seat``. The same log again within a process.

    Raises
    ------
    OmninbError
        If the seat is no whole number from 0 to 9,999.

    Examples
    --------
    >>> log = workshop_case(seat=7)
    >>> log is workshop_case(seat=7), log.seat, log.roles["variant"]
    (True, 7, 'variant')
    """
    checked_seat(seat)
    return drawn(int(seat))[0]


def checked_seat(seat: object) -> None:
    """Refuse what is no seat.

    Raises
    ------
    OmninbError
        If it is no whole number from 0 to 9,999.
    """
    if isinstance(seat, bool) or not isinstance(seat, Integral) or not 0 <= int(seat) < 10_000:
        raise OmninbError(f"seat={seat!r}: give the number of your seat, from 0 to 9999.")


@lru_cache(maxsize=2)
def drawn(seat: int) -> tuple[Case, Story]:
    """The first draw in which every story can be found, and what was planted in it."""
    first = REDRAWN.get(seat, 0)
    for attempt in range(first, _ATTEMPTS):
        story = story_of(seat, attempt)
        log = read_events(planted_rows(story), currency="EUR")
        if seat in KNOWN or _told(log, story):
            return Case(**vars(log), seat=seat), story
    raise OmninbError(f"seat={seat}: no case can be drawn. Take another seat.")


def _told(log: EventLog, story: Story) -> bool:
    from omninb.workshop.detection import untold

    return not untold(log, story)
