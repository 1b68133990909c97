"""JSON lines: one object a line, every value taken as its text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from omninb.errors import OmninbError
from omninb.events.csv_files import text_at
from omninb.events.headers import refuse_utf16
from omninb.events.lines import Bytes, Lines, blocks
from omninb.events.packing import unpacked
from omninb.events.parts import Part, Refused
from omninb.events.sandbox import sealed_sandbox

_MOST_KEYS = 1_000
_AT_A_TIME = 64  # keys whose values are held side by side, in DuckDB's wider storage
_KIND = "CASE WHEN json_valid(x) THEN json_type(x) END"
# A CASE shields what it asks; a WHERE may be evaluated later, and malformed lines raise.
_KEYS = f"CASE WHEN {_KIND} = 'OBJECT' THEN json_keys(x) END"


def read_json_lines(path: Path, name: str, max_unpacked: int | None = None) -> Iterator[Part]:
    """Read one file of JSON lines block by block; lines that are no object are refused.

    So are lines that hold a key twice, for nobody can know which value was meant; and a file of
    more than 1,000 different keys.

    Parameters
    ----------
    path : Path
        Plain, gzip or zstd. A file of several blocks is read twice, for any line may be the first
        to hold a key.
    name : str
        What it is called.
    max_unpacked : int, optional
        Bytes that a packed file may unpack to; 100 times its size without it.

    Yields
    ------
    Part
        One for each block, with columns alike: the keys of all objects, their values as text.
    """
    whole: list[tuple[Bytes, Lines]] = []
    names: set[str] = set()
    count, twice = 0, False
    for block in blocks(unpacked(path, name, max_unpacked), name, None):
        found = _names(*block)
        names |= {name for name, _ in found}
        twice = twice or any(again for _, again in found)
        if len(names) > _MOST_KEYS:
            raise OmninbError(
                f"{name}: its lines hold more than {_MOST_KEYS:,} different keys, each of "
                "which would be a column. Perhaps ids are used as keys: write them as values."
            )
        count += 1
        whole = [block] if count == 1 else []
    if not count:
        raise OmninbError(f"{name} is empty: there is not a single line.")
    if not names:
        refuse_utf16(next(unpacked(path, name, max_unpacked)), name)
        raise OmninbError(f"{name}: no line of it is a JSON object.")
    for data, lines in whole or blocks(unpacked(path, name, max_unpacked), name, None):
        yield _part(path, name, data, lines, sorted(names), twice)


def _names(data: Bytes, lines: Lines) -> list[tuple[str, bool]]:
    """The keys of all objects of a block, and whether an object with this key has one twice."""
    with closing(sealed_sandbox()) as connection:
        connection.register("given", pa.table({"x": _texts(data, lines)[0]}))
        return connection.sql(
            f"WITH lists AS (SELECT DISTINCT {_KEYS} AS k FROM given) "
            "SELECT DISTINCT unnest(k), list_unique(k) < len(k) FROM lists"
        ).fetchall()


def _part(path: Path, name: str, data: Bytes, lines: Lines, names: list[str], twice: bool) -> Part:
    """The lines of one block; with `twice`, some of the file may have a key twice."""
    texts, readable = _texts(data, lines)
    with closing(sealed_sandbox()) as connection:
        connection.register("given", pa.table({"x": texts}))
        doubled = f"list_unique({_KEYS}) < len({_KEYS})"
        found = connection.sql(
            f"SELECT {_KIND} = 'OBJECT' AS object, {doubled if twice else 'false'} AS again "
            "FROM given"
        ).to_arrow_table()
        objects = found["object"].fill_null(False).to_numpy()
        again = found["again"].fill_null(False).to_numpy()
        whole = objects & ~again
        connection.register("objects", pa.table({"x": texts.filter(pa.array(whole))}))
        columns = [
            column
            for first in range(0, len(names), _AT_A_TIME)
            for column in _values(connection, names[first : first + _AT_A_TIME])
        ]
    kept = np.flatnonzero(whole)
    refused = [
        Refused(
            int(lines.numbers[row]),
            text_at(data, lines, int(row)),
            "encoding: not UTF-8"
            if not readable[row]
            else "a key twice"
            if again[row]
            else "not a JSON object",
        )
        for row in np.flatnonzero(~whole)
    ]
    return Part(
        name=name,
        path=str(path),
        table=pa.table(columns, names=names),
        numbers=lines.numbers[kept],
        refused=refused,
        physical=lines.physical,
        blank=lines.blank,
        text=lambda row: text_at(data, lines, int(kept[row])),
        size=lines.used,
    )


def _values(connection: DuckDBPyConnection, names: list[str]) -> Iterator[pa.ChunkedArray]:
    """The values of some keys of the table ``objects``, a column each."""
    pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in names]
    values = connection.sql(
        "SELECT json_extract_string(x, $paths) AS v FROM objects", params={"paths": pointers}
    ).to_arrow_table()["v"]
    for i in range(len(names)):
        every = (chunk.flatten() for chunk in values.chunks)
        chunks = [one.take(pa.array(np.arange(i, len(one), len(names)))) for one in every]
        yield pa.chunked_array(chunks, pa.string())


def _texts(data: Bytes, lines: Lines) -> tuple[pa.Array, np.ndarray]:
    """Each line as text (null where it is not UTF-8), and which ones are."""
    whole = data.tobytes()
    starts = lines.starts.copy()
    if whole.startswith(b"\xef\xbb\xbf") and len(starts):
        starts[0] += 3
    pieces = [whole[a:b] for a, b in zip(starts.tolist(), lines.ends.tolist(), strict=True)]
    try:
        return pa.array(pieces, pa.string()), np.ones(len(pieces), bool)
    except pa.ArrowException:
        decoded = [_decoded(piece) for piece in pieces]
        return pa.array(decoded, pa.string()), np.array([one is not None for one in decoded])


def _decoded(piece: bytes) -> str | None:
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError:
        return None
