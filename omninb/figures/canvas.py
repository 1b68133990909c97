"""A sheet measured in pixels: marks are collected by colour and become few plotly traces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from omninb.figures.lettering import harmless, plain, rounded, text_width, wrap
from omninb.figures.style import FONT, HALO, INK, MUTE

MARGIN = 28


class Canvas:
    """Collects polygons, lines, discs, words and hover points, then draws them in order of depth.

    Depth (`z`) decides what lies on top: higher is nearer. Within one depth, marks of the same
    colour share a trace, so that a figure of a hundred ribbons stays small.
    """

    def __init__(self, width: float) -> None:
        self.width = float(width)
        self.height = 0.0
        self.top = 0.0
        self._fills: dict[tuple[float, str, bool], tuple[list[Any], list[Any]]] = {}
        self._lines: dict[tuple[float, str, float, str], tuple[list[Any], list[Any]]] = {}
        self._discs: dict[float, list[tuple[float, float, float, str, str, float]]] = {}
        self._words: dict[tuple[Any, ...], list[tuple[float, float, str]]] = {}
        self._hovers: dict[str, tuple[str, list[tuple[float, float, float, list[Any]]]]] = {}
        self._title: list[str] = []
        self._title_size = 22.0
        self._notes: list[tuple[float, list[str], float]] = []

    def head(self, title: str, subtitle: Sequence[str]) -> float:
        """Set the question and what it is about; returns the y below them."""
        self._title_size = 22.0 if self.width >= 1000 else 19.0
        room = self.width - 2 * MARGIN
        self._title = wrap(plain(title), room, self._title_size, bold=True, lines=3)
        y = 18 + 1.3 * self._title_size * len(self._title)
        lines = [line for part in subtitle if part for line in _clauses(plain(part), room)]
        self._notes.append((y + 4, lines, 13.5))
        self.top = y + 4 + 18 * len(lines)
        return self.top

    def foot(self, y: float, notes: Sequence[str], least: float | None = None) -> None:
        """End the sheet with a footnote at `y`, or lower when the sheet is to be `least` high."""
        room = self.width - 2 * MARGIN
        text = " ".join(note for note in notes if note)
        lines = wrap(plain(text), room, 11.5) if text else []
        y = max(y, (least or 0) - 16 * len(lines) - 16)
        self._notes.append((y, lines, 11.5))
        self.height = float(round(y + 16 * len(lines) + 16))

    def fill(
        self, z: float, colour: str, outline: Sequence[tuple[float, float]], hatched: bool = False
    ) -> None:
        """A filled polygon; hatched, its colour is that of the lines."""
        xs, ys = self._fills.setdefault((z, colour, hatched), ([], []))
        _append(xs, ys, outline)

    def rectangle(
        self,
        z: float,
        colour: str,
        x: float,
        y: float,
        w: float,
        h: float,
        hatched: bool = False,
    ) -> None:
        """A filled rectangle from its upper left corner; hatched, it has a frame as well."""
        corners = [(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)]
        self.fill(z, colour, corners, hatched)
        if hatched:
            self.line(z, colour, 1.0, corners)

    def line(
        self,
        z: float,
        colour: str,
        width: float,
        points: Sequence[tuple[float, float]],
        dash: str = "solid",
    ) -> None:
        """A line through points."""
        xs, ys = self._lines.setdefault((z, colour, round(width, 1), dash), ([], []))
        _append(xs, ys, points)

    def disc(
        self,
        z: float,
        colour: str,
        x: float,
        y: float,
        radius: float,
        rim: str = "rgba(0,0,0,0)",
        rim_width: float = 0,
    ) -> None:
        """A filled circle, with a rim if wanted."""
        self._discs.setdefault(z, []).append((x, y, 2 * radius, colour, rim, rim_width))

    def word(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 12,
        colour: str = INK,
        bold: bool = False,
        anchor: str = "center",
        halo: bool = True,
    ) -> tuple[float, float, float, float]:
        """One line of text, vertically centred at `y`; returns its box (left, top, right, bottom).

        `anchor` is the side of the text that stands at `x`: left, center or right.
        """
        place = {"left": "middle right", "center": "middle center", "right": "middle left"}[anchor]
        self._words.setdefault((place, size, colour, bold, halo), []).append((x, y, text))
        wide = text_width(text, size, bold)
        left = x - {"left": 0.0, "center": wide / 2, "right": wide}[anchor]
        return left, y - 0.58 * size, left + wide, y + 0.58 * size

    def hover(
        self, name: str, template: str, x: float, y: float, row: list[Any], size: float = 12
    ) -> None:
        """An unseen point that answers a pointer; texts of `row` are made harmless here."""
        safe = [harmless(v) if isinstance(v, str) and v else v for v in row]
        self._hovers.setdefault(name, (template, []))[1].append((x, y, size, safe))

    def figure(self, meta: dict[str, Any]) -> go.Figure:
        """The plotly figure of everything collected so far."""
        depths = sorted({key[0] for key in (*self._fills, *self._lines)} | set(self._discs))
        traces: list[Any] = []
        for z in depths:
            traces += [self._fill_trace(key) for key in self._fills if key[0] == z]
            traces += [self._line_trace(key) for key in self._lines if key[0] == z]
            if z in self._discs:
                traces.append(_disc_trace(self._discs[z]))
        traces += [_word_trace(style, words) for style, words in self._words.items()]
        traces += [_hover_trace(name, *hover) for name, hover in self._hovers.items()]
        # Validation would take as long again and change nothing, as tests see of each figure.
        figure = go.Figure(
            [_in_order(trace) for trace in traces], _in_order(self._layout(meta)), _validate=False
        )
        for part in (figure, figure.layout, *figure.data):
            part._validate = True  # for whoever changes the figure
        return figure

    def _fill_trace(self, key: tuple[float, str, bool]) -> dict[str, Any]:
        xs, ys = self._fills[key]
        trace: dict[str, Any] = {
            "type": "scatter", "mode": "none", "fill": "toself", "fillcolor": key[1],
            "x": xs, "y": ys, "hoverinfo": "skip",
        }  # fmt: skip
        if key[2]:
            trace["fillpattern"] = {
                "shape": "/", "bgcolor": "#FFFFFF", "fgcolor": key[1], "size": 7, "solidity": 0.18
            }  # fmt: skip
        return trace

    def _line_trace(self, key: tuple[float, str, float, str]) -> dict[str, Any]:
        xs, ys = self._lines[key]
        line = {"color": key[1], "width": key[2], "dash": key[3]}
        return {
            "type": "scatter", "mode": "lines", "line": line, "x": xs, "y": ys, "hoverinfo": "skip"
        }  # fmt: skip

    def _layout(self, meta: dict[str, Any]) -> dict[str, Any]:
        axis = {"visible": False, "fixedrange": True}
        # plotly lifts a title of several lines by most of a line for each further one.
        down = 18 + 0.65 * self._title_size * (len(self._title) - 1)
        notes = [
            {
                "x": 0, "y": 1, "xref": "paper", "yref": "paper", "xshift": MARGIN, "yshift": -y,
                "xanchor": "left", "yanchor": "top", "align": "left", "showarrow": False,
                "text": "<br>".join(harmless(line) for line in lines), "borderpad": 0,
                "font": {"size": size, "color": MUTE},
            }
            for y, lines, size in self._notes
            if lines
        ]  # fmt: skip
        return {
            "template": {"data": {"scatter": [{"type": "scatter"}]}},  # plotly's for an empty one
            "width": self.width,
            "height": self.height,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0, "pad": 0},
            "paper_bgcolor": "#FFFFFF",
            "plot_bgcolor": "#FFFFFF",
            "font": {"family": FONT, "color": INK, "size": 12},
            "showlegend": False,
            "hovermode": "closest",
            "hoverdistance": 24,
            "hoverlabel": {
                "bgcolor": "#FFFFFF", "bordercolor": MUTE, "align": "left", "namelength": 0,
                "font": {"family": FONT, "size": 13, "color": INK},
            },
            "title": {
                "text": "<br>".join(harmless(line) for line in self._title),
                "x": MARGIN / self.width, "xanchor": "left", "xref": "container",
                "y": 1 - down / self.height, "yanchor": "top", "yref": "container",
                "font": {"size": self._title_size, "color": INK, "weight": 700},
            },
            "xaxis": {**axis, "range": [0, self.width]},
            "yaxis": {**axis, "range": [self.height, 0]},
            "annotations": notes,
            "meta": meta,
        }  # fmt: skip


def _in_order(part: Any) -> Any:
    """Properties in plotly's order, which is the alphabet's."""
    if isinstance(part, dict):
        return {name: _in_order(part[name]) for name in sorted(part)}
    if isinstance(part, list) and part and isinstance(part[0], dict):
        return [_in_order(one) for one in part]
    return part


def _clauses(text: str, room: float) -> list[str]:
    """Lines of a subtitle, broken between its clauses where they fit on a line each."""
    lines: list[str] = []
    for clause in text.split(" · "):
        if lines and text_width(f"{lines[-1]} · {clause}", 13.5) <= room:
            lines[-1] += f" · {clause}"
        else:
            lines += wrap(clause, room, 13.5)
    return lines


def _append(xs: list[Any], ys: list[Any], points: Sequence[tuple[float, float]]) -> None:
    if xs:
        xs.append(None)
        ys.append(None)
    xs += rounded([float(x) for x, _ in points])
    ys += rounded([float(y) for _, y in points])


def _disc_trace(discs: list[tuple[float, float, float, str, str, float]]) -> dict[str, Any]:
    x, y, size, colour, rim, rim_width = (list(column) for column in zip(*discs, strict=True))
    return {
        "type": "scatter", "mode": "markers", "x": rounded(x), "y": rounded(y),
        "cliponaxis": False, "hoverinfo": "skip",
        "marker": {
            "size": rounded(size), "color": colour, "opacity": 1,
            "line": {"color": rim, "width": rim_width},
        },
    }  # fmt: skip


def _word_trace(style: tuple[Any, ...], words: list[tuple[float, float, str]]) -> dict[str, Any]:
    place, size, colour, bold, halo = style
    font: dict[str, Any] = {"size": size, "color": colour, "family": FONT}
    if bold:
        font["weight"] = 700
    if halo:
        font["shadow"] = HALO
    return {
        "type": "scatter", "mode": "text", "textposition": place, "textfont": font,
        "x": rounded([w[0] for w in words]), "y": rounded([w[1] for w in words]),
        "text": [harmless(w[2]) for w in words], "cliponaxis": False, "hoverinfo": "skip",
    }  # fmt: skip


def _hover_trace(
    name: str, template: str, points: list[tuple[float, float, float, list[Any]]]
) -> dict[str, Any]:
    sizes = rounded([p[2] for p in points])
    return {
        "type": "scatter", "mode": "markers", "name": name, "opacity": 0,
        "x": rounded([p[0] for p in points]), "y": rounded([p[1] for p in points]),
        "customdata": [p[3] for p in points],
        "marker": {"size": sizes[0] if len(set(sizes)) == 1 else sizes, "color": INK},
        "hovertemplate": template + "<extra></extra>",
    }  # fmt: skip
