"""The result of an experiment: numbers and verdicts of the table, and what cannot be said."""

from __future__ import annotations

import re

import pytest
from experiments import SHAPES, result
from reading import (
    HOSTILE,
    alarming,
    chunks,
    hovered,
    numbers,
    overlaps,
    stray,
    texts,
    words,
)

import omninb as onb
from omninb.figures import experiment_figure, experiment_segment_figure
from omninb.figures.style import BETTER, INK, WORSE

WIDTHS = (700, 1000, 1400)


def drawn(shape, kind, width=1400, **options):
    make = experiment_figure if kind == "whole" else experiment_segment_figure
    return make(result(shape), width=width, **options)


def said(figure) -> list[str]:
    return [text for text, _, _ in words(figure)]


def near(figure, name: str) -> list[str]:
    """The words of the row whose name is given, to the next rule below."""
    found = [(text, box) for text, _, box in words(figure)]
    top = next(box[1] for text, box in found if text == name)
    rules = sorted(
        part[0][1]
        for trace in figure.data
        if trace.mode == "lines"
        for part in chunks(trace)
        if len({y for _, y in part}) == 1 and part[-1][0] - part[0][0] > 0.9 * figure.layout.width
    )
    below = next(y for y in rules if y > top)
    above = max([y for y in rules if y < top], default=top - 60)
    inside = [(box[1] + box[3], box[0], text) for text, box in found if above < box[1] < below]
    return [text for *_, text in sorted(inside)]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", ["whole", "segments"])
@pytest.mark.parametrize("shape", SHAPES)
def test_words_do_not_overlap_and_stay_on_the_sheet(shape, kind, width):
    figure = drawn(shape, kind, width, practical=0.03)
    found = words(figure)
    assert overlaps(found) == []
    assert min(box[0] for _, _, box in found) >= 0
    assert max(box[2] for _, _, box in found) <= width
    assert max(box[3] for _, _, box in found) <= figure.layout.height


@pytest.mark.parametrize("shape", ["usual", "sequential"])
def test_a_row_says_the_numbers_of_the_table(shape):
    table = result(shape)
    whole = table[table["segment"] == "(all)"]
    figure = drawn(shape, "whole")
    for row in whole.to_dict("records"):
        scale = 100 if row["unit"] == "%" else 1
        found = " | ".join(near(figure, row["metric"]))
        estimates = [digits(scale * row[name]) for name in ("control", "treatment")]
        assert re.search(rf"{estimates[0]}(?: %)? → {estimates[1]}", found), row["metric"]
        assert f"{row['customers_control']:,} and {row['customers_treatment']:,}" in found
        low, high = (digits(scale * row[f"uplift_ci_{side}"]) for side in ("lower", "upper"))
        assert re.search(rf"{digits(scale * row['uplift'])}.* \({low} to {high}\)", found)
        if row["relative_uplift"] == row["relative_uplift"]:
            names = ("relative_uplift", "relative_uplift_ci_lower", "relative_uplift_ci_upper")
            value, low, high = (digits(100 * row[name]) for name in names)
            assert re.search(rf"{value} % \| \({low} to {high} %\)", found), row["metric"]
        if row["role"] == "primary":
            p = row["p_value_adjusted"]
            assert f"adjusted {p_words(p)}" in found
        if shape == "sequential":
            low, high = (digits(scale * row[f"always_valid_ci_{s}"]) for s in ("lower", "upper"))
            assert re.search(rf"always valid {low} to {high}", found)


def p_words(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.0995 else f"p = {p:.2f}"


@pytest.mark.parametrize("kind", ["whole", "segments"])
@pytest.mark.parametrize("shape", ["usual", "three", "few", "sequential"])
def test_no_number_is_shown_that_is_not_in_the_table(shape, kind):
    figure, table = drawn(shape, kind), result(shape).copy()
    ticks = [text for text in said(figure) if re.fullmatch(r"[+−]?[\d,]+ %", text)]
    more = {"0", "30", "95", "0.05"} | {number for tick in ticks for number in numbers(tick)}
    more |= {number.removesuffix(" %") for number in more}
    for name in ("p_value", "p_value_adjusted", "p_interaction_adjusted"):
        more |= {number for p in table[name].dropna() for number in numbers(p_words(p))}
    for check in table.attrs["checks"]:
        more |= numbers(p_words(check["p_value"]))
    more |= {number for verdict in table["verdict"] for number in numbers(verdict)}
    more |= {f"{100 * margin:g}" for margin in table["margin"].dropna()}  # "%" is a unit's name
    for name in ("denominator_control", "denominator_treatment"):
        more |= {f"{int(number):,}" for number in table[name]}
    more |= {f"{n:,}" for n in table.attrs["arms"].values()}
    endings = ("_lower", "_upper", "uplift", "treatment", "control")
    levels = table.filter(regex="|".join(f"{e}$" for e in endings)).select_dtypes("float")
    for value in {abs(scale * value) for value in levels.stack() for scale in (1, 100)}:
        more |= {f"{value:,.{d}f}{unit}" for d in (1, 2, 3) for unit in ("", " %")}
    table.attrs = {}
    assert stray(figure, table, *more) == set()


def digits(value: float) -> str:
    """A pattern of a number with one or two of its decimals, signed or not."""
    one, two = f"{abs(value):.1f}", f"{abs(value):.2f}"
    return rf"[+−]?(?:{re.escape(one)}|{re.escape(two)})"


def test_verdicts_are_the_tables_and_marked_by_sign_and_word():
    table = result("usual").set_index(["metric", "level"])
    figure = drawn("usual", "whole")
    signs = {
        "better": "▲ better",
        "worse": "▼ worse",
        "no clear difference": "○ no clear difference",
    }
    seen = set()
    for name in ("bought", "called", "clicked", "spend per customer", "profit per customer"):
        verdict = table.loc[(name, "(all)"), "verdict"]
        assert signs[verdict] in near(figure, name)
        seen.add(verdict)
    assert seen == {"better", "worse", "no clear difference"}
    guards = {"held": "✓ held", "broken": "✕ broken", "not shown": "? cannot say"}
    for name in ("opened at all", "calls", "contact"):
        assert guards[table.loc[(name, "(all)"), "guardrail"]] in near(figure, name)
    assert set(table.loc[table["role"] == "guardrail", "guardrail"]) == set(guards)
    assert "it may have got worse by more than 1 %" in near(figure, "contact")


def test_direction_is_said_by_the_side_of_the_axis():
    figure = drawn("usual", "whole")
    assert "higher is better ▶" in near(figure, "bought")
    assert "◀ lower is better" in near(figure, "calls")
    assert {"◀ lower than control", "higher than control ▶"} <= set(said(figure))


def test_intervals_end_at_their_bounds_on_the_axis():
    table = result("usual")
    figure = drawn("usual", "whole")
    at = {t: (b[0] + b[2]) / 2 for t, _, b in words(figure) if re.fullmatch(r"[+−]?\d+ %", t)}
    zero, tick = at["0 %"], max(at, key=lambda t: at[t])
    per_share = (at[tick] - zero) / (int(tick[1:-2]) / 100)
    lines = {
        (round(part[0][0]), round(part[1][0]))
        for trace in figure.data
        if trace.mode == "lines" and trace.line.width == 3.5
        for part in chunks(trace)
    }
    whole = table[(table["segment"] == "(all)") & (table["relative_uplift"].notna())]
    for row in whole.to_dict("records"):
        ends = [zero + per_share * row[f"relative_uplift_ci_{s}"] for s in ("lower", "upper")]
        assert any(abs(a - ends[0]) <= 1 and abs(b - ends[1]) <= 1 for a, b in lines), row["metric"]


def test_shapes_tell_better_from_worse_without_colour():
    figure = drawn("usual", "whole")
    tips = {}
    for trace in figure.data:
        if trace.mode == "none" and trace.fillcolor in (BETTER, WORSE):
            for corners in chunks(trace):
                if len(corners) == 4:
                    ys = [y for _, y in corners[:3]]
                    tips.setdefault(trace.fillcolor, set()).add(ys[0] < min(ys[1:]))
    assert tips == {BETTER: {True}, WORSE: {False}}


def test_a_metric_without_relative_uplift_says_so_and_gives_the_absolute_one():
    row = result("usual").query("metric == 'profit per customer' and segment == '(all)'").iloc[0]
    found = near(drawn("usual", "whole"), "profit per customer")
    assert "no relative uplift: an estimate is not above 0" in found
    assert f"{row['uplift']:+.2f}".replace("-", "−") in found


def test_what_is_practical_is_shaded_and_judged_by_the_whole_interval():
    table = result("usual")
    whole = table[(table["segment"] == "(all)") & (table["role"] == "primary")].set_index("metric")
    wide = whole.loc["bought", "relative_uplift_ci_lower"] + 0.01
    found = " ".join(near(experiment_figure(table, practical=wide), "bought"))
    assert f"maybe by under {100 * wide:g} %" in found
    for share, word in ((0.001, "reaches beyond ±0.1 %"), (0.9, "within ±90 %")):
        assert word in " ".join(near(experiment_figure(table, practical=share), "clicked"))
    assert "Shaded" not in experiment_figure(table).layout.annotations[-1].text
    with pytest.raises(onb.OmninbError, match="practical=2"):
        experiment_figure(table, practical=2)


def test_a_stopped_experiment_says_why_above_everything_and_greys_all_rows():
    figure = drawn("stopped", "whole")
    assert any(t.startswith("✕ Stopped by the check “sample ratio”") for t in said(figure))
    assert "split is not as planned" in figure.layout.annotations[0].text
    solid = [t for t in figure.data if t.mode == "lines" and t.line.width == 3.5]
    assert solid and {t.line.dash for t in solid} == {"dot"}
    assert not {"▲ better", "▼ worse", "✓ held", "✕ broken"} & set(said(figure))
    assert "Stopped by the check" in figure.layout.meta["alt"]


def test_too_few_customers_are_the_reason_that_stands_in_the_row():
    figure = drawn("few", "whole", 1400)
    assert said(figure).count("? cannot say") >= 6
    assert any("fewer than 30" in text for text in said(figure))


def test_the_whole_figure_has_rows_of_all_customers_alone():
    table = result("three")
    figure = drawn("three", "whole")
    rows = {tuple(row) for row in hovered(figure, "rows")}
    assert len(rows) == len(table[table["segment"] == "(all)"])
    assert {"new against control", "newer against control"} <= set(said(figure))
    assert not {"mobile", "desktop"} & set(said(figure))


@pytest.mark.parametrize("shape", ["usual", "three"])
def test_segments_tell_the_interaction_of_the_table(shape):
    table = result(shape)
    figure = drawn(shape, "segments")
    rows = table[(table["metric"] == "bought") & (table["segment"] == "device")]
    assert {"all customers", "mobile", "desktop", "tablet"} <= set(said(figure))
    for p in rows.drop_duplicates("variant")["p_interaction_adjusted"]:
        word = "the uplift differs" if p < 0.05 else "the uplift does not clearly differ"
        assert f"– {word} between its levels, {p_words(p)}, adjusted (Holm)" in said(figure)
    for row in rows.to_dict("records"):
        customers = f"of {row['customers_control']:,} and {row['customers_treatment']:,} customers"
        assert customers in said(figure)
        assert customers[3:] in figure.layout.meta["alt"]


def test_a_clear_interaction_is_named():
    table = result("usual").copy()
    table.attrs = result("usual").attrs
    table.loc[table["segment"] == "device", "p_interaction_adjusted"] = 0.0004
    found = said(experiment_segment_figure(table))
    assert "– the uplift differs between its levels, p < 0.001, adjusted (Holm)" in found


def test_several_metrics_are_several_panels_and_unknown_ones_are_refused():
    figure = drawn("usual", "segments", metric=["called", "spend per customer"])
    assert {"called", "spend per customer"} <= set(said(figure)) and "bought" not in said(figure)
    with pytest.raises(onb.OmninbError, match=r"metric='bougth'.*Did you mean 'bought'"):
        drawn("usual", "segments", metric="bougth")
    table = result("usual")
    bare = table[table["segment"] == "(all)"]
    bare.attrs = table.attrs
    with pytest.raises(onb.OmninbError, match=r"no segments.*segments="):
        experiment_segment_figure(bare)


@pytest.mark.parametrize("kind", ["whole", "segments"])
def test_nothing_from_the_data_can_act(kind):
    figure = drawn("hostile", kind, title=HOSTILE[0])
    assert alarming(figure) == []
    assert len(texts(figure)) > 20


def test_an_empty_table_says_so():
    empty = result("usual").head(0)
    empty.attrs = result("usual").attrs
    assert "No metrics to show." in experiment_figure(empty).layout.meta["alt"]


def test_ink_of_what_is_unclear_is_not_that_of_a_verdict():
    figure = drawn("usual", "whole")
    inks = {
        (t.textfont.color, text.split(" ")[0])
        for t in figure.data
        if t.mode == "text"
        for text in t.text
        if text[:1] in "▲▼○"
    }
    assert {(BETTER, "▲"), (WORSE, "▼"), (INK, "○")} <= inks
