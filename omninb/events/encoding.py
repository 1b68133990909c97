"""Texts that cannot be taken as they are: not UTF-8, too long, or with what nobody sees."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError
from omninb.events.refusals import Mask, Refusals
from omninb.events.texts import UNSEEN

LARGEST_FIELD = 2_000_000
TOO_LARGE = "a field over 2 MB"
# Control characters but for tab and line ends, which are spaces; and those that turn the direction
# of writing, by which one name can be made to look like another.
_HIDDEN = (
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}"
    r"\x{61c}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]"
)
_LOST = r"\x{fffd}"


def refuse_not_utf8(column: pa.ChunkedArray, name: str, refusals: Refusals) -> pa.ChunkedArray:
    """A column without the texts that are not UTF-8, whose rows are refused.

    Raises
    ------
    OmninbError
        If a column of lists or structs holds such texts.
    """
    kind = column.type
    by_dictionary = pa.types.is_dictionary(kind)
    if not (pa.types.is_string(kind) or by_dictionary):
        try:
            if pa.types.is_nested(kind):
                column.validate(full=True)
        except pa.ArrowInvalid as error:
            raise OmninbError(f"column {name!r} is damaged: {error}. Leave it out.") from error
        return column
    bad = [_not_utf8(chunk.dictionary if by_dictionary else chunk) for chunk in column.chunks]
    if all(one is None for one in bad):
        return column
    chunks, masks = [], []
    for chunk, words in zip(column.chunks, bad, strict=True):
        rows = np.zeros(len(chunk), bool)
        if words is not None and by_dictionary:
            rows = pa.array(words).take(chunk.indices).fill_null(False).to_numpy(False)
            sound = _without(chunk.dictionary, words).fill_null("")
            indices = pc.if_else(pa.array(rows), pa.scalar(None, pa.int32()), chunk.indices)
            chunk = pa.DictionaryArray.from_arrays(indices, sound)
        elif words is not None:
            chunk, rows = _without(chunk, words), words
        chunks.append(chunk)
        masks.append(rows)
    refusals.refuse(np.concatenate(masks), "encoding: not UTF-8")
    return pa.chunked_array(chunks, kind)


def _not_utf8(words: pa.Array) -> Mask | None:
    """Which texts are not UTF-8; None where all are."""
    text = bytes_of(words)
    if not text.size or text.max() < 128:
        return None
    try:
        words.validate(full=True)
    except pa.ArrowInvalid:
        return np.array([not _decodes(word) for word in words.cast(pa.binary()).to_pylist()])
    return None


def _decodes(word: bytes | None) -> bool:
    try:
        (word or b"").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _without(words: pa.Array, bad: Mask) -> pa.Array:
    """The texts, null where they are bad."""
    kept = pc.if_else(pa.array(~bad), words.cast(pa.binary()), pa.scalar(None, pa.binary()))
    return kept.cast(pa.string())


def bytes_of(words: pa.Array) -> np.ndarray:
    """The bytes of all texts of an array, one behind the other."""
    _, offsets, data = words.buffers()
    if data is None or not len(words):
        return np.empty(0, np.uint8)
    first, last = np.frombuffer(offsets, np.int32)[[words.offset, words.offset + len(words)]]
    return np.frombuffer(data, np.uint8)[first:last]


def refuse_large(column: pa.ChunkedArray, refusals: Refusals) -> None:
    """Refuse texts of more bytes than a field may have."""
    by_dictionary = pa.types.is_dictionary(column.type)
    masks = []
    for chunk in column.chunks:
        words = chunk.dictionary if by_dictionary else chunk
        large = None
        if pa.types.is_string(words.type) and bytes_of(words).size > LARGEST_FIELD:
            large = pc.greater(pc.binary_length(words), LARGEST_FIELD)
        if large is None or not pc.any(large).as_py():
            masks.append(np.zeros(len(chunk), bool))
            continue
        rows = large.take(chunk.indices) if by_dictionary else large
        masks.append(rows.fill_null(False).to_numpy(zero_copy_only=False))
    if masks:
        refusals.refuse(np.concatenate(masks), TOO_LARGE)


def refuse_hidden(column: pa.ChunkedArray, role: str, refusals: Refusals) -> None:
    """Refuse texts with NUL, bidi or control characters, and those of which a part was lost.

    Ids also with line ends and with characters of no width, by which two would look the same; in
    names these are left out.
    """
    is_id = role.endswith("_id")
    reasons = {
        rf"{_HIDDEN}|[\n\r]" if is_id else _HIDDEN: "holds NUL, bidi or control characters",
        _LOST: "holds a replacement character: its text was lost, so take the row from its source",
    }
    if is_id:
        reasons[f"[{UNSEEN}]"] = "holds characters that nobody sees"
    if not _holds(column, "|".join(reasons)).any():
        return
    for pattern, reason in reasons.items():
        refusals.refuse(_holds(column, pattern), f"{role} {reason}")


def _holds(column: pa.ChunkedArray, pattern: str) -> Mask:
    """The rows of texts in which a pattern is found."""
    masks = []
    for chunk in column.chunks:
        by_dictionary = pa.types.is_dictionary(chunk.type)
        words = chunk.dictionary if by_dictionary else chunk
        found = _hidden(words, pattern) if pa.types.is_string(words.type) else None
        if found is None:
            masks.append(np.zeros(len(chunk), bool))
        else:
            rows = found.take(chunk.indices) if by_dictionary else found
            masks.append(rows.fill_null(False).to_numpy(zero_copy_only=False))
    return np.concatenate(masks) if masks else np.zeros(0, bool)


def _hidden(words: pa.Array, pattern: str) -> pa.Array | None:
    """Which texts hold such characters; None where all bytes are plain ASCII."""
    text = bytes_of(words)
    if not text.size or (text.min() >= 32 and text.max() < 127):
        return None
    return pc.match_substring_regex(words, pattern)
