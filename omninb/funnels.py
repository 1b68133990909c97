"""Funnels: how many of those who begin come how far, and how surely."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from omninb.attempts import find_attempts
from omninb.errors import OmninbError, duration
from omninb.funnel_steps import Exclusion, FunnelSteps, Step
from omninb.funnel_tally import FunnelTally
from omninb.intervals import Rates, difference_bounds, difference_p_values
from omninb.journeys import Journeys
from omninb.rules import moment
from omninb.step_times import conditional_quantile
from omninb.tallies import By, texts

_EVER = np.iinfo(np.int64).max // 4
_FEW = 20
_OWN_COLUMNS = {"funnel_step", "step", "customers", "open", "value", "period"}


def funnel_table(
    journeys: Journeys,
    steps: Sequence[Step],
    within: str | None = None,
    order: str = "ordered",
    attempt: str = "furthest",
    unit: str = "customer",
    exclude: Exclusion | Sequence[Exclusion] | None = None,
    hold: str | None = None,
    breakdown: By | None = None,
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
        there goes no further.
    hold : str, optional
        A column, such as ``order_id``, whose value all touchpoints of an attempt share.
    breakdown : str or list of str, optional
        A role or column whose value at the first step's touchpoint splits the table. Needs
        ``attempt="first"`` or ``"every"``, since "furthest" would select on the outcome.
    optional : list of str, optional
        Steps, by their label, that may be left out.

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
          the window (Kaplan and Meier 1958), within 0.8 %;
        - ``value`` : money at this step's touchpoints of the units that come no further;
        - with a breakdown, ``difference`` of ``conversion_rate`` to all other levels, with bounds,
          ``p_value``, ``p_adjusted`` (Holm 1979, over the levels of a step), and ``small`` where
          fewer than 20 customers begin.

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
    tally = _tally(journeys, asked, within, order, attempt, unit, hold, breakdown)
    frame = _frame(tally, asked, order, attempt)
    name = _count_name(attempt, unit, hold)
    if name != "customers":
        frame.insert(list(frame).index("customers") + 1, name, frame.pop("_units"))
    frame = frame.drop(columns="_units", errors="ignore")
    if breakdown is None:
        frame = frame.drop(columns="_level")
    else:
        role = breakdown if isinstance(breakdown, str) else " · ".join(breakdown)
        if role in _OWN_COLUMNS:
            raise OmninbError(f"breakdown={role!r} is a column of this table. Rename it first.")
        frame = _with_differences(frame, tally).rename(columns={"_level": role})
    if not asked.optional:
        frame = frame.drop(columns="optional")
    frame.attrs = _attrs(tally, asked, within, order, attempt, name, breakdown)
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
    within : str, optional
        As in `funnel_table`.

    Returns
    -------
    pandas.DataFrame
        The columns of `funnel_table`, ``period`` first; ``difference`` of ``conversion_rate`` to
        the first period, with 95 % bounds and ``difference_method``. A customer may stand in
        several periods.

    Raises
    ------
    OmninbError
        As `funnel_table`; or if a period ends before it begins.

    Examples
    --------
    >>> import omninb as onb
    >>> halves = [("2025-01-01", "2025-07-01"), ("2025-07-01", "2026-01-01")]
    >>> journeys = onb.sample().journeys()
    >>> onb.funnel_period_table(journeys, ["checkout", "purchase"], halves, "7d")["step"].tolist()
    [1, 2, 1, 2]
    """
    if isinstance(periods, str) or len(periods) < 2 or any(len(one) != 2 for one in periods):
        raise OmninbError(f"periods={periods!r}: give two or more pairs (start, end) of dates.")
    asked = FunnelSteps.of(steps)
    frames: list[pd.DataFrame] = []
    first: Rates | None = None
    for period in periods:
        begin, end = (moment(at, "periods", journeys.rules.timezone) for at in period)
        if begin >= end:
            raise OmninbError(f"periods: {period!r} ends before it begins.")
        between = (begin, end - 1)
        tally = _tally(journeys, asked, within, between=between)
        frame = _frame(tally, asked, "ordered", "first").drop(
            columns=["_level", "_units", "optional"]
        )
        frame.insert(0, "period", texts([f"{period[0]} to {period[1]}"] * len(frame)))
        rates = _rates(tally, frame, "", 0)
        first = rates if first is None else first
        lower, upper, method = difference_bounds(first, rates)
        other = len(frames) > 0
        frame["difference"] = rates.estimate - first.estimate if other else np.nan
        frame["difference_ci_lower"] = lower if other else np.nan
        frame["difference_ci_upper"] = upper if other else np.nan
        frame["difference_method"] = texts(method if other else ["none"] * len(frame))
        frames.append(frame)
    whole = pd.concat(frames, ignore_index=True)
    whole.attrs = _attrs(tally, asked, within, "ordered", "first", "customers", "period")
    return whole


def _tally(
    journeys: Journeys,
    asked: FunnelSteps,
    within: str | None,
    order: str = "ordered",
    attempt: str = "first",
    unit: str = "customer",
    hold: str | None = None,
    breakdown: By | None = None,
    between: tuple[int, int] = (-_EVER, _EVER),
) -> FunnelTally:
    found = find_attempts(journeys, asked, within, order, attempt, unit, hold, between)
    window = _EVER if within is None else duration(within, "within")
    return FunnelTally.of(journeys, found, window, breakdown, order == "any")


def _count_name(attempt: str, unit: str, hold: str | None) -> str:
    if attempt == "every":
        return "attempts"
    return "units" if hold is not None else "customers" if unit == "customer" else "journeys"


def _rates(tally: FunnelTally, frame: pd.DataFrame, level: str, first: int) -> Rates:
    part = [(level, f"{step - 1:02d}") for step in frame["step"]]
    return tally.level_rates(part, [(level, f"{first:02d}")] * len(part))


def _frame(tally: FunnelTally, asked: FunnelSteps, order: str, attempt: str) -> pd.DataFrame:
    """The table with all columns but those of the differences."""
    size = len(asked.labels)
    mixed = order == "any"
    required = list(range(size)) if mixed else asked.required
    names = [f"{k + 1} of {size} steps" for k in range(size)] if mixed else asked.labels
    before = [max((r for r in required if r < k), default=0) for k in range(size)]
    levels = dict.fromkeys(level for level, _ in tally.steps.labels)
    entered = tally.steps.values[:, tally.steps.rows([(level, "00") for level in levels]), 0]
    sizes = dict(zip(levels, entered.sum(axis=0).tolist(), strict=True))
    shown = sorted(levels, key=lambda level: (-sizes[level], level))
    if len(shown) > 1:
        shown = [level for level in shown if sizes[level]]
    rows = [(level, k) for level in shown for k in range(size)]
    part = [(level, f"{k:02d}") for level, k in rows]
    at = tally.steps.rows(part)
    counts = tally.steps.values[:, at].sum(axis=0)
    rates = {
        "conversion_rate": tally.level_rates(part, [(level, "00") for level, _ in rows]),
        "step_conversion_rate": tally.level_rates(
            part, [(level, f"{before[k]:02d}") for level, k in rows]
        ),
        "population_rate": tally.population_rates(part, by_customer=attempt == "every"),
    }
    columns: dict[str, object] = {
        "_level": texts(level for level, _ in rows),
        "funnel_step": texts(names[k] for _, k in rows),
        "step": np.array([k + 1 for _, k in rows], np.int64),
        "optional": [k not in required for _, k in rows],
        "customers": counts[:, 1],
        "_units": counts[:, 0],
    }
    begins = np.array([k == 0 for _, k in rows], bool)
    for name, rate in rates.items():
        lower, upper, method = rate.bounds()
        none = begins & (name != "population_rate")  # all of those who begin have begun
        columns[name] = np.where(none & (name[0] == "s"), np.nan, rate.estimate)
        columns[f"{name}_ci_lower"] = np.where(none, np.nan, lower)
        columns[f"{name}_ci_upper"] = np.where(none, np.nan, upper)
        kind = name.removesuffix("conversion_rate").removesuffix("rate")
        columns[f"{kind}interval_method"] = texts(np.where(none, "none", method))
    times = [tally.times.values[:, row] for row in tally.times.rows(part)]
    columns |= {
        "drop_off": 1.0 - np.asarray(columns["step_conversion_rate"]),
        "open": counts[:, 2],
        "open_converted": counts[:, 3],
        "median_time": np.array([conditional_quantile(one, 0.5) for one in times], "m8[ns]"),
        "p90_time": np.array([conditional_quantile(one, 0.9) for one in times], "m8[ns]"),
        "value": [
            tally.value(row) if k in required and tally.has_money else np.nan
            for row, (_, k) in zip(at.tolist(), rows, strict=True)
        ],
    }
    return pd.DataFrame(columns)


def _with_differences(frame: pd.DataFrame, tally: FunnelTally) -> pd.DataFrame:
    """Each level against all others, with Holm's adjustment over the levels of a step."""
    from statsmodels.stats.multitest import multipletests

    part = [
        (level, f"{k - 1:02d}") for level, k in zip(frame["_level"], frame["step"], strict=True)
    ]
    whole = [(level, "00") for level, _ in part]
    rest, own = tally.rest_rates(part, whole), tally.level_rates(part, whole)
    lower, upper, method = difference_bounds(rest, own)
    begins = (frame["step"] == 1).to_numpy()
    p = np.where(begins, np.nan, difference_p_values(rest, own))
    adjusted = np.full(len(p), np.nan)
    for step in frame["step"].unique():
        here = np.flatnonzero((frame["step"] == step).to_numpy() & np.isfinite(p))
        if len(here):
            adjusted[here] = multipletests(p[here], method="holm")[1]
    frame["difference"] = np.where(begins, np.nan, own.estimate - rest.estimate)
    frame["difference_ci_lower"] = np.where(begins, np.nan, lower)
    frame["difference_ci_upper"] = np.where(begins, np.nan, upper)
    frame["difference_method"] = texts(np.where(begins, "none", method))
    frame["p_value"], frame["p_adjusted"] = p, adjusted
    frame["small"] = own.customers < _FEW
    return frame


def _attrs(
    tally: FunnelTally,
    asked: FunnelSteps,
    within: str | None,
    order: str,
    attempt: str,
    unit: str,
    breakdown: By | None,
) -> dict[object, object]:
    units, customers, *_ = tally.population.values.sum(axis=(0, 1)).tolist()
    return tally.facts.attrs() | {
        "by": "" if breakdown is None else tally.facts.by if breakdown != "period" else "period",
        "steps": asked.labels,
        "within": within,
        "so_far": within is None,
        "order": order,
        "attempt": attempt,
        "unit": unit,
        "population": customers if unit in ("customers", "attempts") else units,
    }
