"""From what the caller has to parts: files by their names, frames by what they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeGuard

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from omninb.errors import OmninbError
from omninb.events.csv_files import csv_columns, read_csv
from omninb.events.headers import distinct_names
from omninb.events.json_lines import read_json_lines
from omninb.events.packing import packing
from omninb.events.parquet_files import read_parquet
from omninb.events.parts import Part
from omninb.events.paths import File, named_files, refuse_twice
from omninb.events.progress import progress
from omninb.events.texts import is_text

_Reader = Callable[[Path, str, int | None], Iterator[Part]]
_READERS: dict[str, _Reader] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".txt": read_csv,
    ".parquet": read_parquet,
    ".pq": read_parquet,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
}
_ROWS = 1 << 20
_SPREADSHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def base_name(path: Path) -> str:
    """A file's own name."""
    return path.name


def read_parts(
    source: object,
    max_unpacked: int | None = None,
    numbers: Iterator[int] | None = None,
    called: Callable[[Path], str] = base_name,
) -> Iterator[Part]:
    """Read every file or frame of a source, as it stands, a part after the other.

    Parameters
    ----------
    source : object
        A path, a glob, a folder, a pandas or polars DataFrame, an Arrow table, a DuckDB relation,
        or a list of them.
    max_unpacked : int, optional
        Bytes that a packed file may unpack to; 100 times its size without it.
    numbers : iterator of int, optional
        The numbers that frames are called by, where there are several.
    called : callable
        What a file is called: by its base name, if nothing else is given.

    Yields
    ------
    Part
        At least one.

    Raises
    ------
    OmninbError
        If there is no such file, or the kind of source is unknown.
    """
    several = listed(source)
    if not several:
        raise OmninbError("source is an empty list. Give at least one file.")
    named = [named_files(one) if is_path(one) else one for one in several]
    files = [file for one in named if isinstance(one, list) for file in one]
    refuse_twice(files)
    packed = any(packing(file.path, called(file.path)) != "none" for file in files)
    sizes = sum(file.path.stat().st_size for file in files)
    with progress(None if packed else sizes) as done:
        for one in named:
            if not isinstance(one, list):
                yield from _read_frame(one, f" {next(numbers)}" if numbers else "")
                continue
            for file in one:
                for part in read_file(file.path, called(file.path), max_unpacked):
                    yield _with_keys(part, file)
                    done(part.size, part.rows)


def listed(source: object) -> list[object]:
    """The files and frames of a source."""
    return list(source) if isinstance(source, list | tuple) else [source]


def is_path(one: object) -> TypeGuard[str | os.PathLike[str]]:
    """Whether something names files, rather than being a frame."""
    return isinstance(one, str | os.PathLike)


def _with_keys(part: Part, file: File) -> Part:
    """A part with the keys of its partition as columns; columns of their names stand."""
    table, rows = part.table, part.table.num_rows
    keyed = dict[str, tuple[int, int]]()
    for key, value in file.keys.items():
        if key in table.column_names:
            keyed[key] = rows, _different(table[key], value)
            continue
        codes = pa.array(np.zeros(rows, np.int32), mask=np.full(rows, value is None))
        words = pa.array([] if value is None else [value], pa.string())
        table = table.append_column(key, pa.DictionaryArray.from_arrays(codes, words))
    return replace(part, table=table, keyed=keyed) if file.keys else part


def _different(column: pa.ChunkedArray, value: str | None) -> int:
    """Rows of a column that do not hold what a folder's name says, read as the column's type."""
    if value is None:
        return len(column) - column.null_count
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    try:
        same = pc.equal(column.cast(kind), pa.scalar(value, pa.string()).cast(kind))
    except pa.ArrowException:
        return len(column)
    return len(column) - int(pc.sum(same).as_py() or 0)


def file_paths(source: str | os.PathLike[str] | list[str]) -> list[Path]:
    """The files that a path, a glob or a list of them names."""
    given = source if isinstance(source, list) else [source]
    return [file.path for one in given for file in named_files(one)]


def column_names(source: object) -> list[str]:
    """The columns of a source; of files, those of the first one, by its header or schema."""
    if isinstance(source, list | tuple) and source:
        source = source[0]
    if not is_path(source):
        return list(next(_read_frame(source)).table.column_names)
    file = named_files(source)[0]
    path, reader = file.path, _reader(file.path, file.path.name)
    try:
        if reader is read_csv:
            found = csv_columns(path)
        elif reader is read_parquet:
            found = list(pq.read_schema(path).names)
        else:
            found = list(next(read_file(path, path.name)).table.column_names)
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        raise OmninbError(f"{path.name} cannot be read: {error}") from error
    return [*found, *(key for key in file.keys if key not in found)]


def read_file(path: Path, name: str, max_unpacked: int | None = None) -> Iterator[Part]:
    """Read one file, block by block, by the ending of its name, ``.gz`` and ``.zst`` aside."""
    reader = _reader(path, name)
    try:
        yield from reader(path, name, max_unpacked)
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        raise OmninbError(f"{name} cannot be read: {error}") from error


def _reader(path: Path, name: str) -> _Reader:
    stem = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    ending = os.path.splitext(stem)[1]
    if ending in _SPREADSHEETS:
        raise OmninbError(
            f"{name} is a spreadsheet. Save it as CSV, or read it yourself and give the frame:"
            f" read_events(pandas.read_excel({name!r}, dtype=str))."
        )
    reader = _READERS.get(ending)
    if reader is None:
        raise OmninbError(
            f"{name}: unknown kind of file. Known endings: {', '.join(_READERS)}, "
            "each also with .gz or .zst where it is text."
        )
    return reader


def _read_frame(source: object, number: str = "") -> Iterator[Part]:
    """Take any table that speaks Arrow, without copying where its types allow."""
    kind = type(source).__name__
    if kind == "LazyFrame":
        raise OmninbError("source is a lazy polars frame. Call .collect() on it first.")
    try:
        if isinstance(source, pd.DataFrame):
            source = _from_pandas(source)
        if isinstance(source, pa.Table):
            batches: Iterable[pa.Table] = _slices(_distinct_words(source))
        elif hasattr(source, "__arrow_c_stream__"):
            batches = map(_distinct_words, _streamed(pa.RecordBatchReader.from_stream(source)))
        else:
            raise OmninbError(
                f"source is a {kind}. Give a path, a list of paths, a pandas or polars DataFrame, "
                "an Arrow table or a DuckDB relation."
            )
        name, first = f"({kind}{number})", 0
        for table in batches:
            table = table.rename_columns(distinct_names([str(one) for one in table.column_names]))
            yield Part(name=name, path=name, table=table, first=first)
            first += table.num_rows
    except OmninbError:
        raise
    except Exception as error:  # of a query that fails while it is read, say: whatever it raises
        said = str(error).partition("\n")[0]
        raise OmninbError(f"source: the {kind} cannot be read: {said}") from error


def _distinct_words(table: pa.Table) -> pa.Table:
    """A table whose dictionaries hold each text once: two codes of a text would be two names."""
    for place, (name, column) in enumerate(zip(table.column_names, table.columns, strict=True)):
        kind = column.type
        if not pa.types.is_dictionary(kind) or not is_text(kind.value_type):
            continue
        words = [chunk.dictionary for chunk in column.chunks]
        new = [one for at, one in enumerate(words) if not at or not one.equals(words[at - 1])]
        if any(len(one.cast(pa.large_string()).unique()) < len(one) for one in new):
            texts = column.cast(pa.large_string())
            table = table.set_column(place, name, texts.dictionary_encode())
    return table


def _slices(table: pa.Table) -> Iterator[pa.Table]:
    for first in range(0, max(table.num_rows, 1), _ROWS):
        yield table.slice(first, _ROWS)


def _streamed(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Tables of about `_ROWS` rows, as the source delivers them; at least one."""
    batches: list[pa.RecordBatch] = []
    rows = 0
    for batch in reader:
        batches.append(batch)
        rows += batch.num_rows
        if rows >= _ROWS:
            yield pa.Table.from_batches(batches, reader.schema)
            batches, rows = [], 0
    yield pa.Table.from_batches(batches, reader.schema)


def _from_pandas(frame: pd.DataFrame) -> pa.Table:
    """A pandas frame as Arrow; a column that mixes types is named."""
    frame = frame.set_axis(distinct_names([str(name) for name in frame.columns]), axis=1)
    for name, kind in frame.dtypes.items():
        if kind == np.dtype(object) and _half_zoned(
            frame[name].to_numpy()
        ):  # as text, they are asked for their zone
            frame[name] = frame[name].map(lambda one: one.isoformat(), na_action="ignore")
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, TypeError) as error:
        detail = str(error.args[-1])  # the others quote a cell
        detail = detail if detail.startswith("Conversion failed") else type(error).__name__
        raise OmninbError(
            f"source: a column of the frame mixes types ({detail}). "
            "Make it text first: frame[column] = frame[column].astype(str)."
        ) from error


def _half_zoned(values: np.ndarray) -> bool:
    """Whether some moments bear an offset and some do not: Arrow would take those for UTC."""
    filled = (one for one in values if not (one is None or one is pd.NaT or isinstance(one, float)))
    first = next(filled, None)
    if not isinstance(first, datetime):
        return False
    zoned = first.tzinfo is not None
    return any(isinstance(one, datetime) and (one.tzinfo is not None) != zoned for one in filled)
