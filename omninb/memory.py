"""Memory for large arrays that are filled once: ordinary pages, straight from the system.

Allocators that ask the kernel for huge pages can wait for it to make room; for columns that are
written once and read in order that took longer than all the work on them.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa


def _give_back() -> None:
    """Return freed memory to the system, which glibc otherwise keeps; elsewhere do nothing."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


@contextmanager
def plain_memory() -> Iterator[None]:
    """Let Arrow take its memory from the system, and give back what it freed; also a decorator."""
    pool = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        _give_back()
        pa.set_memory_pool(pool)


def fresh(shape: int | tuple[int, int], dtype: type[np.generic]) -> np.ndarray:
    """An array without values."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = pa.allocate_buffer(size, memory_pool=pa.system_memory_pool())
    return np.frombuffer(memory, dtype).reshape(shape)


def writable(array: pa.Array, dtype: type[np.generic]) -> np.ndarray:
    """NumPy's view of an Arrow array without nulls, of the one array type that passes accept."""
    width = np.dtype(dtype).itemsize
    values = array.buffers()[1]
    if values is None or len(array) == 0:
        return np.empty(0, dtype)
    raw = (ctypes.c_uint8 * (len(array) * width)).from_address(
        values.address + array.offset * width
    )
    view = np.frombuffer(raw, dtype)  # type: ignore[call-overload]
    raw.owner = array  # type: ignore[attr-defined]  # keeps Arrow's memory alive as long as the view
    return view
