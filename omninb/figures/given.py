"""What a figure was given, refused unless it is what the figure shows."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx
import pandas as pd

from omninb.errors import OmninbError

_COUNTED = ("journeys", "customers", "share", "share_ci_lower", "share_ci_upper")
_NAMED: tuple[str, ...] = ("kind",)
_MOVED: tuple[str, ...] = (
    "transitions", "journeys", "customers", "probability", "probability_ci_lower",
    "probability_ci_upper",
)  # fmt: skip

_FUNNEL = (
    "funnel_step", "step", "customers", "conversion_rate", "step_conversion_rate",
    "population_rate", "open_converted", "median_time",
)  # fmt: skip
_ASKED = ("steps", "within", "order", "attempt")


def check_funnel(funnel: object, argument: str = "funnel") -> None:
    """Refuse what is not of `funnel_table` or `funnel_period_table`."""
    wanted = argument, "funnel_table(journeys, steps)"
    _facts(_frame(funnel, *wanted, _FUNNEL), *wanted, (*_ASKED, "unit", "population"))


def check_drop_off(table: object) -> None:
    """Refuse what is not of `drop_off_table`."""
    wanted = "table", "drop_off_table(journeys, steps)"
    columns = ("step", "customers", "lost", "open", "drop_off", "leave_channel_rate", "p_adjusted")
    _facts(_frame(table, *wanted, columns), *wanted, (*_ASKED, "by"))


def check_lost_to(table: object) -> None:
    """Refuse what is not of `lost_to_table`."""
    wanted = "table", "lost_to_table(journeys, steps)"
    _facts(_frame(table, *wanted, ("step", "outcome", "next", "share")), *wanted, (*_ASKED, "by"))


def check_exits(exits: object) -> None:
    """Refuse what is not of `exit_table`."""
    wanted = "exits", "exit_table(journeys)"
    columns = ("settled", "exits", "expected_exits", "ratio", "flagged", "expected_end")
    _facts(_frame(exits, *wanted, columns), *wanted, ("by",))


def check_days(table: object) -> None:
    """Refuse what is not of `day_table`."""
    _frame(table, "table", "day_table(log)", ("day", "channel", "touchpoints"))


def check_gaps(table: object) -> None:
    """Refuse what is not of `gap_table`."""
    wanted = "table", "gap_table(journeys, source, target)"
    columns = ("longer_than", "up_to", "transitions", "customers", "share")
    _facts(_frame(table, *wanted, columns), *wanted, ("source", "target", "median_gap"))


def check_transition_difference(table: object) -> None:
    """Refuse what is not of `transition_difference_table`."""
    wanted = "table", "transition_difference_table(a, b)"
    columns = ("source", "target", "probability_a", "settled_b", "difference", "differs")
    _facts(_frame(table, *wanted, columns), *wanted, ("by", "a", "b"))


def check_experiment(table: object) -> None:
    """Refuse what is not of `experiment_table`."""
    wanted = "table", "experiment_table(source, metrics)"
    columns = (
        "metric", "segment", "level", "role", "margin", "relative_uplift", "uplift_ci_lower",
        "denominator_control", "p_value_adjusted", "p_interaction_adjusted", "verdict",
    )  # fmt: skip
    _facts(_frame(table, *wanted, columns), *wanted, ("arms", "control", "confidence"))


def check_cumulative(table: object) -> None:
    """Refuse what is not of `experiment_cumulative_table`."""
    wanted = "table", "experiment_cumulative_table(source, metrics)"
    columns = ("metric", "variant", "day", "n", "uplift", "always_valid_ci_lower")
    _facts(_frame(table, *wanted, columns), *wanted, ("control", "confidence"))


def check_distribution(table: object) -> None:
    """Refuse what is not of `experiment_distribution_table`."""
    wanted = "table", "experiment_distribution_table(source, metrics)"
    _frame(table, *wanted, ("metric", "variant", "lower", "upper", "customers", "share"))


def check_experiment_transitions(table: object) -> None:
    """Refuse what is not of `experiment_transition_table`."""
    wanted = "table", "experiment_transition_table(log)"
    columns = ("what", "variant", "step", "source", "target", "difference", "differs")
    _facts(_frame(table, *wanted, columns), *wanted, ("by", "arms", "control"))


def check_power(table: object) -> None:
    """Refuse what is not of `power_table`."""
    wanted = "table", "power_table(baseline, effect, n)"
    columns = ("effect", "uplift", "baseline", "n", "customers_control", "power")
    frame = _frame(table, *wanted, columns)
    if "weeks" in frame.columns:
        raise OmninbError(_refusal(*wanted, "it holds sizes and weeks"))


def check_steps(steps: object) -> None:
    """Refuse what is not of `step_table`; a flow table has steps too, but no single label."""
    wanted = "steps", "step_table(journeys)"
    frame = _frame(steps, *wanted, ("step", *_COUNTED))
    if {"source", "target"} <= set(frame.columns):
        raise OmninbError(_refusal(*wanted, "it holds moves, from 'source' to 'target'"))


def check_flows(flows: object) -> None:
    """Refuse what is not of `flow_table`."""
    _frame(flows, "flows", "flow_table(journeys)", ("step", "source", "target", *_COUNTED))


def check_graph(graph: object) -> None:
    """Refuse what is not of `transition_graph`."""
    wanted = "graph", "transition_graph(journeys)"
    if not isinstance(graph, nx.DiGraph):
        raise OmninbError(_refusal(*wanted, f"it is a {type(graph).__name__}"))
    nodes = [(f"node {name!r}", data, _NAMED) for name, data in graph.nodes(data=True)]
    edges = [(f"edge {a!r} → {b!r}", data, _MOVED) for a, b, data in graph.edges(data=True)]
    for what, data, names in nodes + edges:
        lacking = [name for name in names if name not in data]
        if lacking:
            raise OmninbError(_refusal(*wanted, f"{what} has no {_listed(lacking)}"))


def _frame(given: object, argument: str, maker: str, columns: Iterable[str]) -> pd.DataFrame:
    if not isinstance(given, pd.DataFrame):
        raise OmninbError(_refusal(argument, maker, f"it is a {type(given).__name__}"))
    lacking = [name for name in columns if name not in given.columns]
    if lacking:
        raise OmninbError(_refusal(argument, maker, f"it has no column {_listed(lacking)}"))
    return given


def _facts(given: pd.DataFrame, argument: str, maker: str, names: Iterable[str]) -> None:
    """Refuse a table that has lost what it says about itself, as one put together anew has."""
    lacking = [name for name in names if name not in given.attrs]
    if lacking:
        raise OmninbError(_refusal(argument, maker, f"its attrs have no {_listed(lacking)}"))


def _refusal(argument: str, maker: str, found: str) -> str:
    return f"{argument} is not what {maker} returns: {found}. Pass {argument} = {maker}."


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names))
