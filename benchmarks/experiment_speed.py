"""Seconds from a log of a million exposed customers to a table of five metrics: ``make bench``.

After reading and one warm-up on a small log; the layout of the log is part of what is timed. A
second row is a frame of one row per customer.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import omninb as onb

CUSTOMERS, ROUNDS, MARK = 1_000_000, 3, 3.0
DAY = 86_400_000_000
EVENTS = ["view", "checkout", "purchase", "contact"]
METRICS = [
    onb.Conversion("purchase", within="14d"),
    onb.MeanPerCustomer("value", step="purchase", within="14d"),
    onb.RatioOfSums("value", "count", step="purchase", within="14d"),
    onb.TimeTo("purchase", within="14d"),
    onb.DropOff("checkout", "purchase", within="14d"),
]
FRAME_METRICS = [
    onb.Conversion("bought"),
    onb.MeanPerCustomer("spent"),
    onb.RatioOfSums("spent", "orders"),
    onb.MeanPerCustomer("orders", winsorise=0.99),
    onb.DropOff("came", "bought"),
]


def log(customers: int) -> onb.EventLog:
    """Five touchpoints a customer over 90 days, the variant on each checkout."""
    random = np.random.default_rng(1)
    n = 5 * customers
    who = random.integers(customers, size=n)
    event = random.choice(4, n, p=[0.5, 0.25, 0.15, 0.1])
    arm = random.integers(2, size=customers)
    event[:customers], who[:customers] = 1, np.arange(customers)  # all come to the checkout
    moment = np.sort(random.integers(90 * DAY, size=n))
    order = random.permutation(n)
    who, event = who[order], event[order]
    value = np.where(event == 2, random.lognormal(3, 0.7, n).round(2), np.nan)
    variant = pa.array(arm[who].astype(np.int32), mask=event != 1)
    names = pa.DictionaryArray.from_arrays
    table = {
        "customer_id": pa.array(who * 7 + 100_000_007),
        "timestamp": pa.array(moment + 1_735_689_600_000_000, pa.timestamp("us", "UTC")),
        "channel": names(pa.array(event.astype(np.int32) % 3), pa.array(["web", "app", "store"])),
        "event": names(pa.array(event.astype(np.int32)), pa.array(EVENTS)),
        "device": names(pa.array((who % 2).astype(np.int32)), pa.array(["desktop", "mobile"])),
        "variant": names(variant, pa.array(["control", "new"])),
        "value": pa.array(value, from_pandas=True),
    }
    return onb.read_events(pa.table(table))


def frame(customers: int) -> pd.DataFrame:
    """One row per customer."""
    random = np.random.default_rng(2)
    orders = random.poisson(0.3, customers)
    return pd.DataFrame(
        {
            "variant": np.array(["control", "new"])[random.integers(2, size=customers)],
            "orders": orders,
            "spent": orders * random.lognormal(3, 0.7, customers),
            "bought": (orders > 0).astype(int),
            "came": np.ones(customers, int),
        }
    )


def main() -> int:
    """Print both rows; exit status 1 where the mark is missed."""
    onb.experiment_table(log(2_000), METRICS, covariate="before", segments="device")
    onb.experiment_table(frame(2_000), FRAME_METRICS)
    missed = False
    for what, read, metrics, design in (
        ("a log of 5 M touchpoints", log, METRICS, {}),
        (
            "the same by device and with CUPED",
            log,
            METRICS,
            {"segments": "device", "covariate": "before"},
        ),
        ("a frame", frame, FRAME_METRICS, {}),
    ):
        found = []
        for _ in range(ROUNDS):
            source = read(CUSTOMERS)
            begin = time.perf_counter()
            onb.experiment_table(source, metrics, **design)
            found.append(time.perf_counter() - begin)
        seconds = statistics.median(found)
        missed |= seconds >= MARK
        verdict = "met" if seconds < MARK else "NOT met"
        print(f"1 M customers, 5 metrics, {what:<36}{seconds:>6.2f} s  < {MARK:g} s  {verdict}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
