"""What tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile(
    "omninb", deadline=None, max_examples=40, derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("omninb")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real logs that OMNINB_REAL_DATA names, from the top of the repository."""
    named = os.environ.get("OMNINB_REAL_DATA")
    if not named:
        pytest.skip("OMNINB_REAL_DATA is not set: no real logs to run on")
    return (ROOT / named).resolve()
