"""Tables that say something of touchpoints: looked up by a key, money shared out exactly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError
from omninb.events.clock import DAY_MICROS
from omninb.events.columns import Columns
from omninb.events.ledger import Ledger
from omninb.events.naming import enter_merged
from omninb.events.repeats import codes
from omninb.events.roles import DAY, MONEY, NAMES, ROLES
from omninb.events.tables import Table
from omninb.events.texts import fold, read_names

Places = npt.NDArray[np.int64]


def join(typed: Columns, table: Table, timezone: str | None, ledger: Ledger) -> Columns:
    """Give touchpoints what a table says of their customer, order, channel's day, ….

    Parameters
    ----------
    typed : dict
        The log's columns, names encoded.
    table : Table
        Read with ``per=``.
    timezone : str or None
        Where the days of the log begin; UTC without it.
    ledger : Ledger
        Receives what found no touchpoint, and keys that say two things.

    Returns
    -------
    dict
        The log's columns and the new ones. Rows of a key whose names differ are not joined.

    Raises
    ------
    OmninbError
        If the log has a column of that name already (``value`` and ``cost`` are added to it), or
        the table would give touchpoints scores or ids.
    """
    keys = table.source.keys
    given = {name: one for name, one in table.columns.items() if name not in (*keys, "timestamp")}
    _check(given, typed, table)
    for name in given.keys() & set(NAMES):
        column, merged, merged_rows, _ = read_names(given[name])
        given[name] = column.unify_dictionaries()
        enter_merged(ledger, f"{table.name}: {name}", merged, merged_rows)
    here, there = _matched(typed, table.columns, keys, timezone)
    rows = len(there)
    known = np.isin(there, here)
    if not known.all():
        ledger.add(f"{table.name}: rows whose {_words(keys)} no touchpoint has", "note",
                   int((~known).sum()))  # fmt: skip
    typed = dict(typed)
    plain = {name: column for name, column in given.items() if name not in MONEY}
    if plain:
        row_of = _row_of(here, there, plain, table, ledger)
        if "timestamp" in table.columns:
            since = codes(table.columns["timestamp"])
            early = codes(typed["timestamp"]) < np.append(since, 0)[row_of]
            row_of = np.where(early, rows, row_of)
        at = pa.array(row_of, mask=row_of == rows)
        for name, column in plain.items():
            typed[name] = column.combine_chunks().take(at)
    for role in MONEY:
        if role in given:
            amounts = np.asarray(given[role].fill_null(0).to_numpy(), np.int64)
            shared, lost = share_out(here, there, amounts)
            shares = pa.chunked_array([shared])
            typed[role] = _sum(typed[role], shares) if role in typed else shares
            if lost:
                ledger.add(f"{table.name}: {role} without a touchpoint to bear it", "warning",
                           int((~known).sum()), f"{lost / 1e6:,.2f} in all")  # fmt: skip
    ledger.add(f"{table.name}: rows joined by {_words(keys)}", "note", rows)
    order = [role for role in ROLES if role in typed]
    return {name: typed[name] for name in [*order, *(n for n in typed if n not in order)]}


def share_out(here: Places, there: Places, micros: Places) -> tuple[pa.Array, int]:
    """Share amounts out among the touchpoints of their key.

    Parameters
    ----------
    here : int64 array
        Each touchpoint's key; −1 for none.
    there : int64 array
        Each amount's key.
    micros : int64 array
        Amounts, 1e-6 of a currency unit; several of a key add up.

    Returns
    -------
    pyarrow.Array, int
        int64 micros of each touchpoint, null where its key has no amount; shares of a key differ
        by one millionth at most and add up to its amount. And what found no touchpoint.
    """
    keys, key_of = np.unique(there, return_inverse=True)
    total = np.zeros(len(keys), np.int64)
    np.add.at(total, key_of, micros)
    place = np.searchsorted(keys, here)
    found = place < len(keys)
    found[found] = keys[place[found]] == here[found]
    rows = np.flatnonzero(found)
    key = place[rows]
    count = np.bincount(key, minlength=len(keys))
    by_key = np.argsort(key, kind="stable")
    rank = np.empty(len(rows), np.int64)
    rank[by_key] = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    share = np.zeros(len(here), np.int64)
    share[rows] = total[key] // count[key] + (rank < total[key] % count[key])
    return pa.array(share, mask=~found), int(total[count == 0].sum())


def _sum(ours: pa.ChunkedArray, theirs: pa.ChunkedArray) -> pa.ChunkedArray:
    """Amounts added up, null where both are."""
    both = pc.and_(ours.is_null(), theirs.is_null())
    total = pc.add(ours.fill_null(0), theirs.fill_null(0))
    return pc.if_else(both, pa.scalar(None, pa.int64()), total)


def _check(given: Columns, typed: Columns, table: Table) -> None:
    for name in given:
        if name in typed and name not in MONEY:
            raise OmninbError(
                f"{table.name}: {name!r} is a column of the touchpoints too. Rename or leave out "
                "one of the two."
            )
        if name in ("score", "score_kind", "event_id", "order_id", "session_id", "customer_id"):
            raise OmninbError(
                f"{table.name}: {name} belongs to one touchpoint, so it cannot be given to all of "
                f"the same {_words(table.source.keys)}. Leave per= out, and map timestamp and "
                "channel, or constants={'channel': …}."
            )
    if not given:
        raise OmninbError(f"{table.name}: it has no column beside its keys to give to touchpoints.")


def _words(keys: tuple[str, ...]) -> str:
    return " and ".join(keys)


def _matched(
    typed: Columns, table: Columns, keys: tuple[str, ...], timezone: str | None
) -> tuple[Places, Places]:
    """Numbers of the keys of touchpoints and of the table's rows, alike where the keys are."""
    rows = len(next(iter(table.values())))
    here = np.zeros(len(typed["timestamp"]), np.int64)
    there = np.zeros(rows, np.int64)
    for key in keys:
        ours, theirs = _key(typed, key, timezone), _key(table, key, timezone)
        words = theirs.unique().drop_null()
        mine, other = _places(ours, words), _places(theirs, words)
        size = len(words) + 1
        here = np.where((here < 0) | (mine < 0), -1, here * size + mine)
        there = np.where((there < 0) | (other < 0), -2, there * size + other)
    return here, there


def _key(columns: Columns, key: str, timezone: str | None) -> pa.ChunkedArray:
    """The values of a key, comparable between tables: names folded, ids as text, days counted."""
    if key == DAY:
        if DAY in columns:
            moments = columns[DAY]
        else:
            moments = pc.local_timestamp(
                columns["timestamp"].cast(pa.timestamp("us", timezone or "UTC"))
            )
        micros = np.asarray(moments.cast(pa.int64()).to_numpy(), np.int64)
        return pa.chunked_array([pa.array(micros // DAY_MICROS)])
    if key not in columns:
        raise OmninbError(f"per={key!r}: the touchpoints have no {key}.")
    column = columns[key]
    if not pa.types.is_dictionary(column.type):
        return column.cast(pa.string())
    chunks = [
        _folded(chunk.dictionary) if key in NAMES else chunk.dictionary for chunk in column.chunks
    ]
    return pa.chunked_array(
        [words.take(chunk.indices) for words, chunk in zip(chunks, column.chunks, strict=True)],
        pa.string(),
    )


def _folded(words: pa.Array) -> pa.Array:
    return pa.array(
        [None if word is None else fold(word) for word in words.to_pylist()], pa.string()
    )


def _places(column: pa.ChunkedArray, words: pa.Array) -> Places:
    """Where each value stands among `words`; −1 for others."""
    found = pc.index_in(column, value_set=words).fill_null(-1)
    return np.asarray(found.to_numpy(), np.int64)


def _row_of(here: Places, there: Places, plain: Columns, table: Table, ledger: Ledger) -> Places:
    """The table's row that belongs to each touchpoint; the number of rows where none does."""
    rows = len(there)
    coded = pd.DataFrame({name: codes(column) for name, column in plain.items()})
    coded.insert(0, "key of the row", there)
    different = coded["key of the row"][~coded.duplicated()]
    torn = different[different.duplicated() & (different >= 0)].unique()
    if len(torn):
        ledger.add(
            f"{table.name}: one {_words(table.source.keys)}, several answers: not joined",
            "warning", int(np.isin(there, torn).sum()),
        )  # fmt: skip
    since = np.zeros(rows, np.int64)
    if "timestamp" in table.columns:
        since = codes(table.columns["timestamp"])
    by_key = np.lexsort((since, there))
    by_key = by_key[(there[by_key] >= 0) & ~np.isin(there[by_key], torn)]
    by_key = by_key[np.diff(there[by_key], prepend=-1) != 0]
    keys = there[by_key]
    place = np.searchsorted(keys, here)
    found = place < len(keys)
    found[found] = keys[place[found]] == here[found]
    row_of = np.full(len(here), rows, np.int64)
    row_of[found] = by_key[place[found]]
    return row_of
