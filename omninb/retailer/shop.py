"""The invented retailer: its channels, its calendar, and where its customers turn next.

Weights and shares are chosen to look like a retailer with shops in town, a web shop and an app;
no real log stands behind them. What can be switched or set stands in ``truths``.
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
STAFFED = [STORE, CALL]  # they keep hours and rest on Sundays

# Stages of a journey: what the customer has in mind, and the phase in which it is logged.
AWARE, BROWSE, BASKET, CHECKOUT, PAY, BOUGHT, AFTER, LOYAL = range(8)
PHASES = ("awareness", "consideration", "decision", "service", "loyalty")
PHASE_OF_STAGE = np.array([0, 1, 2, 2, 2, 2, 3, 4])
DEVICES = ("desktop", "mobile", "tablet")
DESKTOP, MOBILE, TABLET = range(3)

EXIT_PROBABILITY = dict(
    zip(CHANNELS, (0.09, 0.10, 0.24, 0.28, 0.18, 0.22, 0.34, 0.26, 0.50, 0.12), strict=True)
)
START = np.array([0.21, 0.16, 0.05, 0.01, 0.01, 0.10, 0.12, 0.22, 0.06, 0.06])
START_LOYAL = np.array([0.20, 0.36, 0.06, 0.01, 0.01, 0.32, 0.02, 0.01, 0.0, 0.01])
START_OFFER = np.eye(10)[MAIL]
MOVES = np.array([  # from (row) to (column): relative weights, before the purchase
    # web  app  store call chat mail social search display market
    [40.0, 5.0, 16.0, 0.4, 1.2, 4.0, 0.5, 1.5, 0.7, 2.0],
    [7.0, 34.0, 14.0, 0.2, 0.8, 4.0, 0.5, 0.5, 0.3, 0.7],
    [8.0, 6.0, 16.0, 0.4, 0.2, 1.0, 0.2, 0.3, 0.1, 0.5],
    [10.0, 3.0, 20.0, 0.0, 0.0, 2.0, 0.1, 0.2, 0.1, 0.2],
    [18.0, 8.0, 10.0, 1.5, 4.0, 1.0, 0.1, 0.2, 0.1, 0.2],
    [34.0, 26.0, 5.0, 0.4, 0.3, 9.0, 0.4, 0.5, 0.2, 0.6],
    [27.0, 26.0, 1.5, 0.2, 0.2, 0.5, 9.0, 1.5, 0.6, 1.5],
    [48.0, 12.0, 2.0, 0.4, 0.3, 0.5, 0.4, 8.0, 0.5, 3.0],
    [24.0, 4.0, 1.0, 0.1, 0.1, 0.3, 1.5, 3.0, 12.0, 2.0],
    [10.0, 1.5, 2.0, 0.3, 0.2, 0.5, 0.3, 1.0, 0.5, 27.0],
])  # fmt: skip
MOVES_OFFER = np.array([12.0, 6.0, 2.0, 0.0, 0.0, 0.0, 8.0, 55.0, 17.0, 0.0])  # opened, then sought
MOVES_AFTER = np.array([  # after the purchase: questions, parcels, returns, a survey by e-mail
    [6.0, 1.0, 3.0, 2.5, 3.0, 14.0, 0.2, 0.0, 0.0, 0.0],
    [1.0, 6.0, 3.0, 2.0, 3.0, 14.0, 0.2, 0.0, 0.0, 0.0],
    [1.0, 1.0, 1.0, 1.5, 1.0, 14.0, 0.1, 0.0, 0.0, 0.0],
    [2.0, 2.0, 4.0, 0.0, 0.0, 14.0, 0.2, 0.0, 0.0, 0.0],
    [2.0, 2.0, 2.0, 2.0, 4.0, 14.0, 0.2, 0.0, 0.0, 0.0],
    [6.0, 5.0, 2.0, 1.5, 2.0, 3.0, 0.4, 0.0, 0.0, 0.0],
    [2.0, 2.0, 1.0, 2.0, 3.0, 1.0, 3.0, 0.0, 0.0, 0.0],
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.1, 0.0, 0.0, 0.0],
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.1, 0.0, 0.0, 0.0],
    [2.0, 1.0, 1.0, 2.0, 2.0, 10.0, 0.1, 0.0, 0.0, 1.0],
])  # fmt: skip
TASTES = np.ones((3, 10))  # three kinds of customers: at a desk, on the phone, in town
TASTES[0, [WEB, MARKET]], TASTES[1, APP], TASTES[2, [STORE, CALL]] = 1.6, 1.7, 2.0
ROAMING = (0.35, 8.0)  # how readily guests and club members turn to another channel
CLUB_SHARE = 0.35

# What is bought on arriving, of those who do not leave, where no basket is filled.
PURCHASE = np.array([0.0, 0.0, 0.55, 0.10, 0.03, 0.0, 0.0, 0.0, 0.0, 0.0])
# In the same visit: looking becomes a basket, a basket a checkout, a checkout a payment.
FILLS = 0.31
CHECKS_OUT = np.array([0.78, 0.52, 0.66])  # by device, as the year begins
PAYS = 0.78
MOBILE_SHARE, TABLET_SHARE = 0.40, 0.07  # of visits to the web shop
CALLS_AGAIN = 0.25  # of calls after which the customer goes on: another contact within a week
VIDEO_TO_STORE = 0.10  # of first looks in the app without a video: bought in a store in three days

# How often the next touchpoint comes within minutes; otherwise it comes on a later day.
SAME_VISIT = np.full((10, 10), 0.1)
SAME_VISIT[:, STAFFED] = 0.0
SAME_VISIT[STORE, STORE] = 0.5
SAME_VISIT[np.ix_(MESSAGES, SHOPS)] = 0.9
SAME_VISIT[SHOPS, SHOPS] = 0.9
SAME_VISIT[[WEB, APP, CHAT], [CHAT, CHAT, WEB]] = 0.7

# Why a customer is heard of again after a purchase, and where first.
ERRANDS = ("parcel", "collect", "return", "question", "survey")
PARCEL, COLLECT, RETURN, QUESTION, SURVEY = range(5)
ERRAND_OF = np.array([  # by channel of the purchase
    [34, 28, 18, 14, 6], [28, 34, 18, 14, 6], [0, 0, 32, 26, 42], [44, 0, 22, 26, 8],
    [44, 0, 22, 26, 8], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0],
    [56, 0, 22, 18, 4],
])  # fmt: skip
RETURN_TO = np.array([  # by channel of the purchase; most come back in another one
    # web app store call chat mail social search display market
    [30, 4, 52, 14, 0, 0, 0, 0, 0, 0], [6, 26, 56, 12, 0, 0, 0, 0, 0, 0],
    [8, 4, 80, 8, 0, 0, 0, 0, 0, 0], [20, 4, 40, 36, 0, 0, 0, 0, 0, 0],
    [30, 6, 44, 20, 0, 0, 0, 0, 0, 0], *[[1] + [0] * 9] * 4, [8, 0, 22, 14, 0, 0, 0, 0, 0, 56],
])  # fmt: skip
ASK_AT = np.array([8, 6, 20, 24, 36, 0, 6, 0, 0, 0])

DAY, HOUR = 86_400, 3_600
YEAR = np.datetime64("2025-01-01T00:00:00", "s")
DAYS = 365
REST = 31 * DAY  # between two journeys of a customer; no gap inside one is longer than 22 days
SPAN = 34 * DAY  # later than this after its beginning, a journey is settled in one visit
APRIL, JULY, OCTOBER = (d * DAY for d in (90, 181, 273))
HOURS = np.array(
    [2, 1, 1, 1, 1, 2, 5, 9, 13, 16, 18, 19, 20, 19, 18, 18, 19, 22, 25, 28, 29, 24, 14, 6]
)
OPEN_HOURS = np.array([0] * 9 + [4, 7, 9, 11, 11, 10, 10, 12, 14, 13, 8] + [0] * 4)
CLOSES = 20 * HOUR
CITIES = ("Berlin", "Bremen", "Dresden", "Frankfurt", "Hamburg", "Köln", "Leipzig", "München")


def day_weights() -> np.ndarray:
    """How busy each day of the year is: Saturdays, a dip in summer, the weeks before Christmas."""
    day = np.arange(DAYS)
    # The year begins on a Wednesday.
    week = np.array([1.0, 1.0, 1.05, 1.2, 0.95, 0.95, 0.97])[day % 7]
    summer = 0.15 * np.exp(-(((day - 210) / 25) ** 2))
    christmas = 0.8 * np.exp(-(((day - 338) / 16) ** 2))
    return week * (1 - summer + christmas)


def is_sunday(day: np.ndarray) -> np.ndarray:
    """Which days of the year, counted from 0, are Sundays."""
    return day % 7 == 4
