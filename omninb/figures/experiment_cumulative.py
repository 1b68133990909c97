"""What was known of an experiment's effect day by day, with bounds that may be looked at."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from omninb.figures.canvas import MARGIN, Canvas
from omninb.figures.chosen import chosen
from omninb.figures.experiment_words import Row, change
from omninb.figures.given import check_cumulative
from omninb.figures.lettering import count, missing, percent, plain, shorten, text_width
from omninb.figures.scale import Scale
from omninb.figures.style import BAR, FAINT, INK, MUTE, RULE
from omninb.wording import number_words

TALL, ASIDE, BAND = 360.0, 190.0, "#DDE9F3"
ALWAYS, ONCE = "always_valid", "uplift"
_HOVER = "<br>".join(f"%{{customdata[{i}]}}" for i in range(4))


def experiment_cumulative_figure(
    table: pd.DataFrame,
    title: str | None = None,
    width: int = 1400,
    height: int | None = None,
    metric: str | None = None,
    variant: str | None = None,
) -> go.Figure:
    """How the effect of an experiment became known, day by day.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `experiment_cumulative_table`. Every number shown stands in it.
    title : str, optional
        The question that the figure answers.
    width : int
        Pixels; the figure is laid out again for each width.
    height : int, optional
        Pixels at least.
    metric, variant : str, optional
        What is drawn; the table's first by default.

    Returns
    -------
    plotly.graph_objects.Figure
        The uplift of all customers until each day; the band that may be looked at every day, and
        dotted the bounds that hold for one look. Wide bounds of the first days are cut.
        ``layout.meta["alt"]`` says it in words.

    Raises
    ------
    OmninbError
        If ``table`` is not of `experiment_cumulative_table`, or lacks the metric or variant.

    Examples
    --------
    >>> import omninb as onb, pandas as pd
    >>> days = pd.date_range("2025-03-01", periods=4).repeat(250)
    >>> frame = pd.DataFrame({"day": days, "variant": ["control", "new"] * 500})
    >>> frame["bought"] = [0, 1, 1, 0] * 250
    >>> table = onb.experiment_cumulative_table(frame, onb.Conversion("bought"), exposed_at="day")
    >>> onb.experiment_cumulative_figure(table).layout.title.text
    'What was known of the effect on bought, day by day?'
    """
    check_cumulative(table)
    canvas = Canvas(width)
    if table.empty:
        title = title or "What was known of the effect, day by day?"
        none = "No window is over yet: there are no days to show."
        top = canvas.head(title, [none])
        canvas.foot(top + 60, [])
        return canvas.figure({"alt": f"{title} {none}"})
    metric = chosen(table, "metric", metric, "metric")
    held = table[table["metric"] == metric]
    variant = chosen(held, "variant", variant, "variant")
    rows = held[held["variant"] == variant].to_dict("records")
    name, sure = plain(metric), percent(table.attrs["confidence"])
    short = shorten(name, 420, 22, True)
    title = title or f"What was known of the effect on {short}, day by day?"
    subtitle = _subtitle(rows, variant, str(table.attrs["control"]))
    top = canvas.head(title, subtitle) + 34
    low = top + max(TALL, (height or 0) - top - 110)
    upright = Scale.around(_in_reach(rows), low, top)
    unit = "points" if rows[0]["unit"] == "%" else plain(rows[0]["unit"] or "per customer")
    unit = "" if unit == "per customer" and rows[0]["kind"] == "ratio" else unit
    canvas.word(MARGIN, top - 14, f"Uplift, {unit}".rstrip(", "), 12.5, MUTE, False, "left", False)
    left = MARGIN + _draw_upright(canvas, upright, rows)
    across = Scale(0, max(1, len(rows) - 1), left + 8, width - MARGIN - ASIDE)
    _draw_days(canvas, across, rows, low)
    _draw_band(canvas, rows, across, upright)
    _draw_ends(canvas, rows, across, upright)
    near = min(12.0, across.at(1) - across.at(0))
    for i, row in enumerate(rows):
        place = (across.at(i), upright.at(row["uplift"]))
        canvas.hover("days", _HOVER, *place, _hover_row(row), near)
    notes = [f"Bounds {sure}. The always-valid band alone may be looked at every day."]
    notes.append("Dotted: bounds for a single look, at a size that was fixed before.")
    if "planned" in table.attrs:
        notes.append(f"Narrowest near {count(table.attrs['planned'])} customers of both arms.")
    if any(missing(row["uplift_ci_lower"]) for row in rows):
        notes.append("Days with too few customers for the method have no bounds.")
    canvas.foot(low + 62, notes, height)
    last = rows[-1]
    words = f"On the last day, {_date(last)}: {_hover_row(last)[1]}; {_hover_row(last)[2]}."
    return canvas.figure({"alt": f"{title} {'. '.join(subtitle)}. {words} {' '.join(notes)}"})


def _subtitle(rows: Sequence[Row], variant: str, control: str) -> list[str]:
    first, last = rows[0], rows[-1]
    better = "higher is better" if last["direction"] == "higher" else "lower is better"
    counts = [
        f"{plain(arm)} {count(last[f'customers_{side}'])}"
        for arm, side in ((control, "control"), (variant, "treatment"))
    ]
    who = f"{', '.join(counts)} customers by {_date(last)} · from {_date(first)} · {better}"
    clear = [row for row in rows if row[f"{ALWAYS}_ci_lower"] > 0 or row[f"{ALWAYS}_ci_upper"] < 0]
    told = "The always-valid band never leaves out 0"
    if clear:
        sign = "above" if clear[0]["uplift"] > 0 else "below"
        told = f"The always-valid band leaves out 0 first on {_date(clear[0])}, {sign} it"
    return [who, f"{told} · uplift: treatment − control, of all customers until that day"]


def _date(row: Row) -> str:
    day = pd.Timestamp(row["day"])
    return f"{day.day} {day.month_name()} {day.year}"


def _in_reach(rows: Sequence[Row]) -> list[float]:
    """Bounds from the day on when a fifth of the customers were there, and every day's uplift."""
    late = [row for row in rows if row["n"] >= 0.2 * rows[-1]["n"]]
    names = [f"{kind}_ci_{side}" for kind in (ALWAYS, ONCE) for side in ("lower", "upper")]
    return [row[name] for row in late for name in ("uplift", *names) if not missing(row[name])]


def _draw_upright(canvas: Canvas, scale: Scale, rows: Sequence[Row]) -> float:
    """The lines of the uplift's scale; returns how wide their numbers are."""
    times = 100 if rows[0]["unit"] == "%" else 1
    shown = Scale(times * scale.low, times * scale.high, scale.start, scale.end)
    ticks, digits = shown.ticks(44), shown.decimals(44)
    words = [number_words(float(tick), digits, signed=True) for tick in ticks]
    wide = max(text_width(word, 12) for word in words)
    for tick, word in zip(ticks, words, strict=True):
        y = shown.at(tick)
        ink, thick = (INK, 1.4) if tick == 0 else (RULE, 1.0)
        ends = [(MARGIN + wide + 8, y), (canvas.width - MARGIN - ASIDE + 6, y)]
        canvas.line(1.5 if tick == 0 else 0.5, ink, thick, ends)
        canvas.word(MARGIN + wide, y, word, 12, MUTE, False, "right", False)
    return wide


def _draw_days(canvas: Canvas, across: Scale, rows: Sequence[Row], low: float) -> None:
    """Dates below, each with the customers until then."""
    room = max(78.0, text_width(f"n = {count(rows[-1]['n'])}", 12) + 14)
    every = max(1, -(-len(rows) * room // max(1.0, across.end - across.start)))
    last = len(rows) - 1
    places = [i for i in range(0, len(rows), int(every)) if last - i >= every or i == last]
    for i in sorted({*places, last}):
        day = pd.Timestamp(rows[i]["day"])
        date = f"{day.day} {day.month_name()[:3]}"
        canvas.word(across.at(i), low + 18, date, 12, INK, False, halo=False)
        canvas.word(across.at(i), low + 34, f"n = {count(rows[i]['n'])}", 12, MUTE, halo=False)
        canvas.line(0.8, FAINT, 1.0, [(across.at(i), low + 4), (across.at(i), low + 9)])


def _draw_band(canvas: Canvas, rows: Sequence[Row], across: Scale, upright: Scale) -> None:
    for run in _runs(rows, f"{ALWAYS}_ci_lower", None):
        edges = [
            [(across.at(i), upright.at(rows[i][f"{ALWAYS}_ci_{side}"])) for i in run]
            for side in ("lower", "upper")
        ]
        canvas.fill(0.2, BAND, [*edges[0], *reversed(edges[1]), edges[0][0]])
    for name, ink, thick, dash in (
        (f"{ALWAYS}_ci_lower", BAR, 1.8, "solid"),
        (f"{ALWAYS}_ci_upper", BAR, 1.8, "solid"),
        (f"{ONCE}_ci_lower", MUTE, 1.2, "dot"),
        (f"{ONCE}_ci_upper", MUTE, 1.2, "dot"),
        ("uplift", INK, 2.4, "solid"),
    ):
        for run in _runs(rows, name, upright):
            line = [(across.at(i), upright.at(rows[i][name])) for i in run]
            canvas.line(2, ink, thick, line, dash)
    canvas.disc(4, INK, across.at(len(rows) - 1), upright.at(rows[-1]["uplift"]), 4.5)


def _runs(rows: Sequence[Row], name: str, scale: Scale | None) -> list[list[int]]:
    """Days in a row that have a number, and where a scale is given, one that lies on it."""
    runs: list[list[int]] = [[]]
    for i, row in enumerate(rows):
        if missing(row[name]) or (scale and not scale.low <= row[name] <= scale.high):
            runs.append([])
        else:
            runs[-1].append(i)
    return [run for run in runs if run]


def _draw_ends(canvas: Canvas, rows: Sequence[Row], across: Scale, upright: Scale) -> None:
    """What each line is, beside its last day, moved apart where they would touch."""
    last, x = rows[-1], across.end + 14
    texts = [
        (f"{ALWAYS}_ci_upper", ["always-valid band:", "look as often as you like"], BAR),
        (f"{ONCE}_ci_upper", ["dotted: for one look"], MUTE),
        ("uplift", [change(last, "uplift")[0], _always(last)], INK),
    ]
    texts = [one for one in texts if not missing(last[one[0]])]
    y = -1e9
    for name, lines, ink in sorted(texts, key=lambda one: upright.at(last[one[0]])):
        y = max(y, upright.at(last[name]) - 8 * (len(lines) - 1))
        for i, line in enumerate(lines):
            bold = ink == INK and i == 0
            size = 14.0 if bold else 12.0
            canvas.word(x, y, line, size, ink, bold, "left")
            y += 17
        y += 3


def _always(row: Row) -> str:
    within = change(row, "uplift", ALWAYS)[1].strip("()")
    return f"always valid {within}" if within else "no always-valid bounds yet"


def _hover_row(row: Row) -> list[str]:
    counts = f"{count(row['customers_control'])} and {count(row['customers_treatment'])} customers"
    uplift, once = change(row, "uplift")
    return [
        _date(row),
        f"uplift {uplift}, {counts}",
        _always(row),
        f"for one look {once.strip('()')}" if once else "no bounds: too few customers",
    ]
