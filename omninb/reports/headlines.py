"""Headline numbers over reports and runs: each once, and how it differs from the run before."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from omninb.wording import interval_words, number_words


def headlines_of(reports: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The headlines of reports, each with ``report``; one that several state alike stands once."""
    found: list[dict[str, Any]] = []
    seen: list[dict[str, Any]] = []
    for report in reports:
        for headline in report.get("headlines", []):
            if headline not in seen:
                seen.append(headline)
                found.append({**headline, "report": report.get("report")})
    return found


def by_page(record: Mapping[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """The headlines of a run by page and name: one notebook may stand in a suite several times."""
    return {
        (report["report"], one["name"]): one
        for report in record.get("reports", [])
        for one in report.get("headlines", [])
    }


def change_words(
    headline: Mapping[str, Any], before: Mapping[tuple[str, str], Mapping[str, Any]]
) -> tuple[str, str] | None:
    """How a headline differs from the run before, and whether that is clear.

    The bounds combine those of both runs as if these were independent (Newcombe 1998); runs that
    share customers differ by less, so what is called clear is.

    Parameters
    ----------
    headline : mapping
        Of this run, as `headlines_of` gives it.
    before : mapping of (str, str) to mapping
        The headlines of the run before, by page and name.

    Returns
    -------
    (str, str) or None
        Such as ``("+0.1 points", "−0.3 to +0.5: no clear change")``; the second is empty where a
        headline has no interval. None where there is nothing to compare.

    Examples
    --------
    >>> change_words(
    ...     {"report": "a", "name": "Lost", "value": 58.9, "interval": [57.0, 60.8], "unit": "%"},
    ...     {("a", "Lost"): {"value": 57.6, "interval": [55.7, 59.5], "unit": "%"}},
    ... )
    ('+1.3 points', '−1.4 to +4.0: no clear change')
    """
    old = before.get((headline["report"], headline["name"]))
    if old is None or old["unit"] != headline["unit"]:
        return None
    now, then = headline["value"], old["value"]
    if not isinstance(now, int | float) or not isinstance(then, int | float):
        return None
    unit = "points" if headline["unit"] == "%" else headline["unit"]
    words = f"{number_words(now - then, signed=True)} {unit}".strip()
    if not headline["interval"] or not old["interval"]:
        return words, ""
    (low, high), (old_low, old_high) = headline["interval"], old["interval"]
    lower = now - then - math.hypot(now - low, old_high - then)
    upper = now - then + math.hypot(high - now, then - old_low)
    clear = "clear change" if lower > 0 or upper < 0 else "no clear change"
    return words, f"{interval_words(lower, upper, signed=True)}: {clear}"
