"""What goes wrong with single rows on their way into a file, and what becomes of each.

The numbers are those of the input classes by which ``tests/events`` name their tests.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

ZONE = ZoneInfo("Europe/Berlin")
DELIMITER = ";"
NOTE = "note"  # a column that only the dirty file has: what somebody typed
_TWICE = datetime(2025, 10, 26, tzinfo=UTC), datetime(2025, 10, 26, 2, tzinfo=UTC)
Row = dict[str, str]
Spoil = Callable[[Row, datetime, int], datetime]
Fits = Callable[[pa.Table], np.ndarray]


class Defect(NamedTuple):
    """One thing that goes wrong with a row.

    Attributes
    ----------
    number : int or None
        The input class.
    name : str
        What it is.
    outcome : str
        ``accepted`` (the ledger says nothing), or the outcome under which the ledger has it.
    check : str
        How the ledger, or the quarantine, calls it.
    share : float
        Of all rows.
    spoil : callable
        Changes the cells of the nth row; returns the moment that the row is then read as.
    fits : callable, optional
        The rows of a table that it can happen to.
    line : callable, optional
        The line of a row, where it is not written as CSV should be.
    """

    number: int | None
    name: str
    outcome: str
    check: str
    share: float
    spoil: Spoil
    fits: Fits | None = None
    line: Callable[[Row], bytes] | None = None


def csv_line(row: Row) -> bytes:
    """One record of a CSV file, without a line end."""
    text = io.StringIO()
    csv.writer(text, delimiter=DELIMITER, lineterminator="\r\n").writerow(row.values())
    return text.getvalue().removesuffix("\r\n").encode()


def _write(column: str, *texts: str) -> Spoil:
    """Write the texts into a column, one after the other, and begin again."""

    def spoil(row: Row, when: datetime, nth: int) -> datetime:
        row[column] = texts[nth % len(texts)]
        return when

    return spoil


def _change(column: str, *changes: Callable[[str], str]) -> Spoil:
    def spoil(row: Row, when: datetime, nth: int) -> datetime:
        row[column] = changes[nth % len(changes)](row[column])
        return when

    return spoil


def _show(*shapes: Callable[[datetime], str]) -> Spoil:
    """Write the same moment in another way."""

    def spoil(row: Row, when: datetime, nth: int) -> datetime:
        row["timestamp"] = shapes[nth % len(shapes)](when)
        return when

    return spoil


def _when_clocks_change(begin: datetime) -> Spoil:
    """Write local times, no two alike, from this one on."""

    def spoil(row: Row, when: datetime, nth: int) -> datetime:
        local = begin + timedelta(seconds=nth % 3_600)
        row["timestamp"] = f"{local:%Y-%m-%d %H:%M:%S}"
        return local.replace(tzinfo=ZONE).astimezone(UTC)

    return spoil


def _number_ids(row: Row, when: datetime, nth: int) -> datetime:
    number = 123 + nth // 4
    row["customer_id"] = (f"{number:05}", f"{number}", f"{number}.0", f"{2**53 + number}")[nth % 4]
    return when


def _as_it_is(row: Row, when: datetime, nth: int) -> datetime:
    return when


def _local(when: datetime) -> str:
    return f"{when.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"


def _far(when: datetime) -> str:
    elsewhere = when.astimezone(timezone(timedelta(hours=-5)))
    return f"{elsewhere:%Y-%m-%dT%H:%M:%S-0500}"


def _filled(column: str) -> Fits:
    return lambda table: table[column].is_valid().to_numpy()


def _unequivocal(table: pa.Table) -> np.ndarray:
    """Rows whose local time exists once."""
    begin, end = (np.datetime64(at.replace(tzinfo=None), "us") for at in _TWICE)
    moment = table["timestamp"].to_numpy().astype("datetime64[us]")
    return (moment < begin) | (moment >= end)


def _common(column: str, least: float) -> Fits:
    """Rows whose name makes up at least that share, so that it stays the usual spelling."""

    def fits(table: pa.Table) -> np.ndarray:
        names = table[column].cast(pa.string())
        counts = names.value_counts()
        usual = counts.filter(pc.greater_equal(counts.field("counts"), least * len(table)))
        return pc.is_in(names, usual.field("values").drop_null()).to_numpy()

    return fits


def _beyond_ascii(table: pa.Table) -> np.ndarray:
    words = pc.fill_null(table["location"].cast(pa.string()), "")
    return pc.invert(pc.string_is_ascii(words)).to_numpy() & _common("location", 0.004)(table)


def _cut_short(row: Row) -> bytes:
    return DELIMITER.join(list(row.values())[:5]).encode()


def _without_quotes(row: Row) -> bytes:
    return csv_line(row | {NOTE: ""}) + f"call back{DELIMITER} urgent".encode()


def _after_the_quote(row: Row) -> bytes:
    shown = row | {"channel": f'"{row["channel"]}" (new)'}
    return DELIMITER.join(shown.values()).encode()


def _latin_1(row: Row) -> bytes:
    return csv_line(row).decode().encode("latin-1")


DEFECTS = (
    Defect(30, "amount that is no number", "quarantined",
           "value: not a plain decimal number", 0.003,
           _write("value", "$5", "1,000.50", "19.90", "NaN", "1e400", "free", "inf"),
           _filled("value")),
    Defect(7, "Latin-1 in a UTF-8 file", "quarantined", "encoding: not UTF-8", 0.0008,
           _as_it_is, _beyond_ascii, _latin_1),
    Defect(35, "place in another Unicode form", "repaired", "location: spellings merged", 0.0008,
           _change("location", lambda name: unicodedata.normalize("NFD", name)), _beyond_ascii),
    Defect(None, "campaign that is a formula", "accepted", "", 0.002,
           _write("campaign", "=1+1", "@SUM(A1)", '=HYPERLINK("https://example.com";"open")',
                  "-2+3", "+49 30 1234"),
           _filled("campaign")),
    Defect(None, "campaign that is markup or code", "accepted", "", 0.002,
           _write("campaign", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
                  '<a href="javascript:alert(1)">sale</a>', "%{customdata[0]}", "$\\href{x}{y}$",
                  "'; DROP TABLE customers; --", "{{7*7}}"),
           _filled("campaign")),
    Defect(23, "local time without an offset", "accepted", "", 0.06, _show(_local), _unequivocal),
    Defect(27, "day before month", "accepted", "", 0.04,
           _show(lambda when: f"{when.astimezone(ZONE):%d.%m.%Y %H:%M:%S}"), _unequivocal),
    Defect(24, "other offsets", "repaired", "offsets of times differ: all are UTC now", 0.04,
           _show(lambda when: when.astimezone(ZONE).isoformat(), _far)),
    Defect(26, "seconds since 1970", "accepted", "", 0.03,
           _show(lambda when: f"{when.timestamp():.0f}")),
    Defect(4, "quotes, separators and line ends in a text", "accepted", "", 0.005,
           _write(NOTE, 'said "call back; tomorrow"', "wants a refund,\nand an answer", '"')),
    Defect(9, "line cut short", "quarantined", "too few columns", 0.002,
           _as_it_is, None, _cut_short),
    Defect(9, "separator in a text without quotes", "quarantined", "too many columns", 0.002,
           _as_it_is, None, _without_quotes),
    Defect(10, "text after a closing quote", "quarantined", "text after a closing quote", 0.002,
           _as_it_is, None, _after_the_quote),
    Defect(21, "ids that a spreadsheet would make one", "accepted", "", 0.003, _number_ids),
    Defect(22, "no customer id", "quarantined", "customer_id is empty", 0.005,
           _write("customer_id", "", "  ")),
    Defect(22, "word in place of a customer id", "warning",
           "customer_id is a word such as NA, None, - or 0", 0.004,
           _write("customer_id", "NA", "None", "-", "0")),
    Defect(25, "local time that spring skips", "quarantined",
           "timestamp: nonexistent local time in Europe/Berlin", 0.001,
           _when_clocks_change(datetime(2025, 3, 30, 2))),
    Defect(25, "local time that autumn has twice", "repaired",
           "local time exists twice: the first was taken", 0.001,
           _when_clocks_change(datetime(2025, 10, 26, 2))),
    Defect(28, "date that does not exist", "quarantined", "timestamp: not a date and time", 0.004,
           _write("timestamp", "30.02.2025 10:00:00", "2025-06-31 10:00:00", "yesterday",
                  "infinity", "0000-00-00 00:00:00")),
    Defect(28, "year that stands for never", "quarantined",
           "timestamp: the year is outside 1900 to 2199", 0.002,
           _write("timestamp", "0001-01-01 00:00:00Z", "9999-12-31 23:59:59Z")),
    Defect(28, "no time", "quarantined", "timestamp is empty", 0.002, _write("timestamp", "")),
    Defect(29, "year with its digits turned", "quarantined", "timestamp is in the future", 0.002,
           _show(lambda when: f"{when:2052-%m-%d %H:%M:%SZ}")),
    Defect(None, "no channel", "warning", "channel is empty: kept as (not set)", 0.004,
           _write("channel", "", " ")),
    Defect(35, "channel spelled otherwise", "repaired", "channel: spellings merged", 0.01,
           _change("channel", str.upper, lambda name: f" {name} ", str.title),
           _common("channel", 0.05)),
    Defect(35, "event spelled otherwise", "repaired", "event: spellings merged", 0.005,
           _change("event", str.upper, lambda name: f"{name} "), _common("event", 0.03)),
)  # fmt: skip
