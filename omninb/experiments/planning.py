"""Planning a randomised test: how many customers, how many weeks, how sure to see an effect."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from omninb.errors import OmninbError, duration
from omninb.experiments.exposure import first_touches
from omninb.experiments.metrics import Step

if TYPE_CHECKING:
    from omninb.events import EventLog

_WEEK = duration("1w", "week")


@dataclass(frozen=True)
class _Plan:
    """What a plan's numbers rest on."""

    baseline: float
    sd: float | None
    arms: int
    ratio: float
    reduction: float
    confidence: float

    def __post_init__(self) -> None:
        share = self.sd is None
        for name, fits, wanted in (
            (
                "baseline",
                not share or 0 < self.baseline < 1,
                "a share between 0 and 1, or give sd=",
            ),
            ("baseline", self.baseline != 0, "not 0: effects are relative to it"),
            ("sd", self.sd is None or self.sd > 0, "above 0"),
            ("arms", self.arms >= 2, "2 or more, the control included"),
            ("ratio", self.ratio > 0, "customers of a treatment for each of the control, above 0"),
            (
                "reduction",
                0 <= self.reduction < 1,
                "the share of the variance that CUPED takes away",
            ),
            ("confidence", 0.5 <= self.confidence < 1, "a share such as 0.95"),
        ):
            if not fits:
                raise OmninbError(f"{name}={getattr(self, name)!r}: {wanted}.")

    @property
    def alpha(self) -> float:
        """The error of each treatment's test: all of them share 1 − confidence (Bonferroni)."""
        return (1 - self.confidence) / (self.arms - 1)

    def power(self, effect: float, control: float) -> float:
        """The chance to see an effect with so many customers in the control."""
        from statsmodels.stats.power import TTestIndPower
        from statsmodels.stats.proportion import power_proportions_2indep

        control = control / (1 - self.reduction)  # as many as these weigh
        uplift = self.uplift(effect)
        if self.sd is None:  # statsmodels' first group is the one that differs from the second
            return float(
                power_proportions_2indep(
                    uplift, self.baseline, control * self.ratio, 1 / self.ratio, self.alpha,
                    return_results=False,
                )
            )  # fmt: skip
        return float(
            TTestIndPower().power(abs(uplift) / self.sd, control, self.alpha, ratio=self.ratio)
        )

    def uplift(self, effect: float) -> float:
        """An effect in the unit of the baseline."""
        uplift = self.baseline * effect
        if effect == 0 or (self.sd is None and not 0 < self.baseline + uplift < 1):
            raise OmninbError(
                f"effect={effect!r}: a share of the baseline other than 0, such as 0.05 for + 5 %, "
                "that leaves the rate between 0 and 1."
            )
        return uplift

    def control(self, effect: float, power: float) -> int:
        """The fewest customers of the control with which an effect is seen with that chance."""
        from scipy.optimize import brentq

        most = 4.0
        while self.power(effect, most) < power:
            most *= 2
            if most > 1e13:
                raise OmninbError(f"effect={effect!r}: no test is large enough for so small a one.")
        if most == 4.0:
            return 4
        return math.ceil(brentq(lambda n: self.power(effect, n) - power, most / 2, most))


def sample_size_table(
    baseline: float,
    effect: float | Sequence[float],
    sd: float | None = None,
    power: float = 0.8,
    arms: int = 2,
    ratio: float = 1.0,
    reduction: float = 0.0,
    confidence: float = 0.95,
    traffic: EventLog | None = None,
    at: Step | None = None,
    within: str | None = None,
) -> pd.DataFrame:
    """How many customers a test needs, and how many weeks that takes.

    Parameters
    ----------
    baseline : float
        The control's level: a conversion rate, or with ``sd`` a mean.
    effect : float or list of float
        The smallest effect worth finding, relative to the baseline: .05 is + 5 %.
    sd : float, optional
        Standard deviation over customers, for means.
    power : float
        The chance to find an effect of that size.
    arms : int
        The control included; treatments share the error, 1 − ``confidence``.
    ratio : float
        Customers of a treatment for each of the control.
    reduction : float
        The share of the variance that CUPED will take away.
    confidence : float
        1 − the chance of a false alarm.
    traffic : EventLog, optional
        A log of ordinary weeks, from whose beginning the test might have run.
    at : str, mapping or list, optional
        The step at which customers will be exposed; any touchpoint without it.
    within : str, optional
        The metric's window, which the last customers must still have to themselves.

    Returns
    -------
    pandas.DataFrame
        A row for each effect: ``effect``, ``uplift`` (in the baseline's unit), ``baseline``,
        ``power``, ``arms``, ``ratio``, ``reduction``, ``customers_control``,
        ``customers_treatment`` (of each treatment), ``n`` (of all arms), ``weeks`` until so many
        different customers came to the step, the window included (beyond the log at the pace of
        its last half; NaN without ``traffic``).

    Raises
    ------
    OmninbError
        If a number is outside its range.

    Examples
    --------
    >>> sample_size_table(0.10, [0.1, 0.2])[["customers_control", "n"]].values.tolist()
    [[14751, 29502], [3841, 7682]]
    """
    if not 0 < power < 1:
        raise OmninbError(f"power={power!r}: a chance such as 0.8.")
    plan = _Plan(baseline, sd, arms, ratio, reduction, confidence)
    pace = None if traffic is None else _Pace.of(traffic, at)
    wait = 0.0 if within is None else duration(within, "within") / _WEEK
    rows = []
    for one in _several(effect):
        control = plan.control(one, power)
        treatment = math.ceil(control * ratio)
        n = control + (arms - 1) * treatment
        weeks = math.nan if pace is None else pace.weeks(n) + wait
        row = {"effect": one, "uplift": plan.uplift(one), "baseline": baseline, "power": power}
        row |= {"arms": arms, "ratio": ratio, "reduction": reduction}
        row |= {"customers_control": control, "customers_treatment": treatment, "n": n}
        rows.append(row | {"weeks": weeks})
    return pd.DataFrame(rows)


def power_table(
    baseline: float,
    effect: float | Sequence[float],
    n: int | Sequence[int],
    sd: float | None = None,
    arms: int = 2,
    ratio: float = 1.0,
    reduction: float = 0.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """How sure a test of a given size is to find an effect.

    Parameters
    ----------
    baseline, effect, sd, arms, ratio, reduction, confidence
        As in :func:`sample_size_table`.
    n : int or list of int
        Customers of all arms together.

    Returns
    -------
    pandas.DataFrame
        A row for each effect and size: ``effect``, ``uplift``, ``baseline``, ``n``,
        ``customers_control``, ``customers_treatment`` (of each treatment), ``power``.

    Raises
    ------
    OmninbError
        If a number is outside its range.

    Examples
    --------
    >>> power_table(0.10, 0.1, [10_000, 29_502])["power"].round(3).tolist()
    [0.371, 0.8]
    """
    plan = _Plan(baseline, sd, arms, ratio, reduction, confidence)
    rows = []
    for one, size in itertools.product(_several(effect), _several(n)):
        control = size / (1 + (arms - 1) * ratio)
        if not control >= 2:
            raise OmninbError(f"n={size!r}: at least two customers in each arm.")
        row = {"effect": one, "uplift": plan.uplift(one), "baseline": baseline, "n": size}
        row |= {"customers_control": control, "customers_treatment": control * ratio}
        rows.append(row | {"power": plan.power(one, control)})
    frame = pd.DataFrame(rows)
    frame.attrs = {"confidence": confidence, "arms": arms, "ratio": ratio, "reduction": reduction}
    return frame


def _several(given: Any) -> list[Any]:
    return [given] if isinstance(given, (int, float, np.number)) else list(given)


@dataclass(frozen=True)
class _Pace:
    """When each customer of a log first came, in weeks since its beginning, sorted."""

    weeks_of: np.ndarray
    length: float

    @classmethod
    def of(cls, log: EventLog, at: Step | None) -> _Pace:
        first, start, end = first_touches(log, at)
        if not len(first) or end <= start:
            raise OmninbError("traffic: nobody came to the step in that log.")
        return cls(np.sort(first - start) / _WEEK, (end - start) / _WEEK)

    def weeks(self, n: int) -> float:
        """Weeks until so many different customers have come."""
        if n <= len(self.weeks_of):
            return float(self.weeks_of[n - 1])
        late = self.length / 2
        per_week = (self.weeks_of > late).sum() / late
        missing = n - len(self.weeks_of)
        return self.length + missing / per_week if per_week else math.inf
