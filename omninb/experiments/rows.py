"""The numbers of an experiment's table: a row for each metric, treatment and level of a segment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from omninb.experiments.arms import Parts
from omninb.experiments.bayes import chance_higher, expected_loss
from omninb.experiments.comparisons import NAN, Comparison
from omninb.experiments.outcomes import Outcome
from omninb.experiments.participants import Participants
from omninb.experiments.sequential import always_valid_p_value, always_valid_quantile

ALL = "(all)"


@dataclass(frozen=True)
class Asked:
    """How sure the bounds shall be, and which besides the fixed ones.

    Attributes
    ----------
    confidence : float
    sequential, bayes : bool
        With always-valid bounds; with posterior chances of conversions.
    planned : int
        Customers of both arms for whom the always-valid bounds are narrowest.
    """

    confidence: float
    sequential: bool
    planned: int
    bayes: bool


@dataclass(frozen=True)
class Row:
    """One row: a treatment beside the control, among all customers or those of one level."""

    people: Participants
    parts: Parts
    segment: str
    level: str
    treatment: int
    at: tuple[int, int]
    comparison: Comparison
    too_few: str
    p_interaction: float = NAN

    @property
    def n(self) -> int:
        """Customers of both arms."""
        return int(self.parts.customers[list(self.at)].sum())

    def log_bounds(self, asked: Asked) -> tuple[float, float]:
        """Bounds of the relative uplift that a guardrail is judged by."""
        found = self.comparison
        if not asked.sequential:
            return found.relative_lower, found.relative_upper
        half = always_valid_quantile(self.n, asked.planned, asked.confidence) * found.log_error
        low, high = (1 + found.relative) * np.exp([-half, half]) - 1
        return float(low), float(high)

    def p_value(self, asked: Asked) -> float:
        """The p-value that the verdict rests on, before adjustment."""
        found = self.comparison
        if self.too_few or not asked.sequential or not found.error > 0:
            return NAN if self.too_few else found.p_value
        z = found.uplift / found.error
        return always_valid_p_value(z, self.n, asked.planned, asked.confidence)

    def numbers(self, asked: Asked) -> dict[str, Any]:
        """The columns of the row, but for those that depend on other rows."""
        metric, found, parts = self.parts.outcome.metric, self.comparison, self.parts
        a, b = self.at
        columns = {
            "metric": metric.name,
            "kind": metric.kind,
            "unit": unit_of(self.parts.outcome, self.people.currency),
            "role": metric.role,
            "direction": metric.direction,
            "variant": self.people.arms[self.treatment],
            "segment": self.segment,
            "level": self.level,
            "n": self.n,
            "customers_control": int(parts.customers[a]),
            "customers_treatment": int(parts.customers[b]),
            "open": int(parts.open[[a, b]].sum()),
            "denominator_control": float(parts.denominator[a]),
            "denominator_treatment": float(parts.denominator[b]),
            "control": found.control,
            "treatment": found.treatment,
            "uplift": found.uplift,
            "uplift_ci_lower": found.lower,
            "uplift_ci_upper": found.upper,
            "relative_uplift": found.relative,
            "relative_uplift_ci_lower": found.relative_lower,
            "relative_uplift_ci_upper": found.relative_upper,
            "interval_method": found.method,
            "p_value": found.p_value,
            "p_value_adjusted": NAN,
            "p_interaction": self.p_interaction,
            "p_interaction_adjusted": NAN,
            "variance_reduction": found.reduction,
        }
        if asked.sequential:
            columns |= always_valid(found, self.n, asked)
            low, high = self.log_bounds(asked)
            columns["always_valid_relative_ci_lower"] = low
            columns["always_valid_relative_ci_upper"] = high
        if asked.bayes:
            columns |= self._bayes()
        return columns | {"margin": NAN if metric.margin is None else metric.margin}

    def _bayes(self) -> dict[str, float]:
        """Chance that the treatment is better, and what choosing it would cost if it is not."""
        metric, (a, b) = self.parts.outcome.metric, self.at
        chance = loss = NAN
        if metric.kind == "conversion" and min(self.parts.customers[[a, b]]) > 0:
            control, treatment = (
                (int(self.parts.made[k]), int(self.parts.customers[k])) for k in (a, b)
            )
            higher = chance_higher(control, treatment)
            chance = higher if metric.direction == "higher" else 1 - higher
            pair = (control, treatment) if metric.direction == "higher" else (treatment, control)
            loss = expected_loss(*pair)
        return {"chance_to_beat_control": chance, "expected_loss": loss}


def always_valid(found: Comparison, n: int, asked: Asked) -> dict[str, float]:
    """The columns of the bounds that hold at every look."""
    if not found.error > 0:
        return dict.fromkeys(
            ("always_valid_ci_lower", "always_valid_ci_upper", "always_valid_p_value"), NAN
        )
    half = always_valid_quantile(n, asked.planned, asked.confidence) * found.error
    z = found.uplift / found.error
    return {
        "always_valid_ci_lower": found.uplift - half,
        "always_valid_ci_upper": found.uplift + half,
        "always_valid_p_value": always_valid_p_value(z, n, asked.planned, asked.confidence),
    }


def unit_of(outcome: Outcome, currency: str) -> str:
    """``%`` of shares, ``days`` of times, the currency of money, nothing of counts."""
    metric = outcome.metric
    if metric.kind in ("conversion", "drop-off"):
        return "%"
    if metric.kind == "time":
        return "days"
    what = {getattr(metric, name, None) for name in ("what", "numerator")}
    money = what & {"value", "cost"} and getattr(metric, "denominator", "") not in ("value", "cost")
    return currency if money else ""


def rows_of(people: Participants, parts: Parts, confidence: float) -> Iterator[Row]:
    """Rows of one metric, given its arms: by treatment, then by level of each segment."""
    arms, outcome = len(people.arms), parts.outcome
    for k in range(1, arms):
        found = parts.compare(0, k, confidence)
        yield Row(people, parts, ALL, ALL, k, (0, k), found, parts.too_few(0, k))
    for segment, (codes, levels) in people.segments.items():
        parts = Parts.of(outcome, codes * arms + people.arm, arms * len(levels))
        seen = np.flatnonzero(np.bincount(codes, minlength=len(levels))).tolist()
        names = [levels[level] for level in seen]
        for k in range(1, arms):
            pairs = [(arms * level, arms * level + k) for level in seen]
            found_by_level = [parts.compare(*pair, confidence) for pair in pairs]
            few = [parts.too_few(*pair) for pair in pairs]
            p = _interaction([f for f, why in zip(found_by_level, few, strict=True) if not why])
            for pair, level, found, why in zip(pairs, names, found_by_level, few, strict=True):
                yield Row(people, parts, segment, level, k, pair, found, why, p)


def _interaction(found: list[Comparison]) -> float:
    """P-value for uplifts that are the same in all levels (Cochran's Q); NaN for one level."""
    from scipy.special import chdtrc

    uplift = np.array([one.uplift for one in found if one.error > 0])
    weight = 1 / np.array([one.error for one in found if one.error > 0]) ** 2
    if len(uplift) < 2:
        return NAN
    mean = (weight * uplift).sum() / weight.sum()
    return float(chdtrc(len(uplift) - 1, (weight * (uplift - mean) ** 2).sum()))
