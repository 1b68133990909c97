"""Events: sources, typing, ledger. `read_events` gives an `EventLog`."""

from omninb.events.given import Source
from omninb.events.log import EventLog
from omninb.events.reading import read_events
from omninb.events.snapshot import write_snapshot

__all__ = ["EventLog", "Source", "read_events", "write_snapshot"]
