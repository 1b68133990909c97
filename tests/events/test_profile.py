"""Columns, days and activity of a log, against pandas."""

from __future__ import annotations

import pandas as pd

import omninb as onb

FRAME = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b", "a", "c", "a"],
        "timestamp": ["2025-03-29 23:30", "2025-03-30 00:30", "2025-03-30 23:30",
                      "2025-03-31 00:10", "2025-03-31 12:00", "2025-04-02 09:00"],
        "channel": ["web", "web", None, "store", "web", "store"],
        "device": ["mobile", None, "mobile", None, "desktop", None],
    }
)  # fmt: skip


def test_filled_are_rows_with_something_in_them():
    table = onb.column_table(onb.read_events(FRAME, timezone="UTC")).set_index("column")
    assert table["filled"].to_dict() == {
        "customer_id": 6, "timestamp": 6, "channel": 5, "event": 5, "device": 3
    }  # fmt: skip
    assert table.loc["device", "values"] == 2 and table.loc["device", "filled_share"] == 0.5
    assert table.loc["event", "source"] == "channel"


def test_days_are_those_of_the_logs_zone_and_empty_ones_are_there():
    log = onb.read_events(FRAME, timezone="Europe/Berlin")  # the clock goes forward on 30 March
    table = onb.day_table(log)
    days = table.groupby("day")["touchpoints"].sum()
    assert days.tolist() == [1, 2, 2, 0, 1]
    assert days.index[0] == pd.Timestamp("2025-03-29")
    frame = log.to_frame()
    counted = frame.groupby([frame["timestamp"].dt.tz_localize(None).dt.normalize(), "channel"],
                            observed=True).size()  # fmt: skip
    found = table[table["touchpoints"] > 0].set_index(["day", "channel"])["touchpoints"]
    assert found.sort_index().to_dict() == counted.sort_index().to_dict()
    assert len(table) == 5 * 3 and table["day_touchpoints"].iloc[::3].tolist() == days.tolist()


def test_activity_classes_double_and_hold_everybody_once():
    table = onb.activity_table(onb.read_events(FRAME, timezone="UTC"))
    assert table["at_least"].tolist() == [1, 2, 4] and table["at_most"].tolist() == [1, 3, 7]
    assert table["customers"].tolist() == [2, 0, 1] and table["touchpoints"].tolist() == [2, 0, 4]
    sample = onb.sample()
    sizes = sample.to_frame()["customer_id"].value_counts()
    for row in onb.activity_table(sample).to_dict("records"):
        here = sizes[sizes.between(row["at_least"], row["at_most"])]
        assert (len(here), here.sum()) == (row["customers"], row["touchpoints"])
        assert row["touchpoints_share"] == here.sum() / len(sample)


def test_an_empty_log_gives_empty_tables():
    log = onb.read_events(FRAME.head(0), timezone="UTC")
    assert onb.column_table(log)["filled"].sum() == 0
    assert len(onb.day_table(log)) == len(onb.activity_table(log)) == 0
    assert "No days" in onb.day_figure(onb.day_table(log)).layout.meta["alt"]
