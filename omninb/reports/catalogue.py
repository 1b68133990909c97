"""Which notebooks there are, and where: beside the repository, or inside an installed package."""

from __future__ import annotations

import re
from pathlib import Path

import omninb
from omninb.errors import OmninbError, nearest

_NUMBERED = re.compile(r"(\d+)_(\w+)\.ipynb")
_ODD = re.compile(r"[^a-z0-9_-]+")


def report_notebooks() -> dict[str, Path]:
    """The notebooks that make reports, by name, in their order: files named ``NN_name.ipynb``."""
    package = Path(omninb.__file__).resolve().parent
    for folder in (package / "_notebooks", package.parent / "notebooks"):
        found = sorted(p for p in folder.glob("*.ipynb") if _NUMBERED.fullmatch(p.name))
        if found:
            return {short_name(path): path for path in found}
    return {}


def short_name(path: Path) -> str:
    """The name of a notebook's page: ``journey_map`` for ``01_journey_map.ipynb``.

    It is fit for a file and a link: small Latin letters, digits, _ and - alone.

    Raises
    ------
    OmninbError
        If nothing remains of the name, or that of the page above all others.

    Examples
    --------
    >>> short_name(Path("My analysis #3.ipynb"))
    'my-analysis-3'
    """
    numbered = _NUMBERED.fullmatch(path.name)
    stem = numbered.group(2) if numbered else path.stem
    name = _ODD.sub("-", stem.casefold()).lstrip("_-")[:61].rstrip("-")
    if name in {"", "index"}:
        raise OmninbError(
            f"{path.name}: no page can be named after it. Rename it, or give it a name: in a suite."
        )
    return name


def find_notebook(name_or_path: str | Path) -> Path:
    """The notebook of that name, or at that path.

    Raises
    ------
    OmninbError
        If there is none, with the nearest name.
    """
    text = str(name_or_path)
    if text.endswith(".ipynb"):
        path = Path(text)
        if path.is_file():
            return path.resolve()
        raise OmninbError(f"no notebook stands at {text}.")
    known = report_notebooks()
    by_stem = {path.stem: path for path in known.values()}
    found = known.get(text) or by_stem.get(text)
    if found is None:
        raise OmninbError(f"no notebook is named {text!r}.{nearest(text, known)}")
    return found
