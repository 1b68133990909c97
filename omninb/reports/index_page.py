"""The page above a suite's reports: headline numbers, one card a report, the data, the runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from omninb.reports.alerts import crossing_words
from omninb.reports.headlines import by_page, change_words, headlines_of
from omninb.reports.page import fact_words, ledger_view, period_words, run_words, templates
from omninb.reports.strips import sparkline

_SPARK_RUNS = 12
_SHOWN_HEADLINES = 4


def index_html(run: dict[str, Any], earlier: list[dict[str, Any]]) -> str:
    """The index page of a run.

    Parameters
    ----------
    run : dict
        Its record, with ``reports``.
    earlier : list of dict
        Records of the runs before, oldest first.

    Returns
    -------
    str
        HTML that needs ``assets/report.css`` beside it, and no script.
    """
    reports = run["reports"]
    facts: dict[str, Any] = next((r["facts"] for r in reports if r["facts"]), {})
    period = _period(facts)
    words = fact_words({k: v for k, v in facts.items() if not k.startswith("observed")})
    runs = [*earlier, run]
    good = [record for record in earlier if record.get("status") == "ok"]
    crossed = [alert["headline"] for alert in run.get("alerts", [])]
    questions = {report["report"]: report["question"] for report in reports}
    return templates().get_template("index.html.j2").render(
        title=f"{run['title']}, {period}" if period else run["title"],
        run=run_words(run["as_of"]),
        made=f"{len(reports)} of {len(reports)} reports made",
        facts=words,
        alerts=[
            {"href": alert["headline"]["report"], "words": crossing_words(alert)}
            for alert in run.get("alerts", [])
        ],
        headlines=[
            {
                **number,
                "question": questions[number["report"]],
                "change": change_words(number, by_page(good[-1])) if good else None,
                "crossed": number in crossed,
            }
            for number in _spread(reports)
        ],
        since=_day(good[-1]) if good else "",
        cards=[_card(report, runs[-_SPARK_RUNS:]) for report in reports],
        ledgers=_ledgers(reports),
        runs=[_run_row(record) for record in reversed(runs)],
    )  # fmt: skip


def _spread(reports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first headline of each report, then the second, and so on, up to the places there are."""
    place = {(r["report"], h["name"]): i for r in reports for i, h in enumerate(r["headlines"])}
    once = headlines_of(reports)
    return sorted(once, key=lambda h: place[h["report"], h["name"]])[:_SHOWN_HEADLINES]


def _card(report: dict[str, Any], runs: list[dict[str, Any]]) -> dict[str, Any]:
    number = report["headlines"][0] if report["headlines"] else None
    values = [_value(record, report["report"], number) for record in runs] if number else []
    while values and values[0] is None:
        values.pop(0)
    return {
        "href": report["report"],
        "question": report["question"] or report["notebook"],
        "verdict": report["verdicts"][0] if report["verdicts"] else None,
        "number": number,
        "spark": sparkline(values) if values else {},
        "count": len(values),
    }


def _value(run: dict[str, Any], page: str, number: dict[str, Any]) -> float | None:
    """What a number was in a run; None where the run failed or did not have it."""
    for report in run.get("reports", []):
        if report.get("report") == page:
            for record in report.get("headlines", []):
                if record["name"] == number["name"] and isinstance(record["value"], (int, float)):
                    return record["value"]
    return None


def _ledgers(reports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One equation for each different ledger: reports of one log share theirs."""
    ledgers: list[dict[str, Any]] = []
    for report in reports:
        kept = report["ledger"]
        if kept is None:
            continue
        view = ledger_view({**kept, "duplicates_removed": kept.get("duplicates removed")})
        same = next((known for known in ledgers if known["view"] == view), None)
        if same:
            same["questions"].append(report["question"])
        else:
            ledgers.append({"view": view, "questions": [report["question"]]})
    return ledgers


def _run_row(run: dict[str, Any]) -> dict[str, Any]:
    reports = run.get("reports", [])
    facts: dict[str, Any] = next((r["facts"] for r in reports if r.get("facts")), {})
    ledger = next((r["ledger"] for r in reports if r.get("ledger")), None) or {}
    moment = datetime.fromisoformat(run["as_of"])
    crossed = " · ".join(crossing_words(alert) for alert in run.get("alerts", []))
    good = run.get("status") == "ok"
    return {
        "when": f"{moment.day} {moment:%b %Y, %H:%M}",
        "status": "crossed" if good and crossed else run.get("status", "failed"),
        "period": _period(facts) or "–",
        "used": ledger.get("used"),
        "folder": f"runs/{run['run']}",
        "note": crossed if good else f"{run.get('error', 'failed')} Nothing was published.",
    }


def _day(run: dict[str, Any]) -> str:
    moment = datetime.fromisoformat(run["as_of"])
    return f"{moment.day} {moment:%b}"


def _period(facts: dict[str, Any]) -> str:
    if "observed_from" not in facts or "observed_until" not in facts:
        return ""
    return period_words(facts["observed_from"], facts["observed_until"])
