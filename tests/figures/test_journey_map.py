"""The journey map: nothing overlaps, nothing is computed, nothing in it can act."""

from __future__ import annotations

import html
import math

import networkx as nx
import pytest
from reading import HOSTILE, alarming, hovered, numbers, overlaps, texts, words
from simulated import graph_of

import omninb.figures.lettering as lettering
from omninb.figures import journey_map_figure

WIDTHS = (700, 1050, 1600)


def circles(figure):
    """(x, y, radius) of the circles that stand for nodes."""
    found = set()
    for trace in figure.data:
        if trace.name == "places":
            found |= set(zip(trace.x, trace.y, strict=True))
    sizes = {}
    for trace in figure.data:
        if trace.mode == "markers" and trace.name is None:
            for x, y, size in zip(trace.x, trace.y, trace.marker.size, strict=True):
                sizes[x, y] = max(size, sizes.get((x, y), 0))
    return [(x, y, sizes[x, y] / 2) for x, y in found]


@pytest.mark.parametrize("width", WIDTHS)
def test_circles_and_labels_do_not_overlap_and_stay_on_the_sheet(graph, width):
    figure = journey_map_figure(graph, width=width)
    found = circles(figure)
    for i, (x, y, r) in enumerate(found):
        assert all(math.dist((x, y), (u, v)) >= r + s for u, v, s in found[i + 1 :])
    shares = 12.5
    labels = [word for word in words(figure) if word[1] != shares]
    assert overlaps(labels) == []
    everything = words(figure)
    assert min(box[0] for _, _, box in everything) >= 0
    assert max(box[2] for _, _, box in everything) <= width
    assert max(box[3] for _, _, box in everything) <= figure.layout.height
    percentages = [word for word in everything if word[1] == shares and word[0].endswith("%")]
    assert overlaps(percentages) == []


def test_every_number_shown_stands_in_the_graph(graph, figure):
    allowed = {"95", "30", "1.2", *map(str, range(1, 32)), "2025"}
    for data in [
        graph.graph,
        *(d for _, d in graph.nodes(data=True)),
        *(d for *_, d in graph.edges(data=True)),
    ]:
        for key, value in data.items():
            if isinstance(value, int):
                allowed.add(f"{value:,}")
            elif isinstance(value, float) and not math.isnan(value):
                allowed |= {lettering.percent(value), f"{value:.1f}"}
            if key.endswith("_lower") and not math.isnan(value):
                upper = data[key.replace("_lower", "_upper")]
                allowed |= numbers(lettering.interval(value, upper))
        if "median_gap" in data:
            allowed |= numbers(lettering.span(data["median_gap"]))
    names = {lettering.plain(n) for n in graph}
    for name in names:
        allowed |= numbers(name)
    for text in {*texts(figure), figure.layout.meta["alt"]}:
        said = html.unescape(text)
        if any(said.rstrip("…") in name for name in names):
            continue
        assert numbers(said) <= allowed, said


def test_the_same_graph_gives_the_same_figure_whatever_its_order(retailer):
    graph = graph_of(retailer, 20)
    again = nx.DiGraph(**graph.graph)
    again.add_nodes_from(reversed(list(graph.nodes(data=True))))
    again.add_edges_from(reversed(list(graph.edges(data=True))))
    assert journey_map_figure(graph).to_json() == journey_map_figure(again).to_json()


def test_every_edge_and_node_answers_a_pointer(graph, figure):
    moves = {(html.unescape(r[0]), html.unescape(r[1])): r for r in hovered(figure, "moves")}
    for a, b, data in graph.edges(data=True):
        if b == "open":
            continue
        row = moves[lettering.plain(a), lettering.plain(b)]
        assert row[2:5] == [data["transitions"], data["journeys"], data["customers"]]
        assert lettering.percent(data["probability"]) in row[5]
        assert f"of {data['settled']:,} settled" in row[5]
    places = {html.unescape(r[0]) for r in hovered(figure, "places")}
    assert places == {lettering.plain(n) for n, d in graph.nodes(data=True) if d.get("journeys", 1)}


def test_nothing_from_the_data_can_act(hostile):
    graph = graph_of(hostile)
    graph.graph["by"] = HOSTILE[0]
    figure = journey_map_figure(graph, title=HOSTILE[1])
    assert alarming(figure) == []
    assert "%{meta" not in figure.to_json().replace("%&#123;meta", "").split('"meta":')[0]


def test_templates_hold_no_data(hostile):
    figure = journey_map_figure(graph_of(hostile))
    for trace in figure.data:
        assert not any(name in (trace.hovertemplate or "") for name in HOSTILE)


def test_large_maps_stay_small_files(process, retailer):
    for graph in (graph_of(process, 8), graph_of(retailer, 10)):
        figure = journey_map_figure(graph)
        assert len(figure.to_json()) < 160_000
        assert {trace.type for trace in figure.data} == {"scatter"}
        assert len(str(figure.layout.template.to_plotly_json())) < 100


def test_end_states_that_nobody_reached_are_hidden():
    rows = [(1, ["web", "store"], "open"), (2, ["store"], "open")]
    figure = journey_map_figure(graph_of(rows))
    shown = {text for text, _, _ in words(figure)}
    assert {"START", "open", "web", "store"} <= shown
    assert not {"converted", "exit"} & shown
    assert not any("leave" in text for text in shown)


def test_a_graph_of_start_alone_and_an_empty_one_say_so():
    alone = nx.DiGraph(by="channel", journeys=3, customers=2, touchpoints=3)
    alone.add_node("START", kind="start", journeys=3, customers=2)
    assert "3 journeys" in {text for text, _, _ in words(journey_map_figure(alone))}
    nothing = journey_map_figure(nx.DiGraph(by="channel", journeys=0, customers=0))
    assert "No journeys to show." in {text for text, _, _ in words(nothing)}


def test_titles_ask_by_what_the_map_was_made(retailer):
    graph = graph_of(retailer, by="device")
    assert "one device to the next" in journey_map_figure(graph).layout.title.text
    assert journey_map_figure(graph, title="Who?").layout.title.text == "Who?"


def test_a_given_height_is_a_least_height(retailer):
    graph = graph_of(retailer, 20)
    assert journey_map_figure(graph, height=1200).layout.height == 1200
    needed = journey_map_figure(graph).layout.height
    assert journey_map_figure(graph, height=100).layout.height == needed
