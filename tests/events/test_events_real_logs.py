"""Real logs, against facts that were counted elsewhere and against DuckDB on the raw file."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from omninb.errors import OmninbError
from omninb.events import read_events


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
    frame = log.to_frame()
    assert frame["customer_id"].nunique() == 4_372
    assert frame["timestamp"].iloc[0] == pd.Timestamp("2010-12-01 08:26", tz="Europe/London")
