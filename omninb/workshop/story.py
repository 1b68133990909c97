"""What is planted in a seat's case, drawn from the seat's number alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from omninb.retailer.truths import DEFAULTS

RULES: dict[str, Any] = {"split_gap": "30d", "end_at": "purchase", "exit_after": "30d"}
STEPS = ["add_to_cart", "checkout", "payment", "purchase"]
WITHIN = "7d"  # of the funnel, and of the test's metric
TRAPS = ("broken split", "peeking")
_CUSTOMERS = (6_000, 7_000)
_FIRST_END, _DAYS = datetime(2025, 10, 20, tzinfo=UTC), 50  # the windows of the test are over
_ENDINGS = (None, "store", "call centre", "chat", "social", "paid search")
_DIPS = ("mobile app", "store", "social", "paid search", "marketplace")


@dataclass(frozen=True)
class Leak:
    """A place of the funnel at which a share of journeys ends without a word."""

    step: str
    channel: str
    share: float


@dataclass(frozen=True)
class Story:
    """All that is planted in a case.

    Attributes
    ----------
    seat, attempt : int
        Whose case it is, and how often it was drawn before.
    customers : int
        Simulated customers; a few have no touchpoint before the log ends.
    until : datetime
        The log ends here.
    truths : dict
        Arguments of `omninb.simulate_retailer`.
    leak, decoy : Leak
        The place that loses the most customers beyond what its step usually loses; and a small one
        that loses a larger share of fewer customers.
    leaving : str
        The channel after which most journeys end.
    trap : str
        What is wrong with the test: one of ``TRAPS``.
    """

    seat: int
    attempt: int
    customers: int
    until: datetime
    truths: dict[str, Any]
    leak: Leak
    decoy: Leak
    leaving: str
    trap: str

    @property
    def seed(self) -> int:
        """Of the simulation and of all that is planted on top."""
        return 1_000 * self.seat + self.attempt


def story_of(seat: int, attempt: int = 0) -> Story:
    """The story of a seat; a later attempt draws all of it again.

    Parameters
    ----------
    seat : int
        From 0.
    attempt : int
        From 0 to 999.
    """
    chance = np.random.default_rng([seat, attempt])
    step = str(chance.choice(STEPS[:-1]))
    channel = str(chance.choice(["web", "mobile app"]))
    share = float(chance.uniform(0.35, 0.50))
    decoy_step = str(chance.choice([one for one in STEPS[:-1] if one != step]))
    decoy_share = min(share + float(chance.uniform(0.20, 0.30)), 0.75)
    trap = TRAPS[int(chance.integers(2))]
    raised = _ENDINGS[int(chance.integers(len(_ENDINGS)))]
    leave = {
        name: float(usual * chance.uniform(0.85, 1.15))
        for name, usual in DEFAULTS["exit_probability"].items()
    }
    leave["display"] = float(chance.uniform(0.45, 0.52))
    if raised:
        leave["display"] -= 0.10
        leave[raised] = float(chance.uniform(0.55, 0.62))
    monday = datetime(2025, 2, 3, tzinfo=UTC) + timedelta(weeks=int(chance.integers(30)))
    # Of a test that does nothing, an early look cannot be right.
    effect = float(chance.uniform(-0.1, 0.1)) if trap == "broken split" else 0.0
    return Story(
        seat=seat,
        attempt=attempt,
        customers=int(chance.integers(*_CUSTOMERS)),
        until=_FIRST_END + timedelta(days=int(chance.integers(_DAYS))),
        truths={
            "exit_probability": leave,
            "order_value": float(chance.uniform(45.0, 110.0)),
            "service_rate": float(chance.uniform(0.35, 0.55)),
            "mobile_payment_stall": {
                "share": float(chance.uniform(0.05, 0.15)),
                "finish": float(chance.uniform(0.3, 0.5)),
            },
            "checkout_test": {"mobile": effect, "desktop": 0.0},
            "channel_dip": {
                "channel": str(chance.choice(_DIPS)),
                "week": monday.date().isoformat(),
                "size": float(chance.uniform(0.5, 0.9)),
            },
        },
        leak=Leak(step, channel, share),
        decoy=Leak(decoy_step, "marketplace", decoy_share),
        leaving=raised or "display",
        trap=trap,
    )
