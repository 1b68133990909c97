"""What a log's columns, days and activity may tell where tables are shared."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from omninb.wording import fewer_than

Integers = npt.NDArray[np.integer[Any]]


def distinct(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The different ones, in order; `numpy.unique` hashes them, which takes ten times as long."""
    lowest = int(numbers.min(initial=0))
    if int(numbers.max(initial=0)) - lowest < max(len(numbers), 1):
        return np.flatnonzero(np.bincount(numbers - lowest)) + lowest
    ordered = np.sort(numbers)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])]


def people_in(customers: Integers, part: Integers, parts: int) -> np.ndarray:
    """Distinct customers of each part, by the customer and the part of each touchpoint."""
    pairs = distinct(customers.astype(np.int64) * parts + part)
    return np.bincount(pairs % parts, minlength=parts)


def tells_of_few(customers: Integers, chosen: np.ndarray, fewest: int) -> bool:
    """Whether few customers have touchpoints that are chosen, or others, from which it follows."""
    people = people_in(customers, chosen.astype(np.int64), 2)
    return bool(((people > 0) & (people < fewest)).any())


def told_days(customers: Integers, day: Integers, fewest: int) -> np.ndarray:
    """Which days may be told, by number: those of enough customers, and those of none.

    What is left out follows in sum from the log's size, so that it is of enough customers too.
    """
    people = people_in(customers, day, int(day.max()) + 1)
    told = (people == 0) | (people >= fewest)
    seen = np.flatnonzero(told & (people > 0))
    # The log's overview tells of its first and last, quietest and busiest days.
    ends = {*seen[:1], *seen[-1:], *seen[people[seen].argsort()[[0, -1]]]} if len(seen) else set()
    rest = sorted(seen.tolist(), key=lambda one: (one in ends, people[one]))
    while not told.all() and rest and len(np.unique(customers[~told[day]])) < fewest:
        told[rest.pop(0)] = False
    return told


def pooled_channels(
    customers: Integers, place: Integers, channel: Integers, names: list[str], fewest: int
) -> list[str]:
    """The name that each channel is counted by: one for all that are rare in some place.

    Parameters
    ----------
    customers, place, channel : numpy.ndarray, int, shape (touchpoints,)
        Numbers from 0: the customer; the day, or one number for all that are left out; the channel.
    names : list of str
        The channels'.
    fewest : int
        Customers that a channel needs in a place, unless it has none there.
    """
    pooled, n = fewer_than(fewest), len(names)
    before = {code for code, name in enumerate(names) if name == pooled}  # a sum already
    pool, sizes = set(before), np.bincount(channel, minlength=n)
    while True:
        counted = np.where(np.isin(channel, list(pool)), n, channel)
        people = people_in(customers, place * (n + 1) + counted, (int(place.max()) + 1) * (n + 1))
        rare = np.any(((people > 0) & (people < fewest)).reshape(-1, n + 1), axis=0)
        rest = sorted(set(np.flatnonzero(sizes).tolist()) - pool, key=lambda code: sizes[code])
        alone = set(np.flatnonzero(rare).tolist()) - {n}
        if alone:
            pool |= alone
        elif rest and (n in np.flatnonzero(rare) or (len(pool) == 1 and not before)):
            pool.add(rest[0])
        else:
            return [pooled if code in pool else name for code, name in enumerate(names)]


def joined_classes(people: np.ndarray, fewest: int) -> list[tuple[int, int]]:
    """Neighbouring classes, from the first to the last each, that together are of enough people."""
    classes: list[tuple[int, int]] = []
    last = len(people) - 1
    for first in range(last, -1, -1):
        if people[first : last + 1].sum() >= fewest:
            classes.append((first, last))
            last = first - 1
    if last >= 0:  # too few are left at the lower end
        classes.append((0, classes.pop()[1] if classes else last))
    return classes[::-1]
