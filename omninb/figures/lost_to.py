"""What became of those who did not go on: where the lost went next, and who went on elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from omninb.figures.canvas import MARGIN, Canvas
from omninb.figures.given import check_lost_to
from omninb.figures.lettering import (
    count,
    missing,
    percent,
    period,
    plain,
    plural,
    shorten,
    text_width,
    wrap,
)
from omninb.figures.lost_to_bars import THICK, Row, draw_bar, draw_few, marks_of, number_in
from omninb.figures.style import INK, MUTE, RULE, colours

MOST_BARS = 24
TALL, LINE, HEAD, NUMBER, GAP = 50.0, 16.0, 38.0, 50.0, 24.0
OUTCOMES = ("lost", "left channel")
Bars = dict[tuple[int, str], dict[str, list[Row]]]


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
    left = MARGIN + min(widest + 30, max(124.0, 0.2 * canvas.width))
    wide = (canvas.width - MARGIN - left - GAP) / 2 - NUMBER
    lefts = {outcome: left + i * (wide + NUMBER + GAP) for i, outcome in enumerate(OUTCOMES)}
    span = f"within {table.attrs['within']}" if table.attrs["within"] else "so far"
    heads = [
        wrap(words, wide, 13, True, lines=3)
        for words in (f"Lost: no next step {span}", "Took it elsewhere")
    ]
    y += LINE * (max(map(len, heads)) - 1)
    for outcome, head in zip(OUTCOMES, heads, strict=True):
        for up, words in enumerate(reversed(head)):
            canvas.word(lefts[outcome], y - LINE * up, words, 13, INK, True, "left", False)
        canvas.word(lefts[outcome] + wide + 8, y, "n", 12, MUTE, False, "left", False)
    ink = colours([*map(str, table["next"]), *(label for _, label in bars)])
    marks = marks_of(table, ink)
    most = 2 if width >= 1000 else 3
    step = 0
    for (place, label), outcomes in bars.items():
        if place != step:
            y += HEAD
            _draw_head(canvas, table, place, y - 14)
            step = place
        canvas.rectangle(1, ink[label], MARGIN, y, 4, THICK)
        name = wrap(plain(label), left - MARGIN - 22, 13.5, True, 3)
        for down, words in enumerate(name):
            middle = y + THICK / 2 + LINE * down - (4 if len(name) > 1 else 0)
            canvas.word(MARGIN + 12, middle, words, 13.5, INK, True, "left", False)
        lines = 1
        for outcome, x in lefts.items():
            rows = outcomes.get(outcome, [])
            number = count(number_in(rows)) if rows else "–"
            canvas.word(x + wide + 8, y + THICK / 2, number, 12.5, INK, False, "left", False)
            if number_in(rows) >= max(1, min_customers):
                lines = max(lines, draw_bar(canvas, rows, (x, y, wide), marks, most))
                at, bounds = (x + wide + 8, y + THICK + 10), _give_or_take(rows)
                canvas.word(*at, bounds, 12, MUTE, False, "left", False)
            elif rows:
                draw_few(canvas, min_customers, (x, y, wide))
        y += TALL + LINE * (lines - 1)
    canvas.foot(y + 22, _footnote(table, bars, max(1, min_customers)), height)
    return canvas.figure({"alt": _in_words(bars, title, subtitle)})


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
        key: sum(map(number_in, outcomes.values()))
        for key, outcomes in bars.items()
        if max(map(number_in, outcomes.values())) >= fewest
    }
    most = sorted(sizes, key=lambda key: (-sizes[key], key))[:MOST_BARS]
    return {key: bars[key] for key in sorted(most, key=lambda key: (key[0], -sizes[key], key[1]))}


def _draw_head(canvas: Canvas, table: pd.DataFrame, step: int, y: float) -> None:
    names = [plain(name) for name in table.attrs["steps"][step - 1 : step + 1]]
    canvas.line(0.2, RULE, 1.0, [(MARGIN, y - 14), (canvas.width - MARGIN, y - 14)])
    text = shorten(" → ".join(names), canvas.width - 2 * MARGIN, 14, True)
    canvas.word(MARGIN, y, text, 14, INK, True, "left", False)


def _give_or_take(rows: Sequence[Row]) -> str:
    """Half of the widest interval of a bar, in points, rounded up."""
    halves = [
        max(row["share_ci_upper"] - row["share"], row["share"] - row["share_ci_lower"])
        for row in rows
        if not missing(row["share_ci_lower"])
    ]
    return f"± {math.ceil(100 * max(halves))}" if halves else ""


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


def _footnote(table: pd.DataFrame, bars: Bars, fewest: int) -> list[str]:
    by = str(table.attrs["by"])
    sure = percent(table.attrs.get("confidence", 0.95))
    notes = [
        "exit: no further touchpoint; open: none yet. Grey: all others.",
        f"±: points, half of the widest {sure} interval of a bar.",
        "A stripe tells events of a channel apart; hatched: open, or too few customers.",
    ]
    places = table.groupby(["step", by, "outcome"])["customers"].sum().groupby(["step", by]).max()
    few = int((places < fewest).sum())
    if few:
        notes.append(
            f"{plural(few, 'row')} without {count(fewest)} customers in either bar left out."
        )
    if len(places) - few > len(bars):
        notes.append(f"{len(bars)} of {count(len(places))} rows; all stand in the table.")
    return notes


def _in_words(bars: Bars, title: str, subtitle: list[str]) -> str:
    parts = [title, ". ".join(subtitle) + "."]
    for (_, label), outcomes in bars.items():
        for outcome, rows in outcomes.items():
            said = [f"{plain(row['next'])} {percent(row['share'])}" for row in rows[:3]]
            step = plain(rows[0]["funnel_step"])
            parts.append(f"{step}, {plain(label)}, {outcome}: {', '.join(said)}.")
    return " ".join(parts)
