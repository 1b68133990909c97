"""The funnel figures drawn from the real tables of the sample, in every kind that there is."""

from __future__ import annotations

import html

import pytest
from reading import alarming, hovered, overlaps, stray, words

import omninb as onb
from omninb.figures import lettering

STEPS = ["view_product", "add_to_cart", "checkout", "payment", "purchase"]
THIRDS = [("2025-01-01", "2025-05-01"), ("2025-05-01", "2025-09-01"), ("2025-09-01", "2026-01-01")]


@pytest.fixture(scope="module")
def journeys():
    return onb.sample().journeys()


@pytest.fixture(scope="module")
def tables(journeys):
    first = {"within": "7d", "attempt": "first"}
    return {
        "furthest": onb.funnel_table(journeys, STEPS, "7d"),
        "so far": onb.funnel_table(journeys, STEPS),
        "any": onb.funnel_table(journeys, STEPS, "7d", order="any"),
        "strict": onb.funnel_table(journeys, STEPS[1:], "7d", order="strict"),
        "journeys": onb.funnel_table(journeys, STEPS, "7d", unit="journey"),
        "every": onb.funnel_table(journeys, STEPS, "7d", attempt="every"),
        "optional": onb.funnel_table(journeys, STEPS, "7d", optional=["checkout"]),
        "breakdown": onb.funnel_table(journeys, STEPS, **first, breakdown="channel"),
        "periods": onb.funnel_period_table(journeys, STEPS, THIRDS, "7d"),
        "drop off": onb.drop_off_table(journeys, STEPS, within="7d"),
        "lost to": onb.lost_to_table(journeys, STEPS, within="7d"),
        "exits": onb.exit_table(onb.sample().journeys(end_at="purchase")),
    }


def drawn(kind, table, **options):
    figure = {
        "drop off": onb.drop_off_figure,
        "lost to": onb.lost_to_figure,
        "exits": onb.exit_figure,
    }
    return figure.get(kind, onb.funnel_figure)(table, **options)


KINDS = ("furthest", "so far", "any", "strict", "journeys", "every", "optional", "breakdown",
         "periods", "drop off", "lost to", "exits")  # fmt: skip


@pytest.mark.parametrize("width", [700, 1000, 1400])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_overlaps_or_acts(tables, kind, width):
    figure = drawn(kind, tables[kind], width=width)
    found = words(figure)
    assert overlaps(found) == [] and alarming(figure) == []
    assert min(box[0] for _, _, box in found) >= 0
    assert max(box[2] for _, _, box in found) <= width
    assert not {"nan", "NaT", "None"} & {text for text, _, _ in found}


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_stands_in_the_table(tables, kind):
    table = tables[kind]
    more = {"31", "90 %", "0.05", "10", "< 10", "24"}
    if kind == "lost to":
        keys = ["step", "channel", "outcome"]
        more |= {f"{n:,}" for n in table.groupby(keys)["customers"].sum()}
    elif kind == "drop off":
        more |= {f"{n:,}" for n in table.groupby("channel")["lost"].sum()}
        more |= {f"{n:,}" for n in table[table["step"] == 1][["customers", "open"]].sum()}
        more |= {lettering.percent(part / 20) for part in range(21)}
    elif kind == "exits":
        more |= {"0.1", "0.2", "0.3", "0.5", "0.7", "0.8", "0.9", "1.1", "1.2", "1.5", "2", "3",
                 "5", "30", str((~table["expected_end"]).sum())}  # fmt: skip
    else:
        counts = table[table.attrs["unit"]].tolist()
        more |= {f"{a - b:,}" for i, a in enumerate(counts) for b in counts[i + 1 : i + 3]}
        more.add(str(len(STEPS)))
    assert stray(drawn(kind, table), table, *more) == set()


def test_the_heatmap_and_the_funnel_of_first_attempts_count_the_same_customers(journeys, tables):
    funnel = onb.funnel_table(journeys, STEPS, "7d", attempt="first")
    figure = onb.drop_off_figure(tables["drop off"], funnel=funnel)
    assert "all channels" in {text for text, _, _ in words(figure)}
    for wrong in (tables["so far"], tables["any"], tables["strict"]):
        with pytest.raises(onb.OmninbError, match="customers there and"):
            onb.drop_off_figure(tables["drop off"], funnel=wrong)


def test_the_stall_of_mobile_payments_is_framed(tables):
    figure = onb.drop_off_figure(tables["drop off"])
    frames = [t for t in figure.data if t.mode == "lines" and t.line.width == 3]
    cells = next(trace for trace in figure.data if trace.name == "cells")
    places = {html.unescape(row[0]): (x, y) for x, y, row in
              zip(cells.x, cells.y, cells.customdata, strict=True)}  # fmt: skip
    x, y = places["payment → purchase, mobile app"]
    (frame,) = frames
    corners = list(zip(frame.x, frame.y, strict=True))
    assert any(
        a[0] < x < c[0] and a[1] < y < c[1]
        for a, c in zip(corners, corners[2:], strict=False)
        if a[0] is not None and c[0] is not None
    )


def test_those_who_stall_on_mobile_finish_on_the_web(tables):
    shown = [html.unescape(" ".join(row)) for row in hovered(drawn("lost to", tables["lost to"]),
                                                             "nexts")]  # fmt: skip
    assert any("payment, left channel → web · purchase" in text for text in shown)
