"""Ribbons keep their width and their way."""

from __future__ import annotations

import math

import pytest

from omninb.figures.ribbons import arrowhead, evenly, length, ribbon, sector, smooth


def area(points):
    pairs = zip(points, points[1:] + points[:1], strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2


def test_a_ribbon_covers_its_length_times_its_width():
    path = smooth([(0, 0), (200, 80), (400, 20)])
    assert area(ribbon(path, 6)[:-1]) == pytest.approx(6 * length(path), rel=0.02)


def test_smooth_paths_meet_their_stops_and_never_overshoot():
    stops = [(0, 50), (100, 0), (200, 10), (300, 60)]
    path = smooth(stops)
    assert path[0] == stops[0] and path[-1] == stops[-1]
    assert all(any(math.dist(stop, p) < 1e-6 for p in path) for stop in stops)
    assert min(y for _, y in path) >= -1e-9 and max(y for _, y in path) <= 60 + 1e-9


def test_even_points_lie_at_equal_distances():
    points = evenly([(0, 0), (10, 0), (10, 30)], 5)
    assert points == [(0, 0), (10, 0), (10, 10), (10, 20), (10, 30)]


def test_an_arrowhead_ends_at_the_path_s_end():
    left, tip, right = arrowhead([(0, 0), (50, 0), (52, 0)], 8, 3)
    assert tip == (52, 0) and left == (44, 3) and right == (44, -3)


def test_a_sector_takes_its_share_of_the_ring():
    ring = math.pi * (20**2 - 15**2)
    assert area(sector(0, 0, 15, 20, 0.25)[:-1]) == pytest.approx(ring / 4, rel=0.01)
