"""The friction list: touchpoints at which journeys end more often than their place explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from omninb.adjusting import adjusted
from omninb.conditions import matching
from omninb.errors import OmninbError, nearest
from omninb.intervals import CONFIDENCE, Rates
from omninb.journeys import Journeys
from omninb.passes.compiling import GROUPS, each
from omninb.passes.exits import POSITIONS, count_exits
from omninb.pooling import LEFT_OUT, SHOWN, Total, pooled_rows
from omninb.tallies import (
    By,
    Counts,
    Facts,
    Tally,
    labels_of,
    ranges_of,
    rate_columns,
    texts,
    with_node,
)
from omninb.wording import fewer_than

_MOST_LABELS = 1_000


@dataclass(frozen=True)
class ExitTally(Tally):
    """Settled touchpoints and exits.

    Attributes
    ----------
    positions : Counts
        Labels (kind, position as two digits, the last for all beyond): settled touchpoints, exits,
        conversions.
    kinds : Counts
        Labels (kind,): distinct customers with a settled touchpoint, and with an exit.
    heaviest : Counts
        The most settled touchpoints of one customer, by kind.
    """

    positions: Counts
    kinds: Counts
    heaviest: Counts

    @classmethod
    def of(cls, journeys: Journeys, by: By) -> ExitTally:
        """Count the settled touchpoints of journeys by kind and position; rare kinds as one."""
        codes, names = labels_of(journeys, by, _MOST_LABELS)
        tally = cls._of(journeys, by, codes, names)
        if journeys.min_customers is None:
            return tally
        into = _pooled(tally, journeys.min_customers)
        kinds = sorted({into[name] for name in names})
        code_of = np.array([kinds.index(into[name]) for name in names], np.uint16)
        return cls._of(journeys, by, code_of[codes], kinds)

    @classmethod
    def _of(cls, journeys: Journeys, by: By, codes: np.ndarray, names: list[str]) -> ExitTally:
        positions = np.zeros((GROUPS, len(names), POSITIONS, 3), np.int64)
        kinds = np.zeros((GROUPS, len(names), 3), np.int64)
        goal = journeys.rules.end_at
        converts = np.empty(0, bool) if goal is None else matching(journeys.columns, goal, "end_at")
        common = (
            journeys.group_offsets, journeys.customer_offsets, journeys.journey_offsets,
            journeys.time, codes, journeys.end_states, converts, journeys.rules.settled_until,
            positions, kinds,
        )  # fmt: skip
        each(count_exits, [(*r, *common) for r in ranges_of(journeys)])
        labels = [(name,) for name in names]
        return cls(
            Facts.of(journeys, by),
            Counts.of(
                [(name, f"{k:02d}") for name in names for k in range(POSITIONS)],
                positions.reshape(GROUPS, len(names) * POSITIONS, 3),
            ),
            Counts.of(labels, kinds[..., :2]),
            Counts.of(labels, kinds[..., 2].max(axis=0)[None, :, None], np.maximum),
        )


def _pooled(tally: ExitTally, fewest: int) -> dict[str, str]:
    """The kind that each is counted as; what cannot even be told together has no name."""
    pooled = fewer_than(fewest)
    names = [label[0] for label in tally.kinds.labels]
    counts = tally.positions.values.sum(axis=0).reshape(len(names), POSITIONS, 3).sum(axis=1)
    there = np.flatnonzero(counts[:, 0])
    found = pooled_rows(
        tally.kinds.values[:, there, 0],
        counts[there, :2],
        [np.zeros(len(there), np.int64)],
        fewest,
        (Total(((row, 1),), ((row, 0),), at_most=True) for row in range(len(there))),
        hosts=np.array([names[i] == pooled for i in there], bool),
    )
    into = {names[i]: pool for i, pool in zip(there, found.into.tolist(), strict=True)}
    return {
        name: name if into.get(name) == SHOWN else "" if into.get(name) == LEFT_OUT else pooled
        for name in names
    }


def exit_table(
    journeys: Journeys,
    by: By = ("channel", "event"),
    expected_ends: Sequence[str] | None = None,
) -> pd.DataFrame:
    """For every kind of touchpoint, how often journeys exit there against what is expected.

    What is expected are the exit shares of all other kinds at the same positions in the journey
    (1 to 20, later ones together), summed over the kind's settled touchpoints: a kind that stands
    late in journeys is compared with others that stand late. Touchpoints that convert cannot exit
    and are no part of the comparison. At a position where no other kind stands, a kind is its own
    expectation.

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.
    by : str or list of str
        The role or column, or the combination of several, that makes a kind.
    expected_ends : list of str, optional
        Natural ends, such as ``["delivered"]``: kinds or their parts that are never flagged, and to
        which others are not compared. Kinds that only ever convert are natural ends anyway.

    Returns
    -------
    pandas.DataFrame
        One row a kind with settled touchpoints, the most exits beyond the expected first, natural
        ends last:

        - a column named as ``by`` joined by " · "; ``settled`` touchpoints, the denominator;
          ``exits``; ``customers`` with such a touchpoint;
        - ``exit_rate`` = ``exits`` / ``settled`` with 95 % bounds and ``interval_method``;
        - ``expected_exits``; ``expected_rate`` = ``expected_exits`` / ``settled``;
        - ``ratio`` = ``exits`` / ``expected_exits`` with 95 % bounds (delete-a-group jackknife of
          its logarithm); ``excess_exits`` = ``exits`` - ``expected_exits``;
        - ``p_value`` of a ratio of 1, ``p_adjusted`` (Benjamini and Hochberg 1995); ``flagged``
          where ``p_adjusted`` < 0.05 and the ratio is above 1; ``expected_end``.

        Of a log read with ``min_customers=N``, kinds of fewer than N customers are counted as one,
        with more where they could be recalculated.

    Raises
    ------
    OmninbError
        If a name does not occur.

    Examples
    --------
    >>> import omninb as onb
    >>> table = onb.exit_table(onb.sample().journeys(end_at="purchase"))
    >>> bool((table["exits"] <= table["settled"]).all())
    True
    """
    tally = ExitTally.of(journeys, by if isinstance(by, str) else list(by))
    names = [label[0] for label in tally.kinds.labels]
    cells = tally.positions.values.reshape(GROUPS, len(names), POSITIONS, 3)
    settled, exits, conversions = np.moveaxis(cells.sum(axis=2), -1, 0)
    whole, total = settled.sum(axis=0), exits.sum(axis=0)
    natural = _named(names, expected_ends or []) | (conversions.sum(axis=0) == whole)
    customers = tally.kinds.values.sum(axis=0)
    rates = Rates(exits, settled, customers[:, 1], customers[:, 0], tally.heaviest.values[0, :, 0])
    expected = _expected(cells.sum(axis=0), natural)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, expected_rate = total / np.where(expected > 0, expected, np.nan), expected / whole
        low, high, p = _ratio_bounds(cells, natural, np.log(ratio), rates)
    p_adjusted = adjusted(np.where(natural, np.nan, p), "bh")
    frame = pd.DataFrame(
        {
            "_node": texts(names),
            "settled": whole,
            "exits": total,
            "customers": customers[:, 0],
            **rate_columns("exit_rate", "interval_method", rates),
            "expected_exits": expected,
            "expected_rate": expected_rate,
            "ratio": ratio,
            "ratio_ci_lower": low,
            "ratio_ci_upper": high,
            "excess_exits": total - expected,
            "p_value": p,
            "p_adjusted": p_adjusted,
            "flagged": (np.nan_to_num(p_adjusted, nan=1.0) < 1 - CONFIDENCE) & (ratio > 1),
            "expected_end": natural,
        }
    )
    frame = frame[(frame["settled"] > 0) & (frame["_node"] != "")].sort_values(
        ["expected_end", "excess_exits", "_node"], ascending=[True, False, True], ignore_index=True
    )
    frame = with_node(frame, tally.facts.by)
    frame.attrs = tally.facts.attrs() | {"expected_ends": list(expected_ends or [])}
    return frame


def _named(names: Sequence[str], expected_ends: Sequence[str]) -> np.ndarray:
    """Which kinds are named, whole or by one of their parts."""
    if isinstance(expected_ends, str) or not all(isinstance(end, str) for end in expected_ends):
        example = [expected_ends] if isinstance(expected_ends, str) else ["delivered"]
        raise OmninbError(
            f"expected_ends={expected_ends!r}: give a list of names, such as {example}."
        )
    parts = [{name, *name.split(" · ")} for name in names]
    pooled = any(name.startswith("(fewer than ") or not name for name in names)
    for end in expected_ends:
        if names and not pooled and not any(end in one for one in parts):
            known = {part for one in parts for part in one}
            raise OmninbError(f"expected_ends: no {end!r} in the log.{nearest(str(end), known)}")
    return np.array([bool(one & set(expected_ends)) for one in parts], bool)


def _expected(cells: np.ndarray, natural: np.ndarray) -> np.ndarray:
    """Exits expected of each kind: shape (…, kinds) from (…, kinds, positions, 3).

    NaN where no touchpoint of a kind has any other to be compared with.
    """
    risk, exits = cells[..., 0] - cells[..., 2], cells[..., 1]
    there, left = (np.where(natural[:, None], 0, counts) for counts in (risk, exits))
    others = there.sum(axis=-2, keepdims=True) - there
    other_exits = left.sum(axis=-2, keepdims=True) - left
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(others > 0, risk * (other_exits / others), exits)
    compared = (np.minimum(risk, others) > 0).any(axis=-1)
    return np.where(compared, expected.sum(axis=-1), np.nan)


def _ratio_bounds(
    cells: np.ndarray, natural: np.ndarray, log_ratio: np.ndarray, rates: Rates
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bounds of the ratio and the p-value of a ratio of 1, from the jackknife of its logarithm."""
    from scipy.special import stdtr, stdtrit

    without = cells.sum(axis=0) - cells
    replicates = np.log(without[..., 1].sum(axis=2) / _expected(without, natural))
    error = np.sqrt((GROUPS - 1) / GROUPS * ((replicates - log_ratio) ** 2).sum(axis=0))
    error = np.where(np.isfinite(error) & (error > 0) & rates.supported, error, np.nan)
    freedom = np.minimum(GROUPS - 1, rates.effective_groups - 1)
    half = stdtrit(freedom, 0.5 + CONFIDENCE / 2) * error
    p = 2 * stdtr(freedom, -np.abs(log_ratio) / error)
    return np.exp(log_ratio - half), np.exp(log_ratio + half), p
