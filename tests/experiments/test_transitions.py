"""How arms differ in the way customers move: by hand, beside the differences of their journeys."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from logs import DAY, HOUR

import omninb as onb
from omninb.intervals import Rates, difference_bounds, difference_p_values


def moving_log(customers=2_000, seed=2, app=0.5):
    """All begin on the web and come back once: control to store or app alike, new to ``app``."""
    rng = np.random.default_rng(seed)
    arm = rng.integers(2, size=customers)
    goes = rng.random(customers) < np.where(arm == 1, app, 0.5)
    rows = []
    for i in range(customers):
        name, at = ("control", "new")[arm[i]], int(rng.integers(60)) * DAY
        rows += [
            (f"c{i}", at - DAY, "e-mail", None),  # before exposure: left out
            (f"c{i}", at, "web", name),
            (f"c{i}", at + HOUR, "app" if goes[i] else "store", None),
        ]
    frame = pd.DataFrame(rows, columns=["customer_id", "timestamp", "channel", "variant"])
    frame["timestamp"] = pd.to_datetime(frame["timestamp"] + 10**15, unit="us", utc=True)
    return onb.read_events(frame), arm, goes


def test_a_planted_move_is_found_and_nothing_else():
    log, arm, goes = moving_log(app=0.65)
    table = onb.experiment_transition_table(log, exit_after="1d")
    moves = table[table["what"] == "transition"].set_index(["source", "target"])
    app = moves.loc[("web", "app")]
    assert "e-mail" not in table["target"].to_numpy()
    settled = [app["settled_control"], app["settled_treatment"]]
    assert abs(np.array(settled) - [(arm == 0).sum(), (arm == 1).sum()]).max() < 60  # some are open
    assert app["treatment"] == pytest.approx(goes[arm == 1].mean(), abs=0.01)
    assert app["difference"] == app["treatment"] - app["control"]
    assert set(moves.index[moves["differs"]]) == {("web", "app"), ("web", "store")}
    shares = table[(table["what"] == "step share") & table["differs"]]
    assert set(zip(shares["step"], shares["target"], strict=True)) == {(2, "app"), (2, "store")}
    ends = table[(table["what"] == "step share") & (table["target"] == "exit")]
    assert ends["step"].tolist() == [3]  # nobody comes to it later
    assert table.attrs["control"] == "control" and table.attrs["by"] == "channel"


def test_nothing_differs_where_nothing_was_planted():
    table = onb.experiment_transition_table(moving_log()[0], exit_after="1d")
    assert not table["differs"].any()


def test_transitions_are_the_difference_of_the_arms_journeys():
    """With a variant on every row, the arms are journeys selected by it."""
    rng = np.random.default_rng(3)
    n = 3_000
    frame = pd.DataFrame({"customer_id": rng.integers(400, size=n)})
    frame["timestamp"] = pd.to_datetime(
        rng.integers(0, 90 * 24, n) * 3_600 + 10**9, unit="s", utc=True
    )
    frame["channel"] = rng.choice(["web", "store", "app"], n)
    frame["variant"] = np.where(frame["customer_id"] % 2, "control", "new")
    log = onb.read_events(frame)
    rules = {"split_gap": "7d", "exit_after": "7d"}
    table = onb.experiment_transition_table(log, max_steps=3, **rules)
    a, b = (log.journeys(**rules).where(variant=arm) for arm in ("control", "new"))
    expected = onb.transition_difference_table(a, b).sort_values(["source", "target"])
    moves = table[table["what"] == "transition"].sort_values(["source", "target"])
    for ours, theirs in {"control": "probability_a", "treatment": "probability_b",
                         "difference_ci_lower": "difference_ci_lower", "p_value": "p_value",
                         "customers_treatment": "customers_b"}.items():  # fmt: skip
        assert moves[ours].tolist() == expected[theirs].tolist()
    steps = [onb.step_table(side, max_steps=3).set_index(["step", "channel"]) for side in (a, b)]
    shares = table[table["what"] == "step share"]
    assert len(shares) == sum(label[1] != "open" for label in steps[0].index.union(steps[1].index)
                              if label[0] <= 3)  # fmt: skip
    for row in shares.itertuples():
        found = [s["share"].get((row.step, row.target), 0.0) for s in steps]
        assert [row.control, row.treatment] == pytest.approx(found)


def rates(part, whole):
    """Rates, one a column, of 64 groups in which every customer counts once."""
    customers = whole.sum(axis=0)
    return Rates(part, whole, part.sum(axis=0), customers, np.ones(part.shape[1], int))


def test_p_values_agree_with_bounds_on_whether_0_is_outside():
    rng = np.random.default_rng(4)
    size = np.broadcast_to(rng.integers(1, 20, 300), (64, 300))
    a, b = (rates(rng.binomial(size, rng.uniform(0.01, 0.4, 300)), size) for _ in "ab")
    lower, upper, method = difference_bounds(a, b)
    assert set(method) == {"jackknife", "mover"}
    outside = (lower > 0) | (upper < 0)
    assert ((difference_p_values(a, b) < 0.05) == outside).all() and 20 < outside.sum() < 280


def test_p_values_without_a_difference_are_even():
    rng = np.random.default_rng(5)
    size = np.full((64, 1_500), 30)
    found = difference_p_values(*(rates(rng.binomial(size, 0.3), size) for _ in "ab"))
    assert np.mean(found < 0.05) == pytest.approx(0.05, abs=0.017)
    assert np.mean(found < 0.5) == pytest.approx(0.5, abs=0.04)
