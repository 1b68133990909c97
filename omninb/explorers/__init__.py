"""Interactive explorers, each with a headless twin: what is clicked can be run at night."""

from omninb.explorers.funnel import explore_funnel
from omninb.explorers.journeys import explore_journeys

__all__ = ["explore_funnel", "explore_journeys"]
