"""The journey map: from the start through the channels to the ends, with what leaves where."""

from __future__ import annotations

import networkx as nx
import plotly.graph_objects as go

from omninb.figures.canvas import Canvas
from omninb.figures.given import check_graph
from omninb.figures.lettering import (
    count,
    missing,
    plain,
    plural,
    text_width,
)
from omninb.figures.map_layers import shown
from omninb.figures.map_places import STUB_LINE, Places, Spot, places
from omninb.figures.map_routes import Box, Route, hairlines, routes
from omninb.figures.map_shares import SIZE as SHARE_SIZE
from omninb.figures.map_shares import share_labels
from omninb.figures.map_words import (
    footnote,
    in_words,
    move_row,
    place_row,
    question,
    subtitle_lines,
)
from omninb.figures.ribbons import along, arrowhead, cubic, length, ribbon, sector
from omninb.figures.style import (
    EXIT,
    EXIT_INK,
    INK,
    MUTE,
    OPEN,
    RULE,
    SMALLER,
    START,
    alpha,
    colours,
)

HOVER_CHARACTERS = 42_000  # hover rows are repeated along a ribbon: they decide the file's size
_EDGE_HOVER = (
    "%{customdata[0]} → %{customdata[1]}<br>transitions %{customdata[2]:,} · "
    "journeys %{customdata[3]:,} · customers %{customdata[4]:,}<br>%{customdata[5]}"
)
_NODE_HOVER = "%{customdata[0]}<br>%{customdata[1]}<br>%{customdata[2]}"


def journey_map_figure(
    graph: nx.DiGraph, title: str | None = None, width: int = 1400, height: int | None = None
) -> go.Figure:
    """How journeys move between channels, and where they leave.

    Circle area is journeys, ribbon width is transitions (linear). The dark ring round a node is
    its leave rate: the share of its settled touchpoints after which the journey ends as `exit`.
    Percentages on ribbons are the share of the source's settled touchpoints that go there next.

    Parameters
    ----------
    graph : networkx.DiGraph
        Of `transition_graph`. Every number shown stands in it.
    title : str, optional
        The question that the figure answers.
    width : int
        Pixels; the map is laid out again for each width (700 to 1600 read well).
    height : int, optional
        Pixels at least; by default what the map needs.

    Returns
    -------
    plotly.graph_objects.Figure
        The same graph gives the same figure. ``layout.meta["alt"]`` says it in words.

    Raises
    ------
    OmninbError
        If ``graph`` is not of `transition_graph`.

    Examples
    --------
    >>> import omninb as onb
    >>> journeys = onb.sample().journeys(split_gap="30d", end_at="purchase")
    >>> figure = onb.journey_map_figure(onb.transition_graph(journeys, min_journeys=150))
    >>> figure.layout.width, figure.layout.meta["alt"][:39]
    (1400.0, 'How do customers move between channels,')
    """
    check_graph(graph)
    graph = shown(graph)
    facts = graph.graph
    by = plain(facts.get("by", "channel"))
    canvas = Canvas(width)
    title = title or question(by)
    subtitle = subtitle_lines(graph)
    top = canvas.head(title, subtitle) + 26
    if not graph or facts.get("journeys") == 0:
        canvas.word(width / 2, top + 40, "No journeys to show.", 14, MUTE)
        canvas.foot(top + 100, [])
        return canvas.figure({"alt": f"{title} No journeys to show."})
    plan = places(graph, width, top, height)
    if "smaller_pairs" in facts:
        plan.pooled = (
            f"{plural(facts['smaller_pairs'], 'pair')}, "
            f"{plural(facts['smaller_transitions'], 'transition')}"
        )
    ink = colours(plan.spots)
    ways = routes(graph, plan)
    written = sum(
        length(way.path) * len(str(move_row(way.source, way.target, way.data))) for way in ways
    )
    every = max(34.0, written / HOVER_CHARACTERS)
    for way in ways:
        _draw_route(canvas, way, ink, every)
    _draw_smaller(canvas, graph, plan)
    _draw_stubs(canvas, graph, plan, ink)
    taken = [box for spot in plan.spots.values() for box in _draw_spot(canvas, spot, plan, ink)]
    for x, y, text in share_labels(ways, taken, int(14 + width / 60)):
        canvas.word(x, y, text, SHARE_SIZE)
    low = max([plan.bottom + 6, *(box[3] for box in taken)])
    canvas.foot(low + 18, footnote(graph, plan), height)
    return canvas.figure({"alt": in_words(graph, title, subtitle)})


def _draw_route(canvas: Canvas, way: Route, ink: dict[str, str], every: float) -> None:
    base = ink[way.source]
    opacity = {"forward": 0.30 if way.source == START else 0.42, "loop": 0.8}.get(way.way, 0.34)
    z = {"forward": 1.0, "loop": 1.3, "arc": 1.2, "back": 1.1}[way.way]
    head = min(13.0, 4.5 + 0.45 * way.width)
    if way.width <= 2.5:
        canvas.line(0.9, alpha(base, 0.42), round(2 * way.width) / 2, way.path)
        canvas.fill(0.9, alpha(base, 0.7), arrowhead(way.path, head, 0.5 * head))
    else:
        canvas.fill(z, alpha(base, opacity), ribbon(way.path, way.width, head))
    row = move_row(way.source, way.target, way.data)
    for x, y in along(way.path, every):
        canvas.hover("moves", _EDGE_HOVER, x, y, row)


def _draw_smaller(canvas: Canvas, graph: nx.DiGraph, plan: Places) -> None:
    for source, data, path, trunk in hairlines(graph, plan):
        canvas.line(0.5, "#D3D9DF", 1.0, [*path, *trunk])
        row = move_row(source, SMALLER, data)
        for x, y in along(path, 34):
            canvas.hover("moves", _EDGE_HOVER, x, y, row)


def _draw_stubs(canvas: Canvas, graph: nx.DiGraph, plan: Places, ink: dict[str, str]) -> None:
    """Exits as stubs, largest first, with names and counts at their blunt ends."""
    if not plan.stubs:
        return
    goal = plan.spots[EXIT]
    widths = [
        max(0.8, plan.per_transition * graph.edges[a, EXIT]["transitions"]) for a in plan.stubs
    ]
    total = sum(widths)
    fit = min(1.0, 1.7 * goal.radius / total)
    y = plan.stub_y - STUB_LINE * (plan.stub_lines - 1) / 2
    port = goal.y - total * fit / 2
    for i, (name, wide) in enumerate(zip(plan.stubs, widths, strict=True)):
        lines = plan.stub_names[i] if i < len(plan.stub_names) else []
        data = graph.edges[name, EXIT]
        middle = port + wide * fit / 2
        port += wide * fit
        reach = max(0.0, goal.radius**2 - (middle - goal.y) ** 2) ** 0.5
        here = y + STUB_LINE * max(0, len(lines) - 1) / 2
        start, end = (plan.stub_x + 7, here), (goal.x - reach, middle)
        half = (end[0] - start[0]) / 2
        path = cubic(start, (start[0] + half, here), (end[0] - half, middle), end, 11)
        canvas.fill(1.0, alpha(ink[name], 0.55), ribbon(path, min(wide, STUB_LINE - 1.5)))
        row = move_row(name, EXIT, data)
        for px, py in along(path, 34):
            canvas.hover("moves", _EDGE_HOVER, px, py, row)
        if lines:
            number = count(data["transitions"])
            canvas.word(plan.stub_x, here, number, 12, INK, True, "right")
            left = plan.stub_x - text_width(number, 12, True) - 4
            for down, text in enumerate(lines):
                canvas.word(left, y + STUB_LINE * down, text, 12, INK, False, "right")
            canvas.hover("moves", _EDGE_HOVER, left - 20, here, row)
            y += STUB_LINE * len(lines)
    more = len(plan.stubs) - len(plan.stub_names)
    if more:
        canvas.word(plan.stub_x, y, f"and {more} smaller", 12, MUTE, False, "right")


def _draw_spot(canvas: Canvas, spot: Spot, plan: Places, ink: dict[str, str]) -> list[Box]:
    kind, colour, data = spot.data["kind"], ink[spot.name], spot.data
    x, y, r = spot.x, spot.y, spot.radius
    boxes = [(x - spot.outer, y - spot.outer, x + spot.outer, y + spot.outer)]
    if kind == "node":
        ring = spot.outer - 2.0
        canvas.disc(3, "#FFFFFF", x, y, spot.outer)
        canvas.disc(4, RULE, x, y, ring + 1)
        rate = 0.0 if missing(data.get("leave_rate")) else float(data["leave_rate"])
        if rate > 0:
            canvas.fill(5, EXIT_INK, sector(x, y, r + 0.5, ring + 1, min(1.0, rate)))
        canvas.disc(6, colour, x, y, r, "#FFFFFF", 2.5 if r > 12 else 1.5)
    elif spot.name == OPEN:
        canvas.disc(6, "#FFFFFF", x, y, r)
        for i in range(10):
            canvas.fill(7, MUTE, sector(x, y, r - 0.8, r + 0.8, 0.06, i / 10))
    else:
        canvas.disc(6, colour, x, y, r, "#FFFFFF", 1.5)
    canvas.hover("places", _NODE_HOVER, x, y, place_row(spot), max(12.0, 2 * r))
    if spot.name == OPEN:
        text = f"{count(data['journeys'])} · too recent to tell"
        boxes.append(canvas.word(x - r - 8, y, text, 12, MUTE, False, "right"))
        left = boxes[-1][0] - 6
        boxes.append(canvas.word(left, y, OPEN, plan.name_size, INK, True, "right"))
    elif kind == "smaller":
        boxes.append(canvas.word(x, y + 18, SMALLER, 12.5, MUTE, True))
        if plan.pooled:
            boxes.append(canvas.word(x, y + 33, plan.pooled, 12, MUTE))
    else:
        for line, text, name in spot.label_lines(plan.name_size):
            size, shade = (plan.name_size, INK) if name else (12, MUTE)
            boxes.append(canvas.word(x, line, text, size, shade, name))
    return boxes
