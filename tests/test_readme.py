"""What the README says works as written, and what it names exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import omninb as onb
from omninb.cli import main
from omninb.events.roles import REQUIRED, ROLES
from omninb.reports.catalogue import find_notebook, report_notebooks
from omninb.reports.execution import read_notebook
from omninb.reports.parameters import declared

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("*/README.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
ROLE_COLUMNS = {"customer_id": "user", "timestamp": "when", "channel": "source", "event": "action",
                "value": "amount"}  # fmt: skip


def blocks(text: str, language: str) -> list[str]:
    """The contents of fenced blocks in that language."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
    return [block for name, block in found if name == language]


def commands(text: str) -> list[list[str]]:
    """Lines of plain blocks, and inline code, that call omninb or make, split into words."""
    lines = [line for block in blocks(text, "") for line in block.splitlines()]
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    lines += re.findall(r"`((?:omninb|make) [^`]+)`", prose)
    return [shlex.split(line, comments=True) for line in lines if line]


def unknown(words: list[str]) -> list[str]:
    """What a command names that does not exist: targets, commands, options, parameters."""
    if words[0] == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        return [target for target in words[1:] if not re.search(rf"^{target}:", makefile, re.M)]
    if words[0] != "omninb" or words[1] not in main.commands:
        return words[:2]
    known = {name: option for option in main.commands[words[1]].params for name in option.opts}
    known |= {n: option for option in known.values() for n in option.secondary_opts}
    found = [word for word in words if word.startswith("-") and word not in known]
    if words[1] == "run" and len(words) > 2:
        parameters = declared(read_notebook(find_notebook(words[2])))
        given = [after for word, after in zip(words, words[1:], strict=False) if word == "-p"]
        found += [name for name in given if name not in parameters]
    return found


@pytest.fixture
def own_log(tmp_path, monkeypatch):
    """A folder with events.csv: the README's rows and simulated ones, by the README's columns."""
    monkeypatch.chdir(tmp_path)
    (shown,) = blocks(README, "csv")
    frame = onb.simulate_retailer(200, seed=1)[0].to_frame().rename(columns=ROLE_COLUMNS)
    frame["when"] = frame["when"].dt.strftime("%Y-%m-%d %H:%M:%S")
    header = shown.splitlines()[0].split(",")
    Path("events.csv").write_text(shown + frame[header].to_csv(index=False, header=False), "utf-8")


def test_the_python_blocks_run_one_after_the_other(own_log):
    namespace: dict = {}
    for block in blocks(README, "python"):
        exec(compile(block, "README.md", "exec"), namespace)
    assert len(namespace["table"].query("source == 'chat' and target == 'exit'")) == 1
    assert Path("journey_map.html").stat().st_size > 1_000_000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_exists_with_its_options(page):
    assert [w for words in commands(page.read_text(encoding="utf-8")) for w in unknown(words)] == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("make reprot", ["reprot"]),
        ("omninb runn journey_map", ["omninb", "runn"]),
        ("omninb run journey_map --event x.csv", ["--event"]),
        ("omninb run journey_map -p SPLITGAP 30d", ["SPLITGAP"]),
    ],
)
def test_a_command_that_does_not_exist_is_noticed(line, said):
    assert unknown(commands(f"```\n{line}\n```\n")[0]) == said


def test_the_check_commands_say_what_the_readme_promises(own_log):
    refused, used = (
        words[1:] for words in commands(README) if words[1:3] == ["check", "events.csv"]
    )
    said = CliRunner().invoke(main, refused)
    assert said.exit_code == 1 and "customer_id=user,timestamp=when,channel=source" in said.output
    said = CliRunner().invoke(main, used)
    assert said.exit_code == 0 and "This log can be used" in said.output


ROW = {"customer_id": "a", "timestamp": "2025-01-01 10:00Z", "channel": "web", "value": "19.90"}
NAMELESS = {"customer_id": None, "user": "a"}
REFUSED = {
    "no column for customer_id": (NAMELESS, {"columns": {"customer_id": "user"}}),
    "holds times without an offset": ({"timestamp": "2025-01-01 10:00"}, {"timezone": "UTC"}),
    "Say which comes first": ({"timestamp": "01/02/2025 10:00Z"}, {"day_first": True}),
    "Say what they count since 1970": ({"timestamp": "1735689600000"}, {"time_unit": "ms"}),
    "If the comma is the decimal sign": ({"value": "19,90"}, {"decimal": ","}),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_the_readme_says_settles_a_refusal_settles_it(message, tmp_path):
    change, settles = REFUSED[message]
    row = {name: text for name, text in {**ROW, **change}.items() if text is not None}
    file = tmp_path / "log.csv"
    pd.DataFrame([row]).to_csv(file, index=False)
    assert f"| {message} | `{next(iter(settles))}=" in README
    with pytest.raises(onb.OmninbError, match=message):
        onb.read_events(file)
    assert len(onb.read_events(file, **settles)) == 1


def test_a_name_of_our_own_gets_its_role_behind_it():
    frame = pd.DataFrame([{**ROW, "event": "open"}, {**ROW, "event": "click"}])
    steps = onb.step_table(onb.read_events(frame).journeys(), by="event")
    assert "open (event)" in set(steps["event"]) and "`open (event)`" in README


def test_the_readme_names_every_public_name_role_and_notebook_and_no_other():
    inline = re.findall(r"`([^`\n]+)`", README)
    for name in onb.__all__:
        assert any(re.match(rf"{name}\b", code) for code in inline) or f"`{name}`" in README, name
    for name in re.findall(r"\bonb\.(\w+)", README):
        assert name in onb.__all__
    table = README.split("### Roles")[1].split("\n\n")[1]
    first_cells = " ".join(row.split("|")[1] for row in table.splitlines())
    assert sorted(re.findall(r"`(\w+)`", first_cells)) == sorted(ROLES)
    required = [row for row in table.splitlines() if row.split("|")[2].strip() == "yes"]
    assert [re.search(r"`(\w+)`", row).group(1) for row in required] == list(REQUIRED)
    notebooks = re.findall(r"\]\(notebooks/(\w+)\.ipynb\)", README)
    assert notebooks == [path.stem for path in report_notebooks().values()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_glossary_explains_every_column_of_every_table():
    journeys = onb.simulate_retailer(200, seed=1)[0].journeys(split_gap="30d", end_at="purchase")
    web, steps = journeys.where(channel="web"), ["add_to_cart", "checkout", "purchase"]
    halves = [("2025-01-01", "2025-06-01"), ("2025-06-01", "2026-01-01")]
    tables = [
        onb.transition_table(journeys),
        onb.transition_difference_table(journeys, web),
        onb.step_table(journeys, by="device"),
        onb.flow_table(journeys),
        onb.path_table(journeys),
        onb.funnel_table(journeys, steps, "7d", attempt="every", breakdown="device"),
        onb.funnel_table(journeys, steps, hold="session_id", optional=["checkout"]),
        onb.funnel_period_table(journeys, steps, halves, "7d"),
        onb.drop_off_table(journeys, steps),
        onb.lost_to_table(journeys, steps),
        onb.exit_table(journeys, by="channel"),
        onb.reconciliation_table(journeys, steps),
    ]
    graph = onb.transition_graph(journeys)
    names = {str(name) for table in tables for name in table.columns} - {"device", "channel"}
    names |= {name for _, facts in graph.nodes(data=True) for name in facts}
    plain = {re.sub(r"_ci_(lower|upper)$|_[ab]$", "", name) for name in names}
    assert sorted(name for name in plain if f"`{name}`" not in GLOSSARY) == []


def test_the_notebooks_page_names_every_parameter_and_no_other():
    page = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"## Parameters of (\w+)\n\n(.*?)\n\n", page, re.S)
    assert [name for name, _ in named] == [path.stem for path in report_notebooks().values()]
    for name, table in named:
        parameters = declared(read_notebook(find_notebook(name)))
        assert re.findall(r"^\| `(\w+)`", table, re.M) == list(parameters)
        given = re.findall(r"`-p (\w+) \S+`", table)
        assert set(given) < set(parameters)
