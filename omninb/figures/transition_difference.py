"""How two segments or periods differ: each move's difference of probabilities with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from omninb.figures.canvas import MARGIN, Canvas
from omninb.figures.given import check_transition_difference
from omninb.figures.lettering import (
    count,
    missing,
    plain,
    plural,
    shorten,
    text_width,
    wrap,
)
from omninb.figures.scale import Scale
from omninb.figures.style import FAINT, INK, MUTE, RULE, colours
from omninb.wording import interval_words, number_words

LINE, NARROW, APART = 44.0, 1000, 45.0
UP, DOWN = "#0072B2", "#D55E00"
_HOVER = (
    "%{customdata[0]} → %{customdata[1]}<br>%{customdata[2]}<br>%{customdata[3]}<br>"
    "%{customdata[4]}"
)
Row = Mapping[Any, Any]


def transition_difference_figure(
    table: pd.DataFrame,
    title: str | None = None,
    width: int = 1400,
    height: int | None = None,
    names: Sequence[str] = ("a", "b"),
    top: int = 20,
    min_customers: int = 10,
) -> go.Figure:
    """Which moves two segments or periods make with different probability, and how surely.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `transition_difference_table`. Every number shown stands in it.
    title : str, optional
        The question that the figure answers.
    width : int
        Pixels; the figure is laid out again for each width.
    height : int, optional
        Pixels at least; by default what the rows need.
    names : (str, str)
        What the two sides are called.
    top : int
        Rows at most, those with the largest differences.
    min_customers : int
        Moves that fewer customers of the two sides made together are left out.

    Returns
    -------
    plotly.graph_objects.Figure
        Moves whose difference chance alone would explain are grey. ``layout.meta["alt"]`` says it
        in words.

    Raises
    ------
    OmninbError
        If ``table`` is not of `transition_difference_table`.

    Examples
    --------
    >>> import omninb as onb
    >>> journeys = onb.sample().journeys(end_at="purchase")
    >>> sides = [journeys.where(segment=name) for name in ("guest", "club")]
    >>> table = onb.transition_difference_table(*sides)
    >>> onb.transition_difference_figure(table, names=("guests", "club")).layout.title.text
    'Where do guests and club move differently?'
    """
    check_transition_difference(table)
    canvas = Canvas(width)
    a, b = (plain(name) for name in names)
    title = title or f"Where do {a} and {b} move differently?"
    enough = table[table["customers_a"] + table["customers_b"] >= min_customers]
    rows = enough.head(top).to_dict("records")
    subtitle = _subtitle(table, a, b)
    y = canvas.head(title, subtitle) + 40
    if not rows:
        canvas.word(width / 2, y + 20, "No moves to compare.", 14, MUTE)
        canvas.foot(y + 70, [])
        return canvas.figure({"alt": f"{title} No moves to compare."})
    sheet = _Sheet(canvas, rows, a, b)
    end = sheet.draw(y)
    notes = [
        "Solid: differs, p adjusted (Benjamini–Hochberg) for all "
        f"{count(len(table))} moves below 0.05. Grey, hollow: not clear.",
        "Bounds 95 %, not adjusted.",
    ]
    if len(table) > len(rows):
        notes.append(f"{count(len(table) - len(rows))} more stand in the table.")
    canvas.foot(end + 20, notes, height)
    said = [f"{_move(row)}: {_chances(row)}, {_points(row)}." for row in rows[:12]]
    return canvas.figure({"alt": f"{title} {'. '.join(subtitle)}. {' '.join(said)}"})


class _Sheet:
    """The columns: the move, its interval, both probabilities, and the difference."""

    def __init__(self, canvas: Canvas, rows: Sequence[Row], a: str, b: str) -> None:
        self.canvas, self.rows, self.a, self.b = canvas, rows, a, b
        self.ink = colours(str(row[end]) for row in rows for end in ("source", "target"))
        narrow = canvas.width < NARROW
        self.moved = (0.27 if narrow else 0.24) * canvas.width
        self.levels = canvas.width - MARGIN - (0.4 if narrow else 0.36) * canvas.width
        self.points = canvas.width - MARGIN - (0.22 if narrow else 0.2) * canvas.width
        values = [
            row[name]
            for row in rows
            for name in ("difference_ci_lower", "difference_ci_upper", "difference")
            if not missing(row[name])
        ]
        start = MARGIN + self.moved + 10
        self.scale = Scale.around([*values, 0.0], start, self.levels - 24)

    def draw(self, y: float) -> float:
        """Heads, rows and axis from `y` on; returns where they end."""
        canvas, scale = self.canvas, self.scale
        heads = (
            (MARGIN, "Move"),
            (scale.start, "Difference, 95 % interval"),
            (self.levels, f"{self.a} → {self.b}"),
            (self.points, "Difference"),
        )
        ends = [x for x, _ in heads[1:]] + [canvas.width - MARGIN + 12]
        for (x, text), end in zip(heads, ends, strict=True):
            short = shorten(text, end - x - 12, 12.5)
            canvas.word(x, y - 18, short, 12.5, MUTE, False, "left", False)
        bottom = y + LINE * len(self.rows)
        for tick in scale.ticks(APART):
            ink, thick = (INK, 1.4) if tick == 0 else (RULE, 1.0)
            line = [(scale.at(tick), y), (scale.at(tick), bottom)]
            canvas.line(0.5 if tick else 0.8, ink, thick, line)
            text = number_words(100 * tick, max(0, scale.decimals(APART) - 2), signed=True)
            canvas.word(scale.at(tick), bottom + 14, text, 12, MUTE, False, halo=False)
        sides = f"◀ likelier for {self.a}", f"likelier for {self.b} ▶"
        room = scale.end - scale.start
        if sum(text_width(side, 12) for side in sides) + 20 > room:
            room = room / 2 - 10
        said = [wrap(side, room, 12, lines=3) for side in sides]
        for lines, x, anchor in zip(said, (scale.start, scale.end), ("left", "right"), strict=True):
            for down, text in enumerate(lines):
                canvas.word(x, bottom + 33 + 15 * down, text, 12, MUTE, False, anchor, False)
        for i, row in enumerate(self.rows):
            self._row(row, y + LINE * (i + 0.5))
            under = y + LINE * (i + 1)
            canvas.line(0.4, RULE, 1.0, [(MARGIN, under), (canvas.width - MARGIN, under)])
        return bottom + 42 + 15 * (max(map(len, said)) - 1)

    def _row(self, row: Row, y: float) -> None:
        canvas, scale = self.canvas, self.scale
        sure = bool(row["differs"])
        ink = (UP if row["difference"] > 0 else DOWN) if sure else FAINT
        words = INK if sure else MUTE
        canvas.rectangle(1, self.ink[str(row["source"])], MARGIN, y - 15, 4, 30)
        source, target = (plain(row[end]) for end in ("source", "target"))
        room = self.moved - 14
        for text, at in ((source, y - 8), (f"→ {target}", y + 8)):
            shown = shorten(text, room, 13, sure)
            canvas.word(MARGIN + 11, at, shown, 13, words, sure, "left", False)
        low, high = row["difference_ci_lower"], row["difference_ci_upper"]
        if not missing(low):
            canvas.line(2, ink, 3.0, [(scale.at(low), y), (scale.at(high), y)])
        canvas.disc(3, ink if sure else "#FFFFFF", scale.at(row["difference"]), y, 6, ink, 2)
        canvas.word(self.levels, y - 8, _chances(row), 12.5, words, False, "left", False)
        of = f"of {count(row['settled_a'])} → {count(row['settled_b'])}"
        canvas.word(self.levels, y + 8, of, 12, MUTE, False, "left", False)
        points, _, bounds = _points(row).partition(" (")
        canvas.word(self.points, y - 8, points, 13, words, sure, "left", False)
        said = bounds.rstrip(")") if bounds else "no interval"
        canvas.word(self.points, y + 8, said, 12, MUTE, False, "left", False)
        judged = "differs" if sure else "not clear"
        texts = [source, target, f"{_chances(row)} {of} settled", _points(row), judged]
        x = scale.start
        while x < scale.end:
            canvas.hover("moves", _HOVER, x, y, texts, 30)
            x += 60


def _move(row: Row) -> str:
    return f"{plain(row['source'])} → {plain(row['target'])}"


def _chances(row: Row) -> str:
    """Both probabilities."""
    return " → ".join(f"{number_words(100 * row[f'probability_{side}'])} %" for side in "ab")


def _points(row: Row) -> str:
    """The difference in points with its bounds."""
    low, high = 100 * row["difference_ci_lower"], 100 * row["difference_ci_upper"]
    words = f"{number_words(100 * row['difference'], signed=True)} points"
    return words if missing(low) else f"{words} ({interval_words(low, high, signed=True)})"


def _subtitle(table: pd.DataFrame, a: str, b: str) -> list[str]:
    sides = [f"{name}: {plural(table.attrs[s]['journeys'], 'journey')}" for name, s in
             ((a, "a"), (b, "b"))]  # fmt: skip
    differing = int(table["differs"].sum())
    sides.append(f"{count(differing)} of {plural(len(table), 'move')} differ")
    of = "Probabilities: of the source’s settled touchpoints (START: journeys)"
    return [" · ".join(sides), f"{of} · points: {b} less {a}"]
