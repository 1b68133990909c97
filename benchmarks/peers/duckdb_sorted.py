"""DuckDB on its own table, sorted once: OVER () streams through the stored order without a sort."""

from benchmarks.peers.duckdb_sql import connect

PAIRS = """SELECT channel, following, count(*) FROM (
    SELECT customer_id, channel,
           lead(channel) OVER () AS following, lead(customer_id) OVER () AS next_customer
    FROM sorted) WHERE customer_id = next_customer GROUP BY ALL"""
PLACES = """SELECT channel, position,
    CASE WHEN next_customer = customer_id THEN following END AS following,
    max(CASE WHEN last_customer IS DISTINCT FROM customer_id THEN position END)
        OVER (ROWS UNBOUNDED PRECEDING) AS beginning
    FROM (SELECT channel, customer_id, row_number() OVER () AS position,
          lead(channel) OVER () AS following, lead(customer_id) OVER () AS next_customer,
          lag(customer_id) OVER () AS last_customer FROM sorted)"""
STEPS = f"""SELECT position - beginning + 1 AS step, channel, count(*)
    FROM ({PLACES}) WHERE position - beginning < 10 GROUP BY ALL"""
FLOWS = f"""SELECT position - beginning + 1 AS step, channel, following, count(*)
    FROM ({PLACES}) WHERE position - beginning < 6 GROUP BY ALL"""


def table(path):
    """The log sorted by customer and time."""
    connection, log = connect(path)
    connection.execute(
        f"""CREATE TABLE sorted AS
        SELECT customer_id, channel FROM {log} ORDER BY customer_id, timestamp"""
    )
    return connection


def cold(path):
    connection = table(path)
    rows = connection.execute(PAIRS).fetchall()
    return {(source, target): n for source, target, n in rows}, connection


def later(path):
    connection = table(path)
    return {
        name: lambda sql=sql: connection.execute(sql).fetchall()
        for name, sql in (("transitions", PAIRS), ("steps", STEPS), ("flows", FLOWS))
    }
