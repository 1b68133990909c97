"""What funnels, drop-off and exits refuse, by the name of the argument."""

from __future__ import annotations

import pytest
from logs import log_of

import omninb as onb

STEPS = ["cart", "pay"]
ROWS = [("a", 0, "web", "cart"), ("a", 1, "web", "pay"), ("b", 0, "app", "cart")]


@pytest.fixture(scope="module")
def log():
    return log_of(ROWS)


@pytest.mark.parametrize(
    ("steps", "arguments", "says"),
    [
        ([1, 2], {}, "steps: 1 is no step"),
        (["cart", None], {}, "steps: None is no step"),
        (["cart", {"channel": []}], {}, r"steps: {'channel': \[\]} fits no touchpoint"),
        (["cart", {}], {}, "steps: {} is no step"),
        (STEPS, {"exclude": 5}, "exclude: 5 is no step"),
        (STEPS, {"exclude": "carts"}, "exclude: no touchpoint has event 'carts'. Did you mean"),
        (STEPS, {"optional": "cart"}, "optional='cart': give a list"),
        (STEPS, {"attempt": ["first"]}, "attempt="),
        (STEPS, {"attempt": "frist"}, "attempt='frist' is not known. Did you mean 'first'"),
        (STEPS, {"order": "order"}, "Did you mean 'ordered'"),
        (STEPS, {"unit": "visit"}, 'unit=\'visit\': give "customer" or "journey"'),
        (STEPS, {"hold": ["order_id"]}, "hold=.*give one column"),
        (STEPS, {"within": "-7d"}, "within='-7d': a duration must be more than 0"),
        (STEPS, {"within": 7}, "within=7: a duration needs a unit"),
        (STEPS, {"breakdown": "chanel", "attempt": "first"}, "breakdown: .*Did you mean 'channel'"),
    ],
)
def test_a_wrong_argument_is_named(log, steps, arguments, says):
    with pytest.raises(onb.OmninbError, match=says):
        onb.funnel_table(log.journeys(), steps, **arguments)


@pytest.mark.parametrize("periods", [5, [1, 2], "2025", [("2025-01-01", "2025-02-01")]])
def test_periods_are_pairs(log, periods):
    with pytest.raises(onb.OmninbError, match="give two or more pairs"):
        onb.funnel_period_table(log.journeys(), STEPS, periods, within="7d")


@pytest.mark.parametrize("ends", ["pay", [{"event": "pay"}]])
def test_expected_ends_are_names(log, ends):
    with pytest.raises(onb.OmninbError, match=r"expected_ends=.*give a list of names"):
        onb.exit_table(log.journeys(), expected_ends=ends)


@pytest.mark.parametrize(
    "table",
    ["transition_table", "transition_graph", "step_table", "flow_table", "path_table",
     "exit_table", "funnel_table", "drop_off_table", "lost_to_table"],
)  # fmt: skip
def test_a_log_that_nobody_cut_is_no_journeys(log, table):
    steps = [STEPS] if table in ("funnel_table", "drop_off_table", "lost_to_table") else []
    for given in (log, log.to_frame()):
        with pytest.raises(onb.OmninbError, match=r"was given\. Cut the log into journeys first"):
            getattr(onb, table)(given, *steps)
