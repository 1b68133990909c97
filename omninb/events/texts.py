"""Customer ids stay the text that they are; names that differ by case or spaces become one."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError
from omninb.events.refusals import Refusals

NOT_SET = "(not set)"
DICTIONARY = pa.dictionary(pa.int32(), pa.string())
# Texts that often stand for "nobody": accepted as ids, with a warning.
_NOBODY = ["NA", "N/A", "NaN", "nan", "None", "none", "NULL", "null", "-", "0", "unknown"]


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column with all kinds of Arrow text reduced to string or dictionary<int32, string>."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        values = kind.value_type
        if kind == DICTIONARY:
            return column
        if not _is_text(values) and not pa.types.is_null(values):
            return plain(column.cast(values))
        chunks = [
            pa.DictionaryArray.from_arrays(
                chunk.indices.cast(pa.int32()), chunk.dictionary.cast(pa.string())
            )
            for chunk in column.chunks
        ]
        return pa.chunked_array(chunks, DICTIONARY)
    return column.cast(pa.string()) if _is_text(kind) or pa.types.is_null(kind) else column


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def read_ids(
    column: pa.ChunkedArray, refusals: Refusals, *, source: str
) -> tuple[pa.ChunkedArray, int]:
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
    pyarrow.ChunkedArray, int
        string, dictionary or int64; and how many rows hold a word such as ``NA``.
    """
    kind = column.type
    if column.null_count:
        refusals.refuse(column.is_null().to_numpy(), "customer_id is empty")
    if pa.types.is_integer(kind):
        fits = kind != pa.uint64() or (pc.max(column).as_py() or 0) < 2**63
        return column.cast(pa.int64() if fits else pa.string()), 0
    if not (pa.types.is_string(kind) or pa.types.is_dictionary(kind)):
        raise OmninbError(
            f"customer_id: column {source!r} holds {kind}. Ids are text or whole numbers: a float "
            "such as 123.0 has no sure text. Convert it first, for example "
            f"frame[{source!r}].astype('Int64')."
        )
    empty, nobody = [], []
    for chunk in column.chunks:
        words = chunk.dictionary if pa.types.is_dictionary(kind) else chunk
        blank, odd = _blank(words), _odd(words)
        if pa.types.is_dictionary(kind):
            blank = None if blank is None else blank.take(chunk.indices)
            odd = None if odd is None else odd.take(chunk.indices)
        empty.append(blank if blank is not None else len(chunk))
        nobody.append(0 if odd is None else pc.sum(odd).as_py() or 0)
    if any(not isinstance(part, int) for part in empty):
        masks = [
            np.zeros(part, bool)
            if isinstance(part, int)
            else pc.fill_null(part, True).to_numpy(zero_copy_only=False)
            for part in empty
        ]
        refusals.refuse(np.concatenate(masks), "customer_id is empty")
    return column, sum(nobody)


def _blank(words: pa.Array) -> pa.Array | None:
    """Which texts are nothing but spaces; None where the smallest text already begins otherwise."""
    least = pc.min(words).as_py() if len(words) else None
    if least is None or least[:1] > " ":
        return None
    return pc.equal(pc.utf8_trim_whitespace(words), "")


def _odd(words: pa.Array) -> pa.Array | None:
    lengths = pc.binary_length(words)
    if not len(words) or (pc.min(lengths).as_py() or 0) > 7:
        return None
    return pc.is_in(words, pa.array(_NOBODY))


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Any column as text, dictionaries kept; empty text becomes null."""
    if not (pa.types.is_dictionary(column.type) or pa.types.is_string(column.type)):
        column = column.cast(pa.string())
    return column


def fold(name: str) -> str:
    """What two spellings of one name share: Unicode form NFC, case and spaces ignored.

    Examples
    --------
    >>> fold("  Call  Centre ")
    'call centre'
    """
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


class Names(NamedTuple):
    """A column of names, as dictionary<int32, string> with one dictionary for all chunks.

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
        Text, or anything that has one.
    recode : mapping, optional
        Old name to new name.
    empty : str, optional
        What stands for an empty name; null without it.

    Returns
    -------
    Names
    """
    column = as_text(column)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    column = column.cast(DICTIONARY).unify_dictionaries()
    words = column.chunk(0).dictionary.to_pylist() if column.num_chunks else []
    spellings: dict[str, list[int]] = defaultdict(list)
    for code, word in enumerate(words):
        spellings[fold(word or "")].append(code)
    blank = spellings.pop("", [])
    spaced = any(word != " ".join(word.split()) for word in words if word)
    counts = _counts(column, len(words)) if spaced or len(spellings) < len(words) else None
    targets: list[str | None] = [empty] * len(words)
    merged: dict[str, str] = {}
    rows = 0
    new_names = {fold(old): new for old, new in (recode or {}).items()}
    for key, codes in spellings.items():
        best = codes[0] if counts is None else max(codes, key=lambda code: (counts[code], -code))
        shown = " ".join(words[best].split())
        changed = [code for code in codes if words[code] != shown]
        merged.update({words[code]: shown for code in changed})
        rows += sum(int(counts[code]) for code in changed) if counts is not None else 0
        for code in codes:
            targets[code] = new_names.get(key, shown)
    missing = column.null_count + sum(0 if counts is None else int(counts[code]) for code in blank)
    if targets == words and not (column.null_count and empty is not None):
        return Names(column, merged, rows, missing)
    return Names(rename(column, targets, empty), merged, rows, missing)


def rename(
    column: pa.ChunkedArray, targets: list[str | None], empty: str | None
) -> pa.ChunkedArray:
    """Replace name `k` of a unified dictionary by ``targets[k]``, and null by `empty`."""
    names = list(dict.fromkeys(t for t in [*targets, empty] if t is not None))
    place = {name: code for code, name in enumerate(names)}
    moved = pa.array([None if t is None else place[t] for t in targets], pa.int32())
    dictionary = pa.array(names, pa.string())
    chunks = []
    for chunk in column.chunks:
        codes = moved.take(chunk.indices)
        if empty is not None and codes.null_count:
            codes = codes.fill_null(place[empty])
        chunks.append(pa.DictionaryArray.from_arrays(codes, dictionary))
    return pa.chunked_array(chunks, DICTIONARY)


def _counts(column: pa.ChunkedArray, names: int) -> np.ndarray:
    """Rows of each name of a unified dictionary."""
    total = np.zeros(names + 1, np.int64)
    for chunk in column.chunks:
        codes = chunk.indices.fill_null(names).to_numpy(zero_copy_only=False)
        total += np.bincount(codes, minlength=names + 1)
    return total[:names]
