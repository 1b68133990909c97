"""How passes are compiled, where the machine code is kept, and how threads share the groups.

A pass is compiled when it is first called, so that no analysis waits for the passes of others.

The cache is code, so it lies in a folder that only its owner can write: the user's cache folder,
under a name made from omninb's pass sources and Numba's settings. Where that cannot be written, a
private temporary folder serves for the life of the process.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, wraps
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numba
import numpy as np
from filelock import FileLock
from numba.core.dispatcher import Dispatcher

GROUPS = 64
_config: Any = numba.config
_SMALL = 200_000  # touchpoints under which starting threads costs more than it saves
_PASSES: list[tuple[str, Dispatcher, str]] = []


def _fingerprint() -> str:
    sources = sorted(Path(__file__).parent.glob("*.py"))
    parts = [numba.__version__, np.__version__, sys.version, str(_config.BOUNDSCHECK)]
    digest = hashlib.sha256("\n".join(parts).encode())
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _user_cache() -> Path:
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", "~")).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


@lru_cache
def cache_folder() -> Path:
    """The folder of the compiled passes: the user's own, else private and temporary."""
    folder = _user_cache() / "omninb" / f"passes-{_fingerprint()}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        own = not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
        with tempfile.TemporaryFile(dir=folder):
            pass
        if own:
            return folder
    except (OSError, RuntimeError):
        pass
    folder = Path(tempfile.mkdtemp(prefix="omninb-passes-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def compiled(signature: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a pass for the one signature that it is ever called with, without the GIL."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        before = _config.CACHE_DIR
        _config.CACHE_DIR = str(cache_folder())
        try:
            dispatcher = numba.njit(nogil=True, cache=True)(function)
        finally:
            _config.CACHE_DIR = before
        _PASSES.append((function.__name__, dispatcher, signature))
        known = False

        @wraps(function)
        def call(*arguments: object) -> object:
            nonlocal known
            if not known:
                _see_compiled(function.__name__, dispatcher, signature)
                known = True
            return dispatcher(*arguments)

        return call

    return decorate


def _see_compiled(name: str, dispatcher: Dispatcher, signature: str) -> None:
    """See that a pass is compiled, by one process at a time: two at once can spoil the cache."""
    folder = cache_folder()
    done = folder / f"{name}.done"
    if not done.exists():
        with FileLock(folder / "compiling.lock"):
            if not done.exists():
                _say_so()
            dispatcher.compile(signature)
            done.touch()
    # Found in the cache under this very text: a call alone would look for its arguments' types.
    dispatcher.compile(signature)


@lru_cache
def _say_so() -> None:
    """Say once in a process why it takes its time."""
    print("omninb: compiling its passes, once for this version …", file=sys.stderr, flush=True)


helper = numba.njit(nogil=True)
"""A compiled helper: lives in the machine code of the pass that calls it, in the same file."""
inlined = numba.njit(nogil=True, forceinline=True)
"""A helper for the innermost loop."""


def ready() -> None:
    """See that all passes are compiled: before several processes start that would compile them."""
    for source in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        import_module(f"omninb.passes.{source.stem}")
    for one in _PASSES:
        _see_compiled(*one)


def threads() -> int:
    """Threads that passes may use: the processors of this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(task: Callable[..., None], parts: Sequence[tuple[object, ...]]) -> None:
    """Run a task on every part, on as many threads as there are processors."""
    if len(parts) == 1 or threads() == 1:
        for part in parts:
            task(*part)
        return
    with ThreadPoolExecutor(threads()) as pool:
        for future in [pool.submit(task, *part) for part in parts]:
            future.result()


def shares(number: int) -> list[tuple[int, int]]:
    """As many things in equal parts, from the first to before the last, one for each thread."""
    cuts = np.linspace(0, number, threads() + 1).astype(int).tolist()
    return list(pairwise(cuts))


def group_ranges(
    touchpoints_by_group: np.ndarray, parts: int | None = None
) -> list[tuple[int, int]]:
    """Ranges of the 64 groups with about equal numbers of touchpoints, one for each task."""
    total = int(touchpoints_by_group[-1])
    if parts is None:
        parts = 1 if total < _SMALL else threads()
    bounds = np.searchsorted(touchpoints_by_group, np.linspace(0, total, parts + 1)[1:-1])
    edges = np.unique(np.concatenate(([0], bounds, [GROUPS])))
    return [(int(a), int(b)) for a, b in zip(edges[:-1], edges[1:], strict=True)]
