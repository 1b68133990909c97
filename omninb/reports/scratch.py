"""Private folders outside the report folder; what a killed run left there, the next one removes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

_NEW, _HELD, _LOCK = "omninb-new-", "omninb-held-", ".held"


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that only its owner may read, gone afterwards.

    It bears its name only while its lock is held, so that nobody takes it for a killed run's.
    """
    _remove_abandoned()
    new = Path(tempfile.mkdtemp(prefix=_NEW))
    lock = FileLock(new / _LOCK, timeout=0)
    lock.acquire()
    work = new.rename(new.with_name(new.name.replace(_NEW, _HELD)))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        lock.release()


def _remove_abandoned() -> None:
    """Remove the folders whose lock no process holds; those of other users cannot be opened."""
    for left in Path(tempfile.gettempdir()).glob(f"{_HELD}*"):
        with suppress(OSError, Timeout), FileLock(left / _LOCK, timeout=0):
            shutil.rmtree(left, ignore_errors=True)
