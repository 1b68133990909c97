"""The first look at a log: how much, whose, where, when, and how much of it is settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from omninb.errors import duration
from omninb.events.checks import codes
from omninb.events.clock import micros
from omninb.events.sandbox import sealed_sandbox

if TYPE_CHECKING:
    from omninb.events.log import EventLog

_COLUMNS = ("part", "name", "touchpoints", "share", "customers", "first", "last", "over_time")
_BARS = " ▁▂▃▄▅▆▇█"
_BUCKETS = 24
_GROUP = """
SELECT {part} AS part, {name} AS name, count(*) AS touchpoints,
       count(DISTINCT customer_id) AS customers, min(timestamp) AS first, max(timestamp) AS last,
FROM log {where} GROUP BY ALL
"""
_OVER_TIME = """
SELECT part, channel AS name, bucket::INTEGER AS bucket, count(*) AS touchpoints FROM (
    SELECT 'channel' AS part, channel::VARCHAR AS channel,
           least($buckets - 1, (epoch_us(timestamp) - $begin) * $buckets // $span) AS bucket
    FROM log)
GROUP BY GROUPING SETS ((part, channel, bucket), (bucket))
"""
_TIES = """
SELECT coalesce(sum(n), 0) AS touchpoints, count(DISTINCT customer_id) AS customers FROM (
    SELECT customer_id, count(*) AS n FROM log GROUP BY customer_id, timestamp HAVING n > 1)
"""
_DAYS = """
SELECT timezone($zone, timestamp)::DATE::VARCHAR AS name, count(*) AS touchpoints,
       count(DISTINCT customer_id) AS customers, min(timestamp) AS first, max(timestamp) AS last,
FROM log GROUP BY name ORDER BY name
"""


def overview(log: EventLog, exit_after: str = "30d") -> pd.DataFrame:
    """What a log holds, in one table.

    Parameters
    ----------
    log : EventLog
        The log.
    exit_after : str, default "30d"
        How long a customer must stay away before leaving is known.

    Returns
    -------
    DataFrame
        ``part`` and ``name`` say what a row is about:

        - log / all; log / settled (touchpoints at least `exit_after` before `observed_until`); log /
          ties (same customer, same time);
        - channel / each, the largest first;
        - day / first, last, busiest, quietest (of days with touchpoints), in the log's time zone,
          and day / without touchpoints, whose ``touchpoints`` is 0 and whose name counts the days.

        ``touchpoints``; ``share`` of all touchpoints; ``customers`` (distinct, so channels overlap);
        ``first`` and ``last`` timestamp in the log's time zone; ``over_time``, 24 equal spans of
        time as bars, the highest bar of each row being its own busiest span.
    """
    wait = duration(exit_after, "exit_after")
    if not len(log) or log.observed_until is None:
        return _typed(pd.DataFrame(columns=list(_COLUMNS)), log)
    # Customers as numbers: texts would be hashed again by every query below.
    customers = pa.chunked_array([pa.array(codes(log.table["customer_id"]))])
    touchpoints = log.table.select(["timestamp", "channel"])
    connection = sealed_sandbox()
    try:
        connection.register("log", touchpoints.append_column("customer_id", customers))
        every = _rows(connection, _GROUP.format(part="'log'", name="'all'", where=""))
        settled = _rows(
            connection,
            _GROUP.format(
                part="'log'",
                name="'settled'",
                where="WHERE epoch_us(timestamp) <= $until",
            ),
            until=log.observed_until - wait,
        )
        ties = _rows(connection, _TIES).assign(part="log", name="ties")
        channels = _rows(
            connection, _GROUP.format(part="'channel'", name="channel::VARCHAR", where="")
        ).sort_values(["touchpoints", "name"], ascending=[False, True])
        days = _days(_rows(connection, _DAYS, zone=log.timezone or "UTC"))
        begin, end = micros(every["first"].iloc[0]), micros(every["last"].iloc[0])
        counts = _rows(
            connection, _OVER_TIME, buckets=_BUCKETS, begin=begin, span=max(end - begin, 1)
        )
    finally:
        connection.close()
    if settled.empty:
        settled = pd.DataFrame(
            {"part": ["log"], "name": ["settled"], "touchpoints": [0], "customers": [0]}
        )
    table = pd.concat([every, settled, ties, channels, days], ignore_index=True)
    table["share"] = table["touchpoints"] / len(log)
    table["over_time"] = ""
    total = counts["part"].isna()
    table.loc[0, "over_time"] = _bars(counts[total])
    for name, own in counts[~total].groupby("name"):
        row = (table["part"] == "channel") & (table["name"] == name)
        table.loc[row, "over_time"] = _bars(own)
    settled_row = table["name"].eq("settled") & table["part"].eq("log")
    table.loc[settled_row, "name"] = f"settled (exit_after={exit_after})"
    return _typed(table[list(_COLUMNS)], log)


def _rows(connection: object, query: str, **values: object) -> pd.DataFrame:
    table: pa.Table = connection.sql(query, params=values).to_arrow_table()  # type: ignore[attr-defined]
    return table.to_pandas()


def _days(days: pd.DataFrame) -> pd.DataFrame:
    """First, last, busiest and quietest day, and how many days in between had nothing."""
    chosen = {
        "first": 0,
        "last": len(days) - 1,
        "busiest": int(days["touchpoints"].argmax()),
        "quietest": int(days["touchpoints"].argmin()),
    }
    rows = days.iloc[list(chosen.values())].copy()
    rows["name"] = [
        f"{what}: {day}" for what, day in zip(chosen, rows["name"].astype(str), strict=True)
    ]
    calendar = pd.to_datetime(days["name"])
    absent = (calendar.iloc[-1] - calendar.iloc[0]).days + 1 - len(days)
    none = pd.DataFrame(
        {"name": [f"without touchpoints: {absent}"], "touchpoints": [0], "customers": [0]}
    )
    return pd.concat([rows, none], ignore_index=True).assign(part="day")


def _bars(counts: pd.DataFrame) -> str:
    """Counts of the 24 spans as block letters; an empty span is a space."""
    heights = dict(zip(counts["bucket"], counts["touchpoints"], strict=True))
    top = max(heights.values())
    return "".join(
        _BARS[-(-heights.get(bucket, 0) * (len(_BARS) - 1) // top)] for bucket in range(_BUCKETS)
    )


def _typed(table: pd.DataFrame, log: EventLog) -> pd.DataFrame:
    """The same column types for a full and an empty log."""
    table = table.astype(
        {
            "part": "str",
            "name": "str",
            "touchpoints": "int64",
            "share": "float64",
            "customers": "int64",
            "over_time": "str",
        }
    )
    for end in ("first", "last"):
        moment = pd.to_datetime(table[end], utc=True).astype("datetime64[us, UTC]")
        table[end] = moment.dt.tz_convert(log.timezone or "UTC")
    return table
