"""The check of an answer: right, how far off, or the next hint; never the answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sized
from functools import lru_cache
from html import escape
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from omninb.view_tables import View
from omninb.workshop.case import Case, checked_seat, workshop_case
from omninb.workshop.exercises import EXERCISES, exercise_of
from omninb.workshop.kinds import Counts, Kind, Number

if TYPE_CHECKING:
    from omninb.events import EventLog

CHECK_MIME = "application/vnd.omninb.check+json"
RIGHT, WRONG, UNANSWERED = "right", "wrong", "unanswered"
_MARKS = {RIGHT: "✓", WRONG: "✗", UNANSWERED: "…"}
_HINTS = 3

# The different wrong answers that this process has seen, by exercise and seat. The same cell run
# again is the same try, so a notebook run from the top does not use hints up.
_tries: dict[tuple[str, int], list[str]] = {}


def check(name: str, answer: Any, seat: int = 7, case: EventLog | None = None) -> View:
    """Whether an answer of the workshop is right on this seat's case.

    Parameters
    ----------
    name : str
        The exercise, such as ``"lesson1.touchpoints"``.
    answer : object
        What was found; before there is an answer None, or an empty text or table of counts.
    seat : int
        Whose case it was found on.
    case : EventLog or None
        The case itself. If it is another seat's, it is said so, and the answer is not looked at.

    Returns
    -------
    View
        "Right.", or how far off and the next of three hints, or what kind of answer is asked for,
        or that the case is another seat's; never the answer. MIME type
        ``application/vnd.omninb.check+json``: ``exercise``, ``seat``, ``state`` (right, wrong or
        unanswered) and ``tries``, the different answers so far.

    Raises
    ------
    OmninbError
        If there is no such exercise or seat.

    Examples
    --------
    >>> check("lesson1.touchpoints", None)
    … Not yet answered.
    >>> check("lesson1.touchpoints", 1.5)
    ✗ Not quite. This asks for a whole number, and was given the number 1.5.
    """
    exercise = exercise_of(name)
    checked_seat(seat)
    seat = int(seat)
    seen = _tries.setdefault((exercise.name, seat), [])
    if case is not None and getattr(case, "seat", None) != seat:
        return _view(exercise.name, seat, UNANSWERED, len(seen), _of_another_seat(case, seat))
    if answer is None or answer is ... or (isinstance(answer, (str, Mapping)) and not answer):
        return _view(exercise.name, seat, UNANSWERED, len(seen), "Not yet answered.")
    if not exercise.kind.fits(answer):
        asks = f"This asks for {exercise.kind.asks}, and was given {_given(answer, exercise.kind)}"
        return _view(exercise.name, seat, WRONG, len(seen), f"Not quite. {asks}")
    solution, mistakes = _solution(exercise.name, seat)
    said = [how for m, how in mistakes if exercise.kind.mistaken(answer, solution, m)]
    if not said and exercise.kind.right(answer, solution):
        return _view(exercise.name, seat, RIGHT, len(seen) + 1, "Right.")
    if not said and exercise.kind.nearly(answer, solution):
        words = "Nearly. Give more digits."
        return _view(exercise.name, seat, WRONG, len(seen), words)
    if (shown := repr(answer)) not in seen:
        seen.append(shown)
    nth = min(len(seen), _HINTS)
    distance = said[0] if said else exercise.kind.distance(answer, solution)
    hint = f"Hint {nth} of {_HINTS}: {exercise.hints[nth - 1]}"
    words = " ".join(part for part in ("Not quite.", distance, hint) if part)
    return _view(exercise.name, seat, WRONG, len(seen), words)


@lru_cache(maxsize=2 * len(EXERCISES))
def _solution(name: str, seat: int) -> tuple[Any, list[tuple[Any, str]]]:
    """The solution on a seat's case; and what mistakes give there, with what is said of each."""
    exercise, case = exercise_of(name), workshop_case(seat)
    return exercise.solve(case), [(mistake(case), how) for mistake, how in exercise.mistakes]


def _of_another_seat(case: object, seat: int) -> str:
    """What to do where the seat was changed and the case was not, or the case is none any more."""
    found = f"still that of seat {case.seat}" if isinstance(case, Case) else "no case of a seat"
    return (
        f"Not looked at yet. The seat is {seat}, but case is {found}. Select the cell that says "
        "case = onb.workshop_case(seat=SEAT), and choose Run > Run Selected Cell and All Below."
    )


def _given(answer: Any, kind: Kind) -> str:
    """What was given, and what may have been meant where that can be told."""
    if isinstance(answer, str):
        given = f'the text "{answer[:20]}{"…" * (len(answer) > 20)}".'
        plain = " A number stands without quotes and units." * isinstance(kind, Number)
        return given + plain
    if callable(answer):
        return "a function, not what it gives: perhaps its brackets () are missing."
    if isinstance(answer, (pd.Series, pd.DataFrame, np.ndarray)):
        ways = "Take the one value out, such as by .iloc[0]"
        if len(answer) > 1:
            ways = "One value is asked for: take it out, or count or add them up"
        return f"a whole {type(answer).__name__} of length {len(answer)}. {ways}."
    if isinstance(answer, tuple) and isinstance(kind, Number):
        return "several. A number has no comma between its thousands: 1234, not 1,234."
    if isinstance(answer, Mapping) and isinstance(kind, Counts):
        return (
            "a dictionary of another shape. Its keys must be pairs, transitions[source, target], "
            "and its values whole numbers."
        )
    if isinstance(answer, (list, tuple, set)):
        return "several values in brackets. Give the one, without the brackets."
    if isinstance(answer, (bool, np.bool_)):
        return "True or False."
    if isinstance(answer, Real):
        if isinstance(answer, int):
            return "a number that is too large."
        lost = "nan, no number: perhaps nothing was left to count."
        return lost if math.isnan(answer) else f"the number {float(answer):g}."
    whole = ", not a number of them" if isinstance(answer, Sized) else ""
    return f"an object of type {type(answer).__name__}{whole}."


def _view(name: str, seat: int, state: str, tries: int, words: str) -> View:
    payload = {"exercise": name, "seat": seat, "state": state, "tries": tries}
    mark, text = _MARKS[state], escape(words)
    html = (
        '<div style="border-left:4px solid #858d97;padding:4px 12px">'
        f"<strong>{mark} {text.partition('. ')[0].rstrip('.')}.</strong> {text.partition('. ')[2]}"
        f"<br><small>{escape(name)} · seat {seat}</small></div>"
    )
    return View(CHECK_MIME, payload, f"{mark} {words}", html)
