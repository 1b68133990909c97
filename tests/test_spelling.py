"""Calls as they are copied: what they spell gives the same values again."""

from __future__ import annotations

import numpy as np
import pytest

from omninb.spelling import UnspellableError, spelled


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.str_("web"), "'web'"),
        ([*np.array(["a", "b"])], "['a', 'b']"),
        ({"device": {"mobile", "desktop"}}, "{'device': ['desktop', 'mobile']}"),
        (frozenset({"a"}), "['a']"),
        (np.int64(3), "3"),
        (np.float64(0.5), "0.5"),
        (np.datetime64("2025-01-01T10:00:00.000000000"), "'2025-01-01T10:00:00'"),
    ],
)
def test_values_of_numpy_and_sets_are_spelled_in_plain_python(value: object, text: str) -> None:
    assert spelled(value) == text


@pytest.mark.parametrize("value", [np.arange(3), np.timedelta64(1, "D"), object()])
def test_what_no_line_gives_again_is_refused(value: object) -> None:
    with pytest.raises(UnspellableError, match=type(value).__name__):
        spelled(value)
