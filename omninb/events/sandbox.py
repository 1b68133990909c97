"""DuckDB with the doors shut: it may open the one file that it was given, and nothing else."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from omninb.errors import OmninbError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

# In this order: what is shut cannot be opened again, and the last line locks it all.
_SETTINGS = (
    "SET GLOBAL TimeZone = 'UTC'",
    "SET temp_directory = ''",  # raw texts are not spilled to a disk
    "SET allowed_directories = []",
    "SET allowed_paths = {paths}",
    "SET enable_external_access = false",
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET memory_limit = '4GB'",
    "SET lock_configuration = true",
)


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def without_glob(path: str) -> str:
    """A path in which ``[``, ``*`` and ``?`` mean themselves (bound paths still glob)."""
    return "".join(f"[{letter}]" if letter in "[*?" else letter for letter in path)


def sandbox(path: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A private connection that can no longer be reconfigured.

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
    names = [] if path is None else [str(path), without_glob(str(path))]
    paths = f"[{', '.join(quoted(name) for name in names)}]"
    for setting in _SETTINGS:
        connection.execute(setting.replace("{paths}", paths))
    return connection


@lru_cache(maxsize=1)
def _sealed() -> duckdb.DuckDBPyConnection:
    return sandbox()


def sealed_sandbox() -> duckdb.DuckDBPyConnection:
    """A cursor of one sandbox that all share, cheaper than one of its own. Close it."""
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
    import duckdb
    import pyarrow as pa

    codes = None
    if pa.types.is_dictionary(column.type):
        whole = column.unify_dictionaries().combine_chunks()
        whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
        codes, words = whole.indices, whole.dictionary
        if codes.null_count:
            codes = codes.fill_null(len(words))
            words = pa.concat_arrays([words, pa.nulls(1, words.type)])
        column = pa.chunked_array([words])
    connection = sealed_sandbox()
    try:
        connection.register("given", pa.table({"x": column}))
        table = connection.sql(query, params=values).to_arrow_table()
    except duckdb.FatalException as error:  # the database is of no use afterwards
        _sealed.cache_clear()
        raise OmninbError(f"DuckDB failed on a text: {str(error).splitlines()[0]}") from error
    finally:
        connection.close()
    return table if codes is None else table.take(codes)
