"""300,000 rows of which 1 % are dirty: each of these is found, and no other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import omninb as onb
from omninb.dirt import READ_WITH, dirty_csv
from omninb.simulate import simulate_table
from tests.events.test_hostile import HEAD, QUARANTINED

pytestmark = pytest.mark.filterwarnings("ignore:.*are quarantined:UserWarning")
ROWS = 300_000
DIRTY = ROWS // 100
CUSTOMERS = 26_000  # they make a little more than 300,000 touchpoints


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_dirty_row_and_no_clean_one_is_quarantined(tmp_path: Path, end: str) -> None:
    random = np.random.default_rng(len(end))
    cases = [(bad if isinstance(bad, bytes) else bad.encode(), reason)
             for number, bad, reason in QUARANTINED if number != 12]  # fmt: skip
    good = "c%d,2024-03-01T10:00:00Z,web,view,1.50,%d\n"
    records = [(good % (n % 999, n)).encode() for n in range(ROWS)]
    drawn = dict.fromkeys(random.choice(ROWS, DIRTY, replace=False).tolist(), "")
    for nth, row in enumerate(drawn):
        records[row], drawn[row] = cases[nth % len(cases)]
    records = [record[:-1] + end.encode() for record in records]
    path = tmp_path / "log.csv"
    path.write_bytes(HEAD.strip().encode() + end.encode() + b"".join(records))
    log = onb.read_events(
        path, timezone="Europe/Berlin", as_of="2024-06-01T00:00:00Z", max_quarantined=0.01
    )
    found = dict(zip(log.quarantine["line"], log.quarantine["reason"], strict=True))
    assert found == {row + 2: reason for row, reason in drawn.items()}
    texts = dict(zip(log.quarantine["line"], log.quarantine["text"], strict=True))
    assert all(
        text == records[line - 2].decode("utf-8", "replace").rstrip("\r\n")
        for line, text in texts.items()
    )
    clean = [n for n in range(ROWS) if n not in drawn]
    assert log.table["note"].to_pylist() == [str(n) for n in clean]
    assert log.counts["read"] == ROWS and log.counts["accepted"] == ROWS - DIRTY
    assert log.files[0]["lines"] == ROWS + 1


def test_a_simulated_log_as_it_comes_out_of_real_systems(tmp_path: Path) -> None:
    file, planted = dirty_csv(simulate_table(CUSTOMERS, 3)[0], 3)
    path = tmp_path / "dirty.csv"
    path.write_bytes(file)
    log = onb.read_events(path, **READ_WITH)
    assert log.counts["read"] > ROWS
    expected = {line: entry["check"] for entry in planted if entry["outcome"] == "quarantined"
                for line in entry["lines"]}  # fmt: skip
    found = dict(zip(log.quarantine["line"], log.quarantine["reason"], strict=True))
    assert found == expected and len(found) > ROWS / 100
    assert log.counts["accepted"] == log.counts["read"] - len(expected)
