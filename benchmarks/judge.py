"""Every analysis before its judge: ``make judge``, or ``make judge LOGS=200`` for a quick look.

Logs whose truth is known are simulated, and asked: do the 95 % intervals hold the truth in 93 to
97 %? Is a difference seen where there is none in 4.3 to 5.7 %? Is what was planted found again?
With fewer logs than a mark was stated for (2,000; 10,000), its band is as many standard errors
wide. Exit status 1 where a mark is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.experiment_judge import experiment_rows
from benchmarks.false_alarms import false_alarm_rows
from benchmarks.interval_coverage import coverage_rows, coverage_table
from benchmarks.marks import Row, printed
from benchmarks.planted_effects import exit_rows, truth_rows


def judged(logs: int) -> list[Row]:
    """All rows, of so many logs for each coverage and in proportion for the others."""
    return [
        *coverage_rows(coverage_table(logs), logs),
        *false_alarm_rows(5 * logs),
        *exit_rows(max(20, logs // 20)),
        *experiment_rows(logs),
        *truth_rows(20),
    ]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=2_000, help="simulated logs for each coverage")
    logs = parser.parse_args().logs
    begin = time.perf_counter()
    met = printed(judged(logs))
    print(f"judged in {(time.perf_counter() - begin) / 60:.1f} min")
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
