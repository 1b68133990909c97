"""Tables and graphs drawn as plotly figures. Nothing here computes: it only shows."""

from omninb.figures.day import day_figure
from omninb.figures.drop_off import drop_off_figure
from omninb.figures.exits import exit_figure
from omninb.figures.experiment import experiment_figure
from omninb.figures.experiment_cumulative import experiment_cumulative_figure
from omninb.figures.experiment_distribution import experiment_distribution_figure
from omninb.figures.experiment_segment import experiment_segment_figure
from omninb.figures.experiment_transition import experiment_transition_figure
from omninb.figures.flow import flow_figure
from omninb.figures.funnel import funnel_figure
from omninb.figures.gap import gap_figure
from omninb.figures.journey_map import journey_map_figure
from omninb.figures.lost_to import lost_to_figure
from omninb.figures.power import power_figure
from omninb.figures.step import step_figure
from omninb.figures.transition_difference import transition_difference_figure

__all__ = [
    "day_figure",
    "drop_off_figure",
    "exit_figure",
    "experiment_cumulative_figure",
    "experiment_distribution_figure",
    "experiment_figure",
    "experiment_segment_figure",
    "experiment_transition_figure",
    "flow_figure",
    "funnel_figure",
    "gap_figure",
    "journey_map_figure",
    "lost_to_figure",
    "power_figure",
    "step_figure",
    "transition_difference_figure",
]
