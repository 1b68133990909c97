"""How an experiment came about: its effect day by day, and what lies behind its means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from omninb.anchors import positive
from omninb.errors import OmninbError
from omninb.experiments.arms import Parts
from omninb.experiments.comparisons import Comparison
from omninb.experiments.enrolment import participants_of
from omninb.experiments.few import fewest_of, wider_bins, without_few_days
from omninb.experiments.metrics import Metric
from omninb.experiments.outcomes import Outcome
from omninb.experiments.participants import Design, Participants, local_days
from omninb.experiments.rows import Asked, always_valid, unit_of
from omninb.experiments.sequential import PLANNED
from omninb.tallies import texts

if TYPE_CHECKING:
    from omninb.events import EventLog

_DAILY = [
    "metric", "kind", "unit", "direction", "variant", "day", "n", "customers_control",
    "customers_treatment", "control", "treatment", "uplift", "uplift_ci_lower", "uplift_ci_upper",
    "p_value", "always_valid_ci_lower", "always_valid_ci_upper", "always_valid_p_value",
]  # fmt: skip
_COMMONEST = 0.2
_TAIL = 0.99


def experiment_cumulative_table(
    source: EventLog | pd.DataFrame,
    metrics: Metric | Sequence[Metric],
    confidence: float = 0.95,
    planned: int = PLANNED,
    **design: Any,
) -> pd.DataFrame:
    """What was known of the effect at the end of each day, with bounds that may be looked at.

    Parameters
    ----------
    source, metrics
        As in :func:`experiment_table`; a frame needs ``exposed_at``. Times to a step are left out.
    confidence : float
        Of all bounds.
    planned : int
        Customers of both arms near which always-valid bounds are narrowest.
    **design
        ``variant``, ``control``, ``covariate``, ``customer``, ``received``, ``exposed_at``, as in
        :func:`experiment_table`.

    Returns
    -------
    pandas.DataFrame
        A row for each metric, treatment and day on which a window ended: ``metric``, ``kind``,
        ``unit``, ``direction``, ``variant``, ``day`` (the date in the log's zone), ``n`` =
        ``customers_control`` + ``customers_treatment`` (whose windows were over by the end of that
        day), ``control``, ``treatment``, ``uplift`` with ``uplift_ci_lower``, ``uplift_ci_upper``
        (for one look) and ``always_valid_ci_lower``, ``always_valid_ci_upper`` (for any number),
        ``p_value``, ``always_valid_p_value``. Days with too few customers for the method have no
        bounds. Of a log read with ``min_customers=N``, days are left out until N more customers of
        each arm have come.

    Raises
    ------
    OmninbError
        If an arm, a column or a metric cannot be read, or a frame has no moments of exposure.

    Examples
    --------
    >>> import omninb as onb, pandas as pd
    >>> days = pd.date_range("2025-03-01", periods=4).repeat(250)
    >>> frame = pd.DataFrame({"day": days, "variant": ["control", "new"] * 500})
    >>> frame["bought"] = [0, 1, 1, 0] * 250
    >>> table = onb.experiment_cumulative_table(frame, onb.Conversion("bought"), exposed_at="day")
    >>> table["n"].tolist()
    [250, 500, 750, 1000]
    """
    people = participants_of(source, metrics, Design(**design))
    if people.at is None:
        raise OmninbError('exposed_at: days need the column of the moment, exposed_at="…".')
    asked = Asked(confidence, True, planned, False)
    rows = [
        row
        for outcome in people.outcomes
        if outcome.happened is None
        for row in _days(people, outcome, asked)
    ]
    frame = pd.DataFrame(rows, columns=_DAILY)
    for column in ("metric", "kind", "unit", "direction", "variant"):
        frame[column] = texts(frame[column])
    if (fewest := fewest_of(source)) is not None:
        frame = without_few_days(frame, fewest)
    frame.attrs = {"control": people.arms[0], "confidence": confidence, "planned": planned}
    return frame


def _days(people: Participants, outcome: Outcome, asked: Asked) -> Iterator[dict[str, Any]]:
    """The rows of one metric."""
    assert people.at is not None
    metric, arms = outcome.metric, len(people.arms)
    over = local_days(people.at + (metric.window if people.source == "log" else 0), people.timezone)
    if not outcome.known.any():
        return
    first, last = int(over[outcome.known].min()), int(over[outcome.known].max())
    part = np.clip(over - first, 0, last - first) * arms + people.arm
    parts = Parts.of(outcome, part, (last - first + 1) * arms, rounds=arms)
    for k in range(1, arms):
        for day in range(last - first + 1):
            a, b = day * arms, day * arms + k
            found = parts.compare(a, b, asked.confidence)
            if parts.too_few(a, b):
                found = Comparison(found.control, found.treatment, found.uplift)
            n = int(parts.customers[[a, b]].sum())
            yield {
                "metric": metric.name,
                "kind": metric.kind,
                "unit": unit_of(outcome, people.currency),
                "direction": metric.direction,
                "variant": people.arms[k],
                "day": pd.Timestamp(first + day, unit="D"),
                "n": n,
                "customers_control": int(parts.customers[a]),
                "customers_treatment": int(parts.customers[b]),
                "control": found.control,
                "treatment": found.treatment,
                "uplift": found.uplift,
                "uplift_ci_lower": found.lower,
                "uplift_ci_upper": found.upper,
                "p_value": found.p_value,
                **always_valid(found, n, asked),
            }


def experiment_distribution_table(
    source: EventLog | pd.DataFrame,
    metrics: Metric | Sequence[Metric],
    bins: int = 20,
    **design: Any,
) -> pd.DataFrame:
    """How the customers of each arm are spread over a metric: what lies behind its means.

    Parameters
    ----------
    source, metrics
        As in :func:`experiment_table`; only :class:`MeanPerCustomer` has a distribution.
    bins : int
        About how many, of equal width up to the 99th percentile; the last holds what lies above.
    **design
        ``variant``, ``control``, ``customer``, ``received``, ``exposed_at``, as in
        :func:`experiment_table`.

    Returns
    -------
    pandas.DataFrame
        A row for each metric, arm and bin: ``metric``, ``unit``, ``variant`` (the control too),
        ``lower`` and ``upper`` of the bin (``upper`` not included but in the last), ``customers``
        there, ``share`` of the arm's customers whose window is over. Where there are no more than
        ``bins`` different values, each is a bin, with both bounds the same; so is 0 where a fifth
        of the customers or more have it. Of a log read with ``min_customers=N``, neighbouring bins
        are one where an arm has fewer than N customers; a metric with fewer in an arm is left out.

    Raises
    ------
    OmninbError
        If an arm, a column or a metric cannot be read.

    Examples
    --------
    >>> import omninb as onb, pandas as pd
    >>> frame = pd.DataFrame({"variant": ["control", "new"] * 3, "orders": [0, 0, 0, 1, 2, 3]})
    >>> table = onb.experiment_distribution_table(frame, onb.MeanPerCustomer("orders"), bins=3)
    >>> table.groupby("variant")["customers"].sum().tolist()
    [3, 3]
    """
    people = participants_of(source, metrics, Design(**design))
    count = positive(bins, "bins", 1_000)
    fewest = fewest_of(source) or 0
    parts = [
        _spread(people, outcome, count, fewest)
        for outcome in people.outcomes
        if outcome.metric.kind == "mean"
        and outcome.known.any()
        and np.bincount(people.arm[outcome.known], minlength=len(people.arms)).min() >= fewest
    ]
    names = ["metric", "unit", "variant", "lower", "upper", "customers", "share"]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)
    frame.attrs = {"control": people.arms[0]}
    return frame


def _spread(people: Participants, outcome: Outcome, bins: int, fewest: int) -> pd.DataFrame:
    """The bins of one metric, arm by arm."""
    values, arm = outcome.top[outcome.known], people.arm[outcome.known]
    lower = upper = np.unique(values)
    at = np.searchsorted(lower, values)
    if len(lower) > bins:
        own_zero = (values == 0).mean() >= _COMMONEST
        rest = values[values != 0] if own_zero else values
        edges = np.linspace(rest.min(), np.quantile(rest, _TAIL), bins + 1)
        edges[-1] = rest.max()
        lower, upper = edges[:-1], edges[1:]
        at = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, bins - 1)
        if own_zero:
            at = np.where(values == 0, 0, at + 1)
            lower, upper = np.append(0.0, lower), np.append(0.0, upper)
    arms, n = len(people.arms), len(lower)
    if fewest:
        counted = np.bincount(arm * n + at, minlength=arms * n).reshape(arms, n)
        number = wider_bins(counted, fewest)
        begins = np.flatnonzero(np.diff(number, prepend=-1))
        lower, upper = lower[begins], upper[np.append(begins[1:], n) - 1]
        at, n = number[at], len(lower)
    customers = np.bincount(arm * n + at, minlength=arms * n)
    whole = np.repeat(np.bincount(arm, minlength=arms), n)
    with np.errstate(invalid="ignore"):
        share = customers / whole
    return pd.DataFrame(
        {
            "metric": texts([outcome.metric.name] * arms * n),
            "unit": texts([unit_of(outcome, people.currency)] * arms * n),
            "variant": texts(np.repeat(people.arms, n)),
            "lower": np.tile(lower, arms),
            "upper": np.tile(upper, arms),
            "customers": customers,
            "share": share,
        }
    )
