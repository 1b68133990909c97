"""One file or frame of a source: its columns as they stand, and where each row came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from omninb.errors import OmninbError
from omninb.events.lines import Bytes
from omninb.events.packing import unpacked


class Refused(NamedTuple):
    """One row that was put into quarantine."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class Part:
    """What one file or frame, or a block of a file, gave.

    Attributes
    ----------
    name, path : str
        The file's own name (safe to show), and as it was given (for the quarantine).
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

    @property
    def rows(self) -> int:
        """Rows read, whatever becomes of them."""
        return int(self.table.num_rows) + len(self.refused)

    def line(self, row: int) -> int:
        """The physical line (text files) or the number, from 1, of a row of `table`."""
        return row + 1 if self.numbers is None else int(self.numbers[row])


def unpack(path: Path, max_unpacked: int | None = None) -> Bytes:
    """The whole content of a text file, unpacked."""
    data = np.frombuffer(b"".join(unpacked(path, max_unpacked)), np.uint8)
    if not data.size:
        raise OmninbError(f"{path.name} is empty: there is not even a header line.")
    return data
