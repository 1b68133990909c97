"""Intervals: against the formulas by hand, and where they must fall back or keep silent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from omninb.intervals import Rates, difference_bounds


def rates(part, whole, customers_with=None, customers=None, heaviest=2):
    part, whole = (np.asarray(x, np.int64).reshape(64, -1) for x in (part, whole))
    rows = part.shape[1]
    return Rates(
        part,
        whole,
        np.full(rows, part.sum(axis=0) if customers_with is None else customers_with),
        np.full(rows, whole.sum(axis=0) if customers is None else customers),
        np.full(rows, heaviest),
    )


def test_jackknife_is_the_formula():
    rng = np.random.default_rng(1)
    whole = rng.poisson(30, 64)
    part = rng.binomial(whole, 0.3)
    lower, upper, method = rates(part, whole).bounds()
    p = part.sum() / whole.sum()
    left_out = [(part.sum() - a) / (whole.sum() - b) for a, b in zip(part, whole, strict=True)]
    error = np.sqrt(63 / 64 * sum((x - p) ** 2 for x in left_out))
    df = min(63, whole.sum() ** 2 / (whole**2).sum() - 1)
    half = stats.t.ppf(0.975, df) * error / (p * (1 - p))
    logit = np.log(p / (1 - p))
    assert method[0] == "jackknife"
    assert lower[0] == pytest.approx(1 / (1 + np.exp(-(logit - half))))
    assert upper[0] == pytest.approx(1 / (1 + np.exp(-(logit + half))))


def test_all_or_nothing_is_clopper_pearson_over_customers():
    lower, upper, method = rates(np.zeros(64), np.full(64, 10), 0, 100).bounds()
    assert (method[0], lower[0]) == ("korn-graubard", 0)
    assert upper[0] == pytest.approx(stats.beta.ppf(0.975, 1, 100))
    lower, upper, _ = rates(np.full(64, 10), np.full(64, 10), 100, 100).bounds()
    assert (lower[0], upper[0]) == (pytest.approx(stats.beta.ppf(0.025, 100, 1)), 1)


def test_wilson_only_where_each_customer_counts_once():
    part, whole = np.full(64, 1), np.full(64, 4)
    lower, upper, method = rates(part, whole, heaviest=1).bounds()
    expected = stats.binomtest(64, 256).proportion_ci(method="wilson")
    assert method[0] == "wilson"
    assert (lower[0], upper[0]) == (pytest.approx(expected.low), pytest.approx(expected.high))
    assert rates(part, whole, heaviest=2).bounds()[2][0] == "jackknife"


def test_rare_cells_fall_back_and_are_wider_than_wilson():
    part = np.zeros(64)
    part[:3] = 1
    lower, upper, method = rates(part, np.full(64, 5), 3, 320).bounds()
    wilson = stats.binomtest(3, 320).proportion_ci(method="wilson")
    assert method[0] == "korn-graubard"
    assert lower[0] < wilson.low and upper[0] > wilson.high * 0.95


def test_one_customer_supports_no_interval():
    part, whole = np.zeros(64), np.zeros(64)
    part[0], whole[0] = 3, 9
    lower, upper, method = rates(part, whole, 1, 1, 9).bounds()
    assert method[0] == "none" and np.isnan([lower[0], upper[0]]).all()


def test_nobody_supports_no_rate():
    rate = rates(np.zeros(64), np.zeros(64), 0, 0, 0)
    assert np.isnan(rate.estimate[0]) and rate.bounds()[2][0] == "none"


def test_a_heavy_customer_is_flagged():
    method = rates(np.full(64, 1), np.full(64, 4), 60, 200, heaviest=50).bounds()[2]
    assert method[0] == "jackknife, one customer over 5 %"


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=64, max_size=64))
def test_bounds_hold_the_estimate_and_stay_within_0_and_1(pairs):
    whole = np.array([a + b for a, b in pairs])
    part = np.array([a for a, _ in pairs])
    rate = rates(part, whole, min(part.sum(), 40), min(whole.sum(), 60))
    lower, upper, method = rate.bounds()
    if method[0] != "none":
        assert 0 <= lower[0] <= rate.estimate[0] <= upper[0] <= 1


def test_the_difference_of_a_rate_to_itself_is_zero_and_sure():
    rng = np.random.default_rng(3)
    whole = rng.poisson(30, 64)
    rate = rates(rng.binomial(whole, 0.3), whole)
    lower, upper, method = difference_bounds(rate, rate)
    assert (method[0], lower[0], upper[0]) == ("jackknife", 0, 0)


def test_rare_differences_combine_both_bounds():
    few, none = (
        rates(np.eye(64)[0] * 3, np.full(64, 5), 3, 320),
        rates(np.zeros(64), np.full(64, 5), 0, 320),
    )
    lower, upper, method = difference_bounds(none, few)
    assert method[0] == "mover"
    assert lower[0] < 3 / 320 < upper[0]
