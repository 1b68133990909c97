"""Explorers of a log that is shared: nothing that they show, list or save tells of few."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

import omninb as onb

FEWEST = 10
POOLED = f"(fewer than {FEWEST} customers)"
# The few have numbers of their own: 9 journeys and 17 touchpoints in Tinytown, 3 calls that buy.
TOLD = ["Tinytown", "call · buy", "9 journeys", "17 touchpoints", "3 journeys", "1 customer"]


@pytest.fixture(scope="module")
def log() -> Any:
    chance = np.random.default_rng(3)
    rows = []
    for c in range(300):
        for _ in range(12):
            day = int(chance.integers(0, 90))
            channel = chance.choice(["web", "app", "call"], p=[0.6, 0.3, 0.1])
            event = "view" if channel == "call" else chance.choice(["view", "buy"])
            rows.append((f"c{c:03}", day, channel, event, chance.choice(["A", "B"])))
    rows += [("tiny", 9 * i + j, "web", "view", "Tinytown") for i in range(9) for j in range(2)][1:]
    rows += [("c001", 40, "call", "buy", "A"), ("c002", 41, "call", "buy", "A")]
    rows += [("c002", 60, "call", "buy", "A")]
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "channel", "event", "city"])
    frame["timestamp"] = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(frame["day"], "D")
    frame["variant"] = np.where(frame["customer_id"] < "c150", "control", "treatment")
    return onb.read_events(frame.drop(columns="day"), min_customers=FEWEST)


@pytest.fixture(scope="module")
def journeys(log: Any) -> Any:
    return log.journeys(split_gap="5d", exit_after="5d")


def everything(explorer: Any) -> str:
    """All texts that a reader or a saved file gets, but the code, which repeats what was asked."""
    parts = [explorer.status.value]
    for control in explorer.controls.values():
        parts += [str(one) for one in getattr(control, "options", ())]
    for drawing in explorer.drawings.values():
        if drawing.layout.display != "none":
            parts += [drawing.figure, drawing.page, drawing.table().to_csv()]
    return "\n".join(parts).replace("\\u00b7", "·")


def told(shown: str, texts: list[str] = TOLD) -> list[str]:
    """What is told of the few; 19 journeys are not 9."""
    return [text for text in texts if re.search(rf"(?<![\d,]){text}\b", shown)]


def test_the_few_are_there_to_be_found(journeys: Any) -> None:
    few = journeys.to_frame().query("city == 'Tinytown'")
    assert (few["journey"].nunique(), len(few), few["customer_id"].nunique()) == (9, 17, 1)


@pytest.mark.parametrize("tab", ["map", "sankey", "steps", "compare"])
def test_a_segment_of_few_is_told_nowhere(journeys: Any, tab: str) -> None:
    explorer = onb.explore_journeys(journeys, tab=tab, compare=None)
    explorer.controls["role"].value = "city"
    assert [value for _, value in explorer.controls["value"].options] == ["", "A", "B"]
    given = onb.explore_journeys(journeys, where={"city": "Tinytown"}, tab=tab, at="web")
    shown = everything(given).replace("('Tinytown', 'Tinytown')", "")  # the list holds it
    assert not told(shown)
    assert "fewer than 10 customers" in given.status.value
    assert given.table.empty


def test_a_move_of_a_segment_of_few_is_an_empty_answer(journeys: Any) -> None:
    explorer = onb.explore_journeys(journeys, where={"city": "Tinytown"}, at="web", to="app")
    assert "alert" not in explorer.status.value
    assert (
        explorer.drawings["moves"].table().empty
        and explorer.drawings["ends"].table()["journeys"].sum() == 0
    )


def test_a_comparison_with_few_is_told_nowhere(journeys: Any) -> None:
    explorer = onb.explore_journeys(journeys, compare=({"city": "Tinytown"}, {"city": "A"}))
    assert not told(everything(explorer), TOLD[1:])
    explorer = onb.explore_journeys(journeys, tab="compare")
    explorer.controls["compare"].value = "city"
    assert [value for _, value in explorer.controls["side_a"].options] == ["A", "B"]


@pytest.mark.parametrize("by", ["city", ("channel", "event")])
def test_nodes_of_few_are_one_that_tells_nothing(journeys: Any, by: Any) -> None:
    explorer = onb.explore_journeys(journeys, by=by, at=POOLED)
    shown = [name for name, one in explorer.drawings.items() if one.layout.display != "none"]
    assert shown == ["main"] and "too few" in explorer.status.value
    assert not told(everything(explorer))
    for node in [value for _, value in explorer.controls["at"].options]:
        explorer.controls["at"].value = node
        assert "alert" not in explorer.status.value
        assert not told(everything(explorer)), node
    funnel = onb.explore_funnel(journeys, ["view", "buy"], within="20d", by=by)
    assert not told(everything(funnel))


def test_a_node_of_few_cannot_be_looked_at(journeys: Any) -> None:
    with pytest.raises(onb.OmninbError, match="there is none"):
        onb.explore_journeys(journeys, by=["channel", "event"], at="call · buy")


def test_selections_and_anchors_of_few_are_empty_without_an_explorer(journeys: Any) -> None:
    with pytest.warns(UserWarning, match="fewer than 10 customers"):
        assert len(journeys.where(city="Tinytown")) == 0
    with pytest.warns(UserWarning, match="fewer than 10 customers"):
        steps = onb.step_table(journeys, anchor={"channel": "call", "event": "buy"})
    assert steps.empty and steps.attrs["journeys_read"] == 0
    assert len(journeys.where(city="A")) > 0


def test_a_split_of_few_says_so_and_shows_the_whole(log: Any) -> None:
    metric = onb.Conversion("buy", within="14d")
    explorer = onb.explore_experiment(log, metric)
    before = explorer.figure.to_json()
    rare = "cities"
    frame = log.to_frame()
    frame[rare] = "v" + (frame["customer_id"].str[1:3]).astype(str)
    split = onb.explore_experiment(
        onb.read_events(frame, min_customers=FEWEST, timezone="UTC"), metric, segment=rare
    )
    assert "Not split by cities" in split.status.value and "alert" not in split.status.value
    assert split.figure.to_json() == before


SECRETS = ["secret town", "secret event", "secret channel", "secret arm"]


@pytest.fixture(scope="module")
def secretive() -> Any:
    """A log with a value of three customers in each column of names."""
    chance = np.random.default_rng(4)
    rows = [
        (f"c{c:03}", int(chance.integers(0, 90)), chance.choice(["web", "app"]),
         chance.choice(["view", "buy"]), chance.choice(["A", "B"]), ["control", "treatment"][c % 2])
        for c in range(300) for _ in range(6)
    ]  # fmt: skip
    rows += [(f"x{c}", 30, "secret channel", "secret event", "secret town", "secret arm")
             for c in range(3)]  # fmt: skip
    columns = ["customer_id", "day", "channel", "event", "city", "variant"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["timestamp"] = pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(frame["day"], "D")
    return onb.read_events(frame.drop(columns="day"), min_customers=FEWEST)


FUNNEL = {"steps": ["view", "buy"], "step": 1}
METRIC = {"metrics": onb.Conversion("buy", within="14d")}


@pytest.mark.parametrize("near", [False, True])
@pytest.mark.parametrize(
    ("explore", "given"),
    [
        ("journeys", {"where": {"city": "?"}}),
        ("journeys", {"where": {"containing": [{"event": "buy"}, {"city": "?"}]}}),
        ("journeys", {"compare": [{"city": "A"}, {"city": "?"}]}),
        ("journeys", {"at": "?", "by": "city"}),
        ("journeys", {"at": "?", "by": "city", "to": "A"}),
        ("funnel", {"steps": ["?", "buy"]}),
        ("funnel", {"steps": ["view", {"city": "?"}]}),
        ("funnel", {"steps": ["view", ["buy", {"city": ["A", "?"]}]]}),
        ("funnel", FUNNEL | {"at": "?"}),
        ("funnel", FUNNEL | {"at": "?", "by": "city"}),
        ("funnel", FUNNEL | {"at": "? · ?", "by": ["channel", "city"]}),
        ("funnel", FUNNEL | {"exclude": ["?"]}),
        ("funnel", FUNNEL | {"exclude": [{"city": "?"}]}),
        ("funnel", FUNNEL | {"breakdown": "?"}),
        ("experiment", {"metric": "?"}),
        ("experiment", METRIC | {"metric": "?"}),
        ("experiment", {"metrics": onb.Conversion("?", within="14d")}),
        ("experiment", METRIC | {"control": "?"}),
        ("experiment", METRIC | {"variant": "city"}),
        ("experiment", METRIC | {"variant": "city", "control": "?"}),
        ("experiment", METRIC | {"segment": "?"}),
        ("quality", {"part": "?"}),
        ("quality", {"exit_after": "?"}),
    ],
)
def test_no_error_names_what_few_have(
    secretive: Any, explore: str, given: dict[str, Any], near: bool
) -> None:
    """Neither among what is known, nor as what is nearest to what was given."""
    source = (
        secretive if explore in ("experiment", "quality") else secretive.journeys(split_gap="5d")
    )
    for secret in SECRETS:
        with pytest.raises(onb.OmninbError) as refused:
            getattr(onb, f"explore_{explore}")(source, **_put(given, secret[:-1] if near else "?"))
        assert [one for one in SECRETS if one in str(refused.value)] == []


def _put(given: Any, text: str) -> Any:
    """What was given, with a text in the place of each question mark."""
    if isinstance(given, dict):
        return {name: _put(one, text) for name, one in given.items()}
    if isinstance(given, list):
        return [_put(one, text) for one in given]
    if isinstance(given, onb.Conversion):
        return onb.Conversion(text, within="14d") if given.name == "?" else given
    return given.replace("?", text) if isinstance(given, str) else given


def test_what_has_customers_enough_is_named(secretive: Any) -> None:
    journeys = secretive.journeys(split_gap="5d")
    with pytest.raises(
        onb.OmninbError, match=r"no touchpoint has event 'v'\. Known: .*'buy', 'view'"
    ):
        onb.explore_funnel(journeys, ["view", {"event": "v"}])
    with pytest.raises(onb.OmninbError, match=r"no arm\. Known: 'control', 'treatment'\."):
        onb.explore_experiment(secretive, control="zz")
    assert onb.explore_funnel(journeys, ["view", {"city": ["A", "B"]}]).table["customers"].min() > 9
    for part in ("ledger", "overview", "columns", "days", "activity"):
        assert not told(everything(onb.explore_quality(secretive, part=part)), SECRETS)


def test_a_role_of_whose_values_none_may_be_told_is_not_compared(log: Any) -> None:
    frame = log.to_frame()
    frame["adviser"] = "Dr " + frame["customer_id"].str[:3]
    shared = onb.read_events(frame, min_customers=200, timezone="UTC")
    explorer = onb.explore_journeys(shared.journeys(), tab="compare")
    explorer.controls["compare"].value = "adviser"
    assert "no value of it has customers enough" in explorer.status.value
    assert "Dr" not in explorer.status.value
