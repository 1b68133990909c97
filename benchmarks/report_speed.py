"""The whole suite on the sample: seconds, and the size of its pages; part of ``make bench``.

    python benchmarks/report_speed.py [--same 10]

With ``--same`` that many runs of the same inputs are compared byte for byte besides.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.run import below

REPORT = [sys.executable, "-m", "omninb", "report", "--as-of", "2026-03-16T06:00:00", "--out"]


def run(folder: str) -> tuple[float, Path]:
    """Make the reports; seconds, and the folder of the pages."""
    begin = time.perf_counter()
    subprocess.run([*REPORT, folder], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - begin, Path(folder, "latest")


def hashes(latest: Path) -> dict[str, str]:
    """SHA-256 of every page and table."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(latest.resolve().rglob("*"))
        if path.suffix in {".html", ".csv", ".md"}
    }


def main() -> None:
    """Print what a run takes, how large its pages are, and how many runs were the same."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--same", type=int, default=0)
    repeats = parser.parse_args().same
    with tempfile.TemporaryDirectory() as folder:
        run(folder + "/warm")  # compiled passes are kept for the user from then on
        seconds, latest = run(folder + "/timed")
        below("the whole suite on the sample", seconds, "s", 60)
        pages = {path.name: path.stat().st_size / 1e6 for path in latest.glob("*.html")}
        largest = max(pages, key=pages.__getitem__)
        below(f"largest page ({largest}) beside plotly.js", pages[largest], "MB", 0.5)
        if repeats:
            found = [hashes(run(f"{folder}/{number}")[1]) for number in range(repeats)]
            same = sum(one == found[0] for one in found)
            print(f"{same} of {repeats} runs the same, {len(found[0])} pages and tables each")
            sys.exit(same != repeats)


if __name__ == "__main__":
    main()
