"""What the log could see: its first and last moment, and a last day that was cut short."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError
from omninb.events.clock import micros, zone

_DAY = 86_400_000_000


def instant(given: object, argument: str, timezone: str | None) -> int:
    """A moment that a caller gave, in µs UTC; without an offset, in the declared zone or UTC."""
    try:
        moment = pd.Timestamp(given)  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        raise OmninbError(
            f"{argument}={given!r} is not a moment. Write for example '2024-06-30 18:00+02:00'."
        ) from error
    if moment.tzinfo is None:
        moment = moment.tz_localize(zone(timezone or "UTC"))
    return micros(moment)


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
    begin = (last + shift) // _DAY * _DAY - 14 * _DAY - shift
    counts = np.zeros(15, np.int64)
    for chunk in timestamps.chunks:
        moment = chunk.cast(pa.int64()).to_numpy(zero_copy_only=False)
        near = moment[moment >= begin]
        counts += np.bincount((near - begin) // _DAY, minlength=15)[:15]
    seen = np.flatnonzero(counts[:-1])
    if not seen.size or seen[0] > 12:
        return None
    usual = float(np.median(counts[seen[0] : -1]))
    return LastDay(int(counts[-1]), usual) if counts[-1] < usual / 10 else None
