"""Effects day by day and distributions by arm: bands, bins and words of their tables."""

from __future__ import annotations

import pandas as pd
import pytest
from experiments import HOSTILE_METRICS, days, frame_of, spread
from reading import HOSTILE, alarming, chunks, hovered, overlaps, rectangles, words

import omninb as onb
from omninb.figures import experiment_cumulative_figure, experiment_distribution_figure
from omninb.figures.experiment_distribution import FILLED
from omninb.figures.style import BAR, INK, MUTE

WIDTHS = (700, 1000, 1400)
FIGURES = {experiment_cumulative_figure: days, experiment_distribution_figure: spread}


def said(figure) -> list[str]:
    return [text for text, _, _ in words(figure)]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("shape", ["usual", "three", "few", "hostile"])
@pytest.mark.parametrize("make", FIGURES, ids=lambda make: make.__name__)
def test_words_do_not_overlap_and_stay_on_the_sheet(make, shape, width):
    table = FIGURES[make](shape)
    for metric in dict.fromkeys(table["metric"]):
        figure = make(table, width=width, metric=metric)
        found = words(figure)
        assert overlaps(found) == []
        assert min(box[0] for _, _, box in found) >= 0
        assert max(box[2] for _, _, box in found) <= width
        assert max(box[3] for _, _, box in found) <= figure.layout.height


@pytest.mark.parametrize("make", FIGURES, ids=lambda make: make.__name__)
def test_unknown_parts_are_refused_and_the_treatment_is_chosen(make):
    table = FIGURES[make]("three")
    with pytest.raises(onb.OmninbError, match="metric='boughts'"):
        make(table, metric="boughts")
    with pytest.raises(onb.OmninbError, match="variant='newst'"):
        make(table, variant="newst")
    assert "newer" in make(table, variant="newer").to_json()


@pytest.mark.parametrize("make", FIGURES, ids=lambda make: make.__name__)
def test_nothing_from_the_data_can_act(make):
    for metric in HOSTILE_METRICS[1:2]:
        figure = make(FIGURES[make]("hostile"), metric=metric.name)
        assert alarming(figure) == []
        assert alarming(make(FIGURES[make]("hostile"), title=HOSTILE[0])) == []


def test_bands_run_through_the_bounds_of_each_day():
    table = days("usual")
    rows = table[table["metric"] == "bought"].reset_index(drop=True)
    figure = experiment_cumulative_figure(table, metric="bought")
    hover = next(trace for trace in figure.data if trace.name == "days")
    # Two hovered estimates give the scale: pixels of an uplift.
    first, last = rows["uplift"].iloc[5], rows["uplift"].iloc[-1]
    per = (hover.y[5] - hover.y[len(rows) - 1]) / (first - last)
    place = lambda value: hover.y[len(rows) - 1] + per * (value - last)  # noqa: E731
    for ink, width, name in ((BAR, 1.8, "always_valid"), (MUTE, 1.2, "uplift")):
        lines = [t for t in figure.data if t.mode == "lines" and t.line.width == width]
        ends = {round(part[-1][1], 0) for t in lines if t.line.color == ink for part in chunks(t)}
        for side in ("lower", "upper"):
            y = place(rows[f"{name}_ci_{side}"].iloc[-1])
            assert any(abs(y - end) <= 1 for end in ends), (name, side)
    dashes = {t.line.dash for t in figure.data if t.mode == "lines" and t.line.width == 1.2}
    assert dashes == {"dot"}


def test_it_says_when_the_always_valid_band_left_out_zero_and_which_band_may_be_looked_at():
    table = days("usual")
    rows = table[(table["metric"] == "bought") & (table["always_valid_ci_lower"] > 0)]
    assert len(rows)
    day = rows["day"].iloc[0]
    head = experiment_cumulative_figure(table, metric="bought").layout.annotations[0].text
    wanted = f"leaves out 0 first on {day.day} {day.month_name()} {day.year}, above it"
    assert wanted in head.replace("<br>", " ")
    figure = experiment_cumulative_figure(table, metric="clicked")
    assert "never leaves out 0" in figure.layout.annotations[0].text
    assert "The always-valid band alone" in figure.layout.annotations[1].text.replace("<br>", " ")
    assert {"always-valid band:", "dotted: for one look"} <= set(said(figure))


def test_every_day_is_hovered_with_its_numbers():
    table = days("usual")
    rows = table[table["metric"] == "clicked"]
    found = hovered(experiment_cumulative_figure(table, metric="clicked"), "days")
    assert len(found) == len(rows)
    for row, said_ in zip(rows.to_dict("records"), found, strict=True):
        assert f"{row['customers_control']:,} and {row['customers_treatment']:,}" in said_[1]
        assert any(
            f"{100 * row['uplift']:+.{d}f} points".replace("-", "−") in said_[1] for d in (1, 2)
        )


def test_days_without_bounds_are_left_open():
    found = hovered(experiment_cumulative_figure(days("few")), "days")
    assert any("too few customers" in row[3] for row in found)


def test_bars_and_outline_are_the_shares_of_the_table():
    table = onb.experiment_distribution_table(
        frame_of("usual"), onb.MeanPerCustomer("spend"), bins=6, control="control"
    )
    new, control = (table[table["variant"] == a]["share"].tolist() for a in ("new", "control"))
    figure = experiment_distribution_figure(table)
    key, zero, *bars = sorted(rectangles(figure, FILLED))
    rest = [bottom - top for _, top, _, bottom in bars]
    assert key[2] < zero[2] and len(rest) == len(new) - 1
    for share, height in zip(new[1:], rest, strict=True):
        assert height / rest[0] == pytest.approx(share / new[1], abs=0.02)
    steps = max(
        (p for t in figure.data if t.mode == "lines" and t.line.color == INK for p in chunks(t)),
        key=len,
    )
    base = steps[0][1]
    tops = [base - y for _, y in steps[1:-1:2]]
    for share, top in zip(control[1:], tops, strict=True):
        assert top / tops[0] == pytest.approx(share / control[1], abs=0.02)
    # Both arms stand on one scale.
    assert tops[0] / rest[0] == pytest.approx(control[1] / new[1], abs=0.02)


def test_zero_stands_apart_and_the_tail_is_told():
    figure = experiment_distribution_figure(spread("usual"), metric="spend per customer")
    assert {"exactly 0", "all other values, on a scale of its own", "tail"} <= set(said(figure))
    assert "wider than it is drawn" in figure.layout.annotations[-1].text
    table = spread("usual")
    both = table[(table["metric"] == "spend per customer") & (table["upper"] == 0)]["share"]
    assert " → ".join(f"{100 * share:.0f} %" for share in both) in said(figure)


def test_every_bin_is_hovered_with_shares_and_customers():
    table = spread("usual")
    held = table[table["metric"] == "profit per customer"]
    found = hovered(experiment_distribution_figure(table, metric="profit per customer"), "bins")
    assert len(found) == len(held) / 2
    texts = " | ".join(f"{row[1]} {row[2]}" for row in found)
    for n in held["customers"]:
        assert f"{n:,} customers" in texts


def test_a_few_values_are_a_bin_each():
    counts = onb.experiment_distribution_table(
        frame_of("usual"), onb.MeanPerCustomer("orders"), control="control"
    )
    figure = experiment_distribution_figure(counts)
    assert {"0", "1", "2", "3"} <= set(said(figure)) and "exactly 0" not in said(figure)
    assert figure.layout.annotations[-1].text == "Each value is a bin."


def test_without_means_or_days_it_says_so():
    none = onb.experiment_distribution_table(frame_of("usual"), onb.Conversion("bought"))
    alt = experiment_distribution_figure(none).layout.meta["alt"]
    assert "No metric with a distribution to show" in alt
    empty = days("usual").head(0)
    empty.attrs = days("usual").attrs
    told = experiment_cumulative_figure(empty)
    assert "No window is over yet" in told.layout.annotations[0].text
    assert "No window is over yet" in told.layout.meta["alt"]
    assert isinstance(none, pd.DataFrame)
