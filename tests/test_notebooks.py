"""Committed notebooks are executed, short and portable, and strict nbval notices a tampered one."""

from __future__ import annotations

import ast
import json
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MASTERS = sorted((ROOT / "notebooks" / "workshop" / "masters").glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])

SKIPPED = {"skip-execution", "nbval-skip"}  # by nbclient and papermill, and by nbval
ROOTED = re.compile(r"^(?:/|~|[A-Za-z]:[\\/])")
ROOTED_INSIDE = re.compile(r"(?<![\w/:.<])/(?:[\w.-]+/){2,}")
DATA_FILE = re.compile(r"\.(csv|parquet|jsonl?|tsv|gz|zst)$")


def faults(notebook: dict) -> list[str]:
    """What keeps a notebook from being compared, read or moved to another machine."""
    cells = [
        c for c in notebook["cells"] if c["cell_type"] == "code" and "".join(c["source"]).strip()
    ]
    skipped = [c for c in cells if set(c["metadata"].get("tags", [])) & SKIPPED]
    cells = [c for c in cells if c not in skipped]
    sources = ["".join(cell["source"]) for cell in cells]
    found = []
    for cell in skipped:
        if not set(cell["metadata"]["tags"]) >= SKIPPED or cell["outputs"]:
            found.append("an explorer's cell is not skipped by all, or holds an output")
        if "onb.explore_" not in "".join(cell["source"]):
            found.append("a cell that is no explorer is skipped")
    counts = [cell["execution_count"] for cell in cells]
    if not cells or counts != list(range(1, len(cells) + 1)):
        found.append(f"execution counts are {counts}")
    if "widgets" in notebook["metadata"]:
        found.append("widget state is stored")
    if "papermill" in notebook["metadata"] or any("papermill" in c["metadata"] for c in cells):
        found.append("papermill metadata is stored")
    if any("execution" in cell["metadata"] for cell in cells):
        found.append("execution times are stored")
    lengths = [len(source.splitlines()) for source in sources] or [0]
    if max(lengths) > 15 or statistics.median(lengths) > 5:
        found.append(f"code cells have {lengths} lines")
    for cell, source in zip(cells, sources, strict=True):
        found += _source_faults(cell, source, _is_exercise(notebook["cells"], cell))
        if ROOTED_INSIDE.search(_texts(cell)):
            found.append(f"an output names a folder: {ROOTED_INSIDE.search(_texts(cell)).group()}")
    return found


def _source_faults(cell: dict, source: str, exercise: bool) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not exercise:
            found.append(f"{node.name} is defined in the notebook, and belongs in the package")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if ROOTED.match(node.value):
                found.append(f"an absolute path: {node.value!r}")
            if DATA_FILE.search(node.value) and "parameters" not in cell["metadata"].get(
                "tags", []
            ):
                found.append(f"a data path: {node.value!r}")
    return found


def _is_exercise(cells: list[dict], cell: dict) -> bool:
    """Whether a cell is for students, or the last second-level heading above is "Your turn"."""
    if {"exercise", "solution"} & set(cell["metadata"].get("tags", [])):
        return True
    above = cells[: next(i for i, c in enumerate(cells) if c is cell)]
    prose = "\n".join("".join(c["source"]) for c in above if c["cell_type"] == "markdown")
    headings = re.findall(r"^## +(.*)$", prose, re.MULTILINE)
    return bool(headings) and "your turn" in headings[-1].casefold()


def _texts(cell: dict) -> str:
    """All that a reader sees of the outputs; figures are numbers and base64."""
    parts = []
    for output in cell["outputs"]:
        parts.append("".join(output.get("text", "")))
        for mime, data in output.get("data", {}).items():
            if "plotly" not in mime:
                parts.append(
                    data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
                )
    return "\n".join(parts)


def tamper(notebook: dict) -> dict:
    """The notebook with one more character in its first textual output."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if output["output_type"] == "stream":
                output["text"] = "".join(output["text"]).rstrip("\n") + "9\n"
                return notebook
            if "text/plain" in output.get("data", {}):
                output["data"]["text/plain"] = "".join(output["data"]["text/plain"]) + "9"
                return notebook
    raise AssertionError("no output holds text, so nothing can be compared")


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", [*NOTEBOOKS, *MASTERS], ids=lambda path: path.stem)
def test_a_notebook_is_executed_short_and_portable(path):
    assert faults(json.loads(path.read_text(encoding="utf-8"))) == []


@each_notebook
def test_a_tampered_copy_is_noticed(path, tmp_path):
    copy = tmp_path / path.name
    copy.write_text(
        json.dumps(tamper(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8"
    )
    nbval = ["--nbval", "--nbval-current-env", f"--nbval-sanitize-with={ROOT / 'tools/nbval.cfg'}"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-o", "addopts=", "-p", "no:cacheprovider",
         *nbval, str(copy)],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 1 and "1 failed" in run.stdout, run.stdout[-3000:]


def _notebook(source: str = "1 + 1", count: int | None = 1, tags=(), **changes) -> dict:
    cell = {"cell_type": "code", "source": source, "execution_count": count}
    cell["metadata"] = {"tags": list(tags)}
    cell["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": changes.pop("text", "2")}
    ]
    return {"cells": [cell], "metadata": changes}


@pytest.mark.parametrize(
    ("notebook", "said"),
    [
        (_notebook(count=None), "execution counts"),
        (_notebook(count=2), "execution counts"),
        (_notebook(widgets={}), "widget state"),
        (_notebook(papermill={}), "papermill"),
        (_notebook("x = 1\n" * 16), "16"),
        (_notebook("def f():\n    pass"), "belongs in the package"),
        (_notebook("open('/home/ann/x')"), "an absolute path"),
        (_notebook("read('events.csv')"), "a data path"),
        (_notebook(text="at /home/ann/x.py"), "names a folder"),
        (_notebook("onb.explore_funnel(j)", tags=["skip-execution"]), "not skipped by all"),
        (_notebook("1 + 1", tags=SKIPPED), "no explorer is skipped"),
    ],
)
def test_each_fault_is_noticed(notebook, said):
    assert faults(_notebook()) == []
    assert any(said in fault for fault in faults(notebook))
