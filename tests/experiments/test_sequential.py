"""Bounds for any number of looks, beside the mixture they come from and published constants."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from omninb.experiments.sequential import (
    PLANNED,
    _tuning,
    always_valid_p_value,
    always_valid_quantile,
)


def test_the_bounds_are_those_of_a_normal_mixture():
    """Robbins' mixture: bounds are where the mean likelihood ratio reaches 1 / alpha."""
    n, planned = 3_000.0, 2_000.0
    spread = _tuning(planned, 0.95)  # the mixture's variance, in variances of one customer
    z = always_valid_quantile(n, planned)
    effect = z / np.sqrt(n)  # an estimate that far from 0, one customer's variance being 1

    def ratio(truth):
        return np.exp(n * (effect * truth - truth**2 / 2)) * norm.pdf(truth, 0, np.sqrt(spread))

    assert quad(ratio, -1, 1, points=[effect], epsabs=1e-9)[0] == pytest.approx(20, rel=1e-6)


def test_p_value_and_bounds_agree():
    for n in (500, 10_000, 300_000):
        edge = always_valid_quantile(n)
        assert always_valid_p_value(edge, n) == pytest.approx(0.05)
        assert always_valid_p_value(-edge, n) == pytest.approx(0.05)
        assert always_valid_p_value(edge * 1.01, n) < 0.05 < always_valid_p_value(edge * 0.99, n)
    assert always_valid_p_value(0, 1_000) == 1


def test_the_width_stays_below_17_tenths_of_the_fixed_bounds_around_the_plan():
    for share in (0.25, 0.5, 1, 5, 15):
        assert always_valid_quantile(share * PLANNED) <= 1.7 * norm.ppf(0.975), share
    assert always_valid_quantile(PLANNED) < always_valid_quantile(PLANNED / 10)
    assert always_valid_quantile(PLANNED, confidence=0.99) > always_valid_quantile(PLANNED)


def test_peeking_misleads_fixed_bounds_and_not_these():
    """Five looks with fixed bounds go wrong in 14.2 % of tests (Armitage et al. 1969)."""
    rng = np.random.default_rng(1)
    looks, each, tests = 5, 1_000, 20_000
    n = np.arange(1, looks + 1) * each
    z = np.cumsum(rng.normal(0, np.sqrt(each), (tests, looks)), axis=1) / np.sqrt(n)
    fixed = (np.abs(z) > norm.ppf(0.975)).any(axis=1).mean()
    assert fixed == pytest.approx(0.142, abs=0.008)
    pocock = (np.abs(z) > 2.413).any(axis=1).mean()  # his constant for five looks
    assert pocock == pytest.approx(0.05, abs=0.006)
    valid = (np.abs(z) > [always_valid_quantile(k, looks * each) for k in n]).any(axis=1).mean()
    assert valid < 0.05
    last = always_valid_quantile(looks * each, looks * each)
    assert last > 2.413 > 2.040 > norm.ppf(0.975)  # wider than group-sequential bounds
