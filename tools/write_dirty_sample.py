"""Writes data/sample_dirty.csv, a small log with planted defects, and their list: ``make sample``.

A folder may be named to write to instead.
"""

import sys
from pathlib import Path

from omninb.dirt import READ_WITH, dirty_csv
from omninb.simulate import simulate_table
from omninb.simulated_files import json_text

CUSTOMERS, SEED = 120, 7
DATA = Path(__file__).resolve().parents[1] / "data"

folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
file, planted = dirty_csv(simulate_table(CUSTOMERS, SEED)[0], SEED)
(folder / "sample_dirty.csv").write_bytes(file)
listed = json_text({"read_with": READ_WITH, "planted": planted})
(folder / "sample_dirty.json").write_text(f"{listed}\n", encoding="utf-8")
lines = file.count(b"\n") + 1
print(f"{folder.name}/sample_dirty.csv: {lines:,} lines, {len(file):,} bytes")
