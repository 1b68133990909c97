"""The reconciliation of a log that is to be shared leaves small counts out."""

from __future__ import annotations

import pytest
from pooled_logs import rows_of, shared_and_plain

import omninb as onb


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_small_counts_and_differences_are_left_out(seed):
    pair = shared_and_plain(rows_of(seed, 60), 10)
    shared, plain = (onb.reconciliation_table(one, ["view", "ask"]) for one in pair)
    assert (shared[["count", "other_count"]] >= 10).all(axis=None)
    apart = shared["difference"].abs()
    assert ((apart == 0) | (apart >= 10)).all()
    assert (shared.loc[shared["agrees"], "difference"] == 0).all()
    assert 0 < len(shared) <= len(plain)
