"""omninb: journey analytics across channels, with its arithmetic in the open.

Public names are loaded when they are first used: ``import omninb`` stays as light as pandas.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

_ROOMS = {
    "errors": ["OmninbError"],
    "events": ["EventLog", "Source", "read_events"],
    "events.profile": ["column_table", "day_table", "activity_table"],
    "journeys": ["Journeys"],
    "transitions": ["transition_table", "transition_difference_table"],
    "graphs": ["transition_graph", "end_table"],
    "gaps": ["gap_table"],
    "steps": ["step_table", "flow_table"],
    "paths": ["path_table"],
    "funnels": ["funnel_table", "funnel_period_table"],
    "drop_off": ["drop_off_table", "lost_to_table"],
    "exits": ["exit_table"],
    "reconciliation": ["reconciliation_table"],
    "experiments.metrics": ["Conversion", "DropOff", "MeanPerCustomer", "RatioOfSums", "TimeTo"],
    "experiments.table": ["experiment_table", "experiment_check_table"],
    "experiments.transitions": ["experiment_transition_table"],
    "experiments.progress": ["experiment_cumulative_table", "experiment_distribution_table"],
    "experiments.planning": ["sample_size_table", "power_table"],
    "simulate": ["simulate_retailer"],
    "samples": ["sample"],
    "figures": [
        "journey_map_figure",
        "flow_figure",
        "transition_difference_figure",
        "day_figure",
        "gap_figure",
        "step_figure",
        "funnel_figure",
        "drop_off_figure",
        "lost_to_figure",
        "exit_figure",
        "experiment_figure",
        "experiment_segment_figure",
        "experiment_cumulative_figure",
        "experiment_distribution_figure",
        "experiment_transition_figure",
        "power_figure",
    ],
    "views": ["table_view", "verdict", "headline"],
    "explorers": [
        "explore_journeys",
        "explore_funnel",
        "explore_experiment",
        "explore_quality",
    ],
    "reports": ["run_notebook", "run_report"],
    "workshop": ["check", "workshop_case"],
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted(_HOME)  # noqa: PLE0605

try:
    __version__ = version("omninb")
except PackageNotFoundError:
    __version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'omninb' has no attribute {name!r}")
    value = getattr(import_module(f"omninb.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
