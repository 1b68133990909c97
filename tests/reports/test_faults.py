"""Each fault of a run, once; `make faults` repeats them."""

from __future__ import annotations

import os

import pytest

from tests.reports.faults import FAULTS, violations

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals, limits and /proc of Linux")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_leaves_the_earlier_report_its_reason_and_nothing_else(name: str) -> None:
    assert violations(name, seed=4) == []
