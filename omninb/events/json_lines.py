"""JSON lines: one object a line, every value taken as its text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa

from omninb.errors import OmninbError
from omninb.events.csv_files import text_at
from omninb.events.lines import Bytes, Lines, blocks
from omninb.events.packing import unpacked
from omninb.events.parts import Part, Refused
from omninb.events.sandbox import sealed_sandbox

_KIND = "CASE WHEN json_valid(x) THEN json_type(x) END"


def read_json_lines(path: Path, max_unpacked: int | None = None) -> Iterator[Part]:
    """Read one file of JSON lines block by block; lines that are no object are refused.

    Parameters
    ----------
    path : Path
        Plain, gzip or zstd. A file of several blocks is read twice, for any line may be the first
        to hold a key.
    max_unpacked : int, optional
        Bytes that a packed file may unpack to; 100 times its size without it.

    Yields
    ------
    Part
        One for each block, with columns alike: the keys of all objects, their values as text.
    """
    whole: list[tuple[Bytes, Lines]] = []
    names: set[str] = set()
    count = 0
    for block in blocks(unpacked(path, max_unpacked), path.name, None):
        names |= _names(*block)
        count += 1
        whole = [block] if count == 1 else []
    if not count:
        raise OmninbError(f"{path.name} is empty: there is not a single line.")
    if not names:
        raise OmninbError(f"{path.name}: no line of it is a JSON object.")
    again = whole or blocks(unpacked(path, max_unpacked), path.name, None)
    for data, lines in again:
        yield _part(path, data, lines, sorted(names))


def _names(data: Bytes, lines: Lines) -> set[str]:
    """The keys of all objects of a block."""
    with closing(sealed_sandbox()) as connection:
        connection.register("given", pa.table({"x": _texts(data, lines)[0]}))
        keys = f"CASE WHEN {_KIND} = 'OBJECT' THEN json_keys(x) END"
        found = connection.sql(f"SELECT DISTINCT unnest({keys}) FROM given").fetchall()
    return {name for (name,) in found}


def _part(path: Path, data: Bytes, lines: Lines, names: list[str]) -> Part:
    """The lines of one block."""
    texts, readable = _texts(data, lines)
    pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in names]
    with closing(sealed_sandbox()) as connection:
        connection.register("given", pa.table({"x": texts}))
        kind = connection.sql(f"SELECT {_KIND} AS kind FROM given").to_arrow_table()["kind"]
        objects = np.array([one == "OBJECT" for one in kind.to_pylist()], bool)
        connection.register("objects", pa.table({"x": texts.filter(pa.array(objects))}))
        values = connection.sql(
            "SELECT json_extract_string(x, $paths) AS v FROM objects", params={"paths": pointers}
        ).to_arrow_table()["v"]
    columns = [
        pa.chunked_array(
            [
                chunk.flatten().take(pa.array(np.arange(i, len(chunk.flatten()), len(names))))
                for chunk in values.chunks
            ],
            pa.string(),
        )
        for i in range(len(names))
    ]
    kept = np.flatnonzero(objects)
    refused = [
        Refused(
            int(lines.numbers[row]),
            text_at(data, lines, int(row)),
            "encoding: not UTF-8" if not readable[row] else "not a JSON object",
        )
        for row in np.flatnonzero(~objects)
    ]
    return Part(
        name=path.name,
        path=str(path),
        table=pa.table(columns, names=names),
        numbers=lines.numbers[kept],
        refused=refused,
        physical=lines.physical,
        blank=lines.blank,
        text=lambda row: text_at(data, lines, int(kept[row])),
        size=lines.used,
    )


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
