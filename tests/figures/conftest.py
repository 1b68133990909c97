"""Simulated graphs and tables in several shapes."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path

import plotly.graph_objects as go
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import simulated
from reading import HOSTILE

from omninb.figures import journey_map_figure
from omninb.figures.canvas import Canvas


@cache
def rows_of(shape: str) -> list[tuple[int, list[str], str]]:
    """Simulated journeys by the name of their shape."""
    both = {"START": {"web": 3, "store": 1}, "web": {"store": 2, "web": 1, "exit": 2},
            "store": {"web": 1, "exit": 2, "converted": 2}}  # fmt: skip
    hostile = {"START": {name: 9 - i for i, name in enumerate(HOSTILE)}}
    for i, name in enumerate(HOSTILE):
        ways = {other: abs(i - j) + 1 for j, other in enumerate(HOSTILE)}
        hostile[name] = ways | {"exit": 30, "converted": 12}
    make = {
        "retailer": lambda: simulated.journeys(simulated.WEB, 3_000),
        "process": lambda: simulated.journeys(simulated.process(27), 700, seed=4),
        "no conversions": lambda: simulated.journeys(simulated.process(9, converted=False), 400),
        "two nodes": lambda: simulated.journeys(both, 200),
        "loops only": lambda: simulated.journeys(
            {"START": {"web": 1}, "web": {"web": 1, "exit": 1}}, 60, still_open=0
        ),
        "all open": lambda: simulated.journeys(simulated.WEB, 40, still_open=1),
        "hostile": lambda: simulated.journeys(hostile, 500),
    }
    return make[shape]()


SHAPES = (
    "retailer", "process", "no conversions", "two nodes", "loops only", "all open", "hostile",
)  # fmt: skip


@pytest.fixture(scope="session", params=SHAPES)
def rows(request):
    """Simulated journeys of every shape."""
    return rows_of(request.param)


@pytest.fixture(scope="session")
def retailer():
    """Simulated journeys of a retailer with ten channels."""
    return rows_of("retailer")


@pytest.fixture(scope="session")
def hostile():
    """Simulated journeys between channels with hostile names."""
    return rows_of("hostile")


@pytest.fixture(scope="session")
def process():
    """Simulated journeys through 27 activities."""
    return rows_of("process")


@pytest.fixture(scope="session")
def graph(rows):
    """Their graph, with some flows bundled."""
    return simulated.graph_of(rows, max(2, len(rows) // 200))


@pytest.fixture(scope="session")
def figure(graph):
    """Its journey map."""
    return journey_map_figure(graph)


@pytest.fixture(scope="session", autouse=True)
def validated():
    """Every figure that is drawn here is one that plotly would have made with all its checks."""
    drawn = Canvas.figure

    def checked(canvas, meta):
        figure = drawn(canvas, meta)
        said = json.loads(figure.to_json())
        assert said == json.loads(go.Figure(said).to_json())
        return figure

    Canvas.figure = checked
    yield
    Canvas.figure = drawn
