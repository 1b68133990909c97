"""Which column of the source plays which role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from omninb.errors import OmninbError, nearest
from omninb.events.proposal import propose_roles

REQUIRED = ("customer_id", "timestamp", "channel")
NAMES = ("channel", "event", "phase", "campaign", "device", "location", "variant", "score_kind")
KEYS = ("event_id", "order_id", "session_id")
MONEY = ("value", "cost")
DAY = "day"  # a role only of tables that are looked up by it
ROLES = (
    "customer_id",
    "timestamp",
    "channel",
    "event",
    "phase",
    "value",
    "cost",
    "event_id",
    "order_id",
    "session_id",
    "campaign",
    "device",
    "location",
    "variant",
    "score",
    "score_kind",
)
_MEANING = {
    "customer_id": "who it was",
    "timestamp": "when it happened",
    "channel": "where it happened: web, store, …",
}


def resolve_roles(
    found: list[str],
    columns: Mapping[str, str] | None,
    source: str,
    required: Sequence[str] = REQUIRED,
) -> dict[str, str]:
    """Map each role to the column that plays it.

    Parameters
    ----------
    found : list of str
        Columns of the source.
    columns : mapping or None
        Role to column, as declared; a column that bears a role's own name needs no mapping.
    source : str
        The file or frame, for errors.
    required : sequence of str
        Roles that must have a column; ``day`` is a role only where it is among them.

    Returns
    -------
    dict
        Role to column, in the order of `ROLES`; ``currency`` last.

    Raises
    ------
    OmninbError
        If a role is unknown, a column does not exist, or a required role has none.
    """
    declared = dict(columns or {})
    roles = (*ROLES, *(role for role in required if role not in ROLES), "currency")
    for role, column in declared.items():
        if role not in roles:
            hint = nearest(str(role), ROLES)
            turned = (
                f" Write {{role: column}}: {{{column!r}: {role!r}}}."
                if column in ROLES and role in found
                else ""
            )
            raise OmninbError(f"columns={{{role!r}: …}}: there is no such role.{turned or hint}")
        if column not in found:
            raise OmninbError(
                f"columns={{{role!r}: {column!r}}}: {source} has no column {column!r}."
                f"{nearest(str(column), found)}"
            )
        if f"{column} (2)" in found:
            raise OmninbError(
                f"{source} has more than one column {column!r}: which one is {role}? "
                "Rename one of them."
            )
    for role in roles:
        if role not in declared and role in found:
            if f"{role} (2)" in found:
                raise OmninbError(
                    f"{source} has more than one column {role!r}. Rename one of them."
                )
            declared[role] = role
    missing = [role for role in required if role not in declared]
    if missing:
        raise OmninbError(_missing(missing, found, declared, source))
    return {role: declared[role] for role in roles if role in declared}


def _missing(missing: list[str], found: list[str], declared: dict[str, str], source: str) -> str:
    """Name the role, the columns found, and the argument that would settle it."""
    shown = ", ".join(repr(name) for name in found[:30]) + (", …" if len(found) > 30 else "")
    free = [name for name in found if name not in declared.values()]
    proposal = propose_roles(free)
    mapping = {role: column for role, column in declared.items() if role != column}
    mapping |= {role: proposal.get(role, "…") for role in missing}
    argument = ", ".join(f"{role!r}: {column!r}" for role, column in mapping.items())
    meaning = "; ".join(f"{role} ({_MEANING.get(role, 'a key')})" for role in missing)
    near = nearest(missing[0], found) if "…" in mapping.values() else ""
    near = near if "mean" in near else ""
    return (
        f"{source}: no column for {meaning}. Columns found: {shown}.{near} "
        f"Say which one it is, for example columns={{{argument}}}."
    )
