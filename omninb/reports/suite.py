"""All report notebooks side by side, with an index page; ``latest`` is switched last, at once."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omninb.errors import OmninbError, nearest
from omninb.reports.catalogue import find_notebook, report_notebooks, short_name
from omninb.reports.execution import RunError, read_notebook
from omninb.reports.index_page import index_html
from omninb.reports.parameters import check_parameters, declared
from omninb.reports.progress import Progress
from omninb.reports.runner import make_report, staging, versions, write_assets, write_record

TITLE = "Customer journeys"


def run_report(
    suite: Iterable[str | Path] | None = None,
    out: str | Path = "reports",
    parameters: Mapping[str, Any] | None = None,
) -> Path:
    """Run several notebooks into ``out/runs/<id>/`` and switch ``out/latest`` to it.

    ``latest`` moves only when every notebook ran and every page was made. A run that failed leaves
    its ``run.json`` alone, with status "failed" and the reason.

    Parameters
    ----------
    suite : iterable of str or Path, optional
        Names or paths of notebooks (default: all that come with omninb).
    out : str or Path
        The report folder.
    parameters : mapping, optional
        Given to every notebook that declares them; one that none declares is refused.

    Returns
    -------
    Path
        ``out/latest/index.html``.

    Raises
    ------
    OmninbError
        If there is no such notebook or parameter, or two notebooks share a name.
    RunError
        If a notebook failed.

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
    paths = [find_notebook(n) for n in suite] if suite else list(report_notebooks().values())
    if not paths:
        raise OmninbError("suite: there are no notebooks to run.")
    if len({short_name(path) for path in paths}) < len(paths):
        raise OmninbError("suite: two notebooks have the same name, so their pages would collide.")
    plans = _plans(paths, parameters or {})
    folder = Path(out)
    latest = folder / "latest"
    if latest.exists() and not latest.is_symlink():
        raise OmninbError(f"{latest} is a folder of its own; omninb keeps a link there. Move it.")
    started = datetime.now(UTC)
    begun = time.monotonic()
    head: dict[str, Any] = {
        "run": started.strftime("%Y%m%dT%H%M%SZ"),
        "title": TITLE,
        "versions": versions(),
    }
    head["started"] = started.isoformat(timespec="seconds")
    with staging(folder) as stage:
        records: list[dict[str, Any]] = []
        try:
            for path, notebook, given in plans:
                number = f"{len(records) + 1} of {len(plans)}"
                above = {"title": TITLE, "href": "index.html", "position": f"report {number}"}
                with Progress(f"{number} {short_name(path)}") as progress:
                    records.append(make_report(path, notebook, given, stage, progress, above))
        except RunError as error:
            for half in stage.iterdir():
                half.unlink()
            seconds = round(time.monotonic() - begun, 1)
            record = {**head, "status": "failed", "error": str(error), "seconds": seconds}
            write_record(stage, {**record, "reports": []})
            _keep(stage, folder, head["run"])
            raise
        seconds = round(time.monotonic() - begun, 1)
        run = {**head, "status": "ok", "seconds": seconds, "reports": records}
        write_record(stage, run)
        page = index_html(run, earlier_runs(folder))
        (stage / "index.html").write_text(page, encoding="utf-8")
        write_assets(stage)
        kept = _keep(stage, folder, head["run"])
        _switch(latest, kept)
    return latest / "index.html"


def earlier_runs(folder: Path) -> list[dict[str, Any]]:
    """The records of earlier runs, oldest first; unreadable ones are passed over."""
    runs = []
    for path in sorted((folder / "runs").glob("*/run.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            datetime.fromisoformat(record["started"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        runs.append({**record, "run": path.parent.name})
    return runs


def _plans(
    paths: list[Path], parameters: Mapping[str, Any]
) -> list[tuple[Path, Any, dict[str, Any]]]:
    """Each notebook with those of the parameters that it declares."""
    notebooks = [(path, read_notebook(path)) for path in paths]
    names = {path: set(declared(notebook)) for path, notebook in notebooks}
    known = set().union(*names.values())
    for name in parameters:
        if name not in known:
            raise OmninbError(f"no notebook has a parameter {name!r}.{nearest(str(name), known)}")
    plans = []
    for path, notebook in notebooks:
        given = {k: v for k, v in parameters.items() if k in names[path]}
        plans.append((path, notebook, check_parameters(notebook, given)))
    return plans


def _keep(stage: Path, folder: Path, run: str) -> Path:
    """Give a finished stage its name under ``runs/``; a run of the same second gets a number."""
    runs = folder / "runs"
    runs.mkdir(exist_ok=True)
    stage.chmod(0o755)  # mkdtemp makes private folders; a report is there to be read
    target, again = runs / run, 1
    while target.exists():
        again += 1
        target = runs / f"{run}-{again}"
    os.rename(stage, target)
    return target


def _switch(latest: Path, kept: Path) -> None:
    """Point ``latest`` at a run: a new link renamed over the old, so there is always one."""
    new = latest.with_name(f".latest-{kept.name}")
    new.unlink(missing_ok=True)
    new.symlink_to(Path("runs") / kept.name)
    os.replace(new, latest)
