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
from omninb.events.profile_pooling import people_in
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

        Of a log read with ``min_customers=N`` rows of fewer than N customers are left out, with
        others that would give them away; days are chosen among those with N customers, and so are
        ``first`` and ``last`` of a row, dates without a time; so are the spans of ``over_time``.
    """
    wait = duration(exit_after, "exit_after")
    if not len(log) or log.observed_until is None:
        return _typed([], log)
    touchpoints = _Touchpoints(numbered(log.table["customer_id"]), codes(log.table["timestamp"]))
    begin, end = int(touchpoints.moments.min()), int(touchpoints.moments.max())
    days = _Days.of(begin, end, log)
    settled = touchpoints.moments <= log.observed_until - wait
    tied = tied_rows(touchpoints.customers, touchpoints.moments)
    whole = [
        ("log", name, touchpoints.where(chosen))
        for name, chosen in ((f"settled (exit_after={exit_after})", settled), ("ties", tied))
        if not (days.few(touchpoints.where(chosen)) or days.few(touchpoints.where(~chosen)))
    ]
    rows = []
    for part, name, own in chain(
        [("log", "all", touchpoints)], whole, _channels(touchpoints, log, days.fewest),
        days.chosen(touchpoints),
    ):  # fmt: skip
        drawn = part == "channel" or own is touchpoints
        rows.append(
            {"part": part, "name": name, **own.numbers(), "share": own.size / len(log)}
            | (days.ends(own, part, name) if days.fewest else {})
            | {"over_time": _bars(own, begin, end, days.fewest) if drawn else ""}
        )
    return _typed(rows, log)


def numbered(ids: pa.ChunkedArray) -> Numbers:
    """Each customer's number, from 0."""
    if not pa.types.is_dictionary(ids.type):
        return ids.dictionary_encode().combine_chunks().indices.to_numpy()
    together = ids.combine_chunks()
    words = together.dictionary.dictionary_encode()  # a dictionary may hold the same text twice
    return words.indices.to_numpy()[together.indices.to_numpy()]


_Part = tuple[str, str, "_Touchpoints"]


@dataclass(frozen=True)
class _Days:
    """The days of a log in its zone, and how many customers it takes to be told; 0: all are."""

    calendar: pd.DatetimeIndex
    midnights: Micros
    fewest: int

    @classmethod
    def of(cls, begin: int, end: int, log: EventLog) -> _Days:
        place = zone(log.timezone or "UTC")
        first, last = (
            pd.Timestamp(moment, unit="us", tz="UTC").tz_convert(place).normalize()
            for moment in (begin, end)
        )
        calendar = pd.date_range(first, last + pd.Timedelta("36h"), freq="D", normalize=True)
        midnights = np.array([micros(midnight) for midnight in calendar], np.int64)
        return cls(calendar, midnights, log.min_customers or 0)

    def few(self, own: _Touchpoints) -> bool:
        return 0 < own.people < self.fewest

    def told(self, own: _Touchpoints) -> np.ndarray:
        """Days on which so many customers were seen."""
        at = np.searchsorted(self.midnights, own.moments, side="right") - 1
        if not self.fewest:
            return np.flatnonzero(np.bincount(at, minlength=len(self.midnights)))
        return np.flatnonzero(own.people_in(at, len(self.midnights)) >= self.fewest)

    def ends(self, own: _Touchpoints, part: str, name: str) -> dict[str, object]:
        """The first and last day that may be told; none of names that were pooled."""
        if part == "channel" and name.startswith("(fewer than "):
            return {"first": pd.NaT, "last": pd.NaT}
        days = self.calendar[self.told(own)].tz_convert("UTC").tz_localize(None)
        return {"first": days.min(), "last": days.max()}

    def chosen(self, touchpoints: _Touchpoints) -> Iterator[_Part]:
        """First, last, busiest and quietest day, and how many days in between had nothing."""
        counts = np.diff(np.searchsorted(np.sort(touchpoints.moments), self.midnights))
        told = self.told(touchpoints)
        if not len(told):
            return
        days = {
            "first": int(told[0]),
            "last": int(told[-1]),
            "busiest": int(told[np.argmax(counts[told])]),
            "quietest": int(told[np.argmin(counts[told])]),
        }
        for what, one in days.items():
            begun = touchpoints.moments >= self.midnights[one]
            own = touchpoints.where(begun & (touchpoints.moments < self.midnights[one + 1]))
            yield "day", f"{what}: {self.calendar[one].date()}", own
        absent = int((counts[told[0] : told[-1]] == 0).sum())
        yield "day", f"without touchpoints: {absent}", touchpoints.where(np.empty(0, np.int64))


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

    @property
    def people(self) -> int:
        seen = np.zeros(self.customers.max(initial=-1) + 1, bool)
        seen[self.customers] = True
        return int(seen.sum())

    def people_in(self, part: np.ndarray, parts: int) -> np.ndarray:
        """Distinct customers of each part, by the number of each touchpoint's."""
        return people_in(self.customers, part, parts)

    def numbers(self) -> dict[str, object]:
        first = pd.Timestamp(int(self.moments.min()), unit="us") if self.size else pd.NaT
        last = pd.Timestamp(int(self.moments.max()), unit="us") if self.size else pd.NaT
        return {
            "touchpoints": self.size,
            "customers": self.people,
            "first": first,
            "last": last,
        }


def _channels(touchpoints: _Touchpoints, log: EventLog, fewest: int) -> Iterator[_Part]:
    """Each channel that occurs, the largest first; one at a time, as each takes memory.

    Of those that may not be told, as many more are left out as it takes for ``fewest`` customers.
    """
    column = log.table["channel"].combine_chunks()
    names = column.dictionary.to_pylist()
    # Numbers of few bits are sorted by counting them.
    channel = column.indices.to_numpy().astype(np.min_scalar_type(len(names)))
    sizes = np.bincount(channel, minlength=len(names))
    order = np.argsort(channel, kind="stable")
    ends = np.cumsum(sizes)
    codes = sorted(np.flatnonzero(sizes), key=lambda code: (-sizes[code], names[code]))
    if fewest:
        people = touchpoints.people_in(channel, len(names))
        gone = [code for code in codes if people[code] < fewest]
        told = sorted(set(codes) - set(gone), key=lambda code: -people[code])
        while gone and told and touchpoints.where(np.isin(channel, gone)).people < fewest:
            gone.append(told.pop())
        codes = [code for code in codes if code not in gone]
    for code in codes:
        own = order[ends[code] - sizes[code] : ends[code]]
        yield "channel", names[code], touchpoints.where(own)


def _bars(own: _Touchpoints, begin: int, end: int, fewest: int) -> str:
    """Counts of the 24 spans as block letters; one that is empty, or not told, is a space."""
    width = -(-(end - begin + 1) // _SPANS)
    span = (own.moments - begin) // width
    counts = np.bincount(span, minlength=_SPANS)
    if fewest:
        counts[own.people_in(span, _SPANS) < fewest] = 0
    heights = -(-counts * (len(_BARS) - 1) // max(counts.max(), 1))
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
