"""The one error that omninb raises, and the small checks that lead to it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType


class OmninbError(ValueError):
    """Something a caller can mend: the argument, what was given, and what would do.

    Attributes
    ----------
    settled_by : mapping
        Arguments that would settle it, each with the values to choose from; often empty.

    Examples
    --------
    >>> import omninb as onb, pandas as pd
    >>> log = {"customer_id": ["a"], "timestamp": ["01/02/2024 10:00Z"], "channel": ["web"]}
    >>> try:
    ...     onb.read_events(pd.DataFrame(log))
    ... except onb.OmninbError as error:
    ...     print(error.settled_by)
    {'day_first': (True, False)}
    """

    settled_by: Mapping[str, Sequence[object]] = MappingProxyType({})

    def __init__(
        self, message: str, settled_by: Mapping[str, Sequence[object]] | None = None
    ) -> None:
        super().__init__(message)
        if settled_by:
            self.settled_by = dict(settled_by)


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `name`, case aside; None where none is near."""
    folded = {one.casefold(): one for one in sorted(known)}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def nearest(name: str, known: Iterable[str]) -> str:
    """Words that point from an unknown name to the nearest known one.

    Parameters
    ----------
    name : str
        What was given.
    known : iterable of str
        What would have been understood.

    Returns
    -------
    str
        ``" Did you mean 'x'?"`` or ``" Known: 'a', 'b'."``, beginning with a space.

    Examples
    --------
    >>> nearest("chanel", ["channel", "event"])
    " Did you mean 'channel'?"
    """
    names = sorted({str(k) for k in known})
    close = closest(name, names)
    if close is not None:
        return f" Did you mean {close!r}?"
    shown = ", ".join(repr(n) for n in names[:12]) + (", …" if len(names) > 12 else "")
    return f" Known: {shown}." if names else ""


_MICROSECONDS = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "min": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}
_DURATION = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*([a-zA-Zµ]+)\s*")


def duration(text: object, argument: str) -> int:
    """Microseconds of a duration such as ``"30min"`` or ``"7d"``.

    Parameters
    ----------
    text : str
        A number and a unit: us, ms, s, min, h, d or w.
    argument : str
        The argument's name, for the error.

    Returns
    -------
    int
        Microseconds, more than 0.

    Raises
    ------
    OmninbError
        If the unit is missing or unknown, or the duration is not positive.

    Examples
    --------
    >>> duration("30min", "split_gap")
    1800000000
    >>> duration(30, "split_gap")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    omninb.errors.OmninbError: split_gap=30: a duration needs a unit. ...
    """
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    unit = found.group(2).replace("µs", "us") if found else ""
    if unit not in _MICROSECONDS and unit.casefold() in _MICROSECONDS:
        unit = unit.casefold()
    if found is None or unit not in _MICROSECONDS:
        raise OmninbError(
            f"{argument}={text!r}: a duration needs a unit. "
            'Write for example "30min" or "7d" (us, ms, s, min, h, d, w).'
        )
    microseconds = round(float(found.group(1)) * _MICROSECONDS[unit])
    if microseconds <= 0:
        raise OmninbError(f"{argument}={text!r}: a duration must be more than 0.")
    return microseconds
