"""Paths of a log that is to be shared: rare ones are pooled and do not come back."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from pooled_logs import FEWEST, SEEDS, Attacker, journeys_of, rows_of, same, shared_and_plain

import omninb as onb
from omninb.wording import fewer_than

COUNTS = ["journeys", "settled", "converted"]


def both(seed, fewest):
    pair = shared_and_plain(rows_of(seed, 120), fewest, end_at="purchase")
    frames = [onb.path_table(one, top=40, max_steps=2) for one in pair]
    return [{row["path"]: row for row in frame.to_dict("records")} for frame in frames]


@given(SEEDS, FEWEST)
@settings(max_examples=10)
def test_rare_paths_are_pooled_and_do_not_come_back(seed, fewest):
    told, all_rows = both(seed, fewest)
    pooled = told.pop(fewer_than(fewest), None)
    assert all(row["customers"] >= fewest for row in told.values())
    assert all(same(row, all_rows[path]) for path, row in told.items())
    hidden = [path for path in all_rows if path not in told]
    assert not hidden or len(hidden) > 1
    if pooled is None:
        return
    assert pooled["customers"] >= fewest
    attacker = Attacker([(path, name) for path in hidden for name in COUNTS])
    for name in COUNTS:
        if not np.isnan(pooled[name]):
            assert pooled[name] == sum(all_rows[path][name] for path in hidden)
            attacker.knows([(path, name) for path in hidden], pooled[name])
    for path in hidden:
        for part, whole in zip(COUNTS[1:], COUNTS[:-1], strict=True):
            attacker.knows([(path, part)], 0, [(path, whole)], at_most=True)
    assert min(attacker.values().values()) >= fewest
    if np.isnan(pooled["converted"]):
        assert np.isnan(pooled["conversion_rate"])
    else:
        assert pooled["conversion_rate"] == pooled["converted"] / pooled["settled"]


def test_a_single_rare_path_is_not_told_by_its_sum():
    rows = [(f"c{c}", c, "web", "view") for c in range(30)]
    rows += [(f"d{c}", c, "app", "view") for c in range(12)]
    for c in range(3):
        rows += [(f"e{c}", c, "web", "view"), (f"e{c}", c + 1, "app", "view")]
    shared, plain = shared_and_plain(rows, 5)
    assert onb.path_table(plain)["customers"].tolist() == [30, 12, 3]
    table = onb.path_table(shared)
    assert table["path"].tolist() == ["web", "(fewer than 5 customers)"]
    assert table["customers"].tolist() == [30, 15]


def test_without_min_customers_nothing_is_pooled():
    _, plain = journeys_of(1, 5)
    assert "(fewer than 5 customers)" not in set(onb.path_table(plain)["path"])
    assert onb.path_table(plain)["customers"].min() < 5
