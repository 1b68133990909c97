"""The compiled loops: hashes against mmh3, buckets against their definition, the cache's safety."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import mmh3
import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from omninb.layout import customer_hashes
from omninb.passes import compiling, moves
from omninb.passes.customers import SEED


@given(st.lists(st.text(max_size=70), min_size=1, max_size=20))
def test_texts_hash_as_mmh3_says(texts):
    expected = [mmh3.hash64(text.encode(), SEED, signed=False) for text in texts]
    assert customer_hashes(pa.array(texts, pa.string())).tolist() == [
        list(pair) for pair in expected
    ]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20))
def test_integers_hash_as_their_decimal_texts(values):
    texts = [str(value) for value in values]
    assert (customer_hashes(pa.array(values)) == customer_hashes(pa.array(texts))).all()


def test_sliced_arrays_hash_as_whole_ones():
    ids = pa.array(["a", "bb", "", "dddd", "é" * 20])
    assert (customer_hashes(ids.slice(2)) == customer_hashes(ids)[2:]).all()


@given(st.integers(0, 2**50))
def test_gap_buckets_hold_their_gap_within_one_part_in_64(gap):
    bucket, fraction = moves._bucket(gap)
    floor, found, following = moves.gap_of(
        np.array([bucket, bucket, bucket + 1]), np.array([0, fraction, 0])
    )
    assert floor <= gap < following
    assert following - floor <= max(1, floor / 64)
    assert abs(found - gap) <= gap * 2.0**-29


def test_every_pass_is_compiled_for_its_one_signature():
    compiling.ready()
    for name, dispatcher, signature in compiling._PASSES:
        for other in dispatcher.signatures:
            assert dispatcher.signatures == [other], f"{name}: not only {signature}"


_COUNT = """
import omninb as onb
from omninb.passes import compiling
journeys = onb.sample().journeys()
print(int(onb.transition_table(journeys)["transitions"].sum()))
print(*(name for name, one, _ in compiling._PASSES if sum(one.stats.cache_misses.values())))
"""


def _start(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _COUNT],
        env={**os.environ, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_two_processes_on_a_cold_cache_compile_each_pass_once_and_only_what_they_need(tmp_path):
    cold = {"XDG_CACHE_HOME": str(tmp_path)}
    both = [_start(cold) for _ in range(2)]
    results = [process.communicate(timeout=240) for process in both]
    assert [process.returncode for process in both] == [0, 0], results
    (one, first), (other, second) = (out.splitlines() for out, _ in results)
    compiled = first.split() + second.split()
    assert len(compiled) == len(set(compiled)) and {"hash_texts", "count_moves"} <= set(compiled)
    assert not {"find_attempts", "count_attempts", "count_steps", "hash_paths"} & set(compiled)
    for said, names in zip((error for _, error in results), (first, second), strict=True):
        assert said.count("compiling its passes") == bool(names)
    warm = _start(cold)
    out, error = warm.communicate(timeout=120)
    assert out.splitlines() == [one, ""] and one == other
    assert "compiling" not in error


def test_where_no_cache_can_be_written_a_private_folder_serves(tmp_path):
    readonly = tmp_path / "a-file-where-a-folder-should-be"
    readonly.write_text("")
    process = _start({"XDG_CACHE_HOME": str(readonly), "HOME": str(readonly)})
    out, error = process.communicate(timeout=240)
    assert process.returncode == 0, error
    assert int(out.splitlines()[0]) > 0


def test_the_cache_is_its_owners_alone():
    folder = compiling.cache_folder()
    assert Path(folder).stat().st_mode & 0o022 == 0
