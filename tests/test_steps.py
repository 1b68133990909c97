"""Steps and flows: by hand, by plain loops, and their properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs import log_of, random_rows
from naive import naive_flows, naive_journeys, naive_steps
from real_logs import by_either_role, by_sql, on_real_logs, real_journeys, real_rows
from test_journeys import RULES, known, naive_rules
from test_transitions import by_hand

import omninb as onb
from omninb.anchors import Reading
from omninb.step_tally import flow_tally, step_tally


def steps_of(table):
    return {(r.step, r[2]): (r.journeys, r.customers) for r in table.itertuples()}


def flows_of(table):
    return {(r.step, r.source, r.target): (r.journeys, r.customers) for r in table.itertuples()}


def test_steps_counted_by_hand():
    table = onb.step_table(by_hand().journeys(end_at="purchase"), max_steps=4)
    assert steps_of(table) == {
        (1, "web"): (3, 3),
        (2, "web"): (1, 1),
        (2, "chat"): (1, 1),
        (2, "open"): (1, 1),
        (3, "store"): (1, 1),
        (3, "exit"): (1, 1),
        (3, "open"): (1, 1),
        (4, "converted"): (1, 1),
        (4, "exit"): (1, 1),
        (4, "open"): (1, 1),
    }
    assert table["share"].tolist() == [1] + [pytest.approx(1 / 3)] * 9


def test_what_leads_to_an_anchor_by_hand():
    table = onb.step_table(by_hand().journeys(), max_steps=3, anchor="purchase", direction="before")
    assert steps_of(table) == {
        (0, "store"): (1, 1),
        (-1, "web"): (1, 1),
        (-2, "web"): (1, 1),
        (-3, "START"): (1, 1),
    }
    assert table.attrs["journeys_read"] == 1
    assert table.attrs["anchor"] == "purchase"
    assert "anchor" not in onb.step_table(by_hand().journeys()).attrs


def test_flows_after_and_before_an_anchor_by_hand():
    journeys = by_hand().journeys(end_at="purchase")
    after = onb.flow_table(journeys, anchor={"channel": "web"}, max_steps=1)
    assert flows_of(after) == {
        (1, "web", "web"): (1, 1),
        (1, "web", "chat"): (1, 1),
        (1, "web", "open"): (1, 1),
        (2, "web", "(beyond)"): (1, 1),
        (2, "chat", "exit"): (1, 1),
    }
    assert after.attrs["anchor"] == "channel=web"
    before = onb.flow_table(journeys, anchor="purchase", direction="before", collapse_repeats=True)
    assert flows_of(before) == {(-1, "store", "web"): (1, 1), (-2, "web", "START"): (1, 1)}


@given(random_rows(), RULES, st.integers(1, 5), st.booleans())
def test_counts_are_what_plain_loops_find(rows, rules, max_steps, collapse):
    rules = known(rows, rules)
    expected, _ = naive_journeys(rows, **naive_rules(rules))
    journeys = log_of(rows).journeys(**rules)
    options = {"max_steps": max_steps, "collapse_repeats": collapse}
    assert steps_of(onb.step_table(journeys, **options)) == naive_steps(
        expected, max_steps, collapse
    )
    assert flows_of(onb.flow_table(journeys, **options)) == naive_flows(
        expected, max_steps, collapse
    )


@given(
    random_rows(), RULES, st.sampled_from([None, "purchase"]), st.sampled_from(["after", "before"])
)
def test_shares_sum_to_one_and_flows_in_flow_out(rows, rules, anchor, direction):
    rules = known(rows, rules)
    if anchor is None or anchor not in {row[3] for row in rows}:
        anchor, direction = None, "after"
    journeys = log_of(rows).journeys(**rules)
    steps = onb.step_table(journeys, max_steps=4, anchor=anchor, direction=direction)
    assert steps.groupby("step")["share"].sum().to_numpy() == pytest.approx(1)
    flows = onb.flow_table(journeys, max_steps=4, anchor=anchor, direction=direction)
    ends = {"converted", "exit", "open", "(beyond)", "START"}
    way = 1 if direction == "after" else -1
    for step in range(1, 5):
        into = flows[flows["step"] == way * step].groupby("target")["journeys"].sum()
        out = flows[flows["step"] == way * (step + 1)].groupby("source")["journeys"].sum()
        into = into[[name for name in into.index if name not in ends]]
        assert into.to_dict() == out.to_dict()
    over = flows[flows["target"].isin(ends)]["journeys"].sum()
    assert over == flows.attrs["journeys_read"]


@given(random_rows(), random_rows())
def test_parts_add_up_to_the_whole(a, b):
    b = [(f"other {c}", *rest) for c, *rest in b]
    period = {"observed_from": "2025-01-01", "observed_until": "2025-07-01"}
    for tally in (step_tally, flow_tally):
        parts = []
        for rows in (a, b, a + b):
            journeys = log_of(rows).journeys(**period)
            parts.append(tally(journeys, "channel", 3, Reading.of(journeys, None, "after"), False))
        assert parts[0] + parts[1] == parts[2]


@pytest.mark.parametrize(
    "arguments, says",
    [
        ({"max_steps": 0}, "max_steps"),
        ({"max_steps": True}, "max_steps"),
        ({"direction": "before"}, "anchor"),
        ({"direction": "up", "anchor": "purchase"}, "after"),
        ({"anchor": "purchas"}, "purchase"),
        ({"by": "chanel"}, "channel"),
    ],
)
def test_wrong_arguments_are_told_what_would_do(arguments, says):
    for table in (onb.step_table, onb.flow_table):
        with pytest.raises(onb.OmninbError, match=says):
            table(by_hand().journeys(), **arguments)


def test_a_column_named_as_one_of_the_tables_own_is_refused():
    frame = by_hand().to_frame().assign(step="one")
    with pytest.raises(onb.OmninbError, match="column of this table"):
        onb.step_table(onb.read_events(frame).journeys(), by="step")


def test_an_empty_selection_gives_empty_tables():
    journeys = by_hand().journeys().where(between=("2030-01-01", "2031-01-01"))
    for table in (onb.step_table, onb.flow_table, onb.transition_table):
        assert len(table(journeys)) == 0


@on_real_logs
@by_either_role
@pytest.mark.parametrize("collapse", [False, True])
def test_real_logs_by_sql_and_by_plain_loops(real_data, log, by, collapse):
    journeys = real_journeys(real_data, log)
    naive, _ = naive_journeys(real_rows(real_data, log, by))
    options = {"max_steps": 5, "collapse_repeats": collapse}
    steps = steps_of(onb.step_table(journeys, by=by, **options))
    assert steps == naive_steps(naive, 5, collapse)
    assert sorted((*key, n) for key, (n, _) in steps.items()) == sorted(
        by_sql(
            real_data, log, by,
            """
            SELECT touch, node, count(*) FROM touches WHERE touch <= 5 GROUP BY ALL
            UNION ALL
            SELECT step, state, count(*) FROM ends, range(1, 6) AS steps(step)
            WHERE step > touches GROUP BY ALL
            """,
            collapse,
        )
    )  # fmt: skip
    flows = flows_of(onb.flow_table(journeys, by=by, **options))
    assert flows == naive_flows(naive, 5, collapse)
    assert sorted((*key, n) for key, (n, _) in flows.items()) == sorted(
        by_sql(
            real_data, log, by,
            """
            SELECT step, source, target, count(*) FROM (
                SELECT touch AS step, CASE WHEN touch > 5 THEN '(beyond)' ELSE node END AS target,
                       coalesce(lag(node) OVER (PARTITION BY id ORDER BY touch), 'START') AS source
                FROM touches
                UNION ALL BY NAME
                SELECT last + 1 AS step, node AS source, state AS target
                FROM touches JOIN ends USING (id) WHERE touch = last)
            WHERE step <= 6 GROUP BY ALL
            """,
            collapse,
        )
    )  # fmt: skip
