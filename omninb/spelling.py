"""Calls as Python writes them: what was done, as a line that does it again."""

from __future__ import annotations

import dataclasses
import keyword
import os
from collections.abc import Iterable, Mapping
from datetime import date, datetime

import numpy as np


class UnspellableError(Exception):
    """A value that no line of code can give again, such as a table in memory."""


@dataclasses.dataclass(frozen=True)
class Name:
    """A variable or an attribute, written as it is."""

    text: str


def spelled(value: object) -> str:
    """A value as Python writes it.

    Raises
    ------
    UnspellableError
        If it is not made of texts, numbers, dates, lists, mappings and omninb's own recipes.

    Examples
    --------
    >>> spelled({"channel": ["web", "store"]}), spelled(Name("journeys"))
    ("{'channel': ['web', 'store']}", 'journeys')
    """
    if isinstance(value, Name):
        return value.text
    if isinstance(value, str):
        return repr(str(value))  # also of NumPy's texts
    if isinstance(value, np.datetime64):
        return repr(value.astype("datetime64[us]").item().isoformat())
    if isinstance(value, np.bool_ | np.number) and not isinstance(value, np.timedelta64):
        return repr(value.item())
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, os.PathLike):
        return repr(os.fspath(value))
    if isinstance(value, date | datetime):
        return repr(value.isoformat())
    if isinstance(value, Mapping):
        pairs = (f"{spelled(key)}: {spelled(one)}" for key, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(spelled, value))}]"
    if isinstance(value, set | frozenset):
        return spelled(sorted(value, key=str))  # a list stands for the same alternatives
    if isinstance(value, tuple):
        return f"({', '.join(map(spelled, value))}{',' * (len(value) == 1)})"
    if dataclasses.is_dataclass(value) and type(value).__module__.startswith("omninb."):
        given = {
            field.name: getattr(value, field.name)
            for field in dataclasses.fields(value)
            if getattr(value, field.name) is not field.default
        }
        return call(f"onb.{type(value).__name__}", (), given)
    raise UnspellableError(f"{type(value).__name__} has no line of code.")


def call(function: str, given: Iterable[object], named: Mapping[str, object]) -> str:
    """A call as Python writes it.

    Parameters
    ----------
    function : str
        As it is called, such as ``"onb.step_table"``.
    given : iterable
        Values without a name.
    named : mapping
        Values by the names of their arguments.

    Examples
    --------
    >>> call("onb.step_table", [Name("journeys")], {"by": "channel", "max_steps": 3})
    "onb.step_table(journeys, by='channel', max_steps=3)"
    """
    words = [spelled(value) for value in given]
    plain = {
        name: value
        for name, value in named.items()
        if name.isidentifier() and not keyword.iskeyword(name)
    }
    words += [f"{name}={spelled(value)}" for name, value in plain.items()]
    others = {name: value for name, value in named.items() if name not in plain}
    words += [f"**{spelled(others)}"] if others else []
    return f"{function}({', '.join(words)})"


def call_or_nothing(function: str, given: Iterable[object], named: Mapping[str, object]) -> str:
    """A call as Python writes it, without what is None; empty where a value cannot be written."""
    try:
        return call(function, given, {n: one for n, one in named.items() if one is not None})
    except UnspellableError:
        return ""
