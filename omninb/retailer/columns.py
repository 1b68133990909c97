"""The columns of the log, from a year of touchpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from omninb.retailer import shop
from omninb.retailer.chance import Choices, normal, streams, uniform
from omninb.retailer.names import CAMPAIGNS, CODE, COSTS, EVENTS
from omninb.retailer.people import CITY, People
from omninb.retailer.shop import (
    AFTER,
    APP,
    APRIL,
    BOUGHT,
    CHAT,
    COLLECT,
    DAY,
    LOYAL,
    OCTOBER,
    STORE,
    WEB,
)
from omninb.retailer.walk import Touchpoints
from omninb.retailer.year import Year

# What is drawn for a row, for a journey and for a customer.
_COST, _, _SCORE, _NPS, _RATED, _ANGRY, _CAMPAIGN, _LOGGED_IN = range(70, 78)
_WORTH, _COOKIES, _COOKIE_AGE = 80, 82, 83
_CSAT = Choices(np.array([0.06, 0.08, 0.14, 0.37, 0.35]))
_CHAT_CSAT = Choices(np.array([0.04, 0.06, 0.12, 0.38, 0.40]))
CHAT_CSAT_MEAN = 4.04
_NPS_SHARES = Choices(np.array([2, 1, 1, 2, 3, 6, 8, 16, 24, 19, 18]))
_RATED_SHARE = 0.5  # of chats
_COOKIE_LIFE = 150 * DAY
_ON_LOGIN = ("checkout", "payment", "purchase", "check_points", "track_order", "return_status")
FULFILMENTS = ("delivery", "collect", "taken along")


def worth(year: Year, order_value: float) -> np.ndarray:
    """EUR that the purchase of each journey is worth, if it ends in one."""
    return (order_value * np.exp(-0.245 + 0.7 * normal(year.plans.stream, _WORTH))).round(2)


def table(who: People, year: Year, truth: dict[str, Any], counted: dict[str, int]) -> pa.Table:
    """The rows of the log in time order, by role.

    Parameters
    ----------
    who, year : People, Year
        The customers and what they did.
    truth : dict
        The truths in force.
    counted : dict
        Rows, visits and orders numbered before, by customers before these.
    """
    visit_rows = np.flatnonzero(year.touchpoints.later)
    visit_number = np.empty(len(visit_rows), np.int64)
    visit_number[np.argsort(year.touchpoints.time[visit_rows], kind="stable")] = np.arange(
        len(visit_rows)
    )
    visit = visit_number[np.cumsum(year.touchpoints.later) - 1]
    logged_in = _logged_in(year.touchpoints)
    person = year.plans.person[year.touchpoints.journey]
    order = np.lexsort((person, year.touchpoints.time))
    walked, visit, logged_in = year.touchpoints.take(order), visit[order], logged_in[order]
    person, journey = person[order], walked.journey
    channel, event = walked.channel, walked.event
    bought = walked.stage == BOUGHT
    order_of = np.full(len(year.plans.start), -1)  # orders are numbered as they come
    order_of[journey[bought]] = counted["orders"] + np.arange(bought.sum())
    order_id = np.where(bought | (walked.stage == AFTER), order_of[journey], -1)
    price, returned = worth(year, truth["order_value"])[journey], event == CODE["return"]
    score, nps, scored = _scores(walked, truth)
    on_shop = (channel == WEB) | (channel == APP)
    arm, stamped = _first_checkout(who, walked, person)
    city = (uniform(who.stream, CITY) * len(shop.CITIES)).astype(np.int64)[person]
    campaign, advertised = _campaigns(walked, year)
    return pa.table(
        {
            "event_id": ids("E", counted["rows"] + np.arange(len(channel))),
            "customer_id": ids("C", who.number[person]),
            "timestamp": pa.array(
                (shop.YEAR + walked.time).astype("datetime64[us]"), pa.timestamp("us", "UTC")
            ),
            "channel": _category(channel, shop.CHANNELS),
            "event": _category(event, EVENTS),
            "phase": _category(shop.PHASE_OF_STAGE[walked.stage], shop.PHASES),
            "session_id": ids("S", counted["visits"] + visit),
            "device": _category(walked.device, shop.DEVICES, on_shop),
            "location": _category(city, shop.CITIES, channel == STORE),
            "campaign": _category(campaign, _CAMPAIGN_NAMES, advertised),
            "variant": _category(arm, ("control", "treatment"), stamped),
            "order_id": ids("O", order_id),
            "value": _number(np.where(returned, -price, price), bought | returned),
            "cost": _number(*_costs(walked)),
            "score": _number(score, scored),
            "score_kind": _category(nps, ("csat", "nps"), scored),
            "segment": _category(who.club[person], ("guest", "club")),
            "fulfilment": _category(*_fulfilment(walked, len(year.plans.start))),
            "visitor_id": ids("V", np.where(on_shop, _visitor(who, person, walked), -1), 16),
            "logged_in": pa.array(logged_in, mask=~on_shop),
            "mail_group": _category(who.mailed[person], ("held out", "sent")),
            "ad_group": _category(who.shown[person], ("held out", "shown")),
        }
    )


_CAMPAIGN_NAMES = [name for names in CAMPAIGNS.values() for name in names]
_CAMPAIGN_NAMES += ["personal_offer", "retargeting"]


def _campaigns(walked: Touchpoints, year: Year) -> tuple[np.ndarray, np.ndarray]:
    """Which campaign a message belongs to, and which rows are messages before a purchase."""
    first = np.full(len(shop.CHANNELS), -1)
    first[list(CAMPAIGNS)] = np.arange(len(CAMPAIGNS)) * 3
    third = (uniform(walked.stream, _CAMPAIGN) * 3).astype(np.int64)
    campaign = first[walked.channel] + third
    offer = year.plans.offered[walked.journey] & (walked.time == year.plans.start[walked.journey])
    campaign = np.where(offer, len(_CAMPAIGN_NAMES) - 2, campaign)
    campaign = np.where(walked.retargeting, len(_CAMPAIGN_NAMES) - 1, campaign)
    return campaign, (first[walked.channel] >= 0) & (walked.stage != AFTER)


def _costs(walked: Touchpoints) -> tuple[np.ndarray, np.ndarray]:
    """EUR that a touchpoint cost the retailer, and which rows cost anything."""
    mean = np.zeros((len(shop.CHANNELS), len(EVENTS)))
    for (channel, event), cost in COSTS.items():
        mean[channel, CODE[event]] = cost
    each = mean[walked.channel, walked.event]
    return (each * np.exp(-0.08 + 0.4 * normal(walked.stream, _COST))).round(4), each > 0


def _scores(walked: Touchpoints, truth: dict[str, Any]) -> tuple[np.ndarray, ...]:
    """The score of each row, whether it is an NPS answer, and whether there is one."""
    u, handover = uniform(walked.stream, _SCORE), truth["chat_handover"] or {"csat": 0.0}
    nps, csat = walked.event == CODE["nps_answer"], walked.event == CODE["csat_answer"]
    chat = (walked.channel == CHAT) & (walked.event == CODE["contact"])
    chat &= uniform(walked.stream, _RATED) < _RATED_SHARE
    score = np.where(chat, _CHAT_CSAT.draw(u), _CSAT.draw(u)) + 1.0
    # Some who had to repeat themselves give the chat one star, which lowers the mean as planted.
    one_star = walked.handed & (
        uniform(walked.stream, _ANGRY) < handover["csat"] / (CHAT_CSAT_MEAN - 1)
    )
    score = np.where(chat & one_star, 1.0, score)
    score = np.where(nps, _NPS_SHARES.draw(u), score)
    return score, nps, nps | csat | chat


def _first_checkout(
    who: People, walked: Touchpoints, person: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The arm of the checkout test, and the rows where a customer is first exposed to it."""
    exposed = (walked.event == CODE["checkout"]) & np.isin(walked.channel, [WEB, APP])
    rows = np.flatnonzero(exposed & (walked.time >= APRIL) & (walked.time < OCTOBER))
    stamped = np.zeros(len(person), bool)
    stamped[rows[np.unique(person[rows], return_index=True)[1]]] = True
    return who.treated[person], stamped


def _fulfilment(walked: Touchpoints, journeys: int) -> tuple[np.ndarray, Sequence[str], np.ndarray]:
    """How the goods of a purchase reach the customer."""
    collected = np.zeros(journeys, bool)
    collected[walked.journey[walked.errand == COLLECT]] = True
    how = np.where(walked.channel == STORE, 2, collected[walked.journey])
    return how, FULFILMENTS, walked.stage == BOUGHT


def _visitor(who: People, person: np.ndarray, walked: Touchpoints) -> np.ndarray:
    """The cookie of a browser, new every five months or so, or the app's device."""
    age = (uniform(who.stream, _COOKIE_AGE) * _COOKIE_LIFE).astype(np.int64)[person]
    cookie = np.where(walked.channel == APP, 99, (walked.time + age) // _COOKIE_LIFE)
    browser = streams(streams(who.stream[person], _COOKIES), (walked.device + 1) * 100 + cookie)
    return (browser % np.uint64(10**16)).astype(np.int64)


def _logged_in(walked: Touchpoints) -> np.ndarray:
    """Whether the retailer knew at a touchpoint who it was; once known in a visit, it stays."""
    row = np.arange(len(walked.time))
    at_once = np.where(walked.channel == APP, 0.75, 0.25)
    known = walked.later & (uniform(walked.stream, _LOGGED_IN) < at_once)
    known |= np.isin(walked.event, [CODE[name] for name in _ON_LOGIN])
    known |= np.isin(walked.stage, [AFTER, LOYAL])
    latest = np.maximum.accumulate(np.where(known, row, -1))
    return latest >= np.maximum.accumulate(np.where(walked.later, row, 0))


def ids(letter: str, number: np.ndarray, digits: int = 8) -> pa.Array:
    """Ids as text, all of one length, with leading zeros; null below 0."""
    groups = max(digits, len(str(number.max(initial=0))) + 3) // 4
    text = np.empty((len(number), 1 + 4 * groups), np.uint8)
    text[:, 0], rest = ord(letter), np.maximum(number, 0)
    for group in range(groups - 1, -1, -1):  # four digits at a time are looked up
        rest, four = np.divmod(rest, 10_000)
        text[:, 1 + 4 * group : 5 + 4 * group] = _FOUR_DIGITS[four]
    offsets = np.arange(len(number) + 1, dtype=np.int64) * text.shape[1]
    valid = pa.array(number >= 0).buffers()[1]
    buffers = [valid, pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.large_string(), len(number), buffers).cast(pa.string())


_FOUR_DIGITS = np.array([list(b"%04d" % n) for n in range(10_000)], np.uint8)


def _number(values: np.ndarray, present: np.ndarray) -> pa.Array:
    return pa.array(values, mask=~present)


def _category(
    code: np.ndarray, names: Sequence[str], present: np.ndarray | None = None
) -> pa.DictionaryArray:
    """Names stored once, null where not present."""
    mask = None if present is None else ~present
    return pa.DictionaryArray.from_arrays(
        pa.array(code.astype(np.int32), mask=mask), pa.array(list(names), pa.string())
    )
