"""Logs for tests: from rows that a reader can count by hand, and random ones."""

from __future__ import annotations

import pandas as pd
from hypothesis import strategies as st

import omninb as onb

DAY = 86_400_000_000
HOUR = DAY // 24
EPOCH = 1_735_689_600_000_000  # 2025-01-01 UTC


def log_of(rows, **arguments):
    """A log of (customer, µs since 2025, channel, event[, order_id[, value]])."""
    names = ["customer_id", "timestamp", "channel", "event", "order_id", "value"]
    frame = pd.DataFrame(rows, columns=names[: len(rows[0])] if rows else names[:4])
    frame["customer_id"] = frame["customer_id"].astype("str")
    frame["timestamp"] = pd.to_datetime(
        frame["timestamp"].astype("int64") + EPOCH, unit="us", utc=True
    )
    return onb.read_events(frame, **arguments)


@st.composite
def random_rows(draw, most=60, distinct_times=False):
    """Rows of a few customers on three channels, purchases among them, over half a year."""
    times = st.integers(0, 180 * 24).map(lambda hours: hours * HOUR)
    row = st.tuples(
        st.sampled_from([f"c{i}" for i in range(8)]),
        times,
        st.sampled_from(["web", "store", "chat"]),
        st.sampled_from(["view", "ask", "purchase"]),
    )
    unique = (lambda r: r[1]) if distinct_times else None
    return draw(st.lists(row, min_size=1, max_size=most, unique_by=unique))
