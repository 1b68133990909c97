"""What the figures of an experiment say in words: estimates, uplifts, verdicts and denominators."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from omninb.figures.lettering import count, missing, percent, plain, plural
from omninb.figures.marks import Piece
from omninb.figures.style import BETTER, INK, MUTE, WORSE
from omninb.wording import interval_words, number_words

ALL = "(all)"
CORRECTIONS = {"holm": "Holm", "bh": "Benjamini–Hochberg"}
Row = Mapping[Any, Any]
Lines = list[list[Piece]]
# By verdict or guardrail: the sign and word, their colour, and the shape of the estimate.
_SAID = {
    "better": ("▲ better", BETTER, "up"),
    "worse": ("▼ worse", WORSE, "down"),
    "no clear difference": ("○ no clear difference", INK, "open"),
    "held": ("✓ held", BETTER, "full"),
    "broken": ("✕ broken", WORSE, "down"),
}


def decimals(low: Any, high: Any) -> int:
    """Decimals with which bounds that lie this far apart still differ in two digits."""
    if missing(low) or missing(high) or not high > low:
        return 1
    return min(6, max(1, 1 - math.floor(math.log10(high - low))))


def amount(value: Any, unit: str, digits: int) -> str:
    """A level with its unit; levels in ``%`` are shares."""
    scaled = 100 * value if unit == "%" else value
    return _with_unit(number_words(scaled, digits), unit)


def change(row: Row, name: str, bounds: str = "", points: str = "points") -> tuple[str, str]:
    """A difference with its unit, and its bounds, both with as many decimals as these need."""
    unit = plain(row["unit"]) if row["unit"] else ""
    scale = 100 if unit == "%" else 1
    low, high = (scale * row[f"{bounds or name}_ci_{side}"] for side in ("lower", "upper"))
    digits = decimals(low, high)
    text = _with_unit(number_words(scale * row[name], digits, signed=True), unit, points)
    return text, _bounds(low, high, digits)


def relative(row: Row) -> tuple[str, str]:
    """The relative uplift in %, and its bounds."""
    value, low, high = (100 * value for value in relative_bounds(row))
    digits = decimals(low, high)
    words = f"{number_words(value, digits, signed=True)} %"
    within = _bounds(low, high, digits)
    return words, within and f"{within[:-1]} %)"


def relative_bounds(row: Row) -> tuple[float, float, float]:
    """The relative uplift, its lower and its upper bound."""
    name = "relative_uplift"
    return float(row[name]), float(row[f"{name}_ci_lower"]), float(row[f"{name}_ci_upper"])


def always_valid_bounds(row: Row) -> tuple[float, float]:
    """The bounds of the relative uplift that hold at every look; NaN where the table has none."""
    nan = float("nan")
    low, high = (row.get(f"always_valid_relative_ci_{side}", nan) for side in ("lower", "upper"))
    return float(low), float(high)


def always_valid(row: Row) -> tuple[str, str]:
    """``"always valid −0.9 to +10.2"`` and, relative, ``"(−1.8 to +20.4 %)"``, or nothing."""
    if missing(row.get("always_valid_ci_lower")):
        return "", ""
    words = "always valid " + change(row, "uplift", "always_valid")[1].strip("()")
    low, high = (100 * bound for bound in always_valid_bounds(row))
    within = _bounds(low, high, decimals(low, high))
    return words, within and f"{within[:-1]} %)"


def _bounds(low: float, high: float, digits: int) -> str:
    if missing(low) or missing(high):
        return ""
    return f"({interval_words(low, high, digits, signed=True)})"


def _with_unit(number: str, unit: str, points: str = "%") -> str:
    return f"{number} {points if unit == '%' else unit}".rstrip()


def p_words(p: Any) -> str:
    """``"p = 0.012"``; nothing where the table has none."""
    if missing(p):
        return ""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.0995 else f"p = {p:.2f}"


def estimates(row: Row) -> str:
    """Control → treatment, with decimals that let their difference show."""
    unit = plain(row["unit"]) if row["unit"] else ""
    scale = 100 if unit == "%" else 1
    digits = decimals(*(scale * row[f"uplift_ci_{side}"] for side in ("lower", "upper")))
    return " → ".join(amount(row[arm], unit, digits) for arm in ("control", "treatment"))


def denominators(row: Row) -> str:
    """What the two estimates are divided by."""
    of = " and ".join(count(row[f"customers_{arm}"]) for arm in ("control", "treatment"))
    if row["kind"] not in ("ratio", "drop-off"):
        return f"of {of} customers"
    sums = [row[f"denominator_{arm}"] for arm in ("control", "treatment")]
    what = "over" if row["kind"] == "ratio" else "of those at its first step,"
    return f"{what} {' and '.join(map(count, sums))}; n = {of}"


def better_side(row: Row) -> str:
    """Which direction is better, with an arrow that points to that side of the axis."""
    return "higher is better ▶" if row["direction"] == "higher" else "◀ lower is better"


def said(row: Row) -> tuple[str, str, str]:
    """A row's verdict: sign and word, their colour, and the shape of its estimate."""
    verdict = str(row["verdict"])
    if verdict.startswith("cannot say"):
        within_sight = reason(row) == f"it may have got worse by more than {_margin(row)}"
        return "? cannot say", MUTE, "open" if within_sight else "none"
    return _SAID[str(row["guardrail"]) or verdict]


def limit_words(row: Row) -> str:
    """By how much a guardrail may get worse."""
    return f"limit: {_margin(row)} worse"


def _margin(row: Row) -> str:
    return f"{100 * row['margin']:g} %"


def reason(row: Row) -> str:
    """Why nothing can be said; nothing where something can."""
    verdict = str(row["verdict"])
    return plain(verdict.partition(": ")[2]) if verdict.startswith("cannot say") else ""


def verdict_lines(row: Row, facts: Mapping[Any, Any], practical: float | None) -> Lines:
    """A verdict with what it rests on: its reason, p-value, and the whole interval's place."""
    word, ink, _ = said(row)
    lines: Lines = [[(word, 13.5, ink, True)]]
    for text in (reason(row), judged_by(row, facts), practice(row, practical)):
        if text:
            lines.append([(text, 12.0, MUTE, False)])
    return lines


def judged_by(row: Row, facts: Mapping[Any, Any]) -> str:
    """The p-value that the verdict rests on; nothing for guardrails and where nothing is said."""
    if missing(row["p_value_adjusted"]) or reason(row):
        return ""
    adjusted = "adjusted " if facts.get("correction") else ""
    return adjusted + p_words(row["p_value_adjusted"])


def practice(row: Row, practical: float | None) -> str:
    """Where the whole interval lies beside the region of no practical difference."""
    value, low, high = relative_bounds(row)
    if not missing(row.get("always_valid_ci_lower")):
        low, high = always_valid_bounds(row)
    judged = row["role"] == "primary" and not reason(row)
    if practical is None or not judged or missing(low) or missing(high):
        return ""
    region = f"{100 * practical:g} %"
    if max(-low, high) <= practical:
        return f"whole interval within ±{region}"
    if row["verdict"] == "no clear difference":
        return f"interval reaches beyond ±{region}"
    nearest = low if value > 0 else -high
    return f"maybe by under {region}" if nearest < practical else ""


def arms_words(facts: Mapping[Any, Any]) -> str:
    """The arms with their exposed customers."""
    arms = [f"{plain(arm)} {count(n)}" for arm, n in facts["arms"].items()]
    return f"{', '.join(arms)} customers"


def sample_ratio(facts: Mapping[Any, Any]) -> str:
    """Whether the customers are split as planned, by the table's own check."""
    for check in facts.get("checks", ()):
        if check["check"] == "sample ratio" and not missing(check["p_value"]):
            as_planned = check["outcome"] == "ok"
            word = "split as planned" if as_planned else "split is not as planned"
            return f"{word} ({p_words(check['p_value'])})"
    return ""


def stopped(facts: Mapping[Any, Any]) -> list[str]:
    """Why the whole experiment has no verdict, check by check."""
    return [
        f"Stopped by the check “{check['check']}”: {plain(check['sentence'])}"
        for check in facts.get("checks", ())
        if check["outcome"] == "stop" and check["scope"] == "experiment"
    ]


def footnote(rows: Sequence[Row], facts: Mapping[Any, Any], practical: float | None) -> list[str]:
    """How bounds and verdicts were made, and who is left out."""
    confidence, alpha = facts["confidence"], 1 - facts["confidence"]
    correction = CORRECTIONS.get(str(facts.get("correction")))
    p = "always-valid p" if facts.get("sequential") else "p"
    adjusted = f", adjusted ({correction})" if correction else ", not adjusted"
    lines = "Thick lines" if facts.get("sequential") else "Lines"
    notes = [
        f"{lines}: {percent(confidence)} interval of the relative uplift (log scale), not adjusted "
        f"for the number of rows. ▲ ▼: {p}{adjusted}, below {alpha:.2g}."
    ]
    if practical is not None:
        notes.append(f"Shaded: no practical difference (±{100 * practical:g} %).")
    if any(row["role"] == "guardrail" for row in rows):
        bounds = "always-valid bounds" if facts.get("sequential") else "whole interval"
        notes.append(f"✓ ✕: the {bounds} before or past the dashed limit.")
    if facts.get("sequential"):
        notes.append("Only always-valid bounds may be looked at again and again.")
    if any(row["variance_reduction"] > 0 for row in rows):
        notes.append("Estimates after CUPED are adjusted ones.")
    waiting = max((row["open"] for row in rows if row["open"] > 0), default=0)  # few: not told
    if waiting:
        notes.append(f"Open: up to {plural(waiting, 'customer')} a row whose window is not over.")
    warned = [
        f"{check['check']} ({plain(check['scope'])})"
        for check in facts.get("checks", ())
        if check["outcome"] == "warn"
    ]
    if warned:
        more = f" and {len(warned) - 4} more" if len(warned) > 4 else ""
        notes.append(f"Warned by checks: {', '.join(warned[:4])}{more}.")
    return notes
