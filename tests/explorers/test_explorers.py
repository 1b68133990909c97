"""Explorers without a browser: figures are their twins', errors leave them, states come back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

import omninb as onb
from tests.explorers.reading import twin

FUNNEL = ["view_product", "add_to_cart", "checkout", "payment", "purchase"]


@pytest.fixture(scope="module")
def journeys() -> Any:
    return onb.sample().journeys(split_gap="30d", end_at="purchase")


def assert_twins(explorer: Any) -> None:
    """Every figure that is shown is the one that its code makes, and is what the page is sent."""
    shown = [one for one in explorer.drawings.values() if one.layout.display != "none"]
    assert shown
    for drawing in shown:
        if drawing.plot is None:
            assert drawing.page and drawing.figure == ""
            continue
        assert drawing.figure == drawing.plot.to_json() == twin(drawing.code).to_json()


def said(explorer: Any) -> str:
    return explorer.status.value


def test_each_control_of_the_journey_explorer_changes_to_its_twin(journeys: Any) -> None:
    explorer = onb.explore_journeys(journeys)
    seen = [explorer.figure.to_json()]
    changes = [
        ("min_journeys", 400), ("collapse_repeats", True), ("touching", "store"),
        ("since", pd.Timestamp("2025-03-01").date()), ("before", pd.Timestamp("2025-11-01").date()),
        ("by", "event"), ("by", ("channel", "event")), ("by", "channel"), ("tab", "sankey"),
        ("tab", "steps"), ("tab", "compare"), ("compare", "device"), ("side_b", "tablet"),
        ("tab", "map"),
    ]  # fmt: skip
    for name, value in changes:
        explorer.controls[name].value = value
        assert "alert" not in said(explorer), (name, said(explorer))
        assert_twins(explorer)
        seen.append(explorer.figure.to_json())
        assert seen[-1] != seen[-2], name
    explorer.controls["role"].value = "segment"
    explorer.controls["value"].value = "club"
    assert explorer.state.where["segment"] == "club" and explorer.figure.to_json() != seen[-1]
    assert_twins(explorer)


@pytest.mark.parametrize("tab", ["map", "sankey", "steps"])
def test_a_click_on_a_node_or_a_move_looks_at_it(journeys: Any, tab: str) -> None:
    explorer = onb.explore_journeys(journeys, tab=tab)
    marks = {trace.name: trace.customdata for trace in explorer.figure.data if trace.name}
    node = next(row for row in marks["cells" if tab == "steps" else "places"] if row[0] == "web")
    explorer.drawings["main"].clicked("cells" if tab == "steps" else "places", list(node))
    assert (explorer.state.at, explorer.state.to) == ("web", None)
    assert "The commonest paths of journeys with web" in explorer.drawings["paths"].page
    assert_twins(explorer)
    if tab != "steps":
        move = next(row for row in marks["moves"] if row[0] == "e-mail" and row[1] == "web")
        explorer.drawings["main"].clicked("moves", list(move))
        assert (explorer.state.at, explorer.state.to) == ("e-mail", "web")
        assert "Median gap" in explorer.drawings["moves"].page
        assert "How the journeys ended" in explorer.drawings["ends"].page
        gaps = explorer.drawings["gaps"]
        assert gaps.plot.layout.title.text == "How long does it take from e-mail to web?"
        moves = explorer.drawings["moves"].table()["transitions"]
        assert gaps.table()["transitions"].sum() == moves.item()
        assert_twins(explorer)


def test_periods_that_meet_are_named_by_the_day(journeys: Any) -> None:
    explorer = onb.explore_journeys(journeys, tab="compare")
    explorer.controls["compare"].value = "(period)"
    explorer.controls["middle"].value = pd.Timestamp("2025-05-01").date()
    title = "Where do journeys before and from 2025-05-01 move differently?"
    assert explorer.figure.layout.title.text == title
    assert_twins(explorer)


def test_what_is_pooled_says_how_to_see_it(journeys: Any) -> None:
    explorer = onb.explore_journeys(journeys)
    explorer.drawings["main"].clicked("moves", ["web", "(smaller flows)"])
    assert "Smallest flow" in said(explorer) and "alert" not in said(explorer)


@pytest.mark.parametrize("at", ["START", "converted", "exit", "open"])
def test_beginnings_and_ends_can_be_looked_at(journeys: Any, at: str) -> None:
    explorer = onb.explore_journeys(journeys, at=at)
    assert explorer.drawings["moves"].page and "alert" not in said(explorer)
    assert_twins(explorer)


def test_an_explorer_opens_at_a_finding_and_again_at_its_state(journeys: Any) -> None:
    given: dict[str, Any] = {
        "by": ["channel", "event"],
        "where": {
            "segment": ["club", "guest"], "device": "mobile", "containing": {"channel": "web"},
            "between": ("2025-02-01", "2025-09-01"),
        },
        "compare": ({"variant": "control"}, {"variant": "treatment"}),
        "min_journeys": 7,
        "collapse_repeats": True,
        "at": "web · checkout",
        "to": "web · payment",
    }  # fmt: skip
    explorer = onb.explore_journeys(journeys, **given)
    state = explorer.state
    assert state.where == given["where"] and state.compare == given["compare"]
    assert (state.tab, state.at, state.to) == ("compare", given["at"], given["to"])
    again = onb.explore_journeys(journeys, **vars(state))
    assert again.state == state and again.figure.to_json() == explorer.figure.to_json()
    assert_twins(explorer)


def test_names_from_data_are_clicked_and_shown_as_text() -> None:
    name = "<b>we\"b' & co</b>"
    frame = pd.DataFrame({"customer_id": ["a", "a", "b"], "channel": [name, "app", name]})
    frame["timestamp"] = pd.date_range("2025-01-01", periods=3, tz="UTC")
    explorer = onb.explore_journeys(onb.read_events(frame).journeys(exit_after="1h"))
    places = next(trace for trace in explorer.figure.data if trace.name == "places").customdata
    row = next(row for row in places if row[0].startswith("&lt;b&gt;"))
    explorer.drawings["main"].clicked("places", list(row))
    assert explorer.state.at == name
    assert "<b>we" not in explorer.drawings["paths"].page
    explorer.controls["to"].value = "app"
    assert "alert" not in said(explorer) and "1 h" not in explorer.drawings["moves"].page
    assert "<b>we" not in explorer.drawings["moves"].page


def test_an_error_is_said_and_leaves_everything_as_it_was(journeys: Any) -> None:
    explorer = onb.explore_funnel(journeys, FUNNEL, within="7d")
    before = {name: one.figure for name, one in explorer.drawings.items()}
    explorer.controls["within"].value = "7"
    assert 'role="alert"' in said(explorer) and "needs a unit" in said(explorer)
    assert {name: one.figure for name, one in explorer.drawings.items()} == before
    explorer.controls["within"].value = "3d"
    assert "alert" not in said(explorer) and explorer.drawings["funnel"].figure != before["funnel"]


def test_an_unforeseen_error_is_said_too(journeys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    explorer = onb.explore_journeys(journeys)
    before = explorer.figure.to_json()

    def broken(*_: object, **__: object) -> None:
        raise KeyError("<script>")

    monkeypatch.setattr(onb, "flow_table", broken, raising=False)
    explorer.controls["tab"].value = "sankey"
    assert "KeyError" in said(explorer) and "<script>" not in said(explorer)
    assert explorer.figure.to_json() == before
    monkeypatch.undo()
    explorer.controls["tab"].value = "steps"
    assert "alert" not in said(explorer) and explorer.figure.to_json() != before


def test_wrong_arguments_are_refused_at_once(journeys: Any) -> None:
    for given in ({"tab": "maps"}, {"compare": ({},)}, {"where": {"chanel": "web"}}):
        with pytest.raises(onb.OmninbError):
            onb.explore_journeys(journeys, **given)
    with pytest.raises(onb.OmninbError, match="Cut the log into journeys first"):
        onb.explore_funnel(onb.sample())
    columns = {name: pd.Series([], dtype="str") for name in ("customer_id", "channel")}
    empty = onb.read_events(pd.DataFrame(columns | {"timestamp": pd.to_datetime([], utc=True)}))
    with pytest.raises(onb.OmninbError, match="two at least"):
        onb.explore_funnel(empty.journeys())
    with pytest.raises(onb.OmninbError, match="no events"):
        onb.explore_experiment(empty)
    with pytest.raises(onb.OmninbError, match="there are 'purchase'"):
        onb.explore_experiment(onb.sample(), onb.Conversion("purchase", within="9d"), metric="x")


def test_steps_of_a_funnel_are_added_moved_and_taken_away(journeys: Any) -> None:
    explorer = onb.explore_funnel(journeys, ["checkout", "payment", "purchase"], within="7d")
    edit = {name: button.click for name, button in explorer.buttons.items()}
    explorer.controls["steps"].value = 0
    edit["Later"]()
    assert explorer.steps == ["payment", "checkout", "purchase"]
    assert explorer.table["funnel_step"].tolist() == explorer.steps
    edit["Earlier"]()
    explorer.controls["add"].value = "return"
    edit["Add step"]()
    assert explorer.steps == ["checkout", "payment", "purchase", "return"]
    assert_twins(explorer)
    edit["Remove"]()
    edit["Remove"]()
    edit["Remove"]()
    assert explorer.steps == ["checkout", "payment"] and "two steps" in said(explorer)


def test_each_control_of_the_funnel_explorer_changes_to_its_twin(journeys: Any) -> None:
    explorer = onb.explore_funnel(journeys, FUNNEL, within="7d")
    changes = [("exclude", ("search",)), ("within", "1h"), ("exclude", ()), ("order", "strict"),
               ("order", "any"), ("order", "ordered"), ("attempt", "every"),
               ("breakdown", "device")]  # fmt: skip
    for name, value in changes:
        before = explorer.drawings["funnel"].figure
        explorer.controls[name].value = value
        assert "alert" not in said(explorer) and explorer.drawings["funnel"].figure != before, name
        assert_twins(explorer)
    before = explorer.drawings["drop_off"].figure
    explorer.controls["by"].value = "device"
    assert explorer.drawings["drop_off"].figure != before


def test_a_click_on_a_cell_lists_counts_of_what_came_next_and_no_ids(journeys: Any) -> None:
    explorer = onb.explore_funnel(journeys, FUNNEL, within="7d")
    plot = explorer.drawings["drop_off"].plot
    cells = next(trace for trace in plot.data if trace.name == "cells")
    row = next(row for row in cells.customdata if row[0] == "payment → purchase, mobile app")
    explorer.drawings["drop_off"].clicked("cells", list(row))
    cell = explorer.drawings["cell"]
    drops = explorer.drawings["drop_off"].table().query("step == 4 and channel == 'mobile app'")
    found = cell.table().groupby("outcome")["customers"].sum()
    assert found["lost"] == drops["lost"].item()
    assert found["left channel"] == drops["next_other_channel"].item()
    ids = set(onb.sample().table["customer_id"].to_pylist())
    assert not ids & set(cell.page.replace("<", " ").replace(">", " ").split())


def test_a_breakdown_takes_the_first_attempt(journeys: Any) -> None:
    explorer = onb.explore_funnel(journeys, FUNNEL, within="7d")
    explorer.controls["breakdown"].value = "segment"
    assert explorer.state.attempt == "first" and "alert" not in said(explorer)


def test_the_experiment_explorer_follows_its_twins() -> None:
    metrics = [onb.Conversion("purchase", within="14d"), onb.MeanPerCustomer("value", within="7d")]
    explorer = onb.explore_experiment(onb.sample(), metrics)
    assert_twins(explorer)
    changes = [("day", "2025-06-01"), ("segment", "device"), ("covariate", "before"),
               ("confidence", 0.9), ("metric", metrics[1])]  # fmt: skip
    for name, value in changes:
        before = [one.code for one in explorer.drawings.values()]
        explorer.controls[name].value = value
        assert "alert" not in said(explorer)
        assert [one.code for one in explorer.drawings.values()] != before, name
        assert_twins(explorer)
    course = explorer.drawings["course"].table()
    assert course["day"].max() <= pd.Timestamp("2025-06-01")
    again = onb.explore_experiment(
        onb.sample(), metrics, metric=metrics[1].name, segment="device", covariate="before",
        confidence=0.9, day="2025-06-01",
    )  # fmt: skip
    assert again.state == explorer.state


def test_sliding_days_changes_no_row_of_the_days_before() -> None:
    explorer = onb.explore_experiment(onb.sample(), onb.Conversion("purchase", within="14d"))
    whole = explorer.drawings["course"].table()
    explorer.controls["day"].value = "2025-07-01"
    part = explorer.drawings["course"].table()
    pd.testing.assert_frame_equal(part, whole.head(len(part)))
    assert {"always_valid_ci_lower", "always_valid_ci_upper"} <= set(part)


def test_the_quality_explorer_shows_each_part() -> None:
    explorer = onb.explore_quality(onb.sample())
    texts = {"ledger": "quarantined", "overview": "ties", "columns": "campaign",
             "activity": "At least"}  # fmt: skip
    for part, text in texts.items():
        explorer.controls["part"].value = part
        assert text in explorer.drawings["main"].page and "alert" not in said(explorer), part
        variables: dict[str, Any] = {}
        exec(explorer.code, variables)
        assert variables["view"].html == explorer.drawings["main"].page
    explorer.controls["part"].value = "days"
    assert_twins(explorer)
    explorer.controls["part"].value = "overview"
    explorer.controls["exit_after"].value = "60"
    assert "needs a unit" in said(explorer)


def test_every_control_has_a_name(journeys: Any) -> None:
    log = onb.sample()
    metric = onb.Conversion("purchase", within="14d")
    for explorer in (onb.explore_journeys(journeys), onb.explore_funnel(journeys),
                     onb.explore_experiment(log, metric), onb.explore_quality(log)):  # fmt: skip
        for name, control in explorer.controls.items():
            assert control.description or name in ("tab", "part")
        assert all(json.loads(one.figure)["layout"]["meta"]["alt"]
                   for one in explorer.drawings.values() if one.figure)  # fmt: skip


def test_what_is_handed_out_is_ones_own(journeys: Any) -> None:
    explorer = onb.explore_journeys(journeys)
    explorer.table["transitions"] = 0
    explorer.figure.update_layout(title_text="mine")
    explorer.controls["tab"].value = "steps"
    explorer.controls["tab"].value = "map"
    assert explorer.figure.layout.title.text != "mine"
    explorer.controls["at"].value, explorer.controls["to"].value = "web", "store"
    moves = explorer.drawings["moves"].table()
    assert moves["transitions"].tolist() == [
        onb.transition_table(journeys).set_index(["source", "target"]).loc[("web", "store")].iloc[0]
    ]


def test_a_selection_that_is_changed_later_stays_as_it_was_given(journeys: Any) -> None:
    where = {"device": ["mobile"]}
    explorer = onb.explore_journeys(journeys, where=where)
    where["device"].append("tablet")
    explorer.controls["min_journeys"].value = 7
    assert explorer.table.attrs["journeys"] == len(journeys.where(device="mobile"))


def test_steps_of_numpy_and_sets_are_copied_as_code(journeys: Any) -> None:
    steps = [*np.array(["search", "checkout"]), {"channel": {"web", "store"}}]
    explorer = onb.explore_funnel(journeys, steps, within="7d")
    assert twin(explorer.code).to_json() == explorer.figure.to_json()
