"""Inks, fonts and the one fixed colour of each channel."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
INK, MUTE, FAINT, RULE = "#1F2933", "#5F6B7A", "#9AA5B1", "#E4E7EB"
OTHER, START_INK, CONVERTED_INK, EXIT_INK = "#B8C0CA", "#7B8794", "#0B6E4F", "#3E4C59"
BETTER, WORSE, BAR, PALE = "#0B6E4F", "#B3261E", "#2F78B4", "#EDF3F8"
HALO = "0 0 2px #fff,0 0 2px #fff,0 0 3px #fff,0 0 4px #fff"

START, CONVERTED, EXIT, OPEN = "START", "converted", "exit", "open"
BEYOND, SMALLER, NOT_SET = "(beyond)", "(smaller flows)", "(not set)"
POOLED = "(fewer than "  # so begins the name of what is pooled
END_STATES = (CONVERTED, EXIT, OPEN)

CHANNELS = {
    "web": "#0072B2",
    "mobile app": "#56B4E9",
    "store": "#009E73",
    "call centre": "#D55E00",
    "chat": "#E69F00",
    "e-mail": "#CC79A7",
    "social": "#882255",
    "paid search": "#332288",
    "display": "#6B4C1E",
    "marketplace": "#DDCC77",
}
_ALIASES = {
    "app": "mobile app",
    "mobile": "mobile app",
    "website": "web",
    "email": "e-mail",
    "call center": "call centre",
    "phone": "call centre",
    "search": "paid search",
    "ads": "display",
}
_RESERVED = {
    START: START_INK,
    CONVERTED: CONVERTED_INK,
    EXIT: EXIT_INK,
    OPEN: FAINT,
    BEYOND: "#616E7C",
    SMALLER: OTHER,
    NOT_SET: "#8A94A0",
}
# For names that nobody fixed: the channel colours and the rest of Tol's muted scheme.
_PALETTE = (*CHANNELS.values(), "#44AA99", "#AA4499", "#999933", "#CC6677", "#5B7FA6", "#A0522D")


def colours(names: Iterable[str]) -> dict[str, str]:
    """One colour a name, the same whatever the order of the names.

    Channels keep their fixed colour, also as a part of a joined name (``"web · view"``). Any
    other name starts at the place of the palette that its own hash points to and moves on while
    that colour is taken, so that it seldom changes between figures. When all are taken, colours
    repeat: a name always stands beside its mark.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    dict of str to str
        ``#RRGGBB`` by name.
    """
    wanted = sorted(set(names))
    known = {name: colour for name in wanted if (colour := _fixed(name))}
    taken = set(known.values())
    for name in wanted:
        if name in known:
            continue
        first = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
        places = [_PALETTE[(first + i) % len(_PALETTE)] for i in range(len(_PALETTE))]
        known[name] = next((c for c in places if c not in taken), places[0])
        taken.add(known[name])
    return known


def _fixed(name: str) -> str | None:
    if name in _RESERVED:
        return _RESERVED[name]
    if name.startswith(POOLED):
        return OTHER
    for part in name.split(" · "):
        key = part.strip().casefold().replace("_", " ")
        if colour := CHANNELS.get(_ALIASES.get(key, key)):
            return colour
    return None


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue (0–255) of ``#RRGGBB``."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def alpha(colour: str, opacity: float) -> str:
    """``#RRGGBB`` with an opacity from 0 to 1."""
    return "rgba({},{},{},{:g})".format(*rgb(colour), opacity)


def luminance(colour: str) -> float:
    """Relative luminance from 0 to 1, as WCAG 2 defines it."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (part / 255 for part in rgb(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """Contrast ratio of two colours, 1 to 21, as WCAG 2 defines it."""
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def ink_on(background: str) -> str:
    """White or ink, whichever has the higher contrast on a background; black where both are low."""
    best = max("#FFFFFF", INK, key=lambda ink: contrast(ink, background))
    if contrast(best, background) >= 4.5:
        return best
    return max("#FFFFFF", "#000000", key=lambda ink: contrast(ink, background))


def between(stops: tuple[str, ...], position: float) -> str:
    """The colour at a position from 0 to 1 of a scale given by its stops."""
    place = min(max(position, 0.0), 1.0) * (len(stops) - 1)
    low = min(int(place), len(stops) - 2)
    mixed = [
        round(a + (b - a) * (place - low))
        for a, b in zip(rgb(stops[low]), rgb(stops[low + 1]), strict=True)
    ]
    return "#{:02X}{:02X}{:02X}".format(*mixed)
