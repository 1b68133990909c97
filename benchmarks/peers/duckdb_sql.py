"""DuckDB: window functions on the file, with the channel as an ENUM (faster than as text)."""

import duckdb

PAIRS = """SELECT channel, following, count(*) FROM (
    SELECT channel, lead(channel) OVER (PARTITION BY customer_id ORDER BY timestamp) AS following
    FROM {log}) WHERE following IS NOT NULL GROUP BY ALL"""
STEPS = """SELECT step, channel, count(*) FROM (
    SELECT channel, row_number() OVER (PARTITION BY customer_id ORDER BY timestamp) AS step
    FROM {log}) WHERE step <= 10 GROUP BY ALL"""
FLOWS = """SELECT step, channel, following, count(*) FROM (
    SELECT channel, row_number() OVER (PARTITION BY customer_id ORDER BY timestamp) AS step,
           lead(channel) OVER (PARTITION BY customer_id ORDER BY timestamp) AS following
    FROM {log}) WHERE step <= 6 GROUP BY ALL"""


def connect(path):
    connection = duckdb.connect()
    connection.execute(
        f"CREATE TYPE channels AS ENUM (SELECT DISTINCT channel FROM read_parquet('{path}'))"
    )
    columns = "customer_id, timestamp, channel::channels AS channel"
    return connection, f"(SELECT {columns} FROM read_parquet('{path}'))"


def cold(path):
    connection, log = connect(path)
    rows = connection.execute(PAIRS.format(log=log)).fetchall()
    return {(source, target): n for source, target, n in rows}, connection


def later(path):
    connection, log = connect(path)
    return {
        name: lambda sql=sql: connection.execute(sql.format(log=log)).fetchall()
        for name, sql in (("transitions", PAIRS), ("steps", STEPS), ("flows", FLOWS))
    }
