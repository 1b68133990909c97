"""The days of a log by channel: gaps, breaks and bursts at a glance."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from omninb.figures.canvas import MARGIN, Canvas
from omninb.figures.given import check_days
from omninb.figures.lettering import count, percent, plain, plural, shorten, text_width
from omninb.figures.style import INK, MUTE, RULE, between, colours

SCALE = ("#F4F8FC", "#CFE1F2", "#93C3DF", "#4A90C4", "#1B5FA3", "#08306B")
SHADES, TALL, GUTTER, MOST, NARROWEST = 16, 34.0, 3.0, 24, 1.0
_HOVER = "%{customdata[0]}, %{customdata[1]}<br>%{customdata[2]}"


def day_figure(
    table: pd.DataFrame, title: str | None = None, width: int = 1400, height: int | None = None
) -> go.Figure:
    """How busy each channel was on each day: channels down, days across.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `day_table`. Every number shown stands in it.
    title : str, optional
        The question that the figure answers.
    width : int
        Pixels; the figure is laid out again for each width.
    height : int, optional
        Pixels at least; by default what the rows need.

    Returns
    -------
    plotly.graph_objects.Figure
        A cell a day, or where days have less than a pixel, the quietest of each few. Shade is
        touchpoints against the channel's own busiest day; a day without any is red.
        ``layout.meta["alt"]`` says it in words.

    Raises
    ------
    OmninbError
        If ``table`` is not of `day_table`.

    Examples
    --------
    >>> import omninb as onb
    >>> onb.day_figure(onb.day_table(onb.sample())).layout.title.text
    'Was every channel there on every day?'
    """
    check_days(table)
    canvas = Canvas(width)
    title = title or "Was every channel there on every day?"
    if table.empty:
        top = canvas.head(title, ["No days to show."])
        canvas.foot(top + 60, [])
        return canvas.figure({"alt": f"{title} No days to show."})
    names = list(dict.fromkeys(table["channel"]))
    days = list(dict.fromkeys(table["day"]))
    counts = table.pivot(index="channel", columns="day", values="touchpoints").loc[names, days]
    first, last = (f"{day:%-d %B %Y}" for day in (days[0], days[-1]))
    subtitle = [
        f"{plural(int(table['touchpoints'].sum()), 'touchpoint')} · {first} – {last} · "
        f"{plural(len(days), 'day')}",
        "Shade: touchpoints of the day against the channel’s own busiest · red: none",
    ]
    top = canvas.head(title, subtitle) + 44
    left = MARGIN + min(0.2 * width, max(text_width(plain(name), 13, True) for name in names)) + 22
    right = width - MARGIN - 118
    every = max(1, -(-int(NARROWEST * len(days)) // int(right - left)))
    wide = (right - left) / len(days)
    ink = colours(map(str, names))
    said = []
    _draw_months(canvas, days, left, wide, top)
    heads = (("touchpoints", 62.0), ("days", 118.0))
    for text, offset in heads:
        canvas.word(right + offset, top - 12, text, 12, MUTE, False, "right", False)
    for i, name in enumerate(names[:MOST]):
        y = top + i * TALL
        row = counts.loc[name].tolist()
        most, absent = max(row), sum(number == 0 for number in row)
        canvas.rectangle(1, ink[name], left - 9, y, 4, TALL - GUTTER)
        text = shorten(plain(name), left - MARGIN - 16, 13, True)
        middle = y + (TALL - GUTTER) / 2
        canvas.word(left - 15, middle, text, 13, INK, True, "right", False)
        for k in range(0, len(days), every):
            least = min(row[k : k + every])
            level = round((least / most) ** 0.5 * SHADES) / SHADES
            shade = between(SCALE, level) if least else "#E0817B"
            box = left + k * wide, y, max(wide * every - 0.4 * (wide > 4), 1.0), TALL - GUTTER
            canvas.rectangle(0, shade, *box)
        for k in range(0, len(days), max(1, int(10 / wide))):
            hovered = [name, f"{days[k]:%a %-d %B %Y}", plural(row[k], "touchpoint")]
            canvas.hover("days", _HOVER, left + (k + 0.5) * wide, middle, hovered, 12)
        canvas.word(right + 62, middle, count(sum(row)), 12.5, INK, False, "right", False)
        with_some = count(len(row) - absent)
        canvas.word(right + 118, middle, with_some, 12.5, INK, False, "right", False)
        said.append(f"{plain(name)}: {with_some} of {plural(len(row), 'day')}, "
                    f"{percent((len(row) - absent) / len(row))}.")  # fmt: skip
    low = top + min(MOST, len(names)) * TALL
    notes = ["Days: how many of them have touchpoints there."]
    notes += [f"Drawn: the quietest of each {every} days."] if every > 1 else []
    if len(names) > MOST:
        notes.append(f"{count(len(names) - MOST)} smaller channels stand in the table.")
    canvas.foot(low + 22, notes, height)
    return canvas.figure({"alt": f"{title} {'. '.join(subtitle)}. {' '.join(said)}"})


def _draw_months(
    canvas: Canvas, days: list[pd.Timestamp], left: float, wide: float, top: float
) -> None:
    """Names of the months above their first days, where there is room for them."""
    end = 0.0
    for k, day in enumerate(days):
        if k and day.day != 1:
            continue
        x = left + k * wide
        canvas.line(0.5, RULE, 1.0, [(x, top - 22), (x, top - 4)])
        text = f"{day:%b %Y}" if k == 0 or day.month == 1 else f"{day:%b}"
        if x + 4 > end and x + text_width(text, 12) < left + len(days) * wide - 4:
            end = canvas.word(x + 4, top - 12, text, 12, MUTE, False, "left", False)[2] + 6
