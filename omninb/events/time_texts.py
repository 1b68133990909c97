"""Moments given as texts: usual shapes are cast, the others looked at closely."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError
from omninb.events.clock import Micros
from omninb.events.refusals import Mask, Refusals
from omninb.events.sandbox import evaluate
from omninb.events.time_numbers import UNITS, integers, unit_missing

_EMPTY, _NUMBER, _DAY_OR_MONTH, _LETTERED, _NAIVE = range(5)

# One pattern for `01/02/2024`, one for a day with an offset and no time, `2024-02-01Z`, one for an
# offset or a Z after the time, and two for letters there, of which few have a single meaning: BST
# is London's summer and Bangladesh's time.
_SLASHED = r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})"
_DAY_ZONED = r"^(\d{4}-\d{1,2}-\d{1,2})\s?([Zz]|[+-]\d{2}:?\d{2})$"
_OFFSET = r"^\S+[T ]\d.*(?:[A-Za-z]|[+-]\d{1,2}(?::?\d{2}){0,2})$"
_LETTERS = r"[T ]\d[\d:.,]*\s*[A-Za-z]"
_ONE_MEANING = r"(?i)\d\s*(Z|(UTC|GMT)([+-]\d{1,2}(:?\d{2})*)?)$"
_NO_OFFSET = r"[+-]((1[6-9]|[2-9]\d)(:?\d{2}){0,2}|\d{2}:?[6-9]\d(:?\d{2})?)$"  # over 15:59
_UTC = r"(?i)(Z|[+-]00(:?00)*|UTC|GMT)$"
_SHIFT = r"([+-]\d{1,2}(:?\d{2}){0,2})$"
_OVER_12_FIRST = r"^\s*(1[3-9]|2\d|3[01])[/.-](0?[1-9]|1[0-2])[/.-]"
_OVER_12 = r"^\s*(0?[1-9]|1[0-2])[/.-](1[3-9]|2\d|3[01])[/.-]"
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
                WHEN regexp_matches(iso, '{_LETTERS}') AND NOT twelve
                     AND NOT regexp_matches(iso, '{_ONE_MEANING}') THEN {_LETTERED}
                WHEN slashed THEN {_DAY_OR_MONTH} ELSE {_NAIVE} END AS kind,
    FROM timed)
SELECT kind::TINYINT AS kind,
       regexp_matches(iso, '{_OFFSET}') AND NOT twelve AS zoned,
       CASE WHEN kind = {_NUMBER} OR NOT zoned THEN NULL
            WHEN regexp_matches(iso, '{_UTC}') THEN 'Z'
            ELSE regexp_extract(iso, '{_SHIFT}') END AS shift,
       CASE WHEN kind = {_NUMBER}
            THEN TRY_CAST(floor(TRY_CAST(x AS DECIMAL(26, 6)) * $factor::BIGINT) AS BIGINT)
            WHEN kind = {_LETTERED} OR zoned AND regexp_matches(iso, '{_NO_OFFSET}') THEN NULL
            WHEN twelve THEN epoch_us(coalesce(try_strptime(iso, '%Y-%m-%d %I:%M:%S %p'),
                                               try_strptime(iso, '%Y-%m-%d %I:%M %p')))
            WHEN regexp_matches(x, '^\\d') THEN epoch_us(TRY_CAST(iso AS TIMESTAMPTZ))
       END AS moment,
FROM kinds
"""


def read_texts(
    column: pa.ChunkedArray,
    refusals: Refusals,
    role: str,
    source: str,
    time_unit: str | None,
    day_first: bool | None,
) -> tuple[Micros, np.ndarray, dict[str, int]]:
    """Moments in µs, on the wall's clock where they are not zoned; which are; and the offsets."""
    order = r"\3-\2-\1" if day_first else r"\3-\1-\2"
    factor = int(UNITS[time_unit]) if time_unit not in (None, "ns") else 1
    found = evaluate(column, _USUAL_QUERY).combine_chunks()
    odd = pa.array(found["moment"].is_null().to_numpy())
    if pc.any(odd).as_py():
        closely = evaluate(column.filter(odd), _TEXT_QUERY, order=order, factor=factor)
        for place, name in enumerate(found.column_names):
            others = closely[name].combine_chunks()
            whole = pc.replace_with_mask(found[name], odd, others)
            found = found.set_column(place, name, whole)
    kind = found["kind"].to_numpy()
    refusals.refuse(kind == _EMPTY, f"{role} is empty")
    if time_unit is None and bool((kind == _NUMBER).any()):
        raise unit_missing(role, source, float(column[int(np.argmax(kind == _NUMBER))].as_py()))
    if day_first is None and bool((kind == _DAY_OR_MONTH).any()):
        example = column[int(np.argmax(kind == _DAY_OR_MONTH))].as_py()
        raise OmninbError(
            f"{role}: column {source!r} holds {refusals.shown(example)}. Say which comes first: "
            "day_first=True or day_first=False.",
            {"day_first": (True, False)},
        )
    unreadable = found["moment"].is_null().to_numpy()
    if day_first is not None:
        _refuse_turned(column, kind == _DAY_OR_MONTH, unreadable, refusals, role, source, day_first)
    refusals.refuse(
        kind == _LETTERED, f"{role}: zones in letters, such as BST, are ambiguous: write +01:00"
    )
    refusals.refuse(unreadable, f"{role}: not a date and time")
    filled = kind != _EMPTY
    if bool(filled.any()) and bool(unreadable[filled].all()):
        first = int(np.argmax(filled))
        zones = " Of zones in letters only Z, UTC and GMT have one meaning: write +01:00."
        raise OmninbError(
            f"{role}: no value of column {source!r} is a date and time; the first is "
            f"{refusals.shown(column[first].as_py())}. Write them as 2024-01-31 18:05:00, or name "
            f'another column: columns={{"{role}": …}}.' + zones * bool(kind[first] == _LETTERED),
        )
    moment = integers(found["moment"])
    if time_unit == "ns":
        moment = np.where(kind == _NUMBER, moment // 1000, moment)
    zoned = found["zoned"].fill_null(True).to_numpy() | (kind == _NUMBER) | unreadable
    shifts = found["shift"].filter(pc.is_valid(found["moment"])).drop_null().value_counts()
    offsets = {one["values"].as_py(): one["counts"].as_py() for one in shifts}
    return moment, zoned, offsets


def _refuse_turned(
    column: pa.ChunkedArray,
    slashed: Mask,
    unreadable: Mask,
    refusals: Refusals,
    role: str,
    source: str,
    day_first: bool,
) -> None:
    """Refuse an order of day and month that more dates contradict than bear out."""
    if not (slashed & unreadable).any():
        return
    texts = column.filter(pa.array(slashed)).cast(pa.string())
    first, second = (pc.match_substring_regex(texts, one) for one in (_OVER_12_FIRST, _OVER_12))
    against, bearing = (second, first) if day_first else (first, second)
    if (pc.sum(against).as_py() or 0) > (pc.sum(bearing).as_py() or 0):
        example = refusals.shown(texts[pc.index(against, True).as_py()].as_py())
        raise OmninbError(
            f"{role}: column {source!r} holds {example}, and day_first={day_first} was given. "
            f"Give day_first={not day_first}.",
            {"day_first": (not day_first,)},
        )
