"""The layout of a log: customers hashed into 64 groups and sorted once, columns gathered lazily."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from omninb.errors import OmninbError, nearest
from omninb.passes import customers
from omninb.passes.compiling import GROUPS, each, group_ranges, ready, threads

if TYPE_CHECKING:
    from omninb.events import EventLog

NOT_SET = "(not set)"
_BATCH = 1 << 20
_MOST_LABELS = 65_535


def writable(array: pa.Array, dtype: type[np.generic]) -> np.ndarray:
    """NumPy's view of an Arrow array without nulls, of the one array type that passes accept."""
    width = np.dtype(dtype).itemsize
    values = array.buffers()[1]
    if values is None or len(array) == 0:
        return np.empty(0, dtype)
    raw = (ctypes.c_uint8 * (len(array) * width)).from_address(
        values.address + array.offset * width
    )
    view = np.frombuffer(raw, dtype)  # type: ignore[call-overload]
    raw.owner = array  # type: ignore[attr-defined]  # keeps Arrow's memory alive as long as the view
    return view


def _text_parts(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    if pa.types.is_large_string(texts.type) or pa.types.is_string_view(texts.type):
        texts = texts.cast(pa.string())
    _, offsets, data = texts.buffers()
    if data is None:
        return np.zeros(len(texts) + 1, np.int32), np.zeros(1, np.uint8)
    whole = pa.Array.from_buffers(pa.int32(), texts.offset + len(texts) + 1, [None, offsets])
    bytes_ = pa.Array.from_buffers(pa.uint8(), data.size, [None, data])
    return writable(whole.slice(texts.offset), np.int32), writable(bytes_, np.uint8)


def customer_hashes(ids: pa.Array) -> np.ndarray:
    """The 128-bit identity of customers.

    Parameters
    ----------
    ids : pyarrow.Array
        Texts or integers (hashed as decimal text), without nulls.

    Returns
    -------
    numpy.ndarray, uint64, shape (n, 2)
        MurmurHash3 x64 128 of the UTF-8 text (Appleby 2011); the top 6 bits of the first word are
        the customer's group.

    Examples
    --------
    >>> import pyarrow as pa
    >>> bool((customer_hashes(pa.array(["123"])) == customer_hashes(pa.array([123]))).all())
    True
    """
    ready()
    out = np.empty((len(ids), 2), np.uint64)
    if pa.types.is_integer(ids.type):
        customers.hash_integers(writable(ids.cast(pa.int64()), np.int64), out)
    else:
        customers.hash_texts(*_text_parts(ids), out)
    return out


@dataclass(frozen=True)
class _Batch:
    """One batch of rows, sorted into groups."""

    starts: np.ndarray
    hashes: np.ndarray
    rows: np.ndarray
    time: np.ndarray


def _group_batch(ids: pa.Array, time: pa.Array, first_row: int) -> _Batch:
    n = len(time)
    if len(ids) != n:
        raise OmninbError(f"customer_id has {len(ids)} rows where timestamp has {n}.")
    batch = _Batch(
        np.empty(GROUPS + 1, np.int64),
        np.empty((n, 2), np.uint64),
        np.empty(n, np.int32),
        np.empty(n, np.int64),
    )
    indices = np.empty(0, np.int32)
    if pa.types.is_dictionary(ids.type):
        indices = writable(ids.indices.cast(pa.int32()), np.int32)
        ids = ids.dictionary
    customers.group_rows(
        customer_hashes(ids), indices, writable(time.cast(pa.int64()), np.int64), first_row,
        batch.starts, batch.hashes, batch.rows, batch.time,
    )  # fmt: skip
    return batch


def _batches(table: pa.Table) -> list[tuple[pa.Array, pa.Array, int]]:
    parts, row = [], 0
    for batch in table.select(["customer_id", "timestamp"]).to_batches(max_chunksize=_BATCH):
        parts.append((batch.column(0), batch.column(1), row))
        row += batch.num_rows
    return parts


@dataclass
class Columns:
    """The log's columns in the order of a layout: roles encoded to small integers on first use."""

    table: pa.Table
    order: np.ndarray
    _codes: dict[tuple[str, ...], tuple[np.ndarray, list[str]]] = field(default_factory=dict)

    def codes(self, by: str | Sequence[str]) -> tuple[np.ndarray, list[str]]:
        """Codes (uint16, one a touchpoint) and sorted labels of a role or a combination of roles.

        Empty values are ``(not set)``; combined labels are joined by `` · ``.
        """
        roles = (by,) if isinstance(by, str) else tuple(by)
        if not roles:
            raise OmninbError('by=[]: name a role or a column, such as by="channel".')
        if roles not in self._codes:
            self._codes[roles] = self._encode(roles[0]) if len(roles) == 1 else self._combine(roles)
        return self._codes[roles]

    def _column(self, role: str) -> pa.ChunkedArray:
        if role not in self.table.column_names:
            raise OmninbError(
                f"by={role!r}: the log has no such role or column."
                f"{nearest(role, self.table.column_names)}"
            )
        return self.table.column(role)

    def _encode(self, role: str) -> tuple[np.ndarray, list[str]]:
        column = self._column(role)
        if not pa.types.is_dictionary(column.type):
            column = column.cast(pa.string()).dictionary_encode()
        column = column.unify_dictionaries()
        texts = column.chunk(0).dictionary.to_pylist() if column.num_chunks else []
        labels = sorted({NOT_SET if t is None else t for t in texts})
        if column.null_count and NOT_SET not in labels:
            labels = sorted([*labels, NOT_SET])
        if len(labels) > _MOST_LABELS:
            raise OmninbError(
                f"by={role!r} has {len(labels):,} different values, more than {_MOST_LABELS:,}. "
                "Group them with recode= or other_below= of read_events."
            )
        at = {label: i for i, label in enumerate(labels)}
        code_of = np.array([*(at[NOT_SET if t is None else t] for t in texts), at.get(NOT_SET, 0)])
        indices = np.empty(len(column), np.int32)
        row = 0
        for chunk in column.chunks:
            part = chunk.indices.cast(pa.int32())
            if part.null_count:
                part = part.fill_null(len(texts))
            indices[row : row + len(part)] = writable(part, np.int32)
            row += len(part)
        codes = np.empty(len(self.order), np.uint16)
        cuts = np.linspace(0, len(codes), threads() + 1).astype(int)
        code_of = code_of.astype(np.uint16)
        each(
            customers.gather_codes,
            [
                (self.order, indices, code_of, codes, a, b)
                for a, b in zip(cuts, cuts[1:], strict=False)
            ],
        )
        return codes, labels

    def _combine(self, roles: tuple[str, ...]) -> tuple[np.ndarray, list[str]]:
        combined, names = self.codes(roles[0])
        for role in roles[1:]:
            codes, labels = self.codes(role)
            key = combined.astype(np.int64) * len(labels) + codes
            which, found = pd.factorize(key)
            if len(found) > _MOST_LABELS:
                raise OmninbError(
                    f"by={list(roles)!r} has {len(found):,} combinations, more than "
                    f"{_MOST_LABELS:,}. Group values with recode= or other_below= of read_events."
                )
            names = [f"{names[k // len(labels)]} · {labels[k % len(labels)]}" for k in found]
            combined = which.astype(np.uint16)
        ranked = np.argsort(np.array(names, dtype=object), kind="stable")
        rank = np.empty(len(names), np.uint16)
        rank[ranked] = np.arange(len(names), dtype=np.uint16)
        return rank[combined] if len(names) else combined, [names[i] for i in ranked]


@dataclass(frozen=True)
class Layout:
    """Touchpoints by group, customer and time.

    Attributes
    ----------
    order : numpy.ndarray, int32
        The log's row of each position.
    time : numpy.ndarray, int64
        µs since 1970 UTC at each position.
    customer_offsets : numpy.ndarray, int64, shape (customers + 1,)
        Where each customer's touchpoints begin.
    group_offsets : numpy.ndarray, int64, shape (65,)
        Where each group's customers begin.
    sorted_again : int
        Customers whose rows were not in time order.
    """

    order: np.ndarray
    time: np.ndarray
    customer_offsets: np.ndarray
    group_offsets: np.ndarray
    sorted_again: int
    columns: Columns


_LAYOUTS: weakref.WeakKeyDictionary[EventLog, Layout] = weakref.WeakKeyDictionary()


def layout_of(log: EventLog) -> Layout:
    """The log's layout, made on first use and kept as long as the log."""
    if log not in _LAYOUTS:
        _LAYOUTS[log] = _lay_out(log)
    return _LAYOUTS[log]


def _lay_out(log: EventLog) -> Layout:
    """Lay a log out once: hash, group, number and sort its customers.

    Parameters
    ----------
    log : EventLog
        Rows in input order; equal timestamps keep it.

    Returns
    -------
    Layout
    """
    ready()
    table = log.table
    if table.num_rows >= 1 << 31:
        raise OmninbError(
            f"the log has {table.num_rows:,} touchpoints; a layout holds up to {(1 << 31) - 1:,}. "
            "Read it in parts by customer, and add their tallies."
        )
    parts = _batches(table)
    batches: list[_Batch | None] = [None] * len(parts)

    def group(i: int) -> None:
        batches[i] = _group_batch(*parts[i])

    each(group, [(i,) for i in range(len(parts))])
    done = [b for b in batches if b is not None]
    sizes = np.array([np.diff(b.starts) for b in done]).reshape(len(done), GROUPS).sum(axis=0)
    bounds = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    n = int(bounds[-1])
    order, time = np.empty(n, np.int32), np.empty(n, np.int64)
    offsets: list[np.ndarray] = [np.zeros(1, np.int64)] * GROUPS
    again = np.zeros(GROUPS, np.int64)

    def sort(first: int, last: int) -> None:
        for g in range(first, last):
            sort_group(g)

    def sort_group(g: int) -> None:
        cut = [(b, slice(b.starts[g], b.starts[g + 1])) for b in done]
        hashes = np.concatenate([b.hashes[s] for b, s in cut])
        number = np.empty(len(hashes), np.int32)
        count = customers.number_hashes(hashes, number)
        offsets[g] = np.empty(count + 1, np.int64)
        here = slice(bounds[g], bounds[g + 1])
        again[g] = customers.sort_customers(
            number,
            np.concatenate([b.rows[s] for b, s in cut]),
            np.concatenate([b.time[s] for b, s in cut]),
            offsets[g],
            order[here],
            time[here],
        )

    if done:
        each(sort, group_ranges(bounds))
    group_offsets = np.concatenate(([0], np.cumsum([len(o) - 1 for o in offsets]))).astype(np.int64)
    customer_offsets = np.concatenate(
        [o[:-1] + bounds[g] for g, o in enumerate(offsets)] + [np.array([n])]
    ).astype(np.int64)
    columns = Columns(table, order)
    return Layout(order, time, customer_offsets, group_offsets, int(again.sum()), columns)
