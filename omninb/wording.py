"""Numbers, intervals and durations put into words, once, so that a notebook and its page agree."""

from __future__ import annotations

from typing import Any

import pandas as pd

MISSING = "–"
MINUS = "\u2212"


def number_words(value: Any, digits: int = 1, signed: bool = False) -> str:
    """A number for readers: thousands commas, a true minus, an en dash where there is none.

    Parameters
    ----------
    value : int, float or None
        What to write; NaN, NaT and None give an en dash.
    digits : int
        Decimals of a float; whole numbers are written without.
    signed : bool
        Write ``+`` before what is above 0.

    Returns
    -------
    str

    Examples
    --------
    >>> number_words(1284906), number_words(-9.64), number_words(0.4, signed=True)
    ('1,284,906', '−9.6', '+0.4')
    """
    if value is None or pd.isna(value):
        return MISSING
    whole = isinstance(value, int) or (hasattr(value, "dtype") and value.dtype.kind in "iu")
    text = f"{value:,}" if whole else f"{value:,.{digits}f}"
    if not text.strip("-0.,"):
        return text.lstrip("-")  # never "−0.0"
    return text.replace("-", MINUS) if text.startswith("-") else ("+" if signed else "") + text


def interval_words(lower: Any, upper: Any, digits: int = 1, signed: bool = False) -> str:
    """An interval for readers, ``"57.0 to 60.8"``; an en dash where a bound is missing."""
    if lower is None or upper is None or pd.isna(lower) or pd.isna(upper):
        return MISSING
    return f"{number_words(lower, digits, signed)} to {number_words(upper, digits, signed)}"


def duration_words(value: Any) -> str:
    """A duration in its largest fitting unit.

    Examples
    --------
    >>> duration_words(pd.Timedelta("45s")), duration_words(pd.Timedelta("3h 20min"))
    ('45 s', '3.3 h')
    """
    if value is None or pd.isna(value):
        return MISSING
    seconds = pd.Timedelta(value).total_seconds()
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if abs(seconds) >= size:
            return f"{number_words(seconds / size)} {unit}"
    return f"{number_words(round(seconds, 1) if 0 < abs(seconds) < 1 else round(seconds))} s"


def fewer_than(customers: int) -> str:
    """The name under which rarer ones are pooled.

    Examples
    --------
    >>> fewer_than(10)
    '(fewer than 10 customers)'
    """
    return f"(fewer than {customers:,} customers)"
