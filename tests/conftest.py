"""What tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real logs that OMNINB_REAL_DATA names, from the top of the repository."""
    named = os.environ.get("OMNINB_REAL_DATA")
    if not named:
        pytest.skip("OMNINB_REAL_DATA is not set: no real logs to run on")
    return (ROOT / named).resolve()
