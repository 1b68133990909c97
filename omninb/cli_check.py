"""``omninb check``: an event log is read, and every row accounted for."""

from __future__ import annotations

import math
import warnings
from typing import Any

import click

from omninb.cli_options import check_options, log_options


@click.command()
@click.argument("file")
@log_options
@check_options
def check(
    file: str, columns: dict[str, str], max_quarantined: float | None, expect_until: str | None,
    expect_rows: int | None, max_unpacked: int | None, **of_the_log: Any,
) -> None:  # fmt: skip
    """Read an event log and account for every row, or say what is missing.

    \b
    omninb check events.csv
    omninb check events.csv --columns customer_id=user,timestamp=when --timezone Europe/Berlin
    omninb check log.csv --columns 'customer_id=case:id,"channel=Sales, region"'
    omninb check 'logs/*.csv' --expect-until 2025-06-30 --expect-rows 120000

    Columns are proposed by their names and by what they hold; none is used until you say so.

    Exit status 1 where the log cannot be used as it stands.
    """  # noqa: D301
    from omninb.cli_words import (
        file_word,
        files_words,
        in_command_words,
        ledger_words,
        log_words,
        next_checks,
        roles_words,
        visible,
    )
    from omninb.errors import OmninbError
    from omninb.events import read_events
    from omninb.events.expectations import REFUSED_ABOVE
    from omninb.events.proposal import propose_for
    from omninb.events.roles import REQUIRED, ROLES
    from omninb.events.sources import column_names

    found = column_names(file)
    own = {role: role for role in ROLES if role in found}
    usable = {role: column for role, column in columns.items() if column in found}
    roles = [role for role in (*ROLES, "currency") if role in own or role in usable]
    used = {role: {**own, **usable}[role] for role in roles}
    likely = {
        role: one
        for role, one in propose_for(file, found, used.values()).items()
        if role not in used
    }
    columns_of = {**{role: one.column for role, one in likely.items()}, **used}
    proposal = {role: columns_of[role] for role in (*ROLES, "currency") if role in columns_of}
    click.echo(roles_words(found, used, likely))
    options = {
        **of_the_log, "max_quarantined": max_quarantined, "expect_until": expect_until,
        "expect_rows": expect_rows, "max_unpacked": max_unpacked,
    }  # fmt: skip
    given = {name: value for name, value in options.items() if value is not None}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the ledger below says the same
            log = read_events(file, columns=columns, **given)
    except OmninbError as error:
        click.echo(f"\nThis log cannot be used yet. {visible(in_command_words(str(error)))}")
        fits = usable == columns and set(REQUIRED) <= set(used)  # then other columns settle nothing
        lines = next_checks(file, columns, options, {} if fits else proposal, error)
        if lines:
            click.echo("\nPerhaps:" if len(lines) == 1 else "\nOne of:")
        click.echo("".join(f"  {line}\n" for line in lines), nl=False)
        raise click.exceptions.Exit(1) from None
    click.echo(visible(f"\n{ledger_words(log.counts, log.quality)}{files_words(log.files)}"))
    if likely:
        click.echo("\nIf the other roles are right:")
        click.echo(f"  omninb check {file_word(file)}{log_words(proposal, options)}")
    if log.counts["quarantined"] > REFUSED_ABOVE * log.counts["read"]:
        share = math.ceil(100 * log.counts["quarantined"] / log.counts["read"]) / 100
        click.echo(
            f"\nThis log can be used where max_quarantined={share} is given: in Python, and in a"
            f" suite under events. Over {REFUSED_ABOVE:.0%} are refused otherwise."
        )
        return
    click.echo("\nThis log can be used. Next:")
    same_log = f"--events {file_word(file)}{log_words(used, of_the_log)}"
    for notebook in ("start_here", "journey_map"):
        click.echo(f"  omninb run {notebook} {same_log}")
