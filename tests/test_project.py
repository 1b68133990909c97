"""The files that install omninb say the same, and nothing that only one machine understands."""

from __future__ import annotations

import compileall
import importlib
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import omninb as onb
from tests.conftest import see_browser

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
ENVIRONMENT = (ROOT / "environment.yml").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
CONDA_NAMES = {"duckdb": "python-duckdb", "jupyter-client": "jupyter_client"}


def differences(pyproject: str, environment: str) -> list[str]:
    """Names and ranges that stand in only one of the two files, as conda writes them."""
    project = tomllib.loads(pyproject)["project"]
    wanted = {_range(text) for text in project["dependencies"]}
    stated = {_range(text) for text in _conda(environment) if text != "pip"}
    python = {pair for pair in stated if pair[0] == "python"}
    lowest = [("python", f"{project['requires-python']}") for _, given in python
              if project["requires-python"] not in given.split(",")]  # fmt: skip
    return sorted(f"{name} {given}" for name, given in (wanted ^ (stated - python)) | set(lowest))


def _conda(environment: str) -> list[str]:
    return [d for d in yaml.safe_load(environment)["dependencies"] if isinstance(d, str)]


def _range(text: str) -> tuple[str, str]:
    requirement = Requirement(text)
    parts = sorted(str(part) for part in requirement.specifier)
    return CONDA_NAMES.get(requirement.name, requirement.name), ",".join(parts)


def test_conda_and_pip_install_the_same_ranges():
    assert differences(PYPROJECT, ENVIRONMENT) == []
    assert yaml.safe_load(ENVIRONMENT)["channels"] == ["conda-forge"]
    assert yaml.safe_load(ENVIRONMENT)["dependencies"][-1] == {"pip": ["-e ."]}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("pandas>=3.0", "pandas>=2.0", "pandas <4,>=2.0"),
        ("  - click>=8.1,<9\n", "", "click <9,>=8.1"),
        ("  - pip\n", "  - pip\n  - polars>=1\n", "polars >=1"),
        ("python>=3.11,<3.15", "python>=3.10,<3.15", "python >=3.11"),
    ],
)
def test_a_changed_range_is_noticed(old, new, said):
    changed = ENVIRONMENT.replace(old, new)
    assert changed != ENVIRONMENT
    assert said in differences(PYPROJECT, changed)


def test_the_lock_holds_hashes_and_no_address():
    assert not re.search(r"://|--find-links|--(extra-)?index|^-[fi] | @ |file:", LOCK, re.MULTILINE)
    entries = re.split(r"\n(?=[a-zA-Z0-9])", LOCK.strip())
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_lock_installs_what_the_project_asks_for():
    locked: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)(?:\[.*\])?==([\w.+!]+)", LOCK, re.MULTILINE):
        locked.setdefault(name, []).append(version)
    project = tomllib.loads(PYPROJECT)["project"]
    asked = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    for requirement in map(Requirement, asked):
        if requirement.name != "omninb":
            versions = locked.get(requirement.name, [])
            assert len(versions) == 1, f"{requirement.name}: run `make lock`"
            assert requirement.specifier.contains(versions[0]), f"{requirement}: run `make lock`"


def test_the_entry_points_lead_somewhere():
    project = tomllib.loads(PYPROJECT)["project"]
    points = [
        *project["scripts"].values(),
        *project["entry-points"]["nbconvert.exporters"].values(),
    ]
    for point in points:
        module, name = point.split(":")
        assert callable(getattr(importlib.import_module(module), name))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as file:
        yield file


def test_a_wheel_carries_the_notebooks_the_sample_and_the_page_files(wheel):
    names = wheel.namelist()
    assert "omninb/_data/sample.parquet" in names
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"omninb/_notebooks/{notebook.name}" in names
    for file in (ROOT / "omninb" / "reports").rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            assert file.relative_to(ROOT).as_posix() in names
    assert not [name for name in names if name.startswith(("tests/", "notebooks/", "data/"))]


_COUNT = """
import omninb as onb
from tests.conftest import see_browser
table = onb.transition_table(onb.sample().journeys())
print(onb.__file__, int(table["transitions"].sum()))
"""


def test_an_install_that_nobody_can_write_to_counts_and_stays_as_it_is(wheel, tmp_path):
    site, cache = tmp_path / "site", tmp_path / "cache"
    wheel.extractall(site)
    assert compileall.compile_dir(site, quiet=1)  # as installers do: else Python itself would write
    for path in [site, *site.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    before = _listing(site)  # modes do not stop a superuser from writing

    environment = os.environ | {"PYTHONPATH": str(site)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    (tmp_path / "no folder").touch()
    both = [
        subprocess.Popen(
            [sys.executable, "-c", _COUNT], cwd=tmp_path, env=environment | homes,
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for homes in (
            {"XDG_CACHE_HOME": str(cache)},
            dict.fromkeys(["XDG_CACHE_HOME", "HOME"], str(tmp_path / "no folder")),
        )
    ]  # fmt: skip
    results = [process.communicate(timeout=240) for process in both]
    expected = int(onb.transition_table(onb.sample().journeys())["transitions"].sum())
    for out, error in results:
        assert out.split() == [str(site / "omninb" / "__init__.py"), str(expected)], error
        assert "compiling its passes" in error
    assert list(cache.rglob("*.nbc"))
    assert _listing(site) == before


def _listing(folder):
    stats = {path: path.stat() for path in [folder, *folder.rglob("*")]}
    return {path: (s.st_mtime_ns, s.st_size, s.st_mode) for path, s in stats.items()}


def test_make_lists_every_target_that_it_has():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE).group(1).split())
    described = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    assert described == phony
    assert ".DEFAULT_GOAL := help" in makefile


def test_without_a_browser_ci_fails_and_others_skip(monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="CI must see the pages"):
        see_browser("/nowhere/chromium")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="install Debian's chromium"):
        see_browser("/nowhere/chromium")
