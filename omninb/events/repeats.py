"""Rows that come again: the same event id, the same row, the same customer at the same moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from omninb.events.columns import Columns, take_all
from omninb.events.ledger import Ledger
from omninb.events.refusals import Mask
from omninb.events.texts import fold

# Counting equal rows and ties needs every id hashed; above this it is left to those who ask.
COUNTED_UP_TO = 2_000_000


def codes(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """A number for each distinct value of a column; −1 for null."""
    kind = column.type
    if (pa.types.is_timestamp(kind) or pa.types.is_integer(kind)) and not column.null_count:
        return np.asarray(column.cast(pa.int64()).to_numpy(), np.int64)
    try:
        by_words = pa.types.is_dictionary(kind)
        column = column.unify_dictionaries() if by_words else column.dictionary_encode()
    except pa.ArrowNotImplementedError:  # lists and structs have no dictionary; their text has
        texts = [None if one is None else repr(one) for one in column.to_pylist()]
        column = pa.chunked_array([pa.array(texts, pa.string())]).dictionary_encode()
    indices = [
        chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in column.chunks
    ]
    return np.concatenate(indices).astype(np.int64) if indices else np.empty(0, np.int64)


def repeated_keys(column: pa.ChunkedArray) -> Mask:
    """Rows whose key, not null, an earlier row has."""
    return pd.Series(codes(column)).duplicated().to_numpy() & ~column.is_null().to_numpy()


def tied_rows(customers: npt.NDArray[np.integer[Any]], moments: npt.NDArray[np.int64]) -> Mask:
    """Rows that share customer and timestamp with another row.

    Both numbers are mixed into one, whose repetitions are few: only those are compared in full.
    """
    mixed = customers * np.int64(-7046029254386353131) ^ moments
    ordered = np.sort(mixed)
    again = ordered[1:][ordered[1:] == ordered[:-1]]
    tied = np.zeros(len(customers), bool)
    if not len(again):
        return tied
    maybe = np.flatnonzero(pd.Series(mixed).isin(again))
    pairs = pd.DataFrame({"customer": customers[maybe], "moment": moments[maybe]})
    tied[maybe[pairs.duplicated(keep=False).to_numpy()]] = True
    return tied


def equal_rows(columns: Columns, tied: Mask) -> Mask:
    """Rows that equal an earlier row in every column; they are among the tied ones."""
    places = np.flatnonzero(tied)
    some = {name: column.take(pa.array(places)) for name, column in columns.items()}
    coded = pd.DataFrame({name: codes(column) for name, column in some.items()})
    equal = np.zeros(len(tied), bool)
    equal[places[coded.duplicated().to_numpy()]] = True
    return equal


def without_repeats(
    typed: Columns, ledger: Ledger, drop: bool, sizes: Sequence[int]
) -> tuple[Columns, int]:
    """Keep the first of each event_id of a source and, with `drop`, the first of equal rows.

    Parameters
    ----------
    typed : dict
        The log's columns.
    ledger : Ledger
        Receives what was removed and what was kept.
    drop : bool
        Whether equal rows are removed.
    sizes : sequence of int
        The rows of each source, one behind the other: each numbers its events for itself.

    Returns
    -------
    dict, int
        The columns, and how many rows were removed.
    """
    rows, removed = len(typed["timestamp"]), 0
    if "event_id" in typed:
        ids, first = typed["event_id"], np.cumsum([0, *sizes])
        sources = [ids.slice(at, size) for at, size in zip(first, sizes, strict=False)]
        again = np.concatenate([repeated_keys(one) for one in sources])
        removed = int(again.sum())
        if removed:
            ledger.add("event_id seen before: the first was kept", "repaired", removed)
            typed = take_all(typed, pa.array(~again))
    if rows > COUNTED_UP_TO and not drop:
        ledger.add(
            f"equal rows and ties: not counted above {COUNTED_UP_TO:,} rows "
            "(drop_duplicates=True and overview() count them)", "note", 0
        )  # fmt: skip
        return typed, removed
    tied = tied_rows(codes(typed["customer_id"]), codes(typed["timestamp"]))
    if not tied.any():
        return typed, removed
    equal = equal_rows(typed, tied)
    found = int(equal.sum())
    if found and drop:
        ledger.add("row equals an earlier one: removed", "repaired", found)
        typed, removed = take_all(typed, pa.array(~equal)), removed + found
        tied = tied_rows(codes(typed["customer_id"]), codes(typed["timestamp"]))
    elif found:
        ledger.add("row equals an earlier one: kept (drop_duplicates=False)", "warning", found)
    if tied.any():
        ledger.add("ties: the same customer at the same time", "note", int(tied.sum()))
    return typed, removed


def in_priority(typed: Columns, priority: Sequence[str]) -> Columns:
    """Rows by time, equal times in the declared order of events, others last."""
    names = [fold(name) for name in priority]
    events = typed["event"].unify_dictionaries()
    words = events.chunk(0).dictionary.to_pylist() if events.num_chunks else []
    ranks = [names.index(word) if word in names else len(names) for word in map(fold, words)]
    rank = np.array(ranks, np.int64)[codes(events)]
    order = np.lexsort((rank, codes(typed["timestamp"])))
    return {name: column.take(pa.array(order)) for name, column in typed.items()}
