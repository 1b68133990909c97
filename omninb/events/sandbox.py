"""DuckDB with the doors shut: it reads the one file that it was given, and nothing else."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def without_glob(path: str) -> str:
    """A path in which ``[``, ``*`` and ``?`` mean themselves (bound paths still glob)."""
    return "".join(f"[{letter}]" if letter in "[*?" else letter for letter in path)


def sandbox(path: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A private connection that may read `path` and can no longer be reconfigured.

    Parameters
    ----------
    path : Path, optional
        The only file that SQL may open; without it, no file at all.

    Returns
    -------
    duckdb.DuckDBPyConnection
        To be closed by the caller. Its time zone is UTC.
    """
    import duckdb

    connection = duckdb.connect(":memory:")
    settings = ["SET GLOBAL TimeZone = 'UTC'"]
    if path is not None:
        name = str(path)
        settings.append(f"SET allowed_paths = [{quoted(name)}, {quoted(without_glob(name))}]")
    settings += [
        "SET enable_external_access = false",
        "SET python_enable_replacements = false",
        "SET autoinstall_known_extensions = false",
        "SET autoload_known_extensions = false",
        "SET memory_limit = '4GB'",
        "SET lock_configuration = true",
    ]
    for setting in settings:
        connection.execute(setting)
    return connection


@lru_cache(maxsize=1)
def _sealed() -> duckdb.DuckDBPyConnection:
    return sandbox()


def sealed_sandbox() -> duckdb.DuckDBPyConnection:
    """A connection that may open no file; cheaper than a sandbox of its own. Close it."""
    return _sealed().cursor()


def evaluate(column: pa.ChunkedArray, query: str, **values: object) -> pa.Table:
    """Evaluate SQL for every value of a text column.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Text; of a dictionary only the distinct values are evaluated.
    query : str
        Reads column ``x`` of the table ``given`` and keeps its order.
    **values
        Bound to the names ``$name`` of `query`.

    Returns
    -------
    pyarrow.Table
        One row for each value of `column`.
    """
    import pyarrow as pa

    codes = None
    if pa.types.is_dictionary(column.type):
        whole = column.unify_dictionaries().combine_chunks()
        whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
        codes, column = whole.indices, pa.chunked_array([whole.dictionary])
    connection = sealed_sandbox()
    try:
        connection.register("given", pa.table({"x": column}))
        table = connection.sql(query, params=values).to_arrow_table()
    finally:
        connection.close()
    return table if codes is None else table.take(codes)
