"""How often an analysis sees a difference where there is none, and how often one that is there.

Customers go from node to node as their own preferences say, and leave as is their habit, after any
node alike: touchpoints cluster within customers, and no node loses more people than another. Where
an effect is planted, one node loses more.
"""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import omninb as onb
from benchmarks.interval_coverage import SECOND, journeys_each, names_of
from benchmarks.marks import Row, band, share_row, side_by_side

NODES = ["a", "b", "c", "d", "e"]
OFTEN = np.array([0.35, 0.25, 0.2, 0.15, 0.05])
LEAVES, LEAVES_MORE = 0.25, 0.10
CONCENTRATION = 9.0
MOST_STEPS = 60
EDGES = {"edge p = .35": ("a", "a"), "edge p = .04": ("a", "e"), "exit p = .17": ("a", "exit")}
Alarm = tuple[str, bool]


def wander(
    customers: int, sizes: str, rng: np.random.Generator, planted: float = 0.0
) -> onb.EventLog:
    """A log in which every node is left alike, but for "b" by `planted` more often."""
    who = np.repeat(np.arange(customers), journeys_each(customers, sizes, rng))
    taste = rng.dirichlet(CONCENTRATION * OFTEN, customers).cumsum(axis=1)[:, :-1]
    habit = rng.beta(CONCENTRATION * LEAVES, CONCENTRATION * (1 - LEAVES), customers)
    arm = rng.permutation(customers) % 2
    journey, parts = np.arange(len(who)), []
    for step in range(MOST_STEPS):
        node = (rng.random(len(journey))[:, None] > taste[who[journey]]).sum(axis=1)
        parts.append((journey, np.full(len(journey), step), node))
        leaves = rng.random(len(journey)) < habit[who[journey]] + planted * (node == 1)
        journey = journey[~leaves]
    journey, step, node = (np.concatenate(part) for part in zip(*parts, strict=True))
    time = (journey * 100 + step) * SECOND
    table = {
        "customer_id": pa.array(who[journey]),
        "timestamp": pa.array(time).cast(pa.timestamp("us", "UTC")),
        "channel": names_of(node, NODES),
        "variant": names_of(arm[who[journey]], ["A", "B"]),
    }
    end = np.datetime64(int(time.max()) + 1000 * SECOND, "us")
    return onb.read_events(pa.table(table), observed_until=end)


def same_twice(task: tuple[int, str, int]) -> list[Alarm]:
    """(estimand, whether its interval leaves zero out) between two arms that differ in nothing."""
    customers, sizes, seed = task
    rng = np.random.default_rng([seed, customers, sizes == "pareto", 1])
    journeys = wander(customers, sizes, rng).journeys(split_gap="30s")
    arms = (journeys.where(variant=arm) for arm in "AB")
    table = onb.transition_difference_table(*arms)
    lower, upper = table["difference_ci_lower"], table["difference_ci_upper"]
    edges = zip(table["source"], table["target"], strict=True)
    apart = dict(zip(edges, (lower > 0) | (upper < 0), strict=True))
    return [(name, apart.get(edge, False)) for name, edge in EDGES.items()]


def all_alike(task: tuple[int, str, int]) -> list[Alarm]:
    """(claim, whether it is made) of the nodes of a log in which none is worse."""
    customers, sizes, seed = task
    rng = np.random.default_rng([seed, customers, sizes == "pareto", 2])
    bounds = _bounds(wander(customers, sizes, rng)).values()
    return [
        ("any node apart from the rest", any(lower > 0 or upper < 0 for lower, upper in bounds)),
        ("a node called worse", any(lower > 0 for lower, _ in bounds)),
    ]


def one_worse(task: tuple[int, str, int]) -> list[Alarm]:
    """Whether the node that loses more is the one that is called so."""
    customers, sizes, seed = task
    rng = np.random.default_rng([seed, customers, sizes == "pareto", 3])
    bounds = _bounds(wander(customers, sizes, rng, LEAVES_MORE))
    return [("found", [node for node, (lower, _) in bounds.items() if lower > 0] == ["b"])]


def _bounds(log: onb.EventLog) -> dict[str, tuple[float, float]]:
    """Of each node, how its leave rate differs from that of all others."""
    nodes = onb.transition_graph(log.journeys(split_gap="30s")).nodes(data=True)
    names = ("leave_difference_ci_lower", "leave_difference_ci_upper")
    return {n: (facts[names[0]], facts[names[1]]) for n, facts in nodes if facts["kind"] == "node"}


def false_alarm_rows(logs: int) -> list[Row]:
    """Type-I errors at 5 %, of which 4.3 to 5.7 % are asked for in 10,000 logs; the planted node.

    Parameters
    ----------
    logs : int
        A/A logs a row; a fifth with heavy customers, a tenth where all nodes are alike.
    """
    rows = []
    for sizes, pairs in (("geometric", logs), ("pareto", logs // 5)):
        tasks = [(400, sizes, seed) for seed in range(pairs)]
        alarms = _shares(side_by_side(same_twice, tasks, f"A/A: {sizes}"))
        for name, share in alarms.items():
            asked = f"A/A difference of {name}; 200 customers an arm, {sizes}"
            low, high = band(0.05, 0.007, asked=10_000, logs=pairs)
            # Where a few customers have most of the touchpoints, to alarm less often is no fault.
            bounds = (low if sizes == "geometric" else 0.0, high)
            rows.append(share_row("transition_difference_table", asked, share, bounds))
    alike = logs // 10
    for sizes, customers in product(("geometric", "pareto"), (100, 400)):
        tasks = [(customers, sizes, seed) for seed in range(alike)]
        alarms = _shares(side_by_side(all_alike, tasks, f"nodes alike: {sizes}, {customers}"))
        for name, share in alarms.items():
            asked = f"{name} where all are alike; {customers} customers, {sizes}"
            most = band(0.05, 0.007, asked=10_000, logs=alike)[1]
            rows.append(share_row("transition_graph", asked, share, (0.0, most)))
    tasks = [(2_000, "geometric", seed) for seed in range(max(20, alike // 10))]
    (share,) = _shares(side_by_side(one_worse, tasks, "one node worse")).values()
    asked = f"the one node named that loses {LEAVES_MORE:.0%} more; 2,000 customers, geometric"
    return [*rows, share_row("transition_graph", asked, share, (0.9, 1.0))]


def _shares(alarms: list[Alarm]) -> dict[str, float]:
    frame = pd.DataFrame(alarms, columns=["name", "alarm"])
    return frame.groupby("name", sort=False)["alarm"].mean().to_dict()
