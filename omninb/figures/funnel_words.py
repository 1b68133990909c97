"""What a funnel's figure says in words: title, denominators, hover rows and alternative text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from omninb.figures.lettering import (
    count,
    interval,
    missing,
    percent,
    period,
    plain,
    plural,
    rate,
    shorten,
    span,
)

REACHED_HOVER = "%{customdata[0]}<br>%{customdata[1]}<br>%{customdata[2]}<br>%{customdata[3]}"
WENT_ON_HOVER = "%{customdata[0]} → %{customdata[1]}<br>%{customdata[2]}<br>%{customdata[3]}"
_ORDERS = {
    "ordered": "steps in this order, others may come between",
    "strict": "steps in this order, nothing between",
    "any": "steps in any order",
}
_ATTEMPTS = {
    "furthest": "the furthest attempt of each",
    "first": "the first attempt of each",
    "every": "every attempt",
}
Row = Mapping[Any, Any]
MOST_LEVELS = 24


@dataclass(frozen=True)
class Funnel:
    """A funnel table as its figure reads it.

    Attributes
    ----------
    levels : dict of str to list of dict
        The rows, step by step, of each level of the breakdown or of each period; a funnel without
        either has the single level ``""``.
    by : str
        The column of the levels, or nothing.
    counted, noun : str
        The column that counts the funnel's unit, and what one of it is called.
    facts : mapping
        The table's attrs.
    left_out : int
        Levels further down the table, for which there is no room.
    """

    levels: dict[str, list[Row]]
    by: str
    counted: str
    noun: str
    facts: Mapping[Any, Any]
    left_out: int

    @classmethod
    def of(cls, funnel: pd.DataFrame) -> Funnel:
        """Read a table of `funnel_table` or `funnel_period_table`."""
        first = str(funnel.columns[0])
        by = "" if first in ("step", "funnel_step") else first
        counted = str(funnel.attrs["unit"])
        levels: dict[str, list[Row]] = {}
        for row in funnel.to_dict("records"):
            levels.setdefault(str(row[by]) if by else "", []).append(row)
        for rows in levels.values():
            rows.sort(key=lambda row: row["step"])
        kept = dict(list(levels.items())[:MOST_LEVELS])
        noun, left_out = counted.removesuffix("s"), len(levels) - len(kept)
        return cls(kept, by, counted, noun, funnel.attrs, left_out)

    @property
    def rows(self) -> list[Row]:
        """The rows of the first level, one a step."""
        return next(iter(self.levels.values()))

    @property
    def steps(self) -> list[str]:
        """The names of the steps, in order."""
        return [plain(row["funnel_step"]) for row in self.rows]

    @property
    def confidence(self) -> float:
        """Of the intervals."""
        return float(self.facts.get("confidence", 0.95))

    def before(self, place: int) -> Row:
        """The last step before one that is not optional: the denominator of its step rate."""
        return next(r for r in reversed(self.rows[:place]) if not r.get("optional"))

    def lost(self, place: int) -> int:
        """Those of the step before who did not get to a step."""
        return int(self.before(place)[self.counted] - self.rows[place][self.counted])

    def worst(self) -> int | None:
        """The place of the step that most were lost before."""
        places = [i for i, row in enumerate(self.rows) if i and not row.get("optional")]
        most = max(places, key=lambda i: (self.lost(i), -i), default=None)
        return most if most and len(places) > 1 and self.lost(most) > 0 else None


def bounds(row: Row, name: str) -> str:
    """The interval of a rate; nothing where it has no width, as at the first step."""
    low, high = row[f"{name}_ci_lower"], row[f"{name}_ci_upper"]
    return "" if low == high else interval(low, high)


def share(row: Row, name: str) -> str:
    """A rate, with the decimals of its interval."""
    return rate(row[name], row[f"{name}_ci_lower"], row[f"{name}_ci_upper"])


def question(chart: Funnel) -> str:
    """The title where none was given."""
    first, last = (shorten(step, 330, 22, True) for step in (chart.steps[0], chart.steps[-1]))
    if len(chart.steps) == 1:
        return f"Who gets to {first}?"
    if chart.facts["order"] == "any":
        return f"How many of the {len(chart.steps)} steps do {chart.noun}s take, in any order?"
    if chart.by == "period":
        return f"From {first} to {last}: what has changed?"
    if chart.by:
        return f"From {first} to {last}: where do {plain(chart.by)}s differ?"
    return f"Where do {chart.noun}s stop between {first} and {last}?"


def subtitle_lines(chart: Funnel) -> list[str]:
    """Who was counted, when, by which rules, and every denominator."""
    facts = chart.facts
    within, entered = facts["within"], chart.rows[0][chart.counted]
    rules = [
        period(facts.get("observed_from"), facts.get("observed_until")) * (chart.by != "period"),
        _ORDERS.get(str(facts["order"]), ""),
        _ATTEMPTS.get(str(facts["attempt"]), ""),
        f"all within {within} of the first" if within else "no window, so far",
    ]
    if chart.by:
        rules.insert(0, f"one {plain(chart.by)} a row, one step a column")
        of = f"Percentages: of the {chart.by}’s {chart.counted} at the first step"
    else:
        rules.insert(0, f"{plural(entered, chart.noun)} at the first step")
        of = f"Beside a bar: of these {count(entered)} · between bars: of the step before"
        everyone = plural(facts["population"], chart.noun.replace("attempt", "customer"))
        of += f" · “of all”: of {everyone}" + (", without the open" if within else "")
    if within:
        of += f" · only those whose {within} are over"
    return [" · ".join(rule for rule in rules if rule), of]


def footnote(chart: Funnel) -> list[str]:
    """What the whiskers are, what is hatched, and how times and differences are taken."""
    rows = [row for rows in chart.levels.values() for row in rows]
    notes = [f"Whiskers: {percent(chart.confidence)} interval, written where it fits."]
    if any(row["open_converted"] for row in rows):
        window = chart.facts["within"]
        notes.append(f"Hatched: reached by those whose {window} are not over; in no rate.")
    if not chart.by and any(not missing(row["median_time"]) for row in rows):
        within = " within the window (Kaplan–Meier)" if chart.facts["within"] else ""
        notes.append(f"Median time: from the step before, of those who take the step{within}.")
    if any(not missing(row.get("difference")) for row in rows):
        said = f"▲ ▼ clearly higher or lower than {against(chart)}: "
        if "p_adjusted" in rows[0]:
            notes.append(
                f"{said}p, adjusted for the rows of a step (Holm), below "
                f"{1 - chart.confidence:.2g}. The bounds of differences are not adjusted."
            )
        else:
            sure = percent(chart.confidence)
            notes.append(f"{said}the {sure} bounds of the difference exclude zero.")
    if chart.left_out:
        notes.append(f"{count(chart.left_out)} more rows stand in the table.")
    return notes


def against(chart: Funnel) -> str:
    """What the levels of a breakdown, or the periods, are compared with."""
    return plain(next(iter(chart.levels))) if chart.by == "period" else "the rest"


def reached_row(chart: Funnel, row: Row) -> list[str]:
    """The hover texts of a step."""
    counts = [plural(row[chart.counted], chart.noun)]
    if chart.counted != "customers":
        counts.append(plural(row["customers"], "customer"))
    if row["open_converted"]:
        counts.append(f"{count(row['open_converted'])} open beside them")
    rates = []
    for name, of in (("conversion_rate", "the first step"), ("population_rate", "all")):
        within = bounds(row, name)
        rates.append(share(row, name) + (f" ({within})" if within else "") + f" of {of}")
    return [plain(row["funnel_step"]), " · ".join(counts), *rates]


def went_on_row(chart: Funnel, place: int) -> list[str]:
    """The hover texts of what lies before a step."""
    row, within = chart.rows[place], bounds(chart.rows[place], "step_conversion_rate")
    times = [
        f"{word} {span(row[name])}"
        for word, name in (("median", "median_time"), ("90 % within", "p90_time"))
        if not missing(row[name])
    ]
    return [
        plain(chart.before(place)["funnel_step"]),
        chart.steps[place],
        share(row, "step_conversion_rate") + (f" ({within})" if within else "") + " go on",
        " · ".join(times),
    ]


def in_words(chart: Funnel, title: str, subtitle: list[str]) -> str:
    """The alternative text."""
    parts = [title, ". ".join(subtitle) + "."]
    for level, rows in chart.levels.items():
        said = [
            f"{step} {count(row[chart.counted])} ({share(row, 'conversion_rate')})"
            for step, row in zip(chart.steps, rows, strict=True)
        ]
        parts.append((f"{plain(level)}: " if chart.by else "") + ", ".join(said) + ".")
    return " ".join(parts)
