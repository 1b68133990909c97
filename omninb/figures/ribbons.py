"""Ribbons: sampled cubic curves of even width, with an arrowhead in the same polygon."""

from __future__ import annotations

import math
from collections.abc import Sequence

Point = tuple[float, float]


def cubic(a: Point, b: Point, c: Point, d: Point, samples: int) -> list[Point]:
    """Points of a cubic Bézier curve from `a` to `d`."""
    points = []
    for i in range(samples):
        t = i / (samples - 1)
        u = 1 - t
        f, g, h, k = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
        points.append(
            (f * a[0] + g * b[0] + h * c[0] + k * d[0], f * a[1] + g * b[1] + h * c[1] + k * d[1])
        )
    return points


def smooth(stops: Sequence[Point], fine: bool = True) -> list[Point]:
    """A curve from left to right through stops: level at both ends and at every turning point.

    Slopes between are the harmonic mean of both sides (Fritsch and Butland 1984), so the curve
    never overshoots. `fine` samples more points, as wide ribbons need.
    """
    rises = [
        (b[1] - a[1]) / max(1e-9, b[0] - a[0]) for a, b in zip(stops[:-1], stops[1:], strict=True)
    ]
    slopes = [0.0]
    for before, after in zip(rises[:-1], rises[1:], strict=True):
        turning = before * after <= 0
        slopes.append(0.0 if turning else 2 * before * after / (before + after))
    slopes.append(0.0)
    path: list[Point] = []
    for i, ((x0, y0), (x1, y1)) in enumerate(zip(stops[:-1], stops[1:], strict=True)):
        inner = len(stops) > 2
        third = (x1 - x0) * (0.4 if inner else 0.5)
        samples = (
            2
            if abs(y1 - y0) < 0.3
            else 9
            if abs(y1 - y0) < 30
            else 18
            if fine or abs(y1 - y0) > 90
            else 13
        )
        piece = cubic(
            (x0, y0), (x0 + third, y0 + third * slopes[i]),
            (x1 - third, y1 - third * slopes[i + 1]), (x1, y1), samples,
        )  # fmt: skip
        path += piece if not path else piece[1:]
    return path


def ribbon(path: Sequence[Point], width: float, head: float = 0.0) -> list[Point]:
    """The outline of a band of `width` pixels along a path; `head` is the arrowhead's length."""
    body = path if not head else _cut(path, head)[0]
    ways = _directions(body)
    left, right = (
        [
            (x - side * dy * width / 2, y + side * dx * width / 2)
            for (x, y), (dx, dy) in zip(body, ways, strict=True)
        ]
        for side in (1, -1)
    )
    point: list[Point] = []
    if head:
        point = arrowhead(path, head, width / 2 + max(1.6, 0.28 * head + 0.12 * width))
    return [*left, *point, *reversed(right), left[0]]


def arrowhead(path: Sequence[Point], length: float, half: float) -> list[Point]:
    """A triangle whose tip is the path's end."""
    body, tip = _cut(path, length)
    (x, y), long = body[-1], math.dist(body[-1], path[-1]) or 1.0
    dx, dy = (tip[0] - x) / long, (tip[1] - y) / long
    return [(x - dy * half, y + dx * half), tip, (x + dy * half, y - dx * half)]


def length(path: Sequence[Point]) -> float:
    """A path's length in pixels."""
    return sum(math.dist(a, b) for a, b in zip(path[:-1], path[1:], strict=True))


def along(path: Sequence[Point], every: float) -> list[Point]:
    """Points at equal distances of about `every` pixels along a path, its ends left out."""
    return evenly(path, max(2, round(length(path) / every)) + 1)[1:-1]


def evenly(path: Sequence[Point], number: int) -> list[Point]:
    """A number of points at equal distances along a path, its ends among them."""
    pieces = [math.dist(a, b) for a, b in zip(path[:-1], path[1:], strict=True)]
    step = sum(pieces) / (number - 1)
    points, piece, passed = [path[0]], 0, 0.0
    for i in range(1, number - 1):
        goal = i * step
        while piece < len(pieces) - 1 and passed + pieces[piece] < goal:
            passed += pieces[piece]
            piece += 1
        (x0, y0), (x1, y1) = path[piece], path[piece + 1]
        t = min(1.0, (goal - passed) / pieces[piece]) if pieces[piece] else 0.0
        points.append((x0 + t * (x1 - x0), y0 + t * (y1 - y0)))
    return [*points, path[-1]]


def sector(
    x: float, y: float, inner: float, outer: float, share: float, begin: float = 0.0
) -> list[Point]:
    """A ring's part over a share (0 to 1) of the circle, clockwise from 12 o'clock or `begin`."""
    steps = max(3, round(48 * share))
    angles = [2 * math.pi * (begin + share * i / steps - 0.25) for i in range(steps + 1)]
    outside = [(x + outer * math.cos(a), y + outer * math.sin(a)) for a in angles]
    inside = [(x + inner * math.cos(a), y + inner * math.sin(a)) for a in reversed(angles)]
    return [*outside, *inside, outside[0]]


def _cut(path: Sequence[Point], head: float) -> tuple[list[Point], Point]:
    """The path without its last `head` pixels, and its end."""
    body = list(path)
    tip = body[-1]
    while len(body) > 2 and math.dist(body[-2], tip) < head:
        body.pop()
    before, last = body[-2], body[-1]
    far, near = math.dist(before, tip), math.dist(last, tip)
    t = max(0.0, (far - head) / (far - near)) if far > near else 0.0
    body[-1] = (before[0] + t * (last[0] - before[0]), before[1] + t * (last[1] - before[1]))
    return body, tip


def _directions(path: Sequence[Point]) -> list[Point]:
    ways = []
    for i in range(len(path)):
        a, b = path[max(0, i - 1)], path[min(len(path) - 1, i + 1)]
        long = math.dist(a, b) or 1.0
        ways.append(((b[0] - a[0]) / long, (b[1] - a[1]) / long))
    return ways
