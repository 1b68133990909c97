"""Reading streams: the peak does not grow with the raw rows, only with the log that is kept.

Small sizes here; ``make bench`` reads 20 million rows of CSV and 100 million of Parquet.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from omninb.events import parquet_files, read_events
from omninb.memory import plain_memory

ROOT = Path(__file__).resolve().parents[2]
PEAK = """
import sys
import omninb as onb
from benchmarks.peak import peak_gb
onb.read_events(sys.argv[1])
before = peak_gb()
log = onb.read_events(sys.argv[2])
print((peak_gb() - before) * 1e3, len(log))
"""


def growth(small: Path, large: Path) -> tuple[float, int]:
    """MB by which the peak of a process grows when it reads a large file after a small one."""
    run = [sys.executable, "-c", PEAK, str(small), str(large)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(run, capture_output=True, text=True, check=True, env=environment)
    size, rows = done.stdout.split()
    return float(size), int(rows)


def csv_of(folder: Path, rows: int) -> Path:
    path = folder / f"{rows}.csv"
    duckdb.sql(
        "SELECT 'c' || (i * 7919 % 400000)::VARCHAR AS customer_id, "
        "strftime(TIMESTAMP '2025-01-01' + INTERVAL (i) SECOND, '%Y-%m-%dT%H:%M:%SZ') AS timestamp,"
        " ['call centre', 'web', 'marketplace'][i % 3 + 1] AS channel, 'add_to_cart' AS event "
        f"FROM range({rows}) AS r(i)"
    ).write_csv(str(path))
    return path


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux tells peaks")
def test_the_peak_of_csv_grows_by_the_log_and_not_by_the_file(tmp_path: Path) -> None:
    small, large = csv_of(tmp_path, 2_500_000), csv_of(tmp_path, 5_000_000)
    size, rows = growth(small, large)
    assert rows == 5_000_000
    kept = 28 * 2_500_000 / 1e6  # MB of each further row's id, time and two names
    file = (large.stat().st_size - small.stat().st_size) / 1e6
    assert file > 1.7 * kept
    assert size < 3.5 * kept  # twice that when all rows are typed at once


def test_raw_rows_are_let_go(tmp_path: Path) -> None:
    before = pa.system_memory_pool().bytes_allocated()
    log = read_events(csv_of(tmp_path, 200_000))
    held = pa.system_memory_pool().bytes_allocated() - before
    assert held <= 1.3 * log.table.nbytes
    del log
    assert pa.system_memory_pool().bytes_allocated() - before < 1_000_000


def test_parquet_is_read_ahead_by_no_more_than_some_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pa.table({"customer_id": ["a"] * 1000, "channel": ["web"] * 1000})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=10)
    monkeypatch.setattr(parquet_files, "_ROWS_AT_A_TIME", 10)
    opened: list[int] = []
    real = pq.ParquetFile.read_row_groups
    monkeypatch.setattr(
        pq.ParquetFile, "read_row_groups",
        lambda self, groups, **how: opened.append(groups[0]) or real(self, groups, **how),
    )  # fmt: skip
    parts = parquet_files.read_parquet(tmp_path / "a.parquet", "a.parquet")
    for taken in range(1, 11):
        part = next(parts)
        assert part.line(0) == 10 * (taken - 1) + 1
        assert len(opened) <= taken + 4
    parts.close()


def test_the_pool_is_put_back() -> None:
    pool = pa.default_memory_pool().backend_name

    @plain_memory()
    def fails() -> None:
        assert pa.default_memory_pool().backend_name == "system"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert pa.default_memory_pool().backend_name == pool
