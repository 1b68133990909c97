"""omninb: journeys are laid out once; each further table is one pass."""

import omninb as onb
from benchmarks.peers.duckdb_asof import STEPS

ENDS = {"START", "exit", "open", "converted"}


def cold(path):
    journeys = onb.read_events(path).journeys()
    return counts(onb.transition_table(journeys, by="channel")), journeys


def later(path):
    journeys = onb.read_events(path).journeys()

    def asked(table, *steps, **arguments):
        """A table whose counts are not kept from the last time."""

        def call():
            journeys._kept.clear()
            return table(journeys, *steps, **arguments)

        return call

    return {
        "transitions": asked(onb.transition_table, by="channel"),
        "steps": asked(onb.step_table, by="channel", max_steps=10),
        "flows": asked(onb.flow_table, by="channel", max_steps=6),
        "paths": asked(onb.path_table, by="channel", max_steps=5),
        "funnel": asked(onb.funnel_table, STEPS, "30d", attempt="first"),
    }


def counts(table):
    """Moves between two touchpoints: starts and ends left out, as no peer counts them."""
    rows = zip(table["source"], table["target"], table["transitions"], strict=True)
    return {(a, b): int(n) for a, b, n in rows if a not in ENDS and b not in ENDS}
