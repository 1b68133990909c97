"""Where the records of a text file begin: omninb's own count, independent of the CSV reader's.

The ledger promises physical lines = header + blank + continuation + accepted + quarantined. The
right-hand side comes from the reader, the left-hand side from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from omninb.errors import OmninbError
from omninb.events.refusals import Mask

_QUOTE, _LF, _CR = 34, 10, 13
LONGEST_RECORD = 64 << 20

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Lines:
    """The records of one text, or of a block of it.

    Attributes
    ----------
    starts, ends : int64 arrays
        First byte of each record that is not blank, and the byte after its last one (without the
        line end).
    numbers : int64 array
        The physical line, counted from 1, on which each of them starts.
    spoilt : bool array
        Those with text after a closing quote.
    spans : int64 array or None
        The lines of each of them; None where each has one.
    physical, blank, continuation : int
        Lines in all; lines without any byte; lines inside a quoted field.
    line_ends : int64 array
        Records that end with LF, CRLF and a lone CR.
    used : int
        Bytes up to the end of the last whole record.
    """

    starts: Positions
    ends: Positions
    numbers: Positions
    spoilt: Mask
    spans: Positions | None
    physical: int
    blank: int
    continuation: int
    line_ends: Positions
    used: int


def blocks(
    pieces: Iterable[bytes], name: str, delimiter: int | None
) -> Iterator[tuple[Bytes, Lines]]:
    """Cut a text into blocks of whole records.

    Parameters
    ----------
    pieces : iterable of bytes
        The text, cut anywhere; no piece is empty.
    name, delimiter
        As for `find_lines`.

    Yields
    ------
    uint8 array, Lines
        A block and its records; line numbers go on from block to block.
    """
    rest, before = b"", 0
    for piece in chain(pieces, [b""]):
        data = np.frombuffer(rest + piece, np.uint8)
        if not data.size:
            return
        lines = find_lines(data, name, delimiter, before=before, whole=not piece)
        rest = data[lines.used :].tobytes()
        before += lines.physical
        if len(rest) > LONGEST_RECORD:
            raise _open_quote(name, before + 1, f"within {LONGEST_RECORD >> 20} MB")
        if lines.used:
            yield data[: lines.used], lines


def find_lines(
    data: Bytes, name: str, delimiter: int | None, *, before: int = 0, whole: bool = True
) -> Lines:
    """Find the records of a text; LF, CRLF and a lone CR all end a line.

    Parameters
    ----------
    data : uint8 array
        The text, from the beginning of a record.
    name : str
        The file, for errors.
    delimiter : int or None
        The byte between fields of a CSV file, in which a quoted field may hold line ends; None
        where quotes mean nothing (JSON lines).
    before : int
        Physical lines before `data`.
    whole : bool
        Whether the text ends where `data` ends; otherwise its last record may go on.

    Returns
    -------
    Lines

    Raises
    ------
    OmninbError
        If a quoted field never ends.
    """
    newlines = _line_ends(data)
    if not whole and data.size and data[-1] == _CR:  # the LF that belongs to it may be to come
        newlines = newlines[:-1]
    ends, spoilt = newlines, np.zeros(newlines.size, bool)
    if delimiter is not None:
        ends, spoilt = _records(data, newlines, name, delimiter, before, whole)
    if whole and data.size and (not ends.size or ends[-1] < data.size - 1):
        ends, spoilt = np.append(ends, data.size), np.append(spoilt, False)
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1]) if ends.size else ends
    used = min(int(ends[-1]) + 1, data.size) if ends.size else 0
    closed = ends < data.size
    lf = closed & (data[np.minimum(ends, data.size - 1)] == _LF) if ends.size else closed
    crlf = lf & (ends > starts) & (data[np.maximum(ends, 1) - 1] == _CR) if ends.size else lf
    stops = ends - crlf
    filled = stops > starts
    physical = int(np.searchsorted(newlines, used)) + int(ends.size > 0 and not closed[-1])
    first = np.searchsorted(newlines, starts[filled])
    several = physical > starts.size
    return Lines(
        starts=starts[filled],
        ends=stops[filled],
        numbers=before + first + 1,
        spoilt=spoilt[filled],
        spans=np.searchsorted(newlines, ends[filled]) - first + 1 if several else None,
        physical=physical,
        blank=int((~filled).sum()),
        continuation=physical - int(starts.size),
        line_ends=np.array([(lf & ~crlf).sum(), crlf.sum(), (closed & ~lf).sum()], np.int64),
        used=used,
    )


def _line_ends(data: Bytes) -> Positions:
    """The last byte of every line end."""
    lf, cr = np.flatnonzero(data == _LF), np.flatnonzero(data == _CR)
    if not cr.size:
        return lf
    lone = cr[data[np.minimum(cr + 1, data.size - 1)] != _LF]
    return np.sort(np.concatenate([lf, lone])) if lone.size else lf


def _records(
    data: Bytes, newlines: Positions, name: str, delimiter: int, before: int, whole: bool
) -> tuple[Positions, Mask]:
    """The newlines that are not inside a quoted field, and which records are spoilt.

    With every opening quote at the start of a field and every closing one at its end, being inside
    is a matter of parity. Any other text is walked record by record.
    """
    quotes = np.flatnonzero(data == _QUOTE)
    if not quotes.size:
        return newlines, np.zeros(newlines.size, bool)
    around = np.zeros(256, bool)
    around[[delimiter, _LF, _CR, _QUOTE]] = True
    opening, closing = quotes[0::2], quotes[1::2]
    opens = (opening == 0) | around[data[np.maximum(opening, 1) - 1]]
    closes = (closing == data.size - 1) | around[data[np.minimum(closing + 1, data.size - 1)]]
    if (quotes.size % 2 == 0 or not whole) and bool(opens.all()) and bool(closes.all()):
        ends = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
        return ends, np.zeros(ends.size, bool)
    return _walk(data, newlines, name, delimiter, before, whole)


def _walk(
    data: Bytes, newlines: Positions, name: str, delimiter: int, before: int, whole: bool
) -> tuple[Positions, Mask]:
    """Record ends of a text with quotes in unusual places: slower, one record at a time.

    A quote inside an unquoted field is a letter. Text after a closing quote spoils the record up
    to the end of that line.
    """
    comma = re.escape(bytes([delimiter]))
    field = b'(?>"(?>[^"]+|"")*"(?:(?=' + comma + rb"|[\r\n]|\Z)|(?P<spoilt>)[^\r\n]*)|[^" + comma
    field += rb'"\r\n][^' + comma + rb"\r\n]*|)"
    again = field.replace(b"spoilt", b"later")
    record = re.compile(field + b"(?>" + comma + again + rb")*+(?P<end>\r\n|\n|\r|\Z)")
    text = data.data
    ends: list[int] = []
    spoilt: list[bool] = []
    at = 0
    while at < data.size:
        found = record.match(text, at)
        if found is None and whole:
            line = before + int(np.searchsorted(newlines, at)) + 1
            raise _open_quote(name, line, "anywhere")
        if found is None or (not whole and found.end() == data.size and data[-1] != _LF):
            break
        ends.append(found.end() - bool(found["end"]))
        spoilt.append(found["spoilt"] is not None or found["later"] is not None)
        at = found.end()
    return np.array(ends, np.int64), np.array(spoilt, bool)


def _open_quote(name: str, line: int, where: str) -> OmninbError:
    return OmninbError(
        f"{name}, line {line}: a quoted field that begins in this record does not end {where}. "
        'Close it with ", or write a quote inside a field as "".'
    )
