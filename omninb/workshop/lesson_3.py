"""Exercises of lesson 3: funnels and how they lie."""

from __future__ import annotations

import pandas as pd

from omninb.events import EventLog
from omninb.funnel_steps import Step
from omninb.funnels import funnel_table
from omninb.workshop.exercise import Exercise, quiz
from omninb.workshop.kinds import choice, count, share
from omninb.workshop.story import RULES, STEPS, WITHIN

LOOK = ["view_product", "purchase"]
CHAT: list[Step] = [{"channel": "chat", "event": "contact"}, "purchase"]
_LAST, _TIME_GIVEN = pd.Timedelta("30 days"), "14d"


def _funnel(log: EventLog) -> pd.DataFrame:
    return funnel_table(log.journeys(**RULES), STEPS, WITHIN)


def _worst_step(log: EventLog) -> str:
    return str(_funnel(log).set_index("funnel_step")["drop_off"].idxmax())


def _step_before(log: EventLog) -> str:
    return STEPS[STEPS.index(_worst_step(log)) - 1]


def _bought(log: EventLog, within: str) -> float:
    return float(funnel_table(log.journeys(**RULES), LOOK, within)["conversion_rate"].iloc[-1])


def _later_than_a_day(log: EventLog) -> float:
    """A difference of rates: the two windows leave out different attempts as too young."""
    return _bought(log, "7d") - _bought(log, "1d")


def _chatted_and_bought(log: EventLog, order: str) -> int:
    table = funnel_table(log.journeys(**RULES), CHAT, _TIME_GIVEN, order)
    return int(table["customers"].iloc[-1])


def _bought_first(log: EventLog) -> int:
    return _chatted_and_bought(log, "any") - _chatted_and_bought(log, "ordered")


def _latest(log: EventLog) -> pd.DataFrame:
    """The funnel from a look to a purchase of those who began in the last 30 days."""
    journeys = log.journeys(**RULES)
    until = funnel_table(journeys, LOOK, _TIME_GIVEN).attrs["observed_until"]
    return funnel_table(journeys.where(between=(until - _LAST, until)), LOOK, _TIME_GIVEN)


def _recent(log: EventLog) -> float:
    return float(_latest(log)["conversion_rate"].iloc[-1])


def _only_the_quick(log: EventLog) -> float:
    begun, bought = _latest(log).iloc[0], _latest(log).iloc[-1]
    quick = bought["open_converted"]
    return float((bought["customers"] + quick) / (begun["customers"] + quick))


EXERCISES = (
    Exercise(
        "lesson3.worst_step", choice(STEPS, "the name of a step: "), _worst_step, _step_before,
        (
            "Look at shares of the step before, not at numbers of customers.",
            "The column drop_off holds the share that is lost between two steps.",
            "The row with the largest drop_off is named after the step that is not made.",
        ),
    ),
    Exercise(
        "lesson3.window", share(), _later_than_a_day, lambda log: _bought(log, "7d"),
        (
            "The question is how much more: a difference of two rates.",
            'Two funnels of look, one within="7d" and one within="1d".',
            "Take the column conversion_rate of the last row of both, and subtract.",
        ),
    ),
    Exercise(
        "lesson3.order", count(), _bought_first, lambda log: _chatted_and_bought(log, "any"),
        (
            "Who chatted first stands in both funnels. Who else stands in the one without order?",
            'Two funnels of chat and purchase within="14d": one ordered, one order="any".',
            "Subtract the last rows: customers in any order, less customers in this order.",
        ),
    ),
    Exercise(
        "lesson3.recent", share(), _recent, _only_the_quick,
        (
            "What did you do with those who have not had 14 days yet? Also with those who have "
            "bought already?",
            "Select journeys with where(between=(…, …)), from 30 days before the end of your log "
            'to its end. Then make the funnel of look within="14d".',
            "The column conversion_rate of the last row leaves out all open attempts. Take it as "
            "it is, and check that you used the end of your own log, not of the sample.",
        ),
    ),
    Exercise(
        "lesson3.population_rate", share(),
        lambda log: float(_funnel(log)["population_rate"].iloc[-1]),
        lambda log: float(_funnel(log)["conversion_rate"].iloc[-1]),
        (
            "Of whom? Of all customers, and not only of those who put something into a basket.",
            "One of the three rates has this denominator. Who has an open attempt is not in it.",
            "The column population_rate, in the row of the last step.",
        ),
    ),
    quiz(
        "lesson3.quiz_1", "c",
        (
            "Somebody else began on the same day and will buy in a week. Is that known today?",
            "If the quick ones count and the slow ones wait, what happens to the rate?",
            "Mature means that the window is over, whatever happened in it. Is it over?",
        ),
    ),
    quiz(
        "lesson3.quiz_2", "b",
        (
            "What does a longer window do to a rate, if nothing else changes?",
            "Under lie 1 the shop was the same in all rows. Was the rate?",
            "Which of the answers would still be true if the shop had not changed at all?",
        ),
    ),
    quiz(
        "lesson3.quiz_3", "a",
        (
            "Both rates count the same purchases. What else does a rate need?",
            "How many people pay? How many customers are there?",
            "Look at what stands below the line of each rate.",
        ),
    ),
)  # fmt: skip
