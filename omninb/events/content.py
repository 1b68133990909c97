"""Which column might play which role, by what it holds: a proposal for people, never a decision."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

ROWS = 5_000
_FEWEST_ROWS = 10
_MOST = 0.9
_CHANNELS, _EVENTS = 6, 20  # how many different ones there usually are
_TIME = r"^\s*(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{4})(\D|$)"
# Seconds, milli-, micro- and nanoseconds since 1970, between 1990 and 2100.
_EPOCH = r"^(6[3-9]|[7-9]\d|[1-3]\d\d|40)\d{7}(\d{3}){0,3}(\.\d+)?$|^1\d{9}(\d{3}){0,3}(\.\d+)?$"
_MONEY = r"^\s*[+-]?\d+[.,]\d{1,4}\s*$"
_NUMBER = r"^\s*[+-]?\d+([.,]\d+)?\s*$"
_CODE = r"^\S{1,64}$"


class Looks(NamedTuple):
    """What the values of a column look like: shares of those that are not empty."""

    filled: int
    distinct: int
    time: float
    money: float
    number: float
    code: float


def looks_of(column: pa.ChunkedArray) -> Looks:
    """How the values of a column look."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    moments = pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    real = pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        return Looks(0, 0, 0, 0, 0, 0)
    texts = pc.utf8_trim_whitespace(column.cast(pa.string()).drop_null())
    texts = texts.filter(pc.not_equal(texts, ""))
    filled = len(texts)

    def share(pattern: str) -> float:
        found = pc.sum(pc.match_substring_regex(texts, pattern)).as_py() or 0
        return found / filled if filled else 0.0

    return Looks(
        filled=filled,
        distinct=len(texts.unique()),
        time=1.0 if moments and filled else share(f"{_TIME}|{_EPOCH}"),
        money=1.0 if real and filled else share(_MONEY),
        number=share(_NUMBER),
        code=share(_CODE),
    )


def fits(role: str, looks: Looks) -> bool:
    """Whether a column can play a role at all: only times and money can be told from the rest."""
    if not looks.filled:
        return True
    if role == "timestamp":
        return looks.time > 0
    if role in ("value", "cost", "score"):
        return looks.number > 0 or looks.money > 0
    return True


def propose_by_content(
    table: pa.Table, wanted: Collection[str], free: Collection[str]
) -> dict[str, tuple[str, str]]:
    """Propose a column for roles that names alone did not settle.

    Parameters
    ----------
    table : pyarrow.Table
        The first rows of a source.
    wanted : collection of str
        Roles without a column.
    free : collection of str
        Columns without a role.

    Returns
    -------
    dict
        Role to column and the reason, in words.
    """
    looks = {name: looks_of(table[name]) for name in free}
    proposal: dict[str, tuple[str, str]] = {}

    def choose(role: str, likely: Callable[[Looks], bool], rank: Callable[[Looks], float]) -> None:
        taken = {column for column, _ in proposal.values()}
        able = {name: own for name, own in looks.items() if name not in taken and likely(own)}
        if role in wanted and able:
            best = max(able, key=lambda name: rank(able[name]))
            own = able[best]
            proposal[role] = best, f"{own.distinct:,} different values in {own.filled:,}"

    choose("timestamp", lambda own: own.time >= _MOST, lambda own: own.distinct)
    if table.num_rows >= _FEWEST_ROWS:
        choose("value", lambda own: own.money >= _MOST, lambda own: own.filled)
        looks = {name: own for name, own in looks.items() if own.filled * 2 >= table.num_rows}
        choose("customer_id", _like_ids, lambda own: own.distinct)
        choose("channel", _like_names, lambda own: -abs(own.distinct - _CHANNELS))
        choose("event", _like_names, lambda own: -abs(own.distinct - _EVENTS))
    return proposal


def _like_ids(looks: Looks) -> bool:
    """Many different codes, and most rows not the only one of theirs."""
    plain = looks.time < _MOST and looks.money < _MOST and looks.code >= _MOST
    return plain and looks.filled / 50 < looks.distinct <= 0.9 * looks.filled


def _like_names(looks: Looks) -> bool:
    """A few different words."""
    words = looks.time < _MOST and looks.number < 0.1
    return words and 2 <= looks.distinct <= min(50, looks.filled / 4)
