"""Names of channels, events and the like: merged, recoded, pooled, each change in the ledger."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from omninb.errors import OmninbError, nearest
from omninb.events.columns import Columns
from omninb.events.ledger import POOLED, Ledger
from omninb.events.refusals import shortened
from omninb.events.repeats import codes
from omninb.events.roles import NAMES, ROLES
from omninb.events.texts import NOT_SET, fold, read_names, rename, words_of
from omninb.wording import fewer_than

_SHOWN = 5
_LETTERS = 24
_FEWEST = 5


def name_columns(
    typed: Columns,
    ledger: Ledger,
    *,
    recode: Mapping[str, Mapping[str, str]],
    phases: Mapping[str, str] | None,
) -> Columns:
    """Encode the columns of names; event = channel without an event column, phase by `phases`.

    Returns
    -------
    dict
        The columns in the order of `ROLES`, others last.
    """
    for role, names in recode.items():
        if not isinstance(names, Mapping):
            raise OmninbError(f"recode={{{role!r}: {names!r}}}: give {{old name: new name}}.")
        if role not in typed or role not in NAMES:
            known = [name for name in NAMES if name in typed]
            raise OmninbError(f"recode={{{role!r}: …}}: no such names.{nearest(str(role), known)}")
    for role in NAMES:
        if role not in typed:
            continue
        empty = NOT_SET if role in ("channel", "event") else None
        new_names = recode.get(role, {})
        _refuse_unknown(f"recode={{{role!r}: …}}: the log has no {role}", new_names, typed[role])
        typed[role], merged, rows, missing = read_names(typed[role], recode=new_names, empty=empty)
        enter_merged(ledger, role, merged, rows)
        if missing and empty is not None:
            ledger.add(f"{role} is empty: kept as {NOT_SET}", "warning", missing)
    if "event" not in typed:
        typed["event"] = typed["channel"]
    if phases is not None:
        typed["phase"] = _phases(typed, phases)
    order = [role for role in ROLES if role in typed]
    return {name: typed[name] for name in [*order, *(n for n in typed if n not in order)]}


def enter_merged(ledger: Ledger, what: str, merged: Mapping[str, str], rows: int) -> None:
    """Enter which spellings were given up for which."""
    if merged:
        pairs = [
            " → ".join(_told_apart(shortened(old, _LETTERS), shortened(new, _LETTERS)))
            for old, new in merged.items()
        ]
        more = f" and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
        example = "; ".join(pairs[:_SHOWN]) + more
        ledger.add(f"{what}: spellings merged", "repaired", rows, example)


def _told_apart(old: str, new: str) -> tuple[str, str]:
    """Two spellings as they are read; by the numbers of their letters where they look alike."""
    alike = unicodedata.normalize("NFC", old) == unicodedata.normalize("NFC", new)
    return (ascii(old), ascii(new)) if alike else (repr(old), repr(new))


def check_priority(priority: Sequence[str], events: pa.ChunkedArray) -> None:
    """Refuse what is no list of events, or names one that no touchpoint is."""
    if isinstance(priority, str):
        raise OmninbError(f"priority={priority!r}: give a list of events.")
    _refuse_unknown("priority: the log has no event", priority, events)


def _refuse_unknown(said: str, given: Iterable[str], column: pa.ChunkedArray) -> None:
    """Refuse names that a column does not hold, for they would change nothing; `said` begins it."""
    names = list(given)
    if not names:
        return
    words = words_of(column if pa.types.is_dictionary(column.type) else column.dictionary_encode())
    known = {fold(word) for word in words}
    for name in names:
        if not isinstance(name, str) or (words and fold(name) not in known):
            raise OmninbError(f"{said} {name!r}.{nearest(str(name), words)}")


def _phases(typed: Columns, phases: Mapping[str, str]) -> pa.ChunkedArray:
    """Each event's phase; null for events that are not mapped."""
    if "phase" in typed:
        raise OmninbError("phases: the log has a phase column already. Give one of the two.")
    _refuse_unknown("phases: the log has no event", phases, typed["event"])
    phase_of = {fold(event): phase for event, phase in phases.items()}
    words = words_of(typed["event"])
    return rename(typed["event"], {word: phase_of.get(fold(word)) for word in words}, None)


def pooled_below(other_below: int | None, min_customers: int | None) -> int:
    """Of how many customers a name must be to stay; 0 where all do."""
    for argument, given, least in (
        ("other_below", other_below, 1),
        ("min_customers", min_customers, _FEWEST),
    ):
        if given is not None and (not isinstance(given, int) or given < least):
            why = "." if least == 1 else ": of fewer, one may be known by what the others know."
            raise OmninbError(
                f"{argument}={given!r}: give a whole number of customers, from {least}{why}"
            )
    return max(other_below or 0, min_customers or 0)


def pool_rare(typed: Columns, below: int, ledger: Ledger) -> Columns:
    """Pool channels and events of fewer than `below` customers under one name."""
    pooled = fewer_than(below)
    customers = codes(typed["customer_id"])
    for role in ("channel", "event"):
        column = typed[role].unify_dictionaries()
        words = words_of(column)
        pairs = pd.DataFrame({"name": codes(column), "customer": customers})
        rows = np.bincount(pairs["name"], minlength=len(words))
        distinct = pairs.drop_duplicates(["name", "customer"])["name"]
        counts = np.bincount(distinct, minlength=len(words))
        rare = (counts < below) & (rows > 0)
        if rare.any():
            targets = {word: pooled if rare[code] else word for code, word in enumerate(words)}
            typed[role] = rename(column, targets, None)
            ledger.add(
                f"{role}: names of fewer than {below}{POOLED}", "repaired",
                int(rows[rare].sum()), f"{int(rare.sum())} names → {pooled}",
            )  # fmt: skip
    return typed
