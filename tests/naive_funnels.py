"""Attempts at a funnel by trying every chain of touchpoints, written from the definitions alone.

A unit's touchpoints are (time, steps that it fits, exclusions that it fits), steps numbered from 0
in the order of the required ones, optional ones after them. A log's rows are (customer, time,
channel, event, order, value).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

FOREVER = 10**18


def valid(chain, touches, spans):
    """No excluded touchpoint strictly between the touchpoints of its two steps, as far as made."""
    for e, (first, last) in enumerate(spans):
        if len(chain) > first + 1:
            begin, end = chain[first], chain[min(last, len(chain) - 1)]
            if any(e in touches[x][2] for x in range(begin + 1, end)):
                return False
    return True


def best_chain(touches, start, stop, steps, within, spans, order):
    """The furthest chain from a start, and among these the earliest."""
    deadline = touches[start][0] + within
    inside = [i for i in range(start, stop) if touches[i][0] <= deadline]
    if order == "any":
        chain, done = [], set()
        for i in inside:
            new = {s for s in touches[i][1] if s < steps} - done
            if new:
                chain.append(i)
                done |= new
        return chain
    best = [start]

    def grow(chain):
        nonlocal best
        if (-len(chain), chain) < (-len(best), best):
            best = list(chain)
        if len(chain) == steps:
            return
        for i in inside:
            follows = i == chain[-1] + 1 if order == "strict" else i > chain[-1]
            if follows and len(chain) in touches[i][1] and valid([*chain, i], touches, spans):
                grow([*chain, i])

    grow([start])
    return best


def with_optional(chain, touches, stop, steps, after, within):
    """The touchpoint of each optional step: the first one behind its required step, in time."""
    found = []
    for o, s in enumerate(after):
        limit = chain[s + 1] if s + 1 < len(chain) else stop
        fitting = [
            k
            for k in (range(chain[s] + 1, limit) if s < len(chain) else ())
            if steps + o in touches[k][1] and touches[k][0] <= touches[chain[0]][0] + within
        ]
        found.append(fitting[0] if fitting else -1)
    return found


def naive_attempts(
    touches, steps, order="ordered", attempt="first", within=None, until=FOREVER, spans=(),
    after=(), between=(-FOREVER, FOREVER),
):  # fmt: skip
    """The attempts of one unit: (chain, touchpoints of the optional steps, open)."""
    window = FOREVER if within is None else within
    begins = range(steps) if order == "any" else [0]
    starts = [
        i
        for i, touch in enumerate(touches)
        if set(begins) & set(touch[1]) and between[0] <= touch[0] < between[1]
    ]
    if not starts:
        return []
    rest = (steps, window, spans, order)

    def finished(chain, stop):
        late = within is not None and touches[chain[0]][0] > until - within
        return chain, with_optional(chain, touches, stop, steps, after, window), late

    end = len(touches)
    if attempt == "furthest":
        mature = [i for i in starts if within is None or touches[i][0] <= until - within]
        chains = [best_chain(touches, i, end, *rest) for i in mature or starts[:1]]
        if order == "any":  # the earliest of those with the most different steps
            chain = min(chains, key=lambda chain: (-len(chain), chain[0]))
        else:
            chain = min(chains, key=lambda chain: (-len(chain), chain))
        return [finished(chain, end)]
    if attempt == "first":
        return [finished(best_chain(touches, starts[0], end, *rest), end)]
    found, at = [], starts[0]
    while at is not None:
        later = (i for i in starts if i > at)
        stop = next((q for q in later if not takes_further(touches, at, q, rest)), None)
        ends = end if stop is None else stop
        found.append(finished(best_chain(touches, at, ends, *rest), ends))
        at = stop
    return found


def takes_further(touches, at, q, rest):
    """Whether touchpoint q takes the attempt from `at` to a step not reached before."""
    before, now = (len(best_chain(touches, at, stop, *rest)) for stop in (q, q + 1))
    return now > before


def fits_step(step, row):
    """Whether a row fits a step: an event, a mapping of roles, or a list of alternatives."""
    _, _, channel, event, *_ = row
    if isinstance(step, str):
        return event == step
    if isinstance(step, dict):
        return all({"channel": channel, "event": event}[role] == v for role, v in step.items())
    return any(fits_step(one, row) for one in step)


def naive_units(rows, unit, gap):
    """Rows of each unit in time order, by customer."""
    units = defaultdict(list)
    last, nth = {}, defaultdict(int)
    for row in sorted(rows, key=lambda row: row[1]):
        customer, time, _, _, order, *_ = row
        nth[customer] += time - last.get(customer, time) > gap
        last[customer] = time
        if not unit.startswith("held") or order is not None:
            held = order if unit.startswith("held") else None
            units[customer, nth[customer] * ("journey" in unit), held].append(row)
    return units


def touches_of(own, steps, excluded=()):
    """A unit's rows as touchpoints."""
    return [
        (
            row[1],
            {k for k, step in enumerate(steps) if fits_step(step, row)},
            {e for e, what in enumerate(excluded) if fits_step(what, row)},
        )
        for row in own
    ]


@dataclass
class NaiveStep:
    """What is counted at one step of one level."""

    units: int = 0
    customers: set = field(default_factory=set)
    open: int = 0
    open_made: int = 0
    valued: int = 0
    money: int = 0
    waits: list = field(default_factory=list)  # (µs since the step before, whether it was made)


def naive_funnel(rows, steps, unit, gap, until, order, attempt, within, level=None, between=None):
    """{(level, step): NaiveStep} and the units with their customers and whether they are open.

    ``level``: None, "step 1" or "customer", for the channel there.
    """
    found, population = defaultdict(NaiveStep), []
    places = [*range(len(steps))]
    firsts = {}
    for row in sorted(rows, key=lambda row: row[1]):
        firsts.setdefault(row[0], row[2])
    for (customer, *_), own in naive_units(rows, unit, gap).items():
        touches = touches_of(own, steps)
        rules = {"order": order, "within": within, "until": until}
        rules |= {"between": between} if between else {}
        attempts = naive_attempts(touches, len(steps), attempt=attempt, **rules)
        population.append((customer, bool(attempts) and all(late for _, _, late in attempts)))
        for chain, _, late in attempts:
            levels = {None: "", "step 1": own[chain[0]][2], "customer": firsts[customer]}
            for k in places:
                cell = found[levels[level], k]
                made = len(chain) > k
                cell.open += late
                cell.open_made += late and made
                if late or not made:
                    continue
                cell.units += 1
                cell.customers.add(customer)
                worth = own[chain[k]][5] if len(own[chain[k]]) > 5 else None
                cell.valued += worth is not None
                cell.money += (worth or 0) if len(chain) == k + 1 else 0
        timed = naive_attempts(
            touches, len(steps), attempt="every" if attempt == "every" else "first", **rules
        )
        for chain, _, late in timed:
            levels = {None: "", "step 1": own[chain[0]][2], "customer": firsts[customer]}
            for k in places[1:]:
                if late or len(chain) < k:
                    continue
                since = touches[chain[k - 1]][0]
                end = min(until, touches[chain[0]][0] + (within or FOREVER))
                made = len(chain) > k
                wait = (touches[chain[k]][0] if made else end) - since
                found[levels[level], k].waits.append((wait, made))
    return found, population
