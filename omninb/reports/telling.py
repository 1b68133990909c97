"""The commands that hear of a run; of a good one once, however often it is tried."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from omninb.reports.execution import RunError

UNTOLD = "untold"  # stands in a good run's folder until somebody was told of it
_PATIENCE = 300  # seconds that a command may take


def tell_once(command: Sequence[str], run: Path) -> None:
    """Tell of a good run, unless it was told already."""
    mark = run / UNTOLD
    if command and mark.exists():
        tell(command, run)
        with suppress(OSError):
            mark.unlink()


def tell(command: Sequence[str], run: Path) -> None:
    """Run a command that hears of a run, with the run's folder as its last argument.

    Raises
    ------
    RunError
        If it could not be started, failed or took too long; nothing of it is left running then.
    """
    if not command:
        return
    words = [*command, str(run.resolve())]
    try:
        process = subprocess.Popen(words, start_new_session=True)
    except (OSError, ValueError) as error:
        raise RunError(f"{command[0]} could not hear of the run: {error}.") from None
    try:
        status = process.wait(_PATIENCE)
    except BaseException as error:
        _end(process)
        if isinstance(error, subprocess.TimeoutExpired):
            late = f"{command[0]} heard of the run, but was not done after {_PATIENCE} s."
            raise RunError(late) from None
        raise
    if status:
        raise RunError(f"{command[0]} ended with status {status}.")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a command with all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
