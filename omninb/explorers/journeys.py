"""The journey explorer: map, Sankey, steps and comparison of journeys that one selects."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from omninb.anchors import positive
from omninb.errors import OmninbError
from omninb.explorers.choices import condition_of, nodes_of, period_of, segments_of, values_of
from omninb.explorers.drawing import Drawing
from omninb.explorers.frame import Explorer, beside, choose, row
from omninb.explorers.journeys_controls import (
    ANY,
    GIVEN,
    NOTHING,
    PERIOD,
    beyond,
    controls_of,
)
from omninb.explorers.journeys_state import ENDS, JourneysState, Where
from omninb.figures.lettering import harmless
from omninb.journeys import Journeys, given_journeys
from omninb.tallies import BEYOND, SMALLER, START, By
from omninb.wording import fewer_than

POOLED = "What is pooled there has no touchpoints of its own: lower “Smallest flow” to see it."
FEW = "What is pooled there is of too few customers to be told of."


def explore_journeys(
    journeys: Journeys,
    by: By = "channel",
    where: Where | None = None,
    compare: tuple[Where, Where] | None = None,
    tab: str | None = None,
    min_journeys: int | None = None,
    collapse_repeats: bool = False,
    at: str | None = None,
    to: str | None = None,
) -> Explorer:
    """Explore journeys in JupyterLab: select, compare, and click what is of interest.

    Everything that it shows comes from public functions, and "Copy as code" gives their calls.

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.
    by : str or list of str
        The role or column, or the combination of several, whose values are the nodes.
    where : mapping, optional
        The selection, as the arguments of ``journeys.where(…)``.
    compare : (mapping, mapping), optional
        Two selections to compare, each as the arguments of ``journeys.where(…)``.
    tab : {"map", "sankey", "steps", "compare"}, optional
        What is shown; the map, or the comparison where there is one.
    min_journeys : int, optional
        The smallest flow shown; by default 1 % of the journeys.
    collapse_repeats : bool
        Take runs of the same node as one visit.
    at, to : str, optional
        A node that is looked at; with both, the move from the one to the other.

    Returns
    -------
    Explorer
        An ipywidget: ``.figure``, ``.table`` and ``.code`` are what it shows.

    Raises
    ------
    OmninbError
        If an argument cannot be read. What goes wrong later is said in the explorer.

    Examples
    --------
    >>> import omninb as onb
    >>> journeys = onb.sample().journeys(split_gap="30d", end_at="purchase")
    >>> explorer = onb.explore_journeys(journeys, where={"device": "mobile"}, tab="steps")
    >>> explorer.figure.layout.title.text
    'Where do journeys stand at each step?'
    """
    given_journeys(journeys)
    if compare is not None and not (isinstance(compare, list | tuple) and len(compare) == 2):
        raise OmninbError(f"compare={compare!r}: give two mappings, as where= takes them.")
    for name, given in (("where", where or {}), *(("compare", side) for side in compare or ())):
        if not isinstance(given, Mapping):
            raise OmninbError(f"{name}={given!r}: give a mapping, such as {{'device': 'mobile'}}.")
    journeys.columns.codes(by)
    if not isinstance(collapse_repeats, bool):
        raise OmninbError(f"collapse_repeats={collapse_repeats!r}: True or False.")
    if to is not None and at is None:
        raise OmninbError(f"to={to!r}: also give at=, the node before it.")
    if min_journeys is not None:
        positive(min_journeys, "min_journeys", 2**31)
    state = JourneysState(
        by=by if isinstance(by, str) else tuple(by),
        where=deepcopy(dict(where or {})),
        compare=None if compare is None else deepcopy(tuple(map(dict, compare))),  # type: ignore[arg-type]
        tab=tab or ("map" if compare is None else "compare"),
        min_journeys=min_journeys or max(1, round(0.01 * len(journeys))),
        collapse_repeats=collapse_repeats,
        at=at,
        to=to,
    )
    return JourneyExplorer(journeys, state)


class JourneyExplorer(Explorer):
    """See `explore_journeys`."""

    def __init__(self, journeys: Journeys, state: JourneysState) -> None:
        self.journeys = journeys
        # What of the selection no control can show stays as it was given.
        self._given = beyond(state.where, journeys)
        self._sides = state.compare
        drawings = {
            "main": Drawing("journeys"),
            **{name: Drawing(name) for name in ("moves", "ends", "paths")},
            **{name: Drawing(name, beside=2) for name in ("gaps", "before", "after")},
        }
        super().__init__(
            {"journeys": journeys}, journeys.made_by, controls_of(journeys, state), drawings
        )
        c = self.controls
        self._compared = row(c["compare"], c["side_a"], c["side_b"], c["middle"])
        names = ("by", "min_journeys", "collapse_repeats", "touching", "role", "value", "since",
                 "before", *(f"given_{name}" for name in self._given))  # fmt: skip
        with self.quiet():
            self._fill_values()
            self._choose(state)
        self.children = [
            c["tab"],
            row(*(c[name] for name in names)),
            self._compared,
            self.status,
            drawings["main"],
            row(c["at"], c["to"]),
            drawings["moves"],
            beside("two", drawings["gaps"], drawings["ends"]),
            drawings["paths"],
            beside("two", drawings["before"], drawings["after"]),
        ]
        self.begin()

    @property
    def state(self) -> JourneysState:
        """What the controls say: the arguments that open the explorer as it is."""
        c = self.controls
        where = {n: value for n, value in self._given.items() if c[f"given_{n}"].value}
        if c["role"].value and c["value"].value:
            where[c["role"].value] = c["value"].value
        if c["touching"].value:
            where["containing"] = {"channel": c["touching"].value}
        if c["since"].value or c["before"].value:
            first, last = period_of(self.journeys)
            where["between"] = (
                (c["since"].value or first).isoformat(),
                (c["before"].value or last).isoformat(),
            )
        at = c["at"].value or None
        return JourneysState(
            c["by"].value, where, self._comparison(), c["tab"].value, c["min_journeys"].value,
            c["collapse_repeats"].value, at, None if at in (None, *ENDS) else c["to"].value or None,
        )  # fmt: skip

    def update(self) -> list[str]:
        """Show the tab, and what is looked at."""
        state = self.state
        self._compared.layout.display = "" if state.tab == "compare" else "none"
        self.controls["min_journeys"].layout.display = "" if state.tab == "map" else "none"
        shown = {"main": state.main(self.drawings["main"].width)}
        looked_at = {state.at, state.to}
        few = fewer_than(self.journeys.min_customers or 0)
        if not {SMALLER, BEYOND, few} & looked_at:
            shown |= {
                name: state.side(name, self.drawings[name].width, self.fits) for name in state.sides
            }
            shown |= state.tables(self.fits)
            if self._has_gaps(state):
                shown |= state.gaps(self.drawings["gaps"].width)
        elif state.at != few and not {SMALLER, BEYOND} & looked_at:
            shown |= state.row()
        notes = self.draw(shown)
        notes += [POOLED] if {SMALLER, BEYOND} & looked_at else []
        return [*notes, FEW] if few in looked_at else notes

    def fits(self, node: str) -> dict[str, str] | None:
        """The condition of a node; see `condition_of`."""
        return condition_of(self.journeys, self.controls["by"].value, node)

    def _has_gaps(self, state: JourneysState) -> bool:
        """Whether both ends of the move are nodes of the journeys that are selected."""
        if not state.takes_time:
            return False
        chosen, _ = self.answers.value(state.selection(), state.chosen.text)
        return {state.at, state.to} <= set(nodes_of(chosen, state.by))

    def prepare(self, name: str) -> None:
        """Fill the values of a role, the sides of a comparison, the nodes of a map."""
        replaced = {
            "value": self.controls["role"].value, "touching": "containing",
            "since": "between", "before": "between",
        }.get(name)  # fmt: skip
        if replaced in self._given and self.controls[name].value:
            self.controls[f"given_{replaced}"].value = False
        if name == "role":
            self._fill_values()
        elif name == "compare":
            self._fill_sides()
        elif name == "by":
            self._fill_nodes()
        elif name == "tab" and self.state.tab == "compare" and self.state.compare is None:
            self.controls["compare"].value = PERIOD
            self._fill_sides()

    def click(self, mark: str, row: list[Any]) -> None:
        """Look at the node or the move that was clicked."""
        known = {harmless(name): name for _, name in self.controls["at"].options if name}
        pooled = {harmless(name): name for name in (SMALLER, BEYOND)}
        names = [({**known, **pooled}).get(str(text)) for text in row[:2]]
        if names[0] is None:
            return
        wanted = [names[0], names[1] if mark == "moves" else None]
        for control, name in zip(("at", "to"), wanted, strict=True):
            choose(self.controls[control], name)

    def _choose(self, state: JourneysState) -> None:
        """Set the controls that depend on others."""
        c, where = self.controls, dict(state.where)
        roles = [r for r in segments_of(self.journeys.columns.table)
                 if r in where and r not in self._given]  # fmt: skip
        if roles:
            c["role"].value = roles[0]
            self._fill_values()
            choose(c["value"], where[roles[0]])
        if state.compare is not None:
            choose(c["compare"], GIVEN)
        elif state.tab == "compare":
            c["compare"].value = PERIOD
        self._fill_sides()
        self._fill_nodes()
        for name, value in (("at", state.at), ("to", state.to)):
            choose(c[name], value)

    def _fill_values(self) -> None:
        names = values_of(self.journeys, self.controls["role"].value or None)
        self.controls["value"].options = [(ANY, ""), *((name, name) for name in names)]

    def _fill_nodes(self) -> None:
        by = self.controls["by"].value
        names = nodes_of(self.journeys, by)
        nodes = [(name, name) for name in (START, *names, *ENDS)]
        for control, none in (("at", NOTHING), ("to", ANY)):
            self.controls[control].options = [(none, ""), *nodes]

    def _fill_sides(self) -> None:
        c, chosen = self.controls, self.controls["compare"].value
        role = chosen if chosen not in ("", PERIOD, GIVEN) else None
        names = values_of(self.journeys, role)
        for side, at in (("side_a", 0), ("side_b", 1)):
            c[side].options = [(name, name) for name in names]
            c[side].value = names[min(at, len(names) - 1)] if names else None
            c[side].layout.display = "" if names else "none"
        c["middle"].layout.display = "" if chosen == PERIOD else "none"

    def _comparison(self) -> tuple[Where, Where] | None:
        c, chosen = self.controls, self.controls["compare"].value
        if chosen == GIVEN:
            return self._sides
        if chosen == PERIOD and c["middle"].value:
            first, last = (day.isoformat() for day in period_of(self.journeys))
            middle = c["middle"].value.isoformat()
            return {"between": (first, middle)}, {"between": (middle, last)}
        if chosen in ("", PERIOD):
            return None
        if c["side_a"].value is None:
            raise OmninbError(
                f"Compare by {chosen}: no value of it has customers enough to be told."
            )
        return {chosen: c["side_a"].value}, {chosen: c["side_b"].value}
