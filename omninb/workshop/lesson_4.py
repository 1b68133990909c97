"""Exercises of lesson 4: drop-off, and what to repair first."""

from __future__ import annotations

import pandas as pd

from omninb.drop_off import drop_off_table, lost_to_table
from omninb.events import EventLog
from omninb.funnels import funnel_table
from omninb.workshop.exercise import Exercise, channel, quiz
from omninb.workshop.kinds import choice, number, share
from omninb.workshop.story import RULES, STEPS, WITHIN


def _places(log: EventLog) -> pd.DataFrame:
    """Where steps are taken, with the customers lost there beyond the same step elsewhere."""
    places = drop_off_table(log.journeys(**RULES), STEPS, "channel", WITHIN)
    return places.assign(beyond=places["difference"] * places["customers"])


def _highest(log: EventLog) -> pd.Series:
    """The place that loses the largest share."""
    return _places(log).sort_values("drop_off").iloc[-1]


def _worst(log: EventLog) -> pd.Series:
    """The place that loses the most customers beyond the others."""
    return _places(log).sort_values("beyond").iloc[-1]


def _another_channel(log: EventLog) -> str:
    """The channel of the highest share; where that is right by accident, any other."""
    right = _worst(log)["channel"]
    others = [_highest(log)["channel"], *_places(log)["channel"]]
    return str(next(channel for channel in others if channel != right))


def _after_the_lost(log: EventLog) -> pd.Series:
    """Customers lost at the worst place, by what came next."""
    place = _worst(log)
    after = lost_to_table(log.journeys(**RULES), STEPS, "channel", WITHIN)
    there = (after["step"] == place["step"]) & (after["channel"] == place["channel"])
    return after[there & (after["outcome"] == "lost")].set_index("next")["customers"]


def _gone(log: EventLog) -> float:
    """Of those lost at the worst place of whom it is known, the share after whom nothing came."""
    after = _after_the_lost(log).drop("open", errors="ignore")
    return float(after["exit"] / after.sum())


def _gone_of_all(log: EventLog) -> float:
    after = _after_the_lost(log)
    return float(after["exit"] / after.sum())


def _gone_or_open(log: EventLog) -> float:
    after = _after_the_lost(log)
    return float((after["exit"] + after.get("open", 0)) / after.sum())


def _worth_each(log: EventLog) -> float:
    """What those who take the step after the worst place bring at the purchase, on average."""
    funnel = funnel_table(log.journeys(**RULES), STEPS, WITHIN, attempt="first")
    return float(funnel["value"].iloc[-1] / funnel["customers"].iloc[int(_worst(log)["step"])])


EXERCISES = (
    Exercise(
        "lesson4.highest_share", choice(STEPS[:-1], "the step that was taken: "),
        lambda log: _highest(log)["funnel_step"], lambda log: _worst(log)["funnel_step"],
        (
            "The share is asked for, not the number of customers.",
            "Each cell of the heatmap holds its share. So does the column drop_off.",
            "The row with the largest drop_off: its funnel_step is the step that was taken there.",
        ),
    ),
    Exercise(
        "lesson4.repair_step", choice(STEPS[:-1], "the step that was taken: "),
        lambda log: _worst(log)["funnel_step"], lambda log: _highest(log)["funnel_step"],
        (
            "A large share of few customers is a small loss.",
            "Customers beyond = difference × customers. Compute it for each row.",
            "Sort by that product. The first row's funnel_step is asked for.",
        ),
    ),
    Exercise(
        "lesson4.repair_channel", channel(),
        lambda log: _worst(log)["channel"], _another_channel,
        (
            "It is the channel of the place that you found in the exercise before.",
            "Step and channel belong together: one row of the table.",
            "Sort the rows by difference × customers. The first row's channel is asked for.",
        ),
    ),
    Exercise(
        "lesson4.beyond", number(0.03), lambda log: float(_worst(log)["beyond"]),
        lambda log: float(_worst(log)["lost"]),
        (
            "Not all who are lost there would go on elsewhere: some are lost on every channel.",
            "The column difference is the drop-off here less that of the same step elsewhere.",
            "Multiply the difference by the customers of the same row.",
        ),
    ),
    Exercise(
        "lesson4.gone", share(), _gone, _gone_or_open,
        (
            "Of whom? Only of those who are lost at that place, and of whom it is known what came "
            "next.",
            'onb.lost_to_table(journeys, steps, within="7d") has a row for each place, outcome '
            "and next touchpoint.",
            "Keep the rows with the step and the channel of the place and outcome lost, but not "
            "next open. The customers of the row exit, divided by the sum of customers.",
        ),
        (
            (_gone_or_open, "That counts the open ones as gone."),
            (_gone_of_all, "That divides by all who are lost there, the open ones too."),
        ),
    ),
    Exercise(
        "lesson4.worth", number(0.05, "a number, in EUR"),
        lambda log: float(_worst(log)["beyond"] * _worth_each(log)),
        lambda log: float(_worst(log)["lost"] * _worth_each(log)),
        (
            "Two factors: how many customers too many are lost, and what one of them is worth.",
            "Not everybody who goes on buys. Worth of one: the value of all purchases, divided by "
            "the customers who made the step after the place.",
            'In the funnel with attempt="first": value of the last row / customers of the step '
            "after the place. Times the customers beyond.",
        ),
    ),
    quiz(
        "lesson4.quiz_1", "b",
        (
            "What share is lost at the same step elsewhere? Only what lies beyond it can be won.",
            "Customers beyond = (share here − share elsewhere) × customers here.",
            "Compute that product for both places.",
        ),
    ),
    quiz(
        "lesson4.quiz_2", "a",
        (
            "Did these people buy in the end?",
            "They are not lost. But something made them change the channel.",
            "They want to go on elsewhere. What would make that easy?",
        ),
    ),
    quiz(
        "lesson4.quiz_3", "c",
        (
            "How many places did you look at before you found it?",
            "Throw many dice, and one of them shows a six.",
            "The column p_adjusted asks more of each place, the more places there are.",
        ),
    ),
)  # fmt: skip
