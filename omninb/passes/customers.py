"""Customers by hash: MurmurHash3, the 64 groups, and one counting sort that keeps time order.

MurmurHash3 x64 128 (Appleby 2011, public domain), with a seed of omninb's own, so that the groups
cannot align with the hash that assigned an experiment.
"""

from __future__ import annotations

import numpy as np
from numba import int64, uint64

from omninb.passes.compiling import GROUPS, compiled, helper, inlined

SEED = 0x6F6D6E69
_GROUP_SHIFT = uint64(58)
_C1 = uint64(0x87C37B91114253D5)
_C2 = uint64(0x4CF5AD432745937F)
_M1 = uint64(0xFF51AFD7ED558CCD)
_M2 = uint64(0xC4CEB9FE1A85EC53)
_FIVE = uint64(5)
_A1 = uint64(0x52DCE729)
_A2 = uint64(0x38495AB5)


@inlined
def _rotated(x, r):
    return (x << uint64(r)) | (x >> uint64(64 - r))


@inlined
def _finished(k):
    k ^= k >> uint64(33)
    k *= _M1
    k ^= k >> uint64(33)
    k *= _M2
    return k ^ (k >> uint64(33))


@inlined
def _block(h1, h2, k1, k2):
    """Mix 16 bytes in."""
    h1 ^= _rotated(k1 * _C1, 31) * _C2
    h1 = (_rotated(h1, 27) + h2) * _FIVE + _A1
    h2 ^= _rotated(k2 * _C2, 33) * _C1
    h2 = (_rotated(h2, 31) + h1) * _FIVE + _A2
    return h1, h2


@inlined
def _end(h1, h2, k1, k2, length):
    """Mix the last, zero-padded bytes and the length in (zero bytes change nothing)."""
    h1 ^= _rotated(k1 * _C1, 31) * _C2 ^ uint64(length)
    h2 ^= _rotated(k2 * _C2, 33) * _C1 ^ uint64(length)
    h1 += h2
    h2 += h1
    h1 = _finished(h1)
    h2 = _finished(h2)
    h1 += h2
    return h1, h2 + h1


@inlined
def _word(data, i, length):
    """Up to eight bytes as a little-endian number."""
    if i + 8 <= len(data):
        word = (
            uint64(data[i])
            | (uint64(data[i + 1]) << uint64(8))
            | (uint64(data[i + 2]) << uint64(16))
            | (uint64(data[i + 3]) << uint64(24))
            | (uint64(data[i + 4]) << uint64(32))
            | (uint64(data[i + 5]) << uint64(40))
            | (uint64(data[i + 6]) << uint64(48))
            | (uint64(data[i + 7]) << uint64(56))
        )
        return word if length >= 8 else word & ((uint64(1) << uint64(8 * length)) - uint64(1))
    word = uint64(0)
    for k in range(min(length, 8)):
        word |= uint64(data[i + k]) << uint64(8 * k)
    return word


@compiled("void(int32[::1], uint8[::1], uint64[:, ::1])")
def hash_texts(offsets, data, out):
    """MurmurHash3 of UTF-8 texts (Arrow offsets and bytes) into ``out[i] = (h1, h2)``."""
    for i in range(len(offsets) - 1):
        at = int64(offsets[i])
        stop = int64(offsets[i + 1])
        length = stop - at
        h1 = uint64(SEED)
        h2 = uint64(SEED)
        while stop - at >= 16:
            h1, h2 = _block(h1, h2, _word(data, at, 8), _word(data, at + 8, 8))
            at += 16
        k1 = _word(data, at, stop - at) if stop > at else uint64(0)
        k2 = _word(data, at + 8, stop - at - 8) if stop > at + 8 else uint64(0)
        out[i, 0], out[i, 1] = _end(h1, h2, k1, k2, length)


@compiled("void(int64[::1], uint64[:, ::1])")
def hash_integers(values, out):
    """MurmurHash3 of integers' decimal texts into ``out[i] = (h1, h2)``."""
    eight = uint64(8)
    top = uint64(56)
    for i in range(len(values)):
        rest = uint64(abs(values[i]))
        first = uint64(0)
        second = uint64(0)
        third = uint64(0)
        length = 0
        while True:
            tens = rest // uint64(10)
            third = (third << eight) | (second >> top)
            second = (second << eight) | (first >> top)
            first = (first << eight) | (uint64(48) + rest - tens * uint64(10))
            length += 1
            rest = tens
            if rest == uint64(0):
                break
        if values[i] < 0:
            third = (third << eight) | (second >> top)
            second = (second << eight) | (first >> top)
            first = (first << eight) | uint64(45)
            length += 1
        h1 = uint64(SEED)
        h2 = uint64(SEED)
        if length >= 16:
            h1, h2 = _block(h1, h2, first, second)
            first = third
            second = uint64(0)
        out[i, 0], out[i, 1] = _end(h1, h2, first, second, length)


@compiled("void(uint64[:, ::1], int32[::1], int64, int64[::1], uint64[:, ::1], int32[::1])")
def group_rows(hashes, indices, n, starts, out_hash, out_row):
    """Sort n rows into the 64 groups of their hashes, in row order (a counting sort).

    ``hashes`` are of the rows, or, where ``indices`` is not empty, of their dictionary.
    ``starts`` (65) receives where each group begins in the outputs.
    """
    direct = len(indices) == 0
    fill = np.zeros(GROUPS + 1, np.int64)
    for i in range(n):
        at = i if direct else indices[i]
        fill[(hashes[at, 0] >> _GROUP_SHIFT) + uint64(1)] += 1
    for g in range(GROUPS):
        fill[g + 1] += fill[g]
    starts[:] = fill
    for i in range(n):
        at = i if direct else indices[i]
        g = hashes[at, 0] >> _GROUP_SHIFT
        to = fill[g]
        fill[g] = to + 1
        out_hash[to, 0] = hashes[at, 0]
        out_hash[to, 1] = hashes[at, 1]
        out_row[to] = i


@compiled("int64(uint64[:, ::1], int64[::1], int64[::1], int32[::1])")
def number_hashes(hashes, starts, stops, number):
    """Number the different hashes of one group by first appearance; returns how many there are.

    The group's rows are the parts of ``hashes`` from ``starts`` to ``stops``, one behind the other.
    """
    slots = np.full(4096, -1, np.int32)
    mask = uint64(4095)
    known = np.empty((2048, 2), np.uint64)
    count = 0
    row = 0
    for part in range(len(starts)):
        for i in range(starts[part], stops[part]):
            h1 = hashes[i, 0]
            h2 = hashes[i, 1]
            at = h2 & mask
            while True:
                c = slots[at]
                if c < 0:
                    if count == len(known):
                        grown = np.empty((2 * count, 2), np.uint64)
                        grown[:count] = known
                        known = grown
                        slots = np.full(4 * count, -1, np.int32)
                        mask = uint64(4 * count - 1)
                        for old in range(count):
                            to = known[old, 1] & mask
                            while slots[to] >= 0:
                                to = (to + uint64(1)) & mask
                            slots[to] = old
                        at = h2 & mask
                        while slots[at] >= 0:
                            at = (at + uint64(1)) & mask
                    c = count
                    slots[at] = c
                    known[c, 0] = h1
                    known[c, 1] = h2
                    count += 1
                    break
                if known[c, 0] == h1 and known[c, 1] == h2:
                    break
                at = (at + uint64(1)) & mask
            number[row] = c
            row += 1
    return count


@compiled("void(int32[::1], int64[::1])")
def offsets_of(number, offsets):
    """Where each number's rows begin: ``offsets`` (numbers + 1)."""
    offsets[:] = 0
    for c in number:
        offsets[c + 1] += 1
    for c in range(len(offsets) - 1):
        offsets[c + 1] += offsets[c]


@compiled(
    "void(int32[::1], int32[::1], int64[::1], int64, int64[::1], int64[::1], int32[::1],"
    " int64[::1], boolean[::1])"
)
def place_rows(number, rows, time, first_row, offsets, fill, out_rows, out_time, disordered):
    """Put one batch's rows of a group behind their customers' earlier ones, and see who is late."""
    for i in range(len(number)):
        c = number[i]
        to = fill[c]
        fill[c] = to + 1
        t = time[rows[i]]
        out_rows[to] = first_row + rows[i]
        out_time[to] = t
        if to > offsets[c] and out_time[to - 1] > t:
            disordered[c] = True


@helper
def _sort_by_time(time, rows, start, stop, spare_time, spare_rows):
    """Stable bottom-up merge sort of one customer's touchpoints."""
    n = stop - start
    for i in range(start, stop, 16):
        for j in range(i + 1, min(i + 16, stop)):
            t = time[j]
            r = rows[j]
            k = j - 1
            while k >= i and time[k] > t:
                time[k + 1] = time[k]
                rows[k + 1] = rows[k]
                k -= 1
            time[k + 1] = t
            rows[k + 1] = r
    width = 16
    while width < n:
        for low in range(start, stop, 2 * width):
            middle = min(low + width, stop)
            high = min(low + 2 * width, stop)
            a = low
            b = middle
            for to in range(high - low):
                if a < middle and (b >= high or time[a] <= time[b]):
                    spare_time[to] = time[a]
                    spare_rows[to] = rows[a]
                    a += 1
                else:
                    spare_time[to] = time[b]
                    spare_rows[to] = rows[b]
                    b += 1
            for to in range(high - low):
                time[low + to] = spare_time[to]
                rows[low + to] = spare_rows[to]
        width *= 2


@compiled("void(int64[::1], boolean[::1], int32[::1], int64[::1])")
def sort_disordered(offsets, disordered, rows, time):
    """Sort the touchpoints of those customers again who were found out of order."""
    longest = 0
    for c in range(len(disordered)):
        if disordered[c]:
            longest = max(longest, offsets[c + 1] - offsets[c])
    spare_time = np.empty(longest, np.int64)
    spare_rows = np.empty(longest, np.int32)
    for c in range(len(disordered)):
        if disordered[c]:
            _sort_by_time(time, rows, offsets[c], offsets[c + 1], spare_time, spare_rows)


@compiled("void(int32[::1], uint16[::1], uint16[::1], int64, int64)")
def gather_codes(order, codes, out, start, stop):
    """``out[i] = codes[order[i]]`` for positions from ``start`` to ``stop``."""
    for i in range(start, stop):
        out[i] = codes[order[i]]
