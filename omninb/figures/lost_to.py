"""What became of those who did not go on: where the lost went next, and who went on elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from omninb.figures.canvas import MARGIN, Canvas
from omninb.figures.given import check_lost_to
from omninb.figures.lettering import (
    count,
    interval,
    percent,
    period,
    plain,
    plural,
    shorten,
    text_width,
)
from omninb.figures.style import CONVERTED, EXIT, INK, MUTE, OPEN, OTHER, RULE, colours, ink_on

MOST_BARS, MOST_PIECES = 24, 7
TALL, THICK, HEAD, NUMBER, GAP = 50.0, 23.0, 38.0, 50.0, 24.0
OUTCOMES = {"lost": "Lost: did not take the next step", "left channel": "Took it elsewhere"}
_ENDS = (EXIT, OPEN, CONVERTED)
_HOVER = "%{customdata[0]}<br>%{customdata[1]}<br>%{customdata[2]}"
Row = Mapping[Any, Any]
Bars = dict[tuple[int, str], dict[str, list[Row]]]
Box = tuple[float, float, float]


def lost_to_figure(
    table: pd.DataFrame,
    title: str | None = None,
    width: int = 1400,
    height: int | None = None,
    min_customers: int = 10,
) -> go.Figure:
    """What those who were lost, or left the channel, did next: a bar for each step and channel.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `lost_to_table`. Every share shown stands in it; a bar's number is the sum of its rows.
    title : str, optional
        The question that the figure answers.
    width : int
        Pixels; the figure is laid out again for each width.
    height : int, optional
        Pixels at least; by default what the bars need.
    min_customers : int
        A bar of fewer customers is hatched and shows their number alone.

    Returns
    -------
    plotly.graph_objects.Figure
        At most 24 rows, those with the most customers, in the order of the steps; the seven
        commonest next touchpoints of each. ``layout.meta["alt"]`` says it in words.

    Raises
    ------
    OmninbError
        If ``table`` is not of `lost_to_table`.

    Examples
    --------
    >>> import omninb as onb
    >>> table = onb.lost_to_table(onb.sample().journeys(), ["payment", "purchase"], within="7d")
    >>> onb.lost_to_figure(table).layout.title.text
    'What do those who do not go on do next?'
    """
    check_lost_to(table)
    canvas = Canvas(width)
    title = title or "What do those who do not go on do next?"
    bars = _bars(table, max(1, min_customers))
    if not bars:
        words = "Nobody was lost." if table.empty else f"Fewer than {min_customers} customers each."
        top = canvas.head(title, [words])
        canvas.foot(top + 60, [])
        return canvas.figure({"alt": f"{title} {words}"})
    subtitle = _subtitle(table)
    y = canvas.head(title, subtitle) + 34
    widest = max(text_width(plain(label), 13.5, True) for _, label in bars)
    left = MARGIN + min(widest + 30, 0.2 * canvas.width)
    wide = (canvas.width - MARGIN - left - GAP) / 2 - NUMBER
    lefts = {outcome: left + i * (wide + NUMBER + GAP) for i, outcome in enumerate(OUTCOMES)}
    for outcome, words in OUTCOMES.items():
        canvas.word(lefts[outcome], y, words, 13, INK, True, "left", False)
        canvas.word(lefts[outcome] + wide + 8, y, "n", 12, MUTE, False, "left", False)
    ink = colours([*map(str, table["next"]), *(label for _, label in bars)])
    step = 0
    for (place, label), outcomes in bars.items():
        if place != step:
            y += HEAD
            _draw_head(canvas, table, place, y - 14)
            step = place
        canvas.rectangle(1, ink[label], MARGIN, y, 4, THICK)
        name = shorten(plain(label), left - MARGIN - 22, 13.5, True)
        canvas.word(MARGIN + 12, y + THICK / 2, name, 13.5, INK, True, "left", False)
        for outcome, x in lefts.items():
            rows = outcomes.get(outcome, [])
            number = count(_customers(rows)) if rows else "–"
            canvas.word(x + wide + 8, y + THICK / 2, number, 12.5, INK, False, "left", False)
            if _customers(rows) >= max(1, min_customers):
                _draw_bar(canvas, rows, (x, y, wide), ink)
            elif rows:
                _draw_few(canvas, min_customers, (x, y, wide))
        y += TALL
    canvas.foot(y + 22, _footnote(table, len(bars), min_customers), height)
    return canvas.figure({"alt": _in_words(bars, title, subtitle)})


def _customers(rows: Sequence[Row]) -> int:
    return sum(int(row["customers"]) for row in rows)


def _bars(table: pd.DataFrame, fewest: int) -> Bars:
    """The rows of each step and channel by outcome, largest first, for those with the most."""
    if table.empty:
        return {}
    by = str(table.attrs["by"])
    ordered = table.sort_values(["customers", "next"], ascending=[False, True])
    bars: Bars = {}
    for row in ordered.to_dict("records"):
        key = int(row["step"]), str(row[by])
        bars.setdefault(key, {}).setdefault(str(row["outcome"]), []).append(row)
    sizes = {
        key: sum(map(_customers, outcomes.values()))
        for key, outcomes in bars.items()
        if max(map(_customers, outcomes.values())) >= fewest
    }
    most = sorted(sizes, key=lambda key: (-sizes[key], key))[:MOST_BARS]
    return {key: bars[key] for key in sorted(most, key=lambda key: (key[0], -sizes[key], key[1]))}


def _draw_head(canvas: Canvas, table: pd.DataFrame, step: int, y: float) -> None:
    names = [plain(name) for name in table.attrs["steps"][step - 1 : step + 1]]
    canvas.line(0.2, RULE, 1.0, [(MARGIN, y - 14), (canvas.width - MARGIN, y - 14)])
    text = shorten(" → ".join(names), canvas.width - 2 * MARGIN, 14, True)
    canvas.word(MARGIN, y, text, 14, INK, True, "left", False)


def _draw_few(canvas: Canvas, fewest: int, box: Box) -> None:
    x, y, wide = box
    canvas.rectangle(0, RULE, x, y, wide, THICK, hatched=True)
    canvas.word(x + wide / 2, y + THICK / 2, f"n < {count(fewest)}", 12, MUTE)


def _draw_bar(canvas: Canvas, rows: Sequence[Row], box: Box, ink: Mapping[str, str]) -> None:
    """Exit first, so that it compares; then the next touchpoints, largest first, and the others.

    What a piece is too narrow to say of itself stands below the bar, the largest first.
    """
    x, y, wide = box
    whole = _customers(rows)
    canvas.rectangle(0, OTHER, x, y, wide, THICK)
    ends = [row for end in _ENDS for row in rows if row["next"] == end]
    touchpoints = [row for row in rows if row["next"] not in _ENDS]
    at = x
    unsaid: list[Row] = []
    for row in [*ends, *touchpoints[:MOST_PIECES]]:
        spread = wide * row["customers"] / whole
        if not _draw_piece(canvas, row, (at, y, spread), ink[str(row["next"])], whole):
            unsaid.append(row)
        at += spread
    if x + wide - at >= text_width("others", 12) + 6:
        canvas.word((at + x + wide) / 2, y + THICK / 2, "others", 12, INK, halo=False)
    at = x
    unsaid.sort(key=lambda row: -row["customers"])
    for i, row in enumerate(unsaid):
        text = shorten(_said(row), wide - 30, 12)
        more = 16.0 if i + 1 < len(unsaid) else 0.0
        if i and at + 11 + text_width(text, 12) + more > x + wide + NUMBER - 6:
            canvas.word(at, y + THICK + 10, "…", 12, MUTE, False, "left", False)
            break
        canvas.rectangle(1, ink[str(row["next"])], at, y + THICK + 6, 8, 8)
        at = canvas.word(at + 11, y + THICK + 10, text, 12, INK, False, "left", False)[2] + 12


def _said(row: Row) -> str:
    return f"{plain(row['next'])} {percent(row['share'])}"


def _draw_piece(canvas: Canvas, row: Row, box: Box, colour: str, whole: int) -> bool:
    """One next touchpoint; says whether its name had room."""
    x, y, wide = box
    middle = x + wide / 2, y + THICK / 2
    waiting = row["next"] == OPEN
    canvas.rectangle(1, MUTE if waiting else colour, x, y, wide, THICK, hatched=waiting)
    canvas.line(2, "#FFFFFF", 1.0, [(x + wide, y), (x + wide, y + THICK)])
    share = percent(row["share"])
    said = next((t for t in (_said(row), share) if text_width(t, 12) <= wide - 6), "")
    if said:
        canvas.word(*middle, said, 12, INK if waiting else ink_on(colour), halo=waiting)
    within = interval(row["share_ci_lower"], row["share_ci_upper"])
    texts = [
        f"{plain(row['funnel_step'])}, {plain(row['outcome'])} → {plain(row['next'])}",
        f"{plural(row['customers'], 'customer')} of {count(whole)}",
        share + (f" ({within})" if within else ""),
    ]
    canvas.hover("nexts", _HOVER, *middle, texts, min(THICK, max(6.0, wide)))
    return said == _said(row)


def _subtitle(table: pd.DataFrame) -> list[str]:
    facts, by = table.attrs, plain(table.attrs["by"])
    within = facts["within"]
    first = [
        period(facts.get("observed_from"), facts.get("observed_until")),
        "the first attempt of each, " + (f"all within {within}" if within else "no window, so far"),
        f"rows: the {by} where the step was taken",
    ]
    second = "A bar: 100 % of these n customers, by their very next touchpoint, wherever it was"
    return [" · ".join(part for part in first if part), second]


def _footnote(table: pd.DataFrame, shown: int, fewest: int) -> list[str]:
    by = str(table.attrs["by"])
    notes = ["exit: no further touchpoint. Hatched: open, or too few customers."]
    notes.append(f"Rows with fewer than {count(fewest)} customers are left out.")
    there = len(table[["step", by]].drop_duplicates())
    if there > shown:
        notes.append(f"{shown} of {count(there)} rows; all stand in the table.")
    return notes


def _in_words(bars: Bars, title: str, subtitle: list[str]) -> str:
    parts = [title, ". ".join(subtitle) + "."]
    for (_, label), outcomes in bars.items():
        for outcome, rows in outcomes.items():
            said = [f"{plain(row['next'])} {percent(row['share'])}" for row in rows[:3]]
            step = plain(rows[0]["funnel_step"])
            parts.append(f"{step}, {plain(label)}, {outcome}: {', '.join(said)}.")
    return " ".join(parts)
