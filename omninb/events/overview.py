"""The first look at a log: how much, whose, where, when, and how much of it is settled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from omninb.errors import duration
from omninb.events.clock import micros, zone
from omninb.events.repeats import codes, tied_rows

if TYPE_CHECKING:
    from omninb.events.log import EventLog

_COLUMNS = ("part", "name", "touchpoints", "share", "customers", "first", "last", "over_time")
_BARS = " ▁▂▃▄▅▆▇█"
_SPANS = 24

Numbers = npt.NDArray[np.int32]
Micros = npt.NDArray[np.int64]


def overview(log: EventLog, exit_after: str = "30d") -> pd.DataFrame:
    """What a log holds, in one table.

    Parameters
    ----------
    log : EventLog
        The log.
    exit_after : str, default "30d"
        How long a customer must stay away before leaving is known.

    Returns
    -------
    DataFrame
        ``part`` and ``name`` say what a row is about:

        - log: all; settled (touchpoints at least `exit_after` before `observed_until`); ties (same
          customer, same time);
        - channel: each, the largest first;
        - day: the first, last, busiest and quietest one (of days with touchpoints, in the log's
          time zone), and how many days between them had none (``touchpoints`` 0).

        ``touchpoints``; ``share`` of all touchpoints; ``customers``, distinct, so channels overlap;
        ``first`` and ``last`` timestamp in the log's time zone; ``over_time``: 24 equal spans of
        the log's time as bars, each row against its own busiest span.
    """
    wait = duration(exit_after, "exit_after")
    if not len(log) or log.observed_until is None:
        return _typed([], log)
    touchpoints = _Touchpoints(_numbered(log.table["customer_id"]), codes(log.table["timestamp"]))
    settled = touchpoints.moments <= log.observed_until - wait
    tied = tied_rows(touchpoints.customers, touchpoints.moments)
    whole = [
        ("log", "all", touchpoints),
        ("log", f"settled (exit_after={exit_after})", touchpoints.where(settled)),
        ("log", "ties", touchpoints.where(tied)),
    ]
    begin, end = int(touchpoints.moments.min()), int(touchpoints.moments.max())
    rows = []
    for part, name, own in chain(whole, _channels(touchpoints, log), _days(touchpoints, log)):
        drawn = part == "channel" or own is touchpoints
        rows.append(
            {"part": part, "name": name, **own.numbers(), "share": own.size / len(log)}
            | {"over_time": _bars(own.moments, begin, end) if drawn else ""}
        )
    return _typed(rows, log)


def _numbered(ids: pa.ChunkedArray) -> Numbers:
    """Each customer's number, from 0."""
    if not pa.types.is_dictionary(ids.type):
        return ids.dictionary_encode().combine_chunks().indices.to_numpy()
    together = ids.combine_chunks()
    words = together.dictionary.dictionary_encode()  # a dictionary may hold the same text twice
    return words.indices.to_numpy()[together.indices.to_numpy()]


@dataclass(frozen=True)
class _Touchpoints:
    """Customers as numbers from 0, and moments in µs UTC."""

    customers: Numbers
    moments: Micros

    @property
    def size(self) -> int:
        return int(self.moments.size)

    def where(self, rows: np.ndarray) -> _Touchpoints:
        return _Touchpoints(self.customers[rows], self.moments[rows])

    def numbers(self) -> dict[str, object]:
        seen = np.zeros(self.customers.max(initial=-1) + 1, bool)
        seen[self.customers] = True
        first = pd.Timestamp(int(self.moments.min()), unit="us") if self.size else pd.NaT
        last = pd.Timestamp(int(self.moments.max()), unit="us") if self.size else pd.NaT
        return {
            "touchpoints": self.size,
            "customers": int(seen.sum()),
            "first": first,
            "last": last,
        }


_Part = tuple[str, str, _Touchpoints]


def _channels(touchpoints: _Touchpoints, log: EventLog) -> Iterator[_Part]:
    """Each channel that occurs, the largest first; one at a time, as each takes memory."""
    column = log.table["channel"].combine_chunks()
    names = column.dictionary.to_pylist()
    # Numbers of few bits are sorted by counting them.
    channel = column.indices.to_numpy().astype(np.min_scalar_type(len(names)))
    sizes = np.bincount(channel, minlength=len(names))
    order = np.argsort(channel, kind="stable")
    ends = np.cumsum(sizes)
    for code in sorted(np.flatnonzero(sizes), key=lambda code: (-sizes[code], names[code])):
        own = order[ends[code] - sizes[code] : ends[code]]
        yield "channel", names[code], touchpoints.where(own)


def _days(touchpoints: _Touchpoints, log: EventLog) -> Iterator[_Part]:
    """First, last, busiest and quietest day, and how many days in between had nothing."""
    place = zone(log.timezone or "UTC")
    first, last = (
        pd.Timestamp(int(end), unit="us", tz="UTC").tz_convert(place).normalize()
        for end in (touchpoints.moments.min(), touchpoints.moments.max())
    )
    calendar = pd.date_range(first, last + pd.Timedelta("36h"), freq="D", normalize=True)
    midnights = np.array([micros(midnight) for midnight in calendar], np.int64)
    counts = np.diff(np.searchsorted(np.sort(touchpoints.moments), midnights))
    filled = np.flatnonzero(counts)
    chosen = {
        "first": int(filled[0]),
        "last": int(filled[-1]),
        "busiest": int(filled[np.argmax(counts[filled])]),
        "quietest": int(filled[np.argmin(counts[filled])]),
    }
    for what, one in chosen.items():
        begun = touchpoints.moments >= midnights[one]
        own = touchpoints.where(begun & (touchpoints.moments < midnights[one + 1]))
        yield "day", f"{what}: {calendar[one].date()}", own
    absent = int(filled[-1] - filled[0]) + 1 - len(filled)
    yield "day", f"without touchpoints: {absent}", touchpoints.where(np.empty(0, np.int64))


def _bars(moments: Micros, begin: int, end: int) -> str:
    """Counts of the 24 spans as block letters; an empty span is a space."""
    width = -(-(end - begin + 1) // _SPANS)
    counts = np.bincount((moments - begin) // width, minlength=_SPANS)
    heights = -(-counts * (len(_BARS) - 1) // counts.max())
    return "".join(_BARS[height] for height in heights)


def _typed(rows: list[dict[str, object]], log: EventLog) -> pd.DataFrame:
    """The same column types for a full and an empty log."""
    table = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(
        {
            "part": "str",
            "name": "str",
            "touchpoints": "int64",
            "share": "float64",
            "customers": "int64",
            "over_time": "str",
        }
    )
    for end in ("first", "last"):
        moment = pd.to_datetime(table[end], utc=True).astype("datetime64[us, UTC]")
        table[end] = moment.dt.tz_convert(log.timezone or "UTC")
    return table
