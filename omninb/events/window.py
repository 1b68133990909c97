"""What the log could see: its first and last moment, and a last day that was cut short."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError
from omninb.events.clock import DAY_MICROS, micros, to_utc, zone

_YEARS = 1900, 2199


def instant(given: object, argument: str, timezone: str | None) -> int:
    """A moment that a caller gave, in µs UTC; without an offset, in the declared zone or UTC.

    Parameters
    ----------
    given : datetime, date, pandas.Timestamp, numpy.datetime64 or str
        Of texts only ISO 8601: all others can be read in more than one way.
    argument : str
        What it was given as, for errors.
    timezone : str or None
        A local time that exists twice is taken the first time.

    Raises
    ------
    OmninbError
        If it is none of these, or no such moment exists.
    """
    moment = _written(given)
    if moment is None or not _YEARS[0] <= moment.year <= _YEARS[1]:
        raise OmninbError(
            f"{argument}={given!r} is not a moment. Write for example '2024-06-30', "
            "'2024-06-30 18:00' or '2024-06-30 18:00+02:00'."
        )
    if moment.tzinfo is not None:
        return micros(moment)
    local = np.array([micros(moment.replace(tzinfo=UTC))], np.int64)
    found = to_utc(local, zone(timezone or "UTC"))
    if found.nonexistent[0]:
        raise OmninbError(
            f"{argument}={given!r}: there is no such time in {timezone}, whose clocks skip it. "
            "Give a time before or after it."
        )
    return int(found.utc[0])


def _written(given: object) -> datetime | None:
    """A date or time as it was given; None for anything else."""
    if isinstance(given, str):
        try:
            return datetime.fromisoformat(given.strip())
        except ValueError:
            return None
    if isinstance(given, np.datetime64):
        given = pd.Timestamp(given)
    if isinstance(given, datetime):
        return None if given is pd.NaT else given
    return datetime.combine(given, time()) if isinstance(given, date) else None


def now() -> int:
    """The present second, in µs UTC."""
    return int(datetime.now(UTC).timestamp()) * 1_000_000


def window(
    timestamps: pa.ChunkedArray, observed_from: object, observed_until: object, timezone: str | None
) -> tuple[int | None, int | None]:
    """The observed window in µs UTC: as declared, else the first and last timestamp.

    Raises
    ------
    OmninbError
        If touchpoints lie outside the declared window.
    """
    ends = pc.min_max(timestamps.cast(pa.int64())).as_py()
    first, last = ends["min"], ends["max"]
    if observed_from is not None:
        declared = instant(observed_from, "observed_from", timezone)
        if first is not None and first < declared:
            raise _outside("observed_from", observed_from, "earlier", "first", first)
        first = declared
    if observed_until is not None:
        declared = instant(observed_until, "observed_until", timezone)
        if last is not None and last > declared:
            raise _outside("observed_until", observed_until, "later", "last", last)
        last = declared
    return first, last


def _outside(argument: str, given: object, side: str, end: str, moment: int) -> OmninbError:
    return OmninbError(
        f"{argument}={given!r}: the log has {side} touchpoints, the {end} at "
        f"{pd.Timestamp(moment, unit='us', tz='UTC')}."
    )


class LastDay(NamedTuple):
    """Rows of the last calendar day, and the median of up to 14 days before it."""

    rows: int
    usual: float


def short_last_day(timestamps: pa.ChunkedArray, last: int, timezone: str | None) -> LastDay | None:
    """The last day of the log, if fewer than a tenth of the usual rows fall on it.

    Parameters
    ----------
    timestamps : pyarrow.ChunkedArray
        Timestamps.
    last : int
        The end of the observed window, µs UTC.
    timezone : str or None
        Where days begin; UTC without it.

    Returns
    -------
    LastDay or None
        None also when the log has fewer than two days before the last one.
    """
    offset = pd.Timestamp(last, unit="us", tz=zone(timezone or "UTC")).tz_localize(None)
    shift = micros(offset.tz_localize("UTC")) - last
    begin = (last + shift) // DAY_MICROS * DAY_MICROS - 14 * DAY_MICROS - shift
    counts = np.zeros(15, np.int64)
    for chunk in timestamps.chunks:
        moment = chunk.cast(pa.int64()).to_numpy(zero_copy_only=False)
        near = moment[moment >= begin]
        counts += np.bincount((near - begin) // DAY_MICROS, minlength=15)[:15]
    seen = np.flatnonzero(counts[:-1])
    if not seen.size or seen[0] > 12:
        return None
    usual = float(np.median(counts[seen[0] : -1]))
    return LastDay(int(counts[-1]), usual) if counts[-1] < usual / 10 else None
