"""What a figure shows, read back from its traces and layout."""

from __future__ import annotations

import html
import re

from omninb.figures.lettering import text_width

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
    return set(re.findall(r"(?:[<>] )?\d[\d,]*(?:\.\d+)?(?: %)?", text))


def alarming(figure) -> list[str]:
    """Texts with markup, formulas or templates that plotly would act on."""
    return [
        text
        for text in texts(figure)
        if re.search(r"<(?!br>)|>(?<!<br>)|\$|%\{|&(?!amp;|lt;|gt;|#36;|#123;)", text)
    ]
