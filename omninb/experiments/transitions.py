"""Journeys as outcomes: where the arms of a randomised test differ in how people move."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from omninb.adjusting import adjusted
from omninb.anchors import Reading
from omninb.experiments.exposure import Exposed
from omninb.experiments.few import told_arms
from omninb.intervals import CONFIDENCE, Rates, difference_bounds, difference_p_values
from omninb.journeys import END_STATES, Journeys
from omninb.step_tally import StepTally, step_tally
from omninb.tallies import By, texts
from omninb.transitions import transition_difference_table
from omninb.wording import fewer_than

if TYPE_CHECKING:
    from omninb.events import EventLog

_SIDES = {"a": "control", "b": "treatment"}


def experiment_transition_table(
    log: EventLog,
    variant: str = "variant",
    control: str | None = None,
    by: By = "channel",
    max_steps: int = 5,
    **rules: Any,
) -> pd.DataFrame:
    """Where the arms differ in how customers move from their first exposure on.

    Parameters
    ----------
    log : EventLog
        With the variant of each customer from the first exposure on. Touchpoints before it are
        left out; customers seen in several arms too.
    variant, control
        As in :func:`experiment_table`.
    by : str or list of str
        The role or column, or the combination of several, whose values are the nodes.
    max_steps : int
        Steps whose shares are compared, counted from the start of each journey.
    **rules
        How journeys are cut, as in ``log.journeys``.

    Returns
    -------
    pandas.DataFrame
        A row for each treatment and each transition or node at a step of either arm (``open`` is no
        outcome and is left out, and so are ends that no journey came to since the step before):

        - ``what`` : ``transition`` or ``step share``; ``variant`` : the treatment.
        - ``step`` : of a share; missing for transitions. ``source`` (empty for shares), ``target``.
        - ``customers_control``, ``customers_treatment`` : distinct, with that move or at that node.
        - ``settled_control``, ``settled_treatment`` : the denominators: the source's settled
          touchpoints; of a share all journeys.
        - ``control``, ``treatment`` : probability or share; ``difference`` = treatment − control
          with ``difference_ci_lower``, ``difference_ci_upper`` (95 %, not adjusted),
          ``interval_method`` as in :func:`transition_difference_table`, ``p_value``.
        - ``p_value_adjusted`` : among the transitions, or the shares, of that treatment (Benjamini
          and Hochberg 1995); ``differs`` : whether it is below .05, so that of the rows which
          differ about 5 % or less do so by chance.

        The smallest ``p_value`` first. Of a log read with ``min_customers=N``, rows with fewer than
        N customers in an arm are left out.

    Raises
    ------
    OmninbError
        If the arms or ``by`` cannot be read.

    Examples
    --------
    >>> import omninb as onb, pandas as pd
    >>> shop = pd.DataFrame({"customer_id": [i // 2 for i in range(400)]})
    >>> shop["timestamp"] = pd.to_datetime([60 * i for i in range(400)], unit="s", utc=True)
    >>> shop["variant"] = ["control", "control", "new", "new"] * 100
    >>> shop["channel"] = ["web", "store", "web", "app"] * 100
    >>> table = onb.experiment_transition_table(onb.read_events(shop), exit_after="1s")
    >>> table.loc[table["differs"] & (table["what"] == "transition"), "target"].tolist()
    ['app', 'store']
    """
    exposed = Exposed.of(log, variant, control)
    arms = [_journeys(log, exposed, k, rules) for k in range(len(exposed.arms))]
    parts = []
    for name, journeys in zip(exposed.arms[1:], arms[1:], strict=True):
        moved = transition_difference_table(arms[0], journeys, by)
        facts = moved.attrs
        for whole in (_moves(moved), _shares(arms[0], journeys, by, max_steps)):
            part = _enough(whole, log.min_customers)
            p = adjusted(part["p_value"].to_numpy(), "bh")
            part["p_value_adjusted"], part["differs"] = p, p < 1 - CONFIDENCE
            part.insert(1, "variant", texts([name] * len(part)))
            part.attrs = {}
            parts.append(part)
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.sort_values(["p_value", "what", "step", "source", "target"], ignore_index=True)
    customers = np.bincount(exposed.arm, minlength=len(exposed.arms))
    by_arm = dict(zip(exposed.arms, customers.tolist(), strict=True))
    frame.attrs = facts | {
        "control": exposed.arms[0],
        "arms": told_arms(by_arm, log.min_customers or 0),
    }
    return frame


def _enough(frame: pd.DataFrame, fewest: int | None) -> pd.DataFrame:
    """Rows of enough customers in both arms; in either they may be pooled."""
    if fewest is None:
        return frame
    customers = frame[[f"customers_{arm}" for arm in _SIDES.values()]].min(axis=1)
    pooled = (frame[["source", "target"]] == fewer_than(fewest)).any(axis=1)
    return frame[(customers >= fewest) & ~pooled].reset_index(drop=True)


def _journeys(log: EventLog, exposed: Exposed, arm: int, rules: dict[str, Any]) -> Journeys:
    """The journeys of one arm's customers from their first exposure on."""
    touches = exposed.touches(None)
    chosen = touches.position[(touches.since >= 0) & (exposed.arm[touches.row] == arm)]
    rows = np.sort(exposed.layout.order[chosen])  # the order of the input, which settles ties
    return dataclasses.replace(log, table=log.table.take(rows)).journeys(**rules)


def _moves(table: pd.DataFrame) -> pd.DataFrame:
    """Differences of transition probabilities under the names of this table."""
    names = {
        f"{name}_{s}": f"{name}_{arm}"
        for name in ("customers", "settled")
        for s, arm in _SIDES.items()
    }
    table = table.rename(columns=names | {f"probability_{s}": arm for s, arm in _SIDES.items()})
    table.insert(0, "what", texts(["transition"] * len(table)))
    table.insert(1, "step", pd.Series([pd.NA] * len(table), dtype="Int64"))
    return table


def _shares(a: Journeys, b: Journeys, by: By, max_steps: int) -> pd.DataFrame:
    """Differences of the shares of journeys that stand at a node at a step."""
    tallies = [
        step_tally(side, by, max_steps, Reading.of(side, None, "after"), False) for side in (a, b)
    ]
    labels = _steps(tallies, max_steps)
    rates_a, rates_b = (_rates(tally, labels) for tally in tallies)
    lower, upper, method = difference_bounds(rates_a, rates_b)
    sides = list(zip(_SIDES.values(), (rates_a, rates_b), strict=True))
    return pd.DataFrame(
        {
            "what": texts(["step share"] * len(labels)),
            "step": pd.array([int(step) for step, _ in labels], dtype="Int64"),
            "source": texts([""] * len(labels)),
            "target": texts(node for _, node in labels),
        }
        | {f"customers_{arm}": side.customers_with for arm, side in sides}
        | {f"settled_{arm}": side.whole.sum(axis=0) for arm, side in sides}
        | {arm: side.estimate for arm, side in sides}
        | {
            "difference": rates_b.estimate - rates_a.estimate,
            "difference_ci_lower": lower,
            "difference_ci_upper": upper,
            "interval_method": texts(method),
            "p_value": difference_p_values(rates_a, rates_b),
        }
    )


def _steps(tallies: Sequence[StepTally], max_steps: int) -> list[tuple[str, ...]]:
    """The nodes at each step, but for ends that no journey came to since the step before."""
    journeys = [
        dict(zip(tally.rows.labels, tally.rows.values[:, :, 0].sum(axis=0), strict=True))
        for tally in tallies
    ]
    found: list[tuple[str, ...]] = []
    for step, node in sorted({label for counts in journeys for label in counts}):
        before = (f"{int(step) - 1:03d}", node)
        same = all(c.get((step, node), 0) == c.get(before, 0) for c in journeys)
        if node == "open" or int(step) > max_steps or (node in END_STATES and same):
            continue
        found.append((step, node))
    return found


def _rates(tally: StepTally, labels: Sequence[tuple[str, ...]]) -> Rates:
    """The shares of labels, 0 for those that the tally has not."""
    known = set(tally.rows.labels)
    here = np.array([label in known for label in labels], bool)
    at = tally.rows.rows([label for label in labels if label in known])
    counts = np.zeros((len(tally.rows.values), len(labels), 2), np.int64)
    counts[:, here] = tally.rows.values[:, at, :2]
    read = np.repeat(tally.read.values, len(labels), axis=1)
    return Rates(
        counts[:, :, 0],
        read[:, :, 0],
        counts[:, :, 1].sum(axis=0),
        read[:, :, 1].sum(axis=0),
        np.repeat(tally.heaviest.values[0, :, 0], len(labels)),
    )
