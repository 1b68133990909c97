"""The teacher's guide tells the solutions that the masters hold."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from omninb.workshop.lessons import SOLUTION, tags

WORKSHOP = Path(__file__).resolve().parents[2] / "notebooks" / "workshop"
MASTERS = sorted((WORKSHOP / "masters").glob("lesson_*.ipynb"))


@pytest.mark.parametrize("path", MASTERS, ids=lambda path: path.stem)
def test_every_solution_stands_in_the_guide_as_in_its_master(path):
    guide = (WORKSHOP / "TEACHING.md").read_text(encoding="utf-8")
    solutions = [c.source for c in nbformat.read(path, as_version=4).cells if SOLUTION in tags(c)]
    quizzes = [source for source in solutions if source.startswith("quiz_")]
    assert len(quizzes) == 3
    for source in set(solutions) - set(quizzes):
        assert f"```python\n{source}\n```" in guide
    for source in quizzes:
        number, letter = source.split(" = ")
        assert f"`lesson{path.name[7]}.{number}` {letter.strip(chr(34))}" in guide
