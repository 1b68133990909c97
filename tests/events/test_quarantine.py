"""The quarantine written out, mended and read again; the ledger exported and shown."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omninb.errors import OmninbError
from omninb.events import EventLog, read_events

pytestmark = pytest.mark.filterwarnings("ignore:.*are quarantined:UserWarning")
HEAD = "customer_id,timestamp,channel,value,note\n"
GOOD = [
    f'c{n % 7},2024-03-0{1 + n % 9}T10:00:0{n % 10}Z,web,{n}.25,"said ""{n}"",\nand left"\n'
    for n in range(20)
]
SPOILT = {
    3: lambda line: line.replace("2024-03-0", "2024-02-3", 1),
    5: lambda line: line.replace("c5", "", 1),
    8: lambda line: line.replace("web,", "", 1),
    11: lambda line: line.replace('left"', 'left",more', 1),
    14: lambda line: line.replace(".25", " EUR", 1),
    17: lambda line: line.replace("web", "w\0eb", 1),
}


def same_rows(log: EventLog, other: EventLog) -> None:
    """The same touchpoints, whatever their order."""

    def rows(one: EventLog) -> pd.DataFrame:
        frame = one.to_frame().astype({"channel": "str", "event": "str", "note": "str"})
        return frame.sort_values(list(frame.columns)).reset_index(drop=True)

    pd.testing.assert_frame_equal(rows(log), rows(other), check_dtype=False)


def test_written_out_mended_and_read_again_as_csv(tmp_path: Path) -> None:
    path, mended = tmp_path / "log.csv", tmp_path / "mended.csv"
    lines = [SPOILT[n](line) if n in SPOILT else line for n, line in enumerate(GOOD)]
    path.write_text(HEAD + "".join(lines), newline="")
    log = read_events(path, max_quarantined=0.5)
    assert len(log.quarantine) == len(SPOILT) and len(log) == len(GOOD) - len(SPOILT)
    log.quarantine.to_csv(tmp_path / "quarantine.csv", index=False)
    written = pd.read_csv(tmp_path / "quarantine.csv", dtype={"text": "str"})
    assert written["text"].tolist() == [lines[n].rstrip("\n") for n in SPOILT]
    right = dict(zip(written["line"], (GOOD[n] for n in SPOILT), strict=True))
    assert list(right) == [2 + 2 * n for n in SPOILT]  # each record has two lines
    mended.write_text(HEAD + "".join(right[line] for line in written["line"]), newline="")
    clean = tmp_path / "clean.csv"
    clean.write_text(HEAD + "".join(GOOD), newline="")
    again = read_events([path, mended], max_quarantined=0.5)
    same_rows(again, read_events(clean))
    assert again.counts["accepted"] == len(GOOD)
    assert [file["accepted"] for file in again.files] == [len(GOOD) - len(SPOILT), len(SPOILT)]


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_written_out_mended_and_read_again_as_json_lines(kind: str, tmp_path: Path) -> None:
    rows = [
        {"customer_id": f"c{n}", "timestamp": f"2024-03-01T10:00:0{n}Z", "channel": "web",
         "note": "é"}
        for n in range(9)
    ]  # fmt: skip
    spoilt = [row | {"timestamp": "soon"} if n == 4 else row for n, row in enumerate(rows)]
    path = tmp_path / f"log.{kind}"
    if kind == "jsonl":
        path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in spoilt))
    else:
        pq.write_table(pa.Table.from_pylist(spoilt), path)
    log = read_events(path, max_quarantined=0.5)
    (text,) = log.quarantine["text"]
    mended = tmp_path / "mended.jsonl"
    mended.write_text(text.replace("soon", rows[4]["timestamp"]))
    again = read_events([path, mended], max_quarantined=0.5)
    same_rows(again, read_events(pd.DataFrame(rows)))


def test_the_quarantine_names_file_line_text_and_reason_of_every_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(HEAD + GOOD[0] + f"{name},bad\n" + GOOD[1])
    log = read_events(str(tmp_path / "*.csv"), max_quarantined=0.5)
    assert log.quarantine.to_dict("records") == [
        {"file": str(tmp_path / f"{name}.csv"), "line": 4, "text": f"{name},bad",
         "reason": "too few columns"}
        for name in ("a", "b")
    ]  # fmt: skip
    for file in log.files:
        assert file["lines"] == 6 == 1 + 0 + 2 + file["accepted"] + file["quarantined"]
    assert sum(file["accepted"] for file in log.files) == log.counts["accepted"] == 4


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(0, 19), max_size=12), st.integers(0, 11))
def test_the_ledger_of_a_glob_is_the_sum_of_its_files(
    tmp_path: Path, drawn: list[int], cut: int
) -> None:
    lines = [SPOILT[n](GOOD[n]) if n in SPOILT else GOOD[n] for n in drawn]
    for name, some in (("a", lines[:cut]), ("b", lines[cut:])):
        (tmp_path / f"{name}.csv").write_text(HEAD + GOOD[0] + "".join(some), newline="")
    both = read_events(str(tmp_path / "*.csv"), max_quarantined=1)
    alone = [read_events(tmp_path / f"{name}.csv", max_quarantined=1) for name in ("a", "b")]
    for name in ("read", "accepted", "quarantined"):
        assert both.counts[name] == sum(log.counts[name] for log in alone)
    assert both.files == [log.files[0] for log in alone]


def test_the_ledger_goes_to_csv_and_back() -> None:
    frame = pd.DataFrame({"customer_id": ["a", "", "NA"], "channel": ["Web ", "web", "web"]})
    log = read_events(frame.assign(timestamp="2024-03-01T10:00:00Z"), max_quarantined=0.5)
    text = log.quality.to_csv(index=False)
    back = pd.read_csv(io.StringIO(text), keep_default_na=False)
    pd.testing.assert_frame_equal(back, log.quality, check_dtype=False)
    counts = log.quality.set_index("check")["rows"]
    assert counts["read"] == counts["accepted"] + counts["quarantined"]
    assert counts["accepted"] == counts["used"] + counts["duplicates removed"]


def test_the_ledger_is_shown_with_its_equation_and_its_files(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(HEAD + GOOD[0] + "<b>bad\n")
    log = read_events(tmp_path / "log.csv", max_quarantined=0.5)
    shown = log._repr_mimebundle_()
    for words in ("2 read", "1 accepted", "1 quarantined"):
        assert words in shown["text/plain"] and words in shown["text/html"]
    assert "too few columns" in shown["text/html"] and "log.csv" in shown["text/html"]
    assert "<b>bad" not in str(shown) and str(tmp_path) not in str(shown)
    ledger = shown["application/vnd.omninb.ledger+json"]
    (file,) = ledger["files"]
    assert file["lines"] == sum(
        file[part] for part in ("header", "blank", "continuation", "accepted", "quarantined")
    )


def test_a_log_of_nothing_but_dirt_is_refused_with_its_reasons(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(HEAD + "a,b\n" * 9 + GOOD[0])
    with pytest.raises(OmninbError, match="9 of 10 rows"):
        read_events(tmp_path / "log.csv")
