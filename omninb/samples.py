"""The log that ships with omninb."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from omninb.errors import OmninbError

if TYPE_CHECKING:
    from omninb.events import EventLog

CUSTOMERS, SEED = 5_200, 10  # what data/sample.parquet was simulated with


def sample() -> EventLog:
    """The sample: a simulated year of an omnichannel retailer, about 60,000 touchpoints.

    Returns
    -------
    EventLog
        1 January to 31 December 2025, UTC, EUR. ``data/README.md`` describes each column.

    Raises
    ------
    OmninbError
        If the file is missing from the installation.

    Examples
    --------
    >>> sample().roles["customer_id"]
    'customer_id'
    """
    from omninb.events import read_events

    log = read_events(sample_path(), currency="EUR")
    return dataclasses.replace(log, made_by="onb.sample()")


def sample_path() -> Path:
    """Where the sample is: in the package when installed, in data/ in a clone."""
    here = Path(__file__).resolve().parent
    places = (here / "_data" / "sample.parquet", here.parent / "data" / "sample.parquet")
    for path in places:
        if path.exists():
            return path
    raise OmninbError(
        f"sample(): {places[0]} is missing. Install omninb again, or run `make sample`."
    )
