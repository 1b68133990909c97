"""Every class of input, by its number: accepted, repaired, quarantined, or refused in a sentence.

A test's name or id bears the numbers of the classes that it holds.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from omninb.errors import OmninbError
from omninb.events import EventLog, Source, lines, packing, read_events

pytestmark = pytest.mark.filterwarnings("ignore:.*are quarantined:UserWarning")
HEAD = "customer_id,timestamp,channel,event,value,note\n"
GOOD = "a,2024-03-01T10:00:00Z,web,view,1.50,\n"
OTHER = GOOD.replace("a,", "b,", 1)
PARTS = ("header", "blank", "continuation", "accepted", "quarantined")


def row(**cells: str) -> str:
    """A good row with some of its cells changed."""
    good = dict(zip(HEAD.strip().split(","), GOOD.strip().split(","), strict=True))
    return ",".join((good | cells).values()) + "\n"


def read(folder: Path, content: str | bytes, name: str = "log.csv", **options: object) -> EventLog:
    """Read one file, and hold its ledger against the file."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    log = read_events(path, **{"max_quarantined": 1, **options})
    counts, (lines,) = log.counts, log.files
    assert counts["read"] == counts["accepted"] + counts["quarantined"]
    assert counts["accepted"] == counts["used"] + counts["duplicates_removed"]
    assert counts["used"] == len(log) and counts["quarantined"] == len(log.quarantine)
    assert lines["lines"] == sum(lines[part] for part in PARTS)
    assert lines["accepted"] == counts["accepted"]
    return log


def said(folder: Path, content: str | bytes, name: str = "log.csv", **options: object) -> str:
    """What a file is refused with; the sentence names the file."""
    with pytest.raises(OmninbError) as caught:
        read(folder, content, name, **options)
    assert name in str(caught.value)
    return str(caught.value)


def column(log: EventLog, role: str) -> list[object]:
    return log.table[role].to_pylist()


def rows_of(log: EventLog, check: str) -> int:
    return int(log.quality.loc[log.quality["check"].str.startswith(check), "rows"].sum())


# What is accepted as it stands.
@pytest.mark.parametrize(
    "content, lines, blank, continuation",
    [
        pytest.param("\ufeff" + HEAD + GOOD + OTHER, 3, 0, 0, id="1-byte-order-mark"),
        pytest.param((HEAD + GOOD + "\n" + OTHER).replace("\n", "\r\n"), 4, 1, 0, id="2-CRLF"),
        pytest.param((HEAD + GOOD + "\n" + OTHER).replace("\n", "\r"), 4, 1, 0, id="3-lone-CR"),
        pytest.param(
            HEAD + row(note='"two\nlines, a comma, a ""quote"""') + OTHER, 4, 0, 1, id="4-quoted"
        ),
        pytest.param(HEAD + GOOD + OTHER.strip(), 3, 0, 0, id="17-no-final-newline"),
    ],
)
def test_accepted(content: str, lines: int, blank: int, continuation: int, tmp_path: Path) -> None:
    log = read(tmp_path, content)
    assert column(log, "customer_id") == ["a", "b"] and not len(log.quarantine)
    found = [log.files[0][name] for name in ("lines", "blank", "continuation")]
    assert found == [lines, blank, continuation]
    if continuation:
        assert column(log, "note")[0] == 'two\nlines, a comma, a "quote"'
    warned = log.quality.loc[log.quality["outcome"] == "warning", "example"].tolist()
    assert warned == ["the longest record has 2 lines, from line 2"] * bool(continuation)
    assert set(log.quality["outcome"]) <= {"count", "note", "warning"}


def test_5_mixed_line_ends_are_repaired_and_counted(tmp_path: Path) -> None:
    ends = ["\r\n", "\n", "\r", "\n", "\n"]
    log = read(tmp_path, HEAD + "".join(GOOD.replace("\n", end) for end in ends))
    assert len(log) == 5
    mixed = log.quality.set_index("check").loc["log.csv: line ends are mixed, each ends its line"]
    assert mixed[["outcome", "rows"]].tolist() == ["repaired", 2]
    assert mixed["example"] == "4 LF, 1 CRLF, 1 CR"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_6_utf_16_is_refused(encoding: str, tmp_path: Path) -> None:
    message = said(tmp_path, (HEAD + GOOD).encode(encoding))
    assert "UTF-16" in message and "UTF-8" in message


# What is quarantined: the reason, and the raw text.
QUARANTINED = [
    (7, row(note="caf\xe9").encode("latin-1"), "encoding: not UTF-8"),
    (7, row(note="\xed\xa0\x80").encode("latin-1"), "encoding: not UTF-8"),
    *[
        (8, row(**{role: f"x{hidden}y"}), f"{role} holds NUL, bidi or control characters")
        for role in ("customer_id", "channel")
        for hidden in ("\0", "\x07", "\x1b", "\x7f", "\x85", "\u202e", "\u2066", "\u200f")
    ],
    (9, "a,2024-03-01T10:00:00Z,web\n", "too few columns"),
    (9, GOOD.strip() + ",,\n", "too many columns"),
    (10, row(channel='"web" (new)'), "text after a closing quote"),
    (10, row(note='"a" "b"'), "text after a closing quote"),
    (12, row(note="x" * 2_000_001), "a field over 2 MB"),
    (12, row(note='"' + "x\n" * 1_100_000 + '"'), "a field over 2 MB"),
    (13, HEAD, "the header again"),
    (22, row(customer_id=""), "customer_id is empty"),
    (22, row(customer_id='""'), "customer_id is empty"),
    (22, row(customer_id="  "), "customer_id is empty"),
    (25, row(timestamp="2024-03-31 02:30:00"),
     "timestamp: nonexistent local time in Europe/Berlin"),
    (28, row(timestamp="2024-02-30 10:00:00"), "timestamp: not a date and time"),
    (28, row(timestamp="infinity"), "timestamp: not a date and time"),
    (28, row(timestamp="-infinity"), "timestamp: not a date and time"),
    (28, row(timestamp="0001-01-01T00:00:00Z"), "timestamp: the year is outside 1900 to 2199"),
    (28, row(timestamp="9999-12-31T23:59:59Z"), "timestamp: the year is outside 1900 to 2199"),
    (28, row(timestamp=""), "timestamp is empty"),
    (29, row(timestamp="2024-06-01T01:00:01Z"), "timestamp is in the future"),
    *[
        (30, row(value=text), "value: not a plain decimal number")
        for text in ("NaN", "inf", "-inf", "1e400", "$5", '"1,000.5"', "1_000", "0x10", "free")
    ],
]  # fmt: skip


@pytest.mark.parametrize(
    "number, bad, reason",
    [pytest.param(*case, id=f"{case[0]}-{place}") for place, case in enumerate(QUARANTINED)],
)
def test_quarantined(number: int, bad: str | bytes, reason: str, tmp_path: Path) -> None:
    raw = bad if isinstance(bad, bytes) else bad.encode()
    content = (HEAD + GOOD).encode() + b"\n" + raw + OTHER.encode()
    log = read(tmp_path, content, timezone="Europe/Berlin", as_of="2024-06-01T00:00:00Z")
    assert column(log, "customer_id") == ["a", "b"]
    (kept,) = log.quarantine.itertuples(index=False)
    reason += "; its text is cut" * (len(raw) > 10_000)
    assert (kept.file, kept.line, kept.reason) == (str(tmp_path / "log.csv"), 4, reason)
    text = raw.decode("utf-8", "replace").removesuffix("\n")
    assert kept.text == text if len(text) < 10_000 else text.startswith(kept.text[:1_000])
    entry = log.quality.set_index("check").loc[reason]
    assert entry[["outcome", "rows"]].tolist() == ["quarantined", 1]
    assert entry["example"] == "log.csv, line 4"


def test_12_a_text_that_is_cut_says_so_and_does_not_look_mended(tmp_path: Path) -> None:
    long = "x" * 20_000
    bad = row(customer_id="", note=long) + row(timestamp="soon", note=f'"{long}\nz"')
    text = HEAD + GOOD * 40 + bad
    log = read(tmp_path, text, timezone="UTC")
    assert log.quarantine["text"].str.len().tolist() == [10_000] * 2
    assert log.quarantine["text"].str.endswith(" … (cut: mend the row in its source)").all()
    assert log.quarantine["reason"].str.endswith("; its text is cut").all()
    first, second = (one.replace("soon", "2024-03-01Z") for one in log.quarantine["text"])
    closed = HEAD + second + '"\n' + GOOD  # whoever closes the quote still lacks the rest
    again = read(tmp_path, closed, "mended.csv", timezone="UTC")
    assert "held only its beginning" in again.quarantine["reason"].item()
    for mended in (HEAD + "c" + first + "\n" + GOOD, HEAD + second + "\n" + row(note='"x"') + GOOD):
        again = read(tmp_path, mended, "mended.csv", timezone="UTC")
        assert again.quarantine["text"].str.contains("(cut: ", regex=False).sum() == 1
        assert column(again, "note") == [None]  # what the open quote swallowed is not accepted


def test_11_a_stray_quote_that_swallows_rows_is_warned_of(tmp_path: Path) -> None:
    swallowed = row(note='"open').strip() + "\n" + GOOD * 150 + row(note='closed"')
    warned = "log.csv: lines inside quoted fields: look for a stray quote"
    log = read(tmp_path, HEAD + GOOD * 99_900 + swallowed)
    said = log.quality.set_index("check").loc[warned]
    assert said[["outcome", "rows"]].tolist() == ["warning", 151]
    assert said["example"] == "the longest record has 152 lines, from line 99902"
    few = row(note='"a\nb"')
    assert rows_of(read(tmp_path, HEAD + GOOD * 200 + few), warned) == 0
    assert rows_of(read(tmp_path, HEAD + GOOD * 96 + few), warned) == 1
    refused = swallowed.replace("2024-03-01T10:00:00Z", "soon", 1)
    (tmp_path / "log.csv").write_text(HEAD + GOOD * 100 + refused)
    with pytest.raises(OmninbError, match=r"1 of 101 rows \(60\.3%, with the 151 further lines"):
        read_events(tmp_path / "log.csv")


def test_8_tab_and_line_end_in_a_channel_are_spaces(tmp_path: Path) -> None:
    log = read(tmp_path, HEAD + row(customer_id="a\tb", channel='"call\ncentre"'))
    assert column(log, "customer_id") == ["a\tb"] and column(log, "channel") == ["call centre"]


@pytest.mark.parametrize("role", ["customer_id", "event_id", "order_id", "session_id", "event"])
@pytest.mark.parametrize("hidden", ["\0", "\u202e", "\n", "\r"])
def test_8_hidden_characters_and_line_ends_in_ids(role: str, hidden: str, tmp_path: Path) -> None:
    ids = ["a", f'"x{hidden}y"', "b"]
    lines = [f"c,2024-03-01T10:00:0{n}Z,web,{one}\n" for n, one in enumerate(ids)]
    if role == "customer_id":
        lines = [f"{one},2024-03-01T10:00:0{n}Z,web,e\n" for n, one in enumerate(ids)]
    head = f"customer_id,timestamp,channel,{'event' if role == 'customer_id' else role}\n"
    log = read(tmp_path, (head + "".join(lines)).encode())
    if role == "event" and hidden in "\r\n":
        assert column(log, role) == ["a", "x y", "b"]
    else:
        assert column(log, role) == ["a", "b"]
        reason = f"{role} holds NUL, bidi or control characters"
        assert log.quarantine["reason"].tolist() == [reason]


def test_11_what_a_stray_quote_swallowed_is_not_quoted(tmp_path: Path) -> None:
    swallowed = '"web' + "\na,secret" * 900 + '"'
    log = read(tmp_path, HEAD + row(channel=swallowed) + row(channel=swallowed.upper()))
    merged = log.quality.set_index("check").loc["channel: spellings merged", "example"]
    assert len(merged) < 140
    assert len(said(tmp_path, HEAD + row(timestamp=swallowed))) < 400


def test_11_unterminated_quote_names_the_line(tmp_path: Path) -> None:
    message = said(tmp_path, HEAD + row(note='"two\nlines"') + row(note='"open') + OTHER)
    assert "log.csv, line 4" in message and '""' in message


def test_11_a_quote_that_stays_open_ends_in_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "PIECE", 1_000)
    monkeypatch.setattr(lines, "LONGEST_RECORD", 4_000)
    message = said(tmp_path, HEAD + GOOD + row(note='"open') + OTHER * 1_000)
    assert "log.csv, line 3" in message


def test_12_a_field_of_2_mb_is_accepted(tmp_path: Path) -> None:
    log = read(tmp_path, HEAD + row(note="x" * 1_999_000) + row(note="y" * 1_999_000))
    assert [len(text) for text in column(log, "note")] == [1_999_000] * 2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content, options, names",
    [
        pytest.param(
            HEAD.replace("channel", "chanel") + GOOD, {},
            ["no column for channel", "'chanel'", "columns={'channel': "], id="missing",
        ),
        pytest.param(
            HEAD.replace("event", "channel") + GOOD, {}, ["more than one column 'channel'"],
            id="duplicate",
        ),
        pytest.param(
            HEAD + GOOD, {"columns": {"channel": "chanel"}},
            ["no column 'chanel'", "Did you mean 'channel'?"], id="mapped-to-none",
        ),
    ],
)  # fmt: skip
def test_14_required_columns(
    content: str, options: dict[str, object], names: list[str], tmp_path: Path
) -> None:
    message = said(tmp_path, content, **options)
    assert all(name in message for name in names)


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\r\n", b"\xef\xbb\xbf \n"])
@pytest.mark.parametrize("name", ["log.csv", "log.csv.gz", "log.jsonl"])
def test_15_empty_file(content: bytes, name: str, tmp_path: Path) -> None:
    packed = gzip.compress(content) if name.endswith("gz") else content
    assert "empty" in said(tmp_path, packed, name) or name == "log.jsonl"


@pytest.mark.parametrize("content", [HEAD, HEAD.strip(), "\ufeff" + HEAD])
def test_16_header_only(content: str, tmp_path: Path) -> None:
    log = read(tmp_path, content)
    assert len(log) == 0 and log.counts["read"] == 0
    assert log.observed_from is None and log.observed_until is None


@pytest.mark.parametrize("name", ["log.csv", "log.csv.gz", "log.jsonl"])
def test_17_a_file_that_grows_while_it_is_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (HEAD + GOOD).encode() if "csv" in name else b'{"customer_id": "a"}\n'
    content = gzip.compress(content) if name.endswith("gz") else content
    opened = packing._opened

    def growing(path: Path, kind: str) -> object:
        stream = opened(path, kind)
        with path.open("ab") as file:
            file.write(content)
        return stream

    monkeypatch.setattr(packing, "_opened", growing)
    assert "still being written" in said(tmp_path, content, name)


PACKED = gzip.compress((HEAD + GOOD).encode())


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(
    "name, content, names",
    [
        pytest.param("log.csv.gz", PACKED[:-12], "cut short", id="truncated-gz"),
        pytest.param("log.csv.gz", PACKED[:20], "cut short", id="cut-in-the-header"),
        pytest.param("log.csv.gz", PACKED[:-8] + b"12345678", "damaged", id="wrong-check-sum"),
        pytest.param("log.csv.gz", PACKED + b"more", "damaged", id="more-after-it"),
        pytest.param("log.csv.gz", b"\x1f\x8bfalse", "damaged", id="false-gz"),
        pytest.param("log.csv.gz", (HEAD + GOOD).encode(), "not gzip", id="plain-named-gz"),
        pytest.param("log.csv.zst", zstd((HEAD + GOOD).encode())[:-6], "cut short", id="cut-zst"),
        pytest.param("log.csv.zst", PACKED, "not zstd", id="gzip-named-zst"),
        pytest.param("log.jsonl.gz", PACKED[:-12], "cut short", id="truncated-json-lines"),
    ],
)
def test_18_truncated_or_false_packing(
    name: str, content: bytes, names: str, tmp_path: Path
) -> None:
    assert names in said(tmp_path, content, name)


def test_18_two_members_and_a_packed_file_without_the_ending(tmp_path: Path) -> None:
    two = PACKED + gzip.compress(OTHER.encode())
    assert column(read(tmp_path, two, "log.csv.gz"), "customer_id") == ["a", "b"]
    assert len(read(tmp_path, PACKED, "log.csv")) == 1
    frames = zstd((HEAD + GOOD).encode()) + zstd(OTHER.encode())
    assert len(read(tmp_path, frames, "log.csv.zst")) == 2


@pytest.mark.parametrize("name, pack", [("log.csv.gz", gzip.compress), ("log.csv.zst", zstd)])
def test_19_unpacking_to_far_more(name: str, pack: object, tmp_path: Path) -> None:
    content = (HEAD + GOOD * 20_000).encode()
    packed = pack(content)  # type: ignore[operator]
    assert len(content) > 100 * len(packed)
    message = said(tmp_path, packed, name)
    assert "100 times" in message and "max_unpacked=" in message
    assert len(read(tmp_path, packed, name, max_unpacked=len(content))) == 20_000
    assert "max_unpacked=" in said(tmp_path, packed, name, max_unpacked=len(content) - 1)
    usual = (HEAD + "".join(row(note=os.urandom(4).hex()) for _ in range(1_000))).encode()
    assert len(read(tmp_path, pack(usual), name)) == 1_000  # type: ignore[operator]


def test_19_json_lines_that_unpack_to_far_more(tmp_path: Path) -> None:
    line = '{"customer_id": "a", "timestamp": "2024-03-01T10:00:00Z", "channel": "web"}\n'
    packed = gzip.compress(line.encode() * 20_000)
    assert "max_unpacked=" in said(tmp_path, packed, "log.jsonl.gz")
    assert len(read(tmp_path, packed, "log.jsonl.gz", max_unpacked=10**7)) == 20_000


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_20_the_header_settles_the_delimiter(delimiter: str, tmp_path: Path) -> None:
    log = read(tmp_path, (HEAD + GOOD).replace(",", delimiter))
    assert column(log, "event") == ["view"]
    assert rows_of(log, f"log.csv: fields are separated by {delimiter!r}") == 1


def test_20_a_decimal_comma_is_asked_for(tmp_path: Path) -> None:
    text = (HEAD + row(value="12.50")).replace(",", ";").replace("12.50", "12,50")
    message = said(tmp_path, text)
    assert "'value'" in message and "'12,50'" in message and 'decimal=","' in message
    assert column(read(tmp_path, text, decimal=","), "value") == [12_500_000]


def test_21_ids_are_distinct_texts(tmp_path: Path) -> None:
    ids = ["00123", "123", "123.0", "9007199254740993", "9007199254740992", "1" * 40]
    log = read(tmp_path, HEAD + "".join(row(customer_id=one) for one in ids))
    assert column(log, "customer_id") == ids
    assert log.journeys().customers == len(ids)


@pytest.mark.parametrize("word", ["NA", "None", "-", "0", "null"])
def test_22_words_for_nobody_are_accepted_with_a_warning(word: str, tmp_path: Path) -> None:
    log = read(tmp_path, HEAD + GOOD + row(customer_id=word))
    assert column(log, "customer_id") == ["a", word]
    warned = log.quality[log.quality["outcome"] == "warning"]
    assert warned[["check", "rows"]].to_numpy().tolist() == [
        ["customer_id is a word such as NA, None, - or 0", 1]
    ]


# What is asked for: the column, what it holds, and the argument that settles it.
@pytest.mark.parametrize(
    "when, names, settles, moment",
    [
        pytest.param(
            "2024-03-01 10:00:00", "without an offset", {"timezone": "Europe/Berlin"},
            "2024-03-01 09:00", id="23-naive",
        ),
        pytest.param(
            "1709287200", "holds numbers", {"time_unit": "s"}, "2024-03-01 10:00", id="26-epoch"
        ),
        pytest.param(
            "01/02/2024 10:00Z", "'01/02/2024 10:00Z'", {"day_first": True}, "2024-02-01 10:00",
            id="27-day-first",
        ),
        pytest.param(
            "01/02/2024 10:00Z", "'01/02/2024 10:00Z'", {"day_first": False}, "2024-01-02 10:00",
            id="27-month-first",
        ),
    ],
)  # fmt: skip
def test_times_that_are_asked_for(
    when: str, names: str, settles: dict[str, object], moment: str, tmp_path: Path
) -> None:
    text = (HEAD + row(timestamp=when)).replace("timestamp", "when it was")
    roles = {"columns": {"timestamp": "when it was"}}
    message = said(tmp_path, text, **roles)
    (argument,) = settles
    assert "'when it was'" in message and names in message and f"{argument}=" in message
    (found,) = column(read(tmp_path, text, **roles, **settles), "timestamp")
    assert f"{found:%Y-%m-%d %H:%M}" == moment  # type: ignore[str-format]


def test_24_mixed_offsets_become_utc(tmp_path: Path) -> None:
    times = ["2024-03-01T10:00:00+02:00", "2024-03-01T08:00:00Z", "2024-03-01T03:00:00-0500"]
    one = read(tmp_path, HEAD + row(timestamp=times[0]) * 2)
    assert "repaired" not in set(one.quality["outcome"])
    log = read(tmp_path, HEAD + "".join(row(timestamp=one) for one in times))
    assert {f"{one:%H:%M%z}" for one in column(log, "timestamp")} == {"08:00+0000"}  # type: ignore[str-format]
    repaired = log.quality[log.quality["outcome"] == "repaired"]
    assert repaired[["rows", "example"]].to_numpy().tolist() == [[2, "1 +02:00, 1 Z, 1 -0500"]]


def test_25_a_local_time_that_exists_twice_is_taken_the_first_time(tmp_path: Path) -> None:
    log = read(tmp_path, HEAD + row(timestamp="2024-10-27 02:30:00"), timezone="Europe/Berlin")
    assert [f"{one:%H:%M}" for one in column(log, "timestamp")] == ["00:30"]  # type: ignore[str-format]
    assert rows_of(log, "local time exists twice: the first was taken") == 1


def test_29_an_hour_ahead_is_not_the_future(tmp_path: Path) -> None:
    log = read(tmp_path, HEAD + GOOD, as_of="2024-03-01T09:00:00Z")
    assert len(log) == 1


def test_31_refunds_are_totalled_apart(tmp_path: Path) -> None:
    log = read(tmp_path, HEAD + GOOD + row(value="-3.25") + row(value="-0.50"))
    refunds = log.quality.set_index("check").loc["value below 0: refunds"]
    assert refunds[["rows", "example"]].tolist() == [2, "-3.75 in all"]
    assert column(log, "value") == [1_500_000, -3_250_000, -500_000]


def test_32_more_than_one_currency(tmp_path: Path) -> None:
    text = HEAD + row(note="EUR") + row(note="USD")
    message = said(tmp_path, text, columns={"currency": "note"})
    assert "EUR, USD" in message and "'note'" in message
    text = text.replace("note", "currency")  # a role's own name needs no mapping
    assert "EUR, USD" in said(tmp_path, text)
    assert read(tmp_path, text.replace("USD", "EUR")).currency == "EUR"


def test_33_a_repeated_event_id_and_an_equal_row(tmp_path: Path) -> None:
    text = HEAD + row(note="1") + row(note="1", event="again") + row(note="2")
    log = read(tmp_path, text, columns={"event_id": "note"})
    assert column(log, "event") == ["view", "view"] and log.counts["duplicates_removed"] == 1
    assert rows_of(log, "event_id seen before: the first was kept") == 1
    equal = HEAD + GOOD + OTHER + GOOD
    log = read(tmp_path, equal)
    assert len(log) == 3 and rows_of(log, "row equals an earlier one: kept") == 1
    log = read(tmp_path, equal, drop_duplicates=True)
    assert column(log, "customer_id") == ["a", "b"] and log.counts["duplicates_removed"] == 1


def test_34_unsorted_and_tied_rows_keep_their_order(tmp_path: Path) -> None:
    times = ["2024-03-02T10:00:00Z", "2024-03-01T10:00:00Z", "2024-03-01T10:00:00Z"]
    text = HEAD + "".join(row(timestamp=one, event=f"e{n}") for n, one in enumerate(times))
    log = read(tmp_path, text)
    assert column(log, "event") == ["e0", "e1", "e2"] and rows_of(log, "ties") == 2
    assert log.journeys().to_frame()["event"].tolist() == ["e1", "e2", "e0"]


def test_35_spellings_of_a_channel_are_merged_and_shown(tmp_path: Path) -> None:
    names = ["web", "web", "Web ", "caf\u00e9", "caf\u00e9", "cafe\u0301"]
    log = read(tmp_path, HEAD + "".join(row(channel=one) for one in names))
    assert column(log, "channel") == ["web"] * 3 + ["caf\u00e9"] * 3
    merged = log.quality.set_index("check").loc["channel: spellings merged"]
    assert merged["rows"] == 2 and "'Web ' → 'web'" in merged["example"]


def test_22_a_space_beyond_ascii_is_no_id_whatever_the_other_rows_hold(tmp_path: Path) -> None:
    space = row(customer_id="\xa0") + row(customer_id="\u3000") + row(customer_id="é")
    for others in (GOOD, GOOD + row(customer_id=" b"), GOOD + row(customer_id="")):
        log = read(tmp_path, HEAD + space + others)
        assert log.quarantine["line"].tolist()[:2] == [2, 3] and "é" in column(log, "customer_id")


def test_36_one_customer_with_a_tenth_of_all(tmp_path: Path) -> None:
    ids = [f"c{one}" for one in range(89)] + ["bot"] * 11
    log = read(tmp_path, HEAD + "".join(row(customer_id=one) for one in ids))
    assert rows_of(log, "one customer has more than 10 % of all touchpoints") == 11
    log = read(tmp_path, HEAD + "".join(row(customer_id=one) for one in [*ids[:-2], "x", "y"]))
    assert not rows_of(log, "one customer has more than 10 %")


def test_every_class_has_a_test(request: pytest.FixtureRequest) -> None:
    names = [one.name for one in request.session.items if one.path == request.path]
    if len(names) < 100:
        pytest.skip("only some of the tests were asked for")
    numbers = re.findall(r"(?<=[_\[-])\d{1,2}(?=[-_])", " ".join(names))
    assert {int(number) for number in numbers} >= set(range(1, 37))


@pytest.mark.parametrize(
    "change", [str, str.upper, str.title, lambda head: "\ufeff" + head,
               lambda head: head.replace(",", ", "), lambda head: "\ufeff" + head.upper()],
)  # fmt: skip
def test_13_the_header_again_in_other_letters(change: Callable[[str], str], tmp_path: Path) -> None:
    text = HEAD + row() + change(HEAD.strip()) + "\n" + row()
    log = read(tmp_path, text)
    assert log.quarantine[["line", "reason"]].to_numpy().tolist() == [[3, "the header again"]]


def test_21_true_lists_and_objects_are_no_ids(tmp_path: Path) -> None:
    ids = [True, [1], {"a": 1}, [], {}, False, ["x"], [[1]], "[deleted]", "{6F96}", "truer", 5]
    rest = {"timestamp": "2025-03-01T10:00:00Z", "channel": "web"}
    path = tmp_path / "lines.jsonl"
    path.write_text("\n".join(json.dumps({"customer_id": one, **rest}) for one in ids))
    log = read_events(path, max_quarantined=1)
    assert set(log.quarantine["reason"]) == {"customer_id is true, false, a list or an object"}
    assert log.quarantine["line"].tolist() == [*range(1, 9)]
    assert log.table["customer_id"].to_pylist() == ["[deleted]", "{6F96}", "truer", "5"]
    frame = pd.DataFrame({"customer_id": pd.Categorical(["[1]", "a", "[1]"]), **rest})
    assert read_events(frame, max_quarantined=1).quarantine["line"].tolist() == [1, 3]


def test_14_a_line_that_holds_a_key_twice_is_quarantined(tmp_path: Path) -> None:
    row = '{"customer_id": "%s", "timestamp": "2025-03-01T10:00:00Z", "channel": "web"%s}\n'
    inside = ', "tags": {"a": 1, "a": 2}'  # in a value of its own
    path = tmp_path / "lines.jsonl"
    path.write_text(
        row % ("a", "")
        + row % ("b", ', "customer_id": "c"')
        + "[]\n"
        + row % ("d", inside)
        + '{"customer_id":"e"l\n'
    )
    log = read_events(path, max_quarantined=1)
    assert log.quarantine[["line", "reason"]].to_numpy().tolist() == [
        [2, "a key twice"], [3, "not a JSON object"], [5, "not a JSON object"],
    ]  # fmt: skip
    assert log.table["customer_id"].to_pylist() == ["a", "d"]


def test_a_thousand_keys_are_columns_and_more_are_refused(tmp_path: Path) -> None:
    row = '{"customer_id": "a", "timestamp": "2025-03-01T10:00:00Z", "channel": "web", "k%s": %s}\n'
    path = tmp_path / "lines.jsonl"
    path.write_text("".join(row % (i, i) for i in range(997)))
    log = read_events(path)
    assert len(log.table.column_names) == 1_001  # and event
    assert all(log.table[f"k{i}"].to_pylist()[i] == str(i) for i in (0, 63, 64, 996))
    path.write_text("".join(row % (i, i) for i in range(998)))
    with pytest.raises(OmninbError, match="more than 1,000 different keys"):
        read_events(path)


def test_frames_without_rows_say_so() -> None:
    assert len(read_events(pd.DataFrame({"customer_id": [], "timestamp": [], "channel": []}))) == 0


def test_parquet_texts_of_every_encoding_are_read(tmp_path: Path) -> None:
    rows = 3_000
    table = pa.table(
        {
            "customer_id": [f"c{n % 50}" for n in range(rows)],
            "timestamp": ["2024-03-01T10:00:00Z"] * rows,
            "channel": ["web", "store"] * (rows // 2),
        }
    )
    for encoding in ("PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"):
        path = tmp_path / f"{encoding}.parquet"
        columns = dict.fromkeys(table.column_names, encoding)
        pq.write_table(table, path, use_dictionary=False, column_encoding=columns)
        log = read_events(path)
        assert log.table["customer_id"].to_pylist() == table["customer_id"].to_pylist()


def test_7_texts_of_tables_that_are_not_utf_8(tmp_path: Path) -> None:
    words = pa.array([b"good", b"caf\xe9", None, b"caf\xe9", b"fine"])
    texts = words.cast(pa.string(), safe=False)
    days = ["2024-03-01T10:00:00Z"] * 5
    for notes in (texts, texts.dictionary_encode(), words):
        ids, channels = list("abcde"), ["web"] * 5
        columns = {"customer_id": ids, "timestamp": days, "channel": channels, "note": notes}
        table = pa.table(columns)
        pq.write_table(table, tmp_path / "log.parquet")
        log = read_events(tmp_path / "log.parquet", max_quarantined=0.5)
        assert log.quarantine[["line", "reason"]].to_numpy().tolist() == [
            [2, "encoding: not UTF-8"],
            [4, "encoding: not UTF-8"],
        ]
        assert log.table["note"].to_pylist() == ["good", None, "fine"]
        assert '"customer_id": "b"' in log.quarantine["text"][0]


def test_a_dictionary_that_holds_null(tmp_path: Path) -> None:
    words = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, 0]), pa.array(["x", None, "7"]))
    table = pa.table(
        {"customer_id": words, "timestamp": ["2024-03-01T10:00:00Z"] * 4, "channel": words}
    )
    log = read_events(table.append_column("value", words), max_quarantined=1)
    assert log.quarantine["reason"].tolist() == [
        "value: not a plain decimal number", "customer_id is empty",
        "value: not a plain decimal number",
    ]  # fmt: skip
    assert log.table["customer_id"].to_pylist() == ["7"]


@pytest.mark.parametrize("zone", ["BST", "IST", "CET", "PST", "ACT", "America/New_York"])
def test_24_zones_in_letters_are_ambiguous(zone: str, tmp_path: Path) -> None:
    times = [f"2024-07-01 10:00 {zone}", "2024-07-01 10:00 UTC", "2024-07-01 10:00 GMT-5"]
    text = HEAD + "".join(row(timestamp=one) for one in times)
    log = read(tmp_path, text, timezone="Europe/Berlin")  # which holds for none of them
    assert [f"{one:%H:%M}" for one in column(log, "timestamp")] == ["10:00", "15:00"]  # type: ignore[str-format]
    assert log.quarantine["reason"].tolist() == [
        "timestamp: zones in letters, such as BST, are ambiguous: write +01:00"
    ]
    assert "only Z, UTC and GMT have one meaning" in said(tmp_path, HEAD + row(timestamp=times[0]))


@pytest.mark.parametrize("number", ["20250301", "45717.5", "2025"])
def test_26_numbers_that_no_unit_makes_a_likely_day(number: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(HEAD + row(timestamp=number))
    with pytest.raises(OmninbError) as caught:
        read_events(path)
    assert "timestamp" in str(caught.value) and not caught.value.settled_by


def test_26_a_unit_by_which_most_days_are_too_early_is_told(tmp_path: Path) -> None:
    check = "most times are before 1990: is time_unit right?"
    seconds = HEAD + row(timestamp="1709287200") * 2
    assert rows_of(read(tmp_path, seconds, time_unit="ms"), check) == 2
    assert rows_of(read(tmp_path, seconds, time_unit="s"), check) == 0
    mostly = seconds + row(timestamp="-5") + row(timestamp="never") * 3
    assert rows_of(read(tmp_path, mostly, time_unit="s"), check) == 0


@pytest.mark.parametrize("day_first, wrong", [(False, "13/02/2024"), (True, "02/13/2024")])
def test_27_an_order_that_more_dates_contradict(
    day_first: bool, wrong: str, tmp_path: Path
) -> None:
    text = HEAD + row(timestamp="01/02/2024 10:00Z") * 9 + row(timestamp=wrong)
    with pytest.raises(OmninbError, match=wrong) as caught:
        read(tmp_path, text, day_first=day_first, timezone="UTC")
    assert caught.value.settled_by == {"day_first": (not day_first,)}
    right = "/".join(wrong[:5].split("/")[::-1]) + wrong[5:]
    log = read(tmp_path, text + row(timestamp=right), day_first=day_first, timezone="UTC")
    assert log.quarantine["reason"].tolist() == ["timestamp: not a date and time"]


@pytest.mark.parametrize("role", ["customer_id", "channel", "event"])
def test_7_what_was_lost_with_an_encoding_is_not_taken_for_a_name(
    role: str, tmp_path: Path
) -> None:
    rows = b"".join(row(**{role: name}).encode("latin-1") for name in ("M\xfcller", "M\xf6ller"))
    log = read(tmp_path, HEAD.encode() + rows + GOOD.encode())
    assert log.quarantine["reason"].tolist() == ["encoding: not UTF-8"] * 2
    text = HEAD + "".join(f"{one}\n" for one in log.quarantine["text"]) + GOOD
    again = read(tmp_path, text, "untouched.csv")
    reason = "holds a replacement character: its text was lost, so take the row from its source"
    assert len(again) == 1 and again.quarantine["reason"].tolist() == [f"{role} {reason}"] * 2


@pytest.mark.parametrize("unseen", ["\u200b", "\u2060", "\xad", "\ufeff"])
def test_8_35_characters_that_nobody_sees(unseen: str, tmp_path: Path) -> None:
    text = HEAD + GOOD + row(channel=f"we{unseen}b") + row(event=f"{unseen}view")
    log = read(tmp_path, text)
    assert column(log, "channel") == ["web"] * 3 and column(log, "event") == ["view"] * 3
    examples = log.quality.set_index("check")["example"]
    assert examples["channel: spellings merged"] == f"{f'we{unseen}b'!r} → 'web'"
    assert read(tmp_path, HEAD + row(channel=f"we{unseen}b")).table["channel"][0].as_py() == "web"
    for role in ("customer_id", "event_id"):
        ids = {"columns": {"event_id": "note"}} if role == "event_id" else {}
        cell = {"note" if ids else role: f"a{unseen}"}
        log = read(tmp_path, HEAD + GOOD + row(**cell), **ids)
        assert log.quarantine["reason"].tolist() == [f"{role} holds characters that nobody sees"]


@pytest.mark.parametrize("many", [1, 300])
def test_21_spaces_around_ids_are_taken_away(many: int, tmp_path: Path) -> None:
    ids = ["a", " a", "a ", "\u3000a", "b c", " "] * many
    text = HEAD + "".join(row(customer_id=one, note=f" {n}") for n, one in enumerate(ids))
    log = read(tmp_path, text, columns={"event_id": "note"})
    assert column(log, "customer_id") == ["a", "a", "a", "a", "b c"] * many
    assert column(log, "event_id")[:2] == ["0", "1"]
    assert rows_of(log, "customer_id: spaces around it were taken away") == 3 * many
    assert rows_of(log, "event_id: spaces around it were taken away") == 6 * many
    assert set(log.quarantine["reason"]) == {"customer_id is empty"}
    frame = pd.DataFrame({"customer_id": pd.Categorical(["a ", "a", "b "]), "channel": "web"})
    log = read_events(frame.assign(timestamp="2024-03-01T10:00Z"))
    assert column(log, "customer_id") == ["a", "a", "b"]
    assert log.table["customer_id"].unify_dictionaries().chunk(0).dictionary.to_pylist() == [
        "a",
        "b",
    ]


@pytest.mark.parametrize("role", ["event_id", "order_id", "session_id"])
def test_21_ids_as_floats_have_no_sure_text(role: str) -> None:
    frame = pd.DataFrame({"customer_id": ["a", "b"], "timestamp": "2024-03-01T10:00Z"})
    frame = frame.assign(channel="web", number=[2.0**53, 2.0**53 + 1])
    with pytest.raises(OmninbError, match=rf"{role}: column 'number' holds double.*'Int64'"):
        read_events(frame, {role: "number"})
    log = read_events(frame.assign(number=[2**53, 2**53 + 1]), {role: "number"})
    assert column(log, role) == ["9007199254740992", "9007199254740993"]


@pytest.mark.parametrize(
    "word", ["(null)", "#N/A", "\\N", "UNKNOWN", "undefined", "Undefined", "nil", "NAN", " NA "]
)
def test_22_more_words_for_nobody(word: str, tmp_path: Path) -> None:
    log = read(tmp_path, HEAD + GOOD + row(customer_id=word))
    assert rows_of(log, "customer_id is a word such as NA") == 1


@pytest.mark.parametrize("kind", ["parquet", "dictionary", "jsonl", "frame"])
def test_12_a_field_over_2_mb_wherever_it_comes_from(kind: str, tmp_path: Path) -> None:
    for size, refused in ((2_000_000, 0), (2_000_001, 1)):
        cells = {"customer_id": ["a", "b"], "timestamp": ["2024-03-01T10:00Z"] * 2}
        table = pa.table({**cells, "channel": ["web", "x" * size]})
        source: object = table
        if kind in ("parquet", "dictionary"):
            source = tmp_path / "log.parquet"
            pq.write_table(table, source, use_dictionary=kind == "dictionary", compression="none")
        elif kind == "jsonl":
            source = tmp_path / "log.jsonl"
            table.to_pandas().to_json(source, orient="records", lines=True)
        log = read_events(source, max_quarantined=1)
        reasons = ["a field over 2 MB; its text is cut"] * refused
        assert log.quarantine["reason"].tolist() == reasons


def test_19_parquet_that_unpacks_to_far_more(tmp_path: Path) -> None:
    cells = {"customer_id": ["a"], "timestamp": ["2024-03-01T10:00Z"], "channel": ["web"]}
    table = pa.table({**cells, "note": ["x" * 1_900_000]})
    pq.write_table(table, tmp_path / "log.parquet", compression="zstd")
    with pytest.raises(OmninbError, match=r"log.parquet unpacks to more than 100 times") as caught:
        read_events(tmp_path / "log.parquet")
    assert "max_unpacked=" in str(caught.value)
    assert len(read_events(tmp_path / "log.parquet", max_unpacked=2_000_000)) == 1
    with pytest.raises(OmninbError, match=r"more than 1,000 bytes"):
        read_events(tmp_path / "log.parquet", max_unpacked=1_000)


def test_32_one_currency_in_several_spellings_is_one(tmp_path: Path) -> None:
    text = HEAD + row(note="EUR") * 2 + row(note="eur") + row(note=" Eur ") + row()
    log = read(tmp_path, text.replace("note", "currency"), currency="eur")
    assert log.currency == "EUR"
    merged = log.quality.set_index("check").loc["currency: spellings merged"]
    assert merged["rows"] == 2 and "'eur' → 'EUR'" in merged["example"]
    message = said(tmp_path, text.replace("note", "currency"), currency="USD")
    assert "the log holds EUR, and currency='USD'" in message


def test_32_only_some_currencies_are_listed(tmp_path: Path) -> None:
    text = HEAD + "".join(row(note=f"C{n}{'y' * 99}") for n in range(9))
    message = said(tmp_path, text, columns={"currency": "note"})
    assert "C4y" in message and "C5y" not in message and "and 4 more" in message
    assert len(message) < 700


@pytest.mark.parametrize("role, cells", [("value", ["1.100,50", "12,00"]), ("score", ["4,5", "3"])])
def test_20_a_decimal_comma_in_numbers_of_any_kind(
    role: str, cells: list[str], tmp_path: Path
) -> None:
    text = HEAD + "".join(row(note=f'"{one}"') for one in cells)
    roles = {"columns": {role: "note"}}
    with pytest.raises(OmninbError, match=f"{role}: column 'note' holds '{cells[0]}'") as caught:
        read(tmp_path, text, **roles)
    assert caught.value.settled_by == {"decimal": (",",)}
    log = read(tmp_path, text.replace(",1.50,", ",,"), **roles, decimal=",")
    assert column(log, role) == {"value": [1_100_500_000, 12_000_000], "score": [4.5, 3.0]}[role]


def test_20_a_point_that_may_mark_thousands_is_told(tmp_path: Path) -> None:
    check = "value: each point stands before three digits: 1.500 was taken for 1.5"
    assert rows_of(read(tmp_path, HEAD + row(value="1.500") + row(value="7")), check) == 1
    for plain in ("1.50", "0.500", "1.5000"):
        log = read(tmp_path, HEAD + row(value="1.500") + row(value=plain))
        assert rows_of(log, check) == 0


@pytest.mark.parametrize("cell", ["$5", "5.50 EUR", '"1,000.50"'])
def test_30_money_that_is_none_in_all_rows(cell: str, tmp_path: Path) -> None:
    assert "no value of column 'value'" in said(tmp_path, HEAD + row(value=cell) * 9)
    log = read(tmp_path, HEAD + row(value=cell) + row(value="") * 30)
    assert log.quarantine["reason"].tolist() == ["value: not a plain decimal number"]


@pytest.mark.parametrize("cell", ["1_0", "0x1f", "1e", "--1"])
def test_30_scores_are_plain_numbers_too(cell: str, tmp_path: Path) -> None:
    text = HEAD + row(note=cell) + row(note=" 9 ")
    log = read(tmp_path, text, columns={"score": "note"})
    assert column(log, "score") == [9.0]
    assert log.quarantine["reason"].tolist() == ["score: not a number"]


def test_26_a_day_that_is_asked_for_is_called_so() -> None:
    visits = pd.DataFrame({"customer_id": ["a"], "timestamp": ["2024-03-01Z"], "channel": "web"})
    costs = pd.DataFrame({"day": [20_240_301], "channel": ["web"], "cost": [3]})
    with pytest.raises(OmninbError, match="day: column 'day' holds numbers"):
        read_events([visits, Source(costs, per=["channel", "day"])])
    costs["day"] = ["soon"]
    with pytest.raises(OmninbError, match="day: no value of column 'day' is a date"):
        read_events([visits, Source(costs, per=["channel", "day"])])


def test_35_spellings_that_look_alike_are_told_apart(tmp_path: Path) -> None:
    log = read(tmp_path, HEAD + row(channel="caf\xe9") * 2 + row(channel="cafe\u0301"))
    example = log.quality.set_index("check")["example"]["channel: spellings merged"]
    assert example == "'cafe\\u0301' → 'caf\\xe9'"


def test_6_json_lines_as_utf_16(tmp_path: Path) -> None:
    content = '{"customer_id": "a"}\n'.encode("utf-16")
    assert "is UTF-16" in said(tmp_path, content, "log.jsonl")


@pytest.mark.parametrize("first", ["sep=,", "sep=;", "# exported by the shop, 2024"])
def test_14_a_line_before_the_header_is_pointed_at(first: str, tmp_path: Path) -> None:
    assert f"line 1: {first!r} is no header" in said(tmp_path, f"{first}\n" + HEAD + GOOD)
    log = read(tmp_path, "#" + HEAD + GOOD, columns={"customer_id": "#customer_id"})
    assert len(log) == 1
