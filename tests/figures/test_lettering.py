"""Words: harmless, measured, and true to the number."""

from __future__ import annotations

import html

import pandas as pd
import pytest
from reading import HOSTILE

from omninb.figures.lettering import (
    harmless,
    interval,
    percent,
    period,
    plain,
    rate,
    read_words,
    shorten,
    span,
    text_width,
    wrap,
)


@pytest.mark.parametrize("text", HOSTILE)
def test_data_text_cannot_act_and_still_reads_the_same(text):
    safe = harmless(text)
    assert not set("<>${") & set(safe)
    assert html.unescape(safe) == plain(text)


def test_control_characters_and_turned_directions_become_spaces():
    assert plain("a\r\n\tb\u202ec") == "a b c"
    assert plain(" \n ") == "(blank)"


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0 %"), (1, "100 %"), (0.5, "50 %"), (0.0094, "0.9 %"), (0.0096, "1 %"),
     (1e-9, "< 0.1 %"), (0.99999, "> 99.9 %"), (0.9962, "99.6 %"), (None, ""), (float("nan"), "")],
)  # fmt: skip
def test_percentages_are_never_rounded_to_nothing_or_everything(share, words):
    assert percent(share) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.21, 0.25, "21 – 25 %"), (0.211, 0.219, "21.1 – 21.9 %"), (0.0002, 0.0011, "0.02 – 0.11 %"),
     (float("nan"), 0.2, "")],
)  # fmt: skip
def test_intervals_keep_the_digits_that_tell_their_bounds_apart(low, high, words):
    assert interval(low, high) == words


@pytest.mark.parametrize(
    ("share", "low", "high", "words"),
    [(0.4296, 0.422, 0.437, "43.0 %"), (0.4296, 0.39, 0.47, "43 %"), (0.43, None, 0.5, "43 %"),
     (1, 1, 1, "100 %"), (0, 0, 0.001, "0 %"), (0.0004, 0.0002, 0.0011, "< 0.1 %"),
     (0.012, 0.009, 0.016, "1.2 %"), (float("nan"), 0.1, 0.2, "")],
)  # fmt: skip
def test_a_rate_has_as_many_decimals_as_its_interval(share, low, high, words):
    assert rate(share, low, high) == words


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [("2025-03-01", "2025-05-31", "1 March – 31 May 2025"),
     ("2025-03-01", "2025-03-09", "1 – 9 March 2025"),
     ("2024-12-30", "2025-01-02", "30 December 2024 – 2 January 2025"),
     ("2025-03-01 01:00", "2025-03-01 09:00", "1 March 2025")],
)  # fmt: skip
def test_periods_name_each_part_once(first, last, words):
    assert period(pd.Timestamp(first, tz="UTC"), pd.Timestamp(last, tz="UTC")) == words


def test_what_is_missing_leaves_no_word():
    assert period(None, pd.NaT) == "" and span(pd.NaT) == "" and read_words({}) == ""


def test_an_anchored_table_says_of_how_many():
    said = read_words({"journeys": 1200, "journeys_read": 1})
    assert said == "1 journey with the anchor, of 1,200"
    said = read_words({"journeys": 1200, "journeys_read": 1, "anchor": "purchase"})
    assert said == "1 journey with purchase, of 1,200"


@pytest.mark.parametrize("text", ["A_PARTLYSUBMITTED or_not", "one two three four five", "x" * 80])
@pytest.mark.parametrize("lines", [1, 2, 9])
def test_wrapped_lines_fit_and_lose_nothing_but_what_the_ellipsis_says(text, lines):
    wrapped = wrap(text, 90, 14, bold=True, lines=lines)
    assert len(wrapped) <= lines
    assert all(text_width(line, 14, True) <= 90 for line in wrapped)
    if not any(line.endswith("…") for line in wrapped):
        assert "".join(wrapped).replace(" ", "").replace("-", "") == text.replace(" ", "")


def test_a_word_without_room_is_broken_with_a_hyphen_and_a_number_is_not():
    assert wrap("marketplace", 58, 12, bold=True) == ["market-", "place"]
    assert wrap("view_product channel=e-mail", 58, 12) == ["view_", "product", "channel=", "e-mail"]
    assert wrap("marketplace", 58, 12, bold=True, lines=1) == ["market…"]
    assert wrap("50,101,636,272,881", 58, 12) == ["50,101,…"]


def test_shortening_leaves_what_fits():
    assert shorten("web", 100, 14) == "web"
    assert shorten("web", 1, 14) == "w…"
