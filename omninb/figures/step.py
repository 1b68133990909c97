"""The step heatmap: where journeys stand at each step."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from omninb.figures.canvas import MARGIN, Canvas
from omninb.figures.given import check_steps
from omninb.figures.lettering import (
    anchor_words,
    count,
    interval,
    percent,
    period,
    plain,
    read_words,
    shorten,
    text_width,
    wrap,
)
from omninb.figures.style import (
    CONVERTED,
    EXIT,
    INK,
    MUTE,
    OPEN,
    START,
    between,
    colours,
    ink_on,
)

SCALE = ("#F4F8FC", "#CFE1F2", "#93C3DF", "#4A90C4", "#1B5FA3", "#08306B")
SHADES = 40
GUTTER = 3.0
_HOVER = (
    "%{customdata[0]}, step %{customdata[1]}<br>"
    "journeys %{customdata[2]:,} · customers %{customdata[3]:,}<br>%{customdata[4]}"
)


def step_figure(
    steps: pd.DataFrame, title: str | None = None, width: int = 1400, height: int | None = None
) -> go.Figure:
    """Where journeys stand at each step: labels and end states down, steps across.

    Parameters
    ----------
    steps : pandas.DataFrame
        Of `step_table`. Every number shown stands in it; shares are of all journeys read, and
        those of a step sum to 1, since a journey that is over stays in its end state.
    title : str, optional
        The question that the figure answers.
    width : int
        Pixels; the figure is laid out again for each width.
    height : int, optional
        Pixels at least; by default what the rows need.

    Returns
    -------
    plotly.graph_objects.Figure
        ``layout.meta["alt"]`` says it in words.

    Raises
    ------
    OmninbError
        If ``steps`` is not of `step_table`.

    Examples
    --------
    >>> import omninb as onb
    >>> steps = onb.step_table(onb.sample().journeys(end_at="purchase"), max_steps=4)
    >>> onb.step_figure(steps, width=900).layout.width
    900.0
    """
    check_steps(steps)
    canvas = Canvas(width)
    if steps.empty:
        title = title or "Where do journeys stand at each step?"
        top = canvas.head(title, ["No journeys to show."])
        canvas.foot(top + 60, [])
        return canvas.figure({"alt": f"{title} No journeys to show."})
    by = steps.columns[1]
    steps = steps.sort_values(["step", by])
    numbers = sorted({int(s) for s in steps["step"]})
    anchor = anchor_words(steps.attrs) or "Anchor"
    cells = {(int(row["step"]), str(row[by])): row for row in steps.to_dict("records")}
    rows, ends = _rows(steps, str(by))
    title = title or _question(numbers)
    subtitle = _subtitle(steps, numbers)
    top = canvas.head(title, subtitle) + 52
    size = 13.0 if width >= 1000 else 12.0
    room = 0.24 * width if width < 1000 else 240.0
    names = min(room, max(text_width(plain(name), size, True) for name in [*rows, *ends]) + 22)
    left = MARGIN + names
    wide = (width - MARGIN - left) / len(numbers)
    lines = len(rows) + len(ends)
    tall = 54.0 if lines <= 14 else 40.0 if lines <= 22 else 27.0
    if height is not None:
        tall = max(tall, (height - top - 90) / max(1, lines))
    most = max(row["share"] for row in cells.values())
    ceiling = _ceiling(most)
    for i, step in enumerate(numbers):
        _draw_step(canvas, step, anchor, left + i * wide, wide, top)
    ink = colours([*rows, *ends])
    y = top
    for place, name in enumerate([*rows, *ends]):
        if place == len(rows) and rows:
            y += 12
        if name not in (OPEN,):
            canvas.rectangle(1, ink[name], left - 9, y, 4, tall - GUTTER)
        text = shorten(plain(name), names - 18, size, True)
        canvas.word(left - 15, y + (tall - GUTTER) / 2, text, size, INK, True, "right", False)
        for i, step in enumerate(numbers):
            box = (left + i * wide, y, wide - GUTTER, tall - GUTTER)
            _draw_cell(canvas, name, step, cells.get((step, name)), box, ceiling)
        y += tall
    _draw_scale(canvas, ceiling, y + 10)
    canvas.foot(y + 46, _footnote(steps, ends), height)
    return canvas.figure(
        {"alt": _in_words(cells, numbers, [*rows, *ends], anchor, title, subtitle)}
    )


def _question(numbers: list[int]) -> str:
    if numbers[0] < 0:
        return "Where were journeys in the steps before?"
    if numbers[0] == 0:
        return "Where do journeys stand in the steps after?"
    return "Where do journeys stand at each step?"


def _rows(steps: pd.DataFrame, by: str) -> tuple[list[str], list[str]]:
    """Labels, those with the most journeys over all steps first; then the end states."""
    totals = steps.groupby(by, sort=True)["journeys"].sum()
    over = (START, CONVERTED, OPEN, EXIT)
    names = sorted((str(n) for n in totals.index), key=lambda name: (-int(totals[name]), name))
    return [n for n in names if n not in over], [n for n in over if n in set(names)]


def _subtitle(steps: pd.DataFrame, numbers: list[int]) -> list[str]:
    read = steps.attrs.get("journeys_read", steps.attrs.get("journeys"))
    days = period(steps.attrs.get("observed_from"), steps.attrs.get("observed_until"))
    first = [read_words(steps.attrs), days, "shade = share"]
    whole = f"these {count(read)} journeys" if read is not None else "all journeys"
    second = f"Percentages: of {whole}; those of a step sum to 100 %"
    if numbers[0] >= 0:
        second += ", since a journey that is over stays in its end state"
    return [" · ".join(p for p in first if p), second]


def _footnote(steps: pd.DataFrame, ends: list[str]) -> list[str]:
    confidence = steps.attrs.get("confidence", 0.95)
    notes = [f"Each cell: share, journeys, {percent(confidence)} interval, as far as they fit."]
    if OPEN in ends:
        after = steps.attrs.get("exit_after")
        when = f" (within {after} of the end)" if after else ""
        notes.append(f"Open: too recent to tell{when}.")
    return notes


def _ceiling(most: float) -> float:
    """The end of the scale: the next tenth above the largest share."""
    return min(1.0, max(0.1, math.ceil(most * 10 - 1e-9) / 10))


def _shade(share: float, ceiling: float) -> str:
    # The root spreads small shares; it keeps the order, so darker is always more.
    level = math.sqrt(min(1.0, share / ceiling))
    return between(SCALE, round(level * SHADES) / SHADES)


def _step_words(step: int, anchor: str) -> str:
    return f"Step {step}".replace("-", "−") if step else anchor


def _draw_step(canvas: Canvas, step: int, anchor: str, x: float, wide: float, top: float) -> None:
    text = _step_words(step, anchor)
    if step and text_width(text, 13, True) > wide - 6:
        text = f"{step}".replace("-", "−")
    for up, line in enumerate(reversed(wrap(text, wide - 6, 13, True, 3))):
        canvas.word(x + (wide - GUTTER) / 2, top - 14 - 16 * up, line, 13, INK, True, halo=False)


def _draw_cell(
    canvas: Canvas,
    name: str,
    step: int,
    row: dict[Any, Any] | None,
    box: tuple[float, float, float, float],
    ceiling: float,
) -> None:
    x, y, w, h = box
    middle = x + w / 2, y + h / 2
    if row is None:
        canvas.rectangle(0, "#F7F9FA", x, y, w, h)
        canvas.word(*middle, "·", 12, MUTE, halo=False)
        return
    shade = _shade(row["share"], ceiling)
    ink = ink_on(shade)
    canvas.rectangle(0, shade, x, y, w, h)
    bounds = interval(row["share_ci_lower"], row["share_ci_upper"])
    texts = [(percent(row["share"]), 14.0 if w >= 60 else 12.0, True)]
    for text in (count(row["journeys"]), bounds.replace(" %", "")):
        if text and text_width(text, 12) <= w - 4 and (len(texts) + 1) * 16 + 2 <= h:
            texts.append((text, 12.0, False))
    for i, (text, size, bold) in enumerate(texts):
        if text_width(text, size, bold) > w:
            text = text.replace(" ", "")
        offset = 16.5 * (i - (len(texts) - 1) / 2)
        canvas.word(middle[0], middle[1] + offset, text, size, ink, bold, halo=False)
    share = percent(row["share"]) + (f" ({bounds})" if bounds else "") + " of these journeys"
    texts_shown = [
        name,
        f"{step}".replace("-", "−"),
        int(row["journeys"]),
        int(row["customers"]),
        share,
    ]
    canvas.hover("cells", _HOVER, *middle, texts_shown, min(w, h))


def _draw_scale(canvas: Canvas, ceiling: float, y: float) -> None:
    wide, x = 180.0, canvas.width - MARGIN - 180.0
    for i in range(30):
        shade = _shade(ceiling * (i + 0.5) / 30, ceiling)
        canvas.rectangle(0, shade, x + i * wide / 30, y, wide / 30 + 0.3, 11)
    canvas.word(x - 8, y + 6, "share", 12, MUTE, False, "right", False)
    for part in (0.0, 0.5, 1.0):
        canvas.word(x + part * wide, y + 21, percent(part * ceiling), 12, MUTE, halo=False)


def _in_words(
    cells: dict[tuple[int, str], dict[Any, Any]],
    numbers: list[int],
    names: list[str],
    anchor: str,
    title: str,
    subtitle: list[str],
) -> str:
    parts = [title, ". ".join(subtitle) + "."]
    for step in numbers:
        here = [(cells[step, name]["share"], name) for name in names if (step, name) in cells]
        here.sort(key=lambda one: (-one[0], one[1]))
        words = [f"{plain(name)} {percent(share)}" for share, name in here[:5]]
        parts.append(f"{_step_words(step, anchor)}: {', '.join(words)}.")
    return " ".join(parts)
