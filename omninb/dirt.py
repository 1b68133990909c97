"""A clean log as it comes out of several systems: a CSV file with planted defects, and their list.

Tills write local time, spreadsheets make numbers of ids, queues deliver twice, files are glued
together with their headers. What is planted is written down line by line, so that what a reader of
the file reports can be held against it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from omninb.defects import DEFECTS, DELIMITER, NOTE, ZONE, Defect, csv_line
from omninb.errors import OmninbError

# What settles the questions that such a file raises: arguments of read_events.
READ_WITH = {"timezone": ZONE.key, "day_first": True, "time_unit": "s", "decimal": ","}
FEWEST_ROWS = 1_000
_MARK, _END = b"\xef\xbb\xbf", b"\r\n"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_END = datetime(2026, 1, 1, tzinfo=ZONE)
_UNREADABLE = (7, 9, 10)  # the classes of lines that no reader makes a row of


def dirty_csv(table: pa.Table, seed: int) -> tuple[bytes, list[dict[str, Any]]]:
    """A table of touchpoints as a CSV file with planted defects, and the list of them.

    Parameters
    ----------
    table : pyarrow.Table
        Touchpoints by role in time order, as the simulator gives them; a thousand or more. Those
        after the end of 2025 in Berlin are left out, for they would be a last day cut short.
    seed : int
        The same seed and table give the same file.

    Returns
    -------
    bytes
        The file: semicolons between fields, decimal commas, CRLF, a byte order mark. It is read
        with the arguments READ_WITH, and has a column more than the table, ``note``.
    list of dict
        What was planted: ``class`` (number of the input class, or None), ``name``, ``outcome``
        (``accepted`` in silence; ``skipped``; or the ledger's ``note``, ``warning``, ``repaired``,
        ``quarantined``), ``check`` (how the ledger calls it; empty where it says nothing), ``rows``
        and ``lines`` (where, counted from 1, which is the header; or ``"all"``).

    Raises
    ------
    OmninbError
        If there are too few rows to plant in.

    Examples
    --------
    >>> from omninb.simulate import simulate_table
    >>> file, planted = dirty_csv(simulate_table(200, seed=1)[0], seed=1)
    >>> [(entry["class"], entry["name"]) for entry in planted[:2]]
    [(1, 'byte order mark'), (2, 'CRLF line ends')]
    """
    if len(table) < FEWEST_ROWS:
        raise OmninbError(
            f"{len(table):,} touchpoints are too few to plant defects in: it takes "
            f"{FEWEST_ROWS:,}, which about 150 customers make."
        )
    table = table.filter(pc.less(table["timestamp"], _YEAR_END))
    return _Soiled(table, np.random.default_rng([seed, 35])).file()


class _Soiled:
    """Lines on their way into a file: the rows of a table first, then those that come on top."""

    def __init__(self, table: pa.Table, random: np.random.Generator) -> None:
        self.table, self.random, self.rows = table, random, len(table)
        self.texts = {name: _texts(table[name], name) for name in table.column_names}
        self.texts[NOTE] = pa.chunked_array([[""] * self.rows])
        joined = pc.binary_join_element_wise(*self.texts.values(), DELIMITER)
        self.lines = [line.encode() for line in joined.to_pylist()]
        self.places = [float(row) for row in range(self.rows)]
        self.row_of = list(range(self.rows))  # the row of the table that a line holds
        self.stays = [True] * self.rows  # whether it will be in the log
        self.free = random.permutation(self.rows)  # lines to which nothing has happened yet
        self.planted: list[dict[str, Any]] = []
        # Whose a row is, and from when, as a reader will have it.
        self.customers = table["customer_id"].to_pylist()
        self.moments = table["timestamp"].cast(pa.int64()).to_pylist()

    def file(self) -> tuple[bytes, list[dict[str, Any]]]:
        """All that can happen, then the file and the list."""
        header = csv_line({name: name for name in self.texts})
        self._tie()
        for defect in tqdm(DEFECTS, "planting", unit="defect", delay=2, disable=None, leave=False):
            self._spoil(defect)
        self._deliver_twice()
        late = self._take(0.01)
        for line in late:
            self.places[line] += int(self.random.integers(20, 400))
        self._enter(34, "line that came late", "accepted", "", late)
        anywhere = self.random.uniform(1, self.rows - 2, 5).tolist()
        again = [self._add(header, place) for place in anywhere[:2]]
        self._enter(13, "the header again", "quarantined", "the header again", again)
        blank = [self._add(b"", place) for place in anywhere[2:]]
        self._enter(None, "blank line", "skipped", "", blank)
        self._notice()
        self._enter_whole_file(len(self.lines) - len(blank))
        order = np.argsort(self.places, kind="stable")
        lines = [header, *(self.lines[line] for line in order)]
        number = np.empty(len(order), np.int64)
        number[order] = np.cumsum([1 + line.count(b"\n") for line in lines])[:-1] + 1
        for entry in self.planted:
            if entry["lines"] != "all":
                entry["lines"] = sorted(number[entry["lines"]].tolist())
        by_class = sorted(self.planted, key=lambda entry: entry["class"] or len(self.lines))
        return _MARK + _END.join(lines), by_class

    def _enter(
        self, number: int | None, name: str, outcome: str, check: str, lines: list[int]
    ) -> None:
        if lines:
            entry = {"class": number, "name": name, "outcome": outcome, "check": check}
            self.planted.append(entry | {"rows": len(lines), "lines": lines})

    def _enter_whole_file(self, records: int) -> None:
        unread = sum(entry["rows"] for entry in self.planted if entry["class"] in _UNREADABLE)
        for number, name, outcome, check, rows in (
            (1, "byte order mark", "accepted", "", records),
            (2, "CRLF line ends", "accepted", "", records),
            (17, "no line end after the last line", "accepted", "", records),
            (20, "semicolons between fields, commas in decimals", "note",
             f"fields are separated by {DELIMITER!r}", records - unread),
        ):  # fmt: skip
            entry = {"class": number, "name": name, "outcome": outcome, "check": check}
            self.planted.append(entry | {"rows": rows, "lines": "all"})

    def _take(self, share: float, fits: np.ndarray | None = None) -> list[int]:
        """Lines for that share of all rows, at least one; nothing else will happen to them."""
        can = self.free if fits is None else self.free[fits[self.free]]
        taken = can[: max(1, round(share * self.rows))]
        self.free = self.free[~np.isin(self.free, taken)]
        return taken.tolist()

    def _add(self, text: bytes, place: float, row: int = -1, stays: bool = False) -> int:
        self.lines.append(text)
        self.places.append(place)
        self.row_of.append(row)
        self.stays.append(stays)
        return len(self.lines) - 1

    def _cells(self, row: int) -> dict[str, str]:
        return {name: column[row].as_py() for name, column in self.texts.items()}

    def _spoil(self, defect: Defect) -> None:
        rows = self._take(defect.share, defect.fits(self.table) if defect.fits else None)
        for nth, row in enumerate(rows):
            cells = self._cells(row)
            when = defect.spoil(cells, _EPOCH + timedelta(microseconds=self.moments[row]), nth)
            self.lines[row] = (defect.line or csv_line)(cells)
            self.customers[row] = cells["customer_id"]
            self.moments[row] = (when - _EPOCH) // timedelta(microseconds=1)
            self.stays[row] = defect.outcome != "quarantined"
        self._enter(defect.number, defect.name, defect.outcome, defect.check, rows)

    def _tie(self) -> None:
        """A few touchpoints take the time of their customer's touchpoint before."""
        customers = pd.Series(self.customers)
        before = customers.index.to_series().groupby(customers).shift(fill_value=-1).to_numpy()
        tied: list[int] = []
        used: set[int] = set()
        for row in self.free[before[self.free] >= 0].tolist():
            pair = {row, int(before[row])}
            if not pair & used:
                tied.append(row)
                used |= pair
            if len(tied) >= 0.003 * self.rows:
                break
        for row in tied:
            cells = self._cells(row) | {"timestamp": self.texts["timestamp"][before[row]].as_py()}
            self.lines[row] = csv_line(cells)
            self.moments[row] = self.moments[before[row]]
        self.free = self.free[~np.isin(self.free, list(used))]

    def _deliver_twice(self) -> None:
        """The same touchpoint some lines later: once with its id, once without ids."""
        later = [
            self._add(self.lines[row], row + float(self.random.uniform(1, 50)), row)
            for row in self._take(0.006)
        ]
        check = "event_id seen before: the first was kept"
        self._enter(33, "touchpoint delivered twice", "repaired", check, later)
        later = []
        for row in self._take(0.003):
            self.lines[row] = csv_line(self._cells(row) | {"event_id": ""})
            later.append(self._add(self.lines[row], row + 1.5, row, stays=True))
        check = "row equals an earlier one: kept (drop_duplicates=False)"
        self._enter(33, "line that equals an earlier one", "warning", check, later)

    def _notice(self) -> None:
        """What the lines that stay amount to: refunds, and ties of planted and equal lines."""
        lines = np.flatnonzero(self.stays)
        rows = np.array(self.row_of)[lines]
        refund = pc.less(self.table["value"], 0).fill_null(False).to_numpy()[rows]
        self._enter(31, "refund", "note", "value below 0: refunds", lines[refund].tolist())
        whose = pd.DataFrame(
            {"customer": np.array(self.customers)[rows], "moment": np.array(self.moments)[rows]}
        )
        tied = lines[whose.duplicated(keep=False)].tolist()
        check = "ties: the same customer at the same time"
        self._enter(34, "same customer at the same time", "note", check, tied)


def _texts(column: pa.ChunkedArray, role: str) -> pa.ChunkedArray:
    """A column as it is written: empty where null, money with a decimal comma."""
    if pa.types.is_timestamp(column.type):
        seconds = column.cast(pa.timestamp("s"))
        texts = pc.strftime(seconds, "%Y-%m-%d %H:%M:%SZ")
    elif role in ("value", "cost"):
        texts = pc.replace_substring(column.cast(pa.string()), ".", ",")
    else:
        texts = column.cast(pa.string())
    return pc.fill_null(texts, "")
