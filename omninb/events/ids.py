"""Ids stay the text that they are, but for spaces around them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError
from omninb.events.encoding import bytes_of, refuse_hidden
from omninb.events.refusals import Mask, Refusals
from omninb.events.texts import DICTIONARY, as_text

# Texts that often stand for "nobody": accepted as ids, with a warning.
_NOBODY = [
    "NA", "N/A", "#N/A", "NaN", "None", "NULL", "(null)", "\\N", "nil", "-", "0", "unknown",
    "undefined",
]  # fmt: skip
_SPELLINGS = sorted(
    {form for word in _NOBODY for form in (word, word.lower(), word.upper(), word.capitalize())}
)
# `[deleted]` and `{6F96…}` are ids.
_NO_TEXT = r"^(true|false|\[\s*(([\[{\"\d-]|true|false|null).*)?\]|\{\s*(\".*)?\})$"
_LONGEST = max(map(len, (*_NOBODY, "false")))
_BEGINNINGS = np.zeros(256, bool)
_BEGINNINGS[[ord(word[0]) for word in (*_SPELLINGS, "true", "false", "[", "{")]] = True


class Ids(NamedTuple):
    """Customer ids: string, dictionary or int64.

    `nobody` rows hold a word such as ``NA``, and of `trimmed` rows spaces around were taken away.
    """

    column: pa.ChunkedArray
    nobody: int
    trimmed: int


def read_ids(column: pa.ChunkedArray, refusals: Refusals, *, source: str) -> Ids:
    """Read the customer ids as they stand: ``00123``, ``123`` and ``123.0`` are three customers.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Text or integers; floats are refused, since their text is ambiguous.
    refusals : Refusals
        Receives the rows without an id.
    source : str
        The column's name in the source, for errors.

    Returns
    -------
    Ids
    """
    kind = column.type
    if column.null_count:
        refusals.refuse(column.is_null().to_numpy(), "customer_id is empty")
    if pa.types.is_integer(kind):
        fits = kind != pa.uint64() or (pc.max(column).as_py() or 0) < 2**63
        return Ids(column.cast(pa.int64() if fits else pa.string()), 0, 0)
    if not (pa.types.is_string(kind) or pa.types.is_dictionary(kind)):
        raise _unsure("customer_id", source, kind)
    refuse_hidden(column, "customer_id", refusals)
    column, trimmed = _trimmed(column)
    nobody, shortest, other = 0, 1, list[Mask]()
    for chunk in column.chunks:
        by_words = pa.types.is_dictionary(kind)
        words = chunk.dictionary if by_words else chunk
        at = _places(words)
        begun = words.take(pa.array(at))
        for found, is_nobody in (
            (pc.is_in(begun, pa.array(_SPELLINGS)), True),
            (pc.match_substring_regex(begun, _NO_TEXT), False),
        ):
            rows = np.zeros(len(words), bool)
            rows[at] = found.fill_null(False).to_numpy(zero_copy_only=False)
            if by_words:
                rows = pa.array(rows).take(chunk.indices).fill_null(False).to_numpy(False)
            if is_nobody:
                nobody += int(rows.sum())
            else:
                other.append(rows)
        shortest = min(shortest, int(np.diff(_ends(words)).min(initial=1)))
    if any(one.any() for one in other):
        reason = "customer_id is true, false, a list or an object"
        refusals.refuse(np.concatenate(other), reason)
    if shortest == 0:
        empty = pc.equal(column.cast(pa.string()), "").fill_null(True)
        refusals.refuse(empty.to_numpy(), "customer_id is empty")
    return Ids(column, nobody, trimmed)


def read_keys(
    column: pa.ChunkedArray, role: str, refusals: Refusals, *, source: str
) -> tuple[pa.ChunkedArray, int]:
    """Read ids of events, orders or sessions, which may be empty, as text.

    Returns
    -------
    pyarrow.ChunkedArray, int
        string or dictionary; and of how many rows spaces around were taken away.
    """
    if pa.types.is_floating(column.type):
        raise _unsure(role, source, column.type)
    column = as_text(column, role, source)
    refuse_hidden(column, role, refusals)
    return _trimmed(column)


def _unsure(role: str, source: str, kind: pa.DataType) -> OmninbError:
    return OmninbError(
        f"{role}: column {source!r} holds {kind}. Ids are text or whole numbers: a float such as "
        f"123.0 has no sure text. Convert it first, for example frame[{source!r}].astype('Int64')."
    )


def _trimmed(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, int]:
    """Texts without spaces around them, and how many rows had some."""
    chunks, rows = [], 0
    for chunk in column.chunks:
        by_words = pa.types.is_dictionary(column.type)
        words = chunk.dictionary if by_words else chunk
        if not _bare(words):
            short = pc.utf8_trim_whitespace(words)
            other = pc.not_equal(words, short)
            if pc.any(other).as_py():
                told = pc.and_(other, pc.not_equal(short, ""))
                rows += pc.sum(told.take(chunk.indices) if by_words else told).as_py() or 0
                # Two words may have become one, which a dictionary may not hold twice.
                chunk = short.take(chunk.indices).dictionary_encode() if by_words else short
        chunks.append(chunk.cast(DICTIONARY) if by_words else chunk)
    return pa.chunked_array(chunks, column.type), rows


def _places(words: pa.Array) -> np.ndarray:
    """Where texts begin like a word for nobody or like JSON: few do, and are looked at closely."""
    text, ends = bytes_of(words), _ends(words)
    if not text.size:
        return np.empty(0, np.int64)
    brackets = (text == ord("[")).any() or (text == ord("{")).any()
    at = np.arange(len(words)) if brackets else np.flatnonzero(np.diff(ends) <= _LONGEST)
    whole = np.frombuffer(words.buffers()[2], np.uint8)
    return at[_BEGINNINGS[whole[np.minimum(ends[at], whole.size - 1)]]]


def _ends(words: pa.Array) -> np.ndarray:
    """Where each text begins, and where the last one ends, in the bytes of an array."""
    offsets = words.buffers()[1]
    if offsets is None or not len(words):
        return np.zeros(len(words) + 1, np.int32)
    return np.frombuffer(offsets, np.int32)[words.offset : words.offset + len(words) + 1]


def _bare(words: pa.Array) -> bool:
    """Whether no text can begin or end with a space; beyond ASCII are more of them."""
    text = bytes_of(words)
    if not text.size or (text.min() > 32 and text.max() < 127):
        return True
    ends = _ends(words)
    if not (np.diff(ends) > 0).all():
        return False
    whole = np.frombuffer(words.buffers()[2], np.uint8)
    return all(
        edge.min() > 32 and edge.max() < 127 for edge in (whole[ends[:-1]], whole[ends[1:] - 1])
    )
