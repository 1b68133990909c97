"""Simulated logs as files: what is in them, what stands beside them, and that they come whole."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

import omninb as onb
from omninb import simulate, simulated_files
from omninb.cli import main
from omninb.dirt import dirty_csv
from omninb.simulated_files import json_text, write_simulated

ENDINGS = (".parquet", ".csv", ".csv.gz", ".csv.zst")


def command(*arguments: Any) -> Result:
    return CliRunner().invoke(main, ["simulate", *map(str, arguments)])


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def as_texts(log: onb.EventLog) -> list[dict[str, str]]:
    """Rows as texts: CSV spells null as nothing, and knows no truth values."""
    spelled = {"True": "true", "False": "false", "": "nan"}
    return log.to_frame().astype("str").replace(spelled).to_dict("records")


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_file_holds_the_simulated_rows(tmp_path, ending):
    path = tmp_path / f"events{ending}"
    truth = write_simulated(path, 60, 5, {"video_uplift": None})
    table, drawn = simulate.simulate_table(60, 5, video_uplift=None)
    assert as_texts(onb.read_events(path)) == as_texts(onb.read_events(table))
    assert names(tmp_path) == {path.name, "events.counterfactual.parquet", "truth.json"}
    assert json.loads((tmp_path / "truth.json").read_text(encoding="utf-8")) == truth
    other = pq.read_table(tmp_path / truth["counterfactual"])
    assert other.equals(drawn.pop("counterfactual"))
    given = {"log": path.name, "counterfactual": "events.counterfactual.parquet", "seed": 5}
    assert truth == given | drawn


def test_many_blocks_make_one_log_and_one_truth(tmp_path, monkeypatch):
    monkeypatch.setattr(simulate, "BLOCK", 40)
    truth = write_simulated(tmp_path / "a.parquet", 100, 3, {})
    written = pq.read_table(tmp_path / "a.parquet")
    assert pq.ParquetFile(tmp_path / "a.parquet").num_row_groups == 3
    table, drawn = simulate.simulate_table(100, 3)
    by_id = [("event_id", "ascending")]
    assert written.sort_by(by_id).equals(table.sort_by(by_id)), "the rows that Python draws"
    assert truth["touchpoints"] == len(written)
    assert truth["purchases"] == written["event"].to_pylist().count("purchase")
    otherwise = pq.read_table(tmp_path / "a.counterfactual.parquet")
    assert len(otherwise) == 100 and otherwise.equals(drawn["counterfactual"])
    assert sum(otherwise["purchases"].to_pylist()) == truth["purchases"]
    assert len(onb.read_events(tmp_path / "a.parquet").quarantine) == 0


def test_one_block_is_in_memory_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(simulate, "BLOCK", 20)
    draw, drawn = simulate._block, []

    def watched(*arguments):
        assert all(pq_file_rows(tmp_path) is not None for _ in drawn)
        drawn.append(arguments[0])
        return draw(*arguments)

    def pq_file_rows(folder):
        return next(folder.glob("a.parquet.*.making"), None)

    monkeypatch.setattr(simulate, "_block", watched)
    write_simulated(tmp_path / "a.parquet", 60, 1, {})
    assert [len(some) for some in drawn] == [20, 20, 20]


def test_a_failure_half_way_leaves_what_was_there(tmp_path, monkeypatch):
    monkeypatch.setattr(simulate, "BLOCK", 20)
    write_simulated(tmp_path / "a.csv", 60, 1, {})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    draw, drawn = simulate._block, []

    def full(*arguments):
        drawn.append(1)
        if len(drawn) == 2:
            raise OSError("No space left on device")
        return draw(*arguments)

    monkeypatch.setattr(simulate, "_block", full)
    result = command("--customers", 60, "--seed", 2, "--out", tmp_path / "a.csv")
    assert result.exit_code == 1 and "No space left on device" in result.output
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_that_was_there_is_replaced(tmp_path):
    for seed in (1, 2):
        write_simulated(tmp_path / "a.parquet", 30, seed, {})
    assert len(names(tmp_path)) == 3
    assert pq.read_table(tmp_path / "a.parquet").equals(simulate.simulate_table(30, 2)[0])
    if os.name == "posix":
        (tmp_path / "other").touch()
        modes = {(tmp_path / name).stat().st_mode for name in names(tmp_path)}
        assert len(modes) == 1, "as readable as any new file"


def test_the_truth_of_another_log_is_not_replaced(tmp_path):
    write_simulated(tmp_path / "a.csv", 30, 1, {})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for name in ("b.csv", "a.parquet"):
        result = command("--customers", 30, "--out", tmp_path / name)
        assert result.exit_code == 2 and "is the truth of a.csv" in result.output
        assert "Give another folder, or remove a.csv first" in result.output
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    (tmp_path / "a.csv").unlink()
    write_simulated(tmp_path / "b.csv", 30, 1, {})
    assert json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))["log"] == "b.csv"


@pytest.mark.parametrize(
    "text", ['{"a": 1}', "[]", "no json", '{"log": 3}', '{"log": "a/b"}', '{"log": ""}']
)
def test_a_truth_json_of_somebody_else_is_not_replaced(text, tmp_path):
    (tmp_path / "truth.json").write_text(text, encoding="utf-8")
    with pytest.raises(onb.OmninbError, match="was not written by omninb"):
        write_simulated(tmp_path / "a.csv", 30, 1, {})
    assert names(tmp_path) == {"truth.json"}
    assert (tmp_path / "truth.json").read_text(encoding="utf-8") == text


def test_all_files_that_were_written_are_named(tmp_path):
    result = command("--customers", 30, "--out", tmp_path / "a.csv")
    assert names(tmp_path) == {"a.csv", "truth.json", "a.counterfactual.parquet"}
    for name in names(tmp_path):
        assert f"{tmp_path / name}: " in result.output


def test_a_dirty_file_comes_with_the_list_of_what_was_planted(tmp_path):
    result = command("--customers", 150, "--seed", 4, "--out", tmp_path / "d.csv.gz", "--dirty")
    assert result.exit_code == 0, result.output
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    text, planted = dirty_csv(simulate.simulate_table(150, 4)[0], 4)
    assert truth["planted"] == planted
    with pa.input_stream(tmp_path / "d.csv.gz", compression="gzip") as file:
        assert file.read() == text
    log = onb.read_events(tmp_path / "d.csv.gz", **truth["read_with"])
    assert log.counts["quarantined"] > 20
    line = result.output.splitlines()[-1].split()
    checked = CliRunner().invoke(main, line[1:])
    assert line[:2] == ["omninb", "check"] and checked.exit_code == 0
    assert f"{log.counts['quarantined']} quarantined" in checked.output


@pytest.mark.parametrize(
    ("typed", "truth"),
    [
        (["video_uplift=0.1"], {"video_uplift": 0.1}),
        (["video_uplift=off", "order_value=80"], {"video_uplift": None, "order_value": 80}),
        (["checkout_test.mobile=0.1"], {"checkout_test": {"mobile": 0.1, "desktop": 0.0}}),
        (["checkout_test.mobile = -0.1", "checkout_test.desktop=0.05"],
         {"checkout_test": {"mobile": -0.1, "desktop": 0.05}}),
        (["channel_dip.week=2025-03-03"],
         {"channel_dip": {"channel": "paid search", "week": "2025-03-03", "size": 0.6}}),
    ],
)  # fmt: skip
def test_truths_are_planted_as_they_are_typed(typed, truth, tmp_path):
    options = [word for one in typed for word in ("--truth", one)]
    result = command("--customers", 20, "--out", tmp_path / "a.csv", *options)
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert {name: written[name] for name in truth} == truth


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["video_uplift"], "no name=value"),
        (["=1"], "no name=value"),
        (["checkout_test.=1"], "no name=value"),
        (["video_uplft=0.1"], "Did you mean 'video_uplift'?"),
        (["checkout_test.mobil=0.1"], "Did you mean 'mobile'?"),
        (["checkout_test=0.1"], "checkout_test.mobile=0.12, or --truth checkout_test=off."),
        (["video="], "'video=' is no name=value. Did you mean 'video_uplift'?"),
        (["checkout_test.mobile=off"], "--truth checkout_test.mobile=off: give a number from"),
        (["exit_probability=off"], "for example --truth exit_probability.web=0.09; it cannot be"),
        (["order_value=none"], "--truth order_value='none': give a number from 0.01 to 100000; it"),
        (["exit_probability.chat=0.9"],
         "--truth exit_probability.chat=0.9: too high beside --truth chat_handover.share=0.25"),
        (["checkout_test.mobile=9"], "--truth checkout_test.mobile=9: give a number from"),
        (["video_uplift=much"], "--truth video_uplift='much': give a number"),
        (["video_uplift=0.1", "video_uplift=0.2"], "given twice"),
        (["checkout_test=off", "checkout_test.mobile=0.1"], "whole and in part"),
        (["checkout_test.mobile=0.1", "checkout_test=off"], "whole and in part"),
    ],
)  # fmt: skip
def test_truths_that_cannot_be_planted_are_wrong_usage(typed, says, tmp_path):
    options = [word for one in typed for word in ("--truth", one)]
    result = command("--customers", 20, "--out", tmp_path / "a.csv", *options)
    assert result.exit_code == 2 and says in result.output and not names(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--out", "a.xlsx"], ".parquet, .csv, .csv.gz, .csv.zst"),
        (["--out", "a.parquet", "--dirty"], "ending in .csv"),
        (["--out", "a.csv", "--dirty", "--customers", "5"], "too few to plant defects in"),
        (["--out", "a.csv", "--customers", "0"], "--customers"),
        (["--out", "a.csv", "--seed", "-1"], "--seed"),
        (["--out", "none/a.csv"], "there is no folder 'none'"),
    ],
)
def test_files_that_cannot_be_written_are_wrong_usage(arguments, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = command(*arguments)
    assert result.exit_code == 2 and says in result.output and not names(tmp_path)


def test_what_stands_in_the_way_is_said_without_unfinished_names(tmp_path, monkeypatch):
    (tmp_path / "a.counterfactual.parquet").mkdir()
    result = command("--customers", 20, "--out", tmp_path / "a.csv")
    assert result.exit_code == 2 and "a.counterfactual.parquet is a folder" in result.output

    def refused(*_):
        raise PermissionError(13, "Permission denied", str(tmp_path / "b.csv.1.making"))

    monkeypatch.setattr(simulate, "_block", refused)
    result = command("--customers", 20, "--out", tmp_path / "b.csv")
    assert result.exit_code == 1 and "making" not in result.output
    assert f"{tmp_path / 'b.csv'} cannot be written: Permission denied" in result.output


def test_help_shows_examples_and_every_truth_with_its_default():
    said = command("--help").output
    assert "omninb simulate --customers 5000 --seed 1 --out events.csv" in said
    assert "checkout_test.mobile" in said and "[default: paid search]" in said
    for option in ("--truth", "--dirty", ".csv.zst", "NAME.counterfactual.parquet"):
        assert option in said
    assert "Each but exit_probability, order_value and service_rate can be off" in said


def test_what_takes_long_says_how_far_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(simulate, "BLOCK", 10)
    write_simulated(tmp_path / "a.csv", 30, 1, {})
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(simulated_files, "_QUIET", 0.0)
    write_simulated(tmp_path / "a.csv", 30, 1, {})
    assert capsys.readouterr().err.splitlines()[0] == "simulating: 1 of 3 blocks"
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    write_simulated(tmp_path / "a.csv", 30, 1, {})
    assert "/3 [" in capsys.readouterr().err


def test_json_for_people_is_json():
    value = {"a": {"b": [1, 2], "c": {}}, "d": [{"e": "é"}, None], "f": [], "g": True}
    text = json_text(value)
    assert json.loads(text) == value
    assert '    {"e": "é"},' in text.splitlines()
    with pytest.raises(ValueError):
        json_text({"a": float("nan")})
