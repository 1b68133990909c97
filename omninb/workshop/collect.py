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
_MARKS = {RIGHT: "✓", WRONG: "✗", UNANSWERED: "…", NOT_RUN: "–"}


class Progress(NamedTuple):
    """What was read of a class's notebooks.

    Attributes
    ----------
    table : DataFrame
        A row for each notebook and seat: ``notebook`` (its path below the folder), ``seat``,
        ``lesson``, ``right``, ``of`` (exercises of the lessons in it), then a column for each
        exercise with its state: right, wrong, unanswered, not run, or empty where it is of another
        lesson; a wrong one with the number of tries.
    skipped : list of str
        Files that were left out, each with the reason.
    """

    table: pd.DataFrame
    skipped: list[str]


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
        If there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise OmninbError(f"{folder}: there is no such folder of saved notebooks.")
    rows: list[dict[str, Any]] = []
    skipped = []
    for path in sorted(folder.rglob("*.[iI][pP][yY][nN][bB]")):
        below = path.relative_to(folder)
        if ".ipynb_checkpoints" in below.parts:
            continue
        try:
            rows += _rows(_printable(below.as_posix()), _read(path))
        except _SkipError as reason:
            skipped.append(f"{_printable(below.as_posix())}: {reason}")
    columns = ["notebook", "seat", "lesson", "right", "of", *EXERCISES]
    table = pd.DataFrame(rows, columns=columns)
    used = [name for name in EXERCISES if table[name].notna().any()]
    return Progress(table[[*columns[:5], *used]], skipped)


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


def _rows(name: str, notebook: Any) -> Iterator[dict[str, Any]]:
    """A row for each seat of a notebook; one without seat if nothing was run."""
    asked: set[str] = set()
    found: dict[Any, dict[str, str]] = {}
    for cell in _cells(notebook):
        asked |= EXERCISES.keys() & set(_ASKED.findall(_text(cell.get("source"))))
        for exercise, seat, state, tries in _checks(cell):
            words = f"{state} ({tries})" if state == WRONG else state
            found.setdefault(seat, {})[exercise] = words
    asked = asked.union(*found.values())
    lessons = sorted({exercise.partition(".")[0] for exercise in asked})
    if not lessons:
        raise _SkipError("foreign: no exercise of the workshop in it")
    everything = [one for one in EXERCISES if one.partition(".")[0] in lessons]
    for seat, states in sorted(found.items()) or [(None, {})]:
        yield {
            "notebook": name,
            "seat": seat,
            "lesson": ", ".join(lesson.removeprefix("lesson") for lesson in lessons),
            "right": sum(state == RIGHT for state in states.values()),
            "of": len(everything),
            **{one: states.get(one, NOT_RUN) for one in everything},
        }


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
    if progress.skipped:
        lines += ["", "Left out:", *(f"  {reason}" for reason in progress.skipped)]
    return "\n".join(lines)


def _mark(state: str) -> str:
    word, _, tries = state.partition(" (")
    return _MARKS[word] + (f" {tries.rstrip(')')}" if tries else "")


def to_csv(progress: Progress, out: str | Path) -> None:
    """Write the table as CSV; no cell begins as a formula of a spreadsheet does."""
    table = progress.table.copy()
    risky = table["notebook"].str.match(r"[=+\-@\t\r]")
    table["notebook"] = table["notebook"].mask(risky, "'" + table["notebook"])
    table["seat"] = table["seat"].astype("Int64")
    table.to_csv(out, index=False)
