"""``python -m omninb``: the command line."""

from omninb.cli import main

main(prog_name="omninb")
