"""Good files spoilt in every way: each gives a log whose ledger balances, or a sentence.

``make fuzz`` runs 10,000 files; a seed gives the same files again, one seed a file:
``python benchmarks/fuzz.py --files 1 --first 4711``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.spoilt_files import good_files, spoilt_file
from omninb.errors import OmninbError
from omninb.events import read_events

OPTIONS = {
    "columns": {"customer_id": "user", "timestamp": "when", "channel": "source"},
    "timezone": "Europe/Berlin", "day_first": True, "time_unit": "s", "max_quarantined": 1,
}  # fmt: skip
READ, REFUSED, UNBALANCED, UNCAUGHT = "read", "refused in a sentence", "unbalanced", "uncaught"
_AT_ONCE = 100
_PARTS = ("header", "blank", "continuation", "accepted", "quarantined")


class Outcome(NamedTuple):
    """What became of one file: its kind, how it ended, and details where that is a failure."""

    seed: int
    kind: str
    end: str
    detail: str = ""


def outcome(seed: int, folder: Path) -> Outcome:
    """Read one spoilt file."""
    kind, name, data = spoilt_file(seed)
    path = folder / name
    path.write_bytes(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            log = read_events(path, **OPTIONS)
            log.to_frame()
            log._repr_mimebundle_()
    except OmninbError as error:
        empty = not str(error).strip() or "\n" in str(error).strip()[:1]
        return Outcome(seed, kind, UNCAUGHT if empty else REFUSED)
    except Exception:
        return Outcome(seed, kind, UNCAUGHT, traceback.format_exc())
    wrong = _unbalanced(log, name, data)
    return Outcome(seed, kind, UNBALANCED if wrong else READ, wrong)


def _unbalanced(log: object, name: str, data: bytes) -> str:
    """What does not add up; empty where all does. Lines are counted once more, by themselves."""
    counts, (file,) = log.counts, log.files  # type: ignore[attr-defined]
    sums = {
        "rows": (counts["read"], counts["accepted"] + counts["quarantined"]),
        "used": (counts["accepted"], counts["used"] + counts["duplicates_removed"]),
        "log": (counts["used"], len(log)),  # type: ignore[arg-type]
        "quarantine": (counts["quarantined"], len(log.quarantine)),  # type: ignore[attr-defined]
        "accepted": (counts["accepted"], file["accepted"]),
    }
    if not name.endswith(".parquet"):
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        elif data[:4] == b"\x28\xb5\x2f\xfd":
            with pa.input_stream(pa.BufferReader(data), compression="zstd") as stream:
                data = stream.read()
        ends = re.findall(rb"\r\n|\r|\n", data)
        lines = len(ends) + (data[-1:] not in (b"\r", b"\n"))
        sums["lines"] = (lines, file["lines"])
        sums["parts"] = (lines, sum(file[part] for part in _PARTS))
    return "; ".join(f"{what}: {one} ≠ {other}" for what, (one, other) in sums.items()
                     if one != other)  # fmt: skip


def _some(seeds: range) -> list[Outcome]:
    """The outcomes of some files, read in a process of its own; one that dies is gone on from."""
    found: list[Outcome] = []
    while len(found) < len(seeds):
        left = seeds[len(found) :]
        command = [sys.executable, __file__, "--files", str(len(left)), "--first", str(left[0])]
        ran = subprocess.run([*command, "--lines"], capture_output=True, text=True)
        found += [Outcome(*json.loads(line)) for line in ran.stdout.splitlines()]
        if len(found) < len(seeds):
            died = seeds[len(found)]
            words = (ran.stderr.strip().splitlines() or ["no word"])[-1]
            found.append(Outcome(died, spoilt_file(died)[0], UNCAUGHT, f"process died: {words}"))
    return found


def print_lines(files: int, first: int) -> None:
    """One line of JSON a file, at once: the process may die of the next one."""
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + files):
            print(json.dumps(outcome(seed, Path(folder))), flush=True)


def fuzz(files: int, first: int = 0) -> list[Outcome]:
    """The outcomes of that many files, from seed `first` on, two processes at a time."""
    chunks = [range(at, min(at + _AT_ONCE, first + files))
              for at in range(first, first + files, _AT_ONCE)]  # fmt: skip
    found: list[Outcome] = []
    with ThreadPool(2) as pool, tqdm(total=files, unit="file", disable=None) as bar:
        for some in pool.imap_unordered(_some, chunks):
            found += some
            bar.update(len(some))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first file")
    parser.add_argument("--lines", action="store_true", help="one line of JSON a file")
    given = parser.parse_args()
    if given.lines:
        print_lines(given.files, given.first)
        return 0
    begun = time.monotonic()
    found = fuzz(given.files, given.first)
    table = Counter((one.kind, one.end) for one in found)
    ends = (READ, REFUSED, UNBALANCED, UNCAUGHT)
    print(f"{'kind':<18}" + "".join(f"{end:>24}" for end in ends))
    for kind in good_files():
        print(f"{kind:<18}" + "".join(f"{table[kind, end]:>24,}" for end in ends))
    print(f"{'all':<18}"
          + "".join(f"{sum(one.end == end for one in found):>24,}" for end in ends))  # fmt: skip
    bad = [one for one in found if one.end in (UNBALANCED, UNCAUGHT)]
    for one in bad[:20]:
        print(f"\nseed {one.seed} ({one.kind}), {one.end}: {one.detail.strip()}")
    print(f"\n{len(found):,} files, seeds {given.first} to {given.first + given.files - 1}, "
          f"{time.monotonic() - begun:.0f} s: {len(bad)} bad")  # fmt: skip
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
