"""Timestamps of any source as µs UTC. What could mean two things is asked, not guessed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError, nearest
from omninb.events.clock import Micros, to_utc, zone
from omninb.events.refusals import Refusals
from omninb.events.time_numbers import (
    EARLIEST,
    LATEST,
    NUMBERS_BEGIN,
    UNITS,
    integers,
    read_numbers,
    refuse_nulls,
    within_reach,
)
from omninb.events.time_texts import read_texts


class Times(NamedTuple):
    """A column of moments.

    Attributes
    ----------
    moments : pyarrow.ChunkedArray
        timestamp("us", "UTC"); anything where a row was refused.
    repeated : int
        Local times that exist twice and were taken the first time.
    offsets : dict
        Offset to rows whose text was written with it; UTC under any name is ``Z``.
    early : int
        Rows before 1990 where they are most of those that were read by a ``time_unit``.
    """

    moments: pa.ChunkedArray
    repeated: int
    offsets: dict[str, int]
    early: int = 0


def read_moments(
    column: pa.ChunkedArray,
    refusals: Refusals,
    *,
    source: str,
    timezone: str | None,
    time_unit: str | None,
    day_first: bool | None,
    role: str = "timestamp",
) -> Times:
    """Read a column of moments.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Timestamps, dates, numbers or text.
    refusals : Refusals
        Receives the rows that hold no usable moment.
    source : str
        The column's name in the source, for errors.
    timezone : str or None
        IANA zone of times without an offset.
    time_unit : {"s", "ms", "us", "ns"} or None
        Unit of numbers since 1970.
    day_first : bool or None
        Whether ``01/02/2024`` is the first of February.
    role : str
        What the column is, for errors and reasons.

    Returns
    -------
    Times
    """
    if time_unit is not None and time_unit not in UNITS:
        raise OmninbError(f"time_unit={time_unit!r} is unknown.{nearest(str(time_unit), UNITS)}")
    place = zone(timezone) if timezone is not None else None
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        refuse_nulls(column, refusals, role)
        utc = _microseconds(column).cast(pa.timestamp("us", "UTC"))
        _refuse_range(utc, refusals, role)
        return Times(utc, 0, {})
    zoned, offsets = None, dict[str, int]()
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        refuse_nulls(column, refusals, role)
        moment = integers(_microseconds(column))
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        moment, zoned = read_numbers(column, refusals, role, source, time_unit), np.ones(1, bool)
    elif pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        moment, zoned, offsets = read_texts(column, refusals, role, source, time_unit, day_first)
    else:
        raise OmninbError(f"{role}: column {source!r} holds {kind}, not dates or times.")
    impossible = (moment < EARLIEST) | (moment >= LATEST)
    refusals.refuse(impossible, f"{role}: the year is outside 1900 to 2199")
    repeated = 0
    if zoned is None or not np.all(zoned):
        if place is None:
            raise OmninbError(
                f"{role}: column {source!r} holds times without an offset. Where did the clock "
                'hang? Give timezone="Europe/Berlin" or another IANA name, or timezone="UTC".',
                {"timezone": ("Europe/Berlin", "UTC")},
            )
        local = ~impossible if zoned is None else ~impossible & ~zoned
        found = to_utc(moment[local], place)
        moment = moment.copy()
        moment[local] = found.utc
        gap = np.zeros(moment.size, bool)
        gap[local] = found.nonexistent
        refusals.refuse(gap, f"{role}: nonexistent local time in {timezone}")
        repeated = int(found.repeated.sum())
    array = pa.array(moment).cast(pa.timestamp("us", "UTC"))
    early = 0 if time_unit is None else _early(moment, refusals)
    return Times(pa.chunked_array([array]), repeated, offsets, early)


def _early(moment: Micros, refusals: Refusals) -> int:
    accepted = refusals.accepted()
    read = moment if accepted is None else moment[accepted]
    early = int((read < NUMBERS_BEGIN).sum())
    return early if 2 * early > len(read) else 0


def _microseconds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Timestamps or dates in µs; those beyond the reach of int64 become the first one refused."""
    if column.type == pa.timestamp("ns", getattr(column.type, "tz", None)):
        return column.cast(pa.timestamp("us", column.type.tz), safe=False)  # drops digits below µs
    micros = pa.timestamp("us", getattr(column.type, "tz", None))
    try:
        return column.cast(micros)
    except pa.ArrowInvalid:
        seconds = column.type == pa.timestamp("s", micros.tz)
        factor = 1_000_000 if seconds else 1_000
        bounded = within_reach(integers(column), factor)
        return pa.chunked_array([pa.array(bounded, mask=column.is_null().to_numpy()).cast(micros)])


def _refuse_range(utc: pa.ChunkedArray, refusals: Refusals, role: str) -> None:
    bounds = pc.min_max(utc.cast(pa.int64())).as_py()
    if bounds["min"] is not None and (bounds["min"] < EARLIEST or bounds["max"] >= LATEST):
        moment = integers(utc)
        outside = (moment < EARLIEST) | (moment >= LATEST)
        refusals.refuse(outside, f"{role}: the year is outside 1900 to 2199")
