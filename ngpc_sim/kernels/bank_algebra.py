"""grid_sram without looking at corners: what the structure of a level says about banks and equal entries.

Blocks of queries, column by column, in loops that vectorise. Both shortcuts are exact; queries that they do not cover
are left to :func:`ngpc_sim.kernels.grid_sram.service_level`.

Hashed level, table and banks powers of two. A corner's entry is the xor of one term an axis, and its bank is linear in
the entry over GF(2), whether by ``low_bits``, ``xor_fold`` or parts. So all banks that the corners of a query meet are
met equally often, as often as bank 0 among the xors of the differences ``t(cell) ^ t(cell + 1)`` of some axes.

Linear level, ``low_bits``. The corners are one entry plus fixed offsets, so their banks only shift together, which
leaves the count as it is: a constant of the level, up to wraps that :func:`linear_level` excludes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ngpc_sim.kernels.grid_index import MASK32, fma_half
from ngpc_sim.kernels.grid_sram import service_level

#: queries of a block: what its columns need stays in the first cache
BLOCK = 512
#: cells below this are whole numbers of int32 with room for the next cell
FAR = np.float32(1 << 30)
#: low bits of a float64 that a float32 lacks, and their value half way between two float32
BELOW = np.uint64((1 << 29) - 1)
HALF_WAY = np.uint64(1 << 28)


@njit(cache=True, nogil=True)
def axis_differences(column, scale, factor, table_mask, totals, entry, difference, rare):
    """Fill ``difference`` (n,) uint32: what one step along an axis changes in a hashed entry.

    The axis joins ``entry`` (n,) uint32, the xor of the terms of lower corners.

    ``rare`` (n,) uint8 is set where ``fma(scale, x, 0.5)`` lies half way between two float32 in float64, so that its
    rounding needs more care; ``totals`` (n,) float64 is room to work.
    """
    n = column.shape[0]
    for i in range(n):
        totals[i] = np.float64(scale) * np.float64(column[i]) + 0.5
    bits = totals.view(np.uint64)
    for i in range(n):
        cell = np.uint64(np.int32(np.floor(np.float32(totals[i])))) & MASK32
        low = (cell * factor) & MASK32
        entry[i] ^= np.uint32(low & table_mask)
        difference[i] = np.uint32((low ^ (low + factor)) & table_mask)
    for i in range(n):
        rare[i] |= (bits[i] & BELOW) == HALF_WAY


@njit(cache=True, nogil=True)
def bank_parts(difference, shifts, masks, lefts, bank):
    """Fill ``bank`` (n,) uint16: xor of groups of bits of ``difference``, each shifted right, masked, shifted left."""
    n = difference.shape[0]
    bank[:] = 0
    for k in range(shifts.shape[0]):
        shift, mask, left = shifts[k] & np.uint32(31), masks[k], lefts[k] & np.uint32(31)
        for i in range(n):
            group = np.uint32(difference[i] >> shift) & mask
            bank[i] ^= np.uint16(np.uint32(group << left))


@njit(cache=True, nogil=True)
def zero_sums(parts, zeros):
    """Fill ``zeros`` (n,) uint8: how many xors of some of the rows of ``parts`` (D, n), of none included, are 0."""
    dims, n = parts.shape
    if dims == 2:
        for i in range(n):
            a, b = parts[0, i], parts[1, i]
            zeros[i] = 1 + (a == 0) + (b == 0) + (a == b)
    elif dims == 3:
        for i in range(n):
            a, b, c = parts[0, i], parts[1, i], parts[2, i]
            ab = a ^ b
            zeros[i] = 1 + (a == 0) + (b == 0) + (ab == 0) + (c == 0) + (a == c) + (b == c) + (ab == c)
    else:
        for i in range(n):
            a, b, c, d = parts[0, i], parts[1, i], parts[2, i], parts[3, i]
            ab, cd = a ^ b, c ^ d
            first = 1 + (a == 0) + (b == 0) + (ab == 0)
            second = 0 + (c == 0) + (d == 0) + (cd == 0)
            both = 0 + (a == c) + (a == d) + (a == cd) + (b == c) + (b == d) + (b == cd)
            zeros[i] = first + second + both + (ab == c) + (ab == d) + (ab == cd)


@njit(cache=True, nogil=True)
def equal_entries(differences, rare):
    """Set ``rare`` (n,) where two corners of a query have one entry; ``differences`` (D, n) uint32."""
    dims, n = differences.shape
    if dims == 2:
        for i in range(n):
            a, b = differences[0, i], differences[1, i]
            rare[i] |= (a == 0) | (b == 0) | (a == b)
    elif dims == 3:
        for i in range(n):
            a, b, c = differences[0, i], differences[1, i], differences[2, i]
            ab = a ^ b
            rare[i] |= (a == 0) | (b == 0) | (ab == 0) | (c == 0) | (a == c) | (b == c) | (ab == c)
    else:
        for i in range(n):
            a, b, c, d = differences[0, i], differences[1, i], differences[2, i], differences[3, i]
            ab, cd = a ^ b, c ^ d
            one = (a == 0) | (b == 0) | (ab == 0) | (c == 0) | (d == 0) | (cd == 0)
            two = (a == c) | (a == d) | (a == cd) | (b == c) | (b == d) | (b == cd)
            rare[i] |= one | two | (ab == c) | (ab == d) | (ab == cd)


@njit(cache=True, nogil=True)
def add_usual(rare, zeros, steps, corners, cycles, reads):
    """Add the intervals and reads of the queries that are not ``rare`` to ``cycles`` (n,) and ``reads`` (n,).

    ``zeros`` (n,): 1, 2, 4, ... corners meet every bank met; ``steps`` (5,) uint16: the interval where it is 1, and
    what each doubling adds.
    """
    for i in range(rare.shape[0]):
        usual = np.uint16(rare[i] == 0)
        z = zeros[i]
        interval = steps[0] + (z > 1) * steps[1] + (z > 2) * steps[2] + (z > 4) * steps[3] + (z > 8) * steps[4]
        cycles[i] += np.uint16(usual * interval)
        reads[i] += usual * corners


@njit(cache=True, nogil=True)
def add_rest(rare, columns, first, general, cycles, reads, lines, counts):
    """Add intervals and reads, and fill in lines, of the ``rare`` queries in ``columns`` (D, ...) from ``first`` on.

    ``rare``, ``cycles``, ``reads``, ``lines`` and ``counts`` begin with query ``first``.
    """
    m = np.int64(0)
    for i in range(rare.shape[0]):
        m += rare[i]
    if m == 0:
        return
    chosen = np.flatnonzero(rare)
    positions = np.empty((m, columns.shape[0]), np.float32)
    for k in range(m):
        for d in range(columns.shape[0]):
            positions[k, d] = columns[d, first + chosen[k]]
    interval, distinct = np.zeros(m, np.uint16), np.zeros(m, np.uint8)
    wanted = lines.shape[0] > 0
    rest = np.empty((m if wanted else 0, lines.shape[1]), np.uint32)
    how_many = np.zeros(m if wanted else 0, np.uint8)
    service_level(positions, 0, *general, interval, distinct, rest, how_many)
    for k in range(m):
        cycles[chosen[k]] += interval[k]
        reads[chosen[k]] += distinct[k]
        if wanted:
            lines[chosen[k]] = rest[k]
            counts[chosen[k]] = how_many[k]


@njit(cache=True, nogil=True)
def to_columns(positions, columns, ends):
    """Fill ``columns`` (D, n) from ``positions`` (n, D), and ``ends`` (blocks, D, 2) with the extremes of a block."""
    n, dims = positions.shape
    for block in range(ends.shape[0]):
        first, stop = block * BLOCK, min((block + 1) * BLOCK, n)
        for d in range(dims):
            low = high = positions[first, d]
            for i in range(first, stop):
                x = positions[i, d]
                columns[d, i] = x
                low, high = min(low, x), max(high, x)
            ends[block, d, 0], ends[block, d, 1] = low, high


@njit(cache=True, nogil=True)
def is_far(scale, ends):
    """Whether a position between ``ends`` (D, 2) may have a cell of 2^30 or more, either way."""
    far = False
    for d in range(ends.shape[0]):
        far |= max(abs(fma_half(scale, ends[d, 0])), abs(fma_half(scale, ends[d, 1]))) >= FAR
    return far


@njit(cache=True, nogil=True)
def add_lines(rare, entry, differences, shift, line_differences, zeros, lines, counts):
    """Fill ``lines`` (n, 2^D) and ``counts`` (n,): distinct lines of queries in the order of their corners.

    A line is an entry without its low ``shift`` bits, so it is linear too. ``rare`` is set where neither all lines
    differ nor only those beside each other on the first axis are the same.
    """
    dims, n = differences.shape
    for d in range(dims):
        for i in range(n):
            line_differences[d, i] = differences[d, i] >> shift
    zero_sums(line_differences, zeros)
    for i in range(n):
        rare[i] |= (zeros[i] > 2) | ((zeros[i] == 2) & (line_differences[0, i] != 0))
    for i in range(counts.shape[0]):
        lines[i, 0] = entry[i] >> shift
        m = 1
        for d in range(np.int64(zeros[i] == 2), dims):
            for k in range(m):
                lines[i, m + k] = lines[i, k] ^ line_differences[d, i]
            m *= 2
        counts[i] = m


@njit(cache=True, nogil=True)
def hashed_level(columns, ends, general, table_mask, bank_bits, steps, cycles, reads, lines, counts):
    """Add the intervals and reads of queries on a hashed level to ``cycles`` (n,) uint16 and ``reads`` (n,) int32.

    ``general``: what :func:`service_level` takes between the positions and its outputs, without the first number.
    ``bank_bits``: groups of bits of an entry that make its bank, see :func:`bank_parts`. Where ``lines`` (n, 2^D)
    uint32 has rows, it takes the distinct lines of every query and ``counts`` (n,) uint8 how many there are.
    """
    scale, factors, shift = general[0], general[2], np.uint32(general[11])
    dims, n = columns.shape
    corners = np.uint16(1 << dims)
    size = min(n, BLOCK)  # rows stay contiguous: a part of a row is taken of the row, never of all rows
    totals, zeros, rare = np.empty(size), np.empty(size, np.uint8), np.empty(size, np.uint8)
    entry, banks = np.empty(size, np.uint32), np.empty((dims, size), np.uint16)
    differences, line_differences = np.empty((dims, size), np.uint32), np.empty((dims, size), np.uint32)
    for block in range(ends.shape[0]):
        here = slice(block * BLOCK, min((block + 1) * BLOCK, n))
        m = here.stop - here.start
        rare[:] = is_far(scale, ends[block])
        entry[:] = 0
        for d in range(dims):
            column, difference = columns[d][here], differences[d][:m]
            axis_differences(column, scale, factors[d], table_mask, totals[:m], entry[:m], difference, rare[:m])
            bank_parts(differences[d], *bank_bits, banks[d])
        equal_entries(differences, rare)
        if lines.shape[0] > 0:
            add_lines(rare, entry, differences, shift, line_differences, zeros, lines[here], counts[here])
        zero_sums(banks, zeros)
        add_usual(rare[:m], zeros, steps, corners, cycles[here], reads[here])
        add_rest(rare[:m], columns, block * BLOCK, general, cycles[here], reads[here], lines[here], counts[here])


@njit(cache=True, nogil=True)
def linear_level(columns, ends, general, largest, interval, distinct, cycles, reads, lines, counts):
    """Add ``interval`` and ``distinct`` for every query of a linear level, like :func:`hashed_level`, but no lines.

    They hold for queries whose entry at the lower corner, not wrapped, is at most ``largest`` (int64, below 0 where
    there are none); the others are left to :func:`service_level`.
    """
    scale, factors = general[0], general[2]
    n = columns.shape[1]
    rare = np.empty(BLOCK, np.uint8)
    for block in range(ends.shape[0]):
        first, stop = block * BLOCK, min((block + 1) * BLOCK, n)
        lowest, highest = (
            lower_corner(scale, factors, ends[block, :, 0]),
            lower_corner(scale, factors, ends[block, :, 1]),
        )
        if lowest >= 0 and 0 <= highest <= largest:
            for i in range(first, stop):
                cycles[i] += interval
                reads[i] += distinct
            continue
        for i in range(first, stop):
            entry = lower_corner(scale, factors, columns[:, i])
            usual = np.uint16(0 <= entry <= largest)
            rare[i - first] = 1 - usual
            cycles[i] += usual * interval
            reads[i] += usual * distinct
        here = slice(first, stop)
        add_rest(rare[: stop - first], columns, first, general, cycles[here], reads[here], lines[here], counts[here])


@njit(cache=True, nogil=True)
def lower_corner(scale, factors, position):
    """Entry of the lower corner of a position (D,) before any wrap, as int64; -1 for one outside the cells from 0."""
    entry = np.int64(0)
    for d in range(len(factors)):
        p = fma_half(scale, position[d])
        if not 0 <= p < FAR:
            return np.int64(-1)
        entry += np.int64(p) * np.int64(factors[d])
    return entry
