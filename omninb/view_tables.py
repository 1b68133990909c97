"""How a notebook shows a table: rates in % with their interval, then what they are of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from omninb.errors import OmninbError, nearest
from omninb.wording import MISSING, duration_words, interval_words, number_words

TABLE_MIME = "application/vnd.omninb.table+json"

_LABELS = {"source": "From", "target": "To", "p90_gap": "90 % gap", "median_gap": "Median gap"}
_RATES = {"probability", "share", "drop_off"}
# The column that a rate is a part of. Shares are of all journeys, which stands in `.attrs`.
_DENOMINATORS = {"probability": "settled", "conversion_rate": "settled", "leave_rate": "settled"}
_DENOMINATORS |= {"customers_share": "customers", "touchpoints_share": "touchpoints"}
_FALLBACKS = ("whole", "settled", "customers", "journeys", "touchpoints")
_METHODS = {
    "jackknife": "jackknife over 64 groups of customers",
    "korn-graubard": "Korn and Graubard's exact one",
    "wilson": "Wilson",
    "mover": "from the two rates' own (MOVER)",
    "newcombe": "Newcombe's of two shares",
    "welch": "Welch's of two means",
    "delta": "delta method",
    "greenwood": "Greenwood's of times",
}
_ORDER = {"text": 0, "rate": 1, "difference": 2, "duration": 3, "number": 4, "count": 5}
_LABEL_NUMBERS = {"step"}  # whole numbers that name a row and count nothing


@dataclass(frozen=True)
class View:
    """A thing to show: its plain text, its HTML for JupyterLab, and its JSON under one MIME type.

    Attributes
    ----------
    mime : str
        MIME type of the payload.
    payload : dict or list
        Strings and numbers only; what a report page reads.
    plain, html : str
        The same for a terminal and for JupyterLab; the HTML is escaped.
    """

    mime: str
    payload: Any
    plain: str
    html: str

    def __repr__(self) -> str:
        return self.plain

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": self.plain, "text/html": self.html, self.mime: self.payload}


def table_view(
    frame: pd.DataFrame, title: str, note: str | None = None, columns: Sequence[str] | None = None
) -> View:
    """Show a table as the house does: rates in % with their interval, then what they are of.

    Columns ``x``, ``x_ci_lower`` and ``x_ci_upper`` become one rate and one interval column;
    durations are put into words; ``interval_method`` becomes a line under the table. A rate whose
    denominator was left out of ``columns`` gets it back: no rate is shown without.

    Parameters
    ----------
    frame : DataFrame
        A table of omninb. ``frame.attrs["journeys"]`` is the denominator of ``share``.
    title : str
        What the rows are.
    note : str, optional
        One more line, such as how rows were counted.
    columns : sequence of str, optional
        Columns to show, in this order (default: all; names, rates, differences, then counts).

    Returns
    -------
    View
        Displays itself; MIME type ``application/vnd.omninb.table+json``.

    Raises
    ------
    OmninbError
        If a column is not in the table, or a rate has no denominator anywhere.

    Examples
    --------
    >>> frame = pd.DataFrame({"channel": ["web"], "leave_rate": [0.25], "settled": [40]})
    >>> table_view(frame, "Who leaves")
    Who leaves
    Channel Leave rate Settled
        web       25.0      40
    """
    shown = _shown_columns(frame, columns)
    level = f"{100 * frame.attrs.get('confidence', 0.95):g} % interval"
    heads: list[dict[str, str]] = []
    cells: list[list[str]] = []
    numbers: list[list[Any]] = []
    for name in shown:
        kind = _kind(frame, name)
        values = frame[name].tolist()
        heads.append({"label": _label(name), "unit": _unit(frame, name, kind), "kind": kind})
        cells.append([_cell(value, kind) for value in values])
        numbers.append([_number(value, kind) for value in values])
        lower, upper = f"{name}_ci_lower", f"{name}_ci_upper"
        if lower in frame and upper in frame:
            scale, signed = (100 if kind in {"rate", "difference"} else 1), kind == "difference"
            unit = {"rate": "%", "difference": "points"}.get(kind, "")
            heads.append({"label": level, "unit": unit, "kind": "interval"})
            bounds = list(zip(frame[lower].tolist(), frame[upper].tolist(), strict=True))
            cells.append(
                [MISSING if pd.isna(a) or pd.isna(b) else
                 interval_words(scale * a, scale * b, signed=signed) for a, b in bounds]
            )  # fmt: skip
            pairs = [[_number(a, kind), _number(b, kind)] for a, b in bounds]
            numbers.append([None if None in pair else pair for pair in pairs])
    rows = [list(row) for row in zip(*cells, strict=True)]
    payload = {
        "title": str(title),
        "note": note,
        "method": _method(frame) if any(_is_interval(head) for head in heads) else None,
        "columns": heads,
        "rows": rows,
        "values": [list(row) for row in zip(*numbers, strict=True)],
        "facts": _facts(frame),
    }
    plain = pd.DataFrame(rows, columns=[head["label"] for head in heads]).to_string(index=False)
    return View(TABLE_MIME, payload, f"{title}\n{plain if rows else '(no rows)'}", _html(payload))


def _shown_columns(frame: pd.DataFrame, columns: Sequence[str] | None) -> list[str]:
    names = [str(name) for name in frame.columns]
    folded = {n for n in names if n.endswith(("_ci_lower", "_ci_upper")) or n == "interval_method"}
    for name in columns or ():
        if name not in names:
            raise OmninbError(f"columns: the table has no {name!r}.{nearest(name, names)}")
    shown = [n for n in columns or names if n not in folded]
    if columns is None:
        shown.sort(key=lambda n: _ORDER[_kind(frame, n)])
    for name in [n for n in shown if _kind(frame, n) == "rate"]:
        whole = _denominator(frame, name)
        if whole is not None and whole not in shown:
            shown.append(whole)
    return shown


def _denominator(frame: pd.DataFrame, name: str) -> str | None:
    """The column that the rate is of; None where one number serves the whole table."""
    if name == "share" and _all_journeys(frame) is not None:
        return None
    side = name[-2:] if name.endswith(("_a", "_b")) else ""  # a comparison of two segments
    for whole in (_DENOMINATORS.get(name), *(f"{fallback}{side}" for fallback in _FALLBACKS)):
        if whole in frame and whole != name:
            return whole
    raise OmninbError(
        f"table_view: {name!r} has no denominator. Keep a column such as 'settled' or 'customers',"
        " or the table's own .attrs (concat drops them)."
    )


def _all_journeys(frame: pd.DataFrame) -> int | None:
    """The journeys that a share is of: all, or those that were read from an anchor on."""
    return frame.attrs.get("journeys_read", frame.attrs.get("journeys"))


def _kind(frame: pd.DataFrame, name: str) -> str:
    column = frame[name]
    if isinstance(column.dtype, pd.CategoricalDtype) or name in _LABEL_NUMBERS:
        return "text"
    if pd.api.types.is_timedelta64_dtype(column):
        return "duration"
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return "text"
    counted = pd.api.types.is_integer_dtype(column)  # one count less another
    if ("difference" in name and not counted) or name == "uplift":
        return "difference"
    rate = name.removesuffix("_a").removesuffix("_b")
    if rate in _RATES or rate.endswith(("_rate", "_share", "_probability")):
        return "rate"
    return "number" if pd.api.types.is_float_dtype(column) else "count"


def _unit(frame: pd.DataFrame, name: str, kind: str) -> str:
    if kind == "rate":
        whole = _denominator(frame, name)
        of = f"{number_words(_all_journeys(frame))} journeys" if whole is None else whole
        return f"% of {of.replace('_', ' ')}"
    return {"difference": "points", "count": "count"}.get(kind, "")


def _cell(value: Any, kind: str) -> str:
    if kind == "rate" or kind == "difference":
        part = None if value is None or pd.isna(value) else 100 * value
        return number_words(part, signed=kind == "difference")
    if kind == "duration":
        return duration_words(value)
    if kind != "text":
        return number_words(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return MISSING if _is_missing(value) else str(value)


def _number(value: Any, kind: str) -> float | None:
    """A cell for machines, in the column's unit, durations in seconds; six digits of a fraction."""
    if kind == "text" or _is_missing(value):
        return None
    if kind == "count":
        return int(value)
    scale = 100 if kind in {"rate", "difference"} else 1
    number = value.total_seconds() if kind == "duration" else float(value)
    return float(f"{scale * number:.6g}") if math.isfinite(number) else None


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or bool(value != value)  # NaN and NaT alone differ


def _label(name: str) -> str:
    words = name.replace("_", " ").strip()
    return _LABELS.get(name, words[:1].upper() + words[1:])


def _is_interval(head: Mapping[str, Any]) -> bool:
    """Whether a column holds intervals, made by the table or written by a notebook."""
    return head["kind"] == "interval" or head["label"] == "Interval"


def _method(frame: pd.DataFrame) -> str | None:
    """How the intervals were made, in a line; each method with its rows where there are several."""
    if "interval_method" not in frame or not len(frame):
        return None
    methods = frame["interval_method"].dropna().astype(str).str.split(", ").str[0]
    counts = methods[methods != ""].value_counts()
    words = [_METHODS.get(method, method) for method in counts.index]
    if len(words) > 1:
        rows = [f"{n} {'row' if n == 1 else 'rows'}" for n in counts]
        words = [f"{word} ({n})" for word, n in zip(words, rows, strict=True)]
    return f"Intervals: {', '.join(words)}." if words else None


def _facts(frame: pd.DataFrame) -> dict[str, Any]:
    """Numbers of the log that the page's first lines state; counts and dates only."""
    facts: dict[str, Any] = {
        k: int(frame.attrs[k])
        for k in ("journeys", "customers")
        if frame.attrs.get(k) is not None  # not told of few
    }
    dates = {
        k: pd.Timestamp(frame.attrs[k]).date().isoformat()
        for k in ("observed_from", "observed_until")
        if k in frame.attrs and not pd.isna(frame.attrs[k])
    }
    return facts | dates


LAB_GREY = ' style="color:#5c6570"'


def _html(table: dict[str, Any]) -> str:
    """The table for JupyterLab, where the page's style sheet is not at hand."""
    align = ["left" if c["kind"] == "text" else "right" for c in table["columns"]]
    head = "".join(
        f'<th style="text-align:{a}">{escape(c["label"])}<br>'
        f"<small>{escape(c['unit'])}</small></th>"
        for c, a in zip(table["columns"], align, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(
            f'<td style="text-align:{a}{";color:#5c6570" if c["kind"] == "interval" else ""}">'
            f"{escape(text)}</td>"
            for text, c, a in zip(row, table["columns"], align, strict=True)
        ) + "</tr>"
        for row in table["rows"]
    )  # fmt: skip
    notes = " ".join(escape(n) for n in (table["note"], table["method"]) if n)
    empty = "" if table["rows"] else "<p>No rows.</p>"
    return (
        f"<div><strong>{escape(table['title'])}</strong><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>{empty}<small{LAB_GREY}>{notes}</small></div>"
    )
