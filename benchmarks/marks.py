"""Rows of the judge's table, and the processes side by side that fill them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import SimpleQueue
from typing import Any, NamedTuple

from tqdm import tqdm

from omninb.passes.compiling import ready, threads


class Row(NamedTuple):
    """What was asked of an analysis, and what was found.

    Attributes
    ----------
    analysis, estimand : str
        The public function, and which number of it, on which logs.
    mark, found : str
        What was asked for and what came out.
    met : bool or None
        None where the row is printed and asks for nothing.
    """

    analysis: str
    estimand: str
    mark: str
    found: str
    met: bool | None


def side_by_side(task: Callable[[Any], list[Any]], given: Iterable[Any], name: str) -> list[Any]:
    """What a task gives for each of many, joined, with a progress bar; a process a processor."""
    ready()  # compiled once, before there are several who would
    tasks = list(given)
    if not sys.stderr.isatty():
        print(f"{name}: {len(tasks):,} logs", file=sys.stderr, flush=True)
    own: Any = SimpleQueue()
    processors = threads()
    for processor in _processors():
        own.put(processor)
    with ProcessPoolExecutor(processors, initializer=_stay_on, initargs=(own,)) as pool:
        runs = pool.map(task, tasks, chunksize=max(1, min(20, len(tasks) // 8)))
        return list(chain.from_iterable(tqdm(runs, total=len(tasks), desc=name, disable=None)))


def _processors() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def _stay_on(own: Any) -> None:
    """Keep a process on one processor: on small logs, threads cost more than they save."""
    if _processors():
        os.sched_setaffinity(0, {own.get()})


def band(nominal: float, half_width: float, asked: int, logs: int) -> tuple[float, float]:
    """The bounds of a mark; of fewer logs than it was stated for, as many standard errors wide.

    Examples
    --------
    >>> band(0.95, 0.02, asked=2_000, logs=2_000)
    (0.93, 0.97)
    >>> band(0.95, 0.02, asked=2_000, logs=500)
    (0.91, 0.99)
    """
    half = half_width * max(1.0, asked / logs) ** 0.5
    return round(nominal - half, 4), round(nominal + half, 4)


def share_row(
    analysis: str, estimand: str, share: float, bounds: tuple[float, float], said: str = ""
) -> Row:
    """A row that asks a share to lie within bounds, which may be open on one side."""
    low, high = bounds
    mark = f"{low:.1%} to {high:.1%}" if low > 0 else f"≤ {high:.1%}"
    mark = mark if high < 1 else f"≥ {low:.1%}"
    return Row(analysis, estimand, mark, f"{share:.1%}{said}", bool(low <= share <= high))


def printed(rows: Iterable[Row]) -> bool:
    """Print rows as one table; whether all marks are met."""
    rows = list(rows)
    names = ("analysis", "estimand", "mark", "found", "")
    words = {True: "met", False: "NOT met", None: "printed"}
    lines = [names, *((*row[:4], words[row.met]) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(names))]
    for line in lines:
        print("  ".join(f"{text:<{w}}" for text, w in zip(line, widths, strict=True)).rstrip())
    return all(row.met is not False for row in rows)
