"""Step by step: where journeys stand, and the very moves that they make between steps."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from omninb.anchors import Reading
from omninb.conditions import Condition
from omninb.errors import OmninbError
from omninb.journeys import Journeys
from omninb.step_tally import flow_tally, step_tally
from omninb.tallies import By

_OWN_COLUMNS = ("step", "journeys", "customers", "share", "interval_method")
Anchor = Condition | Sequence[Condition] | None


def step_table(
    journeys: Journeys,
    by: By = "channel",
    max_steps: int = 10,
    anchor: Anchor = None,
    direction: str = "after",
    collapse_repeats: bool = False,
) -> pd.DataFrame:
    """Where journeys stand at each step.

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.
    by : str or list of str
        The role or column, or the combination of several, whose values are the nodes.
    max_steps : int
        Steps from the first touchpoint, or from the anchor.
    anchor : str, mapping or list, optional
        Read only journeys with a fitting touchpoint, from the first such on (step 0): an event
        name, a mapping of roles to values, or a list of alternatives.
    direction : {"after", "before"}
        Towards the end of the journey, or towards its start (steps -1, -2, …).
    collapse_repeats : bool
        Take runs of the same node as one visit.

    Returns
    -------
    pandas.DataFrame
        ``step``; a column named as ``by`` (the node, or where journeys are over: ``converted``,
        ``exit``, ``open``; before an anchor, START); ``journeys`` and ``customers`` there;
        ``share`` of the journeys read (all, or those with the anchor: ``attrs["journeys_read"]``)
        with ``share_ci_lower``, ``share_ci_upper`` (95 %), ``interval_method``. A journey that is
        over stays in its end state, so the shares of every step sum to 1. Of a log read with
        ``min_customers=N``, states of a step with fewer than N customers are counted as one, with
        more where they could be recalculated.

    Raises
    ------
    OmninbError
        If ``by`` or the anchor does not occur in the log, or ``by`` has too many values.

    Examples
    --------
    >>> import omninb as onb
    >>> steps = onb.step_table(onb.sample().journeys(end_at="purchase"), max_steps=3)
    >>> steps.groupby("step")["share"].sum().round(9).tolist()
    [1.0, 1.0, 1.0]
    """
    if by in _OWN_COLUMNS:
        raise OmninbError(
            f"by={by!r} bears the name of a column of this table. Rename it in the source."
        )
    reading = Reading.of(journeys, anchor, direction)
    tally = step_tally(journeys, by, max_steps, reading, collapse_repeats)
    return tally.table([tally.facts.by], reading)


def flow_table(
    journeys: Journeys,
    by: By = "channel",
    max_steps: int = 6,
    anchor: Anchor = None,
    direction: str = "after",
    collapse_repeats: bool = False,
) -> pd.DataFrame:
    """The very moves that journeys make from step to step: the ribbons of a Sankey.

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.
    by : str or list of str
        The role or column, or the combination of several, whose values are the nodes.
    max_steps : int
        Steps from the first touchpoint, or from the anchor.
    anchor : str, mapping or list, optional
        Read only journeys with a fitting touchpoint, from the first such on, which is step 0.
    direction : {"after", "before"}
        Towards the end of the journey, or towards its start (``source`` is then nearer the anchor).
    collapse_repeats : bool
        Take runs of the same node as one visit.

    Returns
    -------
    pandas.DataFrame
        ``step`` k holds the moves into step k: ``source`` (at step k - 1; START before the first
        touchpoint), ``target`` (at step k, or an end state; START before an anchor). The step after
        the last shown tells where its journeys went: an end state, or ``(beyond)``. ``journeys``
        and ``customers`` that made that move; ``share`` of the journeys read
        (``attrs["journeys_read"]``) with ``share_ci_lower``, ``share_ci_upper`` (95 %) and
        ``interval_method``. What flows into a node at a step flows out of it at the next.
        Of a log read with ``min_customers=N``, moves of a step with fewer than N customers are
        counted as one, from and to ``(fewer than N customers)``, with more where they could be
        recalculated.

    Raises
    ------
    OmninbError
        If ``by`` or the anchor does not occur in the log, or ``by`` has too many values.

    Examples
    --------
    >>> import omninb as onb
    >>> flows = onb.flow_table(onb.sample().journeys(end_at="purchase"), max_steps=2)
    >>> into = flows[flows["step"] == 1].set_index("target")["journeys"]
    >>> out = flows[flows["step"] == 2].groupby("source")["journeys"].sum()
    >>> bool((into.sort_index() == out.sort_index()).all())
    True
    """
    reading = Reading.of(journeys, anchor, direction)
    tally = flow_tally(journeys, by, max_steps, reading, collapse_repeats)
    return tally.table(["source", "target"], reading)
