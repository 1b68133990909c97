"""read_events: from a source to an EventLog, one stage after the other."""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections import Counter
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError
from omninb.events.batches import Rules
from omninb.events.checks import enter_warnings
from omninb.events.clock import zone
from omninb.events.columns import together
from omninb.events.expectations import (
    REFUSED_ABOVE,
    check_share,
    expect_end,
    expect_few_quarantined,
    expect_no_drop,
)
from omninb.events.given import names_of, numbers_of, sources_of
from omninb.events.joining import join
from omninb.events.ledger import Ledger, enter_files, enter_quarantine, without_examples
from omninb.events.log import EventLog
from omninb.events.melting import enter_melted
from omninb.events.naming import check_priority, enter_merged, name_columns, pool_rare, pooled_below
from omninb.events.pseudonyms import Pseudonyms, enter_pseudonyms, pseudonym_key
from omninb.events.refusals import WITHHELD, shortened
from omninb.events.repeats import in_priority, without_repeats
from omninb.events.roles import ROLES
from omninb.events.settling import file_counts, quarantine_frame, quarantine_reasons
from omninb.events.snapshot import ENDING, read_snapshot
from omninb.events.tables import Table, read_table
from omninb.events.texts import fold
from omninb.events.window import instant, now, window
from omninb.memory import plain_memory
from omninb.spelling import call_or_nothing

_SHOWN = 5


@plain_memory()
def read_events(
    source: object,
    columns: Mapping[str, str] | None = None,
    *,
    touchpoints: Mapping[str, tuple[str, str]] | None = None,
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
    max_quarantined: float = REFUSED_ABOVE,
    expect_until: object = None,
    expect_rows: int | None = None,
    max_unpacked: int | None = None,
    pseudonymise: bool = False,
) -> EventLog:
    """Read touchpoints and account for every row.

    Parameters
    ----------
    source : object
        CSV (plain, gzip, zstd), Parquet or JSON lines: a path, a glob or a folder, whose folders
        called ``key=value`` add columns; a pandas or polars DataFrame; an Arrow table; a DuckDB
        relation; or a list of them. Tables with columns of their own are given as `Source`. Or the
        path of a snapshot ending in ``.omninb``, in which all but ``other_below`` and
        ``min_customers`` is settled.
    columns : mapping, optional
        Role to source column, such as ``{"customer_id": "user"}``. A column that bears a role's own
        name needs no entry. Required: customer_id, timestamp, channel; without event, event =
        channel. Other columns are kept under their own names (``source_x`` where x is a role that
        another column plays).
    touchpoints : mapping, optional
        For wide exports, one row of several timestamps: column of times to (channel, event), such
        as ``{"created_at": ("web", "order"), "shipped_at": ("warehouse", "ship")}``. Each filled
        time is a touchpoint; rows × columns of times = touchpoints + empty. ``value``, ``cost``
        and ``score`` are borne by the first of a row's touchpoints, in the order given here.
    timezone : str, optional
        IANA zone of times without an offset. A local time that exists twice is taken the first
        time; one that does not exist is quarantined.
    time_unit : {"s", "ms", "us", "ns"}, optional
        Unit of timestamps that are numbers.
    day_first : bool, optional
        Whether ``01/02/2024`` is the first of February.
    decimal : {".", ","}, default "."
        Decimal sign of value, cost and score; with a comma, points may mark thousands:
        ``1.100,50``.
    currency : str, optional
        Currency of value and cost; a column of the role ``currency`` must hold a single one.
    phases : mapping, optional
        Event to phase, instead of a phase column.
    recode : mapping, optional
        Role to {old name: new name}, for roles that are names; old names that no row has are
        refused, as are events of ``phases`` and ``priority``.
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
        Remove rows that equal an earlier row in every column; otherwise they are only counted. An
        ``event_id`` that its source held before is removed anyway.
    observed_from, observed_until : str, date or datetime, optional
        What the log could see; by default its first and last timestamp. Texts, here and below, in
        ISO 8601: ``2025-03-01`` or ``2025-03-01 18:00+01:00``.
    as_of : str or datetime, optional
        Touchpoints more than an hour later are quarantined; now by default.
    max_quarantined : float, default 0.05
        The share of each table's rows, from 0 to 1, that may be quarantined; with more of them the
        log is refused. Over 1 % warns.
    expect_until : str or datetime, optional
        A log whose last touchpoint is earlier is refused: the export is stale.
    expect_rows : int, optional
        Rows of touchpoints that the last run read (``log.counts["read"]``; where tables are looked
        up, ``log.counts["touchpoint_rows"]``). Fewer warn, less than half as many are refused.
    max_unpacked : int, optional
        Bytes that a gzip, zstd or Parquet file may unpack to; 100 times its size by default.
    pseudonymise : bool, default False
        Replace customer_id, event_id, order_id and session_id by HMAC-SHA-256 under the key in
        the environment variable ``OMNINB_KEY``, and withhold the raw texts of the quarantine, the
        names of files, and cells in errors.

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
    >>> onb.read_events(touchpoints, columns, timezone="Europe/Berlin", max_quarantined=0.5)
    EventLog: 3 read, 2 accepted, 1 quarantined, 0 duplicates removed, 2 used
    """
    made_by = _call(**locals())
    if decimal not in (".", ","):
        raise OmninbError(f'decimal={decimal!r}: give "." or ",".')
    below = pooled_below(other_below, min_customers)
    if timezone is not None:
        zone(timezone)
    if isinstance(source, str | os.PathLike) and os.fspath(source).endswith(ENDING):
        log = read_snapshot(source, below, min_customers)
        return dataclasses.replace(log, made_by=made_by)
    allowed = check_share(max_quarantined)
    pseudonyms = Pseudonyms(pseudonym_key()) if pseudonymise else None
    limit = now() if as_of is None else instant(as_of, "as_of", timezone)
    rules, ledger = Rules(timezone, time_unit, day_first, decimal, limit, pseudonyms), Ledger()
    sources = sources_of(source, columns, touchpoints)
    numbers, called = numbers_of(sources), names_of(sources)
    tables = [read_table(one, rules, ledger, max_unpacked, numbers, called) for one in sources]
    parts = [part for table in tables for part in table.parts]
    touched = {table.name: table.parts for table in tables if not table.source.keys}
    currency = _one_currency(tables, currency, ledger, pseudonyms is not None)
    quarantine, files = quarantine_frame(parts), file_counts(parts)
    reasons, read = quarantine_reasons(quarantine, parts), sum(part.rows for part in parts)
    for table in tables:
        name = table.name if len(tables) > 1 else ""
        expect_few_quarantined(table.parts, allowed, ledger, name)
    touchpoint_rows = sum(part.rows for parts in touched.values() for part in parts)
    expect_no_drop(touchpoint_rows, expect_rows, ledger)
    own = [table.columns for table in tables if not table.source.keys]
    sizes = [len(columns["timestamp"]) for columns in own]
    typed = together(own)
    rows = len(typed["timestamp"])
    typed = name_columns(typed, ledger, recode=recode or {}, phases=phases)
    if priority is not None:
        check_priority(priority, typed["event"])
    typed, removed = without_repeats(typed, ledger, drop_duplicates, sizes)
    joined = [table for table in tables if table.source.keys]
    for table in joined:
        typed = join(typed, table, timezone, ledger)
    if below:
        typed = pool_rare(typed, below, ledger)
    if priority is not None:
        typed = in_priority(typed, priority)
    ends = window(typed["timestamp"], observed_from, observed_until, timezone)
    enter_warnings(typed, ends[1], timezone, ledger)
    expect_end(pc.max(typed["timestamp"].cast(pa.int64())).as_py(), expect_until, timezone, ledger)
    ledger.enter_offsets()
    enter_files(ledger, parts)
    enter_melted(ledger, touched)
    if pseudonyms is not None:
        enter_pseudonyms(ledger, typed, pseudonyms.key)
    looked_up = sum(part.accepted for table in joined for part in table.parts)
    counts = {
        "read": read,
        "accepted": rows + looked_up,
        "quarantined": len(quarantine),
        "duplicates_removed": removed,
        "used": rows - removed,
    }
    if joined:
        counts |= {"looked_up": looked_up, "touchpoint_rows": touchpoint_rows}
    book = Ledger()
    for name, number in counts.items():
        book.add(name.replace("_", " "), "count", number)
    enter_quarantine(book, reasons)
    book.entries += ledger.entries
    quality = book.frame(counts["read"])
    return EventLog(
        table=pa.table(typed),
        roles={
            role: column
            for table in reversed(tables)
            for role, column in table.roles.items()
            if role in ROLES
        },
        timezone=timezone,
        currency=currency,
        observed_from=ends[0],
        observed_until=ends[1],
        quality=quality if min_customers is None else without_examples(quality),
        quarantine=quarantine,
        counts=counts,
        files=files,
        made_by=made_by,
        min_customers=min_customers,
    )


def _call(source: object, **arguments: object) -> str:
    """The call that reads this source, without defaults; none that tells names of files."""
    if arguments["pseudonymise"]:
        return ""
    defaults = inspect.signature(read_events).parameters
    given = {n: value for n, value in arguments.items() if value is not defaults[n].default}
    return call_or_nothing("onb.read_events", [source], given)


def _one_currency(
    tables: list[Table], declared: str | None, ledger: Ledger, withhold: bool
) -> str | None:
    """The currency of all rows, as most of them spell it; as declared where no row has one."""
    counts = sum((table.currencies for table in tables), Counter[str]())
    shown: dict[str, str] = {}
    for word, _ in counts.most_common():
        shown.setdefault(fold(word), " ".join(word.split()))
    shown.pop("", None)
    found = sorted(shown.values())
    if len({*shown, *([fold(declared)] if declared else [])}) > 1:
        names = ", ".join(
            f"{table.name}, column {table.roles['currency']!r}"
            for table in tables
            if table.currencies
        )
        more = f" and {len(found) - _SHOWN:,} more" * (len(found) > _SHOWN)
        held = ", ".join(shortened(one) for one in found[:_SHOWN]) + more
        held = WITHHELD if withhold else held
        said = f", and currency={declared!r} was given" if declared else ""
        raise OmninbError(
            f"{names}: currency: the log holds {held}{said}. One log holds one currency: convert "
            "or select first."
        )
    merged = {
        word: shown[fold(word)] for word in counts if word not in shown.values() if fold(word)
    }
    enter_merged(ledger, "currency", merged, sum(counts[word] for word in merged))
    return found[0] if found else declared
