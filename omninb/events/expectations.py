"""What a log must come up to: few quarantined rows, an end late enough, rows as many as before."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from numbers import Integral, Real

import pandas as pd

from omninb.errors import OmninbError
from omninb.events.ledger import Ledger
from omninb.events.parts import Part
from omninb.events.settling import quarantine_frame, quarantine_reasons
from omninb.events.window import instant

WARNED_ABOVE = 0.01
REFUSED_ABOVE = 0.05
_SHOWN = 5


def check_share(max_quarantined: object) -> float:
    """The share that may be quarantined, as given.

    Raises
    ------
    OmninbError
        If it is no number from 0 to 1.
    """
    number = isinstance(max_quarantined, Real) and not isinstance(max_quarantined, bool)
    if not number or not 0 <= max_quarantined <= 1:  # type: ignore[operator]
        meant = ""
        if number and 1 < max_quarantined <= 100:  # type: ignore[operator]
            meant = f" For {max_quarantined} % write {max_quarantined / 100:g}."  # type: ignore[operator]
        raise OmninbError(
            f"max_quarantined={max_quarantined!r}: give a share of the rows, from 0 to 1.{meant}"
        )
    return float(max_quarantined)  # type: ignore[arg-type]


def expect_few_quarantined(
    parts: Sequence[Part], max_quarantined: float, ledger: Ledger, name: str = ""
) -> None:
    """Warn of more than 1 % quarantined rows of a table, and refuse more than `max_quarantined`.

    Lines inside quoted fields of quarantined rows count too: a stray quote makes one of many rows.

    Parameters
    ----------
    parts : sequence of Part
        The table's own, settled: a large clean table is no excuse for another.
    max_quarantined : float
        The share that may be quarantined.
    ledger : Ledger
        Receives the warning.
    name : str
        What the table is called, where there are several.
    """
    reasons = quarantine_reasons(quarantine_frame(parts), parts)
    read = sum(part.rows for part in parts)
    inside = sum(row.lines - 1 for part in parts for row in part.refused)
    refused = int(reasons["rows"].sum())
    lost, whole = refused + inside, read + inside
    share = lost / whole if whole else 0.0
    if share <= min(WARNED_ABOVE, max_quarantined):
        return
    lines = f", with the {inside:,} further lines of their records" if inside else ""
    at = f"{name}: " if name else ""
    said = f"{at}{refused:,} of {read:,} rows ({share:.1%}{lines}) are quarantined"
    found = [
        f"  {row.rows:>10,}  {row.reason} (first: {row.example})"
        for row in reasons.head(_SHOWN).itertuples()
    ]
    more = len(reasons) - _SHOWN
    listed = "\n".join(found + [f"  and {more} more reasons"] * (more > 0))
    if share > max_quarantined:
        rounded = -(-lost * 100 // whole) / 100
        raise OmninbError(
            f"{said}, more than the {max_quarantined * 100:g} % that may be:\n{listed}\n"
            f"Mend the source, or accept the loss with max_quarantined={rounded:g}.",
            {"max_quarantined": (rounded,)},
        )
    check = f"{at}more than 1 % of the rows are quarantined"
    ledger.add(check, "warning", refused, f"{share:.1%}")
    warnings.warn(f"{said}: log.quarantine holds them.\n{listed}", stacklevel=4)


def expect_end(
    last: int | None, expect_until: object, timezone: str | None, ledger: Ledger
) -> None:
    """Refuse a log whose last touchpoint is earlier than `expect_until`."""
    if expect_until is None:
        return
    expected = instant(expect_until, "expect_until", timezone)
    if last is None or last < expected:
        found = "has no touchpoints"
        if last is not None:
            end = pd.Timestamp(last, unit="us", tz="UTC").tz_convert(timezone or "UTC")
            late = pd.Timedelta(expected - last, unit="us").ceil("min")
            found = f"ends at {end:%Y-%m-%d %H:%M:%S%z}, {_words(late)} earlier"
        raise OmninbError(
            f"expect_until={str(expect_until)!r}: the log {found}. Perhaps the export is stale or "
            "not complete. Export it again, or expect an earlier end."
        )
    ledger.add("the log reaches expect_until", "note", 0, str(expect_until))


def _words(time: pd.Timedelta) -> str:
    days, rest = divmod(int(time.total_seconds()), 86_400)
    hours, seconds = divmod(rest, 3_600)
    return f"{days:,} d {hours} h" if days else f"{hours} h {seconds // 60} min"


def expect_no_drop(read: int, expect_rows: object, ledger: Ledger) -> None:
    """Warn of fewer rows of touchpoints than the last run read, and refuse less than half."""
    if expect_rows is None:
        return
    number = isinstance(expect_rows, Integral) and not isinstance(expect_rows, bool)
    before = int(expect_rows) if number else -1  # type: ignore[call-overload]
    if before < 0:
        raise OmninbError(f"expect_rows={expect_rows!r}: give the number of rows of the last run.")
    if read >= before:
        return
    said = f"of touchpoints, {read:,} rows were read, and {before:,} the last time"
    if 2 * read < before:
        raise OmninbError(
            f"expect_rows={before}: {said}, less than half as many. Perhaps the export was "
            "cut short. Export it again, or leave expect_rows out."
        )
    lost = before - read
    ledger.add("fewer rows than the last time", "warning", lost, f"{lost / before:.1%}")
    warnings.warn(f"{said}: {lost / before:.1%} fewer.", stacklevel=4)
