"""One file or frame of a source: its columns as they stand, and where each row came from."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from omninb.errors import OmninbError
from omninb.events.lines import Bytes


class Refused(NamedTuple):
    """One row that was put into quarantine."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class Part:
    """What one file or frame gave.

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

    def line(self, row: int) -> int:
        """The physical line (text files) or the number, from 1, of a row of `table`."""
        return row + 1 if self.numbers is None else int(self.numbers[row])


def unpack(path: Path) -> tuple[Bytes, str]:
    """The bytes of a file and how they were packed: ``none``, ``gzip`` or ``zstd``.

    Raises
    ------
    OmninbError
        If the file is empty or its packing is damaged.
    """
    with path.open("rb") as file:
        head = file.read(4)
    if not head:
        raise OmninbError(f"{path.name} is empty: there is not even a header line.")
    try:
        if head[:2] == b"\x1f\x8b":
            with gzip.open(path) as packed:
                return np.frombuffer(packed.read(), np.uint8), "gzip"
        if head == b"\x28\xb5\x2f\xfd":
            with pa.input_stream(str(path), compression="zstd") as stream:
                return np.frombuffer(stream.read(), np.uint8), "zstd"
    except (OSError, EOFError, zlib.error) as error:
        raise OmninbError(f"{path.name} is damaged or cut short: {error}") from error
    return np.memmap(path, np.uint8, "r"), "none"
