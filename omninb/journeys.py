"""Journeys: customers' ordered touchpoints, cut by declared rules."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa

from omninb.columns import Columns
from omninb.conditions import Condition
from omninb.errors import OmninbError, duration
from omninb.journey_quality import END_STATES, quality_of, told_states
from omninb.layout import layout_of
from omninb.passes.cutting import cut_lookback
from omninb.rules import Rules, cut, goals_of, observed_period, order_codes
from omninb.selecting import fitting, laid_out, warn_of_few
from omninb.spelling import call_or_nothing

if TYPE_CHECKING:
    from omninb.events import EventLog


class _Sized(Protocol):
    @property
    def nbytes(self) -> int: ...


Kept = TypeVar("Kept", bound=_Sized)
_MOST_KEPT, _MOST_BYTES = 8, 1 << 25


@dataclass(frozen=True)
class Journeys:
    """One row a journey, its touchpoints side by side in memory. Made by ``log.journeys(…)``.

    Attributes
    ----------
    group_offsets : numpy.ndarray, int64, shape (65,)
        Where each of the 64 groups' customers begin.
    customer_offsets : numpy.ndarray, int64, shape (customers + 1,)
        Where each customer's journeys begin.
    journey_offsets : numpy.ndarray, int64, shape (journeys + 1,)
        Where each journey's touchpoints begin.
    time : numpy.ndarray, int64, shape (touchpoints,)
        µs since 1970 UTC.
    end_states : numpy.ndarray, uint8, shape (journeys,)
        0 open, 1 converted, 2 exit.
    began_before : numpy.ndarray, bool, shape (journeys,)
        Journeys that may have begun before the log: the first of a customer, where it begins within
        min(``exit_after``, ``split_gap``) of ``observed_from``.
    columns : Columns
        The touchpoints' roles, encoded on first use.
    rules : Rules
        The cut rules and what the log could see.
    made_by : tuple of str
        The calls that made them, the log's first, as Python writes them; empty where it cannot.
    min_customers : int or None
        Rows of tables with fewer customers are pooled (``min_customers`` of `omninb.read_events`).
    """

    group_offsets: np.ndarray
    customer_offsets: np.ndarray
    journey_offsets: np.ndarray
    time: np.ndarray
    end_states: np.ndarray
    began_before: np.ndarray
    columns: Columns
    rules: Rules
    cut_by_lookback: int | None = 0
    sorted_again: int | None = 0
    made_by: tuple[str, ...] = ()
    min_customers: int | None = None
    _kept: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def from_log(
        cls,
        log: EventLog,
        split_gap: str | None = None,
        end_at: Condition | Sequence[Condition] | None = None,
        lost_at: Condition | Sequence[Condition] | None = None,
        lookback: str | None = None,
        exit_after: str = "30d",
        observed_from: object = None,
        observed_until: object = None,
    ) -> Journeys:
        """Cut a log into journeys; see :meth:`omninb.EventLog.journeys`."""
        given: dict[str, object] = {"split_gap": split_gap, "end_at": end_at, "lost_at": lost_at}
        given |= {"lookback": lookback, "exit_after": None if exit_after == "30d" else exit_after}
        given |= {"observed_from": observed_from, "observed_until": observed_until}
        layout = layout_of(log)
        rules = Rules(
            split_gap, end_at, lost_at, lookback, exit_after,
            *observed_period(log, layout.time, observed_from, observed_until),
            log.timezone or "UTC",
        )  # fmt: skip
        goals, orders = goals_of(layout.columns, rules), np.empty(0, np.int32)
        if end_at is not None and "order_id" in log.table.column_names:
            orders = order_codes(layout)
        customers, offsets, states, began_before = cut(layout, rules, goals, orders)
        whole = cls(
            layout.group_offsets, customers, offsets, layout.time, states, began_before,
            layout.columns, rules, sorted_again=layout.sorted_again,
            made_by=(log.made_by, call_or_nothing("journeys", (), given)),
            min_customers=log.min_customers,
        )  # fmt: skip
        if lookback is None:
            return whole
        kept_from = np.empty(len(whole), np.int64)
        starts, stops = whole.journey_offsets[:-1], whole.journey_offsets[1:]
        cut_lookback(starts, stops, whole.time, duration(lookback, "lookback"), kept_from)
        kept = replace(whole, **laid_out(whole, np.ones(len(whole), bool), kept_from))
        return replace(kept, cut_by_lookback=whole.touchpoints - kept.touchpoints)

    def __len__(self) -> int:
        return len(self.end_states)

    @property
    def customers(self) -> int:
        """Customers with at least one journey."""
        return len(self.customer_offsets) - 1

    @property
    def touchpoints(self) -> int:
        """Touchpoints in all journeys."""
        return len(self.time)

    @functools.cached_property
    def settled(self) -> int:
        """Touchpoints old enough for what followed them to be known."""
        return int(np.count_nonzero(self.time <= self.rules.settled_until))

    def kept(self, asked: Hashable, make: Callable[[], Kept]) -> Kept:
        """Counts of these journeys as they were made for the same question, else made now.

        Journeys do not change, and what is counted of them is small beside them.
        """
        found: Kept = self._kept.pop(asked, None) or make()
        if found.nbytes <= _MOST_BYTES:
            self._kept[asked] = found
        for oldest in list(self._kept)[:-_MOST_KEPT]:
            self._kept.pop(oldest, None)
        return found

    def where(
        self,
        *,
        containing: Condition | Sequence[Condition] | None = None,
        transition: tuple[Condition, Condition] | None = None,
        between: tuple[object, object] | None = None,
        **first: object,
    ) -> Journeys:
        """Select journeys, always whole.

        Parameters
        ----------
        containing : str, mapping or list, optional
            Journeys with at least one touchpoint that fits: an event name, a mapping of roles to
            values, or a list of alternatives.
        transition : (condition, condition), optional
            Journeys in which one that fits the second directly follows one that fits the first.
        between : (start, end), optional
            Journeys whose first touchpoint lies in [start, end): ISO 8601 text, dates or
            timestamps; without an offset, in the log's zone.
        **first : value or list of values
            Journeys by a role or column at their **first** touchpoint (which is also how a
            customer's fixed attribute is chosen), for example ``device="mobile"``.

        Returns
        -------
        Journeys
            With the same rules and the same observed period. Of a log read with
            ``min_customers=N``, none where fewer than N customers have such journeys, with a
            warning: also how many there are would tell of these.

        Raises
        ------
        OmninbError
            If a role, a column or a value does not occur.

        Examples
        --------
        >>> import omninb as onb
        >>> journeys = onb.sample().journeys(split_gap="30d", end_at="purchase")
        >>> len(journeys.where(channel="store", containing="purchase")) < len(journeys)
        True
        """
        chosen = fitting(
            self.columns, self.journey_offsets, self.time, self.rules, first,
            containing, transition, between,
        )  # fmt: skip
        given: dict[str, object] = {
            "containing": containing,
            "transition": transition,
            "between": between,
        }
        given = {name: value for name, value in given.items() if value is not None} | first
        made_by = (*self.made_by, call_or_nothing("where", (), given))
        kept = laid_out(self, chosen, self.journey_offsets[:-1])
        if 0 < len(kept["customer_offsets"]) - 1 < (self.min_customers or 0):
            warn_of_few(self.min_customers or 0, "The journeys selected")
            kept = laid_out(self, np.zeros(len(self), bool), self.journey_offsets[:-1])
        return replace(self, **kept, cut_by_lookback=None, sorted_again=None, made_by=made_by)

    def to_frame(self) -> pd.DataFrame:
        """Touchpoints in order: journey, position (from 1), end state, then the log's columns.

        Returns
        -------
        pandas.DataFrame
            One row a touchpoint. ``timestamp`` in the log's zone (UTC without one), ``value`` and
            ``cost`` in currency units.

        Examples
        --------
        >>> import omninb as onb
        >>> onb.sample().journeys().to_frame().columns[:4].tolist()
        ['journey', 'position', 'end_state', 'customer_id']
        """
        lengths = np.diff(self.journey_offsets)
        journey = np.repeat(np.arange(len(self)), lengths)
        frame = self.columns.table.take(pa.array(self.columns.order)).to_pandas()
        frame["timestamp"] = frame["timestamp"].dt.tz_convert(self.rules.timezone)
        for money in {"value", "cost"} & set(frame.columns):
            frame[money] = frame[money] / 1e6
        frame.insert(0, "journey", journey)
        frame.insert(1, "position", np.arange(len(frame)) - self.journey_offsets[journey] + 1)
        frame.insert(2, "end_state", np.array(END_STATES)[self.end_states][journey])
        return frame

    @property
    def quality(self) -> pd.DataFrame:
        """The journeys' ledger.

        Returns
        -------
        pandas.DataFrame
            ``check``, ``count``, ``share`` of ``whole``, the number of ``of``. A silence longer
            than ``exit_after`` within a journey counts as a transition where the log is long enough
            to see the return: with many of them, set ``split_gap``. Of a log read with
            ``min_customers=N``, counts that tell of fewer than N customers are missing.

        Examples
        --------
        >>> import omninb as onb
        >>> onb.sample().journeys().quality["check"].head(3).tolist()
        ['customers', 'journeys', 'journeys open']
        """
        return quality_of(self)

    def __repr__(self) -> str:
        states = ", ".join(f"{count:,} {state}" for state, count in told_states(self).items())
        return (
            f"Journeys: {len(self):,} of {self.customers:,} customers, "
            f"{self.touchpoints:,} touchpoints" + (f" ({states})" if states else "")
        )


def given_journeys(given: object) -> Journeys:
    """What was given for ``journeys``, refused where it is a log that nobody cut yet."""
    if not isinstance(given, Journeys):
        raise OmninbError(
            f"journeys: {type(given).__name__} was given. Cut the log into journeys first: "
            "log.journeys(…)."
        )
    return given
