"""Participants from a frame of one row per customer, with every row accounted for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from omninb.columns import NOT_SET
from omninb.errors import OmninbError, nearest
from omninb.experiments.exposure import arms_of
from omninb.experiments.metrics import Conversion, DropOff, MeanPerCustomer, Metric, RatioOfSums
from omninb.experiments.outcomes import BEFORE, Outcome, Sums, capped, needs_log
from omninb.experiments.participants import Coded, Design, Participants


@dataclass(frozen=True)
class _Frame:
    """A frame's columns, asked for by the argument that names them."""

    frame: pd.DataFrame

    def column(self, name: object, argument: str) -> pd.Series:
        """A column as it is."""
        if name not in self.frame.columns:
            known = [str(column) for column in self.frame.columns]
            raise OmninbError(f"{argument}: no column {name!r}.{nearest(str(name), known)}")
        return self.frame[name]

    def numbers(self, name: object, argument: str) -> np.ndarray:
        """A column of numbers, truths or missing values."""
        values = self.column(name, argument)
        if not pd.api.types.is_numeric_dtype(values):  # truths are numbers here
            raise OmninbError(f"{argument}: column {name!r} holds {values.dtype}, not numbers.")
        found = values.to_numpy("float64", na_value=np.nan)
        if np.isinf(found).any():
            raise OmninbError(f"{argument}: column {name!r} holds infinite numbers.")
        return found

    def truths(self, name: object, argument: str) -> np.ndarray:
        """A column of 0 and 1."""
        values = self.numbers(name, argument)
        if not np.isin(values[~np.isnan(values)], (0, 1)).all():
            raise OmninbError(f"{argument}: column {name!r} holds more than 0 and 1.")
        return values

    def moments(self, name: str) -> np.ndarray:
        """A column of moments, µs since 1970; in UTC where it has a zone."""
        times = pd.to_datetime(self.column(name, "exposed_at"))
        if times.isna().any():
            raise OmninbError(f"exposed_at: column {name!r} has rows without a moment.")
        if times.dt.tz is not None:
            times = times.dt.tz_convert("UTC").dt.tz_localize(None)
        return times.to_numpy("datetime64[us]").astype(np.int64)

    def sums(self, metric: Metric) -> Sums:
        """A metric's numerator and, where it has one, denominator."""
        if isinstance(metric, Conversion):
            return self.truths(metric.step, "step"), None
        if isinstance(metric, MeanPerCustomer):
            return self.numbers(metric.what, "what"), None
        if isinstance(metric, RatioOfSums):
            bottom = self.numbers(metric.denominator, "denominator")
            return self.numbers(metric.numerator, "numerator"), bottom
        if isinstance(metric, DropOff):
            took = self.truths(metric.start, "start")
            return took * (1 - self.truths(metric.stop, "stop")), took
        raise needs_log(metric)


def from_frame(frame: pd.DataFrame, metrics: list[Metric], design: Design) -> Participants:
    """The participants of an experiment whose metrics stand in the columns of a frame."""
    table = _Frame(frame)
    labels = table.column(design.variant, "variant")
    codes, found = pd.factorize(labels.astype(object))
    names = [str(label) for label in found]
    for name in names:
        if names.count(name) > 1:
            raise OmninbError(f"variant: {name!r} stands there as a text and as a number.")
    named = [name for name in names if name.strip()]
    if len(named) < 2:
        raise OmninbError(
            f"variant={design.variant!r}: a test has at least two arms, this table has {named}."
        )
    arms = arms_of(named, design.control)
    arm = np.array([*(arms.index(name) if name in named else -1 for name in names), -1])[codes]
    unassigned = int((arm < 0).sum())
    nobody = np.zeros(len(arm), bool)
    if design.customer is not None:
        nobody = table.column(design.customer, "customer").isna().to_numpy() & (arm >= 0)
    kept, mismatched = (arm >= 0) & ~nobody, None
    if design.received is not None:
        agrees = _received(table, arms, arm, design.received)
        mismatched = np.bincount(arm[kept & ~agrees], minlength=len(arms))
        kept &= agrees
    at = None if design.exposed_at is None else table.moments(design.exposed_at)
    rows, crossed, repeated = np.flatnonzero(kept), 0, None
    if design.customer is not None:
        customers = table.column(design.customer, "customer")
        rows, crossed, repeated = _one_row_each(customers, arm, rows, at)
    segments: dict[str, Coded] = {}
    for name in design.segment_columns:
        values = table.column(name, "segments").astype(object).iloc[rows]
        level, levels = pd.factorize(values.map(str).where(values.notna(), NOT_SET), sort=True)
        segments[name] = level, list(levels)
    outcomes = []
    for metric in metrics:
        top, bottom = table.sums(metric)
        known = ~np.isnan(top if bottom is None else top + bottom)
        sums = [None if s is None else np.where(known, s, 0.0)[rows] for s in (top, bottom)]
        past = design.covariate_of(metric)
        if past == BEFORE:
            raise OmninbError(
                "covariate='before': a frame does not know what came before exposure. Name a "
                "column of it."
            )
        covariate = None if past is None else (table.numbers(past, "covariate")[rows], None)
        read = Outcome(metric, sums[0], sums[1], known[rows], covariate=covariate)  # type: ignore[arg-type]
        outcomes.append(capped(read))
    return Participants(
        arms,
        arm[rows],
        segments,
        outcomes,
        None if at is None else at[rows],
        crossed=crossed,
        repeated=repeated,
        mismatched=mismatched,
        unassigned=unassigned,
        nobody=int(nobody.sum()),
        source="frame",
    )


def _received(table: _Frame, arms: tuple[str, ...], arm: np.ndarray, received: Any) -> np.ndarray:
    """Which rows got what their arm should get."""
    agrees = np.zeros(len(arm), bool)
    for name, given in received.items():
        if name not in arms:
            raise OmninbError(f"received: no arm {name!r}.{nearest(str(name), arms)}")
        fits = [
            (table.column(c, "received") == value).fillna(False).to_numpy(bool)
            for c, value in given.items()
        ]
        agrees |= (arm == arms.index(name)) & np.logical_and.reduce(fits)
    for name in arms:
        if name not in received:
            raise OmninbError(f"received: what {name!r} should get is not said. Name each arm.")
    return agrees


def _one_row_each(
    customers: pd.Series, arm: np.ndarray, rows: np.ndarray, at: np.ndarray | None
) -> tuple[np.ndarray, int, int]:
    """The first row of each customer of one arm; customers of several; further rows of the rest."""
    if at is not None:
        rows = rows[np.argsort(at[rows], kind="stable")]
    who = pd.factorize(customers.iloc[rows], use_na_sentinel=False)[0]
    first = np.unique(who, return_index=True)[1]
    low, high = np.full(len(first), len(arm)), np.full(len(first), -1)
    np.minimum.at(low, who, arm[rows])
    np.maximum.at(high, who, arm[rows])
    one = low == high
    kept = np.sort(rows[first[one]])
    return kept, int((~one).sum()), int(one[who].sum()) - len(kept)
