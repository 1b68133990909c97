"""The table of an experiment: real tests, verdicts, guardrails, segments, CUPED, always-valid."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from logs import DAY
from trials import shop_frame, shop_log, trial_log

import omninb as onb
from omninb.experiments.sequential import always_valid_quantile

BOUGHT = onb.Conversion("purchase", within="14d")
LANDING = {
    "variant": "group",
    "customer": "user_id",
    "exposed_at": "timestamp",
    "received": {
        "control": {"landing_page": "old_page"},
        "treatment": {"landing_page": "new_page"},
    },
}


def row_of(table, metric, segment="(all)", level="(all)"):
    chosen = (table["metric"] == metric) & (table["segment"] == segment) & (table["level"] == level)
    return table[chosen].iloc[0]


def outcome_of(table, check, scope="experiment"):
    return next(
        c["outcome"] for c in table.attrs["checks"] if (c["check"], c["scope"]) == (check, scope)
    )


def test_cookie_cats(real_data):
    frame = pd.read_csv(real_data / "cookie_cats" / "cookie_cats.csv")
    metrics = [onb.Conversion("retention_1"), onb.Conversion("retention_7")]
    table = onb.experiment_table(frame, metrics, "version", "gate_30", customer="userid")
    day_1, day_7 = row_of(table, "retention_1"), row_of(table, "retention_7")
    assert (day_1["customers_control"], day_1["customers_treatment"]) == (44_700, 45_489)
    assert (round(day_1["control"], 6), round(day_1["treatment"], 6)) == (0.448188, 0.442283)
    assert (round(day_7["control"], 6), round(day_7["treatment"], 6)) == (0.190201, 0.182000)
    assert round(day_7["uplift"], 5) == -0.00820 and round(day_7["p_value"], 4) == 0.0016
    assert day_7["uplift_ci_upper"] < 0 and day_7["p_value_adjusted"] == 2 * day_7["p_value"]
    assert day_1["verdict"] == "no clear difference" and day_7["verdict"] == "worse"
    assert outcome_of(table, "sample ratio") == "warn" and table.attrs["stopped"] == []


def test_landing_page(real_data):
    frame = pd.read_csv(real_data / "landing_page" / "ab_data.csv.gz")
    table = onb.experiment_table(frame, onb.Conversion("converted"), **LANDING)
    row = table.iloc[0]
    assert (row["customers_control"], row["customers_treatment"]) == (145_274, 145_310)
    made = (
        row[["control", "treatment"]] * row[["customers_control", "customers_treatment"]].tolist()
    )
    assert made.astype(float).round(6).tolist() == [17_489, 17_264]
    assert row["verdict"] == "no clear difference" and row["n"] == 290_584
    sentences = {c["check"]: c["sentence"] for c in table.attrs["checks"]}
    assert sentences["received another variant"].startswith("3,893 rows disagree")
    assert sentences["repeated customers"].endswith("left out: 1.")
    assert outcome_of(table, "received another variant") == "ok"
    as_it_is = onb.experiment_table(frame, onb.Conversion("converted"), "group", customer="user_id")
    assert as_it_is.attrs["stopped"] == []  # 1,895 customers stand in both arms: .65 %
    assert outcome_of(as_it_is, "customers in both arms") == "note"


@pytest.fixture(scope="module")
def helps_on_mobile():
    return shop_log(12_000, 11, uplift=(0.0, 0.35))


def test_a_checkout_that_helps_on_mobile_and_not_on_desktop(helps_on_mobile):
    table = onb.experiment_table(helps_on_mobile, BOUGHT, segments="device")
    assert row_of(table, "purchase")["verdict"] == "better"
    assert row_of(table, "purchase", "device", "mobile")["verdict"] == "better"
    assert row_of(table, "purchase", "device", "desktop")["verdict"] == "no clear difference"
    levels = table[table["segment"] == "device"]
    assert (levels["p_interaction_adjusted"] < 0.01).all() and len(levels) == 2
    assert levels["n"].sum() == row_of(table, "purchase")["n"]
    whole = onb.experiment_table(helps_on_mobile, BOUGHT).iloc[0]
    assert row_of(table, "purchase")["p_value_adjusted"] == whole["p_value_adjusted"]
    holm = np.sort(levels["p_value"]) * [2, 1]
    assert np.sort(levels["p_value_adjusted"]) == pytest.approx(np.maximum.accumulate(holm))


def test_an_a_a_log_shows_no_clear_difference():
    metrics = [BOUGHT, onb.MeanPerCustomer("value", step="purchase", within="14d"),
               onb.TimeTo("purchase", within="14d")]  # fmt: skip
    table = onb.experiment_table(shop_log(6_000, 3), metrics, segments="device")
    assert set(table["verdict"]) == {"no clear difference"}


def test_the_interaction_is_that_of_a_regression(helps_on_mobile):
    """With two levels Cochran's Q is the squared z of variant × level, by robust variances."""
    frame = shop_frame(12_000, 11, uplift=(0.0, 0.35))
    one = frame[frame["variant"].notna()].set_index("customer_id")
    bought = frame[frame["event"] == "purchase"].set_index("customer_id")["timestamp"]
    since = bought - one["timestamp"].reindex(bought.index)
    good = since[(since >= pd.Timedelta(0)) & (since < pd.Timedelta("14D"))].index.unique()
    one["bought"] = one.index.isin(good).astype(int)
    one = one[one["timestamp"] + pd.Timedelta("14D") <= frame["timestamp"].max()]
    fitted = smf.ols("bought ~ C(variant) * C(device)", one).fit(cov_type="HC0")
    p = fitted.pvalues.filter(like=":").iloc[0]
    table = onb.experiment_table(helps_on_mobile, BOUGHT, segments="device")
    assert table["p_interaction"].dropna().iloc[0] == pytest.approx(p, rel=1e-6)
    assert table["n"].iloc[0] == len(one)


def test_cuped_is_a_regression_on_what_was_known_before():
    """The adjusted uplift is the coefficient of the variant beside the centred covariate."""
    rng = np.random.default_rng(9)
    n = 4_000
    arm, past = rng.integers(2, size=n), rng.gamma(2, 1, n)
    frame = pd.DataFrame({"variant": np.array(["control", "new"])[arm], "past": past})
    frame["spent"] = past + rng.normal(0, 0.7, n) + 0.1 * arm
    row = onb.experiment_table(frame, onb.MeanPerCustomer("spent"), covariate="past").iloc[0]
    fitted = smf.ols("spent ~ C(variant) + past", frame).fit(cov_type="HC1")
    assert row["uplift"] == pytest.approx(fitted.params.iloc[1], rel=0.01)
    assert row["p_value"] == pytest.approx(fitted.pvalues.iloc[1], rel=0.1)
    rho = np.corrcoef(frame["spent"] - 0.1 * arm, past)[0, 1]
    assert row["variance_reduction"] == pytest.approx(rho**2, abs=0.01)
    assert row["interval_method"] == "welch, cuped"


def test_cuped_is_skipped_for_too_few_with_a_history_and_pools_the_rest():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"variant": ["control", "new"] * 500, "past": rng.gamma(2, 1, 1_000)})
    frame["spent"] = frame["past"] + rng.normal(0, 1, 1_000)
    metric = onb.MeanPerCustomer("spent")
    frame.loc[rng.random(1_000) < 0.3, "past"] = np.nan
    filled = frame.fillna({"past": frame["past"].mean()})
    one, other = (onb.experiment_table(f, metric, covariate="past") for f in (frame, filled))
    assert one["uplift"].iloc[0] == pytest.approx(other["uplift"].iloc[0])
    frame.loc[rng.random(1_000) < 0.5, "past"] = np.nan
    skipped = onb.experiment_table(frame, metric, covariate="past")
    assert skipped["interval_method"].iloc[0] == "welch"
    assert outcome_of(skipped, "covariate history", metric.name) == "note"


def test_winsorising_is_at_one_quantile_of_all_arms():
    frame = pd.DataFrame({"variant": ["control", "new"] * 100, "spent": np.arange(200.0)})
    row = onb.experiment_table(frame, onb.MeanPerCustomer("spent", winsorise=0.9)).iloc[0]
    capped = np.minimum(frame["spent"], frame["spent"].quantile(0.9))
    assert row["control"] == pytest.approx(capped[::2].mean())
    assert row["treatment"] == pytest.approx(capped[1::2].mean())


def test_three_arms_are_one_family_and_each_meets_the_control():
    log = shop_log(9_000, 4, weights=(1, 1, 1), uplift=(0.3, 0.3))
    metrics = [BOUGHT, onb.MeanPerCustomer("count", step="purchase", within="14d")]
    table = onb.experiment_table(log, metrics)
    assert table[["metric", "variant"]].values.tolist() == [
        [m.name, v] for m in metrics for v in ("new", "newer")
    ]
    p = np.sort(table["p_value"].to_numpy())
    holm = np.minimum(np.maximum.accumulate(p * [4, 3, 2, 1]), 1)
    assert np.sort(table["p_value_adjusted"].to_numpy()) == pytest.approx(holm)
    unadjusted = onb.experiment_table(log, metrics, correction=None)
    assert (unadjusted["p_value_adjusted"] == unadjusted["p_value"]).all()


def guardrail_frame(control, treatment, n=20_000):
    made = [np.arange(n) < round(share * n) for share in (control, treatment)]
    return pd.DataFrame(
        {"variant": np.repeat(["control", "new"], n), "called": np.concatenate(made).astype(int)}
    )


@pytest.mark.parametrize(
    ("direction", "treatment", "guardrail", "verdict"),
    [
        ("lower", 0.30, "held", "not worse by its margin"),
        ("lower", 0.25, "held", "not worse by its margin"),  # better, but that was not asked
        ("lower", 0.36, "broken", "worse"),
        ("lower", 0.315, "not shown", "cannot say: it may have got worse by more than 5 %"),
        ("higher", 0.30, "held", "not worse by its margin"),
        ("higher", 0.36, "held", "not worse by its margin"),
        ("higher", 0.25, "broken", "worse"),
        ("higher", 0.285, "not shown", "cannot say: it may have got worse by more than 5 %"),
    ],
)
def test_a_guardrail_is_judged_by_its_margin_alone(direction, treatment, guardrail, verdict):
    metric = onb.Conversion("called", direction=direction, role="guardrail", margin=0.05)
    row = onb.experiment_table(guardrail_frame(0.30, treatment), metric).iloc[0]
    assert (row["guardrail"], row["verdict"]) == (guardrail, verdict)
    assert np.isnan(row["p_value_adjusted"]) and row["margin"] == 0.05


def test_direction_decides_what_is_better():
    frame = guardrail_frame(0.30, 0.25)
    higher = onb.experiment_table(frame, onb.Conversion("called"))
    lower = onb.experiment_table(frame, onb.Conversion("called", direction="lower"))
    assert (higher["verdict"].iloc[0], lower["verdict"].iloc[0]) == ("worse", "better")


def test_always_valid_bounds_decide_where_they_are_asked_for():
    frame = guardrail_frame(0.30, 0.312)
    metric = onb.Conversion("called")
    fixed = onb.experiment_table(frame, metric).iloc[0]
    table = onb.experiment_table(frame, metric, sequential=True, planned=40_000)
    valid = table.iloc[0]
    assert fixed["verdict"] == "better" and valid["verdict"] == "no clear difference"
    assert "always_valid_p_value" not in fixed.index
    half = (valid["always_valid_ci_upper"] - valid["always_valid_ci_lower"]) / 2
    error = np.sqrt(0.3 * 0.7 / 20_000 + 0.312 * 0.688 / 20_000)
    assert half == pytest.approx(always_valid_quantile(40_000, 40_000) * error)
    assert (valid["always_valid_p_value"] < 0.05) == (valid["always_valid_ci_lower"] > 0)
    assert valid["p_value_adjusted"] == valid["always_valid_p_value"]


def test_bayes_only_on_request_and_only_for_conversions():
    frame = guardrail_frame(0.30, 0.312).assign(spent=1.0)
    metrics = [onb.Conversion("called"), onb.MeanPerCustomer("spent")]
    assert "expected_loss" not in onb.experiment_table(frame, metrics)
    table = onb.experiment_table(frame, metrics, bayes=True)
    rng = np.random.default_rng(0)
    a, b = (rng.beta(x + 1, 20_000 - x + 1, 200_000) for x in (6_000, 6_240))
    assert table["chance_to_beat_control"].iloc[0] == pytest.approx((b > a).mean(), abs=0.003)
    assert table["expected_loss"].iloc[0] == pytest.approx(np.maximum(a - b, 0).mean(), rel=0.1)
    assert table.loc[1, ["chance_to_beat_control", "expected_loss"]].isna().all()
    lower = onb.experiment_table(frame, onb.Conversion("called", direction="lower"), bayes=True)
    assert lower["chance_to_beat_control"].iloc[0] == pytest.approx((b < a).mean(), abs=0.003)
    assert lower["expected_loss"].iloc[0] == pytest.approx(np.maximum(b - a, 0).mean(), rel=0.01)


def test_what_does_not_vary_is_not_judged():
    frame = pd.DataFrame({"variant": ["control", "new"] * 100, "spent": 3.0, "orders": 0})
    metrics = [onb.MeanPerCustomer("spent"), onb.RatioOfSums("spent", "orders")]
    table = onb.experiment_table(frame, metrics)
    assert table["verdict"].str.startswith("cannot say: ").all()
    assert table["uplift_ci_lower"].isna().all()
    assert (table["interval_method"] == "none").all()


def test_customers_whose_window_is_not_over_are_left_out_of_both_arms_whatever_they_did():
    rows = [(f"c{i}", i * DAY // 10, "view", "control" if i % 2 else "new") for i in range(200)]
    rows += [(f"c{i}", i * DAY // 10 + 1, "purchase", None) for i in range(200)]
    table = onb.experiment_table(trial_log(rows), onb.Conversion("purchase", within="9d"))
    row = table.iloc[0]
    assert row["n"] == 110 and row["open"] == 90  # the last one came at 19.9 d


def test_the_frame_is_left_as_it_was_and_rows_may_come_in_any_order():
    frame = guardrail_frame(0.3, 0.31)
    copy = frame.copy(deep=True)
    one = onb.experiment_table(frame, onb.Conversion("called"))
    pd.testing.assert_frame_equal(frame, copy)
    other = onb.experiment_table(frame.sample(frac=1, random_state=1), onb.Conversion("called"))
    pd.testing.assert_frame_equal(one, other)


def test_a_log_and_the_frame_of_its_customers_agree():
    frame = shop_frame(4_000, 8)
    log = onb.read_events(frame)
    one = frame[frame["variant"].notna()].set_index("customer_id")
    since = frame["timestamp"] - frame["customer_id"].map(one["timestamp"])
    inside = (since >= pd.Timedelta(0)) & (since < pd.Timedelta("14D"))
    buys = frame[inside & (frame["event"] == "purchase")].groupby("customer_id")["value"]
    one["spent"] = buys.sum().reindex(one.index).fillna(0)
    one["orders"] = buys.size().reindex(one.index).fillna(0)
    one["bought"] = (one["orders"] > 0).astype(int)
    one = one[one["timestamp"] + pd.Timedelta("14D") <= frame["timestamp"].max()]
    ours = onb.experiment_table(
        log,
        [
            onb.Conversion("purchase", within="14d"),
            onb.MeanPerCustomer("value", step="purchase", within="14d"),
            onb.RatioOfSums("value", "count", step="purchase", within="14d"),
        ],
    )
    metrics = [onb.Conversion("bought"), onb.MeanPerCustomer("spent"),
               onb.RatioOfSums("spent", "orders")]  # fmt: skip
    theirs = onb.experiment_table(one.reset_index(), metrics)
    numbers = ours.select_dtypes("number").columns.difference(["open"])
    pd.testing.assert_frame_equal(ours[numbers], theirs[numbers])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metrics": []}, "a list of metrics"),
        ({"metrics": [onb.Conversion("called"), onb.Conversion("called")]}, "two are called"),
        ({"metrics": [onb.Conversion("caled")]}, r"no column 'caled'.*'called'"),
        ({"metrics": onb.Conversion("text")}, "holds (str|object), not numbers"),
        ({"metrics": onb.Conversion("two")}, "more than 0 and 1"),
        ({"metrics": onb.TimeTo("called", within="1d")}, "read from a log"),
        ({"control": "old"}, "is no arm"),
        ({"variant": "text"}, "at least two arms"),
        ({"variant": "two"}, "at least two arms"),
        ({"received": {"control": {"two": 2}}}, "what 'new' should get is not said"),
        ({"correction": "none"}, "correction='none'"),
        ({"confidence": 95}, "confidence=95"),
        ({"planned": 0}, "planned=0"),
        ({"ratio": {"control": 1}}, "a weight above 0 for each"),
        ({"covariate": "before"}, "does not know what came before"),
        ({"covariate": {"caled": "two"}}, "no metric 'caled'"),
        ({"received": {"old": {"two": 1}}}, "no arm 'old'"),
        ({"segments": "txt"}, "no column 'txt'"),
    ],
)
def test_what_cannot_be_read_is_refused(arguments, message):
    frame = guardrail_frame(0.3, 0.31, 100).assign(text="x", two=2)
    with pytest.raises(onb.OmninbError, match=message):
        onb.experiment_table(frame, **{"metrics": onb.Conversion("called")} | arguments)


def test_metrics_refuse_what_they_cannot_mean():
    for wrong in (
        lambda: onb.Conversion("a", direction="up"),
        lambda: onb.Conversion("a", role="guardrail"),
        lambda: onb.Conversion("a", margin=0.02),
        lambda: onb.Conversion("a", role="guardrail", margin=2),
        lambda: onb.MeanPerCustomer("a", winsorise=99),
        lambda: onb.Conversion("a", within=14),
    ):
        with pytest.raises(onb.OmninbError):
            wrong()
