"""Where the tables of one log must agree, and why they differ where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from omninb.drop_off import drop_off_table
from omninb.exits import exit_table
from omninb.funnel_steps import FunnelSteps, Step
from omninb.funnels import funnel_table
from omninb.journeys import END_STATES, Journeys
from omninb.steps import flow_table, step_table
from omninb.tallies import START, By, labels_of, texts
from omninb.transitions import transition_table

_SAME = "they count the same thing"


def reconciliation_table(
    journeys: Journeys, steps: Sequence[Step], by: By = "channel", within: str | None = None
) -> pd.DataFrame:
    """Show for one log where funnel, drop-off, transitions, steps and flows agree, and why not.

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.
    steps : list
        As in `omninb.funnel_table`.
    by : str or list of str
        The role or column, or the combination of several, whose values are the nodes.
    within : str, optional
        As in `omninb.funnel_table`.

    Returns
    -------
    pandas.DataFrame
        ``what`` is counted; ``table`` and ``count`` there; ``other_table`` and ``other_count``;
        ``difference`` = ``count`` - ``other_count``; ``agrees``: whether both count the same thing,
        so that the difference must be 0; ``why`` they do or do not. Of a log read with
        ``min_customers=N``, rows are left out where a count, or a difference but 0, is below N.

    Raises
    ------
    OmninbError
        If a step or a name does not occur.

    Examples
    --------
    >>> import omninb as onb
    >>> journeys = onb.sample().journeys(end_at="purchase")
    >>> table = onb.reconciliation_table(journeys, ["checkout", "purchase"], within="7d")
    >>> table.loc[table["agrees"], "difference"].unique().tolist()
    [0]
    """
    fewest = journeys.min_customers or 0
    journeys = replace(journeys, min_customers=None)  # pooled tables would differ by what they pool
    rows = [*_whole_journeys(journeys, by), *_funnels(journeys, steps, by, within)]
    frame = pd.DataFrame(
        {
            "what": texts(row[0] for row in rows),
            "table": texts(row[1] for row in rows),
            "count": np.array([row[2] for row in rows], np.int64),
            "other_table": texts(row[3] for row in rows),
            "other_count": np.array([row[4] for row in rows], np.int64),
        }
    )
    frame["difference"] = frame["count"] - frame["other_count"]
    frame["agrees"] = [row[5] == _SAME for row in rows]
    frame["why"] = texts(row[5] for row in rows)
    counts = frame[["count", "other_count"]].min(axis=1)
    apart = frame["difference"].abs()
    few = (counts < fewest) | ((apart > 0) & (apart < fewest))
    return frame[~few].reset_index(drop=True) if few.any() else frame


Row = tuple[str, str, int, str, int, str]


def _whole_journeys(journeys: Journeys, by: By) -> list[Row]:
    """Rows about all journeys, from START to their ends."""
    moves = transition_table(journeys, by, gaps=False)
    flows = flow_table(journeys, by, max_steps=1)
    places = step_table(journeys, by, max_steps=1)
    first = moves[moves["source"] == START]
    rows: list[Row] = []
    if len(first):
        name, begun = first["target"].iloc[0], int(first["journeys"].iloc[0])
        into = flows[(flows["step"] == 1) & (flows["target"] == name)]["journeys"].sum()
        there = places[places[places.attrs["by"]] == name]["journeys"].sum()
        what = f"journeys that begin at {name}"
        rows.append((what, "transition_table", begun, "flow_table", int(into), _SAME))
        rows.append((what, "transition_table", begun, "step_table", int(there), _SAME))
    ends = moves[moves["target"].isin(END_STATES)]
    rows.append(
        ("journeys, by their ends", "transition_table", int(ends["journeys"].sum()), "journeys",
         len(journeys), _SAME)
    )  # fmt: skip
    gone = moves[moves["target"] == "exit"]
    counted = int(exit_table(journeys, by)["exits"].sum())
    rows.append(
        ("exits", "transition_table", int(gone["settled_transitions"].sum()), "exit_table",
         counted, _SAME)
    )  # fmt: skip
    return rows


def _funnels(journeys: Journeys, steps: Sequence[Step], by: By, within: str | None) -> list[Row]:
    """Rows about the funnel and its first two steps."""
    one, two = FunnelSteps.of(steps).labels[:2]
    first = funnel_table(journeys, steps, within, attempt="first")
    drops = drop_off_table(journeys, steps, by, within)
    began = drops[drops["step"] == 1]
    went = int((began["next_same_channel"] + began["next_other_channel"]).sum())
    made = [int(count) for count in first["customers"]]
    pair = list(steps[:2])
    strict = funnel_table(journeys, pair, order="strict", unit="journey")["journeys"]
    ever = funnel_table(journeys, pair)["customers"]
    by_journey = funnel_table(journeys, pair, unit="journey")["journeys"]
    furthest = int(funnel_table(journeys, steps, within)["customers"].iloc[-1])
    rows: list[Row] = [
        (f"customers who take {one}", "funnel_table, first attempt", made[0], "drop_off_table",
         int(began["customers"].sum()), _SAME),
        (f"customers who go on to {two}", "funnel_table, first attempt", made[1],
         "drop_off_table", went, _SAME),
    ]  # fmt: skip
    if all(isinstance(step, str) for step in pair):
        moves = transition_table(journeys, "event", gaps=False)
        events = journeys.columns.codes("event")[1]
        node = dict(zip(events, labels_of(journeys, "event", len(events))[1], strict=True))
        source, target = (node.get(str(step)) for step in pair)
        edge = moves[(moves["source"] == source) & (moves["target"] == target)]
        rows += [
            (f"journeys with {two} right after {one}", 'funnel_table, order="strict"',
             int(strict.iloc[-1]), "transition_table", int(edge["journeys"].sum()), _SAME),
            (f"customers with {two} after {one}", "funnel_table", int(ever.iloc[-1]),
             "transition_table", int(edge["customers"].sum()),
             "a funnel lets other touchpoints come between, and joins a customer's journeys; a "
             "transition is one touchpoint right after the other"),
        ]  # fmt: skip
    if all(isinstance(step, str) for step in steps) and len(set(map(str, steps))) == len(steps):
        mixed = funnel_table(journeys, steps, within, order="any")
        rows.append(
            (f"customers who take all {len(steps)} steps", "funnel_table", furthest,
             'funnel_table, order="any"', int(mixed["customers"].iloc[-1]),
             "in order, a step that happened before the one it should follow does not count")
        )  # fmt: skip
    rows += [
        (f"who goes on to {two}", "funnel_table, customers", int(ever.iloc[-1]),
         "funnel_table, journeys", int(by_journey.iloc[-1]),
         "a customer counts once, but may do it in several journeys, or begin in one and finish in "
         "the next"),
        (f"customers who reach {first['funnel_step'].iloc[-1]}", "funnel_table, furthest attempt",
         furthest, "funnel_table, first attempt", made[-1],
         "the furthest attempt is chosen by its outcome; the first is not"),
        (f"customers who take {one}", "funnel_table, window over", made[0],
         "funnel_table, so far", int(ever.iloc[0]),
         "those whose window is not over are open, and left out until it is"
         if within else _SAME),
    ]  # fmt: skip
    return rows
