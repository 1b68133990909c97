"""Student copies: what is taken out, what is refused, and that the repository's are right."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import omninb as onb
from omninb.cli import main
from omninb.workshop.copies import check_copies, student_copy, write_copies
from omninb.workshop.exercises import EXERCISES
from omninb.workshop.lessons import checked, faults, tasks

ROOT = Path(__file__).resolve().parents[2]
WORKSHOP = ROOT / "notebooks" / "workshop"
CHECK = 'onb.check("lesson1.touchpoints", touchpoints, seat=SEAT, case=case)'


def cell(source, *tags, make=new_code_cell):
    return make(source, metadata={"tags": list(tags), "editable": True})


def master(**changes):
    """A lesson of one exercise; ``changes`` replace a cell's source by its tag."""
    sources = {
        "exercise": "touchpoints = None",
        "hint": "See the [log](../../../GLOSSARY.md#touchpoint).",
        "solution": "touchpoints = len(case.to_frame())",
        "check": CHECK,
    } | changes
    cells = [cell(text, tag, make=new_markdown_cell if tag == "hint" else new_code_cell)
             for tag, text in sources.items() if text is not None]  # fmt: skip
    for one in cells:
        if one.cell_type == "code":
            one.execution_count = 3
            one.outputs = [new_output("stream", text="touchpoints = len(case.to_frame())")]
    return new_notebook(cells=cells, metadata={"papermill": {}, "widgets": {}})


def written(folder, notebook=None):
    (folder / "masters").mkdir(exist_ok=True)
    nbformat.write(notebook or master(), folder / "masters" / "lesson_1.ipynb")
    return folder


def test_a_copy_has_no_solution_and_no_output_and_its_links_lead_there():
    notebook = master()
    before = json.dumps(notebook)
    copy = student_copy(notebook)
    assert json.dumps(notebook) == before
    assert [one.metadata for one in copy.cells] == [
        {"tags": ["exercise"]}, {"tags": ["hint"]}, {"tags": ["check"]},
    ]  # fmt: skip
    assert "to_frame" not in json.dumps(copy)
    assert "(../../GLOSSARY.md#touchpoint)" in copy.cells[1].source
    code = [one for one in copy.cells if one.cell_type == "code"]
    assert all(one.outputs == [] and one.execution_count is None for one in code)
    assert set(copy.metadata) == {"kernelspec", "language_info"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"solution": None}, "'lesson1.touchpoints' has no solution"),
        ({"solution": " \n"}, "'lesson1.touchpoints' has no solution"),
        ({"check": None}, "'touchpoints = None' has no check"),
        ({"check": "print(touchpoints)"}, "calls no onb.check"),
        ({"check": "onb.check('lesson1.touchpoint', touchpoints, seat=SEAT)"}, "no exercise"),
        ({"check": "onb.check('lesson1.touchpoints', touchpoints, seat=SEAT)"},
         "does not say seat=SEAT, case=case"),
        ({"exercise": None}, "there is no exercise"),
        ({"hint": "Try `len( case.to_frame() )`."}, "stands in cell 2, too: len(case.to_frame())"),
        ({"check": f"# len(case.to_frame())\n{CHECK}"}, "stands in cell 4, too"),
        ({"solution": "touchpoints = 1\nwho = case['devices']", "hint": "case['devices']"},
         "stands in cell 2"),
        ({"exercise": "touchpoints = len(case.to_frame())"}, "not begin with touchpoints = None"),
        ({"exercise": "touchpoints = 7"}, "does not begin with touchpoints = None"),
        ({"hint": "It is touchpoints = 7.", "solution": "touchpoints = 7"}, "stands in cell 2"),
        ({"hint": "`touchpoints = 'b'`", "solution": 'touchpoints = "b"'}, "stands in cell 2"),
        ({"hint": "len(case.to_frame(),)"}, "stands in cell 2"),
        ({"solution": "touchpoints = 7  # rows of the log", "hint": "Count rows of the log."},
         "stands in cell 2"),
        ({"check": "onb.check('lesson1.touchpoints', None)"}, "does not begin with None"),
        ({"check": f"if False:\n    {CHECK}"}, "calls no onb.check"),
        ({"solution": "number = len(case.to_frame())"}, "does not assign touchpoints"),
    ],
)  # fmt: skip
def test_a_master_that_cannot_be_handed_out_says_why(changes, said, tmp_path):
    assert faults(master()) == []
    assert any(said in fault for fault in faults(master(**changes)))
    with pytest.raises(onb.OmninbError, match=r"lesson_1\.ipynb: "):
        write_copies(written(tmp_path, master(**changes)))
    assert list(tmp_path.glob("*.ipynb")) == []


def test_what_the_exercise_gives_already_is_no_leak():
    skeleton = "touchpoints = {}\nfor journey in journeys:\n    pass"
    solution = "touchpoints = {}\nfor journey in journeys:\n    touchpoints[journey] = 1"
    hint = "Begin with `for journey in journeys:`."
    assert faults(master(exercise=skeleton, solution=solution, hint=hint)) == []


def test_the_check_notices_stale_missing_and_foreign_copies(tmp_path):
    folder = written(tmp_path)
    with pytest.raises(onb.OmninbError, match=r"lesson_1\.ipynb is missing"):
        check_copies(folder)
    (copy,) = write_copies(folder)
    check_copies(folder)
    copy.write_text(copy.read_text("utf-8").replace("None", "3"), "utf-8")
    (folder / "lesson_9.ipynb").write_text("{}")
    with pytest.raises(onb.OmninbError, match=r"lesson_1.* is stale; lesson_9.* has no master"):
        check_copies(folder)
    (tmp_path / "none").mkdir()
    with pytest.raises(onb.OmninbError, match="there is no master"):
        check_copies(tmp_path / "none")


def test_the_command_writes_and_checks(tmp_path):
    folder = str(written(tmp_path))
    refused = CliRunner().invoke(main, ["workshop", "copies", folder, "--check"])
    assert refused.exit_code == 1 and "is missing" in refused.stderr
    assert CliRunner().invoke(main, ["workshop", "copies", folder]).exit_code == 0
    assert CliRunner().invoke(main, ["workshop", "copies", folder, "--check"]).exit_code == 0


def test_the_copies_in_the_repository_are_those_of_their_masters():
    check_copies(WORKSHOP)


def test_every_exercise_is_asked_once_and_every_check_names_its_own_answer():
    asked = []
    for path in sorted((WORKSHOP / "masters").glob("*.ipynb")):
        for task in tasks(nbformat.read(path, as_version=4)):
            for name, answer in (pair for source in task.checks for pair in checked(source)):
                asked.append(name)
                assert name.partition(".")[2] == answer
                assert name.startswith(f"lesson{path.stem.split('_')[1]}.")
    assert sorted(asked) == sorted(EXERCISES)


OWN = {
    "exercise": "answer = None",
    "hint": "Count them.",
    "solution": "solution = len(log.to_frame())",
    "check": 'print("Right." if answer == solution else "Not yet answered.")',
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"solution": None}, "has no solution"),
        ({"check": None}, "has no check"),
        ({"exercise": "answer = 3"}, "does not begin with answer = None"),
        ({"solution": "found = len(log.to_frame())"}, "does not assign solution"),
        ({"check": "print(answer)"}, "does not compare answer with solution"),
        ({"hint": "Try `len( log.to_frame() )`."}, "stands in cell 2, too: len(log.to_frame())"),
    ],
)
def test_the_analysts_notebooks_beside_the_workshop_are_looked_at(changes, said, tmp_path):
    folder = tmp_path / "workshop"
    folder.mkdir()
    written(folder)
    nbformat.write(new_notebook(cells=[cell("1 + 1")]), tmp_path / "plain.ipynb")
    nbformat.write(master(**OWN), tmp_path / "good.ipynb")
    write_copies(folder)
    check_copies(folder)
    nbformat.write(master(**OWN | changes), tmp_path / "bad.ipynb")
    with pytest.raises(onb.OmninbError, match=rf"^bad\.ipynb: .*{re.escape(said)}"):
        check_copies(folder)


def test_the_analysts_notebooks_have_exercises():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert tasks(nbformat.read(path, as_version=4)), path.name
