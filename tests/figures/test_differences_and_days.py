"""The figures of differences between two segments, and of a log's days."""

from __future__ import annotations

import pandas as pd
import pytest

import omninb as onb
from omninb.figures.style import FAINT


@pytest.fixture(scope="module")
def table():
    journeys = onb.sample().journeys(split_gap="30d", end_at="purchase")
    return onb.transition_difference_table(
        *(journeys.where(segment=name) for name in ("guest", "club"))
    )


def texts(figure):
    return [text for trace in figure.data if trace.mode == "text" for text in trace.text]


def test_what_differs_is_adjusted_for_all_moves(table):
    order = table["p_value"].sort_values()
    n = order.notna().sum()
    limit = max((p for i, p in enumerate(order.dropna(), 1) if p <= 0.05 * i / n), default=0)
    assert (table["differs"] == (table["p_value"] <= limit)).all()
    assert table["differs"].any() and not table["differs"].all()


@pytest.mark.parametrize("width", [700, 1000, 1400])
def test_rows_stand_with_numbers_and_denominators_and_unclear_ones_are_grey(table, width):
    figure = onb.transition_difference_figure(table, width=width, names=("guest", "club"), top=125)
    shown = texts(figure)
    first = table.iloc[0]
    assert f"of {first['settled_a']:,} → {first['settled_b']:,}" in shown
    drawn = table[table["customers_a"] + table["customers_b"] >= 10]
    discs = next(trace for trace in figure.data if trace.mode == "markers" and not trace.name)
    assert len(discs.x) == len(drawn) == len(set(discs.y))
    rims = [ink == FAINT for ink in discs.marker.line.color]
    assert sorted(rims) == sorted((~drawn["differs"]).tolist())
    assert all(0 <= x <= width for trace in figure.data for x in trace.x or () if x is not None)


def test_nothing_to_compare_is_said(table):
    assert "No moves" in onb.transition_difference_figure(table.head(0)).layout.meta["alt"]
    with pytest.raises(onb.OmninbError, match="transition_difference_table"):
        onb.transition_difference_figure(pd.DataFrame())


def test_names_from_data_stay_text():
    frame = pd.DataFrame({"customer_id": list("aabbccdd"), "channel": ["<b>w</b>", "app"] * 4})
    frame["timestamp"] = pd.date_range("2025-01-01", periods=8, tz="UTC")
    frame["kind"] = list("xxxxyyyy")
    journeys = onb.read_events(frame).journeys(exit_after="1h")
    pair = [journeys.where(kind=kind) for kind in "xy"]
    table = onb.transition_difference_table(*pair)
    figure = onb.transition_difference_figure(table, names=("<i>x</i>", "y"), min_customers=1)
    assert not [text for text in texts(figure) if "<" in text]
    days = onb.day_figure(onb.day_table(onb.read_events(frame)))
    assert not [text for text in texts(days) if "<" in text]


@pytest.mark.parametrize("width", [480, 900, 1600])
def test_days_are_drawn_channel_by_channel(width):
    table = onb.day_table(onb.sample())
    figure = onb.day_figure(table, width=width)
    shown = texts(figure)
    sums = table.groupby("channel")["touchpoints"].agg(["sum", lambda days: (days > 0).sum()])
    for channel, (touchpoints, days) in sums.iterrows():
        assert channel in shown and f"{touchpoints:,}" in shown and f"{days:,}" in shown
    assert all(0 <= x <= width for trace in figure.data for x in trace.x or () if x is not None)


def test_a_day_without_touchpoints_shows_even_where_days_are_narrower_than_pixels():
    days = pd.date_range("2020-01-01", periods=2_000, tz="UTC").delete(997)
    frame = pd.DataFrame({"customer_id": "a", "timestamp": days, "channel": "web"})
    figure = onb.day_figure(onb.day_table(onb.read_events(frame)), width=700)
    assert any(trace.fillcolor == "#E0817B" for trace in figure.data)
    with pytest.raises(onb.OmninbError, match="day_table"):
        onb.day_figure(pd.DataFrame())
