"""Small notebooks written for the tests of the report rooms: no log, invented numbers."""

from __future__ import annotations

import ast
import json
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

FIGURE = """
import plotly.graph_objects as go
channels = ["call centre", "partner_marketplace_clearance_2026", "social", "web", "store", "app"]
rates = [58.9, 57.5, 56.7, 52.6, 50.1, 49.3]
figure = go.Figure(go.Scatter(
    x=[300 + (r - 45) * 70 for r in rates], y=[120 + 60 * i for i in range(6)], mode="markers+text",
    text=NAMES or channels, textposition="middle left", marker={"size": 12},
    customdata=NAMES or channels, hovertemplate="%{customdata}<extra></extra>"))
figure.update_layout(
    width=1400, height=520, margin={"l": 0, "r": 0, "t": 0, "b": 0}, template="none",
    xaxis={"visible": False, "range": [0, 1400]}, yaxis={"visible": False, "range": [520, 0]},
    title={"text": "Where do journeys end?", "x": 0.02, "y": 0.95}, hoverlabel={"namelength": -1},
    meta={"alt": "Dots of six channels.", "caption": "Dot: share of journeys."})
figure
"""

TABLE = """
import pandas as pd
frame = pd.DataFrame({
    "channel": NAMES or channels, "drop_off": [r / 100 for r in rates],
    "drop_off_ci_lower": [r / 100 - 0.02 for r in rates],
    "drop_off_ci_upper": [r / 100 + 0.02 for r in rates],
    "interval_method": "jackknife",
    "customers": [7930, 412, 11042, 61907, 17264, 22418],
    "median_gap": pd.to_timedelta([90, 4000, 90000, 60, 5, 700], unit="s")})
frame.attrs = {"journeys": 97054, "customers": 51380, "confidence": 0.95,
    "observed_from": pd.Timestamp("2026-03-09", tz="UTC"),
    "observed_until": pd.Timestamp("2026-03-15", tz="UTC")}
onb.table_view(frame, title="Drop-off by channel", note="each journey under each channel")
"""

LEDGER = """
display({
    "text/plain": "ledger", "text/html": "<p>ledger</p>",
    "application/vnd.omninb.ledger+json": {
        "read": 1284906, "accepted": 1283711, "quarantined": 1195, "used": 1281402,
        "duplicates_removed": 2309,
        "checks": [{"check": "required: customer_id", "outcome": "quarantined", "rows": 1195,
                    "share": 0.001, "example": "SECRET-ID-42"}]}}, raw=True)
"""

VERDICT = """
onb.verdict("clear", f"Journeys that reach {(NAMES or channels)[0]} end without a purchase "
    "9.6 points more often than journeys that reach the app.",
    "58.9 % of 7,930 against 49.3 % of 22,418 journeys. 95 % interval of the difference 7.1 to "
    "12.1 points, jackknife over 64 groups of customers.", 9.6, (7.1, 12.1), "points", 0)
"""

HEADLINES = """
display(
    onb.headline((NAMES or ["Drop-off after the call centre"])[0], 58.9, (57.0, 60.8), 7930, "%"),
    onb.headline("Journeys that ended in a purchase", 12.3, (12.0, 12.6), 97054, "%"),
    onb.headline("Median days to purchase", 4.2, (4.0, 4.4), 11938, "days"))
"""

LOOK = """**What to look for**

- A channel whose line lies wholly to the right of the dotted one loses more than the average.
- Two lines that overlap a little may still differ: read the difference in the table.
"""


def drop_off_notebook() -> Any:
    """A whole notebook in the order of the house's style."""
    cells = [
        new_markdown_cell(
            "# Where do journeys end without a purchase?\n\nFor the head of service, who decides"
            " which channel gets the next fix."
        ),
        new_markdown_cell("**What you will do**: count.\n\n**What you need**: nothing."),
        new_code_cell(
            "EVENTS: str = None  # the log to read; None is the sample\n"
            "COLUMNS: dict = {}  # role = source column\n"
            'BY: str = "channel"  # what a step is named by\n'
            "NAMES: list = []  # names in place of the channels\n"
            "MIN_CUSTOMERS: int = 10  # smaller groups are pooled",
            metadata={"tags": ["parameters"]},
        ),
        new_code_cell("import omninb as onb"),
        new_markdown_cell("## The data\n\nEvery row is accounted for."),
        new_code_cell(LEDGER.strip()),
        new_markdown_cell(
            "## By channel\n\nA journey *drops off* at the last channel it touched, when no"
            " purchase followed within 14 days. See [the checks](#What-would-change-my-mind)."
        ),
        new_code_cell(FIGURE.strip()),
        new_markdown_cell(LOOK),
        new_code_cell(TABLE.strip()),
        new_markdown_cell("## The verdict\n\nThis says where journeys end, and does not say why."),
        new_code_cell(VERDICT.strip()),
        new_markdown_cell(
            "## What would change my mind\n\n- People who call may have a problem: set `BY`."
        ),
        new_markdown_cell("## Your turn\n\nWhich channel is worst on a phone?"),
        new_code_cell("1 + 1  # an exercise"),
        new_markdown_cell(
            "## Method\n\nIntervals leave out one of 64 groups of customers at a time."
        ),
        new_code_cell(HEADLINES.strip()),
    ]
    return _named(new_notebook(cells=cells))


def small_notebook(*sources: str) -> Any:
    """A notebook of a question, a parameters cell and the given code cells."""
    cells = [
        new_markdown_cell("# Does it run?\n\nFor whoever tests."),
        new_code_cell('BY: str = "channel"  # a text', metadata={"tags": ["parameters"]}),
        *(new_code_cell(source) for source in sources),
    ]
    return _named(new_notebook(cells=cells))


def run_in_process(notebook: Any, **parameters: Any) -> Any:
    """Run the cells here, without a kernel: enough for pages, and quick."""
    shown: list[Any] = []
    scope: dict[str, Any] = {"display": lambda *views, raw=False: shown.extend(views)}
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        cell.execution_count = 1
        shown.clear()
        tree = ast.parse(cell.source)
        last = tree.body[-1]
        if isinstance(last, ast.Expr):
            tree.body.pop()
        exec(compile(tree, "cell", "exec"), scope)
        if isinstance(last, ast.Expr):
            shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), scope))
        if "parameters" in cell.metadata.get("tags", []):
            scope.update(parameters)
        bundles = [_bundle(view) for view in list(shown)]
        cell.outputs = [new_output("display_data", data=bundle) for bundle in bundles if bundle]
    return notebook


def _bundle(view: Any) -> dict[str, Any]:
    if hasattr(view, "to_plotly_json"):
        return {"application/vnd.plotly.v1+json": json.loads(view.to_json())}
    return view if isinstance(view, dict) else getattr(view, "_repr_mimebundle_", dict)()


def write(notebook: Any, path: Any) -> str:
    """Write a notebook; its path as text."""
    nbformat.write(notebook, str(path))
    return str(path)


def _named(notebook: Any) -> Any:
    notebook.metadata["kernelspec"] = {
        "name": "python3", "display_name": "Python 3", "language": "python"
    }  # fmt: skip
    for i, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{i}"
    return notebook
