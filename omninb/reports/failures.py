"""What a run that failed leaves: for everybody that it failed, for its owner alone the reason."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from omninb.errors import OmninbError
from omninb.reports.execution import RunError
from omninb.reports.publication import failed, keep, remove_old, staging, write_record
from omninb.reports.stopping import Stopped, undisturbed
from omninb.reports.suite_file import Suite
from omninb.reports.telling import tell

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Failures:
    """What becomes of a failure: it is written down in the folder's lock, and told after it.

    Parameters
    ----------
    asked : Suite
    folder : Path
        The report folder.
    record : dict
        Of the run, as far as it got.
    """

    def __init__(self, asked: Suite, folder: Path, record: dict[str, Any]) -> None:
        self.asked, self.folder, self.record = asked, folder, record
        self.began = time.monotonic()
        self._kept: Path | None = None

    def seconds(self) -> float:
        """Since the run began."""
        return round(time.monotonic() - self.began, 1)

    @contextmanager
    def written_down(self) -> Iterator[None]:
        """In the folder's lock: a failure leaves its record, and old ones are removed."""
        try:
            yield
        except BaseException as error:
            self._keep(error)
            if self._kept is not None:
                with undisturbed():
                    remove_old(self.folder, self.asked.keep, self._kept.name)
            raise

    @contextmanager
    def told(self) -> Iterator[None]:
        """A failure is told; what came before or beside the lock is written down where it can be.

        Raises
        ------
        RunError
            In the place of an OSError.
        """
        try:
            yield
        except BaseException as error:
            if self._kept is None:
                self._keep(error)
            try:
                tell(self.asked.on_failure, self._kept or self.folder)
            except RunError as second:
                error.add_note(str(second))
            if isinstance(error, OSError):
                raise _with_notes(RunError(reason(error)), error) from error
            raise

    def _keep(self, error: BaseException) -> None:
        with undisturbed():
            took = {**self.record, "seconds": self.seconds()}
            self._kept = _keep_failure(error, took, self.folder)


def _with_notes(error: RunError, noted: BaseException) -> RunError:
    for note in getattr(noted, "__notes__", []):
        error.add_note(note)
    return error


def _keep_failure(error: BaseException, record: Mapping[str, Any], folder: Path) -> Path | None:
    """Write down what failed in ``runs/``, as far as the disk allows.

    ``run.json`` says what failed, ``run.log``, which only its owner may read, also the error's
    text and the cell's traceback, which may hold data.

    Returns
    -------
    Path or None
        The run's folder.
    """
    log = [f"{record['started']} {record['run']} failed", str(error)]
    log += [_COLOURS.sub("", line) for line in getattr(error, "traceback", [])]
    with suppress(OSError), staging(folder) as stage:
        descriptor = os.open(stage / "run.log", os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write("\n".join(log) + "\n")
        write_record(stage, failed(record, reason(error)))
        return keep(stage, folder, record["run"])
    return None


def reason(error: BaseException) -> str:
    """Why a run failed, in a sentence that everybody may read."""
    said = type(error).__name__
    if isinstance(error, Stopped):
        said = str(error)
    elif isinstance(error, OSError) and error.errno:
        said = f"a file could not be read or written: {os.strerror(error.errno)}"
    elif isinstance(error, OmninbError):
        said = str(getattr(error, "shared", "the run could not begin: see run.log"))
    return said if said.endswith((".", "?", "!")) else f"{said}."
