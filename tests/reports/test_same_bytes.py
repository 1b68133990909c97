"""The same data, parameters, versions and moment give the same pages and tables."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from omninb.reports import run_report
from tests.reports.notebooks import drop_off_notebook, write

MOMENT = datetime(2026, 3, 16, 6, tzinfo=UTC)
LOG = "customer_id,timestamp,channel\n" + "".join(
    f"c{i % 40},2026-03-{1 + i % 12:02d}T{i % 24:02d}:00:00Z,{('web', 'store', 'app')[i % 3]}\n"
    for i in range(600)
)


def hashes(run: Path) -> dict[str, str]:
    """SHA-256 of each page and table, of the index and of the summary."""
    return {
        str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(run.rglob("*"))
        if path.suffix in {".html", ".csv", ".md"}
    }


def test_three_runs_in_fresh_folders_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    found = []
    for number in range(3):
        home = tmp_path / str(number)
        home.mkdir()
        (home / "log.csv").write_text(LOG, encoding="utf-8")
        asked = {"EVENTS": str(home / "log.csv"), "BY": "channel"}
        notebooks = [write(drop_off_notebook(), home / "01_drop_off.ipynb"), "journey_map"]
        index = run_report(notebooks, home / "out", asked, as_of=MOMENT)
        found.append(hashes(index.parent.resolve()))
        record = json.loads((index.parent / "run.json").read_text("utf-8"))
        listed = [name for report in record["reports"] for name in report["tables"]]
        assert sorted(listed) == [name for name in found[-1] if name.endswith(".csv")]
        assert record["seconds"] > 0 and len(listed) > 1
    assert found[0] == found[1] == found[2]
    assert {"index.html", "drop_off.html", "journey_map.html"} < set(found[0])
