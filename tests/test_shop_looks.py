"""A simulated log looks like a shop: within the ranges that data/README.md states."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from omninb.simulate import simulate_table

README = Path(__file__).resolve().parents[1] / "data" / "README.md"
RANGES = {
    measure: (float(low), float(high))
    for measure, low, high in re.findall(
        r"^\| (.+?) \| ([\d.]+) \| ([\d.]+) \|$", README.read_text(encoding="utf-8"), re.M
    )
}
CHANNELS = [name.split(": ")[1] for name in RANGES if name.startswith("share of touchpoints: ")]


@pytest.fixture(scope="module", params=[3, 4])
def measured(request) -> dict[str, float]:
    """Each measure of one log."""
    rows = simulate_table(6_000, request.param)[0].to_pandas()
    rows = rows.sort_values(["customer_id", "timestamp"], kind="stable")
    time, customers = rows["timestamp"], rows["customer_id"].value_counts()
    orders, visits = rows[rows["event"] == "purchase"], rows["session_id"].nunique()
    in_visit = rows["session_id"] == rows["session_id"].shift()
    gap = time.groupby(rows["customer_id"]).diff().dt.total_seconds()
    begun = gap.isna() | (gap > 30 * 86_400) | (rows["event"].shift() == "purchase")
    weekday = time.dt.day_of_week[rows["channel"] == "store"]
    share = rows["channel"].value_counts(normalize=True)

    def an_order(event: str) -> float:
        return (rows["event"] == event).sum() / len(orders)

    return {
        "touchpoints a customer, mean": customers.mean(),
        "touchpoints a customer, median": customers.median(),
        "touchpoints of the busiest tenth of customers, share": (
            customers.nlargest(len(customers) // 10).sum() / len(rows)
        ),
        **{f"share of touchpoints: {channel}": share[channel] for channel in CHANNELS},
        "purchases in stores, share": (orders["channel"] == "store").mean(),
        "purchases a visit (all customers are known: more than in an anonymous shop)": (
            len(orders) / visits
        ),
        "purchases a journey": len(orders) / begun.sum(),
        "order value, median, EUR": orders["value"].median(),
        "order value, 95th percentile, EUR": orders["value"].quantile(0.95),
        "returns an order": an_order("return"),
        "contacts an order": an_order("contact"),
        "cost of adverts and contacts, of revenue": rows["cost"].sum() / orders["value"].sum(),
        "time between touchpoints of a visit, median, seconds": gap[in_visit].median(),
        "time between visits, median, days": gap[~in_visit].median() / 86_400,
        "touchpoints from 18 to 22 o'clock, share": time.dt.hour.between(18, 21).mean(),
        "touchpoints from 0 to 6 o'clock, share": time.dt.hour.between(0, 5).mean(),
        "store touchpoints on Saturday, share": (weekday == 5).mean(),
        "store touchpoints on Sunday, share": (weekday == 6).mean(),
        "touchpoints in December, of a mean month": 12 * (time.dt.month == 12).mean(),
    }


def test_every_stated_range_is_held(measured):
    assert measured.keys() == RANGES.keys() and len(CHANNELS) == 10
    outside = {
        measure: round(value, 4)
        for measure, value in measured.items()
        if not RANGES[measure][0] <= value <= RANGES[measure][1]
    }
    assert outside == {}


def test_light_customers_and_heavy_ones_differ_more_than_by_chance():
    rows = simulate_table(3_000, 5)[0].to_pandas()
    begun = rows.groupby("customer_id")["timestamp"].agg(["size"])["size"]
    assert begun.quantile(0.95) > 4 * begun.quantile(0.25)
    year = pd.Series(rows["timestamp"].dt.isocalendar().week).value_counts()
    assert year.loc[49] > 1.2 * year.loc[30]
