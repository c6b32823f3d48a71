"""grid_sram with a reorder window, in which reads of several queries compete for banks: ``docs/accelerators.md``."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ngpc_sim.kernels.compiled import kernel
from ngpc_sim.kernels.grid_index import cell_of, fill_entries, fma_half
from ngpc_sim.kernels.grid_sram import bank_of, keep_distinct, line_of, note_lines, same_cell

Array = np.ndarray[Any, Any]
#: columns of ``left``: queries of the window that an engine has had, and the cycle in which the last of them leaves
QUERIES, CYCLE, COLUMNS = range(3)


class Window(NamedTuple):
    """Windows of so many ``queries`` of a stream, on the engines of one level.

    ``taken`` (P, banks) int64: reads that a bank of an engine has served or let pass, ``read_ports`` a cycle, since the
    window's start; ``left`` (P, COLUMNS) int64.
    """

    queries: int
    taken: Array
    left: Array


@kernel
def service_window(positions, table, window, interval, reads, lines):
    """Fill intervals and entries read like :func:`service_level` of grid_sram; ``window`` goes on as ``table`` does."""
    factors, taken, left, dims = table.factors, window.taken, window.left, table.factors.shape[0]
    corners, groups = 1 << dims, window.left.shape[0]
    cell, changes = np.empty(dims, np.uint64), np.empty(dims, np.uint64)
    entries, asked_by = np.empty(corners, np.uint64), np.empty(corners, np.int64)
    mask, shift = np.uint64((1 << max(table.bits, 0)) - 1), np.uint64(max(table.bits, 0))
    for i in range(positions.shape[0]):
        for d in range(dims):
            cell[d] = cell_of(fma_half(table.scale, positions[i, d]))
        number = table.seen[0]
        table.seen[0] += 1
        if number % window.queries == 0:
            taken[:], left[:] = 0, 0
        g, distinct = number % groups, 0
        again = table.reuse_distance and same_cell(
            cell, table.cells, number % table.reuse_distance, number >= table.reuse_distance
        )
        if not again:
            fill_entries(cell, table.hashed, factors, table.entries, changes, entries)
            distinct = keep_distinct(entries, corners, asked_by)
            if lines is not None:
                counted = note_lines(entries, distinct, table.entries_per_line, table.line_shift, lines.lines, i)
                lines.counts[i] = counted
        reads[i] = distinct
        cycle = left[g, CYCLE] + table.index_cycles
        for k in range(distinct if table.bits >= 0 else 0):
            bank = bank_of(entries[k], shift, mask, table.xor_fold)
            if table.parts > 1:
                part = line_of(entries[k], table.entries_per_line, table.line_shift) % np.uint64(table.parts)
                bank += part * (mask + np.uint64(1))
            entered = left[g, QUERIES] * table.index_cycles + asked_by[k] // table.lanes
            place = max(taken[g, bank], entered * table.ports)
            taken[g, bank] = place + 1
            cycle = max(cycle, place // table.ports + 1)
        interval[i] = cycle - left[g, CYCLE]
        left[g, QUERIES] += 1
        left[g, CYCLE] = cycle
