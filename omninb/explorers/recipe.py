"""Recipes: the public calls behind what an explorer shows, run as they stand and copied as code."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import omninb
from omninb.spelling import Name, call

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Line:
    """One line of a recipe: ``name = function(*given, **named)``.

    Attributes
    ----------
    name : str
        The variable that it makes.
    function : str
        ``"onb.step_table"``, or a method of an earlier variable such as ``"journeys.where"``.
    given : tuple
        Values, and earlier variables as :class:`omninb.spelling.Name`.
    named : mapping
        The same by the names of their arguments.
    """

    name: str
    function: str
    given: tuple[object, ...] = ()
    named: Mapping[str, object] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The line as Python writes it."""
        return f"{self.name} = {call(self.function, self.given, self.named)}"

    def uses(self) -> Iterator[str]:
        """The earlier variables that it needs."""
        if not self.function.startswith("onb."):
            yield self.function.partition(".")[0]
        for value in (*self.given, *self.named.values()):
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, Name):
                    yield one.text.partition(".")[0]


@dataclass
class Answers:
    """What lines gave, kept while the recipes of the last two runs use it.

    Attributes
    ----------
    given : mapping
        The variables that recipes begin with.
    """

    given: Mapping[str, object]
    _kept: dict[Key, tuple[object, list[str]]] = field(default_factory=dict)
    _used: list[set[Key]] = field(default_factory=lambda: [set(), set()])

    def begin(self) -> None:
        """A new run: what neither it nor the one before asks for is forgotten at the next."""
        recent = self._used[0] | self._used[1]
        self._kept = {key: value for key, value in self._kept.items() if key in recent}
        self._used = [self._used[1], set()]

    def value(self, lines: Sequence[Line], name: str) -> tuple[Any, list[str]]:
        """What a recipe makes of a variable, from no more lines than that needs.

        Returns
        -------
        value : object
        notes : list of str
            Warnings that were given on the way.
        """
        made = {line.name: line for line in lines}
        first, _, attribute = name.partition(".")
        if first not in made:
            return getattr(self.given[first], attribute) if attribute else self.given[first], []
        key = self._key(made, name)
        self._used[1].add(key)
        if key in self._kept:
            return self._kept[key]
        line, notes = made[name], []
        variables = {}
        for used in dict.fromkeys(line.uses()):
            variables[used], before = self.value(lines, used)
            notes += before
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            found = _call(line, variables)
        notes += [str(w.message) for w in caught if issubclass(w.category, UserWarning)]
        self._kept[key] = found, list(dict.fromkeys(notes))
        return self._kept[key]

    def _key(self, made: Mapping[str, Line], name: str) -> Key:
        if name not in made:
            return (name,)
        line = made[name]
        return (line.text, *(self._key(made, used) for used in dict.fromkeys(line.uses())))


def _call(line: Line, variables: Mapping[str, object]) -> object:
    """The call that a line spells."""
    first, _, rest = line.function.partition(".")
    function = getattr(omninb if first == "onb" else variables[first], rest)

    def meant(value: object) -> object:
        if isinstance(value, Name):
            found, _, attribute = value.text.partition(".")
            return getattr(variables[found], attribute) if attribute else variables[found]
        return [meant(one) for one in value] if isinstance(value, list) else value

    given = [meant(value) for value in line.given]
    return function(*given, **{name: meant(value) for name, value in line.named.items()})


def code(made_by: Sequence[str], lines: Sequence[Line], shown: str) -> str:
    """A recipe as code that runs in a fresh kernel.

    Parameters
    ----------
    made_by : sequence of str
        The calls behind the variable that the recipe begins with, see `Journeys.made_by`.
    lines : sequence of Line
        The recipe.
    shown : str
        The variable that the last line shows.

    Examples
    --------
    >>> steps = Line("steps", "onb.step_table", (Name("journeys"),), {"max_steps": 3})
    >>> print(code(("onb.sample()", "journeys(end_at='purchase')"), [steps], "steps"))
    import omninb as onb
    <BLANKLINE>
    log = onb.sample()
    journeys = log.journeys(end_at='purchase')
    steps = onb.step_table(journeys, max_steps=3)
    steps
    """
    words = ["import omninb as onb", ""]
    log, *calls = made_by or ("",)
    words.append(f"log = {log}" if log else "# log: read from memory. Read it here as before.")
    before = "log"
    for one in calls:
        lacking = f"# journeys = {before}.…: with what cannot be written. Make it here as before."
        words.append(f"journeys = {before}.{one}" if one else lacking)
        before = "journeys"
    return "\n".join([*words, *(line.text for line in lines), shown])
