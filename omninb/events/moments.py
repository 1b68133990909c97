"""Timestamps of any source as µs UTC. What could mean two things is asked, not guessed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError, nearest
from omninb.events.clock import Micros, to_utc, zone
from omninb.events.refusals import Refusals
from omninb.events.sandbox import evaluate

_UNITS = {"s": 1_000_000.0, "ms": 1_000.0, "us": 1.0, "ns": 0.001}
_EARLIEST = -2_208_988_800_000_000  # 1900-01-01
_LATEST = 7_258_118_400_000_000  # 2200-01-01
_EMPTY, _NUMBER, _DAY_OR_MONTH, _ZONED, _NAIVE = range(5)

# One pattern for `01/02/2024`, one for a day with an offset and no time, `2024-02-01Z`, and one for
# an offset, a Z or a zone name after the time.
_SLASHED = r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})"
_DAY_ZONED = r"^(\d{4}-\d{1,2}-\d{1,2})\s?([Zz]|[+-]\d{2}:?\d{2})$"
_OFFSET = r"^\S+[T ]\d.*(?:[A-Za-z]|[+-]\d{2}(?::?\d{2}){0,2})$"
_NO_OFFSET = r"[+-]((1[6-9]|[2-9]\d)(:?\d{2}){0,2}|\d{2}:?[6-9]\d(:?\d{2})?)$"  # over 15:59
_UTC = r"([Zz]|[+-]00(:?00)*|UTC|GMT)$"
_SHIFT = r"([A-Za-z/_]+|[+-]\d{2}(:?\d{2}){0,2})$"
_USUAL = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-](0\d|1[0-5]):[0-5]\d)?"
# Most texts have a usual shape, and a cast is all that they need; the others are looked at closely.
_USUAL_QUERY = f"""
WITH shaped AS (
    SELECT x, CASE WHEN ends_with(x, 'Z') THEN 'Z'
                   WHEN substr(x, strlen(x) - 5, 1) IN ('+', '-')
                   THEN replace(right(x, 6), '+00:00', 'Z') END AS shift,
    FROM given)
SELECT {_NAIVE}::TINYINT AS kind, shift IS NOT NULL AS zoned, shift,
       CASE WHEN regexp_full_match(x, '{_USUAL}') THEN epoch_us(TRY_CAST(x AS TIMESTAMPTZ)) END
       AS moment,
FROM shaped
"""
_TEXT_QUERY = f"""
WITH trimmed AS (SELECT trim(x) AS x FROM given),
ordered AS (
    SELECT x, regexp_matches(x, '{_SLASHED}') AS slashed,
           regexp_replace(x, '{_SLASHED}', $order) AS dated,
    FROM trimmed),
timed AS (
    SELECT x, slashed, CASE WHEN length(dated) < 18
           THEN regexp_replace(dated, '{_DAY_ZONED}', '\\1 00:00:00\\2') ELSE dated END AS iso,
    FROM ordered),
kinds AS (
    SELECT x, iso, regexp_matches(iso, '(?i)\\d\\s*[ap]m$') AS twelve,
           CASE WHEN x IS NULL OR x = '' THEN {_EMPTY}
                WHEN regexp_full_match(x, '[+-]?\\d+(\\.\\d*)?') THEN {_NUMBER}
                WHEN slashed THEN {_DAY_OR_MONTH} ELSE {_NAIVE} END AS kind,
    FROM timed)
SELECT kind::TINYINT AS kind,
       regexp_matches(iso, '{_OFFSET}') AND NOT twelve AS zoned,
       CASE WHEN kind = {_NUMBER} OR NOT zoned THEN NULL
            WHEN regexp_matches(iso, '{_UTC}') THEN 'Z'
            ELSE regexp_extract(iso, '{_SHIFT}') END AS shift,
       CASE WHEN kind = {_NUMBER}
            THEN TRY_CAST(floor(TRY_CAST(x AS DECIMAL(26, 6)) * $factor::BIGINT) AS BIGINT)
            WHEN zoned AND regexp_matches(iso, '{_NO_OFFSET}') THEN NULL
            WHEN twelve THEN epoch_us(coalesce(try_strptime(iso, '%Y-%m-%d %I:%M:%S %p'),
                                               try_strptime(iso, '%Y-%m-%d %I:%M %p')))
            WHEN regexp_matches(x, '^\\d') THEN epoch_us(TRY_CAST(iso AS TIMESTAMPTZ))
       END AS moment,
FROM kinds
"""


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
    """

    moments: pa.ChunkedArray
    repeated: int
    offsets: dict[str, int]


def read_moments(
    column: pa.ChunkedArray,
    refusals: Refusals,
    *,
    source: str,
    timezone: str | None,
    time_unit: str | None,
    day_first: bool | None,
) -> Times:
    """Read the timestamp column.

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

    Returns
    -------
    Times
    """
    if time_unit is not None and time_unit not in _UNITS:
        raise OmninbError(f"time_unit={time_unit!r} is unknown.{nearest(str(time_unit), _UNITS)}")
    place = zone(timezone) if timezone is not None else None
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        _refuse_nulls(column, refusals)
        utc = _microseconds(column).cast(pa.timestamp("us", "UTC"))
        _refuse_range(utc, refusals)
        return Times(utc, 0, {})
    zoned, offsets = None, dict[str, int]()
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        _refuse_nulls(column, refusals)
        moment = _integers(_microseconds(column))
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        moment, zoned = _numbers(column, refusals, source, time_unit), np.ones(1, bool)
    elif pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        moment, zoned, offsets = _texts(column, refusals, source, time_unit, day_first)
    else:
        raise OmninbError(f"timestamp: column {source!r} holds {kind}, not dates or times.")
    impossible = (moment < _EARLIEST) | (moment >= _LATEST)
    refusals.refuse(impossible, "timestamp: the year is outside 1900 to 2199")
    repeated = 0
    if zoned is None or not np.all(zoned):
        if place is None:
            raise OmninbError(
                f"timestamp: column {source!r} holds times without an offset. Where did the clock "
                'hang? Give timezone="Europe/Berlin" or another IANA name, or timezone="UTC".',
                {"timezone": ("Europe/Berlin", "UTC")},
            )
        local = ~impossible if zoned is None else ~impossible & ~zoned
        found = to_utc(moment[local], place)
        moment = moment.copy()
        moment[local] = found.utc
        gap = np.zeros(moment.size, bool)
        gap[local] = found.nonexistent
        refusals.refuse(gap, f"timestamp: nonexistent local time in {timezone}")
        repeated = int(found.repeated.sum())
    array = pa.array(moment).cast(pa.timestamp("us", "UTC"))
    return Times(pa.chunked_array([array]), repeated, offsets)


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
        bounded = _times(_integers(column), factor)
        return pa.chunked_array([pa.array(bounded, mask=column.is_null().to_numpy()).cast(micros)])


def _integers(column: pa.ChunkedArray) -> Micros:
    """Whole numbers of a column in one array; 0 for null."""
    return np.asarray(pc.fill_null(column.cast(pa.int64()), 0).to_numpy(), np.int64)


def _times(number: np.ndarray, factor: int) -> Micros:
    """Whole numbers times a factor; what is beyond all moments becomes the first one refused."""
    most = _LATEST // factor
    fits = (number <= most) & (number >= -most)  # abs would turn the least int64 negative
    return np.where(fits, np.where(fits, number, 0).astype(np.int64) * factor, _LATEST)


def _refuse_nulls(column: pa.ChunkedArray, refusals: Refusals) -> None:
    if column.null_count:
        refusals.refuse(column.is_null().to_numpy(), "timestamp is empty")


def _refuse_range(utc: pa.ChunkedArray, refusals: Refusals) -> None:
    bounds = pc.min_max(utc.cast(pa.int64())).as_py()
    if bounds["min"] is not None and (bounds["min"] < _EARLIEST or bounds["max"] >= _LATEST):
        moment = _integers(utc)
        outside = (moment < _EARLIEST) | (moment >= _LATEST)
        refusals.refuse(outside, "timestamp: the year is outside 1900 to 2199")


def _unit_missing(source: str, number: float) -> OmninbError:
    """The question for the unit, with those units that put the number between 1990 and 2100."""
    likely = [unit for unit, factor in _UNITS.items() if 6.3e14 < number * factor < 4.1e15]
    return OmninbError(
        f"timestamp: column {source!r} holds numbers. Say what they count since 1970: "
        'time_unit="s", "ms", "us" or "ns".',
        {"time_unit": tuple(likely or _UNITS)},
    )


def _numbers(
    column: pa.ChunkedArray, refusals: Refusals, source: str, time_unit: str | None
) -> Micros:
    if time_unit is None:
        raise _unit_missing(source, float(pc.max(column).as_py() or 0))
    _refuse_nulls(column, refusals)
    factor = _UNITS[time_unit]
    if pa.types.is_integer(column.type):
        number = pc.fill_null(column, 0).to_numpy()
        return (number // 1000).astype(np.int64) if factor < 1 else _times(number, int(factor))
    real = pc.fill_null(column.cast(pa.float64()), 0.0).to_numpy()
    usable = np.isfinite(real)
    refusals.refuse(~usable, "timestamp: not a number")
    return np.rint(np.clip(np.where(usable, real, 0.0) * factor, _EARLIEST - 1, _LATEST)).astype(
        np.int64
    )


def _texts(
    column: pa.ChunkedArray,
    refusals: Refusals,
    source: str,
    time_unit: str | None,
    day_first: bool | None,
) -> tuple[Micros, np.ndarray, dict[str, int]]:
    order = r"\3-\2-\1" if day_first else r"\3-\1-\2"
    factor = int(_UNITS[time_unit]) if time_unit not in (None, "ns") else 1
    found = evaluate(column, _USUAL_QUERY).combine_chunks()
    odd = pa.array(found["moment"].is_null().to_numpy())
    if pc.any(odd).as_py():
        closely = evaluate(column.filter(odd), _TEXT_QUERY, order=order, factor=factor)
        for place, name in enumerate(found.column_names):
            others = closely[name].combine_chunks()
            whole = pc.replace_with_mask(found[name], odd, others)
            found = found.set_column(place, name, whole)
    kind = found["kind"].to_numpy()
    refusals.refuse(kind == _EMPTY, "timestamp is empty")
    if time_unit is None and bool((kind == _NUMBER).any()):
        raise _unit_missing(source, float(column[int(np.argmax(kind == _NUMBER))].as_py()))
    if day_first is None and bool((kind == _DAY_OR_MONTH).any()):
        example = column[int(np.argmax(kind == _DAY_OR_MONTH))].as_py()
        raise OmninbError(
            f"timestamp: column {source!r} holds {refusals.shown(example)}. Say which comes first: "
            "day_first=True or day_first=False.",
            {"day_first": (True, False)},
        )
    unreadable = found["moment"].is_null().to_numpy()
    refusals.refuse(unreadable, "timestamp: not a date and time")
    filled = kind != _EMPTY
    if bool(filled.any()) and bool(unreadable[filled].all()):
        first = int(np.argmax(filled))
        example, turned = column[first].as_py(), day_first is False and kind[first] == _DAY_OR_MONTH
        raise OmninbError(
            f"timestamp: no value of column {source!r} is a date and time; the first is "
            f"{refusals.shown(example)}. Write them as 2024-01-31 18:05:00, or name another "
            'column: columns={"timestamp": …}.' + " For 31/01/2024 give day_first=True." * turned,
            {"day_first": (True,)} if turned else None,
        )
    moment = _integers(found["moment"])
    if time_unit == "ns":
        moment = np.where(kind == _NUMBER, moment // 1000, moment)
    zoned = found["zoned"].fill_null(True).to_numpy() | (kind == _NUMBER) | unreadable
    shifts = found["shift"].filter(pc.is_valid(found["moment"])).drop_null().value_counts()
    offsets = {one["values"].as_py(): one["counts"].as_py() for one in shifts}
    return moment, zoned, offsets
