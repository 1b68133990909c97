"""Moments, money and scores: what is exact, what is refused, and what is asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omninb.errors import OmninbError
from omninb.events import EventLog, read_events
from omninb.events.clock import micros, to_utc
from omninb.events.sandbox import evaluate
from omninb.events.time_texts import _TEXT_QUERY, _USUAL_QUERY

pytestmark = pytest.mark.filterwarnings("ignore:.*are quarantined:UserWarning")


def log_of(timestamps: object, **options: object) -> EventLog:
    extra = options.pop("extra", {})
    ids = [f"c{row}" for row in range(len(timestamps))]  # type: ignore[arg-type]
    table = {"customer_id": ids, "timestamp": timestamps, "channel": ["web"] * len(ids), **extra}
    return read_events(pa.table(table), **{"max_quarantined": 1, **options})  # type: ignore[arg-type]


def shown(log: EventLog) -> list[str]:
    return [moment.strftime("%Y-%m-%d %H:%M:%S") for moment in log.table["timestamp"].to_pylist()]


def asked(timestamps: object, **options: object) -> str:
    with pytest.raises(OmninbError) as caught:
        log_of(timestamps, **options)
    return str(caught.value)


def test_23_naive_times_need_a_zone() -> None:
    assert "timezone=" in asked(["2024-03-01 10:00:00"])
    assert "timezone=" in asked(pa.array([datetime(2024, 3, 1)], pa.timestamp("us")))
    assert "timezone=" in asked(["2024-03-01 10:00:00", "2024-03-01 10:00:00Z"])
    assert "Europe/Berlin" in asked(["2024-03-01 10:00"], timezone="Europe/Berlim")
    log = log_of(["2024-03-01 10:00", "2024-07-01"], timezone="Europe/Berlin")
    assert shown(log) == ["2024-03-01 09:00:00", "2024-06-30 22:00:00"]


def test_24_offsets_of_many_kinds() -> None:
    texts = ["2024-03-01T10:00:00+02:00", "2024-03-01 10:00:00Z", "2024-03-01T10:00-0530",
             "2024-03-01 10:00:00.5 UTC", "2024-03-01 10:00:00+02"]  # fmt: skip
    assert shown(log_of(texts)) == [
        "2024-03-01 08:00:00", "2024-03-01 10:00:00", "2024-03-01 15:30:00",
        "2024-03-01 10:00:00", "2024-03-01 08:00:00",
    ]  # fmt: skip


def test_a_day_with_an_offset_begins_there() -> None:
    texts = ["2024-03-01Z", "2024-03-01 Z", "2024-03-01+02:00", "2024-03-01-0530", "1/3/2024Z"]
    assert shown(log_of(texts, day_first=True)) == [
        "2024-03-01 00:00:00", "2024-03-01 00:00:00", "2024-02-29 22:00:00",
        "2024-03-01 05:30:00", "2024-03-01 00:00:00",
    ]  # fmt: skip


def test_25_spring_does_not_exist_and_autumn_exists_twice() -> None:
    log = log_of(
        ["2024-03-31 02:30:00", "2024-03-31 03:00:00", "2024-10-27 02:30:00"],
        timezone="Europe/Berlin",
    )
    assert log.quarantine["reason"].tolist() == [
        "timestamp: nonexistent local time in Europe/Berlin"
    ]
    assert shown(log) == ["2024-03-31 01:00:00", "2024-10-27 00:30:00"]
    twice = log.quality.set_index("check").loc["local time exists twice: the first was taken"]
    assert twice["rows"] == 1


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC",
         "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo"]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)), min_size=1, max_size=20),
    st.integers(0, 46),
)
def test_25_local_time_as_the_standard_library_has_it(
    name: str, moments: list[datetime], year: int
) -> None:
    zone = ZoneInfo(name)
    # Every quarter of an hour around some changes of the clock, besides random moments.
    for month, day in [(3, 31), (10, 27), (11, 3), (4, 7), (12, 30)]:
        begin = datetime(1990 + year, month, day) - timedelta(days=1)
        moments = moments + [begin + timedelta(minutes=15 * k) for k in range(192)]
    local = np.array([micros(moment.replace(tzinfo=UTC)) for moment in moments], np.int64)
    found = to_utc(local, zone)
    for row, moment in enumerate(moments):
        first = moment.replace(tzinfo=zone, fold=0)
        again = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
        assert found.nonexistent[row] == (again != moment), (name, moment)
        if again == moment:
            assert found.utc[row] == micros(first), (name, moment)
            other = moment.replace(tzinfo=zone, fold=1)
            assert found.repeated[row] == (first.utcoffset() != other.utcoffset()), (name, moment)


@pytest.mark.parametrize(
    "unit, number", [("s", 1_709_287_200), ("ms", 1_709_287_200_000),
                     ("us", 1_709_287_200_000_000), ("ns", 1_709_287_200_000_000_000)]
)  # fmt: skip
def test_26_numbers_need_a_unit(unit: str, number: int) -> None:
    for values in ([number], [str(number)], [float(number)]):
        assert "time_unit=" in asked(values)
        assert shown(log_of(values, time_unit=unit)) == ["2024-03-01 10:00:00"]
    assert "unknown" in asked([number], time_unit="sec")


def test_27_day_and_month_are_asked_for() -> None:
    assert "day_first=True or day_first=False" in asked(["01/02/2024 10:00"])
    for day_first, day in [(True, "2024-02-01"), (False, "2024-01-02")]:
        texts = ["01/02/2024 10:00", "1.2.2024 10:00:00 PM", "2024-05-06 10:00"]
        log = log_of(texts, day_first=day_first, timezone="UTC")
        assert shown(log) == [f"{day} 10:00:00", f"{day} 22:00:00", "2024-05-06 10:00:00"]
    log = log_of(["31/12/2024", "12/31/2024"], day_first=True, timezone="UTC")
    assert shown(log) == ["2024-12-31 00:00:00"]


def test_28_29_impossible_and_future_dates() -> None:
    bad = ["2024-02-30", "infinity", "0001-01-01", "9999-12-31", "epoch", "yesterday", ""]
    log = log_of(["2024-03-01", *bad, "2024-03-01 02:00"], timezone="UTC", as_of="2024-03-01 00:30")
    assert len(log) == 1 and log.quarantine["line"].tolist() == [2, 3, 4, 5, 6, 7, 8, 9]
    assert log.quarantine["reason"].iloc[-1] == "timestamp is in the future"
    assert "no value" in asked(["yesterday", "today"])
    far = datetime.now(UTC) + timedelta(days=2)
    assert len(log_of([far, datetime(2024, 1, 1, tzinfo=UTC)])) == 1


MONEY = {
    "0.1": 100_000,
    "-3.5": -3_500_000,
    "19.99": 19_990_000,
    "1e3": 1_000_000_000,
    " 7 ": 7_000_000,
    "+.5": 500_000,
    "0.0000005": 1,
    "": None,
    "9007199254.740993": 9_007_199_254_740_993,
}
NOT_MONEY = ["NaN", "inf", "1e400", "$5", "1,000.5", "1_000", "0x10", "free", "99999999999999",
             "1e27", "-1e31", "9" * 28, "1e32"]  # fmt: skip


def test_30_31_money_is_exact_and_refunds_are_totalled_apart() -> None:
    texts = [*MONEY, *NOT_MONEY]
    days = ["2024-03-01T00:00:00Z"] * len(texts)
    log = log_of(days, extra={"value": texts}, currency="EUR")
    assert log.table["value"].to_pylist() == list(MONEY.values())
    assert log.quarantine["text"].str.contains('"value": ').all()
    assert len(log.quarantine) == len(NOT_MONEY)
    refunds = log.quality.set_index("check").loc["value below 0: refunds"]
    assert refunds["rows"] == 1 and refunds["example"] == "-3.50 in all"
    assert log.to_frame()["value"].iloc[:3].tolist() == [0.1, -3.5, 19.99]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.decimals(-(10**9), 10**9, allow_nan=False, places=6), min_size=1, max_size=30))
def test_money_of_every_kind_of_column_is_the_same(amounts: list[Decimal]) -> None:
    expected = [int((one * 1_000_000).to_integral_value(ROUND_HALF_UP)) for one in amounts]
    days = ["2024-03-01T00:00:00Z"] * len(amounts)
    columns = [
        pa.array([format(one, "f") for one in amounts]),
        pa.array(amounts, pa.decimal128(38, 6)),
        pa.array([float(one) for one in amounts]),
    ]
    for column in columns:
        log = log_of(days, extra={"cost": column})
        assert log.table["cost"].to_pylist() == expected


def test_30_floats_that_are_no_numbers() -> None:
    days = ["2024-03-01T00:00:00Z"] * 4
    values = pa.array([1.5, float("nan"), float("inf"), None])
    log = log_of(days, extra={"value": values, "score": pa.array([5.0, 1.0, 1.0, None])})
    assert log.table["value"].to_pylist() == [1_500_000, None]
    assert log.table["score"].to_pylist() == [5.0, None]
    assert log_of(days, extra={"value": [1, 2, 3, 10**14]}).table["value"].to_pylist() == [
        1_000_000, 2_000_000, 3_000_000,
    ]  # fmt: skip
    log = log_of(days, extra={"score": ["5", "", "many", "NaN"]})
    assert log.table["score"].to_pylist() == [5.0, None]


def test_30_whole_numbers_at_the_edges_of_their_types() -> None:
    days = ["2024-03-01T00:00:00Z"] * 4
    for edges in (
        pa.array([1, 2**64 - 1, 2**63, 2], pa.uint64()),
        pa.array([1, -(2**63), 2**63 - 1, 2], pa.int64()),
    ):
        log = log_of(days, extra={"value": edges})
        assert log.table["value"].to_pylist() == [1_000_000, 2_000_000]
        assert log.quarantine["line"].tolist() == [2, 3]
        for unit in ("s", "ms", "us", "ns"):
            log = log_of(edges, time_unit=unit)
            # 2**63 ns are 292 years, and 2**64 ns 585: outside too
            assert log.quarantine["line"].tolist() == [2, 3], unit
    least = pa.array([-(2**63), 0], pa.int64())
    for unit in ("s", "ms", "us", "ns"):
        for zone in ("UTC", None):
            log = log_of(least.cast(pa.timestamp(unit, zone)), timezone="UTC")
            assert log.quarantine["line"].tolist() == [1] and shown(log) == ["1970-01-01 00:00:00"]


def test_26_numbers_of_thirty_digits_are_quarantined() -> None:
    for unit in ("s", "ms", "us", "ns"):
        log = log_of(["0", "9" * 19, "9" * 30, "-" + "9" * 40], time_unit=unit)
        assert log.quarantine["line"].tolist() == [2, 3, 4], unit


def test_24_offsets_that_no_place_has_are_quarantined() -> None:
    wrong = ["+99:00", "+16:00", "-1600", "+05:60", "+0575", "+99", "-99:00:00"]
    log = log_of(["2024-03-16T10:00:00" + one for one in [*wrong, "+15:59", "-1130", "+05"]])
    assert log.quarantine["line"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert shown(log) == ["2024-03-15 18:01:00", "2024-03-16 21:30:00", "2024-03-16 05:00:00"]


def test_scores_obey_the_decimal_sign() -> None:
    days = ["2024-03-01T00:00:00Z"] * 4
    scores = {"score": ["8,5", "7", "", "1.000"]}
    log = log_of(days, extra=scores, decimal=",")
    assert log.table["score"].to_pylist() == [8.5, 7.0, None]
    assert log.quarantine["line"].tolist() == [4]
    assert log_of(days, extra=scores).quarantine["line"].tolist() == [1]


def test_32_more_than_one_currency() -> None:
    days = ["2024-03-01T00:00:00Z"] * 2
    extra = {"value": ["1", "2"], "unit": ["EUR", "USD"]}
    assert "EUR, USD" in asked(days, extra=extra, columns={"currency": "unit"})
    extra["unit"] = ["EUR", "EUR"]
    assert "USD" in asked(days, extra=extra, columns={"currency": "unit"}, currency="USD")
    assert log_of(days, extra=extra, columns={"currency": "unit"}).currency == "EUR"


def test_the_observed_window() -> None:
    texts = ["2024-03-01", "2024-03-05"]
    log = log_of(texts, timezone="UTC", observed_from="2024-02-01", observed_until="2024-04-01")
    window = [pd.Timestamp(end, unit="us") for end in (log.observed_from, log.observed_until)]
    assert [end.date().isoformat() for end in window] == ["2024-02-01", "2024-04-01"]
    assert "later touchpoints" in asked(texts, timezone="UTC", observed_until="2024-03-02")
    assert "earlier touchpoints" in asked(texts, timezone="UTC", observed_from="2024-03-02")
    assert "not a moment" in asked(texts, timezone="UTC", observed_from="soon")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)),
            st.sampled_from(["T", " "]),
            st.sampled_from(["", ".5", ".123456", ".1234567"]),
            st.sampled_from(["", "Z", "+02:00", "-05:30", "+00:00", " UTC", "+0200", "+99:00"]),
        ),
        min_size=1, max_size=30,
    )
)  # fmt: skip
def test_texts_of_the_usual_shape_mean_what_a_close_look_finds(drawn: list[tuple]) -> None:
    texts = [f"{when:%Y-%m-%d}{sep}{when:%H:%M:%S}{rest}{zone}" for when, sep, rest, zone in drawn]
    column = pa.chunked_array([pa.array(texts)])
    usual = evaluate(column, _USUAL_QUERY).to_pylist()
    closely = evaluate(column, _TEXT_QUERY, order="", factor=1).to_pylist()
    for one, other in zip(usual, closely, strict=True):
        assert one["moment"] is None or one == other
