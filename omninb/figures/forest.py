"""A forest of intervals: words, the interval with its estimate, numbers and a verdict, by rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from omninb.figures.canvas import MARGIN, Canvas
from omninb.figures.lettering import missing, percent, plain, text_width, wrap
from omninb.figures.marks import Piece
from omninb.figures.scale import Scale
from omninb.figures.style import FAINT, INK, MUTE, RULE, WORSE
from omninb.wording import number_words

LINE, GUTTER, NARROW, APART = 17.0, 20.0, 1000, 50.0
SHADE = "#E3E9EF"
_HOVER = "<br>".join(f"%{{customdata[{i}]}}" for i in range(5))
Text = Sequence[Piece]


@dataclass(frozen=True)
class Entry:
    """A row: each of `words`, `numbers` and `verdict` is a list of lines of pieces.

    Attributes
    ----------
    bounds : tuple
        Lower bound, estimate and upper bound, as shares; NaN where there is none.
    mark : {"up", "down", "full", "open", "none"}
        The shape of the estimate; ``none`` greys the interval as well.
    instead : str
        What stands in the place of an interval that is missing.
    always : tuple
        Lower and upper bound of a thinner line beyond the interval; NaN without.
    limit : float
        Where a dashed line says how far a guardrail may go; NaN without.
    hover : list of str
        Five lines.
    """

    words: Sequence[Text]
    numbers: Sequence[Text]
    verdict: Sequence[Text]
    bounds: tuple[float, float, float]
    mark: str
    ink: str
    hover: list[str]
    instead: str = ""
    limit: float = float("nan")
    always: tuple[float, float] = (float("nan"), float("nan"))

    @property
    def reach(self) -> tuple[float, float, float]:
        """The estimate between its outermost bounds."""
        low, estimate, high = self.bounds
        if not missing(self.always[0]):
            low, high = self.always
        return low, estimate, high


@dataclass(frozen=True)
class Heading:
    """Lines across the sheet that begin a block of rows."""

    words: Sequence[Text]


@dataclass
class Forest:
    """The columns of a sheet, in pixels, and the scale of its intervals.

    Attributes
    ----------
    practical : float
        Half the width of the shaded region round 0; NaN without.
    blocks : list of tuple
        (top, bottom) of the rows between headings.
    """

    canvas: Canvas
    scale: Scale
    practical: float
    left: float
    numbers: float
    verdict: float
    blocks: list[tuple[float, float]] = field(default_factory=list)

    @classmethod
    def of(cls, canvas: Canvas, rows: Sequence[Entry | Heading], practical: float) -> Forest:
        """Columns for a sheet's width; on a narrow one, verdicts stand above their numbers."""
        narrow = canvas.width < NARROW
        left = MARGIN + (0.31 if narrow else 0.27) * canvas.width
        verdict = canvas.width - MARGIN - (226 if narrow else max(186.0, 0.17 * canvas.width))
        numbers = verdict - (0 if narrow else 216 + GUTTER)
        shown = [e for e in rows if isinstance(e, Entry)]
        sure = [e.reach for e in shown if e.mark != "none"]
        values = _within_reach(sure or [e.reach for e in shown])
        values += [e.limit for e in shown] + [1.25 * practical, -1.25 * practical]
        scale = Scale.around(values, left + GUTTER, numbers - GUTTER)
        return cls(canvas, scale, practical, left, numbers, verdict)

    def heads(self, y: float, first: str, confidence: float) -> float:
        """Name the columns; returns the y below."""
        plot = f"Relative uplift, {percent(confidence)} interval"
        names = [(MARGIN, first), (self.scale.start, plot), (self.verdict, "Verdict")]
        if self.numbers != self.verdict:
            names.append((self.numbers, "Uplift"))
        ends = [*sorted(x for x, _ in names), self.canvas.width - MARGIN + GUTTER]
        deepest = 0
        for x, name in names:
            room = ends[ends.index(x) + 1] - GUTTER - x
            lines = _laid([[(name, 12.5, MUTE, False)]], room)
            self._write(lines, x, y + LINE * (len(lines) - 1) / 2)
            deepest = max(deepest, len(lines))
        return y + LINE * deepest

    def draw(self, rows: Sequence[Entry | Heading], y: float) -> float:
        """Draw the rows from `y` on, and the axis below; returns where they end."""
        for row in rows:
            if isinstance(row, Heading):
                lines = _laid(row.words, self.canvas.width - 2 * MARGIN)
                self._write(lines, MARGIN, y + 8 + LINE * len(lines) / 2)
                y += LINE * len(lines) + 14
                self.blocks.append((y, y))
            else:
                high = self._row(row, y)
                y += high
                self.blocks[-1] = (self.blocks[-1][0], y)
                self.canvas.line(0.6, RULE, 1.0, [(MARGIN, y), (self.canvas.width - MARGIN, y)])
        self._ground()
        return self._axis(y + 14)

    def _row(self, row: Entry, y: float) -> float:
        narrow = self.numbers == self.verdict
        end = self.canvas.width - MARGIN
        words = _laid(row.words, self.left - MARGIN)
        verdict = _laid(row.verdict, end - self.verdict)
        numbers = _laid(row.numbers, (end if narrow else self.verdict - GUTTER) - self.numbers)
        columns = [(words, MARGIN), (verdict, self.verdict), (numbers, self.numbers)]
        if narrow:
            columns = [(words, MARGIN), (verdict + numbers, self.verdict)]
        high = LINE * max(len(lines) for lines, _ in columns) + 18
        middle = y + high / 2
        for lines, x in columns:
            self._write(lines, x, middle)
        self._interval(row, middle)
        if not missing(row.limit) and not missing(row.bounds[1]):
            x = self.scale.at(row.limit)
            self.canvas.line(1.5, WORSE, 1.6, [(x, y + 3), (x, y + high - 3)], "dash")
        x = self.scale.start
        while x < self.scale.end:
            self.canvas.hover("rows", _HOVER, x, middle, row.hover, min(high, 40.0))
            x += 60
        return high

    def _write(self, lines: Sequence[Text], x: float, middle: float) -> None:
        for i, line in enumerate(lines):
            y, end = middle + LINE * (i - (len(lines) - 1) / 2), x
            for piece in line:
                text, size, colour, bold = piece
                self.canvas.word(end, y, text, size, colour, bold, "left")
                end += _wide(piece)

    def _interval(self, row: Entry, y: float) -> None:
        low, estimate, high = row.bounds
        scale, canvas = self.scale, self.canvas
        if missing(estimate):
            lines = wrap(row.instead, scale.end - scale.start, 12)
            self._write([[(line, 12.0, MUTE, False)] for line in lines], scale.start, y)
            return
        ink = FAINT if row.mark == "none" else row.ink
        if not missing(low) and not missing(high):
            dash = "dot" if row.mark == "none" else "solid"
            canvas.line(2, ink, 3.5, [(scale.at(low), y), (scale.at(high), y)], dash)
        low, _, high = row.reach
        if not missing(row.always[0]):
            dash = "dot" if row.mark == "none" else "solid"
            canvas.line(2, ink, 1.2, [(scale.at(low), y), (scale.at(high), y)], dash)
        for value, sign in ((low, "◀"), (high, "▶")):
            if value < scale.low or value > scale.high:
                canvas.word(scale.at(value), y, sign, 12, ink, False, "center", False)
        x = scale.at(estimate)
        if estimate < scale.low or estimate > scale.high:
            return
        if row.mark in ("up", "down"):
            tip = -8.5 if row.mark == "up" else 8.5
            corners = [(x, y + tip), (x + 8.5, y - 0.7 * tip), (x - 8.5, y - 0.7 * tip)]
            canvas.fill(3, ink, [*corners, corners[0]])
        else:
            canvas.disc(3, ink if row.mark == "full" else "#FFFFFF", x, y, 6.5, ink, 2)

    def _ground(self) -> None:
        """The shaded region, the ticks' lines and zero, behind each block of rows."""
        scale = self.scale
        for top, bottom in self.blocks:
            if not missing(self.practical):
                x, right = scale.at(-self.practical), scale.at(self.practical)
                self.canvas.rectangle(0.2, SHADE, x, top, right - x, bottom - top)
            for tick in scale.ticks(APART):
                x = scale.at(tick)
                ink, thick = (INK, 1.4) if tick == 0 else (RULE, 1.0)
                self.canvas.line(1 if tick == 0 else 0.5, ink, thick, [(x, top), (x, bottom)])

    def _axis(self, y: float) -> float:
        scale = self.scale
        digits = scale.decimals(APART) - 2
        for tick in scale.ticks(APART):
            text = number_words(100 * tick, max(0, digits), signed=True)
            self.canvas.word(scale.at(tick), y, f"{text} %", 12, MUTE, False, halo=False)
        sides = ("◀ lower than control", "higher than control ▶")
        if sum(text_width(side, 12) for side in sides) + 16 > scale.end - scale.start:
            sides = ("◀ lower", "higher ▶")
        for side, x, anchor in zip(sides, (scale.start, scale.end), ("left", "right"), strict=True):
            self.canvas.word(x, y + 19, side, 12, MUTE, False, anchor, False)
        return y + 30


def _within_reach(bounds: Sequence[tuple[float, float, float]]) -> list[float]:
    """The values that the scale must hold: a few very wide intervals do not flatten the rest."""
    shown = [b for b in bounds if not missing(b[1])]
    ends = sorted(max(abs(v) for v in b if not missing(v)) for b in shown)
    estimates = [abs(b[1]) for b in shown]
    most = max(6 * ends[len(ends) // 2], 2 * max(estimates)) if shown else 0.0
    values = [v for b in shown for v in b if not missing(v)]
    return [min(max(v, -most), most) for v in values]


def _wide(piece: Piece) -> float:
    """The width of a piece and the gap after it; bold ones run a little wider than measured."""
    text, size, _, bold = piece
    return text_width(text, size, bold) * (1.03 if bold else 1.0) + 6


def _laid(texts: Sequence[Text], room: float) -> list[Text]:
    """Lines that fit: pieces side by side where they can be, else one below the other."""
    lines: list[Text] = []
    for given in texts:
        pieces = [piece for piece in given if piece[0]]
        if sum(map(_wide, pieces)) - 6 <= room:
            lines += [pieces] if pieces else []
            continue
        for text, size, colour, bold in pieces:
            cut = wrap(plain(text), room, size, bold, 2 if bold else 4)
            lines += [[(line, size, colour, bold)] for line in cut]
    return lines
