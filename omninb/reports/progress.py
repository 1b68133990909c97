"""How far a run is: a bar on a terminal, now and then a plain line in a log file."""

from __future__ import annotations

import sys
import time
from types import TracebackType

_SAY_EVERY = 10  # seconds between lines of a notebook in a log file


class Progress:
    """Cells done of one notebook, written to standard error.

    Parameters
    ----------
    name : str
        What runs, such as ``"2 of 3 drop_off"``.
    line : int
        Of the terminal, for notebooks that run side by side.
    """

    def __init__(self, name: str, line: int = 0) -> None:
        self.name = name
        self._line = line
        self._bar = None
        self._started = self._said = time.monotonic()

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(desc=self.name, unit="cell", leave=True, position=self._line)
        else:
            print(f"{self.name}: running", file=sys.stderr, flush=True)
        return self

    def cells(self, done: int, total: int) -> None:
        """State the cells done so far."""
        if self._bar is not None:
            self._bar.total = total
            self._bar.update(done - self._bar.n)
        elif time.monotonic() - self._said >= _SAY_EVERY:
            self._said = time.monotonic()
            print(f"{self.name}: {done} of {total} cells", file=sys.stderr, flush=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        took = time.monotonic() - self._started
        word = "done" if kind is None else "FAILED"
        if self._bar is None or kind is not None:
            print(f"{self.name}: {word} after {took:.1f} s", file=sys.stderr, flush=True)
