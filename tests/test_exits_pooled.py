"""The friction list of a log that is to be shared: rare kinds are pooled and do not come back."""

from __future__ import annotations

from hypothesis import given, settings
from pooled_logs import FEWEST, SEEDS, Attacker, rows_of, same, shared_and_plain

import omninb as onb
from omninb.wording import fewer_than

COUNTS = ["settled", "exits"]
TOLD = ["settled", "exits", "customers", "exit_rate", "exit_rate_ci_lower", "expected_exits"]


@given(SEEDS, FEWEST)
@settings(max_examples=10)
def test_rare_kinds_are_pooled_and_do_not_come_back(seed, fewest):
    pair = shared_and_plain(rows_of(seed, 100), fewest, split_gap="20d")
    shared, plain = (onb.exit_table(one) for one in pair)
    name = fewer_than(fewest)
    assert (shared["customers"] >= fewest).all()
    by = shared.attrs["by"]
    told, all_rows = (
        {row[by]: {column: row[column] for column in TOLD} for row in frame.to_dict("records")}
        for frame in (shared, plain)
    )
    pooled = told.pop(name, None)
    hidden = [kind for kind in all_rows if kind not in told]
    for kind, row in told.items():
        counts = {column: row[column] for column in TOLD[:-1]}
        assert same(counts, all_rows[kind])
    if pooled is not None:
        attacker = Attacker([(kind, column) for kind in hidden for column in COUNTS])
        for column in COUNTS:
            assert pooled[column] == sum(all_rows[kind][column] for kind in hidden)
            attacker.knows([(kind, column) for kind in hidden], pooled[column])
        for kind in hidden:
            attacker.knows([(kind, "exits")], 0, [(kind, "settled")], at_most=True)
        assert len(hidden) > 1 and min(attacker.values().values()) >= fewest
    onb.exit_figure(shared)


def test_an_expected_end_that_is_pooled_is_not_unknown():
    rows = [(f"c{c}", c, "web", "view") for c in range(30)] + [("c1", 99, "web", "delivered")]
    rows += [(f"d{c}", c, "app", "view") for c in range(30)]
    shared, _ = shared_and_plain(rows, 5, exit_after="1h")
    assert len(onb.exit_table(shared, expected_ends=["delivered"])) < 3
