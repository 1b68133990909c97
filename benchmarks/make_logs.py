"""Writes the logs that the benchmark runs on, once, to .cache/bench: in time order, seeded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

FOLDER = Path(__file__).resolve().parents[1] / ".cache" / "bench"
YEAR = 365 * 86_400_000_000
CHANNELS = ["web", "mobile app", "store", "call centre", "chat", "e-mail", "social", "paid search",
            "display", "marketplace"]  # fmt: skip
EVENTS = [f"event {number:02d}" for number in range(19)] + ["purchase"]


def log(touchpoints: int, text_ids: bool, seed: int = 1) -> pa.Table:
    """Touchpoints of about a tenth as many customers, some of them ten times as busy as others."""
    random = np.random.Generator(np.random.PCG64(seed))
    customers = touchpoints // 10
    busy = np.cumsum(random.lognormal(0.0, 1.0, customers))
    customer = np.searchsorted(busy, random.random(touchpoints) * busy[-1])
    # No two touchpoints at one moment, so that every peer sees the same order.
    moment = np.sort(random.integers(YEAR - touchpoints, size=touchpoints)) + np.arange(touchpoints)
    # People stay on their channel half of the time; the rest is uneven, as in life.
    favourite = random.choice(10, size=customers, p=np.arange(10, 0, -1) / 55)[customer]
    stays = random.random(touchpoints) < 0.5
    anywhere = random.choice(10, size=touchpoints, p=np.arange(10, 0, -1) / 55)
    channel = np.where(stays, favourite, anywhere)
    event = random.choice(20, size=touchpoints, p=np.arange(20, 0, -1) / 210)
    ids = pa.array(customer.astype(np.int64) * 7 + 100_000_007)
    if text_ids:
        ids = pc.binary_join_element_wise("c", pc.cast(ids, pa.string()), "")
    return pa.table(
        {
            "customer_id": ids,
            "timestamp": pa.array(moment + 1_735_689_600_000_000, pa.timestamp("us", "UTC")),
            "channel": _names(channel, CHANNELS),
            "event": _names(event, EVENTS),
        }
    )


def _names(code: np.ndarray, names: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(code.astype(np.int32)), names).cast(pa.string())


def path_of(touchpoints: int, text_ids: bool) -> Path:
    """Where such a log stands; it is written when it does not yet."""
    path = FOLDER / f"{touchpoints}_{'text' if text_ids else 'integer'}.parquet"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        pq.write_table(log(touchpoints, text_ids), unfinished)
        unfinished.rename(path)
    return path


if __name__ == "__main__":
    for touchpoints in (10_000, 1_000_000, 10_000_000):
        for text_ids in (False, True):
            path = path_of(touchpoints, text_ids)
            print(f"{path.name}: {path.stat().st_size / 1e6:,.1f} MB")
