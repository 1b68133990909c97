"""JSON lines: one object a line, every value taken as its text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from omninb.errors import OmninbError
from omninb.events.csv_files import text_at
from omninb.events.lines import Bytes, Lines, find_lines
from omninb.events.parts import Part, Refused, unpack
from omninb.events.sandbox import sealed_sandbox

_KIND = "CASE WHEN json_valid(x) THEN json_type(x) END"


def read_json_lines(path: Path, max_unpacked: int | None = None) -> Part:
    """Read one file of JSON lines, plain, gzip or zstd; lines that are no object are refused."""
    data = unpack(path, max_unpacked)
    lines = find_lines(data, path.name, None)
    texts, readable = _texts(data, lines)
    connection = sealed_sandbox()
    try:
        connection.register("given", pa.table({"x": texts}))
        kind = connection.sql(f"SELECT {_KIND} AS kind FROM given").to_arrow_table()["kind"]
        objects = np.array([one == "OBJECT" for one in kind.to_pylist()], bool)
        connection.register("objects", pa.table({"x": texts.filter(pa.array(objects))}))
        names = [
            name
            for (name,) in connection.sql(
                "SELECT DISTINCT unnest(json_keys(x)) AS name FROM objects ORDER BY name"
            ).fetchall()
        ]
        if not names:
            raise OmninbError(f"{path.name}: no line of it is a JSON object.")
        pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in names]
        values = connection.sql(
            "SELECT json_extract_string(x, $paths) AS v FROM objects", params={"paths": pointers}
        ).to_arrow_table()["v"]
    finally:
        connection.close()
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
