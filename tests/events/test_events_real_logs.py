"""Real logs, against facts that were counted elsewhere and against DuckDB on the raw file."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from omninb.errors import OmninbError
from omninb.events import EventLog, Source, read_events


def test_permit_requests(real_data: Path) -> None:
    path = real_data / "receipt" / "receipt.csv"
    log = read_events(
        path,
        {
            "customer_id": "case:concept:name",
            "timestamp": "time:timestamp",
            "channel": "case:channel",
            "event": "concept:name",
        },
    )
    frame = log.to_frame()
    assert log.counts["used"] == 8577 and log.files[0]["lines"] == 8578
    assert frame["customer_id"].nunique() == 1434 and frame["event"].nunique() == 27
    cases = frame.groupby("channel", observed=True)["customer_id"].nunique().to_dict()
    assert cases == {"Internet": 1250, "Desk": 109, "Post": 53, "e-mail": 21, "Intern": 1}
    span = frame.groupby("customer_id")["timestamp"].agg(lambda own: own.max() - own.min())
    channel = frame.groupby("customer_id")["channel"].first()
    days = (span / pd.Timedelta("1D")).groupby(channel, observed=True).median()
    assert round(days["Internet"], 4) == 0.0218 and round(days["Desk"], 3) == 0.781
    (expected,) = duckdb.sql(
        f"""SELECT min(epoch_us("time:timestamp"::TIMESTAMPTZ)),
                   max(epoch_us("time:timestamp"::TIMESTAMPTZ))
            FROM read_csv('{path}', all_varchar = true)"""
    ).fetchall()
    assert (log.observed_from, log.observed_until) == expected


def test_loan_applications(real_data: Path) -> None:
    log = read_events(
        real_data / "loan" / "loan_applications.csv.gz",
        {
            "customer_id": "case:concept:name",
            "timestamp": "time:timestamp",
            "channel": "lifecycle:transition",
            "event": "concept:name",
        },
    )
    frame = log.to_frame()
    assert len(log) == 262_200 and frame["customer_id"].nunique() == 13_087
    counts = frame.groupby("event", observed=True)["customer_id"].nunique()
    assert counts[["A_SUBMITTED", "A_ACCEPTED", "O_SENT"]].tolist() == [13_087, 5_113, 5_015]


def test_a_web_shop(real_data: Path) -> None:
    path = real_data / "online_retail" / "online_retail.csv.gz"
    roles = {
        "customer_id": "CustomerID",
        "timestamp": "InvoiceDate",
        "channel": "Country",
        "order_id": "InvoiceNo",
        "value": "UnitPrice",
    }
    with pytest.raises(OmninbError) as caught:
        read_events(path, roles, timezone="Europe/London")
    said = str(caught.value)
    assert "135,080 of 541,909 rows (24.9%)" in said and "max_quarantined=0.25" in said
    with pytest.warns(UserWarning, match="135,080 of 541,909 rows"):
        log = read_events(path, roles, timezone="Europe/London", max_quarantined=0.25)
    assert log.counts["read"] == 541_909 and log.counts["quarantined"] == 135_080
    assert set(log.quarantine["reason"]) == {"customer_id is empty"}
    assert log.files == [
        {"file": "online_retail.csv.gz", "lines": 541_910, "header": 1, "blank": 0,
         "continuation": 0, "accepted": 406_829, "quarantined": 135_080}
    ]  # fmt: skip
    frame = log.to_frame()
    assert frame["customer_id"].nunique() == 4_372
    assert frame["timestamp"].iloc[0] == pd.Timestamp("2010-12-01 08:26", tz="Europe/London")


def balanced(log: EventLog) -> EventLog:
    counts = log.counts
    assert counts["read"] == counts["accepted"] + counts["quarantined"]
    assert counts["accepted"] == counts["used"] + counts["duplicates_removed"]
    for file in log.files:
        assert file["lines"] == sum(
            file[part] for part in ("header", "blank", "continuation", "accepted", "quarantined")
        )
    return log


def test_leads_of_a_marketplace_and_the_deals_closed(real_data: Path) -> None:
    folder = real_data / "seller_funnel"
    leads = Source(
        folder / "olist_marketing_qualified_leads_dataset.csv",
        {"customer_id": "mql_id", "timestamp": "first_contact_date", "channel": "origin"},
        constants={"event": "contact"},
    )
    deals = Source(
        folder / "olist_closed_deals_dataset.csv",
        {"customer_id": "mql_id", "timestamp": "won_date"},
        constants={"channel": "sales", "event": "won"},
    )
    log = balanced(read_events([leads, deals], timezone="UTC"))
    assert [file["accepted"] for file in log.files] == [8_000, 842]
    assert log.counts["used"] == 8_842 and not len(log.quarantine)
    frame = log.to_frame().astype({"channel": "str", "event": "str"})
    won = set(frame.loc[frame["event"] == "won", "customer_id"])
    contacts = frame[frame["event"] == "contact"].set_index("customer_id")
    by_origin = contacts.assign(won=contacts.index.isin(won)).groupby("channel")["won"]
    shares = by_origin.agg(["sum", "size"])
    for origin, expected in {
        "organic search": (271, 2296), "paid search": (195, 1586), "social": (75, 1350),
        "direct traffic": (56, 499), "email": (15, 493),
    }.items():  # fmt: skip
        assert tuple(shares.loc[origin]) == expected
    # Where the clock hung, one day began at one o'clock: its seven leads have no midnight.
    there = balanced(read_events([leads, deals], timezone="America/Sao_Paulo"))
    assert (
        there.quarantine["reason"].tolist()
        == ["timestamp: nonexistent local time in America/Sao_Paulo"] * 7
    )


def test_a_test_of_a_landing_page(real_data: Path) -> None:
    log = balanced(
        read_events(
            real_data / "landing_page" / "ab_data.csv.gz",
            {"customer_id": "user_id", "channel": "landing_page", "variant": "group"},
            timezone="UTC",
        )
    )
    frame = log.to_frame()
    assert len(log) == 294_478 and frame["customer_id"].nunique() == 290_584
    assert ((frame["variant"] == "treatment") != (frame["channel"] == "new_page")).sum() == 3_893


def test_a_table_of_players_holds_no_touchpoints(real_data: Path) -> None:
    roles = {"customer_id": "userid", "variant": "version"}
    with pytest.raises(OmninbError, match=r"cookie_cats\.csv: no column for timestamp"):
        read_events(real_data / "cookie_cats" / "cookie_cats.csv", roles)


def test_the_other_real_ledgers_balance(real_data: Path) -> None:
    roles = {"customer_id": "case:concept:name", "timestamp": "time:timestamp"}
    receipt = balanced(
        read_events(real_data / "receipt" / "receipt.csv", roles | {"channel": "case:channel"})
    )
    assert receipt.counts["used"] == 8_577
    loan = balanced(
        read_events(
            real_data / "loan" / "loan_applications.csv.gz",
            roles | {"channel": "lifecycle:transition"},
        )
    )
    assert loan.counts["used"] == 262_200 and loan.files[0]["lines"] == 262_201
