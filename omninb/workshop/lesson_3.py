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


# One attempt a customer counts in a rate, chosen before its outcome.
FIRST, FURTHEST = "first", "furthest"
_KINDEST = "That takes each customer's furthest attempt, chosen by the outcome (lie 5)."


def _funnel(log: EventLog, attempt: str = FIRST) -> pd.DataFrame:
    return funnel_table(log.journeys(**RULES), STEPS, WITHIN, attempt=attempt)


def _worst_step(log: EventLog) -> str:
    return str(_funnel(log).set_index("funnel_step")["drop_off"].idxmax())


def _step_before(log: EventLog) -> str:
    return STEPS[STEPS.index(_worst_step(log)) - 1]


def _bought(log: EventLog, within: str, attempt: str = FIRST) -> float:
    table = funnel_table(log.journeys(**RULES), LOOK, within, attempt=attempt)
    return float(table["conversion_rate"].iloc[-1])


def _later_than_a_day(log: EventLog, attempt: str = FIRST) -> float:
    """A difference of rates: the two windows leave out different attempts as too young."""
    return _bought(log, "7d", attempt) - _bought(log, "1d", attempt)


def _chatted_and_bought(log: EventLog, order: str, attempt: str = FURTHEST) -> int:
    """Customers, no rate: whoever did so in any attempt is one of them."""
    table = funnel_table(log.journeys(**RULES), CHAT, _TIME_GIVEN, order, attempt)
    return int(table["customers"].iloc[-1])


def _bought_first(log: EventLog, attempt: str = FURTHEST) -> int:
    both = (_chatted_and_bought(log, order, attempt) for order in ("any", "ordered"))
    return next(both) - next(both)


def _latest(log: EventLog, attempt: str = FIRST) -> pd.DataFrame:
    """The funnel from a look to a purchase of those who began in the last 30 days."""
    journeys = log.journeys(**RULES)
    until = funnel_table(journeys, LOOK, _TIME_GIVEN).attrs["observed_until"]
    last = journeys.where(between=(until - _LAST, until))
    return funnel_table(last, LOOK, _TIME_GIVEN, attempt=attempt)


def _recent(log: EventLog, attempt: str = FIRST) -> float:
    return float(_latest(log, attempt)["conversion_rate"].iloc[-1])


def _only_the_quick(log: EventLog) -> float:
    begun, bought = _latest(log).iloc[0], _latest(log).iloc[-1]
    quick = bought["open_converted"]
    return float((bought["customers"] + quick) / (begun["customers"] + quick))


def _all_so_far(log: EventLog) -> float:
    begun, bought = _latest(log).iloc[0], _latest(log).iloc[-1]
    return float(
        (bought["customers"] + bought["open_converted"]) / (begun["customers"] + begun["open"])
    )


def _population_rate(log: EventLog, attempt: str = FIRST) -> float:
    return float(_funnel(log, attempt)["population_rate"].iloc[-1])


def _of_all(log: EventLog) -> float:
    """Also of those whose attempt is open."""
    everybody = log.to_frame()["customer_id"].nunique()
    return float(_funnel(log)["customers"].iloc[-1] / everybody)


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
            'Two funnels of look with attempt="first", one within="7d" and one within="1d".',
            "Take the column conversion_rate of the last row of both, and subtract.",
        ),
        ((lambda log: _later_than_a_day(log, FURTHEST), _KINDEST),),
    ),
    Exercise(
        "lesson3.order", count(), _bought_first, lambda log: _chatted_and_bought(log, "any"),
        (
            "Who chatted first stands in both funnels. Who else stands in the one without order?",
            'Two funnels of chat and purchase within="14d": one ordered, one order="any".',
            "Subtract the last rows: customers in any order, less customers in this order.",
        ),
        (
            (lambda log: _bought_first(log, FIRST),
             "That looks at each customer's first attempt only. Here all attempts are asked for."),
        ),
    ),
    Exercise(
        "lesson3.recent", share(), _recent, _only_the_quick,
        (
            "What did you do with those who have not had 14 days yet? Also with those who have "
            "bought already?",
            "Select journeys with where(between=(…, …)), from 30 days before the end of your log "
            'to its end. Then make the funnel of look within="14d", attempt="first".',
            "The column conversion_rate of the last row leaves out all open attempts. Take it as "
            "it is, and check that you used the end of your own log, not of the sample.",
        ),
        (
            (lambda log: _recent(log, FURTHEST), _KINDEST),
            (_only_the_quick, "That keeps the open ones who have bought already."),
            (_all_so_far, "That counts the open ones, too."),
        ),
    ),
    Exercise(
        "lesson3.population_rate", share(),
        _population_rate, _of_all,
        (
            "Of whom? Of all customers, and not only of those who put something into a basket.",
            "One of the three rates has this denominator. Who has an open attempt is not in it.",
            'The column population_rate, in the row of the last step, with attempt="first".',
        ),
        (
            (_of_all, "That divides by all customers, those with an open attempt too."),
            (lambda log: _population_rate(log, FURTHEST), _KINDEST),
            (lambda log: float(_funnel(log)["conversion_rate"].iloc[-1]),
             "That is of those who made the first step, not of all customers."),
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
