"""Exercises of lesson 1: from events to journeys."""

from __future__ import annotations

import pandas as pd

from omninb.events import EventLog
from omninb.graphs import transition_graph
from omninb.workshop.exercise import Exercise, quiz
from omninb.workshop.kinds import count, number, share
from omninb.workshop.story import RULES

SHORT_GAP = "7d"


def _touchpoints(log: EventLog) -> int:
    return len(log)


def _customers(log: EventLog) -> int:
    return int(log.to_frame()["customer_id"].nunique())


def _by_hand(log: EventLog) -> int:
    """Journeys of the first customer with 8 to 12 touchpoints over more than 180 days."""
    seen = log.to_frame().groupby("customer_id")["timestamp"].agg(["size", "min", "max"])
    few = seen["size"].between(8, 12) & (seen["max"] - seen["min"] > pd.Timedelta(180, "D"))
    frame = log.journeys(**RULES).to_frame()
    return int(frame.loc[frame["customer_id"] == seen.index[few].min(), "journey"].nunique())


def _journeys(log: EventLog) -> int:
    return len(log.journeys(**RULES))


def _one_each(log: EventLog) -> int:
    return len(log.journeys())


def _shorter_gap(log: EventLog) -> float:
    return len(log.journeys(**RULES | {"split_gap": SHORT_GAP})) / _journeys(log)


def _exits(log: EventLog) -> float:
    return float(transition_graph(log.journeys(**RULES)).nodes["exit"]["share"])


def _ends(log: EventLog) -> pd.Series:
    """How each journey ends; the open ones are in it."""
    return log.journeys(**RULES).to_frame().drop_duplicates("journey")["end_state"]


def _exits_of_all(log: EventLog) -> float:
    return float((_ends(log) == "exit").mean())


def _open_as_exits(log: EventLog) -> float:
    return float(_ends(log).isin(["exit", "open"]).mean())


def _young_purchases_too(log: EventLog) -> float:
    ends = _ends(log)
    return float((ends == "exit").sum() / (ends != "open").sum())


EXERCISES = (
    Exercise(
        "lesson1.touchpoints", count(), _touchpoints, _customers,
        (
            "One row of the log is one touchpoint.",
            "Python counts the rows of a log as it counts the items of a list.",
            "len(…) of the log.",
        ),
    ),
    Exercise(
        "lesson1.by_hand", count(), _by_hand, lambda _: 1,
        (
            "Go down the rows in the order of time and draw a line wherever a rule cuts.",
            "Cut after each purchase, and wherever more than 30 days lie between two rows.",
            "The journeys are one more than the cuts. (A cut after the very last row is none, and "
            "rows of the same order as a purchase, at the same time, belong to it.)",
        ),
    ),
    Exercise(
        "lesson1.journeys", count(), _journeys, _one_each,
        (
            "Without rules, all that a customer ever did is one journey. Two rules cut here.",
            "log.journeys(…) takes both: end_at= for the purchase, split_gap= for the silence.",
            "Give the silence as a text with its unit, and count the journeys with len(…).",
        ),
    ),
    Exercise(
        "lesson1.shorter_gap", number(0.01, "a number of times"), _shorter_gap,
        lambda log: 1 / _shorter_gap(log),
        (
            "A shorter silence cuts more often. So are there more journeys, or fewer?",
            "Cut the log once more with another split_gap=, and leave end_at= as it was.",
            "The new number of journeys, divided by the old one.",
        ),
    ),
    Exercise(
        "lesson1.exit_share", share(), _exits, _open_as_exits,
        (
            "Which journeys do you divide by? Of some nobody knows yet how they end.",
            "The settled journeys are the denominator: those old enough to know. Open journeys are "
            "left out, and so are purchases as recent as these, or purchases would look commoner "
            "than they are.",
            "The end states are nodes of onb.transition_graph(journeys), and each holds its share "
            "of the settled journeys.",
        ),
        (
            (_open_as_exits, "That counts the open journeys as exits."),
            (_exits_of_all, "That divides by all journeys, the open ones too."),
            (_young_purchases_too, "That leaves out the open journeys, but keeps the purchases of "
                                   "the same last days."),
        ),
    ),
    quiz(
        "lesson1.quiz_1", "b",
        (
            "How long is the silence after that touchpoint, as far as the log can see?",
            "The log ends too early to know whether the customer comes back.",
            "Read the part on how a journey ends again: converted, exit or open.",
        ),
    ),
    quiz(
        "lesson1.quiz_2", "c",
        (
            "Think of web, store, web. What follows the first web if the store is taken out?",
            "Write the three down, strike the store out, and read what is left as a journey.",
            "First the journeys are cut, from all touchpoints. What comes then?",
        ),
    ),
    quiz(
        "lesson1.quiz_3", "a",
        (
            "Draw a line of time with three touchpoints, and cut it with a long and a short rule.",
            "Wherever the long silence cuts, the short one cuts, too.",
            "Can a cut of the long rule be missing under the short one? Then there is your answer.",
        ),
    ),
)  # fmt: skip
