"""A suite of reports as a file: the log once, the notebooks with their parameters, what to keep."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from omninb.errors import OmninbError, duration, nearest
from omninb.reports.suite_text import suite_text

TITLE = "Customer journeys"
FEWEST = 5  # customers, below which nothing is shared
EXAMPLE = """\
# A suite of reports. Run it with: omninb report suite.yaml --out reports
title: Customer journeys

# The event log, read once for all notebooks. Without this part, the sample that comes with omninb.
# events:
#   file: exports/events-*.csv      # a file or a glob, from this file's folder on
#   columns: {customer_id: user, timestamp: when, channel: source}   # role: column
#   timezone: Europe/Berlin         # of times without an offset
#   currency: EUR
#   observed_until: "{{ today }}"   # dates may be relative to the run: today - 7d, today - 4w
#   expect_until: "{{ today - 1d }}"   # a log that ends earlier is refused as stale
#   expect_rows: last run           # fewer rows are told, less than half as many refused
#   max_quarantined: 0.05           # more of the rows in quarantine are refused
#   pseudonymise: false             # true: ids become pseudonyms under the key OMNINB_KEY

min_customers: 10     # rarer rows are pooled before anything is computed; at least 5

notebooks:
  - start_here
  - notebook: journey_map
    name: map-by-device             # of the page; the same notebook may stand here twice
    title: How do devices differ?
    parameters: {BY: device}
  - drop_off

# Headlines that shall be heard of: the run then ends with status 3.
# alerts:
#   Journeys that succeeded: {below: 10}

timeout: 10min        # of a notebook
timeout_all: 1h       # of the run, reading included
keep: 30              # good runs; older ones are removed, failed ones likewise

# Commands that get the run's folder as their last argument.
# on_success: [./send.sh, team@example.org]
# on_failure: [./page.sh]
"""
_LONGEST = "365d"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _limit(given: str) -> str:
    """A duration that a clock can count."""
    try:
        fits = duration(given, "timeout") <= duration(_LONGEST, "timeout")
    except OverflowError:
        fits = False
    if not fits:
        raise ValueError(f"{given} is more than {_LONGEST}")
    return given


def _words(given: list[str]) -> list[str]:
    """A command that can be started."""
    if given and not given[0].strip():
        raise ValueError("the first word names no program")
    return given


def _page(given: str) -> str:
    """A page's name beside that of the index."""
    if given == "index":
        raise ValueError("the page above all others has that name")
    return given


Limit = Annotated[str, AfterValidator(_limit)]
Command = Annotated[list[str], AfterValidator(_words)]
PageName = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,60}$"), AfterValidator(_page)
]  # fmt: skip


class Events(_Strict):
    """The log: its file and the arguments of `read_events` that settle how it is read."""

    file: str | list[str]
    columns: dict[str, str] = {}
    timezone: str | None = None
    time_unit: str | None = None
    day_first: bool | None = None
    decimal: str = "."
    currency: str | None = None
    observed_from: str | None = None
    observed_until: str | None = None
    max_quarantined: Annotated[float, Field(ge=0, le=1)] = 0.05
    expect_until: str | None = None
    expect_rows: int | Literal["last run"] | None = None
    pseudonymise: bool = False

    @field_validator("file")
    @classmethod
    def _named(cls, given: str | list[str]) -> str | list[str]:
        if not given or "" in [*given]:
            raise ValueError("name at least one file")
        return given


class Entry(_Strict):
    """A notebook of the suite."""

    notebook: str
    name: PageName | None = None
    title: str | None = None
    parameters: dict[str, Any] = {}

    @field_validator("parameters")
    @classmethod
    def _own_log(cls, given: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(given.get("EVENTS"), str | None):
            raise ValueError("EVENTS: one file or pattern, as text")
        return given


class Threshold(_Strict):
    """A headline is crossed where its whole interval lies below or above."""

    below: Annotated[float, Field(allow_inf_nan=False)] | None = None
    above: Annotated[float, Field(allow_inf_nan=False)] | None = None


class Suite(_Strict):
    """A suite as it was asked for, dates settled."""

    notebooks: list[Entry]
    title: str = TITLE
    events: Events | None = None
    min_customers: Annotated[int, Field(ge=FEWEST)] = 10
    alerts: dict[str, Threshold] = {}
    timeout: Limit = "10min"
    timeout_all: Limit = "1h"
    side_by_side: Annotated[int, Field(ge=1)] | None = None
    keep: Annotated[int, Field(ge=1)] = 30
    on_success: Command = []
    on_failure: Command = []

    @field_validator("notebooks", mode="before")
    @classmethod
    def _entries(cls, given: Any) -> Any:
        """A name alone is a notebook without parameters."""
        if isinstance(given, list):
            return [{"notebook": one} if isinstance(one, str) else one for one in given]
        return given

    @field_validator("alerts")
    @classmethod
    def _bounded(cls, given: dict[str, Threshold]) -> dict[str, Threshold]:
        for name, one in given.items():
            if one == Threshold():
                raise ValueError(f"{name}: give below or above")
        return given

    def seconds_for_all(self) -> float:
        """What the whole run may take."""
        return duration(self.timeout_all, "timeout_all") / 1e6

    def late(self) -> str:
        """What is said of a run that took longer."""
        return f"the run was not done after timeout_all={self.timeout_all}."


class FileSuite(Suite):
    """A suite that was read from a file: what fails in it is its reader's business."""


def read_suite(path: str | Path, today: dt.date) -> FileSuite:
    """Read a suite file.

    Parameters
    ----------
    path : path
        YAML; ``omninb suite`` writes a commented example.
    today : datetime.date
        What ``{{ today }}`` is.

    Returns
    -------
    FileSuite
        Its paths are absolute, from the suite's folder on.

    Raises
    ------
    OmninbError
        If the file cannot be read, or holds an unknown key or a wrong value: it is named by where
        it stands.
    """
    path = Path(path)
    given = suite_text(path, today)
    if not isinstance(given, dict):
        raise OmninbError(f"{path.name} holds no suite. `omninb suite` writes an example.")
    try:
        suite = FileSuite.model_validate(given)
    except ValidationError as error:
        raise OmninbError(f"{path.name}: {first_error(error)}") from None
    if not suite.notebooks:
        raise OmninbError(f"{path.name}: notebooks: there are none to run.")
    return _placed(suite, path.resolve().parent)


def _placed(suite: FileSuite, here: Path) -> FileSuite:
    """The suite with every path in it absolute, from the suite's folder on."""

    def place(file: str) -> str:
        return str(here / Path(file).expanduser())

    def command(words: list[str]) -> list[str]:
        """A program by its path; one without a slash is looked for as a shell would."""
        return [place(words[0]), *words[1:]] if words and "/" in words[0] else words

    def entry(given: Entry) -> Entry:
        own = given.parameters.get("EVENTS")
        read = {"EVENTS": place(own)} if isinstance(own, str) else {}
        path = given.notebook.endswith(".ipynb")
        return given.model_copy(
            update={
                "notebook": place(given.notebook) if path else given.notebook,
                "parameters": given.parameters | read,
            }
        )

    placed: dict[str, Any] = {
        "notebooks": [entry(one) for one in suite.notebooks],
        "on_success": command(suite.on_success),
        "on_failure": command(suite.on_failure),
    }
    if suite.events is not None:
        file = suite.events.file
        files = place(file) if isinstance(file, str) else [place(one) for one in file]
        placed["events"] = suite.events.model_copy(update={"file": files})
    return suite.model_copy(update=placed)


def first_error(error: ValidationError) -> str:
    """What is wrong first, by where it stands: an unknown key before what it may stand for."""
    errors = error.errors(include_url=False, include_context=False)
    found = min(errors, key=lambda one: one["type"] != "extra_forbidden")
    *outer, last = found["loc"] or ("",)
    where = ".".join(str(part) for part in found["loc"])
    if found["type"] == "extra_forbidden":
        return f"unknown key {where!r}.{nearest(str(last), _keys(outer))}"
    return f"{where}: {found['msg'].removeprefix('Value error, ')}."


def _keys(outer: list[Any]) -> list[str]:
    """The keys that are known where one is unknown."""
    model: Any = Suite
    for part, inside in (("events", Events), ("notebooks", Entry), ("alerts", Threshold)):
        if outer[:1] == [part]:
            model = inside
    return list(model.model_fields)
