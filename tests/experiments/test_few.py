"""An experiment of a log that is to be shared: levels of few customers are left out."""

from __future__ import annotations

import numpy as np
import pandas as pd

import omninb as onb


def log_of(sizes, fewest):
    rows = []
    for device, size in sizes.items():
        for c in range(size):
            arm = ("control", "new")[c % 2]
            at = pd.Timestamp("2025-01-01", tz="UTC") + pd.Timedelta(hours=c)
            rows.append((f"{device}{c}", at, "web", "view", arm, device))
            if c % 3 == 0 or size < 20:
                rows.append((f"{device}{c}", at, "web", "purchase", arm, device))
    names = ["customer_id", "timestamp", "channel", "event", "variant", "device"]
    return onb.read_events(
        pd.DataFrame(rows, columns=names), min_customers=fewest, observed_until="2025-06-01"
    )


def table_of(sizes, fewest):
    metric = onb.Conversion("purchase", within="7d")
    return onb.experiment_table(log_of(sizes, fewest), metric, segments="device")


SIZES = {"desktop": 400, "mobile": 300, "tablet": 80, "watch": 8}


def test_a_rare_level_goes_with_the_next_smallest():
    whole, shared = table_of(SIZES, None), table_of(SIZES, 10)
    assert set(whole["level"]) == {"(all)", *SIZES}
    assert shared["level"].tolist() == ["(all)", "desktop", "mobile"]
    kept = whole[whole["level"].isin(shared["level"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(shared, kept, check_like=False)
    hidden = shared["n"].iloc[0] - shared["n"].iloc[1:].sum()
    assert hidden == 88  # of the two, neither is told


def test_without_customers_enough_in_an_arm_there_are_no_numbers():
    table = table_of({"desktop": 18}, 10)
    assert table["level"].tolist() == ["(all)"]
    assert np.isnan(table["n"].iloc[0]) and np.isnan(table["uplift"].iloc[0])
    assert table["verdict"].iloc[0] == "cannot say: an arm has fewer than 10 customers"


def invented(fewest, customers=300):
    """A test of two arms with few who spend much, and few days on which many come."""
    chance = np.random.default_rng(3)
    rows = []
    for c in range(customers):
        arm = ("control", "new")[c % 2]
        at = pd.Timestamp("2025-01-01", tz="UTC") + pd.Timedelta(hours=int(chance.integers(0, 900)))
        rows.append((f"c{c}", at, "web", "view", arm, 0.0))
        for _ in range(chance.poisson(1.2)):
            at += pd.Timedelta(hours=1)
            event, channel = (
                chance.choice(["purchase", "ask"]),
                chance.choice(["web", "app", "fax"]),
            )
            worth = float(chance.integers(1, 40)) if event == "purchase" else 0.0
            rows.append((f"c{c}", at, channel, event, arm, worth))
    names = ["customer_id", "timestamp", "channel", "event", "variant", "value"]
    frame = pd.DataFrame(rows, columns=names)
    return onb.read_events(frame, min_customers=fewest, observed_until="2025-06-01")


def test_days_are_left_out_until_enough_more_have_come():
    metric = onb.Conversion("purchase", within="7d")
    whole, shared = (onb.experiment_cumulative_table(invented(n), metric) for n in (None, 10))
    arms = ["customers_control", "customers_treatment"]
    assert (shared[arms].diff().fillna(shared[arms]) >= 10).all(axis=None)
    assert shared.iloc[-1].equals(whole.iloc[-1]) and 1 < len(shared) < len(whole)


def test_bins_of_few_are_joined_with_their_neighbours():
    metric = onb.MeanPerCustomer("value", within="7d")
    whole, shared = (onb.experiment_distribution_table(invented(n), metric) for n in (None, 10))
    assert whole["customers"].min() < 10 <= shared["customers"].min()
    sums = [table.groupby("variant")["customers"].sum().tolist() for table in (whole, shared)]
    assert sums[0] == sums[1]
    assert set(shared["lower"]) <= set(whole["lower"]) and set(shared["upper"]) <= set(
        whole["upper"]
    )
    assert onb.experiment_distribution_table(invented(10, 18), metric).empty


def test_moves_of_few_are_left_out():
    whole, shared = (
        onb.experiment_transition_table(invented(n), exit_after="2d") for n in (None, 10)
    )
    arms = ["customers_control", "customers_treatment"]
    assert whole[arms].to_numpy().min() < 10 <= shared[arms].to_numpy().min()
    assert not shared["target"].str.startswith("(fewer").any() and len(shared)


def test_sentences_and_arms_do_not_tell_few():
    metric = onb.Conversion("purchase", within="7d")
    log = invented(10, 18)
    checks = onb.experiment_check_table(log, metric).set_index("check")
    assert checks.loc["sample ratio", "sentence"] == (
        "it rests on a number below 10, which is not told."
    )
    plain = onb.experiment_check_table(invented(None, 18), metric).set_index("check")
    assert "9 customers in control" in plain.loc["sample ratio", "sentence"]
    table = onb.experiment_table(log, metric)
    assert table.attrs["arms"] == {"control": None, "new": None}
    assert table.attrs["customers"] is None
