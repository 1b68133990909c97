"""The quality explorer: what was read, what is filled, when channels were there, who is heavy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ipywidgets as widgets

from omninb.errors import OmninbError, duration, nearest
from omninb.explorers.choices import given_log
from omninb.explorers.drawing import Drawing
from omninb.explorers.frame import Explorer, Shown, labelled, row
from omninb.explorers.recipe import Line
from omninb.spelling import Name

if TYPE_CHECKING:
    from omninb.events import EventLog

PARTS = {
    "ledger": "Ledger",
    "overview": "Overview and ties",
    "columns": "Filled columns",
    "days": "Channels by day",
    "activity": "Heavy customers",
}
_LOG = Name("log")


@dataclass(frozen=True)
class QualityState:
    """The arguments of `explore_quality`; see there."""

    part: str = "ledger"
    exit_after: str = "30d"

    def __post_init__(self) -> None:
        if self.part not in PARTS:
            raise OmninbError(f"part={self.part!r}: there is none.{nearest(str(self.part), PARTS)}")

    def main(self, width: int) -> Shown:
        """The part that is shown."""
        if self.part == "days":
            figure = Line("figure", "onb.day_figure", (Name("table"),), {"width": width})
            return Shown([Line("table", "onb.day_table", (_LOG,)), figure])
        if self.part == "ledger":
            title, columns = "Every row is accounted for", ["check", "outcome", "rows", "example"]
            given = Name("log.quality"), title
            view = Line("view", "onb.table_view", given, {"columns": columns})
            return Shown([view], figure="", table="log.quality", view="view")
        asked = () if self.exit_after == "30d" else (self.exit_after,)
        found = ["part", "name", "touchpoints", "customers", "over_time", "first", "last"]
        table, title, named = {
            "overview": (Line("table", "log.overview", asked),
                         "What the log holds; ties: touchpoints that share customer and time",
                         {"columns": found}),
            "columns": (Line("table", "onb.column_table", (_LOG,)),
                        "Which columns are filled", {}),
            "activity": (Line("table", "onb.activity_table", (_LOG,)),
                         "Customers by their number of touchpoints", {}),
        }[self.part]  # fmt: skip
        view = Line("view", "onb.table_view", (Name("table"), title), named)
        return Shown([table, view], figure="", view="view")


def explore_quality(log: EventLog, part: str = "ledger", exit_after: str = "30d") -> Explorer:
    """Explore in JupyterLab how a log was read, and what it is like.

    Parameters
    ----------
    log : EventLog
        The log.
    part : {"ledger", "overview", "columns", "days", "activity"}
        What is shown first: every row accounted for; span, ties and what is settled; which columns
        are filled; channels by day; customers by their number of touchpoints.
    exit_after : str
        As in ``log.overview(…)``.

    Returns
    -------
    Explorer
        An ipywidget.

    Raises
    ------
    OmninbError
        If there is no such part, or the duration cannot be read. What goes wrong later is said in
        the explorer.

    Examples
    --------
    >>> import omninb as onb
    >>> explorer = onb.explore_quality(onb.sample(), part="days")
    >>> explorer.figure.layout.title.text
    'Was every channel there on every day?'
    """
    given_log(log)
    duration(exit_after, "exit_after")
    return QualityExplorer(log, QualityState(part, exit_after))


class QualityExplorer(Explorer):
    """See `explore_quality`."""

    def __init__(self, log: EventLog, state: QualityState) -> None:
        controls = {
            "part": widgets.ToggleButtons(
                options=[(words, name) for name, words in PARTS.items()], value=state.part,
                style={"button_width": "150px"},
            ),
            "exit_after": labelled(
                widgets.Text, "Left after", "160px", value=state.exit_after,
                continuous_update=False),
        }  # fmt: skip
        drawings = {"main": Drawing("quality")}
        super().__init__({"log": log}, (log.made_by,), controls, drawings)
        self.children = [
            controls["part"],
            row(controls["exit_after"]),
            self.status,
            drawings["main"],
        ]
        self.begin()

    @property
    def state(self) -> QualityState:
        """What the controls say: the arguments that open the explorer as it is."""
        c = self.controls
        return QualityState(c["part"].value, c["exit_after"].value.strip())

    def update(self) -> list[str]:
        """Show one part."""
        state = self.state
        shown = state.part == "overview"
        self.controls["exit_after"].layout.display = "" if shown else "none"
        drawing = self.drawings["main"]
        (drawing.add_class if shown else drawing.remove_class)("omninb-overview")
        return self.draw({"main": state.main(drawing.width)})
