"""What a journey map says in words: title, denominators, hover rows and the alternative text."""

from __future__ import annotations

from typing import Any

import networkx as nx

from omninb.figures.lettering import count, interval, missing, percent, period, plain, plural, span
from omninb.figures.map_places import THINNEST, Places, Spot
from omninb.figures.style import EXIT, OPEN, SMALLER, START


def question(by: str) -> str:
    """The title where none was given."""
    if by == "channel":
        return "How do customers move between channels, and where do they leave?"
    return f"How do customers move from one {by} to the next, and where do they leave?"


def subtitle_lines(graph: nx.DiGraph) -> list[str]:
    """What was counted, when, and every denominator."""
    facts = graph.graph
    counts = ", ".join(
        plural(facts[key], key[:-1])
        for key in ("journeys", "customers", "touchpoints")
        if key in facts
    )
    days = period(facts.get("observed_from"), facts.get("observed_until"))
    first = [counts, days, "circle area = journeys, ribbon width = transitions"]
    second = [
        "Percentages: of the source’s settled touchpoints (START: journeys), "
        "the share that goes there next"
    ]
    if EXIT in graph:
        second.append("dark ring = share that leaves")
    return [" · ".join(p for p in first if p), " · ".join(second)]


def footnote(graph: nx.DiGraph, plan: Places) -> list[str]:
    """What `settled` means, and what was cut or joined."""
    facts = graph.graph
    notes = []
    if "exit_after" in facts:
        share = percent(facts.get("settled_share"))
        notes.append(
            f"Settled: older than {facts['exit_after']} when the log ends"
            + (f" ({share} of touchpoints)." if share else ".")
        )
    if any(plan.per_transition * d["transitions"] < THINNEST for *_, d in graph.edges(data=True)):
        notes.append(f"Ribbons are drawn at least {THINNEST:g} px wide.")
    if plan.stubs:
        notes.append("Exits are cut to stubs beside exit.")
    if SMALLER in graph:
        notes.append("(smaller flows): pairs with few journeys, joined.")
    return notes


def move_row(source: str, target: str, data: dict[str, Any]) -> list[str | int]:
    """The hover texts of an edge: names, counts, then probability and gap in words."""
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
        int(data["transitions"]),
        int(data["journeys"]),
        int(data["customers"]),
        " · ".join(words),
    ]


def place_row(spot: Spot) -> list[str]:
    """The hover texts of a node."""
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


def in_words(graph: nx.DiGraph, title: str, subtitle: list[str]) -> str:
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
