"""Funnels: how many of those who begin come how far, and how surely."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from omninb.attempts import Search
from omninb.errors import OmninbError
from omninb.events.window import instant
from omninb.funnel_answers import (
    funnel_frame,
    level_rates,
    with_level_differences,
)
from omninb.funnel_pooling import pooled_levels, without_few
from omninb.funnel_steps import Exclusion, FunnelSteps, Step
from omninb.funnel_tally import Breakdown, FunnelTally
from omninb.intervals import Rates
from omninb.journeys import Journeys
from omninb.tallies import difference_columns, texts


def funnel_table(
    journeys: Journeys,
    steps: Sequence[Step],
    within: str | None = None,
    order: str = "ordered",
    attempt: str = "furthest",
    unit: str = "customer",
    exclude: Exclusion | Sequence[Exclusion] | None = None,
    hold: str | None = None,
    breakdown: Breakdown | None = None,
    optional: Sequence[str] | None = None,
) -> pd.DataFrame:
    """How many of those who take the first step come how far.

    An attempt is touchpoints of one unit that fit the steps, the last at most ``within`` after the
    first. It is mature when its first touchpoint is at least ``within`` older than
    ``observed_until``, whatever has happened since; younger ones are ``open`` and count in no rate.

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.
    steps : list
        Two or more: event names, mappings of roles to values, or lists of such alternatives.
    within : str, optional
        From the first touchpoint of an attempt to its last, such as ``"7d"``. Without it nobody is
        open, and the rates are those of so far (``attrs["so_far"]``).
    order : {"ordered", "strict", "any"}
        Others may come between; nothing comes between; or the steps come in any order, and row k
        counts those with at least k different ones.
    attempt : {"furthest", "first", "every"}
        Which mature attempt of a unit counts: the one that comes furthest, and of these the
        earliest; the first; or each, where one ends as the next first step is taken.
    unit : {"customer", "journey"}
        Who attempts: a customer, over all journeys end to end, or a journey.
    exclude : condition, (condition, step, step) or list of these, optional
        What must not come between two steps (without them: the first and the last); who has it
        there goes no further. Not with ``order="any"``, which has no between.
    hold : str, optional
        A column, such as ``order_id``, whose value all touchpoints of an attempt share: the unit is
        (customer, value) or (journey, value).
    breakdown : str, list of str or mapping, optional
        A role or column whose value at the first step's touchpoint splits the table; or, for what
        is fixed of a customer, ``{"customer": "segment"}``: the value at the customer's very first
        touchpoint. Needs ``attempt="first"`` or ``"every"``: "furthest" selects on the outcome.
    optional : list of str, optional
        Steps, by their label, that may be left out. Only with ``order="ordered"``: nothing comes
        between strict steps, and steps in any order have no between.

    Returns
    -------
    pandas.DataFrame
        One row a step:

        - the breakdown's level; ``funnel_step``, ``step`` (from 1); ``optional`` where given;
        - ``customers`` whose attempt made it; and of another unit ``journeys``, ``units`` or
          ``attempts`` (``attrs["unit"]`` names the column that rates count);
        - ``conversion_rate`` of those who made step 1; ``step_conversion_rate`` of those who made
          the required step before; ``population_rate`` of all units that are not open (customers
          where every attempt counts); with 95 % bounds and ``interval_method``,
          ``step_interval_method``, ``population_interval_method``;
        - ``drop_off`` = 1 - ``step_conversion_rate``;
        - ``open`` : units left out as too young; ``open_converted`` : those of them that have made
          this step already;
        - ``median_time``, ``p90_time`` since the required step before, of those who make it within
          the window (Kaplan and Meier 1958), within 1.6 %; on each unit's first mature attempt,
          whatever ``attempt`` says of the counts (or on every one);
        - ``value`` : money at this step's touchpoints of the units that come no further; NaN where
          none of this step's touchpoints has a value;
        - with a breakdown, ``difference`` of ``conversion_rate`` to all other levels, with bounds,
          ``p_value``, ``p_adjusted`` (Holm 1979, over the levels of a step), and ``small`` where
          fewer than 20 customers begin.

        Of a log read with ``min_customers=N``, levels of which fewer than N customers begin are
        counted as one, with more where they could be recalculated; steps that fewer than N
        customers of a level made are left out, and the differences of these steps missing.

    Raises
    ------
    OmninbError
        If a step or a name does not occur, or arguments do not go together.

    Examples
    --------
    >>> import omninb as onb
    >>> steps = ["add_to_cart", "checkout", "payment", "purchase"]
    >>> funnel = onb.funnel_table(onb.sample().journeys(), steps, within="7d")
    >>> bool(funnel["customers"].is_monotonic_decreasing)
    True
    """
    if breakdown is not None and attempt == "furthest":
        raise OmninbError(
            'breakdown: attempt="furthest" selects on the outcome. Give attempt="first" or "every".'
        )
    asked = FunnelSteps.of(steps, optional, exclude)
    search = Search.of(journeys, asked, within, order, attempt, unit, hold)
    tally = FunnelTally.of(search, breakdown)
    if journeys.min_customers is not None and breakdown is not None:
        tally = FunnelTally.of(search, breakdown, pooled_levels(tally, journeys.min_customers))
    frame = funnel_frame(tally, asked, order, attempt)
    if breakdown is not None:
        frame = with_level_differences(frame, tally)
    if journeys.min_customers is not None:
        frame = without_few(frame, journeys.min_customers)
    counted = _count_name(attempt, unit, hold)
    frame = _named(frame, tally.facts.by, counted)
    frame = frame if asked.optional else frame.drop(columns="optional")
    frame.attrs = _attrs(tally, asked, within, order, attempt, counted)
    return frame


def funnel_period_table(
    journeys: Journeys,
    steps: Sequence[Step],
    periods: Sequence[tuple[object, object]],
    within: str | None = None,
) -> pd.DataFrame:
    """The same funnel of those who began in one period or another.

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.
    steps : list
        As in `funnel_table`.
    periods : list of (start, end)
        Two or more; the first mature attempt that begins in [start, end) counts.
    within : str
        As in `funnel_table`, and required: without a window earlier periods had longer to convert.

    Returns
    -------
    pandas.DataFrame
        The columns of `funnel_table`, ``period`` first; ``difference`` of ``conversion_rate`` to
        the first period, with 95 % bounds and ``difference_method``. A customer may stand in
        several periods.

    Raises
    ------
    OmninbError
        As `funnel_table`; without a window; or if a period ends before it begins.

    Examples
    --------
    >>> import omninb as onb
    >>> halves = [("2025-01-01", "2025-07-01"), ("2025-07-01", "2026-01-01")]
    >>> journeys = onb.sample().journeys()
    >>> onb.funnel_period_table(journeys, ["checkout", "purchase"], halves, "7d")["step"].tolist()
    [1, 2, 1, 2]
    """
    if within is None:
        raise OmninbError(
            "within: without a window earlier periods had longer to convert than later ones. "
            'Give one, such as within="7d".'
        )
    if (
        not isinstance(periods, list | tuple)
        or len(periods) < 2
        or not all(isinstance(one, list | tuple) and len(one) == 2 for one in periods)
    ):
        raise OmninbError(f"periods={periods!r}: give two or more pairs (start, end) of dates.")
    asked = FunnelSteps.of(steps)
    frames: list[pd.DataFrame] = []
    first: Rates | None = None
    for period in periods:
        begin, end = (instant(at, "periods", journeys.rules.timezone) for at in period)
        if begin >= end:
            raise OmninbError(f"periods: {period!r} ends before it begins.")
        tally = FunnelTally.of(Search.of(journeys, asked, within, between=(begin, end - 1)))
        frame = funnel_frame(tally, asked, "ordered", "first")
        rates = level_rates(frame, tally)
        columns = difference_columns(first or rates, rates, without=first is None)
        frame = frame.assign(_level=texts([f"{period[0]} to {period[1]}"] * len(frame)), **columns)
        frames.append(_named(frame, "period", "customers").drop(columns="optional"))
        first = first or rates
    whole = pd.concat(frames, ignore_index=True)
    if journeys.min_customers is not None:
        whole = without_few(whole, journeys.min_customers)
    whole.attrs = _attrs(tally, asked, within, "ordered", "first", "customers") | {"by": "period"}
    return whole


def _count_name(attempt: str, unit: str, hold: str | None) -> str:
    if attempt == "every":
        return "attempts"
    return "units" if hold is not None else "customers" if unit == "customer" else "journeys"


def _named(frame: pd.DataFrame, level: str, counted: str) -> pd.DataFrame:
    """The frame with its level first and what the rates count after the customers, named."""
    if level in frame:
        raise OmninbError(f"breakdown={level!r} is a column of this table. Rename it in the log.")
    names = [name for name in frame.columns if name not in ("_level", "_units")]
    if counted != "customers":
        names.insert(names.index("customers") + 1, "_units")
    names = ["_level", *names] if level else names
    return frame[names].rename(columns={"_level": level, "_units": counted})


def _attrs(
    tally: FunnelTally,
    asked: FunnelSteps,
    within: str | None,
    order: str,
    attempt: str,
    counted: str,
) -> dict[object, object]:
    units, customers, *_ = tally.population.values.sum(axis=(0, 1)).tolist()
    return tally.facts.attrs() | {
        "steps": asked.labels,
        "within": within,
        "so_far": within is None,
        "order": order,
        "attempt": attempt,
        "unit": counted,
        "population": customers if counted in ("customers", "attempts") else units,
    }
