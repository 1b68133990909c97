"""The A/B-test notebook: what is planted is found, nothing is found in nothing, and it can stop."""

from __future__ import annotations

import json
import re
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import omninb as onb
from omninb.reports.catalogue import find_notebook
from omninb.reports.execution import RunError, read_notebook
from omninb.reports.runner import run_notebook
from omninb.reports.story import read_story

PURCHASE = [["Conversion", {"step": "purchase", "within": "1d"}]]


def run(folder, **parameters: Any) -> dict[str, Any]:
    run_notebook("ab_test", parameters, folder / "out")
    return json.loads((folder / "out" / "run.json").read_text(encoding="utf-8"))


def run_on(log: pa.Table, folder, **parameters: Any) -> dict[str, Any]:
    pq.write_table(log, folder / "log.parquet")
    design = {"METRICS": PURCHASE, "SEGMENTS": ["device"]}
    return run(folder, EVENTS=str(folder / "log.parquet"), **(design | parameters))


def by_hand(log: onb.EventLog, device: str | None = None) -> tuple[float, str]:
    """The uplift in points and the two arms' counts, customer by customer."""
    rows = log.to_frame().sort_values("timestamp", kind="stable")
    first = rows[rows["variant"].notna()].drop_duplicates("customer_id").set_index("customer_id")
    if device is not None:
        first = first[first["device"] == device]
    bought = rows[rows["event"] == "purchase"]
    since = bought["timestamp"] - bought["customer_id"].map(first["timestamp"])
    within = bought[(since >= pd.Timedelta(0)) & (since < pd.Timedelta("1D"))]["customer_id"]
    did = first.assign(did=first.index.isin(within)).groupby("variant", observed=True)["did"]
    made, n = did.sum(), did.size()
    words = [f"{made[arm]:,} of {n[arm]:,}" for arm in ("control", "treatment")]
    share = made / n
    return 100 * (share["treatment"] - share["control"]), " | ".join(words)


def test_the_sample_is_not_decided_and_mobile_is_a_hint_to_test_again():
    story = read_story(read_notebook(find_notebook("ab_test")))  # nbval runs it, and compares
    whole, by_segment, *others = story.verdicts
    uplift, counts = by_hand(onb.sample())
    assert whole["kind"] == "none" and whole["estimate"] == pytest.approx(uplift)
    assert all(words in whole["basis"] for words in counts.split(" | "))
    assert "Not decided" in whole["sentence"] and "Introduce" not in whole["sentence"]
    assert "A hint to test again: mobile better" in whole["sentence"]
    # Only the interaction says that segments differ, and it does not: no box, no headline.
    assert by_segment["kind"] == "none" and by_segment["estimate"] is None and not others
    assert "differ from each other is not shown of device" in by_segment["basis"]
    assert "(interaction p 0.19)" in by_segment["basis"]
    said = by_segment["sentence"]
    assert said.endswith("A hint to test again, no more: mobile.")
    day = onb.Conversion("purchase", within="1d")
    table = onb.experiment_table(onb.sample(), day, segments="device").set_index("level")
    for level, judged in (("mobile", "better"), ("desktop", "no clear difference")):
        row, (uplift, _) = table.loc[level], by_hand(onb.sample(), level)
        low, high = (100 * row[f"uplift_ci_{side}"] for side in ("lower", "upper"))
        words = f"{level} {judged}, {uplift:+.1f} points ({low:+.1f} to {high:+.1f}, of "
        words += f"{row['n']:,}, adjusted p {row['p_value_adjusted']:.2g})"
        assert words in said.replace("−", "-")
    assert [one["of"] for one in story.headlines] == [1_547]


def test_with_14_days_the_hint_on_mobile_is_gone_as_the_notebook_says():
    metric = onb.Conversion("purchase", within="14d")
    table = onb.experiment_table(onb.sample(), metric, segments="device").set_index("level")
    day = onb.Conversion("purchase", within="1d")
    short = onb.experiment_table(onb.sample(), day, segments="device").set_index("level")
    assert not table["verdict"].isin(["better", "worse"]).any()
    assert 0 < table.loc["mobile", "uplift"] < short.loc["mobile", "uplift"]
    prose = "".join(cell.source for cell in read_notebook(find_notebook("ab_test")).cells)
    assert "With 14 days no segment of it gives so much as a hint" in prose


def test_a_larger_shop_introduces_it_and_still_does_not_decide_by_device(tmp_path):
    log, truth = onb.simulate_retailer(20_000, seed=1)
    whole, by_segment, *_ = run_on(log.table, tmp_path)["verdicts"]
    assert whole["kind"] == "clear" and whole["sentence"].startswith("Introduce treatment")
    assert whole["estimate"] == pytest.approx(by_hand(log)[0])
    assert by_segment["sentence"].startswith("By device: mobile better")
    assert "desktop no clear difference" in by_segment["sentence"]
    assert by_segment["kind"] == "none" and by_segment["estimate"] is None
    assert "differ from each other is not shown of device" in by_segment["basis"]
    assert truth["checkout_test"] == {"mobile": 0.12, "desktop": 0.0}


@pytest.mark.parametrize("desktop", [500, 640])
def test_segments_decide_where_the_interaction_shows_that_they_differ(tmp_path, desktop):
    made = {("mobile", "control"): 400, ("mobile", "new"): 540,
            ("desktop", "control"): 500, ("desktop", "new"): desktop}  # fmt: skip
    rows = [(device, arm, int(i < bought)) for (device, arm), bought in made.items()
            for i in range(2_000)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["device", "variant", "bought"])
    frame.to_csv(tmp_path / "table.csv", index=False)
    asked = {"ROWS": "customers", "METRICS": [["Conversion", {"step": "bought"}]]}
    record = run(tmp_path, EVENTS=str(tmp_path / "table.csv"), SEGMENTS=["device"], **asked)
    whole, by_segment, *_ = record["verdicts"]
    values = [one["value"] for one in record["headlines"]]
    assert "mobile better, +7.0 points" in by_segment["sentence"]
    if desktop == 500:  # + 7 points here, none there
        assert by_segment["kind"] == "clear" and by_segment["estimate"] == pytest.approx(7)
        assert "differ from each other is shown of device" in by_segment["basis"]
        assert "hint" not in by_segment["sentence"] and values == pytest.approx([3.5, 7])
    else:  # + 7 points in both
        assert by_segment["kind"] == "none" and values == pytest.approx([7])
        assert "A hint to test again, no more: desktop, mobile." in by_segment["sentence"]
    assert whole["kind"] == "clear"


def test_a_test_of_nothing_says_no_clear_difference(tmp_path):
    log, _ = onb.simulate_retailer(10_000, seed=3, checkout_test=None)
    whole, by_segment, *_ = run_on(log.table, tmp_path)["verdicts"]
    assert whole["kind"] == by_segment["kind"] == "none"
    assert "Introduce" not in whole["sentence"] and "Keep" not in whole["sentence"]


def test_looking_often_and_a_plan_are_asked_by_parameters(tmp_path):
    plan = {"baseline": 0.5, "planned": 3_000, "at": ["checkout"]}
    design = {"sequential": True, "confidence": 0.9, "correction": None}
    record = run_on(onb.sample().table, tmp_path, DESIGN=design, PLAN=plan)
    day = onb.Conversion("purchase", within="1d")
    table = onb.experiment_table(onb.sample(), day, planned=3_000, **design)
    bounds = [100 * table[f"always_valid_ci_{side}"].iloc[0] for side in ("lower", "upper")]
    answer = record["verdicts"][0]
    assert answer["interval"] == pytest.approx(bounds)
    assert (
        f"90 % interval, always valid; p {table['p_value_adjusted'].iloc[0]:.2g}."
        in (answer["basis"])
    )
    of_all = numbers(tmp_path, "All customers")["purchase"]
    assert of_all[5] == "{:.2f} to {:.2f}".format(*bounds).replace("-", "−")
    assert of_all[7:] == ["779", "768", "0"]  # one interval a row, that which decides
    page = shown(tmp_path)
    assert "neither p nor the intervals are adjusted" in page
    assert "thin line: always valid, which decides" in page
    assert "Narrowest near 3,000 customers of both arms." in page
    assert "From what was written down beforehand. 1,547 came" in page
    assert "of 3,000 planned" in page and "Computed afterwards" not in page
    needed = onb.sample_size_table(0.5, 0.05, confidence=0.9)["n"].iloc[0]
    assert numbers(tmp_path, "Customers that it takes")["+5 %"][1] == f"{needed:,}"


def test_without_a_plan_sizes_are_said_to_be_computed_afterwards():
    cells = read_notebook(find_notebook("ab_test")).cells
    page = json.dumps([cell.get("outputs", []) for cell in cells], ensure_ascii=False)
    assert "Computed afterwards, from the control of this very test. 1,547 came" in page
    assert "Narrowest near 10,000 customers of both arms." in page and "as planned." not in page


@pytest.mark.parametrize("name", ["DESIGN", "PLAN"])
def test_what_is_no_part_of_a_design_or_plan_is_refused_by_name(tmp_path, name):
    with pytest.raises(RunError, match=f"{name}: 'sequentail' is not known. DESIGN takes"):
        run(tmp_path, **{name: {"sequentail": True}})


def test_where_no_window_is_over_it_says_so_and_runs_to_the_end(tmp_path):
    late = [["Conversion", {"step": "purchase", "within": "400d"}]]
    record = run(tmp_path, METRICS=late)
    assert {one["kind"] for one in record["verdicts"]} == {"cannot say"}
    assert record["headlines"] == []
    assert record["verdicts"][0]["basis"].startswith("0 of 0 customers in control")
    page = shown(tmp_path)
    assert "No window is over yet: there are no days to show." in page
    assert "How many customers it takes cannot be said." in page
    assert "Customers are not split: no window is over yet." in page


def test_a_guardrail_that_decides_is_not_worse_by_its_margin(tmp_path):
    limit = {"role": "guardrail", "margin": 0.5}
    record = run(tmp_path, METRICS=[["Conversion", {**PURCHASE[0][1], **limit}]])
    answer, by_segment, *_ = record["verdicts"]
    assert answer["kind"] == by_segment["kind"] == "none"
    said = "treatment is not worse than control by its margin of 50 %: purchase 55.2 %"
    assert answer["sentence"].startswith(said)
    assert by_segment["sentence"].startswith("By device: mobile not worse by its margin, +7.9")


def test_a_broken_split_stops_says_why_and_runs_to_the_end(tmp_path):
    log = onb.sample()
    rows = log.to_frame()[["customer_id", "variant"]].dropna().drop_duplicates("customer_id")
    treated = rows.loc[rows["variant"] == "treatment", "customer_id"]
    gone = treated[::3]
    kept = ~log.to_frame()["customer_id"].isin(gone)
    record = run_on(log.table.filter(pa.array(kept)), tmp_path)
    assert {one["kind"] for one in record["verdicts"]} == {"cannot say"}
    left, all_of_control = len(treated) - len(gone), (rows["variant"] == "control").sum()
    said = record["verdicts"][0]["sentence"]
    assert said.startswith("No decision. The check “sample ratio” stops it")
    assert f"{all_of_control:,} customers in control and {left:,} customers in treatment" in said
    assert record["headlines"] == []


def test_cookie_cats_runs_by_parameters_alone(tmp_path, real_data):
    asked = {"COLUMNS": {"customer_id": "userid", "variant": "version"}, "CONTROL": "gate_30"}
    limit = {"role": "guardrail", "margin": 0.05}
    asked["METRICS"] = [["Conversion", {"step": "retention_7"}],
                        ["Conversion", {"step": "retention_1", **limit}],
                        ["MeanPerCustomer", {"what": "sum_gamerounds", **limit}]]  # fmt: skip
    events = real_data / "cookie_cats" / "cookie_cats.csv"
    record = run(tmp_path, EVENTS=str(events), ROWS="customers", **asked)
    answer = record["verdicts"][0]
    assert answer["kind"] == "clear" and answer["sentence"].startswith("Keep gate_30")
    assert answer["estimate"] == pytest.approx(100 * (8_279 / 45_489 - 8_502 / 44_700))
    assert answer["estimate"] == pytest.approx(-0.820, abs=0.0005)
    assert "8,502 of 44,700 customers in gate_30, 8,279 of 45,489 in gate_40" in answer["basis"]
    assert "adjusted p 0.0016." in answer["basis"]  # of one metric that decides
    assert answer["basis"].endswith("Warned of by the checks: sample ratio.")  # p = .009
    assert [round(8_502 / 44_700, 6), round(8_279 / 45_489, 6)] == [0.190201, 0.182000]
    shown = numbers(tmp_path, "All customers")
    assert shown["retention_1"][1:4] == ["%", "44.82", "44.23"]


def few_and_many(folder, sizes: dict[str, int]) -> str:
    """A table of customers, by device as many as asked for in each arm."""
    rows = [(f"{device}{arm}{i}", device, arm, i % 3 == 0, 1.5 * i)
            for device, size in sizes.items() for arm in ("control", "new")
            for i in range(size)]  # fmt: skip
    names = ["customer_id", "device", "variant", "bought", "spent"]
    pd.DataFrame(rows, columns=names).to_csv(folder / "customers.csv", index=False)
    return str(folder / "customers.csv")


OF_CUSTOMERS = {
    "ROWS": "customers",
    "METRICS": [["Conversion", {"step": "bought"}], ["MeanPerCustomer", {"what": "spent"}]],
    "SEGMENTS": ["device"],
}


def test_a_segment_of_few_customers_is_not_named_of_a_table_either(tmp_path):
    events = few_and_many(tmp_path, {"desktop": 400, "mobile": 300, "tablet": 60, "watch": 3})
    run(tmp_path, EVENTS=events, **OF_CUSTOMERS)
    assert "mobile" in shown(tmp_path) and "watch" not in shown(tmp_path)
    run(tmp_path, EVENTS=events, MIN_CUSTOMERS=1, **OF_CUSTOMERS)
    assert "watch" in shown(tmp_path)


def test_a_segment_of_few_customers_is_not_named_of_a_log(tmp_path):
    log = onb.sample().to_frame()
    log["device"] = log["device"].astype(str)
    exposed = log.loc[log["variant"].notna(), "customer_id"].unique()[:3]
    log.loc[log["customer_id"].isin(exposed), "device"] = "watch"
    table = pa.Table.from_pandas(log, preserve_index=False)
    run_on(table, tmp_path, CURRENCY="EUR")
    assert "mobile" in shown(tmp_path) and "watch" not in shown(tmp_path)


@pytest.mark.parametrize("plan", [{}, {"baseline": 0.3, "effect": 0.2}])
def test_where_an_arm_has_few_it_says_so_and_tells_no_number(tmp_path, plan):
    events = few_and_many(tmp_path, {"desktop": 7})
    record = run(tmp_path, EVENTS=events, PLAN=plan, **OF_CUSTOMERS)
    answer = record["verdicts"][0]
    assert answer["kind"] == "cannot say"
    assert "it rests on a number below 10, which is not told" in answer["sentence"]
    assert answer["basis"].startswith("Fewer than 10 came in an arm.")
    assert record["headlines"] == []
    assert "nan" not in re.findall(r"\w+", shown(tmp_path))
    assert numbers(tmp_path, "14 rows, by arm") == {"control": ["control"], "new": ["new"]}


def test_a_log_of_few_runs_to_the_end(tmp_path):
    log = onb.sample().to_frame()
    exposed = log.loc[log["variant"].notna(), "customer_id"].unique()[:12]
    few = pa.Table.from_pandas(log[log["customer_id"].isin(exposed)], preserve_index=False)
    later = [PURCHASE[0], ["MeanPerCustomer", {"what": "value", "within": "1d"}]]
    record = run_on(few, tmp_path, CURRENCY="EUR", METRICS=later)
    assert record["verdicts"][0]["basis"].startswith("Fewer than 10 came in an arm.")
    assert "nan" not in re.findall(r"\w+", shown(tmp_path))


def executed(folder) -> list[dict[str, Any]]:
    """The cells of the run's notebook."""
    (notebook,) = (folder / "out").glob("*.ipynb")
    return json.loads(notebook.read_text(encoding="utf-8"))["cells"]


def shown(folder) -> str:
    """All that the run's outputs say."""
    outputs = [cell.get("outputs", []) for cell in executed(folder)]
    return json.dumps(outputs, ensure_ascii=False).replace("<br>", " ")


def numbers(folder, title: str) -> dict[str, list[str]]:
    """The rows of a table that the run shows, by what stands first in them."""
    cells = executed(folder)
    bundles = [o.get("data", {}) for c in cells for o in c.get("outputs", [])]
    tables = [data["application/vnd.omninb.table+json"] for data in bundles
              if "application/vnd.omninb.table+json" in data]  # fmt: skip
    (table,) = (table for table in tables if table["title"] == title)
    return {row[0]: row for row in table["rows"]}


def test_landing_page_leaves_out_what_is_wrong_in_the_open(tmp_path, real_data):
    asked = {"COLUMNS": {"customer_id": "user_id", "variant": "group", "timestamp": "timestamp"}}
    received = {"control": {"landing_page": "old_page"}, "treatment": {"landing_page": "new_page"}}
    asked |= {"DESIGN": {"received": received}, "METRICS": [["Conversion", {"step": "converted"}]]}
    events = real_data / "landing_page" / "ab_data.csv.gz"
    record = run(tmp_path, EVENTS=str(events), ROWS="customers", MIN_CUSTOMERS=1, **asked)
    answer = record["verdicts"][0]
    assert answer["kind"] == "none" and answer["sentence"].startswith("Either will do")
    assert "17,489 of 145,274 customers in control" in answer["basis"]
    assert "17,264 of 145,310 in treatment" in answer["basis"]
    checks = numbers(tmp_path, "What was checked")
    assert checks["received another variant"][-1].startswith("3,893 rows disagree")
    assert checks["repeated customers"][-1].endswith("already counted, left out: 1.")


def test_without_metrics_it_stops_and_says_how_they_are_given(tmp_path):
    frame = pd.DataFrame({"customer_id": ["a", "b"], "channel": "web", "variant": ["control", "b"],
                          "timestamp": "2025-01-01T10:00Z"})  # fmt: skip
    frame.to_csv(tmp_path / "log.csv", index=False)
    with pytest.raises(RunError, match="pairs of a kind"):
        run(tmp_path, EVENTS=str(tmp_path / "log.csv"))
