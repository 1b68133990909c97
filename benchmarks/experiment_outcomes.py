"""Customers' outcomes in simulated tests, for each kind of metric, with the true uplift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

import omninb as onb
from omninb.experiments.outcomes import Outcome, capped

BOUGHT = 0.1
ORDERS, PAST, SPREAD = 0.3, 3.0, 1.0
BEGAN, LEFT = 0.5, 0.4
HORIZON, RATE = 7.0, 0.1
METRICS = {
    "conversion": onb.Conversion("bought"),
    "mean": onb.MeanPerCustomer("spent"),
    "mean, winsorised": onb.MeanPerCustomer("spent", winsorise=0.99),
    "ratio": onb.RatioOfSums("spent", "orders"),
    "drop-off": onb.DropOff("cart", "purchase"),
    "time": onb.TimeTo("purchase", within="7d"),
}
KINDS = list(METRICS)
CUPED = ["conversion, CUPED", "mean, CUPED", "ratio, CUPED"]


@dataclass(frozen=True)
class Simulated:
    """One test: what is measured of its customers, their arms, and the truth."""

    outcome: Outcome
    arm: np.ndarray
    uplift: float
    relative: float


def simulate(
    kind: str,
    rng: np.random.Generator,
    customers: int,
    effect: float = 0.0,
    ratio: float = 1.0,
    arms: int = 2,
) -> Simulated:
    """Customers of a control and of treatments, the last of which has an effect (relative).

    Spending is lognormal with many zeros, orders are overdispersed, the past tells of the same
    keenness; times are exponential and known to the end.
    """
    name, adjusted = kind.removesuffix(", CUPED"), kind.endswith("CUPED")
    weights = np.array([1.0, *[ratio] * (arms - 1)])
    arm = rng.choice(arms, customers, p=weights / weights.sum())
    factor = 1 + effect * (arm == arms - 1)
    keen = rng.gamma(2, 0.5, customers)
    bottom = happened = None
    past: tuple[np.ndarray, np.ndarray | None] | None = None
    if name == "conversion":
        level = (BOUGHT, BOUGHT * (1 + effect))
        top = (rng.random(customers) < BOUGHT * keen * factor).astype(float)
        past = rng.poisson(keen) * 1.0, None
    elif name == "drop-off":
        level = (LEFT, LEFT * (1 + effect))
        bottom = (rng.random(customers) < BEGAN).astype(float)
        top = bottom * (rng.random(customers) < LEFT * factor)
    elif name == "time":
        level = tuple(-np.expm1(-r * HORIZON) / r for r in (RATE, RATE * (1 + effect)))
        days = rng.exponential(1 / (RATE * factor))
        top, happened = np.minimum(days, HORIZON), days < HORIZON
    else:
        each = rng.lognormal(-(SPREAD**2) / 2, SPREAD, customers)  # 1 on average
        of_orders, of_values = (1, factor) if name == "ratio" else (factor, 1)
        orders = rng.poisson(ORDERS * keen * of_orders)
        top = orders * each * of_values
        level = (1.0, 1 + effect) if name == "ratio" else (ORDERS, ORDERS * (1 + effect))
        bottom = orders * 1.0 if name == "ratio" else None
        bought = rng.poisson(PAST * keen) * 1.0
        past = bought * each, bought if name == "ratio" else None
    past = past if adjusted else None
    known = np.ones(customers, bool)
    outcome = capped(Outcome(METRICS[name], top, bottom, known, happened, past))
    return Simulated(outcome, arm, level[1] - level[0], level[1] / level[0] - 1)


@dataclass(frozen=True)
class Plan:
    """A test as it was planned."""

    kind: str
    baseline: float
    effect: float
    sd: float | None = None
    ratio: float = 1.0
    arms: int = 2
    reduction: float = 0.0
    power: float = 0.8

    def table(self) -> pd.DataFrame:
        """What the planner says."""
        return onb.sample_size_table(
            self.baseline, self.effect, self.sd, self.power, self.arms, self.ratio, self.reduction
        )


# Of spending: the variance of orders is .3 + .09 / 2, of the value of each e - 1; the past shares
# with it the keenness and the value of each.
_VARIANCE = (ORDERS + 1.5 * ORDERS**2) * np.e - ORDERS**2
_SHARED = 1.5 * ORDERS * PAST * np.e - ORDERS * PAST
_EXPLAINED = _SHARED**2 / (((PAST + 1.5 * PAST**2) * np.e - PAST**2) * _VARIANCE)
_SD = float(np.sqrt(_VARIANCE))
PLANS = {
    "10 % + 20 %": Plan("conversion", BOUGHT, 0.2),
    "10 % − 15 %, two in three in the control": Plan("conversion", BOUGHT, -0.15, ratio=0.5),
    "10 % + 25 %, three arms": Plan("conversion", BOUGHT, 0.25, arms=3, power=0.9),
    "a mean + 15 %": Plan("mean", ORDERS, 0.15, _SD),
    "a mean + 15 % with CUPED": Plan("mean, CUPED", ORDERS, 0.15, _SD, reduction=_EXPLAINED),
}
