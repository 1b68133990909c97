"""Events: sources, typing, ledger. `read_events` gives an `EventLog`."""

from omninb.events.log import EventLog
from omninb.events.reading import read_events
from omninb.events.snapshot import write_snapshot
from omninb.events.tables import Source

__all__ = ["EventLog", "Source", "read_events", "write_snapshot"]
