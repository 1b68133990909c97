"""What a log is warned of: repeated rows, ties, one customer too many, a last day cut short."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from omninb.events.clock import zone

# Counting repeated rows and ties needs every row hashed; above this it is left to those who ask.
COUNTED_UP_TO = 2_000_000
_SAMPLE = 10_000
_DAY = 86_400_000_000


def codes(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """A number for each distinct value of a column; −1 for null."""
    if pa.types.is_timestamp(column.type) or pa.types.is_integer(column.type):
        if not column.null_count:
            return np.asarray(column.cast(pa.int64()).to_numpy(), np.int64)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    indices = [
        chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        for chunk in column.unify_dictionaries().chunks
    ]
    return np.concatenate(indices).astype(np.int64) if indices else np.empty(0, np.int64)


def repeated_rows(columns: dict[str, pa.ChunkedArray]) -> npt.NDArray[np.bool_]:
    """Rows that equal an earlier row in every column."""
    frame = pd.DataFrame({name: codes(column) for name, column in columns.items()})
    return frame.duplicated().to_numpy()


def repeated_keys(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Rows whose key, not null, an earlier row has."""
    numbers = codes(column)
    null = column.is_null().to_numpy()
    return pd.Series(numbers).duplicated().to_numpy() & ~null


def tied_rows(columns: dict[str, pa.ChunkedArray]) -> int:
    """Touchpoints that share customer and timestamp with another one."""
    frame = pd.DataFrame({name: codes(columns[name]) for name in ("timestamp", "customer_id")})
    return int(frame.duplicated(keep=False).sum())


def largest_customer(ids: pa.ChunkedArray) -> int:
    """Touchpoints of a customer who has more than 10 % of all, and over 3 times a fair part; else 0.

    Candidates come from a fixed sample, and are then counted exactly, so a large log is not hashed.
    """
    rows = len(ids)
    if not rows:
        return 0
    if rows > _SAMPLE:
        chosen = np.sort(np.random.default_rng(0).integers(0, rows, _SAMPLE))
        sample = ids.take(pa.array(chosen))
    else:
        sample = ids
    if pa.types.is_dictionary(sample.type):
        sample = sample.cast(sample.type.value_type)
    counts = pc.value_counts(sample)
    share = counts.field("counts").to_numpy() / len(sample)
    limit = max(0.1, 3 / len(counts))
    largest = int(np.argmax(share))
    if share[largest] < limit / 2:
        return 0
    found = pc.sum(pc.equal(_values(ids), counts.field("values")[largest])).as_py() or 0
    return int(found) if found > limit * rows else 0


def _values(ids: pa.ChunkedArray) -> pa.ChunkedArray:
    return ids.cast(ids.type.value_type) if pa.types.is_dictionary(ids.type) else ids


class LastDay(NamedTuple):
    """Rows of the last calendar day, and the median of up to 14 days before it."""

    rows: int
    usual: float


def last_day(timestamps: pa.ChunkedArray, last: int, timezone: str | None) -> LastDay | None:
    """The last day of the log, if fewer than a tenth of the usual rows fall on it.

    Parameters
    ----------
    timestamps : pyarrow.ChunkedArray
        Timestamps.
    last : int
        The last one, µs UTC.
    timezone : str or None
        Where days begin; UTC without it.

    Returns
    -------
    LastDay or None
        None also when the log spans fewer than three days.
    """
    offset = pd.Timestamp(last, unit="us", tz=zone(timezone or "UTC")).utcoffset()
    shift = int(pd.Timedelta(offset) / pd.Timedelta(1, "us"))
    begin = (last + shift) // _DAY * _DAY - 14 * _DAY - shift
    counts = np.zeros(15, np.int64)
    for chunk in timestamps.chunks:
        moment = chunk.cast(pa.int64()).to_numpy(zero_copy_only=False)
        near = moment[moment >= begin]
        counts += np.bincount((near - begin) // _DAY, minlength=15)[:15]
    before = counts[:-1][np.argmax(counts > 0) :] if counts[:-1].any() else counts[:0]
    if len(before) < 2:
        return None
    usual = float(np.median(before))
    return LastDay(int(counts[-1]), usual) if counts[-1] < usual / 10 else None
