"""Time and memory of ``omninb simulate``, in a process of its own: part of ``make bench``.

A million touchpoints are drawn and written to Parquet; with ``--hundred`` a hundred million, which
takes minutes and some gigabytes on disk.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.run import below

SIMULATE = "from omninb.cli import main; main()"


def main(million: int, customers: int) -> None:
    """Print what a log of so many million touchpoints took, and whether the marks were met."""
    with tempfile.TemporaryDirectory() as folder:
        asked = ["simulate", "--customers", str(customers), "--out", f"{folder}/log.parquet"]
        begin = time.perf_counter()
        run = [sys.executable, "-c", SIMULATE, *asked]
        said = subprocess.run(run, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
        seconds = time.perf_counter() - begin
    drawn = int(said.split(": ")[1].split()[0].replace(",", ""))
    if drawn < million * 1_000_000:
        raise SystemExit(f"{drawn:,} touchpoints are too few: it takes more than {customers:,}.")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    if million == 1:
        below("simulate 1 M touchpoints to Parquet", seconds, "s", 10)
    below(f"simulate {million} M touchpoints, peak memory", used.ru_maxrss / 1e6, "GB", 4)
    processor = used.ru_utime + used.ru_stime
    print(f"{drawn:,} touchpoints in {seconds:.1f} s, {processor:.1f} s of processor time")


if __name__ == "__main__":
    main(*((100, 8_600_000) if "--hundred" in sys.argv else (1, 87_000)))
