"""A suite of reports as a file: the log once, the notebooks with their parameters, what to keep."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from omninb.errors import OmninbError, duration, nearest

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
timeout_all: 1h       # of the run
keep: 30              # runs; older ones are removed

# Commands that get the run's folder as their last argument.
# on_success: [./send.sh, team@example.org]
# on_failure: [./page.sh]
"""
_TEMPLATE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_RELATIVE = re.compile(r"\s*today\s*(?:([+-])\s*(\d{1,5})\s*([dw])\s*)?")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


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


class Entry(_Strict):
    """A notebook of the suite."""

    notebook: str
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,60}$")] | None = None
    title: str | None = None
    parameters: dict[str, Any] = {}


class Threshold(_Strict):
    """A headline is crossed where its whole interval lies below or above."""

    below: float | None = None
    above: float | None = None


class Suite(_Strict):
    """A suite as it was asked for, dates settled."""

    notebooks: list[Entry]
    title: str = TITLE
    events: Events | None = None
    min_customers: Annotated[int, Field(ge=FEWEST)] = 10
    alerts: dict[str, Threshold] = {}
    timeout: str = "10min"
    timeout_all: str = "1h"
    side_by_side: Annotated[int, Field(ge=1)] | None = None
    keep: Annotated[int, Field(ge=1)] = 30
    on_success: list[str] = []
    on_failure: list[str] = []

    @field_validator("notebooks", mode="before")
    @classmethod
    def _entries(cls, given: Any) -> Any:
        """A name alone is a notebook without parameters."""
        if isinstance(given, list):
            return [{"notebook": one} if isinstance(one, str) else one for one in given]
        return given

    @field_validator("timeout", "timeout_all")
    @classmethod
    def _duration(cls, given: str) -> str:
        duration(given, "timeout")
        return given


def read_suite(path: str | Path, today: dt.date) -> Suite:
    """Read a suite file.

    Parameters
    ----------
    path : path
        YAML; ``omninb suite`` writes a commented example.
    today : datetime.date
        What ``{{ today }}`` is.

    Returns
    -------
    Suite
        Its paths are absolute, from the suite's folder on.

    Raises
    ------
    OmninbError
        If the file cannot be read, or holds an unknown key or a wrong value: it is named by where
        it stands.
    """
    path = Path(path)
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise OmninbError(f"{path.name} cannot be read: {error}") from None
    if not isinstance(given, dict):
        raise OmninbError(f"{path.name} holds no suite. `omninb suite` writes an example.")
    try:
        suite = Suite.model_validate(_settled(given, today))
    except ValidationError as error:
        raise OmninbError(f"{path.name}: {_words(error)}") from None
    if not suite.notebooks:
        raise OmninbError(f"{path.name}: notebooks: there are none to run.")
    return _placed(suite, path.resolve().parent)


def _placed(suite: Suite, here: Path) -> Suite:
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


def settle_dates(text: str, today: dt.date) -> str:
    """A text with its ``{{ today - 7d }}`` replaced by dates.

    Examples
    --------
    >>> settle_dates("{{ today - 1w }}", dt.date(2026, 3, 9))
    '2026-03-02'
    """

    def settled(found: re.Match[str]) -> str:
        relative = _RELATIVE.fullmatch(found.group(1))
        if relative is None:
            raise OmninbError(
                f"{found.group(0)}: write {{{{ today }}}}, {{{{ today - 7d }}}} or "
                "{{ today - 4w }}."
            )
        sign, number, unit = relative.groups()
        days = int(number or 0) * (7 if unit == "w" else 1) * (-1 if sign == "-" else 1)
        try:
            return (today + dt.timedelta(days)).isoformat()
        except OverflowError:
            raise OmninbError(f"{found.group(0)}: that is no date.") from None

    return _TEMPLATE.sub(settled, text)


def _settled(value: Any, today: dt.date) -> Any:
    """Templates replaced, and YAML's dates as the texts that they were written as."""
    if isinstance(value, str):
        return settle_dates(value, today)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, list):
        return [_settled(one, today) for one in value]
    if isinstance(value, Mapping):
        return {key: _settled(one, today) for key, one in value.items()}
    return value


def _words(error: ValidationError) -> str:
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
