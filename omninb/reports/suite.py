"""A suite of reports: the log read once, notebooks side by side, ``latest`` switched last."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omninb.errors import OmninbError
from omninb.reports.alerts import crossings, summary, unknown_names
from omninb.reports.execution import RunError
from omninb.reports.index_page import index_html
from omninb.reports.jobs import jobs_of, suite_of
from omninb.reports.log_once import read_once
from omninb.reports.publication import (
    BusyError,
    earlier_runs,
    keep,
    record_of,
    remove_old,
    staging,
    switch,
    write_record,
    writing,
)
from omninb.reports.runner import Job, versions, write_assets
from omninb.reports.side_by_side import make_reports, stoppable
from omninb.reports.suite_file import Suite

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_PATIENCE = 300  # seconds that a command may take that hears of a run


def run_report(
    suite: str | Path | Iterable[str | Path] | None = None,
    out: str | Path = "reports",
    parameters: Mapping[str, Any] | None = None,
    *,
    as_of: datetime | None = None,
    run_id: str | None = None,
) -> Path:
    """Run several notebooks into ``out/runs/<id>/`` and switch ``out/latest`` to it.

    The log is read once, and all notebooks see what was read. ``latest`` moves only when every
    notebook ran and every page was made. A run that failed leaves ``run.json`` with status
    "failed" and the reason, and ``run.log`` for its owner alone.

    Parameters
    ----------
    suite : path, or iterable of str or Path, optional
        A suite file (``omninb suite`` writes an example), or names or paths of notebooks (default:
        all that come with omninb).
    out : str or Path
        The report folder.
    parameters : mapping, optional
        Given to every notebook that declares them; one that none declares is refused.
    as_of : datetime, optional
        When the reports are of: ``{{ today }}`` in a suite file, and what touchpoints of the future
        are later than. The same data, parameters, versions and moment give the same pages, byte for
        byte. Now by default.
    run_id : str, optional
        Name of the run's folder; by default its moment. A run of that name which succeeded with the
        same inputs is not made again, one that failed is replaced.

    Returns
    -------
    Path
        ``out/latest/index.html``.

    Raises
    ------
    OmninbError
        If there is no such notebook or parameter, two notebooks share a name, another run writes to
        ``out``, or ``run_id`` names a run with other inputs.
    RunError
        If a notebook failed, or the command that is to hear of it.

    Examples
    --------
    >>> import omninb as onb
    >>> onb.run_report(out="reports", parameters={"EXIT_AFTER": "60d"})  # doctest: +SKIP
    PosixPath('reports/latest/index.html')
    >>> onb.run_report(["jurney_map"])
    Traceback (most recent call last):
        ...
    omninb.errors.OmninbError: no notebook is named 'jurney_map'. Did you mean 'journey_map'?
    """
    moment = (as_of or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    given = dict(parameters or {})
    asked = suite_of(suite, given, moment)
    folder, begun = Path(out), time.monotonic()
    with (
        stoppable(),
        tempfile.TemporaryDirectory(prefix="omninb-", ignore_cleanup_errors=True) as work,
    ):
        jobs = jobs_of(asked, given, moment, Path(work))
        record: dict[str, Any] = {"title": asked.title, "started": moment.isoformat()}
        record["versions"] = versions()
        with _alone(folder, record), staging(folder) as stage:
            record["run"] = run = _name(folder, moment, run_id)
            try:
                record["data"] = read_once(asked.events, moment, Path(work))
                record["inputs"] = _fingerprint(asked, jobs, record)
                if _made_before(folder, record):
                    return folder / "latest" / "index.html"
                record["reports"] = make_reports(asked, jobs, stage)
                record["alerts"] = crossings(record["reports"], asked.alerts)
                for name in unknown_names(record["reports"], asked.alerts):
                    raise RunError(f"alerts: no report has a headline {name!r}.")
                record |= {"status": "ok", "seconds": round(time.monotonic() - begun, 1)}
                _write_pages(record, stage, earlier_runs(folder))
                keep(stage, folder, run)
                switch(folder, run)
            except BaseException as error:
                seconds = round(time.monotonic() - begun, 1)
                _keep_failure(error, {**record, "seconds": seconds}, folder)
                _tell(asked.on_failure, folder / "runs" / run)
                raise
            remove_old(folder, asked.keep)
            _tell(asked.on_success, folder / "runs" / run)
    return folder / "latest" / "index.html"


@contextmanager
def _alone(folder: Path, record: dict[str, Any]) -> Iterator[None]:
    """The folder for this run alone; a run that is refused for another is written down too."""
    with ExitStack() as held:
        try:
            held.enter_context(writing(folder))
        except BusyError as error:
            refused = {**record, "run": f"{_stamp(record['started'])}-refused", "seconds": 0.0}
            _keep_failure(error, refused, folder)
            raise
        yield


def _stamp(started: str) -> str:
    return datetime.fromisoformat(started).strftime("%Y%m%dT%H%M%SZ")


def _name(folder: Path, moment: datetime, run_id: str | None) -> str:
    """The run's name; a run of the same second gets a number."""
    if run_id is not None:
        if not run_id.replace("-", "").replace("_", "").isalnum() or len(run_id) > 64:
            raise OmninbError(f"run_id={run_id!r}: letters, digits, - and _, at most 64.")
        return run_id
    name, again = _stamp(moment.isoformat()), 1
    while (folder / "runs" / (name if again == 1 else f"{name}-{again}")).exists():
        again += 1
    return name if again == 1 else f"{name}-{again}"


def _fingerprint(asked: Suite, jobs: Sequence[Job], record: Mapping[str, Any]) -> str:
    """What the pages follow from: notebooks, parameters, data, versions, the moment."""
    notebooks = [[job.name, job.title, job.notebook, job.shown_parameters()] for job in jobs]
    parts = [record[name] for name in ("title", "started", "versions", "data")]
    thresholds = {name: one.model_dump() for name, one in asked.alerts.items()}
    text = json.dumps([notebooks, parts, thresholds], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _made_before(folder: Path, record: Mapping[str, Any]) -> bool:
    """Whether this very run stands there already, and is what ``latest`` shows."""
    same = record_of(folder / "runs" / record["run"])
    if same is None or same.get("status") != "ok":
        return False
    if same.get("inputs") != record["inputs"]:
        raise OmninbError(
            f"run_id={record['run']!r}: a run of that name stands there, of other data, parameters "
            "or versions. Give another name."
        )
    switch(folder, record["run"])
    return True


def _write_pages(record: Mapping[str, Any], stage: Path, earlier: list[dict[str, Any]]) -> None:
    """What stands beside the reports; run.json last."""
    good = [run for run in earlier if run.get("status") == "ok"]
    page = index_html(dict(record), earlier)
    (stage / "index.html").write_text(page, encoding="utf-8")
    text = summary(record, good[-1] if good else {})
    (stage / "summary.md").write_text(text, encoding="utf-8")
    write_assets(stage)
    write_record(stage, record)


def _keep_failure(error: BaseException, record: Mapping[str, Any], folder: Path) -> None:
    """Write down what failed, as far as the disk allows; the error itself is raised in any case."""
    with suppress(OSError), staging(folder) as stage:
        shared = type(error).__name__
        if isinstance(error, OSError):
            shared = f"a file could not be written: {os.strerror(error.errno or 0)}"
        elif isinstance(error, OmninbError):
            shared = getattr(error, "shared", "the event log could not be read: see run.log")
        log = [f"{record['started']} {record['run']} failed", str(error)]
        log += [_COLOURS.sub("", line) for line in getattr(error, "traceback", [])]
        descriptor = os.open(stage / "run.log", os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join(log) + "\n")
        write_record(stage, {**record, "status": "failed", "error": shared, "reports": []})
        keep(stage, folder, record["run"])


def _tell(command: Sequence[str], run: Path) -> None:
    """Run a command that hears of a run, with the run's folder as its last argument."""
    if not command:
        return
    try:
        done = subprocess.run([*command, str(run.resolve())], timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RunError(f"{command[0]} could not hear of the run: {error}") from None
    if done.returncode:
        raise RunError(f"{command[0]} ended with status {done.returncode}.")
