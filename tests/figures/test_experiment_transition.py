"""The map of the moves that differ: those of the table, in places that do not depend on them."""

from __future__ import annotations

import html

import pytest
from experiments import moves
from reading import HOSTILE, alarming, hovered, overlaps, words

import omninb as onb
from omninb.figures import experiment_transition_figure
from omninb.figures.experiment_transition import DOWN, UP
from omninb.figures.style import alpha

WIDTHS = (700, 1000, 1400)
NAMES = tuple(f"page {i}" for i in range(12))


def said(figure) -> list[str]:
    return [text for text, _, _ in words(figure)]


def changed(table, rows):
    """The table with other rows that differ."""
    again = table.copy()
    again["differs"] = rows
    again.attrs = table.attrs
    return again


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("names", [("web", "store", "app", "chat"), NAMES, tuple(HOSTILE[:6])])
def test_words_of_the_list_do_not_overlap_and_stay_on_the_sheet(names, width):
    table = moves(names)
    every = changed(table, table["difference"].abs() > 0)
    for one in (table, every):
        figure = experiment_transition_figure(one, width=width)
        found = words(figure)
        labels = [word for word in found if word[1] != 12.5]  # differences lie on their ways
        assert overlaps(labels) == []
        assert min(box[0] for _, _, box in found) >= 0
        assert max(box[2] for _, _, box in found) <= width
        assert max(box[3] for _, _, box in found) <= figure.layout.height


def test_the_moves_that_differ_and_no_others_are_drawn_and_listed():
    table = moves()
    rows = table[(table["what"] == "transition") & table["differs"]]
    assert 2 <= len(rows) < (table["what"] == "transition").sum()
    figure = experiment_transition_figure(table)
    names = {f"{row.source} → {row.target}" for row in rows.itertuples()}
    assert {text for text in said(figure) if " → " in text and "%" not in text} == names
    assert {html.unescape(row[0]) for row in hovered(figure, "moves")} == names
    found = set(said(figure))
    for row in rows.to_dict("records"):
        low, high = (100 * row[f"difference_ci_{side}"] for side in ("lower", "upper"))
        numbers = [f"{v:+.1f}".replace("-", "−") for v in (100 * row["difference"], low, high)]
        assert f"{numbers[0]} points ({numbers[1]} to {numbers[2]})" in found
        assert f"{100 * row['control']:.1f} % → {100 * row['treatment']:.1f} %" in found
        assert f"of {row['settled_control']:,} and {row['settled_treatment']:,}" in found
        assert numbers[0] in found or row["source"] == row["target"]


def test_up_and_down_are_told_by_sign_and_dash_and_not_by_colour_alone():
    table = moves()
    rows = table[(table["what"] == "transition") & table["differs"]]
    figure = experiment_transition_figure(table)
    assert said(figure).count("+") == (rows["difference"] > 0).sum() > 0
    assert said(figure).count("−") == (rows["difference"] < 0).sum() > 0
    dashes = {t.line.color: t.line.dash for t in figure.data if t.mode == "lines"}
    assert dashes[alpha(UP, 0.6)] == "solid" and dashes[alpha(DOWN, 0.6)] == "dash"


def test_nodes_keep_their_places_whatever_differs():
    table = moves(NAMES)
    every = changed(table, table["difference"].abs() > 0)
    few = changed(table, (table["source"] == "START") & (table["target"] == NAMES[0]))
    places = [
        {
            row[0]: (x, y)
            for trace in experiment_transition_figure(one).data
            if trace.name == "places"
            for row, x, y in zip(trace.customdata, trace.x, trace.y, strict=True)
        }
        for one in (every, few)
    ]
    assert places[0] == places[1] and len(places[0]) > 12


def test_when_nothing_differs_it_says_so_and_names_what_comes_nearest():
    table = moves(changed=False)
    table = changed(table, False)
    figure = experiment_transition_figure(table)
    assert "○ No move clearly differs between the arms." in said(figure)
    first = table[table["what"] == "transition"].iloc[0]
    assert any(f"Nearest to it: {first['source']} → {first['target']}," in t for t in said(figure))
    assert "No move clearly differs" in figure.layout.meta["alt"]
    assert not hovered(figure, "moves")


def test_of_very_many_moves_the_surest_are_drawn_and_the_others_counted():
    table = moves(NAMES)
    every = changed(table, table["difference"].abs() > 0)
    number = every[every["what"] == "transition"]["differs"].sum()
    figure = experiment_transition_figure(every)
    assert f"{number - 24} more that differ" in figure.layout.annotations[-1].text.replace(
        "<br>", " "
    )
    assert len(figure.to_json()) < 160_000


def test_nothing_from_the_data_can_act():
    table = moves(tuple(HOSTILE[:6]))
    every = changed(table, table["difference"].abs() > 0)
    assert alarming(experiment_transition_figure(every, title=HOSTILE[0])) == []


def test_an_unknown_treatment_is_refused():
    with pytest.raises(onb.OmninbError, match=r"variant='treatmnt'.*'treatment'"):
        experiment_transition_figure(moves(), variant="treatmnt")
