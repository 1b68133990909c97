"""What a log is like: which columns are filled, each day by channel, and who is how active."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from omninb.events.clock import micros, zone
from omninb.events.overview import numbered
from omninb.events.profile_pooling import (
    distinct,
    joined_classes,
    pooled_channels,
    tells_of_few,
    told_days,
)
from omninb.events.repeats import codes

if TYPE_CHECKING:
    from omninb.events.log import EventLog


def column_table(log: EventLog) -> pd.DataFrame:
    """Which columns a log has, and how many of its touchpoints fill them.

    Parameters
    ----------
    log : EventLog
        The log.

    Returns
    -------
    pandas.DataFrame
        A row a column, roles first: ``column``; ``source``, the column that it was read from;
        ``filled`` touchpoints (neither missing nor ``(not set)``), ``filled_share`` of all
        ``touchpoints``; ``values``, how many different ones. Of a log read with
        ``min_customers=N``, no columns that fewer than N customers fill, or leave out.

    Examples
    --------
    >>> import omninb as onb
    >>> columns = onb.column_table(onb.sample()).set_index("column")
    >>> float(columns.loc["channel", "filled_share"])
    1.0
    """
    rows, sources = [], {"event": log.roles.get("channel", "channel")} | log.roles
    people = None if log.min_customers is None else numbered(log.table["customer_id"])
    for name in log.table.column_names:
        column = log.table.column(name)
        numbers = codes(column)
        filled = column.is_valid().to_numpy()
        if name in ("channel", "event") and len(log):
            words = column.unify_dictionaries().chunk(0).dictionary.to_pylist()
            filled = (numbers >= 0) & np.array([word != "(not set)" for word in words])[numbers]
        if people is not None and tells_of_few(people, filled, log.min_customers or 0):
            continue
        found, number = distinct(numbers), int(np.count_nonzero(filled))
        rows.append(
            {
                "column": name,
                "source": sources.get(name, name),
                "filled": number,
                "filled_share": number / len(log) if len(log) else np.nan,
                "touchpoints": len(log),
                "values": len(found) - (column.null_count > 0),
            }
        )
    names = ["column", "source", "filled", "filled_share", "touchpoints", "values"]
    return pd.DataFrame(rows, columns=names).astype(
        {"column": "str", "source": "str", "filled_share": "float64"}
    )


def day_table(log: EventLog) -> pd.DataFrame:
    """How many touchpoints each channel had on each day.

    Parameters
    ----------
    log : EventLog
        The log.

    Returns
    -------
    pandas.DataFrame
        A row for each day of the log, in its time zone, and each channel, the largest first within
        a day: ``day``, ``channel``, ``touchpoints`` (0 too) and ``share`` of all touchpoints of
        that day, whose number is ``day_touchpoints``. Of a log read with ``min_customers=N``,
        channels with fewer than N customers on one of the days are one, and days of fewer than N
        are left out, with others where they could be recalculated.

    Examples
    --------
    >>> import omninb as onb
    >>> days = onb.day_table(onb.sample())
    >>> days["day"].nunique(), int(days["touchpoints"].sum()) == len(onb.sample())
    (365, True)
    """
    columns = ["day", "channel", "touchpoints", "day_touchpoints", "share"]
    if not len(log):
        return pd.DataFrame({name: [] for name in columns})
    place = zone(log.timezone or "UTC")
    moments = codes(log.table["timestamp"])
    first, last = (
        pd.Timestamp(int(end), unit="us", tz="UTC").tz_convert(place).normalize()
        for end in (moments.min(), moments.max())
    )
    calendar = pd.date_range(first, last + pd.Timedelta("36h"), freq="D", normalize=True)
    midnights = np.array([micros(midnight) for midnight in calendar], np.int64)
    day = np.searchsorted(midnights, moments, side="right") - 1
    channel = log.table["channel"].combine_chunks()
    names = channel.dictionary.to_pylist()
    number = channel.indices.to_numpy().astype(np.int64)
    days = int(day.max()) + 1
    told = np.ones(days, bool)
    if log.min_customers is not None:
        people = numbered(log.table["customer_id"])
        told = told_days(people, day, log.min_customers)
        of_day = np.where(told[day], day, days)
        shown = pooled_channels(people, of_day, number, names, log.min_customers)
        names = sorted(set(shown))
        number = np.array([names.index(name) for name in shown], np.int64)[number]
    counts = np.bincount(day * len(names) + number, minlength=days * len(names))
    counts = counts.reshape(days, len(names))[told]
    used = sorted(np.flatnonzero(counts.sum(axis=0)), key=lambda c: (-counts[:, c].sum(), names[c]))
    counts = counts[:, used]
    whole = counts.sum(axis=1)
    with np.errstate(invalid="ignore"):
        share = counts / whole[:, None]
    return pd.DataFrame(
        {
            "day": np.repeat(calendar[:days][told].tz_localize(None).to_numpy(), len(used)),
            "channel": pd.Series([names[c] for c in used] * len(counts), dtype="str"),
            "touchpoints": counts.ravel(),
            "day_touchpoints": np.repeat(whole, len(used)),
            "share": share.ravel(),
        }
    )


def activity_table(log: EventLog) -> pd.DataFrame:
    """How many touchpoints customers have: whether a few have most of them.

    Parameters
    ----------
    log : EventLog
        The log.

    Returns
    -------
    pandas.DataFrame
        A row for each class of customers, by their number of touchpoints ``at_least`` and
        ``at_most`` (1, 2 to 3, 4 to 7, … doubling): ``customers`` and their ``customers_share`` of
        all; ``touchpoints`` of theirs and ``touchpoints_share`` of all. Nobody is named. Of a log
        read with ``min_customers=N``, classes of fewer than N customers are joined with others.

    Examples
    --------
    >>> import omninb as onb
    >>> onb.activity_table(onb.sample())["customers"].sum()
    np.int64(5200)
    """
    sizes = np.bincount(pd.factorize(codes(log.table["customer_id"]))[0])
    octave = np.floor(np.log2(np.maximum(sizes, 1))).astype(np.int64)
    rows = []
    for first, last in joined_classes(np.bincount(octave), log.min_customers or 0):
        own = sizes[(octave >= first) & (octave <= last)]
        rows.append(
            {
                "at_least": 1 << first,
                "at_most": (2 << last) - 1,
                "customers": len(own),
                "customers_share": len(own) / len(sizes),
                "touchpoints": int(own.sum()),
                "touchpoints_share": float(own.sum() / sizes.sum()),
            }
        )
    names = ["at_least", "at_most", "customers", "customers_share", "touchpoints",
             "touchpoints_share"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)
