"""Small simulated journeys, counted in plain pandas into tables of the shape that figures read."""

from __future__ import annotations

import math
import random

import networkx as nx
import pandas as pd

GAP = pd.Timedelta(hours=26, minutes=30)
WEB = {
    "START": {"paid search": 23, "web": 19, "e-mail": 14, "social": 14, "mobile app": 13,
              "display": 9, "marketplace": 5, "store": 3},
    "paid search": {"web": 47, "mobile app": 12, "exit": 29, "paid search": 5, "store": 2,
                    "chat": 1, "converted": 4},
    "web": {"converted": 16, "store": 15, "chat": 12, "mobile app": 9, "call centre": 6,
            "e-mail": 5, "marketplace": 3, "web": 11, "exit": 23},
    "mobile app": {"converted": 25, "store": 15, "web": 8, "chat": 8, "e-mail": 4,
                   "mobile app": 14, "exit": 24, "social": 2},
    "e-mail": {"web": 33, "mobile app": 26, "store": 6, "e-mail": 8, "exit": 24, "display": 3},
    "social": {"web": 26, "mobile app": 27, "social": 7, "exit": 35, "e-mail": 5},
    "display": {"web": 26, "display": 8, "exit": 53, "paid search": 9, "social": 4},
    "marketplace": {"converted": 37, "exit": 35, "web": 14, "store": 8, "marketplace": 6},
    "call centre": {"store": 24, "converted": 28, "exit": 35, "call centre": 8, "web": 5},
    "chat": {"call centre": 19, "web": 17, "store": 14, "converted": 20, "exit": 23, "chat": 7},
    "store": {"converted": 54, "exit": 27, "store": 12, "call centre": 4, "web": 3},
}  # fmt: skip


def process(nodes: int, seed: int = 5, converted: bool = True) -> dict[str, dict[str, float]]:
    """Moves of a process with `nodes` activities that mostly go forward, with rework."""
    chance = random.Random(seed)
    names = [f"T{i:02d} {'Determine likelihood of the outcome'[: 8 + i]}" for i in range(nodes)]
    moves: dict[str, dict[str, float]] = {"START": {names[0]: 80, names[min(1, nodes - 1)]: 20}}
    for i, name in enumerate(names):
        ways = {"exit": 6.0 + 50 * (i == nodes - 1)}
        if converted:
            ways["converted"] = 2.0 + 2 * i
        for ahead in (1, 2, 3, 7):
            if i + ahead < nodes:
                ways[names[i + ahead]] = 60 / ahead**1.5
        if i and chance.random() < 0.5:
            ways[names[chance.randrange(i)]] = 5.0
        if chance.random() < 0.4:
            ways[name] = 6.0
        moves[name] = ways
    return moves


def journeys(
    moves: dict[str, dict[str, float]], number: int, seed: int = 3, still_open: float = 0.02
) -> list[tuple[int, list[str], str]]:
    """(customer, labels, end state) of each journey."""
    chance = random.Random(seed)
    rows = []
    for i in range(number):
        at, labels, end = "START", [], "exit"
        while True:
            ways = moves[at]
            at = chance.choices(list(ways), list(ways.values()))[0]
            if at in ("converted", "exit"):
                end = at
                break
            labels.append(at)
            if chance.random() < still_open:
                end = "open"
                break
        rows.append((i * 2 // 3, labels, end))
    return rows


def attributes(rows: list[tuple[int, list[str], str]], by: str = "channel") -> dict[str, object]:
    return {
        "by": by,
        "journeys": len(rows),
        "customers": len({c for c, _, _ in rows}),
        "touchpoints": sum(len(labels) for _, labels, _ in rows),
        "observed_from": pd.Timestamp("2025-03-01 00:10", tz="UTC"),
        "observed_until": pd.Timestamp("2025-05-31 23:50", tz="UTC"),
        "settled_share": 0.97,
        "exit_after": "30d",
        "confidence": 0.95,
    }


def wilson(part: int, whole: int) -> tuple[float, float]:
    p, z = part / whole, 1.96
    middle = (p + z * z / 2 / whole) / (1 + z * z / whole)
    half = z / (1 + z * z / whole) * math.sqrt(p * (1 - p) / whole + z * z / 4 / whole**2)
    return max(0.0, middle - half), min(1.0, middle + half)


def graph_of(
    rows: list[tuple[int, list[str], str]], min_journeys: int = 1, by: str = "channel"
) -> nx.DiGraph:
    """What `transition_graph` returns, for simulated journeys."""
    seen: dict[tuple[str, str], list[tuple[int, int]]] = {}
    visits: dict[str, list[tuple[int, int, int]]] = {}
    settled: dict[str, int] = {}
    for j, (customer, labels, end) in enumerate(rows):
        chain = ["START", *labels, end]
        for k, (a, b) in enumerate(zip(chain[:-1], chain[1:], strict=True)):
            seen.setdefault((a, b), []).append((j, customer))
            visits.setdefault(a, []).append((j, customer, k))
            settled[a] = settled.get(a, 0) + (b != "open")
    graph = nx.DiGraph(**attributes(rows, by))
    done = sum(end != "open" for _, _, end in rows)
    inner = set(visits) - {"START"}
    small: dict[str, list[tuple[int, int]]] = {}
    pairs = 0
    for name, places in visits.items():
        leave = len(seen.get((name, "exit"), []))
        if name == "START":
            facts = {"journeys": len(rows), "customers": graph.graph["customers"]}
            graph.add_node("START", kind="start", mean_position=0.0, **facts)
            continue
        low, high = wilson(leave, settled[name]) if settled[name] else (math.nan, math.nan)
        graph.add_node(
            name,
            kind="node",
            journeys=len({j for j, _, _ in places}),
            customers=len({c for _, c, _ in places}),
            touchpoints=len(places),
            settled=settled[name],
            leave_rate=leave / settled[name] if settled[name] else math.nan,
            leave_rate_ci_lower=low,
            leave_rate_ci_upper=high,
            interval_method="wilson",
            mean_position=sum(k for _, _, k in places) / len(places),
        )
    for end in ("converted", "exit", "open"):
        which = [(j, c) for j, (c, _, e) in enumerate(rows) if e == end]
        facts = {"journeys": len(which), "customers": len({c for _, c in which}), "settled": done}
        if end != "open":
            facts["share"] = len(which) / done if done else math.nan
        graph.add_node(end, kind="end", **facts)
    for (a, b), moves in sorted(seen.items()):
        if a in inner and b in inner and len({j for j, _ in moves}) < min_journeys:
            small.setdefault(a, []).extend(moves)
            pairs += 1
            continue
        _add_edge(graph, a, b, moves, settled[a])
    for a, moves in small.items():
        _add_edge(graph, a, "(smaller flows)", moves, settled[a])
    if small:
        graph.nodes["(smaller flows)"].update(
            kind="smaller", transitions=sum(map(len, small.values()))
        )
    graph.graph["smaller_pairs"] = pairs
    graph.graph["smaller_transitions"] = sum(map(len, small.values()))
    return graph


def _add_edge(
    graph: nx.DiGraph, a: str, b: str, moves: list[tuple[int, int]], settled: int
) -> None:
    rate = math.nan if b == "open" or not settled else min(1.0, len(moves) / settled)
    low, high = (math.nan, math.nan) if math.isnan(rate) else wilson(round(rate * settled), settled)
    end = a == "START" or b in ("converted", "exit", "open")
    graph.add_edge(
        a, b, transitions=len(moves), journeys=len({j for j, _ in moves}),
        customers=len({c for _, c in moves}), settled_transitions=0 if b == "open" else len(moves),
        settled=settled, probability=rate, probability_ci_lower=low, probability_ci_upper=high,
        interval_method="wilson",
        median_gap=pd.NaT if end else GAP,
        p90_gap=pd.NaT if end else GAP * 6,
    )  # fmt: skip


def flows_of(
    rows: list[tuple[int, list[str], str]], max_steps: int = 5, by: str = "channel"
) -> pd.DataFrame:
    """What `flow_table` returns, for simulated journeys."""
    seen: dict[tuple[int, str, str], list[int]] = {}
    for customer, labels, end in rows:
        chain = ["START", *labels, end]
        if len(labels) > max_steps:
            chain = [*chain[: max_steps + 1], "(beyond)"]
        for step, (a, b) in enumerate(zip(chain[:-1], chain[1:], strict=True), start=1):
            seen.setdefault((step, a, b), []).append(customer)
    return _counted(seen, ["step", "source", "target"], len(rows), attributes(rows, by))


def steps_of(
    rows: list[tuple[int, list[str], str]], max_steps: int = 10, by: str = "channel", first: int = 1
) -> pd.DataFrame:
    """What `step_table` returns, for simulated journeys; steps may begin below 1."""
    seen: dict[tuple[int, str], list[int]] = {}
    for customer, labels, end in rows:
        for step in range(max_steps):
            label = labels[step] if step < len(labels) else end
            seen.setdefault((step + first, label), []).append(customer)
    return _counted(seen, ["step", by], len(rows), attributes(rows, by))


def _counted(
    seen: dict[tuple[int, ...], list[int]] | dict, keys: list[str], whole: int, attrs: dict
) -> pd.DataFrame:
    records = []
    for key, customers in sorted(seen.items()):
        low, high = wilson(len(customers), whole)
        records.append(
            (*key, len(customers), len(set(customers)), len(customers) / whole, low, high, "wilson")
        )
    columns = [*keys, "journeys", "customers", "share", "share_ci_lower", "share_ci_upper",
               "interval_method"]  # fmt: skip
    frame = pd.DataFrame(records, columns=columns)
    frame.attrs.update(attrs)
    return frame
