"""What a suite asks for, as jobs: each notebook with its parameters, all checked beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

from omninb.errors import OmninbError, nearest
from omninb.events.refusals import WITHHELD
from omninb.reports.catalogue import find_notebook, report_notebooks, short_name
from omninb.reports.execution import read_notebook
from omninb.reports.log_once import LOG_PARAMETERS, SNAPSHOT, events_of
from omninb.reports.parameters import Parameter, check_parameters, declared
from omninb.reports.runner import Job
from omninb.reports.suite_file import FEWEST, Entry, Suite, read_suite

_SUITE_FILES = (".yaml", ".yml")


def suite_of(
    given: str | Path | Iterable[str | Path] | None,
    parameters: Mapping[str, Any],
    as_of: datetime,
) -> Suite:
    """The suite of a file, or of notebooks that are named."""
    named = [given] if isinstance(given, str | Path) else list(given or [])
    files = [one for one in named if Path(one).suffix.casefold() in _SUITE_FILES]
    if files:
        name, twice = Path(files[0]).name, sorted(set(parameters) & set(LOG_PARAMETERS))
        if twice:
            raise OmninbError(f"{twice[0]}: {name} says how the log is read.")
        if len(named) > 1:
            raise OmninbError(f"{name}: a suite stands alone. Name its notebooks in it.")
        return read_suite(files[0], as_of.date())
    paths = [find_notebook(one) for one in named] or list(report_notebooks().values())
    entries = [Entry(notebook=str(path)) for path in paths]
    return Suite(notebooks=entries, events=events_of(parameters))


def known_parameters(given: Iterable[str]) -> dict[str, Parameter]:
    """What the notebooks declare that are named, or those of the suite's file."""
    known: dict[str, Parameter] = {}
    for entry in suite_of(given, {}, datetime.now(UTC)).notebooks:
        known |= declared(read_notebook(find_notebook(entry.notebook)))
    return known


def jobs_of(suite: Suite, parameters: Mapping[str, Any], as_of: datetime, work: Path) -> list[Job]:
    """The jobs of a suite.

    Parameters
    ----------
    suite : Suite
    parameters : mapping
        Given to every notebook that declares them.
    as_of : datetime
        When the reports are of.
    work : Path
        Where the log of the run will stand.

    Raises
    ------
    OmninbError
        If there is no such notebook or parameter, two pages would share a name, or a notebook would
        show rows of fewer customers than may be shared, or not the suite's log.
    """
    common = {name: value for name, value in parameters.items() if name not in LOG_PARAMETERS}
    common |= {"MIN_CUSTOMERS": suite.min_customers} if "MIN_CUSTOMERS" not in common else {}
    paths = {}
    if suite.events is not None:
        first = suite.events.file if isinstance(suite.events.file, str) else suite.events.file[0]
        common["EVENTS"] = str(work / SNAPSHOT)
        called = WITHHELD if suite.events.pseudonymise else PurePath(first).name
        paths = {common["EVENTS"]: called}
    jobs: dict[str, Job] = {}
    known: set[str] = set()
    for entry in suite.notebooks:
        path = find_notebook(entry.notebook)
        notebook = read_notebook(path)
        names = set(declared(notebook))
        known |= names
        given = {name: value for name, value in common.items() if name in names}
        given = check_parameters(notebook, given | entry.parameters)
        fewest = given.get("MIN_CUSTOMERS", FEWEST)
        if not isinstance(fewest, int) or fewest < FEWEST:
            raise OmninbError(
                f"MIN_CUSTOMERS={fewest!r}: a report shows no row of fewer than {FEWEST} customers."
            )
        _check_log(given.get("EVENTS"), names, common.get("EVENTS"), path.name)
        name = entry.name or short_name(path)
        if name in jobs:
            raise OmninbError(
                f"suite: two notebooks have the same name, {name}, so their pages would collide."
            )
        own = given.get("EVENTS")  # of a notebook that reads another log, or customers
        shown = paths if own in (None, *paths) else {str(own): PurePath(str(own)).name}
        jobs[name] = Job(path, notebook, given, name, as_of, entry.title, suite.timeout, shown)
    for name in parameters:
        if name not in known:
            raise OmninbError(f"no notebook has a parameter {name!r}.{nearest(str(name), known)}")
    return list(jobs.values())


def _check_log(own: str | None, names: set[str], of_suite: str | None, notebook: str) -> None:
    """Refuse a notebook that would read another log than the suite's, and pool nothing of it."""
    if of_suite is not None and "EVENTS" not in names:
        raise OmninbError(
            f"{notebook} declares no EVENTS, and would not read the suite's log. Declare EVENTS "
            "among its parameters and read it, or give it a suite without `events:`."
        )
    if own not in (None, of_suite) and "MIN_CUSTOMERS" not in names:
        raise OmninbError(
            f"{notebook} declares no MIN_CUSTOMERS, and would show rows of single customers of "
            f"{PurePath(str(own)).name}. Declare MIN_CUSTOMERS among its parameters and give it to "
            "read_events(min_customers=…), or leave EVENTS to the suite's `events:`."
        )
