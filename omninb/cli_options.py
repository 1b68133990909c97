"""Options that several commands share, and how what is typed is understood."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, TypeVar

import click

OWN_WORDS = "omninb.own_words"  # whether errors are in a suite's keys already
Command = TypeVar("Command", bound=Callable[..., Any])

_COLUMNS_HELP = (
    "Which column plays which role: role=column, separated by commas. Roles: customer_id, "
    "timestamp, channel (required), event, phase, value, cost, event_id, order_id, session_id, "
    "campaign, device, location, variant, score, score_kind. A column that holds a comma is "
    "written in double quotes. May be given more than once."
)


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


def truths_of(ctx: click.Context, _: click.Parameter, given: Iterable[str]) -> dict[str, Any]:
    """What ``--truth name=value`` says; a dot leads into a truth that has parts."""
    truths: dict[str, Any] = {}
    for entry in given:
        name, equals, text = entry.partition("=")
        *outer, last = (part.strip() for part in name.split("."))
        if not equals or not all((*outer, last, text.strip())):
            from omninb.retailer.truths import DEFAULTS, meant

            truth = name.partition(".")[0].strip()
            hint = "" if truth in DEFAULTS else meant(truth)
            raise click.BadParameter(
                f"{entry!r} is no name=value.{hint} Write for example video_uplift=0.1, "
                "checkout_test.mobile=0.1 or video_uplift=off."
            )
        inside = truths
        for part in outer:
            inside = inside.setdefault(part, {})
            if not isinstance(inside, dict):
                raise click.BadParameter(f"{part!r} is given whole and in part.")
        if last in inside:
            raise click.BadParameter(f"{name.strip()!r} is given twice, or whole and in part.")
        inside[last] = _value(text.strip())
    return truths


def _value(text: str) -> Any:
    """A number where it is one; None for ``off``; else the text."""
    if text.casefold() == "off":
        return None
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text


def log_options(command: Command) -> Command:
    """The options that say how a log is read."""
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


def check_options(command: Command) -> Command:
    """The options that say what a log must come up to."""
    for option in (
        click.option(
            "--max-unpacked", type=click.IntRange(min=1), metavar="BYTES",
            help="What a gzip, zstd or Parquet file may unpack to. Default: 100 times its size.",
        ),
        click.option(
            "--expect-rows", type=click.IntRange(min=0), metavar="N",
            help="Rows of the last run: fewer warn, less than half as many are refused.",
        ),
        click.option(
            "--expect-until", metavar="TIME", help="Refuse a log that ends earlier than this."
        ),
        click.option(
            "--max-quarantined", type=float, metavar="SHARE",
            help="The share of rows, from 0 to 1, that may be quarantined. Default: 0.05.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def run_options(command: Command) -> Command:
    """The options of commands that run notebooks."""
    command = click.option(
        "--out", default="reports", show_default=True, metavar="DIR", help="Where to write."
    )(command)
    command = click.option(
        "-p", "--parameter", "parameters", type=(str, str), multiple=True, metavar="NAME VALUE",
        help="A parameter of the notebook, such as -p BY device. Read by the type of its default: "
        "text stays text, so 0123 keeps its zero.",
    )(command)  # fmt: skip
    command = log_options(command)
    return click.option(
        "--events", metavar="FILE", help="The event log: CSV, Parquet or JSON lines. Default: the "
        "sample that comes with omninb.",
    )(command)  # fmt: skip


class RunCommand(click.Command):
    """``omninb run NOTEBOOK --help`` lists what the notebook can be given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Remember the words, of which one may be the notebook's name."""
        ctx.meta["omninb.words"] = [word for word in args if word[:1] != "-"]
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the notebook's parameters below the options."""
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


class SimulateCommand(click.Command):
    """``omninb simulate --help`` lists the truths that can be planted."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the truths below the options."""
        from omninb.retailer.truths import ALWAYS, DEFAULTS

        rows = []
        for name, default in DEFAULTS.items():
            parts = default.items() if isinstance(default, dict) else [("", default)]
            rows += [(f"{name}.{part}".rstrip("."), f"[default: {value}]") for part, value in parts]
        with formatter.section("Truths, each as --truth NAME=VALUE"):
            formatter.write_dl(rows)
        formatter.write_paragraph()
        never = f"{', '.join(ALWAYS[:-1])} and {ALWAYS[-1]}"
        formatter.write_text(f"Each but {never} can be off, as a whole: --truth NAME=off.")


class Usage:
    """What was asked for cannot be done: status 2, as for a wrong option."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        from omninb.errors import OmninbError

        if isinstance(error, OmninbError):
            from omninb.cli_words import in_command_words

            raise click.UsageError(in_command_words(str(error))) from None


def _warned(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    """A warning in one line, without the place in the code that a reader of logs has no use for."""
    kind = "" if category is UserWarning else f"{category.__name__}: "
    click.echo(f"omninb: {kind}{message}", err=True)


class Group(click.Group):
    """Commands whose errors are one clear line: the house's own never show a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke the command; an error ends with status 1."""
        from omninb.errors import OmninbError

        try:
            with warnings.catch_warnings():
                warnings.showwarning = _warned
                return super().invoke(ctx)
        except OmninbError as error:
            from omninb.cli_words import in_command_words

            said = str(error) if ctx.meta.get(OWN_WORDS) else in_command_words(str(error))
            for words in (said, *getattr(error, "__notes__", [])):
                click.echo(f"omninb: {words}", err=True)
            ctx.exit(1)
