"""What explorers share: controls, a busy mark, errors in words, and figures that outlive them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from html import escape
from typing import Any

import ipywidgets as widgets
import pandas as pd

from omninb.errors import OmninbError
from omninb.explorers.drawing import STEP, Drawing
from omninb.explorers.recipe import Answers, Line, code

BUSY = '<div role="status" class="omninb-busy">Computing …</div>'


@dataclass(frozen=True)
class Shown:
    """What one drawing shows: a recipe, and which of its variables.

    Attributes
    ----------
    lines : sequence of Line
        The recipe.
    figure, view : str
        The variables that are a figure and a table as it is shown; empty where there is none.
    table : str
        The table that is saved.
    """

    lines: Sequence[Line]
    figure: str = "figure"
    table: str = "table"
    view: str = ""


class Explorer(widgets.VBox):
    """Controls above drawings. A change runs the recipes of what is shown, and nothing else.

    Attributes
    ----------
    controls : dict
        The widgets by the name of what they set.
    drawings : dict
        The drawings by name; the first is the main one.
    """

    def __init__(
        self,
        given: Mapping[str, object],
        made_by: Sequence[str],
        controls: Mapping[str, widgets.Widget],
        drawings: Mapping[str, Drawing],
    ) -> None:
        super().__init__()
        self.add_class("omninb-explorer")
        self.controls, self.drawings = dict(controls), dict(drawings)
        self.status = widgets.HTML()
        self.answers = Answers(given)
        self._made_by = tuple(made_by)
        # JupyterLab may hand a control's change to another thread than the one that runs cells.
        self._turn, self._quiet = threading.RLock(), 0
        for control in self.controls.values():
            if control.has_trait("value"):
                control.observe(self._changed, "value")
        for drawing in self.drawings.values():
            drawing.observe(self._resized, "room")
            drawing.clicked = self._clicked

    @property
    def code(self) -> str:
        """The calls behind the main figure, as they run in a fresh kernel."""
        return next(iter(self.drawings.values())).code

    @property
    def figure(self) -> Any:
        """The main figure; one's own, to be changed."""
        return deepcopy(next(iter(self.drawings.values())).plot)

    @property
    def table(self) -> pd.DataFrame:
        """The table behind the main figure; one's own, to be changed."""
        return next(iter(self.drawings.values())).table()

    def update(self) -> list[str]:
        """Show what the controls say; returns notes. Each explorer says how."""
        raise NotImplementedError

    def prepare(self, name: str) -> None:
        """Fill what depends on a control that was changed."""

    def click(self, mark: str, row: list[Any]) -> None:
        """Take a click on a mark: its trace, and the texts of its hover label."""

    def draw(self, shown: Mapping[str, Shown]) -> list[str]:
        """Make everything that is to be shown, and only then show it; returns notes.

        Parameters
        ----------
        shown : mapping
            Drawing to what it shows; the other drawings are hidden.
        """
        self.answers.begin()
        plots = {name: self._made(one, one.figure) for name, one in shown.items()}
        views = {name: self._made(one, one.view) for name, one in shown.items()}
        for name, drawing in self.drawings.items():
            drawing.layout.display = "" if name in shown else "none"
            made = (plots[name][0], views[name][0]) if name in shown else drawing.given
            if any(one is not before for one, before in zip(made, drawing.given, strict=True)):
                one = shown[name]
                drawing.given = made
                page = views[name][0].html if one.view else ""
                calls = code(self._made_by, one.lines, one.figure or one.view)
                drawing.show(plots[name][0], page, calls, self._later(one))
        said = [note for _, notes in (*plots.values(), *views.values()) for note in notes]
        return list(dict.fromkeys(said))

    def _made(self, shown: Shown, name: str) -> tuple[Any, list[str]]:
        return self.answers.value(shown.lines, name) if name else (None, [])

    def _later(self, shown: Shown) -> Callable[[], pd.DataFrame]:
        return lambda: self.answers.value(shown.lines, shown.table)[0].copy()

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Set controls without an update for each."""
        with self._turn:
            self._quiet += 1
            try:
                yield
            finally:
                self._quiet -= 1

    def begin(self) -> None:
        """Show what the arguments say; what they raise is the caller's."""
        with self.quiet():
            self.status.value = _said(self.update())

    def attempt(self, act: Callable[[], list[str]]) -> None:
        """Do something; what it raises is said, and what was shown before stays."""
        with self.quiet():
            self.status.value = BUSY
            self.add_class("omninb-computing")
            said = ""
            try:
                said = _said(act())
            except OmninbError as error:
                said = _error(str(error))
            except Exception as error:
                said = _error(f"This could not be computed: {type(error).__name__}: {error}.")
            finally:
                self.remove_class("omninb-computing")
                self.status.value = said

    def _changed(self, change: Any) -> None:
        def act() -> list[str]:
            for name, control in self.controls.items():
                if control is change["owner"]:
                    self.prepare(name)
            return self.update()

        with self._turn:
            if not self._quiet:
                self.attempt(act)

    def _resized(self, change: Any) -> None:
        drawing = change["owner"]
        for other in self.drawings.values():
            # What was not seen yet will have the room that this one shows there to be.
            other.likely = drawing.width * drawing.beside // other.beside // STEP * STEP
        if drawing.plot is not None and drawing.width != drawing.plot.layout.width:
            self._changed(change)

    def _clicked(self, mark: str, row: list[Any]) -> None:
        def act() -> list[str]:
            self.click(mark, row)
            return self.update()

        self.attempt(act)


def _said(notes: Sequence[str]) -> str:
    return "".join(f'<div class="omninb-note">{escape(note)}</div>' for note in notes)


def _error(text: str) -> str:
    return (
        f'<div role="alert" class="omninb-error">{escape(text)} '
        "The figure still shows what was chosen before.</div>"
    )


def row(*children: widgets.Widget) -> widgets.Box:
    """Controls side by side, on as many lines as they need."""
    layout = widgets.Layout(display="flex", flex_flow="row wrap", width="100%", grid_gap="4px 14px")
    return widgets.Box(children, layout=layout)


def beside(name: str, *children: widgets.Widget) -> widgets.Box:
    """Drawings side by side where there is room; drawing.css says how, by the name."""
    box = widgets.Box(children, layout=widgets.Layout(width="100%"))
    box.add_class(f"omninb-{name}")
    return box


def choose(control: widgets.Widget, value: object) -> None:
    """Set a list to a value, which is added where it is missing; None stands for its ""."""
    # A list must not hold None itself: ipywidgets takes it for no choice, in some orders of events.
    value = "" if value is None else value
    if value not in [one for _, one in control.options]:
        control.options = [*control.options, (str(value), value)]
    control.value = value


def labelled(kind: type[widgets.Widget], label: str, width: str = "200px", **traits: Any) -> Any:
    """A control whose label stands beside it and is read with it."""
    return kind(
        description=label,
        style={"description_width": "initial"},
        layout=widgets.Layout(width=width, margin="2px 0"),
        **traits,
    )
