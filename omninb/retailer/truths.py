"""The planted truths: their defaults, their ranges, and what they ask of the walk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

from omninb.errors import OmninbError, closest, nearest
from omninb.retailer import shop
from omninb.retailer.chance import Choices
from omninb.retailer.columns import CHAT_CSAT_MEAN
from omninb.retailer.moves import Chances
from omninb.retailer.shop import APRIL, CHAT, OCTOBER, STORE, WEB

DEFAULTS: dict[str, Any] = {
    "exit_probability": shop.EXIT_PROBABILITY,
    "order_value": 74.0,
    "service_rate": 0.45,
    "mobile_payment_stall": {"share": 0.30, "finish": 0.40},
    "research_online_purchase_offline": 0.12,
    "chat_handover": {"share": 0.25, "repeat": 0.30, "csat": 1.0},
    "retargeting": 0.40,
    "email_effect": 0.10,
    "video_uplift": 0.23,
    "four_channel_retention": 0.09,
    "slow_weekend_pickup": 3.0,
    "checkout_test": {"mobile": 0.12, "desktop": 0.0},
    "channel_dip": {"channel": "paid search", "week": "2025-06-09", "size": 0.6},
    "mix_shift": {"improvement": 0.06, "mobile_share": 0.70},
}
ALWAYS = ("exit_probability", "order_value", "service_rate")  # numbers that every log has
_EXIT, _MOST = (0.02, 1.0), 1.0 / shop.PAYS - 1.0
_ROUNDED = 1e-6  # relative, within which a number is the end of a range as it is shown
_ASKS_TO_STAY = {  # truths that need customers who do not leave, and on which channels
    "mobile_payment_stall['finish']": ("web",),
    "research_online_purchase_offline": ("web", "store"),
    "chat_handover['share']": ("chat",),
    "retargeting": ("display",),
}
_NO_DIP = {
    "web": "who is kept away from a channel comes straight to the web",
    "e-mail": "offers set journeys off there, which would hide it",
    "display": "adverts begin journeys there, which would hide it",
}


def _ranges(leave: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Lowest and highest value of each number, given the exit probabilities."""
    stays = [1.0 - leave[channel] for channel in shop.CHANNELS]
    return {
        "order_value": (0.01, 1e5),
        "service_rate": (0.0, 1.0),
        "mobile_payment_stall.share": (0.0, 1.0),
        "mobile_payment_stall.finish": (0.0, stays[WEB]),
        "research_online_purchase_offline": (0.0, stays[WEB] * stays[STORE]),
        "chat_handover.share": (0.0, stays[CHAT]),
        "chat_handover.repeat": (0.0, 1.0 - shop.CALLS_AGAIN),
        "chat_handover.csat": (0.0, CHAT_CSAT_MEAN - 1.0),
        "retargeting": (0.0, 1.0 if leave["display"] <= 0.6 else 0.0),
        "email_effect": (0.0, 0.2),
        "video_uplift": (-1.0, 1.0 / shop.VIDEO_TO_STORE - 1.0),
        "four_channel_retention": (0.0, 0.15),
        "slow_weekend_pickup": (1.0, 24.0),
        "checkout_test.mobile": (-1.0, _MOST),
        "checkout_test.desktop": (-1.0, _MOST),
        "channel_dip.size": (0.0, 1.0),
        "mix_shift.improvement": (-1.0, 1.0 / shop.CHECKS_OUT.max() - 1.0),
        "mix_shift.mobile_share": (0.0, 1.0 - shop.TABLET_SHARE),
    }


def truths_in_force(given: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults, changed by what was given; None where a truth is off.

    Raises
    ------
    OmninbError
        If a truth, a part of one or a channel is unknown, or a number is outside its range.
    """
    truth = {n: dict(v) if isinstance(v, dict) else v for n, v in DEFAULTS.items()}
    for name, value in given.items():
        if name not in DEFAULTS:
            raise OmninbError(f"{name}={value!r}: no such truth.{meant(name)}")
        truth[name] = _changed(name, value)
    leave = truth["exit_probability"]
    for channel, probability in leave.items():
        _check("exit_probability", channel, probability, *_EXIT)
    usual = _ranges(shop.EXIT_PROBABILITY)
    for name, (low, high) in _ranges(leave).items():
        whole, _, part = name.partition(".")
        if truth[whole] is not None or whole in ALWAYS:
            value = truth[whole][part] if part else truth[whole]
            if not _within(value, low, high) and _within(value, *usual[name]):
                raise OmninbError(_too_high(leave, _called(whole, part), value, high))
            _check(whole, part, value, low, high)
    if truth["channel_dip"]:
        _check_dip(truth["channel_dip"])
    return truth


def meant(name: str) -> str:
    """Words that point from an unknown name to the truth that is meant, or to all truths."""
    holding = [known for known in DEFAULTS if name and name.casefold() in known]
    near = holding[0] if len(holding) == 1 else closest(name, DEFAULTS)
    if near:
        return f" Did you mean {near!r}?"
    return f" Known: {', '.join(repr(known) for known in DEFAULTS)}."


def _changed(name: str, value: Any) -> Any:
    """One truth: a number, the parts that were given on top of the default's, or None."""
    default = DEFAULTS[name]
    if value is None and name not in ALWAYS:
        return None
    if not isinstance(default, dict):
        if isinstance(value, Mapping) and value:
            part, inside = next(iter(value.items()))
            raise OmninbError(
                f"{_called(name, part)}={inside!r}: no such part. {name} is one number, "
                f"such as {default!r}."
            )
        return value
    if not isinstance(value, Mapping):
        example = "channels" if name == "exit_probability" else "parts"
        part = next(iter(default.items()))
        raise OmninbError(
            f"{name}={value!r}: give {example}, for example {{{part[0]!r}: {part[1]!r}}}"
            + _or_off(name)
        )
    for part, inside in value.items():
        if part not in default:
            kind = "channel" if name == "exit_probability" else "part"
            hint = nearest(str(part), list(default))
            raise OmninbError(f"{_called(name, part)}={inside!r}: no such {kind}.{hint}")
    return default | dict(value)


def _called(name: str, part: object) -> str:
    return f"{name}[{part!r}]" if part else name


def _within(value: object, low: float, high: float) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return low <= value <= high + _ROUNDED * abs(high)


def _check(name: str, part: str, value: object, low: float, high: float) -> None:
    if _within(value, low, high):
        return
    asked = f"give a number from {low:g} to {high:g}"
    raise OmninbError(f"{_called(name, part)}={value!r}: {asked}{_or_off(name)}")


def _or_off(name: str) -> str:
    return "; it cannot be off." if name in ALWAYS else f", or {name}=None to switch it off."


def _too_high(leave: Mapping[str, float], name: str, value: object, most: float) -> str:
    """What is said of exit probabilities that leave too few customers for another truth."""
    usual = shop.EXIT_PROBABILITY
    higher = [
        f"exit_probability[{channel!r}]={leave[channel]!r}"
        for channel in _ASKS_TO_STAY[name]
        if leave[channel] > usual[channel]
    ]
    return (
        f"{' and '.join(higher)}: too high beside {name}={value!r}, which can then be at most "
        f"{most:g}. Give less of either."
    )


def _check_dip(dip: dict[str, Any]) -> None:
    channel, others = dip["channel"], [name for name in shop.CHANNELS if name not in _NO_DIP]
    if channel not in others:
        known = isinstance(channel, str) and channel in _NO_DIP
        raise OmninbError(
            f"channel_dip['channel']={channel!r}: "
            + (f"{_NO_DIP[channel]}. Give " if known else "no such channel.")
            + (f"another, such as {others[0]!r}." if known else nearest(str(channel), others))
        )
    try:
        day = date.fromisoformat(dip["week"])
    except (TypeError, ValueError):
        day = date.min
    if day.year != 2025 or day.weekday() != 0 or day.isoformat() != dip["week"]:
        raise OmninbError(
            f"channel_dip['week']={dip['week']!r}: give a Monday of 2025, such as '2025-06-09'."
        )


def chances(truth: dict[str, Any]) -> Chances:
    """The truths in force as probabilities of the walk; what is off has no effect."""
    leave = np.array([truth["exit_probability"][channel] for channel in shop.CHANNELS], float)
    stays = np.maximum(1.0 - leave, 1e-9)
    stall, handover = truth["mobile_payment_stall"] or {}, truth["chat_handover"] or {}
    mix, test = truth["mix_shift"] or {}, truth["checkout_test"] or {}
    mobile = np.array([shop.MOBILE_SHARE, mix.get("mobile_share", shop.MOBILE_SHARE)])
    tablet = np.full(2, shop.TABLET_SHARE)
    better = 1.0 + np.array([0.0, mix.get("improvement", 0.0)])
    uplift = 1.0 + np.array([test.get("desktop", 0.0), test.get("mobile", 0.0), 0.0])
    return Chances(
        leave=leave,
        service_rate=truth["service_rate"],
        devices=Choices(np.column_stack([1.0 - mobile - tablet, mobile, tablet])),
        checks_out=better[:, None] * shop.CHECKS_OUT,
        pays=shop.PAYS * np.array([np.ones(3), uplift]),
        tested=(APRIL, OCTOBER),
        stall=stall.get("share", 0.0),
        finish=stall.get("finish", 0.0) / stays[WEB],
        to_store=(truth["research_online_purchase_offline"] or 0.0) / (stays[WEB] * stays[STORE]),
        video=truth["video_uplift"] or 0.0,
        handover=handover.get("share", 0.0) / stays[CHAT],
        repeat=handover.get("repeat", 0.0),
        slow=truth["slow_weekend_pickup"] or 1.0,
    )
