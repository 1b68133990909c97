"""The figure of how long a move takes."""

from __future__ import annotations

import pandas as pd
import pytest

import omninb as onb
from omninb.figures.gap import BAR


@pytest.fixture(scope="module")
def table():
    journeys = onb.sample().journeys(split_gap="30d", end_at="purchase")
    return onb.gap_table(journeys, "web", "store")


@pytest.mark.parametrize("width", [480, 700, 1400])
def test_bars_are_as_long_as_their_shares_and_stay_inside(table, width):
    figure = onb.gap_figure(table, width=width)
    bars = next(trace for trace in figure.data if trace.fillcolor == BAR)
    drawn = table[table["transitions"] > 0]
    xs = [*bars.x, None]
    ends = [max(xs[i : i + 5]) - min(xs[i : i + 5]) for i in range(0, len(xs), 6)]
    assert len(ends) == len(drawn)
    unit = max(ends) / drawn["share"].max()
    assert ends == pytest.approx((drawn["share"] * unit).tolist(), abs=1.1)
    assert all(0 <= x <= width for trace in figure.data for x in trace.x or () if x is not None)
    shown = {text for trace in figure.data if trace.mode == "text" for text in trace.text}
    assert {f"{number:,}" for number in table["transitions"]} <= shown
    assert "same moment" in shown and "over 30 d" in shown


def test_no_such_transition_is_said():
    figure = onb.gap_figure(onb.gap_table(onb.sample().journeys(lookback="1d"), "web", "display"))
    assert "How long" in figure.layout.meta["alt"]
    none = onb.gap_table(onb.sample().journeys().where(channel="web", event="purchase"),
                         "display", "social")  # fmt: skip
    assert none.empty and "No such transition" in onb.gap_figure(none).layout.meta["alt"]


def test_what_is_no_table_of_gaps_is_refused():
    with pytest.raises(onb.OmninbError, match="gap_table"):
        onb.gap_figure(pd.DataFrame())
