"""What a log offers to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from omninb.columns import NOT_SET
from omninb.errors import OmninbError, nearest
from omninb.events import EventLog
from omninb.events.window import instant
from omninb.journeys import Journeys
from omninb.tallies import labels_of
from omninb.wording import fewer_than

MOST_VALUES = 60
_MOST_NODES = 65_535
# Journeys.where(…) takes these for arguments of its own.
TAKEN = {"containing", "transition", "between"}
_FIRST = ("channel", "event", "phase", "device", "segment")
By = str | tuple[str, ...]


def given_log(given: object) -> EventLog:
    """What was given for ``log``, refused where it is none."""
    if not isinstance(given, EventLog):
        raise OmninbError(
            f"log: {type(given).__name__} was given. Give what onb.read_events(…) returns."
        )
    return given


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


def segments_of(table: pa.Table) -> list[str]:
    """The roles by whose values journeys can be selected."""
    return [name for name in roles_of(table) if name not in TAKEN]


def nodes_of(journeys: Journeys, by: By) -> list[str]:
    """The nodes of a role or of a combination of several, as tables name them.

    Of a log that is shared, values of too few customers are one node.
    """
    return labels_of(journeys, listed(by), _MOST_NODES)[1]


def values_of(journeys: Journeys, role: str | None) -> list[str]:
    """The values of a role, without those of too few customers to be told; none without one."""
    if not role:
        return []
    codes, values = journeys.columns.codes(role)
    told = np.ones(len(values), bool)
    if journeys.min_customers is not None:
        of_node, nodes = labels_of(journeys, role, _MOST_NODES)
        few = np.array([node == fewer_than(journeys.min_customers) for node in nodes], bool)
        told[:] = False
        told[codes] = ~few[of_node]
    names = [value for value, one in zip(values, told.tolist(), strict=True) if one]
    return sorted(names, key=lambda name: name == NOT_SET)


def listed(by: By) -> str | list[str]:
    """A role, or a combination of several as a public function takes it."""
    return by if isinstance(by, str) else list(by)


def condition_of(journeys: Journeys, by: By, node: str) -> dict[str, str] | None:
    """The condition that a node's touchpoints fit; None where it stands for several values.

    Raises
    ------
    OmninbError
        If there is no such node.
    """
    codes, nodes = labels_of(journeys, listed(by), _MOST_NODES)
    if node not in nodes:
        raise OmninbError(f"Look at {node!r}: there is none.{nearest(node, nodes)}")
    if journeys.min_customers is not None and node == fewer_than(journeys.min_customers):
        return None
    if isinstance(by, str) and journeys.min_customers is None:
        return {by: journeys.columns.codes(by)[1][nodes.index(node)]}
    # Others occur: combinations that do not are no nodes, and values that do not are pooled.
    one = int(np.argmax(codes == nodes.index(node)))
    roles = [by] if isinstance(by, str) else list(by)
    encoded = {role: journeys.columns.codes(role) for role in roles}
    return {role: labels[of_role[one]] for role, (of_role, labels) in encoded.items()}


def period_of(journeys: Journeys) -> tuple[date, date]:
    """The first day of the log, and the day after its last."""
    zone, rules = journeys.rules.timezone, journeys.rules
    first, last = (
        pd.Timestamp(at, unit="us", tz="UTC").tz_convert(zone).date()
        for at in (rules.observed_from, rules.observed_until)
    )
    return first, last + timedelta(days=1)


def day_of(value: object, argument: str, zone: str) -> date | None:
    """The day that a value stands for; None where it is no midnight in the zone, or nothing."""
    if value is None:
        return None
    at = pd.Timestamp(instant(value, argument, zone), unit="us", tz="UTC").tz_convert(zone)
    return at.date() if at == at.normalize() else None


def words_of(where: Mapping[str, object]) -> str:
    """A selection in words."""
    parts = []
    for name, value in where.items():
        if name == "between" and isinstance(value, tuple | list) and len(value) == 2:
            parts.append(f"{value[0]} to {value[1]}")
        elif name == "containing" and isinstance(value, Mapping):
            parts.append("touching " + ", ".join(map(str, value.values())))
        else:
            several = isinstance(value, tuple | list)
            parts.append(" or ".join(map(str, value)) if several else str(value))  # type: ignore[call-overload]
    return ", ".join(parts) or "all"
