"""The funnel explorer: steps put together, where they lose people, and what the lost did next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np

from omninb.conditions import condition_words
from omninb.errors import OmninbError, duration, nearest
from omninb.explorers.choices import By, by_options, nodes_of, roles_of, values_of
from omninb.explorers.drawing import Drawing
from omninb.explorers.frame import Explorer, Shown, beside, choose, labelled, row
from omninb.explorers.funnel_state import FunnelState
from omninb.figures.lettering import harmless, plain
from omninb.funnel_steps import Step
from omninb.journeys import Journeys, given_journeys

NOTHING = "(nothing)"
ORDERS = {"ordered": "in this order", "strict": "one right after the other", "any": "in any order"}
ATTEMPTS = {"furthest": "the furthest", "first": "the first", "every": "every"}
MOST_BESIDE = 6  # places of the drop-off that have room beside other figures
OTHERS = (
    "Drop-off and what came next are of the steps in order, without exclusions: "
    "they know no others."
)
FIRST = "Split, the first attempt of each counts: the furthest would be chosen by its outcome."


def explore_funnel(
    journeys: Journeys,
    steps: Sequence[Step] | None = None,
    within: str | None = None,
    order: str = "ordered",
    attempt: str | None = None,
    exclude: Sequence[str] = (),
    breakdown: str | None = None,
    by: By = "channel",
    step: int | None = None,
    at: str | None = None,
) -> Explorer:
    """Explore a funnel in JupyterLab: put steps together and see where they lose people.

    Everything that it shows comes from public functions, and "Copy as code" gives their calls.

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.
    steps : list, optional
        As in `funnel_table`; by default the two most frequent events, the more frequent first.
    within, order, breakdown
        As in `funnel_table`.
    attempt : str, optional
        As in `funnel_table`; by default the furthest, or the first with a breakdown.
    exclude : list of str
        Events that must not come between the first step and the last.
    by : str or list of str
        The role or column, or the combination of several, on which a step is taken, for the
        drop-off and what came next.
    step, at : optional
        A cell of the drop-off that is looked at: the number of its step, and where it was taken.

    Returns
    -------
    Explorer
        An ipywidget: ``.figure``, ``.table`` and ``.code`` are those of the funnel.

    Raises
    ------
    OmninbError
        If an argument cannot be read. What goes wrong later is said in the explorer.

    Examples
    --------
    >>> import omninb as onb
    >>> journeys = onb.sample().journeys()
    >>> explorer = onb.explore_funnel(journeys, ["checkout", "payment", "purchase"], within="7d")
    >>> explorer.figure.layout.title.text.replace("<br>", " ")
    'Where do customers stop between checkout and purchase?'
    """
    given_journeys(journeys)
    steps = steps or _commonest(journeys)
    if isinstance(steps, str) or len(steps) < 2:
        raise OmninbError(f"steps={steps!r}: give a list of two at least.")
    if step is not None and not isinstance(step, int):
        raise OmninbError(f"step={step!r}: give the number of a step, from 1.")
    if isinstance(exclude, str):
        raise OmninbError(f"exclude={exclude!r}: give a list of events.")
    for argument, given, known in (
        ("order", order, ORDERS),
        ("attempt", "first" if attempt is None else attempt, ATTEMPTS),
        ("step", 1 if step is None else step, range(1, len(steps))),
        *(("at", one, nodes_of(journeys, by)) for one in (at,) if one is not None),
    ):
        if given not in known:
            raise OmninbError(
                f"{argument}={given!r}: there is none.{nearest(str(given), map(str, known))}"
            )
    if within is not None:
        duration(within, "within")
    state = FunnelState(
        tuple(steps), within, order, attempt or ("first" if breakdown else "furthest"),
        tuple(exclude), breakdown, by if isinstance(by, str) else tuple(by), step, at,
    )  # fmt: skip
    return FunnelExplorer(journeys, state, chosen=attempt is not None)


class FunnelExplorer(Explorer):
    """See `explore_funnel`."""

    def __init__(self, journeys: Journeys, state: FunnelState, chosen: bool = True) -> None:
        self._follows = not chosen and state.breakdown is not None
        self.journeys, self.steps = journeys, list(state.steps)
        drawings = {
            **{name: Drawing(name, beside=2) for name in ("funnel", "drop_off", "lost_to")},
            "cell": Drawing("cell"),
        }
        controls = _controls(journeys, state)
        super().__init__({"journeys": journeys}, journeys.made_by, controls, drawings)
        c = self.controls
        self.buttons = {
            name: widgets.Button(description=name, layout=widgets.Layout(width="90px"))
            for name in ("Earlier", "Later", "Remove", "Add step")
        }
        for name, button in self.buttons.items():
            button.on_click(lambda _, name=name: self.attempt(lambda: self._edit(name)))
        with self.quiet():
            self._list(0)
            self._fill_places()
            choose(c["step"], state.step)
            choose(c["at"], state.at)
        self._side_by_side = beside(
            "three",
            drawings["funnel"],
            drawings["drop_off"],
            widgets.VBox([row(c["step"], c["at"]), drawings["cell"]]),
            drawings["lost_to"],
        )
        stacked = widgets.Layout(width="100px")
        moving = [self.buttons[name] for name in ("Earlier", "Later", "Remove")]
        others = ("within", "order", "attempt", "exclude", "breakdown", "by")
        self.children = [
            row(
                c["steps"],
                widgets.VBox(moving, layout=stacked),
                widgets.VBox([c["add"], self.buttons["Add step"]]),
                *(c[name] for name in others),
            ),
            self.status,
            self._side_by_side,
        ]
        self.begin()

    @property
    def state(self) -> FunnelState:
        """What the controls say: the arguments that open the explorer as it is."""
        c = self.controls
        return FunnelState(
            tuple(self.steps), c["within"].value.strip() or None, c["order"].value,
            c["attempt"].value, tuple(c["exclude"].value), c["breakdown"].value or None,
            c["by"].value,
            c["step"].value or None, c["at"].value or None,
        )  # fmt: skip

    def update(self) -> list[str]:
        """Show the funnel, its drop-off and what came next."""
        state = self.state
        shown: dict[str, Shown] = {
            name: getattr(state, name)(self.drawings[name].width)
            for name in ("funnel", "drop_off", "lost_to")
        }
        notes = self.draw(shown | state.cell())
        drop_off = self.drawings["drop_off"].table()
        many = drop_off[drop_off.attrs["by"]].nunique() > MOST_BESIDE
        for name, needed in (("split", state.breakdown is not None), ("many", many)):
            box = self._side_by_side
            (box.add_class if needed else box.remove_class)(f"omninb-{name}")
        notes += [] if state.plain else [OTHERS]
        return [*notes, FIRST] if self._follows else notes

    def prepare(self, name: str) -> None:
        """A breakdown needs attempts that do not follow from the outcome; places follow `by`."""
        c = self.controls
        if name == "attempt":
            self._follows = False
        elif name == "breakdown" and c["breakdown"].value and c["attempt"].value == "furthest":
            c["attempt"].value, self._follows = "first", True
        elif name == "breakdown" and not c["breakdown"].value and self._follows:
            c["attempt"].value, self._follows = "furthest", False
        elif name == "by":
            self._fill_places()

    def click(self, mark: str, row: list[Any]) -> None:
        """Look at the cell of the drop-off that was clicked."""
        names = [plain(condition_words(step)) for step in self.steps]
        places = nodes_of(self.journeys, self.controls["by"].value)
        for number, (one, then) in enumerate(zip(names, names[1:], strict=False), 1):
            for place in places:
                if mark == "cells" and row[0] == harmless(f"{one} → {then}, {plain(place)}"):
                    choose(self.controls["step"], number)
                    choose(self.controls["at"], place)

    def _edit(self, name: str) -> list[str]:
        """Move, take away or add a step."""
        at = self.controls["steps"].value
        if name == "Add step":
            at = len(self.steps)
            self.steps.append(self.controls["add"].value)
        elif at is None:
            raise OmninbError(f"{name}: choose a step of the list first.")
        elif name == "Remove":
            if len(self.steps) < 3:
                raise OmninbError("Remove: a funnel has two steps at least.")
            self.steps.pop(at)
            at = min(at, len(self.steps) - 1)
        else:
            to = at + (1 if name == "Later" else -1)
            if 0 <= to < len(self.steps):
                self.steps.insert(to, self.steps.pop(at))
                at = to
        self._list(at)
        choose(self.controls["step"], None)
        return self.update()

    def _list(self, at: int) -> None:
        words = [f"{i}. {condition_words(step)}" for i, step in enumerate(self.steps, 1)]
        self.controls["steps"].options = [(text, i) for i, text in enumerate(words)]
        self.controls["steps"].value = at
        here = self.controls["step"].value
        numbers: list[tuple[str, object]] = [(text, i + 1) for i, text in enumerate(words[:-1])]
        self.controls["step"].options = [(NOTHING, ""), *numbers]
        choose(self.controls["step"], here if here and here < len(words) else None)

    def _fill_places(self) -> None:
        places = nodes_of(self.journeys, self.controls["by"].value)
        self.controls["at"].options = [(NOTHING, ""), *((name, name) for name in places)]


def _controls(journeys: Journeys, state: FunnelState) -> dict[str, widgets.Widget]:
    events = values_of(journeys, "event")
    excluded = [*events, *(one for one in state.exclude if one not in events)]
    roles = roles_of(journeys.columns.table)
    roles += [state.breakdown] if state.breakdown and state.breakdown not in roles else []
    named: list[tuple[str, str]] = [(name, name) for name in roles]
    lists = {
        name: [(words, one) for one, words in known.items()]
        for name, known in (("order", ORDERS), ("attempt", ATTEMPTS))
    }
    return {
        "steps": labelled(widgets.Select, "Steps", "260px", options=[], rows=6),
        "add": labelled(widgets.Dropdown, "Event", "230px", options=events),
        "within": labelled(
            widgets.Text, "Window", "150px", value=state.within or "", placeholder="such as 7d",
            continuous_update=False),
        "order": labelled(
            widgets.Dropdown, "Order", "230px", options=lists["order"], value=state.order),
        "attempt": labelled(
            widgets.Dropdown, "Attempt", "190px", options=lists["attempt"], value=state.attempt),
        "exclude": labelled(
            widgets.SelectMultiple, "Without", "230px", options=excluded, value=state.exclude,
            rows=4),
        "breakdown": labelled(
            widgets.Dropdown, "Split by", options=[(NOTHING, ""), *named],
            value=state.breakdown or ""),
        "by": labelled(
            widgets.Dropdown, "Drop-off by", "270px", value=state.by,
            options=by_options(journeys.columns.table, state.by)),
        "step": labelled(widgets.Dropdown, "Look at step", "320px", options=[(NOTHING, "")]),
        "at": labelled(widgets.Dropdown, "taken on", "330px", options=[(NOTHING, "")]),
    }  # fmt: skip


def _commonest(journeys: Journeys) -> list[str]:
    codes, labels = journeys.columns.codes("event")
    counts = np.bincount(codes, minlength=len(labels))
    return [labels[i] for i in np.argsort(-counts, kind="stable")[:2]]
