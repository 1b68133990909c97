"""The bars of those who did not go on: each next touchpoint is named, or one of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from omninb.figures.canvas import Canvas
from omninb.figures.lettering import count, interval, percent, plain, plural, text_width, wrap
from omninb.figures.style import CONVERTED, EXIT, INK, MUTE, OPEN, OTHER, RULE, ink_on

MOST_PIECES, THICK = 7, 23.0
_ENDS = (EXIT, OPEN, CONVERTED)
_HOVER = "%{customdata[0]}<br>%{customdata[1]}<br>%{customdata[2]}"
Row = Mapping[Any, Any]
Box = tuple[float, float, float]
Mark = tuple[str, int]


def number_in(rows: Sequence[Row]) -> int:
    """The customers of a bar."""
    return sum(int(row["customers"]) for row in rows)


def marks_of(table: pd.DataFrame, ink: Mapping[str, str]) -> dict[str, Mark]:
    """The colour of each next touchpoint, and stripes where a commoner one has the same."""
    totals = table.groupby("next")["customers"].sum()
    seen: Counter[str] = Counter()
    marks: dict[str, Mark] = {}
    for name in sorted(map(str, totals.index), key=lambda name: (-int(totals[name]), name)):
        marks[name] = ink[name], min(2, seen[ink[name]])
        seen[ink[name]] += 1
    return marks


def draw_few(canvas: Canvas, fewest: int, box: Box) -> None:
    """A bar without shares, and why."""
    x, y, wide = box
    canvas.rectangle(0, RULE, x, y, wide, THICK, hatched=True)
    canvas.word(x + wide / 2, y + THICK / 2, f"n < {count(fewest)}", 12, MUTE)


def draw_bar(
    canvas: Canvas, rows: Sequence[Row], box: Box, marks: Mapping[str, Mark], lines: int
) -> int:
    """Exit first, so that it compares; then the next touchpoints, largest first, and the others.

    What a piece is too narrow to say of itself stands below the bar, the largest first, in so many
    rows at most; a next touchpoint without room there is one of the others. Returns the lines.
    """
    x, y, wide = box
    whole = number_in(rows)
    canvas.rectangle(0, OTHER, x, y, wide, THICK)
    ends = [row for end in _ENDS for row in rows if row["next"] == end]
    onward = [row for row in rows if row["next"] not in _ENDS][:MOST_PIECES]
    unsaid = [
        row
        for row in sorted([*onward, *ends], key=lambda row: -row["customers"])
        if text_width(_said(row), 12) > wide * row["customers"] / whole - 6
    ]
    below, used = _draw_key(canvas, unsaid, (x, y + THICK + 10, wide), marks, lines)
    at = x
    for row in [*ends, *(row for row in onward if row not in unsaid or row in below)]:
        spread = wide * row["customers"] / whole
        _draw_piece(canvas, row, (at, y, spread), marks[str(row["next"])], whole)
        at += spread
    if x + wide - at >= text_width("others", 12) + 6:
        canvas.word((at + x + wide) / 2, y + THICK / 2, "others", 12, INK, halo=False)
    return used


def _draw_key(
    canvas: Canvas, rows: Sequence[Row], box: Box, marks: Mapping[str, Mark], most: int
) -> tuple[list[Row], int]:
    """Names below a bar; returns the rows that had room, and the lines of text that they took."""
    x, y, wide = box
    at, used, line, begun = x, 0, 0, 0
    for i, row in enumerate(rows):
        words = _lines(row, wide - 14)
        if begun == 0 or len(words) > 1 or at + 11 + text_width(words[0], 12) > x + wide:
            if begun == most:
                return list(rows[:i]), used
            at, line, begun = x, used, begun + 1
        for down, text in enumerate(words):
            middle = y + 16 * (line + down)
            end = canvas.word(at + 11, middle, text, 12, INK, False, "left", False)[2]
        _fill(canvas, row, (at, y + 16 * line - 4, 8), 8, marks[str(row["next"])])
        at, used = end + 12 if len(words) == 1 else x + wide, line + len(words)
    return list(rows), max(1, used)


def _lines(row: Row, room: float) -> list[str]:
    """What is said of a next touchpoint, on as many lines as it needs; its share stays whole."""
    *lines, last = wrap(plain(row["next"]), room, 12, lines=3)
    share = percent(row["share"])
    fits = text_width(f"{last} {share}", 12) <= room
    return [*lines, f"{last} {share}"] if fits else [*lines, last, share]


def _said(row: Row) -> str:
    return f"{plain(row['next'])} {percent(row['share'])}"


def _fill(canvas: Canvas, row: Row, box: Box, tall: float, mark: Mark) -> None:
    """A piece of a bar, or its square in the key: open hatched, events of a channel by stripes."""
    x, y, wide = box
    colour, stripes = mark
    waiting = row["next"] == OPEN
    canvas.rectangle(1, MUTE if waiting else colour, x, y, wide, tall, hatched=waiting)
    for level in (tall - 2.5, 2.5)[:stripes]:
        canvas.line(1.5, ink_on(colour), 1.5, [(x, y + level), (x + wide, y + level)])


def _draw_piece(canvas: Canvas, row: Row, box: Box, mark: Mark, whole: int) -> None:
    """One next touchpoint, named where it has room."""
    x, y, wide = box
    middle = x + wide / 2, y + THICK / 2
    _fill(canvas, row, box, THICK, mark)
    canvas.line(2, "#FFFFFF", 1.0, [(x + wide, y), (x + wide, y + THICK)])
    share = percent(row["share"])
    said = next((t for t in (_said(row), share) if text_width(t, 12) <= wide - 6), "")
    waiting = row["next"] == OPEN
    if said:
        canvas.word(*middle, said, 12, INK if waiting else ink_on(mark[0]), halo=waiting)
    within = interval(row["share_ci_lower"], row["share_ci_upper"])
    texts = [
        f"{plain(row['funnel_step'])}, {plain(row['outcome'])} → {plain(row['next'])}",
        f"{plural(row['customers'], 'customer')} of {count(whole)}",
        share + (f" ({within})" if within else ""),
    ]
    canvas.hover("nexts", _HOVER, *middle, texts, min(THICK, max(6.0, wide)))
