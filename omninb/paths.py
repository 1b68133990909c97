"""Whole paths: which sequences of nodes are most frequent, and which convert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from omninb.anchors import Reading, positive
from omninb.conditions import Condition
from omninb.errors import OmninbError
from omninb.intervals import Rates
from omninb.journeys import Journeys
from omninb.layout import Numbering, customer_hashes
from omninb.passes.compiling import GROUPS, each, group_ranges, threads
from omninb.passes.customers import group_rows
from omninb.passes.cutting import CONVERTED
from omninb.passes.paths import PATH_FIELDS, count_shown_paths, hash_paths, read_path
from omninb.path_pooling import pooled_paths
from omninb.tallies import BEYOND, By, Facts, labels_of, ranges_of, texts

_MOST_PATHS = 5_000_000
_MOST_LABELS = 65_535
_MOST_STEPS = 1_000_000
_ARROW = " → "


@dataclass(frozen=True)
class PathReader:
    """Reads journeys as paths: hashes them, and spells one out."""

    journeys: Journeys
    codes: np.ndarray
    labels: list[str]
    reading: Reading
    collapse: bool
    max_steps: int

    @property
    def _marks(self) -> tuple[np.ndarray, np.ndarray]:
        """Hashes of the labels' texts, since codes differ between parts, and of "goes on"."""
        marks = customer_hashes(pa.array([*self.labels, BEYOND], pa.string()))
        return marks[:-1], np.ascontiguousarray(marks[-1])

    def hashes(self) -> np.ndarray:
        """128-bit hashes of the journeys' paths (uint64, two columns); 0 where one is not read."""
        j = self.journeys
        out = np.empty((len(j), 2), np.uint64)
        rest = (
            j.journey_offsets,
            self.reading.anchors,
            self.codes,
            self.reading.way,
            self.collapse,
        )
        cuts = np.linspace(0, len(j), threads() + 1).astype(int)
        tail = (self.max_steps, *self._marks, out)
        each(hash_paths, [(a, b, *rest, *tail) for a, b in zip(cuts, cuts[1:], strict=False)])
        return out

    def spell(self, journey: int) -> str:
        """One journey's path, in the order of time."""
        j = self.journeys
        lengths = j.journey_offsets[journey + 1] - j.journey_offsets[journey]
        codes = np.empty(min(int(lengths), self.max_steps), np.uint16)
        length = read_path(
            journey, j.journey_offsets, self.reading.anchors, self.codes, self.reading.way,
            self.collapse, self.max_steps, *self._marks, codes,
        )  # fmt: skip
        goes_on = length < 0
        names = [self.labels[c] for c in codes[: -1 - length if goes_on else length]]
        names += [BEYOND] if goes_on else []
        return _ARROW.join(names if self.reading.way > 0 else reversed(names))


@dataclass(frozen=True)
class PathTally:
    """Journeys by path; adds over disjoint customers.

    Attributes
    ----------
    hashes : numpy.ndarray, uint64, shape (paths, 2)
        In no order.
    counts : numpy.ndarray, int64, shape (paths, 2)
        Journeys, and those converted.
    examples : numpy.ndarray, int64, shape (paths, 2)
        One journey of each path: which reader, and its number there.
    """

    facts: Facts
    hashes: np.ndarray
    counts: np.ndarray
    examples: np.ndarray
    readers: tuple[PathReader, ...]

    @classmethod
    def of(cls, reader: PathReader, by: By, hashes: np.ndarray) -> PathTally:
        """Count journeys by path, refused over five million paths.

        As customers are: grouped by their hashes, so that each group's table fits the cache.
        """
        j = reader.journeys
        read = np.flatnonzero(hashes[:, 0])
        read_hashes, rows = hashes[read], np.empty(len(read), np.int32)
        starts, everyone = np.empty(GROUPS + 1, np.int64), np.empty(0, np.int32)
        group_rows(read_hashes, everyone, len(read), starts, rows)
        parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = [_NO_PATHS] * GROUPS

        def count(first: int, last: int) -> None:
            for g in range(first, last):
                here = rows[starts[g] : starts[g + 1]]
                journeys = read[here]
                parts[g] = _count_group(
                    read_hashes[here], journeys, j.end_states[journeys] == CONVERTED
                )

        each(count, group_ranges(starts))
        found, counts, examples = (np.concatenate(part) for part in zip(*parts, strict=True))
        if len(found) > _MOST_PATHS:
            raise OmninbError(
                f"by={by!r}: {len(found):,} different paths, more than {_MOST_PATHS:,}. Shorten "
                "them by max_steps=, join repeats by collapse_repeats=True, or take a coarser by=."
            )
        examples = np.stack((np.zeros(len(found), np.int64), examples), axis=1)
        return cls(Facts.of(j, by), found, counts, examples, (reader,))

    def __add__(self, other: PathTally) -> PathTally:
        both = np.concatenate((self.hashes, other.hashes))
        found, first, which = np.unique(both, axis=0, return_index=True, return_inverse=True)
        counts = np.zeros((len(found), 2), np.int64)
        np.add.at(counts, which.ravel(), np.concatenate((self.counts, other.counts)))
        shifted = other.examples + np.array([len(self.readers), 0])
        examples = np.concatenate((self.examples, shifted))[first]
        return PathTally(
            self.facts + other.facts, found, counts, examples, self.readers + other.readers
        )

    def top(self, n: int) -> tuple[np.ndarray, list[str]]:
        """Hashes and paths of the most frequent; ties in the order of their hash."""
        frequent = -self.counts[:, 0]
        if len(frequent) > n:
            kept = np.flatnonzero(frequent <= np.partition(frequent, n - 1)[n - 1])
        else:
            kept = np.arange(len(frequent))
        order = np.lexsort((self.hashes[kept, 1], self.hashes[kept, 0], frequent[kept]))
        most = kept[order[:n]]
        return self.hashes[most], [
            self.readers[r].spell(j) for r, j in self.examples[most].tolist()
        ]


_NO_PATHS = (np.empty((0, 2), np.uint64), np.empty((0, 2), np.int64), np.empty(0, np.int64))


def _count_group(
    hashes: np.ndarray, journeys: np.ndarray, converted: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Different hashes of one group, their journeys and conversions, and a journey of each."""
    number = np.empty(len(hashes), np.int32)
    first = Numbering().of(hashes, number)
    paths = len(first)
    counts = [np.bincount(number, minlength=paths), np.bincount(number, converted, paths)]
    return hashes[first], np.stack(counts, axis=1).astype(np.int64), journeys[first]


def path_table(
    journeys: Journeys,
    by: By = "channel",
    top: int = 20,
    anchor: Condition | Sequence[Condition] | None = None,
    direction: str = "after",
    collapse_repeats: bool = False,
    max_steps: int | None = None,
) -> pd.DataFrame:
    """The most frequent whole paths, and how often they convert.

    Parameters
    ----------
    journeys : Journeys
        From ``log.journeys(…)``.
    by : str or list of str
        The role or column, or the combination of several, whose values are the nodes.
    top : int
        Paths shown.
    anchor : str, mapping or list, optional
        Read only journeys with a fitting touchpoint, from the first such on: an event name, a
        mapping of roles to values, or a list of alternatives.
    direction : {"after", "before"}
        From the anchor to the journey's end, or from its start to the anchor.
    collapse_repeats : bool
        Take runs of the same node as one visit.
    max_steps : int, optional
        Cut paths after so many nodes (before: keep the last ones); cut ones show ``(beyond)``.

    Returns
    -------
    pandas.DataFrame
        ``path`` (``"web → store"``); ``journeys``, ``customers`` on it; ``share`` of the journeys
        read (``attrs["journeys_read"]``); ``settled`` : its journeys whose last touchpoint is older
        than min(``exit_after``, ``split_gap``), converted or not; ``converted`` : those of them
        that ended so; ``conversion_rate`` = ``converted`` / ``settled``; 95 % bounds of share and
        rate as ``…_ci_lower``, ``…_ci_upper``; ``interval_method`` of the rate.
        ``attrs["paths"]`` counts all different paths. Of a log read with ``min_customers=N``, the
        paths shown of fewer than N customers are counted as one, the last, with more where they
        could be recalculated; a count of theirs that is itself too small to tell is missing.

    Raises
    ------
    OmninbError
        If there are more than five million different paths, or ``by`` or the anchor does not occur.

    Examples
    --------
    >>> import omninb as onb
    >>> journeys = onb.sample().journeys(split_gap="30d", end_at="purchase")
    >>> paths = onb.path_table(journeys, top=3, collapse_repeats=True)
    >>> len(paths)
    3
    """
    top = positive(top, "top", 1_000)
    steps = _MOST_STEPS if max_steps is None else positive(max_steps, "max_steps", _MOST_STEPS)
    codes, labels = labels_of(journeys, by, _MOST_LABELS)
    reading = Reading.of(journeys, anchor, direction)
    reader = PathReader(journeys, codes, labels, reading, collapse_repeats, steps)
    hashes = reader.hashes()
    tally = PathTally.of(reader, by, hashes)
    tally.facts.warn_if_unsettled()
    shown, paths = tally.top(top)
    counts, heaviest = _count_shown(journeys, hashes, shown)
    withheld: list[str] = []
    if journeys.min_customers is not None:
        shown, paths, withheld = pooled_paths(journeys, hashes, shown, paths, counts)
        counts, heaviest = _count_shown(journeys, hashes, shown)
    frame = _table(counts, heaviest, reading.per_customer.max(initial=0), paths)
    if withheld:
        frame.loc[len(frame) - 1, withheld] = np.nan
        frame.loc[len(frame) - 1, "interval_method"] = "none"
    frame.attrs = tally.facts.attrs() | {
        "journeys_read": int(counts[:, -1, 0].sum()),
        "customers_read": int(counts[:, -1, 1].sum()),
        "paths": len(tally.hashes),
    }
    return frame


def _count_shown(
    journeys: Journeys, hashes: np.ndarray, shown: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """PATH_FIELDS of the shown paths and, last, of all by group; the most of one customer."""
    counts = np.zeros((GROUPS, len(shown) + 1, len(PATH_FIELDS)), np.int64)
    heaviest = np.zeros((GROUPS, len(shown) + 1), np.int64)
    rest = (
        journeys.group_offsets, journeys.customer_offsets, journeys.journey_offsets, journeys.time,
        journeys.end_states, journeys.rules.settled_until, hashes, np.ascontiguousarray(shown),
        counts, heaviest,
    )  # fmt: skip
    each(count_shown_paths, [(*r, *rest) for r in ranges_of(journeys)])
    return counts, heaviest.max(axis=0)


def _table(
    counts: np.ndarray, heaviest: np.ndarray, most_read: int, paths: list[str]
) -> pd.DataFrame:
    total = counts.sum(axis=0)
    n = len(paths)
    shares = Rates(
        counts[:, :n, 0],
        counts[:, [n] * n, 0],
        total[:n, 1],
        total[[n] * n, 1],
        np.full(n, most_read),
    )
    rates = Rates(counts[:, :n, 4], counts[:, :n, 3], total[:n, 6], total[:n, 5], heaviest[:n])
    share_lower, share_upper, _ = shares.bounds()
    lower, upper, method = rates.bounds()
    return pd.DataFrame(
        {
            "path": texts(paths),
            "journeys": total[:n, 0],
            "customers": total[:n, 1],
            "share": shares.estimate,
            "share_ci_lower": share_lower,
            "share_ci_upper": share_upper,
            "settled": total[:n, 3],
            "converted": total[:n, 4],
            "conversion_rate": rates.estimate,
            "conversion_rate_ci_lower": lower,
            "conversion_rate_ci_upper": upper,
            "interval_method": texts(method),
        }
    )
