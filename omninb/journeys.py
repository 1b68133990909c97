"""Journeys: customers' ordered touchpoints, cut by declared rules."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from omninb.conditions import Condition, matching
from omninb.errors import OmninbError, duration
from omninb.events.window import instant
from omninb.journey_quality import END_STATES, quality_of, told_states
from omninb.layout import Columns, layout_of
from omninb.passes.compiling import each, threads
from omninb.passes.cutting import copy_journeys, cut_lookback
from omninb.rules import Rules, cut, goals_of, observed_period, order_codes

if TYPE_CHECKING:
    from omninb.events import EventLog


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
    min_customers: int | None = None

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
            min_customers=log.min_customers,
        )  # fmt: skip
        if lookback is None:
            return whole
        kept_from = np.empty(len(whole), np.int64)
        starts, stops = whole.journey_offsets[:-1], whole.journey_offsets[1:]
        cut_lookback(starts, stops, whole.time, duration(lookback, "lookback"), kept_from)
        kept = whole._keep(np.ones(len(whole), bool), kept_from)
        return replace(kept, cut_by_lookback=whole.touchpoints - kept.touchpoints)

    def _keep(self, chosen: np.ndarray, starts: np.ndarray | None = None) -> Journeys:
        """The chosen journeys, whole or from ``starts`` on, laid out side by side again."""
        starts = np.ascontiguousarray(
            (self.journey_offsets[:-1] if starts is None else starts)[chosen]
        )
        stops = np.ascontiguousarray(self.journey_offsets[1:][chosen])
        offsets = np.concatenate(([0], np.cumsum(stops - starts))).astype(np.int64)
        order, time = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.int64)
        cuts = np.linspace(0, len(starts), threads() + 1).astype(int)
        each(
            copy_journeys,
            [
                (starts, stops, offsets, self.columns.order, self.time, order, time, a, b)
                for a, b in zip(cuts, cuts[1:], strict=False)
            ],
        )
        before = np.concatenate(([0], np.cumsum(chosen)))
        first_journeys = before[self.customer_offsets]
        present = np.diff(first_journeys) > 0
        customers_before = np.concatenate(([0], np.cumsum(present)))
        return replace(
            self,
            group_offsets=customers_before[self.group_offsets].astype(np.int64),
            customer_offsets=np.append(first_journeys[:-1][present], before[-1]).astype(np.int64),
            journey_offsets=offsets,
            time=time,
            end_states=self.end_states[chosen],
            began_before=self.began_before[chosen],
            columns=Columns(self.columns.table, order),
        )

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

    def where(
        self,
        *,
        containing: Condition | Sequence[Condition] | None = None,
        between: tuple[object, object] | None = None,
        **first: object,
    ) -> Journeys:
        """Select journeys, always whole.

        Parameters
        ----------
        containing : str, mapping or list, optional
            Journeys with at least one touchpoint that fits: an event name, a mapping of roles to
            values, or a list of alternatives.
        between : (start, end), optional
            Journeys whose first touchpoint lies in [start, end): dates, or anything that pandas
            reads as a timestamp; without an offset, in the log's zone.
        **first : value or list of values
            Journeys by a role or column at their **first** touchpoint (which is also how a
            customer's fixed attribute is chosen), for example ``device="mobile"``.

        Returns
        -------
        Journeys
            With the same rules and the same observed period.

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
        chosen = np.ones(len(self), bool)
        starts = self.journey_offsets[:-1]
        if first:
            chosen &= matching(self.columns, first, "where")[starts]
        if containing is not None:
            hits = np.concatenate(
                ([0], np.cumsum(matching(self.columns, containing, "containing")))
            )
            chosen &= hits[self.journey_offsets[1:]] > hits[starts]
        if between is not None:
            if not isinstance(between, Sequence) or isinstance(between, str) or len(between) != 2:
                raise OmninbError(f"between={between!r}: give (start, end), two dates.")
            low, high = (instant(value, "between", self.rules.timezone) for value in between)
            if low > high:
                raise OmninbError(f"between={between!r}: the start lies after the end.")
            chosen &= (self.time[starts] >= low) & (self.time[starts] < high)
        return replace(self._keep(chosen), cut_by_lookback=None, sorted_again=None)

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
