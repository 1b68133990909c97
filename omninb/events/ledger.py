"""The ledger: every row is accounted for, and every repair and doubt is written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from omninb.events.parts import Part

POOLED = " customers pooled"
_SHOWN = 5
_LONG, _MANY = 100, 0.01  # lines of one record, and the share of lines inside quoted fields


class Ledger:
    """Checks in the order in which they are to be read. Examples never hold an id or a raw text.

    `offsets` counts with which offsets times were written, through all batches.
    """

    def __init__(self) -> None:
        self.entries: list[tuple[str, str, int, str]] = []
        self.offsets: Counter[str] = Counter()

    def add(self, check: str, outcome: str, rows: int, example: str = "") -> None:
        """Enter one check, or add to it: count, quarantined, repaired, warning or note."""
        for place, (known, kind, counted, first) in enumerate(self.entries):
            if (known, kind) == (check, outcome):
                self.entries[place] = (check, outcome, counted + rows, first or example)
                return
        self.entries.append((check, outcome, rows, example))

    def enter_offsets(self) -> None:
        """Enter that times were written with more than one offset."""
        if len(self.offsets) > 1:
            usual = self.offsets.most_common()
            shown = ", ".join(f"{rows:,} {offset}" for offset, rows in usual[:_SHOWN])
            more = f" and {len(usual) - _SHOWN} more" * (len(usual) > _SHOWN)
            rest = self.offsets.total() - usual[0][1]
            self.add("offsets of times differ: all are UTC now", "repaired", rest, shown + more)

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


def enter_files(ledger: Ledger, parts: Sequence[Part]) -> None:
    """What is to be said of each file: its dialect, its line ends, and records of many lines."""
    notes: Counter[tuple[str, str]] = Counter()
    line_ends: dict[str, np.ndarray] = {}
    lines, inside = Counter[str](), Counter[str]()
    longest: dict[str, tuple[int, int]] = {}
    for part in parts:
        lines[part.name] += part.physical
        inside[part.name] += part.continuation
        longest[part.name] = max(longest.get(part.name, (1, 0)), part.longest)
        for note in part.notes:
            notes[part.name, note] += part.readable
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
    for name, (most, line) in longest.items():
        if most > _LONG or inside[name] > _MANY * lines[name]:
            ledger.add(
                f"{name}: lines inside quoted fields: look for a stray quote", "warning",
                inside[name], f"the longest record has {most:,} lines, from line {line}",
            )  # fmt: skip
    for (name, note), rows in notes.items():
        ledger.add(f"{name}: {note}", "note", rows)
    for key in dict.fromkeys(key for part in parts for key in part.keyed):
        both = np.array([part.keyed[key] for part in parts if key in part.keyed])
        rows, differ = both.sum(axis=0).tolist()
        ledger.add(
            f"{key!r} is a column and in names of folders: the column was taken", "note", rows
        )
        if differ:
            ledger.add(f"{key!r} is not what the folder's name says", "warning", differ)


def enter_quarantine(ledger: Ledger, reasons: pd.DataFrame) -> None:
    """One entry for each reason, the most frequent first, with the place of its first row."""
    for reason, rows, example in reasons.itertuples(index=False, name=None):
        ledger.add(reason, "quarantined", rows, example)
