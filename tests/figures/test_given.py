"""Each figure refuses what is not its own, and says which function makes what is."""

from __future__ import annotations

import networkx as nx
import pandas as pd
import pytest
from simulated import flows_of, graph_of, steps_of

import omninb as onb
from omninb.figures import (
    drop_off_figure,
    exit_figure,
    experiment_cumulative_figure,
    experiment_distribution_figure,
    experiment_figure,
    experiment_segment_figure,
    experiment_transition_figure,
    flow_figure,
    funnel_figure,
    journey_map_figure,
    lost_to_figure,
    power_figure,
    step_figure,
)

EXPERIMENTS = {
    experiment_figure: "experiment_table",
    experiment_segment_figure: "experiment_table",
    experiment_cumulative_figure: "experiment_cumulative_table",
    experiment_distribution_figure: "experiment_distribution_table",
    experiment_transition_figure: "experiment_transition_table",
    power_figure: "power_table",
}
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


@pytest.fixture(scope="module")
def tested():
    frame = pd.DataFrame({"variant": ["control", "new"] * 300, "orders": [0, 1, 1, 0, 2, 1] * 100})
    frame["day"] = pd.to_datetime(["2025-03-01"] * 300 + ["2025-03-02"] * 300)
    frame["device"] = ["mobile", "mobile", "desktop"] * 200
    metric = onb.MeanPerCustomer("orders")
    return {
        "experiment_table": onb.experiment_table(frame, metric, segments="device"),
        "experiment_cumulative_table": onb.experiment_cumulative_table(
            frame, metric, exposed_at="day"
        ),
        "experiment_distribution_table": onb.experiment_distribution_table(frame, metric),
        "experiment_transition_table": onb.experiment_transition_table(onb.sample()),
        "power_table": onb.power_table(0.1, 0.1, 1_000),
        "sample_size_table": onb.sample_size_table(0.1, 0.1),
        "experiment_check_table": onb.experiment_check_table(frame, metric),
    }


@pytest.mark.parametrize("figure", EXPERIMENTS, ids=lambda figure: figure.__name__)
def test_only_its_own_table_of_an_experiment_is_drawn(figure, tested, made):
    for name, table in (tested | made).items():
        if EXPERIMENTS[figure] == name:
            assert figure(table).data
        else:
            with pytest.raises(onb.OmninbError, match=rf"{EXPERIMENTS[figure]}\("):
                figure(table)


@pytest.mark.parametrize("figure", EXPERIMENTS, ids=lambda figure: figure.__name__)
def test_its_sheet_is_wide_and_high_as_asked_and_said_in_words(figure, tested):
    table = tested[EXPERIMENTS[figure]]
    drawn = figure(table, title="Why <b>so</b>?", width=900, height=1500)
    assert (drawn.layout.width, drawn.layout.height) == (900, 1500)
    assert drawn.layout.title.text == "Why &lt;b&gt;so&lt;/b&gt;?"
    assert drawn.layout.meta["alt"].startswith("Why <b>so</b>? ")
    assert len(drawn.layout.meta["alt"]) > 80
