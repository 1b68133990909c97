"""Funnels, drop-off and exits of logs in which there is nothing, or nobody, to count."""

from __future__ import annotations

import pandas as pd
import pytest
from logs import DAY, log_of

import omninb as onb

LOGS = {
    "no rows": [],
    "nobody begins": [("c", 0, "web", "b"), ("d", 60 * DAY, "store", "a")],
    "one begins, too late": [("c", 0, "web", "b"), ("d", 60 * DAY, "web", "a")],
}
STEPS = [{"channel": "web", "event": "a"}, "b"]
PERIODS = [("2025-01-01", "2025-02-01"), ("2025-02-01", "2025-03-01")]
BY_CUSTOMER = {"customer": ["channel", "event"]}
TABLES = {
    "funnel": (lambda j: onb.funnel_table(j, STEPS, "7d"), onb.funnel_figure),
    "any order": (lambda j: onb.funnel_table(j, STEPS, order="any"), onb.funnel_figure),
    "levels": (
        lambda j: onb.funnel_table(j, STEPS, "7d", attempt="first", breakdown="channel"),
        onb.funnel_figure,
    ),
    "levels of customers": (
        lambda j: onb.funnel_table(j, STEPS, "7d", attempt="every", breakdown=BY_CUSTOMER),
        onb.funnel_figure,
    ),
    "periods": (lambda j: onb.funnel_period_table(j, STEPS, PERIODS, "7d"), onb.funnel_figure),
    "drop-off": (lambda j: onb.drop_off_table(j, STEPS, within="7d"), onb.drop_off_figure),
    "lost to": (lambda j: onb.lost_to_table(j, STEPS, within="7d"), onb.lost_to_figure),
    "exits": (onb.exit_table, onb.exit_figure),
}
RATES = ["conversion_rate", "step_conversion_rate", "drop_off", "leave_channel_rate", "share"]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", LOGS)
def test_what_nobody_did_is_a_table_without_rates_and_a_figure(name, table):
    make, draw = TABLES[table]
    frame = make(log_of(LOGS[name]).journeys())
    assert draw(frame).to_dict()["layout"]["annotations"]
    full = make(log_of([("c", d * DAY, "web", e) for d, e in ((0, "a"), (1, "b"), (50, "b"))])
                .journeys())  # fmt: skip
    assert frame.columns.tolist() == full.columns.tolist()
    assert frame.dtypes.tolist() == full.dtypes.tolist()
    if table != "exits" and table != "any order":
        assert frame["customers"].sum() == 0
        for rate in set(RATES) & set(frame):
            assert frame[rate].isna().all(), rate
    assert isinstance(frame.attrs["observed_until"], pd.Timestamp | type(pd.NaT))
