"""Pseudonyms: the same key gives the same, another key another, and no id is left anywhere."""

from __future__ import annotations

import gzip
import hashlib
import pickle
from pathlib import Path

import pandas as pd
import pytest

import omninb as onb
from omninb.errors import OmninbError
from omninb.events import EventLog, Source, batches, read_events

KEY = "k" * 40
ROWS = "customer_id,timestamp,channel,order_id,mail\n" + "".join(
    f"Ann{row % 7},2025-03-{row % 27 + 1:02}T10:00:00Z,web,order-{row % 9},ann{row % 7}@home\n"
    for row in range(60)
)
BAD = "Ann3,never,web,order-1,x\nAnn5\n"


def by_hand(text: str, key: str = KEY) -> str:
    """HMAC-SHA-256 as RFC 2104 defines it, from SHA-256 alone."""
    secret = key.encode()
    secret = hashlib.sha256(secret).digest() if len(secret) > 64 else secret
    secret = secret.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in secret) + text.encode()).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in secret) + inner).hexdigest()


@pytest.fixture
def log_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    def read(key: str | None = KEY, text: str = ROWS + BAD, **options: object) -> EventLog:
        if key is None:
            monkeypatch.delenv("OMNINB_KEY", raising=False)
        else:
            monkeypatch.setenv("OMNINB_KEY", key)
        (tmp_path / "log.csv").write_text(text)
        return read_events(tmp_path / "log.csv", pseudonymise=True, max_quarantined=1, **options)

    return read


@pytest.mark.parametrize("key", [KEY, "ü" * 90])
def test_ids_are_the_hmac_of_their_text(log_of, key: str) -> None:  # type: ignore[no-untyped-def]
    log = log_of(key)
    assert log.table["customer_id"].to_pylist() == [by_hand(f"Ann{r % 7}", key) for r in range(60)]
    assert log.table["order_id"].to_pylist() == [by_hand(f"order-{r % 9}", key) for r in range(60)]


def test_stable_between_runs_and_sources_and_different_between_keys(  # type: ignore[no-untyped-def]
    log_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, again, other = log_of(), log_of(), log_of("another key " * 4)
    ids = one.table["customer_id"].to_pylist()
    assert again.table["customer_id"].to_pylist() == ids
    assert not set(other.table["customer_id"].to_pylist()) & set(ids)
    assert len(set(ids)) == 7
    marks = {
        log.quality.loc[log.quality["check"].str.startswith("pseudonyms"), "example"].item()
        for log in (one, again, other)
    }
    assert len(marks) == 2
    monkeypatch.setenv("OMNINB_KEY", KEY)
    monkeypatch.setattr(batches, "ROWS", 10)
    frame = one.to_frame().assign(customer_id=[row % 7 for row in range(60)])
    numbers = read_events(frame, pseudonymise=True).table["customer_id"].to_pylist()
    assert numbers == [by_hand(str(row % 7)) for row in range(60)]


def test_journeys_are_the_same_under_pseudonyms(log_of) -> None:  # type: ignore[no-untyped-def]
    hidden = log_of(text=ROWS).journeys(split_gap="2d")
    plain = log_of(text=ROWS)
    plain = read_events(plain.to_frame().assign(customer_id=[f"Ann{r % 7}" for r in range(60)]))
    columns = ["source", "target", "transitions", "journeys", "customers"]
    expected = onb.transition_table(plain.journeys(split_gap="2d"))[columns]
    assert onb.transition_table(hidden)[columns].equals(expected)


def test_no_id_is_left_anywhere(log_of) -> None:  # type: ignore[no-untyped-def]
    log = log_of(recode={"channel": {"web": "shop"}})
    assert log.quarantine["line"].tolist() == [62, 63]
    assert set(log.quarantine["text"]) == {"(withheld: pseudonymise=True)"}
    kept = log.table.drop_columns(["mail"])
    everything = repr(
        (kept.to_pylist(), log.quality.to_dict(), log.quarantine.to_dict(), log.files, log.counts,
         log.roles, log._repr_mimebundle_())
    )  # fmt: skip
    for word in ("Ann", "order-"):
        assert word not in everything
    buffers = b"".join(
        bytes(buffer)
        for column in kept.columns
        for chunk in column.chunks
        for buffer in [*chunk.buffers(), *getattr(chunk, "dictionary", chunk).buffers()]
        if buffer
    )
    assert b"Ann" not in buffers and b"order-" not in buffers
    assert KEY not in everything and KEY.encode() not in pickle.dumps(log.quality)


def test_texts_without_a_role_are_pointed_out(log_of) -> None:  # type: ignore[no-untyped-def]
    quality = log_of().quality
    warned = quality.loc[quality["check"].str.startswith("columns without a role"), "example"]
    assert warned.tolist() == ["mail"]


@pytest.mark.parametrize(("key", "said"), [(None, "is not set"), ("short", "has 5 characters")])
def test_a_missing_or_short_key_is_refused_with_the_way_to_one(  # type: ignore[no-untyped-def]
    log_of, key: str | None, said: str
) -> None:
    with pytest.raises(OmninbError, match=rf"OMNINB_KEY {said}.*secrets\.token_hex") as caught:
        log_of(key)
    assert "short" not in str(caught.value)


def test_tables_that_are_looked_up_meet_under_pseudonyms(log_of) -> None:  # type: ignore[no-untyped-def]
    log_of()
    visits = pd.DataFrame(
        {"customer_id": ["a", "b"], "timestamp": "2025-03-01T10:00:00Z", "channel": "web"}
    )
    arms = pd.DataFrame({"customer_id": ["b"], "variant": ["treatment"]})
    log = read_events([visits, Source(arms, per="customer_id")], pseudonymise=True)
    assert log.table["variant"].to_pylist() == [None, "treatment"]


def test_names_of_files_and_cells_in_errors_are_withheld(  # type: ignore[no-untyped-def]
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNINB_KEY", KEY)
    for name in ("Ann1", "Ann2"):
        folder = tmp_path / f"customer_id={name}@x.org"
        folder.mkdir()
        rows = "2025-03-01T10:00:00Z,web,555\nnever,web,556\r\n"
        (folder / f"{name}.csv").write_text("timestamp,channel,phone\n" + rows, newline="")
    log = read_events(tmp_path, pseudonymise=True, max_quarantined=1)
    assert log.quarantine["file"].tolist() == ["(file 1)", "(file 2)"]
    assert [one["file"] for one in log.files] == ["(file 1)", "(file 2)"]
    told = (log.quality.to_dict(), log.quarantine.to_dict(), log.files, log._repr_mimebundle_())
    assert "Ann" not in repr(told)
    assert log.table["customer_id"][0].as_py() == by_hand("Ann1@x.org")
    frame = pd.DataFrame({"customer_id": ["a"], "timestamp": ["2025-03-01Z"], "channel": "web"})
    kept = read_events(frame.assign(phone=5551), pseudonymise=True).quality
    assert "phone" in kept["example"].tolist()
    for bad in ({"value": ["5551,5"]}, {"timestamp": ["5551"]}, {"timestamp": ["5551 Ann"]},
                {"timestamp": ["05/06/5551"]}, {"phone": pd.Series([1, "5551"][::1], dtype=object)},
                ):  # fmt: skip
        rows = len(next(iter(bad.values())))
        with pytest.raises(OmninbError) as caught:
            read_events(pd.concat([frame] * rows, ignore_index=True).assign(**bad),
                        pseudonymise=True)  # fmt: skip
        assert "5551" not in str(caught.value)


@pytest.mark.parametrize(
    "name, content",
    [
        ("Ann.csv", b""),
        ("Ann.csv", "customer_id".encode("utf-16")),
        ("Ann.csv", b"customer_id\0,timestamp\n"),
        ("Ann.csv", b'customer_id,timestamp,channel\n"a,b\n'),
        ("Ann.csv", b"customer_id,timestamp\n"),
        ("Ann.csv.gz", gzip.compress(b"customer_id,timestamp,channel\n" + b"\n" * 99_999)),
        ("Ann.csv.gz", b"customer_id,timestamp,channel\n"),
        ("Ann.csv.gz", b"\x1f\x8bfalse"),
        ("Ann.jsonl", b"[1]\n"),
        ("Ann.jsonl", b""),
        ("Ann.xlsx", b"PK"),
        ("Ann.doc", b"text"),
        ("Ann.parquet", b"text"),
    ],
)
def test_errors_of_a_file_do_not_name_it(
    name: str, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNINB_KEY", KEY)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OmninbError) as caught:
        read_events(tmp_path / name, pseudonymise=True)
    assert "Ann" not in str(caught.value)
    assert "(file 1)" in str(caught.value) or "withheld" in str(caught.value)


def test_cells_taken_for_currencies_are_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNINB_KEY", KEY)
    frame = pd.DataFrame({"customer_id": ["a", "b"], "timestamp": "2025-03-01Z", "channel": "web"})
    frame["mail"] = ["Ann@x.org", "Ben@x.org"]
    with pytest.raises(OmninbError, match="currency: the log holds") as caught:
        read_events(frame, {"currency": "mail"}, pseudonymise=True)
    assert "x.org" not in str(caught.value) and "withheld" in str(caught.value)


def test_the_call_that_read_the_log_is_not_told_with_its_files(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("OMNINB_KEY", "0" * 64)
    sources: list[object] = []
    for name in ("smith.csv", "jones.csv"):
        sources.append(tmp_path / name)
        (tmp_path / name).write_text("customer_id,timestamp,channel\na,2025-01-01T10:00Z,web\n")
    sources[1] = onb.Source(sources[1], constants={"event": "view"})
    plain = onb.read_events(sources, max_quarantined=0.5)
    assert "onb.Source(data=" in plain.made_by and "smith" in plain.made_by
    again = eval(plain.made_by, {"onb": onb})
    assert again.table.equals(plain.table)
    hidden = onb.read_events(sources, pseudonymise=True)
    assert hidden.made_by == "" and "smith" not in str(hidden.journeys().made_by)
    frames = [onb.Source(plain.to_frame(), constants={"event": "view"})]
    assert onb.read_events(frames).made_by == ""
