"""Funnels: logs to count by hand, and the machine that tries every chain."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from funnel_logs import STEPS, questions, rows_of, until_of
from hypothesis import given, settings
from hypothesis import strategies as st
from logs import DAY, EPOCH, HOUR, log_of
from naive_funnels import NaiveStep, naive_funnel

import omninb as onb

COUNTS = {"customer": "customers", "journey": "journeys", "held": "units"}


@settings(max_examples=200)
@given(rows_of(), questions(), st.integers(24, 40))
def test_every_count_is_that_of_the_machine(rows, asked, until):
    unit, level, within = asked["unit"], asked["level"], asked["within"]
    table = onb.funnel_table(
        log_of(rows).journeys(split_gap="6h", **until_of(until)),
        STEPS,
        within=within and f"{within}h",
        order=asked["order"],
        attempt=asked["attempt"],
        unit="journey" if unit == "journey" else "customer",
        hold="order_id" if unit == "held" else None,
        breakdown={None: None, "step 1": "channel", "customer": {"customer": "channel"}}[level],
    )
    found, population = naive_funnel(
        rows, STEPS, unit, 6 * HOUR, until * HOUR, asked["order"], asked["attempt"],
        within and within * HOUR, level,
    )  # fmt: skip
    counted = "attempts" if asked["attempt"] == "every" else COUNTS[unit]
    assert table.attrs["unit"] == counted
    of_customers = asked["attempt"] == "every"
    waiting = {name for name, _ in population} - {name for name, late in population if not late}
    whole = len({name for name, _ in population}) - len(waiting)
    whole = whole if of_customers else sum(not late for _, late in population)
    levels = table["channel"] if level else [""] * len(table)
    assert set(levels) >= {name for name, _ in found}
    for name, row in zip(levels, table.to_dict("records"), strict=True):
        k = row["step"] - 1
        cell, first = found.get((name, k), NaiveStep()), found.get((name, 0), NaiveStep())
        before = found.get((name, k - 1), NaiveStep())
        assert (row["customers"], row[counted]) == (len(cell.customers), cell.units)
        assert (row["open"], row["open_converted"]) == (first.open, cell.open_made)
        assert row["conversion_rate"] == near(share(cell.units, first.units))
        assert row["step_conversion_rate"] == near(share(cell.units, before.units if k else 0))
        reached = len(cell.customers) if of_customers else cell.units
        assert row["population_rate"] == near(share(reached, whole))
        valued = sum(one.valued for (_, step), one in found.items() if step == k)
        assert row["value"] == near(cell.money if valued else np.nan)
        if level:
            rest = [one for (other, step), one in found.items() if step == k and other != name]
            begun = [one for (other, step), one in found.items() if step == 0 and other != name]
            others = share(sum(c.units for c in rest), sum(c.units for c in begun))
            apart = share(cell.units, first.units) - others if k else np.nan
            assert row["difference"] == near(apart)
    if asked["attempt"] != "every":
        assert table.attrs["population"] == len(population)


def share(part, whole):
    return part / whole if whole else np.nan


def near(number):
    return pytest.approx(number, nan_ok=True)


@given(rows_of(), st.integers(24, 40), st.integers(1, 23))
def test_periods_are_counted_as_the_machine_does(rows, until, cut):
    days = [EPOCH, EPOCH + cut * HOUR, EPOCH + 30 * HOUR]
    moments = [pd.Timestamp(day, unit="us", tz="UTC") for day in days]
    periods = list(zip(moments, moments[1:], strict=False))
    table = onb.funnel_period_table(log_of(rows).journeys(**until_of(until)), STEPS, periods, "5h")
    rates = []
    for nth, (begin, end) in enumerate(zip(days, days[1:], strict=False)):
        found, _ = naive_funnel(
            rows, STEPS, "customer", 0, until * HOUR, "ordered", "first", 5 * HOUR,
            between=(begin - EPOCH, end - EPOCH),
        )  # fmt: skip
        part = table.iloc[nth * 3 : nth * 3 + 3]
        cells = [found["", k] for k in range(3)]
        assert part["customers"].tolist() == [cell.units for cell in cells]
        assert part["open"].tolist() == [cells[0].open] * 3
        assert part["open_converted"].tolist() == [cell.open_made for cell in cells]
        rates.append(part["conversion_rate"].to_numpy())
        assert np.allclose(part["difference"], np.nan if nth == 0 else rates[nth] - rates[0],
                           equal_nan=True)  # fmt: skip
    assert table["period"].nunique() == 2 and table.attrs["by"] == "period"


def test_counted_by_hand():
    """Window 10 days, log 30 days: bob is lost, cat converts too late, dan's and eve's are open."""
    rows = [
        ("ann", 0, "web", "view", None, 5), ("ann", 2 * DAY, "web", "pay", None, 100),
        ("bob", DAY, "web", "view", None, None), ("bob", DAY, "web", "ask", None, None),
        ("cat", DAY, "store", "view", None, 7.25), ("cat", 12 * DAY, "web", "pay", None, 50),
        ("dan", 25 * DAY, "web", "view", None, None), ("dan", 26 * DAY, "web", "pay", None, 1),
        ("eve", 29 * DAY, "web", "view", None, None), ("fay", 9 * DAY, "web", "ask", None, None),
    ]  # fmt: skip
    journeys = log_of(rows).journeys(observed_until="2025-01-31")
    table = onb.funnel_table(journeys, ["view", "pay"], within="10d")
    assert table["customers"].tolist() == [3, 1]
    assert table["open"].tolist() == [2, 2]
    assert table["open_converted"].tolist() == [2, 1]
    assert table["conversion_rate"].tolist() == [1, 1 / 3]
    assert table["population_rate"].tolist() == [3 / 4, 1 / 4]
    assert table["drop_off"].tolist()[1] == pytest.approx(2 / 3)
    assert table["value"].tolist() == [7.25, 100]
    assert table["median_time"].tolist()[1] == pytest.approx(pd.Timedelta(days=2), rel=0.008)
    assert (table.attrs["population"], table.attrs["so_far"]) == (6, False)
    split = onb.funnel_table(journeys, ["view", "pay"], "10d", attempt="first", breakdown="channel")
    assert split["channel"].tolist() == ["web", "web", "store", "store"]
    assert split["customers"].tolist() == [2, 1, 1, 0]
    assert split["value"].tolist() == [0, 100, 7.25, 0]
    assert split["small"].all()
    so_far = onb.funnel_table(journeys, ["view", "pay"])
    assert (so_far["customers"].tolist(), so_far["open"].sum()) == ([5, 3], 0)


def test_a_step_without_money_shows_none():
    rows = [("a", 0, "web", "view", None, None), ("a", HOUR, "web", "pay", None, 4)]
    table = onb.funnel_table(log_of(rows).journeys(), ["view", "pay"])
    assert np.isnan(table["value"][0]) and table["value"][1] == 4
    assert (
        onb.funnel_table(log_of([r[:4] for r in rows]).journeys(), ["view", "pay"])["value"]
        .isna()
        .all()
    )


def test_an_optional_step_is_a_row_that_nobody_needs():
    rows = [("a", 0, "web", "a"), ("a", 1, "web", "b"), ("a", 2, "web", "c"), ("b", 0, "web", "a"),
            ("b", 2, "web", "c"), ("c", 0, "web", "a")]  # fmt: skip
    table = onb.funnel_table(log_of(rows).journeys(), STEPS, optional=["b"])
    assert table["customers"].tolist() == [3, 1, 2]
    assert table["step_conversion_rate"].tolist()[1:] == [1 / 3, 2 / 3]  # both of the step "a"
    assert table["optional"].tolist() == [False, True, False]


def test_customers_with_an_open_and_a_closed_journey_are_of_the_population():
    """ann has one of each; bob's only one is open; cat never begins."""
    rows = [("ann", 0, "web", "a"), ("ann", HOUR, "web", "b"), ("ann", 23 * HOUR, "web", "a"),
            ("bob", 23 * HOUR, "web", "a"), ("cat", 0, "web", "-")]  # fmt: skip
    table = onb.funnel_table(
        log_of(rows).journeys(split_gap="6h", **until_of(24)), ["a", "b"], "5h", attempt="every",
        unit="journey",
    )  # fmt: skip
    assert table["attempts"].tolist() == [1, 1] and table["open"].tolist() == [2, 2]
    assert table["population_rate"].tolist() == [1 / 2, 1 / 2]


def test_rates_bounds_and_levels_of_a_log_to_count_by_hand():
    rows = [
        row
        for i in range(40)
        for row in [
            (f"c{i}", i * DAY, "web" if i % 2 else "app", "view"),
            *([(f"c{i}", (i + 1) * DAY, "web", "purchase")] if i % 4 else []),
        ]
    ]
    log = log_of(rows, observed_until="2025-06-01")
    funnel = onb.funnel_table(log.journeys(), ["view", "purchase"], "7d")
    assert funnel["customers"].tolist() == [40, 30]
    last = funnel.iloc[1]
    assert (
        last["conversion_rate"] == last["step_conversion_rate"] == last["population_rate"] == 0.75
    )
    assert last["interval_method"] == "wilson"
    bounds = last[["conversion_rate_ci_lower", "conversion_rate_ci_upper"]].astype(float)
    assert bounds.round(4).tolist() == [0.5981, 0.8581]
    assert last["median_time"] == pd.Timedelta(days=1)
    levels = onb.funnel_table(
        log.journeys(), ["view", "purchase"], "7d", attempt="first", breakdown="channel"
    )
    assert levels.set_index(["channel", "step"])["customers"].to_dict() == {
        ("app", 1): 20, ("app", 2): 10, ("web", 1): 20, ("web", 2): 20,
    }  # fmt: skip
    app = levels[(levels["channel"] == "app") & (levels["step"] == 2)].iloc[0]
    assert app["difference"] == -0.5 and app["difference_ci_upper"] < 0
    assert app["p_adjusted"] < 0.01


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"breakdown": "channel"}, 'attempt="first"'),
        ({"breakdown": {"first": "channel"}, "attempt": "first"}, '{"customer": "channel"}'),
        ({"breakdown": "chanel", "attempt": "first"}, "Did you mean 'channel'"),
        ({"unit": "visit"}, '"customer" or "journey"'),
        ({"within": 30}, "unit"),
        ({"steps": ["a", "bb"]}, "Did you mean 'b'"),
        ({"attempt": "last"}, ".every., .first., .furthest."),
        ({"steps": ["a", {}]}, "fits everything"),
        ({"steps": [*"abcabcabcabcabcab"]}, "up to 16"),
        ({"exclude": ("c", "b", "a")}, "in order"),
        ({"exclude": "c", "order": "any"}, "no between"),
    ],
)
def test_wrong_arguments_are_told_what_would_do(arguments, words):
    journeys = log_of([("a", n, "web", event) for n, event in enumerate("abc")]).journeys()
    with pytest.raises(onb.OmninbError, match=words):
        onb.funnel_table(journeys, **({"steps": ["a", "b"]} | arguments))


@pytest.mark.parametrize(
    ("periods", "within", "words"),
    [
        ([("2025-01-01", "2025-02-01")], "1d", "two or more"),
        ([("2025-01-01", "2025-02-01"), ("2025-03-01", "2025-02-01")], "1d", "ends before"),
        ([("2025-01-01", "2025-02-01"), ("2025-02-01", "x")], "1d", "not a moment"),
        ([("2025-01-01", "2025-02-01"), ("2025-02-01", "2025-03-01")], None, "longer to convert"),
    ],
)
def test_wrong_periods_are_told_what_would_do(periods, within, words):
    journeys = log_of([("a", n, "web", event) for n, event in enumerate("abc")]).journeys()
    with pytest.raises(onb.OmninbError, match=words):
        onb.funnel_period_table(journeys, ["a", "b"], periods, within)


def test_a_column_with_a_name_of_the_table_is_refused_as_a_breakdown():
    frame = log_of([("a", 0, "web", "a"), ("a", 1, "web", "b")]).to_frame().assign(drop_off="x")
    journeys = onb.read_events(frame).journeys()
    with pytest.raises(onb.OmninbError, match="Rename"):
        onb.funnel_table(journeys, ["a", "b"], attempt="first", breakdown="drop_off")
