"""Where the records of a text file begin: omninb's own count, independent of the CSV reader's.

The ledger promises physical lines = header + blank + continuation + accepted + quarantined. The
right-hand side comes from the reader, the left-hand side from here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from omninb.errors import OmninbError

_BLOCK = 32 * 1024 * 1024
_QUOTE, _LF, _CR = 34, 10, 13

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Lines:
    """The records of one text file.

    Attributes
    ----------
    starts, ends : int64 arrays
        First byte of each record that is not blank, and the byte after its last one (without the
        line end).
    numbers : int64 array
        The physical line, counted from 1, on which each of them starts.
    physical, blank, continuation : int
        Lines in all; lines without any byte; lines inside a quoted field.
    """

    starts: Positions
    ends: Positions
    numbers: Positions
    physical: int
    blank: int
    continuation: int


def _positions(data: Bytes, wanted: Callable[[Bytes], npt.NDArray[np.bool_]]) -> Positions:
    found = [
        np.flatnonzero(wanted(data[begin : begin + _BLOCK])) + begin
        for begin in range(0, data.size, _BLOCK)
    ]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def find_lines(data: Bytes, name: str, delimiter: int | None) -> Lines:
    """Find the records of a text file.

    Parameters
    ----------
    data : uint8 array
        The whole file, unpacked; a byte order mark counts as part of the first record.
    name : str
        The file, for errors.
    delimiter : int or None
        The byte between fields of a CSV file, in which a quoted field may hold line ends; None
        where quotes mean nothing (JSON lines).

    Returns
    -------
    Lines

    Raises
    ------
    OmninbError
        If a quoted field never ends, or the file mixes kinds of line ends.
    """
    line_end = _LF
    newlines = _positions(data, lambda block: block == _LF)
    if not newlines.size:
        line_end = _CR
        newlines = _positions(data, lambda block: block == _CR)
    numbers_of = newlines  # the physical lines, whatever quotes say
    ends = newlines
    if delimiter is not None:
        ends = _record_ends(data, newlines, name, delimiter, line_end)
    if ends.size == 0 or ends[-1] != data.size - 1:
        ends = np.append(ends, data.size) if data.size else ends
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1]) if ends.size else ends
    stops = ends
    if line_end == _LF and delimiter is not None:
        stops = _without_cr(data, starts, ends, name)
    elif line_end == _LF and ends.size:
        stops = ends - ((ends > starts) & (data[np.maximum(ends, 1) - 1] == _CR))
    filled = stops > starts
    physical = int(newlines.size) + int(data.size > 0 and data[-1] != line_end)
    return Lines(
        starts=starts[filled],
        ends=stops[filled],
        numbers=np.searchsorted(numbers_of, starts[filled], side="left") + 1,
        physical=physical,
        blank=int((~filled).sum()),
        continuation=physical - int(starts.size),
    )


def _without_cr(data: Bytes, starts: Positions, ends: Positions, name: str) -> Positions:
    """Record ends before the CR of CRLF; every record must end alike, for the reader needs it."""
    closed = ends < data.size
    has_cr = (ends > starts) & (data[np.minimum(np.maximum(ends, 1), data.size) - 1] == _CR)
    if bool(has_cr[closed].any()) and not bool(has_cr[closed].all()):
        odd = int(np.flatnonzero(closed & (has_cr != has_cr[0]))[0])
        raise OmninbError(
            f"{name}: line ends are mixed (CRLF and LF), first near record {odd + 1}. "
            "Rewrite the file with one kind of line end."
        )
    return ends - has_cr


def _record_ends(
    data: Bytes, newlines: Positions, name: str, delimiter: int, line_end: int
) -> Positions:
    """The newlines that are not inside a quoted field.

    With every opening quote at the start of a field and every closing one at its end, being inside
    is a matter of parity. Any other file is walked record by record.
    """
    quotes = _positions(data, lambda block: block == _QUOTE)
    if not quotes.size:
        return newlines
    around = np.zeros(256, bool)
    around[[delimiter, _LF, _CR, _QUOTE]] = True
    opening, closing = quotes[0::2], quotes[1::2]
    first = 3 if data[:3].tobytes() == b"\xef\xbb\xbf" else 0
    opens = (opening == first) | around[data[np.maximum(opening, 1) - 1]]
    closes = (closing == data.size - 1) | around[data[np.minimum(closing + 1, data.size - 1)]]
    if quotes.size % 2 == 0 and bool(opens.all()) and bool(closes.all()):
        return newlines[np.searchsorted(quotes, newlines) % 2 == 0]
    return _walk(data, name, delimiter, line_end, first)


def _walk(data: Bytes, name: str, delimiter: int, line_end: int, first: int) -> Positions:
    """Record ends of a file with quotes in unusual places: slower, one record at a time.

    A quote inside an unquoted field is a letter. Text after a closing quote spoils the record up
    to the end of that line.
    """
    comma = re.escape(bytes([delimiter]))
    field = b'(?>"(?>[^"]+|"")*"(?:(?=' + comma + rb"|[\r\n])|[^\r\n]*)|[^" + comma
    field += rb'"\r\n][^' + comma + rb"\r\n]*|)"
    record = re.compile(field + b"(?>" + comma + field + rb")*+(\r\n|\n|\r|\Z)")
    text = data.data
    ends: list[int] = []
    at = first
    while at < data.size:
        found = record.match(text, at)
        if found is None:
            line = int(np.count_nonzero(data[:at] == line_end)) + 1
            raise OmninbError(
                f"{name}, line {line}: a quoted field that begins in this record never ends. "
                'Close it with ", or write a quote inside a field as "".'
            )
        if found.start(1) < data.size:
            ends.append(found.end(1) - 1)
        at = found.end()
    return np.array(ends, np.int64)
