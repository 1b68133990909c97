"""The ledger balances for any file, and permuting or splitting one changes nothing that counts."""

from __future__ import annotations

import contextlib
import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omninb.errors import OmninbError
from omninb.events import read_events
from omninb.events.lines import find_lines

pytestmark = pytest.mark.filterwarnings("ignore:.*are quarantined:UserWarning")
HEAD = ["customer_id", "timestamp", "channel", "value"]
GOOD = ("a", "2024-03-01T10:00:00Z", "web", "1")  # without any moment a log is refused
ids = st.sampled_from(["a", "00123", "123", "", " ", "NA", 'q"x', "x,y", "two\nlines", "é"])
times = st.sampled_from(
    ["2024-03-01T10:00:00Z", "2024-03-01 10:00", "2024-03-31 02:30", "2024-02-30", "", "infinity"]
)
channels = st.sampled_from(["web", "Web", " web", "store", "", '"', "a\r\nb", "🏬"])
values = st.sampled_from(["", "1", "-2.5", "$5", "1e400", "nan", "1,000.5"])
rows = st.lists(st.tuples(ids, times, channels, values), max_size=25).map(
    lambda drawn: [GOOD, *drawn]
)
# Lines that no writer would make: too short, too long, junk after a quote, stray quotes.
junk = st.sampled_from(
    ["", "x", "a,b,c,d,e,f", 'a,"b"c,d,e', 'a,5" tv,c,d', "   ", ",".join(HEAD), ',"",,', '"a"b']
)


def messy(good: list[tuple[str, ...]], bad: list[tuple[int, str]], end: str) -> bytes:
    records = []
    for row in [tuple(HEAD), *good]:  # quotes every line end inside a field
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerow(row)
        records.append(text.getvalue().removesuffix("\r\n"))
    for place, line in bad:
        records.insert(1 + place % len(records), line)
    return end.join(records).encode()


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows, st.lists(st.tuples(st.integers(0, 30), junk), max_size=6), st.booleans())
def test_every_row_of_any_file_is_accounted_for(
    tmp_path: Path, good: list[tuple[str, ...]], bad: list[tuple[int, str]], final: bool
) -> None:
    path = tmp_path / "any.csv"
    content = messy(good, bad, "\n") + b"\n" * final
    path.write_bytes(content)
    log = read_events(path, timezone="Europe/Berlin", max_quarantined=1)
    counts, (lines,) = log.counts, log.files
    assert counts["read"] == counts["accepted"] + counts["quarantined"]
    assert counts["accepted"] == counts["used"] + counts["duplicates_removed"] == len(log)
    assert lines["lines"] == content.count(b"\n") + (content[-1:] != b"\n")
    parts = ("header", "blank", "continuation", "accepted", "quarantined")
    assert lines["lines"] == sum(lines[part] for part in parts)
    # Each quarantined record begins on its line.
    physical = content.decode().split("\n")
    for line, text in zip(log.quarantine["line"], log.quarantine["text"], strict=True):
        assert text.startswith(physical[line - 1].rstrip("\r"))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows, st.sampled_from(["\n", "\r\n", "\r"]))
def test_what_is_accepted_is_what_a_naive_reader_finds(
    tmp_path: Path, good: list[tuple[str, ...]], end: str
) -> None:
    good = [tuple(f.replace("\r\n", "|").replace("\n", "|") for f in row) for row in good]
    path = tmp_path / "any.csv"
    path.write_bytes(messy(good, [], end))
    log = read_events(path, timezone="Europe/Berlin", max_quarantined=1)
    kept = [
        row
        for row in good
        if row[0].strip() and row[1][:10] == "2024-03-01" and row[3] in ("", "1", "-2.5")
    ]
    assert log.table["customer_id"].to_pylist() == [row[0] for row in kept]
    amounts = [None if row[3] == "" else round(float(row[3]) * 1e6) for row in kept]
    assert log.table["value"].to_pylist() == amounts
    folded = [row[2].strip().casefold() or "(not set)" for row in kept]
    assert [name.casefold() for name in log.table["channel"].to_pylist()] == folded


@settings(max_examples=100, deadline=None)
@given(rows, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_lines_are_where_the_standard_library_finds_them(
    good: list[tuple[str, ...]], end: str, final: bool
) -> None:
    if end != "\n":
        good = [tuple(f.replace("\r\n", "|").replace("\n", "|") for f in row) for row in good]
    content = messy(good, [], end) + end.encode() * final
    lines = find_lines(np.frombuffer(content, np.uint8), "any", ord(","))
    reader = csv.reader(io.StringIO(content.decode(), newline=""))
    begins, last = [], 0
    for row in reader:
        if row:
            begins.append(last + 1)
        last = reader.line_num
    if end == "\n":
        assert lines.physical == content.count(b"\n") + (not final)
    if "\r\n" not in content.decode() or end == "\r\n":
        assert lines.numbers.tolist() == begins
    texts = [content[a:b].decode() for a, b in zip(lines.starts, lines.ends, strict=True)]
    read = [next(csv.reader(io.StringIO(text, newline=""))) for text in texts]
    assert read == [list(row) for row in [tuple(HEAD), *good]]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=200))
def test_any_bytes_give_a_log_or_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(b"customer_id,timestamp,channel\n" + content)
    with contextlib.suppress(OmninbError):  # anything else would be a bare traceback
        read_events(path, timezone="UTC", time_unit="s", day_first=True, max_quarantined=1)


def test_a_large_file_keeps_its_lines(tmp_path: Path) -> None:
    """Rejects far into a file that several threads read at once still find their line."""
    lines = [b"customer_id,timestamp,channel,event"]
    bad = {7, 150_000, 150_001, 299_998}
    for row in range(300_000):
        text = b"c%d,2024-03-01T10:00:00Z,web," % (row % 5000)
        lines.append(b"short,line" if row in bad else text + b"view %d" % (row % 9))
        if row % 50_000 == 0:
            lines.append(b"")
    path = tmp_path / "large.csv"
    path.write_bytes(b"\n".join(lines))
    log = read_events(path)
    assert len(log) == 300_000 - len(bad)
    expected = [number for number, line in enumerate(lines, 1) if line == b"short,line"]
    assert log.quarantine["line"].tolist() == expected
    assert log.files[0]["blank"] == 6


@pytest.mark.parametrize("text", ['a,"b', 'a,"b\nc,d\n', '"'])
def test_an_open_quote_is_never_closed(text: str) -> None:
    with pytest.raises(OmninbError, match="line 1"):
        find_lines(np.frombuffer(text.encode(), np.uint8), "any", ord(","))
