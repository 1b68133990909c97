"""P-values of a family, beside statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

import omninb as onb
from omninb.adjusting import adjusted, smallest


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_and_benjamini_hochberg_are_those_of_statsmodels(p_values):
    for ours, theirs in (("holm", "holm"), ("bh", "fdr_bh")):
        expected = multipletests(p_values, method=theirs)[1]
        assert adjusted(np.array(p_values), ours) == pytest.approx(expected)
    assert smallest(np.array(p_values)) == pytest.approx(
        multipletests(p_values, method="holm")[1].min()
    )


def test_what_is_missing_is_no_member_of_the_family():
    assert adjusted(np.array([0.02, np.nan]), "bh").tolist()[0] == 0.02
    assert adjusted(np.array([0.02, 0.5]), None).tolist() == [0.02, 0.5]
    assert np.isnan(smallest(np.array([np.nan])))
    with pytest.raises(onb.OmninbError, match="correction='bonferroni'"):
        adjusted(np.array([0.1]), "bonferroni")
