"""Jobs side by side: all succeed, or all are ended at once."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from omninb.reports.execution import RunError
from omninb.reports.progress import Progress
from omninb.reports.runner import Job, make_report
from omninb.reports.suite_file import Suite


def make_reports(
    suite: Suite, jobs: Sequence[Job], stage: Path, end: float
) -> list[dict[str, Any]]:
    """Run the jobs and write their pages into ``stage``.

    Parameters
    ----------
    suite, jobs
        What was asked for.
    stage : Path
        A folder.
    end : float
        When the time for all is over, by the monotonic clock.

    Returns
    -------
    list of dict
        What run.json keeps of each, in the suite's order.

    Raises
    ------
    RunError
        If one failed, or the time for all was over; no kernel is left running.
    """
    workers = suite.side_by_side or min(len(jobs), os.cpu_count() or 1)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="report")
    try:
        running = [
            pool.submit(_one, job, number, len(jobs), suite.title, stage)
            for number, job in enumerate(jobs, 1)
        ]
        done, late = wait(running, max(end - time.monotonic(), 0), FIRST_EXCEPTION)
        failed = _first_failure(running, done)
        if failed is not None:
            raise failed
        if late:
            raise RunError(suite.late())
        return [one.result() for one in running]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for job in jobs:
            job.kernels.end()
        pool.shutdown(wait=True)


def _one(job: Job, number: int, of: int, title: str, stage: Path) -> dict[str, Any]:
    above = {"title": title, "href": "index.html", "position": f"report {number} of {of}"}
    with Progress(f"{number} of {of} {job.name}", number - 1) as progress:
        return make_report(job, stage, progress, above)


def _first_failure(running: Sequence[Future[Any]], done: set[Future[Any]]) -> BaseException | None:
    """What failed first in the suite's order, of that which failed by itself."""
    return next((e for one in running if one in done and (e := one.exception())), None)
