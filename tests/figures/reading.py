"""What a figure shows, read back from its traces and layout."""

from __future__ import annotations

import html
import re

import pandas as pd

from omninb.figures.lettering import (
    interval,
    missing,
    percent,
    period,
    plain,
    rate,
    span,
    text_width,
)

HOSTILE = [
    '<a href="http://x.example">click</a>',
    "$\\href{javascript:alert(1)}{x}$",
    "%{y} %{meta.alt} %{customdata[1]}",
    "a & b < c > d",
    "A very long name of a channel that nobody ever wanted to read in full",
    "line\nbreak<br>here",
    "数字营销渠道与门店",
    "\u202eevil",
    '<span style="background:url(http://x.example)">s</span>',
]


def words(figure) -> list[tuple[str, float, tuple[float, float, float, float]]]:
    """(text, size, box) of every word on the sheet."""
    found = []
    for trace in figure.data:
        if trace.mode != "text":
            continue
        size, bold = trace.textfont.size, trace.textfont.weight == 700
        for x, y, text in zip(trace.x, trace.y, trace.text, strict=True):
            wide = text_width(html.unescape(text), size, bold)
            left = (
                x
                - {"middle right": 0, "middle center": wide / 2, "middle left": wide}[
                    trace.textposition
                ]
            )
            box = (left, y - 0.42 * size, left + wide, y + 0.42 * size)
            found.append((html.unescape(text), size, box))
    return found


def overlaps(boxes) -> list[tuple[str, str]]:
    """Pairs of words that cover each other by more than a pixel."""
    found = []
    for i, (a, _, p) in enumerate(boxes):
        for b, _, q in boxes[i + 1 :]:
            wide = min(p[2], q[2]) - max(p[0], q[0])
            tall = min(p[3], q[3]) - max(p[1], q[1])
            if wide > 1 and tall > 1:
                found.append((a, b))
    return found


def hovered(figure, name: str) -> list[list]:
    """Rows behind the hover points of a kind."""
    return [row for t in figure.data if t.name == name for row in t.customdata]


def texts(figure) -> list[str]:
    """Every text that the figure draws, escaped as plotly gets it."""
    found = [figure.layout.title.text, *(a.text for a in figure.layout.annotations)]
    for trace in figure.data:
        if trace.mode == "text":
            found += trace.text
        for row in trace.customdata if trace.customdata is not None else ():
            found += [value for value in row if isinstance(value, str)]
    return found


def numbers(text: str) -> set[str]:
    """Counts and percentages in a text, as written."""
    return set(re.findall(r"(?:[<>] )?\d+(?:,\d{3})*(?:\.\d+)?(?: %)?", text))


def alarming(figure) -> list[str]:
    """Texts with markup, formulas or templates that plotly would act on."""
    return [
        text
        for text in texts(figure)
        if re.search(r"<(?!br>)|>(?<!<br>)|\$|%\{|&(?!amp;|lt;|gt;|#36;|#123;)", text)
    ]


def stray(figure, table, *more: str) -> set[str]:
    """Numbers that the figure says and that neither stand in the table nor among `more`."""
    allowed, names = {*more, "95 %", "100 %", "5 %"}, set()
    for row in [*table.to_dict("records"), table.attrs]:
        for key, value in row.items():
            allowed |= written(row, key, value)
            names |= {plain(v) for v in (value if isinstance(value, list) else [value])}
    found = set()
    for text in {*texts(figure), figure.layout.meta["alt"]}:
        said = html.unescape(text)
        if any(said.rstrip("…") in name for name in names):
            continue
        for name in sorted(names, key=len, reverse=True):
            said = said if name[0].isdigit() else said.replace(name, " ")
        found |= numbers(re.sub(r"\S*…", " ", said))
    return found - allowed


def written(row, key, value) -> set[str]:
    """The ways in which a cell of a table may be written."""
    if isinstance(value, str):
        return numbers(value)
    if isinstance(value, bool | list) or missing(value):
        return set()
    if isinstance(value, int):
        return {f"{value:,}"}
    if isinstance(value, pd.Timestamp):
        return numbers(period(value, value))
    if isinstance(value, pd.Timedelta):
        return numbers(span(value))
    low, high = row.get(f"{key}_ci_lower"), row.get(f"{key}_ci_upper")
    bounds = interval(low, high)
    ways = {percent(value), rate(value, low, high), percent(value).replace("< ", "<")}
    ways |= numbers(bounds) | numbers(bounds.removesuffix(" %"))
    return ways | {f"{abs(scaled):,.{d}f}" for scaled in (value, 100 * value) for d in (1, 2)}


def rectangles(figure, colour: str, hatched: bool = False) -> list[tuple[float, ...]]:
    """(left, top, right, bottom) of the rectangles of a colour, row by row."""
    found = []
    for trace in figure.data:
        if trace.fillcolor != colour or (trace.fillpattern.shape is not None) != hatched:
            continue
        for corners in chunks(trace):
            xs, ys = zip(*corners, strict=True)
            if len(corners) == 5 and len(set(xs)) == len(set(ys)) == 2:
                found.append((min(xs), min(ys), max(xs), max(ys)))
    return sorted(found, key=lambda box: (box[1], box[0]))


def chunks(trace) -> list[list[tuple[float, float]]]:
    """The separate lines or polygons of a trace."""
    parts: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(trace.x, trace.y, strict=True):
        if x is None:
            parts.append([])
        else:
            parts[-1].append((x, y))
    return parts
