"""``omninb workshop``: student copies, and the progress of a class."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.group()
def workshop() -> None:
    """Student copies of the workshop's lessons, and the progress of a class."""


@workshop.command()
@click.argument("folder", default="notebooks/workshop", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a copy is not right.")
def copies(folder: Path, check: bool) -> None:
    """Write the student copies of the masters in FOLDER/masters to FOLDER.

    Solutions and outputs are taken out. A master is refused if an exercise has no solution or no
    check, or if a solution can be read elsewhere in it.

    \b
    omninb workshop copies
    omninb workshop copies notebooks/workshop --check
    """  # noqa: D301
    from omninb.workshop.copies import check_copies, write_copies

    if check:
        check_copies(folder)
        return
    for path in write_copies(folder):
        click.echo(path)


@workshop.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--csv", "out", metavar="FILE", help="Write the table to this file, too.")
def collect(folder: Path, out: str | None) -> None:
    """Table the progress of a class from the saved notebooks in FOLDER.

    A row for each notebook and seat, a column for each exercise. What is broken or no notebook of
    the workshop is named and left out. Nothing in the notebooks is run.

    \b
    omninb workshop collect handed_in
    omninb workshop collect handed_in --csv progress.csv
    """  # noqa: D301
    from omninb.workshop.collect import collect, progress_words, to_csv

    progress = collect(folder)
    click.echo(progress_words(progress))
    if out is not None:
        try:
            to_csv(progress, out)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else error
            raise click.ClickException(f"{out} cannot be written: {why}") from None
        click.echo(out)
