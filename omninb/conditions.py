"""Conditions on touchpoints: an event's name, or values of roles, or several alternatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from omninb.columns import Columns
from omninb.errors import OmninbError, nearest
from omninb.passes.compiling import each, shares
from omninb.passes.fits import mark_chosen

Condition = str | Mapping[str, object]


def condition_words(condition: Condition | Sequence[Condition]) -> str:
    """A condition as a figure names it.

    Examples
    --------
    >>> condition_words("purchase"), condition_words({"channel": "store", "event": ["buy", "pay"]})
    ('purchase', 'channel=store, event=buy or pay')
    """
    if isinstance(condition, str):
        return condition
    if isinstance(condition, Mapping):
        return ", ".join(f"{role}={_value_words(value)}" for role, value in condition.items())
    return "; or ".join(condition_words(one) for one in condition)


def _value_words(value: object) -> str:
    several = isinstance(value, list | tuple | set | frozenset)
    return " or ".join(sorted(map(str, value))) if several else str(value)  # type: ignore[call-overload]


def matching(
    columns: Columns,
    condition: Condition | Sequence[Condition],
    argument: str,
    at: np.ndarray | None = None,
) -> np.ndarray:
    """Which touchpoints fit a condition.

    Parameters
    ----------
    columns : Columns
        The touchpoints' roles, in layout order.
    condition : str, mapping or list
        An event name; or a mapping of roles to a value or a list of values, all of which must hold;
        or a list of such alternatives.
    argument : str
        The argument's name, for errors.
    at : numpy.ndarray of int, optional
        Positions of the touchpoints that are asked about; all by default.

    Returns
    -------
    numpy.ndarray, bool
        One a touchpoint.

    Raises
    ------
    OmninbError
        If a role or a value does not occur in the log: the nearest that does is named.
    """
    if isinstance(condition, str):
        return _fits(columns, "event", condition, argument, at)
    if isinstance(condition, Mapping):
        if not condition:
            raise OmninbError(f"{argument}={condition!r}: an empty condition fits everything.")
        fits = [_fits(columns, role, value, argument, at) for role, value in condition.items()]
        return np.logical_and.reduce(fits)
    if isinstance(condition, Sequence) and condition:
        return np.logical_or.reduce([matching(columns, c, argument, at) for c in condition])
    raise OmninbError(
        f"{argument}={condition!r}: give an event name, a mapping of roles to values such as "
        "{'channel': 'store', 'event': 'purchase'}, or a list of these."
    )


def _fits(
    columns: Columns, role: str, values: object, argument: str, at: np.ndarray | None
) -> np.ndarray:
    codes, chosen = chosen_codes(columns, role, values, argument)
    if at is not None:
        return chosen[codes[at]]
    fits = np.empty(len(codes), bool)
    each(mark_chosen, [(codes, chosen, fits, *part) for part in shares(len(codes))])
    return fits


def chosen_codes(
    columns: Columns, role: str, values: object, argument: str
) -> tuple[np.ndarray, np.ndarray]:
    """A role's codes, and for each code whether it is one of the values."""
    codes, labels = columns.codes(role, argument)
    wanted = values if isinstance(values, list | tuple | set | frozenset) else [values]
    chosen = np.zeros(len(labels) + 1, bool)
    for value in wanted:
        text = _text(value)
        if text in labels:
            chosen[labels.index(text)] = True
        elif labels:
            told = not columns.shared or role in ("channel", "event")
            hint = (
                nearest(text, labels) if told else " Which there are is not told (min_customers=)."
            )
            pooled = any(label.startswith("(fewer than") for label in labels)
            rare = " Rare names were pooled (min_customers=, other_below=)." if pooled else ""
            raise OmninbError(f"{argument}: no touchpoint has {role} {text!r}.{hint}{rare}")
    return codes, chosen


def _text(value: object) -> str:
    """A value as the log's columns spell it."""
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
