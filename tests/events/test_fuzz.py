"""A few hundred of the files that ``make fuzz`` reads by the ten thousand."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import fuzz
from benchmarks.fuzz import READ, REFUSED, UNBALANCED, UNCAUGHT

pytestmark = pytest.mark.filterwarnings("ignore:.*are quarantined:UserWarning")
FILES = 400


def test_spoilt_files_give_a_log_that_balances_or_a_sentence(tmp_path: Path) -> None:
    found = [fuzz.outcome(seed, tmp_path) for seed in range(FILES)]
    bad = [one for one in found if one.end in (UNBALANCED, UNCAUGHT)]
    assert not bad, bad[0]
    for end in (READ, REFUSED):
        assert sum(one.end == end for one in found) > FILES / 5
    assert {one.kind for one in found} == set(fuzz.good_files())


def test_good_files_are_read_whole(tmp_path: Path) -> None:
    for name, text, pack in fuzz.good_files().values():
        path = tmp_path / name
        path.write_bytes(pack(text))
        log = fuzz.read_events(path, **fuzz.OPTIONS)
        assert len(log) == 60 and not len(log.quarantine)
        assert not fuzz._unbalanced(log, name, pack(text))


def test_a_seed_gives_the_same_file_again() -> None:
    assert fuzz.spoilt_file(11) == fuzz.spoilt_file(11) != fuzz.spoilt_file(12)


def test_what_goes_wrong_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = next(seed for seed in range(50) if fuzz.outcome(seed, tmp_path).end == READ)
    whole = fuzz.read_events

    def off_by_one(*given: object, **options: object) -> object:
        log = whole(*given, **options)  # type: ignore[arg-type]
        log.files[0]["lines"] += 1
        return log

    monkeypatch.setattr(fuzz, "read_events", off_by_one)
    assert fuzz.outcome(seed, tmp_path).end == UNBALANCED

    def fails(*given: object, **options: object) -> object:
        raise KeyError("channel")

    monkeypatch.setattr(fuzz, "read_events", fails)
    assert fuzz.outcome(seed, tmp_path)[2] == UNCAUGHT
