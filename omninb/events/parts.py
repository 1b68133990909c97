"""One file or frame of a source: its columns as they stand, and where each row came from."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

TEXT_LIMIT = 10_000  # characters of a row that the quarantine keeps
# Behind a text that the quarantine holds the beginning of; a row with it is never accepted.
CUT = " … (cut: mend the row in its source)"


class Refused(NamedTuple):
    """One row that was put into quarantine; `lines` are those of its record."""

    line: int
    text: str
    reason: str
    lines: int = 1


@dataclass(frozen=True)
class Part:
    """What one file or frame, or a block of a file, gave.

    Attributes
    ----------
    name, path : str
        What the file is called (safe to show), and as it was given (for the quarantine).
    table : pyarrow.Table
        The readable rows, source columns under their own names.
    numbers : int64 array or None
        The physical line of each row; None where rows are simply counted from 1.
    refused : list of Refused
        Records that could not be read at all.
    physical, header, blank, continuation : int
        Physical lines of a text file and what they are; 0 for tables.
    text : callable or None
        The raw text of a row of `table`; None where a row has no text of its own.
    notes : list of str
        What the ledger should say about the part.
    repeated_header : bool array or None
        The rows that repeat the header.
    line_ends : int64 array or None
        Records that end with LF, CRLF and a lone CR.
    first : int
        Rows of the same table in earlier parts.
    accepted, late : int
        Rows that are no longer here: accepted, and refused after reading.
    size : int
        Bytes of its file, unpacked, that it covers.
    spans : int64 array or None
        The physical lines of each row; None where each has one.
    longest : (int, int)
        The record of most physical lines: how many, and the first of them.
    wide, melted : int
        Of a melted part: its rows before, and the touchpoints beyond one for each row with any.
    origin : int64 array or None
        Of a melted part: the row before that each touchpoint comes from.
    keyed : dict
        Keys of its folders that are columns too: rows, and those in which they differ.
    empty : dict
        Of a melted part: column of times to the rows in which it is empty.
    """

    name: str
    path: str
    table: pa.Table
    numbers: np.ndarray | None = None
    refused: list[Refused] = field(default_factory=list)
    physical: int = 0
    header: int = 0
    blank: int = 0
    continuation: int = 0
    text: Callable[[int], str] | None = None
    notes: list[str] = field(default_factory=list)
    repeated_header: np.ndarray | None = None
    line_ends: np.ndarray | None = None
    first: int = 0
    accepted: int = 0
    late: int = 0
    size: int = 0
    spans: np.ndarray | None = None
    longest: tuple[int, int] = (1, 0)
    wide: int = 0
    melted: int = 0
    origin: np.ndarray | None = None
    keyed: dict[str, tuple[int, int]] = field(default_factory=dict)
    empty: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows read, whatever becomes of them."""
        return int(self.table.num_rows) + self.accepted + len(self.refused)

    def raw(self, row: int) -> str:
        """What a row of `table` looks like: its raw text, or its values as a line of JSON."""
        if self.text is not None:
            return self.text(row)
        names = zip(self.table.column_names, self.table.columns, strict=True)
        values = {name: _value(column[row]) for name, column in names}
        return json.dumps(values, ensure_ascii=False, default=str)

    def line(self, row: int) -> int:
        """The physical line (text files) or the number, from 1, of a row of `table`."""
        return self.first + row + 1 if self.numbers is None else int(self.numbers[row])

    def lines(self, row: int) -> int:
        """The physical lines of a row of `table`."""
        return 1 if self.spans is None else int(self.spans[row])

    @property
    def readable(self) -> int:
        """Rows with the fields that they should have."""
        return int(self.table.num_rows) + self.accepted + self.late

    def without_rows(self, late: list[Refused], rows: int) -> Part:
        """The part when its rows are accepted, but for late ones, which were `rows` of its table.

        Only what was counted stays.
        """
        return replace(
            self, table=self.table.schema.empty_table(), numbers=None, text=None, spans=None,
            repeated_header=None, accepted=self.table.num_rows - rows, late=len(late), origin=None,
            refused=sorted([*self.refused, *late], key=lambda row: row.line),
            melted=self.melted - (rows - len(late)),
        )  # fmt: skip


def _value(scalar: pa.Scalar) -> object:
    """A cell as JSON may hold it; a moment that Python's calendar lacks, as its number."""
    try:
        value = scalar.as_py()
    except (OverflowError, ValueError):
        if pa.types.is_temporal(scalar.type):
            return scalar.cast(pa.int64()).as_py()
        return "(no text)"
    return None if value is pd.NaT or value != value else value
