"""Every lesson in a kernel, on three seats; ``make course`` takes twenty."""

from __future__ import annotations

import shutil

import nbformat
import pytest

from benchmarks import course
from omninb.workshop.copies import write_copies
from omninb.workshop.exercises import EXERCISES


@pytest.mark.parametrize("seat", [1, 5, 7])  # a sound test; a broken split; peeking
def test_solutions_are_right_copies_unanswered_and_wrong_answers_wrong(seat):
    assert course.faults(seat) == []


def test_a_wrong_solution_and_an_answered_copy_are_noticed(tmp_path):
    (tmp_path / "masters").mkdir()
    name = "lesson_1_from_events_to_journeys.ipynb"
    path = shutil.copy(course.FOLDER / "masters" / name, tmp_path / "masters")
    master = nbformat.read(path, as_version=4)
    solution = next(cell for cell in master.cells if "solution" in course.tags(cell))
    solution.source += "\ntouchpoints = 3"
    nbformat.write(master, path)
    (copy,) = write_copies(tmp_path)
    student = nbformat.read(copy, as_version=4)
    exercise = next(cell for cell in student.cells if "exercise" in course.tags(cell))
    exercise.source = "touchpoints = 5"
    nbformat.write(student, copy)
    found = course.faults(1, tmp_path / "masters", tmp_path)
    assert any("lesson1.touchpoints is wrong, not right" in fault for fault in found)
    assert any("lesson1.touchpoints is wrong, not unanswered" in fault for fault in found)
    assert any(f"checks of {len(EXERCISES)} exercises" in fault for fault in found)
