"""Forests of a sequential experiment: the interval for one look, and the one that decides."""

from __future__ import annotations

import pandas as pd
import pytest
from experiments import result
from reading import chunks, overlaps, words

from omninb.figures import experiment_figure, experiment_segment_figure

MAKE = [experiment_figure, experiment_segment_figure]


def looked_at(wider: float) -> pd.DataFrame:
    """A sequential table whose always-valid relative bounds lie so far beyond the fixed ones."""
    table = result("sequential").copy()
    table.attrs = result("sequential").attrs
    for side, way in (("lower", -1), ("upper", 1)):
        fixed = table[f"relative_uplift_ci_{side}"]
        table[f"always_valid_relative_ci_{side}"] = fixed + way * wider
    return table


def said(figure) -> str:
    return " | ".join(text for text, *_ in words(figure))


def lines(figure, width: float) -> dict[float, tuple[float, float]]:
    """Where the lines of a width begin and end, by their y."""
    parts = [part for trace in figure.data if trace.mode == "lines" and trace.line.width == width
             for part in chunks(trace)]  # fmt: skip
    return {part[0][1]: (part[0][0], part[1][0]) for part in parts}


@pytest.mark.parametrize("make", MAKE)
def test_always_valid_bounds_are_a_thinner_line_beyond_the_interval(make):
    figure = make(looked_at(0.02))
    once, always = lines(figure, 3.5), lines(figure, 1.2)
    assert len(once) > 3 and set(once) == set(always)
    beyond = [once[y][0] - always[y][0] for y in once] + [always[y][1] - once[y][1] for y in once]
    assert max(beyond) == pytest.approx(min(beyond), abs=0.01) and min(beyond) > 3  # one scale
    assert lines(make(result("usual")), 1.2) == {}


@pytest.mark.parametrize("make", MAKE)
@pytest.mark.parametrize("width", [700, 1400])
def test_which_line_decides_is_said_with_its_bounds(make, width):
    table = looked_at(0.02)
    figure = make(table, width=width)
    told = figure.layout.annotations[0].text.replace("<br>", " ")
    assert "thin line: always valid, which decides" in told
    row = table[(table["metric"] == "bought") & (table["segment"] == "(all)")].iloc[0]
    low, high = (100 * row[f"always_valid_relative_ci_{side}"] for side in ("lower", "upper"))
    assert f"({low:+.1f} to {high:+.1f} %)" in said(figure).replace("−", "-")
    assert "always valid" in said(figure) and overlaps(words(figure)) == []
    assert "always valid" not in make(result("usual")).to_json()


@pytest.mark.parametrize(
    ("wider", "word"), [(0, "whole interval within"), (0.01, "interval reaches beyond")]
)
def test_the_region_is_judged_by_the_bounds_that_decide(wider, word):
    table = looked_at(wider)
    table = table.loc[(table["metric"] == "clicked") & (table["segment"] == "(all)")].copy()
    table.attrs = result("sequential").attrs
    fixed = table[["relative_uplift_ci_lower", "relative_uplift_ci_upper"]].abs().max(axis=None)
    assert word in said(experiment_figure(table, practical=round(fixed + 0.005, 3)))
