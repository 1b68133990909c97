"""A suite of reports: the log read once, notebooks side by side, ``latest`` switched last."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omninb.errors import OmninbError
from omninb.reports.alerts import crossings, summary, unknown_names
from omninb.reports.execution import RunError
from omninb.reports.failures import Failures
from omninb.reports.index_page import index_html
from omninb.reports.jobs import jobs_of, suite_of
from omninb.reports.log_once import own_logs, own_words, read_once
from omninb.reports.publication import (
    keep,
    remove_old,
    show,
    shown,
    staging,
    write_record,
    writing,
)
from omninb.reports.records import earlier_runs, record_of, rows_read
from omninb.reports.runner import Job, versions, write_assets
from omninb.reports.scratch import scratch
from omninb.reports.side_by_side import make_reports
from omninb.reports.stopping import Stop, in_time, stoppable, undisturbed
from omninb.reports.suite_file import FileSuite, Suite
from omninb.reports.telling import UNTOLD, tell_once

_RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


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
        ``out/latest/index.html``; of a run of a moment before that which ``latest`` shows,
        ``out/runs/<id>/index.html``.

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
    if run_id is not None and not _RUN_ID.fullmatch(run_id):
        raise OmninbError(f"run_id={run_id!r}: letters, digits, - and _, at most 64.")
    moment = as_of.astimezone(UTC).replace(microsecond=0) if as_of else _now()
    given = dict(parameters or {})
    asked, folder = suite_of(suite, given, moment), Path(out)
    if not isinstance(asked, FileSuite):
        jobs_of(asked, given, moment, folder)  # an argument that is wrong leaves nothing
    name = run_id or moment.strftime("%Y%m%dT%H%M%SZ")
    record: dict[str, Any] = {
        "title": asked.title,
        "as_of": moment.isoformat(),
        "started": _now().isoformat(),
        "run": f"{name}-refused",
        "versions": versions(),
    }
    failures = Failures(asked, folder, record)
    with stoppable() as stop:
        with failures.told(), scratch() as work, writing(folder):
            record["run"] = name if run_id else _unused(folder, name)
            with failures.written_down():
                jobs = jobs_of(asked, given, moment, work)
                made = _publish(asked, jobs, failures, work, stop)
        if asked.on_success:
            stop.over = False  # what is published stays so; a command that hears of it may be ended
            stop.check()
            tell_once(asked.on_success, made)
    return _index(folder, made.name)


def _publish(asked: Suite, jobs: Sequence[Job], failures: Failures, work: Path, stop: Stop) -> Path:
    """Make the run that is recorded and let ``latest`` show it; the folder of the run."""
    folder, record = failures.folder, failures.record
    end = failures.began + asked.seconds_for_all()
    with staging(folder) as stage:
        write_record(stage, {**record, "status": "running", "reports": []})
        fewest = min(job.parameters.get("MIN_CUSTOMERS", asked.min_customers) for job in jobs)
        with in_time(end, asked.late()), own_words(asked):
            record["data"] = read_once(
                asked.events, datetime.fromisoformat(record["as_of"]), work, fewest,
                _last_read(folder, record),
            )  # fmt: skip
            record["own_data"] = own_logs(jobs)
        record["inputs"] = _fingerprint(asked, jobs, record)
        if _made_before(folder, record):
            return folder / "runs" / str(record["run"])
        record["reports"] = make_reports(asked, jobs, stage, end)
        if own_logs(jobs) != record["own_data"]:
            raise RunError("a notebook's own log was replaced meanwhile. Run again.")
        record["alerts"] = crossings(record["reports"], asked.alerts)
        for headline in unknown_names(record["reports"], asked.alerts):
            raise RunError(f"alerts: no report has a headline {headline!r}.")
        record |= {"status": "ok", "seconds": failures.seconds()}
        _write_pages(record, stage, earlier_runs(folder, record))
        if asked.on_success:
            (stage / UNTOLD).touch()
        stop.check()
        with undisturbed():
            made = keep(stage, folder, record["run"])
            show(folder, made.name, record["as_of"])
            stop.over = True
    remove_old(folder, asked.keep, made.name)
    return made


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _last_read(folder: Path, record: Mapping[str, Any]) -> int | None:
    """Rows of the log that the last good run read."""
    good = [run for run in earlier_runs(folder, record) if run["status"] == "ok"]
    return rows_read(good[-1]) if good else None


def _unused(folder: Path, stamp: str) -> str:
    """A run's name by its moment; a run of the same second gets a number."""
    name, again = stamp, 1
    while (folder / "runs" / name).exists():
        again += 1
        name = f"{stamp}-{again}"
    return name


def _fingerprint(asked: Suite, jobs: Sequence[Job], record: Mapping[str, Any]) -> str:
    """What the pages follow from: notebooks, parameters, data, versions, the moment."""
    notebooks = [[job.name, job.title, job.notebook, job.shown_parameters()] for job in jobs]
    parts = [record[name] for name in ("title", "as_of", "versions", "data", "own_data")]
    thresholds = {name: one.model_dump() for name, one in asked.alerts.items()}
    text = json.dumps([notebooks, parts, thresholds], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _index(folder: Path, run: str) -> Path:
    """The page to open of a run: of that which ``latest`` shows, its name there."""
    here = folder / "latest" if shown(folder) == run else folder / "runs" / run
    return here / "index.html"


def _made_before(folder: Path, record: Mapping[str, Any]) -> bool:
    """Whether this very run stands there already, and is what ``latest`` shows."""
    same = record_of(folder / "runs" / record["run"])
    if same is None or same["status"] != "ok":
        return False
    if same.get("inputs") != record["inputs"]:
        raise RunError(
            f"run_id={record['run']!r}: a run of that name stands there, of other data, parameters "
            "or versions. Give another name."
        )
    show(folder, record["run"], record["as_of"])  # it was killed before the switch
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
