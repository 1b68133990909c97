"""Colours of the pages: what is written can be read, on light and dark, and on paper."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

CSS = (files("omninb.reports") / "assets" / "report.css").read_text(encoding="utf-8")
TEXT = ("ink", "ink-2", "ink-3", "accent", "ok", "warn", "bad")
BEHIND = ("bg", "surface", "clear-bg", "none-bg", "unsure-bg")


def tokens(number: int) -> dict[str, str]:
    """The colours of one of the sheet's ``:root`` blocks."""
    block = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[number]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block))


def luminance(colour: str) -> float:
    digits = colour[1:]
    whole = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    linear = []
    for start in (0, 2, 4):
        part = int(whole[start : start + 2], 16) / 255
        linear.append(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.2, success criterion 1.4.3."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_measured_as_it_is_defined() -> None:
    assert contrast("#fff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("number", [0, 1], ids=["light", "dark"])
def test_every_colour_of_letters_can_be_read_on_every_ground(number: int) -> None:
    colours = tokens(number)
    assert {*TEXT, *BEHIND} <= set(colours)
    for letters in TEXT:
        for ground in BEHIND:
            assert contrast(colours[letters], colours[ground]) >= 4.5, (letters, ground)
    assert contrast(colours["line-strong"], colours["bg"]) >= 3
