"""From what the caller has to parts: files by their names, frames by what they are."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from omninb.errors import OmninbError, closest
from omninb.events.csv_files import csv_columns, distinct_names, read_csv
from omninb.events.json_lines import read_json_lines
from omninb.events.parquet_files import read_parquet
from omninb.events.parts import Part

_READERS = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".txt": read_csv,
    ".parquet": read_parquet,
    ".pq": read_parquet,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
}
_SPREADSHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def read_parts(source: object) -> list[Part]:
    """Read every file or frame of a source, as it stands.

    Parameters
    ----------
    source : object
        A path, a glob, a list of them, a pandas or polars DataFrame, an Arrow table, or a DuckDB
        relation.

    Returns
    -------
    list of Part

    Raises
    ------
    OmninbError
        If there is no such file, or the kind of source is unknown.
    """
    if isinstance(source, str | os.PathLike):
        return [read_file(path) for path in _progress(_paths(source))]
    if isinstance(source, list | tuple):
        if not source:
            raise OmninbError("source is an empty list. Give at least one file.")
        if not all(isinstance(one, str | os.PathLike) for one in source):
            raise OmninbError("source: a list may hold paths only. Concatenate frames first.")
        paths = [path for one in source for path in _paths(one)]
        return [read_file(path) for path in _progress(paths)]
    return [_read_frame(source)]


def file_paths(source: str | os.PathLike[str] | list[str]) -> list[Path]:
    """The files that a path, a glob or a list of them names."""
    given = source if isinstance(source, list) else [source]
    return [path for one in given for path in _paths(one)]


def column_names(source: object) -> list[str]:
    """The columns of a source; of files, those of the first one, by its header or schema."""
    if isinstance(source, list | tuple) and source:
        source = source[0]
    if not isinstance(source, str | os.PathLike):
        return list(read_parts(source)[0].table.column_names)
    path = _paths(source)[0]
    reader = _reader(path)
    try:
        if reader is read_csv:
            return csv_columns(path)
        if reader is read_parquet:
            return list(pq.read_schema(path).names)
        return list(reader(path).table.column_names)
    except (OSError, pa.ArrowException) as error:
        raise OmninbError(f"{path.name} cannot be read: {error}") from error


def _progress(paths: list[Path]) -> Iterable[Path]:
    """The paths, with a bar on a terminal once they take longer than two seconds."""
    if len(paths) == 1:
        return paths
    from tqdm import tqdm

    return tqdm(paths, desc="reading", unit="file", delay=2, disable=None, leave=False)


def _paths(given: str | os.PathLike[str]) -> list[Path]:
    """The files that a path or a glob names, sorted; a file that exists is never a glob."""
    text = os.path.expanduser(os.fspath(given))
    path = Path(text)
    if path.is_dir():
        raise OmninbError(
            f"{text!r} is a folder. Name the files in it, for example '{text}/*.csv'."
        )
    if path.exists():
        return [path.resolve()]
    found = [Path(one) for one in sorted(glob.glob(text, recursive=True))]
    files = [one.resolve() for one in found if one.is_file()]
    if files:
        return files
    near = closest(path.name, glob.glob("*", root_dir=path.parent))
    raise OmninbError(
        f"There is no file {text!r} (looked from {os.getcwd()!r})."
        + (f" Did you mean {str(path.parent / near)!r}?" if near else "")
    )


def read_file(path: Path) -> Part:
    """Read one file by the ending of its name, ``.gz`` and ``.zst`` aside."""
    reader = _reader(path)
    try:
        return reader(path)
    except (OSError, pa.ArrowException) as error:
        raise OmninbError(f"{path.name} cannot be read: {error}") from error


def _reader(path: Path) -> Callable[[Path], Part]:
    stem = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    ending = os.path.splitext(stem)[1]
    if ending in _SPREADSHEETS:
        raise OmninbError(
            f"{path.name} is a spreadsheet. Save it as CSV, or read it yourself and give the frame:"
            f" read_events(pandas.read_excel({path.name!r}, dtype=str))."
        )
    reader = _READERS.get(ending)
    if reader is None:
        raise OmninbError(
            f"{path.name}: unknown kind of file. Known endings: {', '.join(_READERS)}, "
            "each also with .gz or .zst where it is text."
        )
    return reader


def _read_frame(source: object) -> Part:
    """Take any table that speaks Arrow, without copying where its types allow."""
    kind = type(source).__name__
    if kind == "LazyFrame":
        raise OmninbError("source is a lazy polars frame. Call .collect() on it first.")
    try:
        if isinstance(source, pa.Table):
            table = source
        elif type(source).__module__.partition(".")[0] == "pandas" and kind == "DataFrame":
            table = _from_pandas(source)
        elif hasattr(source, "__arrow_c_stream__"):
            table = pa.table(source)
        else:
            raise OmninbError(
                f"source is a {kind}. Give a path, a list of paths, a pandas or polars DataFrame, "
                "an Arrow table or a DuckDB relation."
            )
    except pa.ArrowException as error:
        raise OmninbError(f"source: the {kind} cannot be read: {error}") from error
    table = table.rename_columns(distinct_names([str(name) for name in table.column_names]))
    name = f"({kind})"
    return Part(name=name, path=name, table=table)


def _from_pandas(frame: object) -> pa.Table:
    """A pandas frame as Arrow; a column that mixes types is named."""
    frame = frame.set_axis(  # type: ignore[attr-defined]
        distinct_names([str(name) for name in frame.columns]),  # type: ignore[attr-defined]
        axis=1,
    )
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, TypeError) as error:
        detail = " ".join(str(part) for part in error.args)
        raise OmninbError(
            f"source: a column of the frame mixes types ({detail}). "
            "Make it text first: frame[column] = frame[column].astype(str)."
        ) from error
