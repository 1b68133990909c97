"""Local time to UTC: spring skips an hour that then does not exist, autumn has one twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np
import numpy.typing as npt

from omninb.errors import OmninbError, closest, nearest

DAY_MICROS = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Micros = npt.NDArray[np.int64]
# Files beside the zones: what this machine is set to, and the same zones again.
_NO_ZONES = ("localtime", "posixrules", "Factory", "posix/", "right/")


class Moments(NamedTuple):
    """Instants in µs UTC, and the rows whose local time does not exist or exists twice."""

    utc: Micros
    nonexistent: npt.NDArray[np.bool_]
    repeated: npt.NDArray[np.bool_]


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name; OmninbError with the nearest name if there is none."""
    try:
        if str(name).startswith(_NO_ZONES):
            raise ValueError(name)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        known = [one for one in available_timezones() if not one.startswith(_NO_ZONES)]
        close = closest(str(name), known)
        raise OmninbError(
            f'timezone={name!r} is not an IANA time zone such as "Europe/Berlin".'
            f"{nearest(str(name), known)}",
            {"timezone": [] if close is None else [close]},
        ) from error


def micros(moment: datetime) -> int:
    """An instant (a datetime or pandas Timestamp with a zone) in µs UTC."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _offset(when: datetime, place: ZoneInfo) -> int:
    shift = when.astimezone(place).utcoffset()
    return 0 if shift is None else shift // timedelta(microseconds=1)


def _changes(place: ZoneInfo, first: int, last: int) -> tuple[Micros, Micros]:
    """Instants (µs UTC) at which the offset changes, and the offsets before and between them.

    Offsets are probed every three days and each change is narrowed down to the second.
    """
    step = timedelta(days=3)
    at = _EPOCH + timedelta(microseconds=first) - step
    end = _EPOCH + timedelta(microseconds=last) + step
    at = at.replace(microsecond=0)
    instants, offsets = [], [_offset(at, place)]
    while at < end:
        later = at + step
        if _offset(later, place) != offsets[-1]:
            low, high = at, later
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
                if _offset(middle, place) == offsets[-1]:
                    low = middle
                else:
                    high = middle
            instants.append(micros(high))
            offsets.append(_offset(high, place))
        at = later
    return np.array(instants, np.int64), np.array(offsets, np.int64)


def to_utc(local: Micros, place: ZoneInfo) -> Moments:
    """Turn local wall-clock times into instants.

    Parameters
    ----------
    local : int64 array
        Wall-clock µs since 1970, all within the years 1900 to 2199.
    place : ZoneInfo
        Where the clock hung.

    Returns
    -------
    Moments
        A time that exists twice is taken the first time.
    """
    none = np.zeros(local.size, bool)
    if not local.size:
        return Moments(local, none, none)
    day = 86_400_000_000
    changes, offsets = _changes(place, int(local.min()) - day, int(local.max()) + day)
    if not changes.size:
        return Moments(local - offsets[0], none, none)
    # Before a change, clocks show the old offset: from this wall-clock time on, the new one holds.
    thresholds = changes + offsets[:-1]
    period = np.searchsorted(thresholds, local, side="right")
    utc = local - offsets[period]
    jump = np.concatenate([np.zeros(1, np.int64), np.diff(offsets)])
    since = local - np.concatenate([np.full(1, np.iinfo(np.int64).min // 2), thresholds])[period]
    until = np.concatenate([thresholds, np.full(1, np.iinfo(np.int64).max // 2)])[period] - local
    back = np.concatenate([np.minimum(np.diff(offsets), 0), np.zeros(1, np.int64)])
    return Moments(utc, since < jump[period], until <= -back[period])
