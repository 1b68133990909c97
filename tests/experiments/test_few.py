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
        pd.DataFrame(rows, columns=names), other_below=fewest, observed_until="2025-06-01"
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
