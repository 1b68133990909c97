"""Time and memory of reading, beside DuckDB's own scan, cast and sort: part of ``make bench``.

``--hundred`` also reads a hundred million touchpoints (a file of 1.4 GB in .cache/bench).
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.make_logs import path_of
from benchmarks.reading_files import tiled
from benchmarks.run import below

ROUNDS = 5
OURS = """
import json, sys, time
import omninb as onb
from benchmarks.peak import peak_gb
onb.transition_table(onb.read_events(sys.argv[2]).journeys(), by="channel")
begin = time.perf_counter()
log = onb.read_events(sys.argv[1])
read = time.perf_counter() - begin
peak = peak_gb()
log.journeys()
print(json.dumps({"read": read, "laid_out": time.perf_counter() - begin, "peak": peak,
                  "rows": len(log), "laid_out_peak": peak_gb()}))
"""
DUCKDB = """
import json, sys, time
import duckdb
SORTED = '''CREATE TABLE sorted AS
    SELECT customer_id::VARCHAR AS customer_id, timestamp::TIMESTAMPTZ AS timestamp,
           channel::VARCHAR AS channel, event::VARCHAR AS event
    FROM read_parquet(?) ORDER BY customer_id, timestamp'''
for path in reversed(sys.argv[1:]):
    with duckdb.connect() as connection:
        begin = time.perf_counter()
        connection.execute(SORTED, [path])
        took = time.perf_counter() - begin
        rows = connection.execute("SELECT count(*) FROM sorted").fetchone()[0]
print(json.dumps({"sorted": took, "rows": rows}))
"""


def measured(code: str, path: Path) -> dict[str, float]:
    """What a process of its own says of reading a file, after a warm-up on a small one."""
    run = [sys.executable, "-c", code, str(path), str(path_of(10_000, text_ids=True))]
    printed = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found: dict[str, float] = json.loads(printed.splitlines()[-1])
    return found


def main() -> None:
    """Print what was measured, with the mark for each and whether it was met."""
    for text_ids in (False, True):
        path, ids = path_of(10_000_000, text_ids), "text" if text_ids else "integer"
        turns = [(measured(OURS, path), measured(DUCKDB, path)) for _ in range(ROUNDS)]
        if any(ours["rows"] != theirs["rows"] for ours, theirs in turns):
            raise SystemExit("omninb and DuckDB count differently")
        ours = statistics.median(ours["laid_out"] for ours, _ in turns)
        theirs = statistics.median(theirs["sorted"] for _, theirs in turns)
        below(f"10 M Parquet, {ids} ids, of DuckDB's sorted", ours / theirs, "×", 1.3)
        print(
            f"    read and laid out in {ours:.2f} s; DuckDB: scanned, cast, sorted {theirs:.2f} s"
        )
    cases = [("20 M CSV, peak memory", 20_000_000, "csv", 2.0)]
    if "--hundred" in sys.argv:
        cases.append(("100 M Parquet, peak memory", 100_000_000, "parquet", 6.0))
    for what, touchpoints, ending, mark in cases:
        found = measured(OURS, tiled(touchpoints, ending))
        below(what, found["peak"], "GB", mark)
        print(
            f"    read in {found['read']:.1f} s; with the journeys laid out "
            f"{found['laid_out']:.1f} s and {found['laid_out_peak']:.2f} GB"
        )


if __name__ == "__main__":
    main()
