"""The drop-off heatmap: rates of the table, one scale, and reasons where there is no rate."""

from __future__ import annotations

import html

import pytest
from attempts import SHAPES, attempts, drop_off_of, funnel_of, shape
from reading import (
    HOSTILE,
    alarming,
    chunks,
    hovered,
    numbers,
    overlaps,
    rectangles,
    stray,
    texts,
    words,
)

from omninb.errors import OmninbError
from omninb.figures import drop_off_figure, lettering
from omninb.figures.drop_off import LOSS, SCALE, shade_of
from omninb.figures.style import between, contrast, ink_on, luminance
from omninb.wording import number_words


def both(name: str):
    made, steps = shape(name)
    return drop_off_of(made, steps), funnel_of(made, steps)


@pytest.mark.parametrize("width", [700, 1000, 1400])
@pytest.mark.parametrize("name", SHAPES)
def test_words_do_not_overlap_and_stay_on_the_sheet(name, width):
    table, funnel = both(name)
    figure = drop_off_figure(table, width=width, funnel=funnel)
    found = words(figure)
    assert overlaps(found) == []
    assert min(box[0] for _, _, box in found) >= 0
    assert max(box[2] for _, _, box in found) <= width
    assert max(box[3] for _, _, box in found) <= figure.layout.height


@pytest.mark.parametrize("name", SHAPES)
def test_every_number_shown_stands_in_the_table_or_is_a_sum_of_its_counts(name):
    table, _ = both(name)
    shown = table[table["customers"] >= 10]
    sums = [*shown.groupby("channel")["lost"].sum(), 0]
    first = table[table["step"] == 1]
    sums += [first["customers"].sum(), first["open"].sum()]
    scale = [lettering.percent(part / 20) for part in range(21)]
    figure = drop_off_figure(table)
    assert stray(figure, table, *(f"{n:,}" for n in sums), *scale, "31", "10", "< 10") == set()


def test_the_column_of_all_channels_is_the_funnel():
    table, funnel = both("retailer")
    said = [text for text, _, _ in words(drop_off_figure(table, funnel=funnel))]
    without = [text for text, _, _ in words(drop_off_figure(table))]
    more = said.copy()
    for text in without:
        more.remove(text)
    rows = funnel.to_dict("records")
    expected = {"all channels"}
    for row, after in zip(rows[:-1], rows[1:], strict=True):
        bounds = (1 - after["step_conversion_rate_ci_upper"],
                  1 - after["step_conversion_rate_ci_lower"])  # fmt: skip
        expected |= {lettering.percent(after["drop_off"]), f"{row['customers']:,}"}
        expected.add(lettering.interval(*bounds).removesuffix(" %"))
    assert set(more) == expected


def test_a_funnel_of_other_customers_is_refused():
    table, funnel = both("retailer")
    other = funnel_of(attempts(300, seed=9))
    with pytest.raises(OmninbError, match=r'step 1 has \d+ customers there and [\d]+.*"first"'):
        drop_off_figure(table, funnel=other)
    with pytest.raises(OmninbError, match="step 4"):
        drop_off_figure(table, funnel=funnel.head(4))


def test_a_cell_of_few_customers_shows_its_number_and_no_rate_anywhere():
    table, _ = both("retailer")
    fewest = int(table["customers"].median())
    figure = drop_off_figure(table, min_customers=fewest)
    said = [text for text, _, _ in words(figure)]
    few = table[table["customers"] < fewest]
    enough = table[table["customers"] >= fewest]
    assert len(few) > 5
    reasons = sorted(text for text in said if text.startswith("n = "))
    assert reasons == sorted(f"n = {n:,}" for n in few["customers"])
    assert said.count(f"< {fewest:,}") == len(few)
    assert len(hovered(figure, "cells")) == len(enough)
    hidden = {
        lettering.interval(r["drop_off_ci_lower"], r["drop_off_ci_upper"])
        for r in few.to_dict("records")
    } - {
        lettering.interval(r[f"{name}_ci_lower"], r[f"{name}_ci_upper"])
        for r in enough.to_dict("records")
        for name in ("drop_off", "leave_channel_rate")
    }
    everything = " ".join(texts(figure))
    assert hidden and not any(f" {bounds} " in f" {everything} " for bounds in hidden)


def test_nobody_and_only_open_are_told_apart():
    table, _ = both("all open")
    table = table[(table["step"] == 1) | (table["channel"] == "web")]
    table.attrs = both("all open")[0].attrs
    said = [text for text, _, _ in words(drop_off_figure(table))]
    empty = (len(table.attrs["steps"]) - 1) * table["channel"].nunique() - len(table)
    assert said.count("only") == said.count("open") == len(table)
    assert said.count("nobody") == empty > 0


def test_a_cells_colour_is_its_rate_on_the_scale():
    table, _ = both("retailer")
    figure = drop_off_figure(table, scale_max=0.9, min_customers=1)
    cells = next(trace for trace in figure.data if trace.name == "cells")
    places = {html.unescape(row[0]): (x, y) for x, y, row in
              zip(cells.x, cells.y, cells.customdata, strict=True)}  # fmt: skip
    for row in table[table["customers"] > 0].to_dict("records"):
        after = table.attrs["steps"][row["step"]]
        x, y = places[f"{row['funnel_step']} → {after}, {row['channel']}"]
        boxes = rectangles(figure, shade_of(row["drop_off"], 0.9))
        assert any(a < x < c and b < y < d for a, b, c, d in boxes)


def test_the_bars_below_are_as_long_as_the_customers_lost():
    table, _ = both("retailer")
    figure = drop_off_figure(table, min_customers=1)
    sizes = table.groupby("channel")["customers"].sum().sort_values(ascending=False, kind="stable")
    lost = table.groupby("channel")["lost"].sum()[sizes.index]
    bars = sorted(rectangles(figure, LOSS))
    heights = [bottom - top for _, top, _, bottom in bars]
    scale = max(heights) / lost.max()
    assert heights == pytest.approx([max(1, n * scale) for n in lost], abs=0.2)
    said = [text for text, _, _ in words(figure)]
    assert all(f"{n:,}" in said for n in lost)


def test_one_scale_serves_a_comparison():
    table, _ = both("retailer")
    part = table[table["drop_off"] < 0.4]
    part.attrs = table.attrs
    alone, together = drop_off_figure(part), drop_off_figure(part, scale_max=0.7)
    whole = drop_off_figure(table, scale_max=0.7)
    assert not shades(part, alone) <= shades(table, whole)
    assert shades(part, together) <= shades(table, whole)
    over = drop_off_figure(table, scale_max=0.3)
    assert "≥ 30 %" in {text for text, _, _ in words(over)}
    assert "≥ 70 %" not in {text for text, _, _ in words(whole)}


def shades(table, figure) -> set[str]:
    wide = {trace.fillcolor for trace in figure.data if trace.fill and not trace.fillpattern.shape}
    scale = {between(SCALE, i / 40) for i in range(41)}
    strip = {shade_of((i + 0.5) / 30, 1.0) for i in range(30)}
    return (wide & scale) - strip


@pytest.mark.parametrize("wrong", [0, -0.1, 1.2, 80])
def test_a_scale_that_is_no_share_is_refused(wrong):
    with pytest.raises(OmninbError, match="scale_max"):
        drop_off_figure(both("few")[0], scale_max=wrong)


@pytest.mark.parametrize("width", [700, 1400])
def test_of_very_many_channels_the_largest_are_shown_and_the_others_counted(width):
    made = attempts(9_000, channels={f"campaign {i}": 60.0 - i for i in range(60)})
    table, funnel = drop_off_of(made), funnel_of(made)
    figure = drop_off_figure(table, width=width, funnel=funnel, min_customers=1)
    assert overlaps(words(figure)) == []
    shown = [html.unescape(row[0]) for row in hovered(figure, "labels")]
    sizes = table.groupby("channel")["customers"].sum()
    assert 5 < len(shown) < 60 and sizes[shown].min() >= sizes.drop(shown).max()
    notes = figure.layout.annotations[1].text.replace("<br>", " ")
    assert f"{60 - len(shown)} more, of fewer customers" in notes


@pytest.mark.parametrize(("within", "said"), [("7d", "no next step within 7d"), (None, "so far")])
def test_lost_is_said_to_end_with_the_window_and_the_first_attempt(within, said):
    table, _ = both("retailer")
    table.attrs["within"] = within
    words = drop_off_figure(table).layout.annotations[0].text.replace("<br>", " ")
    assert said in words and "in the first attempt" in words and "at all" not in words


@pytest.mark.parametrize("width", [400, 700, 1000, 1400])
def test_in_narrow_columns_no_number_stands_without_its_rate_and_heads_are_whole(width):
    made = attempts(9_000, channels={f"{11_000 + i}": 60.0 - i for i in range(40)})
    table, funnel = drop_off_of(made), funnel_of(made)
    figure = drop_off_figure(table, width=width, funnel=funnel)
    heads = [html.unescape(row[0]) for row in hovered(figure, "labels")]
    found = words(figure)
    assert set(heads) <= {text for text, _, _ in found}
    shown = table[table["channel"].isin(heads) & (table["customers"] >= 10)]
    rates = [text for text, _, _ in found].count
    for rate, cells in shown.groupby(shown["drop_off"].map(lettering.percent)):
        assert rates(rate) >= len(cells)


def test_few_channels_fill_the_width():
    made = attempts(3_000, channels={"web": 2, "mobile app": 2, "store": 1})
    figure = drop_off_figure(drop_off_of(made), width=1400, funnel=funnel_of(made))
    boxes = [box for shade in {t.fillcolor for t in figure.data if t.fill}
             for box in rectangles(figure, shade)]  # fmt: skip
    assert max(box[2] for box in boxes) > 1250


def test_places_that_clearly_lose_more_without_room_are_counted():
    made = attempts(9_000, channels={f"campaign {i}": 60.0 - i for i in range(60)})
    table = drop_off_of(made)
    last = table.index[table["channel"] == "campaign 59"]
    table["p_adjusted"] = 0.4
    table.loc[last, ["p_adjusted", "difference"]] = 0.01, 0.2
    figure = drop_off_figure(table, width=700, min_customers=1)
    notes = figure.layout.annotations[1].text.replace("<br>", " ")
    assert f"{len(last)} clearly losing more at a step, stand in the table" in notes


def framed(figure) -> list[str]:
    """The cells inside the frame, by the first line of their hover text."""
    lines = [t for t in figure.data if t.mode == "lines" and t.line.width == 3]
    cells = next(trace for trace in figure.data if trace.name == "cells")
    return [
        html.unescape(row[0])
        for frame in (chunk for line in lines for chunk in chunks(line))
        for x, y, row in zip(cells.x, cells.y, cells.customdata, strict=True)
        if frame[0][0] < x < frame[2][0] and frame[0][1] < y < frame[2][1]
    ]


def test_frames_are_round_the_cells_that_clearly_lose_more_and_no_others():
    table, _ = both("retailer")
    clear = table[(table["p_adjusted"] < 0.05) & (table["difference"] > 0)]
    names = [
        f"{row['funnel_step']} → {table.attrs['steps'][row['step']]}, {row['channel']}"
        for row in clear.to_dict("records")
    ]
    assert len(names) > 1 and sorted(framed(drop_off_figure(table))) == sorted(names)
    table.loc[clear.index[0], "p_adjusted"] = 0.06
    assert sorted(framed(drop_off_figure(table))) == sorted(names[1:])


def test_without_a_clear_difference_nothing_is_framed():
    table, _ = both("retailer")
    table["p_adjusted"] = 0.06
    figure = drop_off_figure(table)
    assert framed(figure) == [] and "Framed" not in " ".join(texts(figure))


def test_every_cell_answers_a_pointer_with_all_its_counts():
    table, _ = both("retailer")
    shown = {html.unescape(row[0]): row for row in hovered(drop_off_figure(table), "cells")}
    for row in table[table["customers"] >= 10].to_dict("records"):
        after = table.attrs["steps"][row["step"]]
        found = " ".join(shown[f"{row['funnel_step']} → {after}, {row['channel']}"])
        counts = ("customers", "lost", "next_same_channel", "next_other_channel")
        assert {f"{row[name]:,}" for name in counts} <= numbers(found)
        assert lettering.percent(row["leave_channel_rate"]) in found
        assert f"{number_words(100 * row['difference'], signed=True)} points" in found


def test_the_scale_only_gets_darker_and_its_text_is_readable():
    levels = [between(SCALE, i / 40) for i in range(41)]
    shades = [luminance(level) for level in levels]
    assert shades == sorted(shades, reverse=True) and len(set(shades)) == 41
    assert all(contrast(ink_on(level), level) >= 4.5 for level in levels)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_name_of_the_role_cannot_act(name):
    made, steps = shape("hostile")
    figure = drop_off_figure(drop_off_of(made, steps, by=name), funnel=funnel_of(made, steps))
    assert alarming(figure) == []


def test_nothing_from_the_data_can_act():
    table, funnel = both("hostile")
    assert alarming(drop_off_figure(table, title=HOSTILE[2], funnel=funnel)) == []


def test_the_same_table_gives_the_same_small_figure_in_any_row_order():
    table, _ = both("twelve by twelve")
    shuffled = table.sample(frac=1, random_state=3)
    shuffled.attrs = table.attrs
    one = drop_off_figure(table).to_json()
    assert one == drop_off_figure(shuffled).to_json()
    assert len(one) < 120_000


@pytest.mark.parametrize(("waiting", "said"), [(1, "1 more is open"), (2, "2 more are open")])
def test_one_and_several_open(waiting, said):
    table, _ = both("few")
    table["open"] = 0
    table.loc[0, "open"] = waiting
    assert said in drop_off_figure(table).layout.annotations[0].text


def test_an_empty_table_says_so():
    table, _ = both("few")
    empty = table.head(0)
    assert "Nobody to show." in drop_off_figure(empty).layout.meta["alt"]
