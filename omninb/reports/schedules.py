"""Reports by the clock: the line that cron reads."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

from omninb.errors import OmninbError

_NAMES = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat"
_VALUE = rf"(?:\d{{1,2}}|{_NAMES})"
_PART = rf"(?:\*|{_VALUE}(?:-{_VALUE})?)(?:/\d{{1,2}})?"
_FIELD = re.compile(rf"{_PART}(?:,{_PART})*", re.IGNORECASE)
_LIMITS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 7)}


def crontab_line(suite: str, cron: str, out: str) -> str:
    """The crontab line that runs a suite, with this interpreter and absolute paths.

    What is said of each run is appended to ``schedule.log`` in the report folder.

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
        If there is no such file, or ``cron`` is no five fields that cron would take.

    Examples
    --------
    >>> crontab_line("suite.yaml", "0 25 * * 1", "reports")
    Traceback (most recent call last):
        ...
    omninb.errors.OmninbError: cron='0 25 * * 1': hour is '25'. Write for example "0 6 * * 1".
    """
    fields = cron.split()
    if len(fields) != len(_LIMITS):
        raise OmninbError(f'cron={cron!r}: five fields, such as "0 6 * * 1" for Mondays at six.')
    for (name, (low, high)), field in zip(_LIMITS.items(), fields, strict=True):
        values = re.sub(r"/\d+", "", field)
        inside = all(low <= int(number) <= high for number in re.findall(r"\d+", values))
        if not _FIELD.fullmatch(field) or not inside:
            raise OmninbError(f'cron={cron!r}: {name} is {field!r}. Write for example "0 6 * * 1".')
    file, folder = Path(suite).resolve(), Path(out).resolve()
    if not file.is_file():
        raise OmninbError(f"{suite} is not there. `omninb suite` writes an example.")
    for path in (file, folder):
        if "\n" in str(path):
            raise OmninbError(f"{str(path)!r}: cron reads no path with a line break.")
    command = [sys.executable, "-m", "omninb", "report", str(file), "--out", str(folder)]
    log = shlex.quote(str(folder / "schedule.log"))
    # An error's text may hold data: the log is for its owner alone, the reports are not.
    ready = f"mkdir -p {shlex.quote(str(folder))} && (umask 077 && touch {log})"
    words = f"{ready} && {shlex.join(command)} >> {log} 2>&1"
    return f"{' '.join(fields)} {words}".replace("%", "\\%")
