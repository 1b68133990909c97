"""P-values of a family, beside statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

import omninb as onb
from omninb.adjusting import adjusted, smallest


@settings(max_examples=12)  # statsmodels' Holm collects garbage at each call
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_and_benjamini_hochberg_are_those_of_statsmodels(p_values):
    given_, holm = np.array(p_values), multipletests(p_values, method="holm")[1]
    assert adjusted(given_, "holm") == pytest.approx(holm)
    assert adjusted(given_, "bh") == pytest.approx(multipletests(p_values, method="fdr_bh")[1])
    assert smallest(given_) == pytest.approx(holm.min())


def test_what_is_missing_is_no_member_of_the_family():
    assert adjusted(np.array([0.02, np.nan]), "bh").tolist()[0] == 0.02
    assert adjusted(np.array([0.02, 0.5]), None).tolist() == [0.02, 0.5]
    assert np.isnan(smallest(np.array([np.nan])))
    with pytest.raises(onb.OmninbError, match="correction='bonferroni'"):
        adjusted(np.array([0.1]), "bonferroni")
