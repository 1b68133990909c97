"""Moments given as numbers since 1970: what they count is asked, not guessed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError
from omninb.events.clock import DAY_MICROS, Micros
from omninb.events.refusals import Refusals
from omninb.events.window import now

UNITS = {"s": 1_000_000.0, "ms": 1_000.0, "us": 1.0, "ns": 0.001}
EARLIEST = -2_208_988_800_000_000  # 1900-01-01
LATEST = 7_258_118_400_000_000  # 2200-01-01
NUMBERS_BEGIN = 631_152_000_000_000  # 1990-01-01: numbers of a right unit are hardly earlier


def integers(column: pa.ChunkedArray) -> Micros:
    """Whole numbers of a column in one array; 0 for null."""
    return np.asarray(pc.fill_null(column.cast(pa.int64()), 0).to_numpy(), np.int64)


def within_reach(number: np.ndarray, factor: int) -> Micros:
    """Whole numbers times a factor; what is beyond all moments becomes the first one refused."""
    most = LATEST // factor
    fits = (number <= most) & (number >= -most)  # abs would turn the least int64 negative
    return np.where(fits, np.where(fits, number, 0).astype(np.int64) * factor, LATEST)


def refuse_nulls(column: pa.ChunkedArray, refusals: Refusals, role: str) -> None:
    """Refuse rows without a moment."""
    if column.null_count:
        refusals.refuse(column.is_null().to_numpy(), f"{role} is empty")


def unit_missing(role: str, source: str, number: float) -> OmninbError:
    """The question for the unit, with those units that put the number between 1990 and tomorrow."""
    latest = now() + DAY_MICROS
    likely = [unit for unit, factor in UNITS.items() if NUMBERS_BEGIN <= number * factor <= latest]
    if likely:
        return OmninbError(
            f"{role}: column {source!r} holds numbers. Say what they count since 1970: "
            'time_unit="s", "ms", "us" or "ns".',
            {"time_unit": tuple(likely)},
        )
    return OmninbError(
        f"{role}: column {source!r} holds numbers that count no unit since 1970 to a day between"
        " 1990 and now. Perhaps they are written as 20240131, or are days of a spreadsheet: save "
        "them as texts such as 2024-01-31 18:05:00."
    )


def read_numbers(
    column: pa.ChunkedArray, refusals: Refusals, role: str, source: str, time_unit: str | None
) -> Micros:
    """Numbers of a declared unit in µs since 1970; those that are none are refused."""
    if time_unit is None:
        raise unit_missing(role, source, float(pc.max(column).as_py() or 0))
    refuse_nulls(column, refusals, role)
    factor = UNITS[time_unit]
    if pa.types.is_integer(column.type):
        number = pc.fill_null(column, 0).to_numpy()
        if factor < 1:
            return np.asarray(number // 1000, np.int64)
        return within_reach(number, int(factor))
    real = pc.fill_null(column.cast(pa.float64()), 0.0).to_numpy()
    usable = np.isfinite(real)
    refusals.refuse(~usable, f"{role}: not a number")
    return np.rint(np.clip(np.where(usable, real, 0.0) * factor, EARLIEST - 1, LATEST)).astype(
        np.int64
    )
