"""How long a move takes: a bar for each length of the gap between its two touchpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from omninb.figures.canvas import MARGIN, Canvas
from omninb.figures.given import check_gaps
from omninb.figures.lettering import count, missing, percent, plain, plural, span, text_width
from omninb.figures.style import INK, MUTE, RULE

BAR, TALL, GUTTER = "#2F78B4", 24.0, 6.0
_HOVER = "%{customdata[0]}<br>%{customdata[1]}<br>%{customdata[2]}"
Row = Mapping[Any, Any]


def gap_figure(
    table: pd.DataFrame, title: str | None = None, width: int = 1400, height: int | None = None
) -> go.Figure:
    """How many transitions from one node to another took how long.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `gap_table`. Every number shown stands in it.
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
        If ``table`` is not of `gap_table`.

    Examples
    --------
    >>> import omninb as onb
    >>> journeys = onb.sample().journeys(split_gap="30d", end_at="purchase")
    >>> onb.gap_figure(onb.gap_table(journeys, "web", "store")).layout.title.text
    'How long does it take from web to store?'
    """
    check_gaps(table)
    canvas, facts = Canvas(width), table.attrs
    source, target = plain(facts["source"]), plain(facts["target"])
    title = title or f"How long does it take from {source} to {target}?"
    if table.empty:
        top = canvas.head(title, ["No such transition, or of too few customers to be told."])
        canvas.foot(top + 40, [])
        return canvas.figure({"alt": f"{title} No such transition."})
    subtitle = [
        f"{plural(facts['transitions'], 'transition')} · half within {span(facts['median_gap'])}"
        f" · nine in ten within {span(facts['p90_gap'])}",
        "Bars: of all these transitions, those whose gap is so long",
    ]
    y = canvas.head(title, subtitle) + 22
    rows = table.to_dict("records")
    names = [_length(row) for row in rows]
    left = MARGIN + max(text_width(name, 13) for name in names) + 12
    room = width - MARGIN - left - text_width("100.0 %  1,000,000", 12.5)
    most, said = max(table["share"]), []
    for name, row in zip(names, rows, strict=True):
        middle, long = y + TALL / 2, room * row["share"] / most
        share, number = percent(row["share"]), count(row["transitions"])
        canvas.word(left - 10, middle, name, 13, INK, False, "right", False)
        canvas.line(0, RULE, 1.0, [(left, y - GUTTER / 2), (left, y + TALL + GUTTER / 2)])
        if row["transitions"]:
            canvas.rectangle(1, BAR, left, y, max(long, 1.0), TALL)
        end = canvas.word(left + long + 8, middle, share, 12.5, INK, True, "left", False)[2]
        canvas.word(end + 8, middle, number, 12.5, MUTE, False, "left", False)
        hovered = [name, plural(row["transitions"], "transition") + f", {share}",
                   plural(row["customers"], "customer")]  # fmt: skip
        canvas.hover("gaps", _HOVER, left + long / 2, middle, hovered, 20)
        said.append(f"{name}: {number}, {share}.")
        y += TALL + GUTTER
    canvas.foot(y + 8, ["Gap: from the one touchpoint to the next."], height)
    return canvas.figure({"alt": f"{title} {'. '.join(subtitle)}. {' '.join(said)}"})


def _length(row: Row) -> str:
    """A row's bounds in words."""
    if missing(row["longer_than"]):
        none = row["up_to"] == pd.Timedelta(0)
        return "any length" if missing(row["up_to"]) else (
            "same moment" if none else f"up to {span(row['up_to'])}"
        )  # fmt: skip
    if missing(row["up_to"]):
        return f"over {span(row['longer_than'])}"
    if row["longer_than"] == pd.Timedelta(0):
        return f"up to {span(row['up_to'])}"
    return f"{span(row['longer_than'])} – {span(row['up_to'])}"
