"""grid_sram: which banks, and which lines, the corners of a query read.

Kernels of one level. Equal entries of one query are read once (broadcast). ``bank_map``: ``low_bits`` is entry mod
banks, ``xor_fold`` the xor of all log2(banks)-bit groups of the entry. A line holds whole entries. Where the engines
of a level each hold a part of its table, line n lies in part n mod parts, which has banks of its own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ngpc_sim.kernels.compiled import inlined, kernel
from ngpc_sim.kernels.grid_index import cell_of, fill_entries, fma_half

Array = np.ndarray[Any, Any]


class Table(NamedTuple):
    """A level and the grid_sram that holds it.

    The first four as in :class:`ngpc_sim.kernels.grid_index.Level`. ``bits`` is log2(banks), or -1 for ideal banks;
    ``lanes`` corners enter in each of ``index_cycles`` cycles.
    ``line_shift`` log2 of ``entries_per_line``, -1 where that is no power of two. ``reuse_distance``: how many queries
    back the engine's last query lies, 0 without reuse; ``cells`` (max(reuse_distance, 1), D) uint64 of the last ones,
    and ``seen`` (1,) int64 how many queries there were.
    """

    scale: Any
    hashed: bool
    factors: Array
    entries: Any
    bits: int
    xor_fold: bool
    ports: int
    lanes: int
    index_cycles: int
    reuse_distance: int
    parts: int
    entries_per_line: Any
    line_shift: int
    cells: Array
    seen: Array


class Lines(NamedTuple):
    """Distinct lines of queries: ``lines`` (n, 2^D) uint32, of each query the first ``counts`` (n,) uint8."""

    lines: Array
    counts: Array


@inlined
def bank_of(entry, bits, mask, xor_fold):
    """Bank of an entry: its low bits, or the xor of all its groups of ``bits`` bits."""
    if not xor_fold or bits == 0:
        return entry & mask
    bank = np.uint64(0)
    while entry != 0:
        bank ^= entry & mask
        entry >>= bits
    return bank


@inlined
def same_entry_twice(entries, corners):
    """Whether two of the first ``corners`` entries are the same."""
    twice = False
    for k in range(1, corners):
        for j in range(k):
            twice |= entries[j] == entries[k]
    return twice


@inlined
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


@inlined
def keep_distinct(entries, corners, asked_by):
    """Move the distinct ones of the first ``corners`` entries to the front; returns how many there are.

    ``asked_by`` gets the first corner that asks for each.
    """
    distinct = 0
    for k in range(corners):
        new = True
        for j in range(distinct):
            new = new and entries[j] != entries[k]
        if new:
            entries[distinct] = entries[k]
            asked_by[distinct] = k
            distinct += 1
    return distinct


@inlined
def cycles_of_queues(banks, asked_by, distinct, table, served):
    """Cycles until all groups of corners have entered and the queue of every bank is empty.

    A bank serves ``ports`` entries a cycle in their order, from the cycle in which they enter: each is served when it
    is there and the entry ``ports`` before it in its bank has been served. ``served`` is room to work.
    """
    if table.index_cycles == 1:
        return (most_in_one_bank(banks, distinct) + table.ports - 1) // table.ports
    cycles: Any = table.index_cycles
    for k in range(distinct):
        cycle: Any = asked_by[k] // table.lanes
        ahead = 0
        for j in range(k - 1, -1, -1):
            ahead += banks[j] == banks[k]
            if ahead == table.ports:
                cycle = max(cycle, served[j] + 1)
                break
        served[k] = cycle
        cycles = max(cycles, cycle + 1)
    return cycles


@inlined
def line_of(entry, entries_per_line, shift):
    """Line of an entry; ``shift`` is log2 of a power of two, else -1."""
    return entry >> np.uint64(shift) if shift >= 0 else entry // entries_per_line


@inlined
def note_lines(entries, distinct, entries_per_line, shift, lines, i):
    """Write the distinct lines of the first ``distinct`` entries to ``lines[i]``, in their order; returns how many."""
    count = 0
    for k in range(distinct):
        line = np.uint32(line_of(entries[k], entries_per_line, shift))
        new = True
        for j in range(count):
            new &= lines[i, j] != line
        if new:
            lines[i, count] = line
            count += 1
    return count


@inlined
def same_cell(cell, cells, place, known):
    """Whether ``cell`` (D,) is the ``known`` one at ``place`` of ``cells``, which it becomes."""
    same = known
    for d in range(cell.shape[0]):
        same = same and cells[place, d] == cell[d]
        cells[place, d] = cell[d]
    return same


@kernel
def service_level(positions, table, interval, reads, lines):
    """Fill the initiation intervals (n,) and entries read (n,), 0 before, of one level; ``table`` goes on.

    ``lines``, counts 0 before, are filled where they are not ``None``.
    """
    factors, cells, seen = table.factors, table.cells, table.seen
    dims = factors.shape[0]
    corners = 1 << dims
    cell, changes = np.empty(dims, np.uint64), np.empty(dims, np.uint64)
    table_entries, banks = np.empty(corners, np.uint64), np.empty(corners, np.uint64)
    asked_by, served = np.empty(corners, np.int64), np.empty(corners, np.int64)
    mask = np.uint64((1 << max(table.bits, 0)) - 1)
    bank_shift = np.uint64(max(table.bits, 0))
    for i in range(positions.shape[0]):
        for d in range(dims):
            cell[d] = cell_of(fma_half(table.scale, positions[i, d]))
        if table.reuse_distance:
            number = seen[0]
            seen[0] += 1
            if same_cell(cell, cells, number % table.reuse_distance, number >= table.reuse_distance):
                interval[i] = table.index_cycles
                continue
        fill_entries(cell, table.hashed, factors, table.entries, changes, table_entries)
        distinct = corners
        if table.index_cycles > 1 or same_entry_twice(table_entries, corners):
            distinct = keep_distinct(table_entries, corners, asked_by)
        reads[i] = distinct
        if lines is not None:
            count = note_lines(table_entries, distinct, table.entries_per_line, table.line_shift, lines.lines, i)
            lines.counts[i] = count
        if table.bits < 0:
            interval[i] = table.index_cycles
            continue
        for k in range(distinct):
            banks[k] = bank_of(table_entries[k], bank_shift, mask, table.xor_fold)
            if table.parts > 1:
                part = line_of(table_entries[k], table.entries_per_line, table.line_shift) % np.uint64(table.parts)
                banks[k] += part * (mask + np.uint64(1))
        interval[i] = cycles_of_queues(banks, asked_by, distinct, table, served)
