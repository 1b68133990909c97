"""Tables and graphs drawn as plotly figures. Nothing here computes: it only shows."""

from omninb.figures.flow import flow_figure
from omninb.figures.journey_map import journey_map_figure
from omninb.figures.step import step_figure

__all__ = ["flow_figure", "journey_map_figure", "step_figure"]
