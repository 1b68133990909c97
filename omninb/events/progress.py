"""A bar for what takes longer than two seconds, on a terminal only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(total: int | None, what: str = "reading") -> Iterator[Callable[[int, int], None]]:
    """A bar of bytes that also counts rows.

    Parameters
    ----------
    total : int or None
        Bytes to come; None where nobody knows, since files are packed.
    what : str, default "reading"
        What it is that takes so long.

    Yields
    ------
    callable
        To be told of (bytes, rows) that are done.
    """
    from tqdm import tqdm

    rows = 0
    with tqdm(
        total=total, desc=what, unit="B", unit_scale=True, delay=2, disable=None, leave=False
    ) as bar:

        def done(size: int, more: int) -> None:
            nonlocal rows
            rows += more
            bar.set_postfix_str(f"{rows:,} rows", refresh=False)
            bar.update(size)

        yield done
