"""Wide exports: one row of several timestamps, one touchpoint for each that is filled."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omninb.errors import OmninbError
from omninb.events import EventLog, Source, read_events

STEPS = {
    "created_at": ("web", "order"),
    "shipped_at": ("warehouse", "ship"),
    "returned_at": ("store", "return"),
}
ORDERS = """\
order_id,customer,created_at,shipped_at,returned_at,amount,channel
1,a,2025-03-01T10:00:00Z,2025-03-02T10:00:00Z,,20,ads
2,b,2025-03-01T11:00:00Z, ,2025-03-09T11:00:00Z,30,mail
3,c,,2025-03-04T10:00:00Z,,40,ads
4,d,,,,50,ads
5,a,never,2025-03-05T10:00:00Z,,60,mail
6,e
"""
COLUMNS = {"customer_id": "customer", "value": "amount"}


def orders(folder: Path, text: str = ORDERS, **options: object) -> EventLog:
    path = folder / "orders.csv"
    path.write_text(text)
    return read_events(path, COLUMNS, touchpoints=STEPS, max_quarantined=1, **options)


def test_orders_that_a_reader_can_count(tmp_path: Path) -> None:
    log = orders(tmp_path)
    names = ["order_id", "customer_id", "channel", "event", "value"]
    assert list(zip(*(log.table[name].to_pylist() for name in names), strict=True)) == [
        ("1", "a", "web", "order", 20_000_000),
        ("1", "a", "warehouse", "ship", None),
        ("2", "b", "web", "order", 30_000_000),
        ("2", "b", "store", "return", None),
        ("3", "c", "warehouse", "ship", 40_000_000),  # the first that happened bears the money
    ]
    assert log.quarantine[["line", "reason"]].to_numpy().tolist() == [
        [5, "no timestamp in any column"],
        [6, "timestamp: not a date and time"],
        [7, "too few columns"],
    ]
    assert log.quarantine["text"].tolist()[0].startswith("4,d,")
    assert log.table["source_channel"].to_pylist()[:3] == ["ads", "ads", "mail"]
    assert "created_at" not in log.table.column_names
    assert log.roles["timestamp"] == "timestamp" and log.counts["read"] == 8


def test_the_ledger_balances(tmp_path: Path) -> None:
    log = orders(tmp_path)
    (file,) = log.files
    lines = file["header"] + file["blank"] + file["continuation"]
    assert file["lines"] + file["melted"] == lines + file["accepted"] + file["quarantined"]
    assert file["lines"] == 7 and file["melted"] == 2
    said = log.quality.set_index("check")
    melted = said.loc["wide rows melted: rows × columns of times = touchpoints + empty"]
    assert melted["example"] == "5 × 3 = 7 + 8"  # five accepted, two of a row that is refused
    empty = said.loc[said.index.str.contains("did not happen"), "rows"]
    assert empty.to_dict() == {
        "created_at is empty: it did not happen": 2,
        "shipped_at is empty: it did not happen": 2,
        "returned_at is empty: it did not happen": 4,
    }


def test_columns_of_times_may_share_a_channel_or_an_event() -> None:
    days = [["2025-01-01"] * 30, ["2025-01-02"] * 6 + [None] * 24, ["2025-01-03"] * 30]
    frame = pd.DataFrame({"customer_id": [f"c{i}" for i in range(30)]}).assign(
        **dict(zip("abc", days, strict=True))
    )
    steps = {"a": ("web", "order"), "b": ("phone", "call"), "c": ("web", "call")}
    log = read_events(frame, touchpoints=steps, timezone="UTC")
    counted = log.to_frame().astype(str)[["channel", "event"]].value_counts().to_dict()
    assert counted == {("web", "order"): 30, ("web", "call"): 30, ("phone", "call"): 6}
    overview = log.overview()
    channels = overview.loc[overview["part"] == "channel"]
    assert channels.set_index("name")["touchpoints"].to_dict() == {"web": 60, "phone": 6}
    shared = read_events(frame, touchpoints=steps, timezone="UTC", min_customers=10)
    assert shared.to_frame()["channel"].value_counts()["web"] == 60


def test_the_ledger_of_melting_balances_for_each_column_and_each_table() -> None:
    calls = pd.DataFrame({"customer_id": ["a", "b"], "call1": ["2025-01-01"] * 2})
    calls["call2"] = ["2025-01-02", None]
    twice = {"call1": ("phone", "call"), "call2": ("phone", "call")}
    orders = calls.assign(call3=None)
    other = {**twice, "call3": ("store", "visit")}
    given = [Source(calls, touchpoints=twice), Source(orders, touchpoints=other)]
    quality = read_events(given, timezone="UTC").quality.set_index("check")
    for number, balance in ((1, "2 × 2 = 3 + 1"), (2, "2 × 3 = 3 + 3")):
        at = f"(DataFrame {number}): "
        said = f"{at}wide rows melted: rows × columns of times = touchpoints + empty"
        assert quality.loc[said, "example"] == balance
        assert quality.loc[f"{at}call2 is empty: it did not happen", "rows"] == 1
    alone = read_events(calls, touchpoints=twice, timezone="UTC").quality.set_index("check")
    assert alone.loc["call2 is empty: it did not happen", "rows"] == 1


times = st.sampled_from(
    ["", " ", "2025-03-01T10:00:00Z", "2025-03-02T10:00:00Z", "no time", "0001-01-01T00:00:00Z"]
)
ids, money = st.sampled_from(["a", "b", ""]), st.sampled_from(["", "1", "$"])
wide = st.lists(st.tuples(ids, times, times, times, money), max_size=12)


@settings(max_examples=40, deadline=None)
@given(wide)
def test_a_naive_reader_finds_the_same(
    tmp_path_factory: pytest.TempPathFactory, drawn: list
) -> None:
    folder = tmp_path_factory.mktemp("wide")
    rows = [("a", "2025-03-01T10:00:00Z", "", "", "1"), *drawn]
    head = "customer,created_at,shipped_at,returned_at,amount\n"
    log = orders(folder, head + "".join(",".join(row) + "\n" for row in rows))
    found, refused, empty = [], 0, 0
    for customer, *moments, amount in rows:
        filled = [moment for moment in moments if moment.strip()]
        empty += 3 - len(filled)
        right = all(moment.startswith("2025") for moment in filled)
        if not filled or not customer or not right or amount == "$":
            refused += 1
            continue
        money = amount
        for moment, (channel, event) in zip(moments, STEPS.values(), strict=True):
            if moment.strip():
                micros = int(money) * 1_000_000 if money else None
                found.append((customer, moment, channel, event, micros))
                money = ""
    table = log.table
    names = ["customer_id", "timestamp", "channel", "event", "value"]
    read = [table[name].to_pylist() for name in names]
    read[1] = [moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in read[1]]
    assert list(zip(*read, strict=True)) == found
    assert len(log.quarantine) == refused
    said = log.quality.loc[log.quality["check"].str.startswith("wide rows"), "example"].item()
    assert said == f"{len(rows)} × 3 = {3 * len(rows) - empty} + {empty}"


def test_a_wide_row_written_out_mended_and_read_again(tmp_path: Path) -> None:
    clean = ORDERS.replace(",never,", ",2025-03-04T10:00:00Z,").replace("4,d,,", "4,d,2025-03-06Z,")
    clean = clean.replace("6,e\n", "6,e,,2025-03-07Z,,70,ads\n")
    spoilt = clean.replace("1,a,", "1,,").replace(",20,", ",$,").replace("04T10:00:00Z,2", "T,2")
    log = orders(tmp_path, spoilt)
    assert log.quarantine["line"].tolist() == [2, 6] and log.counts["accepted"] == 5
    wrong = dict(zip(spoilt.splitlines(), clean.splitlines(), strict=True))
    mended = [clean.splitlines()[0], *(wrong[text] for text in log.quarantine["text"])]
    (tmp_path / "mended.csv").write_text("\n".join(mended))
    again = [tmp_path / "orders.csv", tmp_path / "mended.csv"]
    log = read_events(again, COLUMNS, touchpoints=STEPS, max_quarantined=1)
    (tmp_path / "clean").mkdir()
    expected = orders(tmp_path / "clean", clean)

    def rows(one: EventLog) -> list[str]:
        return sorted(map(repr, one.to_frame().astype(str).to_numpy().tolist()))

    assert not len(expected.quarantine) and rows(log) == rows(expected)


def test_sql_melts_a_frame_alike() -> None:
    frame = pd.read_csv(pd.io.common.StringIO(ORDERS.replace("never", "").replace("6,e\n", "")))
    for column in STEPS:
        frame[column] = pd.to_datetime(frame[column].str.strip(), utc=True)
    log = read_events(frame, COLUMNS, touchpoints=STEPS, max_quarantined=1)
    counted = duckdb.sql(
        "SELECT name, count(*) FROM (UNPIVOT frame ON created_at, shipped_at, returned_at "
        "INTO NAME name VALUE moment) GROUP BY 1"
    ).fetchall()
    events = {event: dict(counted)[column] for column, (_, event) in STEPS.items()}
    assert log.to_frame()["event"].value_counts().to_dict() == events
    assert log.quarantine["line"].tolist() == [4]


def test_ids_of_rows_become_ids_of_touchpoints() -> None:
    frame = pd.DataFrame(
        {
            "event_id": ["x", "x", "y"], "customer": ["a", "a", "b"], "score": [1, 1, 2],
            "created_at": "2025-03-01T10:00:00Z", "shipped_at": "2025-03-02T10:00:00Z",
        }
    )  # fmt: skip
    steps = {"shipped_at": ("warehouse", "ship"), "created_at": ("web", "order")}
    log = read_events(frame, {"customer_id": "customer"}, touchpoints=steps)
    assert log.table["event_id"].to_pylist() == [
        "x shipped_at", "x created_at", "y shipped_at", "y created_at",
    ]  # fmt: skip
    assert log.counts["duplicates_removed"] == 2
    assert log.table["score"].to_pylist() == [1, None, 2, None]  # in the order that was declared


def test_wide_rows_go_with_other_tables(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS)
    visits = pd.DataFrame(
        {"customer_id": ["a"], "timestamp": ["2025-02-28T10:00:00Z"], "channel": ["ads"]}
    )
    log = read_events(
        [visits, Source(tmp_path / "orders.csv", COLUMNS, touchpoints=STEPS)], max_quarantined=1
    )
    assert len(log) == 6 and log.counts["read"] == 9


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"touchpoints": {"created": ("web", "order")}}, "Did you mean 'created_at'"),
        ({"touchpoints": {"created_at": "web"}}, r"give \(channel, event\)"),
        ({"touchpoints": {"created_at": ("web", "")}}, r"give \(channel, event\)"),
        ({"touchpoints": {}}, "give columns of times"),
        ({"touchpoints": ["created_at"]}, "give columns of times"),
        ({"columns": {"channel": "channel"}, "touchpoints": STEPS}, "channel comes from there"),
    ],
)
def test_what_cannot_be_melted_is_refused_in_words(
    tmp_path: Path, options: dict[str, object], said: str
) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS)
    with pytest.raises(OmninbError, match=said):
        read_events(tmp_path / "orders.csv", **{"columns": COLUMNS, **options})


def test_times_of_different_types_are_refused_in_words() -> None:
    table = pa.table(
        {
            "customer": ["a"], "amount": [1],
            "created_at": pa.array([0], pa.timestamp("us", "UTC")), "shipped_at": [5],
            "returned_at": ["2025-03-02"],
        }
    )  # fmt: skip
    with pytest.raises(OmninbError, match="Make them alike"):
        read_events(table, COLUMNS, touchpoints=STEPS)
