"""Posterior chances, beside Miller's published sum, integrals and draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.special import betaln
from scipy.stats import beta

from omninb.experiments.bayes import chance_higher, expected_loss

PAIRS = [((10, 100), (20, 110)), ((90, 100), (80, 100)), ((3, 50), (1, 60)), ((0, 40), (0, 30)),
         ((40, 40), (3, 30))]  # fmt: skip


def posteriors(a, b):
    return [beta(x + 1, n - x + 1) for x, n in (a, b)]


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_the_chance_by_an_integral_and_by_millers_sum(a, b):
    of_a, of_b = posteriors(a, b)
    by_integral = quad(lambda x: of_b.pdf(x) * of_a.cdf(x), 0, 1, epsabs=1e-10)[0]
    assert chance_higher(a, b) == pytest.approx(by_integral, abs=1e-7)
    i, j, k, m = a[0] + 1, a[1] - a[0] + 1, b[0] + 1, b[1] - b[0] + 1
    s = np.arange(k)  # Miller 2014
    terms = betaln(i + s, j + m) - np.log(m + s) - betaln(1 + s, m) - betaln(i, j)
    assert chance_higher(a, b) == pytest.approx(np.exp(terms).sum(), abs=1e-12)
    assert chance_higher(a, b) + chance_higher(b, a) == pytest.approx(1)


@pytest.mark.parametrize(("a", "b"), PAIRS[:3])
def test_the_expected_loss_by_an_integral(a, b):
    of_a, of_b = posteriors(a, b)
    loss = dblquad(
        lambda y, x: (x - y) * of_a.pdf(x) * of_b.pdf(y), 0, 1, 0, lambda x: x, epsabs=1e-8
    )[0]
    assert expected_loss(a, b) == pytest.approx(loss, abs=1e-6)
    mean = [one.mean() for one in (of_a, of_b)]
    assert expected_loss(a, b) - expected_loss(b, a) == pytest.approx(mean[0] - mean[1])


def test_a_million_customers_take_no_time_and_keep_their_digits():
    a, b = (100_000, 1_000_000), (100_600, 1_000_000)
    z = (b[0] - a[0]) / 1e6 / np.sqrt(2 * 0.1003 * 0.8997 / 1e6)
    from scipy.stats import norm

    assert chance_higher(a, b) == pytest.approx(norm.cdf(z), abs=1e-4)
    assert 0 < expected_loss(a, b) < 1e-4
