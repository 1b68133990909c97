"""A simulated log as a file, with its truth beside it: block by block, and whole or not at all."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from omninb import simulate
from omninb.dirt import READ_WITH, dirty_csv
from omninb.errors import OmninbError

_PACKING = {".csv": None, ".csv.gz": "gzip", ".csv.zst": "zstd"}
_ENDINGS = (".parquet", *_PACKING)
_TRUTH = "truth.json"
_QUIET = 2.0  # seconds in which nothing is said


def write_simulated(
    out: str | os.PathLike[str],
    customers: int,
    seed: int,
    truths: Mapping[str, Any],
    dirty: bool = False,
) -> dict[str, Any]:
    """Write a simulated log, beside it its ``truth.json`` and what would have happened otherwise.

    Parameters
    ----------
    out : path
        A name ending in .parquet, .csv, .csv.gz or .csv.zst, in a folder that holds no other
        simulated log. Customers come a block after the other, each block in time order.
    customers, seed, truths
        As for :func:`omninb.simulate_retailer`.
    dirty : bool
        Plant the defects of :mod:`omninb.dirt`, in time order and all in memory; CSV only.

    Returns
    -------
    dict
        What stands in truth.json: the truth; ``log`` and ``counterfactual``, the names of the
        files; ``seed``; and of a dirty log ``read_with`` and ``planted``.

    Raises
    ------
    OmninbError
        If the ending or a truth is not known, there are too few touchpoints to plant defects in,
        the folder is missing, or its truth.json is of another log.
    """
    path = Path(out)
    ending = _ending(path)
    if dirty and ending == ".parquet":
        raise OmninbError(f"{path.name}: defects are planted in text. Give a name ending in .csv.")
    otherwise = path.with_name(path.name[: -len(ending)] + ".counterfactual.parquet")
    _check_folder(path, otherwise)
    truth = {"log": path.name, "counterfactual": otherwise.name, "seed": seed}
    with _all_or_none() as making:
        if dirty:
            rows, drawn = simulate.simulate_table(customers, seed, **truths)
            with _Writer(making(otherwise)) as same:
                same.write(drawn.pop("counterfactual"))
            text, planted = dirty_csv(rows, seed)
            with pa.output_stream(making(path), compression=_PACKING[ending]) as file:
                file.write(text)
            truth |= drawn | {"read_with": READ_WITH, "planted": planted}
        else:
            blocks = simulate.SimulatedBlocks(customers, seed, truths)
            with _Writer(making(path), ending) as log, _Writer(making(otherwise)) as same:
                for rows, counterfactual in _said(blocks):
                    log.write(rows)
                    same.write(counterfactual)
            truth |= blocks.truth
        making(path.with_name(_TRUTH)).write_text(f"{json_text(truth)}\n", encoding="utf-8")
    return truth


def json_text(value: Any, depth: int = 2, indent: str = "") -> str:
    """JSON for people: a line for each entry, and for each part of it.

    Examples
    --------
    >>> print(json_text({"seed": 7, "parts": [{"a": 1}, {"b": [2, 3]}]}))
    {
      "seed": 7,
      "parts": [
        {"a": 1},
        {"b": [2, 3]}
      ]
    }
    """
    if not depth or not value or not isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [f"{json.dumps(k)}: {json_text(v, depth - 1, inner)}" for k, v in value.items()]
    else:
        parts = [json_text(one, depth - 1, inner) for one in value]
    begin, end = "{}" if isinstance(value, dict) else "[]"
    return f"{begin}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{end}"


def _said(blocks: simulate.SimulatedBlocks) -> Iterator[tuple[pa.Table, pa.Table]]:
    """The blocks; if they take long, with a bar on a terminal, and lines in a log file."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(blocks, desc="simulating", unit="block", delay=_QUIET, leave=False)
        return
    said, wait = time.monotonic(), _QUIET
    for done, block in enumerate(blocks, 1):
        yield block
        if done < len(blocks) and time.monotonic() - said > wait:
            print(f"simulating: {done:,} of {len(blocks):,} blocks", file=sys.stderr, flush=True)
            said, wait = time.monotonic(), min(2 * wait, 60.0)


class _Writer:
    """Tables that are written one after the other to one file, Parquet or CSV."""

    def __init__(self, path: Path, ending: str = ".parquet") -> None:
        self._path, self._ending = path, ending
        self._open = ExitStack()
        self._to: Any = None

    def write(self, table: pa.Table) -> None:
        if self._to is None and self._ending == ".parquet":
            to = pq.ParquetWriter(self._path, table.schema, compression="zstd")
            self._to = self._open.enter_context(to)
        elif self._to is None:
            packed = pa.output_stream(self._path, compression=_PACKING[self._ending])
            sink = self._open.enter_context(packed)
            self._to = self._open.enter_context(pyarrow.csv.CSVWriter(sink, table.schema))
        self._to.write_table(table)

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *failed: Any) -> None:
        self._open.close()


def _ending(path: Path) -> str:
    for ending in _ENDINGS:
        if path.name.casefold().endswith(ending):
            return ending
    raise OmninbError(f"{path.name!r} must end in {', '.join(_ENDINGS)}.")


def _check_folder(path: Path, otherwise: Path) -> None:
    """Refuse a folder where nothing can be written, or where another log would lose its truth."""
    if not path.parent.is_dir():
        raise OmninbError(f"{path}: there is no folder {str(path.parent)!r}. Make it first.")
    beside = path.with_name(_TRUTH)
    for file in (path, otherwise, beside):
        if file.is_dir():
            raise OmninbError(f"{file} is a folder. Give another name.")
    if not beside.exists():
        return
    try:
        known = json.loads(beside.read_text(encoding="utf-8"))["log"]
    except (ValueError, KeyError, TypeError):
        known = None
    if not known or not isinstance(known, str) or Path(known).name != known:
        raise OmninbError(
            f"{beside} was not written by omninb, and would be replaced. Give another folder."
        )
    if known != path.name and path.with_name(known).exists():
        raise OmninbError(
            f"{beside} is the truth of {known}, and would be replaced. Give another folder, or "
            f"remove {known} first."
        )


@contextmanager
def _all_or_none() -> Iterator[Callable[[Path], Path]]:
    """Unfinished names for files, which all get their own at the end, or none is left."""
    made: dict[Path, Path] = {}

    def making(path: Path) -> Path:
        made[path] = path.with_name(f"{path.name}.{os.getpid()}.making")
        return made[path]

    try:
        yield making
        for path, unfinished in made.items():
            os.replace(unfinished, path)
    finally:
        for unfinished in made.values():
            unfinished.unlink(missing_ok=True)
