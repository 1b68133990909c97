"""The time that a step takes, against Kaplan and Meier's estimate by statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from funnel_logs import STEPS, rows_of, until_of
from hypothesis import given, settings
from hypothesis import strategies as st
from logs import DAY, HOUR, log_of
from naive_funnels import naive_funnel
from statsmodels.duration.survfunc import SurvfuncRight

import omninb as onb


def quantile(waits, q):
    """The smallest time by which a share q of those have made it who make it at all (µs)."""
    times, made = (np.array(column) for column in zip(*waits, strict=True))
    curve = SurvfuncRight(np.maximum(times, 1e-9), made)  # takes no time of 0
    share = 1 - curve.surv_prob
    return curve.surv_times[np.argmax(share >= q * share[-1] - 1e-12)]


def within_a_bucket(shown, exact):
    """Equal but for the width of a bucket of the histogram, 1/64 of the time."""
    return shown / pd.Timedelta("1us") == pytest.approx(exact, rel=1 / 64, abs=1)


@settings(max_examples=150)
@given(
    rows_of(most=60, customers=9),
    st.sampled_from(["furthest", "first", "every"]),
    st.sampled_from(["ordered", "strict", "any"]),
    st.sampled_from([None, 4, 9]),
    st.integers(24, 30),
)
def test_median_and_p90_are_those_of_kaplan_and_meier(rows, attempt, order, within, until):
    table = onb.funnel_table(
        log_of(rows).journeys(**until_of(until)), STEPS, within and f"{within}h", order, attempt
    )
    found, _ = naive_funnel(
        rows, STEPS, "customer", 0, until * HOUR, order, attempt, within and within * HOUR
    )
    assert table["median_time"].isna()[0] and table["p90_time"].isna()[0]
    for k in (1, 2):
        waits = found["", k].waits
        shown = table.iloc[k]
        if not any(made for _, made in waits):
            assert shown["median_time"] is pd.NaT and shown["p90_time"] is pd.NaT
        else:
            assert within_a_bucket(shown["median_time"], quantile(waits, 0.5))
            assert within_a_bucket(shown["p90_time"], quantile(waits, 0.9))


def test_half_of_those_who_make_it_count_and_not_half_of_all():
    """Four begin; two make it, after 1 and 5 days: the median of those is 1 day."""
    rows = [(name, 0, "web", "a") for name in "wxyz"]
    rows += [("w", DAY, "web", "b"), ("x", 5 * DAY, "web", "b")]
    table = onb.funnel_table(
        log_of(rows).journeys(observed_until="2025-03-01"), ["a", "b"], within="10d"
    )
    assert within_a_bucket(table["median_time"][1], DAY)
    assert within_a_bucket(table["p90_time"][1], 5 * DAY)


def test_times_are_those_of_first_attempts_whatever_is_counted():
    """Furthest counts w's second try, which took a day; the first took longer than the window."""
    rows = [("w", 0, "web", "a"), ("w", 9 * DAY, "web", "a"), ("w", 10 * DAY, "web", "b"),
            ("x", 0, "web", "a"), ("x", 4 * DAY, "web", "b")]  # fmt: skip
    journeys = log_of(rows).journeys(observed_until="2025-03-01")
    table = onb.funnel_table(journeys, ["a", "b"], within="5d")
    assert table["customers"].tolist() == [2, 2]
    assert within_a_bucket(table["median_time"][1], 4 * DAY)


def test_the_estimate_uses_those_who_were_seen_too_shortly():
    """x is out of sight after 3 days: F is 1/3 at 1 day and 1 at 4; without x it would be 1/2."""
    rows = [("w", 0, "web", "a"), ("w", DAY, "web", "b"), ("x", 17 * DAY, "web", "a")]
    rows += [("y", 0, "web", "a"), ("y", 4 * DAY, "web", "b"), ("z", 20 * DAY, "web", "-")]
    table = onb.funnel_table(log_of(rows).journeys(), ["a", "b"])
    assert quantile([(DAY, True), (3 * DAY, False), (4 * DAY, True)], 0.5) == 4 * DAY
    assert quantile([(DAY, True), (4 * DAY, True)], 0.5) == DAY
    assert within_a_bucket(table["median_time"][1], 4 * DAY)


@pytest.mark.parametrize("hours", [1, 47])
def test_a_wait_of_nothing_is_a_wait(hours):
    rows = [("w", 0, "web", "a"), ("w", 0, "web", "b"), ("x", 0, "web", "a")]
    rows += [("x", hours * HOUR, "web", "b")]
    table = onb.funnel_table(log_of(rows).journeys(), ["a", "b"])
    assert table["median_time"][1] == pd.Timedelta(0)
