"""How many customers and weeks, beside formulas, tea-tasting and simulated tests."""

from __future__ import annotations

import numpy as np
import pytest
import tea_tasting as tt
from logs import DAY
from scipy.stats import norm
from tea_tasting.aggr import Aggregates
from trials import trial_log

import omninb as onb


def power_by_hand(p, q, n, m, alpha):
    """The chance that the score test of two proportions finds a difference."""
    pooled = (n * p + m * q) / (n + m)
    null = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    true = np.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    edge = norm.ppf(1 - alpha / 2) * null
    return norm.sf((edge - (q - p)) / true) + norm.cdf((-edge - (q - p)) / true)


@pytest.mark.parametrize("ratio", [0.5, 1, 3])
@pytest.mark.parametrize("effect", [-0.2, 0.1, 0.5])
def test_a_rate_by_hand(effect, ratio):
    row = onb.sample_size_table(0.08, effect, ratio=ratio).iloc[0]
    n, m = row["customers_control"], row["customers_control"] * ratio
    q = 0.08 * (1 + effect)
    assert (
        power_by_hand(0.08, q, n, m, 0.05) >= 0.8 > power_by_hand(0.08, q, n - 1, m - ratio, 0.05)
    )
    assert row["uplift"] == pytest.approx(q - 0.08)
    assert row["n"] == n + np.ceil(m)
    found = onb.power_table(0.08, effect, n + m, ratio=ratio)["power"].iloc[0]
    assert found == pytest.approx(power_by_hand(0.08, q, n, m, 0.05))


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_a_mean_is_that_of_tea_tasting(ratio):
    sample = Aggregates(1_000, {"spent": 20.0}, {"spent": 900.0})
    theirs = tt.Mean("spent", ratio=ratio, rel_effect_size=0.05, power=0.8, equal_var=True)
    wanted = theirs.solve_power_from_aggregates(sample, "n_obs")[0].n_obs
    row = onb.sample_size_table(20.0, 0.05, sd=30.0, ratio=ratio).iloc[0]
    assert row["n"] == pytest.approx(wanted, abs=3)
    assert onb.power_table(20.0, -0.05, row["n"], sd=30.0, ratio=ratio)["power"].iloc[
        0
    ] == pytest.approx(0.8, abs=0.001)


def test_cuped_saves_the_share_that_it_takes_from_the_variance():
    plain, reduced = (
        onb.sample_size_table(20, 0.05, 30, reduction=r)["n"].iloc[0] for r in (0, 0.4)
    )
    assert reduced == pytest.approx(0.6 * plain, abs=3)


def test_treatments_share_the_error():
    three = onb.sample_size_table(0.1, 0.2, arms=3).iloc[0]
    one = onb.sample_size_table(0.1, 0.2, confidence=0.975).iloc[0]
    assert three["customers_control"] == one["customers_control"]
    assert three["n"] == 3 * three["customers_control"]


def test_several_effects_and_sizes_make_a_row_each():
    table = onb.power_table(0.1, [0.1, 0.2], [1_000, 10_000, 100_000])
    assert table[["effect", "n"]].values.tolist() == [
        [e, n] for e in (0.1, 0.2) for n in (1_000, 10_000, 100_000)
    ]
    assert (table.groupby("effect")["power"].diff().dropna() > 0).all()
    sizes = onb.sample_size_table(0.1, [0.1, 0.2])["n"]
    assert 3.5 < sizes.iloc[0] / sizes.iloc[1] < 4.2


def test_weeks_are_counted_on_the_log_itself():
    """Seven new customers come to the checkout each week; the others never do."""
    rows = [(f"c{i}", i * DAY, "checkout", None) for i in range(70)]
    rows += [(f"c{i}", (i + 5) * DAY, "checkout", None) for i in range(60)]  # back, not new
    rows += [(f"v{i}", 10 * DAY, "view", None) for i in range(500)]
    log = trial_log(rows)
    arguments = {"baseline": 0.4, "effect": 1.2, "traffic": log, "at": "checkout"}
    row = onb.sample_size_table(**arguments).iloc[0]
    assert row["n"] < 70
    assert row["weeks"] == pytest.approx((row["n"] - 1) / 7)  # the first comes at once
    waits = onb.sample_size_table(**arguments, within="14d").iloc[0]
    assert waits["weeks"] == pytest.approx(row["weeks"] + 2)
    beyond = onb.sample_size_table(0.4, 0.5, traffic=log, at="checkout").iloc[0]
    assert beyond["n"] > 70
    assert beyond["weeks"] == pytest.approx((beyond["n"] - 1) / 7, rel=0.06)
    everybody = onb.sample_size_table(0.4, 0.5, traffic=log).iloc[0]
    assert everybody["weeks"] < 2
    assert np.isnan(onb.sample_size_table(0.4, 0.5)["weeks"].iloc[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"baseline": 1.2}, "baseline=1.2: a share between 0 and 1"),
        ({"baseline": 0, "sd": 1}, "not 0"),
        ({"effect": 0}, "effect=0"),
        ({"effect": 20}, "leaves the rate between 0 and 1"),
        ({"sd": -1}, "sd=-1"),
        ({"power": 80}, "power=80"),
        ({"arms": 1}, "arms=1"),
        ({"ratio": 0}, "ratio=0"),
        ({"reduction": 1}, "reduction=1"),
        ({"confidence": 95}, "confidence=95"),
        ({"effect": 1e-9}, "no test is large enough"),
    ],
)
def test_what_cannot_be_planned_is_refused(arguments, message):
    with pytest.raises(onb.OmninbError, match=message):
        onb.sample_size_table(**{"baseline": 0.1, "effect": 0.1} | arguments)
    if "effect" not in arguments and "power" not in arguments:
        with pytest.raises(onb.OmninbError, match=message):
            onb.power_table(**{"baseline": 0.1, "effect": 0.1, "n": 1_000} | arguments)
