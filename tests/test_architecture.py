"""The house rules, held against the imports of every module."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import omninb

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "omninb"
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in PACKAGE.rglob("*.py")
    if not {"_data", "_notebooks"} & set(path.parts)
)
# Libraries that only one room may import.
OWNERS = {
    "numba": "omninb/passes/",
    "duckdb": "omninb/events/",
    "plotly": "omninb/figures/",
    "ipywidgets": "omninb/explorers/",
    "anywidget": "omninb/explorers/",
    "papermill": "omninb/reports/",
    "nbconvert": "omninb/reports/",
    "click": "omninb/cli",
}
ANALYSES = {f"omninb/{name}.py" for name in ("transitions", "graphs", "steps", "paths")}
# A log leads on to its journeys, by a method that imports them when it is called.
LEADS_ON = {("omninb/events/log.py", "omninb/journeys.py")}
# A report ships the file plotly.js out of plotly's folder, and draws nothing.
SHIPS_PLOTLY_JS = {"omninb/reports/page.py"}
HEAVY = {
    "numba", "plotly", "networkx", "statsmodels", "scipy", "papermill", "duckdb", "ipywidgets",
}  # fmt: skip


def listed() -> tuple[list[str], list[str]]:
    """The rooms of ARCHITECTURE.md in order, and all modules that it names."""
    rooms, modules = [], []
    for line in (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines():
        if not line.startswith("| `omninb/"):
            continue
        room, inside = (re.findall(r"`([^`]+)`", cell) for cell in line.split("|")[1:3])
        rooms.append(room[0])
        modules += [room[0] + name for name in inside] if inside else [room[0]]
    return rooms, modules


def room_of(module: str, rooms: list[str]) -> str:
    """The room that a module stands in: its folder or itself."""
    return next((r for r in rooms if module == r or (r[-1] == "/" and module.startswith(r))), "")


def imports(source: str) -> list[str]:
    """Dotted names that a module imports, anywhere but for type checking alone."""
    found, waiting = [], [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the room"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        waiting += ast.iter_child_nodes(node)
    return found


def module_of(name: str) -> str:
    """The file behind a dotted name such as ``omninb.events.log.EventLog``."""
    parts = name.split(".")
    while parts:
        path = "/".join(parts)
        for file in (f"{path}.py", f"{path}/__init__.py"):
            if file in MODULES:
                return file
        parts.pop()
    return ""


def breaches(module: str, source: str, rooms: list[str]) -> list[str]:
    """What a module imports that it may not."""
    found, here = [], room_of(module, rooms)
    for name in imports(source):
        library = name.split(".")[0]
        if library != "omninb":
            owner = OWNERS.get(library)
            ships = module in SHIPS_PLOTLY_JS and name == "plotly"
            if owner and not module.startswith(owner) and not ships:
                found.append(f"{module} imports {name}, which belongs to {owner}")
            continue
        target = module_of(name)
        there = room_of(target, rooms)
        if there == here or target == "omninb/__init__.py" or (module, target) in LEADS_ON:
            continue
        if rooms.index(there) > rooms.index(here):
            found.append(f"{module} imports {there}, which stands below it")
        if {here, there} <= ANALYSES:
            found.append(f"{module} imports {there}: analyses do not import each other")
    return found


def test_the_architecture_lists_exactly_the_modules_there_are():
    _, modules = listed()
    assert sorted(modules) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_a_room_imports_only_from_rooms_above_it(module):
    rooms, _ = listed()
    assert breaches(module, (ROOT / module).read_text(encoding="utf-8"), rooms) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("omninb/layout.py", "from omninb.journeys import Journeys"),
        ("omninb/layout.py", "def f():\n    from omninb import views"),
        ("omninb/steps.py", "import omninb.transitions"),
        ("omninb/journeys.py", "import numba"),
        ("omninb/views.py", "from plotly import graph_objects"),
        ("omninb/reports/page.py", "import plotly.graph_objects"),
        ("omninb/transitions.py", "def f():\n    import duckdb"),
    ],
)
def test_a_breach_is_noticed(module, source):
    assert breaches(module, source, listed()[0])


def test_importing_omninb_loads_none_of_the_heavy_libraries():
    code = "import sys, omninb; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    run = [sys.executable, "-c", code]
    loaded = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(loaded.split()) & HEAVY == set()


@pytest.mark.parametrize("name", omninb.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert (getattr(omninb, name).__doc__ or "").strip()
