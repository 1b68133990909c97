"""Experiments with known effects, as the tables that figures are given."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from reading import HOSTILE

import omninb as onb


def customers(number: int, arms: list[str], seed: int = 5) -> pd.DataFrame:
    """A row a customer: the first arm is the control, the second clearly differs from it."""
    chance = np.random.default_rng(seed)
    frame = pd.DataFrame({"variant": chance.choice(arms, number)})
    second = (frame["variant"] == arms[1]).to_numpy()
    frame["device"] = chance.choice(["mobile", "desktop", "tablet"], number, p=[0.6, 0.37, 0.03])
    frame["day"] = pd.Timestamp("2025-03-01") + pd.to_timedelta(
        chance.integers(0, 20, number), unit="D"
    )
    frame["bought"] = chance.random(number) < np.where(second, 0.3, 0.2)
    frame["called"] = chance.random(number) < np.where(second, 0.2, 0.1)
    frame["clicked"] = chance.random(number) < 0.5
    frame["opened"] = chance.random(number) < 0.9
    frame["contacted"] = chance.random(number) < 0.1
    frame["spend"] = np.where(frame["bought"], chance.lognormal(3, 0.8, number), 0.0)
    frame["orders"] = chance.poisson(0.6, number)
    frame["profit"] = chance.normal(-0.2, 3, number)
    frame["bought"] = frame["bought"].astype(int)
    return frame


METRICS = [
    onb.Conversion("bought"),
    onb.Conversion("called", direction="lower"),
    onb.Conversion("clicked"),
    onb.MeanPerCustomer("spend"),
    onb.MeanPerCustomer("profit"),
    onb.RatioOfSums("spend", "orders"),
    onb.Conversion("opened", role="guardrail", margin=0.1, name="opened at all"),
    onb.Conversion("called", direction="lower", role="guardrail", margin=0.05, name="calls"),
    onb.Conversion("contacted", direction="lower", role="guardrail", margin=0.01, name="contact"),
]
HOSTILE_METRICS = [
    onb.Conversion("clicked", name=HOSTILE[0]),
    onb.MeanPerCustomer("spend", name=HOSTILE[1]),
    onb.MeanPerCustomer("orders", name=HOSTILE[4], role="guardrail", margin=0.02),
]
SHAPES = ("usual", "three", "stopped", "few", "sequential", "hostile")


@cache
def frame_of(shape: str) -> pd.DataFrame:
    """The customers of an experiment of some shape."""
    if shape == "three":
        return customers(6_000, ["control", "new", "newer"])
    if shape == "few":
        return customers(50, ["control", "new"])
    frame = customers(6_000, ["control", "new"])
    if shape == "stopped":
        return frame[(frame["variant"] == "control") | (frame.index % 5 > 0)]
    if shape == "hostile":
        frame["variant"] = frame["variant"].map({"control": HOSTILE[2], "new": HOSTILE[3]})
        frame["device"] = frame["device"].map(
            {"mobile": HOSTILE[4], "desktop": HOSTILE[6], "tablet": HOSTILE[8]}
        )
        return frame.rename(columns={"device": HOSTILE[0]})
    return frame


def asked(shape: str) -> tuple[pd.DataFrame, list, dict[str, object]]:
    """The customers, the metrics, and which arm is the control."""
    hostile = shape == "hostile"
    return frame_of(shape), HOSTILE_METRICS if hostile else METRICS, {
        "control": HOSTILE[2] if hostile else "control"
    }  # fmt: skip


@cache
def result(shape: str) -> pd.DataFrame:
    """The table of an experiment of some shape, with segments."""
    frame, metrics, design = asked(shape)
    segment = HOSTILE[0] if shape == "hostile" else "device"
    return onb.experiment_table(
        frame, metrics, segments=segment, sequential=shape == "sequential", **design
    )


@cache
def days(shape: str) -> pd.DataFrame:
    """What was known day by day."""
    frame, metrics, design = asked(shape)
    return onb.experiment_cumulative_table(frame, metrics, exposed_at="day", **design)


@cache
def spread(shape: str) -> pd.DataFrame:
    """The distribution of each arm."""
    frame, metrics, design = asked(shape)
    return onb.experiment_distribution_table(frame, metrics, **design)


@cache
def moves(names: tuple[str, ...] = ("web", "store", "app", "chat"), changed: bool = True):
    """Where two arms of customers move; a treatment may shift the way from the first node."""
    chance, rows = np.random.default_rng(2), []
    start = pd.Timestamp("2025-01-01", tz="UTC")
    for customer in range(1_200):
        arm = ("control", "treatment")[customer % 2]
        at = names[0]
        for i in range(int(chance.integers(2, 6))):
            rows.append(
                {"customer_id": f"c{customer}", "channel": at, "variant": arm,
                 "timestamp": start + pd.Timedelta(hours=customer + 30 * i)}
            )  # fmt: skip
            shifted = changed and arm == "treatment" and at == names[0]
            at = names[1] if shifted and chance.random() < 0.4 else str(chance.choice(names))
    log = onb.read_events(pd.DataFrame(rows).sort_values("timestamp"))
    return onb.experiment_transition_table(log, exit_after="3d")
