"""A plotly figure in JupyterLab: drawn anew in place, clicked, saved and copied as code."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import anywidget
import pandas as pd
import traitlets

_HERE = Path(__file__).parent
WIDEST, NARROWEST, STEP = 1600, 480, 20


class Drawing(anywidget.AnyWidget):
    """One figure with its tools.

    plotly's own FigureWidget would validate every mark a second time and add and delete traces one
    message after the other, which flashes; here the browser is sent the whole figure and changes
    what differs.

    Attributes
    ----------
    figure : str
        The figure as JSON.
    code : str
        The calls that make it.
    name : str
        What saved files are called.
    room : int
        Pixels that the browser has for it; 0 until it is seen.
    drawn : int
        How many figures it was given.
    plot : plotly.graph_objects.Figure
        The figure.
    """

    _esm = _HERE / "drawing.js"
    _css = _HERE / "drawing.css"
    figure = traitlets.Unicode("").tag(sync=True)
    code = traitlets.Unicode("").tag(sync=True)
    name = traitlets.Unicode("figure").tag(sync=True)
    room = traitlets.Int(0).tag(sync=True)
    drawn = traitlets.Int(0).tag(sync=True)

    def __init__(self, name: str, width: int = 1100, share: float = 1.0) -> None:
        super().__init__(name=name)
        self.plot: Any = None
        self.clicked: Callable[[str, list[Any]], None] = lambda mark, row: None
        self.table: Callable[[], pd.DataFrame] = pd.DataFrame
        self._width, self._share = width, share
        self.layout.flex = f"1 1 {100 * share:.0f}%"
        self.layout.min_width = "0"
        self.on_msg(self._heard)

    @property
    def width(self) -> int:
        """Pixels of the next figure: what the browser has, in steps, so that few widths occur."""
        if not self.room:
            return self._width
        return min(WIDEST, max(NARROWEST, self.room // STEP * STEP))

    def show(self, plot: Any, code: str, table: Callable[[], pd.DataFrame]) -> None:
        """Draw a figure in the place of the one before."""
        self.plot, self.table = plot, table
        with self.hold_sync():
            self.drawn += 1
            self.code = code
            self.figure = plot.to_json()

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
