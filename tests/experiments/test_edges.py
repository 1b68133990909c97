"""Where a test says that it cannot say, or gives no number: the edges of its methods."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from logs import DAY
from trials import shop_log, trial_log

import omninb as onb
from omninb.experiments.sequential import always_valid_quantile

BOUGHT = onb.Conversion("purchase", within="14d")


def rare_spending(customers, treated, buyers, spread, seed):
    rng = np.random.default_rng(seed)
    arm = np.where(rng.random(customers) < treated, "new", "control")
    spent = (rng.random(customers) < buyers) * rng.lognormal(3, spread, customers)
    return pd.DataFrame({"variant": arm, "spent": spent})


@pytest.mark.parametrize(
    ("customers", "treated", "buyers", "spread", "judged"),
    [(2_000, 0.1, 0.02, 1.5, 0.1), (4_000, 0.1, 0.05, 1.0, 0.1), (2_000, 0.5, 0.05, 1.0, 1.0),
     (4_000, 0.1, 0.6, 0.5, 1.0)],
)  # fmt: skip
def test_a_mean_that_a_few_carry_is_not_judged_in_uneven_arms(
    customers, treated, buyers, spread, judged
):
    """Judged, rare spending in one customer of ten is called worse in up to a fifth of A/A."""
    ratio = {"control": 1 - treated, "new": treated}
    verdicts = [
        onb.experiment_table(
            rare_spending(customers, treated, buyers, spread, seed),
            onb.MeanPerCustomer("spent"), ratio=ratio,
        )["verdict"].iloc[0]
        for seed in range(120)
    ]  # fmt: skip
    can_say = [verdict for verdict in verdicts if not verdict.startswith("cannot say")]
    assert (len(can_say) >= 118) if judged == 1.0 else (len(can_say) <= judged * 120)
    alarms = sum(verdict != "no clear difference" for verdict in can_say)
    assert alarms <= 13  # of 120 at 5 %: more in one of 500 such tests


def test_winsorising_everything_away_is_refused():
    frame = rare_spending(2_000, 0.5, 0.005, 1.0, 1)
    with pytest.raises(onb.OmninbError, match=r"winsorise=0\.99 leaves nothing"):
        onb.experiment_table(frame, onb.MeanPerCustomer("spent", winsorise=0.99))


def test_a_time_that_all_took_is_known_before_the_window_ends():
    rows = [(f"c{i}", 0, "checkout", ("control", "new")[i % 2]) for i in range(200)]
    rows += [(f"c{i}", (1 + i % 3 + i % 2) * DAY, "purchase", None) for i in range(200)]
    rows.append(("z", 40 * DAY, "view", None))
    table = onb.experiment_table(trial_log(rows), onb.TimeTo("purchase", within="14d"))
    row = table.iloc[0]
    assert row["verdict"] == "worse" and row["uplift"] == pytest.approx(1.0, abs=0.1)


def test_where_no_window_is_over_there_are_no_days():
    log = shop_log(300, 4)
    table = onb.experiment_cumulative_table(log, onb.Conversion("purchase", within="400d"))
    assert table.empty and {"metric", "day", "always_valid_p_value"} <= set(table.columns)


def test_always_valid_bounds_of_the_relative_uplift_are_the_wider_ones():
    row = onb.experiment_table(shop_log(3_000, 5), BOUGHT, sequential=True).iloc[0]
    assert row["always_valid_relative_ci_lower"] < row["relative_uplift_ci_lower"]
    assert row["always_valid_relative_ci_upper"] > row["relative_uplift_ci_upper"]
    half = np.log1p(row["always_valid_relative_ci_upper"]) - np.log1p(row["relative_uplift"])
    fixed = np.log1p(row["relative_uplift_ci_upper"]) - np.log1p(row["relative_uplift"])
    assert half / fixed == pytest.approx(always_valid_quantile(row["n"]) / 1.96, rel=0.01)


@pytest.mark.parametrize(
    ("column", "says"),
    [([0, "0"] * 50, "'0' stands there as a text and as a number"), (["", "new"] * 50, "two arms")],
)
def test_arms_are_told_apart_by_their_names(column, says):
    frame = pd.DataFrame({"variant": pd.Series(column, dtype=object), "bought": [0, 1] * 50})
    with pytest.raises(onb.OmninbError, match=says):
        onb.experiment_table(frame, onb.Conversion("bought"), control="0")


def test_infinite_numbers_are_refused():
    frame = pd.DataFrame({"variant": ["control", "new"] * 50, "spent": [1.0, np.inf] * 50})
    with pytest.raises(onb.OmninbError, match="holds infinite numbers"):
        onb.experiment_table(frame, onb.MeanPerCustomer("spent"))
