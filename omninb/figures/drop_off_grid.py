"""The cells of a drop-off heatmap, and what it says in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from omninb.errors import OmninbError
from omninb.figures.lettering import count, interval, missing, percent, period, plain, plural
from omninb.wording import interval_words, number_words

HOVER = (
    "%{customdata[0]}<br>%{customdata[1]}<br>%{customdata[2]}<br>%{customdata[3]}<br>"
    "%{customdata[4]}<br>%{customdata[5]}"
)
Row = Mapping[Any, Any]


@dataclass(frozen=True)
class Grid:
    """A drop-off table as its figure reads it.

    Attributes
    ----------
    steps : dict of int to pair of str
        The steps that can be followed by another: their names, and the next one's.
    labels : list of str
        The columns, those with the most customers over all steps first.
    left_out : int
        Labels of fewer customers, for which there is no room.
    cells : dict
        The table's rows by step and label.
    whole : dict
        The drop-off of each step over all channels, where a funnel was given.
    fewest : int
        Customers that a cell needs for a rate.
    ceiling : float
        The drop-off at the dark end of the scale.
    facts : mapping
        The table's attrs.
    """

    steps: dict[int, tuple[str, str]]
    labels: list[str]
    left_out: int
    cells: dict[tuple[int, str], Row]
    whole: dict[int, Row]
    fewest: int
    ceiling: float
    facts: Mapping[Any, Any]

    @classmethod
    def of(
        cls, table: pd.DataFrame, funnel: pd.DataFrame | None, fewest: int, ceiling: float | None
    ) -> Grid:
        """Read a table of `drop_off_table`, and the funnel of all channels if there is one."""
        by = str(table.attrs["by"])
        names = [plain(name) for name in table.attrs["steps"]]
        cells: dict[tuple[int, str], Row] = {
            (int(row["step"]), str(row[by])): row for row in table.to_dict("records")
        }
        totals = table.groupby(by, sort=True)["customers"].sum()
        labels = sorted(map(str, totals.index), key=lambda name: (-int(totals[name]), name))
        steps = {step: (names[step - 1], names[step]) for step in range(1, len(names))}
        rates = [row["drop_off"] for row in cells.values() if row["customers"] >= max(1, fewest)]
        if ceiling is None:
            ceiling = min(1.0, max(0.1, math.ceil(max(rates, default=0) * 10 - 1e-9) / 10))
        whole = {} if funnel is None else _joined(table, funnel)
        return cls(steps, labels, 0, cells, whole, max(1, fewest), ceiling, table.attrs)

    def first(self, number: int) -> Grid:
        """The grid with so many columns at most."""
        kept = self.labels[:number]
        return replace(self, labels=kept, left_out=len(self.labels) - len(kept))

    def at(self, step: int, label: str) -> Row | None:
        """The row of a cell that has customers enough for a rate."""
        row = self.cells.get((step, label))
        return row if row is not None and row["customers"] >= self.fewest else None

    def lost(self, label: str) -> int:
        """The customers lost on a channel, over its shown cells: each is lost at one step."""
        rows = [self.at(step, label) for step in self.steps]
        return sum(int(row["lost"]) for row in rows if row)

    def above(self) -> bool:
        """Whether a rate that is shown lies above the scale."""
        rows = [self.at(step, label) for step in self.steps for label in self.labels]
        return any(row["drop_off"] > self.ceiling for row in rows if row)

    def framed(self) -> list[tuple[int, str]]:
        """The cells that clearly lose more than the others of their step."""
        return [key for key in self.clear() if key[1] in self.labels]

    def clear(self) -> list[tuple[int, str]]:
        """All such cells, also those for which there is no room."""
        sure = 1 - self.facts.get("confidence", 0.95)
        rows = [(key, row) for key in self.cells if (row := self.at(*key))]
        return sorted(k for k, row in rows if row["p_adjusted"] < sure and row["difference"] > 0)


def _joined(table: pd.DataFrame, funnel: pd.DataFrame) -> dict[int, Row]:
    """Each step's drop-off over all channels, once both tables count the same customers."""
    rows: dict[int, Row] = {int(row["step"]): row for row in funnel.to_dict("records")}
    joined: dict[int, Row] = {}
    for step in sorted(set(table["step"])):
        customers = int(table.loc[table["step"] == step, "customers"].sum())
        there, after = rows.get(step), rows.get(step + 1)
        if there is None or after is None or there["customers"] != customers:
            raise OmninbError(
                f"funnel=…: step {step} has {there and there['customers']} customers there and "
                f"{customers} in the drop-off table. Make it of the same journeys, steps and "
                'window with funnel_table(…, attempt="first").'
            )
        joined[step] = {
            "customers": customers,
            "drop_off": after["drop_off"],
            "drop_off_ci_lower": 1 - after["step_conversion_rate_ci_upper"],
            "drop_off_ci_upper": 1 - after["step_conversion_rate_ci_lower"],
        }
    return joined


def subtitle_lines(grid: Grid) -> list[str]:
    """Who was counted, when, and the denominator."""
    facts, by = grid.facts, plain(grid.facts["by"])
    first = [row for (step, _), row in grid.cells.items() if step == 1]
    entered, waiting = (
        sum(0 if missing(row[name]) else int(row[name]) for row in first)
        for name in ("customers", "open")
    )
    least = "at least " if any(missing(row["open"]) for row in first) else ""
    within = facts["within"]
    who = [
        f"{plural(entered, 'customer')} at the first step",
        f"{least}{count(waiting)} more {'is' if waiting == 1 else 'are'} open" if waiting else "",
        period(facts.get("observed_from"), facts.get("observed_until")),
        "the first attempt of each, " + (f"all within {within}" if within else "no window, so far"),
    ]
    span = f"within {within} of the first" if within else "so far"
    of = f"Drop-off = lost ÷ customers who took the step on that {by} (the second line) · "
    return [
        " · ".join(part for part in who if part),
        of + f"lost: no next step {span}, in the first attempt",
    ]


def footnote(grid: Grid) -> list[str]:
    """What the third line, the frame and the hatching are."""
    notes = [f"Third line: {percent(grid.facts.get('confidence', 0.95))} interval, where it fits."]
    if grid.framed():
        notes.append(
            "Framed: clearly more are lost than on the others of the step "
            "(p, adjusted for all cells by Holm’s way, below "
            f"{1 - grid.facts.get('confidence', 0.95):.2g})."
        )
    if any(not grid.at(step, label) for step in grid.steps for label in grid.labels):
        notes.append(f"Hatched: fewer than {count(grid.fewest)} customers, no rate shown.")
    if grid.left_out:
        lose = len(grid.clear()) - len(grid.framed())
        which = f", {count(lose)} clearly losing more at a step," if lose else ""
        notes.append(f"{count(grid.left_out)} more, of fewer customers{which} stand in the table.")
    return notes


def cell_row(names: tuple[str, str], label: str, row: Row) -> list[str]:
    """The hover texts of a cell."""
    texts = [f"{names[0]} → {names[1]}, {plain(label)}", plural(row["customers"], "customer")]
    if not missing(row["open"]) and row["open"]:
        texts[1] += f", {count(row['open'])} open beside them"
    for name, words in (("drop_off", "lost"), ("leave_channel_rate", "lost or gone elsewhere")):
        within = interval(row[f"{name}_ci_lower"], row[f"{name}_ci_upper"])
        texts.append(f"{percent(row[name])} {words}" + (f" ({within})" if within else ""))
    texts.append(
        f"{count(row['lost'])} lost · next step here {count(row['next_same_channel'])}, "
        f"elsewhere {count(row['next_other_channel'])}"
    )
    if not missing(row["difference"]):
        bounds = (100 * row["difference_ci_lower"], 100 * row["difference_ci_upper"])
        texts.append(
            f"{number_words(100 * row['difference'], signed=True)} points against the others of "
            f"this step ({interval_words(*bounds, signed=True)})"
        )
    else:
        texts.append("")
    return texts


def in_words(grid: Grid, title: str, subtitle: list[str]) -> str:
    """The alternative text."""
    parts = [title, ". ".join(subtitle) + "."]
    for step, names in grid.steps.items():
        rows = [(label, grid.at(step, label)) for label in grid.labels[:7]]
        said = [f"{plain(label)} {percent(row['drop_off'])}" for label, row in rows if row]
        parts.append(f"{names[0]} → {names[1]}: {', '.join(said) or 'too few customers'}.")
    return " ".join(parts)
