"""A case for every seat: its own, always the same, and telling every story that was planted."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import omninb as onb
from omninb.events import read_events
from omninb.workshop import case
from omninb.workshop.case import KNOWN, REDRAWN, drawn
from omninb.workshop.detection import untold
from omninb.workshop.exercises import EXERCISES
from omninb.workshop.kinds import Name
from omninb.workshop.planting import planted_rows
from omninb.workshop.story import STEPS, TRAPS, story_of

SEATS = range(200)


def test_stories_differ_from_seat_to_seat():
    stories = [story_of(seat) for seat in SEATS]
    assert len({(s.leak.step, s.leak.channel) for s in stories}) == 7
    assert {s.decoy.channel for s in stories} == {"web", "mobile app", "marketplace"}
    assert len({s.leaving for s in stories}) == 6
    assert {s.trap for s in stories} == set(TRAPS)
    assert len({s.until for s in stories}) > 30
    assert len({s.seed for s in stories}) == len(stories)
    for story in stories:
        assert story.decoy.share > story.leak.share and story.decoy.step != story.leak.step


def answers(story):
    """What is right where names are asked, by what was planted."""
    at_the_end = {"broken split": "cannot say", "peeking": "not shown", "none": "introduce"}
    return {
        "lesson2.leakiest": story.leaving,
        "lesson4.highest_share": story.decoy.step,
        "lesson4.repair_step": story.leak.step,
        "lesson4.repair_channel": story.leak.channel,
        "lesson5.trap": story.trap,
        "lesson5.decision": at_the_end[story.trap],
    }


def known(seat):
    return story_of(seat, REDRAWN.get(seat, 0))


@pytest.mark.parametrize(
    ("name", "answers_there_are"),
    [
        ("lesson2.leakiest", 6),
        ("lesson4.highest_share", 3),
        ("lesson4.repair_step", 3),
        ("lesson4.repair_channel", 3),
        ("lesson5.trap", 3),
        ("lesson5.decision", 3),
    ],
)
def test_among_twenty_seats_each_answer_is_right_somewhere(name, answers_there_are):
    assert len({answers(known(seat))[name] for seat in range(1, 21)}) == answers_there_are


def test_a_question_for_a_name_is_a_quiz_or_its_answers_are_planted():
    names = {name for name, one in EXERCISES.items() if isinstance(one.kind, Name)}
    quizzes = {name for name in names if ".quiz_" in name}
    assert names - quizzes == set(answers(known(1))) | {"lesson3.worst_step"}


@pytest.mark.parametrize("seat", [0, 1, 5, 7])
def test_what_is_planted_is_what_the_solutions_find(seat):
    log, story = drawn(seat)
    for name, planted in answers(story).items():
        assert EXERCISES[name].solve(log) == planted, name


def test_the_worst_step_of_lesson_3_differs_from_seat_to_seat_and_may_be_another_than_the_leaks():
    found = {seat: EXERCISES["lesson3.worst_step"].solve(drawn(seat)[0]) for seat in (0, 2, 4, 6)}
    leaks = {seat: STEPS[STEPS.index(known(seat).leak.step) + 1] for seat in found}
    assert len(set(found.values())) >= 2 and 1 <= sum(found[s] != leaks[s] for s in found) < 4


def test_a_case_knows_its_seat():
    case = onb.workshop_case(1)
    assert case.seat == 1 and isinstance(case, onb.EventLog)


def test_a_story_comes_from_the_seat_and_the_attempt_alone():
    assert story_of(7) == story_of(7) != story_of(8)
    assert story_of(7, 1) != story_of(7) and story_of(7, 1).seed not in {
        s.seed for s in map(story_of, SEATS)
    }


def test_rows_are_the_same_every_time_and_end_with_the_log():
    story = story_of(3)
    rows = planted_rows(story)
    assert rows.equals(planted_rows(story))
    times = rows["timestamp"].to_numpy()
    assert (np.diff(times) >= np.timedelta64(0)).all()
    assert times[-1] < np.datetime64(story.until.replace(tzinfo=None))


def test_nothing_follows_a_leak_of_everybody_until_a_month_has_passed():
    story = story_of(3)
    all_gone = dataclasses.replace(story, leak=dataclasses.replace(story.leak, share=1.0))
    frame = planted_rows(all_gone).to_pandas().sort_values("customer_id", kind="stable")
    leaks = (frame["channel"] == story.leak.channel) & (frame["event"] == story.leak.step)
    same = frame["customer_id"].shift(-1) == frame["customer_id"]
    gap = frame["timestamp"].shift(-1) - frame["timestamp"]
    assert leaks.sum() > 100
    assert (gap[leaks & same] > np.timedelta64(30, "D")).all()


@pytest.mark.parametrize("seat", [0, 1, 3, 6])  # each trap; each way to be the worst step
def test_each_story_of_a_case_is_found_and_a_log_without_it_does_not_tell_it(seat):
    log, story = drawn(seat)
    assert onb.workshop_case(seat) is log and untold(log, story) == []
    others = [name for name in ("store", "social") if name != story.leaving]
    assert untold(log, dataclasses.replace(story, leaving=others[0])) == ["leaving"]
    step = next(s for s in STEPS[:-1] if s != story.leak.step)
    moved = dataclasses.replace(story, leak=dataclasses.replace(story.leak, step=step))
    assert "leak" in untold(log, moved)
    unseen = dataclasses.replace(moved, decoy=moved.leak, hard=None)
    assert set(untold(log, unseen)) == {"worst step", "leak"}
    for other_trap in set(TRAPS) - {story.trap}:
        assert untold(log, dataclasses.replace(story, trap=other_trap)) == ["trap"]


@pytest.mark.parametrize("seat", list(REDRAWN)[:3])
def test_a_draw_that_does_not_tell_its_story_is_drawn_again(seat):
    first, last = (story_of(seat, attempt) for attempt in (0, REDRAWN[seat]))
    assert untold(read_events(planted_rows(first), currency="EUR"), first)
    log, story = drawn(seat)
    assert story == last and untold(log, story) == []


def test_seats_whose_draw_is_not_known_are_looked_at(monkeypatch):
    seat = next(iter(REDRAWN))
    monkeypatch.setattr(case, "KNOWN", range(0))
    monkeypatch.setattr(case, "REDRAWN", {})
    assert set(REDRAWN) < set(KNOWN)
    drawn.cache_clear()
    assert drawn(seat)[1].attempt == REDRAWN[seat]
    drawn.cache_clear()


def test_a_broken_split_loses_only_exposures_of_the_treatment_without_a_purchase():
    story = next(s for s in map(story_of, SEATS) if s.trap == "broken split")
    broken = planted_rows(story).to_pandas()
    kept = set(broken["event_id"])
    whole = planted_rows(dataclasses.replace(story, trap="none")).to_pandas()
    lost = whole[~whole["event_id"].isin(kept)]
    assert set(broken["event_id"]) < set(whole["event_id"])
    assert lost["variant"].notna().all() and set(lost["event"]) == {"checkout"}
    buying = whole.loc[whole["event"] == "purchase", "session_id"]
    assert not lost["session_id"].isin(buying).any() and len(lost) > 100


def test_peeking_moves_nobody_but_the_labels():
    story = next(s for s in map(story_of, SEATS) if s.trap == "peeking")
    assert story.truths["checkout_test"] == {"mobile": 0.0, "desktop": 0.0}
    rows = planted_rows(story)
    arms = rows["variant"].drop_null().to_pandas()
    n = arms.value_counts()
    assert set(n.index) == {"control", "treatment"}
    assert abs(n["control"] - n["treatment"]) < 4 * len(arms) ** 0.5


def test_a_step_that_is_hard_loses_on_every_channel():
    story = next(s for s in map(story_of, SEATS) if s.hard)
    assert story.leak.channel == "marketplace"
    paid = []
    for hard in (None, dataclasses.replace(story.hard, share=1.0)):
        frame = planted_rows(dataclasses.replace(story, hard=hard)).to_pandas()
        frame = frame.sort_values(["customer_id", "timestamp"], kind="stable")
        bought = frame["event"].shift(-1) == "purchase"
        paying = (frame["event"] == story.hard.step) & bought
        paid.append(frame.loc[paying, "channel"].value_counts())
    before, after = paid
    assert {"web", "mobile app", "marketplace"} <= set(before.index) and before.sum() > 1_000
    assert after.sum() == 0


def test_a_seat_may_come_out_of_an_array():
    assert onb.workshop_case(np.int64(1)) is onb.workshop_case(1)


@pytest.mark.parametrize("seat", [-1, 10_000, 7.0, "7", True, None])
def test_what_is_no_seat_is_refused(seat):
    with pytest.raises(onb.OmninbError, match="number of your seat"):
        onb.workshop_case(seat)
