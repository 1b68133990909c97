"""Tallies: labelled counts by group of customers, which add over disjoint customers."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa

from omninb.errors import OmninbError
from omninb.intervals import CONFIDENCE, Rates, difference_bounds
from omninb.journeys import Journeys, given_journeys
from omninb.memory import writable
from omninb.passes.attempt_counts import NO_VALUE
from omninb.passes.compiling import group_ranges
from omninb.wording import fewer_than

START = "START"
BEYOND = "(beyond)"
SMALLER = "(smaller flows)"
OWN_NODES = frozenset({START, BEYOND, SMALLER, "converted", "exit", "open"})
Labels = tuple[tuple[str, ...], ...]
By = str | Sequence[str]


@dataclass(frozen=True)
class Counts:
    """Counts with labelled rows.

    Attributes
    ----------
    labels : tuple of tuples of str
        One a row, sorted; codes never leave the process, labels do.
    values : numpy.ndarray, int64, shape (groups, rows, fields)
        What is counted; rows that only another tally has count 0.
    join : numpy.ufunc
        How two tallies' values become one: added, or the larger.
    """

    labels: Labels
    values: np.ndarray
    join: np.ufunc = np.add

    @classmethod
    def of(
        cls, labels: Sequence[tuple[str, ...]], values: np.ndarray, join: np.ufunc = np.add
    ) -> Self:
        """Counts with their rows put into the labels' order."""
        order = sorted(range(len(labels)), key=labels.__getitem__)
        return cls(tuple(labels[i] for i in order), values[:, order], join)

    def __add__(self, other: Counts) -> Counts:
        labels = tuple(sorted({*self.labels, *other.labels}))
        return Counts(labels, self.join(self._aligned(labels), other._aligned(labels)), self.join)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Counts)
            and self.labels == other.labels
            and np.array_equal(self.values, other.values)
        )

    def _aligned(self, labels: Labels) -> np.ndarray:
        at = {label: i for i, label in enumerate(labels)}
        values = np.zeros((len(self.values), len(labels), self.values.shape[2]), np.int64)
        values[:, [at[label] for label in self.labels]] = self.values
        return values

    def rows(self, labels: Sequence[tuple[str, ...]]) -> np.ndarray:
        """Where labels stand."""
        at = {label: i for i, label in enumerate(self.labels)}
        return np.array([at[label] for label in labels], dtype=np.int64)


@dataclass(frozen=True)
class Facts:
    """What stands above every table: how much was counted, and what the log could see."""

    by: str
    exit_after: str
    observed_from: int
    observed_until: int
    journeys: int
    customers: int
    touchpoints: int
    settled: int

    @classmethod
    def of(cls, journeys: Journeys, by: By) -> Facts:
        """The facts of journeys."""
        rules = journeys.rules
        return cls(
            by if isinstance(by, str) else " · ".join(by),
            rules.exit_after,
            rules.observed_from,
            rules.observed_until,
            len(journeys),
            journeys.customers,
            journeys.touchpoints,
            journeys.settled,
        )

    def __add__(self, other: Facts) -> Facts:
        counted = ("journeys", "customers", "touchpoints", "settled")
        for field in fields(self):
            mine, its = getattr(self, field.name), getattr(other, field.name)
            if field.name not in counted and mine != its:
                raise OmninbError(
                    f"these tallies do not add: {field.name} is {mine!r} here and {its!r} there."
                )
        sums = {name: getattr(self, name) + getattr(other, name) for name in counted}
        return Facts(self.by, self.exit_after, self.observed_from, self.observed_until, **sums)

    def attrs(self) -> dict[Any, Any]:
        """The ``attrs`` of every table."""
        empty = self.touchpoints == 0
        observed = (self.observed_from, self.observed_until)
        seen = any(observed)  # a log without rows saw nothing
        first, last = (pd.Timestamp(at, unit="us", tz="UTC") if seen else pd.NaT for at in observed)
        return {
            "by": self.by,
            "journeys": self.journeys,
            "customers": self.customers,
            "touchpoints": self.touchpoints,
            "observed_from": first,
            "observed_until": last,
            "settled_share": float("nan") if empty else self.settled / self.touchpoints,
            "exit_after": self.exit_after,
            "confidence": CONFIDENCE,
        }

    def warn_if_unsettled(self) -> None:
        """Warn when most touchpoints are too recent for their outcome to be known."""
        if self.settled * 2 < self.touchpoints:
            warnings.warn(
                f"only {self.settled / self.touchpoints:.0%} of touchpoints are settled: for the "
                f"others it is too early to say what followed (exit_after={self.exit_after!r}). "
                "Probabilities rest on the settled ones alone. A shorter exit_after= settles more.",
                stacklevel=3,
            )


@dataclass(frozen=True)
class Tally:
    """Counts of one analysis; ``tally(a) + tally(b) == tally(a ∪ b)`` for disjoint customers."""

    facts: Facts

    def __add__(self, other: Self) -> Self:
        parts = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        return type(self)(**parts)

    @property
    def nbytes(self) -> int:
        """Bytes of its counts."""
        parts = (getattr(self, field.name) for field in fields(self))
        return sum(part.values.nbytes for part in parts if isinstance(part, Counts))


def texts(values: Iterable[object]) -> Any:
    """A column of text."""
    return pd.array(list(values), dtype="str")  # type: ignore[call-overload]


def rate_columns(
    name: str, method_name: str, rates: Rates, without: np.ndarray | bool = False
) -> dict[str, Any]:
    """A rate with its bounds and their method, which are left out where ``without``."""
    lower, upper, method = rates.bounds()
    return {
        name: rates.estimate,
        f"{name}_ci_lower": np.where(without, np.nan, lower),
        f"{name}_ci_upper": np.where(without, np.nan, upper),
        method_name: texts(np.where(without, "none", method)),
    }


def difference_columns(a: Rates, b: Rates, without: np.ndarray | bool = False) -> dict[str, Any]:
    """The difference b - a with its bounds, left out where ``without``."""
    lower, upper, method = difference_bounds(a, b)
    return {
        "difference": np.where(without, np.nan, b.estimate - a.estimate),
        "difference_ci_lower": np.where(without, np.nan, lower),
        "difference_ci_upper": np.where(without, np.nan, upper),
        "difference_method": texts(np.where(without, "none", method)),
    }


def with_node(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """The table with its column ``_node`` named as ``by``."""
    if by in frame.columns:
        raise OmninbError(f"{by!r} bears the name of a column of this table. Rename it in the log.")
    return frame.rename(columns={"_node": by})


def labels_of(
    journeys: Journeys, by: By, most: int, argument: str = "by"
) -> tuple[np.ndarray, list[str]]:
    """Codes and labels of the nodes of an analysis, refused where there are too many to read.

    A value that bears the name of a node of omninb's own, such as START, gets its role behind it:
    ``START (channel)``. Values of fewer than the journeys' ``min_customers`` customers bear one
    name together, that of :func:`omninb.wording.fewer_than`.

    Raises
    ------
    OmninbError
        If ``by`` has more than ``most`` labels.
    """
    codes, labels = given_journeys(journeys).columns.codes(by, argument)
    if journeys.min_customers is not None:
        codes, labels = _pool_labels(journeys, codes, labels, journeys.min_customers)
    if len(labels) > most:
        raise OmninbError(
            f"{argument}={by!r} has {len(labels):,} different values; this analysis takes {most:,}:"
            " group rare ones with other_below= or rename them with recode= of read_events."
        )
    role = by if isinstance(by, str) else " · ".join(by)
    shown = list(labels)
    for i, label in enumerate(labels):
        while shown[i] in OWN_NODES or (shown[i] != label and shown[i] in labels):
            shown[i] += f" ({role})"
    return codes, shown


def _pool_labels(
    journeys: Journeys, codes: np.ndarray, labels: list[str], fewest: int
) -> tuple[np.ndarray, list[str]]:
    starts = journeys.journey_offsets[journeys.customer_offsets]
    customer = np.repeat(np.arange(journeys.customers), np.diff(starts))
    pairs = pd.unique(customer * len(labels) + codes)
    customers = np.bincount(pairs % max(len(labels), 1), minlength=len(labels))
    pooled = fewer_than(fewest)
    shown = [pooled if n < fewest else name for n, name in zip(customers, labels, strict=True)]
    names = sorted(set(shown))
    at = {name: code for code, name in enumerate(names)}
    return np.array([at[name] for name in shown], np.uint16)[codes], names


def micros_of(journeys: Journeys) -> np.ndarray:
    """Micros (int64) of each row of the log, NO_VALUE for none; empty without the role value."""
    if "value" not in journeys.columns.table.column_names:
        return np.empty(0, np.int64)
    micros = journeys.columns.table.column("value").cast(pa.int64()).fill_null(NO_VALUE)
    return writable(micros.combine_chunks(), np.int64)


def money_of(halves: np.ndarray) -> float:
    """Currency units of micros that were summed as two halves of 32 bits, the last axis."""
    high, low = halves.reshape(-1, 2).sum(axis=0).tolist()
    return ((high << 32) + low) / 1e6


def ranges_of(journeys: Journeys) -> list[tuple[int, int]]:
    """Ranges of groups with about equal numbers of touchpoints, one for each task."""
    return group_ranges(journeys.journey_offsets[journeys.customer_offsets[journeys.group_offsets]])
