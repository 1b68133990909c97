"""What an experiment's figures make of a row of its table, and what they say of the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from omninb.errors import OmninbError
from omninb.figures.canvas import MARGIN, Canvas
from omninb.figures.experiment_words import (
    ALL,
    Lines,
    Row,
    always_valid,
    always_valid_bounds,
    arms_words,
    change,
    denominators,
    estimates,
    judged_by,
    p_words,
    reason,
    relative,
    relative_bounds,
    said,
    sample_ratio,
    stopped,
    verdict_lines,
)
from omninb.figures.forest import Entry
from omninb.figures.lettering import count, missing, period, plain, wrap
from omninb.figures.style import INK, MUTE, WORSE


def check_practical(practical: object) -> None:
    """Refuse a region of no practical difference that is no share."""
    if practical is None:
        return
    if not isinstance(practical, (int, float)) or not 0 < practical < 1:
        raise OmninbError(f"practical={practical!r}: a share of the control such as 0.02.")


def subtitle_lines(facts: Mapping[Any, Any], what: str) -> list[str]:
    """Who was compared, when, and by what the numbers are divided."""
    days = period(facts.get("exposed_from"), facts.get("exposed_until"))
    first = [arms_words(facts), days and f"first exposed {days}", sample_ratio(facts)]
    over = " whose window is over" if facts.get("source") == "log" else ""
    second = f"Relative uplift: (treatment − control) ÷ control, of customers{over} · {what}"
    looks = "Thick line: interval for a single look · thin line: always valid, which decides"
    lines = [" · ".join(part for part in first if part), second]
    return [*lines, looks] if facts.get("sequential") else lines


def draw_stops(canvas: Canvas, facts: Mapping[Any, Any], y: float) -> float:
    """Say above everything why there is no verdict; returns the y below."""
    for sentence in stopped(facts):
        for line in wrap(f"✕ {sentence}", canvas.width - 2 * MARGIN, 13.5, True):
            canvas.word(MARGIN, y, line, 13.5, WORSE, True, "left", False)
            y += 18
        y += 8
    return y + 8 * bool(stopped(facts))


def number_lines(row: Row) -> Lines:
    """The relative uplift, the absolute one, and always-valid bounds where the table has any."""
    ink = MUTE if reason(row) else INK
    lines: Lines = []
    if not missing(row["relative_uplift"]):
        words, within = relative(row)
        within = within or "(no interval: treatment not above 0)"
        lines.append([(words, 14.0, ink, True), (within, 12.0, MUTE, False)])
    if not missing(row["uplift"]):
        words, within = change(row, "uplift")
        bold = not lines
        lines.append([(words, 14.0 if bold else 12.0, ink, bold), (within, 12.0, MUTE, False)])
    lines.append([(words, 12.0, MUTE, False) for words in always_valid(row) if words])
    return [line for line in lines if line] or [[("no numbers", 12.0, MUTE, False)]]


def hover_lines(row: Row, facts: Mapping[Any, Any], name: str) -> list[str]:
    """Five lines for a pointer."""
    of_all = "" if missing(row["uplift"]) else " ".join(change(row, "uplift"))
    ratio = "" if missing(row["relative_uplift"]) else ", relative " + " ".join(relative(row))
    p = "" if missing(row["p_value"]) else f", {p_words(row['p_value'])} before adjustment"
    why = f": {reason(row)}" if reason(row) else ""
    by = judged_by(row, facts)
    return [
        name,
        f"control → treatment {estimates(row)}, {denominators(row)}",
        f"uplift {of_all}{ratio}" if of_all else "no uplift",
        f"{said(row)[0]}{why}" + (f", {by}" if by else "") + p,
        f"interval: {row['interval_method']}" + (f", {plain_open(row)}" if row["open"] else ""),
    ]


def plain_open(row: Row) -> str:
    """Customers whose window is not over."""
    return f"{count(row['open'])} open, left out"


def entry(
    row: Row,
    facts: Mapping[Any, Any],
    words: Lines,
    practical: float | None,
    limit: float = float("nan"),
) -> Entry:
    """A row of the forest from a row of the table."""
    value, low, high = relative_bounds(row)
    _, ink, mark = said(row)
    instead = "no relative uplift: an estimate is not above 0"
    if missing(row["uplift"]):
        instead = "nothing to compare"
    hovered = hover_lines(row, facts, " · ".join(line[0][0] for line in words[:1]))
    return Entry(
        words, number_lines(row), verdict_lines(row, facts, practical), (low, value, high),
        mark, ink, hovered, instead, limit, always_valid_bounds(row),
    )  # fmt: skip


def in_words(
    rows: Sequence[Row], facts: Mapping[Any, Any], title: str, subtitle: Sequence[str]
) -> str:
    """The alternative text: a sentence a row."""
    parts = [title, ". ".join(subtitle) + ".", *stopped(facts)]
    for row in rows:
        name = plain(row["metric"])
        if row["level"] != ALL:
            name += f", {plain(row['segment'])} {plain(row['level'])}"
        if len(facts["arms"]) > 2:
            name += f", {plain(row['variant'])}"
        numbers = "; ".join(" ".join(piece[0] for piece in line) for line in number_lines(row))
        role = "guardrail, " if row["role"] == "guardrail" else ""
        word = said(row)[0].split(" ", 1)[1]
        why = f": {reason(row)}" if reason(row) else ""
        parts.append(f"{name}: {role}{word}{why}. {numbers}, {denominators(row)}.")
    return " ".join(parts)
