"""The check of an answer: states, tries, hints and words, and that the answer never shows."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import omninb as onb
from omninb.workshop import checking
from omninb.workshop.checking import CHECK_MIME
from omninb.workshop.exercises import EXERCISES
from omninb.workshop.kinds import Number

NAME, SEAT = "lesson1.touchpoints", 1


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(checking, "_tries", {})


@pytest.fixture(scope="module")
def solutions():
    case = onb.workshop_case(SEAT)
    return {name: (one.solve(case), one.wrong(case)) for name, one in EXERCISES.items()}


def told(answer, name=NAME):
    view = onb.check(name, answer, seat=SEAT)
    bundle = view._repr_mimebundle_()
    return bundle[CHECK_MIME], bundle["text/plain"], bundle["text/html"]


def test_a_right_answer(solutions):
    payload, plain, html = told(solutions[NAME][0])
    assert payload == {"exercise": NAME, "seat": SEAT, "state": "right", "tries": 1}
    assert plain == "✓ Right." and "✓ Right." in html and "seat 1" in html


@pytest.mark.parametrize("answer", [None, ..., {}, ""])
def test_no_answer_yet(answer):
    payload, plain, _ = told(answer)
    assert payload["state"] == "unanswered" and payload["tries"] == 0
    assert plain == "… Not yet answered."


def test_hints_grow_with_different_wrong_answers_and_end_with_the_third():
    hints = EXERCISES[NAME].hints
    for tries, answer, hint in [(1, 5, 0), (1, 5, 0), (2, 6, 1), (2, 5, 1), (3, 7, 2), (4, 8, 2)]:
        payload, plain, _ = told(answer)
        assert payload["state"] == "wrong" and payload["tries"] == tries
        assert hints[hint] in plain and f"Hint {hint + 1} of 3" in plain


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("<b>many</b>", 'was given the text "<b>many</b>".'),
        ("m" * 30, f'was given the text "{"m" * 20}…".'),
        ((66, 587), "1234, not 1,234"),
        (pd.Series([3]), "a whole Series of length 1. Take the one value out, such as"),
        (np.array([3]), "a whole ndarray of length 1. Take the one value out"),
        (66.5, "was given the number 66.5."),
        (np.float64(0.5), "was given the number 0.5."),
        (float("nan"), "was given nan, no number: perhaps nothing was left"),
        (True, "was given True or False."),
        ([66, 587], "was given several values in brackets. Give the one"),
        (10**400, "a number that is too large"),
        ("75 %", "stands without quotes and units"),
        (float("inf"), "was given the number inf."),
        (len, "was given a function, not what it gives: perhaps its brackets () are missing."),
        (pd.Series([3, 4]), "Series of length 2. One value is asked for: take it out, or count or"),
        (range(3), "was given an object of type range, not a number of them."),
        (object(), "was given an object of type object."),
    ],
)
def test_an_answer_of_the_wrong_kind_says_what_is_asked_and_costs_no_hint(answer, said):
    payload, plain, html = told(answer)
    assert payload == {"exercise": NAME, "seat": SEAT, "state": "wrong", "tries": 0}
    assert "asks for a whole number, and" in plain and said in plain and "<b>" not in html


@pytest.mark.parametrize(
    ("name", "answer", "asks"),
    [
        ("lesson3.worst_step", "basket", 'the name of a step: "add_to_cart", '),
        ("lesson4.highest_share", "purchase", 'the step that was taken: "add_to_cart", '),
        ("lesson4.repair_step", 2, 'the step that was taken: "add_to_cart", '),
        ("lesson4.repair_channel", "app", 'the name of a channel: "web", "mobile app", "store", '),
        ("lesson2.leakiest", ["web"], 'the name of a channel: "web", "mobile app", "store", '),
        ("lesson5.decision", "yes", '"introduce", "not shown" or "cannot say"'),
        ("lesson1.quiz_1", "d", '"a", "b" or "c"'),
    ],
)  # fmt: skip
def test_a_name_that_there_is_not_says_which_there_are_and_costs_no_hint(name, answer, asks):
    payload, plain, _ = told(answer, name)
    assert payload["state"] == "wrong" and payload["tries"] == 0
    assert plain.startswith(f"✗ Not quite. This asks for {asks}")


def test_a_case_of_another_seat_is_told_before_the_answer_is_looked_at(solutions):
    other = onb.workshop_case(0)
    for answer in (None, 5, solutions[NAME][0]):
        view = onb.check(NAME, answer, seat=SEAT, case=other)
        told = view._repr_mimebundle_()[CHECK_MIME]
        assert told == {"exercise": NAME, "seat": SEAT, "state": "unanswered", "tries": 0}
        assert "The seat is 1, but case is still that of seat 0. Select the" in repr(view)
    own = onb.workshop_case(SEAT)
    assert repr(onb.check(NAME, solutions[NAME][0], seat=SEAT, case=own)) == "✓ Right."
    assert "case is no case of a seat" in repr(onb.check(NAME, 5, seat=SEAT, case=own.to_frame()))


def test_a_letter_of_a_quiz_may_have_a_bracket_behind_it():
    for answer in ("B", "b)", " b."):
        assert told(answer, "lesson1.quiz_1")[0]["state"] == "right"


def test_what_is_nearly_right_asks_for_digits_and_costs_no_hint(solutions):
    name = "lesson1.shorter_gap"
    payload, plain, _ = told(solutions[name][0] * 1.015, name)
    assert payload["state"] == "wrong" and payload["tries"] == 0
    assert plain == "✗ Nearly. Give more digits."


def test_tries_are_counted_by_exercise_and_seat():
    told(5)
    onb.check(NAME, 6, seat=0)
    assert told(7)[0]["tries"] == 2


def test_an_unknown_exercise_names_the_nearest():
    with pytest.raises(onb.OmninbError, match=r"Did you mean 'lesson1\.touchpoints'"):
        onb.check("lesson1.touchpoint", 3)
    with pytest.raises(onb.OmninbError, match="is no exercise"):
        onb.check(7, 3)
    with pytest.raises(onb.OmninbError, match="number of your seat"):
        onb.check(NAME, None, seat="7")


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_is_right_the_usual_mistake_wrong_and_no_hint_holds_the_answer(
    name, solutions
):
    solution, wrong = solutions[name]
    assert told(solution, name)[0]["state"] == "right"
    for number in range(3):
        payload, plain, html = told(wrong, name)
        assert payload["state"] == "wrong"
        for text in (plain, html):
            assert not _holds(text, solution), text
        checking._tries[name, SEAT].append(f"another {number}")
    assert len(EXERCISES[name].hints) == 3 and len(set(EXERCISES[name].hints)) == 3


def test_a_rate_of_lesson_3_is_that_of_first_attempts_counted_by_hand():
    rows = onb.workshop_case(SEAT).to_frame()
    looks = rows[rows["event"] == "view_product"].groupby("customer_id")["timestamp"].min()
    bought = rows.loc[rows["event"] == "purchase", ["customer_id", "timestamp"]]
    rates = {}
    for within in (pd.Timedelta(7, "D"), pd.Timedelta(1, "D")):
        mature = looks[rows["timestamp"].max() - looks >= within].rename("look").reset_index()
        both = bought.merge(mature, on="customer_id")
        since = both["timestamp"] - both["look"]
        in_time = both.loc[(since >= pd.Timedelta(0)) & (since <= within), "customer_id"]
        rates[within.days] = in_time.nunique() / len(mature)
    assert EXERCISES["lesson3.window"].solve(onb.workshop_case(SEAT)) == pytest.approx(
        rates[7] - rates[1], abs=1e-12
    )


NAMED = [(name, n) for name, one in EXERCISES.items() for n in range(len(one.mistakes))]


@pytest.mark.parametrize("seat", [1, 7])  # on seat 7 two rates of lesson 1 are 0.001 apart
@pytest.mark.parametrize(("name", "n"), NAMED)
def test_a_mistake_that_comes_near_the_solution_is_named(name, n, seat):
    exercise, case = EXERCISES[name], onb.workshop_case(seat)
    mistake, how = exercise.mistakes[n]
    answer, solution = mistake(case), exercise.solve(case)
    if answer == solution:  # nobody can tell
        pytest.skip("the same on this seat")
    view = onb.check(name, answer, seat=seat, case=case)
    assert view._repr_mimebundle_()[CHECK_MIME]["state"] == "wrong" and how in repr(view)
    assert "Hint 1 of 3" in repr(view)
    if exercise.kind.absolute:
        assert repr(onb.check(name, round(solution, 3), seat=seat, case=case)) == "✓ Right."


def test_the_central_mistakes_of_the_lessons_are_named():
    named = {name for name, _ in NAMED}
    assert named >= {
        "lesson1.exit_share", "lesson2.email_exit", "lesson3.window", "lesson3.order",
        "lesson3.recent", "lesson3.population_rate", "lesson4.gone",
    }  # fmt: skip


@pytest.mark.parametrize("answer", [{"web": {"store": 3}}, {"web": 3}, {("web", "store"): "3"}])
def test_a_dictionary_of_another_shape_says_what_its_keys_must_be(answer):
    payload, plain, _ = told(answer, "lesson2.transitions")
    assert payload["state"] == "wrong" and payload["tries"] == 0
    assert "Its keys must be pairs, transitions[source, target]" in plain


def test_a_tiny_p_value_may_be_rounded_to_0_and_a_large_one_not():
    name = "lesson5.split_p"
    p = {seat: EXERCISES[name].solve(onb.workshop_case(seat)) for seat in (1, 3)}
    assert p[3] < 0.001 < p[1]
    assert repr(onb.check(name, 0.0, seat=3)) == repr(onb.check(name, p[3], seat=3)) == "✓ Right."
    assert "Not quite" in repr(onb.check(name, 0.0, seat=1))


def test_points_in_place_of_a_share_are_told():
    solution = EXERCISES["lesson5.uplift"].solve(onb.workshop_case(SEAT))
    assert abs(solution) > 0.01
    assert "2 points are 0.02" in told(round(100 * solution, 1), "lesson5.uplift")[1]


def _holds(text, solution):
    """Whether a text holds a solution that is long enough not to stand there by chance."""
    text = re.sub(r"<[^>]+>|Hint \d of 3", " ", text)
    if isinstance(solution, str):
        letter = rf"[\"'`(]{solution}\b|\b(option|answer|is) {solution}\b|\b{solution}\)"
        return bool(re.search(letter if len(solution) == 1 else rf"\b{solution}\b", text, re.I))
    if isinstance(solution, dict):
        return any(str(n) in text for n in solution.values() if n > 100)
    shown = {f"{solution:.2f}", f"{solution:,}", str(solution)}
    return any(re.search(rf"(?<![\d.,]){re.escape(number)}(?!\d)", text) for number in shown)


def test_every_exercise_belongs_to_a_lesson_and_every_lesson_has_a_quiz_of_three():
    for lesson in range(1, 6):
        names = [name for name in EXERCISES if name.startswith(f"lesson{lesson}.")]
        quizzes = [name for name in names if ".quiz_" in name]
        assert len(quizzes) == 3 and len(names) >= 7
    numbers = [one for one in EXERCISES.values() if isinstance(one.kind, Number)]
    assert all(one.kind.relative <= 0.3 and one.kind.absolute <= 0.01 for one in numbers)
