"""Which conditions each touchpoint fits."""

from __future__ import annotations

from omninb.passes.compiling import compiled


@compiled("void(uint16[::1], boolean[::1], boolean[::1], int64, int64)")
def mark_chosen(codes, chosen, fits, start, stop):
    """Whether each touchpoint's code is one of the chosen."""
    for i in range(start, stop):
        fits[i] = chosen[codes[i]]


@compiled("void(uint16[::1], uint16[::1], boolean, uint16[::1], int64, int64)")
def mark_fits(codes, fits_of, narrows, fits, start, stop):
    """The bits of each touchpoint's code; with ``narrows``, only those that it has already."""
    for i in range(start, stop):
        found = fits_of[codes[i]]
        fits[i] = fits[i] & found if narrows else found
