"""What an exercise is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omninb.retailer.truths import DEFAULTS
from omninb.workshop.kinds import Kind, Name, choice

if TYPE_CHECKING:
    from omninb.events import EventLog

Answer = Callable[["EventLog"], Any]


@dataclass(frozen=True)
class Exercise:
    """A question about a seat's log, with its solution.

    Attributes
    ----------
    name : str
        The lesson and the exercise, such as ``"lesson3.worst_step"``.
    kind : Kind
        What is asked for, and what is forgiven.
    solve : callable
        The solution on a log, by public calls of omninb.
    wrong : callable
        What those answer who make the usual mistake.
    hints : three texts
        Each says more than the one before; none holds the answer.
    mistakes : pairs of a callable and a text
        Mistakes whose answers are so near to the solution that how far off they are says nothing:
        what is answered, and what is said of it.
    """

    name: str
    kind: Kind
    solve: Answer
    wrong: Answer
    hints: tuple[str, str, str]
    mistakes: tuple[tuple[Answer, str], ...] = ()


def channel() -> Name:
    """The name of one of the shop's channels."""
    return choice(list(DEFAULTS["exit_probability"]), "the name of a channel: ")


def quiz(name: str, right: str, hints: tuple[str, str, str], options: str = "abc") -> Exercise:
    """A question with one right option, the same on every seat."""
    wrong = next(option for option in options if option != right)
    return Exercise(name, choice(options), lambda _: right, lambda _: wrong, hints)
