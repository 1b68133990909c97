"""Metrics of an experiment: what is measured of each customer, within which time, better which way.

A metric is a recipe. On an event log it reads the touchpoints in ``[exposure, exposure + within)``;
on a frame of one row per customer its names are columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from omninb.conditions import Condition, condition_words
from omninb.errors import OmninbError, duration

COUNT = "count"
Step = Condition | Sequence[Condition]
_CHOICES = {"direction": ("higher", "lower"), "role": ("primary", "guardrail")}


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What all metrics share.

    Attributes
    ----------
    within : str
        How long after a customer's first exposure touchpoints count, such as ``"14d"``; required on
        logs. Customers for whom that time is not over are left out of all arms.
    name : str
        What tables and figures call it; made from the recipe by default.
    direction : {"higher", "lower"}
        Which is better.
    role : {"primary", "guardrail"}
        A guardrail is not asked whether it got better, but whether it got worse by more than
        ``margin``.
    margin : float
        Of a guardrail: the share of the control's level by which it may get worse (.02: 2 %).
    """

    within: str | None = None
    name: str = ""
    direction: str = "higher"
    role: str = "primary"
    margin: float | None = None
    kind: ClassVar[str]

    def __post_init__(self) -> None:
        for argument, known in _CHOICES.items():
            given = getattr(self, argument)
            if given not in known:
                raise OmninbError(f"{argument}={given!r}: {' or '.join(map(repr, known))}.")
        if (self.role == "guardrail") != (self.margin is not None):
            raise OmninbError(
                f"role={self.role!r}, margin={self.margin!r}: a guardrail needs a margin, the "
                "share by which it may get worse, such as margin=0.02; a primary metric has none."
            )
        if self.margin is not None and not 0 < self.margin < 1:
            raise OmninbError(f"margin={self.margin!r}: a share between 0 and 1, such as 0.02.")
        if self.within is not None:
            duration(self.within, "within")
        if not self.name:
            object.__setattr__(self, "name", self._words())

    def _words(self) -> str:
        raise NotImplementedError

    @property
    def window(self) -> int:
        """µs after exposure during which touchpoints count."""
        if self.within is None:
            raise OmninbError(
                f"{self.name}: on a log a metric needs within=, how long after the first exposure "
                'touchpoints count, such as within="14d".'
            )
        return duration(self.within, "within")


@dataclass(frozen=True)
class Conversion(Metric):
    """The share of customers who took a step.

    Parameters
    ----------
    step : str, mapping or list
        An event, a mapping of roles to values, or a list of alternatives; on a frame a column of 0
        and 1 (or False and True; missing: not known yet).
    within, name, direction, role, margin
        See :class:`Metric`.

    Examples
    --------
    >>> import omninb as onb
    >>> onb.Conversion("purchase", within="14d").name
    'purchase'
    """

    step: Step
    kind = "conversion"

    def _words(self) -> str:
        return condition_words(self.step)


@dataclass(frozen=True)
class MeanPerCustomer(Metric):
    """A sum or a count per exposed customer, those with nothing included.

    Parameters
    ----------
    what : str
        ``"count"`` of touchpoints (lines of one order count once), or the column of numbers that is
        summed, such as ``"value"``; on a frame the column itself.
    step : str, mapping or list, optional
        Only touchpoints that fit.
    winsorise : float, optional
        Sums above this quantile of all arms' customers together are set to it, such as .99.
    within, name, direction, role, margin
        See :class:`Metric`.

    Examples
    --------
    >>> import omninb as onb
    >>> onb.MeanPerCustomer("value", step="purchase", within="14d").name
    'value per customer (purchase)'
    """

    what: str
    step: Step | None = None
    winsorise: float | None = None
    kind = "mean"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.winsorise is not None and not 0.5 <= self.winsorise < 1:
            raise OmninbError(f"winsorise={self.winsorise!r}: a quantile such as 0.99, below 1.")

    def _words(self) -> str:
        step = f" ({condition_words(self.step)})" if self.step is not None else ""
        return f"{self.what} per customer{step}"


@dataclass(frozen=True)
class RatioOfSums(Metric):
    """The sum of one thing over the sum of another, such as revenue per order.

    The unit stays the customer, who was randomised: bounds by the delta method (Deng, Knoblich and
    Lu 2018).

    Parameters
    ----------
    numerator, denominator : str
        Each ``"count"`` or a column of numbers, as in :class:`MeanPerCustomer`.
    step : str, mapping or list, optional
        Only touchpoints that fit.
    within, name, direction, role, margin
        See :class:`Metric`.

    Examples
    --------
    >>> import omninb as onb
    >>> onb.RatioOfSums("value", "count", step="purchase", within="14d").name
    'value / count (purchase)'
    """

    numerator: str
    denominator: str
    step: Step | None = None
    kind = "ratio"

    def _words(self) -> str:
        step = f" ({condition_words(self.step)})" if self.step is not None else ""
        return f"{self.numerator} / {self.denominator}{step}"


@dataclass(frozen=True)
class TimeTo(Metric):
    """The mean time to a step within ``within``, in days: the area under Kaplan–Meier's curve.

    Customers without the step count with the whole of ``within``; those whose window is not over
    are censored and stay in (the restricted mean; Greenwood's variance). Needs a log.

    Parameters
    ----------
    step : str, mapping or list
        An event, a mapping of roles to values, or a list of alternatives.
    within, name, direction, role, margin
        See :class:`Metric`; sooner is better unless ``direction="higher"``.

    Examples
    --------
    >>> import omninb as onb
    >>> onb.TimeTo("purchase", within="14d").direction
    'lower'
    """

    step: Step
    direction: str = field(default="lower", kw_only=True)
    kind = "time"

    def _words(self) -> str:
        return f"time to {condition_words(self.step)}"


@dataclass(frozen=True)
class DropOff(Metric):
    """Of the customers who took one step, the share who did not go on to another.

    Both steps within ``within`` of exposure, the second later than the first. Who takes the first
    step may itself depend on the variant: read it beside the conversion to that step.

    Parameters
    ----------
    start, stop : str, mapping or list
        The two steps; on a frame two columns of 0 and 1.
    within, name, direction, role, margin
        See :class:`Metric`; less is better unless ``direction="higher"``.

    Examples
    --------
    >>> import omninb as onb
    >>> onb.DropOff("checkout", "purchase", within="1d").name
    'drop-off checkout → purchase'
    """

    start: Step
    stop: Step
    direction: str = field(default="lower", kw_only=True)
    kind = "drop-off"

    def _words(self) -> str:
        return f"drop-off {condition_words(self.start)} → {condition_words(self.stop)}"


def metrics_of(metrics: object) -> list[Metric]:
    """The metrics as a list, refused where there is none or two bear one name."""
    given = [metrics] if isinstance(metrics, Metric) else metrics
    if not isinstance(given, Sequence) or not given or isinstance(given, str):
        raise OmninbError(
            f'metrics={metrics!r}: a list of metrics such as [onb.Conversion("purchase", '
            'within="14d")].'
        )
    for metric in given:
        if not isinstance(metric, Metric):
            raise OmninbError(
                f"metrics: {metric!r} is no metric. Give Conversion, MeanPerCustomer, RatioOfSums, "
                "TimeTo or DropOff."
            )
    names = [metric.name for metric in given]
    for name in names:
        if names.count(name) > 1:
            raise OmninbError(f"metrics: two are called {name!r}. Tell them apart by name=.")
    return list(given)
