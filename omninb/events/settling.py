"""Parts let go of their rows: what stays is counted, and what was refused is the quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from omninb.errors import OmninbError
from omninb.events.parts import CUT, TEXT_LIMIT, Part, Refused
from omninb.events.refusals import WITHHELD, Refusals


def settle(parts: Sequence[Part], refusals: Refusals, withhold: bool = False) -> list[Part]:
    """The parts without their rows, those refused after reading among the refused.

    Parameters
    ----------
    parts : sequence of Part
        In the order of their rows.
    refusals : Refusals
        Rows refused after reading, counted through all parts.
    withhold : bool, default False
        Keep no raw texts, which hold ids.

    Returns
    -------
    list of Part
        What they keep is small.
    """
    late = refusals.rows_of()
    settled, at, offset = [], 0, 0
    for part in parts:
        rows, refused, first = part.table.num_rows, list[Refused](), at
        whole = -1  # a wide row is refused as a whole, and once
        while at < len(late) and late[at][0] < offset + rows:
            row, reason = late[at][0] - offset, late[at][1]
            if part.origin is None or part.origin[row] != whole:
                refused.append(Refused(part.line(row), part.raw(row), reason, part.lines(row)))
            whole = -1 if part.origin is None else part.origin[row]
            at += 1
        offset += rows
        settled.append(part.without_rows(refused, at - first))
    if withhold:
        settled = [
            replace(part, refused=[row._replace(text=WITHHELD) for row in part.refused])
            for part in settled
        ]
    return settled


def quarantine_frame(parts: Sequence[Part]) -> pd.DataFrame:
    """Every refused row of settled parts, by file and line.

    Returns
    -------
    DataFrame
        ``file``, ``line`` (physical line on which the record starts; row number from 1 for tables),
        ``text`` (raw; of an overlong one the beginning and `CUT`), ``reason``.
    """
    rows = [(part.path, *row[:3]) for part in parts for row in part.refused]
    table = pd.DataFrame(rows, columns=["file", "line", "text", "reason"])
    long = table["text"].str.len() > TEXT_LIMIT
    if long.any():
        table.loc[long, "text"] = table["text"].str[: TEXT_LIMIT - len(CUT)] + CUT
        table.loc[long, "reason"] += "; its text is cut"
    return table.astype({"file": "str", "line": "int64", "text": "str", "reason": "str"})


def quarantine_reasons(quarantine: pd.DataFrame, parts: Sequence[Part]) -> pd.DataFrame:
    """``reason``, ``rows`` and ``example``, the place of its first row; the most frequent first."""
    rows = quarantine["reason"].value_counts()
    first = quarantine.drop_duplicates("reason").set_index("reason").loc[rows.index]
    name_of = {part.path: part.name for part in parts}
    places = [
        f"{name_of[file]}, line {line}"
        for file, line in zip(first["file"], first["line"], strict=True)
    ]
    return pd.DataFrame({"reason": list(rows.index), "rows": rows.tolist(), "example": places})


def file_counts(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Per file, from settled parts: lines and rows, by name, which must balance.

    Raises
    ------
    OmninbError
        If physical lines ≠ header + blank + continuation + accepted + quarantined; of wide files,
        the touchpoints beyond one for each row (``melted``) are added to the lines.
    """
    counted: dict[str, dict[str, Any]] = {}
    for part in parts:
        numbers = {
            "lines": part.physical,
            "header": part.header,
            "blank": part.blank,
            "continuation": part.continuation,
            "accepted": part.accepted,
            "quarantined": len(part.refused),
        }
        file = counted.setdefault(part.path, {"file": part.name, **dict.fromkeys(numbers, 0)})
        for name, number in numbers.items():
            file[name] += number
        if part.wide:
            file["melted"] = file.get("melted", 0) + part.melted
    for file in counted.values():
        expected = file["lines"] + file.get("melted", 0)
        accounted = sum(file[name] for name in list(numbers)[1:])
        if file["lines"] and expected != accounted:
            raise OmninbError(
                f"{file['file']}: {file['lines']:,} lines, but only {accounted:,} accounted for. "
                "Nothing was read."
            )
    return list(counted.values())
