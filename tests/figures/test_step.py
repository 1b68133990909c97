"""The step heatmap shows its table's rows, and only those."""

from __future__ import annotations

import html

import pytest
from reading import HOSTILE, alarming, hovered, numbers, overlaps, texts, words
from simulated import journeys, steps_of

from omninb.figures import lettering, step_figure


@pytest.mark.parametrize("width", [700, 1400])
def test_words_do_not_overlap_and_stay_on_the_sheet(rows, width):
    figure = step_figure(steps_of(rows), width=width)
    found = words(figure)
    assert overlaps(found) == []
    assert min(box[0] for _, _, box in found) >= 0
    assert max(box[2] for _, _, box in found) <= width
    assert max(box[3] for _, _, box in found) <= figure.layout.height


def test_every_number_shown_stands_in_the_table(rows):
    table = steps_of(rows)
    figure = step_figure(table)
    allowed = {*map(str, range(1, 32)), "2025", "95", "95 %", "100 %", "0 %"}
    allowed |= {f"{len(rows):,}", *(f"{part} %" for part in range(0, 101, 5))}
    for row in table.to_dict("records"):
        allowed |= {f"{row['journeys']:,}", lettering.percent(row["share"])}
        bounds = lettering.interval(row["share_ci_lower"], row["share_ci_upper"])
        allowed |= numbers(bounds) | numbers(bounds.replace(" %", ""))
    names = {lettering.plain(name) for name in table["channel"]}
    for text in set(texts(figure)):
        said = html.unescape(text)
        if not any(said.rstrip("…") in name for name in names):
            assert numbers(said) <= allowed | {n.replace(" ", "") for n in allowed}, said


def test_every_row_answers_a_pointer(retailer):
    table = steps_of(retailer)
    shown = {(row[0], int(row[1])): row for row in hovered(step_figure(table), "cells")}
    for row in table.to_dict("records"):
        found = shown[row["channel"], row["step"]]
        assert found[2:4] == [row["journeys"], row["customers"]]
        assert html.unescape(found[4]).startswith(lettering.percent(row["share"]))
    assert len(shown) == len(table)


def test_steps_around_an_anchor_are_named(retailer):
    table = steps_of(retailer, max_steps=5, first=-4)
    said = {text for text, _, _ in words(step_figure(table))}
    assert {"Step −4", "Step −1", "Anchor"} <= said
    table.attrs["anchor"] = "channel=<b>store</b>, event=purchase"
    figure = step_figure(table)
    assert "channel=<b>s" in " ".join(text for text, _, _ in words(figure))
    assert all("<b>" not in text for trace in figure.data for text in trace.text or ())
    assert "store</b>, event=purchase: " in figure.layout.meta["alt"]


def test_end_states_stand_below_all_labels(retailer):
    figure = step_figure(steps_of(retailer))
    y = {text: box[1] for text, _, box in words(figure)}
    assert y["web"] < y["converted"] < y["open"] < y["exit"]
    assert y["display"] < y["converted"]


def test_nothing_from_the_data_can_act(hostile):
    assert alarming(step_figure(steps_of(hostile), title=HOSTILE[2])) == []


def test_the_same_table_gives_the_same_small_figure(process):
    table = steps_of(process)
    shuffled = table.sample(frac=1, random_state=3)
    shuffled.attrs = table.attrs
    assert step_figure(table).to_json() == step_figure(shuffled).to_json()
    assert len(step_figure(table).to_json()) < 150_000


def test_an_empty_table_says_so():
    figure = step_figure(steps_of(journeys({}, 0)))
    assert figure.layout.meta["alt"].endswith("No journeys to show.")
