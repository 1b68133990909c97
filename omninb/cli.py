"""The command line: omninb check | run | report | suite | schedule | simulate | workshop.

What a command needs is imported when it runs, so that ``omninb --help`` answers at once.
"""

from __future__ import annotations

import os
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from omninb.cli_check import check
from omninb.cli_options import (
    OWN_WORDS,
    Group,
    RunCommand,
    SimulateCommand,
    Usage,
    run_options,
    truths_of,
)
from omninb.cli_workshop import workshop


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="omninb")
def main() -> None:
    """Journey analytics across channels: map journeys, find where they end.

    \b
    First see whether your event log can be used, and how its columns are read:
        omninb check events.csv
    Then make one report, or all of them (without --events: on the sample):
        omninb run journey_map --events events.csv --columns customer_id=user --out reports
        omninb report --out reports
    For reports that make themselves, fill in a suite, and give its line to cron:
        omninb suite --out suite.yaml
        omninb schedule suite.yaml --cron "0 6 * * 1" --out reports

    Exit status: 0 done, 1 failed, 2 wrong usage, 3 done and a threshold was crossed.
    """  # noqa: D301


main.add_command(check)
main.add_command(workshop)


@main.command(cls=RunCommand)
@click.argument("notebook")
@run_options
def run(notebook: str, out: str, parameters: tuple[tuple[str, str], ...], **log: Any) -> None:
    """Run one notebook and write its page.

    NOTEBOOK is a name such as journey_map, or the path of a notebook of your own. The page is
    OUT/NAME.html and works with the network off. Nothing in OUT changes unless every cell ran.

    \b
    omninb run journey_map --help
    omninb run journey_map --out reports
    omninb run journey_map --events events.csv --columns customer_id=user,timestamp=when \\
        --timezone Europe/Berlin -p BY device -p SPLIT_GAP 30min --out reports
    """  # noqa: D301
    from omninb.reports.catalogue import find_notebook
    from omninb.reports.execution import read_notebook
    from omninb.reports.parameters import check_parameters, declared, from_command_line
    from omninb.reports.runner import run_notebook

    with Usage():
        path = find_notebook(notebook)
        loaded = read_notebook(path)
        given = from_command_line(declared(loaded), parameters, log)
        check_parameters(loaded, given)
    click.echo(run_notebook(path, given, out))


@main.command()
@click.argument("suite", nargs=-1, metavar="[SUITE.yaml | NOTEBOOK...]")
@run_options
@click.option(
    "--as-of", type=click.DateTime(), metavar="MOMENT",
    help="The moment that the reports are of, in UTC, such as 2026-03-09: what {{ today }} means "
    "in a suite, and what touchpoints of the future are later than. Now by default.",
)  # fmt: skip
@click.option(
    "--run-id", metavar="NAME",
    help="Name of the run's folder, its moment by default. For retries, with the same --as-of: a "
    "run of that name that succeeded is not made twice, one that failed is replaced.",
)  # fmt: skip
def report(
    suite: tuple[str, ...],
    out: str,
    parameters: tuple[tuple[str, str], ...],
    as_of: datetime | None,
    run_id: str | None,
    **log: Any,
) -> None:
    """Run several notebooks, with an index page above their reports.

    Give a suite file (`omninb suite` writes one to fill in; it says itself how the log is read), or
    notebooks by name or path, or nothing for all that come with omninb.

    The log is read once, and every notebook sees the same. The page to open is
    OUT/latest/index.html. It changes at once, and only if everything succeeded; a run of a moment
    before that which it shows leaves it, and has its page in OUT/runs. There each run stays with
    its run.json; one that failed says there why, and leaves OUT/latest as it was.

    \b
    omninb report --out reports
    omninb report --events events.csv --columns customer_id=user,timestamp=when --out reports
    omninb report suite.yaml --out reports
    omninb report suite.yaml --out reports --as-of 2026-03-09 --run-id week-10

    Exit status: 0 done, 1 failed, 2 wrong usage, 3 done and a headline is beyond its threshold (see
    summary.md beside the index).
    """  # noqa: D301
    from omninb.reports.alerts import crossing_words
    from omninb.reports.jobs import known_parameters, suite_of
    from omninb.reports.parameters import from_command_line
    from omninb.reports.records import record_of
    from omninb.reports.suite import run_report
    from omninb.reports.suite_file import FileSuite

    with Usage():
        # What is wrong in a suite that can be read is told to whom it names, by the run itself.
        read = suite_of(suite, {}, datetime.now(UTC))
        known = known_parameters(suite) if parameters else {}
        given = from_command_line(known, parameters, log)
    click.get_current_context().meta[OWN_WORDS] = isinstance(read, FileSuite)
    moment = None if as_of is None else as_of.replace(tzinfo=UTC)
    asked = suite[0] if len(suite) == 1 else suite
    index = run_report(asked, out, given, as_of=moment, run_id=run_id)
    click.echo(index)
    crossed = (record_of(index.parent) or {}).get("alerts", [])
    for alert in crossed:
        click.echo(crossing_words(alert), err=True)
    if crossed:
        raise click.exceptions.Exit(3)


@main.command()
@click.option("--out", default="suite.yaml", show_default=True, metavar="FILE", help="A new file.")
def suite(out: str) -> None:
    """Write an example of a suite file, every line explained.

    It says which log is read and how, which notebooks run with which parameters, how few customers
    may be shown, and what is to be heard of. The example runs as it stands, on the sample.

    \b
    omninb suite --out suite.yaml
    omninb report suite.yaml --out reports
    """  # noqa: D301
    from omninb.reports.suite_file import EXAMPLE

    try:
        with open(out, "x", encoding="utf-8") as file:
            file.write(EXAMPLE)
    except FileExistsError:
        raise click.UsageError(f"{out} is there already. Give another name by --out.") from None
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror}") from None
    click.echo(f"{out}\nNext:\n  omninb report {shlex.quote(out)} --out reports")


@main.command()
@click.argument("suite", metavar="SUITE.yaml")
@click.option(
    "--cron", required=True, metavar="'M H D M W'",
    help="When: minute, hour, day, month and weekday (0 is Sunday; * is every one), in the zone of "
    "the machine.",
)  # fmt: skip
@click.option("--out", default="reports", show_default=True, metavar="DIR", help="Report folder.")
def schedule(suite: str, cron: str, out: str) -> None:
    """Print the line by which cron makes a suite's reports.

    Paste it by `crontab -e`. What could fail by night is refused now: the five fields, the suite,
    its notebooks and their parameters. The line runs this very installation in the folder that you
    are in, so names in the suite mean what they mean here.

    What is said of each run is appended to OUT/schedule.log, for its owner alone. cron does not
    look at the exit status: let on_failure in the suite tell somebody.

    \b
    omninb schedule suite.yaml --cron "0 6 * * 1"                   # Mondays at six
    omninb schedule suite.yaml --cron "30 5 1 * *" --out monthly    # the first of each month
    """  # noqa: D301
    from omninb.reports.schedules import crontab_line

    with Usage():
        click.echo(crontab_line(suite, cron, out))


@main.command(cls=SimulateCommand)
@click.option("--customers", default=20_000, show_default=True, type=click.IntRange(min=1))
@click.option(
    "--seed", default=7, show_default=True, type=click.IntRange(min=0),
    help="The same seed gives the same log.",
)  # fmt: skip
@click.option(
    "--out",
    required=True,
    metavar="FILE",
    help="A name ending in .parquet, .csv, .csv.gz or .csv.zst, in a folder without another "
    "simulated log.",
)
@click.option(
    "--truth",
    "truths",
    multiple=True,
    callback=truths_of,
    metavar="NAME=VALUE",
    help="A truth to plant instead of its default; off plants none. A dot leads into a truth of "
    "several parts. May be given more than once.",
)
@click.option(
    "--dirty", is_flag=True,
    help="As CSV the way it comes out of real systems: with planted defects, listed in truth.json.",
)  # fmt: skip
def simulate(customers: int, seed: int, out: str, truths: dict[str, Any], dirty: bool) -> None:
    """Write a simulated year of a retailer as an event log.

    Two files stand beside it. truth.json says what is true of the log, with definitions, and with
    which seed it was drawn. NAME.counterfactual.parquet says what each customer would have bought
    without the e-mails, the retargeting, the videos, the new checkout, the hand-overs and the dip.

    \b
    omninb simulate --customers 5000 --seed 1 --out events.csv
    omninb simulate --out events.csv --truth video_uplift=off --truth checkout_test.mobile=0.2
    omninb simulate --out events.csv --dirty --truth 'exit_probability.call centre=0.4'

    Nothing is changed unless the log was written whole.
    """  # noqa: D301
    from omninb.cli_words import log_words
    from omninb.simulated_files import write_simulated

    with Usage():
        try:
            truth = write_simulated(out, customers, seed, truths, dirty)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else error
            raise click.ClickException(f"{out} cannot be written: {why}") from None
    click.echo(f"{out}: {truth['touchpoints']:,} touchpoints of {truth['customers']:,} customers")
    click.echo(f"{Path(out).with_name('truth.json')}: what is true of them")
    otherwise = Path(out).with_name(truth["counterfactual"])
    click.echo(f"{otherwise}: what each customer would have bought otherwise")
    options = truth.get("read_with", {})
    click.echo(f"Next:\n  omninb check {shlex.quote(out)}{log_words({}, options)}")
