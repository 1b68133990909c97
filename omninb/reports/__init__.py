"""Notebooks run without a window and turned into pages that work with the network off."""

from omninb.reports.runner import run_notebook
from omninb.reports.suite import run_report

__all__ = ["run_notebook", "run_report"]
