"""What an experiment does to journeys: the map of the moves that differ between the arms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from omninb.figures.canvas import MARGIN, Canvas
from omninb.figures.chosen import chosen
from omninb.figures.experiment_transition_map import laid_out, ways
from omninb.figures.experiment_words import decimals, p_words
from omninb.figures.given import check_experiment_transitions
from omninb.figures.lettering import count, missing, plain, plural, shorten
from omninb.figures.map_places import Spot
from omninb.figures.map_routes import Box, Route
from omninb.figures.map_shares import SIZE, share_labels
from omninb.figures.marks import Piece, phrase
from omninb.figures.ribbons import along, arrowhead
from omninb.figures.style import END_STATES, EXIT_INK, INK, MUTE, RULE, START, alpha, colours
from omninb.wording import interval_words, number_words

MOST = 24
UP, DOWN = "#0072B2", "#B4530A"
_HOVER = "<br>".join(f"%{{customdata[{i}]}}" for i in range(4))
Row = Mapping[Any, Any]


def experiment_transition_figure(
    table: pd.DataFrame,
    title: str | None = None,
    width: int = 1400,
    height: int | None = None,
    variant: str | None = None,
) -> go.Figure:
    """What a treatment does to how customers move: only the moves that differ from the control.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `experiment_transition_table`. Every probability shown stands in it.
    title : str, optional
        The question that the figure answers.
    width : int
        Pixels; the figure is laid out again for each width.
    height : int, optional
        Pixels at least; by default what the map and the list below need.
    variant : str, optional
        The treatment; the table's first by default.

    Returns
    -------
    plotly.graph_objects.Figure
        Moves whose adjusted p-value is below .05, at most 24 of them, the smallest first: more
        likely ones solid with +, less likely ones dashed with −. Nodes stand where all moves put
        them, so that their places do not depend on which differ. ``layout.meta["alt"]`` says it
        in words.

    Raises
    ------
    OmninbError
        If ``table`` is not of `experiment_transition_table`, or lacks the variant.

    Examples
    --------
    >>> import omninb as onb
    >>> table = onb.experiment_transition_table(onb.sample(), exit_after="30d")
    >>> onb.experiment_transition_figure(table).layout.title.text
    'What does treatment change in how customers move?'
    """
    check_experiment_transitions(table)
    canvas = Canvas(width)
    if table.empty:
        title = title or "What changes in how customers move?"
        top = canvas.head(title, ["No moves to show."])
        canvas.foot(top + 60, [])
        return canvas.figure({"alt": f"{title} No moves to show."})
    variant = chosen(table, "variant", variant, "variant")
    held = table[table["variant"] == variant]
    moves = held[held["what"] == "transition"].sort_values("p_value", kind="stable")
    every = moves[moves["differs"]].to_dict("records")
    rows = every[:MOST]
    name = shorten(plain(variant), 400, 22, True)
    title = title or f"What does {name} change in how customers move?"
    subtitle = _subtitle(held, moves, variant, table.attrs)
    top = canvas.head(title, subtitle) + 30
    if rows:
        top = _draw_map(canvas, held, rows, top)
        top = _draw_list(canvas, rows, top + 30)
        says = " ".join(f"{_move(row)}: {_chances(row)}, {_points(row)}." for row in rows)
    else:
        top, says = _draw_none(canvas, moves, top)
    notes = ["Differs: p, adjusted (Benjamini–Hochberg), below 0.05; about 5 % or less of such "
             "moves differ by chance. Bounds 95 %, not adjusted."]  # fmt: skip
    if rows:
        notes.append("Solid and +: more likely than in the control; dashed and −: less likely.")
        notes.append("Ways are as wide as the difference; numbers below names: settled "
                     "touchpoints of both arms.")  # fmt: skip
    if len(every) > MOST:
        notes.append(f"{count(len(every) - MOST)} more that differ stand in the table.")
    canvas.foot(top + 20, notes, height)
    return canvas.figure({"alt": f"{title} {'. '.join(subtitle)}. {says}"})


def _subtitle(
    held: pd.DataFrame, moves: pd.DataFrame, variant: str, facts: Mapping[Any, Any]
) -> list[str]:
    arms = facts["arms"]
    who = [f"{plain(arm)} {count(arms[arm])}" for arm in (facts["control"], variant)]
    shares = held[held["what"] == "step share"]
    first = f"{', '.join(who)} customers, from their first exposure on"
    found = f"{count(moves['differs'].sum())} of {plural(len(moves), 'move')} differ"
    if len(shares):
        found += f", {count(shares['differs'].sum())} of {plural(len(shares), 'share')} at a step"
    second = "Probabilities: of the source’s settled touchpoints (START: journeys)"
    return [f"{first} · {found}", second]


def _draw_map(canvas: Canvas, held: pd.DataFrame, rows: Sequence[Row], top: float) -> float:
    """The nodes, and the ways that differ; returns the y below."""
    graph, plan = laid_out(held, canvas.width, top)
    routes = ways(graph, plan, rows)
    for way in routes:
        _draw_way(canvas, way)
    ink = colours(plan.spots)
    taken = [box for s in plan.spots.values() for box in _draw_spot(canvas, s, plan.name_size, ink)]
    for x, y, text in share_labels(routes, taken, MOST, lambda way: _signed(way.data["row"])):
        canvas.word(x, y, text, SIZE, INK, True)
    for way in routes:
        if way.way == "loop":
            spot = plan.spots[way.source]
            beside, text = (spot.x + 12, spot.y - spot.outer - 6), _signed(way.data["row"])
            canvas.word(*beside, text, SIZE, INK, True, "left")
    return max(plan.bottom, *(box[3] for box in taken))


def _draw_way(canvas: Canvas, way: Route) -> None:
    row = way.data["row"]
    ink, dash = (UP, "solid") if row["difference"] > 0 else (DOWN, "dash")
    wide = max(2.0, way.width)
    if way.way == "loop":  # too short a way for dashes
        wide, dash = 2.5, "solid" if dash == "solid" else "dot"
    canvas.line(1, alpha(ink, 0.6), wide, way.path, dash)
    head = arrowhead(way.path, 9 + wide, 5 + 0.6 * wide)
    canvas.fill(1.5, ink, [*head, head[0]])
    hovered = [_move(row), _chances(row), _points(row), _settled(row)]
    for x, y in along(way.path, 34):
        canvas.hover("moves", _HOVER, x, y, hovered)


def _draw_spot(canvas: Canvas, spot: Spot, size: float, ink: dict[str, str]) -> list[Box]:
    colour = EXIT_INK if spot.name in END_STATES and spot.name not in ink else ink[spot.name]
    canvas.disc(3, "#FFFFFF", spot.x, spot.y, spot.outer)
    canvas.disc(4, colour, spot.x, spot.y, spot.radius)
    boxes = [(spot.x - spot.outer, spot.y - spot.outer, spot.x + spot.outer, spot.y + spot.outer)]
    for y, text, name in spot.label_lines(size):
        boxes.append(
            canvas.word(spot.x, y, text, size if name else 12, INK if name else MUTE, name)
        )
    what = "journeys" if spot.name == START else "settled touchpoints"
    if spot.data["kind"] == "end":
        what = "came to it"
    said = [plain(spot.name), f"{count(spot.data['journeys'])} {what}, both arms", "", ""]
    canvas.hover("places", _HOVER, spot.x, spot.y, said, max(12.0, 2 * spot.radius))
    return boxes


def _draw_list(canvas: Canvas, rows: Sequence[Row], y: float) -> float:
    """Every move that differs, with its numbers; returns the y below."""
    wide = canvas.width - 2 * MARGIN
    narrow = canvas.width < 1000
    columns = (0.0, 0.3 * wide, 0.45 * wide, 0.68 * wide)
    for row in rows:
        ink = UP if row["difference"] > 0 else DOWN
        move = shorten(_move(row), (wide if narrow else columns[1]) - 30, 13.5, True)
        cells: list[list[Piece]] = [
            [(_sign(row), 15.0, ink, True), (move, 13.5, INK, True)],
            [(_chances(row), 13.0, INK, False)],
            [(_points(row), 13.0, INK, False)],
            [(f"adjusted {p_words(row['p_value_adjusted'])}", 12.0, MUTE, False),
             (_settled(row), 12.0, MUTE, False)],
        ]  # fmt: skip
        canvas.line(0.5, RULE, 1.0, [(MARGIN, y - 14), (canvas.width - MARGIN, y - 14)])
        if narrow:
            phrase(canvas, MARGIN, y, cells[0], wide)
            phrase(canvas, MARGIN + 20, y + 18, [*cells[1], *cells[2], *cells[3]], wide - 20, 14)
            y += 18
        else:
            for x, cell in zip(columns, cells, strict=True):
                phrase(canvas, MARGIN + x, y, cell, wide - x, 10)
        y += 28
    return y - 14


def _draw_none(canvas: Canvas, moves: pd.DataFrame, y: float) -> tuple[float, str]:
    """That nothing differs, and what comes nearest; returns the y below, and the same in words."""
    told = "No move clearly differs between the arms."
    canvas.word(MARGIN, y + 16, f"○ {told}", 15, INK, True, "left", False)
    nearest = [row for row in moves.to_dict("records") if not missing(row["p_value_adjusted"])][:3]
    said = [told]
    y += 40
    for i, row in enumerate(nearest):
        lead = "Nearest to it: " if i == 0 else ""
        text = f"{lead}{_move(row)}, {_chances(row)}, {_points(row)}"
        text += f", adjusted {p_words(row['p_value_adjusted'])}"
        said.append(f"{text}.")
        room = canvas.width - 2 * MARGIN
        canvas.word(MARGIN, y, shorten(text, room, 13), 13, MUTE, False, "left", False)
        y += 20
    return y, " ".join(said)


def _sign(row: Row) -> str:
    return "+" if row["difference"] > 0 else "−"


def _move(row: Row) -> str:
    return f"{plain(row['source'])} → {plain(row['target'])}"


def _chances(row: Row) -> str:
    digits = decimals(*(100 * row[f"difference_ci_{side}"] for side in ("lower", "upper")))
    return " → ".join(
        f"{number_words(100 * row[arm], digits)} %" for arm in ("control", "treatment")
    )


def _points(row: Row) -> str:
    """The difference in points with its bounds."""
    low, high = (100 * row[f"difference_ci_{side}"] for side in ("lower", "upper"))
    digits = decimals(low, high)
    words = f"{number_words(100 * row['difference'], digits, signed=True)} points"
    if missing(low) or missing(high):
        return words
    return f"{words} ({interval_words(low, high, digits, signed=True)})"


def _signed(row: Row) -> str:
    return _points(row).partition(" ")[0]


def _settled(row: Row) -> str:
    return f"of {count(row['settled_control'])} and {count(row['settled_treatment'])}"
