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
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and len(node.args) > 1]
    return [
        (call.args[0].value, ast.unparse(call.args[1]))
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
        for kind, cells in ((SOLUTION, task.solutions), (CHECK, task.checks)):
            if not any(source.strip() for source in cells):
                found.append(f"{title} has no {kind}")
        for source in task.checks:
            found += _check_faults(title, source)
        found += _leaks(master, task, title)
    return found


def _title(task: Task) -> str:
    names = [name for source in task.checks for name, _ in checked(source)]
    return f"the exercise {names[0] if names else task.exercise.strip().partition(chr(10))[0]!r}"


def _check_faults(title: str, source: str) -> Iterator[str]:
    if not checked(source):
        yield f"{title}: its check calls no onb.check"
    for name, _ in checked(source):
        try:
            exercise_of(name)
        except OmninbError as error:
            yield str(error)


def _leaks(master: Any, task: Task, title: str) -> Iterator[str]:
    """Where a solution can be read in what students get."""
    secrets = {line for source in task.solutions for line in _secrets(source)}
    secrets -= {secret for secret in secrets if secret in _squeezed(task.exercise)}
    for number, cell in enumerate(master["cells"], 1):
        if SOLUTION in tags(cell):
            continue
        text = _squeezed(cell["source"] + repr(cell.get("metadata", {})))
        for secret in sorted(secrets):
            if secret in text:
                yield f"{title}: its solution stands in cell {number}, too: {secret}"


def _secrets(source: str) -> Iterator[str]:
    """Lines of a solution, and what they assign, without blanks; short ones are no secret."""
    for line in source.splitlines():
        code = _squeezed(line.partition("#")[0])
        assigned = re.sub(r"^[\w,\[\]\"']+[+\-*/|]?=(?!=)", "", code)
        for secret in {code, assigned}:
            if len(secret) >= _LEAST:
                yield secret


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)
