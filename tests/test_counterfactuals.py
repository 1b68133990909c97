"""What would have been bought without an effect, held against a year simulated without it."""

from __future__ import annotations

import pandas as pd
import pytest

from omninb.simulate import simulate_table

CUSTOMERS, SEED = 6_000, 21
WITHOUT = {
    "email": "email_effect",
    "retargeting": "retargeting",
    "video": "video_uplift",
    "checkout_test": "checkout_test",
    "handover": "chat_handover",
    "dip": "channel_dip",
}


@pytest.fixture(scope="module")
def lived() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The log, and purchases of each customer in it and without each effect."""
    rows, truth = simulate_table(CUSTOMERS, SEED)
    return rows.to_pandas(), truth["counterfactual"].to_pandas().set_index("customer_id")


def test_the_factual_columns_are_what_the_log_holds(lived):
    rows, otherwise = lived
    bought = rows[rows["event"] == "purchase"].groupby("customer_id")["value"]
    assert otherwise["purchases"].sum() == (rows["event"] == "purchase").sum()
    counted = bought.agg(["size", "sum"]).reindex(otherwise.index, fill_value=0)
    assert (counted["size"] == otherwise["purchases"]).all()
    assert (counted["sum"] - otherwise["value"]).abs().max() < 0.001
    assert len(otherwise) == CUSTOMERS


def simulated(**truths) -> pd.DataFrame:
    return simulate_table(CUSTOMERS, SEED, **truths)[1]["counterfactual"].to_pandas()


def same_without(effect: str, otherwise: pd.DataFrame, again: pd.DataFrame) -> pd.Series:
    """Whether each customer of another year bought what the counterfactual says."""
    again = again.set_index("customer_id").loc[otherwise.index]
    same = again["purchases"] == otherwise[f"purchases_without_{effect}"]
    return same & ((again["value"] - otherwise[f"value_without_{effect}"]).abs() < 0.001)


@pytest.mark.parametrize("effect", WITHOUT)
def test_a_year_without_the_effect_is_what_the_counterfactual_says(lived, effect):
    _, otherwise = lived
    same = same_without(effect, otherwise, simulated(**{WITHOUT[effect]: None}))
    if effect in ("email", "retargeting"):
        assert same.all()
    # The others change on which channels and how often customers are seen; the rates that carry
    # the planted retention and e-mail effect are then set a little differently.
    assert same.mean() > 0.99


def test_without_rates_that_carry_other_truths_it_is_so_for_every_customer():
    plain: dict[str, None] = {"email_effect": None, "four_channel_retention": None}
    otherwise = simulated(**plain).set_index("customer_id")
    for effect, truth in WITHOUT.items():
        assert same_without(effect, otherwise, simulated(**(plain | {truth: None}))).all(), effect
    for effect in ("video", "checkout_test", "handover", "dip"):
        changed = otherwise["purchases"] != otherwise[f"purchases_without_{effect}"]
        assert 3 < changed.sum() < 0.02 * CUSTOMERS, effect


def test_retargeting_changes_nothing_e_mail_and_the_treated_checkout_do(lived):
    rows, otherwise = lived
    groups = rows.groupby("customer_id")[["mail_group", "ad_group"]].first()
    caused = otherwise["purchases"] - otherwise["purchases_without_email"]
    sent = groups["mail_group"] == "sent"
    assert (caused >= 0).all() and caused[~sent].sum() == 0
    usual = otherwise.loc[sent, "purchases_without_email"].sum()
    assert 0.05 < caused.sum() / usual < 0.10  # 10 % from April on
    assert (otherwise["purchases"] == otherwise["purchases_without_retargeting"]).all()
    arm = rows.dropna(subset="variant").set_index("customer_id")["variant"]
    helped = otherwise["purchases"] - otherwise["purchases_without_checkout_test"]
    assert helped[arm.index[arm == "control"]].sum() == 0
    assert helped[arm.index[arm == "treatment"]].sum() > 5  # others would have come back
    filmed = rows.loc[rows["event"] == "watch_video", "customer_id"].unique()
    swayed = otherwise["purchases"] - otherwise["purchases_without_video"]
    assert swayed.drop(filmed).eq(0).all() and swayed.sum() > 5


def test_without_retargeting_no_other_touchpoint_moves(lived):
    rows, _ = lived
    without = simulate_table(CUSTOMERS, SEED, retargeting=None)[0].to_pandas()
    names = ["timestamp", "customer_id", "channel", "event", "value", "score", "campaign"]
    left = rows[rows["campaign"] != "retargeting"]
    as_text = [part[names].astype({"channel": str, "event": str, "campaign": str})
               for part in (left, without)]  # fmt: skip
    pd.testing.assert_frame_equal(*[part.reset_index(drop=True) for part in as_text])
