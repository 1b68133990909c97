"""Where a funnel loses people, by channel, and what they do instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from omninb.attempts import Attempts, by_group, find_attempts
from omninb.funnel_steps import FunnelSteps, Step
from omninb.intervals import Rates
from omninb.journeys import END_STATES, Journeys
from omninb.passes.compiling import GROUPS
from omninb.tallies import By, Counts, Facts, Tally, labels_of, texts

_MOST_LABELS = 1_000
_SAME, _OTHER, _LOST, _OPEN = range(4)
OUTCOMES = {_LOST: "lost", _OTHER: "left channel"}


@dataclass(frozen=True)
class DropOffTally(Tally):
    """Counts of customers by step and where they took it; each customer's first attempt.

    Attributes
    ----------
    places : Counts
        Labels (place of the step as two digits, node); by group: took the next step on the same
        node, on another, not at all, open, and money of the lost (micros in two halves).
    onward : Counts
        Labels (step, node, outcome, what came right after): customers by group.
    """

    places: Counts
    onward: Counts

    @classmethod
    def of(cls, journeys: Journeys, asked: FunnelSteps, within: str | None, by: By) -> DropOffTally:
        """Find the first attempts and count them."""
        attempts = find_attempts(journeys, asked, within, attempt="first")
        codes, names = labels_of(journeys, by, _MOST_LABELS)
        last = len(asked.labels) - 1
        labels = [(f"{step:02d}", name) for step in range(last) for name in names]
        values = np.zeros((GROUPS, len(labels), 6), np.int64)
        onward: dict[tuple[str, ...], np.ndarray] = {}
        groups = attempts.groups
        for step in range(last):
            at, outcome = _outcomes(attempts, codes, step)
            here, group = codes[attempts.reached[at, step]].astype(np.int64), groups[at]
            cells = values[:, step * len(names) : (step + 1) * len(names)]
            for kind in (_SAME, _OTHER, _LOST, _OPEN):
                chosen = outcome == kind
                cells[..., kind] = by_group(group[chosen], here[chosen], len(names))
            lost = outcome == _LOST
            _add_money(journeys, attempts.reached[at[lost], step], group[lost], here[lost], cells)
            for kind, name in OUTCOMES.items():
                chosen = outcome == kind
                counted = _onward(
                    journeys, by, attempts.reached[at[chosen], step], group[chosen], here[chosen]
                )
                onward |= {
                    (f"{step:02d}", names[place], name, following): count
                    for (place, following), count in counted.items()
                }
        return cls(
            Facts.of(journeys, by),
            Counts.of(labels, values),
            Counts.of(
                list(onward),
                np.stack(list(onward.values()), axis=1)[..., None]
                if onward
                else np.zeros((GROUPS, 0, 1), np.int64),
            ),
        )

    def attrs(self, asked: FunnelSteps, within: str | None) -> dict[object, object]:
        """The ``attrs`` of both tables."""
        return self.facts.attrs() | {
            "steps": asked.labels, "within": within, "so_far": within is None, "unit": "customers",
        }  # fmt: skip


def _outcomes(attempts: Attempts, codes: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray]:
    """The attempts that made a step, and what became of each."""
    at = np.flatnonzero(attempts.reached[:, step] >= 0)
    here, following = attempts.reached[at, step], attempts.reached[at, step + 1]
    same = codes[here] == codes[np.maximum(following, 0)]
    outcome = np.where(following < 0, _LOST, np.where(same, _SAME, _OTHER))
    return at, np.where(attempts.open[at], _OPEN, outcome)


def _add_money(
    journeys: Journeys, places: np.ndarray, group: np.ndarray, here: np.ndarray, cells: np.ndarray
) -> None:
    if "value" not in journeys.columns.table.column_names:
        return
    money = journeys.columns.table.column("value").fill_null(0).cast(pa.int64()).to_numpy()
    worth = money[journeys.columns.order[places]]
    np.add.at(cells[..., 4], (group, here), worth >> 32)
    np.add.at(cells[..., 5], (group, here), worth & ((1 << 32) - 1))


def _onward(
    journeys: Journeys, by: By, places: np.ndarray, group: np.ndarray, here: np.ndarray
) -> dict[tuple[int, str], np.ndarray]:
    """Customers by group for each node and the very next touchpoint, or end, of the journey."""
    roles = [by] if isinstance(by, str) else list(by)
    codes, names = journeys.columns.codes(list(dict.fromkeys([*roles, "event"])))
    journey = np.searchsorted(journeys.journey_offsets, places, side="right") - 1
    ends = places + 1 == journeys.journey_offsets[journey + 1]
    after = codes[np.minimum(places + 1, len(codes) - 1)].astype(np.int64) if len(codes) else here
    following = np.where(ends, len(names) + journeys.end_states[journey], after)
    every = [*names, *END_STATES]
    kinds, which = np.unique(here * len(every) + following, return_inverse=True)
    counts = by_group(group, which, len(kinds))
    return {
        (int(kind) // len(every), every[int(kind) % len(every)]): counts[:, i]
        for i, kind in enumerate(kinds)
    }


def drop_off_table(
    journeys: Journeys, steps: Sequence[Step], by: By = "channel", within: str | None = None
) -> pd.DataFrame:
    """For every step of a funnel and every channel on which it was taken: who went on, and where.

    "Stalled on mobile, finished on the desktop" is ``next_other_channel``; "went away" is ``lost``.
    Each customer counts once a step, with the first attempt (see `omninb.funnel_table`).

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.
    steps : list
        As in `omninb.funnel_table`.
    by : str or list of str
        The role or column, or the combination of several, on which a step is taken.
    within : str, optional
        From the first step to the last, such as ``"7d"``; without it, so far.

    Returns
    -------
    pandas.DataFrame
        One row for each step but the last and each node on which it was taken, the largest first:

        - ``funnel_step``, ``step`` (from 1), a column named as ``by``;
        - ``customers`` who took it there in a mature attempt: the denominator; =
          ``next_same_channel`` + ``next_other_channel`` (who took the next step) + ``lost``;
        - ``open`` : customers whose attempt is too young, not among ``customers``;
        - ``drop_off`` = ``lost`` / ``customers``; ``leave_channel_rate`` = (``lost`` +
          ``next_other_channel``) / ``customers``; with 95 % bounds, ``interval_method`` and
          ``leave_channel_interval_method``;
        - ``value`` : money at this step's touchpoints of the lost (NaN without the role value).

    Raises
    ------
    OmninbError
        If a step or a name does not occur.

    Examples
    --------
    >>> import omninb as onb
    >>> table = onb.drop_off_table(onb.sample().journeys(), ["checkout", "purchase"], within="7d")
    >>> whole = table["next_same_channel"] + table["next_other_channel"] + table["lost"]
    >>> bool((whole == table["customers"]).all())
    True
    """
    asked = FunnelSteps.of(steps)
    tally = DropOffTally.of(journeys, asked, within, by)
    counts = tally.places.values.sum(axis=0)
    customers = counts[:, : _LOST + 1].sum(axis=1)
    shown = [i for i in range(len(counts)) if customers[i] or counts[i, _OPEN]]
    labels = tally.places.labels
    shown.sort(key=lambda i: (labels[i][0], -customers[i], labels[i][1]))
    counts, customers, values = counts[shown], customers[shown], tally.places.values[:, shown]
    whole = values[..., : _LOST + 1].sum(axis=2)
    columns: dict[str, object] = {
        "funnel_step": texts(asked.labels[int(labels[i][0])] for i in shown),
        "step": np.array([int(labels[i][0]) + 1 for i in shown], np.int64),
        tally.facts.by: texts(labels[i][1] for i in shown),
        "customers": customers,
        "next_same_channel": counts[:, _SAME],
        "next_other_channel": counts[:, _OTHER],
        "lost": counts[:, _LOST],
        "open": counts[:, _OPEN],
    }
    parts = {
        "drop_off": values[..., _LOST],
        "leave_channel_rate": values[..., [_OTHER, _LOST]].sum(2),
    }
    for name, part in parts.items():
        rates = _each_once(part, whole)
        lower, upper, method = rates.bounds()
        columns |= {name: rates.estimate, f"{name}_ci_lower": lower, f"{name}_ci_upper": upper}
        prefix = "" if name == "drop_off" else "leave_channel_"
        columns[f"{prefix}interval_method"] = texts(method)
    columns["value"] = [
        ((int(high) << 32) + int(low)) / 1e6 if _has_money(journeys) else np.nan
        for high, low in counts[:, 4:].tolist()
    ]
    frame = pd.DataFrame(columns)
    frame.attrs = tally.attrs(asked, within)
    return frame


def _has_money(journeys: Journeys) -> bool:
    return "value" in journeys.columns.table.column_names


def _each_once(part: np.ndarray, whole: np.ndarray) -> Rates:
    """Rates of customers, each of whom counts once."""
    once = np.ones(part.shape[1], np.int64)
    return Rates(part, whole, part.sum(axis=0), whole.sum(axis=0), once)


def lost_to_table(
    journeys: Journeys, steps: Sequence[Step], by: By = "channel", within: str | None = None
) -> pd.DataFrame:
    """What those did right afterwards who were lost at a step, or took the next one elsewhere.

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.
    steps, by, within
        As in `drop_off_table`.

    Returns
    -------
    pandas.DataFrame
        ``funnel_step``, ``step``, the node on which it was taken (named as ``by``); ``outcome``:
        ``lost`` or ``left channel``; ``next``: node and event of the very next touchpoint, or how
        the journey ended (``exit``, ``open``, ``converted``); ``customers``; ``share`` of the
        customers with that step, node and outcome, with 95 % bounds and ``interval_method``.
        Largest first within each.

    Raises
    ------
    OmninbError
        If a step or a name does not occur.

    Examples
    --------
    >>> import omninb as onb
    >>> table = onb.lost_to_table(onb.sample().journeys(), ["checkout", "purchase"], within="7d")
    >>> sums = table.groupby(["step", "channel", "outcome"])["share"].sum()
    >>> sums.round(9).unique().tolist()
    [1.0]
    """
    asked = FunnelSteps.of(steps)
    tally = DropOffTally.of(journeys, asked, within, by)
    labels, values = tally.onward.labels, tally.onward.values[..., 0]
    counts = values.sum(axis=0)
    wholes: dict[tuple[str, ...], np.ndarray] = {}
    for i, label in enumerate(labels):
        wholes[label[:3]] = wholes.get(label[:3], 0) + values[:, i]
    size = {place: int(whole.sum()) for place, whole in wholes.items()}
    ranks = [
        (label[0], -size[label[:3]], label[1:3], -count, label[3])
        for label, count in zip(labels, counts.tolist(), strict=True)
    ]
    order = sorted(range(len(labels)), key=ranks.__getitem__)
    labels, counts = tuple(labels[i] for i in order), counts[order]
    whole = np.array([wholes[label[:3]] for label in labels]).reshape(-1, GROUPS).T
    rates = _each_once(values[:, order], whole)
    lower, upper, method = rates.bounds()
    frame = pd.DataFrame(
        {
            "funnel_step": texts(asked.labels[int(label[0])] for label in labels),
            "step": np.array([int(label[0]) + 1 for label in labels], np.int64),
            tally.facts.by: texts(label[1] for label in labels),
            "outcome": texts(label[2] for label in labels),
            "next": texts(label[3] for label in labels),
            "customers": counts,
            "share": rates.estimate,
            "share_ci_lower": lower,
            "share_ci_upper": upper,
            "interval_method": texts(method),
        }
    )
    frame.attrs = tally.attrs(asked, within)
    return frame
