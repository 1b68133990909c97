"""The flow: which moves journeys make from step to step, and where they end."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from omninb.figures.canvas import Canvas
from omninb.figures.flow_places import BAR, TALL_SLOT, Bar, Flow, Ribbon, columns, flow, place, room
from omninb.figures.given import check_flows
from omninb.figures.lettering import (
    count,
    interval,
    percent,
    period,
    plain,
    plural,
    read_words,
    shorten,
    text_width,
)
from omninb.figures.ribbons import cubic
from omninb.figures.style import (
    BEYOND,
    CONVERTED,
    EXIT,
    INK,
    MUTE,
    OPEN,
    RULE,
    START,
    alpha,
    colours,
)

THINNEST = 0.3
HOVERED = 110
_MOVE_HOVER = (
    "%{customdata[0]} → %{customdata[1]}, step %{customdata[2]}<br>"
    "journeys %{customdata[3]:,} · customers %{customdata[4]:,}<br>%{customdata[5]}"
)
_BAR_HOVER = "%{customdata[0]}, %{customdata[1]}<br>%{customdata[2]}"


def flow_figure(
    flows: pd.DataFrame, title: str | None = None, width: int = 1400, height: int | None = None
) -> go.Figure:
    """Which moves journeys make, step by step, and where they end.

    A ribbon's height is the number of journeys that made that very move; what flows into a bar
    flows out of it. The order of labels is the same in every column.

    Parameters
    ----------
    flows : pandas.DataFrame
        Of `flow_table`. Every ribbon is one of its rows; a bar is the sum of its rows.
    title : str, optional
        The question that the figure answers.
    width : int
        Pixels; the figure is laid out again for each width.
    height : int, optional
        Pixels at least; by default what the bars and their labels need.

    Returns
    -------
    plotly.graph_objects.Figure
        ``layout.meta["alt"]`` says it in words.

    Raises
    ------
    OmninbError
        If ``flows`` is not of `flow_table`, or in ≠ out at an inner bar.

    Examples
    --------
    >>> import omninb as onb
    >>> flows = onb.flow_table(onb.sample().journeys(end_at="purchase"), max_steps=4)
    >>> onb.flow_figure(flows, title="Where do they go?").layout.meta["alt"][:17]
    'Where do they go?'
    """
    check_flows(flows)
    canvas = Canvas(width)
    chart = flow(flows)
    if not chart.bars:
        title = title or "Which moves do journeys make, step by step?"
        top = canvas.head(title, ["No journeys to show."])
        canvas.foot(top + 60, [])
        return canvas.figure({"alt": f"{title} No journeys to show."})
    title = title or _question(chart)
    subtitle = _subtitle(flows, chart)
    top = canvas.head(title, subtitle) + 62
    xs = columns(chart, width)
    bottom = place(chart, top, height, room(xs) < 118)
    ink = colours(bar.name for bar in chart.bars.values())
    _draw_heads(canvas, flows, chart, xs, top)
    _draw_ribbons(canvas, flows, chart, xs, ink)
    for bar in chart.bars.values():
        _draw_bar(canvas, chart, bar, xs, ink)
    canvas.foot(bottom + 34, _footnote(flows, chart), height)
    return canvas.figure({"alt": _in_words(chart, title, subtitle)})


def _anchored(chart: Flow) -> bool:
    return not any(bar.name == START for bar in chart.column(0))


def _question(chart: Flow) -> str:
    if chart.backwards:
        return "Which moves lead there, step by step?"
    if _anchored(chart):
        return "What happens next, step by step, and where does it end?"
    return "Which moves do journeys make, step by step, and where do they end?"


def _subtitle(flows: pd.DataFrame, chart: Flow) -> list[str]:
    read = flows.attrs.get("journeys_read", flows.attrs.get("journeys"))
    days = period(flows.attrs.get("observed_from"), flows.attrs.get("observed_until"))
    first = [
        read_words(flows.attrs),
        days,
        "height = journeys that made that very move; in = out at every bar"
        + (", less rare moves" if chart.not_drawn else ""),
        f"percentages of these {count(read)}" if read is not None else "",
    ]
    ends = (CONVERTED, OPEN, EXIT)
    names = [n for n in ends if any(b.name == n for b in chart.bars.values())]
    second = []
    if names:
        joined = ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]
        verb = "end" if len(names) > 1 else "ends"
        second.append(f"{joined} {verb} the journey at the step where it happens")
    beyond = [b for b in chart.bars.values() if b.name == BEYOND]
    if beyond:
        last = abs(chart.steps[-1]) - 1
        number = plural(beyond[0].journeys, "journey")
        second.append(
            f"{number} began before step −{last}"
            if chart.backwards
            else f"{number} went on beyond step {last}"
        )
    return [" · ".join(p for p in first if p), "; ".join(second)]


def _footnote(flows: pd.DataFrame, chart: Flow) -> list[str]:
    notes = []
    if any(bar.name == OPEN for bar in chart.bars.values()):
        after = flows.attrs.get("exit_after")
        when = f" (within {after} of the end)" if after else ""
        notes.append(f"Open: too recent to tell{when}.")
    if chart.not_drawn:
        notes.append(f"Moves of too few customers are not drawn: {count(chart.not_drawn)}.")
    thin = [int(r.row["journeys"]) for r in chart.ribbons if r.height < THINNEST]
    if thin:
        notes.append(
            f"Moves of at most {plural(max(thin), 'journey')} are too thin to draw; "
            "they stand in the table."
        )
    return notes


def _step_name(chart: Flow, column: int) -> str:
    if column == 0:
        return (chart.anchor or "Anchor") if _anchored(chart) else START
    step = chart.steps[column - 1]
    if all(b.name in (CONVERTED, EXIT, OPEN, BEYOND, START) for b in chart.column(column)):
        before = abs(chart.steps[column - 2]) if column > 1 else 0
        return f"After step {before}" if step > 0 else f"Before step −{before}"
    return f"Step {step}".replace("-", "−")


def _draw_heads(
    canvas: Canvas, flows: pd.DataFrame, chart: Flow, xs: list[float], top: float
) -> None:
    free = room(xs)
    over = (CONVERTED, EXIT, OPEN, BEYOND)
    for column, x in enumerate(xs):
        if column == 0 and not _anchored(chart):
            continue
        name = _step_name(chart, column)
        if column == 0:
            name = shorten(name, min(free + BAR, canvas.width - x - 6), 14, True)
        canvas.word(x, top - 28, name, 14, INK, True, "left", halo=False)
        under = sum(b.journeys for b in chart.column(column) if b.name not in (*over, START))
        left = text_width(name, 14, True) + 8
        for text in (f"{count(under)} under way", count(under)):
            if under and text_width(text, 12) + left <= free + BAR:
                canvas.word(x + left, top - 28, text, 12, MUTE, False, "left", halo=False)
                break
        canvas.line(0.2, RULE, 1.0, [(x, top - 15), (x + min(free + BAR, 170), top - 15)])


def _draw_ribbons(
    canvas: Canvas, flows: pd.DataFrame, chart: Flow, xs: list[float], ink: dict[str, str]
) -> None:
    ribbons = sorted(
        chart.ribbons,
        key=lambda r: (-r.height, r.source.column, r.source.name, r.target.name),
    )
    for i, ribbon in enumerate(ribbons):
        if ribbon.height >= THINNEST:
            earlier = ribbon.target if chart.backwards else ribbon.source
            later = ribbon.source if chart.backwards else ribbon.target
            colour = alpha(ink[earlier.name], 0.38)
            if later.name in (EXIT, OPEN) or earlier.name in (START, BEYOND):
                colour = alpha("#7B8794", 0.22 if earlier.name == START else 0.16)
            points = _band(ribbon, xs)
            z = 1.0 if later.name in (EXIT, OPEN) else 1.1
            canvas.fill(z, colour, points)
        if i < HOVERED:
            _hover_ribbon(canvas, chart, ribbon, xs)


def _band(ribbon: Ribbon, xs: list[float]) -> list[tuple[float, float]]:
    edge = _edge(ribbon, xs)
    return [*edge, *((x, y + ribbon.height) for x, y in reversed(edge)), edge[0]]


def _edge(ribbon: Ribbon, xs: list[float]) -> list[tuple[float, float]]:
    """The upper edge, from left to right."""
    left = xs[ribbon.source.column], ribbon.source_y
    right = xs[ribbon.target.column], ribbon.target_y
    (x0, y0), (x1, y1) = sorted([left, right])
    x0 += BAR
    half = (x1 - x0) / 2
    samples = 2 if abs(y1 - y0) < 0.3 else 7 if ribbon.height < 1.5 else 12
    return cubic((x0, y0), (x0 + half, y0), (x1 - half, y1), (x1, y1), samples)


def _hover_ribbon(canvas: Canvas, chart: Flow, ribbon: Ribbon, xs: list[float]) -> None:
    row = ribbon.row
    bounds = interval(row.get("share_ci_lower"), row.get("share_ci_upper"))
    texts = [
        ribbon.source.name,
        ribbon.target.name,
        f"{int(row['step'])}".replace("-", "−"),
        int(row["journeys"]),
        int(row["customers"]),
        percent(row["share"]) + (f" ({bounds})" if bounds else "") + " of these journeys",
    ]
    edge = _edge(ribbon, xs)
    a, b = edge[0], edge[-1]
    for t in (0.3, 0.5, 0.7):
        u = 1 - t
        rise = 3 * u * t * t + t**3
        x = a[0] + (b[0] - a[0]) * (1.5 * u * u * t + 1.5 * u * t * t + t**3)
        y = a[1] + (b[1] - a[1]) * rise + ribbon.height / 2
        canvas.hover("moves", _MOVE_HOVER, x, y, texts)


def _draw_bar(canvas: Canvas, chart: Flow, bar: Bar, xs: list[float], ink: dict[str, str]) -> None:
    x, middle = xs[bar.column], bar.y + bar.height / 2
    tall = max(1.0, bar.height)
    if bar.name == OPEN:
        canvas.rectangle(3, MUTE, x, middle - max(3.0, tall) / 2, BAR, max(3.0, tall))
        canvas.rectangle(4, "#FFFFFF", x + 1, middle - max(3.0, tall) / 2 + 1, BAR - 2,
                         max(1.0, tall - 2))  # fmt: skip
    else:
        canvas.rectangle(3, ink[bar.name], x, middle - tall / 2, BAR, tall)
    words = f"{plural(bar.journeys, 'journey')} · {percent(bar.share)} of these journeys"
    step = _step_name(chart, bar.column)
    canvas.hover("places", _BAR_HOVER, x + BAR / 2, middle, [bar.name, step, words])
    _label(canvas, chart, bar, xs, x + BAR + 6, middle)


def _label(canvas: Canvas, chart: Flow, bar: Bar, xs: list[float], x: float, middle: float) -> None:
    """Name and numbers beside a bar: on two lines, on one, or the name with what still fits."""
    free = room(xs)
    if x + free > canvas.width:
        free = canvas.width - x - 6
    size = 13.5 if free > 120 else 12.0
    quiet = bar.name in (OPEN, BEYOND)
    shade = MUTE if quiet else INK
    number, share = count(bar.journeys), percent(bar.share)
    full = f"{number} · {share}"
    name = plain(bar.name)
    if bar.slot >= TALL_SLOT:
        # A name may come nearer to the next bar than numbers do.
        canvas.word(x, middle - 8, shorten(name, free + 4, size, True), size, shade, True, "left")
        text = full if text_width(full, 12) <= free else number
        canvas.word(x, middle + 8, text, 12, shade, False, "left")
        return
    wide = text_width(name, size, True)
    for text in (full, number):
        if wide + 7 + text_width(text, 12) <= free:
            break
    else:
        name = shorten(name, free - 5 - text_width(number, 12), size, True)
        wide, text = text_width(name, size, True), number
    canvas.word(x, middle, name, size, shade, True, "left")
    canvas.word(x + wide + 7, middle, text, 12, shade, False, "left")


def _in_words(chart: Flow, title: str, subtitle: list[str]) -> str:
    parts = [title, ". ".join(part for part in subtitle if part) + "."]
    for column in range(1, len(chart.steps) + 1):
        bars = sorted(chart.column(column), key=lambda b: (-b.journeys, b.name))
        words = [f"{plain(b.name)} {count(b.journeys)} ({percent(b.share)})" for b in bars[:6]]
        parts.append(f"{_step_name(chart, column)}: {', '.join(words)}.")
    return " ".join(parts)
