"""What a run that failed leaves: for everybody that it failed, for its owner alone the reason."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from omninb.errors import OmninbError
from omninb.reports.publication import failed, keep, staging, write_record
from omninb.reports.stopping import Stopped

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def keep_failure(error: BaseException, record: Mapping[str, Any], folder: Path) -> Path | None:
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
    """Why a run failed, in words that everybody may read."""
    if isinstance(error, Stopped):
        return str(error)
    if isinstance(error, OSError) and error.errno:
        return f"a file could not be read or written: {os.strerror(error.errno)}."
    if isinstance(error, OmninbError):
        return str(getattr(error, "shared", "the event log could not be read: see run.log"))
    return type(error).__name__
