"""How a customer walks from touchpoint to touchpoint.

At every touchpoint the customer first leaves with the channel's exit probability, whatever came
before; otherwise buys, or moves on. That order is what makes the exit probability of a channel a
number that an analysis of the log can be held against. All journeys take their n-th step together.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from omninb.retailer.chance import at_step, uniform
from omninb.retailer.moves import Chances, next_touchpoint
from omninb.retailer.names import CODE, by_errand, names
from omninb.retailer.people import Columns, People, Plans
from omninb.retailer.shop import APP, AWARE, BOUGHT, BROWSE, JULY, LOYAL, MESSAGES, MOBILE, WEB

# What is drawn for a touchpoint on arriving; ``moves`` and ``rows`` draw with other numbers.
LEAVE, LABEL, VIDEO, SERVED, DEVICE = 1, 2, 3, 4, 5


@dataclass(frozen=True)
class Touchpoints(Columns):
    """Touchpoints of journeys, of each journey in time order."""

    stream: np.ndarray
    journey: np.ndarray  # row of Plans
    time: np.ndarray  # second of the year
    channel: np.ndarray
    stage: np.ndarray
    event: np.ndarray
    device: np.ndarray
    later: np.ndarray  # begins a visit
    first: np.ndarray  # begins a journey, where a purchase ends one
    errand: np.ndarray  # -1 before the purchase
    handed: np.ndarray  # a call to which the chat before handed over, or that chat
    swayed: np.ndarray  # goes on otherwise than without the video, without the checkout test
    retargeting: np.ndarray


def walk(who: People, plans: Plans, chances: Chances) -> Touchpoints:
    """All journeys, one touchpoint of each at a time, until nobody is left."""
    n = len(plans.start)
    at = {
        "journey": np.arange(n),
        "time": plans.start,
        "channel": plans.channel,
        "stage": np.where(plans.loyal, LOYAL, AWARE),
        "device": np.full(n, -1),
        "later": np.ones(n, bool),
        "first": np.ones(n, bool),
        "buys": np.zeros(n, bool),
        "seen": np.zeros(n, bool),
        "errand": np.full(n, -1),
        "nth": np.zeros(n, np.int64),
        "handed": np.zeros(n, bool),
    }
    parts, step = [], 0
    while step == 0 or len(at["journey"]):
        person = plans.person[at["journey"]]
        chance = at_step(plans.stream[at["journey"]], step)
        at |= {"stream": chance, "club": who.club[person], "taste": who.taste[person]}
        at |= {"treated": who.treated[person], "offered": plans.offered[at["journey"]]}
        at |= {"start": plans.start[at["journey"]]}
        goes_on = _arrive(at, chances)
        onward, handing, swayed = next_touchpoint({k: v[goes_on] for k, v in at.items()}, chances)
        handed, sway = at["handed"].copy(), np.zeros(len(goes_on), np.int8)
        handed[goes_on] |= handing
        sway[goes_on] = swayed
        more = {"handed": handed, "swayed": sway, "retargeting": np.zeros(len(goes_on), bool)}
        here = at | more
        parts.append(Touchpoints(**{f.name: here[f.name] for f in fields(Touchpoints)}))
        at, step = onward, step + 1
    return Touchpoints.joined(parts)


def _arrive(at: dict[str, np.ndarray], chances: Chances) -> np.ndarray:
    """Settle what happens at a touchpoint, and say who goes on after it."""
    chance, channel = at["stream"], at["channel"]
    leaves = uniform(chance, LEAVE) < chances.leave[channel]
    bought = at["buys"] & ~leaves
    stage = np.where((at["stage"] == AWARE) & ~np.isin(channel, MESSAGES), BROWSE, at["stage"])
    at["stage"] = stage = np.where(bought, BOUGHT, stage)
    event = names(channel, stage, uniform(chance, LABEL))
    looks = (stage == BROWSE) & ((channel == WEB) | (channel == APP)) & ~at["seen"]
    film = (channel == APP) & (uniform(chance, VIDEO) < 0.5)
    event = np.where(looks, np.where(film, CODE["watch_video"], CODE["view_product"]), event)
    event = np.where(bought, CODE["purchase"], event)
    at["event"] = by_errand(event, at["errand"], at["nth"], channel)
    at["device"] = _device(at, chances)
    at["looks"], at["seen"] = looks, at["seen"] | looks
    return np.where(bought, uniform(chance, SERVED) < chances.service_rate, ~leaves)


def _device(at: dict[str, np.ndarray], chances: Chances) -> np.ndarray:
    """The device at hand: one for a visit to the web shop, always a phone for the app."""
    mix = chances.devices.draw(uniform(at["stream"], DEVICE), (at["time"] >= JULY).astype(int))
    on_web = np.where(at["device"] < 0, mix, at["device"])
    on_shop = np.where(at["channel"] == APP, MOBILE, on_web)
    return np.where((at["channel"] == WEB) | (at["channel"] == APP), on_shop, -1)
