"""All exercises of the workshop by name."""

from __future__ import annotations

from omninb.errors import OmninbError, nearest
from omninb.workshop import lesson_1, lesson_2, lesson_3, lesson_4, lesson_5
from omninb.workshop.exercise import Exercise

LESSONS = (lesson_1, lesson_2, lesson_3, lesson_4, lesson_5)
EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise for lesson in LESSONS for exercise in lesson.EXERCISES
}


def exercise_of(name: object) -> Exercise:
    """The exercise of that name.

    Raises
    ------
    OmninbError
        If there is none.
    """
    if name not in EXERCISES:
        raise OmninbError(f"{name!r} is no exercise.{nearest(str(name), EXERCISES)}")
    return EXERCISES[str(name)]
