"""What a notebook shows beside its figures: tables, verdicts and headline numbers.

Each is a display object with three faces: plain text, escaped HTML for JupyterLab, and JSON of
omninb's own MIME type, which is the only one of the three that a report page reads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from omninb.errors import OmninbError, nearest
from omninb.view_tables import LAB_GREY, TABLE_MIME, View, table_view
from omninb.wording import interval_words, number_words

__all__ = [
    "HEADLINE_MIME",
    "LEDGER_MIME",
    "TABLE_MIME",
    "VERDICTS",
    "VERDICT_MIME",
    "View",
    "headline",
    "headline_words",
    "table_view",
    "verdict",
]

VERDICT_MIME = "application/vnd.omninb.verdict+json"
HEADLINE_MIME = "application/vnd.omninb.headline+json"
LEDGER_MIME = "application/vnd.omninb.ledger+json"

VERDICTS = {
    "clear": "Clear difference",
    "none": "No clear difference",
    "cannot say": "Cannot say",
}


def verdict(
    kind: str,
    sentence: str,
    basis: str,
    estimate: float | None = None,
    interval: Sequence[float] | None = None,
    unit: str = "",
    against: float | None = None,
) -> View:
    """The answer in one sentence, with what it stands on and, where there is one, its interval.

    Parameters
    ----------
    kind : {"clear", "none", "cannot say"}
        A clear difference; no clear difference; or not enough to say.
    sentence : str
        The answer, made from the table.
    basis : str
        Denominators, interval and method.
    estimate : float, optional
        The number that the sentence is about, in ``unit``.
    interval : pair of float, optional
        Its lower and upper bound, in ``unit``. "cannot say" never draws one.
    unit : str
        Such as ``"points"`` or ``"%"``.
    against : float, optional
        The value that the interval is judged against; 0 when the unit is ``"points"``.

    Returns
    -------
    View
        MIME type ``application/vnd.omninb.verdict+json``.

    Raises
    ------
    OmninbError
        If ``kind`` is unknown, or the interval does not hold the estimate.

    Examples
    --------
    >>> verdict("clear", "Chat loses more.", "Of 212 journeys.", 9.6, (7.1, 12.1), "points")
    Clear difference: Chat loses more.
    Of 212 journeys.
    """
    if kind not in VERDICTS:
        raise OmninbError(f"kind={kind!r} is no verdict.{nearest(str(kind), VERDICTS)}")
    bounds = None
    if interval is not None and all(map(_finite, interval)):
        bounds = [float(interval[0]), float(interval[1])]
        inside = _finite(estimate) and bounds[0] <= float(estimate) <= bounds[1]  # type: ignore[arg-type]
        if not inside:
            raise OmninbError(f"interval={interval!r} does not hold estimate={estimate!r}.")
    if against is None and unit == "points":
        against = 0.0
    payload = {
        "kind": kind,
        "sentence": str(sentence),
        "basis": str(basis),
        "estimate": float(estimate) if _finite(estimate) else None,  # type: ignore[arg-type]
        "interval": bounds,
        "unit": str(unit),
        "against": None if against is None else float(against),
    }
    name = VERDICTS[kind]
    html = (
        f'<div style="border-left:4px solid #858d97;padding:4px 12px"><strong>{name}</strong>'
        f"<br>{escape(str(sentence))}<br><small{LAB_GREY}>{escape(str(basis))}</small></div>"
    )
    return View(VERDICT_MIME, payload, f"{name}: {sentence}\n{basis}", html)


def headline(
    name: str,
    value: float | str,
    interval: Sequence[float] | None,
    of: int | str,
    unit: str,
    below: float | None = None,
    above: float | None = None,
) -> View:
    """One number that a run is remembered by: the index page and tests read it.

    Parameters
    ----------
    name : str
        What it is, such as ``"Journeys that ended in a purchase"``.
    value : float or str
        In ``unit``.
    interval : pair of float or None
        Its bounds, in ``unit``.
    of : int or str
        The denominator: how many the value was counted on.
    unit : str
        Such as ``"%"``, ``"points"`` or ``"days"``; empty for a count.
    below, above : float, optional
        Thresholds, in ``unit``: ``omninb report`` says so when the whole interval (without one, the
        value) lies beyond.

    Returns
    -------
    View
        MIME type ``application/vnd.omninb.headline+json``: a list of one record.

    Examples
    --------
    >>> headline("Journeys that succeeded", 34.1, (33.4, 34.8), 13_231, "%")
    Journeys that succeeded: 34.1 % (33.4 to 34.8 % · of 13,231)
    """
    bounds = None
    if interval is not None and all(map(_finite, interval)):
        bounds = [float(interval[0]), float(interval[1])]
    plain_value = value if isinstance(value, str) else _plain_number(value)
    plain_of = of if isinstance(of, str) else _plain_number(of)
    record = {"name": str(name), "value": plain_value, "interval": bounds, "of": plain_of}
    record["unit"] = str(unit)
    record |= {k: float(v) for k, v in (("below", below), ("above", above)) if v is not None}
    big, small = headline_words(record)
    html = (
        f"<div>{escape(str(name))}<br><strong>{escape(big)}</strong>"
        f" <small{LAB_GREY}>{escape(small)}</small></div>"
    )
    return View(HEADLINE_MIME, [record], f"{name}: {big} ({small})", html)


def headline_words(record: dict[str, Any]) -> tuple[str, str]:
    """The number with its unit, and the line below it: interval and denominator."""
    signed = record["unit"] == "points"
    value = record["value"]
    big = value if isinstance(value, str) else number_words(value, signed=signed)
    parts = []
    if record["interval"]:
        low, high = record["interval"]
        parts.append(f"{interval_words(low, high, signed=signed)} {record['unit']}".strip())
    of = record["of"] if isinstance(record["of"], str) else number_words(record["of"])
    parts.append(f"of {of}")
    return f"{big} {record['unit']}".strip(), " · ".join(parts)


def _finite(value: Any) -> bool:
    return value is not None and not isinstance(value, str) and math.isfinite(float(value))


def _plain_number(value: Any) -> int | float | None:
    if not _finite(value):
        return None
    return (
        int(value) if float(value).is_integer() and not isinstance(value, float) else float(value)
    )
