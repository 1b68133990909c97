"""A simulated year of an omnichannel retailer, and the truth that it was drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from omninb import retailer as shop
from omninb.errors import OmninbError, nearest

if TYPE_CHECKING:
    from omninb.events import EventLog


def simulate_retailer(
    customers: int = 20_000, seed: int = 7, **truths: Any
) -> tuple[EventLog, dict[str, Any]]:
    """A simulated year of an omnichannel retailer, and the truth that it was drawn from.

    Parameters
    ----------
    customers : int
        Customers, each with at least one touchpoint. About 9 touchpoints a customer follow.
    seed : int
        The same seed and arguments give the same log.
    **truths
        ``exit_probability`` : dict of channel to probability (0.02 to 1) that a touchpoint there is
        its journey's last without a purchase, of all touchpoints there.
        ``order_value`` : mean value of a purchase in EUR, of all purchases.
        ``service_rate`` : probability that a purchase is followed, within 22 days, by a journey
        that asks, collects or returns, of all purchases.

    Returns
    -------
    log : EventLog
        1 January to 31 December 2025, UTC, EUR, in time order.
    truth : dict
        The three truths in force; ``journey_rules``, the arguments of ``log.journeys`` under which
        they hold; and what was drawn: ``customers``, ``touchpoints``, ``journeys`` (cut by those
        rules) and ``purchases``.

    Raises
    ------
    OmninbError
        If a truth or a channel is unknown, or a number is outside its range.

    Examples
    --------
    >>> log, truth = simulate_retailer(customers=50, seed=1)
    >>> len(log) == truth["touchpoints"]
    True
    """
    from omninb.events import read_events

    table, truth = simulate_table(customers, seed, **truths)
    return read_events(table, currency="EUR"), truth


def simulate_table(
    customers: int = 20_000, seed: int = 7, **truths: Any
) -> tuple[pa.Table, dict[str, Any]]:
    """The rows of :func:`simulate_retailer` as they would stand in a file, by role."""
    truth = _truths(customers, truths)
    random = np.random.Generator(np.random.PCG64(seed))
    leave = np.array([truth["exit_probability"][channel] for channel in shop.CHANNELS])
    walk = shop.touchpoints(random, customers, leave, truth["service_rate"])
    truth["touchpoints"] = len(walk["time"])
    truth["purchases"] = int((walk["stage"] == shop.BOUGHT).sum())
    truth["journeys"] = int(walk["first"].sum())
    return _table(random, walk, truth["order_value"]), truth


def simulate_batches(customers: int = 20_000, seed: int = 7, **truths: Any) -> Iterator[pa.Table]:
    """The rows of :func:`simulate_table`, a block of customers at a time, each in time order."""
    yield simulate_table(customers, seed, **truths)[0]


def _truths(customers: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """The truths in force: the defaults, changed by what was given."""
    if not isinstance(customers, int) or isinstance(customers, bool) or customers < 1:
        raise OmninbError(f"customers={customers!r}: give a whole number, at least 1.")
    truth: dict[str, Any] = {
        "customers": customers,
        "exit_probability": dict(shop.EXIT_PROBABILITY),
        "order_value": 74.0,
        "service_rate": 0.15,
    }
    known = [name for name in truth if name != "customers"]
    for name, value in given.items():
        if name not in known:
            raise OmninbError(f"{name}={value!r}: no such truth.{nearest(name, known)}")
        if name != "exit_probability":
            top = 1.0 if name == "service_rate" else np.inf
            _check_number(name, value, 0.0 if name == "service_rate" else 0.01, top)
            truth[name] = float(value)
            continue
        if not isinstance(value, Mapping):
            raise OmninbError(f'{name}={value!r}: give channels, for example {{"web": 0.1}}.')
        for channel, probability in value.items():
            if channel not in shop.CHANNELS:
                raise OmninbError(
                    f"{name}: no channel {channel!r}.{nearest(channel, shop.CHANNELS)}"
                )
            _check_number(f"{name}[{channel!r}]", probability, 0.02, 1.0)
            truth[name][channel] = float(probability)
    truth["journey_rules"] = {"split_gap": "30d", "end_at": "purchase", "exit_after": "30d"}
    return truth


def _check_number(name: str, value: object, low: float, high: float) -> None:
    if not isinstance(value, (int, float)) or not low <= value <= high or value == np.inf:
        up_to = f" to {high:g}" if high < np.inf else ""
        raise OmninbError(f"{name}={value!r}: give a number from {low:g}{up_to}.")


def _events(random: np.random.Generator, walk: dict[str, np.ndarray]) -> np.ndarray:
    """The event of each touchpoint, from its channel and stage."""
    event = np.full(len(walk["time"]), "purchase", dtype=object)
    for channel, by_stage in shop.EVENTS.items():
        for stage in sorted({shop.AWARE, *by_stage}):
            last = min([s for s in by_stage if s > stage], default=shop.LOYAL + 1)
            names = np.array(by_stage.get(stage, by_stage[min(by_stage)]).split(), dtype=object)
            hit = (walk["channel"] == channel) & (walk["stage"] >= stage) & (walk["stage"] < last)
            hit &= walk["stage"] != shop.BOUGHT
            event[hit] = names[random.integers(len(names), size=hit.sum())]
    return event


def _table(
    random: np.random.Generator, walk: dict[str, np.ndarray], order_value: float
) -> pa.Table:
    """The columns of the log, named by role."""
    channel, stage, journey = walk["channel"], walk["stage"], walk["journey"]
    rows, event = len(channel), _events(random, walk)
    bought = stage == shop.BOUGHT
    order = np.full(journey.max() + 1, -1)  # orders are numbered as they come
    order[journey[bought]] = np.arange(bought.sum())
    order = np.where(bought | (stage == shop.AFTER), order[journey], -1)
    ordered_in = np.append(channel[bought], -1)[order]
    event[(event == "pickup") & (ordered_in == shop.STORE)] = "return"
    returns = np.flatnonzero(event == "return")
    first_return = returns[np.unique(order[returns], return_index=True)[1]]
    event[np.setdiff1d(returns, first_return)] = "return_status"

    worth = (order_value * random.lognormal(-0.245, 0.7, bought.sum())).round(2)
    value = np.full(rows, np.nan)
    value[bought], value[first_return] = worth, -worth[order[first_return]]
    cost = np.full(rows, np.nan)
    for (where, what), mean in shop.COSTS.items():
        hit = (channel == where) & (event == what)
        cost[hit] = (mean * random.lognormal(-0.08, 0.4, hit.sum())).round(2)
    csat, nps = event == "csat_answer", event == "nps_answer"
    score = np.where(csat, random.choice(5, rows, p=[0.06, 0.08, 0.14, 0.37, 0.35]) + 1.0, np.nan)
    score = np.where(nps, random.binomial(10, 0.78, rows), score)
    by_visit = random.choice(3, walk["visit"].max() + 1, p=[0.55, 0.38, 0.07])
    device = np.where(channel == shop.APP, 1, by_visit[walk["visit"]])
    city = random.integers(len(shop.CITIES), size=walk["customer"].max() + 1)[walk["customer"]]
    campaigns = [name for text in shop.CAMPAIGNS.values() for name in text.split()]
    advertised = np.isin(channel, list(shop.CAMPAIGNS)) & (stage != shop.AFTER)
    nth = np.select([channel == c for c in shop.CAMPAIGNS], range(len(shop.CAMPAIGNS)), 0)
    campaign = 3 * nth + random.integers(3, size=rows)
    event_names, event_code = np.unique(event.astype(str), return_inverse=True)
    return pa.table(
        {
            "event_id": _ids("E", np.arange(rows)),
            "customer_id": _ids("C", walk["customer"]),
            "timestamp": pa.array(
                (shop.YEAR + walk["time"]).astype("datetime64[us]"), pa.timestamp("us", "UTC")
            ),
            "channel": _category(channel, shop.CHANNELS),
            "event": _category(event_code, event_names.tolist()),
            "phase": _category(shop.PHASE_OF_STAGE[stage], shop.PHASES),
            "session_id": _ids("S", walk["visit"]),
            "device": _category(device, shop.DEVICES, np.isin(channel, [shop.WEB, shop.APP])),
            "location": _category(city, shop.CITIES, channel == shop.STORE),
            "campaign": _category(campaign, campaigns, advertised),
            "order_id": _ids("O", order),
            "value": pa.array(value, from_pandas=True),
            "cost": pa.array(cost, from_pandas=True),
            "score": pa.array(score, from_pandas=True),
            "score_kind": _category(nps.astype(int), ("csat", "nps"), csat | nps),
        }
    )


def _ids(letter: str, number: np.ndarray) -> pa.Array:
    """Ids as text, all of one length, with leading zeros; null below 0."""
    text = pc.utf8_lpad(pc.cast(pa.array(number, mask=number < 0), pa.string()), 8, "0")
    return pc.binary_join_element_wise(letter, text, "")


def _category(
    code: np.ndarray, names: Sequence[str], present: np.ndarray | None = None
) -> pa.DictionaryArray:
    """Names stored once, null where not present."""
    mask = None if present is None else ~present
    return pa.DictionaryArray.from_arrays(
        pa.array(code.astype(np.int32), mask=mask), pa.array(list(names), pa.string())
    )
