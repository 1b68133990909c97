"""Five seats of the workshop at once: seconds to start and memory, ``make seats``.

    python benchmarks/seats.py [--seats 5] [--first-ever]

A seat is started when its kernel runs, omninb is imported, the case simulated and cut into
journeys. Its memory is the peak of the kernel, the largest over the five lessons, each with its
solutions run top to bottom in a kernel of its own. With ``--first-ever`` each seat compiles
omninb's passes for itself, as the users of a server do on their first day.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.course import FOLDER, lessons, run
from benchmarks.run import below
from omninb.passes.compiling import ready

SECONDS, MEGABYTES = 30, 600
_START = """
import time
import omninb as onb
journeys = onb.workshop_case(seat={seat}).journeys(split_gap="30d", end_at="purchase")
print(time.process_time())
"""
_PEAK = "print(open('/proc/self/status').read())"


def seat(number: int, first_ever: bool) -> tuple[int, float, float, dict[str, float]]:
    """The seat's number, seconds until it can be worked at, those of a processor, MB by lesson."""
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | ({"XDG_CACHE_HOME": cache} if first_ever else {})
        new = nbformat.v4.new_notebook
        start = new(cells=[nbformat.v4.new_code_cell(_START.format(seat=number))])
        begin = time.perf_counter()
        worked = float(run(start, number, FOLDER, env=environment).cells[0].outputs[-1].text)
        seconds = time.perf_counter() - begin
        peaks = {}
        for name, notebook in lessons(FOLDER / "masters").items():
            notebook.cells.append(nbformat.v4.new_code_cell(_PEAK))
            status = run(notebook, number, FOLDER, env=environment).cells[-1].outputs[0].text
            peaks[name] = int(re.search(r"VmHWM:\s*(\d+) kB", status).group(1)) / 1e3
    return number, seconds, worked, peaks


def main() -> None:
    """Print what each seat took, and whether all stay within the marks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seats", type=int, default=5)
    parser.add_argument("--first-ever", action="store_true")
    given = parser.parse_args()
    if not given.first_ever:
        ready()
    with ProcessPoolExecutor(given.seats) as pool:
        found = list(pool.map(partial(seat, first_ever=given.first_ever), range(given.seats)))
    for number, seconds, worked, peaks in found:
        largest = max(peaks, key=peaks.__getitem__)
        start = f"{seconds:.1f} s to start, {worked:.1f} s of them of a processor"
        print(f"seat {number}: {start}; {peaks[largest]:.0f} MB in {largest}")
    slowest = max(seconds for _, seconds, _, _ in found)
    fullest = max(max(peaks.values()) for *_, peaks in found)
    below(f"{given.seats} seats at once, slowest start", slowest, "s", SECONDS)
    below("fullest seat", fullest, "MB", MEGABYTES)


if __name__ == "__main__":
    main()
