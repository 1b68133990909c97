"""The files that a path, a glob or a folder names; nothing that it does not name gets in."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import unquote

from omninb.errors import OmninbError, closest

_MAGIC = re.compile(r"[*?[]")
_NULL = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class File:
    """A file, and the partition keys in the names of its folders (``channel=web``)."""

    path: Path
    keys: dict[str, str | None] = field(default_factory=dict)


def named_files(given: str | os.PathLike[str]) -> list[File]:
    """The files that a path, a glob or a folder names, sorted.

    Parameters
    ----------
    given : path
        A file that exists is never a glob. Of a folder, all files in it and in its folders are
        taken, except those whose names begin with ``.`` or ``_``; folders called ``key=value``
        add columns, and so do those that a glob goes through.

    Returns
    -------
    list of File

    Raises
    ------
    OmninbError
        If there is none, one leads out of the folder by a symbolic link, or the same one is met
        twice.
    """
    text = os.path.expanduser(os.fspath(given))
    if not text:
        raise OmninbError("source is an empty path. Give a file, a glob or a folder ('.' is here).")
    if "\0" in text:
        raise OmninbError(f"source={text!r}: a path holds no NUL character.")
    path = Path(text)
    if path.is_dir():
        base, found = path, list(_inside(path))
    elif path.exists():
        if not path.is_file():
            raise OmninbError(f"{text!r} is no regular file. Save what it gives to a file first.")
        return [File(path.resolve())]
    else:
        base, found = _globbed(text)
    files = [_checked(one, base) for one in sorted(found) if one.is_file()]
    if not files:
        raise _none(text, path)
    refuse_twice(files)
    return files


def refuse_twice(files: list[File]) -> None:
    """Refuse a file that is named twice, for its rows would count twice."""
    seen: set[Path] = set()
    for file in files:
        if file.path in seen:
            raise OmninbError(f"{file.path.name} is named twice: its rows would count twice.")
        seen.add(file.path)


def shortest_names(paths: Iterable[Path]) -> dict[Path, str]:
    """What to call files: each by the end of its path that no other one has.

    Examples
    --------
    >>> names = shortest_names([Path("/log/d=1/p.csv"), Path("/log/d=2/p.csv"), Path("/log/q.csv")])
    >>> list(names.values())
    ['d=1/p.csv', 'd=2/p.csv', 'q.csv']
    """
    names = {path: path.name for path in paths}
    alike, depth = list(names), 1
    while alike:
        ends = {path: "/".join(path.parts[-depth:]) for path in alike}
        names |= ends
        counts = Counter(ends.values())
        alike = [path for path in alike if counts[ends[path]] > 1]
        depth += 1
    return names


def _inside(folder: Path, left_out: str = "._") -> Iterator[Path]:
    """Files in a folder and in its folders; a link to another folder is refused, not followed.

    Names that begin with a character of `left_out` are left out.
    """
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name[0] not in left_out]
        linked = [name for name in folders if Path(root, name).is_symlink()]
        if linked:
            raise _leads_out(Path(root, linked[0]), folder)
        yield from (Path(root, name) for name in names if name[0] not in left_out)


def _globbed(text: str) -> tuple[Path, list[Path]]:
    """The folder in which a glob begins, and what it finds."""
    parts = Path(text).parts
    fixed = next((i for i, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    if ".." in parts[fixed:]:
        raise OmninbError(f"{text!r}: '..' after a wildcard could lead anywhere. Write it before.")
    base = Path(*parts[:fixed])
    if "**" not in parts:
        return base, [Path(one) for one in glob.glob(text)]
    inside = _inside(base, ".")  # glob's own ** goes through links, of which /proc has no end
    return base, [one for one in inside if _fits(one.relative_to(base).parts, parts[fixed:])]


def _fits(names: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether a path fits a glob, part by part; ``**`` stands for any number of folders."""
    if not pattern or not names:
        return not names and set(pattern) <= {"**"}
    if pattern[0] == "**":
        return _fits(names, pattern[1:]) or _fits(names[1:], pattern)
    return fnmatchcase(names[0], pattern[0]) and _fits(names[1:], pattern[1:])


def _checked(found: Path, base: Path) -> File:
    """A file of a folder or a glob, if it lies there; its keys are those below the base."""
    real = found.resolve()
    if not real.is_relative_to(base.resolve()):
        raise _leads_out(found, base)
    folders = found.relative_to(base).parts[:-1] if found.is_relative_to(base) else ()
    pairs = [folder.partition("=") for folder in folders if "=" in folder[1:]]
    keys = {unquote(key): None if value == _NULL else unquote(value) for key, _, value in pairs}
    return File(real, keys)


def _leads_out(found: Path, base: Path) -> OmninbError:
    return OmninbError(
        f"{str(found)!r} is a symbolic link that leads out of {str(base)!r}. If what it leads to "
        "belongs to the log, name it by its own path."
    )


def _none(text: str, path: Path) -> OmninbError:
    if path.is_dir():
        return OmninbError(f"{text!r} is a folder without any file.")
    near = closest(path.name, glob.glob("*", root_dir=path.parent))
    return OmninbError(
        f"There is no file {text!r} (looked from {os.getcwd()!r})."
        + (f" Did you mean {str(path.parent / near)!r}?" if near else "")
    )
