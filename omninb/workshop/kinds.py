"""Kinds of answers: which fit, how they are compared, and what is said of one that is not right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

_ROUNDED = 1e-9  # of the solution: the same number, reached by another way
_NEAR = 0.02  # of the solution: rounded too early, perhaps
_FEW = 20  # of so few a factor would give the number away


@dataclass(frozen=True)
class Kind:
    """What an exercise asks for.

    Attributes
    ----------
    asks : str
        In words, such as ``"a whole number"``.
    """

    asks: str

    def fits(self, answer: Any) -> bool:
        """Whether the answer is of this kind."""
        raise NotImplementedError

    def right(self, answer: Any, solution: Any) -> bool:
        """Whether an answer of this kind is the solution, within what is forgiven."""
        raise NotImplementedError

    def nearly(self, answer: Any, solution: Any) -> bool:
        """Whether only digits are missing of an answer that is not right."""
        return False

    def mistaken(self, answer: Any, solution: Any, mistake: Any) -> bool:
        """Whether an answer is rather that of a mistake than the solution."""
        return self.right(answer, mistake) and not self.right(answer, solution)

    def distance(self, answer: Any, solution: Any) -> str:
        """How far off an answer is that is not right; never the solution. May be empty."""
        return ""


@dataclass(frozen=True)
class Number(Kind):
    """A number, forgiven what sampling or rounding may do to it.

    Attributes
    ----------
    whole, share : bool
        Only whole numbers; only numbers from 0 to 1.
    relative, absolute : float
        What is forgiven: of the solution, and in its unit.
    least : float
        Numbers from 0 to below this are all the same.
    """

    whole: bool = False
    share: bool = False
    relative: float = 0.0
    absolute: float = 0.0
    least: float = 0.0

    def fits(self, answer: Any) -> bool:
        """Whether it is a finite number, and a whole one where that is asked."""
        if isinstance(answer, (bool, np.bool_)) or not isinstance(answer, Real):
            return False
        try:
            plain = float(answer)
        except OverflowError:
            return False
        return math.isfinite(plain) and (not self.whole or plain.is_integer())

    def right(self, answer: Any, solution: Any) -> bool:
        """Whether it is within what is forgiven."""
        if 0 <= answer < self.least and solution < self.least:
            return True
        forgiven = max(self.absolute, self.relative * abs(solution))
        return bool(abs(answer - solution) <= forgiven + _ROUNDED * abs(solution))

    def mistaken(self, answer: Any, solution: Any, mistake: Any) -> bool:
        """Whether it is nearer to what the mistake gives; a share that is rounded may be both."""
        rounded = (round(solution, 3), round(solution, 2))
        if self.absolute and (answer == rounded[0] or answer == rounded[1] != round(mistake, 3)):
            return False
        return self.right(answer, mistake) and bool(abs(answer - mistake) < abs(answer - solution))

    def nearly(self, answer: Any, solution: Any) -> bool:
        """Whether it is within 2 % of the solution, or a share of two decimals that is it rounded.

        Where no whole number is asked for.
        """
        if self.whole or not answer:
            return False
        rounded = self.absolute > 0 and answer == round(solution, 2)
        return rounded or bool(abs(answer - solution) < _NEAR * abs(solution))

    def distance(self, answer: Any, solution: Any) -> str:
        """Too high or too low, and roughly by how much."""
        if self.absolute and 1 < abs(answer) <= 100:
            percent = "25 % is 0.25" if self.share else "25 points are 0.25, 2 points are 0.02"
            return f"A share stands between 0 and 1: {percent}."
        way = "high" if answer > solution else "low"
        if (answer < 0) != (solution < 0) and answer and solution:
            return f"It is too {way}: the sign is the other one."
        small, large = sorted([abs(float(answer)), abs(float(solution))])
        if not small or (self.whole and large < _FEW):
            return f"It is too {way}."
        return f"It is too {way}, {_factor_words(large / small)}."


def _factor_words(factor: float) -> str:
    if factor < 1 + _NEAR:
        return "by very little"
    if factor < 1.1:
        return "by less than a tenth"
    if factor < 1.5:
        return "by less than a half"
    if factor < 2.5:
        return "by a factor of about 2"
    return f"by a factor of about {factor:.0f}" if factor < 9.5 else "by a factor of 10 or more"


@dataclass(frozen=True)
class Name(Kind):
    """A name; case, blanks and underscores are forgiven.

    Attributes
    ----------
    options : sequence of str
        What is to choose from.
    """

    options: Sequence[str]

    def fits(self, answer: Any) -> bool:
        """Whether it is a text, and one of the options."""
        return isinstance(answer, str) and _plain(answer) in map(_plain, self.options)

    def right(self, answer: Any, solution: Any) -> bool:
        """Whether it is the name."""
        return _plain(answer) == _plain(solution)


def _plain(text: object) -> str:
    """A name as it is compared; a full stop or bracket behind a letter is no part of it."""
    return " ".join(str(text).replace("_", " ").split()).casefold().rstrip(".)")


@dataclass(frozen=True)
class Counts(Kind):
    """Counts by pairs of names, such as a Counter of transitions."""

    def fits(self, answer: Any) -> bool:
        """Whether it is a mapping of pairs to whole numbers, and not empty."""
        return (
            isinstance(answer, Mapping)
            and len(answer) > 0
            and all(isinstance(pair, tuple) and len(pair) == 2 for pair in answer)
            and all(count(None).fits(n) for n in answer.values())
        )

    def right(self, answer: Any, solution: Any) -> bool:
        """Whether all counts agree; a pair that is counted 0 times may be missing."""
        return _counted(answer) == _counted(solution)

    def distance(self, answer: Any, solution: Any) -> str:
        """How many of the pairs agree."""
        given, asked = _counted(answer), _counted(solution)
        agree = sum(given.get(pair) == n for pair, n in asked.items())
        more = len(given.keys() - asked.keys())
        extra = f" {more} pairs should not be there." if more else ""
        return f"{agree} of {len(asked)} pairs are counted right.{extra}"


def _counted(counts: Mapping[Any, Any]) -> dict[tuple[str, str], int]:
    return {(_plain(a), _plain(b)): int(n) for (a, b), n in counts.items() if n}


def count(asks: str | None = None) -> Number:
    """A whole number, exactly."""
    return Number(asks or "a whole number", whole=True)


def share(within: float = 0.002) -> Number:
    """A share between 0 and 1, within so much of the solution."""
    return Number("a share, a number from 0 to 1", share=True, absolute=within)


def number(within: float = 0.02, asks: str = "a number") -> Number:
    """A number, within such a part of the solution."""
    return Number(asks, relative=within)


def choice(options: Sequence[str], what: str = "") -> Name:
    """One of several options, such as the letters of a quiz; ``what`` they are, in words."""
    quoted = [f'"{option}"' for option in options]
    return Name(f"{what}{', '.join(quoted[:-1])} or {quoted[-1]}", tuple(options))


def counts() -> Counts:
    """Counts by pairs: ``{(source, target): number}``."""
    return Counts("counts by pairs, such as {('web', 'store'): 12}")
