"""How sure a test of a given size is to find an effect: power against customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from omninb.figures.canvas import MARGIN, Canvas
from omninb.figures.given import check_power
from omninb.figures.lettering import count, percent, text_width
from omninb.figures.scale import Scale
from omninb.figures.style import BAR, FAINT, INK, MUTE, RULE
from omninb.wording import number_words

TALL, LABEL, ENOUGH = 360.0, 48.0, 0.8
# Told apart by dash and darkness, so also in a grey print.
_STYLES = (
    (INK, "solid"), (BAR, "dash"), ("#B4530A", "dot"), (MUTE, "dashdot"), ("#882255", "longdash"),
)  # fmt: skip
_HOVER = "<br>".join(f"%{{customdata[{i}]}}" for i in range(3))
Row = dict[Any, Any]


def power_figure(
    table: pd.DataFrame, title: str | None = None, width: int = 1400, height: int | None = None
) -> go.Figure:
    """How many customers a test needs to find an effect: power by size, a line an effect.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `power_table`. Every number shown stands in it.
    title : str, optional
        The question that the figure answers.
    width : int
        Pixels; the figure is laid out again for each width.
    height : int, optional
        Pixels at least.

    Returns
    -------
    plotly.graph_objects.Figure
        A disc marks the smallest size of the table with a power of at least 80 %.
        ``layout.meta["alt"]`` says it in words.

    Raises
    ------
    OmninbError
        If ``table`` is not of `power_table`.

    Examples
    --------
    >>> import omninb as onb
    >>> table = onb.power_table(0.10, [0.05, 0.1], [10_000, 30_000, 50_000])
    >>> onb.power_figure(table).layout.title.text
    'How many customers does it take to find the effect?'
    """
    check_power(table)
    canvas = Canvas(width)
    title = title or "How many customers does it take to find the effect?"
    if table.empty:
        top = canvas.head(title, ["No sizes to show."])
        canvas.foot(top + 60, [])
        return canvas.figure({"alt": f"{title} No sizes to show."})
    lines = [
        sorted(part.to_dict("records"), key=lambda row: float(row["n"]))
        for _, part in table.groupby("effect", sort=False)
    ]
    baseline = number_words(float(table["baseline"].iloc[0]), 4).rstrip("0").rstrip(".")
    subtitle = [
        "Power: the chance that the test finds an effect of that size, if it is there",
        f"Effects relative to a baseline of {baseline} · customers of all arms together",
    ]
    top = canvas.head(title, subtitle) + 34
    low = top + max(TALL, LABEL * len(lines), (height or 0) - top - 100)
    aside = 16 + max(text_width(text, 12, True) for line in lines for text in _label(line))
    left = MARGIN + 44
    sizes = [float(row["n"]) for line in lines for row in line]
    across = Scale(min(0.0, *sizes), 1.02 * max(sizes), left, canvas.width - MARGIN - aside)
    upright = Scale(0.0, 1.0, low, top)
    canvas.word(MARGIN, top - 16, "Power", 12.5, MUTE, False, "left", False)
    _draw_grid(canvas, across, upright)
    for i, line in enumerate(lines):
        _draw_line(canvas, line, across, upright, _STYLES[i % len(_STYLES)])
    _draw_labels(canvas, lines, upright, across.end + 12)
    note = "● the smallest size of the table with a power of at least 80 %."
    canvas.foot(low + 60, [note], height)
    told = " ".join(": ".join(_label(line)) + "." for line in lines)
    return canvas.figure({"alt": f"{title} {'. '.join(subtitle)}. {told}"})


def _label(line: Sequence[Row]) -> list[str]:
    """What a line is, and from which size of the table on its power is enough."""
    effect = f"{number_words(100 * line[0]['effect'], 1, signed=True)} %".replace(".0 %", " %")
    enough = [row for row in line if row["power"] >= ENOUGH]
    said = f"80 % from {count(enough[0]['n'])}" if enough else "under 80 % at these sizes"
    return [f"effect {effect}", said]


def _draw_grid(canvas: Canvas, across: Scale, upright: Scale) -> None:
    for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        y, enough = upright.at(share), share == ENOUGH
        ends = [(across.start, y), (across.end, y)]
        canvas.line(0.6, INK if enough else RULE, 1.4 if enough else 1.0, ends,
                    "dash" if enough else "solid")  # fmt: skip
        canvas.word(across.start - 8, y, percent(share), 12, INK if enough else MUTE, enough,
                    "right", False)  # fmt: skip
    for tick in across.ticks(64):
        x = across.at(tick)
        canvas.line(0.5, FAINT, 1.0, [(x, upright.start), (x, upright.start + 5)])
        canvas.word(x, upright.start + 17, count(tick), 12, MUTE, False, halo=False)
    canvas.word((across.start + across.end) / 2, upright.start + 36, "customers of all arms", 12,
                MUTE, False, halo=False)  # fmt: skip


def _draw_line(
    canvas: Canvas, line: Sequence[Row], across: Scale, upright: Scale, style: tuple[str, str]
) -> None:
    ink, dash = style
    points = [(across.at(row["n"]), upright.at(row["power"])) for row in line]
    canvas.line(2, ink, 2.4, points, dash)
    marked = next((i for i, row in enumerate(line) if row["power"] >= ENOUGH), None)
    if len(line) == 1 or marked is not None:
        x, y = points[marked or 0]
        canvas.disc(3, ink if marked is not None else "#FFFFFF", x, y, 4.5, ink, 1.5)
    for row, (x, y) in zip(line, points, strict=True):
        arms = [count(row[f"customers_{arm}"]) for arm in ("control", "treatment")]
        said = f"{count(row['n'])} customers: {arms[0]} in the control, {arms[1]} in each treatment"
        hovered = [_label(line)[0], f"power {percent(row['power'])}", said]
        canvas.hover("sizes", _HOVER, x, y, hovered, 5)


def _draw_labels(canvas: Canvas, lines: Sequence[Sequence[Row]], upright: Scale, x: float) -> None:
    """Each line's name beside its end, moved apart where they would touch, with its dash."""
    power = [(line[-1]["power"], abs(line[0]["effect"])) for line in lines]
    order = sorted(range(len(lines)), key=lambda i: power[i], reverse=True)
    y = upright.end - LABEL
    for i in order:
        y = max(y + LABEL, upright.at(lines[i][-1]["power"]) - 8)
        ink, dash = _STYLES[i % len(_STYLES)]
        first, second = _label(lines[i])
        canvas.word(x, y, first, 13, ink, True, "left", False)
        canvas.word(x, y + 16, second, 12, MUTE, False, "left", False)
        canvas.line(2, ink, 2.4, [(x, y - 13), (x + 44, y - 13)], dash)
