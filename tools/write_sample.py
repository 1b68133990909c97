"""Writes data/sample.parquet from the simulator: ``make sample``."""

from pathlib import Path

import pyarrow.parquet as pq

from omninb.samples import CUSTOMERS, SEED
from omninb.simulate import simulate_table

PATH = Path(__file__).resolve().parents[1] / "data" / "sample.parquet"
IDS = ["event_id", "session_id", "order_id"]

table, truth = simulate_table(CUSTOMERS, SEED)
pq.write_table(
    table,
    PATH,
    compression="zstd",
    compression_level=19,
    use_dictionary=[name for name in table.column_names if name not in IDS],
    column_encoding=dict.fromkeys(IDS, "DELTA_BYTE_ARRAY"),
)
print(f"data/sample.parquet: {truth['touchpoints']:,} touchpoints, {PATH.stat().st_size:,} bytes")
