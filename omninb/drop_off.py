"""Where a funnel loses people, by channel, and what they do instead."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from omninb.adjusting import adjusted
from omninb.drop_off_pooling import pooled_onward, pooled_places
from omninb.drop_off_tally import (
    HIGH,
    LOST,
    OPEN,
    OTHER,
    SAME,
    VALUED,
    DropOffTally,
    OnwardTally,
    StepsTaken,
)
from omninb.funnel_steps import Step
from omninb.intervals import Rates, difference_p_values
from omninb.journeys import Journeys
from omninb.passes.compiling import GROUPS
from omninb.tallies import By, difference_columns, money_of, rate_columns, texts, with_node

_ONWARD = (
    "next_same_channel", "next_other_channel",
    "leave_channel_rate", "leave_channel_rate_ci_lower", "leave_channel_rate_ci_upper",
)  # fmt: skip


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
        - ``difference`` = ``drop_off`` less that of all other nodes of the step, with 95 % bounds,
          ``difference_method`` and ``p_adjusted`` (Holm 1979, over all rows);
        - ``value`` : money at this step's touchpoints of the lost; NaN where none of this step's
          touchpoints has a value.

        Of a log read with ``min_customers=N``, nodes of a step with fewer than N customers are
        counted as one, with more where they could be recalculated; counts of theirs that are too
        small to tell are missing.

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
    taken = StepsTaken.of(journeys, steps, by, within)
    tally = DropOffTally.of(taken)
    labels, values = list(tally.places.labels), tally.places.values
    withheld = [(False, False)] * len(labels)
    if journeys.min_customers is not None:
        there = np.flatnonzero(values[..., : OPEN + 1].any(axis=(0, 2)))
        labels, values, withheld = pooled_places(
            [labels[i] for i in there], values[:, there], journeys.min_customers, within is None
        )
    counts = values.sum(axis=0)
    customers = counts[:, : LOST + 1].sum(axis=1)
    shown = [i for i in range(len(counts)) if customers[i] or counts[i, OPEN]]
    shown.sort(key=lambda i: (labels[i][0], -customers[i], labels[i][1]))
    values = values[:, shown]
    whole = values[..., : LOST + 1].sum(axis=2)
    drop_off = _each_once(values[..., LOST], whole)
    leave = _each_once(values[..., [OTHER, LOST]].sum(axis=2), whole)
    step = np.array([int(labels[i][0]) for i in shown], np.int64)
    same = step[:, None] == step
    rest = _each_once(values[..., LOST] @ same - values[..., LOST], whole @ same - whole)
    valued = {place for (place, _), count in zip(labels, counts, strict=True) if count[VALUED]}
    columns: dict[str, object] = {
        "funnel_step": texts(taken.labels[int(labels[i][0])] for i in shown),
        "step": step + 1,
        "_node": texts(labels[i][1] for i in shown),
        "customers": customers[shown],
        "next_same_channel": counts[shown, SAME],
        "next_other_channel": counts[shown, OTHER],
        "lost": counts[shown, LOST],
        "open": counts[shown, OPEN],
        **rate_columns("drop_off", "interval_method", drop_off),
        **rate_columns("leave_channel_rate", "leave_channel_interval_method", leave),
        **difference_columns(rest, drop_off),
        "p_adjusted": adjusted(difference_p_values(rest, drop_off), "holm"),
        "value": [money_of(counts[i, HIGH:]) if labels[i][0] in valued else np.nan for i in shown],
    }
    frame = pd.DataFrame(columns)
    onward, waiting = np.array([withheld[i] for i in shown], bool).reshape(-1, 2).T
    if onward.any():
        frame.loc[onward, list(_ONWARD)] = np.nan
        frame.loc[onward, "leave_channel_interval_method"] = "none"
    if waiting.any():
        frame.loc[waiting, "open"] = np.nan
    frame = with_node(frame, tally.facts.by)
    frame.attrs = taken.attrs(tally.facts)
    return frame


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
        Largest first within each. Of a log read with ``min_customers=N``, rows of fewer than N
        customers are counted as one ``next``, or of several nodes as one row.

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
    taken = StepsTaken.of(journeys, steps, by, within)
    tally = OnwardTally.of(taken)
    labels, cells = list(tally.onward.labels), tally.onward.values
    if journeys.min_customers is not None:
        labels, cells = pooled_onward(labels, cells, journeys.min_customers)
    values = cells[..., 0]
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
    labels = [labels[i] for i in order]
    whole = np.array([wholes[label[:3]] for label in labels], np.int64).reshape(-1, GROUPS).T
    columns: dict[str, object] = {
        "funnel_step": texts(taken.labels[int(label[0])] for label in labels),
        "step": np.array([int(label[0]) + 1 for label in labels], np.int64),
        "_node": texts(label[1] for label in labels),
        "outcome": texts(label[2] for label in labels),
        "next": texts(label[3] for label in labels),
        "customers": counts[order],
        **rate_columns("share", "interval_method", _each_once(values[:, order], whole)),
    }
    frame = with_node(pd.DataFrame(columns), tally.facts.by)
    frame.attrs = taken.attrs(tally.facts)
    return frame
