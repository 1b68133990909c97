"""Each check stays silent on a clean test and raises what was planted for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from logs import DAY
from scipy.stats import chisquare, norm
from trials import TEST_BEGINS, shop_frame, trial_log

import omninb as onb
from omninb.experiments.checks import split_p_value

BOUGHT = onb.Conversion("purchase", within="14d")
SPENT = onb.MeanPerCustomer("value", step="purchase", within="14d")
SHOP = {"covariate": "before", "segments": "device"}


def checked(frame, metrics=(BOUGHT, SPENT), **design):
    table = onb.experiment_check_table(onb.read_events(frame), list(metrics), **SHOP | design)
    return table.set_index(["check", "scope"])


def test_a_clean_test_raises_nothing_and_every_check_was_made():
    table = checked(shop_frame(3_000, 12, uplift=(0.1, 0.1)))
    assert set(table["outcome"]) == {"ok"}
    assert set(table.index.get_level_values("check")) == {
        "sample ratio", "sample ratio by segment", "sample ratio by day", "customers in both arms",
        "windows not over", "too few customers", "covariate history", "covariate after exposure",
        "exposure after outcome", "outcome mostly before exposure", "novelty",
    }  # fmt: skip
    assert table["sentence"].str.endswith(".").all() and (table["threshold"] != "").all()


def test_the_published_split_and_the_exact_one():
    halves = np.array([0.5, 0.5])
    assert split_p_value(np.array([821_588, 815_482]), halves) == pytest.approx(1.8e-6, rel=0.02)
    assert split_p_value(np.array([9, 1]), halves) == pytest.approx(22 / 1024)
    three = np.array([1_000, 1_040, 900])
    assert split_p_value(three, np.full(3, 1 / 3)) == pytest.approx(chisquare(three).pvalue)
    assert np.isnan(split_p_value(np.array([3, 4, 2]), np.full(3, 1 / 3)))


def test_a_broken_split_stops_every_verdict():
    log = onb.read_events(shop_frame(3_000, 2, weights=(54, 46), uplift=(0.5, 0.5)))
    table = onb.experiment_table(log, [BOUGHT, SPENT], segments="device")
    assert table["verdict"].str.startswith("cannot say: sample ratio (p = ").all()
    assert "sample ratio" in table.attrs["stopped"]
    planned = onb.experiment_table(log, BOUGHT, ratio={"control": 54, "new": 46})
    assert planned["verdict"].tolist() == ["better"] and planned.attrs["stopped"] == []


def test_segments_that_lose_opposite_arms_are_noticed_though_the_whole_is_even():
    """Simpson's paradox can only come of such a split."""
    frame = shop_frame(6_000, 3)
    exposures = frame[frame["variant"].notna()]
    odd = (exposures["device"] == "mobile") == (exposures["variant"] == "new")
    lost = exposures.loc[odd & (exposures["customer_id"] % 4 == 0), "customer_id"]
    table = checked(frame[~frame["customer_id"].isin(lost)])
    assert table.loc[("sample ratio by segment", "experiment"), "outcome"] == "stop"
    assert table.loc[("sample ratio", "experiment"), "outcome"] == "ok"


def test_days_that_lose_an_arm_are_noticed():
    frame = shop_frame(3_000, 4)
    exposures = frame[frame["variant"].notna()]
    day = (exposures["timestamp"] - exposures["timestamp"].min()) // pd.Timedelta("1D")
    lost = exposures.loc[day.isin([20, 21]) & (exposures["variant"] == "new"), "customer_id"]
    row = checked(frame[~frame["customer_id"].isin(lost)]).loc["sample ratio by day"].iloc[0]
    assert row["outcome"] == "stop" and "2025-02-" in row["sentence"]


def test_days_are_those_of_the_logs_zone():
    rows = [(f"c{i}", (i // 100) * DAY + 23 * DAY // 24, "view", "new" if i % 2 else "control")
            for i in range(400)]  # fmt: skip
    for zone, last in (("UTC", "2025-01-01"), ("Europe/Berlin", "2025-01-02")):
        table = onb.experiment_check_table(
            trial_log(rows, timezone=zone), onb.Conversion("view", within="1d")
        ).set_index("check")
        assert f"of 4, {last} is furthest" in table.loc["sample ratio by day", "sentence"]


@pytest.mark.parametrize(("every", "outcome"), [(200, "note"), (50, "stop")])
def test_customers_in_both_arms_stop_above_one_percent(every, outcome):
    frame = shop_frame(3_000, 5)
    seen = frame[frame["variant"].notna() & (frame["customer_id"] % every == 0)]
    other = seen.assign(variant=np.where(seen["variant"] == "new", "control", "new"))
    log = onb.read_events(pd.concat([frame, other]))
    table = onb.experiment_table(log, BOUGHT)
    crossed = next(c for c in table.attrs["checks"] if c["check"] == "customers in both arms")
    assert crossed["outcome"] == outcome and crossed["value"] == pytest.approx(1 / every)
    assert table["n"].iloc[0] + table["open"].iloc[0] == 3_000 - len(seen)
    stopped = table["verdict"].iloc[0].startswith("cannot say: customers in both arms (share = ")
    assert stopped == (outcome == "stop")


def stamped_after_the_purchase(frame):
    """Buyers' variant is written down an hour after they bought, not at the checkout."""
    exposed = frame[frame["variant"].notna()].set_index("customer_id")["timestamp"]
    bought = frame[frame["event"] == "purchase"]
    after = bought[bought["timestamp"] > bought["customer_id"].map(exposed)]
    late = after.groupby("customer_id")["timestamp"].min() + pd.Timedelta("1h")
    rows = frame["variant"].notna() & frame["customer_id"].isin(late.index)
    frame.loc[rows, "timestamp"] = frame.loc[rows, "customer_id"].map(late)
    return frame


def test_an_outcome_that_mostly_lies_before_exposure_is_warned_of():
    """Written down too late, or a sound test of buying again: only the analyst knows."""
    log = onb.read_events(stamped_after_the_purchase(shop_frame(3_000, 6)))
    looked = onb.Conversion("checkout", within="14d", name="came")
    checks = onb.experiment_check_table(log, [BOUGHT, looked, SPENT]).set_index(["check", "scope"])
    outcome = checks["outcome"]
    assert outcome["outcome mostly before exposure", "purchase"] == "warn"
    assert outcome["outcome mostly before exposure", "came"] == "ok"
    assert outcome["exposure after outcome", "purchase"] == "ok"
    table = onb.experiment_table(log, [BOUGHT, looked, SPENT])
    assert not table["verdict"].str.startswith("cannot say: exposure").any()


def test_arms_that_differed_before_exposure_are_noticed():
    frame = shop_frame(4_000, 7)
    arm = frame[frame["variant"].notna()].set_index("customer_id")
    before = frame["timestamp"] < frame["customer_id"].map(arm["timestamp"])
    new = frame["customer_id"].map(arm["variant"]) == "new"
    frame = frame[
        ~(before & new & (frame["event"] == "purchase") & (frame["customer_id"] % 2 == 0))
    ]
    table = checked(frame)
    assert table.loc[("exposure after outcome", "purchase"), "outcome"] == "stop"
    assert table.loc[("covariate after exposure", "purchase"), "outcome"] == "stop"


def test_a_variant_on_every_row_has_no_time_before_it():
    frame = shop_frame(2_000, 8)
    arm = frame[frame["variant"].notna()].set_index("customer_id")["variant"]
    table = checked(frame.assign(variant=frame["customer_id"].map(arm)))
    row = table.loc[("exposure after outcome", "purchase")]
    assert row["outcome"] == "not checked" and "nothing precedes it" in row["sentence"]
    assert table.loc[("covariate history", "purchase"), "outcome"] == "note"


def test_a_covariate_that_the_variant_moved_stops_what_it_adjusts():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"variant": ["control", "new"] * 1_500})
    frame["spent"] = rng.normal(5, 1, 3_000)
    frame["past"] = frame["spent"] + 0.3 * (frame["variant"] == "new")
    plain, adjusted = (
        onb.experiment_table(frame, onb.MeanPerCustomer("spent"), covariate=covariate)
        for covariate in (None, "past")
    )
    assert plain["verdict"].iloc[0] == "no clear difference"
    assert adjusted["verdict"].iloc[0].startswith("cannot say: covariate after exposure (p = ")


def test_an_effect_that_fades_is_warned_of_and_one_that_lasts_is_not():
    fades = checked(shop_frame(6_000, 9, uplift=(1, 1), fades_after=2))
    assert fades.loc[("novelty", "purchase"), "outcome"] == "warn"
    assert fades.loc[("novelty", SPENT.name), "outcome"] == "warn"
    lasts = checked(shop_frame(6_000, 9, uplift=(1, 1)))
    assert set(lasts.loc["novelty", "outcome"]) == {"ok"}


def test_novelty_compares_how_the_arms_risks_change():
    """Conversions by day since exposure, split by hand at the day of their median."""
    frame = shop_frame(6_000, 14, uplift=(0.6, 0.6), fades_after=2)
    exposed = frame[frame["variant"].notna()].set_index("customer_id")
    end = frame["timestamp"].max()
    exposed = exposed[exposed["timestamp"] + pd.Timedelta("14D") <= end]
    bought = frame[(frame["event"] == "purchase") & frame["customer_id"].isin(exposed.index)]
    since = bought["timestamp"] - bought["customer_id"].map(exposed["timestamp"])
    good = (since >= pd.Timedelta(0)) & (since < pd.Timedelta("14D"))
    day = (since[good] // pd.Timedelta("1D")).groupby(bought["customer_id"]).min()
    split, arm = int(day.median()), exposed["variant"].reindex(day.index)
    change, variance = [], []
    for name in ("control", "new"):
        early = ((arm == name) & (day <= split)).sum()
        late = ((arm == name) & (day > split)).sum()
        risks = np.array([early, late]) / (
            (exposed["variant"] == name).sum() - np.array([0, early])
        )
        change.append(np.log(risks[1] / risks[0]))
        variance.append(1 / early + 1 / late - (risks / np.array([early, late])).sum())
    z = (change[1] - change[0]) / np.sqrt(sum(variance))
    row = checked(frame, [BOUGHT]).loc[("novelty", "purchase")]
    assert row["p_value"] == pytest.approx(2 * norm.sf(abs(z)))
    assert f"from day {split + 1} on" in row["sentence"]


def test_windows_that_are_not_over_are_warned_of():
    frame = shop_frame(2_000, 10)
    ends = pd.Timestamp("2025-01-01", tz="UTC") + pd.Timedelta(days=TEST_BEGINS + 20)
    row = checked(frame[frame["timestamp"] < ends]).loc[("windows not over", "purchase")]
    assert row["outcome"] == "warn" and 0.6 < row["value"] < 0.8


@pytest.mark.parametrize(
    ("n", "share", "said"),
    [
        (29, 0.5, "an arm has 29 customers, fewer than 30"),
        (400, 0.005, "2.0 customers are expected with it in an arm"),
        (400, 0.995, "2.0 customers are expected without it in an arm"),
        (400, 0.5, None),
    ],
)
def test_too_few_customers_for_the_method(n, share, said):
    made = (np.arange(n) < round(n * share)).astype(int)
    frame = pd.DataFrame({"variant": np.repeat(["control", "new"], n), "bought": np.tile(made, 2)})
    verdict = onb.experiment_table(frame, onb.Conversion("bought"))["verdict"].iloc[0]
    assert (
        verdict == "no clear difference"
        if said is None
        else verdict.startswith(f"cannot say: {said}")
    )


def test_a_level_with_too_few_says_so_and_is_in_no_family():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {"variant": ["control", "new"] * 1_000, "city": ["big"] * 1_980 + ["small"] * 20}
    )
    frame["bought"] = rng.integers(2, size=2_000)
    table = onb.experiment_table(frame, onb.Conversion("bought"), segments="city")
    levels = table.set_index("level")
    assert levels.loc["small", "verdict"].startswith("cannot say: an arm has 10 customers")
    assert levels.loc["big", "p_value_adjusted"] == levels.loc["big", "p_value"]
    assert (
        np.isnan(levels.loc["small", "p_value_adjusted"]) and levels["p_interaction"].isna().all()
    )


def test_rows_of_a_frame_are_accounted_for():
    frame = pd.DataFrame(
        {
            "who": [*range(1_000), 0, 0, 1, 2],
            "variant": [*["control", "new"] * 500, "control", "control", "control", None],
            "page": [*["old", "new"] * 500, "old", "new", "old", "old"],
            "bought": [*[0, 1] * 500, 1, 1, 0, 0],
        }
    )
    received = {"control": {"page": "old"}, "new": {"page": "new"}}
    design = {"customer": "who", "received": received}
    table = onb.experiment_table(frame, onb.Conversion("bought"), **design)
    checks = {c["check"]: c for c in table.attrs["checks"]}
    assert checks["repeated customers"]["value"] == 1  # the second row of customer 0
    assert checks["received another variant"]["sentence"].startswith("1 rows disagree")
    assert checks["rows without an arm"]["value"] == 1
    assert checks["customers in both arms"]["value"] == pytest.approx(1 / 1_000)  # customer 1
    assert table[["customers_control", "customers_treatment"]].values.tolist() == [[500, 499]]
    assert table["control"].iloc[0] == 0  # the first row of each counts


def test_rows_that_got_the_wrong_variant_in_one_arm_alone_stop_it():
    frame = pd.DataFrame({"variant": ["control", "new"] * 1_000, "bought": [0, 1, 1, 0] * 500})
    frame["page"] = np.where(frame["variant"] == "new", "new", "old")
    frame.loc[(frame.index < 200) & (frame["variant"] == "new"), "page"] = "old"
    received = {"control": {"page": "old"}, "new": {"page": "new"}}
    table = onb.experiment_table(frame, onb.Conversion("bought"), received=received)
    assert "received another variant" in table.attrs["stopped"]


def test_metrics_within_a_check_are_a_holm_family():
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({"variant": ["control", "new"] * 2_000})
    for name in ("a", "b"):
        frame[name], frame[f"past {name}"] = rng.normal(0, 1, (2, 4_000))
    metrics = [onb.MeanPerCustomer(name, name=name) for name in ("a", "b")]
    covariate = {"a": "past a", "b": "past b"}
    both = onb.experiment_check_table(frame, metrics, covariate=covariate)
    alone = [
        onb.experiment_check_table(frame, m, covariate={m.name: covariate[m.name]}) for m in metrics
    ]
    name = "covariate after exposure"
    p = np.sort([t.set_index("check").loc[name, "p_value"] for t in alone])
    found = np.sort(both.set_index("check").loc[name, "p_value"])
    assert found == pytest.approx(np.minimum([2 * p[0], max(2 * p[0], p[1])], 1))


def test_outcomes_that_are_missing_from_one_arm_stop_it():
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"variant": ["control", "new"] * 1_000, "bought": 0.0})
    frame["bought"] = (rng.random(2_000) < 0.2).astype(float)
    frame.loc[(frame["variant"] == "new") & (rng.random(2_000) < 0.2), "bought"] = np.nan
    table = onb.experiment_table(frame, onb.Conversion("bought"))
    assert table["verdict"].iloc[0].startswith("cannot say: missing outcomes (p = ")
    alike = frame.assign(bought=(rng.random(2_000) < 0.2).astype(float))
    alike.loc[rng.random(2_000) < 0.3, "bought"] = np.nan
    checks = onb.experiment_check_table(alike, onb.Conversion("bought")).set_index("check")
    assert checks.loc["missing outcomes", "outcome"] == "ok"


def test_rows_without_a_customer_are_counted_and_left_out():
    frame = pd.DataFrame({"variant": ["control", "new"] * 200, "bought": [0, 1, 1, 0] * 100})
    frame["id"] = [f"c{i}" for i in range(400)]
    frame.loc[:49, "id"] = None
    table = onb.experiment_table(frame, onb.Conversion("bought"), customer="id")
    assert table["n"].iloc[0] == 350 and table.attrs["customers"] == 350
    checks = {c["check"]: c for c in table.attrs["checks"]}
    assert checks["rows without a customer"]["outcome"] == "warn"
    assert checks["customers in both arms"]["outcome"] == "ok"
