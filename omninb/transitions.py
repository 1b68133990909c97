"""Transitions: which node follows which, how often, how surely and after how long."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from omninb.adjusting import adjusted
from omninb.intervals import CONFIDENCE, difference_bounds, difference_p_values
from omninb.journeys import Journeys
from omninb.move_pooling import shared_moves
from omninb.move_tally import Edge, MoveTally
from omninb.tallies import By, texts

_RATES = ("probability", "probability_ci_lower", "probability_ci_upper")


def transition_table(
    journeys: Journeys, by: By = "channel", collapse_repeats: bool = False, gaps: bool = True
) -> pd.DataFrame:
    """Which node follows which, how often, how surely and after how long.

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.
    by : str or list of str
        The role or column, or the combination of several, whose values are the nodes.
    collapse_repeats : bool
        Take runs of the same node as one visit. The gap is then from the last touchpoint of a run
        to the first of the next.
    gaps : bool
        Add the median and the 90th percentile of the time between.

    Returns
    -------
    pandas.DataFrame
        One row for each kind of transition, the most frequent first:

        - ``source``, ``target`` : node names; START before the first touchpoint; ``converted``,
          ``exit`` or ``open`` (too recent to tell) after the last.
        - ``transitions``, ``journeys``, ``customers`` : how often it happened; distinct journeys
          and distinct customers in which it did.
        - ``settled_transitions`` : transitions from settled touchpoints, the numerator.
        - ``settled`` : the source's touchpoints that are older than min(``exit_after``,
          ``split_gap``) at ``observed_until``, the denominator. START is always settled.
        - ``probability`` = ``settled_transitions`` / ``settled``; over the targets of a source
          they sum to 1. NaN for ``open``, which is a count and no outcome.
        - ``probability_ci_lower``, ``probability_ci_upper`` : 95 % interval that respects the
          clustering of touchpoints within customers.
        - ``interval_method`` : ``jackknife`` (delete-a-group: Wolter 2007; Kott 2001),
          ``korn-graubard`` (1998, rare cells), ``wilson`` (1927, each customer counts once) or
          ``none``.
        - ``median_gap``, ``p90_gap`` : Timedelta over all transitions, within 0.8 %.

        Of a log read with ``min_customers=N``, transitions of fewer than N customers are counted as
        one of their source, to ``(fewer than N customers)``, with more where they could be
        recalculated; sources with too little besides share one row without a probability.

    Raises
    ------
    OmninbError
        If ``by`` does not occur in the log, or has too many values.

    Warns
    -----
    UserWarning
        If less than half of the touchpoints are settled.

    Examples
    --------
    >>> import omninb as onb
    >>> journeys = onb.sample().journeys(split_gap="30d", end_at="purchase")
    >>> table = onb.transition_table(journeys, by="channel")
    >>> table.groupby("source")["probability"].sum().round(9).unique().tolist()
    [1.0]
    """
    _, tally, pooled = shared_moves(journeys, by, collapse_repeats, gaps)
    tally.facts.warn_if_unsettled()
    return _table(tally, pooled)


def _table(tally: MoveTally, pooled: Mapping[Edge, Edge | None]) -> pd.DataFrame:
    """The table; what is pooled of several sources is a sum, and has no probability."""
    frame = tally.table()
    joined = {into[0] for edge, into in pooled.items() if into and edge[0] != into[0]}
    several = frame["source"].isin(joined)
    frame.loc[several, list(_RATES)] = np.nan
    frame.loc[several, "interval_method"] = "none"
    return frame


def transition_difference_table(
    a: Journeys, b: Journeys, by: By = "channel", collapse_repeats: bool = False
) -> pd.DataFrame:
    """How the probabilities of transitions differ between two segments, periods or arms.

    Parameters
    ----------
    a, b : Journeys
        From the same or from different logs. Customers may stand in both.
    by : str or list of str
        The role or column, or the combination of several, whose values are the nodes.
    collapse_repeats : bool
        Take runs of the same node as one visit.

    Returns
    -------
    pandas.DataFrame
        One row for each kind of transition of either whose source is settled in both (``open``
        left out): ``source``, ``target``;
        for a and for b ``customers_a`` (distinct, with that transition from a settled touchpoint),
        ``settled_a`` (the source's settled touchpoints: the denominator), ``probability_a``;
        ``difference`` = b - a, ``difference_ci_lower``, ``difference_ci_upper`` (95 %, not adjusted
        for the number of rows), ``interval_method`` (``jackknife``; ``mover`` for rare cells, the
        bounds of both combined as if independent: Newcombe 1998; ``none``), ``p_value`` (two-sided,
        not adjusted either), ``p_value_adjusted`` (among all rows: Benjamini and Hochberg 1995) and
        ``differs``, whether that is below .05. Largest first.
        Transitions that `transition_table` would pool in either are left out.
        ``attrs["a"]`` and ``attrs["b"]`` hold the facts of both.

    Raises
    ------
    OmninbError
        If ``by`` does not occur in a log, or has too many values.

    Examples
    --------
    >>> import omninb as onb
    >>> journeys = onb.sample().journeys(end_at="purchase")
    >>> web, app = journeys.where(channel="web"), journeys.where(channel="mobile app")
    >>> table = onb.transition_difference_table(web, app)
    >>> bool(table["difference"].between(-1, 1).all())
    True
    """
    shared = [shared_moves(side, by, collapse_repeats, gaps=False) for side in (a, b)]
    tallies = [tally for _, tally, _ in shared]
    for tally in tallies:
        tally.facts.warn_if_unsettled()
    hidden = {edge for *_, pooled in shared for pair in pooled.items() for edge in pair if edge}
    sources = set(tallies[0].nodes.labels) & set(tallies[1].nodes.labels)
    edges = sorted(
        edge
        for edge in {*tallies[0].edges.labels, *tallies[1].edges.labels}
        if edge[1] != "open" and (edge[0],) in sources and edge not in hidden
    )
    rates_a, rates_b = (tally.rates(edges) for tally in tallies)
    lower, upper, method = difference_bounds(rates_a, rates_b)
    frame = pd.DataFrame(
        {
            "source": texts(source for source, _ in edges),
            "target": texts(target for _, target in edges),
            "customers_a": rates_a.customers_with,
            "customers_b": rates_b.customers_with,
            "settled_a": rates_a.whole.sum(axis=0),
            "settled_b": rates_b.whole.sum(axis=0),
            "probability_a": rates_a.estimate,
            "probability_b": rates_b.estimate,
            "difference": rates_b.estimate - rates_a.estimate,
            "difference_ci_lower": lower,
            "difference_ci_upper": upper,
            "interval_method": texts(method),
            "p_value": difference_p_values(rates_a, rates_b),
        }
    )
    frame = frame[(frame["settled_a"] > 0) & (frame["settled_b"] > 0)].sort_values(
        ["difference", "source", "target"],
        key=lambda column: -column.abs() if column.name == "difference" else column,
        ignore_index=True,
    )
    frame["p_value_adjusted"] = adjusted(frame["p_value"].to_numpy(), "bh")
    frame["differs"] = frame["p_value_adjusted"] < 1 - CONFIDENCE
    facts = [tally.facts.attrs() for tally in tallies]
    frame.attrs = {name: facts[0][name] for name in ("by", "confidence")}
    frame.attrs |= dict(zip("ab", facts, strict=True))
    return frame
