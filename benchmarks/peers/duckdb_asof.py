"""DuckDB: a funnel of five steps within 30 days, each step an ASOF JOIN to the one before it.

Each customer's first mature attempt; the file is read for each step's touchpoints.
"""

from benchmarks.peers.duckdb_sql import cold, connect

__all__ = ["STEPS", "cold", "later"]

STEPS = ["event 00", "event 03", "event 06", "event 09", "purchase"]
_NEXT = """step{k} AS (
    SELECT before.customer_id, begun, touch.timestamp AS made
    FROM step{j} AS before ASOF JOIN
         (SELECT customer_id, timestamp FROM {log} WHERE event = '{event}') AS touch
      ON before.customer_id = touch.customer_id AND before.made < touch.timestamp
    WHERE touch.timestamp <= begun + INTERVAL 30 DAY)"""


def later(path):
    connection, _ = connect(path)
    log = f"read_parquet('{path}')"
    first = f"""step0 AS (
        SELECT customer_id, min(timestamp) AS begun, min(timestamp) AS made FROM {log}
        WHERE event = '{STEPS[0]}' GROUP BY ALL
        HAVING begun <= (SELECT max(timestamp) FROM {log}) - INTERVAL 30 DAY)"""
    chain = [
        _NEXT.format(k=k, j=k - 1, log=log, event=event) for k, event in enumerate(STEPS) if k > 0
    ]
    counts = ", ".join(f"(SELECT count(*) FROM step{k})" for k in range(len(STEPS)))
    sql = f"WITH {', '.join([first, *chain])} SELECT {counts}"
    return {"funnel": lambda: connection.execute(sql).fetchall()}
