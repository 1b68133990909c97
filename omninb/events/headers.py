"""The header of a CSV file: it names the columns, settles the delimiter, and may come again."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError
from omninb.events.lines import Bytes, Lines
from omninb.events.refusals import Mask

_DELIMITERS = ",;\t|"
_MARK = b"\xef\xbb\xbf"
_SPARE = 8  # bytes of spaces, and of a byte order mark, that a repeated header may have


def distinct_names(names: list[str]) -> list[str]:
    """Column names with the second ``a`` called ``a (2)``.

    Examples
    --------
    >>> distinct_names(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    given: dict[str, None] = {}
    for name in names:
        unique, count = name, 1
        while unique in given:
            count += 1
            unique = f"{name} ({count})"
        given[unique] = None
    return list(given)


def refuse_utf16(head: bytes, name: str) -> None:
    """Refuse a text that begins with the byte order mark of UTF-16."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise OmninbError(f"{name} is UTF-16. Save it as UTF-8.")


def dialect(pieces: Iterator[bytes], name: str) -> tuple[Iterator[bytes], str]:
    """The text without a byte order mark, and the delimiter, which the header alone settles."""
    head = next(pieces, b"")
    refuse_utf16(head, name)
    head = head.removeprefix(_MARK)
    if not head.strip():
        raise OmninbError(f"{name} is empty: there is not even a header line.")
    first = head.lstrip(b"\r\n")[: 1 << 20].decode("utf-8", "replace")
    return chain([head], pieces), _likely(first, name)


def _likely(text: str, name: str) -> str:
    """The delimiter that gives the first record of a text most fields."""
    return max(_DELIMITERS, key=lambda delimiter: len(_fields(text, delimiter, name)))


def _fields(text: str, delimiter: str, name: str) -> list[str]:
    """The fields of the first record of a text."""
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise OmninbError(f"{name}, line 1: the header cannot be read: {error}") from error


def header_of(data: Bytes, lines: Lines, name: str, delimiter: str) -> list[str]:
    """The column names, in the first record."""
    header = data[lines.starts[0] : lines.ends[0]].tobytes()
    where = f"{name}, line {lines.numbers[0]}"
    if b"\0" in header:
        raise OmninbError(
            f"{where}: the header holds NUL bytes. Perhaps the file is UTF-16, or no text at all. "
            "Save it as UTF-8."
        )
    try:
        text = header.decode("utf-8")
    except UnicodeDecodeError as error:
        raise OmninbError(
            f"{where}: the header is not UTF-8 (byte {error.start + 1}). Save the file as UTF-8."
        ) from error
    if lines.spoilt[0]:
        raise OmninbError(f"{where}: the header holds text after a closing quote. Mend that line.")
    names = _fields(text, delimiter, name)
    if len(lines.starts) > 1 and (text.startswith("#") or re.fullmatch("sep=.?", text)):
        below = data[lines.starts[1] : lines.ends[1]].tobytes().decode("utf-8", "replace")
        if len(_fields(below, _likely(below, name), name)) != len(names):
            raise OmninbError(
                f"{where}: {text[:60]!r} is no header, which is expected there. Delete that line."
            )
    return names


def same_as_header(table: pa.Table, header: list[str]) -> Mask | None:
    """Rows that repeat the header, or None where there are none.

    Case, spaces and the byte order mark of a file that was put behind another change nothing.
    """
    like = np.ones(table.num_rows, bool)  # as long as the header, which rows of data hardly are
    for column, name in zip(table.columns, header, strict=True):
        length = pc.binary_length(column).fill_null(0).to_numpy()
        like &= np.abs(length - len(name.encode())) <= _SPARE
    rows = np.flatnonzero(like)
    for column, name in zip(table.columns, header, strict=True):
        cells = column.take(pa.array(rows)).fill_null("")
        alike = pc.equal(_bare(cells), _bare(pa.scalar(name)))
        rows = rows[alike.to_numpy()]
    if not len(rows):
        return None
    same = np.zeros(table.num_rows, bool)
    same[rows] = True
    return same


def _bare(text: Any) -> Any:
    """Texts in small letters, without spaces and marks around them."""
    return pc.utf8_lower(pc.utf8_trim(text, " \t\ufeff"))
