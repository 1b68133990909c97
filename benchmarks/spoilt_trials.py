"""Clean tests, and the same with one thing spoilt, for each check that should notice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from trials import TEST_BEGINS, shop_frame

import omninb as onb

CUSTOMERS = 3_000
METRICS = [
    onb.Conversion("purchase", within="14d"),
    onb.MeanPerCustomer("value", step="purchase", within="14d"),
]
DAY = pd.Timedelta("1d")
Trial = tuple[object, list[onb.Conversion], dict[str, object]]


def _shop(frame: pd.DataFrame) -> Trial:
    log = onb.read_events(frame)
    return log, METRICS, {"covariate": "before", "segments": "device"}


def clean_log(seed: int) -> Trial:
    """A shop's log; its treatment helps a little, and for good."""
    return _shop(shop_frame(CUSTOMERS, seed, uplift=(0.1, 0.1)))


def clean_frame(
    seed: int, changed: float = 0.0, swapped: tuple[float, float] = (0.02, 0.02)
) -> Trial:
    """One row per customer, some of whom were given what the other arm should get."""
    rng = np.random.default_rng([seed, 7])
    arm = rng.integers(2, size=CUSTOMERS)
    given = np.where(rng.random(CUSTOMERS) < np.array(swapped)[arm], 1 - arm, arm)
    past = rng.normal(0, 1, CUSTOMERS)
    frame = pd.DataFrame(
        {
            "variant": np.array(["control", "new"])[arm],
            "page": np.array(["old", "new"])[given],
            "past": past + changed * arm,
            "bought": (rng.random(CUSTOMERS) < 0.1).astype(int),
            "spent": rng.exponential(1, CUSTOMERS) + past,
        }
    )
    received = {"control": {"page": "old"}, "new": {"page": "new"}}
    metrics = [onb.Conversion("bought"), onb.MeanPerCustomer("spent")]
    return frame, metrics, {"covariate": "past", "received": received}


def _without(frame: pd.DataFrame, lost: Callable[[pd.DataFrame], np.ndarray]) -> Trial:
    """The shop without the exposed customers whom `lost` marks among the exposures."""
    exposures = frame[frame["variant"].notna()]
    gone = exposures.loc[lost(exposures), "customer_id"]
    return _shop(frame[~frame["customer_id"].isin(gone)])


def half_open(seed: int) -> Trial:
    """The log ends 20 days after the first exposure, so that two in three windows are not over."""
    frame = shop_frame(CUSTOMERS, seed)
    ends = pd.Timestamp("2025-01-01", tz="UTC") + (TEST_BEGINS + 20) * DAY
    return _shop(frame[frame["timestamp"] < ends])


def one_segment_lost(seed: int) -> Trial:
    """A quarter of the treatment is lost on mobile, a quarter of the control on desktop."""
    rng = np.random.default_rng([seed, 8])

    def lost(rows: pd.DataFrame) -> np.ndarray:
        crossed = (rows["device"] == "mobile") == (rows["variant"] == "new")
        return (crossed & (rng.random(len(rows)) < 0.25)).to_numpy()

    return _without(shop_frame(CUSTOMERS, seed), lost)


def three_days_lost(seed: int) -> Trial:
    """For three days nobody of the treatment is written down."""

    def lost(rows: pd.DataFrame) -> np.ndarray:
        day = (rows["timestamp"] - rows["timestamp"].min()) // DAY
        return (day.isin([20, 21, 22]) & (rows["variant"] == "new")).to_numpy()

    return _without(shop_frame(CUSTOMERS, seed), lost)


def crossed(seed: int) -> Trial:
    """Of a hundred customers three see the other arm too."""
    frame = shop_frame(CUSTOMERS, seed)
    seen = frame[frame["variant"].notna() & (frame["customer_id"] % 33 == 0)]
    other = seen.assign(variant=np.where(seen["variant"] == "new", "control", "new"))
    return _shop(pd.concat([frame, other.assign(timestamp=seen["timestamp"] + DAY / 24)]))


def lost_outcomes(seed: int) -> Trial:
    """Of the treatment one outcome in twenty more is missing."""
    frame, metrics, design = clean_frame(seed)
    rng = np.random.default_rng([seed, 9])
    lost = (frame["variant"] == "new") & (rng.random(len(frame)) < 0.05)
    return frame.assign(bought=frame["bought"].where(~lost)), metrics, design


def stamped_late(seed: int, arms: tuple[str, ...] = ("control", "new")) -> Trial:
    """Who buys gets the variant written down an hour after the purchase, not at the checkout."""
    frame = shop_frame(CUSTOMERS, seed)
    exposures = frame[frame["variant"].notna()].set_index("customer_id")
    bought = frame[frame["event"] == "purchase"]
    exposed = bought["customer_id"].map(exposures["timestamp"])
    first = bought[bought["timestamp"] > exposed].groupby("customer_id")["timestamp"].min()
    late = first.reindex(exposures.index[exposures["variant"].isin(arms)]).dropna() + DAY / 24
    rows = frame["variant"].notna() & frame["customer_id"].isin(late.index)
    frame.loc[rows, "timestamp"] = frame.loc[rows, "customer_id"].map(late)
    return _shop(frame)


# check: what is planted, and a log with it
SPOILT: dict[str, tuple[str, Callable[[int], Trial]]] = {
    "sample ratio": (
        "54 : 46 of 3,000",
        lambda s: _shop(shop_frame(CUSTOMERS, s, weights=(54, 46))),
    ),
    "sample ratio by segment": ("a quarter of one arm lost on each device", one_segment_lost),
    "sample ratio by day": ("three days without the treatment", three_days_lost),
    "customers in both arms": ("3 % see both", crossed),
    "received another variant": (
        "3 % of one arm, 1 % of the other",
        lambda s: clean_frame(s, swapped=(0.01, 0.03)),
    ),
    "exposure after outcome": (
        "buyers' variant written after purchase, of the treatment",
        lambda s: stamped_late(s, ("new",)),
    ),
    "outcome mostly before exposure": ("buyers' variant written after purchase", stamped_late),
    "covariate after exposure": (
        "the variant moved it by a sixth of its standard deviation",
        lambda s: clean_frame(s, changed=1 / 6),
    ),
    "missing outcomes": ("one in twenty of one arm", lost_outcomes),
    "too few customers": ("50 customers", lambda s: _shop(shop_frame(50, s))),
    "windows not over": ("two in three are open", half_open),
    "novelty": (
        "twice as many for two days, then none",
        lambda s: _shop(shop_frame(CUSTOMERS, s, uplift=(1, 1), fades_after=2)),
    ),
}


def checked(trial: Callable[[int], Trial], seed: int) -> dict[str, str]:
    """Each check's gravest outcome over the metrics."""
    source, metrics, design = trial(seed)
    table = onb.experiment_check_table(source, metrics, **design)
    order = ["not checked", "ok", "note", "warn", "stop"]
    gravest: dict[str, str] = {}
    for check, outcome in zip(table["check"], table["outcome"], strict=True):
        gravest[check] = max(gravest.get(check, order[0]), outcome, key=order.index)
    return gravest
