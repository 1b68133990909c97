"""Where the bars of a flow stand: one order in every column, heights linear in journeys."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import numpy as np
import pandas as pd

from omninb.errors import OmninbError
from omninb.figures.canvas import MARGIN
from omninb.figures.layering import pooled
from omninb.figures.lettering import anchor_words
from omninb.figures.style import BEYOND, CONVERTED, EXIT, OPEN, POOLED, SMALLER, START

SLOT, TALL_SLOT, GAP = 16.0, 29.0, 6.0  # a label on one line, on two; between bars
BAR = 16.0  # a bar's width


@dataclass
class Bar:
    """A node of one column: `journeys` and `share` are sums of the flows that meet there."""

    column: int
    name: str
    journeys: int = 0
    share: float = 0.0
    y: float = 0.0
    height: float = 0.0
    slot: float = 0.0


@dataclass
class Ribbon:
    """One row of the table, with its height and the tops of its two ends in pixels."""

    source: Bar
    target: Bar
    row: dict[Any, Any]
    height: float = 0.0
    source_y: float = 0.0
    target_y: float = 0.0


@dataclass
class Flow:
    """Columns of bars from the first step read to the last, and the ribbons between them."""

    steps: list[int]
    backwards: bool
    bars: dict[tuple[int, str], Bar] = field(default_factory=dict)
    ribbons: list[Ribbon] = field(default_factory=list)
    order: dict[str, int] = field(default_factory=dict)
    scale: float = 0.0
    anchor: str = ""
    not_drawn: int = 0

    def column(self, number: int) -> list[Bar]:
        """Bars of a column, top to bottom."""
        bars = [bar for (column, _), bar in self.bars.items() if column == number]
        return sorted(bars, key=lambda bar: self.order[bar.name])


def flow(flows: pd.DataFrame) -> Flow:
    """Bars and ribbons of a flow table; refused where a bar's flows in and out differ.

    They may where rare moves are pooled, which lead from nowhere to nowhere and are not drawn; a
    bar is then the larger of both.

    Raises
    ------
    OmninbError
        If in ≠ out at an inner bar.
    """
    backwards = bool((flows["step"] < 0).any())
    pooled = flows["source"].astype(str).str.startswith(POOLED)
    pooled &= flows["source"] == flows["target"]
    drawn = set(flows.loc[~pooled, "step"])
    steps = sorted({int(step) for step in flows["step"]}, key=abs)
    steps = list(takewhile(drawn.__contains__, steps))  # to where all moves are rare
    pooled |= ~flows["step"].isin(steps)
    chart = Flow(steps, backwards, anchor=anchor_words(flows.attrs))
    chart.not_drawn = int(flows.loc[pooled, "journeys"].sum())
    if not steps:
        return chart
    column_of = {step: i for i, step in enumerate(steps, start=1)}
    into: dict[tuple[int, str], int] = {}
    out: dict[tuple[int, str], int] = {}
    for row in flows[~pooled].sort_values(["step", "source", "target"]).to_dict("records"):
        column, number = column_of[int(row["step"])], int(row["journeys"])
        left, right = (column - 1, str(row["source"])), (column, str(row["target"]))
        ends = []
        for key, total, counted in ((left, out, column == 1), (right, into, True)):
            bar = chart.bars.setdefault(key, Bar(*key))
            total[key] = total.get(key, 0) + number
            if counted:
                bar.journeys += number
                bar.share += float(row["share"])
            ends.append(bar)
        chart.ribbons.append(Ribbon(ends[0], ends[1], row))
    terminal = {CONVERTED, EXIT, OPEN, BEYOND} | ({START} if backwards else set())
    one = float(flows["share"].iloc[0]) / float(flows["journeys"].iloc[0])
    for key, bar in chart.bars.items():
        column, name = key
        if chart.not_drawn:
            bar.journeys = max(into.get(key, 0), out.get(key, 0))
            bar.share = round(one * bar.journeys, 9)
        elif column and name not in terminal and into.get(key, 0) != out.get(key, 0):
            raise OmninbError(
                f"flows: at step {steps[column - 1]}, {name!r}, {into.get(key, 0):,} journeys flow "
                f"in and {out.get(key, 0):,} out. Pass a whole flow_table, unfiltered."
            )
    chart.order = _order(chart)
    return chart


def _order(chart: Flow) -> dict[str, int]:
    """Converted on top, open and exit at the bottom, labels between by fewest crossings."""
    names = {bar.name for bar in chart.bars.values()}
    foot = [n for n in (SMALLER, BEYOND, START, OPEN, EXIT) if n in names]
    head = [CONVERTED] if CONVERTED in names else []
    labels = sorted(names - {*head, *foot})
    place = {
        name: sum(b.column * b.journeys for b in chart.bars.values() if b.name == name)
        / max(1, sum(b.journeys for b in chart.bars.values() if b.name == name))
        for name in labels
    }
    best, least = labels, float("inf")
    for sign in (-1, 1):
        trial = sorted(labels, key=lambda name: (sign * place[name], name))
        trial, cost = _fewer_crossings(chart, head, trial, foot)
        if cost < least:
            best, least = trial, cost
    return {name: i for i, name in enumerate([*head, *best, *foot])}


def _fewer_crossings(
    chart: Flow, head: list[str], labels: list[str], foot: list[str]
) -> tuple[list[str], float]:
    code = {name: i for i, name in enumerate([*head, *labels, *foot])}
    columns = []
    for column in range(1, len(chart.steps) + 1):
        rows = [r for r in chart.ribbons if r.target.column == column]
        rows.sort(key=lambda r: (-int(r.row["journeys"]), r.source.name, r.target.name))
        rows = rows[:90]
        a = np.array([code[r.source.name] for r in rows], np.int64)
        b = np.array([code[r.target.name] for r in rows], np.int64)
        w = np.array([float(r.row["journeys"]) for r in rows], np.float64)
        columns.append((a, b, w / max(1.0, w.sum())))

    def crossings(order: list[str]) -> float:
        rank = np.empty(len(code))
        for i, name in enumerate([*head, *order, *foot]):
            rank[code[name]] = i
        total = 0.0
        for a, b, w in columns:
            x, y = rank[a], rank[b]
            crossed = (x[:, None] < x[None, :]) & (y[:, None] > y[None, :])
            total += float(w @ crossed @ w)
        return round(total, 12)

    order, now = labels, crossings(labels)
    for _ in range(6 if len(labels) <= 40 else 0):
        before = now
        for i in range(len(order) - 1):
            trial = [*order[:i], order[i + 1], order[i], *order[i + 2 :]]
            then = crossings(trial)
            if then < now:
                order, now = trial, then
        if now == before:
            break
    return order, now


def place(chart: Flow, top: float, height: float | None, narrow: bool = False) -> float:
    """Give bars and ribbons their y; returns the lowest y used.

    Where columns are `narrow`, names and numbers stand on two lines if that fits.
    """
    columns = [chart.column(i) for i in range(len(chart.steps) + 1)]
    fullest = max(len(column) for column in columns)
    slot = TALL_SLOT if narrow and fullest <= 16 else SLOT
    room = max(470.0, fullest * (slot + GAP) + 170.0, (height or 0.0) - top - 60)
    low, high = 0.0, room / max(1, max(sum(b.journeys for b in c) for c in columns))
    for _ in range(40):
        scale = (low + high) / 2
        need = max(
            sum(max(slot, scale * b.journeys) for b in c) + GAP * (len(c) - 1) for c in columns
        )
        low, high = (scale, high) if need <= room else (low, scale)
    chart.scale = low
    bottom = top + room
    for bar in chart.bars.values():
        bar.height = low * bar.journeys
        bar.slot = max(slot, bar.height)
    for number, column in enumerate(columns):
        _stack(chart, number, column, top, bottom)
    _ports(chart)
    return bottom


def _stack(chart: Flow, number: int, column: list[Bar], top: float, bottom: float) -> None:
    wanted, weights = [], []
    for bar in column:
        arriving = [r for r in chart.ribbons if r.target is bar]
        total = sum(int(r.row["journeys"]) for r in arriving)
        middle = (top + bottom) / 2
        if total and number:
            middle = sum(
                (r.source.y + r.source.height / 2) * int(r.row["journeys"])
                for r in arriving
            ) / total  # fmt: skip
        weight = float(bar.journeys)
        if bar.name == CONVERTED:
            middle, weight = top, 1e9
        elif bar.name == EXIT or (chart.backwards and bar.name == START):
            middle, weight = bottom, 1e9
        wanted.append(middle)
        weights.append(weight)
    gaps = [(a.slot + b.slot) / 2 + GAP for a, b in zip(column[:-1], column[1:], strict=True)]
    ys = pooled(wanted, weights, gaps, top + column[0].slot / 2, bottom - column[-1].slot / 2)
    for bar, y in zip(column, ys, strict=True):
        bar.y = y - bar.height / 2


def _ports(chart: Flow) -> None:
    used: dict[tuple[int, int, str], float] = {}
    rank = chart.order
    for side in (0, 1):
        for ribbon in sorted(
            chart.ribbons, key=lambda r: (rank[(r.target, r.source)[side].name], r.source.column)
        ):
            bar = (ribbon.source, ribbon.target)[side]
            key = (side, bar.column, bar.name)
            y = bar.y + used.get(key, 0.0)
            ribbon.height = chart.scale * int(ribbon.row["journeys"])
            used[key] = used.get(key, 0.0) + ribbon.height
            if side == 0:
                ribbon.source_y = y
            else:
                ribbon.target_y = y


def columns(chart: Flow, width: float) -> list[float]:
    """Where each column of bars stands, in pixels."""
    number = len(chart.steps) + 1
    last = width - MARGIN - BAR - min(140.0, max(64.0, 0.1 * width))
    gap = (last - MARGIN) / (number - 1)
    xs = [MARGIN + gap * i for i in range(number)]
    return xs[::-1] if chart.backwards else xs


def room(xs: list[float]) -> float:
    """Pixels between two columns that words may take."""
    return min(abs(b - a) for a, b in zip(xs[:-1], xs[1:], strict=True)) - BAR - 12
