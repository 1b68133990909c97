"""What the journey explorer shows: the arguments that open it, and the calls behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from omninb.errors import OmninbError, nearest
from omninb.explorers.choices import TAKEN, By, listed, words_of
from omninb.explorers.frame import Shown
from omninb.explorers.recipe import Line
from omninb.spelling import Name
from omninb.tallies import BEYOND, SMALLER, START

TABS = {"map": "Map", "sankey": "Sankey", "steps": "Steps", "compare": "Compare"}
ENDS = ("converted", "exit", "open")
_GRAPH = "graph"
Where = Mapping[str, object]
Fits = Callable[[str], dict[str, str] | None]


@dataclass(frozen=True)
class JourneysState:
    """The arguments of `explore_journeys`; see there."""

    by: By = "channel"
    where: Where = field(default_factory=dict)
    compare: tuple[Where, Where] | None = None
    tab: str = "map"
    min_journeys: int = 1
    collapse_repeats: bool = False
    at: str | None = None
    to: str | None = None

    def __post_init__(self) -> None:
        if self.tab not in TABS:
            raise OmninbError(
                f"tab={self.tab!r}: there is no such tab.{nearest(str(self.tab), TABS)}"
            )

    @property
    def chosen(self) -> Name:
        """The journeys that are looked at."""
        return Name("selected" if self.where else "journeys")

    def selection(self) -> list[Line]:
        """The line that selects the journeys, where they are not all."""
        return [Line("selected", "journeys.where", (), self.where)] if self.where else []

    def _asked(self, **more: object) -> dict[str, Any]:
        """Arguments of a table, without those that have their default."""
        asked: dict[str, Any] = {} if self.by == "channel" else {"by": listed(self.by)}
        asked |= more
        return asked | ({"collapse_repeats": True} if self.collapse_repeats else {})

    def main(self, width: int) -> Shown:
        """The recipe of the tab."""
        make = {"map": self._map, "sankey": self._sankey, "steps": self._steps}
        lines, figure = make.get(self.tab, self._compare)()
        drawn = Line("figure", figure.function, figure.given, {**figure.named, "width": width})
        return Shown([*self.selection(), *lines, drawn])

    def _map(self) -> tuple[list[Line], Line]:
        least = {"min_journeys": self.min_journeys} if self.min_journeys > 1 else {}
        return [
            Line("table", "onb.transition_table", (self.chosen,), self._asked()),
            Line(_GRAPH, "onb.transition_graph", (self.chosen,), self._asked(**least)),
        ], Line("figure", "onb.journey_map_figure", (Name(_GRAPH),))

    def _sankey(self) -> tuple[list[Line], Line]:
        table = Line("table", "onb.flow_table", (self.chosen,), self._asked())
        return [table], Line("figure", "onb.flow_figure", (Name("table"),))

    def _steps(self) -> tuple[list[Line], Line]:
        table = Line("table", "onb.step_table", (self.chosen,), self._asked())
        return [table], Line("figure", "onb.step_figure", (Name("table"),))

    def _compare(self) -> tuple[list[Line], Line]:
        if self.compare is None:
            raise OmninbError("Compare: choose what to compare, then both sides.")
        sides = [
            Line(name, f"{self.chosen.text}.where", (), where)
            for name, where in zip("ab", self.compare, strict=True)
        ]
        given = Name("a"), Name("b")
        table = Line("table", "onb.transition_difference_table", given, self._asked())
        drawn = Line(
            "figure", "onb.transition_difference_figure", (Name("table"),), _named(*self.compare)
        )
        return [*sides, table], drawn

    @property
    def sides(self) -> tuple[str, ...]:
        """What is shown beside a node: what comes before it, and after."""
        if self.at is None or self.to is not None or self.at in (*ENDS, SMALLER, BEYOND):
            return ()
        return ("after",) if self.at == START else ("before", "after")

    def side(self, side: str, width: int, fits: Fits) -> Shown:
        """The recipe of what comes before or after the node that is looked at.

        ``fits`` gives the condition of a node.
        """
        assert self.at is not None
        anchor = {} if self.at == START else {"anchor": fits(self.at), "direction": side}
        table = Line(side, "onb.step_table", (self.chosen,), self._asked(max_steps=3, **anchor))
        figure = Line("figure", "onb.step_figure", (Name(side),), {"width": width})
        return Shown([*self.selection(), table, figure], table=side)

    @property
    def takes_time(self) -> bool:
        """Whether a move is looked at that can take time: repeats that are collapsed are none."""
        timeless = {None, START, SMALLER, BEYOND, *ENDS}
        collapsed = self.collapse_repeats and self.at == self.to
        return self.at not in timeless and self.to not in timeless and not collapsed

    def gaps(self, width: int) -> dict[str, Shown]:
        """The recipe of how long the move takes that is looked at."""
        by = {} if self.by == "channel" else {"by": listed(self.by)}
        table = Line("gaps", "onb.gap_table", (self.chosen, self.at, self.to), by)
        figure = Line("figure", "onb.gap_figure", (Name("gaps"),), {"width": width})
        return {"gaps": Shown([*self.selection(), table, figure], table="gaps")}

    def tables(self, fits: Fits) -> dict[str, Shown]:
        """Recipes of the tables about the node or the move that is looked at."""
        if self.at is None:
            return {}
        if self.to is None and self.at not in (*ENDS, START):
            return {"paths": self._paths(fits)}
        ends = {}
        if self.to is not None and self.to not in ENDS:
            ends = self._ends(fits)
        return self.row() | ends

    def row(self) -> dict[str, Shown]:
        """The recipe of the move's row; of START and of an end, of all their rows."""
        return {"moves": self._moves()}

    def _paths(self, fits: Fits) -> Shown:
        assert self.at is not None
        through = Line("through", f"{self.chosen.text}.where", (),
                       {"containing": fits(self.at)})  # fmt: skip
        paths = Line("paths", "onb.path_table", (Name("through"),),
                     self._asked(top=10, max_steps=12))  # fmt: skip
        shown = ["path", "journeys", "share", "conversion_rate", "settled"]
        view = Line("view", "onb.table_view", (Name("paths"), f"The commonest paths of journeys "
                    f"with {self.at}"), {"columns": shown})  # fmt: skip
        return _table([*self.selection(), through, paths, view])

    def _moves(self) -> Shown:
        table = self._map()[0][0]
        asked, title = f"source == {self.at!r}", f"{self.at} → {self.to}"
        if self.to is not None:
            asked += f" and target == {self.to!r}"
        elif self.at == START:
            title = "How journeys begin"
        else:
            asked, title = f"target == {self.at!r}", f"Where journeys came to {self.at}"
        moves = Line("moves", "table.query", (asked,))
        shown = ["source", "target", "transitions", "journeys", "customers", "probability",
                 "settled", "median_gap", "p90_gap", "interval_method"]  # fmt: skip
        view = Line("view", "onb.table_view", (Name("moves"), title), {"columns": shown})
        return _table([*self.selection(), table, moves, view])

    def _ends(self, fits: Fits) -> dict[str, Shown]:
        assert self.at is not None and self.to is not None
        then = fits(self.to) or {}
        where = then if self.at == START else {"transition": (fits(self.at), then)}
        collapsed = self.collapse_repeats and self.at == self.to
        if collapsed or (self.at == START and TAKEN & set(then)):
            return {}
        made = Line("made", f"{self.chosen.text}.where", (), where)
        ends = Line("ends", "onb.end_table", (Name("made"),))
        title = f"How the journeys ended that made this move: {self.at} → {self.to}"
        view = Line("view", "onb.table_view", (Name("ends"), title))
        return {"ends": _table([*self.selection(), made, ends, view])}


def _table(lines: list[Line]) -> Shown:
    """A recipe whose last two lines are a table and how it is shown."""
    return Shown(lines, figure="", table=lines[-2].name, view=lines[-1].name)


def _named(a: Where, b: Where) -> dict[str, object]:
    """What the sides of a comparison are called; periods that meet, by the day at which they do."""
    periods = [list(where["between"]) if set(where) == {"between"} else [] for where in (a, b)]  # type: ignore[call-overload]
    if not all(periods) or periods[0][1] != periods[1][0]:
        return {"names": (words_of(a), words_of(b))}
    day = periods[1][0]
    title = f"Where do journeys before and from {day} move differently?"
    return {"names": (f"before {day}", f"from {day}"), "title": title}
