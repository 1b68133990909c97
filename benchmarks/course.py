"""Every lesson of the workshop on many seats, ``make course``.

    python benchmarks/course.py [--seats 20] [--from 0]

On each seat the analyses must find every story that was planted; all masters run top to bottom and
every check must say that the solution is right; all student copies run top to bottom as they are
and every check must say that there is no answer yet; and a planted wrong answer to each exercise
must be called wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from omninb.passes.compiling import ready, threads
from omninb.workshop.case import drawn
from omninb.workshop.checking import CHECK_MIME, RIGHT, UNANSWERED, WRONG
from omninb.workshop.detection import untold
from omninb.workshop.exercises import EXERCISES
from omninb.workshop.lessons import tags

FOLDER = ROOT / "notebooks" / "workshop"
_WRONG = """
import omninb as onb
from omninb.workshop.exercises import EXERCISES
case = onb.workshop_case(seat={seat})
for name, exercise in EXERCISES.items():
    display(onb.check(name, exercise.wrong(case), seat={seat}, case=case))
"""


def lessons(folder: Path) -> dict[str, Any]:
    """The notebooks of a folder by name."""
    return {p.stem: nbformat.read(p, as_version=4) for p in sorted(folder.glob("lesson_*.ipynb"))}


def run(notebook: Any, seat: int, folder: Path, **kernel: Any) -> Any:
    """Execute a notebook on a seat, as Binder or a laptop would: SEAT is its only parameter."""
    for cell in notebook.cells:
        if "parameters" in tags(cell):
            cell.source += f"\nSEAT = {seat}"
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--Application.log_level=40"],
    )
    return client.execute(**kernel)


def states(notebook: Any) -> Iterator[tuple[str, str]]:
    """Exercise and state of every check in the outputs of a notebook."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if told := output.get("data", {}).get(CHECK_MIME):
                yield told["exercise"], told["state"]


def joined(notebooks: Iterable[Any]) -> Any:
    """Notebooks one after the other in one kernel, nothing of one known to the next."""
    whole = nbformat.v4.new_notebook()
    for number, notebook in enumerate(notebooks):
        whole.cells.append(nbformat.v4.new_code_cell("%reset -f"))
        for cell in notebook.cells:
            cell.id = f"{number}-{cell.id}"  # ids are unique in a notebook only
            whole.cells.append(cell)
    return whole


def faults(seat: int, masters: Path = FOLDER / "masters", copies: Path = FOLDER) -> list[str]:
    """What is not as it should be on a seat."""
    wrong = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(_WRONG.format(seat=seat))])
    tried = [
        ("masters", masters, joined(lessons(masters).values()), RIGHT),
        ("copies", copies, joined(lessons(copies).values()), UNANSWERED),
        ("wrong answers", copies, wrong, WRONG),
    ]
    missing = untold(*drawn(seat))
    found = [f"stories that the analyses do not find: {', '.join(missing)}"] * bool(missing)
    for what, folder, notebook, wanted in tried:
        try:
            told = list(states(run(notebook, seat, folder)))
        except CellExecutionError as error:
            found.append(f"{what}: {error}")
            continue
        found += [
            f"{what}: {one} is {state}, not {wanted}" for one, state in told if state != wanted
        ]
        if sorted(one for one, _ in told) != sorted(EXERCISES):
            found.append(f"{what}: {len(told)} checks of {len(EXERCISES)} exercises")
    return [f"seat {seat}, {fault}" for fault in found]


def main() -> None:
    """Print what is wrong on each seat; status 1 if anything is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seats", type=int, default=20)
    parser.add_argument("--from", type=int, default=0, dest="first")
    given = parser.parse_args()
    ready()
    begin, failed = time.perf_counter(), 0
    with ProcessPoolExecutor(threads()) as pool:
        seats = range(given.first, given.first + given.seats)
        for seat, found in zip(seats, pool.map(faults, seats), strict=True):
            failed += bool(found)
            print("\n".join(found) or f"seat {seat}: all right", flush=True)
    seconds = time.perf_counter() - begin
    print(f"{given.seats - failed} of {given.seats} seats all right, {seconds:.0f} s")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
