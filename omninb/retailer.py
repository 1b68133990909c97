"""The invented retailer: its channels, what it logs, and how its customers walk through them.

A journey is a walk over (channel, stage). At every touchpoint the customer first leaves with the
channel's exit probability, whatever came before; otherwise buys, or moves on. That order is what
makes the exit probability of a channel a number that an analysis of the log can be held against.
Moves, starts and tastes are relative weights, chosen to look like a retailer with shops in town, a
web shop and an app; no real log stands behind them.
"""

from __future__ import annotations

import numpy as np

CHANNELS = (
    "web", "mobile app", "store", "call centre", "chat",
    "e-mail", "social", "paid search", "display", "marketplace",
)  # fmt: skip
WEB, APP, STORE, CALL, CHAT, MAIL, SOCIAL, SEARCH, DISPLAY, MARKET = range(10)
SHOPS = [WEB, APP, MARKET]  # where a basket is filled touchpoint by touchpoint
MESSAGES = [MAIL, SOCIAL, SEARCH, DISPLAY]

# Stages of a journey: what the customer has in mind, and the phase in which it is logged.
AWARE, BROWSE, BASKET, CHECKOUT, PAY, BOUGHT, AFTER, LOYAL = range(8)
PHASES = ("awareness", "consideration", "decision", "service", "loyalty")
PHASE_OF_STAGE = np.array([0, 1, 2, 2, 2, 2, 3, 4])

EXIT_PROBABILITY = dict(
    zip(CHANNELS, (0.09, 0.10, 0.24, 0.28, 0.18, 0.22, 0.34, 0.26, 0.50, 0.12), strict=True)
)
# Buying, of those who do not leave: online after a payment, in the store, by phone or in a chat.
PURCHASE = np.array([0.85, 0.85, 0.52, 0.12, 0.03, 0.0, 0.0, 0.0, 0.0, 0.85])
START = np.array([0.21, 0.15, 0.02, 0.01, 0.01, 0.13, 0.13, 0.22, 0.06, 0.06])
START_LOYAL = np.array([0.20, 0.36, 0.04, 0.01, 0.01, 0.34, 0.02, 0.01, 0.0, 0.01])
MOVES = np.array([  # from (row) to (column): relative weights, before the purchase
    # web  app  store call chat mail social search display market
    [40.0, 7.0, 16.0, 5.0, 10.0, 4.0, 0.5, 1.5, 0.7, 3.0],
    [7.0, 34.0, 14.0, 2.0, 8.0, 4.0, 0.5, 0.5, 0.3, 0.7],
    [8.0, 6.0, 16.0, 3.0, 0.5, 1.0, 0.2, 0.3, 0.1, 0.5],
    [10.0, 3.0, 26.0, 10.0, 2.0, 2.0, 0.1, 0.2, 0.1, 0.2],
    [18.0, 8.0, 15.0, 20.0, 13.0, 1.0, 0.1, 0.2, 0.1, 0.2],
    [34.0, 26.0, 5.0, 1.0, 0.5, 9.0, 0.4, 0.5, 0.2, 0.6],
    [27.0, 26.0, 1.5, 0.3, 0.3, 0.5, 9.0, 1.5, 0.6, 1.5],
    [48.0, 12.0, 2.0, 0.7, 0.5, 0.5, 0.4, 8.0, 0.5, 3.0],
    [24.0, 4.0, 1.0, 0.2, 0.2, 0.3, 1.5, 3.0, 12.0, 2.0],
    [10.0, 1.5, 2.0, 0.5, 0.2, 0.5, 0.3, 1.0, 0.5, 27.0],
])  # fmt: skip
MOVES_AFTER = np.array([  # after the purchase: questions, parcels, returns, a survey by e-mail
    [8.0, 2.0, 8.0, 12.0, 14.0, 8.0, 0.2, 0.0, 0.0, 0.0],
    [2.0, 8.0, 8.0, 8.0, 14.0, 8.0, 0.2, 0.0, 0.0, 0.0],
    [1.0, 1.0, 2.0, 3.0, 1.0, 12.0, 0.1, 0.0, 0.0, 0.0],
    [1.0, 1.0, 6.0, 14.0, 2.0, 12.0, 0.2, 0.0, 0.0, 0.0],
    [2.0, 2.0, 4.0, 16.0, 10.0, 9.0, 0.2, 0.0, 0.0, 0.0],
    [5.0, 4.0, 4.0, 4.0, 4.0, 3.0, 0.4, 0.0, 0.0, 0.0],
    [2.0, 2.0, 1.0, 4.0, 4.0, 1.0, 3.0, 0.0, 0.0, 0.0],
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.1, 0.0, 0.0, 0.0],
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.1, 0.0, 0.0, 0.0],
    [2.0, 1.0, 1.0, 6.0, 5.0, 6.0, 0.1, 0.0, 0.0, 1.0],
])  # fmt: skip
STAY = np.array([1.0, 1.0, 2.0, 5.0, 7.0])  # who is further on changes channel less often
TASTES = np.ones((3, 10))  # three kinds of customers: at a desk, on the phone, in town
TASTES[0, [WEB, MARKET]], TASTES[1, APP], TASTES[2, [STORE, CALL]] = 1.6, 1.7, 2.0

# How often the next touchpoint comes within minutes; otherwise it comes on a later day.
SAME_VISIT = np.full((10, 10), 0.1)
SAME_VISIT[:, STORE] = 0.0
SAME_VISIT[STORE, STORE] = 0.5
SAME_VISIT[np.ix_(MESSAGES, SHOPS)] = 0.9
SAME_VISIT[SHOPS, SHOPS] = 0.9
SAME_VISIT[[WEB, APP, CHAT, CHAT], [CHAT, CHAT, CALL, WEB]] = 0.7

DAY = 86_400
YEAR = np.datetime64("2025-01-01T00:00:00", "s")
DAYS = 365
REST = 31 * DAY  # between two journeys of a customer; no gap inside one is longer than 22 days
HOURS = np.array(
    [2, 1, 1, 1, 1, 2, 5, 9, 13, 16, 18, 19, 20, 19, 18, 18, 19, 22, 25, 28, 29, 24, 14, 6]
)
OPEN_HOURS = np.array([0] * 9 + [4, 7, 9, 11, 11, 10, 10, 12, 14, 13, 8] + [0] * 4)

_ONLINE = {
    BROWSE: "view_product view_product search compare",
    BASKET: "add_to_cart",
    CHECKOUT: "checkout",
    PAY: "payment",
    AFTER: "track_order return",
    LOYAL: "view_product search",
}
EVENTS: dict[
    int, dict[int, str]
] = {  # equally likely; a stage without events takes those before it
    WEB: _ONLINE,
    APP: {**_ONLINE, LOYAL: "check_points"},
    STORE: {BROWSE: "visit", BASKET: "visit advice", AFTER: "pickup return advice", LOYAL: "visit"},
    CALL: {BROWSE: "contact"},
    CHAT: {BROWSE: "contact"},
    MAIL: {
        AWARE: "open_mail click",
        AFTER: "delivery csat_answer nps_answer",
        LOYAL: "offer_click",
    },
    SOCIAL: {AWARE: "ad_impression ad_click view_post"},
    SEARCH: {AWARE: "ad_click"},
    DISPLAY: {AWARE: "ad_impression ad_impression ad_click"},
    MARKET: _ONLINE,
}
CAMPAIGNS: dict[int, str] = {  # equally likely
    MAIL: "newsletter new_arrivals reminder",
    SOCIAL: "lookbook creators local_stores",
    SEARCH: "brand category products",
    DISPLAY: "prospecting retargeting seasonal",
}
DEVICES = ("desktop", "mobile", "tablet")
CITIES = ("Berlin", "Bremen", "Dresden", "Frankfurt", "Hamburg", "Köln", "Leipzig", "München")
COSTS = {  # EUR a touchpoint, on average
    (SEARCH, "ad_click"): 0.85,
    (DISPLAY, "ad_click"): 0.55,
    (SOCIAL, "ad_click"): 0.40,
    (CALL, "contact"): 5.60,
    (CHAT, "contact"): 2.80,
}


def touchpoints(
    random: np.random.Generator, customers: int, leave: np.ndarray, service_rate: float
) -> dict[str, np.ndarray]:
    """A year of touchpoints, in time order.

    Parameters
    ----------
    random : numpy.random.Generator
        Where all chance comes from.
    customers : int
        How many customers.
    leave : array
        Exit probability by channel.
    service_rate : float
        Probability that a purchase is followed by questions, a parcel, a return or a survey.

    Returns
    -------
    dict of arrays
        One entry a touchpoint: ``time`` (seconds of the year), ``customer``, ``journey``,
        ``channel``, ``stage``, ``visit`` (numbered), and ``first``: begins a journey, where a
        purchase ends one.
    """
    customer, day, loyal = _journeys(random, customers)
    taste = random.integers(len(TASTES), size=customers)[customer]
    return _in_the_year(_walk(random, leave, service_rate, taste, day, loyal), customer)


def _draw(random: np.random.Generator, weights: np.ndarray) -> np.ndarray:
    """One column for each row of ``weights``, with probability in proportion to its weight."""
    bounds = weights.cumsum(axis=-1)
    return (random.random(len(bounds))[:, None] * bounds[:, -1:] >= bounds).sum(axis=1)


def _day_weights() -> np.ndarray:
    """How busy each day of the year is: Saturdays, a dip in summer, the weeks before Christmas."""
    day = np.arange(DAYS)
    # The year begins on a Wednesday.
    week = np.array([1.0, 1.0, 1.05, 1.2, 0.95, 0.95, 0.97])[day % 7]
    summer = 0.15 * np.exp(-(((day - 210) / 25) ** 2))
    christmas = 0.8 * np.exp(-(((day - 338) / 16) ** 2))
    return week * (1 - summer + christmas)


def _time_of_day(random: np.random.Generator, channel: np.ndarray) -> np.ndarray:
    """Seconds since midnight; stores and the call centre keep hours."""
    staffed = np.isin(channel, [STORE, CALL])
    hour = _draw(random, np.where(staffed[:, None], OPEN_HOURS, HOURS))
    return hour * 3600 + random.integers(3600, size=len(channel))


def _journeys(random: np.random.Generator, customers: int) -> tuple[np.ndarray, ...]:
    """Planned journeys by customer and day: whose, on which day, and whether a loyal customer's."""
    planned = np.maximum(1, random.poisson(2.6 * random.gamma(1.2, 1 / 1.2, customers)))
    customer = np.repeat(np.arange(customers), planned)
    weights = _day_weights()
    day = random.choice(DAYS, size=len(customer), p=weights / weights.sum())
    order = np.lexsort((day, customer))
    loyal = (random.random(customers) < 0.3)[customer] & (random.random(len(customer)) < 0.5)
    return customer, day[order] * DAY, loyal


def _walk(
    random: np.random.Generator,
    leave: np.ndarray,
    service_rate: float,
    taste: np.ndarray,
    day: np.ndarray,
    loyal: np.ndarray,
) -> dict[str, np.ndarray]:
    """All planned journeys, one touchpoint of each at a time, until nobody is left."""
    journey = np.arange(len(day))
    channel = _draw(random, np.where(loyal[:, None], START_LOYAL, START))
    stage = np.where(loyal, LOYAL, AWARE)
    time = day + _time_of_day(random, channel)
    first = later = np.ones(len(day), bool)
    parts = []
    while len(journey):
        # On arriving: first leave or not, whatever came before; then buy or not.
        leaves = random.random(len(journey)) < leave[channel]
        at_till = np.where(np.isin(channel, SHOPS), stage == PAY, stage != AFTER)
        buys = ~leaves & at_till & (random.random(len(journey)) < PURCHASE[channel])
        stage = np.where(buys, BOUGHT, _arrive(random, channel, stage))
        parts.append((journey, time, channel, stage, first, later))
        goes_on = np.where(buys, random.random(len(journey)) < service_rate, ~leaves)
        journey, time, source, stage = (a[goes_on] for a in (journey, time, channel, stage))
        first = stage == BOUGHT
        stage = np.where(first, AFTER, np.where(stage == LOYAL, BROWSE, stage))
        weights = MOVES[source] * TASTES[taste[journey]]
        weights[np.arange(len(source)), source] *= STAY[np.minimum(stage, PAY)]
        channel = _draw(random, np.where(stage[:, None] < AFTER, weights, MOVES_AFTER[source]))
        later = first | (random.random(len(source)) >= SAME_VISIT[source, channel])
        minutes = np.clip(random.lognormal(4.3, 1.0, len(source)), 3, 1500).astype(np.int64)
        days = np.clip(np.rint(random.lognormal(0.8, 0.9, len(source))), 1, 21).astype(np.int64)
        another_day = (time // DAY + days) * DAY + _time_of_day(random, channel)
        time = np.where(later, another_day, time + minutes)
    names = ("journey", "time", "channel", "stage", "first", "later")
    return {n: np.concatenate(p) for n, p in zip(names, zip(*parts, strict=True), strict=True)}


def _arrive(random: np.random.Generator, channel: np.ndarray, stage: np.ndarray) -> np.ndarray:
    """The stage after arriving: online shops move a basket on, messages change nothing."""
    forward = np.array([1.0, 0.36, 0.62, 0.8, 0.0])[np.minimum(stage, PAY)]
    moved = stage + (random.random(len(stage)) < forward)
    here = np.where(np.isin(channel, SHOPS), moved, np.maximum(stage, BROWSE))
    message = np.isin(channel, MESSAGES)
    return np.where(message | (stage >= AFTER), stage, here)


def _in_the_year(walk: dict[str, np.ndarray], customer: np.ndarray) -> dict[str, np.ndarray]:
    """The touchpoints that the log saw, in time order, of journeys that keep their distance."""
    planned = len(customer)
    starts, ends = walk["time"][:planned], np.zeros(planned, np.int64)
    ends[walk["journey"]] = walk["time"]  # the last touchpoint written stays
    rank = np.arange(planned) - np.searchsorted(customer, customer)
    free, kept = np.zeros(customer[-1] + 1, np.int64), np.zeros(planned, bool)
    for nth in range(rank.max() + 1):
        rows = np.flatnonzero(rank == nth)
        rows = rows[starts[rows] >= free[customer[rows]]]
        kept[rows] = True
        free[customer[rows]] = ends[rows] + REST
    seen = np.flatnonzero(kept[walk["journey"]] & (walk["time"] < DAYS * DAY))
    walk = {name: values[seen] for name, values in walk.items()}
    by_journey = np.argsort(walk["journey"], kind="stable")
    visit = np.empty(len(seen), np.int64)
    visit[by_journey] = np.cumsum(walk.pop("later")[by_journey])
    walk |= {"visit": visit, "customer": customer[walk["journey"]]}
    order = np.lexsort((walk["customer"], walk["time"]))
    return {name: values[order] for name, values in walk.items()}
