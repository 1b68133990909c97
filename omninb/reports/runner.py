"""One notebook: executed, made into a page, and published whole or not at all."""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import nbformat

from omninb.errors import OmninbError
from omninb.reports.catalogue import find_notebook, short_name
from omninb.reports.execution import RunError, execute, read_notebook
from omninb.reports.page import assets, ledger_view, page_html, shown_value
from omninb.reports.parameters import check_parameters
from omninb.reports.progress import Progress
from omninb.reports.story import read_story

_VERSIONS = ("omninb", "pandas", "numpy", "duckdb", "numba", "plotly", "papermill")


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
    folder, name = Path(out), short_name(path)
    with staging(folder) as stage:
        with Progress(name) as progress:
            record = make_report(path, notebook, checked, stage, progress)
        write_assets(stage)
        write_record(stage, {**record, "status": "ok"})
        publish(stage, folder)
    return folder / f"{name}.html"


def make_report(
    path: Path,
    notebook: Any,
    parameters: Mapping[str, Any],
    stage: Path,
    progress: Progress,
    suite: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Execute a notebook and write ``<name>.html`` and ``<name>.ipynb`` into ``stage``.

    Returns
    -------
    dict
        What run.json keeps of it: counts, dates and sentences; no ids, and of paths the last name.

    Raises
    ------
    RunError
        If it did not run to its end or its page cannot be made.
    """
    name = short_name(path)
    with tempfile.TemporaryDirectory(prefix="omninb-") as work:
        try:
            executed = execute(notebook, parameters, Path(work), progress.cells)
            story = read_story(executed)
        except RunError as error:
            raise RunError(f"{name}: {error}") from None
        except OmninbError as error:
            raise RunError(f"{name}: no page could be made: {error}") from None
    html = page_html(executed, story, suite)
    (stage / f"{name}.html").write_text(html, encoding="utf-8")
    nbformat.write(executed, stage / f"{name}.ipynb")
    ledger = ledger_view(story.ledger)
    return {
        "notebook": path.name,
        "report": f"{name}.html",
        "question": story.question,
        "started": executed.metadata.papermill["start_time"],
        "seconds": executed.metadata.papermill["duration"],
        "parameters": {key: shown_value(key, value) for key, value in parameters.items()},
        "versions": versions(),
        "facts": story.facts,
        "ledger": ledger and {"read": ledger["read"], **dict(ledger["terms"])},
        "headlines": story.headlines,
        "verdicts": story.verdicts,
    }


def versions() -> dict[str, str]:
    """What computed the run."""
    found = {"python": platform.python_version()}
    for name in _VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a source folder that was never installed
            continue
    return found


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """A temporary folder inside ``folder``, gone afterwards: what is made there is only renamed."""
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=".making-", dir=folder))
    except OSError as error:
        raise OmninbError(f"out={str(folder)!r} cannot be written: {error.strerror}.") from None
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if made and not any(folder.iterdir()):
            folder.rmdir()


def write_assets(stage: Path) -> None:
    """The style sheet and scripts that the pages of a folder share."""
    for name, content in assets().items():
        target = stage / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)


def write_record(stage: Path, record: Mapping[str, Any]) -> None:
    """run.json, for machines and for the index of later runs."""
    text = json.dumps(record, ensure_ascii=False, indent=2, sort_keys=True)
    (stage / "run.json").write_text(text + "\n", encoding="utf-8")


def publish(stage: Path, folder: Path) -> None:
    """Move what was made into place, each file at once and the pages last."""
    made = sorted(
        (p for p in stage.rglob("*") if p.is_file()), key=lambda p: (p.suffix == ".html", str(p))
    )
    for source in made:
        target = folder / source.relative_to(stage)
        target.parent.mkdir(exist_ok=True)
        os.replace(source, target)
