"""Speed and memory beside the peers: ``make bench``. Medians of five; peers take turns with omninb.

Cold is file to table, later is the next analysis of the same journeys, both after a warm-up on a
small log. Each measurement is a process of its own. Every peer's counts must equal omninb's.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.make_logs import path_of

OURS, ROUNDS = "omninb_calls", next((int(one) for one in sys.argv[1:] if one.isdigit()), 5)
PYTHON = defaultdict(lambda: sys.executable)
PYTHON["retentioneering_stream"] = str(ROOT / ".venv-peers" / "bin" / "python")
FIRST_TABLE = """
import time; begin = time.perf_counter()
import omninb as onb
onb.transition_table(onb.read_events({log!r}).journeys(), by="channel")
print(time.perf_counter() - begin)"""
IMPORT = "import time; begin = time.perf_counter(); import {}; print(time.perf_counter() - begin)"


def measure(peers: list[str], question: str, touchpoints: int, text_ids: bool) -> dict:
    """Medians by peer and number, the peers taking turns: A B C A B C."""
    found: dict = {peer: defaultdict(list) for peer in peers}
    log, warm_up = str(path_of(touchpoints, text_ids)), str(path_of(10_000, text_ids))
    for _ in range(ROUNDS):
        for peer in peers:
            run = [PYTHON[peer], str(ROOT / "benchmarks/worker.py"), peer, question, log, warm_up]
            printed = subprocess.run(run, capture_output=True, text=True, check=True).stdout
            for name, number in json.loads(printed.splitlines()[-1]).items():
                found[peer][name].append(number)
    answers = {answer for peer in peers for answer in found[peer].pop("answer", [])}
    if len(answers) > 1:
        raise SystemExit(f"the peers count differently: {answers}")
    return {peer: {n: statistics.median(v) for n, v in found[peer].items()} for peer in peers}


def times(code: list[str]) -> list[float]:
    """Median seconds that each piece of code says it took, in fresh processes that take turns."""
    found: list[list[float]] = [[] for _ in code]
    for _ in range(ROUNDS):
        for index, piece in enumerate(code):
            run = [sys.executable, "-c", piece]
            printed = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
            found[index].append(float(printed.stdout.splitlines()[-1]))
    return [statistics.median(numbers) for numbers in found]


def say(what: str, ours: str, theirs: str, ratio: str, mark: str, met: bool) -> None:
    """One row of the printed table."""
    row = f"{what:<47}{ours:>11}{theirs:>11}{ratio:>9}  {mark:<12}{'met' if met else 'NOT met'}"
    print(row, flush=True)


def faster(what: str, ours: float, theirs: float, mark: float) -> None:
    """A row that asks to be so many times as fast as a peer."""
    ratio = theirs / ours
    say(what, f"{ours:.3f} s", f"{theirs:.3f} s", f"{ratio:.1f}×", f"≥ {mark:g}×", ratio >= mark)


def below(what: str, ours: float, unit: str, mark: float) -> None:
    """A row that asks to stay below a number."""
    say(what, f"{ours:.3g} {unit}", "", "", f"< {mark:g} {unit}", ours < mark)


def main() -> None:
    """Print what was measured, with the mark for each and whether it was met."""
    begin = time.perf_counter()
    say("", "omninb", "peer", "ratio", "mark", True)
    for text_ids, marks in ((False, (1.5, 1.5, 1.0)), (True, (1.5, 1.5, 1.5))):
        ids = "text" if text_ids else "integer"
        peers = ["duckdb_sql", "polars_lazy", "pandas_codes"]
        cold = measure([OURS, *peers], "cold", 10_000_000, text_ids)
        for peer, mark in zip(peers, marks, strict=True):
            faster(f"10 M cold, {ids} ids, {peer}", cold[OURS]["cold"], cold[peer]["cold"], mark)
        below(f"10 M peak memory, {ids} ids", cold[OURS]["peak_gb"], "GB", 1.5)

    peers = ["duckdb_sql", "duckdb_sorted", "duckdb_asof"]
    later = measure([OURS, *peers], "later", 10_000_000, False)
    for name in ("transitions", "steps", "flows"):
        for peer, mark in zip(peers[:2], (50, 8), strict=True):
            faster(f"10 M later, {name}, {peer}", later[OURS][name], later[peer][name], mark)
        below(f"10 M later, {name}", later[OURS][name] * 1000, "ms", 100)
    ours, asof = later[OURS]["funnel"], later["duckdb_asof"]["funnel"]
    faster("10 M later, funnel of five steps, duckdb_asof", ours, asof, 8)
    below("10 M later, funnel of five steps", ours * 1000, "ms", 300)
    below("10 M later, paths", later[OURS]["paths"] * 1000, "ms", 300)

    peer = "retentioneering_stream"
    cold = measure([OURS, peer], "cold", 1_000_000, True)
    faster("1 M cold, retentioneering", cold[OURS]["cold"], cold[peer]["cold"], 10)
    later = measure([OURS, peer], "later", 1_000_000, True)
    for name in ("transitions", "steps", "flows"):
        faster(f"1 M later, {name}, retentioneering", later[OURS][name], later[peer][name], 50)

    log = str(path_of(10_000, False))
    ours, pandas, first = times(
        [IMPORT.format("omninb"), IMPORT.format("pandas"), FIRST_TABLE.format(log=log)]
    )
    below("import omninb, of import pandas", ours / pandas, "×", 1.3)
    below("fresh process to first table, of import pandas", first / pandas, "×", 2)
    print(f"measured in {(time.perf_counter() - begin) / 60:.0f} min")


if __name__ == "__main__":
    main()
