"""What the lessons and the teacher's guide point to is there."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from omninb.workshop.exercises import EXERCISES

ROOT = Path(__file__).resolve().parents[2]
WORKSHOP = ROOT / "notebooks" / "workshop"
LESSONS = sorted(WORKSHOP.rglob("lesson_*.ipynb"))
GLOSSARY = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")


def prose(path):
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_links_of_a_lesson_lead_to_files_and_terms(path):
    links = re.findall(r"\]\(([^)]+)\)", prose(path))
    assert any("GLOSSARY.md#" in link for link in links)
    for link in links:
        file, _, term = link.partition("#")
        assert (path.parent / file).is_file(), link
        assert not term or f'<a id="{term}"></a>' in GLOSSARY, link


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_nothing_in_a_lesson_is_said_by_colour_alone(path):
    colours = re.findall(r"\b(red|green|blue|orange|yellow|purple|teal)\b", prose(path), re.I)
    assert colours == []


def test_the_guide_tells_the_solution_of_every_exercise():
    guide = (WORKSHOP / "TEACHING.md").read_text(encoding="utf-8")
    assert [name for name in EXERCISES if name not in guide] == []
