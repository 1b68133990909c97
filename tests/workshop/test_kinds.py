"""Kinds of answers: what fits, what is forgiven, and that nothing said gives the answer away."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omninb.workshop.kinds import Number, choice, count, counts, number, share

PAIRS = {("web", "store"): 12, ("store", "web"): 3}


@pytest.mark.parametrize(
    ("kind", "fits", "not_fits"),
    [
        (count(), [3, 3.0, np.int64(3), -1], [3.5, "3", True, np.True_, None, float("nan"), [3]]),
        (share(), [0.25, 25, np.float64(0.25), 0, 1], ["25 %", float("inf"), False, 1j]),
        (
            choice(["web", "mobile app"]),
            ["web", " Web ", "mobile_app"],
            [3, ["web"], b"web", "app"],
        ),
        (choice("abc"), ["a", " B"], ["d", "ab", 1]),
        (counts(), [PAIRS, Counter(PAIRS)], [{}, {"web": 1}, {("a", "b"): 1.5}, [1], {("a",): 1}]),
    ],
)
def test_what_fits(kind, fits, not_fits):
    assert all(kind.fits(answer) for answer in fits)
    assert not any(kind.fits(answer) for answer in not_fits)


@pytest.mark.parametrize(
    ("kind", "solution", "right", "wrong"),
    [
        (count(), 12, [12, 12.0, np.int32(12)], [11, 13]),
        (share(), 0.25, [0.25, 0.2481, 0.2519], [0.2479, 0.2521, 25]),
        (Number("a p-value", relative=0.05, least=0.001), 4e-12, [0, 0.0, 4e-5], [0.001, -1e-5, 1]),
        (Number("a p-value", relative=0.05, least=0.001), 0.02, [0.02, 0.0205], [0, 0.0009]),
        (number(0.02), -200.0, [-200, -204, -196], [200, -205, -195]),
        (number(0.05), 4e-12, [4e-12, 4.1e-12], [0, 2e-12, 8e-12]),
        (choice(["web", "mobile app"]), "mobile app", ["Mobile  APP", " mobile_app\n"], ["web"]),
        (counts(), PAIRS, [PAIRS, {**PAIRS, ("web", "web"): 0}], [{("web", "store"): 12}]),
    ],
)
def test_what_is_forgiven(kind, solution, right, wrong):
    assert all(kind.right(answer, solution) for answer in right)
    assert not any(kind.right(answer, solution) for answer in wrong)


@pytest.mark.parametrize(
    ("kind", "answer", "solution", "said"),
    [
        (number(), 105, 100, "too high, by less than a tenth"),
        (number(), 101, 100, "too high, by very little"),
        (number(), 70, 100, "too low, by less than a half"),
        (number(), 200, 100, "too high, by a factor of about 2"),
        (number(), 10, 72, "too low, by a factor of about 7"),
        (number(), 1, 5_000, "too low, by a factor of 10 or more"),
        (number(), -3, 100, "too low: the sign is the other one"),
        (number(), 0, 100, "too low."),
        (count(), 1, 3, "too low."),
        (share(), 25, 0.25, "25 % is 0.25"),
        (Number("a difference", absolute=0.001), -1.95, -0.0195, "2 points are 0.02"),
        (number(), 2, 4, "by a factor of about 2"),
        (counts(), {("web", "store"): 12, ("chat", "web"): 1}, PAIRS, "1 of 2 pairs"),
        (counts(), {("web", "store"): 12, ("chat", "web"): 1}, PAIRS, "1 pairs should not"),
        (choice(["web", "store"]), "web", "store", ""),
    ],
)
def test_how_far_off(kind, answer, solution, said):
    words = kind.distance(answer, solution)
    assert said in words and bool(words) == bool(said)


@pytest.mark.parametrize(
    ("kind", "answer", "nearly"),
    [(share(0.001), 0.04, True), (share(0.001), 0.05, False), (share(0.001), 0.0, False),
     (number(0.001), 0.04, False), (number(0.001), 0.037, True), (count(), 0.04, False)],
)  # fmt: skip
def test_a_share_rounded_to_two_decimals_is_nearly_right(kind, answer, nearly):
    assert kind.nearly(answer, 0.0368) == nearly


@pytest.mark.parametrize(
    ("kind", "solution", "mistake", "taken_for_it", "not_taken"),
    [
        (share(), 0.7832, 0.7842, [0.7842, 0.784, 0.7838], [0.7832, 0.783, 0.78, 0.7836, 0.7899]),
        (share(), 0.25212, 0.25241, [0.25241, 0.2524], [0.25212, 0.252, 0.2521, 0.25]),
        (share(), 0.20179, 0.19956, [0.2, 0.19956], [0.202, 0.20179]),
        (count(), 12, 13, [13], [12, 14]),
        (number(0.03), 100.0, 102.0, [102, 101.1, 103], [100, 100.9, 107]),
        (choice("abc"), "a", "b", ["b", " B"], ["a", "c"]),
        (number(), 4.0, 4.0, [], [4.0, 4]),
    ],
)
def test_what_is_taken_for_a_mistake_and_rounding_is_not(
    kind, solution, mistake, taken_for_it, not_taken
):
    assert all(kind.mistaken(answer, solution, mistake) for answer in taken_for_it)
    assert not any(kind.mistaken(answer, solution, mistake) for answer in not_taken)


@given(st.floats(-1e6, 1e6), st.integers(1_000, 10**9))
def test_how_far_off_never_holds_the_solution(answer, solution):
    assert str(solution) not in number().distance(answer, solution)
