"""How the customers of two arms are spread over a metric: what lies behind its means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from omninb.figures.canvas import MARGIN, Canvas
from omninb.figures.chosen import chosen
from omninb.figures.given import check_distribution
from omninb.figures.lettering import count, percent, plain, plural, shorten, text_width
from omninb.figures.scale import Scale
from omninb.figures.style import INK, MUTE, RULE
from omninb.wording import number_words

TALL, ZERO, FILLED = 340.0, 150.0, "#9CC4E4"
_HOVER = "<br>".join(f"%{{customdata[{i}]}}" for i in range(3))
Bin = tuple[float, float, dict[str, dict[Any, Any]]]


def experiment_distribution_figure(
    table: pd.DataFrame,
    title: str | None = None,
    width: int = 1400,
    height: int | None = None,
    metric: str | None = None,
    variant: str | None = None,
) -> go.Figure:
    """How the customers of a treatment and of the control are spread over a metric.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `experiment_distribution_table`. Every share shown stands in it: of the arm's customers
        whose window is over.
    title : str, optional
        The question that the figure answers.
    width : int
        Pixels; the figure is laid out again for each width.
    height : int, optional
        Pixels at least.
    metric, variant : str, optional
        What is drawn; the table's first metric and treatment by default.

    Returns
    -------
    plotly.graph_objects.Figure
        The treatment filled, the control outlined. Customers with exactly 0 stand apart on a scale
        of their own where they have a bin; the last bin holds the tail.
        ``layout.meta["alt"]`` says it in words.

    Raises
    ------
    OmninbError
        If ``table`` is not of `experiment_distribution_table`, or lacks the metric or variant.

    Examples
    --------
    >>> import omninb as onb, pandas as pd
    >>> frame = pd.DataFrame({"variant": ["control", "new"] * 3, "orders": [0, 0, 0, 1, 2, 3]})
    >>> table = onb.experiment_distribution_table(frame, onb.MeanPerCustomer("orders"), bins=3)
    >>> onb.experiment_distribution_figure(table).layout.title.text
    'What lies behind the means of orders per customer?'
    """
    check_distribution(table)
    canvas = Canvas(width)
    arms = list(dict.fromkeys(table["variant"]))
    if len(arms) < 2:
        title = title or "What lies behind the means?"
        words = "No metric with a distribution to show: only means per customer have one."
        top = canvas.head(title, [words])
        canvas.foot(top + 60, [])
        return canvas.figure({"alt": f"{title} {words}"})
    metric = chosen(table, "metric", metric, "metric")
    held = table[table["metric"] == metric]
    treatment = chosen(held[held["variant"] != arms[0]], "variant", variant, "variant")
    bins = _bins(held, arms[0], treatment)
    unit = plain(held["unit"].iloc[0]) if held["unit"].iloc[0] else ""
    of = {arm: sum(b[2][arm]["customers"] for b in bins) for arm in (arms[0], treatment)}
    short = shorten(plain(metric), 420, 22, True)
    title = title or f"What lies behind the means of {short}?"
    in_unit = f" in {unit}" if unit else ""
    subtitle = [f"Shares of the customers of each arm whose window is over, by {plain(metric)}"
                + in_unit]  # fmt: skip
    y = canvas.head(title, subtitle) + 26
    _draw_key(canvas, of, y)
    apart = len(bins) > 1 and bins[0][0] == bins[0][1] == 0 and bins[1][0] < bins[1][1]
    top = y + (58 if apart else 32)
    low = top + max(TALL, (height or 0) - top - 110)
    left, rest = MARGIN + 44.0, bins[1:] if apart else bins
    if apart:
        _draw_bins(canvas, bins[:1], (left, left + ZERO - 60), (low, top), unit)
        heads = ("exactly 0", "all other values, on a scale of its own")
        canvas.word(left - 44, top - 22, heads[0], 12.5, INK, True, "left", False)
        canvas.word(left + ZERO + 30 - 44, top - 22, heads[1], 12.5, INK, True, "left", False)
        both = " → ".join(percent(row["share"]) for row in bins[0][2].values())
        canvas.word(left + ZERO / 2 - 30, low + 33, both, 12, INK, False, halo=False)
        left += ZERO + 30
    _draw_bins(canvas, rest, (left, width - MARGIN - 12), (low, top), unit)
    tail = _tail_words(rest, unit)
    if tail:
        canvas.word(width - MARGIN - 12, low + 33, "tail", 12, MUTE, False, "right", False)
    notes = [tail, "Each bin holds its lower bound, not its upper one."]
    if rest and rest[0][0] == rest[0][1]:
        notes = ["Each value is a bin."]
    canvas.foot(low + 52, notes, height)
    parts = [title, f"{subtitle[0]}."]
    for b in bins:
        shares = ", ".join(f"{plain(arm)} {percent(row['share'])}" for arm, row in b[2].items())
        parts.append(f"{_name(b, unit)}: {shares}.")
    return canvas.figure({"alt": " ".join([*parts, *notes])})


def _bins(held: pd.DataFrame, control: str, treatment: str) -> list[Bin]:
    found: dict[tuple[float, float], dict[str, dict[Any, Any]]] = {}
    for row in held[held["variant"].isin([control, treatment])].to_dict("records"):
        bounds = (float(row["lower"]), float(row["upper"]))
        found.setdefault(bounds, {})[str(row["variant"])] = row
    zero_first = sorted(found, key=lambda b: (not b[0] == b[1] == 0, b))
    whole = any(low < high for low, high in found)
    order = zero_first if whole else sorted(found)
    arms = (control, treatment)
    return [(*bounds, {arm: found[bounds][arm] for arm in arms}) for bounds in order]


def _draw_key(canvas: Canvas, of: dict[str, int], y: float) -> None:
    """What is filled and what is outlined."""
    (control, n), (treatment, m) = of.items()
    room = canvas.width / 2 - MARGIN - 30
    x = float(MARGIN)
    for arm, number, how in ((treatment, m, "filled"), (control, n, "outlined")):
        box = [(x, y - 7), (x + 20, y - 7), (x + 20, y + 7), (x, y + 7), (x, y - 7)]
        if how == "filled":
            canvas.fill(1, FILLED, box)
        else:
            canvas.line(2, INK, 2.0, box)
        text = shorten(f"{how}: {plain(arm)}, {plural(number, 'customer')}", room, 13)
        x = canvas.word(x + 28, y, text, 13, INK, False, "left", False)[2] + 28


def _draw_bins(
    canvas: Canvas, bins: Sequence[Bin], across: tuple[float, float], upright: tuple[float, float],
    unit: str,
) -> None:  # fmt: skip
    left, right = across
    most = max((row["share"] for b in bins for row in b[2].values()), default=0.0) or 1.0
    # A single bin is a share of everyone; several share a scale up to the highest.
    scale = Scale(0.0, 1.0 if len(bins) == 1 else 1.06 * most, *upright)
    for tick in scale.ticks(44):
        y = scale.at(tick)
        canvas.line(0.5, INK if tick == 0 else RULE, 1.2 if tick == 0 else 1.0,
                    [(left, y), (right, y)])  # fmt: skip
        text = f"{number_words(100 * tick, max(0, scale.decimals(44) - 2))} %"
        canvas.word(left - 8, y, text, 12, MUTE, False, "right", False)
    wide = (right - left) / max(1, len(bins))
    gap = 14.0 if len(bins) == 1 else min(6.0, 0.12 * wide)
    outline: list[tuple[float, float]] = []
    separate = bool(bins) and bins[0][0] == bins[0][1]
    for i, b in enumerate(bins):
        x = left + i * wide
        control, treatment = (row["share"] for row in b[2].values())
        y = scale.at(treatment)
        canvas.rectangle(1, FILLED, x + gap, y, wide - 2 * gap, scale.start - y)
        y = scale.at(control)
        box = [(x + gap / 2, y), (x + wide - gap / 2, y)]
        if separate:
            feet = [(box[0][0], scale.start), *box, (box[1][0], scale.start)]
            canvas.line(2, INK, 2.0, feet)
        else:
            outline += [(x, y), (x + wide, y)]
        middle = (scale.start + scale.at(max(control, treatment))) / 2
        canvas.hover("bins", _HOVER, x + wide / 2, middle, _hover_row(b, unit), min(wide, 40.0))
    if outline:
        canvas.line(2, INK, 2.0, [(left, scale.start), *outline, (right, scale.start)])
    _draw_edges(canvas, bins, left, wide, scale.start + 16)


def _draw_edges(canvas: Canvas, bins: Sequence[Bin], left: float, wide: float, y: float) -> None:
    """Values below: of each bin that has one value, else of the edges between bins."""
    single = bool(bins) and bins[0][0] == bins[0][1]
    digits = 0 if max((b[1] for b in bins), default=0) >= 20 else 2
    values = [b[0] for b in bins] + ([] if single else [bins[-1][1]] if bins else [])
    words = [_short(value, digits) for value in values]
    end = -1e9
    places = [left + (i + 0.5 * single) * wide for i in range(len(words))]
    last = places[-1] - text_width(words[-1], 12) / 2 - 12 if words else 0.0
    for i, (x, word) in enumerate(zip(places, words, strict=True)):
        half = text_width(word, 12) / 2
        if x - half > end + 12 and (i == len(words) - 1 or x + half < last):
            canvas.word(x, y, word, 12, MUTE, False, halo=False)
            end = x + half


def _short(value: float, digits: int) -> str:
    text = number_words(float(value), digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _name(b: Bin, unit: str) -> str:
    digits = 0 if b[1] >= 20 and b[1] - b[0] >= 2 else 2
    low, high = (_short(value, digits) for value in b[:2])
    return f"{low if b[0] == b[1] else f'{low} to {high}'} {unit}".rstrip()


def _tail_words(bins: Sequence[Bin], unit: str) -> str:
    """That the last bin is wider than the others, where it is."""
    if len(bins) < 2 or bins[-1][1] - bins[-1][0] <= 1.05 * (bins[-2][1] - bins[-2][0]):
        return ""
    return f"The last bin is the tail, {_name(bins[-1], unit)}: wider than it is drawn."


def _hover_row(b: Bin, unit: str) -> list[str]:
    shares = [
        f"{plain(arm)}: {percent(row['share'])}, {count(row['customers'])} customers"
        for arm, row in b[2].items()
    ]
    return [_name(b, unit), *shares]
