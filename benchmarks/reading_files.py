"""Large files to read, tiled from a smaller log with other customers and later times each time."""

from __future__ import annotations

from pathlib import Path

import duckdb

from benchmarks.make_logs import FOLDER, path_of

_TILE = """
SELECT customer_id || 't{tile}' AS customer_id,
       timestamp + INTERVAL {tile} DAY AS timestamp, channel, event
FROM read_parquet(?)
"""
_TEXT = "SELECT * REPLACE (strftime(timestamp, '%Y-%m-%dT%H:%M:%SZ') AS timestamp) FROM ({})"


def tiled(touchpoints: int, ending: str, folder: Path = FOLDER) -> Path:
    """A log of so many touchpoints with text ids; it is written when it is not there yet.

    Parameters
    ----------
    touchpoints : int
        A multiple of 10 million, or fewer than that.
    ending : {"csv", "parquet"}
        What it is written as.
    folder : Path
        Where it is to stand.

    Returns
    -------
    Path
    """
    path = folder / f"{touchpoints}_tiled.{ending}"
    if path.exists():
        return path
    source = str(path_of(min(touchpoints, 10_000_000), text_ids=True))
    tiles = max(touchpoints // 10_000_000, 1)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        query = " UNION ALL ".join(_TILE.format(tile=tile) for tile in range(tiles))
        if ending == "csv":
            query = _TEXT.format(query)
        unfinished = path.with_suffix(".part")
        form = "FORMAT csv, HEADER" if ending == "csv" else "FORMAT parquet"
        connection.execute(f"COPY ({query}) TO '{unfinished}' ({form})", [source] * tiles)
    unfinished.rename(path)
    return path
