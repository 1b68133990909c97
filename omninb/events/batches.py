"""A source typed batch by batch: raw rows are let go as soon as they are typed and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError
from omninb.events.columns import Columns, take_all, together
from omninb.events.days import as_written, in_zone
from omninb.events.encoding import refuse_hidden, refuse_large, refuse_not_utf8
from omninb.events.ids import read_ids, read_keys
from omninb.events.ledger import Ledger
from omninb.events.moments import read_moments
from omninb.events.money import read_money, read_scores
from omninb.events.parts import Part
from omninb.events.pseudonyms import ID_ROLES, Pseudonyms
from omninb.events.refusals import Refusals
from omninb.events.roles import DAY, KEYS, MONEY, NAMES, ROLES
from omninb.events.settling import settle
from omninb.events.texts import as_text, plain

# What a column as a whole says (its decimal sign, say) is judged on at least so many rows.
ROWS = 1 << 19
_HOUR = 3_600_000_000


@dataclass(frozen=True)
class Rules:
    """How the rows of one table are to be read.

    Attributes
    ----------
    timezone, time_unit, day_first, decimal
        As for `read_events`.
    as_of : int
        µs UTC; what is over an hour later is refused.
    pseudonyms : Pseudonyms or None
        What takes the place of ids.
    """

    timezone: str | None
    time_unit: str | None
    day_first: bool | None
    decimal: str
    as_of: int
    pseudonyms: Pseudonyms | None = None


@dataclass
class Typed:
    """The accepted rows of a table, typed, and its parts without their rows."""

    batches: list[Columns] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    currencies: Counter[str] = field(default_factory=Counter)

    def add(
        self, parts: list[Part], roles: Mapping[str, str], rules: Rules, ledger: Ledger
    ) -> None:
        """Type one batch.

        Parameters
        ----------
        parts : list of Part
            In the order of their rows.
        roles : mapping
            Role to column.
        rules : Rules
            How to read them.
        ledger : Ledger
            Receives repairs and warnings.
        """
        raw = together([_columns(part) for part in parts])
        rows = sum(part.table.num_rows for part in parts)
        refusals = Refusals(rows, withhold=rules.pseudonyms is not None)
        _refuse_headers(parts, refusals)
        if any(part.text is None for part in parts):  # lines of text were looked at before
            raw = {name: refuse_not_utf8(column, name, refusals) for name, column in raw.items()}
        for column in raw.values():
            refuse_large(column, refusals)
        given = {role: raw[column] for role, column in roles.items()}
        if not rows:  # without rows, types say nothing
            given = {role: pa.chunked_array([pa.array([], pa.string())]) for role in given}
        try:
            typed = _typed(given, roles, refusals, ledger, rules)
            currency = given.get("currency")
            if currency is not None:
                currency = as_text(currency, "currency", roles["currency"])
        except OmninbError as error:
            files = list(dict.fromkeys(part.name for part in parts))
            where = files[0] if len(files) == 1 else f"{files[0]} to {files[-1]}"
            raise OmninbError(f"{where}: {error}", error.settled_by) from error
        if parts[0].origin is not None:
            refusals.spread(_origins(parts))
        typed |= _others(raw, roles)
        accepted = refusals.accepted()
        if accepted is not None:
            mask = pa.array(accepted)
            typed = take_all(typed, mask)
            currency = None if currency is None else currency.filter(mask)
        if currency is not None:
            counted = currency.drop_null().value_counts().to_pylist()
            self.currencies.update({one["values"]: one["counts"] for one in counted})
        if rows or not self.batches:
            self.batches.append(typed)
        self.parts += settle(parts, refusals, refusals.withhold)


def in_batches(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Parts in groups of at least `ROWS` rows; only those of a kind that has fewer are smaller."""
    ready: list[Part] = []
    pending: list[Part] = []
    rows, kind = 0, {}  # type: tuple[int, dict[str, str]]
    for part in parts:
        other = {field.name: _kind(field.type) for field in part.table.schema}
        if any(kind.get(name, one) != one for name, one in other.items()):
            yield ready + pending
            ready, pending, rows, kind = [], [], 0, {}
        kind |= other
        pending.append(part)
        rows += part.table.num_rows
        if rows >= ROWS:
            if ready:
                yield ready
            ready, pending, rows = pending, [], 0
    yield ready + pending


def _kind(kind: pa.DataType) -> str:
    """What a type is read as: texts of any storage are of one kind, and so are whole numbers."""
    values = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_string(values) or pa.types.is_large_string(values) or pa.types.is_null(values):
        return "text"
    return "integer" if pa.types.is_integer(values) else str(values)


def _columns(part: Part) -> Columns:
    columns: Columns = {}
    for name, column in zip(part.table.column_names, part.table.columns, strict=True):
        try:
            columns[name] = plain(column)
        except pa.ArrowNotImplementedError as error:
            raise OmninbError(
                f"{part.name}: column {name!r} holds {column.type}, which cannot be read. Make it "
                "text, or leave it out."
            ) from error
    return columns


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


def _origins(parts: list[Part]) -> np.ndarray:
    """The wide row that each touchpoint comes from, counted through all parts."""
    first = np.cumsum([0, *(part.wide for part in parts)])
    origins = [part.origin for part in parts if part.origin is not None]
    return np.concatenate([one + at for one, at in zip(origins, first[:-1], strict=True)])


def _typed(
    given: Columns, roles: Mapping[str, str], refusals: Refusals, ledger: Ledger, rules: Rules
) -> Columns:
    """The role columns, typed, in the order of `ROLES`."""
    typed: Columns = {}
    if "customer_id" in given:
        typed["customer_id"], nobody, trimmed = read_ids(
            given["customer_id"], refusals, source=roles["customer_id"]
        )
        _enter_trimmed("customer_id", trimmed, ledger)
        if nobody:
            ledger.add("customer_id is a word such as NA, None, - or 0", "warning", nobody)
    for role in ("timestamp", DAY):
        if role in given:
            typed[role] = _moments(given[role], role, roles[role], refusals, ledger, rules)
    for role in ROLES[2:]:
        if role not in given:
            continue
        if role in MONEY:
            typed[role], doubtful = read_money(
                given[role], role, refusals, source=roles[role], decimal=rules.decimal
            )
            if doubtful:
                ledger.add(
                    f"{role}: each point stands before three digits: 1.500 was taken for 1.5",
                    "warning", doubtful,
                )  # fmt: skip
        elif role == "score":
            typed[role] = read_scores(
                given[role], refusals, source=roles[role], decimal=rules.decimal
            )
        elif role in KEYS:
            typed[role], trimmed = read_keys(given[role], role, refusals, source=roles[role])
            _enter_trimmed(role, trimmed, ledger)
        else:
            column = as_text(given[role], role, roles[role])
            if role in ("channel", "event"):
                refuse_hidden(column, role, refusals)
            if role in NAMES and pa.types.is_string(column.type):
                column = column.dictionary_encode()
            typed[role] = column
    if rules.pseudonyms is not None:
        for role in ID_ROLES:
            if role in typed:
                typed[role] = rules.pseudonyms.of(typed[role], role)
    return typed


def _enter_trimmed(role: str, rows: int, ledger: Ledger) -> None:
    if rows:
        ledger.add(f"{role}: spaces around it were taken away", "repaired", rows)


def _moments(
    column: pa.ChunkedArray, role: str, source: str, refusals: Refusals, ledger: Ledger,
    rules: Rules,
) -> pa.ChunkedArray:  # fmt: skip
    """Moments of touchpoints, or days as the midnights of UTC that bear their dates."""
    times: dict[str, Any] = {"time_unit": rules.time_unit, "day_first": rules.day_first}
    times["timezone"] = rules.timezone if role == "timestamp" else "UTC"
    column = as_written(column) if role == DAY else column
    moments, twice, offsets, early = read_moments(
        column, refusals, role=role, source=source, **times
    )
    if twice:
        ledger.add("local time exists twice: the first was taken", "repaired", twice)
    if early:
        ledger.add("most times are before 1990: is time_unit right?", "warning", early)
    if role == "timestamp":
        ledger.offsets.update(offsets)
        limit = rules.as_of + _HOUR
        latest = pc.max(moments.cast(pa.int64())).as_py()
        if latest is not None and latest > limit:
            late = pc.greater(moments.cast(pa.int64()), limit).fill_null(False)
            refusals.refuse(late.to_numpy(), "timestamp is in the future")
    return in_zone(moments, column, rules.timezone) if role == DAY else moments


def _others(raw: Columns, roles: Mapping[str, str]) -> Columns:
    """Columns without a role: text as dictionaries, the rest as it is."""
    others: Columns = {}
    played = set(roles.values())
    for name, column in raw.items():
        if name in played:
            continue
        if pa.types.is_string(column.type):
            column = column.dictionary_encode()
        others[f"source_{name}" if name in ROLES else name] = column
    return others
