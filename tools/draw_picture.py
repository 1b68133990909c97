"""Draws the README's picture, the journey map of the sample: ``make picture`` (needs Chromium)."""

from io import BytesIO
from pathlib import Path

from PIL import Image

import omninb as onb

PATH = Path(__file__).resolve().parents[1] / "docs" / "journey_map.png"

journeys = onb.sample().journeys(split_gap="30d", end_at="purchase")
graph = onb.transition_graph(journeys, by="channel", min_journeys=300)
drawn = Image.open(BytesIO(onb.journey_map_figure(graph).to_image("png")))
PATH.parent.mkdir(exist_ok=True)
# 256 colours, chosen by median cut, keep the greys grey at a third of the size.
drawn.convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
    PATH, optimize=True
)
print(f"docs/journey_map.png: {PATH.stat().st_size:,} bytes")
