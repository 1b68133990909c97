"""Marks that several figures share: an interval, and a line of text in several styles."""

from __future__ import annotations

from collections.abc import Sequence

from omninb.figures.canvas import Canvas
from omninb.figures.lettering import text_width
from omninb.figures.style import INK

Piece = tuple[str, float, str, bool]


def whisker(
    canvas: Canvas, low: float, high: float, y: float, half: float, colour: str = INK
) -> None:
    """An interval from `low` to `high`, with end strokes, rimmed so that it shows on a dark bar."""
    for ink, wide in (("#FFFFFF", 4.0), (colour, 2.0)):
        canvas.line(3, ink, wide, [(low, y), (high, y)])
        for edge in (low, high):
            canvas.line(3, ink, wide, [(edge, y - half), (edge, y + half)])


def phrase(
    canvas: Canvas, x: float, y: float, pieces: Sequence[Piece], room: float, gap: float = 6
) -> float:
    """Pieces (text, size, colour, bold) on one line from `x`; returns where it ends.

    A piece that would end beyond `room` pixels is left out, so the important come first.
    """
    end = x
    for text, size, colour, bold in pieces:
        start = end + (gap if end > x else 0)
        if text and start + text_width(text, size, bold) <= x + room:
            end = canvas.word(start, y, text, size, colour, bold, "left", False)[2]
    return end
