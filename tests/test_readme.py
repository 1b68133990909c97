"""What the README says works as written, and what it names exists."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import click
import pandas as pd
import pytest
from click.testing import CliRunner

import omninb as onb
from omninb.cli import main
from omninb.events.roles import REQUIRED, ROLES
from omninb.reports.catalogue import find_notebook, report_notebooks
from omninb.reports.execution import read_notebook
from omninb.reports.jobs import jobs_of
from omninb.reports.parameters import check_parameters, declared
from omninb.reports.suite_file import EXAMPLE, read_suite
from omninb.views import HEADLINE_MIME

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted({
    *ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("docs/*.md"),
    *ROOT.glob("notebooks/workshop/*.md"),
})  # fmt: skip
README = (ROOT / "README.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
EXPORTERS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"][
    "nbconvert.exporters"
]
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
    if words[:2] == ["jupyter", "nbconvert"]:  # its exporter is ours
        return [word for word in words if word.startswith("omninb") and word not in EXPORTERS]
    if words[0] != "omninb" or words[1] not in main.commands:
        return words[:2]
    command = main.commands[words[1]]
    if isinstance(command, click.Group):
        if len(words) < 3 or words[2] not in command.commands:
            return words[:3]
        command = command.commands[words[2]]
    known = {name: option for option in command.params for name in option.opts}
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
        ("omninb workshop colect in", ["omninb", "workshop", "colect"]),
        ("omninb workshop collect in --cvs x", ["--cvs"]),
        ("jupyter nbconvert --to omninb_repot n.ipynb", ["omninb_repot"]),
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


@pytest.fixture
def own_suite(own_log):
    """The README's suite beside its log."""
    (shown,) = blocks(README, "yaml")
    Path("suite.yaml").write_text(shown, "utf-8")
    return Path("suite.yaml")


def test_the_suite_is_one_and_its_notebooks_take_its_parameters(own_suite, tmp_path):
    now = datetime(2026, 3, 9, tzinfo=UTC)
    suite = read_suite(own_suite, now.date())
    assert suite.events.columns == ROLE_COLUMNS and suite.events.observed_until == "2026-03-09"
    assert [job.name for job in jobs_of(suite, {}, now, tmp_path)] == [
        "start_here",
        "map-of-events",
    ]


def stated() -> set[str]:
    """The headlines that the notebooks state, as they are committed."""
    outputs = (output for path in report_notebooks().values() for cell in read_notebook(path).cells
               for output in cell.get("outputs", []))  # fmt: skip
    bundles = (output.get("data", {}) for output in outputs)
    return {record["name"] for bundle in bundles for record in bundle.get(HEADLINE_MIME, [])}


@pytest.mark.parametrize("text", [*blocks(README, "yaml"), EXAMPLE], ids=["README", "example"])
def test_alerts_name_headlines_that_there_are(text):
    alerts = re.search(r"^#? ?alerts:\n((?:#? {2,}.*\n)+)", text, re.M).group(1)
    names = re.findall(r"^#? +([^:#]+): \{", alerts, re.M)
    assert names and set(names) <= stated()


def test_the_run_of_the_suite_leaves_what_the_readme_lists_and_is_not_made_twice(own_suite):
    again = next(words[1:] for words in commands(README) if "--run-id" in words)
    done = CliRunner().invoke(main, again)
    assert done.exit_code == 0, done.output
    (tree,) = blocks(README, "text")
    listed = [line.split()[0].rstrip("/") for line in tree.splitlines()]
    out, inside = Path(listed[0]), listed[3:]
    assert out.name == again[again.index("--out") + 1] and listed[1] == "latest"
    assert [path.name for path in (out / "runs").iterdir()] == ["week-10"]
    made = {path.name for path in (out / "latest").iterdir()}
    pages = {f"map-of-events{end}" for end in (".html", ".ipynb")}
    assert made == {*inside, *pages, "assets"}
    record = (out / "latest" / "run.json").read_bytes()
    done = CliRunner().invoke(main, again)
    assert done.exit_code == 0, done.output
    assert (out / "latest" / "run.json").read_bytes() == record
    other = [word.replace("2026-03-09", "2026-03-10") for word in again]
    refused = CliRunner().invoke(main, other)
    assert refused.exit_code == 1 and "a run of that name stands there" in refused.output


def test_each_exit_status_that_the_readme_lists_is_met(own_suite):
    table = README.split("| exit status |")[1].split("\n\n")[0]
    assert re.findall(r"^\| (\d) \|", table, re.M) == list("0123")
    text, met = own_suite.read_text("utf-8").replace("mail, -s,", "echo,"), []
    for old, new in (
        ("timezone:", "time_zone:"),
        ("END_AT: purchase", "STEPS: purchase"),
        ("below: 10, above: 60", "below: 99.5"),
    ):
        own_suite.write_text(text.replace(old, new, 1), "utf-8")
        met.append(CliRunner().invoke(main, ["report", "suite.yaml", "--out", "out"]))
    assert [done.exit_code for done in met] == [2, 1, 3]
    assert "Journeys that succeeded: " in met[2].stderr
    assert "below its threshold of 99.5 %" in met[2].stderr


def test_airflow_is_told_of_parameters_that_the_notebook_declares():
    page = (ROOT / "docs" / "scheduling.md").read_text("utf-8")
    calls = [ast.parse(block.strip()).body[-1].value for block in blocks(page, "python")]
    (given,) = (
        {word.arg: word.value for word in call.keywords}
        for call in calls
        if ast.unparse(call.func) == "PapermillOperator"
    )
    loaded = read_notebook(find_notebook(Path(ast.literal_eval(given["input_nb"])).stem))
    check_parameters(loaded, ast.literal_eval(given["parameters"]))


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


@pytest.mark.filterwarnings("ignore:.*are quarantined:UserWarning")
def test_the_way_to_mend_holds_where_more_than_five_percent_are_bad(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (recipe,) = [one for one in blocks(README, "python") if "mended" in one]
    good = "".join(f"c{n},2025-03-01 10:00,web\n" for n in range(20)).encode()
    bad = ",2025-03-01 10:00,web\nx,2025-03-01 10:00,caf\xe9\n".encode("latin-1")
    Path("events.csv").write_bytes(b"customer_id,timestamp,channel\n" + good + bad)
    log = onb.read_events("events.csv", timezone="Europe/Berlin", max_quarantined=0.25)
    namespace = {"onb": onb, "log": log}
    exec(compile(recipe, "README.md", "exec"), namespace)
    again = namespace["log"]
    assert again.counts["quarantined"] == 4  # still without an id, and without the letter
    assert len(again) == 20


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
    assert sorted(re.findall(r"`(\w+)`", first_cells)) == sorted([*ROLES, "currency"])
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
        onb.gap_table(journeys, "web", "web"),
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
