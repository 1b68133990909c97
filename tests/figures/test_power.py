"""Power by size: lines through the table's numbers, each named at its end."""

from __future__ import annotations

import pytest
from reading import chunks, hovered, overlaps, words

import omninb as onb
from omninb.figures import power_figure
from omninb.figures.scale import Scale

SIZES = list(range(2_000, 80_001, 2_000))
EFFECTS = [0.02, 0.05, 0.1, 0.2]


def said(figure) -> list[str]:
    return [text for text, _, _ in words(figure)]


@pytest.mark.parametrize("width", [700, 1000, 1400])
@pytest.mark.parametrize("effects", [[0.1], EFFECTS, [i / 100 for i in range(-10, 11) if i]])
def test_words_do_not_overlap_and_stay_on_the_sheet(effects, width):
    figure = power_figure(onb.power_table(0.1, effects, SIZES), width=width)
    found = words(figure)
    assert overlaps(found) == []
    assert min(box[0] for _, _, box in found) >= 0
    assert max(box[2] for _, _, box in found) <= width
    assert max(box[3] for _, _, box in found) <= figure.layout.height


def test_lines_run_through_the_powers_of_the_table():
    table = onb.power_table(0.1, EFFECTS, SIZES)
    figure = power_figure(table)
    grid = {text: (box[1] + box[3]) / 2 for text, _, box in words(figure) if text.endswith(" %")}
    bottom, top = grid["0 %"], grid["100 %"]
    lines = [
        part
        for trace in figure.data
        if trace.mode == "lines" and trace.line.width == 2.4
        for part in chunks(trace)
        if len(part) == len(SIZES)
    ]
    assert len(lines) == len(EFFECTS)
    for line, (_, rows) in zip(lines, table.groupby("effect", sort=False), strict=True):
        for (_, y), power in zip(line, rows["power"], strict=True):
            assert (bottom - y) / (bottom - top) == pytest.approx(power, abs=0.002)


def test_each_line_has_its_own_dash_and_name_and_the_size_that_is_enough():
    table = onb.power_table(0.1, EFFECTS, SIZES)
    figure = power_figure(table)
    dashes = [t.line.dash for t in figure.data if t.mode == "lines" and t.line.width == 2.4]
    assert len(set(dashes)) == len(EFFECTS)
    for effect, rows in table.groupby("effect"):
        enough = rows.loc[rows["power"] >= 0.8, "n"]
        assert f"effect +{100 * effect:g} %" in said(figure)
        words_ = f"80 % from {enough.min():,}" if len(enough) else "under 80 % at these sizes"
        assert words_ in said(figure) and words_ in figure.layout.meta["alt"]


def test_every_size_is_hovered():
    table = onb.power_table(0.1, [0.1], SIZES, arms=3, ratio=0.5)
    found = hovered(power_figure(table), "sizes")
    assert len(found) == len(SIZES)
    assert found[0][2] == "2,000 customers: 1,000 in the control, 500 in each treatment"


def test_one_size_and_none_at_all():
    assert "80 % from 90,000" in said(power_figure(onb.power_table(0.1, 0.1, 90_000)))
    empty = onb.power_table(0.1, 0.1, 90_000).head(0)
    assert "No sizes to show." in power_figure(empty).layout.meta["alt"]


@pytest.mark.parametrize(("low", "high"), [(-0.31, 0.07), (0, 1), (3, 84_000), (-2e-4, 1e-4)])
@pytest.mark.parametrize("apart", [20, 50, 90])
def test_ticks_of_a_scale_are_round_and_apart(low, high, apart):
    scale = Scale(low, high, 100, 700)
    ticks = scale.ticks(apart)
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)
    steps = [scale.at(b) - scale.at(a) for a, b in zip(ticks[:-1], ticks[1:], strict=True)]
    assert min(steps, default=apart) >= apart - 1e-6
    digits = scale.decimals(apart)
    written = [f"{tick:.{digits}f}" for tick in ticks]
    assert len(set(written)) == len(ticks)
    assert [float(w) for w in written] == pytest.approx(ticks, abs=1e-9)
    assert scale.at(low - 1) == 100 and scale.at(high + 1) == 700
