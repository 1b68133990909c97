"""CSV files: omninb finds the records, Arrow reads their fields as text, and both must agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from omninb.errors import OmninbError
from omninb.events.encoding import LARGEST_FIELD, TOO_LARGE
from omninb.events.headers import dialect, distinct_names, header_of, same_as_header
from omninb.events.lines import Bytes, Lines, blocks
from omninb.events.packing import unpacked
from omninb.events.parts import CUT, TEXT_LIMIT, Part, Refused
from omninb.events.refusals import Mask

_CUT = CUT.encode()


def read_csv(path: Path, name: str, max_unpacked: int | None = None) -> Iterator[Part]:
    """Read one CSV file block by block, every column as text.

    Parameters
    ----------
    path : Path
        Plain, gzip or zstd; the first bytes tell which, not the name.
    name : str
        What it is called.
    max_unpacked : int, optional
        Bytes that a packed file may unpack to; 100 times its size without it.

    Yields
    ------
    Part
        One for each block, at least one in all, with columns alike. They are text; empty fields
        are null.

    Raises
    ------
    OmninbError
        If the file is empty, not UTF-8, damaged, still growing, or not CSV.
    """
    pieces, delimiter = dialect(unpacked(path, name, max_unpacked), name)
    notes = [] if delimiter == "," else [f"fields are separated by {delimiter!r}"]
    names: list[str] = []
    for data, lines in blocks(pieces, name, ord(delimiter)):
        header = 0
        if not names and len(lines.starts):
            header, names = 1, header_of(data, lines, name, delimiter)
        if names:
            yield _part(path, name, data, lines, names, delimiter, header, notes)


def csv_columns(path: Path) -> list[str]:
    """The column names of a CSV file."""
    pieces, delimiter = dialect(unpacked(path, path.name), path.name)
    for data, lines in blocks(pieces, path.name, ord(delimiter)):
        if len(lines.starts):
            return distinct_names(header_of(data, lines, path.name, delimiter))
    raise AssertionError("a text that is not empty has a first line")


def text_at(data: Bytes, lines: Lines, row: int) -> str:
    """The text of one record; of an overlong one more than the quarantine keeps."""
    begin, end = int(lines.starts[row]), int(lines.ends[row])
    most = 4 * TEXT_LIMIT + 4  # bytes, of which UTF-8 makes a character of four at most
    return data[begin : min(end, begin + most)].tobytes().decode("utf-8", "replace")


def _part(
    path: Path, name: str, data: Bytes, lines: Lines, names: list[str], delimiter: str,
    header: int, notes: list[str],
) -> Part:  # fmt: skip
    """The records of one block."""
    reasons = _unreadable(data, lines, ord(delimiter))
    record = np.ones(len(lines.starts), bool)
    record[:header] = False
    record[list(reasons)] = False
    at = np.flatnonzero(record)
    table, refused = _read(_only(data, lines, record), names, delimiter, name)
    reasons |= {int(at[place]): reason for place, reason in refused.items() if place < len(at)}
    kept = np.delete(at, list(refused)) if refused else at
    if len(kept) != table.num_rows or len(refused) > len(at):
        raise OmninbError(
            f"{name}: from line {lines.numbers[0] if len(at) else 1}, the CSV reader found "
            f"{table.num_rows + len(refused):,} records, and omninb's own count of lines found "
            f"{len(at):,}. Nothing was read, for rows would be lost or doubled. Look for quotes "
            "inside unquoted fields, or save the file as Parquet."
        )
    return Part(
        name=name,
        path=str(path),
        table=table,
        numbers=lines.numbers[kept],
        refused=[
            Refused(
                int(lines.numbers[row]),
                text_at(data, lines, row),
                reasons[row],
                1 if lines.spans is None else int(lines.spans[row]),
            )
            for row in sorted(reasons)
        ],
        physical=lines.physical,
        header=header,
        blank=lines.blank,
        continuation=lines.continuation,
        text=lambda row: text_at(data, lines, int(kept[row])),
        notes=notes,
        repeated_header=same_as_header(table, names),
        line_ends=lines.line_ends,
        size=lines.used,
        spans=None if lines.spans is None else lines.spans[kept],
        longest=_longest_record(lines),
    )


def _longest_record(lines: Lines) -> tuple[int, int]:
    """The lines of the record of most lines, and the first of them."""
    if lines.spans is None or not lines.spans.size:
        return 1, 0
    row = int(np.argmax(lines.spans))
    return int(lines.spans[row]), int(lines.numbers[row])


def _unreadable(data: Bytes, lines: Lines, delimiter: int) -> dict[int, str]:
    """Why records cannot be read, by their place in the block."""
    found = dict.fromkeys(np.flatnonzero(lines.spoilt).tolist(), "text after a closing quote")
    text = data.tobytes()
    at = text.find(_CUT)
    while at >= 0:
        row = int(np.searchsorted(lines.starts, at, side="right")) - 1
        found[row] = "the quarantine held only its beginning"
        at = text.find(_CUT, at + 1)
    for row in np.flatnonzero(lines.ends - lines.starts > LARGEST_FIELD).tolist():
        if _longest(data[lines.starts[row] : lines.ends[row]], delimiter) > LARGEST_FIELD:
            found[row] = TOO_LARGE
    if len(lines.starts) and not _is_utf8(data):
        for row in np.flatnonzero(np.maximum.reduceat(data, lines.starts) > 127).tolist():
            if not _is_utf8(data[lines.starts[row] : lines.ends[row]]):
                found[row] = "encoding: not UTF-8"
    return found


def _is_utf8(data: Bytes) -> bool:
    ends = pa.py_buffer(np.array([0, len(data)], np.int32))
    try:
        pa.Array.from_buffers(pa.string(), 1, [None, ends, pa.py_buffer(data)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _longest(record: Bytes, delimiter: int) -> int:
    """Bytes of the longest field of a record, quotes included."""
    comma = re.escape(bytes([delimiter]))
    field = re.compile(rb'"(?>[^"]+|"")*"[^' + comma + rb"]*|[^" + comma + rb"]+")
    return max((found.end() - found.start() for found in field.finditer(record.data)), default=0)


def _only(data: Bytes, lines: Lines, wanted: Mask) -> Bytes:
    """The block without the other records; an empty line is left in place of each."""
    if wanted.all():
        return data
    first = int(np.argmax(wanted)) if wanted.any() else len(wanted)
    if wanted[first:].all():
        return data[lines.ends[first - 1] :]
    keep = np.ones(len(data), bool)
    for row in np.flatnonzero(~wanted).tolist():
        keep[lines.starts[row] : lines.ends[row]] = False
    return data[keep]


def _read(
    text: Bytes, names: list[str], delimiter: str, name: str
) -> tuple[pa.Table, dict[int, str]]:
    """The table of texts, and the places of records with too few or too many columns."""
    from pyarrow import csv as arrow_csv

    columns = [f"c{place}" for place in range(len(names))]
    refused: dict[int, str] = {}

    def refuse(row: arrow_csv.InvalidRow) -> str:
        few = row.actual_columns < row.expected_columns
        refused[row.number - 1] = "too few columns" if few else "too many columns"
        return "skip"

    if not len(text):
        return pa.table({own: pa.array([], pa.string()) for own in distinct_names(names)}), refused
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(pa.py_buffer(text)),
            arrow_csv.ReadOptions(
                column_names=columns, use_threads=False, block_size=len(text) + 1
            ),
            arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), check_utf8=False,
                null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=True,
            ),
        )  # fmt: skip
    except pa.ArrowException as error:
        raise OmninbError(f"{name} cannot be read as CSV: {error}") from error
    return table.rename_columns(distinct_names(names)), refused
