"""Text of a figure: made harmless, measured, wrapped; and numbers in words."""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import pandas as pd

from omninb.wording import MISSING

# Advance widths of Helvetica, in 1/1000 of the font size; Liberation Sans and Arial share them.
_WIDTHS = dict(
    zip(
        " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
        "abcdefghijklmnopqrstuvwxyz{|}~·–−…→",
        [278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278]
        + [556] * 10
        + [278, 278, 584, 584, 584, 556, 1015]
        + [667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778]
        + [722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333]
        + [556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556]
        + [333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584]
        + [333, 556, 584, 1000, 1000],
        strict=True,
    )
)
_HARMLESS = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;", "{": "&#123;"}
_UNSEEN = re.compile("[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


@functools.lru_cache(maxsize=4_096)
def harmless(text: str) -> str:
    """Data text as plotly shows it literally: no markup, link, formula or template survives.

    Examples
    --------
    >>> harmless("<a href='x'>50 %</a> $y$ %{z}")
    "&lt;a href='x'&gt;50 %&lt;/a&gt; &#36;y&#36; %&#123;z}"
    """
    return "".join(_HARMLESS.get(c, c) for c in plain(text))


def plain(text: object) -> str:
    """Text on one line, without control characters or marks that turn the reading direction."""
    return " ".join(_UNSEEN.sub(" ", str(text)).split()) or "(blank)"


@functools.lru_cache(maxsize=4_096)
def text_width(text: str, size: float, bold: bool = False) -> float:
    """Width in pixels of one line of text in the figures' font, before escaping."""
    units = sum(_WIDTHS.get(c, _unknown(c)) for c in text)
    return units * size / 1000 * (1.07 if bold else 1.0)


def _unknown(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 1000 if unicodedata.east_asian_width(character) in "WF" else 600


def shorten(text: str, width: float, size: float, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it is wider than `width` pixels."""
    if text_width(text, size, bold) <= width:
        return text
    kept = text
    while len(kept) > 1 and text_width(kept + "…", size, bold) > width:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def wrap(text: str, width: float, size: float, bold: bool = False, lines: int = 99) -> list[str]:
    """Lines of at most `width` pixels; the last one is cut with an ellipsis.

    Broken at spaces; a word that is too wide alone, after a mark such as an underscore; letters
    without one anywhere, with a hyphen.
    """
    done: list[str] = []
    line = hyphen = ""
    words = [
        (" " * (i == 0) + part if n else part, mark)
        for n, word in enumerate(text.split(" "))
        for i, (part, mark) in enumerate(_parts(word, width, size, bold))
    ]
    for i, (word, mark) in enumerate(words):
        if not line or text_width(line + word + mark, size, bold) <= width:
            line += word
        elif len(done) == lines - 1:
            line += "".join(rest for rest, _ in words[i:])
            break
        else:
            done.append(line + hyphen)
            line = word.lstrip(" ")
        hyphen = mark
    return [shorten(one, width, size, bold) for one in [*done, line]]


def _parts(word: str, width: float, size: float, bold: bool) -> list[tuple[str, str]]:
    """Where a word can be broken, each part with the hyphen that it has at a line's end."""
    if text_width(word, size, bold) <= width:
        return [(word, "")]
    parts = re.findall(r".{4,}?(?:[_/.:=-]+|$)|.+", word)
    return [piece for part in parts for piece in _pieces(part, width, size, bold)]


def _pieces(part: str, width: float, size: float, bold: bool) -> list[tuple[str, str]]:
    """As few pieces of a length as fit, of three letters at least; else the part as it is."""
    most = len(part) // 3 if re.sub("[_/.:=-]", "", part).isalpha() else 1  # no hyphen in a number
    for number in range(1, most + 1):
        long = math.ceil(len(part) / number)
        pieces = [part[at : at + long] for at in range(0, len(part), long)]
        hyphens = ["-"] * (len(pieces) - 1) + [""]
        marked = list(zip(pieces, hyphens, strict=True))
        if all(text_width(piece + mark, size, bold) <= width for piece, mark in marked):
            return marked
    return [(part, "")]


def count(number: float) -> str:
    """A whole number with thousands commas.

    Examples
    --------
    >>> count(48200), count(float("nan"))
    ('48,200', '–')
    """
    if missing(number):
        return MISSING
    return f"{int(number):,}".replace("-", "−")


def missing(number: object) -> bool:
    """Whether a number of a table is absent (None, NaN, NaT)."""
    return bool(number is None or pd.isna(number))  # type: ignore[call-overload]


def percent(share: float | None) -> str:
    """A share in words: no decimals from 1 % on, one below, and never a rounded-away 0 or 100.

    Examples
    --------
    >>> percent(0.234), percent(0.0042), percent(0.00001), percent(0.9996), percent(1.0)
    ('23 %', '0.4 %', '< 0.1 %', '> 99.9 %', '100 %')
    >>> percent(sum([0.1] * 10))  # 1 - 1.1e-16
    '100 %'
    """
    if missing(share):
        return ""
    value = round(100 * float(share), 12)  # type: ignore[arg-type]  # shares may sum to 1 - 1e-16
    if value in (0, 100):
        return f"{value:.0f} %"
    if value < 0.05:
        return "< 0.1 %"
    if value > 99.95:
        return "> 99.9 %"
    return f"{value:.1f} %" if value < 0.95 or value > 99.5 else f"{value:.0f} %"


def interval(lower: float | None, upper: float | None) -> str:
    """Bounds of a share: ``"21 – 25 %"``, or nothing where the table has none."""
    if missing(lower) or missing(upper):
        return ""
    low, high = 100 * float(lower), 100 * float(upper)  # type: ignore[arg-type]
    digits = _decimals(low, high)
    return f"{low:.{digits}f} – {high:.{digits}f} %"


def _decimals(low: float, high: float) -> int:
    return 2 if high < 0.2 else 1 if high - low < 2 or high < 2 else 0


def rate(share: float | None, lower: float | None, upper: float | None) -> str:
    """A share in words, with as many decimals as its interval needs.

    Examples
    --------
    >>> rate(0.4296, 0.422, 0.437), rate(0.4296, 0.39, 0.47), rate(0.4296, None, None)
    ('43.0 %', '43 %', '43 %')
    """
    words = percent(share)
    if missing(lower) or missing(upper) or not re.fullmatch(r"\d+ %", words):
        return words
    digits = _decimals(100 * float(lower), 100 * float(upper))  # type: ignore[arg-type]
    value = 100 * float(share)  # type: ignore[arg-type]
    return words if value in (0, 100) else f"{value:.{digits}f} %"


def span(gap: object) -> str:
    """A time span in its two largest units.

    Examples
    --------
    >>> span(pd.Timedelta(hours=26, minutes=30)), span(pd.Timedelta("90s"))
    ('1 d 2 h', '1 min 30 s')
    """
    if missing(gap):
        return ""
    rest = round(pd.Timedelta(gap).total_seconds())  # type: ignore[arg-type]
    words = []
    for unit, seconds in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        number, rest = divmod(rest, seconds)
        if number:
            words.append(f"{number} {unit}")
        elif words:
            break
    return " ".join(words[:2]) or "0 s"


def period(first: object, last: object) -> str:
    """The days that the log covers.

    Examples
    --------
    >>> period(pd.Timestamp("2025-03-01"), pd.Timestamp("2025-05-31"))
    '1 March – 31 May 2025'
    """
    if missing(first) or missing(last):
        return ""
    a, b = pd.Timestamp(first), pd.Timestamp(last)  # type: ignore[arg-type]
    end = f"{b.day} {b.month_name()} {b.year}"
    if a.date() == b.date():
        return end
    if a.year != b.year:
        return f"{a.day} {a.month_name()} {a.year} – {end}"
    return f"{a.day}{'' if a.month == b.month else ' ' + a.month_name()} – {end}"


def read_words(attrs: Mapping[Any, Any]) -> str:
    """The journeys that a table of steps is about, and of how many where it began at an anchor."""
    read, whole = attrs.get("journeys_read", attrs.get("journeys")), attrs.get("journeys")
    if read is None:
        return ""
    if whole is None or read == whole:
        return plural(read, "journey")
    anchor = shorten(anchor_words(attrs) or "the anchor", 400, 12)
    return f"{plural(read, 'journey')} with {anchor}, of {count(whole)}"


def anchor_words(attrs: Mapping[Any, Any]) -> str:
    """What a table of steps is anchored at, on one line; empty where it does not say."""
    return plain(attrs["anchor"]) if attrs.get("anchor") else ""


def plural(number: float, noun: str) -> str:
    """``"1 journey"``, ``"2 journeys"``."""
    return f"{count(number)} {noun}{'' if int(number) == 1 else 's'}"


def rounded(values: list[float]) -> list[float]:
    """Coordinates at a tenth of a pixel."""
    return [v if v is None or math.isnan(v) else round(v, 1) for v in values]
