"""Explorers of odd names, days, arguments and logs: right, or refused in words."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest

import omninb as onb
from tests.explorers.reading import twin

FUNNEL = ["checkout", "payment", "purchase"]
METRIC = onb.Conversion("purchase", within="14d")


@pytest.fixture(scope="module")
def journeys() -> Any:
    return onb.sample().journeys(split_gap="30d", end_at="purchase")


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Journeys whose names are those of omninb, hold its separators, or are words of Python."""
    chance = np.random.default_rng(1)
    n = 600
    frame = pd.DataFrame({"customer_id": chance.integers(0, 90, n).astype(str)})
    frame["timestamp"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(
        chance.integers(0, 90 * 86_400, n), "s"
    )
    frame["channel"] = chance.choice(["web", "web · a", "exit", "START", "app"], n)
    frame["event"] = chance.choice(["a · b", "b", "“q”", "web"], n)
    for name in ("class", "between", "transition", "containing", "a`tick"):
        frame[name] = chance.choice(["p", "q"], n)
    path = tmp_path_factory.mktemp("odd") / "odd.csv"
    frame.to_csv(path, index=False)
    log = onb.read_events(path, timezone="UTC")
    return log.journeys(split_gap="10d", exit_after="5d")


def visible(explorer: Any) -> set[str]:
    return {name for name, one in explorer.drawings.items() if one.layout.display != "none"}


def test_hours_of_a_period_are_kept_until_days_are_chosen(journeys: Any) -> None:
    between = ("2025-03-01 12:00", "2025-04-01 06:30")
    explorer = onb.explore_journeys(journeys, where={"between": between})
    in_period = [between[0] <= text < between[1] for text in _begins(journeys)]
    start = next(iter(explorer.answers.value(explorer.state.selection(), "selected")))
    assert len(start) == sum(in_period) > 0
    assert explorer.controls["since"].value is None
    assert "2025-03-01 12:00" in explorer.controls["given_between"].description
    explorer.controls["since"].value = pd.Timestamp("2025-03-01").date()
    assert not explorer.controls["given_between"].value
    assert explorer.state.where["between"][0] == "2025-03-01"
    with pytest.raises(onb.OmninbError, match="not a moment"):
        onb.explore_journeys(journeys, where={"between": ("x", "y")})


def _begins(journeys: Any) -> list[str]:
    """When each journey begins, as text."""
    first = journeys.to_frame().query("position == 1")["timestamp"]
    return [f"{at:%Y-%m-%d %H:%M}" for at in first]


def test_a_column_named_like_a_word_of_python_is_copied(odd: Any) -> None:
    explorer = onb.explore_journeys(odd, where={"class": "p"})
    assert "**{'class': 'p'}" in explorer.code
    assert twin(explorer.code).to_json() == explorer.figure.to_json()


def test_columns_named_like_arguments_are_nodes_and_no_segments(odd: Any) -> None:
    explorer = onb.explore_journeys(odd, by="between", at="START", to="p")
    assert visible(explorer) == {"main", "moves"}
    offered = {
        value for name in ("role", "compare") for _, value in explorer.controls[name].options
    }
    assert "class" in offered and not offered & {"between", "transition", "containing"}


@pytest.mark.parametrize("by", ["channel", "event", ("channel", "event")])
def test_every_node_is_that_of_its_touchpoints(odd: Any, by: Any) -> None:
    roles = [by] if isinstance(by, str) else list(by)
    frame = odd.to_frame()
    explorer = onb.explore_journeys(odd, by=by)
    nodes = [value for _, value in explorer.controls["at"].options]
    ends = {"", "START", "exit", "open", "converted"}
    assert len(nodes) == len(set(nodes)) and ends <= set(nodes)
    found = set()
    for node in set(nodes) - ends:
        explorer.controls["at"].value = node
        assert "alert" not in explorer.status.value, node
        condition = next(
            line.named["containing"] for line in explorer.state.tables(explorer.fits)["paths"].lines
            if line.name == "through"
        )  # fmt: skip
        fits = (frame[roles] == pd.Series(condition)[roles]).all(axis=1)
        paths = explorer.drawings["paths"].table()
        assert paths.attrs["journeys"] == frame.loc[fits, "journey"].nunique() > 0
        found.add(tuple(condition.values()))
    assert found == set(frame[roles].itertuples(index=False, name=None))


def test_a_channel_called_exit_is_clicked(odd: Any) -> None:
    explorer = onb.explore_journeys(odd)
    explorer.drawings["main"].clicked("places", ["exit (channel)"])
    assert explorer.state.at == "exit (channel)" and "paths" in visible(explorer)
    explorer.drawings["main"].clicked("moves", ["exit (channel)", "START (channel)"])
    assert {"moves", "gaps", "ends"} <= visible(explorer)
    assert len(explorer.drawings["moves"].table()) == 1


def test_a_column_with_a_backtick_is_looked_at(odd: Any) -> None:
    explorer = onb.explore_funnel(odd, ["b", "web"], within="20d", by="a`tick", step=1, at="p")
    lost = onb.lost_to_table(odd, ["b", "web"], by="a`tick", within="20d")
    wanted = lost[(lost["step"] == 1) & (lost["a`tick"] == "p")]["customers"].sum()
    assert explorer.drawings["cell"].table()["customers"].sum() == wanted > 0
    made: dict[str, Any] = {}
    exec(explorer.drawings["cell"].code, made)
    assert made["view"].html == explorer.drawings["cell"].page


def test_an_empty_log_is_shown_or_refused_in_words() -> None:
    log = onb.read_events(onb.sample().to_frame().head(0), timezone="UTC", currency="EUR")
    empty = log.journeys()
    assert onb.explore_journeys(empty).table.empty
    assert onb.explore_funnel(empty, FUNNEL, within="7d", step=1).table["customers"].sum() == 0
    with pytest.raises(onb.OmninbError, match="two at least"):
        onb.explore_funnel(empty)
    for metrics in (METRIC, None, []):
        with pytest.raises(onb.OmninbError, match=r"arms|no events"):
            onb.explore_experiment(log, metrics)


@pytest.mark.parametrize(
    "given",
    [{"where": {"device": "nope"}}, {"where": {"containing": "nope"}}, {"where": "nope"},
     {"where": {"containing": {"channel": "nope"}}}, {"where": {"between": ("2025-01-01",)}},
     {"compare": ("x", "y")}, {"min_journeys": 0}, {"at": "nope"}, {"at": "web", "to": "nope"},
     {"to": "web"}, {"by": 3}, {"collapse_repeats": "yes"}],
)  # fmt: skip
def test_wrong_arguments_of_journeys_are_named(journeys: Any, given: dict[str, Any]) -> None:
    with pytest.raises(onb.OmninbError, match=next(iter(given)) + "|nope|between|containing"):
        onb.explore_journeys(journeys, **given)


@pytest.mark.parametrize(
    "given",
    [{"order": "nope"}, {"breakdown": "nope"}, {"exclude": ["nope"]}, {"exclude": "search"},
     {"attempt": "nope"}, {"step": 0}, {"step": 3}, {"step": "1"}, {"at": "nope"}, {"within": 7}],
)  # fmt: skip
def test_wrong_arguments_of_a_funnel_are_named(journeys: Any, given: dict[str, Any]) -> None:
    with pytest.raises(onb.OmninbError, match=next(iter(given))):
        onb.explore_funnel(journeys, FUNNEL, **given)


@pytest.mark.parametrize(
    "given", [{"segment": "nope"}, {"day": "nope"}, {"day": "2020-01-01"}, {"confidence": "high"}]
)
def test_wrong_arguments_of_an_experiment_are_named(given: dict[str, Any]) -> None:
    with pytest.raises(onb.OmninbError, match=next(iter(given))):
        onb.explore_experiment(onb.sample(), METRIC, **given)


@pytest.mark.parametrize("explore", [onb.explore_experiment, onb.explore_quality])
def test_what_is_no_log_is_refused(journeys: Any, explore: Any) -> None:
    with pytest.raises(onb.OmninbError, match="Journeys was given"):
        explore(journeys)


def test_one_event_is_no_list_of_steps(journeys: Any) -> None:
    with pytest.raises(onb.OmninbError, match="a list of two"):
        onb.explore_funnel(journeys, "checkout")


def test_a_move_that_a_segment_lacks_is_an_empty_answer(odd: Any) -> None:
    by = ("channel", "event")
    explorer = onb.explore_journeys(odd, by=by)
    last = explorer.controls["at"].options[-4][1]
    few = ("1990-01-01", "1990-01-02")
    explorer = onb.explore_journeys(odd, by=by, where={"between": few}, at=last, to=last)
    assert "alert" not in explorer.status.value and "gaps" not in visible(explorer)
    assert (
        explorer.drawings["moves"].table().empty
        and explorer.drawings["ends"].table()["journeys"].sum() == 0
    )


def test_collapsed_repeats_take_no_time(journeys: Any) -> None:
    explorer = onb.explore_journeys(journeys, at="web", to="web")
    assert {"gaps", "ends"} <= visible(explorer)
    explorer.controls["collapse_repeats"].value = True
    assert visible(explorer) == {"main", "moves"} and explorer.drawings["moves"].table().empty


def test_what_was_given_is_in_force_as_long_as_it_is_ticked(journeys: Any) -> None:
    explorer = onb.explore_journeys(journeys, where={"device": ["mobile", "desktop"]})
    ticked = explorer.controls["given_device"]
    assert ticked.value and ticked.description == "Only mobile or desktop"
    explorer.controls["role"].value = "device"
    explorer.controls["value"].value = "tablet"
    assert not ticked.value and explorer.state.where == {"device": "tablet"}
    explorer.controls["value"].value = ""
    assert explorer.state.where == {}
    ticked.value = True
    assert explorer.state.where == {"device": ["mobile", "desktop"]}


def test_a_split_takes_the_first_attempt_and_says_so(journeys: Any) -> None:
    explorer = onb.explore_funnel(journeys, FUNNEL, within="7d", breakdown="device")
    assert explorer.state.attempt == "first" and "first attempt" in explorer.status.value
    explorer.controls["breakdown"].value = ""
    assert explorer.state.attempt == "furthest" and "first attempt" not in explorer.status.value
    explorer.controls["attempt"].value = "first"
    explorer.controls["breakdown"].value = "device"
    explorer.controls["breakdown"].value = ""
    assert explorer.state.attempt == "first"


def test_values_that_are_missing_stand_last(journeys: Any) -> None:
    explorer = onb.explore_journeys(journeys, tab="compare")
    explorer.controls["compare"].value = "device"
    assert explorer.state.compare == ({"device": "desktop"}, {"device": "mobile"})
    assert explorer.controls["side_a"].options[-1][1] == "(not set)"


def test_notes_at_opening_are_escaped(journeys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omninb.explorers.funnel.OTHERS", "<script>")
    explorer = onb.explore_funnel(journeys, FUNNEL, within="7d", order="strict")
    assert explorer.status.value == '<div class="omninb-note">&lt;script&gt;</div>'


def test_changes_of_two_threads_wait_for_each_other(journeys: Any) -> None:
    explorer = onb.explore_journeys(journeys)
    begun = threading.Event()

    def look() -> None:
        begun.set()
        explorer.controls["at"].value = "web"

    def act() -> list[str]:
        other.start()
        assert begun.wait(10)
        return explorer.update()

    other = threading.Thread(target=look)
    explorer.attempt(act)
    other.join(60)
    assert "paths" in visible(explorer)
