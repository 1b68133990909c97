"""The command line: omninb check | run | report | simulate.

What a command needs is imported when it runs, so that ``omninb --help`` answers at once.
"""

from __future__ import annotations

import csv
import os
import shlex
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_COLUMNS_HELP = (
    "Which column plays which role: role=column, separated by commas. Roles: customer_id, "
    "timestamp, channel (required), event, phase, value, cost, event_id, order_id, session_id, "
    "campaign, device, location, variant, score, score_kind. A column that holds a comma is "
    "written in double quotes. May be given more than once."
)


class _Group(click.Group):
    """Commands whose errors are one clear line: the house's own never show a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        from omninb.errors import OmninbError

        try:
            return super().invoke(ctx)
        except OmninbError as error:
            from omninb.cli_words import in_command_words

            click.echo(f"omninb: {in_command_words(str(error))}", err=True)
            ctx.exit(1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="omninb")
def main() -> None:
    """Journey analytics across channels: map journeys, find where they end.

    \b
    First see whether your event log can be used, and how its columns are read:
        omninb check events.csv
    Then make one report, or all of them (without --events: on the sample):
        omninb run journey_map --events events.csv --columns customer_id=user --out reports
        omninb report --out reports

    Exit status: 0 done, 1 failed, 2 wrong usage.
    """  # noqa: D301


def _columns(ctx: click.Context, _: click.Parameter, given: Iterable[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for entry in next(iter(csv.reader([",".join(given)], skipinitialspace=True)), []):
        role, equals, column = entry.partition("=")
        if not equals or not role.strip() or not column:
            raise click.BadParameter(
                f"{entry!r} is no role=column. Write for example customer_id=user,timestamp=when."
            )
        if role.strip() in columns:
            raise click.BadParameter(f"the role {role.strip()!r} is given twice.")
        columns[role.strip()] = column
    return columns


def _log_options(command: Command) -> Command:
    for option in (
        click.option("--currency", metavar="NAME", help="Currency of value and cost."),
        click.option(
            "--decimal", type=click.Choice([".", ","]), help="Decimal sign of value and cost."
        ),
        click.option(
            "--day-first/--month-first", default=None, help="How to read a date such as 01/02/2024."
        ),
        click.option(
            "--time-unit",
            type=click.Choice(["s", "ms", "us", "ns"]),
            help="Unit of timestamps that are numbers since 1970.",
        ),
        click.option(
            "--timezone", metavar="ZONE", help="Zone of times without one, such as Europe/Berlin."
        ),
        click.option(
            "--columns", multiple=True, callback=_columns, metavar="ROLE=COLUMN,…",
            help=_COLUMNS_HELP,
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def _run_options(command: Command) -> Command:
    command = click.option(
        "--out", default="reports", show_default=True, metavar="DIR", help="Where to write."
    )(command)
    command = click.option(
        "-p", "--parameter", "parameters", type=(str, str), multiple=True, metavar="NAME VALUE",
        help="A parameter of the notebook, such as -p BY device. Read by the type of its default: "
        "text stays text, so 0123 keeps its zero.",
    )(command)  # fmt: skip
    command = _log_options(command)
    return click.option(
        "--events", metavar="FILE", help="The event log: CSV, Parquet or JSON lines. Default: the "
        "sample that comes with omninb.",
    )(command)  # fmt: skip


@main.command()
@click.argument("file")
@_log_options
def check(file: str, columns: dict[str, str], **options: Any) -> None:
    """Read an event log and account for every row, or say what is missing.

    \b
    omninb check events.csv
    omninb check events.csv --columns customer_id=user,timestamp=when --timezone Europe/Berlin
    omninb check log.csv --columns 'customer_id=case:id,"channel=Sales, region"'

    Exit status 1 where the log cannot be used as it stands.
    """  # noqa: D301
    from omninb.cli_words import in_command_words, log_words, next_checks, roles_words
    from omninb.errors import OmninbError
    from omninb.events import read_events
    from omninb.events.proposal import propose_roles
    from omninb.events.roles import ROLES
    from omninb.events.sources import column_names

    found = column_names(file)
    own = {role: role for role in ROLES if role in found}
    usable = {role: column for role, column in columns.items() if column in found}
    roles = [role for role in (*ROLES, "currency") if role in own or role in usable]
    used = {role: {**own, **usable}[role] for role in roles}
    free = [name for name in found if name not in used.values()]
    proposal = {**propose_roles(free), **used}
    click.echo(roles_words(found, used, proposal))
    try:
        log = read_events(
            file, columns=columns, **{name: v for name, v in options.items() if v is not None}
        )
    except OmninbError as error:
        click.echo(f"\nThis log cannot be used yet. {in_command_words(str(error))}")
        lines = next_checks(file, columns, options, proposal, error)
        if lines:
            click.echo("\nPerhaps:" if len(lines) == 1 else "\nOne of:")
        click.echo("".join(f"  {line}\n" for line in lines), nl=False)
        raise click.exceptions.Exit(1) from None
    click.echo()
    counts = log.counts
    removed, refused = counts["duplicates_removed"], counts["quarantined"]
    click.echo(
        f"{counts['read']:,} rows read = {counts['used']:,} used + {removed:,} duplicates removed"
        f" + {refused:,} quarantined"
    )
    rows = log.quality[~log.quality["check"].isin([*counts, "duplicates removed"])]
    for row in rows.itertuples():
        click.echo(f"  {row.outcome:<12} {row.rows:>12,}  {row.check}  {row.example}".rstrip())
    click.echo("\nThis log can be used. Next:")
    click.echo(f"  omninb run journey_map --events {shlex.quote(file)}{log_words(used, options)}")


class _RunCommand(click.Command):
    """``omninb run NOTEBOOK --help`` lists what the notebook can be given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta["omninb.words"] = [word for word in args if word[:1] != "-"]
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        options = {str(option.name).upper() for option in self.params}
        for word in ctx.meta["omninb.words"]:
            from omninb.errors import OmninbError
            from omninb.reports.catalogue import find_notebook
            from omninb.reports.execution import read_notebook
            from omninb.reports.parameters import declared

            with suppress(OmninbError):  # a word that names no notebook
                known = declared(read_notebook(find_notebook(word))).values()
                own = [p for p in known if p.name not in options]
                with formatter.section(f"Parameters of {word}, each as -p NAME VALUE"):
                    formatter.write_dl([(p.name, f"{p.help}  [default: {p.default}]") for p in own])
                return
        formatter.write("\nomninb run NOTEBOOK --help lists the notebook's parameters.\n")


@main.command(cls=_RunCommand)
@click.argument("notebook")
@_run_options
def run(notebook: str, out: str, parameters: tuple[tuple[str, str], ...], **log: Any) -> None:
    """Run one notebook and write its page: OUT/NAME.html works with the network off.

    NOTEBOOK is a name such as journey_map, or the path of a notebook of your own. Nothing in OUT
    changes unless every cell ran.

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

    with _Usage():
        path = find_notebook(notebook)
        loaded = read_notebook(path)
        given = from_command_line(declared(loaded), parameters, log)
        check_parameters(loaded, given)
    click.echo(run_notebook(path, given, out))


@main.command()
@click.argument("notebooks", nargs=-1)
@_run_options
def report(
    notebooks: tuple[str, ...], out: str, parameters: tuple[tuple[str, str], ...], **log: Any
) -> None:
    """Run all report notebooks, or those named, with an index page above them.

    The run is kept in OUT/runs; OUT/latest/index.html is switched to it at once, and only if
    everything succeeded.

    \b
    omninb report --out reports
    omninb report --events events.csv --columns customer_id=user,timestamp=when --out reports
    """  # noqa: D301
    from omninb.reports.catalogue import find_notebook, report_notebooks
    from omninb.reports.execution import read_notebook
    from omninb.reports.parameters import declared, from_command_line
    from omninb.reports.suite import run_report

    with _Usage():
        paths = [find_notebook(n) for n in notebooks] or list(report_notebooks().values())
        known: dict[str, Any] = {}
        for path in paths:
            known |= declared(read_notebook(path))
        given = from_command_line(known, parameters, log)
    click.echo(run_report(paths, out, given))


@main.command()
@click.option("--customers", default=20_000, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=7, show_default=True, help="The same seed gives the same log.")
@click.option("--out", required=True, metavar="FILE", help="A name ending in .parquet or .csv.")
def simulate(customers: int, seed: int, out: str) -> None:
    """Write a simulated year of a retailer, whose truth is known, as an event log.

    \b
    omninb simulate --customers 5000 --seed 1 --out events.csv
    omninb check events.csv
    """  # noqa: D301
    if not out.endswith((".parquet", ".csv")):
        raise click.BadParameter(f"{out!r} must end in .parquet or .csv.", param_hint="--out")
    import pyarrow.csv
    import pyarrow.parquet

    from omninb.simulate import simulate_table

    table, truth = simulate_table(customers, seed)
    making = f"{out}.making"
    try:
        if out.endswith(".csv"):
            pyarrow.csv.write_csv(table, making)
        else:
            pyarrow.parquet.write_table(table, making)
        os.replace(making, out)
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error}") from None
    click.echo(
        f"{out}: {truth['touchpoints']:,} touchpoints of {truth['customers']:,} customers, "
        f"{truth['purchases']:,} purchases"
    )


class _Usage:
    """What was asked for cannot be done: status 2, as for a wrong option."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        from omninb.errors import OmninbError

        if isinstance(error, OmninbError):
            from omninb.cli_words import in_command_words

            raise click.UsageError(in_command_words(str(error))) from None
