"""What run.json says of a run, as far as later runs build on it; what does not fit is no record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

SCHEMA = 1
_Day = Annotated[str, AfterValidator(datetime.fromisoformat)]


def _in_utc(text: str) -> str:
    """A moment as texts that sort by it; without an offset it is none."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return moment.astimezone(UTC).isoformat()


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class _Headline(_Strict):
    name: str
    value: float | str | None
    interval: Annotated[list[float], Field(min_length=2, max_length=2)] | None
    of: float | str | None
    unit: str


class _Ledger(_Strict):
    used: int | None = None


class _Facts(_Strict):
    observed_from: _Day = ""
    observed_until: _Day = ""


class _Report(_Strict):
    report: str
    notebook: str
    facts: _Facts
    ledger: _Ledger | None
    headlines: list[_Headline]


class _Alert(_Strict):
    headline: _Headline
    side: str
    threshold: float | None


class _Record(_Strict):
    number: Annotated[int, Field(alias="schema", ge=SCHEMA, le=SCHEMA)]
    run: str = Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")
    as_of: Annotated[str, AfterValidator(_in_utc)]
    status: Annotated[str, Field(pattern="^(ok|failed|running)$")]
    error: str = ""
    reports: list[_Report]
    alerts: list[_Alert] = []


def record_of(run: Path) -> dict[str, Any] | None:
    """The record of a run; None where there is none, or one that a later run cannot build on."""
    try:
        record = json.loads((run / "run.json").read_text(encoding="utf-8"))
        as_of = _Record.model_validate(record).as_of
    except (
        OSError,
        ValueError,
        OverflowError,
        RecursionError,
    ):  # pydantic's ValidationError is a ValueError
        return None
    return {**record, "as_of": as_of}


def rows_read(record: Mapping[str, Any]) -> int | None:
    """Rows of the log that a run read; None where it says nothing of them."""
    data = record.get("data")
    read = data.get("read") if isinstance(data, dict) else None
    return read if isinstance(read, int) else None


def all_runs(folder: Path) -> list[dict[str, Any]]:
    """The records of runs, oldest first; what is no record is passed over."""
    runs = []
    for path in sorted((folder / "runs").glob("*/run.json")):
        record = record_of(path.parent)
        if record is not None:
            runs.append({**record, "run": path.parent.name})
    return sorted(runs, key=lambda record: record["as_of"])


def earlier_runs(folder: Path, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The runs before one, oldest first: good ones of earlier moments, and what failed till then.

    A failed run of the same name is left out, as it is about to be replaced.
    """
    return [
        run
        for run in all_runs(folder)
        if run["run"] != record["run"]
        and (run["as_of"], run["status"] == "ok") < (record["as_of"], True)
    ]
