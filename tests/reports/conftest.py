"""Pages in a browser, and one run of two notebooks that many tests look at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from omninb.reports import run_report
from tests.reports.notebooks import drop_off_notebook, small_notebook, write


@pytest.fixture(scope="session", autouse=True)
def _kernels_find_the_package() -> Iterator[None]:
    """A kernel works in a folder of its own: from a source folder it needs the way to omninb."""
    before = os.environ.get("PYTHONPATH")
    root = str(Path(__file__).resolve().parents[2])
    os.environ["PYTHONPATH"] = os.pathsep.join([root, *([before] if before else [])])
    yield
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


@pytest.fixture
def open_page(browser: Any) -> Iterator[Any]:
    """Open a page with the network off and note everything that it does."""
    contexts = []

    def opened(path: Path, width: int = 1280, height: int = 900, **options: Any) -> SimpleNamespace:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_offline(True)
        contexts.append(context)
        page = context.new_page()
        seen = SimpleNamespace(page=page, requests=[], failed=[], console=[], dialogs=[], errors=[])
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("requestfailed", lambda request: seen.failed.append((request.url, request.failure)))
        page.on("console", lambda message: seen.console.append(message.text))
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.on("dialog", lambda dialog: (seen.dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(path.resolve().as_uri())
        figures = page.locator("script[data-figure]").count()
        if options.get("java_script_enabled", True):
            page.wait_for_function(
                f"document.querySelectorAll('[data-drawn]').length === {figures}", timeout=15_000
            )
        return seen

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report folder after one run of two notebooks."""
    folder = tmp_path_factory.mktemp("suite")
    first = write(drop_off_notebook(), folder / "01_drop_off.ipynb")
    second = write(
        small_notebook('import omninb as onb; onb.verdict("cannot say", f"By {BY}.", "Of 3.")'),
        folder / "02_small.ipynb",
    )
    run_report([first, second], folder / "reports", {"BY": "device"})
    return folder / "reports"
