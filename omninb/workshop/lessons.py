"""How lessons are written: tagged cells, and what is wrong with a master that breaks the rules."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from omninb.errors import OmninbError
from omninb.workshop.exercises import exercise_of

EXERCISE, SOLUTION, CHECK = "exercise", "solution", "check"
_PASSED = {"seat": "SEAT", "case": "case"}  # so that a check can tell whose case was looked at
_ANSWER, _OWN = "answer", "solution"  # what the checks of the analysts' notebooks compare
_LEAST = 12  # letters of a solution, without blanks, that nobody writes by chance


@dataclass
class Task:
    """An exercise cell with the solutions and checks that follow before the next one.

    Attributes
    ----------
    exercise : str
        Source of the cell that students fill in.
    solutions, checks : list of str
        Sources of the cells.
    """

    exercise: str
    solutions: list[str]
    checks: list[str]


def tags(cell: Any) -> set[str]:
    """The tags of a cell."""
    return set(cell.get("metadata", {}).get("tags", []))


def tasks(notebook: Any) -> list[Task]:
    """The exercises of a master in order; a solution or check before the first is left out."""
    found: list[Task] = []
    for cell in notebook["cells"]:
        if EXERCISE in tags(cell):
            found.append(Task(cell["source"], [], []))
        elif found:
            found[-1].solutions += [cell["source"]] * (SOLUTION in tags(cell))
            found[-1].checks += [cell["source"]] * (CHECK in tags(cell))
    return found


def checked(source: str) -> list[tuple[str, str]]:
    """The calls of `omninb.check` in a cell: the exercise's name, and the variable of the answer.

    Read, never run; what is no Python has none.
    """
    return [(call.args[0].value, ast.unparse(call.args[1])) for call in _calls(source)]


def _calls(source: str) -> list[Any]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    shown = [node.value for node in tree.body if isinstance(node, ast.Expr)]
    calls = [node for node in shown if isinstance(node, ast.Call) and len(node.args) > 1]
    return [
        call
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "check"
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    ]


def faults(master: Any) -> list[str]:
    """What keeps a master from being handed out: no solution, no check, or one that leaks.

    Parameters
    ----------
    master : NotebookNode
        A lesson with its solutions.
    """
    found = [] if tasks(master) else ["there is no exercise"]
    for task in tasks(master):
        title = _title(task)
        found += _missing(title, task)
        for source in task.checks:
            found += _check_faults(title, source, task)
        answers = {answer for source in task.checks for _, answer in checked(source)}
        found += _leaks(master, task, title, answers)
    return found


def analysts_faults(notebook: Any) -> list[str]:
    """What is wrong with the exercises of an analysts' notebook; it may have none.

    It runs on any log, so its check compares ``answer`` with ``solution`` itself, and readers get
    it with its solutions.
    """
    found: list[str] = []
    for task in tasks(notebook):
        title = _title(task)
        found += _missing(title, task)
        if not _unanswered(_assigned(task.exercise).get(_ANSWER)):
            found.append(f"{title}: it does not begin with {_ANSWER} = None")
        if not any(_OWN in _assigned(source) for source in task.solutions):
            found.append(f"{title}: its solution does not assign {_OWN}")
        if not all({_ANSWER, _OWN} <= _names(source) for source in task.checks):
            found.append(f"{title}: its check does not compare {_ANSWER} with {_OWN}")
        found += _leaks(notebook, task, title, {_OWN})
    return found


def _missing(title: str, task: Task) -> Iterator[str]:
    for kind, cells in ((SOLUTION, task.solutions), (CHECK, task.checks)):
        if not any(source.strip() for source in cells):
            yield f"{title} has no {kind}"


def _title(task: Task) -> str:
    names = [name for source in task.checks for name, _ in checked(source)]
    return f"the exercise {names[0] if names else task.exercise.strip().partition(chr(10))[0]!r}"


def _check_faults(title: str, source: str, task: Task) -> Iterator[str]:
    if not checked(source):
        yield f"{title}: its check calls no onb.check"
    for call in _calls(source):
        passed = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        if passed != _PASSED:
            yield f"{title}: its check does not say seat=SEAT, case=case"
    for name, answer in checked(source):
        if not _unanswered(_assigned(task.exercise).get(answer)):
            yield f"{title}: it does not begin with {answer} = None"
        if not any(answer in _assigned(solution) for solution in task.solutions):
            yield f"{title}: its solution does not assign {answer}"
        try:
            exercise_of(name)
        except OmninbError as error:
            yield str(error)


def _leaks(master: Any, task: Task, title: str, answers: set[str]) -> Iterator[str]:
    """Where a solution can be read in what students get."""
    secrets = {line for source in task.solutions for line in _secrets(source, answers)}
    # What the exercise gives is no secret; that it holds no answer is looked at by itself.
    secrets -= {secret for secret in secrets if secret in _squeezed(task.exercise)}
    for number, cell in enumerate(master["cells"], 1):
        if SOLUTION in tags(cell):
            continue
        text = _squeezed(cell["source"] + repr(cell.get("metadata", {})))
        for secret in sorted(secrets):
            if secret in text:
                yield f"{title}: its solution stands in cell {number}, too: {secret}"


def _secrets(source: str, answers: set[str]) -> Iterator[str]:
    """Lines of a solution, what they assign and what is said beside them, as they are compared.

    Short ones are no secret, but for those that assign the answer.
    """
    for line in source.splitlines():
        code, _, comment = line.partition("#")
        variable, assigns, assigned = _squeezed(code).partition("=")
        if assigns and variable in answers:
            yield f"{variable}={assigned}"
        for secret in {_squeezed(code), assigned.lstrip("="), _squeezed(comment)}:
            if len(secret) >= _LEAST:
                yield secret


def _squeezed(text: str) -> str:
    """A text without what may be written in one way or another: blanks, quotes, last commas."""
    plain = re.sub(r"\s+", "", text).replace("'", '"')
    return re.sub(r",(?=[)\]}])", "", plain)


def _assigned(source: str) -> dict[str, ast.expr]:
    """What a cell assigns to which names at its top, the last time."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return {}
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _names(source: str) -> set[str]:
    """The names that a cell reads or assigns."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _unanswered(value: ast.expr | None) -> bool:
    """Whether it is None, or an empty text, list or table of counts."""
    if isinstance(value, ast.Dict):
        return not value.keys
    return isinstance(value, ast.Constant) and value.value in (None, "")
