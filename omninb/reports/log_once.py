"""The log of a suite, read once: every notebook of a run sees the same, whatever happens to it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any

from pydantic import ValidationError

from omninb.errors import OmninbError
from omninb.reports.execution import RunError
from omninb.reports.runner import Job
from omninb.reports.suite_file import Events, FileSuite, Suite, first_error

LOG_PARAMETERS = {
    "EVENTS": "file",
    "COLUMNS": "columns",
    "TIMEZONE": "timezone",
    "TIME_UNIT": "time_unit",
    "DAY_FIRST": "day_first",
    "DECIMAL": "decimal",
    "CURRENCY": "currency",
}
SNAPSHOT = "log.omninb"
# Arguments of read_events, as messages write them for Python.
_ARGUMENT = re.compile(
    r"\b(columns|timezone|time_unit|day_first|decimal|currency|observed_from|observed_until"
    r"|max_quarantined|expect_until|expect_rows)="
)


def events_of(parameters: Mapping[str, Any]) -> Events | None:
    """The log that notebooks' parameters name; None for the sample."""
    if parameters.get("EVENTS") is None:
        return None
    given = {key: parameters[name] for name, key in LOG_PARAMETERS.items() if name in parameters}
    try:
        return Events.model_validate(given)
    except ValidationError as error:
        raise OmninbError(f"the log's parameters: {first_error(error)}") from None


def read_once(
    events: Events | None,
    as_of: datetime,
    work: Path,
    min_customers: int,
    last_read: int | None = None,
) -> dict[str, Any]:
    """Read the log into ``work``, to be pooled at ``min_customers``, and say what was read.

    Parameters
    ----------
    last_read : int, optional
        Rows that the last good run read.

    Returns
    -------
    dict
        ``sha256`` of the touchpoints as they were accepted, rows ``read`` and ``used``; of the
        sample the hash of its file.

    Raises
    ------
    OmninbError
        If the log cannot be read, or a file of it was replaced meanwhile.
    """
    from omninb.events import read_events, write_snapshot
    from omninb.events.sources import file_paths
    from omninb.samples import sample_path

    if events is None:
        return {"sample": True, "sha256": _sha256(sample_path())}
    arguments = events.model_dump(exclude={"file"})
    if events.expect_rows == "last run":
        arguments["expect_rows"] = last_read
    paths = file_paths(events.file)
    before = _stamps(paths)
    log = read_events(events.file, as_of=as_of, **arguments)
    if _stamps(paths) != before or file_paths(events.file) != paths:
        raise OmninbError("the event log was replaced while it was read. Run again.")
    return {
        "sha256": write_snapshot(log, work / SNAPSHOT, min_customers),
        "read": log.counts["read"],
        "used": log.counts["used"],
    }


@contextmanager
def own_words(suite: Suite) -> Iterator[None]:
    """Errors of the log name what settles them by the keys of a suite that was read from a file.

    Raises
    ------
    RunError
        What it says may hold data, and is not shared.
    """
    try:
        yield
    except OmninbError as error:
        said = str(error)
        if isinstance(suite, FileSuite):
            said = said.replace("{role: column}: {", "columns: {")
            said = _ARGUMENT.sub(r"\1: ", said)
            said = re.sub(r"\bday_first: (True|False)", lambda found: found.group().lower(), said)
        raise RunError(said, "the event log could not be read: see run.log.") from None


def own_logs(jobs: Iterable[Job]) -> dict[str, list[str]]:
    """SHA-256 of the files that notebooks read by themselves, by the name of the page."""
    from omninb.events.sources import file_paths

    found = {}
    for job in jobs:
        own = job.parameters.get("EVENTS")
        if own is not None and PurePath(own).name != SNAPSHOT:
            found[job.name] = [_sha256(path) for path in file_paths(own)]
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamps(paths: list[Path]) -> list[tuple[int, int, int]]:
    """What changes when a file is written or replaced."""
    try:
        found = [path.stat() for path in paths]
    except OSError as error:
        raise OmninbError(f"the event log cannot be read: {error.strerror}.") from None
    return [(stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in found]
