"""Where a fault is planted: a folder with a good report, and all that runs started there."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.reports.notebooks import small_notebook, write

ROOT = Path(__file__).resolve().parents[2]
FIRST = ("--run-id", "good", "--as-of", "2026-03-09 06:00:00")
GOOD = "import omninb as onb; onb.verdict('none', 'Nothing.', 'Of 3.')"


@dataclass
class Place:
    """A folder for one fault, its report folder and the processes started there."""

    home: Path
    out: Path
    chance: random.Random
    second: int = 0
    said: str = ""
    runs: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def temporary(self) -> Path:
        """Where runs keep what is private: this very name marks their kernels, too."""
        return self.home / "tmp"

    def start(
        self,
        source: str,
        *options: str,
        limit: int | None = None,
        suite: str = "",
        module: Sequence[str] = ("-m", "omninb"),
    ) -> subprocess.Popen[str]:
        """Start a run of a notebook of one cell."""
        cells = small_notebook(source)
        cells.cells[1].source += "\nEVENTS: str = None  # a log"
        asked = notebook = write(cells, self.home / "01_cell.ipynb")
        if suite:
            file = self.home / "suite.yaml"
            file.write_text(f"notebooks: [{{notebook: {notebook}}}]\n{suite}", encoding="utf-8")
            asked = str(file)
        if "--as-of" not in options:
            self.second += 1  # runs of one second would share a name
            options = (*options, "--as-of", f"2026-03-09 06:00:{self.second % 60:02d}")
        self.temporary.mkdir(exist_ok=True)
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        process = subprocess.Popen(
            [sys.executable, *module, "report", asked, "--out", str(self.out), *options],
            env=os.environ | {"TMPDIR": str(self.temporary), "PYTHONPATH": paths},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.home,
            preexec_fn=limit and (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit,) * 2)),
        )  # fmt: skip
        self.runs.append(process)
        return process

    def run(self, source: str, *options: str, **how: Any) -> int:
        """A run to its end; its exit status."""
        process = self.start(source, *options, **how)
        self.said = process.communicate(timeout=120)[0]
        return process.returncode

    def records(self) -> dict[str, dict]:
        """The records of all runs, by their names."""
        found = sorted((self.out / "runs").glob("*/run.json"))
        return {path.parent.name: json.loads(path.read_text("utf-8")) for path in found}

    def latest(self) -> dict[str, bytes]:
        """What ``latest`` shows, byte for byte; nothing if it is absent."""
        shown = self.out / "latest"
        if not shown.is_symlink():
            return {}
        files = [path for path in shown.resolve(strict=True).rglob("*") if path.is_file()]
        return {str(path.relative_to(shown.resolve())): path.read_bytes() for path in files}

    def processes(self) -> list[int]:
        """Processes that were started by runs of this place and still run."""
        mark = str(self.temporary).encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                texts = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
                state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if mark in texts and state != "Z":
                found.append(int(process.name))
        return found


@cache
def good_report() -> tuple[tempfile.TemporaryDirectory[str], Path, float]:
    """A report folder after one good run, made once, gone with the process; the seconds it took."""
    kept = tempfile.TemporaryDirectory(prefix="fault-")
    home = Path(kept.name)
    here = Place(home, home / "out", random.Random(0))
    began = time.monotonic()
    assert here.run(GOOD, *FIRST) == 0, here.said
    return kept, here.out, time.monotonic() - began


@contextmanager
def place(seed: int, disk: Path | None) -> Iterator[Place]:
    """A place with a good report; whatever runs there is ended with it."""
    home = Path(tempfile.mkdtemp(prefix="fault-"))
    here = Place(home, (disk or home) / "out", random.Random(seed))
    shutil.copytree(good_report()[1], here.out, symlinks=True)
    try:
        yield here
    finally:
        for process in here.runs:
            if process.poll() is None:
                process.kill()
                process.wait()
        for left in here.processes():
            os.kill(left, signal.SIGKILL)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def small_disk() -> Iterator[Path | None]:
    """A disk that is soon full; None where none may be mounted."""
    folder = tempfile.mkdtemp(prefix="disk-")
    size = "size=20m"
    asked = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder]
    mounted = os.geteuid() == 0 and not subprocess.run(asked, capture_output=True).returncode
    try:
        yield Path(folder) if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=True)
        os.rmdir(folder)
