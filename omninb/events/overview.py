"""The first look at a log: how much, whose, where, when, and how much of it is settled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from omninb.errors import duration
from omninb.events.clock import micros, zone
from omninb.events.repeats import codes, tied_rows

if TYPE_CHECKING:
    from omninb.events.log import EventLog

_COLUMNS = ("part", "name", "touchpoints", "share", "customers", "first", "last", "over_time")
_BARS = " ▁▂▃▄▅▆▇█"
_SPANS = 24

Numbers = npt.NDArray[np.int64]


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
    name = f"settled (exit_after={exit_after})"
    if not len(log) or log.observed_until is None:
        return _typed([], log)
    customers = pd.factorize(codes(log.table["customer_id"]))[0]
    touchpoints = _Touchpoints(customers, codes(log.table["timestamp"]))
    rows = [("log", "all", touchpoints, True)]
    settled = touchpoints.moments <= log.observed_until - wait
    rows.append(("log", name, touchpoints.where(settled), False))
    tied = tied_rows(customers, touchpoints.moments)
    rows.append(("log", "ties", touchpoints.where(tied), False))
    channels = log.table["channel"].unify_dictionaries()
    names, channel = channels.chunk(0).dictionary.to_pylist(), codes(channels)
    sizes = np.bincount(channel, minlength=len(names))
    order = np.argsort(channel, kind="stable") if len(names) > 1 else np.arange(len(channel))
    ends = np.cumsum(sizes)
    for code in sorted(range(len(names)), key=lambda code: (-sizes[code], names[code])):
        if sizes[code]:
            own = order[ends[code] - sizes[code] : ends[code]]
            rows.append(("channel", names[code], touchpoints.where(own), True))
    rows += _days(touchpoints, log)
    begin, end = int(touchpoints.moments.min()), int(touchpoints.moments.max())
    return _typed(
        [
            {"part": part, "name": label, **own.numbers(), "share": own.size / len(log)}
            | {"over_time": _bars(own.moments, begin, end) if drawn else ""}
            for part, label, own, drawn in rows
        ],
        log,
    )


@dataclass(frozen=True)
class _Touchpoints:
    """Customers as numbers from 0, and moments in µs UTC."""

    customers: Numbers
    moments: Numbers

    @property
    def size(self) -> int:
        return int(self.moments.size)

    def where(self, rows: np.ndarray) -> _Touchpoints:
        return _Touchpoints(self.customers[rows], self.moments[rows])

    def numbers(self) -> dict[str, object]:
        seen = int(np.count_nonzero(np.bincount(self.customers))) if self.size else 0
        first = pd.Timestamp(int(self.moments.min()), unit="us") if self.size else pd.NaT
        last = pd.Timestamp(int(self.moments.max()), unit="us") if self.size else pd.NaT
        return {"touchpoints": self.size, "customers": seen, "first": first, "last": last}


def _days(touchpoints: _Touchpoints, log: EventLog) -> list[tuple[str, str, _Touchpoints, bool]]:
    """First, last, busiest and quietest day, and how many days in between had nothing."""
    place = zone(log.timezone or "UTC")
    first, last = (
        pd.Timestamp(int(end), unit="us", tz="UTC").tz_convert(place).normalize()
        for end in (touchpoints.moments.min(), touchpoints.moments.max())
    )
    calendar = pd.date_range(first, last + pd.Timedelta("36h"), freq="D", normalize=True)
    midnights = np.array([micros(midnight) for midnight in calendar], np.int64)
    day = np.searchsorted(midnights, touchpoints.moments, side="right") - 1
    counts = np.bincount(day)
    filled = np.flatnonzero(counts)
    chosen = {
        "first": int(filled[0]),
        "last": int(filled[-1]),
        "busiest": int(filled[np.argmax(counts[filled])]),
        "quietest": int(filled[np.argmin(counts[filled])]),
    }
    rows = [
        ("day", f"{what}: {calendar[one].date()}", touchpoints.where(day == one), False)
        for what, one in chosen.items()
    ]
    absent = int(filled[-1] - filled[0]) + 1 - len(filled)
    nothing = touchpoints.where(np.empty(0, np.int64))
    return [*rows, ("day", f"without touchpoints: {absent}", nothing, False)]


def _bars(moments: Numbers, begin: int, end: int) -> str:
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
