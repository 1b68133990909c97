"""CSV files: read by DuckDB as text, counted by omninb, and the two held against each other."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pyarrow as pa

from omninb.errors import OmninbError
from omninb.events.lines import Bytes, Lines, find_lines
from omninb.events.parts import Part, Refused, unpack
from omninb.events.sandbox import quoted, sandbox, without_glob

_DELIMITERS = ",;\t|"
_REASONS = {
    "MISSING COLUMNS": "too few columns",
    "TOO MANY COLUMNS": "too many columns",
    "UNQUOTED VALUE": "text after a closing quote",
    "LINE SIZE OVER MAXIMUM": "a record over 2 MB",
    "INVALID ENCODING": "encoding: not UTF-8",
}


def read_csv(path: Path) -> Part:
    """Read one CSV file, every column as text.

    Parameters
    ----------
    path : Path
        Plain, gzip or zstd; the first bytes tell which, not the name.

    Returns
    -------
    Part
        Its columns are text; empty fields are null.

    Raises
    ------
    OmninbError
        If the file is empty, not UTF-8, damaged, still growing, or not CSV.
    """
    size = path.stat().st_size
    data, packing = unpack(path)
    name = path.name
    header, delimiter = _header(data, name)
    lines = find_lines(data, name, ord(delimiter))
    table, rejects = _read(path, packing, delimiter, header, _blank_before_header(data))
    if path.stat().st_size != size:
        raise OmninbError(f"{name} is still being written: it grew while it was read. Wait for it.")
    record = np.ones(len(lines.starts), bool)
    record[0] = False
    refused = []
    # A reject's place counts from 1 and may be the LF of the line before, or a blank line between.
    at = np.searchsorted(lines.starts, [position - 1 for position, _ in rejects])
    for row, (_, reason) in zip(at.tolist(), rejects, strict=True):
        if row < len(record) and record[row]:
            record[row] = False
            refused.append(Refused(int(lines.numbers[row]), text_at(data, lines, row), reason))
    kept = np.flatnonzero(record)
    if len(kept) != table.num_rows:
        raise OmninbError(
            f"{name}: the CSV reader found {table.num_rows + len(refused):,} records, and omninb's "
            f"own count of lines found {len(lines.starts) - 1:,}. Nothing was read, for rows would "
            "be lost or doubled. Look for quotes inside unquoted fields, or save the file as "
            "Parquet."
        )
    notes = [] if delimiter == "," else [f"fields are separated by {delimiter!r}"]
    return Part(
        name=name,
        path=str(path),
        table=table,
        numbers=lines.numbers[kept],
        refused=refused,
        physical=lines.physical,
        header=1,
        blank=lines.blank,
        continuation=lines.continuation,
        text=lambda row: text_at(data, lines, int(kept[row])),
        notes=notes,
        repeated_header=_same_as_header(table, header),
    )


def csv_columns(path: Path) -> list[str]:
    """The column names of a CSV file."""
    data, _ = unpack(path)
    return distinct_names(_header(data, path.name)[0])


def text_at(data: Bytes, lines: Lines, row: int, limit: int = 500) -> str:
    """The text of one record, shortened to `limit` bytes."""
    begin, end = int(lines.starts[row]), int(lines.ends[row])
    text = data[begin : min(end, begin + limit)].tobytes().decode("utf-8", "replace")
    return text + " …" if end - begin > limit else text


def _blank_before_header(data: Bytes) -> int:
    head = data[: 1 << 16].tobytes().removeprefix(b"\xef\xbb\xbf")
    gap = head[: len(head) - len(head.lstrip(b"\r\n"))]
    return max(gap.count(b"\n"), gap.count(b"\r"))


def _header(data: Bytes, name: str) -> tuple[list[str], str]:
    """Column names and the delimiter, which the header alone settles."""
    head = data[: 1 << 20].tobytes()
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise OmninbError(f"{name} is UTF-16. Save it as UTF-8.")
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if not head.strip():
        raise OmninbError(f"{name} is empty: there is not even a header line.")
    text = head.decode("utf-8", "replace")
    rows = {
        delimiter: next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        for delimiter in _DELIMITERS
    }
    delimiter = max(rows, key=lambda one: len(rows[one]))
    return rows[delimiter], delimiter


def _read(
    path: Path, packing: str, delimiter: str, header: list[str], blank: int
) -> tuple[pa.Table, list[tuple[int, str]]]:
    """The table of texts, and (byte, reason) of every record that the reader refused."""
    import duckdb

    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(header)))
    query = (
        f"FROM read_csv(?, delim={quoted(delimiter)}, header=false, skip={blank + 1}, quote='\"', "
        f"escape='\"', auto_detect=false, columns={{{columns}}}, compression={quoted(packing)}, "
        "strict_mode=true, null_padding=false, store_rejects=true, rejects_limit=0)"
    )
    connection = sandbox(path)
    try:
        table = connection.sql(query, params=[without_glob(str(path))]).to_arrow_table()
        rejects = connection.sql(
            "SELECT min(line_byte_position), arg_min(error_type::VARCHAR, byte_position) "
            "FROM reject_errors GROUP BY line ORDER BY 1"
        ).fetchall()
    except duckdb.Error as error:
        raise OmninbError(
            f"{path.name} cannot be read as CSV: {str(error).splitlines()[0]}"
        ) from error
    finally:
        connection.close()
    reasons = [(position, _REASONS.get(kind, kind.lower())) for position, kind in rejects]
    return table.rename_columns(distinct_names(header)), reasons


def distinct_names(names: list[str]) -> list[str]:
    """Column names with the second ``a`` called ``a (2)``.

    Examples
    --------
    >>> distinct_names(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    given: list[str] = []
    for name in names:
        unique, count = name, 1
        while unique in given:
            count += 1
            unique = f"{name} ({count})"
        given.append(unique)
    return given


def _same_as_header(table: pa.Table, header: list[str]) -> np.ndarray | None:
    """Rows that repeat the header, or None where there are none."""
    import pyarrow.compute as pc

    same = None
    for column, name in zip(table.columns, header, strict=True):
        equal = pc.fill_null(pc.equal(column, name), name == "")
        same = equal if same is None else pc.and_(same, equal)
        if not pc.any(same).as_py():
            return None
    return None if same is None else same.to_numpy(zero_copy_only=False)
