"""Names that differ by case, spaces, Unicode form or by what nobody sees become one."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from omninb.errors import OmninbError

NOT_SET = "(not set)"
DICTIONARY = pa.dictionary(pa.int32(), pa.string())
# What nobody sees: a soft hyphen, spaces and signs of no width, a byte order mark inside a text.
UNSEEN = "\u00ad\u200b\u2060\u2061\u2062\u2063\u2064\ufeff"
_WITHOUT = dict.fromkeys(map(ord, UNSEEN))


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column with all kinds of Arrow text reduced to string or dictionary<int32, string>.

    Raises
    ------
    pyarrow.ArrowNotImplementedError
        If Arrow holds values of this kind, but cannot choose among them.
    """
    kind = column.type
    if pa.types.is_union(kind) or pa.types.is_run_end_encoded(kind) or kind == pa.binary_view():
        raise pa.ArrowNotImplementedError(str(kind))
    if pa.types.is_dictionary(kind):
        values = kind.value_type
        if any(chunk.dictionary.null_count for chunk in column.chunks):  # Arrow cannot unify them
            return column.cast(values).dictionary_encode().cast(DICTIONARY)
        if kind == DICTIONARY:
            return column
        if not is_text(values) and not pa.types.is_null(values):
            return plain(column.cast(values))
        chunks = [
            pa.DictionaryArray.from_arrays(
                chunk.indices.cast(pa.int32()), chunk.dictionary.cast(pa.string())
            )
            for chunk in column.chunks
        ]
        return pa.chunked_array(chunks, DICTIONARY)
    return column.cast(pa.string()) if is_text(kind) or pa.types.is_null(kind) else column


def is_text(kind: pa.DataType) -> bool:
    """Whether a type is text, however Arrow stores it."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def as_text(column: pa.ChunkedArray, role: str, source: str) -> pa.ChunkedArray:
    """Any column as text, dictionaries kept; `role` and `source` name it in errors."""
    if pa.types.is_dictionary(column.type) or pa.types.is_string(column.type):
        return column
    try:
        return column.cast(pa.string())
    except pa.ArrowException as error:
        raise OmninbError(f"{role}: column {source!r} holds {column.type}, not text.") from error


def fold(name: str) -> str:
    """What two spellings of one name share: NFC; case, spaces and what nobody sees ignored.

    Examples
    --------
    >>> fold("  Call  Centre ")
    'call centre'
    """
    return _tidy(unicodedata.normalize("NFC", name)).casefold()


def _tidy(name: str) -> str:
    """A name without what nobody sees, and with single spaces."""
    return " ".join(name.translate(_WITHOUT).split())


def words_of(column: pa.ChunkedArray) -> list[str]:
    """The different words in the dictionaries of a column's chunks."""
    dictionaries = [chunk.dictionary for chunk in column.chunks]
    return pa.chunked_array(dictionaries, pa.string()).unique().drop_null().to_pylist()


class Names(NamedTuple):
    """A column of names, as dictionary<int32, string>, each chunk with a dictionary of its own.

    `merged` maps each spelling that was given up to the most frequent one, `rows` had one of them,
    and `missing` rows were empty.
    """

    column: pa.ChunkedArray
    merged: dict[str, str]
    rows: int
    missing: int


def read_names(
    column: pa.ChunkedArray, *, recode: Mapping[str, str] | None = None, empty: str | None = None
) -> Names:
    """Read a column of names, such as channels.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Text.
    recode : mapping, optional
        Old name to new name.
    empty : str, optional
        What stands for an empty name; null without it.

    Returns
    -------
    Names
    """
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    column = column.cast(DICTIONARY)
    words = words_of(column)
    spellings: dict[str, list[str]] = defaultdict(list)
    for word in words:
        spellings[fold(word)].append(word)
    blank = spellings.pop("", [])
    untidy = any(word != _tidy(word) for word in words)
    counts = _counts(column) if untidy or blank or len(spellings) < len(words) else Counter()
    target_of: dict[str, str | None] = dict.fromkeys(blank, empty)
    merged: dict[str, str] = {}
    new_names = {fold(old): new for old, new in (recode or {}).items()}
    for key, same in spellings.items():
        shown = _tidy(max(same, key=lambda word: counts[word]))
        merged |= {word: shown for word in same if word != shown}
        target_of |= dict.fromkeys(same, new_names.get(key, shown))
    rows = sum(counts[word] for word in merged)
    missing = column.null_count + sum(counts[word] for word in blank)
    if all(target_of[word] == word for word in words) and (empty is None or not column.null_count):
        return Names(column, merged, rows, missing)
    return Names(rename(column, target_of, empty), merged, rows, missing)


def rename(
    column: pa.ChunkedArray, target_of: Mapping[str, str | None], empty: str | None
) -> pa.ChunkedArray:
    """Replace each word by its target, and null by `empty`; all chunks get one dictionary."""
    names = list(dict.fromkeys(t for t in [*target_of.values(), empty] if t is not None))
    place = {name: code for code, name in enumerate(names)}
    dictionary = pa.array(names, pa.string())
    chunks = []
    for chunk in column.chunks:
        targets = [
            target_of[word] if word is not None else None for word in chunk.dictionary.to_pylist()
        ]
        moved = pa.array([None if t is None else place[t] for t in targets], pa.int32())
        codes = moved.take(chunk.indices)
        if empty is not None and codes.null_count:
            codes = codes.fill_null(place[empty])
        chunks.append(pa.DictionaryArray.from_arrays(codes, dictionary))
    return pa.chunked_array(chunks, DICTIONARY)


def _counts(column: pa.ChunkedArray) -> Counter[str]:
    """Rows of each word."""
    total: Counter[str] = Counter()
    for chunk in column.chunks:
        words = chunk.dictionary.to_pylist()
        codes = chunk.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)
        counts = np.bincount(codes, minlength=len(words))
        for word, count in zip(words, counts.tolist(), strict=False):
            total[word] += count
    return total
