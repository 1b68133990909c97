"""One measurement in a process of its own: ``worker.py PEER cold|later LOG WARM_UP_LOG``."""

from __future__ import annotations

import hashlib
import json
import statistics
import sys
import time
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.peak import peak_gb


def timed(call) -> tuple[float, object]:
    """Seconds that a call took, and what it returned."""
    begin = time.perf_counter()
    answer = call()
    return time.perf_counter() - begin, answer


peer, question, log, warm_up = sys.argv[1:]
module = import_module(f"benchmarks.peers.{peer}")
module.cold(warm_up)
if question == "cold":
    seconds, (counts, _) = timed(lambda: module.cold(log))
    moves = sorted((a, b, n) for (a, b), n in counts.items() if n)
    found = {"cold": seconds, "answer": hashlib.sha256(repr(moves).encode()).hexdigest()[:12]}
else:
    found = {}
    for name, call in module.later(log).items():
        call()
        found[name] = statistics.median(timed(call)[0] for _ in range(5))
found["peak_gb"] = peak_gb()
print(json.dumps(found))
