"""Events: sources, typing, ledger. `read_events` gives an `EventLog`."""

from omninb.events.log import EventLog
from omninb.events.reading import read_events
from omninb.events.tables import Source

__all__ = ["EventLog", "Source", "read_events"]
