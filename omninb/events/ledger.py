"""The ledger: every row is accounted for, and every repair and doubt is written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from omninb.errors import OmninbError
from omninb.events.parts import Part
from omninb.events.refusals import Refusals

POOLED = " customers pooled"
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


def without_examples(quality: pd.DataFrame) -> pd.DataFrame:
    """The ledger without examples of repairs and notes: a spelling, or a sum, of a single customer.

    How many names were pooled stays.
    """
    told = ~quality["outcome"].isin(["repaired", "note"]) | quality["check"].str.endswith(POOLED)
    return quality.assign(example=quality["example"].where(told, ""))


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
    late: Counter[int] = Counter()
    bounds, total = [], 0
    for part in parts:
        total += part.table.num_rows
        bounds.append(total)
    place = 0
    for row, _ in refusals.rows_of():
        while row >= bounds[place]:
            place += 1
        late[place] += 1
    counts = []
    for index, part in enumerate(parts):
        accepted = part.table.num_rows - late[index]
        quarantined = len(part.refused) + late[index]
        accounted = part.header + part.blank + part.continuation + accepted + quarantined
        if part.physical and part.physical != accounted:
            raise OmninbError(
                f"{part.name}: {part.physical:,} lines, but only {accounted:,} accounted for. "
                "Nothing was read."
            )
        counts.append(
            {
                "file": part.name,
                "lines": part.physical,
                "header": part.header,
                "blank": part.blank,
                "continuation": part.continuation,
                "accepted": accepted,
                "quarantined": quarantined,
            }
        )
    return counts


def enter_quarantine(ledger: Ledger, quarantine: pd.DataFrame) -> None:
    """One entry for each reason, the most frequent first, with the place of its first row."""
    for reason, rows in quarantine["reason"].value_counts().items():
        first = quarantine.loc[quarantine["reason"] == reason].iloc[0]
        name = str(first["file"]).replace("\\", "/").rpartition("/")[2]
        ledger.add(str(reason), "quarantined", int(rows), f"{name}, line {first['line']}")


def take_all(columns: dict[str, pa.ChunkedArray], mask: pa.Array) -> dict[str, pa.ChunkedArray]:
    """The rows of `mask` in every column."""
    return {name: column.filter(mask) for name, column in columns.items()}
