"""Which rows of drop-off tables are pooled where they are shared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from omninb.drop_off_tally import LOST, OPEN, OTHER, SAME
from omninb.pooling import Total, merged, pooled_rows
from omninb.wording import fewer_than

Label = tuple[str, ...]
_CUSTOMERS, _LOST, _SAME, _OTHER, _OPEN = range(5)


def pooled_places(
    labels: Sequence[Label], values: np.ndarray, fewest: int, so_far: bool
) -> tuple[list[Label], np.ndarray, list[tuple[bool, bool]]]:
    """Places (step, node) of a drop-off table with rare ones of a step as one.

    Returns
    -------
    labels, values
        As given, with pooled rows.
    list of (bool, bool)
        Whether it is not told of a row on which node its customers went on, and how many are open.
    """
    whole = values[..., : LOST + 1].sum(axis=2)
    counts = np.stack(
        [whole.sum(axis=0), *(values[..., f].sum(axis=0) for f in (LOST, SAME, OTHER, OPEN))],
        axis=1,
    )
    name = fewer_than(fewest)
    found = pooled_rows(
        whole,
        counts,
        [np.array([int(step) for step, _ in labels], np.int64)],
        fewest,
        _totals(labels),
        known=[(row, _OPEN) for row in range(len(labels)) if so_far],
        optional={_SAME: (_SAME, _OTHER), _OTHER: (_SAME, _OTHER), _OPEN: (_OPEN,)},
        hosts=np.array([node == name for _, node in labels], bool),
    )
    names = {int(step): (step, name) for step, _ in labels}
    rows, sums, pools = merged(labels, values, found, names)
    withheld = [tuple((pool, f) in found.withheld for f in (_SAME, _OPEN)) for pool in pools]
    return rows, sums, withheld  # type: ignore[return-value]


def _totals(labels: Sequence[Label]) -> Iterator[Total]:
    """Who took a step went on or was lost; who went on took the next step, on that node or not."""
    at: dict[int, list[int]] = {}
    row_of = {label: row for row, label in enumerate(labels)}
    for row, (place, _) in enumerate(labels):
        at.setdefault(int(place), []).append(row)
        yield Total(((row, _CUSTOMERS),), tuple((row, f) for f in (_LOST, _SAME, _OTHER)))
    for step, rows in at.items():
        after = at.get(step + 1, [])
        if after:
            yield Total(
                tuple((row, _CUSTOMERS) for row in after),
                tuple((row, f) for row in rows for f in (_SAME, _OTHER)),
            )
        for row in rows if after else []:
            next_row = row_of.get((f"{step + 1:02d}", labels[row][1]))
            if next_row is not None:
                yield Total(((row, _SAME),), ((next_row, _CUSTOMERS),), at_most=True)


def pooled_onward(
    labels: Sequence[Label], values: np.ndarray, fewest: int
) -> tuple[list[Label], np.ndarray]:
    """What came next (step, node, outcome, next), rare ones of the same three as one.

    Where these are too few, those of several nodes share a row.
    """
    name = fewer_than(fewest)
    kinds = sorted({label[:3] for label in labels})
    wider = sorted({(step, outcome) for step, _, outcome, _ in labels})
    several = [len(kinds) + wider.index((label[0], label[2])) for label in labels]
    narrow = [
        pool if label[1] == name else kinds.index(label[:3])
        for label, pool in zip(labels, several, strict=True)
    ]
    found = pooled_rows(
        values[..., 0],
        values.sum(axis=0),
        [np.array(narrow, np.int64), np.array(several, np.int64)],
        fewest,
        hosts=np.array([name in label for label in labels], bool),
    )
    names = {number: (*kind, name) for number, kind in enumerate(kinds)}
    names |= {
        len(kinds) + number: (step, name, outcome, name)
        for number, (step, outcome) in enumerate(wider)
    }
    rows, sums, _ = merged(labels, values, found, names)
    return rows, sums
