"""The effect day by day is the table of the log as it was on that day; bins hold every customer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from trials import shop_frame

import omninb as onb

METRICS = [
    onb.Conversion("purchase", within="3d"),
    onb.MeanPerCustomer("value", step="purchase", within="3d"),
    onb.RatioOfSums("value", "count", step="purchase", within="3d"),
    onb.DropOff("checkout", "purchase", within="3d"),
    onb.TimeTo("purchase", within="3d"),
]


@pytest.fixture(scope="module")
def shop():
    return shop_frame(3_000, 3, weights=(1, 1, 1), uplift=(0.3, 0.3), days=20)


def test_each_day_is_the_table_of_the_log_up_to_its_end(shop):
    table = onb.experiment_cumulative_table(onb.read_events(shop), METRICS)
    assert set(table["metric"]) == {metric.name for metric in METRICS[:4]}
    for day in table["day"].unique()[[7, 10, -2]]:
        end = pd.Timestamp(day, tz="UTC") + pd.Timedelta("1D")
        known = onb.read_events(shop[shop["timestamp"] < end], observed_until=end)
        asked = onb.experiment_table(known, METRICS[:4], sequential=True)
        shown = table[table["day"] == day]
        both = shown.merge(asked, on=["metric", "variant"], suffixes=("", "_asked"))
        assert len(both) == 8
        for column in ("n", "control", "treatment", "uplift", "uplift_ci_lower", "p_value",
                       "always_valid_ci_upper", "always_valid_p_value"):  # fmt: skip
            assert both[column].to_numpy() == pytest.approx(both[f"{column}_asked"].to_numpy())


def test_the_last_day_is_the_table_and_early_days_have_no_bounds(shop):
    log = onb.read_events(shop)
    table = onb.experiment_cumulative_table(log, METRICS[1], covariate="before")
    last = table.groupby("variant").last()
    whole = onb.experiment_table(log, METRICS[1], covariate="before").set_index("variant")
    assert last["uplift_ci_lower"].to_numpy() == pytest.approx(whole["uplift_ci_lower"].to_numpy())
    first = table.groupby("variant").first()
    assert (table.groupby("variant")["n"].diff().dropna() >= 0).all()
    assert first["n"].max() < 120
    few = table[["customers_control", "customers_treatment"]].min(axis=1) < 30
    assert (
        table.loc[few, "uplift_ci_lower"].isna().all() and table.loc[~few, "p_value"].notna().all()
    )


def test_a_frame_needs_the_moment_of_exposure():
    frame = pd.DataFrame({"variant": ["control", "new"] * 100, "bought": [0, 1, 1, 0] * 50})
    frame["at"] = pd.date_range("2025-03-30", periods=200, freq="h")
    with pytest.raises(onb.OmninbError, match="exposed_at"):
        onb.experiment_cumulative_table(frame, onb.Conversion("bought"))
    table = onb.experiment_cumulative_table(frame, onb.Conversion("bought"), exposed_at="at")
    assert table["n"].tolist() == [24, 48, 72, 96, 120, 144, 168, 192, 200]


def test_bins_hold_every_customer_once():
    rng = np.random.default_rng(1)
    spent = np.where(rng.random(2_000) < 0.6, 0, rng.lognormal(3, 1, 2_000))
    arm = np.array(["control", "new"])[rng.integers(2, size=2_000)]
    frame = pd.DataFrame({"variant": arm, "spent": spent, "orders": rng.integers(4, size=2_000)})
    frame.loc[0, "spent"] = np.nan  # not known yet
    metrics = [
        onb.MeanPerCustomer("spent"),
        onb.MeanPerCustomer("orders"),
        onb.RatioOfSums("spent", "orders"),
    ]
    table = onb.experiment_distribution_table(frame, metrics, bins=10)
    assert set(table["metric"]) == {m.name for m in metrics[:2]}
    bins = table[table["metric"] == metrics[0].name]
    assert len(bins) == 2 * 11
    for name, own in frame.dropna().groupby("variant")["spent"]:
        rows = bins[bins["variant"] == name]
        assert rows["customers"].sum() == len(own) and rows["share"].sum() == pytest.approx(1)
        for i, (lower, upper, customers) in enumerate(
            zip(rows["lower"], rows["upper"], rows["customers"], strict=True)
        ):
            inside = own == 0 if i == 0 else (own >= lower) & (own < upper) & (own != 0)
            if i == 10:
                inside = (own >= lower) & (own <= upper)
            assert customers == inside.sum()
    counts = table[table["metric"] == metrics[1].name]
    assert counts["lower"].tolist() == counts["upper"].tolist() == [0, 1, 2, 3] * 2
    sizes = frame.groupby(["variant", "orders"]).size()
    assert counts["customers"].tolist() == sizes.tolist()
