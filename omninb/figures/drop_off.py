"""The drop-off heatmap: at which step, on which channel, customers are lost."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from omninb.errors import OmninbError
from omninb.figures.canvas import MARGIN, Canvas
from omninb.figures.drop_off_grid import (
    HOVER,
    Grid,
    Row,
    cell_row,
    footnote,
    in_words,
    subtitle_lines,
)
from omninb.figures.given import check_drop_off, check_funnel
from omninb.figures.lettering import count, interval, percent, plain, text_width, wrap
from omninb.figures.style import INK, MUTE, RULE, between, colours, ink_on

SCALE = ("#FFF8F0", "#FDDDB8", "#F9AE74", "#DF6A3A", "#9E2A1B")
SHADES = 40
LOSS = "#8793A0"
TALL, GUTTER, ASIDE, DEEPEST = 78.0, 4.0, 14.0, 66.0
NARROWEST, WIDEST = 56.0, 300.0
RATE_SIZES = ((17.0, True), (13.0, True), (12.0, False))
Box = tuple[float, float, float]


def drop_off_figure(
    table: pd.DataFrame,
    title: str | None = None,
    width: int = 1400,
    height: int | None = None,
    funnel: pd.DataFrame | None = None,
    min_customers: int = 10,
    scale_max: float | None = None,
) -> go.Figure:
    """At which step, on which channel, customers are lost: steps down, channels across.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `drop_off_table`. Every rate shown stands in it: drop-off is lost / customers who took
        the step on that channel. The bars below are sums of its column ``lost``.
    title : str, optional
        The question that the figure answers.
    width : int
        Pixels; the figure is laid out again for each width.
    height : int, optional
        Pixels at least; by default what the rows need.
    funnel : pandas.DataFrame, optional
        Of ``funnel_table(…, attempt="first")`` for the same steps: a column of all channels.
    min_customers : int
        A cell of fewer customers shows no rate: it is hatched, with their number.
    scale_max : float, optional
        The drop-off at the dark end of the scale. Figures that are to be compared need the same;
        by default the next tenth above the highest rate shown.

    Returns
    -------
    plotly.graph_objects.Figure
        ``layout.meta["alt"]`` says it in words.

    Raises
    ------
    OmninbError
        If ``table`` or ``funnel`` is not of its function, the funnel counts other customers than
        the table, or ``scale_max`` is no share.

    Examples
    --------
    >>> import omninb as onb
    >>> steps = ["add_to_cart", "checkout", "payment", "purchase"]
    >>> table = onb.drop_off_table(onb.sample().journeys(), steps, within="7d")
    >>> onb.drop_off_figure(table, scale_max=0.6).layout.title.text
    'At which step, on which channel, are customers lost?'
    """
    check_drop_off(table)
    if funnel is not None:
        check_funnel(funnel)
    canvas = Canvas(width)
    by = plain(table.attrs.get("by", "channel"))
    title = title or f"At which step, on which {by}, are customers lost?"
    if table.empty:
        top = canvas.head(title, ["Nobody to show."])
        canvas.foot(top + 60, [])
        return canvas.figure({"alt": f"{title} Nobody to show."})
    if scale_max is not None and not 0 < scale_max <= 1:
        raise OmninbError(f"scale_max={scale_max!r}: a drop-off above 0 and up to 1, such as 0.8.")
    grid = Grid.of(table, funnel, min_customers, scale_max)
    subtitle = subtitle_lines(grid)
    top = canvas.head(title, subtitle) + 34
    left = _left(canvas, grid)
    room = width - MARGIN - left - (ASIDE if grid.whole else 0)
    grid = grid.first(max(1, int(room / NARROWEST) - bool(grid.whole)))
    wide = min(WIDEST, room / (len(grid.labels) + bool(grid.whole)))
    all_words = f"all {by}s"
    y = first = _draw_heads(canvas, grid, left, wide, top, all_words)
    for step, names in grid.steps.items():
        _draw_name(canvas, names, left - 14, y)
        for i, label in enumerate(grid.labels):
            box = (left + i * wide, y, wide - GUTTER)
            row = grid.at(step, label)
            if row is None:
                _draw_few(canvas, grid, grid.cells.get((step, label)), box)
            else:
                _draw_cell(canvas, grid, row, box)
                hovered = cell_row(names, label, row)
                canvas.hover("cells", HOVER, box[0] + box[2] / 2, y + TALL / 2, hovered, TALL)
        if step in grid.whole:
            box = (left + len(grid.labels) * wide + ASIDE, y, wide - GUTTER)
            _draw_cell(canvas, grid, grid.whole[step], box)
        y += TALL
    for step, label in grid.framed():
        x = left + grid.labels.index(label) * wide
        at, tall = first + (step - 1) * TALL, TALL - GUTTER
        corners = [(-2, -2), (wide - 2, -2), (wide - 2, tall + 2), (-2, tall + 2), (-2, -2)]
        canvas.line(4, INK, 3.0, [(x + a, at + b) for a, b in corners])
    y = _draw_lost(canvas, grid, left, wide, y + 10)
    right = max(left + 260, left + wide * (len(grid.labels) + bool(grid.whole)) + ASIDE)
    _draw_scale(canvas, grid, min(right, width - MARGIN) - 190, y + 8)
    canvas.foot(y + 46, footnote(grid), height)
    return canvas.figure({"alt": in_words(grid, title, subtitle)})


def _left(canvas: Canvas, grid: Grid) -> float:
    """Where the first column begins, right of the names of the steps."""
    names = [f"→ {name}" for pair in grid.steps.values() for name in pair]
    longest = max(text_width(name, 13.5, True) for name in [*names, "Lost customers"])
    return MARGIN + min(longest + 16, max(104.0, 0.2 * canvas.width))


def _draw_heads(
    canvas: Canvas, grid: Grid, left: float, wide: float, y: float, all_words: str
) -> float:
    """The channels above their columns; returns the y below them."""
    ink = colours(grid.labels)
    size = 13.0 if wide >= 70 else 12.0
    labels = [*grid.labels, all_words] if grid.whole else grid.labels
    heads = [wrap(plain(label), wide - 4, size, True, 4) for label in labels]
    lines = max(map(len, heads))
    for i, (label, head) in enumerate(zip(labels, heads, strict=True)):
        x = left + i * wide + (ASIDE if i == len(grid.labels) else 0)
        for k, text in enumerate(head):
            at = y + 16 * (lines - len(head) + k)
            canvas.word(x + (wide - GUTTER) / 2, at, text, size, INK, True, halo=False)
        if i < len(grid.labels):
            canvas.rectangle(1, ink[label], x, y + 16 * lines - 4, wide - GUTTER, 4)
            middle = x + wide / 2, y + 8 * lines
            canvas.hover("labels", "%{customdata[0]}", *middle, [label], wide / 2)
    return y + 16 * lines + 4


def _draw_name(canvas: Canvas, names: tuple[str, str], right: float, y: float) -> None:
    """A step, and the next one that its row is about."""
    room, arrow = right - MARGIN, "→ "
    lines = wrap(names[0], room, 13.5, True, 2)
    then = wrap(names[1], room - text_width(arrow, 13.5, True), 13.5, True, 2)
    lines += [arrow + then[0], *then[1:]]
    apart = 18 if len(lines) == 2 else 17
    for i, text in enumerate(lines):
        middle = y + (TALL - GUTTER) / 2 + apart * (i - (len(lines) - 1) / 2)
        canvas.word(right, middle, text, 13.5, INK, True, "right", False)


def _draw_few(canvas: Canvas, grid: Grid, row: Row | None, box: Box) -> None:
    """A cell without a rate, and why."""
    x, y, wide = box
    canvas.rectangle(0, RULE, x, y, wide, TALL - GUTTER, hatched=True)
    reasons: list[tuple[str, ...]] = [("nobody", "none")]
    if row is not None and row["open"]:
        reasons = [("only",), ("open",)]
    if row is not None and row["customers"]:
        number = count(row["customers"])
        reasons = [(f"n = {number}", number), (f"< {count(grid.fewest)}",)]
    for i, ways in enumerate(reasons):
        text = next((way for way in ways if text_width(way, 12) <= wide - 2), ways[-1])
        at = y + (TALL - GUTTER) / 2 + 17 * (i - (len(reasons) - 1) / 2)
        canvas.word(x + wide / 2, at, text, 12, MUTE)


def _draw_cell(canvas: Canvas, grid: Grid, row: Row, box: Box) -> None:
    """A rate on its shade, the customers it is of, and its interval."""
    x, y, wide = box
    shade = shade_of(row["drop_off"], grid.ceiling)
    canvas.rectangle(0, shade, x, y, wide, TALL - GUTTER)
    within = interval(row["drop_off_ci_lower"], row["drop_off_ci_upper"]).removesuffix(" %")
    rates = [(percent(row["drop_off"]), size, bold) for size, bold in RATE_SIZES]
    lines = [next((line for line in rates if text_width(*line) <= wide - 2), ("", 0.0, False))]
    if lines[0][0]:  # never a number of customers or bounds that could be taken for the rate
        lines += [(count(row["customers"]), 12.0, False), (within, 12.0, False)]
    lines = [line for line in lines if line[0] and text_width(*line) <= wide - 2]
    for i, (text, size, bold) in enumerate(lines):
        at = y + (TALL - GUTTER) / 2 + 19 * (i - (len(lines) - 1) / 2)
        canvas.word(x + wide / 2, at, text, size, ink_on(shade), bold, halo=False)


def shade_of(share: float, ceiling: float) -> str:
    """The colour of a drop-off; what lies above the scale has its dark end."""
    return between(SCALE, round(min(1.0, share / ceiling) * SHADES) / SHADES)


def _draw_lost(canvas: Canvas, grid: Grid, left: float, wide: float, y: float) -> float:
    """Bars of the customers lost on each channel; returns the y below."""
    lost = [grid.lost(label) for label in grid.labels]
    scale = DEEPEST / max(1, *lost)
    lines = [(line, True) for line in wrap("Lost customers", left - 14 - MARGIN, 13, True)]
    for down, (text, bold) in enumerate([*lines, ("shown cells", False)]):
        canvas.word(left - 14, y + 8 + 17 * down, text, 13, MUTE, bold, "right", False)
    for i, number in enumerate(lost):
        x = left + i * wide
        canvas.rectangle(1, LOSS, x, y, wide - GUTTER, max(1.0, number * scale))
        canvas.word(
            x + (wide - GUTTER) / 2, y + number * scale + 12, count(number), 12, INK, halo=False
        )
    return y + max(34.0, DEEPEST + 24)


def _draw_scale(canvas: Canvas, grid: Grid, x: float, y: float) -> None:
    wide = 180.0
    for i in range(30):
        shade = shade_of((i + 0.5) / 30, 1.0)
        canvas.rectangle(0, shade, x + i * wide / 30, y, wide / 30 + 0.3, 11)
    canvas.word(x - 8, y + 6, "drop-off", 12, MUTE, False, "right", False)
    for part in (0.0, 0.5, 1.0):
        text = percent(part * grid.ceiling)
        if part == 1 and grid.above():
            text = f"≥ {text}"
        canvas.word(x + part * wide, y + 21, text, 12, MUTE, halo=False)
