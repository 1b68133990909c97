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
from collections.abc import Callable
from functools import cache
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from omninb.errors import OmninbError
from omninb.events import read_events

OPTIONS = {
    "columns": {"customer_id": "user", "timestamp": "when", "channel": "source"},
    "timezone": "Europe/Berlin", "day_first": True, "time_unit": "s", "max_quarantined": 1,
}  # fmt: skip
READ, REFUSED, UNBALANCED, UNCAUGHT = "read", "refused in a sentence", "unbalanced", "uncaught"
_ROWS = 60
_AT_ONCE = 100
_PARTS = ("header", "blank", "continuation", "accepted", "quarantined")
_HOSTILE = (
    b'"', b'""', b",", b";", b"\t", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"\xc3", b"\xef\xbb\xbf",
    b"\xff\xfe", "\u202e".encode(), "é".encode("utf-16-le"), "é".encode("latin-1"), b"=1+1", b"'",
    b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"{", b"}", b"[", b"null", b"NaN", b"1e400", b"-0",
    b"9" * 40, b"0001-01-01", b"9999-12-31T23:59:59Z", b"2024-03-31 02:30", b"infinity", b"\\",
    b"\x0b", b"\x0c", b"\x1c", b"\x85", "\u2028".encode(), b" ", b"user,when,source",
)  # fmt: skip


class Outcome(NamedTuple):
    """What became of one file: its kind, how it ended, and details where that is a failure."""

    seed: int
    kind: str
    end: str
    detail: str = ""


@cache
def good_files() -> dict[str, tuple[str, bytes, Callable[[bytes], bytes]]]:
    """Kind to the name of a good file, its text, and how that is packed."""
    random = np.random.default_rng(11)
    days = random.integers(1, 28, _ROWS)
    channels, notes = ("web", "store", "app"), ("", "two, and", 'a "quote"', "line\nend")
    rows = [
        (f"{n % 17:05}", f"2024-0{1 + n % 9}-{day:02}T10:00:{n:02}Z", channels[n % 3], "view",
         f"{n}.50", notes[n % 4])
        for n, day in enumerate(days.tolist())
    ]  # fmt: skip
    names = ["user", "when", "source", "event", "value", "note"]

    def csv(comma: str, end: str) -> bytes:
        def field(text: str) -> str:
            plain = not re.search(rf'["\r\n{comma}]', text)
            return text if plain else '"' + text.replace('"', '""') + '"'

        lines = [comma.join(map(field, row)) for row in [tuple(names), *rows]]
        return (end.join(lines) + end).encode()

    columns = [pa.array(list(column)) for column in zip(*rows, strict=True)]
    table = pa.table(dict(zip(names, columns, strict=True)))
    typed = table.set_column(0, "user", pa.array(range(_ROWS))).set_column(
        2, "source", table["source"].dictionary_encode()
    )
    frame = table.to_pandas()
    lines = frame.to_json(orient="records", lines=True).encode()

    def parquet(data: pa.Table) -> bytes:
        sink = pa.BufferOutputStream()
        pq.write_table(data, sink, row_group_size=25)
        return sink.getvalue().to_pybytes()

    def zstd(text: bytes) -> bytes:
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, "zstd") as stream:
            stream.write(text)
        return sink.getvalue().to_pybytes()

    def packed(text: bytes) -> bytes:
        return gzip.compress(text, mtime=0)

    return {
        "csv": ("log.csv", csv(",", "\n"), bytes),
        "csv, semicolons": ("log.csv", b"\xef\xbb\xbf" + csv(";", "\r\n"), bytes),
        "tsv": ("log.tsv", csv("\t", "\r"), bytes),
        "csv.gz": ("log.csv.gz", csv(",", "\n"), packed),
        "csv.zst": ("log.csv.zst", csv(",", "\r\n"), zstd),
        "json lines": ("log.jsonl", lines, bytes),
        "json lines.gz": ("log.jsonl.gz", lines, packed),
        "parquet": ("log.parquet", parquet(table), bytes),
        "parquet, typed": ("log.parquet", parquet(typed), bytes),
    }


def _flip(data: bytes, random: np.random.Generator) -> bytes:
    spoilt = bytearray(data)
    for place in random.integers(0, len(data), random.integers(1, 9)):
        spoilt[place] ^= 1 << int(random.integers(8))
    return bytes(spoilt)


def _cut(data: bytes, random: np.random.Generator) -> bytes:
    return data[: random.integers(0, len(data))]


def _insert(data: bytes, random: np.random.Generator) -> bytes:
    place = int(random.integers(0, len(data) + 1))
    return data[:place] + _HOSTILE[random.integers(len(_HOSTILE))] + data[place:]


def _overwrite(data: bytes, random: np.random.Generator) -> bytes:
    place, text = int(random.integers(0, len(data))), _HOSTILE[random.integers(len(_HOSTILE))]
    return data[:place] + text + data[place + len(text) :]


def _remove(data: bytes, random: np.random.Generator) -> bytes:
    place = int(random.integers(0, len(data)))
    return data[:place] + data[place + int(random.integers(1, 200)) :]


def _repeat(data: bytes, random: np.random.Generator) -> bytes:
    begin, end = sorted(random.integers(0, len(data), 2).tolist())
    return data[:end] + data[begin:]


def _by_line(change: Callable[[list[bytes], np.random.Generator], object]) -> Callable:
    def changed(data: bytes, random: np.random.Generator) -> bytes:
        lines = re.split(rb"(?<=\n)|(?<=\r)(?!\n)", data)
        change(lines, random)
        return b"".join(lines)

    return changed


def _swap(lines: list[bytes], random: np.random.Generator) -> None:
    one, other = random.integers(0, len(lines), 2)
    lines[one], lines[other] = lines[other], lines[one]


def _double(lines: list[bytes], random: np.random.Generator) -> None:
    lines.insert(int(random.integers(0, len(lines))), lines[random.integers(len(lines))])


def _head_again(lines: list[bytes], random: np.random.Generator) -> None:
    lines.insert(int(random.integers(0, len(lines))), lines[0])


def _recode(lines: list[bytes], random: np.random.Generator) -> None:
    place = int(random.integers(len(lines)))
    text = lines[place].decode("utf-8", "replace").replace("\ufffd", "?") + "é"
    lines[place] = text.encode(("latin-1", "utf-16", "cp1252")[random.integers(3)], "replace")


def _end_otherwise(lines: list[bytes], random: np.random.Generator) -> None:
    place = int(random.integers(len(lines)))
    lines[place] = lines[place].rstrip(b"\r\n") + (b"\r", b"\r\n", b"\n", b"")[random.integers(4)]


def _lose_a_field(lines: list[bytes], random: np.random.Generator) -> None:
    comma, which = (b",", b";", b"\t")[random.integers(3)], int(random.integers(6))
    every = random.random() < 0.3
    for place in range(len(lines)) if every else [int(random.integers(len(lines)))]:
        fields = lines[place].split(comma)
        del fields[min(which, len(fields) - 1)]
        lines[place] = comma.join(fields)


_CHANGES: tuple[Callable[[bytes, np.random.Generator], bytes], ...] = (
    _flip, _cut, _insert, _insert, _overwrite, _remove, _repeat,
    *map(_by_line, (_swap, _double, _head_again, _recode, _end_otherwise, _lose_a_field)),
)  # fmt: skip


def spoilt_file(seed: int) -> tuple[str, str, bytes]:
    """The kind of one spoilt file, its name and its bytes; one to four things went wrong with it.

    Text is spoilt before it is packed, or the packed bytes are.
    """
    random = np.random.default_rng([seed, 7])
    kind = list(good_files())[int(random.integers(len(good_files())))]
    name, data, pack = good_files()[kind]
    packed_first = pack is not bytes and random.random() < 0.4
    data = pack(data) if packed_first else data
    if name.endswith("parquet") and random.random() < 0.6:  # more than a bit, and few can be read
        place = int(random.integers(len(data)))
        return kind, name, data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]
    for _ in range(random.integers(1, 5)):
        data = _CHANGES[random.integers(len(_CHANGES))](data, random) or b"\n"
    return kind, name, data if packed_first else pack(data)


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
