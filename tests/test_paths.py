"""Paths: by hand, by plain loops, and their properties."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import log_of, random_rows
from naive import naive_journeys, naive_paths
from real_logs import by_either_role, by_sql, on_real_logs, real_journeys, real_rows
from test_journeys import RULES, known, naive_rules
from test_transitions import by_hand

import omninb as onb
from omninb.anchors import Reading
from omninb.paths import PathReader, PathTally


def paths_of(table):
    return {r.path: (r.journeys, r.customers, r.settled, r.converted) for r in table.itertuples()}


def test_counted_by_hand():
    table = onb.path_table(by_hand().journeys(end_at="purchase"))
    assert paths_of(table) == {
        "web → web → store": (1, 1, 1, 1),
        "web → chat": (1, 1, 1, 0),
        "web": (1, 1, 0, 0),
    }
    assert table.attrs["paths"] == 3
    rate = table.set_index("path")["conversion_rate"]
    assert rate["web → web → store"] == 1 and np.isnan(rate["web"])


def test_cut_collapsed_and_anchored_by_hand():
    journeys = by_hand().journeys(end_at="purchase")
    assert "web → store" in set(onb.path_table(journeys, collapse_repeats=True)["path"])
    cut = onb.path_table(journeys, max_steps=1)
    assert paths_of(cut) == {"web → (beyond)": (2, 2, 2, 1), "web": (1, 1, 0, 0)}
    before = onb.path_table(journeys, anchor="purchase", direction="before", max_steps=2)
    assert before["path"].tolist() == ["(beyond) → web → store"]
    assert before.attrs["journeys_read"] == 1


@given(random_rows(), RULES, st.booleans())
def test_counts_are_what_plain_loops_find(rows, rules, collapse):
    rules = known(rows, rules)
    expected, settled_until = naive_journeys(rows, **naive_rules(rules))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        table = onb.path_table(log_of(rows).journeys(**rules), top=100, collapse_repeats=collapse)
    assert paths_of(table) == naive_paths(expected, settled_until, collapse)
    assert table["share"].sum() == pytest.approx(1)
    assert table["journeys"].is_monotonic_decreasing


@given(
    random_rows(distinct_times=True),
    RULES,
    st.randoms(),
    st.booleans(),
    st.integers(1, 4) | st.none(),
)
def test_permuting_rows_changes_nothing(rows, rules, random, collapse, max_steps):
    tables = []
    for order in (rows, random.sample(rows, len(rows))):
        journeys = log_of(order).journeys(**known(rows, rules))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            tables.append(onb.path_table(journeys, collapse_repeats=collapse, max_steps=max_steps))
    pd.testing.assert_frame_equal(*tables)
    assert tables[0].attrs == tables[1].attrs


@given(random_rows(), random_rows())
def test_parts_add_up_to_the_whole(a, b):
    b = [(f"other {c}", *rest) for c, *rest in b]
    period = {"observed_from": "2025-01-01", "observed_until": "2025-07-01"}
    parts = []
    for rows in (a, b, a + b):
        journeys = log_of(rows).journeys(**period)
        codes, labels = journeys.columns.codes("channel")
        reader = PathReader(journeys, codes, labels, Reading.of(journeys, None, "after"), False, 99)
        parts.append(PathTally.of(reader, "channel", reader.hashes()))
    both = parts[0] + parts[1]
    assert both.facts == parts[2].facts
    added, whole = (
        dict(zip(map(tuple, t.hashes.tolist()), t.counts.tolist(), strict=True))
        for t in (both, parts[2])
    )
    assert added == whole
    assert both.top(9)[1] == parts[2].top(9)[1]


def test_too_many_paths_are_refused_with_the_way_out(monkeypatch):
    monkeypatch.setattr("omninb.paths._MOST_PATHS", 2)
    with pytest.raises(onb.OmninbError, match=r"max_steps.*collapse_repeats"):
        onb.path_table(by_hand().journeys())


def test_many_different_paths_are_all_counted():
    rows = [(f"c{i}", i, "web", f"e{i}") for i in range(20_000)]
    table = onb.path_table(log_of(rows).journeys(exit_after="1us"), by="event", top=1000)
    assert table.attrs["paths"] == 20_000
    assert (table["journeys"] == 1).all()


@on_real_logs
@by_either_role
@pytest.mark.parametrize("collapse", [False, True])
def test_real_logs_by_sql_and_by_plain_loops(real_data, log, by, collapse):
    rows = real_rows(real_data, log, by)
    table = onb.path_table(
        real_journeys(real_data, log), by=by, top=1_000, collapse_repeats=collapse
    )
    found = paths_of(table)
    naive = naive_paths(*naive_journeys(rows), collapse)
    sql = by_sql(
        real_data, log, by,
        """
        SELECT path, count(*), count(DISTINCT id), count_if(settled) FROM (
            SELECT id, string_agg(node, ' → ' ORDER BY touch) AS path FROM touches GROUP BY id)
        JOIN ends USING (id) GROUP BY path
        """,
        collapse,
    )  # fmt: skip
    for expected in (naive, {path: (*counts, 0) for path, *counts in sql}):
        assert table.attrs["paths"] == len(expected)
        assert found == {path: expected[path] for path in found}
        most = sorted((n for n, *_ in expected.values()), reverse=True)
        assert table["journeys"].tolist() == most[:1_000]
