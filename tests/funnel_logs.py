"""Random logs and questions for tests of funnels."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from logs import EPOCH, HOUR

STEPS = ["a", "b", "c"]
HOSTILE = ["<img src=x onerror=alert(1)>", "$\\href{x}{y}$", "exit", "", "=1+1"]


def rows_of(most=24, customers=4):
    """Rows of a few customers whose values may be missing; all three steps occur."""
    row = st.tuples(
        st.sampled_from([f"c{i}" for i in range(customers)]),
        st.integers(0, 24).map(lambda hours: hours * HOUR),
        st.sampled_from(["web", "store"]),
        st.sampled_from([*STEPS, "-"]),
        st.sampled_from(["o1", "o2", None]),
        st.sampled_from([None, 3, 40, -7]),
    )
    always = [("c0", 5 * HOUR, "web", event, "o1", None) for event in STEPS]
    return st.lists(row, max_size=most).map(lambda rows: [*rows, *always])


def until_of(hours):
    return {"observed_until": np.datetime64(EPOCH + hours * HOUR, "us")}


@st.composite
def questions(draw):
    attempt = draw(st.sampled_from(["furthest", "first", "every"]))
    levels = [None] if attempt == "furthest" else [None, "step 1", "customer"]
    return {
        "order": draw(st.sampled_from(["ordered", "strict", "any"])),
        "attempt": attempt,
        "within": draw(st.sampled_from([None, 3, 8])),
        "unit": draw(st.sampled_from(["customer", "journey", "held"])),
        "level": draw(st.sampled_from(levels)),
    }
