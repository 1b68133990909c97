"""Retargeting: display adverts that get the last touch before purchases, and cause nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from omninb.retailer.chance import streams, uniform
from omninb.retailer.diary import Diary
from omninb.retailer.names import CODE
from omninb.retailer.people import People, Plans
from omninb.retailer.shop import (
    APP,
    APRIL,
    AWARE,
    BOUGHT,
    BROWSE,
    DAY,
    DISPLAY,
    MESSAGES,
    OCTOBER,
    WEB,
)
from omninb.retailer.walk import Touchpoints
from omninb.retailer.year import Year

_SHOWN, _WHEN, _PERSON, _LIKE = 60, 61, 62, 63
_TRIES = 8  # customers looked at for each advert to somebody long gone
LONGEST = 1_200  # seconds from the advert to the shop
FIRST_DAY = APRIL + DAY  # so that no advert falls into March


def with_retargeting(year: Year, who: People, seed: int, share: float, leave: float) -> Year:
    """The year with adverts shown between April and September to customers who are not held out.

    A share of the visits that end in a purchase on the web or in the app get one just before the
    shop. As many more as keep display's exit probability are shown to customers long gone, who do
    not react. No other touchpoint moves.

    Parameters
    ----------
    year, who : Year, People
        The year without adverts, and its customers.
    seed : int
        As of the year.
    share : float
        Of purchases on the web and in the app, by customers who are not held out.
    leave : float
        Exit probability of display, below 1.
    """
    walked, plans = year.touchpoints, year.plans
    follows = _shop_visits(walked, who, plans, share)
    adverts = _just_before(walked, follows)
    moved = {name: getattr(walked, name).copy() for name in ("later", "first")}
    for begins in moved.values():
        begins[follows] = False
    needed = round(len(follows) * leave / (1 - leave))
    gone, unseen = _long_after(year, who, seed, adverts, needed)
    everything = Touchpoints.joined([replace(walked, **moved), adverts, unseen])
    order = np.lexsort((everything.time, everything.journey))
    return replace(year, touchpoints=everything.take(order), plans=Plans.joined([plans, gone]))


def _shop_visits(walked: Touchpoints, who: People, plans: Plans, share: float) -> np.ndarray:
    """Rows with which the shopping begins that ends in a purchase, where an advert is shown."""
    message = np.isin(walked.channel, MESSAGES)
    begins = walked.later | message | np.append(False, message[:-1])
    row = np.arange(len(walked.time))
    since = np.maximum.accumulate(np.where(begins, row, 0))
    bought = (walked.stage == BOUGHT) & np.isin(walked.channel, [WEB, APP])
    bought &= (walked.time >= FIRST_DAY) & (walked.time < OCTOBER)
    bought &= who.shown[plans.person[walked.journey]]
    bought &= uniform(plans.stream[walked.journey], _SHOWN) < share
    follows = since[bought]
    alone = np.append(True, walked.journey[1:] != walked.journey[:-1])[follows]
    return follows[alone | (walked.time[follows] - walked.time[follows - 1] > 1)]


def _just_before(walked: Touchpoints, follows: np.ndarray) -> Touchpoints:
    """Adverts up to 20 minutes before these rows, after the touchpoint before."""
    shop_visit = walked.take(follows)
    room = np.where(follows > 0, shop_visit.time - walked.time[follows - 1] - 1, LONGEST)
    room = np.where(walked.journey[follows - 1] == shop_visit.journey, room, LONGEST)
    stream = streams(shop_visit.stream, _SHOWN)
    early = 1 + (uniform(stream, _WHEN) * (np.minimum(room, LONGEST) - 1)).astype(np.int64)
    return _impressions(shop_visit, stream, shop_visit.journey, shop_visit.time - early, BROWSE)


def _long_after(
    year: Year, who: People, seed: int, adverts: Touchpoints, needed: int
) -> tuple[Plans, Touchpoints]:
    """Adverts to customers who are in no journey, at the times of the others."""
    tries = np.arange(needed * _TRIES)
    stream = streams(streams(streams(seed, 1), who.number[0]), tries)
    person = (uniform(stream, _PERSON) * len(who.number)).astype(np.int64)
    like = (uniform(stream, _LIKE) * len(adverts.time)).astype(np.int64)
    time = adverts.time[like]
    free = who.shown[person] & Diary(year.plans, year.touchpoints).free(person, time)
    once = np.unique(person[free], return_index=True)[1]
    chosen = np.flatnonzero(free)[np.sort(once)[:needed]]
    stream, person, time = stream[chosen], person[chosen], time[chosen]
    none = np.zeros(len(chosen), bool)
    gone = Plans(stream, person, time, np.full(len(chosen), DISPLAY), none, none)
    journey = len(year.plans.start) + np.arange(len(chosen))
    unseen = _impressions(adverts.take(like[chosen]), stream, journey, time, AWARE)
    return gone, replace(unseen, later=~none, first=~none)


def _impressions(
    like: Touchpoints, stream: np.ndarray, journey: np.ndarray, time: np.ndarray, stage: int
) -> Touchpoints:
    """Retargeting impressions, which begin a visit or a journey where ``like`` did."""
    n = len(time)
    return replace(
        like,
        stream=stream,
        journey=journey,
        time=time,
        channel=np.full(n, DISPLAY),
        stage=np.full(n, stage),
        event=np.full(n, CODE["ad_impression"]),
        device=np.full(n, -1),
        errand=np.full(n, -1),
        handed=np.zeros(n, bool),
        swayed=np.zeros(n, np.int64),
        retargeting=np.ones(n, bool),
    )
