"""One table of several: its own columns, constants and wide timestamps, read to typed rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from omninb.errors import OmninbError
from omninb.events.batches import Rules, Typed, in_batches
from omninb.events.columns import Columns, together
from omninb.events.given import Source, check_source
from omninb.events.ledger import Ledger
from omninb.events.melting import MADE, melt
from omninb.events.parts import Part
from omninb.events.pseudonyms import Pseudonyms
from omninb.events.refusals import WITHHELD
from omninb.events.roles import REQUIRED, resolve_roles
from omninb.events.sources import read_parts


@dataclass(frozen=True)
class Table:
    """The typed rows of one source.

    Attributes
    ----------
    source : Source
        As it was given.
    name : str
        Its first file or frame.
    columns : dict
        Typed, roles first.
    roles : dict
        Role to column.
    parts : list of Part
        What was counted.
    currencies : Counter of str
        Rows of each currency among its accepted ones, as it is written.
    """

    source: Source
    name: str
    columns: Columns
    roles: dict[str, str]
    parts: list[Part]
    currencies: Counter[str]


def read_table(
    source: Source,
    rules: Rules,
    ledger: Ledger,
    max_unpacked: int | None,
    numbers: Iterator[int] | None,
    called: Callable[[Path], str],
) -> Table:
    """Read one source, batch by batch; frames are called by `numbers`, files by `called`."""
    check_source(source)
    own = {
        name: getattr(source, name) for name in ("timezone", "time_unit", "day_first", "decimal")
    }
    rules = replace(rules, **{name: value for name, value in own.items() if value is not None})
    typed, name, known = Typed(), "", list[str]()
    roles: dict[str, str] = {}
    for parts in in_batches(_shaped(source, max_unpacked, numbers, called, rules.pseudonyms)):
        for part in parts:
            found = part.table.column_names
            if not roles:
                name = part.name
                roles = _roles(source, found, name)
            elif found != known:
                _same_roles(roles, name, _roles(source, found, part.name), part.name)
            known = found
        typed.add(parts, roles, rules, ledger)
        del part, parts  # or the next ones would be read beside them
    return Table(source, name, together(typed.batches), roles, typed.parts, typed.currencies)


def _roles(source: Source, found: list[str], name: str) -> dict[str, str]:
    """Role to column of one part."""
    made = [*(MADE if source.touchpoints is not None else ()), *(source.constants or {})]
    declared = {**(source.columns or {}), **{role: role for role in made}}
    return resolve_roles(found, declared, name, source.keys or REQUIRED)


def _same_roles(first: dict[str, str], name: str, later: dict[str, str], other: str) -> None:
    """Refuse a file in which another column plays a role, or which has more or fewer roles."""
    if later == first:
        return
    role = next(role for role in {**first, **later} if first.get(role) != later.get(role))
    has, lacks = (name, other) if role in first else (other, name)
    raise OmninbError(
        f"{has} has a column {(first | later)[role]!r}, which plays the role {role}, and {lacks} "
        "has not. Rename or add the column, or give each kind of file as a Source of its own."
    )


def _shaped(
    source: Source,
    max_unpacked: int | None,
    numbers: Iterator[int] | None,
    called: Callable[[Path], str],
    pseudonyms: Pseudonyms | None,
) -> Iterator[Part]:
    """The parts of a source, melted, and with its constants."""
    parts = read_parts(
        source.data, max_unpacked, numbers, pseudonyms.file if pseudonyms else called
    )
    for part in parts if pseudonyms is None else _nameless(parts, pseudonyms):
        if source.touchpoints is not None:
            part = melt(part, source.touchpoints, source.columns or {})
        yield _with_constants(part, source.constants) if source.constants else part


def _nameless(parts: Iterator[Part], pseudonyms: Pseudonyms) -> Iterator[Part]:
    """Parts without the names of their files; other libraries' errors without what they quote."""
    try:
        for part in parts:
            name = part.name if part.path == part.name else pseudonyms.file(part.path)
            yield replace(part, name=name, path=name)
    except OmninbError as error:
        if error.__cause__ is None:
            raise
        kind = type(error.__cause__).__name__
        raise OmninbError(f"the source cannot be read ({kind}). {WITHHELD}") from None


def _with_constants(part: Part, constants: Mapping[str, str]) -> Part:
    names = [f"source_{name}" if name in constants else name for name in part.table.column_names]
    table = part.table.rename_columns(names)
    for role, word in constants.items():
        codes = pa.array(np.zeros(table.num_rows, np.int32))
        table = table.append_column(role, pa.DictionaryArray.from_arrays(codes, pa.array([word])))
    return replace(part, table=table)
