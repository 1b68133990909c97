"""Enrolment: a log or a frame of one row per customer becomes the participants of an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from omninb.errors import OmninbError, nearest
from omninb.experiments.customer_frames import from_frame
from omninb.experiments.exposure import Exposed
from omninb.experiments.metrics import Metric, metrics_of
from omninb.experiments.outcomes import outcome_of
from omninb.experiments.participants import Coded, Design, Participants

if TYPE_CHECKING:
    from omninb.events import EventLog


def participants_of(
    source: EventLog | pd.DataFrame, metrics: object, design: Design
) -> Participants:
    """Read an experiment.

    Raises
    ------
    OmninbError
        If the arms, a column or a metric cannot be read: the argument that would settle it is
        named.
    """
    from omninb.events import EventLog

    recipes = metrics_of(metrics)
    if isinstance(design.covariate, Mapping):
        for name in design.covariate:
            if name not in (known := [metric.name for metric in recipes]):
                raise OmninbError(f"covariate: no metric {name!r}.{nearest(name, known)}")
    if isinstance(source, pd.DataFrame):
        return from_frame(source, recipes, design)
    if isinstance(source, EventLog):
        return _from_log(source, recipes, design)
    raise OmninbError(
        f"an experiment is read from an EventLog or from a pandas DataFrame of one row per "
        f"customer, not from {type(source).__name__}."
    )


def _from_log(log: EventLog, metrics: list[Metric], design: Design) -> Participants:
    for name in ("customer", "received", "exposed_at"):
        if getattr(design, name) is not None:
            raise OmninbError(f"{name}: a log says this itself; the argument is for frames.")
    exposed = Exposed.of(log, design.variant, design.control)
    segments: dict[str, Coded] = {}
    for column in design.segment_columns:
        codes, labels = exposed.layout.columns.codes(column, "segments")
        segments[column] = codes[exposed.position].astype(np.int64), labels
    return Participants(
        exposed.arms,
        exposed.arm,
        segments,
        [outcome_of(exposed, metric, design.covariate_of(metric)) for metric in metrics],
        exposed.at,
        log.timezone or "UTC",
        log.currency or "",
        exposed.crossed,
        preceded=not exposed.always_stamped,
        observed_until=exposed.observed_until,
    )
