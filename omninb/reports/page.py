"""An executed notebook as one offline page; also an nbconvert exporter, ``omninb_report``.

The page holds no code, fetches nothing and runs no script but its own. Every text is escaped by the
template; the Content-Security-Policy stands behind that, should it ever fail.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import PurePath
from typing import Any

import jinja2
from markupsafe import Markup, escape
from nbconvert.exporters import Exporter

from omninb.reports.parameters import declared
from omninb.reports.story import Story, read_story
from omninb.reports.strips import interval_strip
from omninb.views import VERDICTS, headline_words
from omninb.wording import number_words


class ReportExporter(Exporter):
    """nbconvert's way to a page: ``jupyter nbconvert --to omninb_report notebook.ipynb``."""

    export_from_notebook = "omninb report"
    output_mimetype = "text/html"

    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(  # type: ignore[override]  # as nbconvert's own HTML exporter
        self, nb: Any, resources: Any = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """The page, and beside it the style sheet and scripts that it needs."""
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        resources["outputs"] = {**(resources.get("outputs") or {}), **assets()}
        return page_html(nb), resources


def page_html(
    notebook: Any,
    story: Story | None = None,
    suite: dict[str, str] | None = None,
    as_of: str | None = None,
) -> str:
    """One page.

    Parameters
    ----------
    notebook : NotebookNode
        Executed.
    story : Story, optional
        Read from the notebook already.
    suite : dict, optional
        ``title``, ``href`` and ``position`` ("report 2 of 5") of the index above the page.
    as_of : str, optional
        When the report is of, ISO 8601.

    Returns
    -------
    str
        HTML that needs :func:`assets` beside it. The same notebook gives the same bytes.
    """
    story = story or read_story(notebook)
    return templates().get_template("report.html.j2").render(
        story=story,
        suite=suite,
        run=run_words(as_of),
        facts=fact_words(story.facts),
        parameters=parameter_rows(notebook),
        ledger=ledger_view(story.ledger),
    )  # fmt: skip


def assets() -> dict[str, bytes]:
    """The files that a report folder shares between its pages, by their path in it."""
    import plotly

    here = files("omninb.reports") / "assets"
    own = {f"assets/{name}": (here / name).read_bytes() for name in ("report.css", "report.js")}
    library = files(plotly) / "package_data" / "plotly.min.js"
    return {**own, "assets/plotly.min.js": library.read_bytes()}


def run_words(as_of: str | None) -> str:
    """The run's moment, ``"16 March 2026, 06:00 UTC"``; empty for a notebook run by hand."""
    if not as_of:
        return ""
    moment = datetime.fromisoformat(as_of)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def fact_words(facts: dict[str, Any]) -> list[str]:
    """Journeys, customers and period of the log, as far as the notebook's tables state them."""
    words = []
    if "journeys" in facts:
        counts = f"{number_words(facts['journeys'])} journeys"
        if "customers" in facts:
            counts += f", {number_words(facts['customers'])} customers"
        words.append(counts)
    if "observed_from" in facts and "observed_until" in facts:
        words.append(period_words(facts["observed_from"], facts["observed_until"]))
    return words


def period_words(first: str, last: str) -> str:
    """Two days as a period, without repeating the year or month that they share.

    Examples
    --------
    >>> period_words("2026-03-09", "2026-03-15"), period_words("2025-12-30", "2026-01-02")
    ('9–15 March 2026', '30 December 2025 – 2 January 2026')
    """
    a, b = datetime.fromisoformat(first), datetime.fromisoformat(last)
    end = f"{b.day} {b:%B %Y}"
    if a.date() == b.date():
        return end
    if (a.year, a.month) == (b.year, b.month):
        return f"{a.day}–{end}"
    return f"{a.day} {a:%B} – {end}" if a.year == b.year else f"{a.day} {a:%B %Y} – {end}"


def parameter_rows(notebook: Any) -> list[dict[str, Any]]:
    """Each parameter with its value, default and comment; of a path, the last name alone."""
    given = notebook.metadata.get("papermill", {}).get("parameters", {})
    rows = []
    for parameter in declared(notebook).values():
        value = given.get(parameter.name, parameter.default)
        rows.append(
            {
                "name": parameter.name,
                "value": shown_value(parameter.name, value),
                "default": shown_value(parameter.name, parameter.default),
                "help": parameter.help,
                "changed": value != parameter.default,
            }
        )
    return rows


def shown_value(name: str, value: Any) -> Any:
    """A parameter as others may read it: where a file lay on this machine is not their business."""
    if isinstance(value, str) and name == "EVENTS":
        return PurePath(value).name
    return value


def ledger_view(ledger: dict[str, Any] | None) -> dict[str, Any] | None:
    """The ledger's equation, and its checks without the counts that the equation states."""
    if not ledger:
        return None
    terms = [
        ("used", ledger.get("used")),
        ("duplicates removed", ledger.get("duplicates_removed")),
        ("quarantined", ledger.get("quarantined")),
    ]
    return {
        "read": ledger.get("read"),
        "terms": [(name, rows) for name, rows in terms if rows is not None],
        "used": ledger.get("used"),
        "checks": [
            {key: check.get(key) for key in ("check", "outcome", "rows", "example")}
            for check in ledger.get("checks", [])
            if check.get("outcome") != "count"
        ],
    }


def _breakable(text: object) -> Markup:
    """Escaped text that may break after an underscore."""
    return Markup(str(escape(str(text))).replace("_", "_<wbr>"))


def _figure_json(figure: dict[str, Any]) -> Markup:
    """JSON that can stand inside ``<script>``: no character that could end it.

    Fractions keep seven digits: more than a screen has pixels, and a third fewer bytes.
    """
    text = json.dumps(_rounded(figure), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028"))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value


@cache
def templates() -> jinja2.Environment:
    """The pages' templates; every value is escaped unless it is prose made safe before."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("omninb.reports"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "breakable": _breakable,
        "figure_json": _figure_json,
        "number": number_words,
        "safe_prose": Markup,
    }
    environment.globals |= {
        "VERDICTS": VERDICTS,
        "interval_strip": interval_strip,
        "headline_words": headline_words,
    }
    return environment
