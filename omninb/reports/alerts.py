"""Headlines beyond a threshold, and the run on one page of plain text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from omninb.reports.headlines import by_page, change_words, headlines_of
from omninb.reports.page import fact_words, run_words
from omninb.reports.records import rows_read
from omninb.reports.suite_file import Threshold
from omninb.views import headline_words
from omninb.wording import number_words

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#+!|~$&])")

# What readers of mails and chats make links of, though no Markdown says so.
_ADDRESS = re.compile(
    r":(?=//)|\b(?:www\.|mailto:|xmpp:|javascript:|data:)|(?<=\w)\.(?=[^\W\d_]{2,})", re.IGNORECASE
)


def crossings(
    reports: Sequence[dict[str, Any]], thresholds: Mapping[str, Threshold]
) -> list[dict[str, Any]]:
    """The headlines whose whole interval lies beyond a threshold.

    Parameters
    ----------
    reports : sequence of dict
        As run.json keeps them. A headline may bear ``below`` and ``above`` itself.
    thresholds : mapping of str to Threshold
        By the headline's name, or ``"page: name"``; these come first.

    Returns
    -------
    list of dict
        ``headline`` (its record, with ``report``), ``side`` ("below" or "above"; "without" where
        one that the suite watches has no number), ``threshold``.
    """
    found = []
    for headline in headlines_of(reports):
        watched = next((thresholds[n] for n in _names(headline) if n in thresholds), None)
        bounds = watched or Threshold()
        low, high = headline["interval"] or (headline["value"],) * 2
        if watched and headline["value"] is None:
            found.append({"headline": headline, "side": "without", "threshold": None})
        for side, edge in (("below", high), ("above", low)):
            limit = getattr(bounds, side)
            limit = headline.get(side) if limit is None else limit
            if limit is None or not isinstance(edge, int | float):
                continue
            if edge < limit if side == "below" else edge > limit:
                found.append({"headline": headline, "side": side, "threshold": limit})
    return found


def _names(headline: Mapping[str, Any]) -> tuple[str, str]:
    """What a threshold may call a headline: that of one page, or of all."""
    return f"{headline['report'].removesuffix('.html')}: {headline['name']}", headline["name"]


def crossing_words(alert: Mapping[str, Any]) -> str:
    """What was crossed: the number, its threshold and its interval."""
    headline = alert["headline"]
    if alert["threshold"] is None:
        return f"{headline['name']}: no number, though a threshold watches it"
    big, small = headline_words(headline)
    limit = alert["threshold"]
    bound = number_words(int(limit) if float(limit).is_integer() else limit)
    threshold = f"{bound} {headline['unit']}".strip()
    return f"{headline['name']}: {big}, {alert['side']} its threshold of {threshold} ({small})"


def unknown_names(
    reports: Sequence[dict[str, Any]], thresholds: Mapping[str, Threshold]
) -> list[str]:
    """Thresholds of which no report has the headline."""
    names = {name for headline in headlines_of(reports) for name in _names(headline)}
    return [name for name in thresholds if name not in names]


def summary(record: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """A run for a mail or a chat message, in Markdown: what was crossed, numbers, answers.

    A log that shrank since the run before is told of: small losses add up to large ones.
    """
    reports, old = record["reports"], by_page(before)
    facts: dict[str, Any] = next((r["facts"] for r in reports if r["facts"]), {})
    lines = [f"# {_plain(record['title'])}", ""]
    lines += [
        _plain(" · ".join([f"Run of {run_words(record['as_of'])}", *fact_words(facts)])),
        "",
    ]
    rows, last = rows_read(record), rows_read(before)
    if rows is not None and last is not None and rows < last:
        fewer = f"{100 * (last - rows) / last:.1f} %"
        said = f"{rows:,} rows of the log were read, and {last:,} in the run before: {fewer} fewer."
        lines += [_plain(said), ""]
    if record["alerts"]:
        lines.append("## Beyond a threshold\n")
        for alert in record["alerts"]:
            lines.append(f"- {_plain(crossing_words(alert))}")
        lines.append("")
    lines.append("## Numbers\n")
    for headline in headlines_of(reports):
        big, small = headline_words(headline)
        change, bounds = change_words(headline, old) or ("", "")
        since = f"{change} since the run before" if change else ""
        said = f"{headline['name']}: {big} ({'; '.join(filter(None, [small, since, bounds]))})"
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
