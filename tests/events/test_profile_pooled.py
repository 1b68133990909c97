"""Columns, days and activity of a log that is to be shared tell nothing of a few customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from logs import EPOCH
from pooled_logs import FEWEST, SEEDS, rows_of

import omninb as onb
from omninb.events.profile_pooling import joined_classes
from omninb.wording import fewer_than


def log_and_frame(seed, fewest):
    """A log to be shared whose device is rarely known, and its touchpoints as a frame."""
    rows = rows_of(seed, customers=80)
    frame = pd.DataFrame(rows, columns=["customer_id", "timestamp", "channel", "event"])
    days = frame["timestamp"] // 86_400_000_000 % 9  # on most of them come many
    frame["timestamp"] = pd.to_datetime(days * 86_400_000_000 + EPOCH, unit="us", utc=True)
    chance = np.random.default_rng(seed)
    known = chance.random(len(frame)) < chance.choice([0.02, 0.5, 0.98])
    frame["device"] = np.where(known, "mobile", None)
    log = onb.read_events(frame, min_customers=fewest)
    return log, frame.assign(day=frame["timestamp"].dt.tz_localize(None).dt.normalize())


@given(SEEDS, FEWEST)
@settings(max_examples=25)
def test_days_tell_of_enough_customers_and_so_does_what_they_leave_out(seed, fewest):
    log, frame = log_and_frame(seed, fewest)
    table = onb.day_table(log)
    told = table[["day", "day_touchpoints"]].drop_duplicates().set_index("day")["day_touchpoints"]
    by_day = frame.groupby("day")
    for day, touchpoints in told.items():
        own = by_day.get_group(day) if day in by_day.groups else frame.head(0)
        assert touchpoints == len(own) and (not len(own) or own["customer_id"].nunique() >= fewest)
    left_out = frame[~frame["day"].isin(told.index)]
    assert not len(left_out) or left_out["customer_id"].nunique() >= fewest or not len(told)
    assert table.groupby("day")["touchpoints"].sum().eq(told).all()
    shown = set(table["channel"]) - {fewer_than(fewest)}
    frame["counted"] = frame["channel"].where(frame["channel"].isin(shown), fewer_than(fewest))
    assert frame.loc[~frame["channel"].isin(shown), "channel"].nunique() != 1
    frame["place"] = frame["day"].where(frame["day"].isin(told.index), pd.NaT)
    for (place, channel), own in frame.groupby(["place", "counted"], dropna=False):
        assert own["customer_id"].nunique() >= fewest or (pd.isna(place) and not len(told)) or (
            channel == fewer_than(fewest) and pd.isna(place) and not shown
        )  # fmt: skip
        here = table[(table["day"] == place) & (table["channel"] == channel)]["touchpoints"]
        assert pd.isna(place) or here.tolist() == [len(own)]
    onb.day_figure(table)


@given(SEEDS, FEWEST)
@settings(max_examples=10)
def test_columns_that_few_fill_or_leave_out_are_not_told(seed, fewest):
    log, frame = log_and_frame(seed, fewest)
    people = [frame.loc[one, "customer_id"].nunique()
              for one in (frame["device"].notna(), frame["device"].isna())]  # fmt: skip
    table = onb.column_table(log).set_index("column")
    assert ("device" in table.index) != any(0 < number < fewest for number in people)
    assert table.loc["channel", "filled"] == len(frame)


@given(SEEDS, FEWEST)
@settings(max_examples=10)
def test_classes_of_activity_are_joined_until_they_are_of_enough(seed, fewest):
    log, frame = log_and_frame(seed, fewest)
    table = onb.activity_table(log)
    sizes = frame["customer_id"].value_counts()
    assert (table["customers"] >= fewest).all() and table["customers"].sum() == len(sizes)
    for row in table.to_dict("records"):
        here = sizes[sizes.between(row["at_least"], row["at_most"])]
        assert (len(here), here.sum()) == (row["customers"], row["touchpoints"])


def test_classes_by_hand():
    assert joined_classes(np.array([3, 0, 1]), 0) == [(0, 0), (1, 1), (2, 2)]
    assert joined_classes(np.array([30, 20, 4, 7]), 10) == [(0, 0), (1, 1), (2, 3)]
    assert joined_classes(np.array([3, 20, 4, 2]), 10) == [(0, 3)]
    assert joined_classes(np.array([3, 2]), 10) == [(0, 1)]
    assert joined_classes(np.array([], int), 10) == []


def test_a_few_days_are_rare_in_the_test_itself():
    few = [len(onb.day_table(log_and_frame(seed, 10)[0])) for seed in range(6)]
    assert all(few) and any(
        fewer_than(10) in set(onb.day_table(log_and_frame(seed, 10)[0])["channel"])
        for seed in range(6)
    )
