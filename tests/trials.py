"""Randomised tests for tests: logs and frames whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from logs import DAY, EPOCH

import omninb as onb


def shop_table(
    customers,
    seed=0,
    *,
    weights=(0.5, 0.5),
    uplift=(0.0, 0.0),
    fades_after=None,
    stamp="checkout",
    days=60,
    history=True,
):
    """Rows of a shop that tests its checkout.

    Customers on mobile or desktop visit, come to the checkout once (there they are exposed) and buy
    up to three times in the 14 days after; the treatment multiplies each chance to buy by
    1 + ``uplift`` (desktop, mobile), for the first ``fades_after`` days only where that is given.
    Before exposure they bought now and then, some more and some less.
    """
    rng = np.random.default_rng(seed)
    mobile = rng.integers(2, size=customers)
    arm = rng.choice(len(weights), customers, p=np.array(weights) / sum(weights))
    exposed = rng.uniform(30, 30 + days, customers)
    keen = rng.gamma(4, 0.25, customers)
    parts = [("checkout", np.arange(customers), exposed)]
    visits = rng.poisson(2, customers)
    who = np.repeat(np.arange(customers), visits)
    parts.append(("view", who, exposed[who] - rng.uniform(0, 30, len(who))))
    if history:
        bought = np.repeat(np.arange(customers), rng.poisson(0.4 * keen))
        parts.append(("purchase", bought, exposed[bought] - rng.uniform(0.01, 28, len(bought))))
    for start, end in ((0, 2), (2, 7), (7, 14)):
        factor = 1 + np.where(arm > 0, np.array(uplift)[mobile], 0)
        if fades_after is not None and start >= fades_after:
            factor = np.ones(customers)
        buys = rng.random(customers) < np.minimum(0.1 * keen * factor, 1)
        who = np.flatnonzero(buys)
        parts.append(("purchase", who, exposed[who] + rng.uniform(start + 0.001, end, len(who))))
    event = np.concatenate([np.full(len(p[1]), p[0]) for p in parts])
    who = np.concatenate([p[1] for p in parts])
    time = (np.concatenate([p[2] for p in parts]) * DAY).astype(np.int64) + EPOCH
    stamped = np.ones(len(event), bool) if stamp is None else event == stamp
    value = np.where(event == "purchase", rng.lognormal(3, 0.7, len(event)).round(2), np.nan)
    inside = time < EPOCH + (30 + days) * DAY
    table = {
        "customer_id": pa.array(who),
        "timestamp": pa.array(time).cast(pa.timestamp("us", "UTC")),
        "channel": pa.array(["web"] * len(who)),
        "event": pa.array(event),
        "device": pa.array(np.array(["desktop", "mobile"])[mobile[who]]),
        "variant": pa.array(np.where(stamped, _names(len(weights))[arm[who]], None)),
        "value": pa.array(value, from_pandas=True),
    }
    return pa.table(table).filter(pa.array(inside))


def _names(arms):
    return np.array(["control", "new", "newer"][:arms], dtype=object)


def shop_log(*given, **settings):
    """The log of :func:`shop_table`."""
    return onb.read_events(shop_table(*given, **settings))


def trial_log(rows, **arguments):
    """A log of (customer, µs since 2025, event[, variant[, value[, order_id]]])."""
    names = ["customer_id", "timestamp", "event", "variant", "value", "order_id"]
    frame = pd.DataFrame(rows, columns=names[: len(rows[0])])
    frame["channel"] = "web"
    frame["timestamp"] = pd.to_datetime(frame["timestamp"] + EPOCH, unit="us", utc=True)
    return onb.read_events(frame, **arguments)
