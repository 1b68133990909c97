"""A class's progress, read from saved notebooks; nothing in them is run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from omninb.errors import OmninbError
from omninb.workshop.checking import CHECK_MIME, RIGHT, UNANSWERED, WRONG
from omninb.workshop.exercises import EXERCISES

LARGEST = 50_000_000  # bytes of a notebook; those of the workshop have far less than 5 MB
NOT_RUN = "not run"
_ASKED = re.compile(r"""check\(\s*["'](\w+\.\w+)["']""")  # hostile code is not even parsed
_STATES = (RIGHT, WRONG, UNANSWERED)
# What systems, browsers and JupyterLab write behind the name of a copy.
_COPY = re.compile(
    r"(?:[ _-]+\(?(?:another |\d+(?:st|nd|rd|th) )?(?:copy|kopie) ?\d*\)?| ?\(\d+\))+$", re.I
)
_MARKS = {RIGHT: "✓", WRONG: "✗", UNANSWERED: "…", NOT_RUN: "–"}


class Progress(NamedTuple):
    """What was read of a class's notebooks.

    Attributes
    ----------
    table : DataFrame
        A row for each notebook and seat: ``notebook`` (its path below the folder), ``seat``,
        ``lesson``, ``right``, ``of`` (exercises of the lessons in it), then a column for each
        exercise with its state: right, wrong, unanswered, not run, or empty where it is of another
        lesson; a wrong one with the number of tries. Copies count with their notebook.
    copies : list of str
        Notebooks that were counted with another one, each with its name: those in the same folder
        whose name differs by the mark of a copy only, such as ``-Copy1``. If they are of the same
        seat, each exercise stands as in the copy that is furthest (right, wrong, unanswered, not
        run), and a copy in which nothing was run adds nothing.
    skipped : list of str
        Files that were left out, each with the reason.
    """

    table: pd.DataFrame
    copies: list[str]
    skipped: list[str]


class Work(NamedTuple):
    """What was read of one notebook: its lessons; and seat to exercise to state."""

    lessons: set[str]
    found: dict[int, dict[str, str]]


class _SkipError(Exception):
    """Why a notebook is left out."""


def collect(folder: str | Path) -> Progress:
    """The progress of a class from the notebooks in a folder and its subfolders.

    The last saved output of each check counts. Who edits a notebook's file can make it say
    anything: this is no examination.

    Parameters
    ----------
    folder : path
        Where the saved notebooks are; links to other places are not followed.

    Raises
    ------
    OmninbError
        If there is no such folder, or no notebook in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise OmninbError(f"{folder}: there is no such folder of saved notebooks.")
    read: dict[tuple[str, str], dict[str, Work]] = {}
    skipped = []
    for path in sorted(folder.rglob("*.[iI][pP][yY][nN][bB]")):
        below = path.relative_to(folder)
        if ".ipynb_checkpoints" in below.parts:
            continue
        name = _printable(below.as_posix())
        try:
            work = _work(_read(path))
        except _SkipError as reason:
            skipped.append(f"{name}: {reason}")
            continue
        original = _COPY.sub("", below.stem) or below.stem
        read.setdefault((below.parent.as_posix(), original), {})[name] = work
    if not read and not skipped:
        raise OmninbError(f"{folder}: there is no notebook in this folder or below it.")
    rows: list[dict[str, Any]] = []
    copies = []
    for works in read.values():
        for seat, names in _by_seat(works):
            rows.append(_row(names[0], seat, [works[name] for name in names]))
            copies += [f"{name}: with {names[0]}" for name in names[1:]]
    columns = ["notebook", "seat", "lesson", "right", "of", *EXERCISES]
    table = pd.DataFrame(rows, columns=columns)
    used = [name for name in EXERCISES if table[name].notna().any()]
    return Progress(table[[*columns[:5], *used]], copies, skipped)


def _printable(text: str) -> str:
    """A name without what could command a terminal."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def _read(path: Path) -> Any:
    try:
        if path.is_symlink():
            raise _SkipError("a link, not followed")
        if not path.is_file():
            raise _SkipError("no file")
        if path.stat().st_size > LARGEST:
            raise _SkipError(f"larger than {LARGEST // 1_000_000} MB")
        notebook = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise _SkipError(f"cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise _SkipError("broken: no notebook can be read from it") from None
    return notebook


def _work(notebook: Any) -> Work:
    """What a notebook asks, and what its checks said."""
    asked: set[str] = set()
    found: dict[int, dict[str, str]] = {}
    for cell in _cells(notebook):
        asked |= EXERCISES.keys() & set(_ASKED.findall(_text(cell.get("source"))))
        for exercise, seat, state, tries in _checks(cell):
            words = f"{state} ({tries})" if state == WRONG else state
            found.setdefault(seat, {})[exercise] = words
    asked = asked.union(*found.values())
    if not asked:
        raise _SkipError("foreign: no exercise of the workshop in it")
    return Work({exercise.partition(".")[0] for exercise in asked}, found)


def _by_seat(works: Mapping[str, Work]) -> Iterator[tuple[int | None, list[str]]]:
    """The seats of a notebook and its copies, with the names of the files that are of the seat.

    The shortest name first. Files in which nothing was run go with the first seat.
    """
    names = sorted(works, key=lambda name: (len(name), name))
    idle = [name for name in names if not works[name].found]
    seats = sorted({seat for work in works.values() for seat in work.found})
    for seat in seats:
        of_seat = [name for name in names if seat in works[name].found]
        yield seat, of_seat + idle * (seat == seats[0])
    if not seats:
        yield None, idle


def _row(name: str, seat: int | None, works: list[Work]) -> dict[str, Any]:
    """The row of a seat in a notebook and its copies; without a seat if nothing was run."""
    states: dict[str, str] = {}
    for found in (work.found[seat] for work in works if seat in work.found):
        for one, state in found.items():
            states[one] = max(state, states.get(one, NOT_RUN), key=_far)
    lessons = sorted(set().union(*(work.lessons for work in works)))
    everything = [one for one in EXERCISES if one.partition(".")[0] in lessons]
    return {
        "notebook": name,
        "seat": seat,
        "lesson": ", ".join(lesson.removeprefix("lesson") for lesson in lessons),
        "right": sum(state == RIGHT for state in states.values()),
        "of": len(everything),
        **{one: states.get(one, NOT_RUN) for one in everything},
    }


def _far(state: str) -> int:
    """How far an exercise is; of two wrong ones the one in which more was tried."""
    word, _, tries = state.partition(" (")
    steps = (NOT_RUN, UNANSWERED, WRONG, RIGHT)
    return 10_000 * steps.index(word) + int(tries.rstrip(")") or 0)


def _cells(notebook: Any) -> Iterator[Mapping[str, Any]]:
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise _SkipError("broken: no notebook can be read from it")
    yield from (
        cell for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"
    )


def _text(source: Any) -> str:
    lines = source if isinstance(source, list) else [source]
    return "".join(line for line in lines if isinstance(line, str))


def _checks(cell: Mapping[str, Any]) -> Iterator[tuple[str, int, str, int]]:
    """What a cell's outputs say of exercises that there are, in words that there are."""
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else []:
        data = output.get("data") if isinstance(output, dict) else None
        told = data.get(CHECK_MIME) if isinstance(data, dict) else None
        if not isinstance(told, dict):
            continue
        exercise, seat, state, tries = map(told.get, ("exercise", "seat", "state", "tries"))
        if not isinstance(exercise, str) or exercise not in EXERCISES or state not in _STATES:
            continue
        if type(seat) is int and type(tries) is int and 0 <= seat < 10_000 > tries >= 0:
            yield exercise, seat, state, tries


def progress_words(progress: Progress) -> str:
    """The table for a terminal, lesson by lesson, and what was left out."""
    lines = []
    for lesson, rows in progress.table.groupby("lesson"):
        names = [name for name in rows.columns[5:] if rows[name].notna().any()]
        lines.append(f"Lesson {lesson}")
        shown = pd.DataFrame(
            {
                "notebook": rows["notebook"],
                "seat": ["–" if pd.isna(seat) else str(int(seat)) for seat in rows["seat"]],
                "right": [f"{a} of {b}" for a, b in zip(rows["right"], rows["of"], strict=True)],
                **{name.partition(".")[2]: rows[name].map(_mark) for name in names},
            }
        ).reset_index(drop=True)
        total = [f"{(rows[name] == RIGHT).sum()} of {len(rows)}" for name in names]
        shown.loc[len(rows)] = ["right", "", "", *total]
        lines += [shown.to_string(index=False), ""]
    lines.append("✓ right   ✗ wrong (tries)   … not yet answered   – not run")
    if progress.copies:
        lines += ["", "Copies, counted with their notebook (the furthest state of each exercise):"]
        lines += [f"  {copy}" for copy in progress.copies]
    if progress.skipped:
        lines += ["", "Left out:", *(f"  {reason}" for reason in progress.skipped)]
    return "\n".join(lines)


def _mark(state: str) -> str:
    word, _, tries = state.partition(" (")
    counted = tries.rstrip(")")
    return _MARKS[word] + f" {counted}" * (counted not in ("", "0"))  # of another kind: no try


def to_csv(progress: Progress, out: str | Path) -> None:
    """Write the table as CSV; no cell begins as a formula of a spreadsheet does."""
    table = progress.table.copy()
    risky = table["notebook"].str.match(r"[=+\-@\t\r]")
    table["notebook"] = table["notebook"].mask(risky, "'" + table["notebook"])
    table["seat"] = table["seat"].astype("Int64")
    table.to_csv(out, index=False)
