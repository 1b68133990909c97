"""The judge itself: its closed forms by brute force, its marks, and that it can say no."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import omninb as onb
from benchmarks import experiment_judge, false_alarms, interval_coverage, planted_effects
from benchmarks.interval_coverage import CONCENTRATION, ESTIMANDS, PREFERENCE
from benchmarks.marks import Row, band, printed, share_row
from benchmarks.spoilt_trials import SPOILT

EXPERIMENTS = {"experiment_table", "experiment_check_table", "experiment_cumulative_table",
               "experiment_transition_table", "sample_size_table"}  # fmt: skip


def test_the_closed_forms_are_those_of_the_drawn_customers():
    rng = np.random.default_rng(1)
    half, tenth, _, _, leave = rng.dirichlet(CONCENTRATION * PREFERENCE, 400_000).T
    drawn = {
        "exit": leave,
        "step share": tenth,
        "flow": half * tenth,
        "path share": half * leave,
        "share converted": (1 - leave) ** 2 * interval_coverage.BUYS,
    }
    for name, values in drawn.items():
        error = values.std() / len(values) ** 0.5
        assert abs(values.mean() - ESTIMANDS[name][1]) < 4 * error, name


def test_a_large_log_has_the_true_values():
    cells = interval_coverage.one_log((20_000, "geometric", 3))
    assert {name for name, *_ in cells} == set(ESTIMANDS)
    for name, estimate, lower, upper, method in cells:
        truth = ESTIMANDS[name][1]
        assert estimate == pytest.approx(truth, abs=1.5 * (upper - lower)), name
        assert lower < estimate < upper and method != "none"


def test_nodes_that_are_left_alike_are_left_alike():
    log = false_alarms.wander(20_000, "geometric", np.random.default_rng(2))
    moves = onb.transition_table(log.journeys(split_gap="30s"), gaps=False)
    exits = moves[moves["target"] == "exit"].set_index("source")
    assert exits["probability"].std() < 0.005
    worse = false_alarms.wander(20_000, "geometric", np.random.default_rng(2), planted=0.1)
    moves = onb.transition_table(worse.journeys(split_gap="30s"), gaps=False)
    exits = moves[moves["target"] == "exit"].set_index("source")["probability"]
    assert exits["b"] - exits.drop("b").mean() == pytest.approx(0.1, abs=0.02)
    edges = moves.set_index(["source", "target"]).index
    assert set(false_alarms.EDGES.values()) <= set(edges)


def test_fewer_logs_have_wider_marks_of_as_many_errors():
    assert band(0.95, 0.02, asked=2_000, logs=9_999) == (0.93, 0.97)
    low, high = band(0.05, 0.007, asked=10_000, logs=400)
    assert (low, high) == (0.015, 0.085)


@pytest.mark.parametrize(
    ("share", "bounds", "mark", "met"),
    [
        (0.94, (0.93, 0.97), "93.0% to 97.0%", True),
        (0.92, (0.93, 0.97), "93.0% to 97.0%", False),
        (0.98, (0.93, 0.97), "93.0% to 97.0%", False),
        (0.0, (-0.01, 0.05), "≤ 5.0%", True),
        (0.06, (0.0, 0.05), "≤ 5.0%", False),
        (0.89, (0.9, 1.0), "≥ 90.0%", False),
    ],
)
def test_a_mark_is_met_inside_its_bounds(share, bounds, mark, met):
    row = share_row("f", "x", share, bounds)
    assert (row.mark, row.met) == (mark, met)


def test_the_table_says_what_was_missed(capsys):
    rows = [Row("f", "x", "≤ 5 %", "4 %", True), Row("g", "longer", "≤ 5 %", "6 %", False)]
    assert not printed(rows)
    assert capsys.readouterr().out.splitlines()[2].split()[-2:] == ["NOT", "met"]
    assert printed([rows[0], rows[1]._replace(met=None)])


def test_coverage_judges_every_estimand_and_sees_intervals_that_are_too_narrow():
    table = interval_coverage.coverage_table(6, customers=(60,))
    rows = interval_coverage.coverage_rows(table, logs=6)
    assert len(rows) == 2 * len(ESTIMANDS)
    assert {row.analysis for row in rows} == {name for name, _ in ESTIMANDS.values()}
    assert sum(row.met is None for row in rows) == 1
    narrow = interval_coverage.coverage_rows(table.assign(coverage=0.88), logs=2_000)
    assert not any(row.met for row in narrow)


def test_every_analysis_there_is_has_its_judge():
    tables = {"transition_table", "transition_graph", "transition_difference_table", "step_table",
              "flow_table", "path_table", "funnel_table", "funnel_period_table", "drop_off_table",
              "lost_to_table", "exit_table", "end_table"}  # fmt: skip
    public = {name for name in onb.__all__ if name.endswith(("_table", "_graph"))}
    public -= {"reconciliation_table", "experiment_distribution_table"}  # counts alone
    public -= {"column_table", "day_table", "activity_table", "gap_table"}  # counts too
    public -= {"power_table"}  # the planner's, which is judged by its sample sizes
    assert tables == {name for name, _ in ESTIMANDS.values()}
    assert public - tables == EXPERIMENTS


def test_randomised_tests_are_judged():
    rows = experiment_judge.experiment_rows(10)
    assert {row.analysis for row in rows} == EXPERIMENTS
    raised = [row for row in rows if " raised: " in row.estimand]
    assert {row.estimand.split(" raised")[0] for row in raised} == set(SPOILT)


def test_false_alarms_are_counted_and_the_planted_node_is_named():
    rows = false_alarms.false_alarm_rows(100)
    assert len(rows) == 2 * len(false_alarms.EDGES) + 8 + 1
    assert rows[-1].found == "100.0%" and rows[-1].met


def test_every_planted_truth_is_judged_on_and_off():
    rows = planted_effects.truth_rows(2)
    names = [row.estimand.split(";")[0] for row in rows]
    assert set(names) == set(planted_effects.CALCULATIONS) and len(names) == 2 * len(set(names))
    off = [row for row in rows if "; off" in row.estimand]
    assert len(off) * 2 == len(rows) and all(row.mark.startswith("0.000 ±") for row in off)


def test_planted_exits_are_found_and_another_truth_is_not():
    rows = planted_effects.exit_rows(8)
    assert len(rows) == 6 and all(row.met for row in rows)
    estimates = pd.Series(np.random.default_rng(1).normal(0.30, 0.01, 40))
    assert planted_effects.mean_row("f", "x", 0.30, estimates).met
    assert not planted_effects.mean_row("f", "x", 0.31, estimates).met
