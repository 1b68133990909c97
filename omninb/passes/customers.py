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
_SPREAD = uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: Knuth 1998, section 6.4
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
    for i in range(len(values)):
        # The text, its last characters first, two digits at a time: 24 bytes in three words.
        rest = uint64(abs(values[i]))
        first = uint64(0)
        second = uint64(0)
        third = uint64(0)
        length = 0
        while rest >= uint64(10):
            hundreds = rest // uint64(100)
            two = rest - hundreds * uint64(100)
            tens = (two * uint64(103)) >> uint64(10)
            third = (third << uint64(16)) | (second >> uint64(48))
            second = (second << uint64(16)) | (first >> uint64(48))
            first = (first << uint64(16)) | (
                uint64(0x3030) + tens + ((two - tens * uint64(10)) << uint64(8))
            )
            length += 2
            rest = hundreds
        if rest > uint64(0) or length == 0:
            third = (third << uint64(8)) | (second >> uint64(56))
            second = (second << uint64(8)) | (first >> uint64(56))
            first = (first << uint64(8)) | (uint64(48) + rest)
            length += 1
        if values[i] < 0:
            third = (third << uint64(8)) | (second >> uint64(56))
            second = (second << uint64(8)) | (first >> uint64(56))
            first = (first << uint64(8)) | uint64(45)
            length += 1
        h1 = uint64(SEED)
        h2 = uint64(SEED)
        if length >= 16:
            h1, h2 = _block(h1, h2, first, second)
            first = third
            second = uint64(0)
        out[i, 0], out[i, 1] = _end(h1, h2, first, second, length)


@compiled("void(uint64[:, ::1], int32[::1], int64, int64[::1], int32[::1])")
def group_rows(hashes, indices, n, starts, rows):
    """Sort n rows into the 64 groups of their hashes, in row order (a counting sort).

    ``hashes`` are of the rows, or, where ``indices`` is not empty, of their dictionary.
    ``starts`` (65) receives where each group begins in ``rows``.
    """
    direct = len(indices) == 0
    fill = np.zeros(GROUPS + 1, np.int64)
    for i in range(n):
        at = i if direct else indices[i]
        fill[(hashes[at, 0] >> _GROUP_SHIFT) + uint64(1)] += 1
    starts[0] = 0
    for g in range(GROUPS):
        fill[g + 1] += fill[g]
        starts[g + 1] = fill[g + 1]
    for i in range(n):
        at = i if direct else indices[i]
        g = hashes[at, 0] >> _GROUP_SHIFT
        to = fill[g]
        fill[g] = to + 1
        rows[to] = i


@compiled("void(uint64[:, ::1], int32[::1], int32[::1], uint64[:, ::1])")
def gather_keys(keys, indices, rows, out):
    """The keys (one or two words) of some rows; ``indices`` into ``keys`` where not empty."""
    direct = len(indices) == 0
    last = keys.shape[1] - 1
    for i in range(len(rows)):
        row = uint64(rows[i])
        at = row if direct else uint64(indices[row])
        out[i, 0] = keys[at, 0]
        out[i, last] = keys[at, last]


@compiled("int64(uint64[:, ::1], int32[::1], int32[::1], int32[::1])")
def number_keys(keys, slots, firsts, number):
    """Number different keys (one or two words) by first appearance; returns how many there are.

    ``slots`` (a power of two of them) is a table to work in, and ``firsts`` receives the row in
    which each number appears first. Where there are more numbers than it holds, -1 is returned.
    """
    last = keys.shape[1] - 1
    mask = uint64(len(slots) - 1)
    slots[:] = -1
    count = 0
    for i in range(len(keys)):
        first = keys[i, 0]
        second = keys[i, last]
        at = ((second * _SPREAD) >> uint64(32)) & mask
        while True:
            c = slots[at]
            if c < 0:
                if count == len(firsts):
                    return -1
                c = count
                slots[at] = c
                firsts[c] = i
                count += 1
                break
            known = uint64(firsts[uint64(c)])
            if keys[known, 0] == first and keys[known, last] == second:
                break
            at = (at + uint64(1)) & mask
        number[i] = c
    return count


@compiled("void(int32[::1], int64[::1])")
def offsets_of(number, offsets):
    """Where each number's rows begin: ``offsets`` (numbers + 1)."""
    offsets[:] = 0
    for c in number:
        offsets[c + 1] += 1
    for c in range(len(offsets) - 1):
        offsets[c + 1] += offsets[c]


@compiled("void(int32[::1], int32[::1], int64[::1], int64, int64[::1], int32[::1], int64[::1])")
def place_rows(number, rows, time, first_row, fill, out_rows, out_time):
    """Put one batch's rows of a group behind their customers' earlier ones."""
    for i in range(len(number)):
        c = uint64(number[i])
        row = rows[i]
        to = uint64(fill[c])
        fill[c] += 1
        out_rows[to] = first_row + row
        out_time[to] = time[uint64(row)]


@compiled("int64(int64[::1], int64[::1], boolean[::1])")
def mark_disordered(offsets, time, disordered):
    """Mark the customers whose rows are not in time order; returns how many there are."""
    count = 0
    for c in range(len(disordered)):
        late = False
        for i in range(offsets[c] + 1, offsets[c + 1]):
            late |= time[i] < time[i - 1]
        disordered[c] = late
        count += late
    return count


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
