"""Draws the README's picture, the journey map of the sample: ``make picture`` (needs Chromium)."""

from pathlib import Path

import omninb as onb

PATH = Path(__file__).resolve().parents[1] / "docs" / "journey_map.png"

journeys = onb.sample().journeys(split_gap="30d", end_at="purchase")
graph = onb.transition_graph(journeys, by="channel", min_journeys=300)
PATH.parent.mkdir(exist_ok=True)
onb.journey_map_figure(graph).write_image(PATH)
print(f"docs/journey_map.png: {PATH.stat().st_size:,} bytes")
