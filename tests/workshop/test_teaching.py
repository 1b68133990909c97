"""The teacher's guide tells the solutions that the masters hold."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from omninb.workshop.checking import check
from omninb.workshop.exercises import EXERCISES
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


def test_the_guides_way_to_a_seats_answers_gives_them():
    guide = (WORKSHOP / "TEACHING.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(import omninb.*?)```", guide, re.S)
    names = {}
    exec(block.replace("seat=12", "seat=1"), names)
    assert list(names["answers"]) == list(EXERCISES)
    for name, answer in names["answers"].items():
        assert "Right." in repr(check(name, answer, seat=1, case=names["case"])), name


@pytest.mark.parametrize("page", ["TEACHING.md", "README.md"])
def test_commands_are_given_as_they_work_after_make(page):
    text = (WORKSHOP / page).read_text(encoding="utf-8")
    plain = re.findall(r"(?<!\.venv/bin/)omninb workshop \w+", text)
    assert len(plain) <= 1  # with conda
    commands = re.sub(r"\s+", " ", text)
    made = commands.find("make .venv/ready"), commands.find("make lab")
    assert max(made) >= 0
    script = re.search(r"```bash\n(.*?jupyter lab --no-browser.*?)```", text, re.S)
    assert page == "README.md" or script[1].startswith("make .venv/ready\n")
