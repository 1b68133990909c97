"""Colours: fixed for channels, steady for other names, readable on each other."""

from __future__ import annotations

from omninb.figures.step import SCALE
from omninb.figures.style import (
    CHANNELS,
    between,
    colours,
    contrast,
    ink_on,
    luminance,
)


def test_channels_keep_their_colour_also_inside_a_joined_name():
    found = colours(["web", "Mobile app", "call center", "web · purchase", "exit"])
    assert found["web"] == found["web · purchase"] == CHANNELS["web"]
    assert found["Mobile app"] == CHANNELS["mobile app"]
    assert found["call center"] == CHANNELS["call centre"]


def test_colours_do_not_depend_on_the_order_and_differ_while_they_last():
    names = [f"activity {i}" for i in range(12)]
    found = colours(names)
    assert colours(reversed(names)) == found == colours(iter(names))
    assert len(set(found.values())) == 12


def test_more_names_than_colours_still_get_one():
    assert len(colours(f"n{i}" for i in range(60))) == 60


def test_the_scale_only_gets_darker():
    shades = [luminance(between(SCALE, i / 50)) for i in range(51)]
    assert shades == sorted(shades, reverse=True)


def test_ink_is_chosen_by_contrast():
    assert ink_on("#FFFFFF") == "#1F2933" and ink_on("#08306B") == "#FFFFFF"
    assert round(contrast("#000000", "#FFFFFF"), 2) == 21
    assert all(contrast(ink_on(c), c) >= 4.5 for c in (between(SCALE, i / 20) for i in range(21)))
