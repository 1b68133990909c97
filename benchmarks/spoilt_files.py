"""Good files of every kind, and what may go wrong with them: a seed gives the same file again."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

_ROWS = 60
_HOSTILE = (
    b'"', b'""', b",", b";", b"\t", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"\xc3", b"\xef\xbb\xbf",
    b"\xff\xfe", "\u202e".encode(), "é".encode("utf-16-le"), "é".encode("latin-1"), b"=1+1", b"'",
    b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"{", b"}", b"[", b"null", b"NaN", b"1e400", b"-0",
    b"9" * 40, b"0001-01-01", b"9999-12-31T23:59:59Z", b"2024-03-31 02:30", b"infinity", b"\\",
    b"\x0b", b"\x0c", b"\x1c", b"\x85", "\u2028".encode(), b" ", b"user,when,source",
)  # fmt: skip


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
