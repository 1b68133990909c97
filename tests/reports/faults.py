"""The fourteen faults of a run, each planted for real in a process of its own.

Each fault begins with a good report, is then planted into a second run, and must leave that report
as it was, byte for byte. ``benchmarks/faults.py`` repeats them.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator

from omninb.reports.publication import writing
from omninb.reports.scratch import scratch
from tests.reports.fault_places import FIRST, GOOD, Place, good_report, place, small_disk

FULL = 2_000_000  # bytes of a disk on which plotly.js alone does not fit
FIGURE = (
    "from IPython.display import display; display({'application/vnd.plotly.v1+json':"
    " {'data': [{'type': 'scattergl'}]}}, raw=True)"
)
FULL_DISK = """
import errno, os, pathlib, omninb.cli
def full(self, content):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
pathlib.Path.write_bytes = full
omninb.cli.main()
"""  # where no small disk can be mounted
BUSY = "import subprocess, time\nsubprocess.Popen(['sleep', '600'])\ntime.sleep(600)"


def in_a_cell(source: str, reason: str, *, suite: str = "") -> Callable[[Place], str]:
    """A fault that a cell makes."""

    def plant(here: Place) -> str:
        assert here.run(source, suite=suite) == 1, here.said
        return reason

    return plant


def timeout(here: Place) -> str:
    """F5: of a notebook or of all, whatever the cell has started."""
    which, says = here.chance.choice(
        [("timeout: 4s", "ended after 4s"), ("timeout_all: 4s", "not done after timeout_all=4s")]
    )
    assert here.run(BUSY, suite=which) == 1, here.said
    return says


def killed(here: Place) -> str:
    """F6: SIGKILL at any moment. The next run writes it down."""
    process = here.start(GOOD)
    time.sleep(here.chance.uniform(0.1, 1.1 * good_report()[2]))
    process.kill()
    process.wait()
    end = time.monotonic() + 10  # a kernel looks for its parent every second
    while here.processes() and time.monotonic() < end:
        time.sleep(0.1)
    return r"killed before it was done|^$"


def stopped(here: Place) -> str:
    """F7: SIGTERM at any moment; asked twice, as impatient systems do."""
    process = here.start(here.chance.choice([GOOD, BUSY]))
    time.sleep(here.chance.uniform(0.1, 1.1 * good_report()[2]))
    process.terminate()
    time.sleep(here.chance.uniform(0, 0.2))
    process.terminate()
    here.said = process.communicate(timeout=60)[0]
    return r"stopped \(SIGTERM\)|^$"


def disk_full(here: Place) -> str:
    """F8: pages that do not fit, on a disk that is small, or that a file takes the last of."""
    if not os.path.ismount(here.out.parent):
        assert here.run(GOOD, module=("-c", FULL_DISK)) == 1, here.said
        return "No space left on device"
    filler = here.out / "filler"
    free = shutil.disk_usage(here.out).free
    filler.write_bytes(bytes(max(free - here.chance.randrange(40_000, FULL), 0)))
    assert here.run(GOOD) == 1, here.said
    assert "No space left on device" in here.said
    filler.unlink()
    return "No space left on device"


def file_limit(here: Place) -> str:
    """F9: no file may grow beyond a limit."""
    limit = here.chance.choice([10_000, 100_000, 1_000_000])
    assert here.run(GOOD, limit=limit) == 1, here.said
    return "File too large"


def two_at_once(here: Place) -> str:
    """F10: the second is refused; the first goes on."""
    first = here.start("import time; time.sleep(600)")
    end = time.monotonic() + 30
    while not list(here.out.glob(".making-*/run.json")) and time.monotonic() < end:
        time.sleep(0.02)
    assert here.run(GOOD) == 1, here.said
    assert first.poll() is None
    first.terminate()
    first.communicate(timeout=60)
    assert first.returncode == 1
    return "another run writes there"


def stale_lock(here: Place) -> str:
    """F11: the lock, stage and link of a process that died stop nobody; its failure is told."""
    process = here.start("import time; time.sleep(600)")
    while not list(here.out.glob(".making-*/run.json")) and process.poll() is None:
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert (here.out / ".writing").exists() and list(here.out.glob(".making-*"))
    (here.out / ".latest-x").symlink_to("runs/x")
    return "killed before it was done"


def replaced(here: Place) -> str:
    """F12: the log is written anew, or replaced, while it is read."""
    log, other = here.home / "log.csv", here.home / "other.csv"
    rows = "".join(f"c{i % 999},2026-01-{1 + i % 28:02d}T10:00:00Z,web\n" for i in range(500_000))
    log.write_text(f"customer_id,timestamp,channel\n{rows}", encoding="utf-8")
    process = here.start(GOOD, suite=f"events: {{file: {log}}}")
    while not list(here.out.glob(".making-*/run.json")) and process.poll() is None:
        time.sleep(0.005)
    how = here.chance.choice(["replaced", "appended"])
    for number in range(400):
        if process.poll() is not None:
            break
        if how == "replaced":
            other.write_text(f"customer_id,timestamp,channel\n{rows[: 300 + number]}\n", "utf-8")
            os.replace(other, log)
        else:
            with log.open("a", encoding="utf-8") as file:
                file.write("c1,2026-01-01T10:00:00Z,web\n")
        time.sleep(0.05)
    here.said = process.communicate(timeout=60)[0]
    assert process.returncode == 1, here.said
    return "event log could not be read"


def same_again(here: Place) -> str:
    """F14: nothing changes where nothing is new; another run of that name is refused."""
    (name,) = here.records()
    before = {p: p.stat().st_mtime_ns for p in here.out.rglob("*")}
    assert here.run(GOOD, *FIRST) == 0, here.said
    assert name == "good"
    assert before == {p: p.stat().st_mtime_ns for p in here.out.rglob("*")}
    other = here.chance.choice([f"{GOOD} ", "1 / 0"])
    assert here.run(other, *FIRST) == 1, here.said
    return "a run of that name stands there|event log could not be read|ZeroDivisionError"


FAULTS: dict[str, tuple[str, Callable[[Place], str]]] = {
    "F1": ("an error in a cell", in_a_cell("raise KeyError('c0')", r"cell 3: KeyError\.$")),
    "F2": ("sys.exit(0) in a cell", in_a_cell("import sys; sys.exit(0)", r"cell 3: SystemExit\.$")),
    "F3": (
        "kernel killed",
        in_a_cell("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "did not finish"),
    ),
    "F4": (
        "memory limit",
        in_a_cell(
            "import resource as r\nr.setrlimit(r.RLIMIT_AS, (2**31, 2**31))\nbytearray(2**32)",
            "MemoryError|did not finish",
        ),
    ),
    "F5": ("timeout", timeout),
    "F6": ("runner killed", killed),
    "F7": ("SIGTERM", stopped),
    "F8": ("disk full", disk_full),
    "F9": ("file-size limit", file_limit),
    "F10": ("two runs at once", two_at_once),
    "F11": ("stale lock", stale_lock),
    "F12": ("input replaced", replaced),
    "F13": ("HTML export fails", in_a_cell(FIGURE, "no page could be made")),
    "F14": ("the same run id again", same_again),
}


def violations(name: str, seed: int) -> list[str]:
    """Plant a fault and list what it left that it must not.

    Parameters
    ----------
    name : str
        F1 to F14.
    seed : int
        For the moments and kinds that are drawn.

    Returns
    -------
    list of str
        Empty if all is as it must be.
    """
    with small_disk() as disk, place(seed, disk if name == "F8" else None) as here:
        good = here.latest()
        assert set(good) >= {"index.html", "run.json", "cell.html", "summary.md"}
        reason = FAULTS[name][1](here)
        return list(_wrong(here, good, reason))


def _wrong(here: Place, good: dict[str, bytes], reason: str) -> Iterator[str]:
    status = here.runs[-1].returncode
    records = here.records()
    ok = [run for run, record in records.items() if record["status"] == "ok"]
    if status == 0 or len(ok) > 1:  # killed after latest was switched: then it is the new one
        if not re.search(r"\^\$", reason) or len(ok) != 2:
            yield f"exit status {status}, good runs {ok}"
    elif here.latest() != good:
        yield "latest is not the earlier report, byte for byte"
    if here.processes():
        yield f"processes left: {here.processes()}"
    _next_run(here)
    errors = [r["error"] for r in here.records().values() if r["status"] == "failed"]
    if not any(re.search(reason, error) for error in errors or [""]):
        yield f"no reason like {reason!r} in {errors}"
    left = {path.name for path in here.out.iterdir()} - {"runs", "latest"}
    left |= {path.name for path in here.temporary.glob("omninb-*")}
    if left:
        yield f"files left: {sorted(left)}"
    halves = [p.name for p in (here.out / "runs").iterdir() if not (p / "run.json").exists()]
    if halves:
        yield f"half runs: {halves}"


def _next_run(here: Place) -> None:
    """What the next run does first, in this process."""
    before, tempfile.tempdir = tempfile.tempdir, str(here.temporary)
    try:
        with scratch(), writing(here.out):
            pass
    finally:
        tempfile.tempdir = before
