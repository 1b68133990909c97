"""Headlines beyond a threshold, and the run on one page of plain text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from omninb.reports.page import fact_words, run_words
from omninb.reports.suite_file import Threshold
from omninb.views import headline_words
from omninb.wording import number_words

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#+!|~$&])")

# What readers of mails and chats make links of, though no Markdown says so.
_ADDRESS = re.compile(r":(?=//)|\b(?:www\.|mailto:|xmpp:|javascript:|data:)", re.IGNORECASE)


def crossings(
    reports: Sequence[dict[str, Any]], thresholds: Mapping[str, Threshold]
) -> list[dict[str, Any]]:
    """The headlines whose whole interval lies beyond a threshold.

    Parameters
    ----------
    reports : sequence of dict
        As run.json keeps them. A headline may bear ``below`` and ``above`` itself.
    thresholds : mapping of str to Threshold
        By the headline's name; these come first.

    Returns
    -------
    list of dict
        ``report``, ``headline`` (its record), ``side`` ("below" or "above"), ``threshold``.
    """
    found = []
    for report in reports:
        for headline in report["headlines"]:
            bounds = thresholds.get(headline["name"], Threshold())
            low, high = headline["interval"] or (headline["value"],) * 2
            for side, edge in (("below", high), ("above", low)):
                limit = getattr(bounds, side)
                limit = headline.get(side) if limit is None else limit
                if limit is None or not isinstance(edge, int | float):
                    continue
                if edge < limit if side == "below" else edge > limit:
                    entry = {"report": report["report"], "headline": headline}
                    found.append({**entry, "side": side, "threshold": limit})
    return found


def unknown_names(
    reports: Sequence[dict[str, Any]], thresholds: Mapping[str, Threshold]
) -> list[str]:
    """Thresholds of which no report has the headline."""
    names = {headline["name"] for report in reports for headline in report["headlines"]}
    return [name for name in thresholds if name not in names]


def change_words(headline: dict[str, Any], before: Mapping[str, Any]) -> str:
    """How a headline differs from the run before; empty where there is nothing to compare."""
    old, new = before.get(headline["name"]), headline["value"]
    if not isinstance(old, int | float) or not isinstance(new, int | float):
        return ""
    return f"{number_words(new - old, signed=True)} since the run before"


def values_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The headlines of a run by name, the first of each."""
    found: dict[str, Any] = {}
    for report in record.get("reports", []):
        for headline in report.get("headlines", []):
            found.setdefault(headline["name"], headline["value"])
    return found


def summary(record: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """A run for a mail or a chat message, in Markdown: what was crossed, numbers, answers."""
    reports, old = record["reports"], values_of(before)
    facts: dict[str, Any] = next((r["facts"] for r in reports if r["facts"]), {})
    lines = [f"# {_plain(record['title'])}", ""]
    lines += [
        _plain(" · ".join([f"Run of {run_words(record['started'])}", *fact_words(facts)])),
        "",
    ]
    if record["alerts"]:
        lines.append("## Beyond a threshold\n")
        for alert in record["alerts"]:
            big, small = headline_words(alert["headline"])
            limit = number_words(alert["threshold"])
            said = f"{alert['headline']['name']}: {big}, {alert['side']} {limit} ({small})"
            lines.append(f"- {_plain(said)}")
        lines.append("")
    lines.append("## Numbers\n")
    for report in reports:
        for headline in report["headlines"]:
            big, small = headline_words(headline)
            change = change_words(headline, old)
            said = f"{headline['name']}: {big} ({'; '.join(filter(None, [small, change]))})"
            lines.append(f"- {_plain(said)}")
    lines += ["", "## Answers\n"]
    for report in reports:
        for verdict in report["verdicts"][:1]:
            said = f"{report['question']} {verdict['sentence']} {verdict['basis']}"
            lines.append(f"- {_plain(said)}")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Text that Markdown leaves as it is, on one line and without links that readers make."""
    text = _ADDRESS.sub(lambda found: f"{found.group()} ", " ".join(str(text).split()))
    return _MARKDOWN.sub(r"\\\1", text.replace("@", " (at) "))
