"""What a log is warned of: one customer with too much, a last day cut short, and refunds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from omninb.events.ledger import Ledger
from omninb.events.roles import MONEY
from omninb.events.window import short_last_day

_SAMPLE = 10_000


def enter_warnings(
    typed: dict[str, pa.ChunkedArray], last: int | None, timezone: str | None, ledger: Ledger
) -> None:
    """Enter the warnings and notes that the typed columns of a log call for."""
    if last is None:
        return
    largest = largest_customer(typed["customer_id"])
    if largest:
        ledger.add("one customer has more than 10 % of all touchpoints", "warning", largest)
    short = short_last_day(typed["timestamp"], last, timezone)
    if short is not None:
        ledger.add(
            "the last day is nearly empty: set observed_until to the end of the day before",
            "warning", short.rows, f"{short.usual:,.0f} rows on a usual day",
        )  # fmt: skip
    for role in MONEY:
        if role in typed:
            refunds = typed[role].filter(pc.less(typed[role], 0).fill_null(False)).to_pylist()
            if refunds:
                total = f"{sum(refunds) / 1_000_000:,.2f} in all"
                ledger.add(f"{role} below 0: refunds", "note", len(refunds), total)


def largest_customer(ids: pa.ChunkedArray) -> int:
    """Touchpoints of a customer who has over 10 % of all, and over 3 times a fair part; else 0.

    Candidates come from a fixed sample and are then counted exactly, so a large log is not hashed.
    """
    rows = len(ids)
    if not rows:
        return 0
    sample = ids
    if rows > _SAMPLE:
        chosen = np.sort(np.random.default_rng(0).integers(0, rows, _SAMPLE))
        ends = np.cumsum([len(chunk) for chunk in ids.chunks])
        parts = np.split(chosen, np.searchsorted(chosen, ends[:-1]))  # take() would join the chunks
        begins = [0, *ends[:-1]]
        sample = pa.chunked_array(
            [c.take(pa.array(p - b)) for c, p, b in zip(ids.chunks, parts, begins, strict=True)]
        )
    counts = pc.value_counts(_values(sample))
    share = counts.field("counts").to_numpy() / len(sample)
    limit = max(0.1, 3 / len(counts))
    largest = int(np.argmax(share))
    if share[largest] < limit / 2:
        return 0
    found = pc.sum(pc.equal(_values(ids), counts.field("values")[largest])).as_py() or 0
    return int(found) if found > limit * rows else 0


def _values(ids: pa.ChunkedArray) -> pa.ChunkedArray:
    return ids.cast(ids.type.value_type) if pa.types.is_dictionary(ids.type) else ids
