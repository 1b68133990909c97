"""omninb: journeys are laid out once; each further table is one pass."""

import omninb as onb
from benchmarks.peers.duckdb_asof import STEPS

ENDS = {"START", "exit", "open", "converted"}


def cold(path):
    journeys = onb.read_events(path).journeys()
    return counts(onb.transition_table(journeys, by="channel")), journeys


def later(path):
    journeys = onb.read_events(path).journeys()
    return {
        "transitions": lambda: onb.transition_table(journeys, by="channel"),
        "steps": lambda: onb.step_table(journeys, by="channel", max_steps=10),
        "flows": lambda: onb.flow_table(journeys, by="channel", max_steps=6),
        "paths": lambda: onb.path_table(journeys, by="channel", max_steps=5),
        "funnel": lambda: onb.funnel_table(journeys, STEPS, "30d", attempt="first"),
    }


def counts(table):
    """Moves between two touchpoints: starts and ends left out, as no peer counts them."""
    rows = zip(table["source"], table["target"], table["transitions"], strict=True)
    return {(a, b): int(n) for a, b, n in rows if a not in ENDS and b not in ENDS}
