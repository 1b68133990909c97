"""What a log must come up to: quarantined rows, freshness, rows as many as before."""

from __future__ import annotations

import warnings
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from omninb.errors import OmninbError
from omninb.events import EventLog, read_events


def log_of(rows: int, bad: int = 0, **options: object) -> EventLog:
    """A row a minute from midnight on, the first ones without a customer."""
    frame = pd.DataFrame({"customer_id": [f"c{n}" for n in range(rows)], "channel": "web"})
    frame.loc[: bad - 1, "customer_id"] = ""
    frame["timestamp"] = pd.Timestamp("2024-03-01", tz="UTC") + pd.to_timedelta(
        range(rows), unit="min"
    )
    return read_events(frame, **options)


def checks(log: EventLog) -> dict[str, int]:
    warned = log.quality[log.quality["outcome"] == "warning"]
    return dict(zip(warned["check"], warned["rows"], strict=True))


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_one_percent_is_silent(bad: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        log = log_of(200, bad)
    assert len(log.quarantine) == bad and not checks(log)


@pytest.mark.parametrize("bad", [3, 10])
def test_more_than_one_percent_warns(bad: int) -> None:
    with pytest.warns(UserWarning, match=rf"{bad} of 200 rows \({bad / 2}%\)") as caught:
        log = log_of(200, bad)
    assert caught[0].filename == __file__  # it points at the caller
    assert checks(log) == {"more than 1 % of the rows are quarantined": bad}


def test_more_than_five_percent_is_refused_with_reasons_and_the_argument() -> None:
    with pytest.raises(OmninbError) as caught:
        log_of(200, 11)
    said = str(caught.value)
    assert "11 of 200 rows (5.5%)" in said and "more than the 5 % that may be" in said
    assert "11  customer_id is empty (first: (DataFrame), line 1)" in said
    assert "max_quarantined=0.06" in said and caught.value.settled_by == {
        "max_quarantined": (0.06,)
    }
    with pytest.warns(UserWarning, match="11 of 200 rows"):
        assert len(log_of(200, 11, max_quarantined=0.06)) == 189
    with pytest.raises(OmninbError, match="max_quarantined="):
        log_of(200, 1, max_quarantined=0)
    with pytest.raises(OmninbError, match=r"more than the 0\.1 % that may be"):
        log_of(1_000, 2, max_quarantined=0.001)


@pytest.mark.parametrize("given", [-0.1, 1.5, 30, "5%", True, None])
def test_a_share_that_is_none_is_refused(given: object) -> None:
    with pytest.raises(OmninbError, match="max_quarantined=") as caught:
        log_of(10, max_quarantined=given)
    assert ("For 30 % write 0.3" in str(caught.value)) == (given == 30)


def test_a_stale_log_is_refused() -> None:
    log = log_of(60, expect_until="2024-03-01 00:59", timezone="UTC")
    assert log.quality["check"].str.contains("expect_until").any()
    with pytest.raises(OmninbError, match=r"ends at 2024-03-01 00:59:00.*, 0 h 1 min earlier"):
        log_of(60, expect_until="2024-03-01 01:00")
    with pytest.raises(OmninbError, match="2 d 23 h earlier"):
        log_of(60, expect_until="2024-03-04")
    log_of(60, expect_until="2024-03-01 01:59", timezone="Europe/Berlin")
    with pytest.raises(OmninbError, match="has no touchpoints"):
        log_of(0, expect_until="2024-03-01")
    with pytest.raises(OmninbError, match="expect_until='soon' is not a moment"):
        log_of(60, expect_until="soon")


@pytest.mark.parametrize(
    "given",
    [20250328, 0.5, float("nan"), pd.NaT, True, "", "05/04/2025", "01.07.2025", "March 1, 2025",
     "0001-01-01", "9999-12-31"],
)  # fmt: skip
@pytest.mark.parametrize("argument", ["expect_until", "observed_until", "observed_from", "as_of"])
def test_a_moment_that_could_be_another_is_no_moment(argument: str, given: object) -> None:
    with pytest.raises(OmninbError, match=f"{argument}=.* is not a moment. Write .*'2024-06-30'"):
        log_of(60, **{argument: given})


@pytest.mark.parametrize(
    "given", ["2024-03-01", "20240301", "2024-03-01T00:00Z", "2024-03-01 01:00+01:00",
              date(2024, 3, 1), datetime(2024, 3, 1), pd.Timestamp("2024-03-01", tz="UTC")],
)  # fmt: skip
def test_moments_that_are_one(given: object) -> None:
    log = log_of(60, observed_from=given)
    assert log.observed_from == 1_709_251_200_000_000


def test_25_moments_that_are_skipped_or_come_twice() -> None:
    zone = {"timezone": "Europe/Berlin"}
    for argument in ("expect_until", "observed_until", "as_of"):
        with pytest.raises(OmninbError, match=f"{argument}=.*no such time in Europe/Berlin"):
            log_of(60, **{argument: "2025-03-30 02:30"}, **zone)
    log = log_of(60, observed_until="2025-10-26 02:30", **zone)  # the first time, in summer
    assert log.observed_until == pd.Timestamp("2025-10-26 00:30Z").value // 1_000


@pytest.mark.parametrize("name", ["localtime", "posixrules", "Factory", "right/UTC", "posix/UTC"])
def test_a_zone_that_only_this_machine_knows_is_refused(name: str) -> None:
    with pytest.raises(OmninbError, match="is not an IANA time zone") as caught:
        log_of(60, timezone=name)
    assert name not in caught.value.settled_by["timezone"]


def test_rows_of_the_last_run() -> None:
    for before in (0, 99, 100):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert not checks(log_of(100, expect_rows=before))
    with pytest.warns(UserWarning, match="100 rows were read, and 125 the last time: 20.0% fewer"):
        assert checks(log_of(100, expect_rows=125)) == {"fewer rows than the last time": 25}
    assert not checks(log_of(100, expect_rows=np.int64(100), max_quarantined=np.float32(0.5)))
    with pytest.warns(UserWarning, match="50.0% fewer"):
        log_of(100, expect_rows=200)
    with pytest.raises(OmninbError, match="less than half as many"):
        log_of(100, expect_rows=201)
    for given in (-1, "100", True, 1.5):
        with pytest.raises(OmninbError, match="expect_rows="):
            log_of(100, expect_rows=given)
