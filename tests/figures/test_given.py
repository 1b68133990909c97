"""Each figure refuses what is not its own, and says which function makes what is."""

from __future__ import annotations

import networkx as nx
import pytest
from simulated import flows_of, graph_of, steps_of

import omninb as onb
from omninb.figures import (
    drop_off_figure,
    exit_figure,
    flow_figure,
    funnel_figure,
    journey_map_figure,
    lost_to_figure,
    step_figure,
)

MAKERS = {
    step_figure: "step_table",
    flow_figure: "flow_table",
    journey_map_figure: "transition_graph",
    funnel_figure: "funnel_table",
    drop_off_figure: "drop_off_table",
    lost_to_figure: "lost_to_table",
    exit_figure: "exit_table",
}
STEPS = ["checkout", "payment", "purchase"]


@pytest.fixture(scope="module")
def made():
    journeys = onb.sample().journeys(end_at="purchase")
    makers = (onb.step_table, onb.flow_table, onb.path_table, onb.transition_table,
              onb.transition_graph)  # fmt: skip
    of_steps = (onb.funnel_table, onb.drop_off_table, onb.lost_to_table)
    return (
        {"journeys": journeys, "exit_table": onb.exit_table(journeys)}
        | {make.__name__: make(journeys) for make in makers}
        | {make.__name__: make(journeys, STEPS) for make in of_steps}
    )


@pytest.mark.parametrize("figure", MAKERS, ids=lambda figure: figure.__name__)
@pytest.mark.parametrize(
    "wrong",
    ["journeys", "step_table", "flow_table", "path_table", "transition_table", "transition_graph",
     "funnel_table", "drop_off_table", "lost_to_table", "exit_table"],
)  # fmt: skip
def test_only_its_own_is_drawn(figure, wrong, made):
    if MAKERS[figure] == wrong:
        assert figure(made[wrong]).data
    else:
        with pytest.raises(onb.OmninbError, match=rf"{MAKERS[figure]}\(journeys"):
            figure(made[wrong])


def test_what_is_missing_is_named(retailer):
    with pytest.raises(onb.OmninbError, match=r"'share', 'share_ci_lower'.*step_table\(journeys\)"):
        step_figure(steps_of(retailer).drop(columns=["share", "share_ci_lower"]))
    with pytest.raises(onb.OmninbError, match=r"no column 'source'.*flow_table\(journeys\)"):
        flow_figure(flows_of(retailer).drop(columns="source"))
    graph = graph_of(retailer)
    del graph.edges["web", "store"]["probability"]
    with pytest.raises(onb.OmninbError, match=r"'web' → 'store' has no 'probability'"):
        journey_map_figure(graph)
    with pytest.raises(onb.OmninbError, match=r"'a' has no 'kind'.*transition_graph\(journeys\)"):
        journey_map_figure(nx.DiGraph([("a", "b")]))


def test_a_table_that_has_lost_what_it_says_of_itself_is_refused(made):
    bare = made["funnel_table"].copy()
    bare.attrs = {}
    with pytest.raises(onb.OmninbError, match=r"attrs have no 'steps', 'within'.*funnel_table"):
        funnel_figure(bare)
    with pytest.raises(onb.OmninbError, match=r"funnel is not what funnel_table"):
        drop_off_figure(made["drop_off_table"], funnel=made["drop_off_table"])
