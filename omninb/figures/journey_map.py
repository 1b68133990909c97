"""The journey map: from the start through the channels to the ends, with what leaves where."""

from __future__ import annotations

from typing import Any

import networkx as nx
import plotly.graph_objects as go

from omninb.figures.canvas import Canvas
from omninb.figures.lettering import (
    count, interval, missing, percent, period, plain, plural, shorten, span, text_width,
)  # fmt: skip
from omninb.figures.map_places import STUB_LINE, STUBS_NAMED, Places, Spot, places, shown
from omninb.figures.map_routes import Box, Route, hairlines, routes
from omninb.figures.ribbons import along, arrowhead, at, cubic, length, ribbon, sector
from omninb.figures.style import (
    EXIT, EXIT_INK, FAINT, INK, MUTE, OPEN, RULE, SMALLER, START, alpha, colours,
)  # fmt: skip

HOVER_POINTS = 400
_EDGE_HOVER = (
    "%{customdata[0]} → %{customdata[1]}<br>%{customdata[2]} in %{customdata[3]}"
    " of %{customdata[4]}<br>%{customdata[5]}"
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
    """
    graph = shown(graph)
    facts = graph.graph
    by = plain(facts.get("by", "channel"))
    canvas = Canvas(width)
    title = title or _question(by)
    subtitle = _subtitle(graph)
    top = canvas.head(title, subtitle) + 26
    if not graph:
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
    every = max(34.0, sum(length(way.path) for way in ways) / HOVER_POINTS)
    for way in ways:
        _draw_route(canvas, way, ink, every)
    _draw_smaller(canvas, graph, plan)
    _draw_stubs(canvas, graph, plan, ink)
    taken = [box for spot in plan.spots.values() for box in _draw_spot(canvas, spot, plan, ink)]
    _draw_shares(canvas, ways, plan, taken)
    low = max([plan.bottom + 6, *(box[3] for box in taken)])
    canvas.foot(low + 18, _footnote(graph, plan))
    return canvas.figure({"alt": _in_words(graph, title, subtitle)})


def _question(by: str) -> str:
    if by == "channel":
        return "How do customers move between channels, and where do they leave?"
    return f"How do customers move from one {by} to the next, and where do they leave?"


def _subtitle(graph: nx.DiGraph) -> list[str]:
    facts = graph.graph
    counts = ", ".join(
        plural(facts[key], key[:-1])
        for key in ("journeys", "customers", "touchpoints")
        if key in facts
    )
    days = period(facts.get("observed_from"), facts.get("observed_until"))
    first = [counts, days, "circle area = journeys, ribbon width = transitions"]
    second = ["Percentages: of the source’s settled touchpoints, the share that goes there next"]
    if EXIT in graph:
        second.append("dark ring = share that leaves")
    return [" · ".join(p for p in first if p), " · ".join(second)]


def _footnote(graph: nx.DiGraph, plan: Places) -> list[str]:
    facts = graph.graph
    notes = []
    if "exit_after" in facts:
        share = percent(facts.get("settled_share"))
        notes.append(
            f"Settled: older than {facts['exit_after']} when the log ends"
            + (f" ({share} of touchpoints)." if share else ".")
        )
    if plan.stubs:
        notes.append("Exits are cut to stubs beside exit.")
    if SMALLER in graph:
        notes.append("(smaller flows): pairs with few journeys, joined.")
    return notes


def _draw_route(canvas: Canvas, way: Route, ink: dict[str, str], every: float) -> None:
    base = ink[way.source]
    opacity = {"forward": 0.30 if way.source == START else 0.42, "loop": 0.8}.get(way.way, 0.34)
    if way.width < 1.6:
        opacity = min(opacity, 0.34)
    z = {"forward": 1.0, "loop": 1.3, "arc": 1.2, "back": 1.1}[way.way]
    head = min(13.0, 4.5 + 0.45 * way.width)
    if way.width <= 2.5:
        canvas.line(z, alpha(base, opacity + 0.08), round(2 * way.width) / 2, way.path)
        canvas.fill(z, alpha(base, min(1.0, 2 * opacity)), arrowhead(way.path, head, 0.5 * head))
    else:
        canvas.fill(z, alpha(base, opacity), ribbon(way.path, way.width, head))
    row = _edge_row(way.source, way.target, way.data)
    for x, y in along(way.path, every):
        canvas.hover("moves", _EDGE_HOVER, x, y, row)


def _edge_row(source: str, target: str, data: dict[str, Any]) -> list[str]:
    words = []
    if not missing(data.get("probability")):
        bounds = interval(data["probability_ci_lower"], data["probability_ci_upper"])
        words.append(
            percent(data["probability"])
            + (f" ({bounds})" if bounds else "")
            + f" of {count(data['settled'])} settled"
        )
    if not missing(data.get("median_gap")):
        words.append(f"median gap {span(data['median_gap'])}")
    return [
        source,
        target,
        plural(data["transitions"], "transition"),
        plural(data["journeys"], "journey"),
        plural(data["customers"], "customer"),
        " · ".join(words),
    ]


def _draw_smaller(canvas: Canvas, graph: nx.DiGraph, plan: Places) -> None:
    for source, data, path in hairlines(graph, plan):
        canvas.line(0.5, "#D3D9DF", 1.0, path)
        row = _edge_row(source, SMALLER, data)
        for x, y in along(path, 40):
            canvas.hover("moves", _EDGE_HOVER, x, y, row)


def _draw_stubs(canvas: Canvas, graph: nx.DiGraph, plan: Places, ink: dict[str, str]) -> None:
    """Exits as stubs, largest first, with names and counts at their blunt ends."""
    if not plan.stubs:
        return
    goal = plan.spots[EXIT]
    named = plan.stubs[:STUBS_NAMED]
    widths = [
        max(0.8, plan.per_transition * graph.edges[a, EXIT]["transitions"]) for a in plan.stubs
    ]
    total = sum(widths)
    fit = min(1.0, 1.7 * goal.radius / total)
    lines = len(named) + (len(plan.stubs) > len(named))
    y = plan.stub_y - STUB_LINE * (lines - 1) / 2
    port = goal.y - total * fit / 2
    room = max(60.0, plan.stub_x - plan.gate - 50)
    for i, (name, wide) in enumerate(zip(plan.stubs, widths, strict=True)):
        data = graph.edges[name, EXIT]
        middle = port + wide * fit / 2
        port += wide * fit
        reach = max(0.0, goal.radius**2 - (middle - goal.y) ** 2) ** 0.5
        here = y + STUB_LINE * min(i, len(named))
        start, end = (plan.stub_x + 7, here), (goal.x - reach, middle)
        half = (end[0] - start[0]) / 2
        path = cubic(start, (start[0] + half, here), (end[0] - half, middle), end, 11)
        canvas.fill(1.0, alpha(ink[name], 0.55), ribbon(path, min(wide, STUB_LINE - 1.5)))
        row = _edge_row(name, EXIT, data)
        for px, py in along(path, 34):
            canvas.hover("moves", _EDGE_HOVER, px, py, row)
        if i < len(named):
            number = count(data["transitions"])
            canvas.word(plan.stub_x, here, number, 12, INK, True, "right")
            left = plan.stub_x - text_width(number, 12, True) - 4
            text = shorten(plain(name), room, 12)
            canvas.word(left, here, text, 12, INK, False, "right")
            canvas.hover("moves", _EDGE_HOVER, left - 20, here, row)
    if lines > len(named):
        text = f"and {len(plan.stubs) - len(named)} smaller"
        canvas.word(plan.stub_x, y + STUB_LINE * len(named), text, 12, MUTE, False, "right")


def _draw_spot(canvas: Canvas, spot: Spot, plan: Places, ink: dict[str, str]) -> list[Box]:
    kind, colour, data = spot.data["kind"], ink[spot.name], spot.data
    x, y, r = spot.x, spot.y, spot.radius
    boxes = [(x - spot.outer, y - spot.outer, x + spot.outer, y + spot.outer)]
    if kind == "node":
        ring = spot.outer - 2.0
        canvas.disc(3, "#FFFFFF", x, y, spot.outer)
        canvas.disc(4, RULE, x, y, ring + 1)
        rate = data.get("leave_rate")
        if not missing(rate) and rate > 0:
            canvas.fill(5, EXIT_INK, sector(x, y, r + 0.5, ring + 1, min(1.0, rate)))
        canvas.disc(6, colour, x, y, r, "#FFFFFF", 2.5 if r > 12 else 1.5)
    elif spot.name == OPEN:
        canvas.disc(6, "#FFFFFF", x, y, r)
        for i in range(10):
            arc = sector(x, y, r - 0.8, r + 0.8, 0.06)
            canvas.fill(7, MUTE, _turned(arc, x, y, i / 10))
    else:
        canvas.disc(6, colour, x, y, r, "#FFFFFF", 1.5)
    canvas.hover("places", _NODE_HOVER, x, y, _node_row(spot), max(12.0, 2 * r))
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


def _turned(points: list[tuple[float, float]], x: float, y: float, share: float):
    import cmath

    turn = cmath.exp(2j * cmath.pi * share)
    moved = [complex(px - x, py - y) * turn for px, py in points]
    return [(x + p.real, y + p.imag) for p in moved]


def _node_row(spot: Spot) -> list[str]:
    data, words = spot.data, []
    if not missing(data.get("leave_rate")) and data.get("kind") == "node":
        bounds = interval(data["leave_rate_ci_lower"], data["leave_rate_ci_upper"])
        words.append(
            f"{percent(data['leave_rate'])} leave" + (f" ({bounds})" if bounds else "")
            + f" of {count(data['settled'])} settled touchpoints"
        )  # fmt: skip
        if not missing(data.get("mean_position")):
            words.append(f"mean position {data['mean_position']:.1f}")
    if data.get("kind") == "end" and not missing(data.get("share")):
        words.append(f"{percent(data['share'])} of settled journeys")
    if "journeys" not in data:
        return [spot.name, plural(data.get("transitions", 0), "transition"), ""]
    counts = f"{plural(data['journeys'], 'journey')} of {plural(data['customers'], 'customer')}"
    return [spot.name, counts, " · ".join(words)]


def _draw_shares(canvas: Canvas, ways: list[Route], plan: Places, taken: list[Box]) -> None:
    """Percentages on the larger ribbons, where they cover least; none where none fits."""
    budget = int(14 + plan.width / 60)
    shown = [w for w in ways if w.way != "loop" and not missing(w.data.get("probability"))]
    traces = [(w, [at(w.path, k / 24) for k in range(25)]) for w in shown]
    labels: list[Box] = []
    for way, points in traces[:budget]:
        text = percent(way.data["probability"])
        half = text_width(text, 12.5) / 2 + 1
        best, least = None, 60.0
        for k in range(2, 23):
            x, y = points[k]
            box = (x - half, y - 7, x + half, y + 7)
            cost = 9.0 * abs(k / 24 - 0.28)
            cost += sum(2.0 * _overlap(box, other) for other in taken)
            cost += sum(4.0 * _overlap(box, other) for other in labels)
            for other, trail in traces:
                if other is not way:
                    inside = sum(box[0] < p < box[2] and box[1] < q < box[3] for p, q in trail)
                    cost += inside * (2 + 0.5 * other.width)
            if cost < least:
                best, least = box, cost
        if best is not None:
            labels.append(best)
            canvas.word((best[0] + best[2]) / 2, (best[1] + best[3]) / 2, text, 12.5)


def _overlap(a: Box, b: Box) -> float:
    wide = min(a[2], b[2]) - max(a[0], b[0])
    tall = min(a[3], b[3]) - max(a[1], b[1])
    return wide * tall if wide > 0 and tall > 0 else 0.0


def _in_words(graph: nx.DiGraph, title: str, subtitle: list[str]) -> str:
    """The figure as one paragraph, from the numbers that it shows."""
    nodes = [(n, d) for n, d in graph.nodes(data=True) if d.get("kind") == "node"]
    nodes.sort(key=lambda one: (-one[1]["journeys"], one[0]))
    leaving = [
        f"{plain(n)}, {plural(d['journeys'], 'journey')}"
        + ("" if missing(d.get("leave_rate")) else f", {percent(d['leave_rate'])} leave")
        for n, d in nodes[:12]
    ]
    edges = [
        (a, b, d)
        for a, b, d in graph.edges(data=True)
        if b not in (EXIT, OPEN, SMALLER) and a not in (START, SMALLER)
    ]
    edges.sort(key=lambda e: (-e[2]["transitions"], e[0], e[1]))
    moves = [
        f"{plain(a)} to {plain(b)}, {plural(d['transitions'], 'transition')}"
        + (f", {percent(d['probability'])}" if not missing(d.get("probability")) else "")
        for a, b, d in edges[:8]
    ]
    ends = [
        f"{n}, {plural(d['journeys'], 'journey')}"
        + (f", {percent(d['share'])} of settled" if not missing(d.get("share")) else "")
        for n, d in graph.nodes(data=True)
        if d.get("kind") == "end"
    ]
    parts = [title, ". ".join(subtitle) + "."]
    for name, items in (("Nodes", leaving), ("Largest moves", moves), ("Ends", ends)):
        if items:
            parts.append(f"{name}: " + "; ".join(items) + ".")
    return " ".join(parts)
