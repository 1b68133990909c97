"""The peak of a process's own memory."""

from __future__ import annotations

import re
from pathlib import Path


def peak_gb() -> float:
    """GB that this process held at most, on Linux.

    getrusage would also count what the parent held when it started the process.
    """
    status = Path("/proc/self/status").read_text()
    (kilobytes,) = re.findall(r"VmHWM:\s*(\d+) kB", status)
    return int(kilobytes) / 1e6
