"""The funnel: how many go on from step to step, and how sure that is."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from omninb.figures.canvas import MARGIN, Canvas
from omninb.figures.funnel_levels import draw_levels
from omninb.figures.funnel_words import (
    REACHED_HOVER,
    WENT_ON_HOVER,
    Funnel,
    Row,
    bounds,
    footnote,
    in_words,
    question,
    reached_row,
    share,
    subtitle_lines,
    went_on_row,
)
from omninb.figures.given import check_funnel
from omninb.figures.lettering import count, missing, plain, plural, shorten, span, text_width, wrap
from omninb.figures.marks import Piece, phrase, whisker
from omninb.figures.style import BAR, FAINT, INK, MUTE, PALE, WORSE

SPARE = "#8FB6DA"
THICK, BETWEEN = 43.0, 45.0
_LABEL = 252.0


def funnel_figure(
    funnel: pd.DataFrame, title: str | None = None, width: int = 1400, height: int | None = None
) -> go.Figure:
    """How many go on from step to step: bars with intervals, what is still open hatched.

    A table with a breakdown, or with periods side by side, becomes a row for each level and a
    column for each step, on one scale.

    Parameters
    ----------
    funnel : pandas.DataFrame
        Of `funnel_table` or `funnel_period_table`. Every number shown stands in it, or is the
        difference of two of its counts (the lost). Rates leave out open attempts.
    title : str, optional
        The question that the figure answers.
    width : int
        Pixels; the figure is laid out again for each width.
    height : int, optional
        Pixels at least; by default what the bars need.

    Returns
    -------
    plotly.graph_objects.Figure
        ``layout.meta["alt"]`` says it in words.

    Raises
    ------
    OmninbError
        If ``funnel`` is not of `funnel_table`.

    Examples
    --------
    >>> import omninb as onb
    >>> steps = ["add_to_cart", "checkout", "payment", "purchase"]
    >>> funnel = onb.funnel_table(onb.sample().journeys(), steps, within="7d")
    >>> onb.funnel_figure(funnel).layout.title.text
    'Where do customers stop between add_to_cart and purchase?'
    """
    check_funnel(funnel)
    canvas = Canvas(width)
    if funnel.empty:
        title = title or "Where do customers stop?"
        top = canvas.head(title, ["Nobody to show."])
        canvas.foot(top + 60, [])
        return canvas.figure({"alt": f"{title} Nobody to show."})
    chart = Funnel.of(funnel)
    title = title or question(chart)
    subtitle = subtitle_lines(chart)
    top = canvas.head(title, subtitle) + 30
    bottom = draw_levels(canvas, chart, top) if chart.by else _draw_steps(canvas, chart, top)
    canvas.foot(bottom + 30, footnote(chart), height)
    return canvas.figure({"alt": in_words(chart, title, subtitle)})


def _draw_steps(canvas: Canvas, chart: Funnel, top: float) -> float:
    """Bars below each other, with what happens between them; returns the y below."""
    names = [wrap(step, 0.24 * canvas.width, 14.5, True, 2) for step in chart.steps]
    widest = max(text_width(line, 14.5, True) for name in names for line in name)
    left = MARGIN + widest + 16
    room = canvas.width - MARGIN - left
    longest = max(row[chart.counted] + row["open_converted"] for row in chart.rows)
    scale = (room - _LABEL) / max(1, longest)
    worst, y = chart.worst(), top
    for place, (row, name) in enumerate(zip(chart.rows, names, strict=True)):
        if place:
            _draw_between(canvas, chart, place, (left, y), scale, room, place == worst)
            y += BETWEEN
        middle = y + THICK / 2
        lines = [(line, 14.5, INK, True) for line in name]
        if row.get("optional"):
            lines.append(("optional", 12.0, MUTE, False))
        for i, (text, size, ink, bold) in enumerate(lines):
            offset = 18 * (i - (len(lines) - 1) / 2)
            canvas.word(left - 14, middle + offset, text, size, ink, bold, "right", False)
        end = _draw_bar(canvas, chart, row, (left, y), scale)
        _label(canvas, chart, row, end + 10, middle)
        hovered = reached_row(chart, row)
        canvas.hover("steps", REACHED_HOVER, (left + end) / 2, middle, hovered, THICK)
        y += THICK
    return y


def _draw_between(
    canvas: Canvas,
    chart: Funnel,
    place: int,
    corner: tuple[float, float],
    scale: float,
    room: float,
    worst: bool,
) -> None:
    """What lies between two bars: who goes on, how fast, and how many do not."""
    x, y = corner
    upper, lower = (row[chart.counted] * scale for row in chart.rows[place - 1 : place + 1])
    edges = [(x, y), (x + upper, y), (x + lower, y + BETWEEN), (x, y + BETWEEN), (x, y)]
    canvas.fill(1, PALE, edges)
    middle = y + BETWEEN / 2
    phrase(canvas, x + 10, middle, _went_on(chart, place, worst), room - 10, 9)
    hovered = went_on_row(chart, place)
    canvas.hover("between", WENT_ON_HOVER, x + 60, middle, hovered, BETWEEN)


def _draw_bar(
    canvas: Canvas, chart: Funnel, row: Row, corner: tuple[float, float], scale: float
) -> float:
    """A step's bar, its open part and its whisker; returns where the last of them ends."""
    x, y = corner
    end = x + max(1.0, row[chart.counted] * scale)
    canvas.rectangle(2, SPARE if row.get("optional") else BAR, x, y, end - x, THICK)
    if row["open_converted"]:
        wide = max(2.0, row["open_converted"] * scale)
        canvas.rectangle(2, FAINT, end, y, wide, THICK, hatched=True)
        end += wide
    if bounds(row, "conversion_rate"):
        entered = chart.rows[0][chart.counted] * scale
        low, high = (x + row[f"conversion_rate_ci_{side}"] * entered for side in ("lower", "upper"))
        whisker(canvas, low, high, y + THICK / 2, 10)
        end = max(end, high)
    return end


def _label(canvas: Canvas, chart: Funnel, row: Row, x: float, y: float) -> None:
    """Beside a bar: its share of the first step, and the counts."""
    room = canvas.width - MARGIN - x + 8
    within = bounds(row, "conversion_rate")
    large = [(share(row, "conversion_rate"), 17.0, INK, True), (within, 12.0, MUTE, False)]
    phrase(canvas, x, y - 9, large, room)
    waiting = f"· {count(row['open_converted'])} open" if row["open_converted"] else ""
    reached = plural(row[chart.counted], chart.noun)
    of_all = share(row, "population_rate")
    whole = f"· {of_all} of all" if of_all else ""
    small = [(text, 12.5, MUTE, False) for text in (reached, waiting, whole)]
    phrase(canvas, x, y + 10, small, room, 4)


def _went_on(chart: Funnel, place: int, worst: bool) -> list[Piece]:
    """Who goes on, how many are lost, and how fast the others are."""
    row = chart.rows[place]
    within = bounds(row, "step_conversion_rate")
    goes = share(row, "step_conversion_rate")
    if chart.rows[place - 1].get("optional"):
        goes += f" of {shorten(plain(chart.before(place)['funnel_step']), 120, 13)}"
    goes += " take it" if row.get("optional") else " go on"
    ink = WORSE if worst else MUTE
    pieces = [(f"▼ {goes}", 13.0, ink, worst), (within, 12.0, ink, False)]
    if not row.get("optional"):
        pieces.append((f"{count(chart.lost(place))} lost", 13.0, ink, worst))
    if worst:
        pieces.append(("◀ largest loss", 13.0, ink, True))
    if not missing(row["median_time"]):
        pieces.append((f"median {span(row['median_time'])}", 13.0, MUTE, False))
    return pieces
