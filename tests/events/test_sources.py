"""Where a log may come from, and what may not come along with it."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import re
import sqlite3
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import omninb as onb
from omninb.errors import OmninbError
from omninb.events import EventLog, Source, batches, read_events, sources
from omninb.events.joining import share_out
from omninb.events.progress import progress
from omninb.events.proposal import propose_columns
from omninb.events.sandbox import sandbox

ROWS = 240
FRAME = pd.DataFrame(
    {
        "customer_id": [f"c{row % 31:03}" for row in range(ROWS)],
        "timestamp": pd.Timestamp("2024-03-01", tz="UTC")
        + pd.to_timedelta(np.arange(ROWS) * 977, unit="min"),
        "channel": [["web", "store", "app"][row % 3] for row in range(ROWS)],
        "event": [["view", "purchase"][row % 2] for row in range(ROWS)],
        "value": [None if row % 4 else row / 8 for row in range(ROWS)],
    }
)


def rows_of(log: EventLog) -> list[tuple[object, ...]]:
    table = log.table.select(list(FRAME.columns))
    return sorted(zip(*(column.to_pylist() for column in table.columns), strict=True), key=repr)


def check(log: EventLog, words: str) -> pd.Series:
    return log.quality.loc[log.quality["check"].str.contains(words, regex=False)].iloc[0]


# Folders and globs


def test_a_folder_of_partitions_is_one_log(tmp_path: Path) -> None:
    for (channel, event), rows in FRAME.groupby(["channel", "event"]):
        folder = tmp_path / "log" / f"channel={channel}" / f"event={event}"
        folder.mkdir(parents=True)
        rows.drop(columns=["channel", "event"]).to_parquet(folder / "part-0.parquet", index=False)
    (tmp_path / "log" / "_SUCCESS").write_text("")
    (tmp_path / "log" / ".part-0.parquet.crc").write_bytes(b"\0")
    whole = rows_of(read_events(FRAME))
    assert rows_of(read_events(tmp_path / "log")) == whole
    assert rows_of(read_events(str(tmp_path / "log" / "*" / "*" / "*.parquet"))) == whole
    found = duckdb.sql(
        f"SELECT channel, count(*) FROM read_parquet('{tmp_path}/log/*/*/*.parquet', "
        "hive_partitioning=true) GROUP BY ALL"
    ).fetchall()
    log = read_events(tmp_path / "log")
    assert dict(found) == log.to_frame()["channel"].value_counts().to_dict()
    assert len(log.files) == 6 and sum(file["accepted"] for file in log.files) == ROWS
    assert propose_columns(tmp_path / "log")["channel"] == "channel"


def test_partition_keys_are_text_decoded_and_may_be_null(tmp_path: Path) -> None:
    for name in ("shop=K%C3%B6ln", "shop=0012", "shop=__HIVE_DEFAULT_PARTITION__"):
        (tmp_path / name).mkdir()
        FRAME.to_csv(tmp_path / name / "a.csv", index=False)
    log = read_events(tmp_path)
    assert log.to_frame()["shop"].value_counts(dropna=False).to_dict() == {
        "Köln": ROWS, "0012": ROWS, np.nan: ROWS,
    }  # fmt: skip


def test_a_columns_own_values_stand_before_its_folders_name(tmp_path: Path) -> None:
    (tmp_path / "channel=elsewhere").mkdir()
    FRAME.to_csv(tmp_path / "channel=elsewhere" / "a.csv", index=False)
    log = read_events(tmp_path)
    assert rows_of(log) == rows_of(read_events(FRAME))
    assert check(log, "'channel' is a column and in names of folders")["rows"] == ROWS
    assert check(log, "'channel' is not what the folder's name says")["rows"] == ROWS


@pytest.mark.parametrize("write", ["to_csv", "to_parquet"])
def test_a_column_that_says_what_its_folders_name_does_is_noted(write: str, tmp_path: Path) -> None:
    for month in (1, 12):
        (tmp_path / f"month={month}").mkdir()
        frame = FRAME.assign(month=month)
        frame.loc[:2, "month"] = 12
        getattr(frame, write)(tmp_path / f"month={month}" / "a.part.csv", index=False)
        path = tmp_path / f"month={month}" / "a.part.csv"
        path.rename(path.with_suffix(".parquet" if write == "to_parquet" else ".csv"))
    log = read_events(tmp_path)
    assert check(log, "'month' is a column and in names of folders")["rows"] == 2 * ROWS
    assert check(log, "'month' is not what the folder's name says")["rows"] == 3


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for day, end in ((1, "\n"), (2, "\r\n")):
        (tmp_path / f"d={day}").mkdir()
        rows = ["customer_id,timestamp,channel", "a,2025-03-01T10:00:00Z,web", f"b{day},never,web"]
        (tmp_path / f"d={day}" / "p.csv").write_bytes(end.join(rows).encode())
    log = read_events(tmp_path, max_quarantined=0.5)
    assert [file["file"] for file in log.files] == ["d=1/p.csv", "d=2/p.csv"]
    assert not log.quality["check"].str.contains("line ends").any()
    assert check(log, "timestamp: not a date")["example"] == "d=1/p.csv, line 3"
    path = tmp_path / "d=2" / "p.csv"
    path.write_text(path.read_text() + '\n"open')
    with pytest.raises(OmninbError, match=r"^d=2/p\.csv, line 4"):
        read_events(tmp_path)


@pytest.mark.parametrize("how", ["glob", "folder", "folder by a link", "nested glob"])
def test_links_that_lead_out_are_refused(tmp_path: Path, how: str) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    FRAME.to_csv(inside / "a.csv", index=False)
    FRAME.to_csv(outside / "secret.csv", index=False)
    if how in ("folder by a link", "nested glob"):
        (inside / "more").symlink_to(outside, target_is_directory=True)
    else:
        (inside / "b.csv").symlink_to(outside / "secret.csv")
    given = {"glob": "*.csv", "nested glob": "**/*.csv"}.get(how)
    with pytest.raises(OmninbError, match="leads out"):
        read_events(str(inside / given) if given else inside)


def test_a_double_star_goes_through_no_link(tmp_path: Path) -> None:
    inside = tmp_path / "in" / "x=1" / "deep"
    inside.mkdir(parents=True)
    for name in ("x=1/deep/a.csv", "x=1/b.csv", "c.csv", "x=1/b.txt", ".hidden.csv", "_kept.csv"):
        FRAME.assign(event=name).to_csv(tmp_path / "in" / name, index=False)

    def found(pattern: str) -> set[str]:
        log = read_events(str(tmp_path / "in" / pattern))
        return set(log.table["event"].unique().to_pylist())

    everything = {"x=1/deep/a.csv", "x=1/b.csv", "c.csv", "_kept.csv"}
    assert found("**/*.csv") == everything
    assert found("**/deep/**/*.csv") == {"x=1/deep/a.csv"}
    assert found("x=*/**") == {"x=1/deep/a.csv", "x=1/b.csv", "x=1/b.txt"}
    assert found("**/x=1/*.csv") == {"x=1/b.csv"}
    (inside / "round").symlink_to("/proc/self", target_is_directory=True)
    with pytest.raises(OmninbError, match=r"round' is a symbolic link"):
        read_events(str(tmp_path / "in" / "**" / "*.csv"))


def test_an_empty_path_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FRAME.to_csv(tmp_path / "a.csv", index=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OmninbError, match="empty path"):
        read_events("")
    assert len(read_events(".")) == ROWS


def test_a_file_that_two_sources_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    FRAME.to_csv(path, index=False)
    for twice in ([Source(path), Source(str(path))], [path, Source(str(tmp_path / "*.csv"))]):
        with pytest.raises(OmninbError, match=r"a\.csv is named twice"):
            read_events(twice)
    paid = Source(path, {"cost": "value"}, per="customer_id")  # looked up, no row counts twice
    with pytest.raises(OmninbError, match="is a column of the touchpoints too"):
        read_events([path, paid])


def test_several_frames_are_told_apart() -> None:
    bad = FRAME.assign(customer_id=FRAME["customer_id"].where(FRAME.index > 0, ""))
    for frames in ([FRAME, bad], [Source(FRAME), Source(bad)]):
        log = read_events(frames)
        assert [one["file"] for one in log.files] == ["(DataFrame 1)", "(DataFrame 2)"]
        assert [one["accepted"] for one in log.files] == [ROWS, ROWS - 1]
        assert log.quarantine["file"].tolist() == ["(DataFrame 2)"]
    assert read_events(bad).files[0]["file"] == "(DataFrame)"


@pytest.mark.parametrize("role", ["event", "value", "currency"])
@pytest.mark.parametrize("columns", [None, {"channel": "channel"}])
@pytest.mark.parametrize("late", ["a", "b"])
def test_a_role_that_only_some_files_have_is_refused(
    tmp_path: Path, role: str, columns: dict[str, str] | None, late: str
) -> None:
    frame = FRAME.assign(currency="EUR")
    for name in ("a", "b"):
        some = frame.drop(columns=role) if name == late else frame
        some.to_csv(tmp_path / f"{name}.csv", index=False)
    with pytest.raises(OmninbError) as caught:
        read_events(str(tmp_path / "*.csv"), columns)
    said = str(caught.value)
    assert "a.csv" in said and "b.csv" in said and repr(role) in said and "columns=" not in said


def test_a_link_that_stays_or_is_named_itself_is_followed(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "real.csv", index=False)
    (tmp_path / "named.csv").symlink_to(tmp_path / "real.csv")
    assert len(read_events(tmp_path / "named.csv")) == ROWS
    with pytest.raises(OmninbError, match=r"real\.csv is named twice"):  # rows would count twice
        read_events(str(tmp_path / "*.csv"))
    with pytest.raises(OmninbError, match="named twice"):
        read_events([tmp_path / "real.csv", tmp_path / "named.csv"])


def test_tricks_in_paths_are_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    FRAME.to_csv(tmp_path / "secret.csv", index=False)
    FRAME.to_csv(tmp_path / "in" / "a.csv", index=False)
    with pytest.raises(OmninbError, match=r"'\.\.' after a wildcard"):
        read_events(str(tmp_path / "i*" / ".." / "*.csv"))
    assert len(read_events(str(tmp_path / "in" / ".." / "*.csv"))) == ROWS  # before it, it is plain
    with pytest.raises(OmninbError, match="NUL"):
        read_events("a\0.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(OmninbError, match="no regular file"):  # reading it would never end
        read_events(tmp_path / "pipe.csv")
    assert len(read_events(str(tmp_path / "*.csv"))) == ROWS


def test_names_that_look_like_globs_or_sql_are_only_names(tmp_path: Path) -> None:
    for name in ("a[1]*?.csv", "'; DROP TABLE given; --.csv", 'x"y.parquet'):
        if name.endswith("csv"):
            FRAME.to_csv(tmp_path / name, index=False)
        else:
            FRAME.to_parquet(tmp_path / name, index=False)
        assert rows_of(read_events(tmp_path / name)) == rows_of(read_events(FRAME))
    column = "a'); DROP TABLE given; --\""
    log = read_events(FRAME.rename(columns={"channel": column}), {"channel": column})
    assert log.roles["channel"] == column and len(log) == ROWS


# Kinds of sources


def test_every_packing_and_kind_gives_the_same_log(tmp_path: Path) -> None:
    text = FRAME.to_csv(index=False).encode()
    (tmp_path / "a.csv").write_bytes(text)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(text[:4000]) + gzip.compress(text[4000:]))
    with pa.output_stream(str(tmp_path / "c.csv.zst"), compression="zstd") as sink:
        sink.write(text)
    lines = FRAME.to_json(orient="records", lines=True, date_format="iso").encode()
    (tmp_path / "d.jsonl").write_bytes(lines)
    (tmp_path / "e.jsonl.gz").write_bytes(gzip.compress(lines))
    FRAME.to_parquet(tmp_path / "f.parquet", index=False)
    expected = rows_of(read_events(FRAME))
    for path in sorted(tmp_path.iterdir()):
        assert rows_of(read_events(path)) == expected, path.name
    both = read_events([tmp_path / "a.csv", FRAME.assign(timestamp=FRAME["timestamp"].astype(str))])
    assert rows_of(both) == sorted(expected * 2, key=repr)


def test_sqlite_comes_in_as_a_frame(tmp_path: Path) -> None:
    """The documented way: ids stay text, since SQLite has no types to spoil them by."""
    database = sqlite3.connect(tmp_path / "shop.db")
    database.execute("CREATE TABLE visits (customer TEXT, at TEXT, source TEXT)")
    database.executemany(
        "INSERT INTO visits VALUES (?, ?, ?)",
        [("00123", "2025-03-01 10:00:00", "web"), ("123", "2025-03-01 11:00:00", "store")],
    )
    visits = pd.read_sql("SELECT * FROM visits", database)
    columns = {"customer_id": "customer", "timestamp": "at", "channel": "source"}
    log = onb.read_events(visits, columns, timezone="Europe/Berlin")
    assert log.table["customer_id"].to_pylist() == ["00123", "123"]
    counted = database.execute("SELECT source, count(*) FROM visits GROUP BY 1").fetchall()
    assert dict(counted) == log.to_frame()["channel"].value_counts().to_dict()


def test_any_stream_of_arrow_is_read_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a database driver that speaks Arrow (ADBC: PostgreSQL, …) needs no code of its own."""
    monkeypatch.setattr(sources, "_ROWS", 50)
    monkeypatch.setattr(batches, "ROWS", 50)
    table = pa.Table.from_pandas(FRAME, preserve_index=False)
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=20))
    log = read_events(reader)
    assert rows_of(log) == rows_of(read_events(FRAME))
    assert log.files[0]["accepted"] == ROWS and log.table["timestamp"].num_chunks > 3
    relation = duckdb.from_arrow(table).filter("channel = 'web'")
    assert rows_of(read_events(relation)) == [row for row in rows_of(log) if row[2] == "web"]


def test_uuids_are_their_text() -> None:
    relation = duckdb.sql(
        "SELECT '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::UUID AS customer_id, "
        "TIMESTAMPTZ '2025-03-01 10:00:00Z' AS timestamp, 'web' AS channel"
    )
    log = read_events(relation)
    assert log.table["customer_id"].to_pylist() == ["6ba7b810-9dad-11d1-80b4-00c04fd430c8"]


# Streaming


def test_small_batches_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dirty = FRAME.astype({"timestamp": str, "value": object})
    dirty.loc[[3, 100, 239], "customer_id"] = ""
    dirty.loc[[50, 200], "timestamp"] = "never"
    dirty.loc[[7], "value"] = "$5"
    dirty.to_csv(tmp_path / "a.csv", index=False)
    dirty.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    pq.write_table(
        pa.Table.from_pandas(dirty.astype({"value": str}).replace("nan", "")),
        tmp_path / "a.parquet", row_group_size=13,
    )  # fmt: skip
    for name in ("a.csv", "a.jsonl", "a.parquet"):
        whole = read_events(tmp_path / name, max_quarantined=1)
        with monkeypatch.context() as patch:
            patch.setattr(batches, "ROWS", 17)
            patch.setattr("omninb.events.packing.PIECE", 900)
            patch.setattr("omninb.events.parquet_files._ROWS_AT_A_TIME", 20)
            parts = read_events(tmp_path / name, max_quarantined=1)
        assert rows_of(parts) == rows_of(whole)
        assert parts.quarantine.equals(whole.quarantine)
        assert parts.quality.equals(whole.quality) and parts.files == whole.files
        assert whole.quarantine["line"].tolist() == [
            row + 1 + (name == "a.csv") for row in (3, 7, 50, 100, 200, 239)
        ]


def test_json_keys_of_any_line_are_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omninb.events.packing.PIECE", 200)
    line = '{"customer_id": "a", "timestamp": "2025-03-01T10:00:00Z", "channel": "web"%s}\n'
    (tmp_path / "a.jsonl").write_text(line % "" * 40 + line % ', "value": 3')
    values = read_events(tmp_path / "a.jsonl").table["value"].to_pylist()
    assert values == [None] * 40 + [3_000_000]


def test_ids_of_files_of_other_types_are_compared_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "ROWS", 100)
    FRAME.assign(customer_id=range(ROWS)).to_parquet(tmp_path / "a.parquet")
    FRAME.assign(customer_id="007").to_parquet(tmp_path / "b.parquet")
    ids = read_events(str(tmp_path / "*.parquet")).table["customer_id"].to_pylist()
    assert ids == [str(row) for row in range(ROWS)] + ["007"] * ROWS


@pytest.mark.parametrize("tags", [["x"], {"a": 1}, [{"a": ["é"]}], []])
def test_lists_and_structs_go_with_text_as_in_json_lines(tags: object, tmp_path: Path) -> None:
    row = {"customer_id": "a", "timestamp": "2025-03-01T10:00:00Z", "channel": "web", "tags": tags}
    frame = pd.DataFrame([row, {**row, "tags": None}])
    lines = tmp_path / "lines.jsonl"
    lines.write_text(json.dumps(row, ensure_ascii=False), "utf-8")
    text = tmp_path / "text.csv"
    text.write_text("customer_id,timestamp,channel,tags\na,2025-03-01T10:00:00Z,web,x\n")
    log = read_events([frame, lines, text])
    first, second, third, fourth = log.table["tags"].to_pylist()
    assert first == third and json.loads(first) == tags
    assert second is None and fourth == "x"


def test_what_one_file_holds_as_numbers_another_may_hold_as_text(tmp_path: Path) -> None:
    table = FRAME.assign(visits=range(ROWS), shop="Köln")
    half = ROWS // 2
    table[:half].to_parquet(tmp_path / "a.parquet", index=False)
    mended = table[half:].to_json(orient="records", lines=True, date_format="iso")
    (tmp_path / "b.jsonl").write_text(mended)
    log = read_events([tmp_path / "a.parquet", tmp_path / "b.jsonl"])
    assert log.table.select(read_events(table).table.column_names) == read_events(table).table
    (tmp_path / "c.jsonl").write_text(mended.replace('"visits":', '"visits":"many","n":'))
    kept = read_events([tmp_path / "a.parquet", tmp_path / "c.jsonl"]).table["visits"].to_pylist()
    assert kept == [str(number) for number in range(half)] + ["many"] * half


def test_a_bar_counts_bytes_and_rows(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(1_000_000) as done:
        done(1, 1)
    assert capsys.readouterr().err == ""  # no terminal, no bar


def test_the_bar_shows_on_a_terminal_after_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    clock = [100.0]
    monkeypatch.setattr("tqdm.std.time", lambda: clock[0])
    monkeypatch.setattr("sys.stderr", Terminal())
    with progress(1_000_000) as done:
        clock[0] += 1.5
        done(100_000, 1_000)
        assert sys.stderr.getvalue() == ""
        clock[0] += 1.5
        done(300_000, 4_000)
        shown = sys.stderr.getvalue()
    assert "40%" in shown and "5,000 rows" in shown


# Safety


def test_duckdb_opens_no_file_and_cannot_be_opened_again(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "a.csv", index=False)
    (tmp_path / "b.csv").write_text("x\n1\n")
    connection = sandbox(tmp_path / "b.csv")
    assert connection.sql(f"SELECT count(*) FROM read_csv('{tmp_path}/b.csv')").fetchall() == [(1,)]
    local = FRAME  # noqa: F841  a Python variable must not be found by its name
    for sql in (
        f"SELECT * FROM read_csv('{tmp_path}/a.csv')",
        f"SELECT * FROM read_csv('{tmp_path}/*.csv')",
        f"COPY (SELECT 1) TO '{tmp_path}/c.csv'",
        f"ATTACH '{tmp_path}/d.db'",
        "SELECT * FROM local",
        "INSTALL httpfs",
        "LOAD sqlite",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "SET allowed_directories = ['/']",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(sql).fetchall()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.csv", "b.csv"]
    settings = dict(connection.sql("SELECT name, value FROM duckdb_settings()").fetchall())
    assert settings["lock_configuration"] == "true"
    assert settings["enable_external_access"] == "false"
    assert settings["python_enable_replacements"] == "false"
    assert settings["autoinstall_known_extensions"] == "false"
    assert settings["autoload_known_extensions"] == "false"


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


def test_nothing_is_ever_unpickled(tmp_path: Path) -> None:
    exploded = tmp_path / "exploded"
    payload = pickle.dumps(Bomb(exploded))
    pickle.loads(payload)  # it would
    assert exploded.exists()
    exploded.unlink()
    table = pa.Table.from_pandas(FRAME, preserve_index=False)
    for name in (b"arrow.py_extension_type", b"omninb.unknown"):
        marks = {b"ARROW:extension:name": name, b"ARROW:extension:metadata": payload}
        fields = [
            field.with_metadata(marks) if field.name in ("channel", "value") else field
            for field in table.schema
        ]
        schema = pa.schema(fields, metadata={b"pandas": payload, b"pickled": payload})
        pq.write_table(table.cast(schema), tmp_path / "a.parquet", store_schema=True)
        assert rows_of(read_events(tmp_path / "a.parquet")) == rows_of(read_events(FRAME))
        assert rows_of(read_events(table.cast(schema))) == rows_of(read_events(FRAME))
    assert not exploded.exists()


# Several tables in one log


VISITS = FRAME.drop(columns="value")
SURVEY = pd.DataFrame(
    {"who": ["c001", "c002"], "answered": ["01/04/2024 08:00", "02/04/2024 09:30"], "score": [9, 4]}
)


def test_tables_with_columns_of_their_own_become_one_log(tmp_path: Path) -> None:
    VISITS.to_csv(tmp_path / "visits.csv", index=False)
    survey = Source(
        SURVEY, {"customer_id": "who", "timestamp": "answered"},
        constants={"channel": "e-mail", "event": "answer", "score_kind": "csat"},
        timezone="Europe/Berlin", day_first=True,
    )  # fmt: skip
    log = read_events([tmp_path / "visits.csv", survey])
    assert len(log) == ROWS + 2 and log.counts["read"] == ROWS + 2
    answers = log.to_frame().query("event == 'answer'")
    assert answers["customer_id"].tolist() == ["c001", "c002"]
    assert answers["score"].tolist() == [9, 4] and set(answers["score_kind"]) == {"csat"}
    assert answers["timestamp"].astype(str).tolist() == [
        "2024-04-01 06:00:00+00:00", "2024-04-02 07:30:00+00:00",
    ]  # fmt: skip
    assert log.to_frame()["score"].notna().sum() == 2
    assert [file["file"] for file in log.files] == ["visits.csv", "(DataFrame)"]


def test_assignments_reach_every_touchpoint_from_their_time_on() -> None:
    arms = pd.DataFrame(
        {
            "id": [f"c{row:03}" for row in range(20)] + ["nobody", "c019", "c018"],
            "arm": ["control", "treatment"] * 10 + ["control", "control", "control"],
            "since": ["2024-03-20T00:00:00Z"] * 23,
        }
    )
    columns = {"customer_id": "id", "variant": "arm"}
    given: dict[str, str] = dict(zip(arms["id"][:20], arms["arm"][:20], strict=True))
    del given["c019"]  # it has two arms
    for timed in (False, True):
        role = {"timestamp": "since"} if timed else {}
        own = arms if timed else arms.drop(columns="since")
        log = read_events([VISITS, Source(own, {**columns, **role}, per="customer_id")])
        late = VISITS["timestamp"] >= pd.Timestamp("2024-03-20", tz="UTC")
        expected = [
            given.get(customer) if keep or not timed else None
            for customer, keep in zip(VISITS["customer_id"], late, strict=True)
        ]
        assert log.table["variant"].to_pylist() == expected
        assert len(log) == ROWS
        assert check(log, "several answers")["rows"] == 2
        assert check(log, "no touchpoint has")["rows"] == 1
        assert log.counts == {
            "read": ROWS + 23, "accepted": ROWS + 23, "quarantined": 0,
            "duplicates_removed": 0, "used": ROWS, "looked_up": 23, "touchpoint_rows": ROWS,
        }  # fmt: skip


def test_35_spellings_of_a_joined_name_are_merged_and_shown() -> None:
    arms = pd.DataFrame({"customer_id": ["c000", "c001", "c001", "c002"]})
    arms["variant"] = ["Control", "control ", "Control", "Control"]
    log = read_events([VISITS, Source(arms, per="customer_id")])
    assert set(log.table["variant"].to_pylist()) == {"Control", None}
    merged = check(log, "(DataFrame 2): variant: spellings merged")
    assert merged["rows"] == 1 and merged["example"] == "'control ' → 'Control'"
    assert not log.quality["check"].str.contains("several answers").any()


def test_costs_of_a_channels_day_are_shared_and_their_sum_stays() -> None:
    random = np.random.default_rng(5)
    days = pd.date_range("2024-03-01", periods=30)
    costs = pd.DataFrame(
        [(str(day.date()), channel, round(random.uniform(1, 9), 2))
         for day in days for channel in ("Web", "app", "fax")],
        columns=["date", "medium", "spend"],
    )  # fmt: skip
    source = Source(
        costs, {"day": "date", "channel": "medium", "cost": "spend"}, per=["channel", "day"]
    )
    log = read_events([VISITS, source], timezone="Europe/Berlin", currency="EUR")
    frame = log.to_frame()
    assert (frame["timestamp"].dt.day != VISITS["timestamp"].dt.day).any()  # days are local
    naive: dict[int, float] = {}
    placed = 0
    for row in costs.itertuples():
        same = [
            place
            for place, touchpoint in enumerate(frame.itertuples())
            if touchpoint.channel == str(row.medium).lower()
            and str(touchpoint.timestamp.date()) == row.date
        ]
        for place in same:
            naive[place] = row.spend / len(same)
        placed += round(row.spend * 1e6) if same else 0
    assert frame.index[frame["cost"].notna()].tolist() == sorted(naive)
    assert np.allclose(frame["cost"][sorted(naive)], [naive[place] for place in sorted(naive)])
    assert sum(cost or 0 for cost in log.table["cost"].to_pylist()) == placed
    whole = round(costs["spend"].sum() * 1e6)
    assert check(log, "without a touchpoint")["example"] == f"{(whole - placed) / 1e6:,.2f} in all"


@pytest.mark.parametrize(
    "day",
    [
        "2025-03-01", "2025-03-01T00:00:00+01:00", "2025-03-01 00:00 CET", "2025-03-01Z",
        "2025-03-01 23:30:00-05:00", "01/03/2025",
        date(2025, 3, 1), datetime(2025, 3, 1), datetime(2025, 3, 1, 23, 30),
        pd.Timestamp("2025-03-01", tz="Europe/Berlin"), pd.Timestamp("2025-03-01", tz="+09:00"),
        pd.Timestamp("2025-03-01 23:30", tz="America/New_York"),
    ],
)  # fmt: skip
def test_a_day_is_the_date_as_it_is_written(day: object) -> None:
    frame = pd.DataFrame({"day": [day], "channel": ["web"], "cost": [4.0]})
    costs = joined_costs(frame, day_first=True if day == "01/03/2025" else None)
    assert costs == [None, 4_000_000, None]


@pytest.mark.parametrize("storage", [int, float, str])
def test_a_day_that_is_a_number_is_the_date_in_its_time_zone(storage: type) -> None:
    midnight = storage(pd.Timestamp("2025-03-01", tz="Europe/Berlin").timestamp())
    frame = pd.DataFrame({"day": [midnight], "channel": ["web"], "cost": [4.0]})
    assert joined_costs(frame, time_unit="s") == [None, 4_000_000, None]
    assert joined_costs(frame, time_unit="s", timezone="UTC") == [4_000_000, None, None]


def joined_costs(frame: pd.DataFrame, **options: object) -> list[int | None]:
    """What touchpoints of the last of February and the first two days of March cost."""
    noons = [f"2025-{day} 12:00" for day in ("02-28", "03-01", "03-02")]
    visits = pd.DataFrame({"customer_id": "a", "channel": "web", "timestamp": noons})
    spend = Source(frame, per=["channel", "day"], **options)
    return read_events([visits, spend], timezone="Europe/Berlin").table["cost"].to_pylist()


def test_shares_differ_by_a_millionth_at_most_and_add_up() -> None:
    here = np.array([0, 0, 0, 1, -1, 2, 2])
    shares, lost = share_out(here, np.array([0, 1, 5, 2, 2]), np.array([10, -7, 3, -1, -2]))
    assert shares.to_pylist() == [4, 3, 3, -7, None, -1, -2] and lost == 3


def test_money_of_touchpoints_and_of_a_table_add_up() -> None:
    frame = VISITS.assign(cost=[1.0 if row % 2 else None for row in range(ROWS)])
    spend = pd.DataFrame({"customer_id": ["c000"], "cost": [8.0]})
    log = read_events([frame, Source(spend, per="customer_id")], currency="EUR")
    total = sum(cost or 0 for cost in log.table["cost"].to_pylist())
    assert total == (ROWS // 2 + 8) * 1_000_000


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([Source(VISITS, per="customer_id")], "One must hold touchpoints"),
        ([VISITS, Source(SURVEY, per="custmer_id")], "Did you mean 'customer_id'"),
        ([VISITS, Source(SURVEY, {"customer_id": "who"}, per="customer_id")], "one touchpoint"),
        ([VISITS, Source(SURVEY, per="customer_id")], "no column for customer_id"),
        (
            [VISITS, Source(VISITS, per="customer_id")],
            "'channel' is a column of the t",
        ),
        ([VISITS, Source(VISITS[["customer_id"]], per="customer_id")], "no column beside its keys"),
        ([VISITS, Source(SURVEY, constants={"value": "3"})], "only names can be constant"),
        ([Source(SURVEY, {"channel": "who"}, constants={"channel": "web"})], "both a column and"),
    ],
)
def test_what_cannot_be_joined_is_refused_in_words(given: list[object], said: str) -> None:
    with pytest.raises(OmninbError, match=said):
        read_events(given)


def test_33_each_source_numbers_its_events_for_itself() -> None:
    web = pd.DataFrame({"event_id": range(100), "customer_id": [f"c{n}" for n in range(100)]})
    web = web.assign(timestamp="2025-03-01T10:00:00Z", channel="web")
    store = web.assign(channel="store", customer_id=web["customer_id"].iloc[::-1].to_numpy())
    again = pd.concat([store, store.head(3)])
    log = read_events([Source(web), Source(again)])
    assert log.counts["duplicates_removed"] == 3 and len(log) == 200
    assert check(log, "event_id seen before")["rows"] == 3
    assert log.table["channel"].to_pylist() == ["web"] * 100 + ["store"] * 100
    one = read_events([web, again])  # frames without a Source are one table
    assert one.counts["duplicates_removed"] == 103


def test_a_large_table_is_no_excuse_for_the_bad_rows_of_a_small_one() -> None:
    moment = "2025-03-01T10:00:00Z"
    visits = pd.DataFrame({"customer_id": [None] * 3 + ["a"] * 7, "channel": "web"})
    visits["timestamp"] = moment
    arms = pd.DataFrame({"customer_id": [f"a{n}" for n in range(1_000)], "variant": "A"})
    given = [visits, Source(arms, per="customer_id")]
    with pytest.raises(OmninbError, match=r"\(DataFrame 1\): 3 of 10 rows \(30.0%\)"):
        read_events(given)
    with pytest.warns(UserWarning, match=r"\(DataFrame 1\): 3 of 10 rows"):
        log = read_events(given, max_quarantined=0.3)
    said = "(DataFrame 1): more than 1 % of the rows are quarantined"
    assert log.quality.set_index("check").loc[said, "rows"] == 3
    assert log.counts["touchpoint_rows"] == 10 and log.counts["read"] == 1_010


def test_only_rows_of_touchpoints_are_compared_with_those_of_the_last_run() -> None:
    moment = "2025-03-01T10:00:00Z"
    visits = pd.DataFrame({"customer_id": "a", "channel": "web", "timestamp": [moment] * 7})
    arms = pd.DataFrame({"customer_id": [f"a{n}" for n in range(1_000)], "variant": "A"})
    clean = [visits, Source(arms, per="customer_id")]
    assert read_events(clean, expect_rows=7).counts["touchpoint_rows"] == 7
    with pytest.warns(UserWarning, match="of touchpoints, 7 rows were read, and 10 the last"):
        read_events(clean, expect_rows=10)
    with pytest.raises(OmninbError, match="less than half as many"):
        read_events(clean, expect_rows=500)


def test_dirty_rows_of_a_looked_up_table_are_quarantined_too() -> None:
    spend = pd.DataFrame({"customer_id": ["c000", "", "c001"], "cost": ["8", "1", "$5"]})
    log = read_events([VISITS, Source(spend, per="customer_id")], max_quarantined=0.7)
    assert log.quarantine["reason"].tolist() == [
        "customer_id is empty", "cost: not a plain decimal number",
    ]  # fmt: skip
    assert log.counts["read"] == log.counts["accepted"] + log.counts["quarantined"] == ROWS + 3


# The page that shows it all


def test_the_page_of_sources_runs_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "SOURCES.md").read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMNINB_KEY", "k" * 32)
    with sqlite3.connect("shop.db") as database:
        database.execute("CREATE TABLE visits (customer TEXT, at TEXT, source TEXT)")
        database.execute("INSERT INTO visits VALUES ('00123', '2025-03-01 10:00', 'web')")
    logs, namespace = [], dict[str, Any]()
    for block in re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S):
        exec(compile(block, "SOURCES.md", "exec"), namespace)
        logs.append(namespace.get("log"))
    _, melted, together, from_sqlite, hidden = logs
    assert check(melted, "wide rows")["example"] == "2 × 2 = 3 + 1"
    assert melted.table["value"].to_pylist() == [59_900_000, None, 20_000_000]
    frame = together.to_frame()
    assert frame.loc[frame["cost"].notna(), ["event", "cost"]].to_numpy().tolist() == [
        ["order", 1.5], ["order", 1.5],
    ]  # fmt: skip
    assert frame["variant"].tolist() == ["control", "control", "treatment", "control"]
    assert from_sqlite.table["customer_id"].to_pylist() == ["00123"]
    assert len(hidden) == 3 and len(hidden.table["customer_id"][0].as_py()) == 64
