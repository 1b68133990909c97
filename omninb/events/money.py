"""Money as whole millionths of a currency unit, exact from decimal text; and survey scores."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError
from omninb.events.refusals import Refusals
from omninb.events.sandbox import evaluate

_LIMIT = float(2**63)
_MANY = 0.05  # fewer bad rows are for the quarantine, which holds no more of them
_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?"
# `1.100,50`, of which a declared comma makes the points mark thousands; and `1.500`, which may be
# one and a half, or fifteen hundred.
_GROUPED = r"[+-]?\d{1,3}(\.\d{3})+,\d+"
_DOUBTFUL = r"[+-]?[1-9]\d{0,2}(\.\d{3})+"
_COMMA = rf"[+-]?\d+,(\d{{1,2}}|\d{{4,}})|{_GROUPED}"
_POINTED = f"""
WITH trimmed AS (SELECT trim(x) AS x FROM given),
pointed AS (
    SELECT x, CASE WHEN NOT $comma THEN x
                   WHEN regexp_full_match(x, '{_GROUPED}')
                   THEN replace(replace(x, '.', ''), ',', '.')
                   WHEN NOT contains(x, '.') THEN replace(x, ',', '.') END AS y FROM trimmed)
SELECT x IS NULL OR x = '' AS missing,
       contains(x, ',') AS commas, contains(x, '.') AND NOT commas AS point,
       CASE WHEN commas THEN regexp_full_match(x, '{_COMMA}') ELSE FALSE END AS comma,
       CASE WHEN point THEN regexp_full_match(x, '{_DOUBTFUL}') ELSE FALSE END AS doubtful,
       CASE WHEN regexp_full_match(y, '{_NUMBER}') THEN #number END AS number,
FROM pointed
"""
# 13 digits before the point are more than int64 micros hold, and times a million still a DECIMAL.
_MICROS = "TRY_CAST(TRY_CAST(y AS DECIMAL(19, 6)) * 1000000 AS BIGINT)"
_MONEY_QUERY = _POINTED.replace("#number", _MICROS)
_SCORE_QUERY = _POINTED.replace("#number", "TRY_CAST(y AS DOUBLE)")


class Amounts(NamedTuple):
    """Money in micros; and rows such as ``1.500`` where all points could mark thousands."""

    column: pa.ChunkedArray
    doubtful: int


def read_money(
    column: pa.ChunkedArray, role: str, refusals: Refusals, *, source: str, decimal: str
) -> Amounts:
    """Read a money column.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Text, integers, decimals or floats, in currency units.
    role : str
        ``value`` or ``cost``.
    refusals : Refusals
        Receives the rows that are not a plain decimal number.
    source : str
        The column's name in the source, for errors.
    decimal : {".", ","}
        The decimal sign of text.

    Returns
    -------
    Amounts
        int64 micros (1e-6 of a currency unit), rounded half away from zero; null where empty.
    """
    kind = column.type
    bad = f"{role}: not a plain decimal number"
    if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        found = evaluate(column, _MONEY_QUERY, comma=decimal == ",")
        _check_texts(column, found, role, refusals, source, decimal)
        micros = found["number"]
        filled = ~found["missing"].to_numpy()
        refusals.refuse(filled & micros.is_null().to_numpy(), bad)
        doubtful = 0
        if decimal == ".":
            doubtful = pc.sum(found["doubtful"]).as_py() or 0
        return Amounts(micros, doubtful if doubtful == pc.sum(found["point"]).as_py() else 0)
    if pa.types.is_floating(kind):
        real = column.cast(pa.float64()).to_numpy() * 1e6
        missing = column.is_null().to_numpy()
        usable = np.abs(real) < _LIMIT
        refusals.refuse(~usable & ~missing, bad)
        whole = np.rint(np.where(usable, real, 0.0)).astype(np.int64)
        return Amounts(pa.chunked_array([pa.array(whole, mask=~usable)]), 0)
    if pa.types.is_integer(kind):
        missing = column.is_null().to_numpy()
        units = pc.fill_null(column, 0).to_numpy()
        most = 2**63 // 1_000_000
        usable = (units <= most) & (units >= -most)  # abs would turn the least int64 negative
        refusals.refuse(~usable, bad)
        whole = np.where(usable, units, 0).astype(np.int64) * 1_000_000
        return Amounts(pa.chunked_array([pa.array(whole, mask=missing)]), 0)
    if pa.types.is_decimal(kind):
        texts = column.cast(pa.string())
        return Amounts(read_money(texts, role, refusals, source=source, decimal=".").column, 0)
    raise OmninbError(f"{role}: column {source!r} holds {kind}, not amounts of money.")


def read_scores(
    column: pa.ChunkedArray, refusals: Refusals, *, source: str, decimal: str
) -> pa.ChunkedArray:
    """Read survey scores: float64, null where empty; what is no finite number is refused."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        found = evaluate(column, _SCORE_QUERY, comma=decimal == ",")
        _check_texts(column, found, "score", refusals, source, decimal)
        missing, scores = found["missing"].to_numpy(), found["number"]
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        missing, scores = column.is_null().to_numpy(), column.cast(pa.float64())
    else:
        raise OmninbError(f"score: column {source!r} holds {kind}, not numbers.")
    usable = np.isfinite(scores.to_numpy())
    refusals.refuse(~usable & ~missing, "score: not a number")
    return scores


def _check_texts(
    column: pa.ChunkedArray, found: pa.Table, role: str, refusals: Refusals, source: str,
    decimal: str,
) -> None:  # fmt: skip
    """Refuse a column whose decimal sign is another one, or of which no text is a number."""
    commas = pc.sum(found["comma"]).as_py() or 0
    if decimal == "." and commas > (pc.sum(found["point"]).as_py() or 0):
        example = column[pc.index(found["comma"], True).as_py()].as_py()
        raise OmninbError(
            f"{role}: column {source!r} holds {refusals.shown(example)}. If the comma is the "
            'decimal sign, give decimal=",".',
            {"decimal": (",",)},
        )
    filled = ~found["missing"].to_numpy()
    if filled.sum() > _MANY * len(filled) and found["number"].null_count == len(filled):
        example = column[int(np.argmax(filled))].as_py()
        raise OmninbError(
            f"{role}: no value of column {source!r} is a plain decimal number; the first is "
            f"{refusals.shown(example)}. Write them as 1234.50, without marks of thousands and "
            f"currencies, or name another column: columns={{{role!r}: …}}."
        )
