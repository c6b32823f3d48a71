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

from typing import Any, NamedTuple

import numpy as np

from ngpc_sim.kernels.compiled import kernel
from ngpc_sim.kernels.grid_index import MASK32, fma_half
from ngpc_sim.kernels.grid_sram import Lines, service_level

#: queries of a block: what its columns need stays in the first cache
BLOCK = 512
#: cells below this are whole numbers of int32 with room for the next cell
FAR = np.float32(1 << 30)
#: low bits of a float64 that a float32 lacks, and their value half way between two float32
BELOW = np.uint64((1 << 29) - 1)
HALF_WAY = np.uint64(1 << 28)
Array = np.ndarray[Any, Any]


class Hashing(NamedTuple):
    """What a hashed level asks of its banks.

    ``table_mask`` uint64: entries of the table less 1. ``shifts``, ``masks``, ``lefts`` uint32: see :func:`bank_parts`.
    ``steps`` uint16: see :func:`add_usual`.
    """

    table_mask: Any
    shifts: Array
    masks: Array
    lefts: Array
    steps: Array


class Linear(NamedTuple):
    """What queries of a linear level ask, those whose entry at the lower corner, not wrapped, is at most ``largest``.

    ``largest`` int64, below 0 where there are none; their ``interval`` and entries read, uint16.
    """

    largest: Any
    interval: Any
    distinct: Any


@kernel
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


@kernel
def bank_parts(difference, shifts, masks, lefts, bank):
    """Fill ``bank`` (n,) uint16: xor of groups of bits of ``difference``, each shifted right, masked, shifted left."""
    n = difference.shape[0]
    bank[:] = 0
    for k in range(shifts.shape[0]):
        shift, mask, left = shifts[k] & np.uint32(31), masks[k], lefts[k] & np.uint32(31)
        for i in range(n):
            group = np.uint32(difference[i] >> shift) & mask
            bank[i] ^= np.uint16(np.uint32(group << left))


@kernel
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


@kernel
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


@kernel
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


@kernel
def add_rest(rare, columns, table, cycles, reads, lines):
    """Add intervals and reads, and fill in lines, of the ``rare`` queries in ``columns`` (D, n)."""
    m = np.int64(0)
    for i in range(rare.shape[0]):
        m += rare[i]
    chosen, positions = np.empty(m, np.int64), np.empty((m, columns.shape[0]), np.float32)
    k = 0
    for i in range(rare.shape[0]):
        if rare[i]:
            chosen[k] = i
            for d in range(columns.shape[0]):
                positions[k, d] = columns[d, i]
            k += 1
    interval, distinct = np.zeros(m, np.uint16), np.zeros(m, np.uint8)
    if lines is None:
        service_level(positions, table, interval, distinct, None)
    else:
        rest = Lines(np.empty((m, lines.lines.shape[1]), np.uint32), np.zeros(m, np.uint8))
        service_level(positions, table, interval, distinct, rest)
        for k in range(m):
            lines.counts[chosen[k]] = rest.counts[k]
            for line in range(rest.counts[k]):
                lines.lines[chosen[k], line] = rest.lines[k, line]
    for k in range(m):
        cycles[chosen[k]] += interval[k]
        reads[chosen[k]] += distinct[k]


@kernel
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


@kernel
def is_far(scale, ends):
    """Whether a position between ``ends`` (D, 2) may have a cell of 2^30 or more, either way."""
    far = False
    for d in range(ends.shape[0]):
        far |= max(abs(fma_half(scale, ends[d, 0])), abs(fma_half(scale, ends[d, 1]))) >= FAR
    return far


@kernel
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


@kernel
def hashed_level(columns, ends, table, hashing, rare, cycles, reads, lines):
    """Add the intervals and reads of queries on a hashed level to ``cycles`` (n,) uint16 and ``reads`` (n,) int32.

    ``lines`` are filled where they are not ``None``. ``rare`` (n,) uint8 says which queries are left to
    :func:`add_rest`.
    """
    dims, n = columns.shape
    size = min(n, BLOCK)  # rows stay contiguous: a part of a row is taken of the row, never of all rows
    totals, zeros, odd = np.empty(size), np.empty(size, np.uint8), np.empty(size, np.uint8)
    entry, banks = np.empty(size, np.uint32), np.empty((dims, size), np.uint16)
    differences, line_differences = np.empty((dims, size), np.uint32), np.empty((dims, size), np.uint32)
    for block in range(ends.shape[0]):
        here = slice(block * BLOCK, min((block + 1) * BLOCK, n))
        m = here.stop - here.start
        odd[:] = is_far(table.scale, ends[block])
        entry[:] = 0
        for d in range(dims):
            axis_differences(
                columns[d][here], table.scale, table.factors[d], hashing.table_mask, totals[:m], entry[:m],
                differences[d][:m], odd[:m],
            )  # fmt: skip
            bank_parts(differences[d], hashing.shifts, hashing.masks, hashing.lefts, banks[d])
        equal_entries(differences, odd)
        if lines is not None:
            shift = np.uint32(table.line_shift)
            own, counts = lines.lines[here], lines.counts[here]
            add_lines(odd, entry, differences, shift, line_differences, zeros, own, counts)
        zero_sums(banks, zeros)
        add_usual(odd[:m], zeros, hashing.steps, np.uint16(1 << dims), cycles[here], reads[here])
        for i in range(m):
            rare[here.start + i] = odd[i]


@kernel
def linear_level(columns, ends, table, linear, rare, cycles, reads):
    """Add the usual interval and reads for every query of a linear level, like :func:`hashed_level`."""
    scale, factors, n = table.scale, table.factors, columns.shape[1]
    for block in range(ends.shape[0]):
        first, stop = block * BLOCK, min((block + 1) * BLOCK, n)
        lowest, highest = lower_corner(scale, factors, ends[block], 0), lower_corner(scale, factors, ends[block], 1)
        all_usual = lowest >= 0 and 0 <= highest <= linear.largest
        for i in range(first, stop):
            rare[i] = 0
        for i in range(first, stop if not all_usual else first):
            rare[i] = not 0 <= lower_corner(scale, factors, columns, i) <= linear.largest
        for i in range(first, stop):
            usual = np.uint16(rare[i] == 0)
            cycles[i] += usual * linear.interval
            reads[i] += usual * linear.distinct


@kernel
def lower_corner(scale, factors, columns, i):
    """Entry of the lower corner of position ``columns[:, i]`` before any wrap, int64; -1 outside the cells from 0."""
    entry = np.int64(0)
    for d in range(factors.shape[0]):
        p = fma_half(scale, columns[d, i])
        if not 0 <= p < FAR:
            return np.int64(-1)
        entry += np.int64(p) * np.int64(factors[d])
    return entry
