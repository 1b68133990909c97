"""Input classes of text files, by their numbers: what may come in, and what it must get."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from omninb.errors import OmninbError
from omninb.events import EventLog, read_events
from omninb.events.proposal import propose_columns

pytestmark = pytest.mark.filterwarnings("ignore:.*are quarantined:UserWarning")
HEAD = "customer_id,timestamp,channel,event\n"
ROW = "a,2024-03-01T10:00:00Z,web,view\n"


def read(folder: Path, content: str | bytes, name: str = "log.csv", **options: object) -> EventLog:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    log = read_events(path, **{"max_quarantined": 1, **options})  # a bad row of three is 33 %
    assert log.counts["read"] == log.counts["accepted"] + log.counts["quarantined"]
    assert log.counts["accepted"] == log.counts["used"] + log.counts["duplicates_removed"]
    assert log.counts["used"] == len(log)
    (lines,) = log.files
    parts = ("header", "blank", "continuation", "accepted", "quarantined")
    assert lines["lines"] == sum(lines[part] for part in parts)
    return log


def refused(folder: Path, content: str | bytes, name: str = "log.csv", **options: object) -> str:
    with pytest.raises(OmninbError) as caught:
        read(folder, content, name, **options)
    return str(caught.value)


def column(log: EventLog, role: str) -> list[object]:
    return log.table[role].to_pylist()


def rows_of(log: EventLog, check: str) -> int:
    found = log.quality.loc[log.quality["check"].str.startswith(check), "rows"]
    return int(found.sum())


def test_a_log_that_a_reader_can_count(tmp_path: Path) -> None:
    log = read(tmp_path, HEAD + ROW + "b,2024-03-01T11:00:00+01:00,store,purchase\n")
    assert column(log, "customer_id") == ["a", "b"]
    assert [moment.isoformat() for moment in column(log, "timestamp")] == [
        "2024-03-01T10:00:00+00:00",
        "2024-03-01T10:00:00+00:00",
    ]
    assert column(log, "channel") == ["web", "store"]
    assert column(log, "event") == ["view", "purchase"]
    assert log.table["timestamp"].type == pa.timestamp("us", "UTC")
    assert log.table["channel"].type == pa.dictionary(pa.int32(), pa.string())
    assert log.observed_from == log.observed_until == 1_709_287_200_000_000


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_1_2_3_byte_order_mark_and_line_ends(tmp_path: Path, end: str, mark: bytes) -> None:
    text = (HEAD + ROW + "\n" + ROW.replace("a,", "b,")).replace("\n", end)
    log = read(tmp_path, mark + text.encode())
    assert column(log, "customer_id") == ["a", "b"]
    assert log.files[0]["blank"] == 1


def test_4_quoted_line_end_comma_and_quote(tmp_path: Path) -> None:
    text = HEAD + 'a,2024-03-01T10:00:00Z,"web, ""new""","line one\nline two"\n' + ROW + "x,y\n"
    log = read(tmp_path, text)
    assert column(log, "channel") == ['web, "new"', "web"]
    assert log.files[0]["continuation"] == 1
    assert log.quarantine["line"].tolist() == [5]


def test_5_mixed_line_ends_each_end_a_line(tmp_path: Path) -> None:
    ends = ["\r\n", "\n", "\r", "\n", "\n"]
    log = read(tmp_path, HEAD + "".join(ROW.replace("\n", end) for end in ends))
    assert len(log) == 5
    mixed = log.quality.set_index("check").loc["log.csv: line ends are mixed, each ends its line"]
    assert mixed[["outcome", "rows"]].tolist() == ["repaired", 2]
    assert mixed["example"] == "4 LF, 1 CRLF, 1 CR"
    assert not rows_of(read(tmp_path, HEAD + ROW), "log.csv: line ends")


def test_6_utf16_is_refused_in_words(tmp_path: Path) -> None:
    assert "UTF-8" in refused(tmp_path, (HEAD + ROW).encode("utf-16"))


def test_7_9_10_what_the_reader_refuses_is_quarantined_by_line(tmp_path: Path) -> None:
    bad = b"b,2024\n\n" + b'c,"2024"x,web,view\n' + b"d,1,2,3,4\n" + b"e,\xff,web,view\n"
    log = read(tmp_path, HEAD.encode() + bad + ROW.encode())
    assert log.quarantine[["line", "reason"]].to_numpy().tolist() == [
        [2, "too few columns"],
        [4, "text after a closing quote"],
        [5, "too many columns"],
        [6, "encoding: not UTF-8"],
    ]
    assert log.quarantine["text"].tolist()[:2] == ["b,2024", 'c,"2024"x,web,view']
    assert column(log, "customer_id") == ["a"]


def test_11_unterminated_quote_names_the_line(tmp_path: Path) -> None:
    assert "line 3" in refused(tmp_path, HEAD + ROW + 'b,"2024,web,view\n' + ROW)


def test_13_the_header_again(tmp_path: Path) -> None:
    log = read(tmp_path, HEAD + ROW + HEAD + ROW)
    assert log.quarantine[["line", "reason"]].to_numpy().tolist() == [[3, "the header again"]]
    assert len(log) == 2


def test_14_missing_and_duplicate_required_columns(tmp_path: Path) -> None:
    said = refused(tmp_path, "user_id,timestamp,chanel\n1,2024-01-01T00:00:00Z,web\n")
    assert "customer_id" in said and "'user_id'" in said
    assert "columns={'customer_id': 'user_id'" in said and "Did you mean" not in said[:20]
    said = refused(tmp_path, "customer_id,timestamp,channel,channel\na,2024,web,web\n")
    assert "more than one column 'channel'" in said
    said = refused(tmp_path, HEAD + ROW, columns={"chanel": "channel"})
    assert "Did you mean 'channel'?" in said
    said = refused(tmp_path, HEAD + ROW, columns={"channel": "chanel"})
    assert "Did you mean 'channel'?" in said
    said = refused(tmp_path, "user,timestamp\n", columns={"user": "customer_id"})
    assert "{'customer_id': 'user'}" in said


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n", b"  \n"])
def test_15_empty_file(tmp_path: Path, content: bytes) -> None:
    assert "empty" in refused(tmp_path, content)


def test_16_header_only(tmp_path: Path) -> None:
    for content in (HEAD, HEAD.strip()):
        log = read(tmp_path, content)
        assert len(log) == 0 and log.observed_until is None
        assert list(log.to_frame().columns) == ["customer_id", "timestamp", "channel", "event"]


def test_17_no_final_newline(tmp_path: Path) -> None:
    assert len(read(tmp_path, HEAD + ROW + ROW.strip())) == 2


def test_18_packed_files(tmp_path: Path) -> None:
    packed = gzip.compress((HEAD + ROW).encode())
    assert len(read(tmp_path, packed + gzip.compress(ROW.encode()), "log.csv.gz")) == 2
    assert len(read(tmp_path, packed, "named_otherwise.csv")) == 1
    assert "damaged" in refused(tmp_path, packed[:-12], "log.csv.gz")
    assert "damaged" in refused(tmp_path, b"\x1f\x8bfalse", "log.csv.gz")
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write((HEAD + ROW).encode())
    assert len(read(tmp_path, sink.getvalue().to_pybytes(), "log.csv.zst")) == 1


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_20_the_header_settles_the_delimiter(tmp_path: Path, delimiter: str) -> None:
    log = read(tmp_path, (HEAD + ROW).replace(",", delimiter))
    assert column(log, "event") == ["view"]
    assert log.quality["check"].str.contains("separated by").any()


def test_20_decimal_comma_is_asked_for(tmp_path: Path) -> None:
    head = "customer_id;timestamp;channel;value\n"
    text = head + "a;2024-03-01T10:00:00Z;web;12,50\n"
    assert 'decimal=","' in refused(tmp_path, text)
    assert column(read(tmp_path, text, decimal=","), "value") == [12_500_000]
    # One comma among points is a slip, not a dialect.
    dot = "a;2024-03-01T10:00:00Z;web;1.5\n"
    assert len(read(tmp_path, text + dot + dot).quarantine) == 1


def test_21_ids_are_texts(tmp_path: Path) -> None:
    ids = ["00123", "123", "123.0", "9007199254740993", "9007199254740992", " 5", "5"]
    text = HEAD + "".join(ROW.replace("a,", f"{one},", 1) for one in ids)
    assert column(read(tmp_path, text), "customer_id") == [one.strip() for one in ids]


def test_22_no_id_and_words_for_nobody(tmp_path: Path) -> None:
    ids = ["", '""', "  ", "NA", "None", "-", "0", "a"]
    text = HEAD + "".join(ROW.replace("a,", f"{one},", 1) for one in ids)
    log = read(tmp_path, text)
    assert log.quarantine["line"].tolist() == [2, 3, 4]
    assert set(log.quarantine["reason"]) == {"customer_id is empty"}
    assert rows_of(log, "customer_id is a word") == 4


def test_33_repeated_event_id_and_equal_rows(tmp_path: Path) -> None:
    head = HEAD.replace("event\n", "event,event_id\n")
    text = head + "".join(
        ROW.replace("view", f"{event},{key}")
        for event, key in [("view", "1"), ("again", "1"), ("view", "2"), ("x", ""), ("x", "")]
    )
    log = read(tmp_path, text)
    assert column(log, "event") == ["view", "view", "x", "x"]
    assert log.counts["duplicates_removed"] == 1
    assert rows_of(log, "row equals an earlier one: kept") == 1
    log = read(tmp_path, text, drop_duplicates=True)
    assert column(log, "event") == ["view", "view", "x"]
    assert log.counts["duplicates_removed"] == 2


def test_34_unsorted_and_tied_keep_the_input_order_or_the_declared_one(tmp_path: Path) -> None:
    rows = [("12", "purchase"), ("12", "view"), ("11", "view")]
    text = HEAD + "".join(f"a,2024-03-01T{hour}:00:00Z,web,{event}\n" for hour, event in rows)
    log = read(tmp_path, text)
    assert column(log, "event") == ["purchase", "view", "view"]
    assert rows_of(log, "ties") == 2
    log = read(tmp_path, text, priority=["view", "purchase"])
    assert column(log, "event") == ["view", "view", "purchase"]


def test_35_spellings_become_the_most_frequent_one(tmp_path: Path) -> None:
    names = [
        "web",
        "Web ",
        "web",
        "WEB",
        "cafe\u0301",
        "caf\u00e9",
        "caf\u00e9",
        "call  centre",
        "",
    ]
    text = HEAD + "".join(ROW.replace("web", name) for name in names)
    log = read(tmp_path, text)
    assert column(log, "channel") == ["web"] * 4 + ["caf\u00e9"] * 3 + ["call centre", "(not set)"]
    merged = log.quality.set_index("check").loc["channel: spellings merged"]
    assert merged["rows"] == 4 and "'WEB' → 'web'" in merged["example"]
    assert rows_of(log, "channel is empty") == 1


def test_a_literal_path_may_hold_glob_characters(tmp_path: Path) -> None:
    assert len(read(tmp_path, HEAD + ROW, "a[1]*?'.csv")) == 1


def test_several_files_and_globs(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEAD + ROW + "bad\n")
    (tmp_path / "b.csv").write_text(HEAD.replace("event", "event,extra") + ROW[:-1] + ",1\n,,\n")
    log = read_events(str(tmp_path / "*.csv"), max_quarantined=0.5)
    assert [one["file"] for one in log.files] == ["a.csv", "b.csv"]
    assert column(log, "extra") == [None, "1"]
    assert log.quarantine[["line", "reason"]].to_numpy().tolist() == [
        [3, "too few columns"],
        [3, "too few columns"],
    ]
    assert len(read_events([tmp_path / "a.csv", tmp_path / "b.csv"], max_quarantined=0.5)) == 2
    (tmp_path / "c.csv").write_text("something,else\n1,2\n")
    with pytest.raises(OmninbError, match=r"c\.csv"):
        read_events(str(tmp_path / "*.csv"))


def test_no_such_file_folder_or_kind(tmp_path: Path) -> None:
    for source, said in [
        (tmp_path / "none.csv", "no file"),
        (tmp_path / "no folder" / "*.csv", "no file"),
        (tmp_path, "folder"),
        ([], "empty list"),
        (42, "int"),
        ([1], "int"),
    ]:
        with pytest.raises(OmninbError, match=said):
            read_events(source)
    assert "unknown kind" in refused(tmp_path, "x", "log.xml")
    assert refused(tmp_path, b"PAR1 not really", "log.parquet")


def test_a_mistyped_file_is_pointed_out(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(HEAD + ROW)
    with pytest.raises(OmninbError, match=r"no file .*eventz\.csv.* Did you mean .*events\.csv'\?"):
        read_events(tmp_path / "eventz.csv")
    (tmp_path / "folders.csv").mkdir()
    with pytest.raises(OmninbError, match="no file"):
        read_events(tmp_path / "folder*.csv")


@pytest.mark.parametrize("name", ["log.xlsx", "Log.XLS", "log.ods"])
def test_a_spreadsheet_is_told_the_ways_out(name: str, tmp_path: Path) -> None:
    said = refused(tmp_path, b"PK\x03\x04", name)
    assert "Save it as CSV" in said and f"pandas.read_excel('{name}', dtype=str)" in said
    with pytest.raises(OmninbError, match="Save it as CSV"):
        propose_columns(tmp_path / name)


def test_json_lines(tmp_path: Path) -> None:
    text = (
        '{"customer_id":"00123","timestamp":"2024-03-01T10:00:00Z","channel":"web","value":19.99,'
        '"a/b":{"deep":1}}\n\n[1]\n{broken\n'
        '{"customer_id":123,"timestamp":"2024-03-01T10:00:00Z","channel":"web","value":null}'
    )
    for name, content in [
        ("a.jsonl", text.encode()),
        ("a.ndjson.gz", gzip.compress(text.encode())),
    ]:
        log = read(tmp_path, content, name)
        assert column(log, "customer_id") == ["00123", "123"]
        assert column(log, "value") == [19_990_000, None]
        assert column(log, "a/b") == ['{"deep":1}', None]
        assert log.quarantine["line"].tolist() == [3, 4]
    assert "no line" in refused(tmp_path, "[1]\n", "b.jsonl")
    log = read(tmp_path, text.encode() + b'\n{"customer_id":"\xff"}\n', "c.jsonl")
    assert log.quarantine["reason"].tolist()[-1] == "encoding: not UTF-8"


def test_quality_and_ledger_hold_no_id_no_raw_text_no_path(tmp_path: Path) -> None:
    log = read(tmp_path, HEAD + ROW + "secret-id,never,web,view\nsecret-id\n")
    bundle = log._repr_mimebundle_()
    ledger = bundle["application/vnd.omninb.ledger+json"]
    assert "secret" not in str(bundle) and str(tmp_path) not in str(bundle)
    assert (ledger["read"], ledger["accepted"], ledger["quarantined"]) == (3, 1, 2)
    assert ledger["files"][0]["file"] == "log.csv"
    assert log.quarantine["text"].str.contains("secret").all()


def test_html_of_the_ledger_is_escaped(tmp_path: Path) -> None:
    log = read(tmp_path, HEAD + ROW.replace("web", "<b>$x$") + ROW.replace("web", "<B>$x$"))
    page = log._repr_mimebundle_()["text/html"]
    assert "<b>" not in page and "<B>" not in page and "$" not in page
