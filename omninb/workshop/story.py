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
TRAPS = ("broken split", "peeking", "none")
_TRAP_SHARES = (0.3, 0.3, 0.4)  # of a sound test most draws are not clear enough
_CUSTOMERS = (6_000, 7_000)
_FIRST_END, _DAYS = datetime(2025, 10, 20, tzinfo=UTC), 50  # the windows of the test are over
_ENDINGS = (None, "store", "call centre", "chat", "social", "paid search")
_DIPS = ("mobile app", "store", "social", "paid search", "marketplace")
# Places that can lose the most, each with smaller ones that can lose a larger share and be told
# apart from it. Past its baskets the marketplace has too few customers to lose the most.
_PLACES: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("add_to_cart", "web"): (("checkout", "mobile app"), ("payment", "mobile app")),
    ("add_to_cart", "mobile app"): (("checkout", "marketplace"), ("payment", "marketplace")),
    ("add_to_cart", "marketplace"): (("checkout", "marketplace"),),
    ("checkout", "web"): (("add_to_cart", "marketplace"), ("payment", "web")),
    ("checkout", "mobile app"): (("add_to_cart", "marketplace"), ("payment", "mobile app")),
    ("payment", "web"): (("add_to_cart", "marketplace"), ("checkout", "marketplace")),
    ("payment", "mobile app"): (("add_to_cart", "marketplace"), ("checkout", "marketplace")),
}  # fmt: skip


@dataclass(frozen=True)
class Leak:
    """A place of the funnel at which a share of journeys ends without a word.

    Attributes
    ----------
    step : str
        What is done there.
    channel : str or None
        None for the step on every channel.
    share : float
        Of the touchpoints there.
    """

    step: str
    channel: str | None
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
        The place that loses the most customers beyond what its step usually loses; and one that
        loses a larger share of fewer customers.
    hard : Leak or None
        A step that loses some on every channel. Only where the leak is too small to make its own
        step the worst.
    leaving : str
        The channel after which most journeys end.
    trap : str
        What is wrong with the test: one of ``TRAPS``; with ``none`` it is sound, and the treatment
        is better.
    """

    seat: int
    attempt: int
    customers: int
    until: datetime
    truths: dict[str, Any]
    leak: Leak
    decoy: Leak
    hard: Leak | None
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
    place = list(_PLACES)[int(chance.integers(len(_PLACES)))]
    small = place[1] == "marketplace"
    share = float(chance.uniform(0.35, 0.50)) + 0.20 * small
    decoy_place = _PLACES[place][int(chance.integers(len(_PLACES[place])))]
    decoy_share = min(share + float(chance.uniform(0.20, 0.30)), 0.75 + 0.15 * small)
    hard_share = float(chance.uniform(0.12, 0.18))
    trap = str(chance.choice(TRAPS, p=_TRAP_SHARES))
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
    low, high = {"broken split": (-0.1, 0.1), "peeking": (0.0, 0.0), "none": (0.24, 0.28)}[trap]
    effect = float(chance.uniform(low, high))
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
            "checkout_test": {"mobile": effect, "desktop": effect * (trap == "none")},
            "channel_dip": {
                "channel": str(chance.choice(_DIPS)),
                "week": monday.date().isoformat(),
                "size": float(chance.uniform(0.5, 0.9)),
            },
        },
        leak=Leak(*place, share),
        decoy=Leak(*decoy_place, decoy_share),
        hard=Leak("payment", None, hard_share) if small else None,
        leaving=raised or "display",
        trap=trap,
    )
