from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

import omninb as onb
from omninb.reports.catalogue import find_notebook, report_notebooks
from omninb.reports.execution import RunError
from omninb.reports.parameters import check_parameters, declared, typed
from omninb.reports.runner import run_notebook
from omninb.reports.suite import run_report
from tests.reports.notebooks import drop_off_notebook, small_notebook, write


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_run_leaves_its_page_notebook_record_and_assets(reports: Path) -> None:
    latest = reports / "latest"
    assert latest.is_symlink() and latest.resolve().parent == (reports / "runs").resolve()
    assert set(contents(latest.resolve())) == {
        "assets/plotly.min.js", "assets/report.css", "assets/report.js", "index.html", "run.json",
        "drop_off.html", "drop_off.ipynb", "small.html", "small.ipynb", "summary.md",
        "tables/drop_off-1-drop-off-by-channel.csv",
    }  # fmt: skip
    assert {path.name for path in reports.iterdir()} == {"runs", "latest"}


def test_the_record_of_a_run(reports: Path) -> None:
    text = (reports / "latest" / "run.json").read_text(encoding="utf-8")
    record = json.loads(text)
    drop_off, small = record["reports"]
    assert record["status"] == "ok" and {"python", "pandas"} <= set(record["versions"])
    assert drop_off["ledger"] == {
        "read": 1_284_906, "used": 1_281_402, "duplicates removed": 2_309, "quarantined": 1_195
    }  # fmt: skip
    assert drop_off["headlines"][0]["value"] == 58.9 and drop_off["parameters"]["BY"] == "device"
    assert small["verdicts"][0]["sentence"] == "By device."
    assert "SECRET-ID" not in text and str(reports.parent) not in text


def test_the_executed_notebook_ran_in_this_interpreter_and_names_no_folder(reports: Path) -> None:
    notebook = nbformat.read(reports / "latest" / "drop_off.ipynb", as_version=4)
    counts = [c.execution_count for c in notebook.cells if c.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert str(reports.parent) not in json.dumps(notebook.metadata)


def test_the_index_tells_the_run(reports: Path) -> None:
    html = (reports / "latest" / "index.html").read_text(encoding="utf-8")
    for text in (
        "Customer journeys, 9–15 March 2026", "2 of 2 reports made", "1,284,906", "rows read",
        'href="drop_off.html"', "Cannot say", "Where do journeys end", "<script",
    ):  # fmt: skip
        assert (text in html) is (text != "<script")


def test_a_number_that_two_reports_state_stands_once_on_the_index(tmp_path: Path) -> None:
    same = "import omninb as onb\nonb.headline('Journeys', 412, None, 'customers', '')"
    paths = [write(small_notebook(same), tmp_path / f"0{i}_{name}.ipynb")
             for i, name in enumerate(("one", "two"))]  # fmt: skip
    html = run_report(paths, tmp_path / "out").read_text(encoding="utf-8")
    section = html.partition("Headline numbers")[2].partition("</section>")[0]
    assert section.count("412") == 1 and html.count("412") == 3


def test_a_second_run_is_kept_beside_the_first_and_a_failed_one_changes_nothing(
    tmp_path: Path,
) -> None:
    good = write(small_notebook("1"), tmp_path / "01_good.ipynb")
    bad = write(small_notebook("raise KeyError('C0001')"), tmp_path / "02_bad.ipynb")
    out = tmp_path / "out"
    run_report([good], out)
    before, target = contents(out), (out / "latest").resolve()
    with pytest.raises(RunError, match="bad: cell 3: KeyError"):
        run_report([bad], out)
    after = contents(out)
    assert (out / "latest").resolve() == target
    assert {name: after[name] for name in before} == before
    failed, log = sorted(set(after) - set(before))
    record = json.loads(after[failed])
    assert failed.endswith("run.json") and record["status"] == "failed" and not record["reports"]
    assert record["error"] == "bad: cell 3: KeyError." and "C0001" not in after[failed].decode()
    assert log.endswith("run.log") and "KeyError: 'C0001'" in after[log].decode()
    assert (out / log).stat().st_mode & 0o077 == 0
    run_report([good], out)
    html = (out / "latest" / "index.html").read_text(encoding="utf-8")
    assert html.count("● ok") == 2 and html.count("✕ failed") == 1


@pytest.mark.parametrize(
    "fault, says",
    [
        ("import sys; sys.exit(0)", "cell 3: SystemExit"),
        ("import os; os._exit(0)", "kernel did not finish"),
        (
            "from IPython.display import display; display({'application/vnd.plotly.v1+json':"
            " {'data': [{'type': 'scattergl'}]}}, raw=True)",
            "no page could be made.*scattergl",
        ),
    ],
)
def test_a_fault_leaves_the_earlier_report_byte_for_byte(
    fault: str, says: str, tmp_path: Path
) -> None:
    (tmp_path / "faulty.html").write_text("the earlier, good one", encoding="utf-8")
    before = contents(tmp_path)
    with pytest.raises(RunError, match=says):
        run_notebook(write_aside(tmp_path, fault), out=tmp_path)
    assert contents(tmp_path) == before


def write_aside(tmp_path: Path, source: str) -> str:
    folder = tmp_path.parent / f"{tmp_path.name}-notebooks"
    folder.mkdir()
    return write(small_notebook(source, "2"), folder / "faulty.ipynb")


def test_a_fault_leaves_no_new_folder(tmp_path: Path) -> None:
    path = write(small_notebook("1 / 0"), tmp_path / "faulty.ipynb")
    with pytest.raises(RunError, match="faulty: cell 3: ZeroDivisionError"):
        run_notebook(path, out=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_one_notebook_alone(tmp_path: Path) -> None:
    source = "import sys, omninb as onb; print(1); onb.verdict('none', sys.executable, '1')"
    path = write(small_notebook(source), tmp_path / "07_alone.ipynb")
    page = run_notebook(path, {"BY": "0123"}, tmp_path / "out")
    assert page == tmp_path / "out" / "alone.html" and "0123" in page.read_text(encoding="utf-8")
    assert json.loads((tmp_path / "out" / "run.json").read_text())["status"] == "ok"
    import sys

    executed = nbformat.read(tmp_path / "out" / "alone.ipynb", as_version=4)
    (shown,) = executed.cells[-1].outputs  # what was printed stays with who ran it
    assert shown.data["application/vnd.omninb.verdict+json"]["sentence"] == sys.executable


def test_parameters_are_checked_before_anything_runs(tmp_path: Path) -> None:
    notebook = small_notebook("1")
    with pytest.raises(onb.OmninbError, match="is not a name"):
        check_parameters(notebook, {"x=1;import os": 1})
    with pytest.raises(onb.OmninbError, match="is not a name"):
        check_parameters(notebook, {"class": 1})
    with pytest.raises(onb.OmninbError, match="Did you mean 'BY'"):
        check_parameters(notebook, {"By": 1})
    with pytest.raises(onb.OmninbError, match="takes None"):
        check_parameters(notebook, {"BY": {"a": object()}})
    with pytest.raises(onb.OmninbError, match="keys must be text"):
        check_parameters(notebook, {"BY": [{1: 2}]})
    with pytest.raises(onb.OmninbError, match="no notebook has"):
        run_report([write(notebook, tmp_path / "01_n.ipynb")], tmp_path / "out", {"BX": 1})
    assert not (tmp_path / "out").exists()


def test_declared_parameters_are_read_as_python_reads_them() -> None:
    known = declared(drop_off_notebook())
    assert list(known) == ["EVENTS", "COLUMNS", "BY", "NAMES", "MIN_CUSTOMERS"]
    assert known["COLUMNS"].default == {} and known["COLUMNS"].help == "role = source column"
    assert declared(nbformat.v4.new_notebook()) == {}


def test_values_keep_the_type_of_the_default() -> None:
    assert typed("X", "true", "text") == "true" and typed("X", "none", None) is None
    assert typed("X", "True", False) is True and typed("X", "3", 1.5) == 3
    assert typed("X", '{"a": 1}', {}) == {"a": 1} and typed("X", "['a']", []) == ["a"]
    for text, default in (("yes", True), ("1.5", 1), ("__import__('os')", []), ("True", 1)):
        with pytest.raises(onb.OmninbError, match="parameter X"):
            typed("X", text, default)


def test_notebooks_are_found_by_name_or_path(tmp_path: Path) -> None:
    with pytest.raises(onb.OmninbError, match="no notebook stands at"):
        find_notebook(tmp_path / "none.ipynb")
    with pytest.raises(onb.OmninbError, match="no notebook is named"):
        find_notebook("nonsense")


@pytest.mark.parametrize("home", ["site/omninb/_notebooks", "site/notebooks"])
def test_notebooks_come_from_the_wheel_or_from_beside_the_package(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / home).mkdir(parents=True)
    for name in ("02_drop_off.ipynb", "01_journey_map.ipynb", "scratch.ipynb"):
        write(small_notebook(), tmp_path / home / name)
    monkeypatch.setattr(onb, "__file__", str(tmp_path / "site" / "omninb" / "__init__.py"))
    assert list(report_notebooks()) == ["journey_map", "drop_off"]
    assert find_notebook("01_journey_map") == find_notebook("journey_map")
    with pytest.raises(onb.OmninbError, match="Did you mean 'drop_off'"):
        find_notebook("dropoff")


def test_a_folder_named_latest_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out" / "latest").mkdir(parents=True)
    with pytest.raises(onb.OmninbError, match="folder of its own"):
        run_report([write(small_notebook("1"), tmp_path / "01_n.ipynb")], tmp_path / "out")


def test_an_explorer_is_skipped_and_no_page_holds_a_widget(tmp_path: Path) -> None:
    notebook = small_notebook('import omninb as onb; onb.verdict("cannot say", "So.", "Of 3.")')
    explorer = new_code_cell("raise RuntimeError('an explorer ran headlessly')")
    explorer.metadata["tags"] = ["explorer", "skip-execution", "nbval-skip"]
    notebook.cells.append(explorer)
    index = run_report([write(notebook, tmp_path / "01_n.ipynb")], tmp_path / "out")
    page = (index.parent / "n.html").read_text(encoding="utf-8")
    assert "So." in page and "RuntimeError" not in page and "widget" not in page
