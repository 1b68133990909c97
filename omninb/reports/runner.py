"""One notebook: executed, made into a page, and published whole or not at all."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePath
from typing import Any

import nbformat

from omninb.reports.catalogue import find_notebook, short_name
from omninb.reports.execution import RunError, execute, read_notebook
from omninb.reports.kernels import Kernels
from omninb.reports.page import assets, ledger_view, page_html, shown_value
from omninb.reports.parameters import check_parameters
from omninb.reports.progress import Progress
from omninb.reports.publication import move_into_place, staging, write_record, writing
from omninb.reports.scratch import scratch
from omninb.reports.story import SHOWN_MIMES, read_story
from omninb.reports.table_files import write_tables

_WORDS = {"text/plain", "text/html"}  # kept of omninb's own views, which escape what they show
_VERSIONS = ("omninb", "pandas", "numpy", "duckdb", "numba", "plotly", "papermill")


@dataclass(frozen=True)
class Job:
    """A notebook with all that it is run with.

    Attributes
    ----------
    path : Path
        Of the notebook.
    notebook : NotebookNode
        As read from there.
    parameters : dict
        Checked.
    name : str
        Of its page.
    title : str, optional
        Instead of the notebook's own question.
    timeout : str
        For the whole notebook.
    as_of : datetime
        When the report is of.
    paths : dict of str to str
        Paths among the parameters that are nobody's business, each with what is shown instead.
    kernels : Kernels
        Those that it starts.
    """

    path: Path
    notebook: Any
    parameters: dict[str, Any]
    name: str
    as_of: datetime
    title: str | None = None
    timeout: str = "1h"
    paths: dict[str, str] = field(default_factory=dict)
    kernels: Kernels = field(default_factory=Kernels)

    def shown_parameters(self) -> dict[str, Any]:
        """The parameters as everybody may read them."""
        known = {
            name: self.paths.get(value, value) if isinstance(value, str) else value
            for name, value in self.parameters.items()
        }
        return {name: shown_value(name, value) for name, value in known.items()}


def run_notebook(
    name_or_path: str | Path,
    parameters: Mapping[str, Any] | None = None,
    out: str | Path = "reports",
) -> Path:
    """Run one notebook and write its page, the executed notebook and a record of the run.

    Nothing in ``out`` changes unless every cell ran and the page was made: an earlier good report
    stays as it is, byte for byte.

    Parameters
    ----------
    name_or_path : str or Path
        ``"journey_map"`` for a notebook that comes with omninb, or the path of one's own.
    parameters : mapping, optional
        Values of the notebook's parameters; others are refused.
    out : str or Path
        Folder for ``<name>.html``, ``<name>.ipynb``, ``run.json`` and ``assets/``.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    OmninbError
        If there is no such notebook or parameter.
    RunError
        If a cell failed, the kernel ended, or the page could not be made.

    Examples
    --------
    >>> import omninb as onb
    >>> onb.run_notebook("journey_map", {"BY": "device"}, out="reports")  # doctest: +SKIP
    PosixPath('reports/journey_map.html')
    >>> onb.run_notebook("journey_map", {"BYE": "device"})
    Traceback (most recent call last):
        ...
    omninb.errors.OmninbError: the notebook has no parameter 'BYE'. Did you mean 'BY'?
    """
    path = find_notebook(name_or_path)
    notebook = read_notebook(path)
    checked = check_parameters(notebook, parameters or {})
    now = datetime.now(UTC).replace(microsecond=0)
    file = checked.get("EVENTS")
    paths = {file: PurePath(file).name} if isinstance(file, str) else {}
    job = Job(path, notebook, checked, short_name(path), now, paths=paths)
    with writing(Path(out)) as folder, staging(folder) as stage:
        with Progress(job.name) as progress:
            record = make_report(job, stage, progress)
        write_assets(stage)
        write_record(stage, {**record, "as_of": now.isoformat(), "status": "ok"})
        move_into_place(stage, folder)
    return Path(out) / f"{job.name}.html"


def make_report(
    job: Job, stage: Path, progress: Progress, suite: dict[str, str] | None = None
) -> dict[str, Any]:
    """Execute a notebook and write ``<name>.html`` and ``<name>.ipynb`` into ``stage``.

    In a suite, the page's tables are written as CSV beside it.

    Returns
    -------
    dict
        What run.json keeps of it: counts, dates and sentences; no ids, and of paths the last name.

    Raises
    ------
    RunError
        If it did not run to its end or its page cannot be made.
    """
    name = job.name
    with scratch() as work:
        try:
            executed, seconds = execute(
                job.notebook, job.parameters, work, progress.cells, job.kernels, job.timeout
            )
        except RunError as error:
            shared = f"{name}: {error.shared}"
            raise RunError(f"{name}: {error}", shared, error.traceback) from None
    without_paths(executed, job.paths | {str(work): ""})
    try:
        story = read_story(executed)
        story.question = job.title or story.question
        page = page_html(executed, story, suite, job.as_of.isoformat())
    except Exception as error:
        said = f"{name}: no page could be made"
        raise RunError(f"{said}: {error}", f"{said}: {type(error).__name__}") from error
    only_shown(executed)
    (stage / f"{name}.html").write_text(page, encoding="utf-8")
    nbformat.write(executed, stage / f"{name}.ipynb")
    ledger = ledger_view(story.ledger)
    return {
        "notebook": job.path.name,
        "report": f"{name}.html",
        "question": story.question,
        "seconds": seconds,
        "parameters": job.shown_parameters(),
        "versions": versions(),
        "facts": story.facts,
        "ledger": ledger and {"read": ledger["read"], **dict(ledger["terms"])},
        "headlines": story.headlines,
        "verdicts": story.verdicts,
        # The folder of a run holds its tables; that of one notebook would keep those of before.
        "tables": write_tables(story.tables, stage / "tables", name) if suite else [],
    }


def without_paths(notebook: Any, paths: Mapping[str, str]) -> None:
    """Put other words in the place of paths, in the parameters that a notebook was given."""

    def cleaned(value: Any) -> Any:
        if isinstance(value, str):
            for path, shown in paths.items():
                value = value.replace(path, shown)
            return value
        if isinstance(value, dict):
            return {key: cleaned(inner) for key, inner in value.items()}
        return [cleaned(inner) for inner in value] if isinstance(value, list) else value

    given = notebook.metadata.get("papermill", {})
    given["parameters"] = cleaned(dict(given.get("parameters", {})))
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = cleaned(cell.source)


def only_shown(notebook: Any) -> None:
    """Leave what the page shows too: prints, warnings and frames may hold ids and paths."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if SHOWN_MIMES & set(o.get("data", {}))]
            for output in cell.outputs:
                kept = SHOWN_MIMES | (_WORDS if any("omninb" in m for m in output.data) else set())
                output.data = {m: v for m, v in output.data.items() if m in kept}


def versions() -> dict[str, str]:
    """What computed the run."""
    found = {"python": platform.python_version()}
    for name in _VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a source folder that was never installed
            continue
    return found


def write_assets(stage: Path) -> None:
    """The style sheet and scripts that the pages of a folder share."""
    for name, content in assets().items():
        target = stage / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)
