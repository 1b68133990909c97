"""Which column might play which role: a proposal for people, never a decision."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

import pyarrow as pa

from omninb.errors import OmninbError
from omninb.events.content import ROWS, fits, looks_of, propose_by_content


class Proposal(NamedTuple):
    """A column that might play a role, and why."""

    column: str
    why: str


_SYNONYMS = {
    "customer_id": (
        "customer_id customer customerid user_id user userid visitor visitor_id visitorid "
        "client client_id member member_id shopper household_key case:concept:name case_id "
        "case caseid contact_id account_id person person_id fullvisitorid anonymous_id mql_id "
        "uid"
    ),
    "timestamp": (
        "timestamp time:timestamp time datetime date_time event_time created_at occurred_at "
        "event_timestamp ts date created visit_start invoicedate event_date order_date when"
    ),
    "channel": (
        "channel touchpoint_channel source/medium source_medium medium channel_group "
        "channelgrouping origin source touchpoint utm_medium platform org:group case:channel"
    ),
    "event": "event event_name event_type action activity concept:name type event_action task step",
    "phase": "phase stage journey_phase lifecycle_stage",
    "value": "value amount revenue price total order_value purchase_amount sales turnover",
    "cost": "cost spend ad_cost costs",
    "event_id": "event_id eventid hit_id message_id",
    "order_id": "order_id orderid order invoiceno invoice transaction_id basket_id",
    "session_id": "session_id sessionid session visit_id",
    "campaign": "campaign utm_campaign campaign_name campaign_id",
    "device": "device device_type device_category devicecategory",
    "location": "location country region city store_id geo",
    "variant": "variant group arm experiment_variant bucket version",
    "score": "score rating csat nps ces",
    "score_kind": "score_kind survey survey_type",
}


def _folded(name: str) -> str:
    return re.sub(r"[\s\-.]+", "_", name.strip().lower())


def propose_roles(names: Iterable[str]) -> dict[str, str]:
    """Propose a column for each role that one of `names` seems to fit.

    Parameters
    ----------
    names : iterable of str
        The source's columns.

    Returns
    -------
    dict
        Role to column; each column at most once, roles without a likely column left out.

    Examples
    --------
    >>> propose_roles(["user_id", "created_at", "source/medium", "amount"])
    {'customer_id': 'user_id', 'timestamp': 'created_at', 'channel': 'source/medium',
     'value': 'amount'}
    """
    columns = {_folded(name): name for name in reversed(list(names))}
    proposal: dict[str, str] = {}
    for role, synonyms in _SYNONYMS.items():
        for synonym in synonyms.split():
            column = columns.get(_folded(synonym))
            if column is not None and column not in proposal.values():
                proposal[role] = column
                break
    return proposal


def propose_from(table: pa.Table, taken: Collection[str] = ()) -> dict[str, Proposal]:
    """Propose a column for each role, by its name if the values allow it, else by the values.

    Parameters
    ----------
    table : pyarrow.Table
        The first rows of a source.
    taken : collection of str
        Columns that play a role already.

    Returns
    -------
    dict
        Role to proposal; each column at most once.

    Examples
    --------
    >>> days = ["2025-03-01", "2025-03-02", "2025-03-02"]
    >>> propose_from(pa.table({"user": ["a", "b", "a"], "moment": days}))
    {'customer_id': Proposal(column='user', why='by its name'),
     'timestamp': Proposal(column='moment', why='2 different values in 3')}
    """
    free = [name for name in table.column_names if name not in taken]
    named = {
        role: Proposal(column, "by its name")
        for role, column in propose_roles(free).items()
        if fits(role, looks_of(table[column]))
    }
    chosen = [one.column for one in named.values()]
    rest = [name for name in free if name not in chosen]
    wanted = [role for role in _SYNONYMS if role not in named]
    found = propose_by_content(table, wanted, rest)
    merged = named | {role: Proposal(*one) for role, one in found.items()}
    return {role: merged[role] for role in _SYNONYMS if role in merged}


def propose_for(
    source: object, names: Iterable[str], taken: Collection[str]
) -> dict[str, Proposal]:
    """What `propose_from` says of a source; where its rows cannot be read, what the names say."""
    try:
        return propose_from(first_rows(source), taken)
    except OmninbError:
        by_name = propose_roles([name for name in names if name not in taken])
        return {role: Proposal(column, "by its name") for role, column in by_name.items()}


def first_rows(source: object) -> pa.Table:
    """The first rows of a source, as they stand."""
    from omninb.events.sources import read_parts

    return next(iter(read_parts(source))).table.slice(0, ROWS)


def propose_columns(source: object) -> dict[str, str]:
    """Propose a column of a source for each role, by names and by what the first rows hold.

    Parameters
    ----------
    source : object
        What `read_events` takes.

    Returns
    -------
    dict
        Role to column, as for ``read_events(source, columns=…)``, to be confirmed by a person.

    Raises
    ------
    OmninbError
        If there is no such file, or it cannot be read.
    """
    return {role: one.column for role, one in propose_from(first_rows(source)).items()}
