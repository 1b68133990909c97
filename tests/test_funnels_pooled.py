"""Funnels of a log that is to be shared: rare levels are pooled, rare steps left out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from pooled_logs import FEWEST, SEEDS, Attacker, rows_of, same, shared_and_plain

import omninb as onb
from omninb.wording import fewer_than

STEPS = ["view", "ask", "cart"]
SAME = ["customers", "conversion_rate", "conversion_rate_ci_lower", "step_conversion_rate", "open"]


@given(SEEDS, FEWEST)
@settings(max_examples=10)
def test_rare_levels_are_pooled_and_do_not_come_back(seed, fewest):
    pair = shared_and_plain(rows_of(seed, 150), fewest)
    told, all_rows = (
        {(row["channel"], row["step"]): row for row in frame.to_dict("records")}
        for frame in (
            onb.funnel_table(one, STEPS, "30d", attempt="first", breakdown="channel")
            for one in pair
        )
    )
    name = fewer_than(fewest)
    assert all(row["customers"] >= fewest for row in told.values())
    begun = {level for level, step in all_rows if step == 1}
    hidden = [level for level in begun if (level, 1) not in told or level == name]
    steps = {step: [key for key in all_rows if key[1] == step] for step in (1, 2, 3)}
    missing = [(level, step) for level, step in all_rows
               if level in hidden or (level, step) not in told]  # fmt: skip
    attacker = Attacker(missing)

    def cell(key):
        return key if key in missing else float(all_rows[key]["customers"])

    for step, keys in steps.items():
        if (name, step) in told:
            of = [key for key in keys if key[0] in hidden]
            assert told[name, step]["customers"] == sum(all_rows[k]["customers"] for k in of)
            attacker.knows(of, told[name, step]["customers"])
        shown = [row for key, row in told.items() if key[1] == step]
        if step > 1 and any(row["difference"] == row["difference"] for row in shown):
            attacker.knows([cell(key) for key in keys], sum(all_rows[k]["customers"] for k in keys))
    for level, step in all_rows:
        if step < 3:
            attacker.knows([cell((level, step + 1))], 0, [cell((level, step))], at_most=True)
    assert min(attacker.values().values(), default=fewest) >= fewest
    for key, row in told.items():
        if key[0] != name:
            assert same({column: row[column] for column in SAME}, all_rows[key])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_figures_take_them(seed):
    shared, _ = shared_and_plain(rows_of(seed, 60), 10)
    whole = onb.funnel_table(shared, STEPS, "30d", attempt="first")
    onb.funnel_figure(whole)
    by_channel = onb.funnel_table(shared, STEPS, "30d", attempt="first", breakdown="channel")
    onb.funnel_figure(by_channel)
    drops = onb.drop_off_table(shared, STEPS, within="30d")
    onb.drop_off_figure(drops, funnel=whole)
