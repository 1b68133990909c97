"""Attempts at a funnel by trying every chain of touchpoints, written from the definitions alone.

A unit's touchpoints are (time, steps that it fits, exclusions that it fits), steps numbered from 0
in the order of the required ones, optional ones after them.
"""

from __future__ import annotations

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
    touches, steps, order="ordered", attempt="first", within=None, until=FOREVER, spans=(), after=()
):
    """The attempts of one unit: (chain, touchpoints of the optional steps, open)."""
    window = FOREVER if within is None else within
    begins = range(steps) if order == "any" else [0]
    starts = [i for i, touch in enumerate(touches) if set(begins) & set(touch[1])]
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
