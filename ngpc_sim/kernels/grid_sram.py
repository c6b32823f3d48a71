"""grid_sram: which banks, and which lines, the corners of a query read.

Kernels of one level. Equal entries of one query are read once (broadcast). ``bank_map``: ``low_bits`` is entry mod
banks, ``xor_fold`` the xor of all log2(banks)-bit groups of the entry. A line holds whole entries. Where the engines
of a level each hold a part of its table, line n lies in part n mod parts, which has banks of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from ngpc_sim.kernels.grid_index import axis_terms, cell_of, corner_entry, fma_half


@njit(cache=True, nogil=True, inline="always")
def bank_of(entry, bits, mask, xor_fold):
    """Bank of an entry: its low bits, or the xor of all its groups of ``bits`` bits."""
    if not xor_fold or bits == 0:
        return entry & mask
    bank = np.uint64(0)
    while entry != 0:
        bank ^= entry & mask
        entry >>= bits
    return bank


@njit(cache=True, nogil=True, inline="always")
def same_entry_twice(entries, corners):
    """Whether two of the first ``corners`` entries are the same."""
    twice = False
    for k in range(1, corners):
        for j in range(k):
            twice |= entries[j] == entries[k]
    return twice


@njit(cache=True, nogil=True, inline="always")
def most_in_one_bank(banks, corners):
    """How often the most frequent of the first ``corners`` banks occurs; a bank counts in a byte where it can."""
    worst: Any = 0
    few = True
    counts = np.uint64(0)
    for k in range(corners):
        few &= banks[k] < np.uint64(8)
        counts += np.uint64(1) << (np.uint64(8) * (banks[k] & np.uint64(7)))
    if few:
        for byte in range(8):
            worst = max(worst, np.int64((counts >> np.uint64(8 * byte)) & np.uint64(255)))
        return worst
    for k in range(corners):
        same = 0
        for j in range(corners):
            same += banks[j] == banks[k]
        worst = max(worst, same)
    return worst


@njit(cache=True, nogil=True)
def keep_distinct(entries, corners):
    """Move the distinct ones of the first ``corners`` entries to the front; returns how many there are."""
    distinct = 0
    for k in range(corners):
        new = True
        for j in range(distinct):
            new = new and entries[j] != entries[k]
        if new:
            entries[distinct] = entries[k]
            distinct += 1
    return distinct


@njit(cache=True, nogil=True, inline="always")
def line_of(entry, entries_per_line, shift):
    """Line of an entry; ``shift`` is log2 of a power of two, else -1."""
    return entry >> np.uint64(shift) if shift >= 0 else entry // entries_per_line


@njit(cache=True, nogil=True, inline="always")
def note_lines(entries, distinct, entries_per_line, shift, lines):
    """Write the distinct lines of the first ``distinct`` entries to ``lines``, in their order; returns how many."""
    count = 0
    for k in range(distinct):
        line = np.uint32(line_of(entries[k], entries_per_line, shift))
        new = True
        for j in range(count):
            new &= lines[j] != line
        if new:
            lines[count] = line
            count += 1
    return count


@njit(cache=True, nogil=True, inline="always")
def same_cell(cell, last, known):
    """Whether ``cell`` (D,) is the ``known`` last one, which it becomes."""
    same = known
    for d in range(cell.shape[0]):
        same = same and last[d] == cell[d]
        last[d] = cell[d]
    return same


@njit(cache=True, nogil=True)
def service_level(
    positions, first, scale, hashed, factors, entries, bits, xor_fold, ports, index_cycles, reuse_distance, parts,
    entries_per_line, line_shift, history, interval, reads, lines, counts,
):  # fmt: skip
    """Fill the initiation intervals (n,) and entries read (n,), 0 before, of one level.

    ``first`` is the number of the first of these queries in the stream; ``bits`` is log2(banks), or -1 for ideal
    banks; ``reuse_distance`` is how many queries back the engine's last query lies, 0 without reuse, and ``history``
    (max(reuse_distance, 1), D) uint64 its cells; ``line_shift`` as in :func:`line_of`. Where ``lines`` (n, 2^D)
    uint32 has rows, it takes the distinct lines of every query and ``counts`` (n,) uint8, 0 before, how many there
    are.
    """
    dims = len(factors)
    corners = 1 << dims
    cell = np.empty(dims, np.uint64)
    terms = np.empty((dims, 2), np.uint64)
    table_entries = np.empty(corners, np.uint64)
    banks = np.empty(corners, np.uint64)
    mask = np.uint64((1 << max(bits, 0)) - 1)
    bank_shift = np.uint64(max(bits, 0))
    for i in range(positions.shape[0]):
        for d in range(dims):
            cell[d] = cell_of(fma_half(scale, positions[i, d]))
        if reuse_distance and same_cell(cell, history[(first + i) % reuse_distance], first + i >= reuse_distance):
            interval[i] = index_cycles
            continue
        axis_terms(cell, factors, terms)
        for corner in range(corners):
            table_entries[corner] = corner_entry(terms, dims, corner, hashed, entries)
        distinct = corners
        if same_entry_twice(table_entries, corners):
            distinct = keep_distinct(table_entries, corners)
        reads[i] = distinct
        if lines.shape[0] > 0:
            counts[i] = note_lines(table_entries, distinct, entries_per_line, line_shift, lines[i])
        if bits < 0:
            interval[i] = index_cycles
            continue
        for k in range(distinct):
            banks[k] = bank_of(table_entries[k], bank_shift, mask, xor_fold)
            if parts > 1:
                part = line_of(table_entries[k], entries_per_line, line_shift) % np.uint64(parts)
                banks[k] += part * (mask + np.uint64(1))
        bank_cycles = (most_in_one_bank(banks, distinct) + ports - 1) // ports
        interval[i] = max(index_cycles, bank_cycles)
