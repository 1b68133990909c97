"""The fourteen faults of a report's run, many times each, as a table.

    python benchmarks/faults.py [--repeats 20] [--faults F6 F7]

Moments and kinds are drawn anew in each repeat. Exit status 1 if any fault left what it must not.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.reports.faults import FAULTS, violations


def main() -> None:
    """Plant the faults and print, for each, how often all was as it must be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=list(FAULTS))
    asked = parser.parse_args()
    wrong = 0
    print(f"{'fault':<30} {'good':>8} {'seconds':>8}")
    for name in asked.faults:
        began = time.monotonic()
        found = [(seed, _found(name, seed)) for seed in range(1, asked.repeats + 1)]
        bad = [(seed, what) for seed, what in found if what]
        took = (time.monotonic() - began) / asked.repeats
        good = f"{asked.repeats - len(bad)}/{asked.repeats}"
        print(f"{name + ' ' + FAULTS[name][0]:<30} {good:>8} {took:>8.1f}", flush=True)
        for seed, what in bad:
            print(f"    seed {seed}: {'; '.join(what)}", flush=True)
        wrong += len(bad)
    sys.exit(bool(wrong))


def _found(name: str, seed: int) -> list[str]:
    try:
        return violations(name, seed)
    except AssertionError as error:
        return [f"not planted as it should: {error}"]


if __name__ == "__main__":
    main()
