"""Money as whole millionths of a currency unit, exact from decimal text; and survey scores."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError
from omninb.events.refusals import Refusals
from omninb.events.sandbox import evaluate

_LIMIT = float(2**63)
_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?"
# 13 digits before the point are more than int64 micros hold, and times a million still a DECIMAL.
_MONEY_QUERY = f"""
WITH trimmed AS (SELECT trim(x) AS x FROM given),
pointed AS (
    SELECT x, CASE WHEN NOT $comma THEN x
                   WHEN NOT contains(x, '.') THEN replace(x, ',', '.') END AS y FROM trimmed)
SELECT x IS NULL OR x = '' AS missing,
       regexp_full_match(x, '[+-]?\\d+,(\\d{{1,2}}|\\d{{4,}})') AS comma,
       contains(x, '.') AND NOT contains(x, ',') AS point,
       CASE WHEN regexp_full_match(y, '{_NUMBER}')
            THEN TRY_CAST(TRY_CAST(y AS DECIMAL(19, 6)) * 1000000 AS BIGINT) END AS micros,
FROM pointed
"""
_SCORE_QUERY = """
SELECT trim(x) = '' OR x IS NULL AS missing,
       TRY_CAST(CASE WHEN NOT $comma THEN x
                     WHEN NOT contains(x, '.') THEN replace(x, ',', '.') END AS DOUBLE) AS score,
FROM given
"""


def read_money(
    column: pa.ChunkedArray, role: str, refusals: Refusals, *, source: str, decimal: str
) -> pa.ChunkedArray:
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
    pyarrow.ChunkedArray
        int64 micros (1e-6 of a currency unit), rounded half away from zero; null where empty.
    """
    kind = column.type
    bad = f"{role}: not a plain decimal number"
    if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        found = evaluate(column, _MONEY_QUERY, comma=decimal == ",")
        commas = pc.sum(found["comma"]).as_py() or 0
        if decimal == "." and commas > (pc.sum(found["point"]).as_py() or 0):
            example = column[pc.index(found["comma"], True).as_py()].as_py()
            raise OmninbError(
                f"{role}: column {source!r} holds {refusals.shown(example)}. If the comma is the "
                'decimal sign, give decimal=",".',
                {"decimal": (",",)},
            )
        micros = found["micros"]
        filled = ~found["missing"].to_numpy()
        refusals.refuse(filled & micros.is_null().to_numpy(), bad)
        return micros
    if pa.types.is_floating(kind):
        real = column.cast(pa.float64()).to_numpy() * 1e6
        missing = column.is_null().to_numpy()
        usable = np.abs(real) < _LIMIT
        refusals.refuse(~usable & ~missing, bad)
        whole = np.rint(np.where(usable, real, 0.0)).astype(np.int64)
        return pa.chunked_array([pa.array(whole, mask=~usable)])
    if pa.types.is_integer(kind):
        missing = column.is_null().to_numpy()
        units = pc.fill_null(column, 0).to_numpy()
        most = 2**63 // 1_000_000
        usable = (units <= most) & (units >= -most)  # abs would turn the least int64 negative
        refusals.refuse(~usable, bad)
        whole = np.where(usable, units, 0).astype(np.int64) * 1_000_000
        return pa.chunked_array([pa.array(whole, mask=missing)])
    if pa.types.is_decimal(kind):
        return read_money(column.cast(pa.string()), role, refusals, source=source, decimal=".")
    raise OmninbError(f"{role}: column {source!r} holds {kind}, not amounts of money.")


def read_scores(
    column: pa.ChunkedArray, refusals: Refusals, *, source: str, decimal: str
) -> pa.ChunkedArray:
    """Read survey scores: float64, null where empty; what is no finite number is refused."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        found = evaluate(column, _SCORE_QUERY, comma=decimal == ",")
        missing, scores = found["missing"].to_numpy(), found["score"]
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        missing, scores = column.is_null().to_numpy(), column.cast(pa.float64())
    else:
        raise OmninbError(f"score: column {source!r} holds {kind}, not numbers.")
    usable = np.isfinite(scores.to_numpy())
    refusals.refuse(~usable & ~missing, "score: not a number")
    return scores
