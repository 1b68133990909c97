"""The friction list: where journeys end more often than their positions let expect."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from omninb.figures.canvas import MARGIN, Canvas
from omninb.figures.given import check_exits
from omninb.figures.lettering import (
    count,
    interval,
    missing,
    percent,
    period,
    plain,
    plural,
    shorten,
    text_width,
)
from omninb.figures.marks import Piece, phrase
from omninb.figures.style import INK, MUTE, RULE, WORSE, colours
from omninb.wording import interval_words, number_words

MOST_ROWS, TALL, WORDS = 24, 46.0, 210.0
FLAG = "▲ ends more often"
_TICKS = (1, 2, 0.5, 5, 0.2, 10, 0.1, 1.5, 0.7, 3, 0.3, 1.2, 0.8, 1.1, 0.9)
_HOVER = "%{customdata[0]}<br>%{customdata[1]}<br>%{customdata[2]}<br>%{customdata[3]}"
Row = Mapping[Any, Any]


def exit_figure(
    exits: pd.DataFrame, title: str | None = None, width: int = 1400, height: int | None = None
) -> go.Figure:
    """Where journeys end more often than expected: the friction list.

    Parameters
    ----------
    exits : pandas.DataFrame
        Of `exit_table`. Every number shown stands in it: exits, settled touchpoints, the exits
        expected at their positions in the journeys, and the ratio of the two with its bounds.
    title : str, optional
        The question that the figure answers.
    width : int
        Pixels; the figure is laid out again for each width.
    height : int, optional
        Pixels at least; by default what the rows need.

    Returns
    -------
    plotly.graph_objects.Figure
        Only kinds with more exits than expected, the flagged first, each part in the table's order;
        at most 24 are drawn, natural ends are left out. ``layout.meta["alt"]`` says it in words.

    Raises
    ------
    OmninbError
        If ``exits`` is not of `exit_table`.

    Examples
    --------
    >>> import omninb as onb
    >>> exits = onb.exit_table(onb.sample().journeys(end_at="purchase"))
    >>> onb.exit_figure(exits).layout.title.text
    'Where do journeys end more often than expected?'
    """
    check_exits(exits)
    canvas = Canvas(width)
    title = title or "Where do journeys end more often than expected?"
    listed = exits[~exits["expected_end"].astype(bool)]
    friction = listed[listed["excess_exits"] > 0]
    if friction.empty:
        words = (
            "No touchpoint ends journeys more often than expected."
            if len(listed)
            else ("Only natural ends to show." if len(exits) else "No settled touchpoints to show.")
        )
        top = canvas.head(title, [words])
        canvas.foot(top + 60, [])
        return canvas.figure({"alt": f"{title} {words}"})
    by = str(exits.attrs["by"])
    ranked = friction.sort_values("flagged", ascending=False, kind="stable").to_dict("records")
    rows = ranked[:MOST_ROWS]
    subtitle = _subtitle(exits)
    y = canvas.head(title, subtitle) + 34
    left = MARGIN + min(0.34 * width, 20 + max(_words_width(row, by) for row in rows))
    right = width - MARGIN - WORDS
    axis = _Axis.of(rows, left, right - 24)
    bottom = y + 40 + TALL * len(rows)
    _draw_axis(canvas, axis, y, bottom)
    canvas.word(MARGIN, y, _kind(by), 12.5, MUTE, False, "left", False)
    canvas.word(right, y, "Ends ÷ expected ends", 12.5, MUTE, False, "left", False)
    ink = colours(str(row[by]) for row in rows)
    y += 40
    for row in rows:
        canvas.rectangle(1, ink[str(row[by])], MARGIN, y - 17, 4, 34)
        _draw_row(canvas, row, by, axis, (left, right), y)
        y += TALL
    canvas.foot(bottom + 18, _footnote(exits, len(ranked), len(listed)), height)
    return canvas.figure({"alt": _in_words(rows, by, title, subtitle)})


@dataclass(frozen=True)
class _Axis:
    """Ratios on a log scale: 2 stands as far to the right of 1 as a half to its left."""

    low: float
    high: float
    left: float
    right: float

    @classmethod
    def of(cls, rows: Sequence[Row], left: float, right: float) -> _Axis:
        """Wide enough for all bounds, between a tenth and ten."""
        names = ("ratio", "ratio_ci_lower", "ratio_ci_upper")
        shown = [row[name] for row in rows for name in names if row[name] > 0]
        low, high = min([0.8, *shown]), max([1.25, *shown])
        return cls(max(0.1, 0.95 * low), min(10.0, 1.05 * high), left, right)

    def at(self, ratio: float) -> float:
        """Pixels from the left; what lies beyond an end stands at it."""
        inside = min(max(ratio, self.low), self.high)
        share = math.log(inside / self.low) / math.log(self.high / self.low)
        return self.left + share * (self.right - self.left)

    def ticks(self) -> list[float]:
        """Round ratios that keep apart, 1 before all others."""
        kept: list[float] = []
        for tick in _TICKS:
            free = all(abs(self.at(tick) - self.at(o)) >= (62 if o == 1 else 44) for o in kept)
            if free and self.low <= tick <= self.high:
                kept.append(tick)
        return kept


def _draw_axis(canvas: Canvas, axis: _Axis, top: float, bottom: float) -> None:
    for tick in axis.ticks():
        x = axis.at(tick)
        ink, thick = (INK, 1.4) if tick == 1 else (RULE, 1.0)
        canvas.line(0.5, ink, thick, [(x, top + 10), (x, bottom - TALL / 2 + 4)])
        text = "as expected" if tick == 1 else f"{tick:g} ×"
        canvas.word(x, top, text, 12, MUTE, False, halo=False)


def _draw_row(
    canvas: Canvas, row: Row, by: str, axis: _Axis, sides: tuple[float, float], y: float
) -> None:
    """A kind's name and counts, its ratio with bounds, and whether it is flagged."""
    left, right = sides
    room = left - MARGIN - 30
    name = shorten(plain(row[by]), room, 14, True)
    canvas.word(MARGIN + 12, y - 8, name, 14, INK, True, "left", False)
    counts = _counts(row)
    if text_width(counts, 12) > room:
        counts = f"{count(row['exits'])} ends, {_expected(row)} expected"
    canvas.word(MARGIN + 12, y + 10, counts, 12, MUTE, False, "left", False)
    ink = WORSE if row["flagged"] else MUTE
    low, high = row["ratio_ci_lower"], row["ratio_ci_upper"]
    if not missing(low) and not missing(high):
        canvas.line(1, ink, 3.5, [(axis.at(low), y), (axis.at(high), y)])
    if row["ratio"] > axis.high:
        canvas.word(axis.at(row["ratio"]), y, "▶", 13, ink, False, "center", False)
    elif not missing(row["ratio"]):
        inside = ink if row["flagged"] else "#FFFFFF"
        canvas.disc(2, inside, axis.at(row["ratio"]), y, 6.5, ink, 2)
    first, second = _verdict(row)
    canvas.word(right, y - 8, first, 13, ink, bool(row["flagged"]), "left", False)
    phrase(canvas, right, y + 10, second, WORDS)
    canvas.hover("kinds", _HOVER, axis.at(1.0), y, _hover_row(row, by), TALL)


def _verdict(row: Row) -> tuple[str, list[Piece]]:
    word = FLAG if row["flagged"] else "○ not flagged"
    if missing(row["ratio"]):
        return word, [("no ratio", 12.0, MUTE, False)]
    within = ""
    if not missing(row["ratio_ci_lower"]):
        within = f"({interval_words(row['ratio_ci_lower'], row['ratio_ci_upper'], 2)})"
    ratio = f"{number_words(row['ratio'], 2)} ×"
    return word, [(ratio, 13.0, INK, True), (within, 12.0, MUTE, False)]


def _kind(by: str) -> str:
    return f"Touchpoint by {plain(by)}"


def _counts(row: Row) -> str:
    ends = f"{count(row['exits'])} ends of {count(row['settled'])} settled"
    return f"{ends}, {_expected(row)} expected"


def _expected(row: Row) -> str:
    return number_words(float(row["expected_exits"]))


def _words_width(row: Row, by: str) -> float:
    return max(text_width(plain(row[by]), 14, True), text_width(_counts(row), 12)) + 12


def _subtitle(exits: pd.DataFrame) -> list[str]:
    facts = exits.attrs
    days = period(facts.get("observed_from"), facts.get("observed_until"))
    counts = [plural(facts[key], key[:-1]) for key in ("journeys", "customers") if key in facts]
    first = [*counts, days, "an end: the journey ended there without converting"]
    second = "Expected: as often as all other touchpoints at the same positions of their journeys"
    return [" · ".join(part for part in first if part), second]


def _footnote(exits: pd.DataFrame, kinds: int, listed: int) -> list[str]:
    facts = exits.attrs
    sure = percent(facts.get("confidence", 0.95))
    notes = [f"Lines: {sure} bounds of the ratio. ▲ flagged: false discoveries held at 5 %."]
    if facts.get("exit_after"):
        notes.append(f"Settled: older than {facts['exit_after']} when the log ends.")
    natural = [plain(row) for row in exits.loc[exits["expected_end"], facts["by"]]]
    if natural:
        names = ", ".join(natural[:6]) + (", …" if len(natural) > 6 else "")
        notes.append(f"Natural ends, left out: {names}.")
    if kinds > MOST_ROWS:
        notes.append(f"The {MOST_ROWS} of {count(kinds)} kinds with the largest excess.")
    if listed > kinds:
        notes.append(f"{count(listed - kinds)} more end no more often than expected.")
    return notes


def _hover_row(row: Row, by: str) -> list[str]:
    within = interval(row["exit_rate_ci_lower"], row["exit_rate_ci_upper"])
    shares = f"{percent(row['exit_rate'])} end here" + (f" ({within})" if within else "")
    return [
        plain(row[by]),
        f"{_counts(row)} · {plural(row['customers'], 'customer')}",
        f"{shares}, {percent(row['expected_rate'])} expected",
        " ".join(piece[0] for piece in _verdict(row)[1] if piece[0]),
    ]


def _in_words(rows: Sequence[Row], by: str, title: str, subtitle: list[str]) -> str:
    parts = [title, ". ".join(subtitle) + "."]
    for row in rows:
        word, pieces = _verdict(row)
        said = " ".join(piece[0] for piece in pieces if piece[0])
        parts.append(f"{plain(row[by])}: {said} expected, {word.split(' ', 1)[1]}.")
    return " ".join(parts)
