"""Reports by the clock: the line that cron reads."""

from __future__ import annotations

import os
import re
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

from omninb.errors import OmninbError
from omninb.reports.jobs import jobs_of, suite_of

_FIELDS: dict[str, tuple[range, list[str]]] = {
    "minute": (range(60), []),
    "hour": (range(24), []),
    "day": (range(1, 32), []),
    "month": (range(1, 13), "jan feb mar apr may jun jul aug sep oct nov dec".split()),
    "weekday": (range(8), "sun mon tue wed thu fri sat".split()),
}
_PART = re.compile(r"(?:\*|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<every>\d{1,2}))?", re.ASCII)
_LONGEST = 998  # bytes of a command; Debian's cron refuses a longer one


def crontab_line(suite: str, cron: str, out: str) -> str:
    """The crontab line that runs a suite as it would run here and now.

    It needs nothing of cron's bare environment: the interpreter is this one, paths are absolute,
    and it begins in the suite's folder. What is said of each run is appended to ``schedule.log``
    in the report folder.

    Parameters
    ----------
    suite : str
        The suite file.
    cron : str
        Minute, hour, day, month and weekday, such as ``"0 6 * * 1"``: Mondays at six, in the zone
        of the machine.
    out : str
        The report folder.

    Raises
    ------
    OmninbError
        If ``cron`` is no five fields that cron would take, the suite could not run as it stands, or
        a path is one that cron cannot read.

    Examples
    --------
    >>> crontab_line("suite.yaml", "0 25 * * 1", "reports")
    Traceback (most recent call last):
        ...
    omninb.errors.OmninbError: cron='0 25 * * 1': hour is '25'. Write for example "0 6 * * 1".
    """
    fields = cron.split()
    if len(fields) != len(_FIELDS):
        raise OmninbError(f'cron={cron!r}: five fields, such as "0 6 * * 1" for Mondays at six.')
    for name, field in zip(_FIELDS, fields, strict=True):
        if not all(_known(name, part) for part in field.split(",")):
            raise OmninbError(f'cron={cron!r}: {name} is {field!r}. Write for example "0 6 * * 1".')
    file, folder = Path(suite).resolve(), Path(out).resolve()
    if not os.path.isfile(file):
        raise OmninbError(f"{suite} is not there. `omninb suite` writes an example.")
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise OmninbError(f"out={out!r} is a file. Name a folder for the reports.")
    now = datetime.now(UTC)
    jobs_of(suite_of(file, {}, now), {}, now, folder)  # what is wrong is said now, not by night
    for path in (file, folder, Path(sys.executable)):
        if re.search(r"[\n\\]", str(path)):
            raise OmninbError(f"{str(path)!r}: cron reads no path with a line break or backslash.")
    command = [sys.executable, "-m", "omninb", "report", str(file), "--out", str(folder)]
    log = shlex.quote(str(folder / "schedule.log"))
    # An error's text may hold data: the log is for its owner alone, the reports are not.
    ready = f"mkdir -p {shlex.quote(str(folder))} && (umask 077 && touch {log})"
    start = f"cd {shlex.quote(str(file.parent))} && {ready}"
    words = f"{start} && {shlex.join(command)} >> {log} 2>&1".replace("%", "\\%")
    if len(os.fsencode(words)) > _LONGEST:
        raise OmninbError(
            f"cron reads no command of more than {_LONGEST} bytes, and this one has "
            f"{len(os.fsencode(words))}. Move the suite or the reports to a shorter path."
        )
    return f"{' '.join(fields)} {words}"


def _known(field: str, part: str) -> bool:
    """Whether cron takes a part of a field, and it means a moment that comes."""
    values, names = _FIELDS[field]
    found = _PART.fullmatch(part.casefold())
    if found is None:
        return False
    low, high, every = found.groups()
    ends = [names.index(end) + values[0] if end in names else end for end in (low, high) if end]
    if not all(str(end).isdecimal() and int(end) in values for end in ends):
        return False
    if every is not None and (len(ends) == 1 or int(every) not in range(1, len(values))):
        return False
    return len(ends) < 2 or int(ends[0]) <= int(ends[1])
