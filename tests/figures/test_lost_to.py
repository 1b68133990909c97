"""What the lost did next: pieces as wide as their shares, each named in words."""

from __future__ import annotations

import html
import math

import pytest
from attempts import SHAPES, attempts, lost_to_of, shape
from reading import HOSTILE, alarming, chunks, hovered, overlaps, rectangles, stray, texts, words

from omninb.figures import lettering, lost_to_figure
from omninb.figures.lost_to_bars import marks_of
from omninb.figures.style import colours


@pytest.mark.parametrize("width", [700, 1000, 1400])
@pytest.mark.parametrize("name", SHAPES)
def test_words_do_not_overlap_and_stay_on_the_sheet(name, width):
    figure = lost_to_figure(lost_to_of(*shape(name)), width=width, min_customers=1)
    found = words(figure)
    assert overlaps(found) == []
    assert min((box[0] for _, _, box in found), default=0) >= 0
    assert max((box[2] for _, _, box in found), default=0) <= width
    assert max((box[3] for _, _, box in found), default=0) <= figure.layout.height


@pytest.mark.parametrize("name", SHAPES)
def test_every_number_shown_stands_in_the_table_or_is_a_bars_sum(name):
    table = lost_to_of(*shape(name))
    keys = ["step", "channel", "outcome"]
    sums = [f"{n:,}" for n in table.groupby(keys)["customers"].sum()] if len(table) else []
    rows = [str(len(table[keys[:2]].drop_duplicates())) if len(table) else "0"]
    rows += [str(i) for i in range(25)]
    figure = lost_to_figure(table)
    rows += [text.removeprefix("± ") for text in give_or_take(table).values()]
    assert stray(figure, table, *sums, *rows, "31", "< 10", "10") == set()


def give_or_take(table) -> dict[tuple, str]:
    """Half of the widest interval of each bar, in points, rounded up."""
    above = table["share_ci_upper"] - table["share"]
    widest = above.where(above > table["share"] - table["share_ci_lower"],
                         table["share"] - table["share_ci_lower"])  # fmt: skip
    keys = [table[name] for name in ("step", "channel", "outcome")]
    return {key: f"± {math.ceil(100 * half)}" for key, half in widest.groupby(keys).max().items()}


def test_each_bar_says_how_sure_its_shares_are():
    table = lost_to_of(attempts(3_000, channels={"web": 4, "store": 2}))
    figure = lost_to_figure(table)
    counts = table.groupby(["step", "channel", "outcome"])["customers"].sum()
    expected = [give_or_take(table)[key] for key in counts[counts >= 10].index]
    said = [text for text, _, _ in words(figure) if text.startswith("±")]
    assert sorted(said) == sorted(expected) and len(set(said)) > 2


@pytest.mark.parametrize("width", [700, 1400])
@pytest.mark.parametrize("name", ["retailer", "twelve by twelve"])
def test_every_piece_is_named_or_one_of_the_others(name, width):
    table = lost_to_of(*shape(name))
    figure = lost_to_figure(table, width=width)
    shown = [[html.unescape(v) for v in row] for row in hovered(figure, "nexts")]
    # A name may go on in the lines below it.
    lines = {(round(box[0]), round(box[1])): text for text, _, box in words(figure)}
    said = [" ".join(lines.get((x, y + 16 * i), "") for i in range(number)).strip()
            for x, y in lines for number in range(1, 5)]  # fmt: skip
    for title, _, share in shown:
        name = title.split(" → ")[-1]
        if name not in ("exit", "open", "converted"):
            text = f"{name} {share.split(' (')[0]}"
            assert any(text == one or (one.endswith("…") and text.startswith(one[:-1]))
                       for one in said), text  # fmt: skip
    assert len(shown) < len(table)


def test_two_events_of_a_channel_differ_by_a_stripe():
    table = lost_to_of(attempts(3_000, channels={"web": 1, "store": 1}))
    marks = marks_of(table, colours(map(str, table["next"])))
    web = [mark for name, mark in marks.items() if name.startswith("web")]
    assert len({colour for colour, _ in web}) == 1
    assert {stripes for _, stripes in web} == {0, 1, 2}
    drawn = [t for t in lost_to_figure(table).data if t.mode == "lines" and t.line.width == 1.5]
    assert sum(len(chunks(t)) for t in drawn) > 4


def test_rows_left_out_are_counted_and_only_then_spoken_of():
    table = lost_to_of(*shape("retailer"))
    largest = table.groupby(["step", "channel", "outcome"])["customers"].sum()
    largest = largest.groupby(["step", "channel"]).max()
    few = int((largest < 200).sum())
    notes = lost_to_figure(table, min_customers=200).layout.annotations[1].text
    assert f"{few} rows without 200 customers in either bar left out" in notes.replace("<br>", " ")
    assert "left out" not in lost_to_figure(table, min_customers=1).layout.annotations[1].text


def bars(table):
    """(step, channel, outcome) of each bar, and its rows by next touchpoint."""
    for key, rows in table.groupby(["step", "channel", "outcome"]):
        yield key, {row["next"]: row for row in rows.to_dict("records")}


def test_pieces_of_a_bar_are_as_wide_as_their_shares():
    table = lost_to_of(*shape("retailer"))
    figure = lost_to_figure(table)
    ends = {}
    for trace in figure.data:
        if trace.mode == "lines" and trace.line.color == "#FFFFFF" and trace.line.width == 1:
            xs = [x for x in trace.x if x is not None][::2]
            ys = [y for y in trace.y if y is not None][::2]
            for x, y in zip(xs, ys, strict=True):
                ends.setdefault(y, []).append(x)
    points = {}
    for trace in figure.data:
        if trace.name == "nexts":
            for x, y, row in zip(trace.x, trace.y, trace.customdata, strict=True):
                points.setdefault(y, []).append((x, [html.unescape(v) for v in row]))
    checked = 0
    for y, found in points.items():
        edges = sorted(next(e for at, e in ends.items() if abs(at - y) < 20))
        for outcome in ("lost", "left channel"):
            pieces = [(x, row) for x, row in found if f", {outcome} → " in row[0]]
            if len(pieces) < 2:
                continue
            counts = [int(row[1].split(" customer")[0].replace(",", "")) for _, row in pieces]
            whole = int(pieces[0][1][1].split(" of ")[1].replace(",", ""))
            shares = [number / whole for number in counts]
            rights = [min(e for e in edges if e > x) for x, _ in pieces]
            widths = [2 * (right - x) for right, (x, _) in zip(rights, pieces, strict=True)]
            scale = widths[0] / shares[0]
            assert widths == pytest.approx([s * scale for s in shares], abs=0.5)
            checked += 1
    assert checked > 20


def test_exit_stands_first_in_every_bar():
    table = lost_to_of(*shape("retailer"))
    table["next"] = table["next"].replace({"web · help": "open", "web · view": "converted"})
    places = {}
    for trace in lost_to_figure(table).data:
        if trace.name == "nexts":
            for x, y, row in zip(trace.x, trace.y, trace.customdata, strict=True):
                if ", lost" in row[0]:
                    places.setdefault(y, []).append((x, html.unescape(row[0])))
    assert places
    for pieces in places.values():
        if any(said.endswith("→ exit") for _, said in pieces):
            assert min(pieces)[1].endswith("→ exit")


@pytest.mark.parametrize("width", [1000, 1400])
def test_the_largest_piece_of_each_bar_is_named_in_words(width):
    table = lost_to_of(attempts(3_000, channels={"web": 4, "mobile app": 3, "store": 2}))
    said = " ".join(text for text, _, _ in words(lost_to_figure(table, width=width)))
    for bar, rows in bars(table):
        if sum(row["customers"] for row in rows.values()) < 10:
            continue
        most = max(rows.values(), key=lambda row: row["customers"])
        assert f"{most['next']} {lettering.percent(most['share'])}" in said, bar


def test_bars_of_few_customers_say_so_and_show_no_share():
    table = lost_to_of(attempts(400))
    figure = lost_to_figure(table)
    shown = hovered(figure, "nexts")
    assert all(int(row[1].split(" of ")[1].replace(",", "")) >= 10 for row in shown)
    assert "n < 10" in {text for text, _, _ in words(figure)}
    assert "Fewer than 1000" in lost_to_figure(table, min_customers=1000).layout.meta["alt"]


def test_open_is_hatched_and_converted_stands_apart_from_exit():
    table = lost_to_of(attempts(2_000, channels={"web": 1, "store": 1}))
    table.loc[table["next"] == "web · help", "next"] = "open"
    table.loc[table["next"] == "web · view", "next"] = "converted"
    figure = lost_to_figure(table)
    hatched = rectangles(figure, "#5F6B7A", hatched=True)
    squares = [box for box in hatched if box[2] - box[0] == box[3] - box[1] == 8]
    assert 0 < len(squares) < len(hatched)  # in the key as in the bar
    said = " ".join(text for text, _, _ in words(figure))
    assert "open " in said and "converted " in said and "exit " in said


def test_the_rows_with_the_most_customers_are_kept_in_the_order_of_the_steps():
    table = lost_to_of(*shape("twelve by twelve"))
    figure = lost_to_figure(table)
    sizes = table.groupby(["step", "channel"])["customers"].sum().sort_values(ascending=False)
    assert f"24 of {len(sizes)} rows" in figure.layout.annotations[1].text
    heads = [(box[1], text) for text, size, box in words(figure) if size == 14]
    steps = sorted({step for step, _ in sizes.index[:24]})
    names = table.attrs["steps"]
    assert [text for _, text in sorted(heads)] == [f"{names[s - 1]} → {names[s]}" for s in steps]


def test_nothing_from_the_data_can_act():
    made, steps = shape("hostile")
    for by in HOSTILE:
        assert alarming(lost_to_figure(lost_to_of(made, steps, by=by), title=HOSTILE[8])) == []


def test_the_same_table_gives_the_same_small_figure_in_any_row_order():
    table = lost_to_of(*shape("twelve by twelve"))
    shuffled = table.sample(frac=1, random_state=3)
    shuffled.attrs = table.attrs
    one = lost_to_figure(table)
    assert one.to_json() == lost_to_figure(shuffled).to_json()
    assert len(one.to_json()) < 160_000 and {trace.type for trace in one.data} == {"scatter"}


def test_an_empty_table_says_so():
    empty = lost_to_of(attempts(50)).head(0)
    assert "Nobody was lost." in " ".join(texts(lost_to_figure(empty)))
