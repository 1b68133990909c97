"""A snapshot: the log as it was read, whatever it was read from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import omninb as onb
from omninb.events import write_snapshot


def dirty_frame(n=400):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"customer_id": [f"c{i}" for i in rng.integers(0, 60, n)]})
    frame["timestamp"] = pd.to_datetime(rng.integers(0, 10**7, n), unit="s", utc=True)
    frame["channel"] = rng.choice(["web", "Web ", "store", "kiosk"], n, p=[0.5, 0.2, 0.29, 0.01])
    frame["value"] = np.where(rng.random(n) < 0.5, rng.normal(20, 5, n).round(2).astype(str), "")
    frame.loc[:4, "customer_id"] = ""
    frame.loc[5:7, "value"] = "$5"
    return frame


@pytest.fixture
def snapshot(tmp_path):
    log = onb.read_events(dirty_frame(), timezone="Europe/Berlin", currency="EUR")
    path = tmp_path / "log.omninb"
    return log, path, write_snapshot(log, path)


def test_a_snapshot_gives_back_the_log_and_its_ledger(snapshot):
    log, path, _ = snapshot
    again = onb.read_events(path)
    assert again.table.equals(log.table) and again.table.schema.equals(log.table.schema)
    for name in ("roles", "timezone", "currency", "observed_from", "observed_until", "counts"):
        assert getattr(again, name) == getattr(log, name), name
    pd.testing.assert_frame_equal(again.quality, log.quality)
    assert again.quarantine["reason"].tolist() == log.quarantine["reason"].tolist()
    assert set(again.quarantine["text"]) == {""} and "$5" not in path.read_bytes().decode("latin1")
    tables = [onb.transition_table(one.journeys(split_gap="7d")) for one in (log, again)]
    pd.testing.assert_frame_equal(*tables)


def test_rare_names_are_pooled_as_if_the_file_were_read(snapshot):
    _, path, _ = snapshot
    read = {"timezone": "Europe/Berlin", "currency": "EUR", "min_customers": 12}
    at_once, later = onb.read_events(dirty_frame(), **read), onb.read_events(path, min_customers=12)
    assert at_once.min_customers == later.min_customers == 12
    assert "(fewer than 12 customers)" in later.table["channel"].unique().to_pylist()
    pd.testing.assert_frame_equal(at_once.to_frame(), later.to_frame())
    pd.testing.assert_frame_equal(at_once.quality, later.quality)


def test_the_same_log_gives_the_same_hash_and_another_another(snapshot, tmp_path):
    log, _, sha = snapshot
    assert write_snapshot(log, tmp_path / "b.omninb") == sha
    other = onb.read_events(dirty_frame(399), timezone="Europe/Berlin", currency="EUR")
    assert write_snapshot(other, tmp_path / "c.omninb") != sha


def test_the_same_file_read_again_gives_the_same_hash(tmp_path):
    file, path = tmp_path / "log.csv", tmp_path / "log.omninb"
    dirty_frame(2000).to_csv(file, index=False)
    read = {"timezone": "Europe/Berlin", "currency": "EUR"}
    assert len({write_snapshot(onb.read_events(file, **read), path) for _ in range(12)}) == 1


def test_an_empty_log_is_kept_too(tmp_path):
    empty = onb.read_events(dirty_frame(0))
    write_snapshot(empty, tmp_path / "e.omninb")
    again = onb.read_events(tmp_path / "e.omninb")
    assert len(again) == 0 and again.observed_until is None


@pytest.mark.parametrize("kind", ["text", "arrow", "missing"])
def test_what_is_no_snapshot_is_refused(kind, tmp_path):
    path = tmp_path / "x.omninb"
    if kind == "text":
        path.write_text("customer_id,timestamp,channel\n")
    elif kind == "arrow":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, pa.schema([])):
            pass
    with pytest.raises(onb.OmninbError, match=r"x\.omninb is no snapshot of a log"):
        onb.read_events(path)


def test_whoever_reads_it_pools_no_less_than_it_asks_for(tmp_path):
    path = tmp_path / "log.omninb"
    frame = pd.DataFrame({"customer_id": [f"c{i}" for i in range(40)], "channel": "web"})
    frame.loc[:5, "channel"] = "rare"
    frame["timestamp"] = pd.Timestamp("2026-03-01", tz="UTC")
    write_snapshot(onb.read_events(frame), path, min_customers=8)
    pooled = "(fewer than 8 customers)"
    for given, name in ((None, pooled), (5, pooled), (9, "(fewer than 9 customers)")):
        log = onb.read_events(path, min_customers=given)
        assert set(log.table["channel"].unique().to_pylist()) == {"web", name}
        assert log.min_customers == max(given or 0, 8)
    write_snapshot(onb.read_events(frame), path)
    assert onb.read_events(path).min_customers is None


def test_a_shared_ledger_has_no_examples_of_what_a_single_customer_wrote(tmp_path):
    frame = pd.DataFrame({"customer_id": [f"c{i}" for i in range(40)], "channel": "web"})
    frame["timestamp"], frame["value"] = pd.Timestamp("2026-03-01", tz="UTC"), 1.0
    frame.loc[[0, 1], "channel"] = ["  RARE name  ", "rare name"]
    frame.loc[2, "value"] = -777.25
    path, written = tmp_path / "log.omninb", tmp_path / "shared.omninb"
    plain = onb.read_events(frame, currency="EUR")
    assert "RARE name" in str(plain.quality["example"].tolist())
    assert "-777.25" in str(plain.quality["example"].tolist())
    shared = onb.read_events(frame, currency="EUR", min_customers=10)
    write_snapshot(plain, path)
    write_snapshot(plain, written, min_customers=10)
    again = [onb.read_events(path, min_customers=10), onb.read_events(written)]
    for log in (shared, *again):
        told = str(log._repr_mimebundle_())
        assert "rare name" not in told.casefold() and "777" not in told
        assert "1 names → (fewer than 10 customers)" in log.quality["example"].tolist()
        assert log.quality["check"].str.contains("spellings merged").any()
    assert b"RARE name  " not in written.read_bytes()  # nor where the ledger lies
    write_snapshot(shared, path)
    assert onb.read_events(path).min_customers == 10
