"""A year of all customers: their journeys at a distance, who comes back, and what offers cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from omninb.errors import OmninbError
from omninb.retailer import shop
from omninb.retailer.chance import streams, uniform
from omninb.retailer.diary import Diary, ends
from omninb.retailer.moves import Chances
from omninb.retailer.people import (
    BACK,
    COMES_BACK,
    COMES_BACK_ON,
    OFFER,
    OFFERED,
    People,
    Plans,
    planned_journeys,
    plans,
)
from omninb.retailer.shop import APRIL, BOUGHT, DAY, DAYS, OCTOBER, REST
from omninb.retailer.walk import Touchpoints, walk

COMES_BACK_RATE = 0.55  # of guests seen in January to March: begin a journey in October to December
OFFERS = (98, 248)  # days of the year between which offers are sent, from 9 April on
CLEAR = 76 * DAY + REST  # no journey planned so long after an offer: none is kept away by it
_MANY = 300  # below, chance decides whether a planted size can be reached, and it is not refused
_SEND, _DATES = 14, 4  # dates at which an offer is thought of


@dataclass(frozen=True)
class Rates:
    """What the planted sizes come to in this company of customers, from what happens in it."""

    club_comes_back: float  # more than guests, so that four channels seem to keep customers
    offers_work: float  # share of possible journeys after an offer that are made


@dataclass(frozen=True)
class Year:
    """The touchpoints of the year, by journey and time, with the plans that they follow."""

    touchpoints: Touchpoints
    plans: Plans
    rates: Rates


def year(who: People, chances: Chances, truth: dict, rates: Rates | None = None) -> Year:
    """Walk a year. Without given rates they follow from the planted sizes.

    Journeys are placed in this order, each at a distance from those before: what customers plan
    from January to September, who comes back from October on, and then journeys that only an offer
    sets off. So without offers all others stay as they are.
    """
    intended = planned_journeys(who, truth["channel_dip"])
    early = intended.start < OCTOBER
    spring, walked, free = _kept(who, intended.take(np.flatnonzero(early)), chances, None)
    extra = truth["four_channel_retention"] or 0.0
    more = rates.club_comes_back if rates else _club_comes_back(who, spring, walked, extra)
    planned = intended.take(np.flatnonzero(~early))
    autumn = _autumn(who, planned, spring, walked, free, more, truth["channel_dip"])
    autumn, later, _ = _kept(who, autumn, chances, free)
    settled, touchpoints = _with(spring, walked, autumn, later)
    work = 0.0
    if truth["email_effect"]:
        offers, after = _possible_offers(who, settled, touchpoints, chances)
        caused, usual = _bought_in_year(after), _mailed_purchases(who, settled, touchpoints)
        work = rates.offers_work if rates else truth["email_effect"] * usual / max(caused, 1)
        if work > 1 and usual >= _MANY:
            raise OmninbError(
                f"email_effect={truth['email_effect']!r}: with these exit probabilities and the "
                f"other truths, offers can cause at most {caused / usual:.2g}. Give less, or "
                "email_effect=None to switch it off."
            )
        rows = np.flatnonzero(uniform(offers.stream, OFFER) < work)
        settled, touchpoints = _with(settled, touchpoints, *_taken(offers, after, rows))
    seen = touchpoints.take(np.flatnonzero(touchpoints.time < DAYS * DAY))
    return Year(seen.take(np.lexsort((seen.time, seen.journey))), settled, Rates(more, work))


def _kept(
    who: People, plan: Plans, chances: Chances, free: np.ndarray | None
) -> tuple[Plans, Touchpoints, np.ndarray]:
    """Of planned journeys, those that begin when the customer has rested from the one before."""
    walked = walk(who, plan, chances)
    last = ends(plan, walked)
    free = np.zeros(len(who.number), np.int64) if free is None else free.copy()
    nth = np.arange(len(plan.person)) - np.searchsorted(plan.person, plan.person)
    kept = np.zeros(len(plan.start), bool)
    for n in range(nth.max(initial=-1) + 1):
        rows = np.flatnonzero(nth == n)
        rows = rows[plan.start[rows] >= free[plan.person[rows]]]
        kept[rows] = True
        free[plan.person[rows]] = last[rows] + REST
    return *_taken(plan, walked, np.flatnonzero(kept)), free


def _taken(plan: Plans, walked: Touchpoints, rows: np.ndarray) -> tuple[Plans, Touchpoints]:
    """These journeys alone, numbered anew."""
    number = np.full(len(plan.start), -1)
    number[rows] = np.arange(len(rows))
    touchpoints = walked.take(np.flatnonzero(number[walked.journey] >= 0))
    touchpoints.journey[:] = number[touchpoints.journey]
    return plan.take(rows), touchpoints


def _with(
    plan: Plans, walked: Touchpoints, more: Plans, more_walked: Touchpoints
) -> tuple[Plans, Touchpoints]:
    """Both, with the journeys of the second numbered after those of the first."""
    more_walked.journey[:] += len(plan.start)
    return Plans.joined([plan, more]), Touchpoints.joined([walked, more_walked])


def _in_spring(who: People, plan: Plans, walked: Touchpoints) -> np.ndarray:
    """How many different channels each customer is seen on from January to March."""
    rows = np.flatnonzero(walked.time < APRIL)
    used = np.zeros((len(who.number), len(shop.CHANNELS)), bool)
    used[plan.person[walked.journey[rows]], walked.channel[rows]] = True
    return used.sum(axis=1)


def _club_comes_back(who: People, plan: Plans, walked: Touchpoints, planted: float) -> float:
    """How much likelier club members must come back for the planted ratio to show.

    With guests coming back at rate g and members at g + d, and members' shares a among customers
    of four or more channels and b among the others, (g + d a) / (g + d b) = 1 + planted.
    """
    channels = _in_spring(who, plan, walked)
    many, few = who.club[channels >= 4], who.club[(channels > 0) & (channels < 4)]
    if not planted or not len(many) or not len(few):
        return 0.0
    apart = many.mean() - (1 + planted) * few.mean()
    more = planted * COMES_BACK_RATE / apart if apart > 0 else np.inf
    if more > 1 - COMES_BACK_RATE and len(many) >= _MANY:
        raise OmninbError(
            f"four_channel_retention={planted!r}: with the other truths as they are, more than "
            "club members can do who are seen on many channels. Give less, or "
            "four_channel_retention=None to switch it off."
        )
    return min(more, 1 - COMES_BACK_RATE)


def _autumn(
    who: People,
    plan: Plans,
    spring: Plans,
    walked: Touchpoints,
    free: np.ndarray,
    more: float,
    dip: dict | None,
) -> Plans:
    """Journeys from October on: who was seen until March comes back with a settled probability."""
    cohort = _in_spring(who, spring, walked) > 0
    back = uniform(who.stream, COMES_BACK) < COMES_BACK_RATE + more * who.club
    stays = plan.take(np.flatnonzero((back | ~cohort)[plan.person]))
    comes = np.zeros(len(who.number), bool)
    comes[stays.person[stays.start >= free[stays.person]]] = True
    person = np.flatnonzero(cohort & back & ~comes)
    earliest = np.maximum(-(-free[person] // DAY), OCTOBER // DAY)
    u = uniform(who.stream[person], COMES_BACK_ON)
    day = np.minimum(earliest + (u * (DAYS - earliest)).astype(np.int64), DAYS - 2)
    added = plans(who, streams(who.stream[person], BACK), person, day, dip)
    both = Plans.joined([stays, added])
    return both.take(np.lexsort((both.start, both.person)))


def _possible_offers(
    who: People, plan: Plans, walked: Touchpoints, chances: Chances
) -> tuple[Plans, Touchpoints]:
    """Journeys that an offer could set off: one a mailed customer, clear of all other journeys."""
    diary, everyone = Diary(plan, walked), np.arange(len(who.number))
    day = np.full(len(who.number), -1)
    for n in range(_DATES):
        u = uniform(who.stream, _SEND + n)
        sent = (OFFERS[0] + u * (OFFERS[1] - OFFERS[0])).astype(np.int64)
        day = np.where((day < 0) & diary.free(everyone, sent * DAY, CLEAR), sent, day)
    chosen = np.flatnonzero(who.mailed & (day >= 0))
    offers = plans(who, streams(who.stream[chosen], OFFERED), chosen, day[chosen], offered=True)
    return offers, walk(who, offers, chances)


def _bought_in_year(walked: Touchpoints) -> int:
    return int(((walked.stage == BOUGHT) & (walked.time < DAYS * DAY)).sum())


def _mailed_purchases(who: People, plan: Plans, walked: Touchpoints) -> int:
    """Purchases of mailed customers from the first offer to the end of the year."""
    time = (walked.time >= OFFERS[0] * DAY) & (walked.time < DAYS * DAY)
    return int((time & (walked.stage == BOUGHT) & who.mailed[plan.person[walked.journey]]).sum())
