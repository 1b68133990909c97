"""read_events: from a source to an EventLog, one stage after the other."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError
from omninb.events.checks import enter_warnings
from omninb.events.clock import zone
from omninb.events.ledger import (
    Ledger,
    enter_quarantine,
    file_counts,
    quarantine_frame,
    take_all,
    without_examples,
)
from omninb.events.log import EventLog
from omninb.events.moments import read_moments
from omninb.events.money import read_money, read_scores
from omninb.events.naming import name_columns, pool_rare, pooled_below
from omninb.events.parts import Part
from omninb.events.refusals import Refusals
from omninb.events.repeats import in_priority, without_repeats
from omninb.events.roles import KEYS, MONEY, ROLES, resolve_roles
from omninb.events.snapshot import ENDING, read_snapshot
from omninb.events.sources import read_parts
from omninb.events.texts import DICTIONARY, as_text, plain, read_ids
from omninb.events.window import instant, now, window
from omninb.memory import plain_memory

_HOUR = 3_600_000_000
Columns = dict[str, pa.ChunkedArray]


@plain_memory()
def read_events(
    source: object,
    columns: Mapping[str, str] | None = None,
    *,
    timezone: str | None = None,
    time_unit: str | None = None,
    day_first: bool | None = None,
    decimal: str = ".",
    currency: str | None = None,
    phases: Mapping[str, str] | None = None,
    recode: Mapping[str, Mapping[str, str]] | None = None,
    other_below: int | None = None,
    min_customers: int | None = None,
    priority: Sequence[str] | None = None,
    drop_duplicates: bool = False,
    observed_from: object = None,
    observed_until: object = None,
    as_of: object = None,
) -> EventLog:
    """Read touchpoints and account for every row.

    Parameters
    ----------
    source : object
        CSV (plain, gzip, zstd), Parquet or JSON lines: a path, a glob or a list of them; a pandas
        or polars DataFrame; an Arrow table; a DuckDB relation. Or the path of a snapshot ending in
        ``.omninb``, in which all but ``other_below`` and ``min_customers`` is settled.
    columns : mapping, optional
        Role to source column, such as ``{"customer_id": "user"}``. A column that bears a role's own
        name needs no entry. Required: customer_id, timestamp, channel; without event, event =
        channel. Other columns are kept under their own names (``source_x`` where x is a role that
        another column plays).
    timezone : str, optional
        IANA zone of times without an offset. A local time that exists twice is taken the first
        time; one that does not exist is quarantined.
    time_unit : {"s", "ms", "us", "ns"}, optional
        Unit of timestamps that are numbers.
    day_first : bool, optional
        Whether ``01/02/2024`` is the first of February.
    decimal : {".", ","}, default "."
        Decimal sign of value and cost.
    currency : str, optional
        Currency of value and cost; a column mapped to ``currency`` must hold a single one.
    phases : mapping, optional
        Event to phase, instead of a phase column.
    recode : mapping, optional
        Role to {old name: new name}, for roles that are names.
    other_below : int, optional
        Channels and events of fewer than this many customers become ``(fewer than N customers)``:
        for logs with hundreds of names.
    min_customers : int, optional
        For what is to be shared, from 5: names are pooled likewise, and in every table and graph of
        the log also rows of fewer customers, with others that would give them away (see
        `omninb.pooling`).
    priority : sequence of str, optional
        Events in the order that equal timestamps are to take, all others last; the rows are then
        in time order. Without it, equal timestamps keep the input order.
    drop_duplicates : bool, default False
        Remove rows that equal an earlier row in every column; otherwise they are only counted.
    observed_from, observed_until : str or datetime, optional
        What the log could see; by default its first and last timestamp.
    as_of : str or datetime, optional
        Touchpoints more than an hour later are quarantined; now by default.

    Returns
    -------
    EventLog

    Raises
    ------
    OmninbError
        If the source cannot be read, or could be read in more than one way: the message names the
        argument that settles it.

    Examples
    --------
    >>> import omninb as onb, pandas as pd
    >>> names = {"user": ["a", "a", ""], "source": ["web", "Web ", "app"]}
    >>> touchpoints = pd.DataFrame({**names, "when": "2025-03-01 10:00"})
    >>> columns = {"customer_id": "user", "timestamp": "when", "channel": "source"}
    >>> onb.read_events(touchpoints, columns, timezone="Europe/Berlin")
    EventLog: 3 read, 2 accepted, 1 quarantined, 0 duplicates removed, 2 used
    """
    if decimal not in (".", ","):
        raise OmninbError(f'decimal={decimal!r}: give "." or ",".')
    below = pooled_below(other_below, min_customers)
    if timezone is not None:
        zone(timezone)
    if isinstance(source, str | os.PathLike) and os.fspath(source).endswith(ENDING):
        return read_snapshot(source, below, min_customers)
    parts = read_parts(source)
    roles = resolve_roles(parts[0].table.column_names, columns, parts[0].name)
    for part in parts[1:]:
        resolve_roles(part.table.column_names, columns or roles, part.name)
    raw = _together(parts)
    ledger, refusals = Ledger(), Refusals(raw.num_rows)
    _refuse_headers(parts, refusals)
    given = {role: raw[column] for role, column in roles.items()}
    if not raw.num_rows:  # without rows, types say nothing
        given = {role: pa.chunked_array([pa.array([], pa.string())]) for role in roles}
    typed = _typed(
        given, roles, refusals, ledger, timezone=timezone, time_unit=time_unit,
        day_first=day_first, decimal=decimal, as_of=as_of,
    )  # fmt: skip
    typed |= _others(raw, roles)
    currency = _one_currency(given.pop("currency", None), currency, refusals)
    quarantine, files = quarantine_frame(parts, refusals), file_counts(parts, refusals)
    accepted = refusals.accepted()
    if accepted is not None:
        typed = take_all(typed, pa.array(accepted))
    rows = len(typed["timestamp"])
    typed = name_columns(typed, ledger, recode=recode or {}, phases=phases)
    typed, removed = without_repeats(typed, ledger, drop_duplicates)
    if below:
        typed = pool_rare(typed, below, ledger)
    if priority is not None:
        typed = in_priority(typed, priority)
    ends = window(typed["timestamp"], observed_from, observed_until, timezone)
    enter_warnings(typed, ends[1], timezone, ledger)
    for part in parts:
        for note in part.notes:
            ledger.add(f"{part.name}: {note}", "note", part.table.num_rows)
    counts = {
        "read": rows + len(quarantine),
        "accepted": rows,
        "quarantined": len(quarantine),
        "duplicates_removed": removed,
        "used": rows - removed,
    }
    book = Ledger()
    for name, number in counts.items():
        book.add(name.replace("_", " "), "count", number)
    enter_quarantine(book, quarantine)
    book.entries += ledger.entries
    quality = book.frame(counts["read"])
    return EventLog(
        table=pa.table(typed),
        roles={role: column for role, column in roles.items() if role in ROLES},
        timezone=timezone,
        currency=currency,
        observed_from=ends[0],
        observed_until=ends[1],
        quality=quality if min_customers is None else without_examples(quality),
        quarantine=quarantine,
        counts=counts,
        files=files,
        min_customers=min_customers,
    )


def _together(parts: list[Part]) -> pa.Table:
    """All parts in one table; a text column that only some store by dictionary is plain text."""
    parted = [
        {
            name: plain(column)
            for name, column in zip(part.table.column_names, part.table.columns, strict=True)
        }
        for part in parts
    ]
    for name in {name for columns in parted for name in columns}:
        kinds = {columns[name].type for columns in parted if name in columns}
        if kinds == {pa.string(), DICTIONARY}:
            for columns in parted:
                if name in columns:
                    columns[name] = columns[name].cast(pa.string())
    try:
        return pa.concat_tables([pa.table(one) for one in parted], promote_options="permissive")
    except pa.ArrowException as error:
        raise OmninbError(
            f"The files do not fit together: {error}. Read them one kind at a time."
        ) from error


def _refuse_headers(parts: list[Part], refusals: Refusals) -> None:
    if all(part.repeated_header is None for part in parts):
        return
    masks = [
        np.zeros(part.table.num_rows, bool)
        if part.repeated_header is None
        else part.repeated_header
        for part in parts
    ]
    refusals.refuse(np.concatenate(masks), "the header again")


def _typed(
    given: Columns,
    roles: Mapping[str, str],
    refusals: Refusals,
    ledger: Ledger,
    *,
    as_of: object,
    decimal: str,
    **times: Any,
) -> Columns:
    """The role columns, typed, in the order of `ROLES`."""
    typed: Columns = {}
    typed["customer_id"], nobody = read_ids(
        given["customer_id"], refusals, source=roles["customer_id"]
    )
    if nobody:
        ledger.add("customer_id is a word such as NA, None, - or 0", "warning", nobody)
    typed["timestamp"], twice = read_moments(
        given["timestamp"], refusals, source=roles["timestamp"], **times
    )
    if twice:
        ledger.add("local time exists twice: the first was taken", "repaired", twice)
    limit = instant(as_of, "as_of", times["timezone"]) if as_of is not None else now()
    latest = pc.max(typed["timestamp"].cast(pa.int64())).as_py()
    if latest is not None and latest > limit + _HOUR:
        late = pc.greater(typed["timestamp"].cast(pa.int64()), limit + _HOUR).fill_null(False)
        refusals.refuse(late.to_numpy(), "timestamp is in the future")
    for role in ROLES[2:]:
        if role not in given:
            continue
        if role in MONEY:
            typed[role] = read_money(
                given[role], role, refusals, source=roles[role], decimal=decimal
            )
        elif role == "score":
            typed[role] = read_scores(given[role], refusals, source=roles[role])
        elif role in KEYS:
            typed[role] = as_text(given[role])
        else:
            typed[role] = given[role]
    return typed


def _others(raw: pa.Table, roles: Mapping[str, str]) -> Columns:
    """Columns without a role: text as dictionaries, the rest as it is."""
    others: Columns = {}
    for name in raw.column_names:
        if name in roles.values():
            continue
        column = raw[name]
        if pa.types.is_string(column.type):
            column = column.dictionary_encode()
        others[f"source_{name}" if name in ROLES else name] = column
    return others


def _one_currency(
    column: pa.ChunkedArray | None, declared: str | None, refusals: Refusals
) -> str | None:
    if column is None:
        return declared
    accepted = refusals.accepted()
    kept = column if accepted is None else column.filter(pa.array(accepted))
    found = sorted({str(one) for one in kept.unique().to_pylist() if one})
    if len({*found, *([declared] if declared else [])}) > 1:
        said = f", and currency={declared!r} was given" if declared else ""
        raise OmninbError(
            f"currency: the log holds {', '.join(found)}{said}. One log holds one currency: "
            "convert or select first."
        )
    return found[0] if found else declared
