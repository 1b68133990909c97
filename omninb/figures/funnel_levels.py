"""Funnels beside each other: a row for each level or period, a column for each step, one scale."""

from __future__ import annotations

from omninb.figures.canvas import MARGIN, Canvas
from omninb.figures.funnel_words import (
    REACHED_HOVER,
    Funnel,
    Row,
    against,
    bounds,
    reached_row,
    share,
)
from omninb.figures.lettering import count, missing, plain, text_width, wrap
from omninb.figures.marks import Piece, phrase, whisker
from omninb.figures.style import BAR, BETTER, FAINT, INK, MUTE, PALE, RULE, WORSE, colours
from omninb.wording import interval_words, number_words

TALL, STRIP, GUTTER, DIFFERENCE = 66.0, 13.0, 12.0, 150.0
FEW = "too few to judge"
Corner = tuple[float, float]


def draw_levels(canvas: Canvas, chart: Funnel, top: float) -> float:
    """Draw all levels; returns the y below."""
    differs = any("difference" in rows[-1] for rows in chart.levels.values())
    widest = max(text_width(plain(level), 14, True) for level in chart.levels)
    left = MARGIN + max(text_width(FEW, 12) + 24, min(widest + 30, 0.2 * canvas.width))
    right = canvas.width - MARGIN - (DIFFERENCE if differs else 0)
    wide = (right - left) / len(chart.steps)
    y = _draw_heads(canvas, chart, top, left, wide, differs)
    ink = colours(chart.levels)
    longest = max(
        rows[0][chart.counted] + rows[0]["open_converted"] for rows in chart.levels.values()
    )
    for level, rows in chart.levels.items():
        canvas.line(0.2, RULE, 1.0, [(MARGIN, y - 10), (canvas.width - MARGIN, y - 10)])
        if chart.by != "period":
            canvas.rectangle(1, ink[level], MARGIN, y, 4, TALL - 20)
        few = bool(rows[0].get("small"))
        _draw_name(canvas, level, few, left - MARGIN - 24, y)
        for i, row in enumerate(rows):
            x = left + i * wide
            if i == 0:
                _draw_entered(canvas, chart, row, (x, y), wide - GUTTER, longest)
            else:
                _draw_rate(canvas, row, _direction(chart, row), (x, y), wide - GUTTER)
            texts = [f"{plain(level)}: {plain(row['funnel_step'])}", *reached_row(chart, row)[1:]]
            canvas.hover("steps", REACHED_HOVER, x + (wide - GUTTER) / 2, y + 22, texts, 44)
        if differs:
            _draw_difference(canvas, rows[-1], _direction(chart, rows[-1]), (right, y))
        y += TALL
    return y - 10


def _direction(chart: Funnel, row: Row) -> int:
    """1 or -1 where a level is clearly higher or lower than what it is compared with, else 0.

    Levels by their adjusted p; of periods, each alone against the first, by the bounds.
    """
    if row.get("small") or "difference" not in row:
        return 0
    if "p_adjusted" in row:
        clear = row["p_adjusted"] < 1 - chart.confidence
    else:
        clear = row["difference_ci_lower"] > 0 or row["difference_ci_upper"] < 0
    return (1 if row["difference"] > 0 else -1) if clear else 0


def _draw_heads(
    canvas: Canvas, chart: Funnel, y: float, left: float, wide: float, differs: bool
) -> float:
    """The names of the steps above their columns; returns the y below them."""
    heads = [
        (left + i * wide, wrap(step, wide - GUTTER, 13, True, 3), INK)
        for i, step in enumerate(chart.steps)
    ]
    if differs:
        last = f"last step against {against(chart)}"
        heads.append(
            (canvas.width - MARGIN - DIFFERENCE, wrap(last, DIFFERENCE, 13, True, 3), MUTE)
        )
    lines = max(len(text) for _, text, _ in heads)
    for x, text, colour in heads:
        for i, line in enumerate(text):
            at = y + 16 * (lines - len(text) + i)
            canvas.word(x, at, line, 13, colour, True, "left", False)
    return y + 16 * lines + 16


def _draw_name(canvas: Canvas, level: str, few: bool, room: float, y: float) -> None:
    lines = [(line, 14.0, INK, True) for line in wrap(plain(level), room, 14, True, 2)]
    if few:
        lines.append((FEW, 12.0, MUTE, False))
    for i, (text, size, colour, bold) in enumerate(lines):
        at = y + (TALL - 20) / 2 + 17 * (i - (len(lines) - 1) / 2)
        canvas.word(MARGIN + 12, at, text, size, colour, bold, "left", False)


def _draw_entered(
    canvas: Canvas, chart: Funnel, row: Row, corner: Corner, wide: float, longest: int
) -> None:
    """How many entered: bars of one scale, with their open part."""
    x, y = corner
    scale = wide / max(1, longest)
    solid = max(1.0, row[chart.counted] * scale)
    canvas.rectangle(2, BAR, x, y, solid, STRIP)
    phrase(canvas, x, y + 26, [(count(row[chart.counted]), 14.0, INK, True)], wide + 6)
    if row["open_converted"]:
        spread = max(2.0, row["open_converted"] * scale)
        canvas.rectangle(2, FAINT, x + solid, y, spread, STRIP, hatched=True)
        waiting = f"{count(row['open_converted'])} open"
        phrase(canvas, x, y + 43, [(waiting, 12.0, MUTE, False)], wide + 6)


def _draw_rate(canvas: Canvas, row: Row, direction: int, corner: Corner, wide: float) -> None:
    """A step's share of those who entered: the column's width is 100 %."""
    x, y = corner
    canvas.rectangle(1, PALE, x, y, wide, STRIP)
    if missing(row["conversion_rate"]):
        canvas.word(x, y + 26, "nobody", 12, MUTE, False, "left", False)
        return
    canvas.rectangle(2, BAR, x, y, max(1.0, row["conversion_rate"] * wide), STRIP)
    within = bounds(row, "conversion_rate").removesuffix(" %")
    if within:
        low, high = (x + row[f"conversion_rate_ci_{side}"] * wide for side in ("lower", "upper"))
        whisker(canvas, low, high, y + STRIP / 2, 5)
    text, size = share(row, "conversion_rate"), 14.0
    room = wide + GUTTER - 4
    if text_width(text, size, True) > room:
        text, size = text.replace("< ", "<"), 12.0
    upper: list[Piece] = [(text, size, INK, True)]
    lower: list[Piece] = [(within, 12.0, MUTE, False)]
    if direction:
        sign = ("▲", 12.0, BETTER, True) if direction > 0 else ("▼", 12.0, WORSE, True)
        fits = text_width(text, size, True) + 4 + 12 <= room
        (upper if fits else lower).insert(1 if fits else 0, sign)
    phrase(canvas, x, y + 26, upper, room, 4)
    phrase(canvas, x, y + 43, lower, room, 4)


def _draw_difference(canvas: Canvas, row: Row, direction: int, corner: Corner) -> None:
    """The last step's difference in points, and in a word whether it is clear."""
    x, y = corner
    if row.get("small") or missing(row["difference"]):
        canvas.word(x, y + 26, "–", 13, MUTE, False, "left", False)
        return
    words = {1: ("▲ higher", BETTER), -1: ("▼ lower", WORSE), 0: ("≈ no clear difference", MUTE)}
    word, colour = words[direction]
    canvas.word(x, y + 6, word, 13, colour, True, "left", False)
    low, high = (100 * row[f"difference_ci_{side}"] for side in ("lower", "upper"))
    digits = 1 if missing(low) or max(-low, high) >= 1 else 2
    points = number_words(100 * row["difference"], digits, signed=True) + " points"
    canvas.word(x, y + 26, points, 13, INK, True, "left", False)
    within = interval_words(low, high, digits, signed=True)
    canvas.word(x, y + 43, within, 12, MUTE, False, "left", False)
