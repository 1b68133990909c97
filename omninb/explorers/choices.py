"""What a log offers to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd
import pyarrow as pa

from omninb.columns import Columns
from omninb.journeys import Journeys

MOST_VALUES = 60
_FIRST = ("channel", "event", "phase", "device", "segment")
By = str | tuple[str, ...]


def roles_of(table: pa.Table) -> list[str]:
    """Columns of names with so few values that one can choose among them, roles first."""
    found = []
    for name in table.column_names:
        column = table.column(name)
        if name == "customer_id" or not pa.types.is_dictionary(column.type):
            continue
        sizes = [len(chunk.dictionary) for chunk in column.chunks]
        if 0 < max(sizes, default=0) <= MOST_VALUES:
            found.append(name)
    return sorted(found, key=lambda name: (name not in _FIRST, found.index(name)))


def by_options(table: pa.Table, chosen: By) -> list[tuple[str, By]]:
    """What journeys can be mapped by: a role, or channel and event together."""
    options: list[By] = list(roles_of(table))
    if {"channel", "event"} <= set(options):
        options.append(("channel", "event"))
    if chosen not in options:
        options.append(chosen)
    return [(one if isinstance(one, str) else " and ".join(one), one) for one in options]


def values_of(columns: Columns, by: By | None) -> list[str]:
    """The values of a role or of a combination of several; none without one."""
    return list(columns.codes(listed(by))[1]) if by else []


def listed(by: By) -> str | list[str]:
    """A role, or a combination of several as a public function takes it."""
    return by if isinstance(by, str) else list(by)


def condition_of(by: By, label: str) -> dict[str, str]:
    """The condition that a node's touchpoints fit."""
    if isinstance(by, str):
        return {by: label}
    parts = label.split(" · ")
    return dict(zip(by, (part.strip("“”") for part in parts), strict=True))


def period_of(journeys: Journeys) -> tuple[date, date]:
    """The first day of the log, and the day after its last."""
    zone, rules = journeys.rules.timezone, journeys.rules
    first, last = (
        pd.Timestamp(at, unit="us", tz="UTC").tz_convert(zone).date()
        for at in (rules.observed_from, rules.observed_until)
    )
    return first, last + timedelta(days=1)


def day_of(value: object) -> date | None:
    """A date that somebody gave in one way or another."""
    return None if value is None else pd.Timestamp(value).date()  # type: ignore[arg-type]


def words_of(where: Mapping[str, object]) -> str:
    """A selection in words."""
    parts = []
    for name, value in where.items():
        if name == "between" and isinstance(value, tuple | list):
            parts.append(f"{value[0]} to {value[1]}")
        elif name == "containing" and isinstance(value, Mapping):
            parts.append("touching " + ", ".join(map(str, value.values())))
        else:
            several = isinstance(value, tuple | list)
            parts.append(" or ".join(map(str, value)) if several else str(value))  # type: ignore[call-overload]
    return ", ".join(parts) or "all"
