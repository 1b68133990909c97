"""Columns by name: their rows chosen, and tables put below each other."""

from __future__ import annotations

import pyarrow as pa

from omninb.errors import OmninbError
from omninb.events.sandbox import evaluate
from omninb.events.texts import DICTIONARY

Columns = dict[str, pa.ChunkedArray]


def take_all(columns: Columns, mask: pa.Array) -> Columns:
    """The rows of `mask` in every column."""
    return {name: column.filter(mask) for name, column in columns.items()}


def together(tables: list[Columns]) -> Columns:
    """Tables below each other; text that only some store by dictionary is plain text.

    Raises
    ------
    OmninbError
        If a column holds kinds that do not go together.
    """
    if len(tables) == 1:
        return tables[0]
    for name in dict.fromkeys(name for columns in tables for name in columns):
        kinds = {columns[name].type for columns in tables if name in columns}
        ids = name == "customer_id" and kinds <= {pa.string(), DICTIONARY, pa.int64()}
        if len(kinds) > 1 and (ids or kinds & {pa.string(), DICTIONARY}):
            target = pa.string() if ids else _common(name, kinds - {DICTIONARY}, tables)
            for columns in tables:
                if name in columns:
                    columns[name] = _as(columns[name], target)
    try:
        table = pa.concat_tables([pa.table(one) for one in tables], promote_options="permissive")
    except pa.ArrowException as error:
        raise OmninbError(
            f"The files do not fit together: {error}. Read them one kind at a time."
        ) from error
    return dict(zip(table.column_names, table.columns, strict=True))


def _as(column: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    """A column as another type; as text, what Arrow has no text for is JSON, as in JSON lines."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    try:
        return column.cast(target)
    except pa.ArrowNotImplementedError:
        return evaluate(column, "SELECT to_json(x)::VARCHAR AS x FROM given")["x"]


def _common(name: str, kinds: set[pa.DataType], tables: list[Columns]) -> pa.DataType:
    """The type that all texts of a column can take which only some tables hold as text."""
    others = kinds - {pa.string(), pa.null()}
    if len(others) == 1:
        (other,) = others
        texts = [one[name] for one in tables if name in one and one[name].type != other]
        try:
            for text in texts:
                text.cast(pa.string()).cast(other)
            return other
        except pa.ArrowException:
            pass
    return pa.string()
