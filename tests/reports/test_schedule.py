"""The crontab line: what is refused, what Debian's crontab says to it, and cron running it."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from omninb.cli import main
from omninb.errors import OmninbError
from omninb.reports.publication import record_of
from omninb.reports.schedules import crontab_line
from tests.reports.notebooks import small_notebook, write

ROOT = Path(__file__).resolve().parents[2]
DAEMON = "/usr/sbin/cron"
LOG = """customer_id,timestamp,channel
a,2024-03-01T10:00:00Z,web
a,2024-03-01T11:00:00Z,store
b,2024-03-02T09:00:00Z,web
"""
SUITE = """
title: Weekly
events: {file: log.csv}
notebooks: [n.ipynb]
on_success: [./heard.sh]
"""


@pytest.fixture(scope="module")
def cron() -> str:
    """Debian's cron, which only root can start."""
    missing = not Path(DAEMON).exists() or os.geteuid() != 0
    if missing and os.environ.get("CI"):
        pytest.fail(f"{DAEMON} is missing or not ours to start, and CI must see it run the line")
    if missing:
        pytest.skip(
            f"{DAEMON} is missing (install Debian's cron), or these tests do not run as root"
        )
    return DAEMON


@pytest.fixture
def weekly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite of one notebook on three touchpoints, in a folder that shells and cron stumble on."""
    folder = tmp_path / "5 % of é's"
    folder.mkdir()
    monkeypatch.chdir(folder)
    notebook = small_notebook(
        "import omninb as onb; log = onb.read_events(EVENTS)",
        'onb.headline("Touchpoints", len(log), None, 3, "")',
    )
    notebook.cells[1].source = "EVENTS: str | None = None  # the log"
    write(notebook, folder / "n.ipynb")
    write(small_notebook("1 / 0"), folder / "broken.ipynb")
    Path("log.csv").write_text(LOG, encoding="utf-8")
    Path("suite.yaml").write_text(SUITE, encoding="utf-8")
    Path("broken.yaml").write_text("notebooks: [broken.ipynb]", encoding="utf-8")
    Path("heard.sh").write_text('#!/bin/sh\nenv > heard.txt\necho "RUN=$1" >> heard.txt\n')
    Path("heard.sh").chmod(0o755)
    return folder


def schedule(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["schedule", *arguments])


@pytest.fixture
def crontab() -> Iterator[Path]:
    """A file that cron reads beside everybody's, gone afterwards whatever happens."""
    path = Path("/etc/cron.d") / f"omninb-test-{os.getpid()}"
    path.parent.mkdir(exist_ok=True)
    yield path
    path.unlink(missing_ok=True)


def run_by(daemon: str, finished: list[Path], seconds: float) -> None:
    """Let cron run until files are there; where one runs already, that does it."""
    running, deadline = None, time.monotonic() + seconds
    try:
        while not all(path.exists() and path.read_text() for path in finished):
            if time.monotonic() > deadline:
                break
            if running is None or running.poll() is not None:
                running = subprocess.Popen(
                    [daemon, "-f"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
            time.sleep(0.5)
    finally:
        if running is not None:
            running.terminate()
            running.wait()


def way_to_omninb() -> dict[str, str]:
    """What a process needs beside the interpreter; nothing where omninb is installed from here."""
    asked = [sys.executable, "-c", "import omninb; print(omninb.__file__)"]
    said = subprocess.run(asked, env={}, cwd="/", capture_output=True, text=True, check=False)
    here = said.stdout.strip() == str(ROOT / "omninb" / "__init__.py")
    return {} if here else {"PYTHONPATH": str(ROOT)}


def test_cron_runs_the_line_in_its_bare_environment(
    cron: str, crontab: Path, weekly: Path, tmp_path: Path
) -> None:
    way, lines, statuses = way_to_omninb(), [], []
    when = time.strftime("%M %H * * *", time.localtime(time.time() + 75))  # once, and soon
    for name in ("suite", "broken"):
        printed = schedule(f"{name}.yaml", "--cron", when, "--out", f"{name} out")
        assert printed.exit_code == 0 and printed.output.count("\n") == 1, printed.output
        assert printed.output.startswith(f"{when} ")
        command = printed.output.removeprefix(f"{when} ").rstrip("\n")
        statuses.append(tmp_path / name)
        # Of this file a line names its user; its status goes where the test can see it.
        lines.append(f"{when} root {command}; echo $? > {statuses[-1]}\n")
    crontab.write_text("".join([*(f"{k}={v}\n" for k, v in way.items()), *lines]), "utf-8")
    crontab.chmod(0o644)
    run_by(cron, statuses, seconds=150)
    crontab.unlink()

    said = {folder: weekly / folder / "schedule.log" for folder in ("suite out", "broken out")}
    texts = {name: p.read_text("utf-8") if p.exists() else "" for name, p in said.items()}
    assert [p.read_text() for p in statuses if p.exists()] == ["0\n", "1\n"], texts
    assert {path.stat().st_mode & 0o777 for path in said.values()} == {0o600}

    latest = weekly / "suite out" / "latest"
    record = record_of(latest)
    assert (latest / "index.html").is_file() and record and record["status"] == "ok"
    assert record["reports"][0]["headlines"][0]["value"] == 3
    assert f"{latest}/index.html" in texts["suite out"]
    heard = dict(row.split("=", 1) for row in Path("heard.txt").read_text("utf-8").splitlines())
    assert heard["PATH"] == "/usr/bin:/bin" and heard["SHELL"] == "/bin/sh"
    assert heard["RUN"] == str(latest.resolve()) and not {"CI", "VIRTUAL_ENV"} & set(heard)
    assert heard.get("PYTHONPATH") == way.get("PYTHONPATH")

    assert not (weekly / "broken out" / "latest").exists()
    assert "cell 3: ZeroDivisionError" in texts["broken out"]


PARTS = (
    "* 0 1 7 8 12 13 23 24 31 32 59 60 007 61 */1 */2 */0 */99 5/2 1-5 1-5/2 5-1 5-5 0-7 1- -1 "
    "1--2 *-5 **/2 1_0 ٣ jan dec JAN feb-apr sun SAT mon-fri fri-sun jan-3 sat-mon janu mon/2 ? L "
    "1# @"
).split(" ")  # fmt: skip
# What crontab takes although it then never runs, or not as it is written.
NEVER, OTHERWISE = {"5-1", "fri-sun", "sat-mon"}, {"*/99", "*-5", "**/2", "1_0", "1#"}


def test_what_we_take_debians_crontab_takes_and_nearly_the_other_way_round(
    cron: str, tmp_path: Path
) -> None:
    (suite := tmp_path / "suite.yaml").write_text("notebooks: [start_here]", encoding="utf-8")
    file, only_cron, taken = tmp_path / "crontab", set(), 0
    for place, part in itertools.product(range(5), PARTS):
        fields = ["*"] * 5
        fields[place] = part
        file.write_text(f"{' '.join(fields)} true\n", encoding="utf-8")
        theirs = subprocess.run(["crontab", "-n", file], capture_output=True).returncode == 0
        try:
            crontab_line(str(suite), " ".join(fields), str(tmp_path / "out"))
            ours = True
        except OmninbError:
            ours = False
        assert theirs or not ours, fields
        taken += ours
        only_cron |= {part} if theirs and not ours else set()
    assert taken > 70
    assert only_cron <= NEVER | OTHERWISE, only_cron


def test_the_longest_command_is_that_of_debians_cron(cron: str, tmp_path: Path) -> None:
    from omninb.reports.schedules import _LONGEST

    file, taken = tmp_path / "crontab", []
    for length in (_LONGEST, _LONGEST + 1):
        file.write_text(f"* * * * * {'a' * length}\n")
        taken.append(subprocess.run(["crontab", "-n", file], capture_output=True).returncode == 0)
    assert taken == [True, False]


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["suite.yaml", "--cron", "0 6 * *"], "five fields"),
        (["suite.yaml", "--cron", "@weekly"], "five fields"),
        (["suite.yaml", "--cron", "0 6 * * 1\n* * * * * evil"], "five fields"),
        (["suite.yaml", "--cron", "0 25 * * 1"], "hour is '25'"),
        (["suite.yaml", "--cron", "0 6 * * fri-sun"], "weekday is 'fri-sun'"),
        (["suite.yaml", "--cron", "mon 6 * * 1"], "minute is 'mon'"),
        (["suit.yaml", "--cron", "0 6 * * 1"], "suit.yaml is not there"),
        (["suite.yaml"], "Missing option '--cron'"),
        (["suite.yaml", "--cron", "0 6 * * 1", "--out", "log.csv"], "log.csv' is a file"),
        (["suite.yaml", "--cron", "0 6 * * 1", "--out", "a\nb"], "no path with a line break"),
        (["suite.yaml", "--cron", "0 6 * * 1", "--out", "a\\%b"], "or backslash"),
        (["suite.yaml", "--cron", "0 6 * * 1", "--out", "é" * 120], "more than 998 bytes"),
        (["wrong.yaml", "--cron", "0 6 * * 1"], "Did you mean 'notebooks'"),
        (["lost.yaml", "--cron", "0 6 * * 1"], "no notebook is named 'start_her'"),
        (["misspelt.yaml", "--cron", "0 6 * * 1"], "no parameter 'BX'"),
    ],
)
def test_what_would_fail_by_night_is_refused_now(
    arguments: list[str], says: str, weekly: Path
) -> None:
    Path("wrong.yaml").write_text("notebook: [n.ipynb]")
    Path("lost.yaml").write_text("notebooks: [start_her]")
    Path("misspelt.yaml").write_text("notebooks: [{notebook: n.ipynb, parameters: {BX: 1}}]")
    before = sorted(os.listdir())
    result = schedule(*arguments)
    assert result.exit_code == 2 and says in result.output, result.output
    assert sorted(os.listdir()) == before
