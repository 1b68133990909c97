"""Participants: the customers of an experiment, each with an arm and one outcome a metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from omninb.experiments.metrics import Metric
from omninb.experiments.outcomes import Outcome

Covariate = str | Mapping[str, str] | None
Coded = tuple[np.ndarray, list[str]]


@dataclass(frozen=True)
class Design:
    """How an experiment is read: the keyword arguments that all its tables share.

    Attributes
    ----------
    variant : str
        The column that holds the arm.
    control : str, optional
        The arm that the others are compared with; found where one is called control.
    covariate : str or mapping, optional
        For CUPED: ``"before"`` (on a log: the same metric in the 28 days before exposure) or a
        column; or a mapping of metrics' names to these.
    segments : str or list of str, optional
        Columns whose values at the first exposure split the customers.
    ratio : mapping, optional
        The planned split, ``{arm: weight}``; equal by default.
    customer : str, optional
        Of a frame: the column of customers, whose repeated rows are then found.
    received : mapping, optional
        Of a frame: what each arm should have been given, ``{arm: {column: value}}``; rows that
        disagree are left out and counted.
    exposed_at : str, optional
        Of a frame: the column of the moment of exposure.
    """

    variant: str = "variant"
    control: str | None = None
    covariate: Covariate = None
    segments: str | Sequence[str] | None = None
    ratio: Mapping[str, float] | None = None
    customer: str | None = None
    received: Mapping[str, Mapping[str, object]] | None = None
    exposed_at: str | None = None

    @property
    def segment_columns(self) -> list[str]:
        """The segments as a list."""
        if self.segments is None:
            return []
        return [self.segments] if isinstance(self.segments, str) else list(self.segments)

    def covariate_of(self, metric: Metric) -> str | None:
        """A metric's covariate."""
        if isinstance(self.covariate, Mapping):
            return self.covariate.get(metric.name)
        return self.covariate


@dataclass(frozen=True)
class Participants:
    """One row a customer who is compared.

    Attributes
    ----------
    arms : tuple of str
        Control first.
    arm : numpy.ndarray, int64
        Each customer's.
    segments : dict of str to (codes, labels)
        The customers' values at exposure.
    outcomes : list of Outcome
        One a metric.
    at : numpy.ndarray, int64, optional
        The moment of exposure, µs in the zone of ``timezone`` or, of a frame, as it was given.
    timezone, currency : str
        Of the log.
    crossed : int
        Customers seen in several arms, left out.
    repeated : int, optional
        Rows of customers beyond their first, left out; None where a frame names no customers.
    mismatched : numpy.ndarray, int64, optional
        Rows by arm that received what another arm should have, left out.
    unassigned, nobody : int
        Rows of a frame without an arm, and without a customer, left out.
    preceded : bool
        Whether anything was seen before exposure.
    observed_until : int, optional
        µs UTC.
    """

    arms: tuple[str, ...]
    arm: np.ndarray
    segments: dict[str, Coded]
    outcomes: list[Outcome]
    at: np.ndarray | None = None
    timezone: str = "UTC"
    currency: str = ""
    crossed: int = 0
    repeated: int | None = 0
    mismatched: np.ndarray | None = None
    unassigned: int = 0
    nobody: int = 0
    preceded: bool = False
    observed_until: int | None = None
    source: str = field(default="log")

    def __len__(self) -> int:
        return len(self.arm)

    @property
    def by_arm(self) -> np.ndarray:
        """Customers of each arm."""
        return np.bincount(self.arm, minlength=len(self.arms))

    @property
    def days(self) -> np.ndarray | None:
        """The date of exposure in the log's zone, as days since 1970."""
        return None if self.at is None else local_days(self.at, self.timezone)


def local_days(at: np.ndarray, timezone: str) -> np.ndarray:
    """The local dates (days since 1970) of moments in µs UTC."""
    moments = pd.DatetimeIndex(at.astype("datetime64[us]"), tz="UTC").tz_convert(timezone)
    return moments.tz_localize(None).to_numpy().astype("datetime64[D]").astype(np.int64)
