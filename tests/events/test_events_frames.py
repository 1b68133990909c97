"""Frames and tables: every kind of source gives the same log, and copies no more than it must."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omninb.errors import OmninbError
from omninb.events import EventLog, read_events
from omninb.events.proposal import propose_columns, propose_roles
from omninb.events.repeats import tied_rows

ROWS = 60
FRAME = pd.DataFrame(
    {
        "customer_id": [f"{row % 17:03}" for row in range(ROWS)],
        "timestamp": pd.Timestamp("2024-03-01", tz="UTC")
        + pd.to_timedelta(np.arange(ROWS) * 977, unit="min"),
        "channel": [["web", "store", "app"][row % 3] for row in range(ROWS)],
        "event": [["view", "purchase"][row % 2] for row in range(ROWS)],
        "value": [None if row % 4 else row / 8 for row in range(ROWS)],
        "segment": [["old", "new"][row % 2] for row in range(ROWS)],
        "visits": range(ROWS),
    }
)


def same(log: EventLog, other: EventLog) -> None:
    columns = ["customer_id", "timestamp", "channel", "event", "value", "segment"]
    for column in columns:
        assert log.table[column].to_pylist() == other.table[column].to_pylist(), column
    assert list(log.table.column_names) == [*columns, "visits"]


def test_every_source_gives_the_same_log(tmp_path: Path) -> None:
    log = read_events(FRAME)
    arrow = pa.Table.from_pandas(FRAME, preserve_index=False)
    same(read_events(arrow), log)
    categories = FRAME.astype({"customer_id": "category", "channel": "category"})
    same(read_events(categories), log)
    large = pa.table(
        {
            name: column.cast(pa.large_string()) if pa.types.is_string(column.type) else column
            for name, column in zip(arrow.column_names, arrow.columns, strict=True)
        }
    )
    same(read_events(large), log)
    same(read_events(duckdb.from_arrow(arrow)), log)
    pq.write_table(arrow, tmp_path / "a.parquet", row_group_size=13)
    same(read_events(tmp_path / "a.parquet"), log)
    pq.write_table(arrow.slice(0, 20), tmp_path / "part1.parquet")
    pq.write_table(arrow.slice(20), tmp_path / "part2.parquet", use_dictionary=False)
    same(read_events(str(tmp_path / "part*.parquet")), log)
    FRAME.to_csv(tmp_path / "a.csv", index=False)
    same(read_events(tmp_path / "a.csv"), log)
    FRAME.to_json(tmp_path / "a.jsonl", orient="records", lines=True, date_format="iso")
    from_json = read_events(tmp_path / "a.jsonl")
    assert from_json.to_frame()["value"].equals(log.to_frame()["value"])


def test_polars_frames() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.from_pandas(FRAME)
    same(read_events(frame), read_events(FRAME))
    as_category = frame.with_columns(polars.col("channel").cast(polars.Categorical))
    same(read_events(as_category), read_events(FRAME))
    with pytest.raises(OmninbError, match="collect"):
        read_events(frame.lazy())


def test_types_that_every_source_delivers(tmp_path: Path) -> None:
    names = pa.dictionary(pa.int32(), pa.string())
    frame = FRAME.assign(order_id=range(ROWS), score=4, customer_id=range(ROWS))
    schema = read_events(frame).table.schema
    assert {field.name: field.type for field in schema} == {
        "customer_id": pa.int64(),
        "timestamp": pa.timestamp("us", "UTC"),
        "channel": names,
        "event": names,
        "value": pa.int64(),
        "order_id": pa.string(),
        "score": pa.float64(),
        "segment": names,
        "visits": pa.int64(),
    }


def test_ids_come_without_a_copy() -> None:
    ids = pa.array(np.arange(ROWS))
    table = pa.Table.from_pandas(FRAME, preserve_index=False).set_column(0, "customer_id", ids)
    kept = read_events(table).table["customer_id"].chunk(0)
    assert kept.buffers()[1].address == ids.buffers()[1].address


@pytest.mark.parametrize("storage", [pa.string(), pa.large_string()])
def test_a_dictionary_that_holds_a_word_twice(storage: pa.DataType) -> None:
    def twice(*words: str) -> pa.ChunkedArray:
        one = pa.DictionaryArray.from_arrays(
            pa.array([0, 1, 2], pa.int32()), pa.array(words, storage)
        )
        return pa.chunked_array([one, one])

    table = pa.table(
        {"customer_id": twice("a", "b", "a"), "channel": twice("web", "app", "web")}
    ).append_column("timestamp", pa.array(["2025-03-01T10:00:00Z"] * 6))
    for source in (table, table.to_reader()):
        log = read_events(source)
        assert log.to_frame()["channel"].value_counts().to_dict() == {"web": 4, "app": 2}
        ties = log.quality.set_index("check").loc["ties: the same customer at the same time"]
        assert ties["rows"] == 6
        overview = log.overview().set_index("name")
        assert overview.loc["web", "touchpoints"] == 4 and overview.loc["web", "customers"] == 1


def test_float_ids_and_mixed_columns_are_refused_in_words() -> None:
    with pytest.raises(OmninbError, match=r"astype\('Int64'\)"):
        read_events(FRAME.assign(customer_id=1.0))
    with pytest.raises(OmninbError, match="mixes types"):
        read_events(FRAME.assign(segment=pd.Series([1, "a"] * (ROWS // 2), dtype=object)))
    with pytest.raises(OmninbError, match="timestamp"):
        read_events(FRAME.assign(timestamp=True))


def test_arguments_of_the_wrong_kind_are_refused_in_words() -> None:
    for options in ({"columns": ["user"]}, {"recode": {"channel": "web"}}, {"priority": "view"}):
        with pytest.raises(OmninbError, match=next(iter(options))):
            read_events(FRAME, **options)  # type: ignore[arg-type]
    for source in (None, {"a": 1}, pd.Series([1])):
        with pytest.raises(OmninbError, match="source"):
            read_events(source)


def test_nested_extra_columns_are_kept_and_compared() -> None:
    frame = pd.concat([FRAME.assign(tags=[["a", "b"]] * ROWS)] * 2)
    log = read_events(frame, drop_duplicates=True)
    assert len(log) == ROWS and log.counts["duplicates_removed"] == ROWS
    assert log.table["tags"][0].as_py() == ["a", "b"]


def test_moments_beyond_the_calendar_are_quarantined() -> None:
    # 2**64 µs later, int64 would have wrapped round to 2024 again.
    wrapped = 1_704_067_200 + 2**64 // 1_000_000
    for zone in ("UTC", None):
        far = pa.array([-(10**18), wrapped, None, 1_704_067_200], pa.timestamp("s", zone))
        table = pa.table({"customer_id": ["a"] * 4, "timestamp": far, "channel": ["w"] * 4})
        log = read_events(table, timezone="UTC", max_quarantined=1)
        assert log.quarantine["line"].tolist() == [1, 2, 3] and len(log) == 1


UNUSUAL = {
    "struct": pa.array([{"a": 1}] * 3),
    "list": pa.array([["a"]] * 3),
    "binary": pa.array([b"\xff"] * 3),
    "binary_view": pa.array([b"a"] * 3, pa.binary_view()),
    "interval": pa.array([pa.MonthDayNano([1, 2, 3])] * 3),
    "union": pa.UnionArray.from_sparse(
        pa.array([0, 1, 0], pa.int8()), [pa.array([1, 2, 3]), pa.array(["a", "b", "c"])]
    ),
    "run ends": pa.RunEndEncodedArray.from_arrays([3], ["a"]),
    "dictionary": pa.DictionaryArray.from_arrays([0] * 3, pa.array([["a"]])),
}


@pytest.mark.parametrize("kind", UNUSUAL)
def test_columns_of_unusual_types_are_kept_or_refused_by_name(kind: str) -> None:
    usual = {
        "customer_id": ["a", "a", ""],
        "timestamp": pa.array([1_740_823_200] * 3, pa.timestamp("s", "UTC")),
        "channel": ["web"] * 3,
    }
    roles = ("customer_id", "timestamp", "channel", "event", "event_id", "value", "currency")
    for role in roles:
        table = pa.table({**usual, role: UNUSUAL[kind]})
        with pytest.raises(OmninbError, match=f"column '{role}' holds"):
            read_events(table, max_quarantined=1)
    table = pa.table({**usual, "extra": UNUSUAL[kind]})
    if kind in ("struct", "list", "binary", "interval"):
        log = read_events(table, max_quarantined=1, drop_duplicates=True)
        assert log.counts["quarantined"] == log.counts["used"] == 1
    else:
        with pytest.raises(OmninbError, match="column 'extra' holds"):
            read_events(table, max_quarantined=1)


def test_a_query_that_fails_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNINB_KEY", "k" * 40)
    late = "CASE WHEN i > 5000 THEN error('Ann') ELSE 'x' END AS customer_id FROM range(9000) t(i)"
    early = "CAST(x AS INT) AS customer_id FROM (VALUES ('Ann')) t(x)"
    for query in (late, early):
        with pytest.raises(OmninbError, match=r"DuckDBPyRelation cannot be read.*Ann"):
            read_events(duckdb.sql(f"SELECT {query}"))
        with pytest.raises(OmninbError, match="cannot be read") as caught:
            read_events(duckdb.sql(f"SELECT {query}"), pseudonymise=True)
        assert "Ann" not in str(caught.value)


def test_naive_times_among_those_with_an_offset_need_a_zone() -> None:
    moments = [None, pd.Timestamp("2025-07-01T10:00+02:00"), pd.Timestamp("2025-07-01 10:00"),
               pd.NaT, datetime(2025, 7, 1, 10)]  # fmt: skip
    frame = pd.DataFrame({"customer_id": list("abcde"), "channel": "web"})
    frame["timestamp"] = pd.Series(moments, dtype=object)
    for mixed in (frame, frame.iloc[::-1]):
        with pytest.raises(OmninbError, match="without an offset"):
            read_events(mixed, max_quarantined=1)
        log = read_events(mixed, max_quarantined=1, timezone="America/New_York")
        hours = [moment.hour for moment in log.table["timestamp"].to_pylist()]
        customers = log.table["customer_id"].to_pylist()
        assert dict(zip(customers, hours, strict=True)) == {"b": 8, "c": 14, "e": 14}
        assert log.counts["quarantined"] == 2
    naive = frame.assign(timestamp=pd.Series([datetime(2025, 7, 1)] * 5, dtype=object))
    assert len(read_events(naive, timezone="UTC")) == 5


def test_missing_values_of_frames() -> None:
    frame = FRAME.copy()
    frame.loc[0, "customer_id"] = None
    frame.loc[1, "timestamp"] = pd.NaT
    frame.loc[2, "channel"] = None
    log = read_events(frame)
    assert log.quarantine[["line", "reason"]].to_numpy().tolist() == [
        [1, "customer_id is empty"],
        [2, "timestamp is empty"],
    ]
    assert log.table["channel"][0].as_py() == "(not set)"
    assert len(log.observed_from and log.table) == ROWS - 2


def test_columns_play_roles_and_others_are_kept() -> None:
    frame = FRAME.rename(columns={"customer_id": "user"}).assign(action="tap")
    log = read_events(frame, columns={"customer_id": "user", "event": "action"})
    assert log.roles == {
        "customer_id": "user", "timestamp": "timestamp", "channel": "channel", "event": "action",
        "value": "value",
    }  # fmt: skip
    assert log.table["event"].unique().to_pylist() == ["tap"]
    assert log.table["source_event"].to_pylist() == FRAME["event"].tolist()
    without = read_events(FRAME.drop(columns="event"))
    assert without.table["event"].to_pylist() == FRAME["channel"].tolist()


def test_phases_recode_and_other_below() -> None:
    log = read_events(FRAME, phases={"View": "awareness"})
    assert log.table["phase"].to_pylist() == ["awareness", None] * (ROWS // 2)
    with pytest.raises(OmninbError, match="Did you mean 'purchase'"):
        read_events(FRAME, phases={"purchas": "decision"})
    log = read_events(FRAME, recode={"channel": {"web": "digital", "app": "digital"}})
    assert set(log.table["channel"].to_pylist()) == {"digital", "store"}
    with pytest.raises(OmninbError, match="recode"):
        read_events(FRAME, recode={"chanel": {}})
    rare = FRAME.copy()
    rare.loc[:1, "channel"] = ["kiosk", "fax"]
    log = read_events(rare, other_below=3)
    assert log.table["channel"].to_pylist()[:2] == ["(fewer than 3 customers)"] * 2
    pooled = log.quality.set_index("check").loc["channel: names of fewer than 3 customers pooled"]
    assert pooled["rows"] == 2
    with pytest.raises(OmninbError, match="other_below"):
        read_events(FRAME, other_below=0)


@pytest.mark.parametrize(
    ("argument", "of"),
    [
        ({"recode": {"channel": {"weeb": "site"}}}, "no channel 'weeb'"),
        ({"recode": {"device": {"phnoe": "mobile"}}}, "no device 'phnoe'"),
        ({"priority": ["visit", "vist"]}, "no event 'vist'"),
        ({"phases": {"vist": "seek"}}, "no event 'vist'"),
    ],
)
def test_names_that_no_row_has_are_refused(argument: dict[str, Any], of: str) -> None:
    frame = pd.DataFrame({"customer_id": ["a"], "timestamp": "2025-03-01T10:00:00Z"})
    frame = frame.assign(channel="web", event="visit", device="phone")
    near = {"weeb": "web", "phnoe": "phone", "vist": "visit"}.get(of.split("'")[-2:][0])
    said = f"Did you mean '{near}'" if near else "Known: 'web'"
    with pytest.raises(OmninbError, match=f"{of}.* {said}"):
        read_events(frame, **argument)
    read_events(frame.head(0), **argument)  # of a log without rows nothing can be said


def test_a_name_is_text() -> None:
    names = {"customer_id": ["a"], "timestamp": "2025-03-01T10:00:00Z", "channel": "web"}
    for frame in (pd.DataFrame(names), pd.DataFrame(names).head(0)):
        for argument in ({"recode": {"channel": {7: "site"}}}, {"priority": [7]}):
            with pytest.raises(OmninbError, match=r"no (channel|event) 7"):
                read_events(frame, **argument)


def test_names_are_given_as_they_are_folded() -> None:
    frame = pd.DataFrame({"customer_id": "a", "timestamp": "2025-03-01T10:00:00Z"}, index=range(2))
    frame = frame.assign(channel="web", event=["Buy", "View"])
    log = read_events(frame, priority=["view ", "BUY"], recode={"channel": {"WEB": "site"}})
    assert log.table["event"].to_pylist() == ["View", "Buy"]
    assert log.table["channel"].to_pylist() == ["site"] * 2
    assert len(read_events(frame, priority=["buy"], other_below=2)) == 2  # though it is pooled


@pytest.mark.parametrize("fewest", [1, 4, 5.0])
def test_too_few_or_no_number_of_customers_is_refused(fewest) -> None:
    with pytest.raises(OmninbError, match="from 5: of fewer, one may be known"):
        read_events(FRAME, min_customers=fewest)


def test_other_below_pools_names_and_min_customers_rows_too() -> None:
    rare = FRAME.copy()
    rare.loc[:1, "channel"] = ["kiosk", "fax"]
    names, rows = read_events(rare, other_below=5), read_events(rare, min_customers=5)
    both = read_events(rare, other_below=3, min_customers=5)
    assert names.table.equals(rows.table) and both.table.equals(rows.table)
    assert (names.min_customers, rows.min_customers, both.min_customers) == (None, 5, 5)


def test_36_one_customer_with_too_many_touchpoints() -> None:
    ids = [f"c{row}" for row in range(200)] + ["bot"] * 60
    frame = pd.DataFrame({"customer_id": ids, "channel": "web"})
    frame["timestamp"] = pd.Timestamp("2024-03-01", tz="UTC")
    quality = read_events(frame).quality.set_index("check")
    assert quality.loc["one customer has more than 10 % of all touchpoints", "rows"] == 60
    assert not read_events(FRAME).quality["check"].str.contains("one customer").any()


def test_a_nearly_empty_last_day_warns() -> None:
    days = np.repeat(np.arange(6), 50)
    days = np.append(days, 6)
    frame = pd.DataFrame({"customer_id": np.arange(len(days)), "channel": "web"})
    frame["timestamp"] = pd.Timestamp("2024-03-01", tz="UTC") + pd.to_timedelta(days, unit="D")
    assert read_events(frame).quality["check"].str.contains("last day").any()
    assert not read_events(frame[:-1]).quality["check"].str.contains("last day").any()


def test_proposals_use_each_column_once() -> None:
    found = ["case:concept:name", "concept:name", "time:timestamp", "org:group", "amount", "x"]
    assert propose_roles(found) == {
        "customer_id": "case:concept:name", "timestamp": "time:timestamp", "channel": "org:group",
        "event": "concept:name", "value": "amount",
    }  # fmt: skip
    assert propose_roles([]) == {}


def test_proposals_for_every_kind_of_source(tmp_path: Path) -> None:
    frame = FRAME.rename(columns={"customer_id": "user_id", "channel": "medium"})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True, date_format="iso")
    for source in [frame, *(tmp_path / f"a.{kind}" for kind in ("csv", "parquet", "jsonl"))]:
        proposal = propose_columns(source)
        assert proposal["customer_id"] == "user_id" and proposal["channel"] == "medium"
        assert len(read_events(source, proposal)) == ROWS


def test_overview_of_a_log_that_can_be_counted() -> None:
    log = read_events(FRAME, timezone="Europe/Berlin")
    table = log.overview(exit_after="10d").set_index(["part", "name"])
    assert table.loc[("log", "all"), ["touchpoints", "customers"]].tolist() == [ROWS, 17]
    until = FRAME["timestamp"].max() - pd.Timedelta("10D")
    settled = FRAME[FRAME["timestamp"] <= until]
    assert table.loc[("log", "settled (exit_after=10d)")].loc[
        ["touchpoints", "customers"]
    ].tolist() == [len(settled), settled["customer_id"].nunique()]
    for channel, own in FRAME.groupby("channel"):
        row = table.loc[("channel", channel)]
        assert row["touchpoints"] == len(own) and row["share"] == len(own) / ROWS
        assert row["customers"] == own["customer_id"].nunique()
        assert row["first"] == own["timestamp"].min() and row["last"] == own["timestamp"].max()
    assert table.loc[("log", "ties"), "touchpoints"] == 0
    twice = read_events(pd.concat([FRAME, FRAME[:3]]))
    assert twice.overview().set_index("name").loc["ties", "touchpoints"] == 6
    with pytest.raises(OmninbError, match="exit_after"):
        log.overview(exit_after="30")


@pytest.mark.parametrize(
    "ids",
    [
        pa.chunked_array([[7, 8, 7], [9, 8, 8]]),
        pa.chunked_array([["7", "8", "7"], ["9", "8", "8"]]),
        pa.chunked_array([pa.array(part).dictionary_encode() for part in (["7", "8", "7"],
                                                                          ["9", "8", "8"])]),
        # Arrow lets a dictionary hold the same text twice.
        pa.chunked_array([pa.DictionaryArray.from_arrays([0, 1, 2, 3, 1, 4],
                                                         ["7", "8", "7", "9", "8"])]),
    ],
    ids=["integers", "text", "a dictionary a chunk", "a text twice"],
)  # fmt: skip
def test_overview_tells_customers_apart_however_ids_are_stored(ids: pa.ChunkedArray) -> None:
    times = pd.to_datetime(["2024-03-01", "2024-03-02", *["2024-03-04"] * 4], utc=True)
    table = pa.table({"customer_id": ids, "timestamp": times, "channel": list("wswwws")})
    found = read_events(table).overview(exit_after="1d").set_index("name")
    counts = found[["touchpoints", "customers"]].apply(tuple, axis=1)
    assert counts.to_dict() == {
        "all": (6, 3),
        "settled (exit_after=1d)": (2, 2),
        "ties": (2, 1),
        "w": (4, 3),
        "s": (2, 1),
        "first: 2024-03-01": (1, 1),
        "last: 2024-03-04": (4, 3),
        "busiest: 2024-03-04": (4, 3),
        "quietest: 2024-03-01": (1, 1),
        "without touchpoints: 1": (0, 0),
    }


def shared_frame() -> pd.DataFrame:
    """Ten days of 20 customers, and before and after them, and on a channel, very few."""
    rows = [(f"c{c}", f"2024-03-{day:02}T{c:02}:30", "web" if c % 2 else "store")
            for day in range(5, 15) for c in range(24)]  # fmt: skip
    rows += [("lone", "2024-03-01T01:02:03", "web"), ("last", "2024-03-20T04:05:06", "store")]
    rows += [(f"c{c}", "2024-03-09T12:00", "fax") for c in (1, 2, 3)]
    rows += [(f"c{c}", "2024-03-08T12:00", "shop") for c in range(11)]
    rows += [("c1", "2024-03-09T12:00", "web")]
    return pd.DataFrame(rows, columns=["customer_id", "timestamp", "channel"])


def test_overview_of_a_shared_log_tells_of_no_fewer_customers() -> None:
    read = {"timezone": "Europe/Berlin", "min_customers": 10}
    log = read_events(shared_frame(), **read)
    plain = read_events(shared_frame(), timezone="Europe/Berlin").overview("4d")
    table = log.overview("4d")
    assert {"ties", "fax", "first: 2024-03-01", "quietest: 2024-03-01"} <= set(plain["name"])
    # What is not settled is of one customer; fax is of three, whom all but the shop would tell.
    assert table["name"].tolist() == [
        "all", "web", "store", "first: 2024-03-05", "last: 2024-03-14", "busiest: 2024-03-08",
        "quietest: 2024-03-05", "without touchpoints: 0",
    ]  # fmt: skip
    assert "settled (exit_after=8d)" in log.overview("8d")["name"].tolist()
    assert table["customers"][:-1].min() >= 10
    first, last = table["first"].dropna(), table["last"].dropna()
    assert (first == first.dt.normalize()).all() and (last == last.dt.normalize()).all()
    assert {str(first.min())[:10], str(last.max())[:10]} == {"2024-03-05", "2024-03-14"}
    bars = [frame.set_index("name").loc["all", "over_time"] for frame in (plain, table)]
    assert bars[0].split() == ["▁", f"▁{bars[1].strip()}", "▁"]  # the night of five goes as well
    same = ["touchpoints", "share", "customers"]
    both = plain.set_index("name")[same].loc[["all", "web", "store", "busiest: 2024-03-08"]]
    pd.testing.assert_frame_equal(table.set_index("name")[same].loc[both.index], both)


def test_overview_dates_no_pooled_names_and_no_sparse_days() -> None:
    frame = shared_frame()
    frame.loc[frame["channel"] == "web", "channel"] = [f"w{i % 13}" for i in range(122)]
    table = read_events(frame, timezone="UTC", min_customers=10).overview().set_index("name")
    pooled = table.loc["(fewer than 10 customers)"]
    assert pooled["customers"] >= 10 and pooled[["first", "last"]].isna().all()
    apart = frame.drop_duplicates("customer_id").assign(channel="web")
    apart["timestamp"] = pd.date_range("2024-03-01", periods=len(apart)).astype(str)
    sparse = read_events(apart, timezone="UTC", min_customers=10).overview("1d")
    assert sparse["name"].tolist() == ["all", "ties", "web"]
    assert sparse[["first", "last"]].isna().all(axis=None) and sparse["touchpoints"][1] == 0
    assert not sparse["over_time"].str.strip().any()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=30))
def test_tied_rows_are_those_that_come_again(pairs: list[tuple[int, int]]) -> None:
    customers, moments = np.array(pairs, np.int64).reshape(-1, 2).T
    expected = [pairs.count(pair) > 1 for pair in pairs]
    assert tied_rows(customers.astype(np.int32), moments).tolist() == expected
