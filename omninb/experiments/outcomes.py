"""Outcomes: what each exposed customer did within a metric's window, and before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from omninb.errors import OmninbError, duration
from omninb.experiments.comparisons import BOTTOM, PAST_BOTTOM, PAST_TOP, TOP
from omninb.experiments.exposure import Exposed, Touches
from omninb.experiments.metrics import (
    Conversion,
    DropOff,
    MeanPerCustomer,
    Metric,
    RatioOfSums,
    TimeTo,
)

BEFORE = "before"
DAY = duration("1d", "day")
HISTORY = duration("28d", "covariate")
FEWEST_WITH_HISTORY = 0.5
Sums = tuple[np.ndarray, np.ndarray | None]


@dataclass(frozen=True)
class Outcome:
    """One metric of every customer.

    Attributes
    ----------
    metric : Metric
        Which.
    top, bottom : numpy.ndarray, float
        The metric is the sum of ``top`` over the sum of ``bottom``; without ``bottom``, over the
        number of customers. Of a time, ``top`` is the days until the step, or until the customer
        was last in sight, at most the window.
    known : numpy.ndarray, bool
        Whose window is over.
    happened : numpy.ndarray, bool, optional
        Of a time: who took the step within the window.
    covariate : tuple of numpy.ndarray, optional
        What was known before exposure, as ``top`` and ``bottom``; NaN for customers without
        history.
    touches : Touches, optional
        Of a log: the touchpoints behind ``top``, before exposure and after the window too.
    amounts : numpy.ndarray, optional
        What each of them adds to ``top``; None where a customer counts once.
    """

    metric: Metric
    top: np.ndarray
    bottom: np.ndarray | None
    known: np.ndarray
    happened: np.ndarray | None = None
    covariate: Sums | None = None
    touches: Touches | None = None
    amounts: np.ndarray | None = None

    @cached_property
    def history(self) -> float:
        """The share of known customers who have a history; NaN without a covariate."""
        if self.covariate is None or not self.known.any():
            return float("nan")
        return float(np.isfinite(self.covariate[0][self.known]).mean())

    @cached_property
    def adjusted(self) -> bool:
        """Whether CUPED applies: half of the customers have a history, and it is not all one."""
        if self.covariate is None or not self.history >= FEWEST_WITH_HISTORY:
            return False
        top, bottom = self.covariate
        varies = np.nanvar(top[self.known]) > 0
        return bool(varies and (bottom is None or np.nansum(bottom[self.known]) > 0))

    @cached_property
    def columns(self) -> dict[str, np.ndarray]:
        """What is compared of each known customer; those without history have the mean of all."""
        found = {TOP: self.top, BOTTOM: self.bottom}
        if self.adjusted and self.covariate is not None:
            for name, values in zip((PAST_TOP, PAST_BOTTOM), self.covariate, strict=True):
                if values is not None:
                    mean = np.nanmean(values[self.known])
                    found[name] = np.where(np.isnan(values), mean, values)
        return {name: v[self.known] for name, v in found.items() if v is not None}


def outcome_of(exposed: Exposed, metric: Metric, covariate: str | None) -> Outcome:
    """Read a metric from a log.

    Parameters
    ----------
    exposed : Exposed
        Who met the test, and when.
    metric : Metric
        What to read.
    covariate : str, optional
        ``"before"``: the same metric in the 28 days before exposure. Or a column of numbers, as it
        stood at the last touchpoint before exposure.
    """
    known = exposed.follow_up >= metric.window
    if isinstance(metric, TimeTo):
        return _time_to(exposed, metric, known)
    spans = [(0, metric.window), (-HISTORY, 0)]
    touches, amounts, sums = _read(exposed, metric, spans[: 1 + (covariate == BEFORE)])
    history: Sums | None = None
    if covariate == BEFORE:
        seen = exposed.had_touchpoints(HISTORY)
        top, bottom = (None if s is None else np.where(seen, s, np.nan) for s in sums[1])
        assert top is not None
        history = top, bottom
    elif covariate is not None:
        history = exposed.last_before(covariate), None
    return capped(Outcome(metric, *sums[0], known, None, history, touches, amounts))


def _time_to(exposed: Exposed, metric: TimeTo, known: np.ndarray) -> Outcome:
    touches = exposed.touches(metric.step)
    first = touches.between(0, metric.window).firsts()
    days = np.minimum(exposed.follow_up, metric.window) / DAY
    days[first.row] = first.since / DAY
    return Outcome(metric, days, None, known, first.happened(len(days)), touches=touches)


def _read(
    exposed: Exposed, metric: Metric, spans: Sequence[tuple[int, int]]
) -> tuple[Touches, np.ndarray | None, list[Sums]]:
    """Touchpoints, what each adds, and the sums within spans of µs since exposure."""
    n = len(exposed)
    if isinstance(metric, Conversion):
        touches = exposed.touches(metric.step)
        made = [touches.between(*span).happened(n).astype(float) for span in spans]
        return touches, None, [(one, None) for one in made]
    if isinstance(metric, DropOff):
        starts, stops = exposed.touches(metric.start), exposed.touches(metric.stop)
        left = [_left(starts.between(*span), stops.between(*span), n) for span in spans]
        return stops, None, list(left)
    assert isinstance(metric, MeanPerCustomer | RatioOfSums)
    touches = exposed.touches(metric.step)
    whats = [metric.what] if isinstance(metric, MeanPerCustomer) else [
        metric.numerator, metric.denominator,
    ]  # fmt: skip
    counted = [exposed.amounts(touches, what) for what in whats]
    sums: list[Sums] = []
    for low, high in spans:
        inside = (touches.since >= low) & (touches.since < high)
        row = touches.row[inside]
        found = [np.bincount(row, amounts[inside], n) / unit for amounts, unit in counted]
        sums.append((found[0], found[1] if len(found) > 1 else None))
    return touches, counted[0][0], sums


def _left(starts: Touches, stops: Touches, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Who took the first step and not the second after it; who took the first."""
    began, ended = np.full(n, np.iinfo(np.int64).max), np.full(n, -1)
    first, last = starts.firsts(), stops.lasts()
    began[first.row] = first.position
    ended[last.row] = last.position
    took = first.happened(n)
    return (took & (ended < began)).astype(float), took.astype(float)


def capped(outcome: Outcome) -> Outcome:
    """The outcome winsorised, where its metric says so: at one quantile of all arms together."""
    quantile = getattr(outcome.metric, "winsorise", None)
    if quantile is None or not outcome.known.any():
        return outcome
    most = np.quantile(outcome.top[outcome.known], quantile)
    if most <= 0 < outcome.top[outcome.known].max():
        raise OmninbError(
            f"{outcome.metric.name}: winsorise={quantile!r} leaves nothing, since that share of "
            "the customers or more has none. Give a higher quantile."
        )
    top = np.minimum(outcome.top, most)
    covariate = outcome.covariate
    if covariate is not None and np.isfinite(covariate[0]).any():
        cap = np.nanquantile(covariate[0], quantile)
        covariate = np.minimum(covariate[0], cap), covariate[1]
    return replace(outcome, top=top, covariate=covariate)


def needs_log(metric: Metric) -> OmninbError:
    """The error for a metric that a frame cannot answer."""
    return OmninbError(
        f"{metric.name}: a time to a step is read from a log, where it is known until when each "
        "customer was in sight. Give an EventLog."
    )
