"""A figure or a table in JupyterLab: drawn anew in place, clicked, saved and copied as code."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import anywidget
import pandas as pd
import traitlets

_HERE = Path(__file__).parent
WIDEST, NARROWEST, LIKELY, STEP = 1600, 400, 1100, 20


class Drawing(anywidget.AnyWidget):
    """One figure or table with its tools.

    plotly's own FigureWidget would validate every mark a second time and add and delete traces one
    message after the other, which flashes; here the browser is sent the whole figure and changes
    what differs.

    Attributes
    ----------
    figure : str
        The figure as JSON; empty where there is a table alone.
    page : str
        The table as HTML, with its texts escaped.
    code : str
        The calls that make it.
    name : str
        What saved files are called.
    room : int
        Pixels that the browser has for it; 0 until it is seen.
    drawn : int
        How often it was given something.
    plot : plotly.graph_objects.Figure or None
        The figure.
    beside : int
        How many drawings share its row where there is room.
    likely : int
        Pixels of a figure that no browser has shown yet.
    """

    _esm = _HERE / "drawing.js"
    _css = _HERE / "drawing.css"
    figure = traitlets.Unicode("").tag(sync=True)
    page = traitlets.Unicode("").tag(sync=True)
    code = traitlets.Unicode("").tag(sync=True)
    name = traitlets.Unicode("figure").tag(sync=True)
    room = traitlets.Int(0).tag(sync=True)
    drawn = traitlets.Int(0).tag(sync=True)

    def __init__(self, name: str, beside: int = 1) -> None:
        super().__init__(name=name)
        self.plot: Any = None
        self.given: tuple[Any, Any] = (None, None)
        self.clicked: Callable[[str, list[Any]], None] = lambda mark, row: None
        self.table: Callable[[], pd.DataFrame] = pd.DataFrame
        self.beside = beside
        self.likely = LIKELY // beside
        self.layout.min_width = "0"
        self.on_msg(self._heard)

    @property
    def width(self) -> int:
        """Pixels of the next figure: what the browser has, in steps, so that few widths occur."""
        if not self.room:
            return self.likely
        return min(WIDEST, max(NARROWEST, self.room // STEP * STEP))

    def show(self, plot: Any, page: str, code: str, table: Callable[[], pd.DataFrame]) -> None:
        """Show a figure, a table or both in the place of what was shown before."""
        self.plot, self.table = plot, table
        with self.hold_sync():
            self.figure = "" if plot is None else plot.to_json()
            self.page, self.code = page, code
            self.drawn += 1

    def _heard(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if "click" in message:
            self.clicked(message["mark"], message["click"])
        elif message.get("ask") == "plotly":
            library = files("plotly") / "package_data" / "plotly.min.js"
            self.send({"answer": "plotly"}, [library.read_bytes()])
        elif message.get("ask") == "table":
            text = self.table().to_csv(index=False)
            self._file(f"{self.name}.csv", "text/csv", text)
        elif message.get("ask") == "html" and self.plot is not None:
            text = self.plot.to_html(include_plotlyjs=True, config={"displayModeBar": False})
            self._file(f"{self.name}.html", "text/html", text)

    def _file(self, name: str, kind: str, text: str) -> None:
        self.send({"answer": "file", "name": name, "type": kind}, [text.encode()])
