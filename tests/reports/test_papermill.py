"""The notebooks under papermill itself, called as Airflow's PapermillOperator calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest

import omninb as onb
from omninb.reports.catalogue import find_notebook
from omninb.reports.runner import run_notebook
from omninb.views import HEADLINE_MIME
from tests.reports.notebooks import small_notebook, write


def operate(notebook: Path | str, out: Path, **parameters: Any) -> Any:
    """What Airflow's provider 3.13 does of a task, and the notebook that it left."""
    papermill.execute_notebook(
        str(notebook), str(out), parameters=parameters, progress_bar=False, report_mode=True,
        log_output=False, kernel_name=None, language=None, engine_name=None,
    )  # fmt: skip
    return nbformat.read(out, as_version=4)


def headlines(notebook: Any) -> list[dict[str, Any]]:
    bundles = [
        output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])
    ]
    return [record for bundle in bundles for record in bundle.get(HEADLINE_MIME, [])]


def test_a_notebook_gives_the_same_numbers_with_typed_parameters(tmp_path: Path) -> None:
    frame = onb.simulate_retailer(300, seed=1)[0].to_frame().rename(columns={"channel": "source"})
    frame.to_parquet(tmp_path / "log.parquet")
    given = {
        "EVENTS": str(tmp_path / "log.parquet"), "COLUMNS": {"channel": "source"}, "BY": "device",
        "SPLIT_GAP": "30d", "END_AT": "purchase", "MAX_STEPS": 4, "MIN_SHARE": 0.02,
        "LOST_AT": None,
    }  # fmt: skip
    theirs = operate(find_notebook("journey_map"), tmp_path / "out.ipynb", **given)
    (injected,) = [cell for cell in theirs.cells if "injected-parameters" in cell.metadata.tags]
    assert "MAX_STEPS = 4\n" in injected.source and "LOST_AT = None" in injected.source
    run_notebook("journey_map", given, tmp_path / "out")
    ours = nbformat.read(tmp_path / "out" / "journey_map.ipynb", as_version=4)
    assert headlines(theirs) == headlines(ours) != []


# What docs/scheduling.md says of papermill; the day it is otherwise, the page is wrong.


def statuses(notebook: Any) -> list[str]:
    return [cell.metadata.papermill.status for cell in notebook.cells]


def test_limit_a_killed_kernel_leaves_a_notebook_that_says_completed(tmp_path: Path) -> None:
    source = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    path = write(small_notebook(source, "1"), tmp_path / "n.ipynb")
    with pytest.raises(Exception, match="Kernel died"):
        operate(path, tmp_path / "out.ipynb")
    assert set(statuses(nbformat.read(tmp_path / "out.ipynb", as_version=4))) == {"completed"}


def test_limit_a_cell_that_leaves_with_status_0_fails_no_task(tmp_path: Path) -> None:
    path = write(small_notebook("import sys; sys.exit(0)", "1"), tmp_path / "n.ipynb")
    assert statuses(operate(path, tmp_path / "out.ipynb"))[-2:] == ["failed", "pending"]


def test_limit_a_name_is_code_and_an_unknown_one_runs(tmp_path: Path) -> None:
    path = write(small_notebook("print(planted)"), tmp_path / "n.ipynb")
    ran = operate(path, tmp_path / "out.ipynb", **{"planted = 7; BX": 1})
    assert ran.cells[-1].outputs[0].text == "7\n"
    assert ran.metadata.papermill.parameters == {"planted = 7; BX": 1}


def test_limit_an_error_overwrites_the_notebook_of_the_last_run(tmp_path: Path) -> None:
    out = tmp_path / "out.ipynb"
    operate(write(small_notebook("1"), tmp_path / "n.ipynb"), out)
    with pytest.raises(papermill.PapermillExecutionError):
        operate(write(small_notebook("1 / 0"), tmp_path / "n.ipynb"), out)
    assert "ZeroDivisionError" in out.read_text(encoding="utf-8")
