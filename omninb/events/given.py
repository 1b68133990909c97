"""What a caller gives: one table, or several that each have columns of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from omninb.errors import OmninbError, nearest
from omninb.events.melting import Touchpoints, check_touchpoints
from omninb.events.paths import named_files, refuse_twice, shortest_names
from omninb.events.roles import DAY, KEYS, NAMES
from omninb.events.sources import is_path, listed

_LOOKED_UP_BY = ("customer_id", *KEYS, "channel", "event", "campaign", "device", "location", DAY)


@dataclass(frozen=True)
class Source:
    """One of several tables that `read_events` makes one log of.

    Parameters
    ----------
    data : object
        What `read_events` takes: a path, a glob, a folder, a frame.
    columns : mapping, optional
        Role to column, as in `read_events`.
    constants : mapping, optional
        Role to the one name that all rows have, such as ``{"channel": "e-mail"}``.
    touchpoints : mapping, optional
        As in `read_events`, for wide exports.
    per : str or sequence of str, optional
        Without it, each row is a touchpoint. With it, each row says something of all touchpoints
        of a customer, an order, … (``per="customer_id"``) or of a channel's day
        (``per=["channel", "day"]``, where columns maps ``day`` to the column of dates): names and
        columns without a role go to each of them, from ``timestamp`` on where one is mapped;
        ``value`` and ``cost`` are shared out among them in equal parts, so that their sum stays.
        A ``day`` is the date as it is written, whatever its offset; of a number of seconds, … it
        is the date in ``timezone``.
    timezone, time_unit, day_first, decimal : optional
        As in `read_events`, where they differ from those of the other tables.

    Examples
    --------
    Visits, answers to a survey, the arms of a randomised test, and what the adverts of a day cost:

    >>> import omninb as onb, pandas as pd
    >>> visits = pd.DataFrame({
    ...     "customer_id": ["a", "b", "b"], "channel": ["ads", "ads", "web"], "event": "visit",
    ...     "timestamp": pd.to_datetime(["2025-03-01 10:00Z", "2025-03-01 11:00Z",
    ...                                  "2025-03-02 09:00Z"])})
    >>> survey = pd.DataFrame({
    ...     "who": ["b"], "answered": ["2025-03-03T08:00Z"], "score": [9]})
    >>> arms = pd.DataFrame({"customer_id": ["a", "b"], "variant": ["control", "treatment"]})
    >>> spend = pd.DataFrame({"day": ["2025-03-01"], "channel": ["ads"], "cost": [3.0]})
    >>> log = onb.read_events([
    ...     visits,
    ...     onb.Source(survey, {"customer_id": "who", "timestamp": "answered"},
    ...                constants={"channel": "e-mail", "event": "answer", "score_kind": "nps"}),
    ...     onb.Source(arms, per="customer_id"),
    ...     onb.Source(spend, per=["channel", "day"]),
    ... ])
    >>> log.to_frame()[["customer_id", "event", "variant", "cost", "score"]]
      customer_id   event    variant  cost  score
    0           a   visit    control   1.5    NaN
    1           b   visit  treatment   1.5    NaN
    2           b   visit  treatment   NaN    NaN
    3           b  answer  treatment   NaN    9.0
    """

    data: object
    columns: Mapping[str, str] | None = None
    constants: Mapping[str, str] | None = None
    touchpoints: Touchpoints | None = None
    per: str | Sequence[str] | None = None
    timezone: str | None = None
    time_unit: str | None = None
    day_first: bool | None = None
    decimal: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Roles by which rows are looked up; none where they are touchpoints."""
        return (
            () if self.per is None else (self.per,) if isinstance(self.per, str) else (*self.per,)
        )


def sources_of(
    given: object, columns: Mapping[str, str] | None, touchpoints: Touchpoints | None
) -> list[Source]:
    """What was given, as sources; without any `Source` among them, all is one table."""
    several = list(given) if isinstance(given, list | tuple) else [given]
    if not any(isinstance(one, Source) for one in several):
        return [Source(given, columns, touchpoints=touchpoints)]
    sources = [
        one if isinstance(one, Source) else Source(one, columns, touchpoints=touchpoints)
        for one in several
    ]
    if all(one.keys for one in sources):
        raise OmninbError("source: every table is looked up with per=. One must hold touchpoints.")
    touched = [one for source in sources if not source.keys for one in listed(source.data)]
    refuse_twice([file for one in touched if is_path(one) for file in named_files(one)])
    return sources


def numbers_of(sources: Sequence[Source]) -> Iterator[int] | None:
    """The numbers that frames are called by, where there are several."""
    frames = [one for source in sources for one in listed(source.data) if not is_path(one)]
    return count(1) if len(frames) > 1 else None


def names_of(sources: Sequence[Source]) -> Callable[[Path], str]:
    """What the files of all sources are called, so that none is taken for another."""
    given = [one for source in sources for one in listed(source.data)]
    files = [file.path for one in given if is_path(one) for file in named_files(one)]
    names = shortest_names(files)
    return lambda path: names.get(path, path.name)


def check_source(source: Source) -> None:
    """Refuse arguments of a source that cannot be meant."""
    if source.columns is not None and not isinstance(source.columns, Mapping):
        raise OmninbError(
            f"columns={source.columns!r}: give a mapping of role to column, such as "
            "columns={'customer_id': 'user'}."
        )
    for role in source.constants or {}:
        if role not in NAMES:
            raise OmninbError(
                f"constants={{{role!r}: …}}: only names can be constant.{nearest(role, NAMES)}"
            )
        if role in (source.columns or {}):
            raise OmninbError(f"{role} is both a column and a constant. Leave one of the two out.")
    for key in source.keys:
        if key not in _LOOKED_UP_BY:
            raise OmninbError(f"per={key!r}: no such key.{nearest(str(key), _LOOKED_UP_BY)}")
    if source.touchpoints is not None:
        check_touchpoints(source.touchpoints, source.columns)
        if source.keys:
            raise OmninbError(
                "per= and touchpoints= exclude each other: rows are the one or other."
            )
