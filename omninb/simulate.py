"""A simulated year of an omnichannel retailer, and the truth that it was drawn from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from omninb.errors import OmninbError
from omninb.retailer.adverts import with_retargeting
from omninb.retailer.columns import table
from omninb.retailer.counterfactuals import counterfactual
from omninb.retailer.definitions import DEFINITIONS
from omninb.retailer.people import people
from omninb.retailer.shop import BOUGHT
from omninb.retailer.truths import chances, truths_in_force
from omninb.retailer.year import year

if TYPE_CHECKING:
    from omninb.events import EventLog

BLOCK = 25_000  # customers, about 300,000 touchpoints


def simulate_retailer(
    customers: int = 20_000, seed: int = 7, **truths: Any
) -> tuple[EventLog, dict[str, Any]]:
    """A simulated year of an omnichannel retailer, and the truth that it was drawn from.

    Parameters
    ----------
    customers : int
        Customers, each with at least one touchpoint. About 12 touchpoints a customer follow.
    seed : int
        The same seed and arguments give the same log, as ``omninb simulate`` writes it.
    **truths
        What is planted. A truth of parts takes some of them; the others keep their defaults.
        ``None`` switches a truth off: its cause is gone, and customers are still assigned to
        groups. ``truth["definitions"]`` says of what each is a share, over which time, and
        whether it is caused.

        ``exit_probability`` : dict of channel to probability (0.02 to 1) that a touchpoint there is
        its journey's last without a purchase. Cannot be off.
        ``order_value`` : mean value of a purchase, 74 EUR. Cannot be off.
        ``service_rate`` : share of purchases that more touchpoints follow, 0.45. Cannot be off.
        ``mobile_payment_stall`` : ``{"share": 0.30, "finish": 0.40}``, of payments in the app that
        stall, and of those that are finished at a desktop within 3 days.
        ``research_online_purchase_offline`` : 0.12 of journeys that look on the web first buy in a
        store within 7 days.
        ``chat_handover`` : ``{"share": 0.25, "repeat": 0.30, "csat": 1.0}``, of chats handed over
        to the call centre, how many more ask again, and how much lower they score the chat.
        ``retargeting`` : 0.40 of online purchases get a display advert just before, which causes
        nothing.
        ``email_effect`` : 0.10, purchases that offers cause, relative.
        ``video_uplift`` : 0.23, purchases in a store within 3 days of a product video, relative.
        ``four_channel_retention`` : 0.09, relative, selected and not caused.
        ``slow_weekend_pickup`` : orders of the weekend take 3.0 times longer to be ready.
        ``checkout_test`` : ``{"mobile": 0.12, "desktop": 0.0}``, purchases, relative.
        ``channel_dip`` : ``{"channel": "paid search", "week": "2025-06-09", "size": 0.6}``; not on
        the web, by e-mail or display, where a dip would not show.
        ``mix_shift`` : ``{"improvement": 0.06, "mobile_share": 0.70}``, relative, on each device,
        while the mix of devices turns it round.

    Returns
    -------
    log : EventLog
        1 January to 31 December 2025, UTC, EUR, in time order. ``data/README.md`` describes the
        columns.
    truth : dict
        The truths in force, by name; ``definitions``; ``journey_rules``, the arguments of
        ``log.journeys`` under which the exit probabilities hold; what was drawn: ``customers``,
        ``touchpoints``, ``journeys`` (cut by those rules) and ``purchases``; and
        ``counterfactual``, a pyarrow Table: for each customer purchases and their value (EUR, as
        ordered) in the log, and without the e-mails, the retargeting, the videos, the new
        checkout, the hand-overs and the dip.

    Raises
    ------
    OmninbError
        If a truth, a part of one or a channel is unknown, or a number is outside its range.

    Examples
    --------
    >>> log, truth = simulate_retailer(customers=50, seed=1, video_uplift=None)
    >>> len(log) == truth["touchpoints"]
    True
    >>> truth["definitions"]["email_effect"]["kind"], truth["video_uplift"]
    ('causal', None)
    """
    from omninb.events import read_events

    rows, truth = simulate_table(customers, seed, **truths)
    return read_events(rows, currency="EUR"), truth


def simulate_table(
    customers: int = 20_000, seed: int = 7, **truths: Any
) -> tuple[pa.Table, dict[str, Any]]:
    """The rows of :func:`simulate_retailer` as they would stand in a file, by role."""
    blocks = SimulatedBlocks(customers, seed, truths)
    rows, otherwise = (pa.concat_tables(parts) for parts in zip(*blocks, strict=True))
    if len(blocks) > 1:
        order = np.argsort(rows["timestamp"].to_numpy(), kind="stable")  # as in a single block
        rows = rows.take(pa.array(order))
    return rows, blocks.truth | {"counterfactual": otherwise}


class SimulatedBlocks:
    """Rows and counterfactual, a block of customers after the other, in little memory.

    Each block is in time order, and its ids go on where those of the block before end.

    ``truth`` is that of :func:`simulate_retailer` without the counterfactual; what was drawn is in
    it when the last block has come.
    """

    def __init__(self, customers: int, seed: int, truths: Mapping[str, Any]) -> None:
        if not isinstance(customers, int) or isinstance(customers, bool) or customers < 1:
            raise OmninbError(f"customers={customers!r}: give a whole number, at least 1.")
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
            raise OmninbError(f"seed={seed!r}: give a whole number from 0.")
        in_force = truths_in_force(truths)
        self.truth: dict[str, Any] = {
            "customers": customers,
            **in_force,
            "definitions": DEFINITIONS,
            "journey_rules": {"split_gap": "30d", "end_at": "purchase", "exit_after": "30d"},
        }
        self._seed = seed

    def __len__(self) -> int:
        return math.ceil(self.truth["customers"] / BLOCK)

    def __iter__(self) -> Iterator[tuple[pa.Table, pa.Table]]:
        before = dict.fromkeys(("rows", "visits", "orders", "journeys"), 0)
        everyone = self.truth["customers"]
        for first in range(0, everyone, BLOCK):
            numbers = np.arange(first, min(first + BLOCK, everyone))
            yield _block(numbers, self._seed, self.truth, before)
        self.truth |= {"touchpoints": before["rows"], "journeys": before["journeys"]}
        self.truth["purchases"] = before["orders"]


def _block(
    numbers: np.ndarray, seed: int, truth: dict[str, Any], before: dict[str, int]
) -> tuple[pa.Table, pa.Table]:
    """The rows and the counterfactual of some customers, numbered after those before them."""
    who, walks = people(seed, numbers), chances(truth)
    lived = year(who, walks, truth)
    otherwise = counterfactual(who, lived, walks, truth)
    if truth["retargeting"]:
        leave = truth["exit_probability"]["display"]
        lived = with_retargeting(lived, who, seed, truth["retargeting"], leave)
    rows, walked = table(who, lived, truth, before), lived.touchpoints
    before["rows"] += len(walked.time)
    before["visits"] += int(walked.later.sum())
    before["orders"] += int((walked.stage == BOUGHT).sum())
    before["journeys"] += int(walked.first.sum())
    return rows, otherwise
