"""What is planted on top of a simulated log: places that leak, and a test that goes wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from omninb.errors import duration
from omninb.simulate import simulate_table
from omninb.workshop.story import WITHIN, Leak, Story

_SILENCE = pd.Timedelta(30, "D")  # a longer one begins another journey
_LOST = 0.55  # of the treatment's customers who did not buy at once
_LABELLINGS = 400
_ENOUGH = 100  # customers of an arm, before which nobody would look
_LOOKS = 5  # days in a row on which the early look says that it is clear


def planted_rows(story: Story) -> pa.Table:
    """The rows of a seat's log, in time order, with all that is planted."""
    rows, _ = simulate_table(story.customers, story.seed, **story.truths)
    rows = rows.filter(pa.compute.less(rows["timestamp"], pa.scalar(story.until)))
    chance = np.random.default_rng([story.seat, story.attempt, 1])
    rows = rows.filter(pa.array(_before_leaks(rows, _leaks(story), chance)))
    if story.trap == "broken split":
        return rows.filter(pa.array(~_lost_exposures(rows, chance)))
    if story.trap == "none":
        return rows
    variant = pa.array(_early_look(rows, chance), pa.string()).dictionary_encode()
    return rows.set_column(rows.column_names.index("variant"), "variant", variant)


def _leaks(story: Story) -> list[Leak]:
    return [leak for leak in (story.leak, story.decoy, story.hard) if leak]


def _before_leaks(rows: pa.Table, leaks: Sequence[Leak], chance: np.random.Generator) -> np.ndarray:
    """Which rows are left if journeys end where they leak."""
    names = ["customer_id", "timestamp", "channel", "event"]
    frame = rows.select(names).to_pandas().sort_values(["customer_id"], kind="stable")
    new = frame["customer_id"].ne(frame["customer_id"].shift())
    journey = (new | (frame["timestamp"].diff() > _SILENCE)).cumsum()
    ends = np.zeros(len(frame), bool)
    for leak in leaks:
        here = frame["event"] == leak.step
        if leak.channel:
            here &= frame["channel"] == leak.channel
        ends |= here.to_numpy() & (chance.random(len(frame)) < leak.share)
    ended = pd.Series(ends, frame.index).groupby(journey).cumsum() - ends
    return ended.sort_index().to_numpy() == 0


def _lost_exposures(rows: pa.Table, chance: np.random.Generator) -> np.ndarray:
    """Which first touchpoints of the treatment are lost: of some who did not buy in that visit.

    So may a redirect lose those who leave before the new page has loaded.
    """
    frame = rows.select(["session_id", "event", "variant"]).to_pandas()
    bought = frame.loc[frame["event"] == "purchase", "session_id"]
    did_not = (frame["variant"] == "treatment") & ~frame["session_id"].isin(bought)
    return did_not.to_numpy() & (chance.random(len(frame)) < _LOST)


def _early_look(rows: pa.Table, chance: np.random.Generator) -> np.ndarray:
    """Arms of a test that does nothing, in which the difference seems clear for some days.

    Who is in which arm makes no difference to what customers do, so arms are drawn until an early
    look deceives and the last one does not.
    """
    frame = rows.select(["customer_id", "timestamp", "event", "variant"]).to_pandas()
    exposed = frame.loc[frame["variant"].notna(), ["customer_id", "timestamp"]]
    bought = frame.loc[frame["event"] == "purchase", ["customer_id", "timestamp"]]
    both = exposed.reset_index().merge(bought, on="customer_id", suffixes=("", "_bought"))
    window = pd.Timedelta(duration(WITHIN, "within"), "us")
    since = both["timestamp_bought"] - both["timestamp"]
    converts = both.loc[(since >= pd.Timedelta(0)) & (since < window), "index"]
    outcome = exposed.index.isin(converts)
    day = exposed["timestamp"].dt.floor("D").to_numpy()
    last = np.flatnonzero(np.append(day[1:] != day[:-1], True))  # row of each day's last exposure
    arms = np.zeros(len(exposed), bool)
    for _ in range(_LABELLINGS):
        arms = chance.random(len(exposed)) < 0.5
        z = _z_by_day(outcome, arms, last)
        if _deceives(z) and abs(z[-1]) < 1.0:
            break
    labels = np.full(len(frame), None, object)
    labels[exposed.index] = np.where(arms, "treatment", "control")
    return labels


def _z_by_day(outcome: np.ndarray, arms: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The difference of the arms in standard errors at the end of each day; 0 before enough."""
    n, hits = (np.array([np.cumsum(mask * ~arms)[last], np.cumsum(mask * arms)[last]])
               for mask in (np.ones(len(arms), bool), outcome))  # fmt: skip
    some = np.maximum(n, 1)
    share, whole = hits / some, hits.sum(axis=0) / some.sum(axis=0)
    error = np.sqrt(whole * (1 - whole) * (1 / some).sum(axis=0))
    z = np.divide(share[1] - share[0], error, out=np.zeros(len(last)), where=error > 0)
    return np.where(n.min(axis=0) < _ENOUGH, 0.0, z)


def _deceives(z: np.ndarray) -> bool:
    """Whether the difference seems clear on enough days in a row."""
    clear = np.convolve(z > 2.1, np.ones(_LOOKS), "valid")
    return bool((clear == _LOOKS).any())
