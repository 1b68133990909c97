"""Exercises of lesson 5: a test with a trap."""

from __future__ import annotations

import pandas as pd

from omninb.events import EventLog
from omninb.experiments.metrics import Conversion
from omninb.experiments.progress import experiment_cumulative_table
from omninb.experiments.table import experiment_check_table, experiment_table
from omninb.experiments.verdicts import BETTER
from omninb.workshop.exercise import Exercise, quiz
from omninb.workshop.kinds import Number, choice, count
from omninb.workshop.story import TRAPS, WITHIN

METRIC = Conversion("purchase", within=WITHIN)
DECISIONS = ("introduce", "not shown", "cannot say")
SPLIT, PEEKING, NO_TRAP = TRAPS
# Below one in a thousand the split is broken, whatever the digits.
_P_VALUE = Number("a number, a p-value", relative=0.05, least=0.001)
_DECISION_AFTER = {SPLIT: "cannot say", PEEKING: "not shown", NO_TRAP: "introduce"}


def _result(log: EventLog) -> pd.Series:
    return experiment_table(log, METRIC).iloc[0]


def _clear_days(log: EventLog) -> pd.DataFrame:
    """Days on which the interval for one look leaves out 0."""
    days = experiment_cumulative_table(log, METRIC)
    return days[(days["uplift_ci_lower"] > 0) | (days["uplift_ci_upper"] < 0)]


def _split_p(log: EventLog) -> float:
    checks = experiment_check_table(log, METRIC).set_index("check")
    return float(checks["p_value"]["sample ratio"])


def _not_the_split_p(log: EventLog) -> float:
    """The p-value of the uplift; where that passes for the one of the split, what is left of 1."""
    p, other = _split_p(log), float(_result(log)["p_value"])
    return 1 - p if _P_VALUE.right(other, p) else other


def _trap(log: EventLog) -> str:
    checks = experiment_check_table(log, METRIC).set_index("check")
    if checks["outcome"]["sample ratio"] == "stop":
        return SPLIT
    return NO_TRAP if _result(log)["verdict"] == BETTER else PEEKING


def _decision(log: EventLog) -> str:
    return _DECISION_AFTER[_trap(log)]


EXERCISES = (
    Exercise(
        "lesson5.treated", count(), lambda log: int(_result(log)["customers_treatment"]),
        lambda log: int(_result(log)["customers_control"]),
        (
            "Customers, not touchpoints, and of one arm only.",
            "onb.experiment_table(case, metric) has a column for each arm.",
            "The column customers_treatment of its only row.",
        ),
    ),
    Exercise(
        "lesson5.split_p", _P_VALUE, _split_p, _not_the_split_p,
        (
            "It asks about the sizes of the arms, not about who bought.",
            "The table of checks has a row for the sample ratio.",
            "onb.experiment_check_table(case, metric): the row sample ratio, the column p_value.",
        ),
    ),
    Exercise(
        "lesson5.clear_days", count(), lambda log: len(_clear_days(log)),
        lambda log: len(experiment_cumulative_table(log, METRIC)),
        (
            "Count days, not customers: those on which somebody who looks would cry “clear!”.",
            "An interval leaves out 0 when its lower bound is above 0 or its upper bound below.",
            "In the daily table: uplift_ci_lower > 0, or uplift_ci_upper < 0. Count such rows.",
        ),
    ),
    Exercise(
        "lesson5.uplift", Number("a difference of two shares, such as 0.02", absolute=0.001),
        lambda log: float(_result(log)["uplift"]),
        lambda log: float(_clear_days(log)["uplift"].iloc[0]),
        (
            "At the end of the test, not at the first day that looked good.",
            "The share of buyers in the treatment, less the share in the control.",
            "The column uplift of onb.experiment_table(case, metric). The relative one is another.",
        ),
    ),
    Exercise(
        "lesson5.trap", choice(TRAPS), _trap,
        lambda log: next(trap for trap in TRAPS if trap != _trap(log)),
        (
            "Ask the checks before you ask for the uplift.",
            "Is there a check that stops the test? Then you need not go on.",
            "If the split is as planned, look at the last day, which was fixed before: does its "
            "interval still leave out 0?",
        ),
    ),
    Exercise(
        "lesson5.decision", choice(DECISIONS),
        _decision,
        lambda log: "introduce" if _decision(log) != "introduce" else "not shown",
        (
            "What is the uplift worth after what you have found out?",
            "A test whose arms are not as planned compares two kinds of people. In any other the "
            "result at the planned end counts, and no day before.",
            "Read the column verdict of onb.experiment_table(case, metric), word by word.",
        ),
    ),
    quiz(
        "lesson5.quiz_1", "a",
        (
            "Nobody drew the missing customers by lot. Who are they?",
            "If those who did not buy are missing from one arm, what happens to its rate?",
            "A correction would have to know who is missing. Do you?",
        ),
    ),
    quiz(
        "lesson5.quiz_2", "c",
        (
            "Each look is one more chance to be fooled.",
            "One look: 5 in 100. Many looks: is that more, or less?",
            "Throw a die once, then five times. When do you rather see a six?",
        ),
    ),
    quiz(
        "lesson5.quiz_3", "b",
        (
            "Some bounds are made for one look, at a time that was fixed before. Others are not.",
            "You looked every day, and would have stopped on any of them.",
            "Read what the figure writes beside the shaded band and beside the dotted lines.",
        ),
    ),
)  # fmt: skip
