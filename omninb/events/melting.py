"""Wide exports: one row of several timestamps becomes one touchpoint for each that is filled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from omninb.errors import OmninbError, nearest
from omninb.events.ledger import Ledger
from omninb.events.parts import Part, Refused
from omninb.events.texts import plain

Touchpoints = Mapping[str, tuple[str, str]]

MADE = ("timestamp", "channel", "event")
# What belongs to the row as a whole is borne by one of its touchpoints, or sums would multiply.
_BORNE_ONCE = ("value", "cost", "score", "score_kind")


def check_touchpoints(touchpoints: object, columns: Mapping[str, str] | None) -> None:
    """Refuse what is no mapping of columns to (channel, event), or declares a role twice."""
    example = 'touchpoints={"created_at": ("web", "order"), "shipped_at": ("warehouse", "ship")}'
    if not isinstance(touchpoints, Mapping) or not touchpoints:
        raise OmninbError(f"touchpoints={touchpoints!r}: give columns of times, as in {example}.")
    for column, named in touchpoints.items():
        words = isinstance(named, tuple | list) and len(named) == 2
        if not words or not all(isinstance(name, str) and name.strip() for name in named):
            raise OmninbError(
                f"touchpoints={{{column!r}: {named!r}}}: give (channel, event), as in {example}."
            )
    for role in MADE:
        if role in (columns or {}):
            raise OmninbError(
                f"columns={{{role!r}: …}}: with touchpoints=, the {role} comes from there. "
                "Leave one of the two out."
            )


def _kept_name(name: str) -> str:
    return f"source_{name}" if name in MADE else name


def melt(part: Part, touchpoints: Touchpoints, columns: Mapping[str, str]) -> Part:
    """Melt a part.

    Parameters
    ----------
    part : Part
        Rows of several timestamps.
    touchpoints : mapping
        Column of times to (channel, event).
    columns : mapping
        Role to column.

    Returns
    -------
    Part
        A row for each filled time, in the order of rows and then of `touchpoints`. ``value``,
        ``cost``, ``score`` and ``score_kind`` are borne by the first of a row's touchpoints; an
        ``event_id`` is followed by the column of times. Rows without any time are refused; where
        one touchpoint is refused later, the row is, with all of them.
    """
    table = part.table
    for column in touchpoints:
        if column not in table.column_names:
            raise OmninbError(
                f"touchpoints={{{column!r}: …}}: {part.name} has no column {column!r}."
                f"{nearest(column, table.column_names)}"
            )
    rows = table.num_rows
    filled = np.column_stack([_filled(table[column]) for column in touchpoints])
    row, which = np.nonzero(filled)
    never = np.flatnonzero(~filled.any(axis=1))
    first = np.concatenate([[True], row[1:] != row[:-1]]) if len(row) else np.empty(0, bool)
    at = pa.array(row)
    times = _times(table, touchpoints, part.name).take(pa.array(which * rows + row))
    made = {"timestamp": times}
    for place, role in enumerate(MADE[1:]):
        words = pa.array([named[place] for named in touchpoints.values()], pa.string())
        names = words.dictionary_encode()  # columns may share a channel, dictionaries hold it once
        made[role] = pa.chunked_array([names.take(pa.array(which))])
    source_of = {column: role for role, column in columns.items()}
    for name in table.column_names:
        if name in touchpoints:
            continue
        column, role = table[name].take(at), source_of.get(name, name)
        if role in _BORNE_ONCE:
            column = pc.if_else(pa.array(first), column, pa.scalar(None, column.type))
        elif role == "event_id":
            words = pa.array(list(touchpoints), pa.string()).take(pa.array(which))
            column = pc.binary_join_element_wise(column.cast(pa.string()), words, " ")
        made[_kept_name(name)] = column
    empty = (~filled).sum(axis=0)
    numbers = part.first + 1 + np.arange(rows) if part.numbers is None else part.numbers
    return replace(
        part,
        table=pa.table(made),
        numbers=numbers[row],
        refused=[
            *part.refused,
            *(
                Refused(part.line(i), part.raw(i), "no timestamp in any column", part.lines(i))
                for i in never.tolist()
            ),
        ],
        text=lambda place: part.raw(int(row[place])),
        repeated_header=None if part.repeated_header is None else part.repeated_header[row],
        spans=None if part.spans is None else part.spans[row],
        wide=rows,
        origin=row,
        melted=len(row) - (rows - len(never)),
        empty=dict(zip(touchpoints, empty.tolist(), strict=True)),
    )


def enter_melted(ledger: Ledger, tables: Mapping[str, Sequence[Part]]) -> None:
    """How the rows of each wide table became touchpoints.

    Rows × columns of times = touchpoints + empty.
    """
    melted = {name: parts for name, parts in tables.items() if any(one.empty for one in parts)}
    for name, parts in melted.items():
        empty: Counter[str] = Counter()
        for part in parts:
            empty.update(part.empty)
        rows, width = sum(part.wide for part in parts), len(empty)
        at = f"{name}: " if len(melted) > 1 else ""
        ledger.add(
            f"{at}wide rows melted: rows × columns of times = touchpoints + empty", "note", rows,
            f"{rows:,} × {width} = {rows * width - empty.total():,} + {empty.total():,}",
        )  # fmt: skip
        for column, count in empty.items():
            if count:
                ledger.add(f"{at}{column} is empty: it did not happen", "note", count)


def _filled(column: pa.ChunkedArray) -> np.ndarray:
    """Rows in which a column holds something other than spaces."""
    column = plain(column)
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    filled = column.is_valid()
    if pa.types.is_string(column.type):
        blank = pc.equal(pc.utf8_trim_whitespace(column), "").fill_null(True)
        filled = pc.and_not(filled, blank)
    return filled.to_numpy()


def _times(table: pa.Table, touchpoints: Touchpoints, name: str) -> pa.ChunkedArray:
    """The columns of times below each other."""
    columns = [plain(table[column]) for column in touchpoints]
    words = [one.cast(pa.string()) if pa.types.is_dictionary(one.type) else one for one in columns]
    kinds = {one.type for one in words if not pa.types.is_null(one.type)}
    try:
        target = pa.unify_schemas(
            [pa.schema([("time", one.type)]) for one in words], promote_options="permissive"
        )
        return pa.chunked_array(
            [chunk for one in words for chunk in one.cast(target.field("time").type).chunks],
            target.field("time").type,
        )
    except pa.ArrowException as error:
        found = ", ".join(sorted(str(kind) for kind in kinds))
        raise OmninbError(
            f"touchpoints: the columns of times in {name} hold different types ({found}). "
            "Make them alike."
        ) from error
