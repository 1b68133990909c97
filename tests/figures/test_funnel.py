"""The funnel shows its table's rows, tells open from lost, and says what is clear."""

from __future__ import annotations

import html

import pandas as pd
import pytest
from attempts import SHAPES, attempts, funnel_of, shape
from reading import HOSTILE, alarming, hovered, overlaps, rectangles, stray, texts, words

from omninb.figures import funnel_figure, lettering
from omninb.figures.style import BAR, FAINT, INK, PALE, contrast

WIDTHS = (700, 1000, 1400)
KINDS = ("whole", "optional", "levels", "periods")


def table_of(name: str, kind: str) -> pd.DataFrame:
    made, steps = shape(name)
    options = {
        "whole": {},
        "optional": {"optional": 2},
        "levels": {"by": "channel"},
        "periods": {"by": "period"},
    }
    return funnel_of(made, steps, **options[kind])


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SHAPES)
def test_words_do_not_overlap_and_stay_on_the_sheet(name, kind, width):
    figure = funnel_figure(table_of(name, kind), width=width)
    found = words(figure)
    assert overlaps(found) == []
    assert min(box[0] for _, _, box in found) >= 0
    assert max(box[2] for _, _, box in found) <= width
    assert max(box[3] for _, _, box in found) <= figure.layout.height


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SHAPES)
def test_every_number_shown_stands_in_the_table_or_is_a_loss_between_two_rows(name, kind):
    table = table_of(name, kind)
    counts = table["customers"].tolist()
    losses = {f"{a - b:,}" for i, a in enumerate(counts) for b in counts[i + 1 : i + 3]}
    assert stray(funnel_figure(table), table, *losses, "31", "90 %", "0.05") == set()


def test_a_bar_is_as_long_as_its_count_and_its_hatched_part_as_what_is_open():
    table = table_of("retailer", "whole")
    figure = funnel_figure(table)
    solid = rectangles(figure, BAR)
    hatched = rectangles(figure, FAINT, hatched=True)
    scale = (solid[0][2] - solid[0][0]) / table["customers"][0]
    for row, a, b in zip(table.to_dict("records"), solid, hatched, strict=True):
        assert a[2] - a[0] == pytest.approx(row["customers"] * scale, abs=0.2)
        assert b[0] == pytest.approx(a[2], abs=0.2)
        assert b[2] - b[0] == pytest.approx(max(2, row["open_converted"] * scale), abs=0.2)


def test_whiskers_end_at_the_bounds():
    table = table_of("retailer", "whole")
    figure = funnel_figure(table)
    left, _, right, _ = rectangles(figure, BAR)[0]
    lines = next(t for t in figure.data if t.mode == "lines" and t.line.color == INK)
    ends = [x for x in lines.x if x is not None]
    expected = [
        left + row[f"conversion_rate_ci_{side}"] * (right - left)
        for row in table.to_dict("records")[1:]
        for side in ("lower", "upper")
    ]
    assert sorted(set(ends)) == pytest.approx(sorted(expected), abs=0.1)


def test_bars_of_a_rate_are_that_share_of_their_column():
    table = table_of("retailer", "levels")
    figure = funnel_figure(table)
    wide = rectangles(figure, PALE)
    solid = {(round(x), round(y)): right - x for x, y, right, _ in rectangles(figure, BAR)}
    rates = table[table["step"] > 1]["conversion_rate"]
    for share, (x, y, right, _) in zip(rates, wide, strict=True):
        assert solid[round(x), round(y)] == pytest.approx(share * (right - x), abs=0.2)


def test_the_largest_loss_is_named_once():
    table = table_of("retailer", "whole")
    said = [text for text, _, _ in words(funnel_figure(table))]
    lost = [int(t.split()[0].replace(",", "")) for t in said if t.endswith(" lost")]
    assert len(lost) == len(table) - 1
    place = said.index("◀ largest loss")
    assert said[place - 1] == f"{max(lost):,} lost" and said.count("◀ largest loss") == 1


def test_an_optional_step_loses_nobody_and_is_no_denominator():
    table = table_of("retailer", "optional")
    said = [text for text, _, _ in words(funnel_figure(table))]
    first, third = table["customers"][0], table["customers"][2]
    assert "optional" in said and f"{first - third:,} lost" in said
    assert sum(text.endswith(" lost") for text in said) == len(table) - 2
    assert any("take it" in text for text in said)
    assert any(f"of {table['funnel_step'][0]} go on" in text for text in said)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["retailer", "twelve by twelve"])
def test_what_is_clear_has_a_sign_at_each_step_and_a_word_at_the_last(name, width):
    table = table_of(name, "levels")
    judged = table[(table["p_adjusted"] < 0.05) & ~table["small"]]
    last = judged[judged["step"] == table["step"].max()]
    said = [text for text, _, _ in words(funnel_figure(table, width=width))]
    for word, sign in (("higher", 1), ("lower", -1)):
        assert said.count(f"{'▲' if sign > 0 else '▼'} {word}") == sum(
            last["difference"] * sign > 0
        )
    later = judged[judged["step"] > 1]
    assert len(later) > 0
    assert said.count("▲") == sum(later["difference"] > 0)
    assert said.count("▼") == sum(later["difference"] < 0)


def test_a_small_level_is_not_judged():
    made = attempts(900, levels=("one", "two"), seed=8)
    table = funnel_of(made + attempts(9, levels=("tiny",), mature=1), by="channel")
    table[["p_adjusted", "difference"]] = [0.9, -0.3]
    table.loc[table["channel"] == "tiny", "p_adjusted"] = 0.001
    said = " ".join(text for text, _, _ in words(funnel_figure(table)))
    assert "too few to judge" in said and "▼" not in said
    table["small"] = False
    assert "▼ lower" in {text for text, _, _ in words(funnel_figure(table))}


def test_of_very_many_levels_the_first_are_shown_and_the_others_counted():
    made = attempts(6_000, levels=tuple(f"campaign {i:02d}" for i in range(60)))
    table = funnel_of(made, by="campaign")
    figure = funnel_figure(table)
    shown = [text for text, size, _ in words(figure) if text.startswith("campaign ")]
    assert shown == list(dict.fromkeys(table["campaign"]))[:24]
    assert "36 more rows" in figure.layout.annotations[1].text.replace("<br>", " ")


def test_periods_are_compared_with_the_first_and_name_their_own_dates():
    made = attempts(4_000, levels=("2025-01-01 to 2025-03-31", "2025-04-01 to 2025-06-30"))
    figure = funnel_figure(funnel_of(made, by="period"))
    said = " ".join(text for text, _, _ in words(figure))
    assert "last step against 2025-01-01 to 2025-03-31" in said
    assert "31 May" not in figure.layout.annotations[0].text
    assert "what has changed?" in figure.layout.title.text


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(0.01, 0.05, "▲ higher"), (-0.05, -0.01, "▼ lower"), (-0.01, 0.05, "≈ no clear difference")],
)
def test_a_period_differs_clearly_where_its_bounds_leave_out_nothing(low, high, word):
    made = attempts(900, levels=("2024", "2025"))
    table = funnel_of(made, by="period")
    later = table["period"] == "2025"
    table.loc[later, "difference"] = (low + high) / 2
    table.loc[later, ["difference_ci_lower", "difference_ci_upper"]] = low, high
    said = [text for text, _, _ in words(funnel_figure(table))]
    others = {"▲ higher", "▼ lower", "≈ no clear difference"} - {word}
    assert said.count(word) == 1 and not others & set(said)
    assert "–" in said  # the first period has nothing to be compared with


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_answers_a_pointer(kind):
    table = table_of("retailer", kind)
    shown = hovered(funnel_figure(table), "steps")
    for row, found in zip(table.to_dict("records"), shown, strict=True):
        said = html.unescape(" ".join(found))
        assert row["funnel_step"] in said
        assert lettering.plural(row["customers"], "customer") in said
        bounds = (row["population_rate_ci_lower"], row["population_rate_ci_upper"])
        assert f"{lettering.rate(row['population_rate'], *bounds)} (" in said


def test_every_denominator_is_named():
    table = table_of("retailer", "whole")
    head = funnel_figure(table).layout.annotations[0].text
    entered, everyone = table["customers"][0], table.attrs["population"]
    assert f"of these {entered:,}" in head and f"“of all”: of {everyone:,} customers" in head
    assert "of the step before" in head


def test_without_a_window_nobody_is_open_and_it_says_so_far():
    table = funnel_of(attempts(300, mature=1))
    table.attrs["within"] = None
    said = " ".join(texts(funnel_figure(table)))
    assert "so far" in said and "open" not in said and "None" not in said


def test_the_unit_is_that_of_the_table():
    table = funnel_of(attempts(300))
    table.insert(3, "journeys", table["customers"] + 1)
    table.attrs["unit"] = "journeys"
    figure = funnel_figure(table)
    assert f"{table['journeys'][0]:,} journeys at the first step" in " ".join(texts(figure))
    assert "journeys stop" in figure.layout.title.text
    table.attrs["unit"] = "attempts"
    head = funnel_figure(table.rename(columns={"journeys": "attempts"})).layout.annotations[0].text
    assert "attempts at the first step" in head and "of 600 customers, without the open" in head


def test_steps_in_any_order_are_counted_in_the_title():
    table = funnel_of(attempts(300))
    table.attrs["order"] = "any"
    assert "How many of the 5 steps do customers" in funnel_figure(table).layout.title.text


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_from_the_data_can_act(kind):
    assert alarming(funnel_figure(table_of("hostile", kind), title=HOSTILE[0])) == []


def test_the_name_of_a_breakdown_cannot_act_either():
    table = funnel_of(shape("hostile")[0], by="<img src=x onerror=alert(1)>")
    assert alarming(funnel_figure(table)) == []


def test_large_tables_stay_small_figures_of_plain_traces():
    figure = funnel_figure(table_of("twelve by twelve", "levels"))
    assert len(figure.to_json()) < 160_000
    assert {trace.type for trace in figure.data} == {"scatter"}


def test_an_empty_table_says_so():
    empty = funnel_of(attempts(5)).head(0)
    assert "Nobody to show." in funnel_figure(empty).layout.meta["alt"]


def test_bars_stand_out_in_grey():
    assert contrast(BAR, PALE) > 3 and contrast(BAR, "#FFFFFF") > 3
