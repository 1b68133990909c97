"""What the funnel explorer shows: the arguments that open it, and the calls behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from omninb.explorers.choices import By, listed
from omninb.explorers.frame import Shown
from omninb.explorers.recipe import Line
from omninb.funnel_steps import Step
from omninb.spelling import Name

_JOURNEYS = Name("journeys")


@dataclass(frozen=True)
class FunnelState:
    """The arguments of `explore_funnel`; see there."""

    steps: tuple[Step, ...]
    within: str | None = None
    order: str = "ordered"
    attempt: str = "furthest"
    exclude: tuple[str, ...] = ()
    breakdown: str | None = None
    by: By = "channel"
    step: int | None = None
    at: str | None = None

    @property
    def _steps(self) -> tuple[object, ...]:
        return _JOURNEYS, list(self.steps)

    def _window(self, **more: object) -> dict[str, Any]:
        return ({} if self.within is None else {"within": self.within}) | more

    def _by(self) -> dict[str, Any]:
        return {} if self.by == "channel" else {"by": listed(self.by)}

    @property
    def plain(self) -> bool:
        """Whether drop-off counts the same funnel: it knows ordered steps without exclusions."""
        return self.order == "ordered" and not self.exclude

    def funnel(self, width: int) -> Shown:
        """The funnel as it is asked for."""
        asked = self._window()
        asked |= {} if self.order == "ordered" else {"order": self.order}
        asked |= {} if self.attempt == "furthest" else {"attempt": self.attempt}
        asked |= {"exclude": list(self.exclude)} if self.exclude else {}
        asked |= {} if self.breakdown is None else {"breakdown": self.breakdown}
        table = Line("table", "onb.funnel_table", self._steps, asked)
        return Shown([table, _drawn("onb.funnel_figure", width)])

    def drop_off(self, width: int) -> Shown:
        """At which step, on which channel, customers are lost."""
        firsts = Line("funnel", "onb.funnel_table", self._steps, self._window(attempt="first"))
        table = Line("table", "onb.drop_off_table", self._steps, self._by() | self._window())
        drawn = _drawn("onb.drop_off_figure", width, funnel=Name("funnel"))
        return Shown([firsts, table, drawn])

    def lost_to(self, width: int) -> Shown:
        """What those did next who did not go on."""
        return Shown([self._onward(), _drawn("onb.lost_to_figure", width)])

    def cell(self) -> dict[str, Shown]:
        """The cell that is looked at: what its customers did next, counts alone."""
        if self.step is None or self.at is None:
            return {}
        column = self.by if isinstance(self.by, str) else " · ".join(self.by)
        asked = f"step == {self.step} and `{column}` == {self.at!r}"
        title = f"What those did next who did not go on from step {self.step} on {self.at}"
        view = Line("view", "onb.table_view", (Name("cell"), title),
                    {"columns": ["outcome", "next", "customers"]})  # fmt: skip
        lines = [self._onward(), Line("cell", "table.query", (asked,)), view]
        if "`" in column:  # a query cannot name it
            plain = Line("plain", "table.rename", (), {"columns": {column: "place"}})
            asked = f"step == {self.step} and place == {self.at!r}"
            lines[1:2] = [plain, Line("cell", "plain.query", (asked,))]
        return {"cell": Shown(lines, figure="", table="cell", view="view")}

    def _onward(self) -> Line:
        return Line("table", "onb.lost_to_table", self._steps, self._by() | self._window())


def _drawn(function: str, width: int, **more: object) -> Line:
    return Line("figure", function, (Name("table"),), {**more, "width": width})
