"""The same answers by plain Python loops, written from the definitions alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

DAY = 86_400_000_000
START, BEYOND = "START", "(beyond)"


@dataclass
class NaiveJourney:
    customer: str
    touches: list[tuple[int, str]]  # time (µs), node
    state: str


def naive_journeys(rows, until=None, split_gap=None, exit_after=30 * DAY, end_at=(), lost_at=()):
    """Journeys from rows of (customer, time, channel, event[, order_id]); nodes are channels."""
    by_customer = defaultdict(list)
    for customer, time, channel, event, *order in rows:
        by_customer[customer].append((time, channel, event, order[0] if order else None))
    until = max(row[1] for row in rows) if until is None else until
    horizon = min(exit_after, split_gap or exit_after)
    journeys = []
    for customer, touches in by_customer.items():
        touches.sort(key=lambda touch: touch[0])  # stable, like the log
        current, reached, goal = None, None, None
        for touch in touches:
            time, channel, event, order = touch
            new = current is None or (split_gap is not None and time - current[-1][0] > split_gap)
            kind = "converted" if event in end_at else "exit" if event in lost_at else None
            if not new and reached:
                same = time == goal[0] or (order is not None and order == goal[3])
                new = not (kind == reached and same)
            if new:
                current, reached = [], None
                journeys.append(NaiveJourney(customer, current, ""))
            current.append((time, channel))
            if reached is None and kind:
                reached, goal = kind, touch
            state = "open" if time > until - horizon else "exit"
            journeys[-1].state = reached or state
    return journeys, until - horizon


def visits(journey, collapse):
    """(time of arrival, time of leaving, node) of each visit."""
    out = []
    for time, node in journey.touches:
        if collapse and out and out[-1][2] == node:
            out[-1] = (out[-1][0], time, node)
        else:
            out.append((time, time, node))
    return out


def naive_transitions(journeys, settled_until, collapse=False):
    """{(source, target): (transitions, journeys, customers, settled_transitions)} and settled."""
    transitions, settled, sources = Counter(), Counter(), Counter()
    in_journeys, in_customers = defaultdict(set), defaultdict(set)
    for number, journey in enumerate(journeys):
        source, is_settled = START, True
        walk = [*visits(journey, collapse), (None, None, journey.state)]
        for _, left, target in walk:
            transitions[source, target] += 1
            settled[source, target] += is_settled
            sources[source] += is_settled
            in_journeys[source, target].add(number)
            in_customers[source, target].add(journey.customer)
            source, is_settled = target, left is not None and left <= settled_until
    table = {
        edge: (n, len(in_journeys[edge]), len(in_customers[edge]), settled[edge], sources[edge[0]])
        for edge, n in transitions.items()
    }
    return table


def naive_gaps(journeys, collapse=False):
    """{(source, target): sorted gaps in µs}."""
    gaps = defaultdict(list)
    for journey in journeys:
        walk = visits(journey, collapse)
        for a, b in zip(walk, walk[1:], strict=False):
            gaps[a[2], b[2]].append(b[0] - a[1])
    return {edge: sorted(values) for edge, values in gaps.items()}


def naive_steps(journeys, max_steps, collapse=False):
    """{(step, state): (journeys, customers)}."""
    counts, customers = Counter(), defaultdict(set)
    for journey in journeys:
        nodes = [node for _, _, node in visits(journey, collapse)]
        for step in range(1, max_steps + 1):
            state = nodes[step - 1] if step <= len(nodes) else journey.state
            counts[step, state] += 1
            customers[step, state].add(journey.customer)
    return {key: (n, len(customers[key])) for key, n in counts.items()}


def naive_flows(journeys, max_steps, collapse=False):
    """{(step, source, target): (journeys, customers)}."""
    counts, customers = Counter(), defaultdict(set)
    for journey in journeys:
        nodes = [START, *(node for _, _, node in visits(journey, collapse))]
        for step in range(1, max_steps + 2):
            if step < len(nodes):
                target = nodes[step] if step <= max_steps else BEYOND
            else:
                target = journey.state
            counts[step, nodes[step - 1], target] += 1
            customers[step, nodes[step - 1], target].add(journey.customer)
            if step >= len(nodes):
                break
    return {key: (n, len(customers[key])) for key, n in counts.items()}


def naive_paths(journeys, settled_until, collapse=False):
    """{path: (journeys, customers, settled, converted of settled)}."""
    counts, customers, settled, won = Counter(), defaultdict(set), Counter(), Counter()
    for journey in journeys:
        path = " → ".join(node for _, _, node in visits(journey, collapse))
        counts[path] += 1
        customers[path].add(journey.customer)
        if journey.touches[-1][0] <= settled_until:
            settled[path] += 1
            won[path] += journey.state == "converted"
    return {p: (n, len(customers[p]), settled[p], won[p]) for p, n in counts.items()}
