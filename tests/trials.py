"""Randomised tests for tests: rows to count by hand, and a shop with a known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
from logs import DAY, EPOCH

import omninb as onb

NAMES = np.array(["control", "new", "newer"], dtype=object)
TEST_BEGINS = 30  # days of history before the first exposure


def trial_log(rows, **arguments):
    """A log of (customer, µs since 2025, event[, variant[, value[, order_id]]])."""
    names = ["customer_id", "timestamp", "event", "variant", "value", "order_id"]
    frame = pd.DataFrame(rows, columns=names[: len(rows[0])])
    frame["channel"] = "web"
    frame["timestamp"] = pd.to_datetime(frame["timestamp"] + EPOCH, unit="us", utc=True)
    return onb.read_events(frame, **arguments)


def shop_frame(
    customers, seed=0, *, weights=(0.5, 0.5), uplift=(0.0, 0.0), fades_after=None, days=60
):
    """Rows of a shop that tests its checkout: a customer is exposed at the only visit there.

    Customers on desktop or mobile look around, bought now and then in the 28 days before exposure
    (the keen ones more) and buy up to three times in the 14 days after it: within 2, 7 and 14 days,
    each with a chance of .1 times their keenness, which is 1 on average. A treatment multiplies
    that by 1 + ``uplift`` (desktop, mobile); only in the first ``fades_after`` days where given.
    """
    rng = np.random.default_rng(seed)
    mobile = rng.integers(2, size=customers)
    arm = rng.choice(len(weights), customers, p=np.array(weights) / sum(weights))
    exposed = rng.uniform(TEST_BEGINS, TEST_BEGINS + days, customers)
    keen = rng.gamma(4, 0.25, customers)
    everybody = np.arange(customers)
    looked = np.repeat(everybody, rng.poisson(2, customers))
    bought = np.repeat(everybody, rng.poisson(0.4 * keen))
    parts = [
        ("checkout", everybody, exposed),
        ("view", looked, exposed[looked] - rng.uniform(0.01, 28, len(looked))),
        ("purchase", bought, exposed[bought] - rng.uniform(0.01, 28, len(bought))),
    ]
    for start, end in ((0, 2), (2, 7), (7, 14)):
        helps = fades_after is None or start < fades_after
        factor = 1 + np.where((arm > 0) & helps, np.array(uplift)[mobile], 0)
        who = np.flatnonzero(rng.random(customers) < 0.1 * keen * factor)
        parts.append(("purchase", who, exposed[who] + rng.uniform(start + 0.001, end, len(who))))
    event = np.repeat([name for name, *_ in parts], [len(who) for _, who, _ in parts])
    who = np.concatenate([who for _, who, _ in parts])
    day = np.concatenate([moment for *_, moment in parts])
    frame = pd.DataFrame(
        {
            "customer_id": who,
            "timestamp": pd.to_datetime((day * DAY).astype(np.int64) + EPOCH, unit="us", utc=True),
            "channel": "web",
            "event": event,
            "device": np.array(["desktop", "mobile"])[mobile[who]],
            "variant": np.where(event == "checkout", NAMES[arm[who]], None),
            "value": np.where(
                event == "purchase", rng.lognormal(3, 0.7, len(who)).round(2), np.nan
            ),
        }
    )
    return frame[day < TEST_BEGINS + days].reset_index(drop=True)


def shop_log(*given, **settings):
    """The log of :func:`shop_frame`."""
    return onb.read_events(shop_frame(*given, **settings))
