"""The friction list: ratios of the table on a log scale, flags in words, natural ends left out."""

from __future__ import annotations

import html
import math
import random

import pytest
from attempts import CHANNELS, exits_of
from reading import HOSTILE, alarming, hovered, overlaps, stray, words

from omninb.figures import exit_figure
from omninb.figures.style import WORSE
from omninb.wording import number_words


def listed(table):
    """The rows that the figure shows, in its order."""
    more = table[(table["excess_exits"] > 0) & ~table["expected_end"]]
    return more.sort_values("flagged", ascending=False, kind="stable")


def kinds(number: int, names: list[str] | None = None) -> dict[str, tuple[int, int, float]]:
    chance = random.Random(4)
    events = ["view product", "search", "payment failed", "help", "add to basket"]
    labels = names or [f"{c} · {e}" for e in events for c in CHANNELS] + [*map(str, range(900))]
    made = {}
    for label in labels[:number]:
        settled = int(60 * chance.paretovariate(0.8))
        expected = max(0.4, 0.2 * settled * chance.uniform(0.8, 1.2))
        exits = min(settled, int(expected * chance.lognormvariate(0, 0.5)))
        made[label] = (settled, exits, expected)
    return made


SHAPES = {
    "usual": kinds(14),
    "many": kinds(70),
    "one": {"web · view": (90, 12, 8.0)},
    "no ratio": {"web · view": (100, 9, 4.0), "store · view": (80, 2, 0.0)},
    "extreme": {"web · view": (9_000, 8_000, 20.0), "store · view": (9_000, 1, 900.0)},
    "hostile": kinds(len(HOSTILE), HOSTILE),
}


@pytest.mark.parametrize("width", [700, 1000, 1400])
@pytest.mark.parametrize("shape", SHAPES)
def test_words_do_not_overlap_and_stay_on_the_sheet(shape, width):
    figure = exit_figure(exits_of(SHAPES[shape]), width=width)
    found = words(figure)
    assert overlaps(found) == []
    assert min(box[0] for _, _, box in found) >= 0
    assert max(box[2] for _, _, box in found) <= width
    assert max(box[3] for _, _, box in found) <= figure.layout.height


@pytest.mark.parametrize("shape", SHAPES)
def test_every_number_shown_stands_in_the_table(shape):
    table = exits_of(SHAPES[shape])
    scale = {
        "0.1",
        "0.2",
        "0.3",
        "0.5",
        "0.7",
        "0.8",
        "0.9",
        "1.1",
        "1.2",
        "1.5",
        "2",
        "3",
        "5",
        "10",
    }
    rows = {"24", str(len(listed(table))), str(len(table) - len(listed(table))), "30", "31"}
    assert stray(exit_figure(table), table, *scale, *rows) == set()


def test_a_flag_is_a_sign_and_a_word_and_never_colour_alone():
    table = exits_of(SHAPES["usual"])
    figure = exit_figure(table)
    said = [text for text, _, _ in words(figure)]
    flagged = int(table["flagged"].sum())
    assert said.count("▲ ends more often") == flagged > 0
    assert said.count("○ not flagged") == len(listed(table)) - flagged > 0
    discs = next(t for t in figure.data if t.mode == "markers" and t.name is None)
    assert list(discs.marker.color).count(WORSE) == flagged
    assert list(discs.marker.color).count("#FFFFFF") == len(listed(table)) - flagged


def test_dots_stand_at_their_ratios_on_a_log_scale():
    table = exits_of(SHAPES["usual"])
    figure = exit_figure(table)
    discs = next(t for t in figure.data if t.mode == "markers" and t.name is None)
    ordered = listed(table)
    points = [(math.log(r), x) for r, x in zip(ordered["ratio"], discs.x, strict=True)]
    points.sort()
    (low, left), (high, right) = points[0], points[-1]
    for value, x in points:
        assert x == pytest.approx(left + (value - low) / (high - low) * (right - left), abs=0.2)
    lines = [t for t in figure.data if t.mode == "lines" and t.line.width == 3.5]
    ends = sorted(x for line in lines for x in line.x if x is not None)
    bounds = sorted([*ordered["ratio_ci_lower"], *ordered["ratio_ci_upper"]])
    assert ends == pytest.approx(
        [left + (math.log(b) - low) / (high - low) * (right - left) for b in bounds], abs=0.3
    )
    ticks = {text: (box[0] + box[2]) / 2 for text, _, box in words(figure) if text.endswith(" ×")}
    assert ticks["2 ×"] == pytest.approx(
        left + (math.log(2) - low) / (high - low) * (right - left), abs=0.3
    )


def test_flagged_kinds_come_first_and_the_rest_is_counted():
    table = exits_of(SHAPES["many"])
    figure = exit_figure(table)
    shown = [html.unescape(row[0]) for row in hovered(figure, "kinds")]
    first = table[table["flagged"]]["channel · event"].tolist()
    assert shown == [*first, *table[~table["flagged"]]["channel · event"]][:24]
    more = int((table["ratio"] > 1).sum())
    note = figure.layout.annotations[1].text.replace("<br>", " ")
    assert f"The 24 of {more} kinds" in note
    assert f"{70 - more} more end no more often than expected" in note
    none = exit_figure(exits_of(SHAPES["usual"]))
    assert "kinds" not in none.layout.annotations[1].text


def test_kinds_that_end_no_more_often_than_expected_are_counted_and_not_drawn():
    table = exits_of(SHAPES["usual"])
    shown = {html.unescape(row[0]) for row in hovered(exit_figure(table), "kinds")}
    assert shown == set(table.loc[table["ratio"] > 1, "channel · event"])
    assert 0 < len(shown) < len(table)
    none = table[table["ratio"] <= 1]
    none.attrs = table.attrs
    assert "No touchpoint ends journeys more often" in exit_figure(none).layout.meta["alt"]


def test_natural_ends_stay_off_the_list_and_are_named():
    table = exits_of(SHAPES["usual"])
    table.loc[[0, 3], "expected_end"] = True
    figure = exit_figure(table)
    shown = {html.unescape(row[0]) for row in hovered(figure, "kinds")}
    left_out = set(table.loc[[0, 3], "channel · event"])
    assert not shown & left_out and shown == set(listed(table)["channel · event"])
    assert all(name in figure.layout.annotations[1].text for name in left_out)
    table["expected_end"] = True
    assert "Only natural ends to show." in exit_figure(table).layout.meta["alt"]


def test_every_row_answers_a_pointer():
    table = exits_of(SHAPES["usual"])
    shown = {html.unescape(row[0]): row for row in hovered(exit_figure(table), "kinds")}
    for row in listed(table).to_dict("records"):
        found = " ".join(shown[row["channel · event"]])
        assert f"{row['exits']:,} ends of {row['settled']:,} settled" in found
        assert f"{number_words(row['expected_exits'])} expected" in found
        assert f"{number_words(row['ratio'], 2)} ×" in found


def test_a_kind_without_a_ratio_says_so_and_one_off_the_scale_points_there():
    assert "no ratio" in {t for t, _, _ in words(exit_figure(exits_of(SHAPES["no ratio"])))}
    assert "▶" in {text for text, _, _ in words(exit_figure(exits_of(SHAPES["extreme"])))}
    assert "▶" not in {text for text, _, _ in words(exit_figure(exits_of(SHAPES["usual"])))}


def test_nothing_from_the_data_can_act():
    for by in HOSTILE:
        table = exits_of(SHAPES["hostile"], by=by)
        table.loc[[0], "expected_end"] = True
        assert alarming(exit_figure(table, title=HOSTILE[4])) == []


def test_the_figure_is_small_and_plain():
    figure = exit_figure(exits_of(kinds(900)))
    assert len(figure.to_json()) < 60_000
    assert {trace.type for trace in figure.data} == {"scatter"}


def test_an_empty_table_says_so():
    empty = exits_of(SHAPES["one"]).head(0)
    assert "No settled touchpoints to show." in exit_figure(empty).layout.meta["alt"]
