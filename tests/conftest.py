"""What tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile(
    "omninb", deadline=None, max_examples=40, derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("omninb")

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real logs that OMNINB_REAL_DATA names, from the top of the repository."""
    named = os.environ.get("OMNINB_REAL_DATA")
    if not named:
        pytest.skip("OMNINB_REAL_DATA is not set: no real logs to run on")
    return (ROOT / named).resolve()


def see_browser(path: str) -> None:
    """Without a browser, tests of pages fail in CI and are skipped elsewhere."""
    if not Path(path).exists():
        if os.environ.get("CI"):
            pytest.fail(f"{path} is missing, and CI must see the pages")
        pytest.skip(f"{path} is missing: install Debian's chromium")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    see_browser(CHROMIUM)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()
