"""The ledger: every row is accounted for, and every repair and doubt is written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from omninb.errors import OmninbError
from omninb.events.parts import Part
from omninb.events.refusals import Refusals

_TEXT_LIMIT = 200


class Ledger:
    """Checks in the order in which they are to be read. Examples never hold an id or a raw text."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str, int, str]] = []

    def add(self, check: str, outcome: str, rows: int, example: str = "") -> None:
        """Enter one check; `outcome` is count, quarantined, repaired, warning or note."""
        self.entries.append((check, outcome, rows, example))

    def frame(self, read: int) -> pd.DataFrame:
        """The checks as a table; share is of the `read` rows."""
        table = pd.DataFrame(self.entries, columns=["check", "outcome", "rows", "example"])
        table = table.astype({"check": "str", "outcome": "str", "rows": "int64", "example": "str"})
        table.insert(3, "share", table["rows"] / read if read else 0.0)
        return table


def quarantine_frame(parts: Sequence[Part], refusals: Refusals) -> pd.DataFrame:
    """Every refused row, by file and line.

    Parameters
    ----------
    parts : sequence of Part
        The files, in the order of their rows.
    refusals : Refusals
        Rows refused after reading, counted through all parts.

    Returns
    -------
    DataFrame
        ``file``, ``line`` (physical line on which the record starts; row number from 1 for tables),
        ``text`` (raw, shortened), ``reason``.
    """
    rows: list[tuple[str, int, str, str]] = []
    late = refusals.rows_of()
    at, offset = 0, 0
    for part in parts:
        own = [(part.path, line, text[:_TEXT_LIMIT], why) for line, text, why in part.refused]
        end = offset + part.table.num_rows
        while at < len(late) and late[at][0] < end:
            row, reason = late[at][0] - offset, late[at][1]
            own.append((part.path, part.line(row), _text(part, row), reason))
            at += 1
        offset = end
        rows += sorted(own, key=lambda entry: entry[1])
    table = pd.DataFrame(rows, columns=["file", "line", "text", "reason"])
    return table.astype({"file": "str", "line": "int64", "text": "str", "reason": "str"})


def _text(part: Part, row: int) -> str:
    if part.text is not None:
        return part.text(row)[:_TEXT_LIMIT]
    values = (
        f"{name}={_value(column[row])}"
        for name, column in zip(part.table.column_names, part.table.columns, strict=True)
    )
    return ", ".join(values)[:_TEXT_LIMIT]


def _value(scalar: pa.Scalar) -> object:
    """A cell as Python shows it; a moment that Python's calendar lacks, as its number."""
    try:
        return scalar.as_py()
    except (OverflowError, ValueError):
        return scalar.cast(pa.int64()).as_py()


def file_counts(parts: Sequence[Part], refusals: Refusals) -> list[dict[str, Any]]:
    """Per file: lines and rows, by base name, which must balance.

    Raises
    ------
    OmninbError
        If physical lines ≠ header + blank + continuation + accepted + quarantined.
    """
    late = np.zeros(refusals.rows, bool)
    late[[row for row, _ in refusals.rows_of()]] = True
    ends = np.cumsum([part.table.num_rows for part in parts])
    counted: dict[str, dict[str, Any]] = {}
    for part, own in zip(parts, np.split(late, ends[:-1]), strict=True):
        refused = int(own.sum())
        numbers = {
            "lines": part.physical,
            "header": part.header,
            "blank": part.blank,
            "continuation": part.continuation,
            "accepted": part.table.num_rows - refused,
            "quarantined": len(part.refused) + refused,
        }
        file = counted.setdefault(part.path, {"file": part.name, **dict.fromkeys(numbers, 0)})
        for name, number in numbers.items():
            file[name] += number
    for file in counted.values():
        accounted = sum(number for name, number in file.items() if name not in ("file", "lines"))
        if file["lines"] and file["lines"] != accounted:
            raise OmninbError(
                f"{file['file']}: {file['lines']:,} lines, but only {accounted:,} accounted for. "
                "Nothing was read."
            )
    return list(counted.values())


def enter_files(ledger: Ledger, parts: Sequence[Part]) -> None:
    """What is to be said of each file: its dialect, and line ends of more than one kind."""
    notes: Counter[tuple[str, str]] = Counter()
    line_ends: dict[str, np.ndarray] = {}
    for part in parts:
        for note in part.notes:
            notes[part.name, note] += part.table.num_rows
        if part.line_ends is not None:
            line_ends[part.name] = line_ends.get(part.name, 0) + part.line_ends
    for name, counts in line_ends.items():
        if np.count_nonzero(counts) > 1:
            kinds = zip(("LF", "CRLF", "CR"), counts.tolist(), strict=True)
            ledger.add(
                f"{name}: line ends are mixed, each ends its line", "repaired",
                int(counts.sum() - counts.max()),
                ", ".join(f"{count:,} {kind}" for kind, count in kinds if count),
            )  # fmt: skip
    for (name, note), rows in notes.items():
        ledger.add(f"{name}: {note}", "note", rows)


def quarantine_reasons(quarantine: pd.DataFrame) -> pd.DataFrame:
    """``reason``, ``rows`` and ``example``, the place of its first row; the most frequent first."""
    rows = quarantine["reason"].value_counts()
    first = quarantine.drop_duplicates("reason").set_index("reason").loc[rows.index]
    places = [
        f"{file.replace(chr(92), '/').rpartition('/')[2]}, line {line}"
        for file, line in zip(first["file"], first["line"], strict=True)
    ]
    return pd.DataFrame({"reason": list(rows.index), "rows": rows.tolist(), "example": places})


def enter_quarantine(ledger: Ledger, reasons: pd.DataFrame) -> None:
    """One entry for each reason, the most frequent first, with the place of its first row."""
    for reason, rows, example in reasons.itertuples(index=False, name=None):
        ledger.add(reason, "quarantined", rows, example)


def take_all(columns: dict[str, pa.ChunkedArray], mask: pa.Array) -> dict[str, pa.ChunkedArray]:
    """The rows of `mask` in every column."""
    return {name: column.filter(mask) for name, column in columns.items()}
