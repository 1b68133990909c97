"""What a touchpoint is called in the log, by channel, stage and errand; what it costs."""

from __future__ import annotations

import numpy as np

from omninb.retailer.shop import (
    AFTER,
    APP,
    AWARE,
    BASKET,
    BROWSE,
    CALL,
    CHAT,
    CHECKOUT,
    COLLECT,
    DISPLAY,
    ERRANDS,
    LOYAL,
    MAIL,
    MARKET,
    PARCEL,
    PAY,
    RETURN,
    SEARCH,
    SHOPS,
    SOCIAL,
    STORE,
    WEB,
)

EVENTS = (
    "search", "view_product", "watch_video", "compare", "add_to_cart", "checkout", "payment",
    "purchase", "check_points", "visit", "advice", "contact", "ad_impression", "ad_click",
    "view_post", "open_mail", "click", "offer_click", "delivery", "ready_for_pickup", "pickup",
    "return", "return_status", "track_order", "csat_answer", "nps_answer",
)  # fmt: skip
CODE = {name: code for code, name in enumerate(EVENTS)}

_ONLINE = {
    AWARE: "view_product view_product search compare",
    BASKET: "add_to_cart",
    CHECKOUT: "checkout",
    PAY: "payment",
    AFTER: "track_order",
    LOYAL: "check_points",
}
# Equally likely; a stage without events takes those of the stage before it.
_BY_STAGE: dict[int, dict[int, str]] = {
    WEB: _ONLINE,
    APP: _ONLINE,
    STORE: {AWARE: "visit", BROWSE: "visit advice", AFTER: "advice", LOYAL: "visit"},
    CALL: {AWARE: "contact"},
    CHAT: {AWARE: "contact"},
    MAIL: {AWARE: "open_mail click", AFTER: "csat_answer nps_answer", LOYAL: "offer_click"},
    SOCIAL: {AWARE: "ad_impression ad_click view_post", AFTER: "view_post"},
    SEARCH: {AWARE: "ad_click"},
    DISPLAY: {AWARE: "ad_impression ad_impression ad_click"},
    MARKET: _ONLINE,
}
_OPTIONS = 12  # 1, 2, 3 and 4 equally likely names fill it evenly


def _names() -> np.ndarray:
    """Event codes by channel, stage and a number below 12."""
    table = np.zeros((10, LOYAL + 1, _OPTIONS), np.int8)
    for channel, by_stage in _BY_STAGE.items():
        for stage in range(LOYAL + 1):
            names = by_stage[max(known for known in by_stage if known <= stage)].split()
            table[channel, stage] = [CODE[name] for name in names] * (_OPTIONS // len(names))
    return table


_NAMES = _names()
_COUNTED = 4  # touchpoints since the purchase, the purchase being 0; 3 stands for all later ones


def _errand_names() -> np.ndarray:
    """Event codes by errand, place in the errand and channel; -1 where the stage alone names it."""
    table = np.full((len(ERRANDS), _COUNTED, 10), -1, np.int8)
    table[PARCEL, 1, MAIL] = CODE["delivery"]
    table[COLLECT, 1, MAIL], table[COLLECT, 2, STORE] = CODE["ready_for_pickup"], CODE["pickup"]
    table[RETURN, 1, [WEB, APP, STORE, MARKET]] = CODE["return"]
    table[RETURN, 2:, SHOPS] = CODE["return_status"]
    return table


_ERRAND_NAMES = _errand_names()


def names(channel: np.ndarray, stage: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Event codes of touchpoints; ``u`` is a uniform number each, to choose among equals."""
    return _NAMES[channel, stage, (u * _OPTIONS).astype(np.int64)]


def by_errand(
    event: np.ndarray, errand: np.ndarray, nth: np.ndarray, channel: np.ndarray
) -> np.ndarray:
    """Event codes where what the customer is after since the purchase (-1: nothing) names them."""
    named = np.where(errand < 0, -1, _ERRAND_NAMES[errand, np.minimum(nth, _COUNTED - 1), channel])
    return np.where(named < 0, event, named)


CAMPAIGNS: dict[int, tuple[str, str, str]] = {  # equally likely
    MAIL: ("newsletter", "new_arrivals", "reminder"),
    SOCIAL: ("lookbook", "creators", "local_stores"),
    SEARCH: ("brand", "category", "products"),
    DISPLAY: ("prospecting", "seasonal", "brand_film"),
}
COSTS = {  # EUR a touchpoint, on average
    (SEARCH, "ad_click"): 0.85,
    (DISPLAY, "ad_click"): 0.55,
    (DISPLAY, "ad_impression"): 0.006,
    (SOCIAL, "ad_click"): 0.40,
    (SOCIAL, "ad_impression"): 0.008,
    (MAIL, "open_mail"): 0.002,
    (MAIL, "click"): 0.002,
    (CALL, "contact"): 5.60,
    (CHAT, "contact"): 2.80,
}
