"""Parquet files: texts come as the file's own dictionaries where it has them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from omninb.events.headers import distinct_names
from omninb.events.packing import most_unpacked, too_much
from omninb.events.parts import Part

# With a larger share of different texts, building dictionaries costs more than they save.
_DIFFERENT = 0.25
_JUDGED_ON = 1 << 16
_ROWS_AT_A_TIME = 1 << 20
_AHEAD = 4


def read_parquet(path: Path, name: str, max_unpacked: int | None = None) -> Iterator[Part]:
    """Read one Parquet file in blocks, some of them ahead; bytes that hold text are taken as text.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What it is called.
    max_unpacked : int, optional
        Bytes that it may unpack to, as its metadata has it; 100 times its size without it.

    Yields
    ------
    Part
        One for each block of row groups, about a million rows; at least one.

    Raises
    ------
    OmninbError
        If it unpacks to more than it may.
    """
    with pq.ParquetFile(path) as file:
        schema, metadata = file.schema_arrow, file.metadata
    groups_of = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    packed = path.stat().st_size
    if sum(group.total_byte_size for group in groups_of) > most_unpacked(packed, max_unpacked):
        raise too_much(name, packed, max_unpacked)
    texts = [
        field.name
        for field in schema
        if (pa.types.is_string(field.type) or pa.types.is_large_string(field.type))
        and _repeats(path, field.name, metadata)
    ]
    sizes = [group.num_rows for group in groups_of]
    block_of = np.cumsum([0, *sizes[:-1]]) // _ROWS_AT_A_TIME
    blocks = np.split(np.arange(len(sizes)), np.flatnonzero(np.diff(block_of)) + 1)

    def read(block: np.ndarray) -> pa.Table:
        groups, threads = block.tolist(), len(blocks) == 1
        try:
            with pq.ParquetFile(path, read_dictionary=texts, pre_buffer=False) as file:
                return file.read_row_groups(groups, use_threads=threads)
        except (OSError, pa.ArrowException):  # later groups may be encoded otherwise
            with pq.ParquetFile(path, pre_buffer=False) as file:
                return file.read_row_groups(groups, use_threads=threads)

    first, names = 0, distinct_names(schema.names)
    with ThreadPoolExecutor(pa.cpu_count()) as pool:
        ahead = deque(pool.submit(read, block) for block in blocks[:_AHEAD])
        for block in [*blocks[_AHEAD:], *[None] * len(ahead)]:
            table = ahead.popleft().result().rename_columns(names)
            _check_dictionaries(table)
            if block is not None:
                ahead.append(pool.submit(read, block))
            for index, field in enumerate(table.schema):
                if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
                    table = table.set_column(
                        index, field.name, table[index].cast(pa.string(), safe=False)
                    )
            size = packed * table.num_rows // max(metadata.num_rows, 1)
            yield Part(name=name, path=str(path), table=table, first=first, size=size)
            first += table.num_rows


def _check_dictionaries(table: pa.Table) -> None:
    """Refuse codes without a text, which a damaged file may hold: Arrow would read beyond."""
    for name, column in zip(table.column_names, table.columns, strict=True):
        for chunk in column.chunks if pa.types.is_dictionary(column.type) else ():
            ends = pc.min_max(chunk.indices).as_py()
            if ends["max"] is not None and not 0 <= ends["min"] <= ends["max"] < len(
                chunk.dictionary
            ):
                raise pa.ArrowInvalid(f"column {name!r} is damaged, a value of it has no text")


def _repeats(path: Path, name: str, metadata: pq.FileMetaData) -> bool:
    """Whether a text column repeats itself, judged on the first rows.

    The metadata of the column would tell too, but Arrow ends the process where it is damaged.
    """
    reading = {"read_dictionary": [name], "metadata": metadata, "pre_buffer": False}
    try:
        with pq.ParquetFile(path, **reading) as file:
            first = next(file.iter_batches(_JUDGED_ON, columns=[name]), None)
    except (OSError, pa.ArrowException):  # of some encodings Arrow makes no dictionary
        return False
    return first is not None and len(first.column(0).dictionary) <= _DIFFERENT * len(first)
