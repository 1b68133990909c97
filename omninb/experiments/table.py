"""A randomised test decided: bounds, checks and a verdict for each metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from omninb.adjusting import adjusted
from omninb.errors import OmninbError
from omninb.experiments.arms import Parts
from omninb.experiments.checks import Check, judged, whole_checks
from omninb.experiments.enrolment import participants_of
from omninb.experiments.few import fewest_of, told_arms, told_checks, without_few
from omninb.experiments.metrics import Metric
from omninb.experiments.outcome_checks import TOO_FEW, outcome_checks
from omninb.experiments.participants import Covariate, Design, Participants
from omninb.experiments.rows import ALL, Asked, Row, rows_of
from omninb.experiments.sequential import PLANNED
from omninb.experiments.verdicts import cannot_say, guardrail_of, guardrail_verdict, verdict_of
from omninb.tallies import texts

if TYPE_CHECKING:
    from omninb.events import EventLog

_TEXTS = ("metric", "kind", "unit", "role", "direction", "variant", "segment", "level")


def experiment_table(
    source: EventLog | pd.DataFrame,
    metrics: Metric | Sequence[Metric],
    variant: str = "variant",
    control: str | None = None,
    covariate: Covariate = None,
    segments: str | Sequence[str] | None = None,
    correction: str | None = "holm",
    sequential: bool = False,
    confidence: float = 0.95,
    *,
    bayes: bool = False,
    planned: int = PLANNED,
    ratio: Mapping[str, float] | None = None,
    customer: str | None = None,
    received: Mapping[str, Mapping[str, object]] | None = None,
    exposed_at: str | None = None,
) -> pd.DataFrame:
    """Which arm of a randomised test is better, by how much and how surely.

    On a log a customer is exposed at the first touchpoint that carries the variant, and a metric
    counts touchpoints in ``[exposure, exposure + within)``. Customers whose window is not over, and
    those seen in several arms, are left out and counted.

    Parameters
    ----------
    source : EventLog or pandas.DataFrame
        A log, or a frame of one row per customer whose columns the metrics name.
    metrics : list of metrics
        :class:`Conversion`, :class:`MeanPerCustomer`, :class:`RatioOfSums`, :class:`TimeTo`,
        :class:`DropOff`.
    variant : str
        The column that holds the arm.
    control : str, optional
        The arm that the others are compared with; found where one is called control.
    covariate : str or mapping, optional
        For CUPED: ``"before"`` (on a log: the same metric in ``[exposure − 28 d, exposure)``), or a
        column of numbers (on a log as it stood before exposure), or a mapping of metrics' names to
        these. Customers without history get the mean; with a history for under half of the
        customers CUPED is skipped. Not for times.
    segments : str or list of str, optional
        Columns whose values at exposure split the customers.
    correction : {"holm", "bh", None}
        Adjusts p-values for the number of primary metrics and treatments.
    sequential : bool
        Add bounds that may be looked at every day, and rest the verdicts on them.
    confidence : float
        Of all bounds; 1 less it is the error that verdicts allow.
    bayes : bool
        Add posterior chances of conversions, from a flat prior.
    planned : int
        Customers of both arms near which always-valid bounds are narrowest; declared before the
        first look.
    ratio : mapping, optional
        The planned split, ``{arm: weight}``; equal by default.
    customer, received, exposed_at : optional
        Of a frame: the column of customers, whose repeated rows are then left out; what each arm
        should have been given, ``{arm: {column: value}}``, so that rows which disagree are left
        out; the column of the moment of exposure.

    Returns
    -------
    pandas.DataFrame
        A row for each metric and treatment among all customers (``segment`` and ``level`` are
        ``(all)``), then for each level of each segment:

        - ``metric``, ``kind``, ``unit``, ``role``, ``direction``, ``variant``, ``segment``,
          ``level`` : what is compared; ``variant`` is the treatment.
        - ``n`` = ``customers_control`` + ``customers_treatment``; ``open`` : customers of both arms
          left out because their window is not over (of a time: those lost from sight before it).
        - ``denominator_control``, ``denominator_treatment`` : what the estimates are divided by:
          customers; of a ratio the sum of its denominator; of a drop-off those who took its first
          step.
        - ``control``, ``treatment`` : estimates; after CUPED the adjusted ones.
        - ``uplift`` = treatment − control, ``relative_uplift`` = uplift / control, each with
          ``_ci_lower`` and ``_ci_upper``, not adjusted for the number of rows; relative ones on the
          log scale, none where an estimate is not above 0.
        - ``interval_method`` : of the uplift: ``newcombe`` (1998), ``welch`` (1947), ``delta``
          (Deng, Knoblich and Lu 2018), ``greenwood``; ``, cuped`` (Deng et al. 2013); ``none``.
        - ``p_value`` : two-sided, of the uplift; ``p_value_adjusted`` : among primary metrics and
          treatments; the rows of segments are a family of their own.
        - ``p_interaction`` : whether the uplift differs between the levels of the segment
          (Cochran's Q), with ``p_interaction_adjusted`` among primary metrics.
        - ``variance_reduction`` : share of the uplift's variance that CUPED took away.
        - ``always_valid_ci_lower``, ``always_valid_ci_upper``, ``always_valid_p_value`` : with
          ``sequential`` (Waudby-Smith et al., arXiv 2103.06476);
          ``always_valid_relative_ci_lower``, ``_upper`` : of ``relative_uplift``.
        - ``chance_to_beat_control``, ``expected_loss`` : with ``bayes`` (Miller 2014; Stucchio
          2015), of conversions without adjustment.
        - ``margin``, ``guardrail`` : of a guardrail, the share of the control by which it may get
          worse, and whether it ``held``, is ``broken`` or neither is shown.
        - ``verdict`` : ``better``, ``worse``, ``no clear difference`` or ``cannot say: …``, by the
          adjusted p-value; of guardrails, by non-inferiority alone, ``not worse by its margin``,
          ``worse`` or ``cannot say: …``.

        Of a log read with ``min_customers=N``, and of a frame with
        ``frame.attrs["min_customers"] = N``, levels of which an arm has fewer than N customers are
        left out, with the next smallest where they could be recalculated.

        ``attrs`` holds the arms, what was asked and the rows of
        :func:`experiment_check_table` (``checks``).

    Raises
    ------
    OmninbError
        If an arm, a column or a metric cannot be read.

    Examples
    --------
    >>> import omninb as onb, pandas as pd
    >>> frame = pd.DataFrame(
    ...     {"variant": ["control", "new"] * 500, "bought": [0, 1, 1, 1, 0, 0, 0, 1, 0, 0] * 100}
    ... )
    >>> table = onb.experiment_table(frame, onb.Conversion("bought"))
    >>> table[["control", "treatment", "verdict"]].round(2).values.tolist()
    [[0.2, 0.6, 'better']]
    """
    design = Design(variant, control, covariate, segments, ratio, customer, received, exposed_at)
    asked = Asked(confidence, sequential, planned, bayes)
    if not 0.5 <= confidence < 1:
        raise OmninbError(f"confidence={confidence!r}: a share from 0.5 to below 1, such as 0.95.")
    if not planned > 0:
        raise OmninbError(f"planned={planned!r}: the customers of both arms, above 0.")
    people = participants_of(source, metrics, design)
    arms = [Parts.of(outcome, people.arm, len(people.arms)) for outcome in people.outcomes]
    checks = _checks(people, arms, design)
    rows = [row for parts in arms for row in rows_of(people, parts, confidence)]
    frame = pd.DataFrame([row.numbers(asked) for row in rows])
    whole = (frame["segment"] == ALL).to_numpy()
    p_values = np.array([row.p_value(asked) for row in rows])
    p_values[(frame["role"] != "primary").to_numpy()] = np.nan
    for family in (whole, ~whole):
        frame.loc[family, "p_value_adjusted"] = adjusted(p_values[family], correction)
    asked_of = ~whole & (frame["role"] == "primary").to_numpy()
    first = asked_of & ~frame.duplicated(["metric", "variant", "segment"]).to_numpy()
    frame.loc[first, "p_interaction_adjusted"] = adjusted(
        frame.loc[first, "p_interaction"].to_numpy(), correction
    )
    by_segment = frame.groupby(["metric", "variant", "segment"])["p_interaction_adjusted"]
    frame["p_interaction_adjusted"] = by_segment.transform("first")
    p_values = frame["p_value_adjusted"].to_numpy()
    said = [_verdict(row, asked, p, checks) for row, p in zip(rows, p_values, strict=True)]
    frame["guardrail"] = [guardrail for guardrail, _ in said]
    frame["verdict"] = [verdict for _, verdict in said]
    for column in (*_TEXTS, "interval_method", "guardrail", "verdict"):
        frame[column] = texts(frame[column])
    if (fewest := fewest_of(source)) is not None:
        frame = without_few(frame, fewest)
        checks = told_checks(checks, fewest)
    frame.attrs = _attrs(people, design, asked, correction, checks, fewest or 0)
    return frame


def experiment_check_table(
    source: EventLog | pd.DataFrame, metrics: Metric | Sequence[Metric], **design: Any
) -> pd.DataFrame:
    """Whether an experiment can be believed: each check with what it found.

    Parameters
    ----------
    source, metrics
        As in :func:`experiment_table`.
    **design
        ``variant``, ``control``, ``covariate``, ``segments``, ``ratio``, ``customer``,
        ``received``, ``exposed_at``, as in :func:`experiment_table`.

    Returns
    -------
    pandas.DataFrame
        - ``check`` : ``sample ratio`` (over all), ``sample ratio by segment``, ``sample ratio by
          day`` (of exposure), ``customers in both arms``, ``repeated customers``, ``received
          another variant``, ``rows without an arm``, ``rows without a customer``; for each metric
          ``windows not over`` or of a frame ``missing outcomes``, ``too few customers``,
          ``covariate history``, ``covariate after exposure``, ``exposure after outcome``,
          ``outcome mostly before exposure``, ``novelty`` (does the effect fade with the days since
          exposure?).
        - ``scope`` : ``experiment``, or the metric's name.
        - ``outcome`` : ``ok``, ``note``, ``warn``, ``stop`` (the verdicts become ``cannot say``) or
          ``not checked``.
        - ``p_value`` : one a check, of several metrics after Holm; NaN where it is no test.
        - ``value``, ``threshold`` : what is judged, and against what.
        - ``sentence`` : what was found, unless with a number below the log's ``min_customers``.

    Raises
    ------
    OmninbError
        If an arm, a column or a metric cannot be read.

    Examples
    --------
    >>> import omninb as onb, pandas as pd
    >>> frame = pd.DataFrame({"variant": ["control"] * 600 + ["new"] * 400, "bought": [0, 1] * 500})
    >>> checks = onb.experiment_check_table(frame, onb.Conversion("bought"))
    >>> checks.loc[checks["outcome"] == "stop", "check"].tolist()
    ['sample ratio']
    """
    asked = Design(**design)
    people = participants_of(source, metrics, asked)
    arms = [Parts.of(outcome, people.arm, len(people.arms)) for outcome in people.outcomes]
    checks = _checks(people, arms, asked)
    if (fewest := fewest_of(source)) is not None:
        checks = told_checks(checks, fewest)
    return pd.DataFrame(map(asdict, checks))


def _checks(people: Participants, arms: Sequence[Parts], design: Design) -> list[Check]:
    found = list(whole_checks(people, design))
    for parts in arms:
        found += outcome_checks(people, parts)
    return judged(found)


def _verdict(row: Row, asked: Asked, p_value: float, checks: Sequence[Check]) -> tuple[str, str]:
    """A row's guardrail and verdict, unless a check stops it."""
    metric = row.parts.outcome.metric
    stops = [
        check
        for check in checks
        if check.outcome == "stop"
        and check.scope in ("experiment", metric.name)
        and check.check != TOO_FEW  # of a segment's level it is told by the row itself
    ]
    guardrail = ""
    if metric.margin is not None:
        guardrail = guardrail_of(metric, *row.log_bounds(asked))
    if stops:
        told = stops[0].value if np.isnan(stops[0].p_value) else stops[0].p_value
        name = "p" if told == stops[0].p_value else "share"
        return guardrail, cannot_say(f"{stops[0].check} ({name} = {told:.2g})")
    if row.too_few:
        return guardrail, cannot_say(row.too_few)
    if not row.comparison.error > 0:
        return guardrail, cannot_say("nothing varies, or nobody was in sight for the whole window")
    if guardrail:
        return guardrail, guardrail_verdict(metric, guardrail)
    return "", verdict_of(metric, row.comparison.uplift, p_value, asked.confidence)


def _attrs(
    people: Participants,
    design: Design,
    asked: Asked,
    correction: str | None,
    checks: Sequence[Check],
    fewest: int,
) -> dict[Any, Any]:
    """What holds for the whole table."""
    arms = told_arms(dict(zip(people.arms, people.by_arm.tolist(), strict=True)), fewest)
    moments: list[Any] = [pd.NaT] * 3
    if people.at is not None and len(people):
        moments = [int(people.at.min()), int(people.at.max()), people.observed_until]
        moments = [pd.NaT if m is None else pd.Timestamp(m, unit="us", tz="UTC") for m in moments]
    stopped = [c.check for c in checks if c.outcome == "stop" and c.scope == "experiment"]
    return {
        "variant": design.variant,
        "control": people.arms[0],
        "arms": arms,
        "customers": None if None in arms.values() else len(people),
        **asdict(asked),
        "correction": correction,
        "intervals": "unadjusted",
        "relative_interval": "log",
        "source": people.source,
        "currency": people.currency,
        **dict(zip(("exposed_from", "exposed_until", "observed_until"), moments, strict=True)),
        "checks": [asdict(check) for check in checks],
        "stopped": stopped,
        "notes": [c.sentence for c in checks if c.outcome in ("note", "warn", "stop")],
    }
