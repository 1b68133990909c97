"""A report folder: one writer at a time, runs that are whole or absent, and the switch of latest.

``runs/<id>/`` is made under another name and renamed when its ``run.json``, the last file, is
written; ``latest`` is a link renamed over the one before. A process that dies anywhere in between
leaves the last good report as it was, and a half one under a name that the next run removes.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from omninb.errors import OmninbError
from omninb.reports.execution import RunError
from omninb.reports.records import SCHEMA, all_runs, record_of

_MAKING, _LOCK = ".making-", ".writing"


class BusyError(RunError):
    """Another run writes to the folder."""


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """The folder, to which nobody else writes meanwhile; what a dead run left there is removed.

    Raises
    ------
    OmninbError
        If it cannot be written.
    BusyError
        If another run writes to it.
    """
    made = not folder.exists()
    latest = folder / "latest"
    if latest.exists() and not latest.is_symlink():
        raise OmninbError(f"{latest} is a folder of its own; omninb keeps a link there. Move it.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK, timeout=0)
        lock.acquire()
    except Timeout:
        said = "another run writes there. Wait for it."
        raise BusyError(f"out={str(folder)!r}: {said}", said) from None
    except OSError as error:
        raise OmninbError(f"out={str(folder)!r} cannot be written: {error.strerror}.") from None
    try:
        _sweep(folder)
        yield folder
    finally:
        with suppress(OSError):
            (folder / _LOCK).unlink()  # while it is held: who waited opens a new one
        lock.release()
        if made and not any(folder.iterdir()):
            folder.rmdir()


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """A temporary folder inside ``folder``, gone afterwards: what is made there is only renamed."""
    stage = Path(tempfile.mkdtemp(prefix=_MAKING, dir=folder))
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove what a run left that was killed, and write down that it was; only in the lock."""
    for left in folder.glob(f"{_MAKING}*"):
        record = record_of(left)
        shutil.rmtree(left, ignore_errors=True)
        if record is not None and record["status"] != "failed":
            with suppress(OSError), staging(folder) as stage:
                write_record(stage, failed(record, "the run was killed before it was done."))
                keep(stage, folder, record["run"])
    for link in folder.glob(".latest-*"):
        link.unlink(missing_ok=True)


def failed(record: Mapping[str, Any], error: str) -> dict[str, Any]:
    """The record of a run that published nothing."""
    return {**record, "status": "failed", "error": error, "reports": []}


def write_record(stage: Path, record: Mapping[str, Any]) -> None:
    """run.json, for machines and for the index of later runs; written through to the disk."""
    known = {**record, "schema": SCHEMA}
    text = json.dumps(known, ensure_ascii=False, indent=2, sort_keys=True)
    # A file name that is no UTF-8 holds surrogates: as a backslash and digits they are JSON's too.
    with (stage / "run.json").open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def move_into_place(stage: Path, folder: Path) -> None:
    """Move what was made into ``folder``, each file at once and the pages last."""
    made = sorted(
        (p for p in stage.rglob("*") if p.is_file()), key=lambda p: (p.suffix == ".html", str(p))
    )
    for source in made:
        target = folder / source.relative_to(stage)
        target.parent.mkdir(exist_ok=True)
        os.replace(source, target)


def keep(stage: Path, folder: Path, run: str) -> Path:
    """Give a finished stage its name under ``runs/``, in the place of a failed run of that name.

    Nothing but a failed run is ever replaced: where anything else has the name, it gets a number.
    """
    runs = folder / "runs"
    runs.mkdir(exist_ok=True)
    stage.chmod(0o755)  # mkdtemp makes private folders; a report is there to be read
    target, again = runs / run, 1
    while target.exists() and (record_of(target) or {}).get("status") != "failed":
        again += 1
        target = runs / f"{run}-{again}"
    if target.exists():
        gone = stage.with_name(f"{_MAKING}gone-{target.name}")
        os.rename(target, gone)
        os.rename(stage, target)
        shutil.rmtree(gone, ignore_errors=True)
    else:
        os.rename(stage, target)
    return target


def switch(folder: Path, run: str) -> None:
    """Point ``latest`` at a run: a new link renamed over the old, so there is always one."""
    new = folder / f".latest-{run}"
    new.unlink(missing_ok=True)
    new.symlink_to(Path("runs") / run)
    os.replace(new, folder / "latest")


def shown(folder: Path) -> str:
    """The name of the run that ``latest`` shows; empty where there is none."""
    try:
        return os.path.basename(os.readlink(folder / "latest"))
    except OSError:
        return ""


def show(folder: Path, run: str, as_of: str) -> None:
    """Let ``latest`` show a run, unless it shows one of a later moment: a past day made up for."""
    now = record_of(folder / "latest")
    if now is None or now["as_of"] <= as_of:
        switch(folder, run)


def remove_old(folder: Path, kept: int, made: str) -> None:
    """Remove the oldest good runs beyond so many, and the oldest failed ones beyond as many.

    Never the one that ``latest`` shows, nor the one that was just made.
    """
    spared = {shown(folder), made}
    runs = all_runs(folder)
    for good in (True, False):
        names = [run["run"] for run in runs if (run["status"] == "ok") is good]
        for name in names[:-kept]:
            if name not in spared:
                shutil.rmtree(folder / "runs" / name, ignore_errors=True)
