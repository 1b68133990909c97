"""The layout of a log: customers hashed into 64 groups and sorted once."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from omninb.columns import Columns
from omninb.errors import OmninbError
from omninb.memory import fresh, plain_memory, writable
from omninb.passes import customers
from omninb.passes.compiling import GROUPS, each, group_ranges, threads

if TYPE_CHECKING:
    from omninb.events import EventLog

_BATCH = 1 << 20


def _text_parts(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    if pa.types.is_large_string(texts.type) or pa.types.is_string_view(texts.type):
        texts = texts.cast(pa.string())
    _, offsets, data = texts.buffers()
    if data is None:
        return np.zeros(len(texts) + 1, np.int32), np.zeros(1, np.uint8)
    whole = pa.Array.from_buffers(pa.int32(), texts.offset + len(texts) + 1, [None, offsets])
    bytes_ = pa.Array.from_buffers(pa.uint8(), data.size, [None, data])
    return writable(whole.slice(texts.offset), np.int32), writable(bytes_, np.uint8)


def customer_hashes(ids: pa.Array, out: np.ndarray | None = None) -> np.ndarray:
    """The 128-bit identity of customers.

    Parameters
    ----------
    ids : pyarrow.Array
        Texts or integers (hashed as decimal text), without nulls.
    out : numpy.ndarray, optional
        Where to write.

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
    out = np.empty((len(ids), 2), np.uint64) if out is None else out
    if pa.types.is_integer(ids.type):
        customers.hash_integers(writable(ids.cast(pa.int64()), np.int64), out)
    else:
        customers.hash_texts(*_text_parts(ids), out)
    return out


@dataclass
class Numbering:
    """Numbers for different keys, in a table that has grown to what the last keys needed."""

    slots: np.ndarray = field(default_factory=lambda: np.empty(4_096, np.int32))
    firsts: np.ndarray = field(default_factory=lambda: np.empty(2_048, np.int32))

    def of(self, keys: np.ndarray, number: np.ndarray) -> np.ndarray:
        """Number keys by first appearance; returns the row in which each number appears first."""
        while (count := customers.number_keys(keys, self.slots, self.firsts, number)) < 0:
            self.slots = np.empty(4 * len(self.slots), np.int32)
            self.firsts = np.empty(len(self.slots) // 2, np.int32)
        return self.firsts[:count]


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


@plain_memory()
def _lay_out(log: EventLog) -> Layout:
    """Lay a log out once: hash and group rows batch by batch, then place them group by group."""
    table = log.table
    if table.num_rows >= 1 << 31:
        raise OmninbError(
            f"the log has {table.num_rows:,} touchpoints; a layout holds up to {(1 << 31) - 1:,}. "
            "Read it in parts by customer, and add their tallies."
        )
    batches = table.select(["customer_id", "timestamp"]).to_batches(max_chunksize=_BATCH)
    first_rows = np.concatenate(([0], np.cumsum([b.num_rows for b in batches]))).astype(np.int64)
    n = int(first_rows[-1])
    rows, starts = fresh(n, np.int32), np.zeros((len(batches), GROUPS + 1), np.int64)
    keys = [np.empty((0, 1), np.uint64)] * len(batches)
    indices = [np.empty(0, np.int32)] * len(batches)
    moments = [writable(batch.column(1).cast(pa.int64()), np.int64) for batch in batches]

    def group(share: range) -> None:
        used = fresh((min(n, _BATCH), 2), np.uint64)
        for b in share:
            ids, here = batches[b].column(0), slice(first_rows[b], first_rows[b + 1])
            if pa.types.is_dictionary(ids.type):
                indices[b] = writable(ids.indices.cast(pa.int32()), np.int32)
                keys[b] = hashed = customer_hashes(ids.dictionary)
            elif pa.types.is_integer(ids.type):  # the number itself is what tells customers apart
                keys[b] = writable(ids, np.int64).view(np.uint64).reshape(-1, 1)
                hashed = customer_hashes(ids, used[: len(ids)])
            else:
                keys[b] = hashed = customer_hashes(ids)
            customers.group_rows(hashed, indices[b], len(ids), starts[b], rows[here])

    each(group, [(range(t, len(batches), threads()),) for t in range(threads())])
    sizes = np.diff(starts, axis=1).sum(axis=0)
    bounds = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    order, time = fresh(n, np.int32), fresh(n, np.int64)
    offsets: list[np.ndarray] = [np.zeros(1, np.int64)] * GROUPS
    again = np.zeros(GROUPS, np.int64)
    width = keys[0].shape[1] if keys else 1

    def place(first: int, last: int) -> None:
        largest = sizes[first:last].max(initial=0)
        gathered, numbers = np.empty((largest, width), np.uint64), np.empty(largest, np.int32)
        numbering = Numbering()
        for g in range(first, last):
            here = slice(bounds[g], bounds[g + 1])
            parts = [
                rows[f + s[g] : f + s[g + 1]] for f, s in zip(first_rows, starts, strict=False)
            ]
            ends = np.cumsum([len(part) for part in parts])
            for b, part in enumerate(parts):
                own = gathered[ends[b] - len(part) : ends[b]]
                customers.gather_keys(keys[b], indices[b], part, own)
            count = len(numbering.of(gathered[: sizes[g]], numbers))
            offsets[g] = np.empty(count + 1, np.int64)
            customers.offsets_of(numbers[: sizes[g]], offsets[g])
            fill, late = offsets[g][:-1].copy(), np.empty(count, bool)
            for b, part in enumerate(parts):
                customers.place_rows(
                    numbers[ends[b] - len(part) : ends[b]], part, moments[b], first_rows[b],
                    fill, order[here], time[here],
                )  # fmt: skip
            again[g] = customers.mark_disordered(offsets[g], time[here], late)
            if again[g]:
                customers.sort_disordered(offsets[g], late, order[here], time[here])

    each(place, group_ranges(bounds))
    group_offsets = np.concatenate(([0], np.cumsum([len(o) - 1 for o in offsets]))).astype(np.int64)
    customer_offsets = np.concatenate(
        [o[:-1] + bounds[g] for g, o in enumerate(offsets)] + [np.array([n])]
    ).astype(np.int64)
    columns = Columns(table, order, log.min_customers is not None)
    return Layout(order, time, customer_offsets, group_offsets, int(again.sum()), columns)
