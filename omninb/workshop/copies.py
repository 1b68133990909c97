"""Student copies of the masters: solutions gone, exercises ready to fill in."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat

from omninb.errors import OmninbError
from omninb.workshop.lessons import SOLUTION, analysts_faults, faults, tags

MASTERS = "masters"


def student_copy(master: Any) -> Any:
    """A master without solutions and outputs; its links lead from one folder higher.

    Parameters
    ----------
    master : NotebookNode
        Not changed.
    """
    copy = deepcopy(master)
    copy.cells = [cell for cell in copy.cells if SOLUTION not in tags(cell)]
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = cell.source.replace("](../", "](")
            cell.pop("attachments", None)
        kept = {name: cell.metadata[name] for name in ("tags", "jupyter") if name in cell.metadata}
        cell.metadata = nbformat.from_dict(kept)
    language = {"name": "python", "file_extension": ".py"}
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    copy.metadata = nbformat.from_dict({"kernelspec": kernel, "language_info": language})
    return copy


def write_copies(folder: Path) -> list[Path]:
    """Write the copies of all masters in ``folder/masters`` to the folder.

    Raises
    ------
    OmninbError
        If there is no master, or one cannot be handed out: an exercise has no solution or no
        check, or a solution can be read elsewhere. The exercises of the analysts' notebooks beside
        the folder are looked at, too; they are not copied.
    """
    texts = _texts(folder)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return list(texts)


def check_copies(folder: Path) -> None:
    """See whether the copies are those of their masters.

    Raises
    ------
    OmninbError
        As of `write_copies`; if a copy is missing or stale, or has no master.
    """
    texts = _texts(folder)
    found = [
        f"{path.name} is {'stale' if path.exists() else 'missing'}"
        for path, text in texts.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    others = sorted(set(folder.glob("lesson_*.ipynb")) - set(texts))
    found += [f"{path.name} has no master" for path in others]
    if found:
        raise OmninbError(f"{'; '.join(found)}. Write them again: omninb workshop copies.")


def _texts(folder: Path) -> dict[Path, str]:
    """Every copy's file with what belongs into it."""
    masters = sorted((folder / MASTERS).glob("*.ipynb"))
    if not masters:
        raise OmninbError(f"{folder / MASTERS}: there is no master, a lesson with its solutions.")
    found, texts = [], {}
    for path in masters:
        master = nbformat.read(path, as_version=4)
        found += [f"{path.name}: {fault}" for fault in faults(master)]
        texts[folder / path.name] = nbformat.writes(student_copy(master)) + "\n"
    for path in sorted(folder.resolve().parent.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        found += [f"{path.name}: {fault}" for fault in analysts_faults(notebook)]
    if found:
        raise OmninbError("; ".join(found) + ".")
    return texts
