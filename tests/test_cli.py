from __future__ import annotations

import re
import shlex
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from omninb.cli import main
from tests.reports.notebooks import drop_off_notebook, small_notebook, write

ROOT = Path(__file__).resolve().parents[1]
LOG = """user,when,"channel, kind",what
a,2024-03-01 10:00:00,web,view
a,2024-03-01 11:00:00,store,purchase
b,2024-03-02 09:00:00,web,view
"""


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "events.csv"
    path.write_text(LOG, encoding="utf-8")
    return path


def test_help_teaches_and_is_quick() -> None:
    shown = subprocess.run(
        [sys.executable, "-c",
         "import sys; from omninb.cli import main\n"
         "try: main(['--help'])\n"
         "except SystemExit: pass\n"
         "print(sorted({'pandas', 'numpy', 'papermill', 'plotly', 'duckdb'} & set(sys.modules)))"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "omninb check events.csv" in shown and shown.endswith("[]\n")
    for command in ("check", "run", "report", "simulate"):
        assert f"omninb {command}" in run(command, "--help").output


def test_check_says_what_is_missing_and_proposes_a_line(log: Path) -> None:
    result = run("check", log)
    assert result.exit_code == 1
    assert "customer_id   missing, and required; perhaps 'user'" in result.output
    assert "--columns customer_id=user,timestamp=when" in result.output
    assert "Traceback" not in result.output


def pasted(line: str) -> Result:
    """The outcome of a line that the command line itself proposed."""
    words = shlex.split(line)
    assert words[0] == "omninb"
    return run(*words[1:])


def proposed(result: Result) -> list[str]:
    return [line.strip() for line in result.output.splitlines() if line.startswith("  omninb ")]


def test_what_check_proposes_leads_to_a_log_that_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "own log.csv"
    path.write_text(
        "user;when;way in;amount\na;01/02/2024 10:00;web;19,90\na;03/02/2024 11:00;store;1,50\n",
        encoding="utf-8",
    )
    line, refused = f"omninb check '{path}' --columns 'channel=way in'", []
    while (result := pasted(line)).exit_code:
        refused.append(line)
        assert set(proposed(result)).isdisjoint(refused), "check goes in circles"
        assert not re.search(r"day_first|timezone=|decimal=|columns=", result.output)
        if "--day-first or --month-first" in result.output:
            assert [one.rpartition(" --")[2] for one in proposed(result)] == [
                "day-first", "month-first",
            ]  # fmt: skip
        line = proposed(result)[0]
    assert len(refused) == 4
    assert proposed(result) == [
        f"omninb run {notebook} --events '{path}' --columns "
        "'customer_id=user,timestamp=when,channel=way in,value=amount' --day-first --decimal , "
        "--timezone Europe/Berlin"
        for notebook in ("start_here", "journey_map")
    ]


@pytest.mark.parametrize(
    "when, unit", [("1709287200", "s"), ("1709287200123", "ms"), ("1709287200123456", "us")]
)
def test_check_proposes_the_unit_that_makes_sense(when: str, unit: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(f"customer_id,timestamp,channel\na,{when},web\n", encoding="utf-8")
    refused = run("check", path)
    assert proposed(refused) == [f"omninb check {path} --time-unit {unit}"]
    assert "--time-unit s, ms, us or ns" in refused.output
    assert pasted(proposed(refused)[0]).exit_code == 0


@pytest.mark.parametrize(
    "columns, says",
    [
        ("customer_id=usr", "--columns customer_id=usr: events.csv has no column 'usr'"),
        ("costumer_id=user", "Did you mean 'customer_id'?"),
        ("user=customer_id", "Write --columns customer_id=user."),
    ],
)
def test_a_mapping_that_does_not_fit_is_put_right(columns: str, says: str, log: Path) -> None:
    result = run("check", log, "--columns", columns, "--timezone", "UTC")
    assert result.exit_code == 1 and says in result.output
    assert "customer_id   missing, and required; perhaps 'user'" in result.output
    if len(proposed(result)) == 1:  # no column is named like a channel in this log
        assert "--timezone UTC" in proposed(result)[0]


@pytest.mark.parametrize("columns", [[], ["--columns", "customer_id=usr"]])
def test_a_wrong_time_zone_is_never_proposed_again(columns: list[str], tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("user,when,channel\na,2024-03-01 10:00,web\n", encoding="utf-8")
    result = run("check", path, *columns, "--timezone", "Europe/Berln")
    assert "--timezone Europe/Berln is not" in result.output
    for _ in range(2):
        (line,) = proposed(result)
        assert line.endswith("--timezone Europe/Berlin")
        result = pasted(line)
    assert result.exit_code == 0
    nowhere = run("check", path, *columns, "--timezone", "Mars/Phobos")
    assert nowhere.exit_code == 1 and not proposed(nowhere)


def test_nothing_is_proposed_where_nothing_is_known(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("a,b,c\n1,2,3\n", encoding="utf-8")
    result = run("check", path)
    assert result.exit_code == 1 and not proposed(result) and "Perhaps" not in result.output


def test_errors_of_a_run_name_options(log: Path, tmp_path: Path) -> None:
    columns = 'customer_id=user,timestamp=when,"channel=channel, kind"'
    result = run("run", "journey_map", "--events", log, "--columns", columns, "--out", tmp_path)
    assert result.exit_code == 1 and "Give --timezone Europe/Berlin" in result.output


def test_help_of_run_lists_the_notebooks_parameters(tmp_path: Path) -> None:
    shown = run("run", "journey_map", "--help").output
    assert "EXIT_AFTER     silence after which" in shown and "[default: 30d]" in shown
    assert "TIMEZONE" not in shown.partition("Parameters of journey_map")[2]  # it has an option
    own = write(small_notebook("1"), tmp_path / "own.ipynb")
    assert "BY" in run("run", "--out", "x", own, "--help").output.partition("Parameters of")[2]
    assert "run NOTEBOOK --help lists" in run("run", "--help").output
    assert "run NOTEBOOK --help lists" in run("run", "nonsense", "--help").output


def test_check_accounts_for_every_row(log: Path) -> None:
    columns = 'customer_id=user,timestamp=when,"channel=channel, kind",event=what'
    result = run("check", log, "--columns", columns, "--timezone", "UTC")
    assert result.exit_code == 0, result.output
    assert "3 rows read = 3 used + 0 duplicates removed + 0 quarantined" in result.output
    assert proposed(result) == [
        f"omninb run {notebook} --events {log} --columns '{columns}' --timezone UTC"
        for notebook in ("start_here", "journey_map")
    ]
    assert run("check", log, "--columns", columns).exit_code == 1  # naive times, no zone


DAY = "2024-03-0%d 10:0%d:00"
WORDS = ["web", "store", "app"]


def test_check_proposes_roles_by_what_columns_hold(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    rows = [f"{DAY % (1 + n % 9, n % 7)},k{n % 13},{WORDS[n % 3]},{n}.50" for n in range(60)]
    path.write_text("\n".join(["f1,f2,f3,f4", *rows, ""]), encoding="utf-8")
    result = run("check", path)
    assert "customer_id   missing, and required; perhaps 'f2' (13 different values in 60)" in (
        result.output
    )
    full = "--columns customer_id=f2,timestamp=f1,channel=f3,value=f4"
    assert proposed(result) == [f"omninb check {path} {full}"]
    assert run("check", path, "--timezone", "UTC").exit_code == 1  # a proposal is never used
    assert pasted(f"{proposed(result)[0]} --timezone UTC").exit_code == 0


def test_check_shows_where_every_line_went(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    good = "a,2024-03-01T10:00:00Z,web\n"
    path.write_text(f"customer_id,timestamp,channel\n{good * 9}\na,b\n", encoding="utf-8")
    refused = run("check", path)
    assert refused.exit_code == 1
    assert "1 of 10 rows (10.0%) are quarantined, more than the 5 % that may be" in refused.output
    assert "1  too few columns (first: log.csv, line 12)" in refused.output
    (line,) = proposed(refused)
    assert line.endswith("--max-quarantined 0.1")
    accepted = pasted(line)
    assert accepted.exit_code == 0
    assert (
        "log.csv: 12 lines = 1 header + 1 blank + 0 continuation + 9 accepted + 1 quarantined"
        in accepted.output
    )
    assert "max_quarantined=" in accepted.output and not proposed(accepted)
    stale = run("check", path, "--max-quarantined", "0.1", "--expect-until", "2024-03-02 12:00")
    assert (
        stale.exit_code == 1 and "--expect-until '2024-03-02 12:00': the log ends" in stale.output
    )
    assert run("check", path, "--max-quarantined", "0.1", "--expect-rows", "21").exit_code == 1
    fewer = run("check", path, "--max-quarantined", "0.1", "--expect-rows", "11")
    assert fewer.exit_code == 0 and "fewer rows than the last time  9.1%" in fewer.output


@pytest.mark.parametrize(
    "columns, says",
    [("user", "no role=column"), ("a=b,a=c", "given twice"), ("=x", "no role=column")],
)
def test_columns_that_cannot_be_read_are_wrong_usage(log: Path, columns: str, says: str) -> None:
    result = run("check", log, "--columns", columns)
    assert result.exit_code == 2 and says in result.output


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    result = run("check", tmp_path / "none.csv")
    assert result.exit_code == 1 and result.output.startswith("omninb: ")
    assert result.output.count("\n") == 1


def test_run_makes_a_page_of_a_log(log: Path, tmp_path: Path) -> None:
    source = (
        "import os; assert os.path.isabs(EVENTS) and COLUMNS['channel'] == 'case:channel, kind'"
    )
    notebook = drop_off_notebook()
    mine = small_notebook(source).cells[2]
    mine["id"] = "mine"
    notebook.cells = [*notebook.cells[:3], mine]
    path = write(notebook, tmp_path / "03_mine.ipynb")
    result = run(
        "run", path, "--events", log, "--columns", 'customer_id=user,"channel=case:channel, kind"',
        "-p", "BY", "0123", "-p", "MIN_CUSTOMERS", "5", "--out", tmp_path / "out",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    page = (tmp_path / "out" / "mine.html").read_text(encoding="utf-8")
    assert str(tmp_path) not in page and "events.csv" in page and "0123" in page
    assert result.output.endswith(f"{tmp_path / 'out' / 'mine.html'}\n")


def test_a_failing_notebook_fails_with_status_1(tmp_path: Path) -> None:
    path = write(small_notebook("1 / 0"), tmp_path / "n.ipynb")
    result = run("run", path, "--out", tmp_path / "out")
    assert result.exit_code == 1 and "cell 3: ZeroDivisionError" in result.output
    assert "Traceback" not in result.output and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["-p", "x=1;import os", "1"], "no such parameter"),
        (["-p", "By", "1"], "Did you mean 'BY'"),
        (["-p", "BY", "1", "-p", "BY", "2"], "given twice"),
        (["--timezone", "UTC"], "no parameter 'TIMEZONE'"),
    ],
)
def test_parameters_that_the_notebook_lacks_are_wrong_usage(
    arguments: list[str], says: str, tmp_path: Path
) -> None:
    path = write(small_notebook("1"), tmp_path / "n.ipynb")
    result = run("run", path, "--out", tmp_path / "out", *arguments)
    assert result.exit_code == 2 and says in result.output
    assert not (tmp_path / "out").exists()
    assert run("run", "nonsense").exit_code == 2


def test_report_runs_the_notebooks_named(tmp_path: Path) -> None:
    path = write(small_notebook("1"), tmp_path / "01_n.ipynb")
    result = run("report", path, "-p", "BY", "device", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "latest" / "index.html").is_file()
    assert run("report", path, "-p", "BX", "1").exit_code == 2


def test_a_simulated_log_can_be_used_as_it_stands(tmp_path: Path) -> None:
    for folder, name in (("a", "events.csv"), ("b", "events.parquet")):
        path = tmp_path / folder / name
        path.parent.mkdir()
        made = run("simulate", "--customers", 30, "--seed", 1, "--out", path)
        assert made.exit_code == 0 and "30 customers" in made.output
        checked = run("check", path)
        assert checked.exit_code == 0
        assert proposed(checked) == [
            f"omninb run {notebook} --events {path}" for notebook in ("start_here", "journey_map")
        ]
        assert proposed(made) == [f"omninb check {path}"]
    assert run("simulate", "--out", tmp_path / "events.xlsx").exit_code == 2


def test_check_leads_through_the_dirty_sample_with_one_question_after_the_other() -> None:
    path = ROOT / "data" / "sample_dirty.csv"
    line, asked = f"omninb check {path}", []
    while (result := pasted(line)).exit_code:
        assert "This log cannot be used yet" in result.output
        line = proposed(result)[0]
        asked.append(line)
    settled = {"--time-unit s", "--day-first", "--timezone Europe/Berlin", "--decimal ,"}
    assert len(asked) == len(settled) and all(option in line for option in settled)
    assert "duplicates removed" in result.output and "the header again" in result.output


def test_check_leaves_open_what_no_column_fits(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("user,when,foo\na,2024-03-01 10:00Z,web\n", encoding="utf-8")
    said = run("check", log).output
    assert f"check {log} --columns 'customer_id=user,timestamp=when,channel=…'" in said


def test_check_steers_no_terminal_and_its_lines_can_be_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["us\x1b[31mer", "when\x07", "so,urce", "it's\u202e"]
    header = ",".join(f'"{name}"' for name in names)
    Path("-x y.csv").write_text(header + "\na,2024-03-01 10:00Z,web,1\n", encoding="utf-8")
    roles = ["customer_id", "timestamp", "channel"]
    line = ",".join(f'"{role}={name}"' for role, name in zip(roles, names, strict=False))
    for columns in ((), ("--columns", line)):
        said = run("check", *columns, "--", "-x y.csv")
        assert not set(said.output) & {"\x1b", "\x07", "\u202e"}
        assert "'so,urce'" in said.output and "./-x y.csv" in said.output
    assert said.exit_code == 0
    (pasted,) = (one for one in said.output.splitlines() if "run start_here" in one)
    words = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {pasted.partition('start_here')[2]}"],
        capture_output=True, check=True, encoding="utf-8", env={"LC_ALL": "C.UTF-8"},
    ).stdout.splitlines()  # fmt: skip
    assert words == ["--events", "./-x y.csv", "--columns", line.replace('"', "", 4)]


def test_warnings_are_told_in_one_line() -> None:
    from omninb.cli_options import Group

    @click.command()
    def warn() -> None:
        warnings.warn("fewer rows", stacklevel=1)

    said = CliRunner().invoke(Group("omninb", [warn]), ["warn"])
    assert said.output == "omninb: fewer rows\n"
