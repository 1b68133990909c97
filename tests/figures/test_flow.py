"""The flow: in = out, heights add up, labels keep apart."""

from __future__ import annotations

import html
import math

import pytest
from reading import HOSTILE, alarming, hovered, numbers, overlaps, texts, words
from simulated import flows_of, journeys

from omninb.errors import OmninbError
from omninb.figures import flow_figure, lettering
from omninb.figures.flow_places import flow, place


def backwards(rows, max_steps=3):
    """Flows towards the start from each journey's last touchpoint, as `flow_table` counts them."""
    turned = [(c, labels[::-1], "START") for c, labels, _ in rows if labels]
    table = flows_of(turned, max_steps)
    table = table[table["step"] > 1]
    table = table.assign(step=-(table["step"] - 1)).reset_index(drop=True)
    table.attrs["journeys_read"] = len(turned)
    return table


@pytest.mark.parametrize("width", [700, 1400])
def test_labels_do_not_overlap_and_stay_on_the_sheet(rows, width):
    figure = flow_figure(flows_of(rows), width=width)
    found = words(figure)
    assert overlaps(found) == []
    assert max(box[2] for _, _, box in found) <= width + 1
    assert max(box[3] for _, _, box in found) <= figure.layout.height


@pytest.mark.parametrize("make", [flows_of, backwards])
def test_ribbons_fill_their_bars_exactly(retailer, make):
    chart = flow(make(retailer))
    place(chart, 100, None)
    for bar in chart.bars.values():
        for side, ends in ((0, "source"), (1, "target")):
            here = [r for r in chart.ribbons if getattr(r, ends) is bar]
            if not here:
                continue
            assert sum(r.height for r in here) == pytest.approx(bar.height)
            tops = [(r.source_y, r.target_y)[side] for r in here]
            assert min(tops) == pytest.approx(bar.y)
            assert len({round(t, 6) for t, r in zip(tops, here, strict=True) if r.height > 1e-3}) \
                == len([r for r in here if r.height > 1e-3])  # fmt: skip


def test_a_broken_table_is_refused(retailer):
    table = flows_of(retailer)
    victim = table[(table["step"] == 2) & (table["source"] == "web")].index[0]
    broken = table.drop(index=victim)
    with pytest.raises(OmninbError, match=r"at step 1, 'web', [\d,]+ journeys flow in"):
        flow_figure(broken)


def test_one_order_serves_all_columns(retailer):
    chart = flow(flows_of(retailer))
    place(chart, 100, None)
    for column in range(len(chart.steps) + 1):
        bars = chart.column(column)
        assert [b.y for b in bars] == sorted(b.y for b in bars)
        assert [chart.order[b.name] for b in bars] == sorted(chart.order[b.name] for b in bars)
    assert chart.order["converted"] == 0
    assert max(chart.order, key=chart.order.get) == "exit"


def test_every_number_shown_is_a_row_or_a_sum_of_rows(rows):
    table = flows_of(rows)
    chart = flow(table)
    allowed = {*map(str, range(1, 32)), "2025", "95", f"{len(rows):,}"}
    for row in table.to_dict("records"):
        allowed |= {
            f"{row['journeys']:,}",
            f"{row['customers']:,}",
            lettering.percent(row["share"]),
        }
        allowed |= numbers(lettering.interval(row["share_ci_lower"], row["share_ci_upper"]))
    for bar in chart.bars.values():
        here = table[(table["step"] == bar.column) & (table["target"] == bar.name)]
        if bar.column == 0:
            here = table[(table["step"] == 1) & (table["source"] == bar.name)]
        allowed |= {f"{here['journeys'].sum():,}", lettering.percent(here["share"].sum().round(12))}
        allowed.add(lettering.percent(math.fsum(here["share"])))
    for column in range(len(chart.steps) + 1):
        over = ("converted", "exit", "open", "(beyond)")
        under = sum(b.journeys for b in chart.column(column) if b.name not in over)
        allowed.add(f"{under:,}")
    names = {lettering.plain(bar.name) for bar in chart.bars.values()}
    for text in set(texts(flow_figure(table))):
        said = html.unescape(text)
        if not any(said.rstrip("…") in name for name in names):
            assert numbers(said) <= allowed, said


def test_moves_and_bars_answer_a_pointer(retailer):
    table = flows_of(retailer)
    figure = flow_figure(table)
    moves = {tuple(row[:3]): row for row in hovered(figure, "moves")}
    largest = table.sort_values("journeys", ascending=False).head(60)
    for row in largest.to_dict("records"):
        shown = moves[row["source"], row["target"], str(row["step"])]
        assert shown[3:5] == [row["journeys"], row["customers"]]
        assert lettering.percent(row["share"]) in shown[5] and "–" in shown[5]
    assert len(hovered(figure, "places")) == len(flow(table).bars)


def test_flows_before_an_anchor_run_from_left_to_right_in_time(retailer):
    table = backwards(retailer)
    figure = flow_figure(table)
    heads = {text: box[0] for text, _, box in words(figure)}
    assert heads["Before step −2"] < heads["Step −2"] < heads["Step −1"] < heads["Anchor"]
    assert overlaps(words(figure)) == []
    table.attrs["anchor"] = "purchase"
    assert "purchase" in {text for text, _, _ in words(flow_figure(table))}
    table.attrs["anchor"] = "channel=" + "a very long name" * 9
    assert overlaps(words(flow_figure(table, width=900))) == []


def test_nothing_from_the_data_can_act(hostile):
    figure = flow_figure(flows_of(hostile), title=HOSTILE[0])
    assert alarming(figure) == []


def test_the_same_table_gives_the_same_small_figure_in_any_row_order(retailer, process):
    for rows in (retailer, process):
        table = flows_of(rows)
        shuffled = table.sample(frac=1, random_state=3)
        shuffled.attrs = table.attrs
        one = flow_figure(table).to_json()
        assert one == flow_figure(shuffled).to_json()
        assert len(one) < 160_000


def test_an_empty_table_says_so():
    assert "No journeys" in flow_figure(flows_of(journeys({}, 0))).layout.annotations[0].text
