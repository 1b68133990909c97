"""Where a customer who does not leave turns next, and what the planted truths make of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from omninb.retailer import shop
from omninb.retailer.chance import Choices, normal, uniform
from omninb.retailer.names import CODE
from omninb.retailer.people import on_day
from omninb.retailer.shop import (
    AFTER,
    APP,
    BASKET,
    BOUGHT,
    BROWSE,
    CALL,
    CHAT,
    DAY,
    LOYAL,
    PAY,
    SHOPS,
    STORE,
    WEB,
)

# What is drawn for a touchpoint on going on.
(PLAIN, BUYS, SAME, GAP, _, MINUTES, _, HOUR_OF_DAY, SECOND, ERRAND, PLACE, HANDED, AGAIN) = range(
    20, 33
)
TO_STORE, FORWARD, FINISH, READY, _ = range(33, 38)
SWAYED_BY_VIDEO, SWAYED_BY_CHECKOUT = 1, 2


@dataclass(frozen=True)
class Chances:
    """The truths in force, as the probabilities that a walk needs."""

    leave: np.ndarray  # by channel
    service_rate: float
    devices: Choices  # of a visit to the web shop, by half of the year
    checks_out: np.ndarray  # of baskets on the web, by half of the year and device
    pays: np.ndarray  # of checkouts, by arm of the test and device
    tested: tuple[int, int]  # seconds of the year from and until which the test runs
    stall: float  # of payments in the app, of those who go on
    finish: float  # of the stalled
    to_store: float  # of first looks on the web
    video: float  # relative, on VIDEO_TO_STORE
    handover: float  # of chats, of those who go on
    repeat: float  # added to CALLS_AGAIN after a hand-over
    slow: float  # how many times longer an order of the weekend takes to be ready


def _plain() -> Choices:
    """The next channel: rows by channel, taste, club and whether products were seen online.

    Who has looked online does not turn up in a store by chance: that is what the research and the
    video cause, so that the log shows them and nothing else.
    """
    rows = []
    for source in range(10):
        for taste in shop.TASTES:
            for roaming in shop.ROAMING:
                weights = shop.MOVES[source] * taste * roaming
                weights[source] /= roaming
                rows += [weights, np.where(np.arange(10) == STORE, 0.0, weights)]
    return Choices(np.array([*rows, *shop.MOVES_AFTER, shop.MOVES_OFFER]))


_PLAIN = _plain()
_AFTER_ROW = 10 * 3 * 2 * 2
_ERRANDS, _RETURNS, _ASKS = Choices(shop.ERRAND_OF), Choices(shop.RETURN_TO), Choices(shop.ASK_AT)


def next_touchpoint(
    at: dict[str, np.ndarray], chances: Chances
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """The next touchpoint of each journey that goes on.

    Parameters
    ----------
    at : dict of arrays
        The journeys at a touchpoint.
    chances : Chances
        The truths in force.

    Returns
    -------
    onward : dict of arrays
        The journeys on their way to the next.
    handing : array of bool
        Whether this is a chat that hands over.
    swayed : array of int
        Whether this goes on otherwise than it would without the video, or the checkout test.
    """
    onward = _Onward(at, chances)
    onward.plain()
    swayed = onward.to_the_store() + onward.through_the_checkout()
    onward.stall_at_payment()
    onward.after_the_purchase()
    handing = onward.contacts()
    return onward.arrays(), handing, swayed


class _Onward:
    """The next touchpoint as it is settled, rule by rule; a later rule overrides an earlier one."""

    def __init__(self, at: dict[str, np.ndarray], chances: Chances) -> None:
        self.at, self.chances = at, chances
        self.source, self.event, self.was = at["channel"], at["event"], at["stage"]
        self.over = np.isin(self.was, [BOUGHT, AFTER])
        self.in_shop = np.isin(self.source, SHOPS) & ~self.over & (self.was != LOYAL)

    def _u(self, purpose: int) -> np.ndarray:
        return uniform(self.at["stream"], purpose)

    def plain(self) -> None:
        """By habit: a channel, at once or days later; in a store or by phone perhaps a purchase."""
        at, source = self.at, self.source
        row = ((source * 3 + at["taste"]) * 2 + at["club"]) * 2 + at["seen"]
        row = np.where(self.over, _AFTER_ROW + source, row)
        row = np.where(at["offered"] & (at["time"] == at["start"]), _AFTER_ROW + 10, row)
        self.channel = _PLAIN.draw(self._u(PLAIN), row)
        before = np.where(self.was == LOYAL, BROWSE, np.minimum(self.was, BASKET))
        self.stage = np.where(self.over, AFTER, before)
        self.buys = ~self.over & (self._u(BUYS) < shop.PURCHASE[self.channel])
        self.later = self._u(SAME) >= shop.SAME_VISIT[source, self.channel]
        self.later &= at["time"] - at["start"] < shop.SPAN
        # People go to a store in a visit of its own, when it is open; and a call within the hour
        # after a chat is a hand-over, and nothing else is.
        self.later |= np.isin(self.channel, shop.STAFFED) & (self.channel != source)
        days = np.rint(np.exp(0.8 + 0.9 * normal(at["stream"], GAP)))
        self.days = np.clip(days, 1, 20).astype(np.int64)
        self.handed = np.zeros(len(source), bool)
        self.errand, self.nth = at["errand"].copy(), at["nth"] + self.over
        self.device = np.full(len(source), -1)

    def _send(self, rows: np.ndarray, channel: np.ndarray | int, later: bool, buys: bool) -> None:
        self.channel = np.where(rows, channel, self.channel)
        self.later, self.buys = np.where(rows, later, self.later), np.where(rows, buys, self.buys)

    def to_the_store(self) -> np.ndarray:
        """From the first look at a product online to a purchase in a store."""
        film = self.event == CODE["watch_video"]
        plain = np.where(self.source == WEB, self.chances.to_store, shop.VIDEO_TO_STORE)
        u, chance = self._u(TO_STORE), plain * np.where(film, 1.0 + self.chances.video, 1.0)
        self.goes = self.at["looks"] & (u < chance)
        self._send(self.goes, STORE, later=True, buys=True)
        on_web = self.goes & (self.source == WEB)
        self.days = np.where(on_web, np.minimum(self.days, 5), self.days)
        in_two = np.where(self.days > 2, 2 - self.days % 2, self.days)
        opened = np.where(shop.is_sunday(self.at["time"] // DAY + in_two), 3 - in_two, in_two)
        self.days = np.where(self.goes & ~on_web, opened, self.days)
        return (self.at["looks"] & film & (self.goes != (u < plain))) * SWAYED_BY_VIDEO

    def through_the_checkout(self) -> np.ndarray:
        """In a shop, from looking to the basket, the checkout, the payment and the purchase."""
        source, was, time = self.source, self.was, self.at["time"]
        phone = np.where(source == WEB, self.at["device"], np.where(source == APP, 1, 2))
        device = np.where(source == WEB, self.at["device"], shop.TABLET)
        basket = self.chances.checks_out[
            np.where(source == WEB, time >= shop.JULY, 0).astype(int), device
        ]
        start, end = self.chances.tested
        treated = self.at["treated"] & (time >= start) & (time < end) & (source != shop.MARKET)
        pays, control = (
            self.chances.pays[arm.astype(int), phone] for arm in (treated, treated * 0)
        )
        u, forward = self._u(FORWARD), np.where(was == BROWSE, shop.FILLS, basket)
        forward = np.where(was == shop.CHECKOUT, pays, np.where(was == PAY, 1.0, forward))
        moves = self.in_shop & ~self.goes & (u < forward)
        self._send(moves, source, later=False, buys=False)
        self.stage = np.where(moves, np.minimum(was + 1, PAY), self.stage)
        self.buys |= moves & (was == PAY)
        self.later |= self.in_shop & (was == shop.CHECKOUT) & ~moves
        return (
            self.in_shop & (was == shop.CHECKOUT) & (moves != (u < control))
        ) * SWAYED_BY_CHECKOUT

    def stall_at_payment(self) -> None:
        """In the app, some payments stall; of these, some are finished on the desktop."""
        paying = self.in_shop & (self.was == PAY) & (self.source == APP)
        stalls = paying & (self._u(FORWARD) < self.chances.stall)
        finishes = stalls & (self._u(FINISH) < self.chances.finish)
        gives_up = stalls & ~finishes
        row = ((APP * 3 + self.at["taste"]) * 2 + self.at["club"]) * 2 + 1
        self._send(gives_up, _PLAIN.draw(self._u(PLAIN), row), later=True, buys=False)
        self._send(finishes, WEB, later=True, buys=True)
        self.device = np.where(finishes, shop.DESKTOP, self.device)
        self.stage = np.where(gives_up, BASKET, self.stage)
        self.days = np.where(finishes, np.minimum(self.days, 2), self.days)
        self.days = np.where(gives_up, np.clip(self.days + 3, 4, 20), self.days)

    def after_the_purchase(self) -> None:
        """What the order leads to: a parcel, a collection, a return, a question, a survey."""
        begins = self.was == BOUGHT
        errand = _ERRANDS.draw(self._u(ERRAND), self.source)
        self.errand = np.where(begins, errand, self.errand)
        place = np.where(
            errand == shop.RETURN, _RETURNS.draw(self._u(PLACE), self.source), shop.MAIL
        )
        place = np.where(errand == shop.QUESTION, _ASKS.draw(self._u(PLACE)), place)
        self._send(begins, place, later=True, buys=False)
        self.days = np.where(begins, np.minimum(self.days, 15), self.days)
        collects = (self.at["nth"] == 1) & (self.errand == shop.COLLECT)
        self._send(collects, STORE, later=True, buys=False)

    def contacts(self) -> np.ndarray:
        """Chats that hand over to the call centre, and calls that lead to another contact."""
        asks = self.event == CODE["contact"]
        hands = asks & (self.source == CHAT) & (self._u(HANDED) < self.chances.handover)
        self._send(hands, CALL, later=False, buys=False)
        self.handed = hands
        chance = shop.CALLS_AGAIN + self.at["handed"] * self.chances.repeat
        again = asks & (self.source == CALL) & (self._u(AGAIN) < chance)
        where = np.where(self._u(PLACE) < 0.6, CALL, CHAT)
        self._send(again, where, later=True, buys=False)
        self.days = np.where(again, np.minimum(self.days, 5), self.days)
        return hands

    def arrays(self) -> dict[str, np.ndarray]:
        """The journeys at their next touchpoint, at its time."""
        at, time, begins = self.at, self.at["time"], self.was == BOUGHT
        seconds = np.clip(np.exp(4.3 + normal(at["stream"], MINUTES)), 3, 1500).astype(np.int64)
        self.later |= (self.channel == STORE) & ((time + seconds) % DAY >= shop.CLOSES)
        day = time // DAY + self.days
        u, v = self._u(HOUR_OF_DAY), self._u(SECOND)
        later = on_day(day, self.channel, u, v, time // DAY + 1)
        weekend = np.isin(time // DAY % 7, [3, 4])
        hours = np.exp(1.2 + 0.5 * normal(at["stream"], READY))
        hours *= np.where(weekend, self.chances.slow, 1.0)
        ready = time + (hours * shop.HOUR).astype(np.int64)
        later = np.where(begins & (self.errand == shop.COLLECT), ready, later)
        stays = ~self.later & (self.source == WEB) & (self.channel == WEB)
        shopping = self.buys & np.isin(self.channel, SHOPS)
        return {
            "journey": at["journey"],
            "time": np.where(self.later, later, time + seconds),
            "channel": self.channel,
            "stage": np.where(shopping, PAY, self.stage),
            "device": np.where(stays, at["device"], self.device),
            "later": self.later,
            "first": begins,
            "buys": self.buys,
            "seen": at["seen"],
            "errand": self.errand,
            "nth": self.nth,
            "handed": self.handed,
        }
