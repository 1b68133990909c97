"""Which part of a table a figure was asked for."""

from __future__ import annotations

import pandas as pd

from omninb.errors import OmninbError, nearest


def chosen(table: pd.DataFrame, column: str, name: str | None, argument: str) -> str:
    """The value of a column that was asked for, else the table's first; refused if unknown."""
    known = list(dict.fromkeys(table[column]))
    if name is None:
        return str(known[0])
    if name not in known:
        raise OmninbError(f"{argument}={name!r} is not in the table.{nearest(name, known)}")
    return name
