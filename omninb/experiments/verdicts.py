"""Verdicts of an experiment: what a row of its table says in words."""

from __future__ import annotations

from omninb.experiments.metrics import Metric

BETTER, WORSE, NONE = "better", "worse", "no clear difference"
SAFE = "not worse by its margin"
HELD, BROKEN, NOT_SHOWN = "held", "broken", "not shown"


def cannot_say(why: str) -> str:
    """The verdict of a row that the data cannot answer."""
    return f"cannot say: {why}"


def verdict_of(metric: Metric, uplift: float, p_value: float, confidence: float) -> str:
    """The verdict of a primary metric, by its adjusted p-value.

    Examples
    --------
    >>> import omninb as onb
    >>> verdict_of(onb.Conversion("purchase"), 0.02, 0.001, 0.95)
    'better'
    """
    if not p_value < 1 - confidence:
        return NONE
    return BETTER if (uplift > 0) == (metric.direction == "higher") else WORSE


def guardrail_of(metric: Metric, lower: float, upper: float) -> str:
    """Whether a guardrail held, by the bounds of the relative uplift against its margin.

    Held: even at the worse bound it got worse by less than the margin. Broken: even at the better
    bound by more.

    Examples
    --------
    >>> import omninb as onb
    >>> calls = onb.Conversion("call", direction="lower", role="guardrail", margin=0.02)
    >>> guardrail_of(calls, -0.01, 0.018), guardrail_of(calls, 0.025, 0.117)
    ('held', 'broken')
    """
    assert metric.margin is not None
    best, worst = (lower, upper) if metric.direction == "lower" else (-upper, -lower)
    if worst < metric.margin:
        return HELD
    return BROKEN if best > metric.margin else NOT_SHOWN


def guardrail_verdict(metric: Metric, guardrail: str) -> str:
    """The verdict of a guardrail: non-inferiority, and nothing else, is what it is asked."""
    if guardrail == HELD:
        return SAFE
    if guardrail == BROKEN:
        return WORSE
    assert metric.margin is not None
    return cannot_say(f"it may have got worse by more than {100 * metric.margin:g} %")
