"""Who the customers are, and when they begin a journey."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from omninb.retailer import shop
from omninb.retailer.chance import Choices, normal, poisson, streams, uniform

# What is drawn for a customer and for a journey.
_CLUB, _TASTE, _RATE, _PLANNED = 1, 2, 3, 5  # a normal number takes two
TREATED, MAILED, SHOWN, CITY, COMES_BACK, COMES_BACK_ON, OFFER = 7, 8, 9, 10, 11, 12, 13
START_DAY, _LOYAL_NOW, START_CHANNEL, START_HOUR, START_SECOND, DIPPED = 1, 2, 3, 4, 5, 6
BACK, OFFERED = 1_000, 1_001  # numbers of journeys that are not planned as the year begins
_HOURS = Choices(np.array([shop.HOURS, shop.OPEN_HOURS]))
_DAYS = Choices(shop.day_weights())


class Columns:
    """Arrays of one length under names, taken by rows together."""

    def take(self, rows: np.ndarray) -> Self:
        """The same columns for these rows alone."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})  # type: ignore[arg-type]

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """The rows of all parts, one after the other."""
        return cls(**{
            f.name: np.concatenate([getattr(part, f.name) for part in parts])
            for f in fields(cls)  # type: ignore[arg-type]
        })  # fmt: skip


@dataclass(frozen=True)
class People(Columns):
    """Customers: their stream of chance, and what is settled before the year begins."""

    number: np.ndarray
    stream: np.ndarray
    club: np.ndarray
    taste: np.ndarray
    planned: np.ndarray  # journeys in the year, if none keeps another away
    treated: np.ndarray  # in the checkout test
    mailed: np.ndarray  # sent offers, or held out
    shown: np.ndarray  # shown retargeting adverts, or held out


def people(seed: int, numbers: np.ndarray) -> People:
    """Customers by number, the same in any company."""
    stream = streams(streams(seed, 0), numbers)
    club = uniform(stream, _CLUB) < shop.CLUB_SHARE
    rate = np.where(club, 2.4, 1.2) * np.exp(0.95 * normal(stream, _RATE))  # light and heavy
    return People(
        number=numbers,
        stream=stream,
        club=club,
        taste=(uniform(stream, _TASTE) * 3).astype(np.int64),
        planned=np.maximum(1, poisson(uniform(stream, _PLANNED), np.minimum(rate, 14.0))),
        treated=uniform(stream, TREATED) < 0.5,
        mailed=uniform(stream, MAILED) < 0.5,
        shown=uniform(stream, SHOWN) < 0.5,
    )


@dataclass(frozen=True)
class Plans(Columns):
    """Journeys to be walked: whose, from when, from where."""

    stream: np.ndarray
    person: np.ndarray  # row of People
    start: np.ndarray  # second of the year
    channel: np.ndarray
    loyal: np.ndarray
    offered: np.ndarray  # begun by an offer e-mail


def planned_journeys(who: People, dip: dict | None) -> Plans:
    """The journeys that customers have in mind as the year begins, by customer and time."""
    person = np.repeat(np.arange(len(who.number)), who.planned)
    nth = np.arange(len(person)) - np.repeat(who.planned.cumsum() - who.planned, who.planned)
    stream = streams(who.stream[person], nth)
    day = _DAYS.draw(uniform(stream, START_DAY))
    return plans(who, stream, person, day, dip, np.zeros(len(day), np.int64))


def plans(
    who: People,
    stream: np.ndarray,
    person: np.ndarray,
    day: np.ndarray,
    dip: dict | None = None,
    earliest: np.ndarray | None = None,
    offered: bool = False,
) -> Plans:
    """Journeys from given days on, not before the earliest, by customer and time."""
    loyal = who.club[person] & (uniform(stream, _LOYAL_NOW) < 0.4) & (not offered)
    starts = Choices(np.array([shop.START, shop.START_LOYAL, shop.START_OFFER]))
    channel = starts.draw(uniform(stream, START_CHANNEL), np.where(offered, 2, loyal))
    if dip:
        out = in_week(dip, day) & (channel == shop.CHANNELS.index(dip["channel"]))
        channel = np.where(out & (uniform(stream, DIPPED) < dip["size"]), shop.WEB, channel)
    u, v = uniform(stream, START_HOUR), uniform(stream, START_SECOND)
    start = on_day(day, channel, u, v, day if earliest is None else earliest)
    order = np.lexsort((start, person))
    everyone = Plans(stream, person, start, channel, loyal, np.full(len(day), offered))
    return everyone.take(order)


def in_week(dip: dict, day: np.ndarray) -> np.ndarray:
    """Which days of the year lie in the week of a dip."""
    monday = (np.datetime64(dip["week"], "D") - shop.YEAR.astype("M8[D]")).astype(int)
    return (day >= monday) & (day < monday + 7)


def on_day(
    day: np.ndarray, channel: np.ndarray, u: np.ndarray, v: np.ndarray, earliest: np.ndarray
) -> np.ndarray:
    """A second of the year on that day; stores and the call centre keep hours, none on Sunday."""
    staffed = np.isin(channel, shop.STAFFED)
    shift = np.where(day - 1 >= earliest, -1, 1)
    day = day + shift * (staffed & shop.is_sunday(day))
    hour = _HOURS.draw(u, staffed.astype(np.int64))
    return day * shop.DAY + hour * shop.HOUR + (v * shop.HOUR).astype(np.int64)
