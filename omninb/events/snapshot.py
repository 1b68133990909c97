"""A log as it was read and accounted for, kept in one file: many notebooks then read the same."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from omninb.errors import OmninbError
from omninb.events.ledger import Ledger, without_examples
from omninb.events.log import EventLog
from omninb.events.naming import pool_rare

ENDING = ".omninb"
_ABOUT = b"omninb.log"
_FACTS = ("roles", "timezone", "currency", "observed_from", "observed_until", "counts", "files")


def write_snapshot(
    log: EventLog, path: str | os.PathLike[str], min_customers: int | None = None
) -> str:
    """Write a log to a file ending in ``.omninb``, which `read_events` reads back as it was.

    Of quarantined rows the raw texts, which may hold identities, are left out. Whoever reads it
    back pools at ``min_customers`` at least, which is no less than the log's own.

    Returns
    -------
    str
        SHA-256 of the file: the same log gives the same.
    """
    about = {name: getattr(log, name) for name in _FACTS}
    fewest = max(min_customers or 0, log.min_customers or 0) or None
    quality = log.quality if fewest is None else without_examples(log.quality)
    about |= {"min_customers": fewest, "quality": quality.to_dict("list")}
    about |= {"quarantine": log.quarantine.assign(text="").to_dict("list")}
    text = json.dumps(about, ensure_ascii=False)
    columns = [_repeatable(log.table[name]) for name in log.table.column_names]
    table = pa.table(columns, names=log.table.column_names, metadata={_ABOUT: text.encode()})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _repeatable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The same values; where one is missing, Arrow leaves in memory what was there before."""
    if not column.null_count:
        return column
    chunks = [chunk.take(pa.array(np.arange(len(chunk)))) for chunk in column.chunks]
    return pa.chunked_array(chunks, column.type)


def read_snapshot(
    path: str | os.PathLike[str], below: int = 0, min_customers: int | None = None
) -> EventLog:
    """Read back what :func:`write_snapshot` wrote; columns stay in the file until they are used.

    Parameters
    ----------
    path : path
        Of a snapshot.
    below : int
        Names of fewer customers are pooled.
    min_customers : int, optional
        As in `read_events`; no less than the snapshot asks for.

    Raises
    ------
    OmninbError
        If the file is no snapshot of a log.
    """
    try:
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        about = json.loads((table.schema.metadata or {})[_ABOUT])
        log = EventLog(
            table=table.replace_schema_metadata(None),
            **{name: about[name] for name in _FACTS},
            quality=_frame(about["quality"], rows="int64", share="float64"),
            quarantine=_frame(about["quarantine"], line="int64"),
        )
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise OmninbError(f"{Path(path).name} is no snapshot of a log: {error}") from None
    asked = max(min_customers or 0, about["min_customers"] or 0)
    below = max(below, asked)
    log = _pooled(log, below) if below else log
    if not asked:
        return log
    return dataclasses.replace(log, min_customers=asked, quality=without_examples(log.quality))


def _frame(columns: dict[str, list[object]], **types: str) -> pd.DataFrame:
    return pd.DataFrame(columns).astype({name: types.get(name, "str") for name in columns})


def _pooled(log: EventLog, below: int) -> EventLog:
    """The log with the names of few customers pooled, and a line of the ledger that says so."""
    ledger = Ledger()
    columns = dict(zip(log.table.column_names, log.table.columns, strict=True))
    table = pa.table(pool_rare(columns, below, ledger))
    said = ledger.frame(log.counts["read"])
    quality = pd.concat([log.quality, said], ignore_index=True) if len(said) else log.quality
    return dataclasses.replace(log, table=table, quality=quality)
