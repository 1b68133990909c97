"""The sample's figures as narrow as explorers show them: no text is cut, and none on another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import pytest
from reading import overlaps, words

import omninb as onb

STEPS = ["view_product", "add_to_cart", "checkout", "payment", "purchase"]
BOTH = ["channel", "event"]


@pytest.fixture(scope="module")
def journeys() -> Any:
    return onb.sample().journeys(split_gap="30d", end_at="purchase")


def _drop_off(journeys: Any, width: int) -> go.Figure:
    funnel = onb.funnel_table(journeys, STEPS, within="7d", attempt="first")
    table = onb.drop_off_table(journeys, STEPS, within="7d")
    return onb.drop_off_figure(table, width=width, funnel=funnel)


def _by_both(journeys: Any, width: int) -> go.Figure:
    table = onb.drop_off_table(journeys, STEPS, by=BOTH, within="7d")
    return onb.drop_off_figure(table, width=width)


def _lost(journeys: Any, width: int) -> go.Figure:
    table = onb.lost_to_table(journeys, STEPS, by=BOTH, within="7d")
    return onb.lost_to_figure(table, width=width)


def _anchored(journeys: Any, width: int) -> go.Figure:
    steps = onb.step_table(journeys, max_steps=3, anchor={"channel": "marketplace"})
    return onb.step_figure(steps, width=width)


def _split(journeys: Any, width: int) -> go.Figure:
    table = onb.funnel_table(journeys, STEPS, within="7d", attempt="first", breakdown="segment")
    return onb.funnel_figure(table, width=width)


def _compared(journeys: Any, width: int) -> go.Figure:
    sides = [journeys.where(device=name) for name in ("mobile", "desktop")]
    table = onb.transition_difference_table(*sides)
    return onb.transition_difference_figure(table, names=("mobile", "desktop"), width=width)


@pytest.mark.parametrize(
    ("drawn", "width"),
    [(_drop_off, 400), (_drop_off, 480), (_by_both, 840), (_lost, 500), (_lost, 600), (_lost, 840),
     (_anchored, 400), (_anchored, 540), (_split, 840), (_compared, 840)],
)  # fmt: skip
def test_nothing_is_cut_and_no_text_stands_on_another(
    journeys: Any, drawn: Callable[[Any, int], go.Figure], width: int
) -> None:
    found = words(drawn(journeys, width))
    assert [text for text, *_ in found if "…" in text] == []
    assert [text for text, _, box in found if box[0] < 0 or box[2] > width] == []
    assert overlaps(found) == []


@pytest.mark.parametrize("width", [700, 840, 1100])
def test_names_and_shares_of_a_map_of_many_nodes(journeys: Any, width: int) -> None:
    graph = onb.transition_graph(journeys, by=BOTH, min_journeys=132)
    found = words(onb.journey_map_figure(graph, width=width))
    assert [text for text, *_ in found if "…" in text] == []
    shares = {text for text, size, _ in found if size == 12.5 and text.endswith(" %")}
    assert len(shares) > 8
    assert [pair for pair in overlaps(found) if shares & set(pair)] == []


def test_names_of_a_flow(journeys: Any) -> None:
    found = words(onb.flow_figure(onb.flow_table(journeys), width=840))
    assert [text for text, *_ in found if "…" in text] == []
