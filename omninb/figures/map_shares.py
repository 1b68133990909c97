"""Where percentages stand on the ribbons of a journey map: each where it covers least."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from omninb.figures.lettering import missing, percent, text_width
from omninb.figures.map_routes import Box, Route
from omninb.figures.ribbons import evenly

SIZE = 12.5
_STEPS = 24
_TOO_MUCH = 60.0


def share_of(way: Route) -> str:
    """The share of the source's touchpoints that go this way."""
    return percent(way.data["probability"])


def share_labels(
    ways: list[Route],
    taken: list[Box],
    most: int,
    said: Callable[[Route], str] = share_of,
) -> list[tuple[float, float, str]]:
    """(x, y, text) of the percentages of up to `most` ribbons, the widest first.

    A ribbon under 4 % of the widest gets none, nor does one with no free place.
    """
    shown = [w for w in ways if w.way != "loop" and not missing(w.data.get("probability"))]
    if not shown:
        return []
    trails = np.array([evenly(way.path, _STEPS + 1) for way in shown])
    everywhere = trails.reshape(-1, 2)
    owner = np.repeat(np.arange(len(shown)), _STEPS + 1)
    burden = np.array([2 + 0.5 * way.width for way in shown])
    circles = np.array(taken).reshape(-1, 4)
    labels: list[tuple[float, float, str]] = []
    boxes = np.empty((0, 4))
    least = 0.04 * max(way.data["transitions"] for way in shown)
    candidates = np.arange(2, _STEPS - 1)
    for i, way in enumerate(shown[:most]):
        if way.data["transitions"] < least:
            break
        text = said(way)
        half = text_width(text, SIZE) / 2 + 1
        points = trails[i, candidates]
        reach = np.array([half, 7.0])
        box = np.hstack([points - reach, points + reach])
        # Only what is near the trail at all is held against each of its points.
        low, high = points.min(axis=0) - reach, points.max(axis=0) + reach
        about = ((everywhere > low) & (everywhere < high)).all(axis=1) & (owner != i)
        away = np.abs(everywhere[about] - points[:, None])
        at, which = np.nonzero((away[..., 0] < half) & (away[..., 1] < 7))
        met = at * len(shown) + owner[about][which]
        near = np.bincount(met, minlength=len(points) * len(shown)).reshape(len(points), -1)
        cost = (
            9.0 * np.abs(candidates / _STEPS - 0.28)
            + near @ burden
            + 2.0 * _overlap(box, circles)
            + 4.0 * _overlap(box, boxes)
        )
        spot = int(np.argmin(np.round(cost, 6)))
        if cost[spot] < _TOO_MUCH:
            labels.append((float(points[spot, 0]), float(points[spot, 1]), text))
            boxes = np.vstack([boxes, box[spot]])
    return labels


def _overlap(boxes: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """The area of each box that others cover."""
    a, b = boxes[:, None], others[None]
    wide = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    tall = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
    area: NDArray[np.float64] = (np.maximum(wide, 0) * np.maximum(tall, 0)).sum(axis=1)
    return area
