"""Real logs, read by omninb and, by other means, as rows for plain loops and for SQL."""

from __future__ import annotations

from functools import cache

import duckdb
import pandas as pd
import pytest

import omninb as onb

_COLUMNS = {
    "customer_id": "case:concept:name",
    "timestamp": "time:timestamp",
    "event": "concept:name",
}
# file, column of the channel, customers, touchpoints
RECEIPT = ("receipt/receipt.csv", "org:group", 1_434, 8_577)
LOAN = ("loan/loan_applications.csv.gz", "lifecycle:transition", 13_087, 262_200)
on_real_logs = pytest.mark.parametrize("log", [RECEIPT, LOAN], ids=["receipt", "loan"])
by_either_role = pytest.mark.parametrize("by", ["channel", "event"])


@cache
def real_journeys(folder, log):
    """A log's journeys by the rules that stand unless others are given: one a customer."""
    name, channel, customers, touchpoints = log
    journeys = onb.read_events(folder / name, columns=_COLUMNS | {"channel": channel}).journeys()
    assert (journeys.customers, journeys.touchpoints) == (customers, touchpoints)
    return journeys


@cache
def real_rows(folder, log, by):
    """A log's rows for the plain loops, read by pandas.

    START is also a phase of work in the loan log, and shown with its role.
    """
    name, channel, *_ = log
    frame = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
    times = pd.to_datetime(frame["time:timestamp"], utc=True, format="ISO8601")
    node = (_COLUMNS | {"channel": channel})[by]
    return list(
        zip(
            frame["case:concept:name"],
            times.dt.as_unit("us").astype("int64"),
            frame[node].replace("START", f"START ({by})"),
            frame["concept:name"],
            strict=True,
        )
    )


def by_sql(folder, log, by, select, collapse=False):
    """Rows of ``select`` over the tables `touches` and `ends`.

    touches : id, node, touch (1 = a customer's first), last (its number of touches)
    ends : id, touches, state, settled
    """
    name, channel, *_ = log
    node = (_COLUMNS | {"channel": channel})[by]
    sql = f"""
        WITH log AS (
            SELECT "case:concept:name" AS id,
                   CASE "{node}" WHEN 'START' THEN 'START ({by})' ELSE "{node}" END AS node,
                   epoch_us("time:timestamp"::TIMESTAMPTZ) AS t, row_number() OVER () AS n
            FROM read_csv(?, all_varchar = true)),
        visits AS (
            SELECT id, node, t, n FROM log
            QUALIFY NOT {collapse}
                 OR node IS DISTINCT FROM lag(node) OVER (PARTITION BY id ORDER BY t, n)),
        touches AS (
            SELECT id, node, row_number() OVER (PARTITION BY id ORDER BY t, n) AS touch,
                   count(*) OVER (PARTITION BY id) AS last FROM visits),
        times AS (SELECT id, max(t) AS t FROM log GROUP BY id),
        ends AS (
            SELECT id, last AS touches, CASE WHEN settled THEN 'exit' ELSE 'open' END AS state,
                   settled
            FROM touches JOIN (
                SELECT id, t <= (SELECT max(t) FROM log) - 30 * 86400000000 AS settled FROM times
            ) USING (id) WHERE touch = last)
        {select}
    """
    return duckdb.execute(sql, [str(folder / name)]).fetchall()
