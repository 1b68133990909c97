"""Interactive explorers, each with a headless twin: what is clicked can be run at night."""

from omninb.explorers.experiment import explore_experiment
from omninb.explorers.funnel import explore_funnel
from omninb.explorers.journeys import explore_journeys
from omninb.explorers.quality import explore_quality

__all__ = ["explore_experiment", "explore_funnel", "explore_journeys", "explore_quality"]
