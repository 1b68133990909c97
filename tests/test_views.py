from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import omninb as onb
from omninb.views import headline_words
from omninb.wording import duration_words, interval_words, number_words


def a_table() -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "source": ["web", "<b>store</b>"],
            "settled": [20_000, 0],
            "transitions": [12_345, 3],
            "probability": [0.589, np.nan],
            "probability_ci_lower": [0.57, np.nan],
            "probability_ci_upper": [0.608, np.nan],
            "interval_method": ["jackknife", "none"],
            "median_gap": [pd.Timedelta("5min"), pd.NaT],
        }
    )
    frame.attrs = {"journeys": 14_609, "customers": 6_500, "confidence": 0.95}
    return frame


def heads(view: object) -> list[str]:
    return [column["label"] for column in view.payload["columns"]]  # type: ignore[attr-defined]


def test_rates_come_with_their_interval_then_what_they_are_of() -> None:
    view = onb.table_view(a_table(), title="Transitions")
    assert heads(view) == [
        "From", "Probability", "95 % interval", "Median gap", "Settled", "Transitions"
    ]  # fmt: skip
    assert view.payload["rows"][0] == ["web", "58.9", "57.0 to 60.8", "5.0 min", "20,000", "12,345"]
    assert view.payload["rows"][1] == ["<b>store</b>", "–", "–", "–", "0", "3"]
    assert view.payload["columns"][1]["unit"] == "% of settled"
    assert view.payload["method"].startswith("Intervals: jackknife over 64 groups")


def test_a_rate_left_without_its_denominator_gets_it_back() -> None:
    assert heads(onb.table_view(a_table(), "t", columns=["source", "probability"])) == [
        "From", "Probability", "95 % interval", "Settled"
    ]  # fmt: skip


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(onb.OmninbError, match="no denominator"):
        onb.table_view(pd.DataFrame({"channel": ["web"], "exit_rate": [0.5]}), "t")


def test_a_share_says_how_many_journeys_it_is_of() -> None:
    frame = pd.DataFrame({"step": [1], "channel": ["web"], "share": [0.25], "customers": [3]})
    frame.attrs = {"journeys": 40, "journeys_read": 12}
    view = onb.table_view(frame, "t")
    assert view.payload["columns"][2]["unit"] == "% of 12 journeys"
    assert view.payload["rows"] == [["1", "web", "25.0", "3"]]


def test_differences_are_signed_points_and_each_side_keeps_its_denominator() -> None:
    frame = pd.DataFrame(
        {
            "source": ["web"], "settled_a": [100], "settled_b": [200], "probability_a": [0.3],
            "probability_b": [0.2], "difference": [-0.1], "difference_ci_lower": [-0.2],
            "difference_ci_upper": [0.01], "interval_method": ["mover"],
        }
    )  # fmt: skip
    view = onb.table_view(frame, "t", columns=["source", "probability_a", "difference"])
    assert view.payload["rows"] == [["web", "30.0", "−10.0", "−20.0 to +1.0", "100"]]


def test_a_difference_of_counts_is_a_count() -> None:
    frame = pd.DataFrame({"what": ["a", "b"], "difference": [-1_009, 397]})
    view = onb.table_view(frame, "Agreement")
    column = view.payload["columns"][1]
    assert (column["unit"], column["kind"]) == ("count", "count")
    assert [row[1] for row in view.payload["rows"]] == ["−1,009", "397"]


def test_an_unknown_column_is_named_with_the_nearest() -> None:
    with pytest.raises(onb.OmninbError, match="Did you mean 'settled'"):
        onb.table_view(a_table(), "t", columns=["setled"])


def test_an_empty_table_still_shows_its_columns() -> None:
    view = onb.table_view(a_table().iloc[:0], "t")
    assert view.payload["rows"] == [] and "No rows." in view.html and "(no rows)" in view.plain


def test_the_three_faces_agree_and_the_html_is_escaped() -> None:
    bundle = onb.table_view(a_table(), "<i>T</i>")._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "application/vnd.omninb.table+json"}
    assert "<b>" not in bundle["text/html"] and "&lt;b&gt;store" in bundle["text/html"]
    assert "<i>" not in bundle["text/html"]
    json.dumps(bundle, allow_nan=False)


def test_a_verdict_keeps_its_basis_and_interval() -> None:
    view = onb.verdict("clear", "<u>More</u>.", "Of 7,930.", np.float64(9.6), (7.1, 12.1), "points")
    assert view.payload["against"] == 0.0 and view.payload["interval"] == [7.1, 12.1]
    assert "<u>" not in view.html
    assert view.plain == "Clear difference: <u>More</u>.\nOf 7,930."
    none = onb.verdict("cannot say", "s", "b", np.nan, (np.nan, 1.0), "%")
    assert none.payload["estimate"] is None and none.payload["interval"] is None
    json.dumps([view.payload, none.payload], allow_nan=False)


def test_verdicts_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(onb.OmninbError, match="Did you mean 'clear'"):
        onb.verdict("cleer", "s", "b")
    with pytest.raises(onb.OmninbError, match="does not hold"):
        onb.verdict("clear", "s", "b", 5.0, (7.1, 12.1))


def test_a_headline_states_interval_and_denominator() -> None:
    view = onb.headline("Rate", np.float64(58.9), (57.0, 60.8), np.int64(7930), "%")
    assert view.payload == [
        {"name": "Rate", "value": 58.9, "interval": [57.0, 60.8], "of": 7930, "unit": "%"}
    ]
    assert headline_words(view.payload[0]) == ("58.9 %", "57.0 to 60.8 % · of 7,930")
    assert headline_words(onb.headline("n", 214, None, "all", "").payload[0]) == ("214", "of all")


def test_numbers_in_words() -> None:
    assert number_words(-0.04) == "0.0" and number_words(np.int64(-12_000)) == "−12,000"
    assert number_words(float("nan")) == "–" and number_words(0.0, signed=True) == "0.0"
    assert interval_words(-1, 2, signed=True) == "−1 to +2"
    assert duration_words(pd.NaT) == "–" and duration_words(pd.Timedelta(0)) == "0 s"
    assert duration_words(pd.Timedelta("36h")) == "1.5 d"
