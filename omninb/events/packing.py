"""The bytes of a file, unpacked piece by piece; damage, growth and bombs end in a sentence."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from omninb.errors import OmninbError

PIECE = 16 << 20
_RATIO = 100
_PACKINGS = {".gz": "gzip", ".zst": "zstd"}


def packing(path: Path, name: str) -> str:
    """How a file is packed: ``none``, ``gzip`` or ``zstd``. Its first bytes tell, not its name.

    Raises
    ------
    OmninbError
        If the name promises a packing that the bytes are not.
    """
    with path.open("rb") as file:
        head = file.read(4)
    found = "gzip" if head[:2] == b"\x1f\x8b" else "none"
    found = "zstd" if head == b"\x28\xb5\x2f\xfd" else found
    named = _PACKINGS.get(path.suffix.lower())
    if head and named is not None and found != named:
        raise OmninbError(
            f"{name} is not {named}, although its name says so: it is damaged, or it was "
            f"unpacked before. If it is, rename it without {path.suffix}."
        )
    return found


def unpacked(path: Path, name: str, max_unpacked: int | None = None) -> Iterator[bytes]:
    """The content of a file in pieces of about 16 MB, none of them empty.

    Parameters
    ----------
    path : Path
        Plain, gzip (of one member or several) or zstd.
    name : str
        What the file is called in errors.
    max_unpacked : int, optional
        Bytes that a packed file may unpack to; 100 times its size without it.

    Raises
    ------
    OmninbError
        If the packing is damaged or cut short, if it unpacks to more than it may, or if the file
        changed its size meanwhile.
    """
    kind, size = packing(path, name), path.stat().st_size
    limit = most_unpacked(size, max_unpacked)
    total = 0
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(_opened(path, kind))
            while piece := bytes(stream.read(PIECE)):
                total += len(piece)
                if kind != "none" and total > limit:
                    raise too_much(name, size, max_unpacked)
                yield piece
        except (OSError, EOFError, zlib.error) as error:
            raise OmninbError(f"{name} is damaged or cut short: {error}") from error
    if path.stat().st_size != size:
        raise OmninbError(
            f"{name} is still being written: its size changed while it was read. "
            "Read it again when it is complete, or read a copy of it."
        )


def _opened(path: Path, kind: str) -> IO[bytes] | pa.NativeFile:
    if kind == "gzip":
        return cast(IO[bytes], gzip.open(path))
    if kind == "zstd":
        return pa.input_stream(str(path), compression="zstd")
    return path.open("rb")


def most_unpacked(size: int, declared: int | None) -> int:
    """Bytes that a file of `size` bytes may unpack to."""
    return size * _RATIO if declared is None else declared


def too_much(name: str, size: int, declared: int | None) -> OmninbError:
    """What is said of a file of `size` bytes that unpacks to more than it may."""
    told = f"{_RATIO} times its {size:,} bytes" if declared is None else f"{declared:,} bytes"
    return OmninbError(
        f"{name} unpacks to more than {told}. A file that does may be made to fill the memory. "
        "If it is what it should be, say how many bytes it may come to, for example "
        "max_unpacked=2_000_000_000."
    )
