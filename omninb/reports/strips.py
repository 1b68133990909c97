"""Small pictures of numbers as SVG shapes: a verdict's interval, a headline's runs so far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from omninb.wording import MINUS, number_words

WIDTH, LEFT, RIGHT = 240, 14, 226
_ABOVE, _BELOW = 10, 58  # baselines of labels: the reference's, and those of the axis
_SIZE, _APART = 12, 8  # of a label's letters, and between two labels


def interval_strip(verdict: dict[str, Any]) -> dict[str, Any] | None:
    """Positions of a verdict's estimate, interval and reference on an axis of round numbers.

    Parameters
    ----------
    verdict : dict
        The payload of ``verdict()``.

    Returns
    -------
    dict or None
        x positions in a picture 240 wide, and ``labels`` as (x, y, words, anchor), of which no two
        overlap; None for "cannot say" or without an interval.
    """
    if verdict["kind"] == "cannot say" or not verdict["interval"] or verdict["estimate"] is None:
        return None
    low, high = verdict["interval"]
    reference = verdict["against"]
    least = min([low] if reference is None else [low, reference])
    most = max([high] if reference is None else [high, reference])
    step = _round_step((most - least) or abs(most) or 1.0)
    first, last = step * math.floor(least / step), step * math.ceil(most / step)
    first -= step if first >= least else 0  # no mark stands on the very end of the axis
    last += step if last <= most else 0

    def x(value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (value - first) / (last - first), 1)

    signed = reference == 0
    digits = max(0, -math.floor(math.log10(step)))
    begin, end = (number_words(value, digits, signed) for value in (first, last))
    room = RIGHT - LEFT - _APART
    with_unit = f"{end} {verdict['unit']}".strip()  # the sentence says the unit too
    end = with_unit if _width(begin) + _width(with_unit) <= room else end
    labels: list[tuple[float, int, str, str]] = [(RIGHT, _BELOW, end, "end")]
    if _width(begin) + _width(end) <= room:
        labels.insert(0, (LEFT, _BELOW, begin, "start"))
    if reference is not None:  # in a line of its own, inside the picture
        words = number_words(reference, digits)
        half = min(_width(words), WIDTH) / 2
        labels.append((min(max(x(reference), half), WIDTH - half), _ABOVE, words, "middle"))
    return {
        "low": x(low),
        "high": x(high),
        "estimate": x(verdict["estimate"]),
        "reference": None if reference is None else x(reference),
        "labels": labels,
    }


def _width(words: str) -> float:
    """No less than the pixels that a label takes in the page's fonts, of which Verdana is widest.

    Examples
    --------
    >>> round(_width("+15")), round(_width("points"))
    (26, 42)
    """
    return _SIZE * sum(
        0.46 if letter in " .,:'ijlt"
        else 1.1 if letter in "mwMW%@" or (ord(letter) > 0x24F and letter != MINUS)
        else 0.65 if letter.isdigit() or letter.islower()
        else 0.85
        for letter in words
    )  # fmt: skip


def _round_step(span: float) -> float:
    """1, 2 or 5 times a power of ten, of which the span holds two to five."""
    power = 10.0 ** math.floor(math.log10(span / 2))
    return max(m * power for m in (1, 2, 5) if m * power <= span / 2)


def sparkline(values: Sequence[float | None], width: int = 120, height: int = 34) -> dict[str, Any]:
    """The runs so far of one number; a run without it leaves a gap that is dotted.

    Returns
    -------
    dict
        ``lines``: polylines of neighbouring runs; ``gaps``: dotted lines over missing ones;
        ``end``: the last point. Empty when fewer than two runs have the number.
    """
    known = [v for v in values if v is not None]
    if len(known) < 2 or values[-1] is None:
        return {}
    span = max(known) - min(known)
    low = min(known) if span else min(known) - 0.5
    span = span or 1.0  # a number that never changed runs along the middle
    pad, across = 5, (width - 10) / (len(values) - 1)
    points = [
        None
        if v is None
        else (
            round(pad + i * across, 1),
            round(height - pad - (height - 2 * pad) * (v - low) / span, 1),
        )
        for i, v in enumerate(values)
    ]
    lines: list[list[tuple[float, float]]] = [[]]
    gaps = []
    for point in points:
        if point is None:
            lines.append([])
            continue
        before = [line for line in lines if line]
        if not lines[-1] and before:
            gaps.append((before[-1][-1], point))
        lines[-1].append(point)
    drawn = [" ".join(f"{a},{b}" for a, b in line) for line in lines if len(line) > 1]
    return {"lines": drawn, "gaps": gaps, "end": points[-1], "width": width, "height": height}
