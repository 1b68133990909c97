"""read_events: from a source to an EventLog, one stage after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError
from omninb.events import checks
from omninb.events.clock import micros, zone
from omninb.events.ledger import Ledger, enter_quarantine, file_counts, quarantine_frame, take_all
from omninb.events.log import EventLog
from omninb.events.money import read_money, read_scores
from omninb.events.moments import read_moments
from omninb.events.naming import name_columns, pool_rare
from omninb.events.parts import Part
from omninb.events.refusals import Refusals
from omninb.events.roles import KEYS, MONEY, ROLES, resolve_roles
from omninb.events.sources import read_parts
from omninb.events.texts import DICTIONARY, as_text, plain, read_ids

_HOUR = 3_600_000_000
Columns = dict[str, pa.ChunkedArray]


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
        CSV (plain, gzip, zstd), Parquet or JSON lines: a path, a glob or a list of them; a pandas or
        polars DataFrame; an Arrow table; a DuckDB relation.
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
        Channels and events of fewer than this many customers become
        ``(fewer than N customers)`` before anything is computed.
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
    """
    if decimal not in (".", ","):
        raise OmninbError(f'decimal={decimal!r}: give "." or ",".')
    if other_below is not None and (not isinstance(other_below, int) or other_below < 1):
        raise OmninbError(f"other_below={other_below!r}: give a whole number of customers, from 1.")
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
    typed, removed = _deduplicated(typed, ledger, drop_duplicates)
    if other_below is not None:
        typed = pool_rare(typed, other_below, ledger)
    if priority is not None:
        typed = _in_priority(typed, priority)
    window = _window(typed["timestamp"], observed_from, observed_until, timezone)
    _warn(typed, window[1], timezone, ledger)
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
    return EventLog(
        table=pa.table(typed),
        roles={role: column for role, column in roles.items() if role in ROLES},
        timezone=timezone,
        currency=currency,
        observed_from=window[0],
        observed_until=window[1],
        quality=book.frame(counts["read"]),
        quarantine=quarantine,
        counts=counts,
        files=files,
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
    limit = _instant(as_of, "as_of", times["timezone"]) if as_of is not None else _now()
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
            f"currency: the log holds {', '.join(found)}{said}. One log holds one currency: convert "
            "or select first."
        )
    return found[0] if found else declared


def _deduplicated(typed: Columns, ledger: Ledger, drop: bool) -> tuple[Columns, int]:
    """Keep the first of each event_id, and with `drop` the first of each equal row."""
    rows, removed = len(typed["timestamp"]), 0
    if "event_id" in typed:
        again = checks.repeated_keys(typed["event_id"])
        removed = int(again.sum())
        if removed:
            ledger.add("event_id seen before: the first was kept", "repaired", removed)
            typed = take_all(typed, pa.array(~again))
    if rows > checks.COUNTED_UP_TO and not drop:
        ledger.add(
            f"equal rows and ties: not counted above {checks.COUNTED_UP_TO:,} rows "
            "(drop_duplicates=True and overview() count them)", "note", 0
        )  # fmt: skip
        return typed, removed
    again = checks.repeated_rows(typed)
    equal = int(again.sum())
    if equal and drop:
        ledger.add("row equals an earlier one: removed", "repaired", equal)
        typed, removed = take_all(typed, pa.array(~again)), removed + equal
    elif equal:
        ledger.add("row equals an earlier one: kept (drop_duplicates=False)", "warning", equal)
    tied = checks.tied_rows(typed) if rows <= checks.COUNTED_UP_TO else 0
    if tied:
        ledger.add("ties: the same customer at the same time", "note", tied)
    return typed, removed


def _in_priority(typed: Columns, priority: Sequence[str]) -> Columns:
    """Rows by time, ties in the declared order of events."""
    if isinstance(priority, str):
        raise OmninbError(f"priority={priority!r}: give a list of events.")
    names = list(priority)
    event = pd.Categorical(typed["event"].to_pandas())
    ranks = [names.index(name) if name in names else len(names) for name in event.categories]
    rank = np.array(ranks, np.int64)[event.codes]
    order = np.lexsort((rank, checks.codes(typed["timestamp"])))
    return {name: column.take(pa.array(order)) for name, column in typed.items()}


def _warn(typed: Columns, last: int | None, timezone: str | None, ledger: Ledger) -> None:
    if last is None:
        return
    largest = checks.largest_customer(typed["customer_id"])
    if largest:
        ledger.add("one customer has more than 10 % of all touchpoints", "warning", largest)
    short = checks.last_day(typed["timestamp"], last, timezone)
    if short is not None:
        ledger.add(
            "the last day is nearly empty: set observed_until to the end of the day before",
            "warning", short.rows, f"{short.usual:,.0f} rows on a usual day",
        )  # fmt: skip
    for role in MONEY:
        if role in typed:
            negative = pc.less(typed[role], 0).fill_null(False)
            refunds = pc.sum(negative).as_py() or 0
            if refunds:
                amounts = typed[role].filter(negative).to_pylist()
                total = sum(amounts) / 1_000_000
                ledger.add(f"{role} below 0: refunds", "note", refunds, f"{total:,.2f} in all")


def _now() -> int:
    return int(datetime.now(UTC).timestamp()) * 1_000_000


def _instant(given: object, argument: str, timezone: str | None) -> int:
    """A moment that a caller gave, in µs UTC."""
    try:
        moment = pd.Timestamp(given)  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        raise OmninbError(
            f"{argument}={given!r} is not a moment. Write for example '2024-06-30 18:00+02:00'."
        ) from error
    if moment.tzinfo is None:
        if timezone is None:
            timezone = "UTC"
        moment = moment.tz_localize(zone(timezone))
    return micros(moment)


def _window(
    timestamps: pa.ChunkedArray, observed_from: object, observed_until: object, timezone: str | None
) -> tuple[int | None, int | None]:
    """What the log could see: as declared, else its first and last timestamp."""
    ends = pc.min_max(timestamps.cast(pa.int64())).as_py()
    first, last = ends["min"], ends["max"]
    if observed_from is not None:
        declared = _instant(observed_from, "observed_from", timezone)
        if first is not None and first < declared:
            raise OmninbError(
                f"observed_from={observed_from!r}: the log has earlier touchpoints, the first at "
                f"{pd.Timestamp(first, unit='us', tz='UTC')}."
            )
        first = declared
    if observed_until is not None:
        declared = _instant(observed_until, "observed_until", timezone)
        if last is not None and last > declared:
            raise OmninbError(
                f"observed_until={observed_until!r}: the log has later touchpoints, the last at "
                f"{pd.Timestamp(last, unit='us', tz='UTC')}."
            )
        last = declared
    return first, last
