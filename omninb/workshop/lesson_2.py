"""Exercises of lesson 2: the transition graph, by hand and then by omninb."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from omninb.events import EventLog
from omninb.transitions import transition_table
from omninb.workshop.exercise import Exercise, channel, quiz
from omninb.workshop.kinds import count, counts, share
from omninb.workshop.story import RULES

_ENDS = ["converted", "exit", "open"]


def _table(log: EventLog) -> pd.DataFrame:
    return transition_table(log.journeys(**RULES), by="channel", gaps=False)


def _inside(log: EventLog) -> pd.DataFrame:
    """Transitions from one channel to another or to itself."""
    table = _table(log)
    return table[(table["source"] != "START") & ~table["target"].isin(_ENDS)]


def _transitions(log: EventLog) -> dict[tuple[str, str], int]:
    inside = _inside(log)
    pairs = zip(inside["source"], inside["target"], strict=True)
    return dict(zip(pairs, inside["transitions"].tolist(), strict=True))


def _across_journeys(log: EventLog) -> dict[tuple[str, str], int]:
    neighbours: Counter[tuple[str, str]] = Counter()
    rows = log.journeys(**RULES).to_frame()
    for _, channels in rows.groupby("customer_id")["channel"]:
        neighbours.update(zip(channels, channels[1:], strict=False))
    return dict(neighbours)


def _handoffs(log: EventLog) -> int:
    inside = _inside(log)
    return int(inside.loc[inside["source"] != inside["target"], "transitions"].sum())


def _all_transitions(log: EventLog) -> int:
    return int(_inside(log)["transitions"].sum())


def _to_store(log: EventLog) -> int:
    inside = _inside(log)
    there = (inside["target"] == "store") & (inside["source"] != "store")
    return int(inside.loc[there, "transitions"].sum())


def _all_to_store(log: EventLog) -> int:
    table = _table(log)
    return int(table.loc[table["target"] == "store", "transitions"].sum())


def _exits(log: EventLog) -> pd.DataFrame:
    table = _table(log)
    return table[table["target"] == "exit"].set_index("source")


def _leakiest(log: EventLog) -> str:
    return str(_exits(log)["probability"].idxmax())


def _largest(log: EventLog) -> str:
    return str(_exits(log)["settled"].idxmax())


def _email_exit(log: EventLog) -> float:
    return float(_exits(log)["probability"]["e-mail"])


def _email_share(log: EventLog, ends: Sequence[str], left_out: Sequence[str] = ()) -> float:
    """Transitions from e-mail to these ends, of all from there, the young ones too."""
    table = _table(log)
    there = table[(table["source"] == "e-mail") & ~table["target"].isin(left_out)]
    ended = there.loc[there["target"].isin(ends), "transitions"].sum()
    return float(ended / there["transitions"].sum())


EXERCISES = (
    Exercise(
        "lesson2.transitions", counts(), _transitions, _across_journeys,
        (
            "A list of n channels has n − 1 pairs of neighbours, and a list of one has none.",
            "A pair lies inside one list. The last channel of a list has no neighbour after it.",
            "For each place i but the last, the key is (channels[i], channels[i + 1]). Add 1 to "
            "what transitions.get(key, 0) gives.",
        ),
    ),
    Exercise(
        "lesson2.handoffs", count(), _handoffs, _all_transitions,
        (
            "web followed by web is a transition, but nothing is handed over.",
            "Keep the rows whose source is not the target. START and the ends are no channels.",
            "Add up the column transitions of those rows, or the values of your dictionary.",
        ),
    ),
    Exercise(
        "lesson2.to_store", count(), _to_store, _all_to_store,
        (
            "All transitions whose target is the store, from another channel.",
            "Two rows do not count: the one from the store itself, and the one from START.",
            "Keep the rows of inside with target store and another source; add up transitions.",
        ),
    ),
    Exercise(
        "lesson2.leakiest", channel(), _leakiest, _largest,
        (
            "A count or a rate? The largest channel has many exits because it is large.",
            'Keep the rows with target "exit" and compare the column probability.',
            "Sort those rows by probability. The source of the highest one is asked for.",
        ),
    ),
    Exercise(
        "lesson2.email_exit", share(), _email_exit,
        lambda log: _email_share(log, ["exit", "open"]),
        (
            "Of what do you divide? Some touchpoints are too young: nobody knows what follows.",
            "Settled exits, divided by the settled touchpoints in e-mail.",
            'It stands in one cell of the table: source "e-mail", target "exit", column '
            "probability.",
        ),
        (
            (lambda log: _email_share(log, ["exit", "open"]),
             "That counts open touchpoints as exits."),
            (lambda log: _email_share(log, ["exit"]),
             "That divides by all touchpoints in e-mail, the open ones too."),
            (lambda log: _email_share(log, ["exit"], ["open"]),
             "That leaves out the open ones, but keeps other touchpoints of the same last days."),
        ),
    ),
    quiz(
        "lesson2.quiz_1", "c",
        (
            "The probabilities of all rows of one source add up to 1. So what is the whole?",
            "The whole is something that all rows of the source chat share.",
            "Read the part below the first table again: settled_transitions divided by what?",
        ),
    ),
    quiz(
        "lesson2.quiz_2", "a",
        (
            "Think of a channel with very many touchpoints and a low exit rate.",
            "Exits = size × rate. Which of the two do you know from the product?",
            "Find two channels with as many exits, a large one and a small one.",
        ),
    ),
    quiz(
        "lesson2.quiz_3", "b",
        (
            "Sorted by time, whose row stands after yours?",
            "At nine in the morning many customers do something. They stand next to each other.",
            "Take the first two rows of the log, and look at customer_id.",
        ),
    ),
)  # fmt: skip
