"""Days of a table: the date that is written, wherever the clock hung that wrote it."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

_UTC = pa.timestamp("us", "UTC")
_NUMBER = r"^\s*[+-]?\d+(\.\d*)?\s*$"
# A date that a time, an offset or a zone may follow.
_WRITTEN = (
    r"^\s*(\d{1,4}[./-]\d{1,2}[./-]\d{1,4})"
    r"([T ]\d{1,2}(:\d{2}){1,2}([.,]\d+)?(\s?[AaPp][Mm])?)?"
    r"\s?([Zz]|[+-]\d{2}(:?\d{2})?|[A-Za-z][A-Za-z_/]*)?\s*$"
)


def as_written(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Days without the offsets of their midnights, which would move them to the day before.

    Examples
    --------
    >>> as_written(pa.chunked_array([["2025-03-01T00:00:00+01:00", "2025-03-02"]])).to_pylist()
    ['2025-03-01', '2025-03-02']
    """
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return pc.local_timestamp(column)
    if pa.types.is_dictionary(kind):
        column = column.cast(pa.string())
    if pa.types.is_string(column.type):
        return pc.replace_substring_regex(column, _WRITTEN, r"\1")
    return column


def in_zone(
    moments: pa.ChunkedArray, column: pa.ChunkedArray, timezone: str | None
) -> pa.ChunkedArray:
    """Moments of numbers since 1970, which bear no date, on the clock of `timezone`."""
    kind = column.type
    if pa.types.is_string(kind):
        counted = pc.match_substring_regex(column, _NUMBER).fill_null(False)
    elif pa.types.is_temporal(kind):
        return moments
    else:
        counted = pa.chunked_array([pa.repeat(True, len(column))])
    local = pc.local_timestamp(moments.cast(pa.timestamp("us", timezone or "UTC")))
    return pc.if_else(counted, local.cast(pa.int64()), moments.cast(pa.int64())).cast(_UTC)
