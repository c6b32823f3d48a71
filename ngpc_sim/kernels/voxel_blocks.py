"""Levels whose grid_sram holds blocks, each with the entries of all corners of a voxel: ``docs/accelerators.md``."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ngpc_sim.kernels.compiled import kernel
from ngpc_sim.kernels.grid_cache import set_of, touch
from ngpc_sim.kernels.grid_index import cell_of, fill_entries, fma_half
from ngpc_sim.kernels.grid_sram import line_of, same_cell

Array = np.ndarray[Any, Any]


class Blocks(NamedTuple):
    """What queries ask of caches of blocks.

    ``lines`` (n, 2^D) uint32 that a miss fetches, one a corner; ``counts`` (n,) uint8 of them, 0 where nothing is read;
    ``numbers`` (n,) uint64 of the blocks. Or, with one more axis in front, of several levels.
    """

    lines: Array
    counts: Array
    numbers: Array


@kernel
def service_blocks(positions, table, resolution, interval, reads, blocks):
    """Set the intervals (n,) to 1, and add the entries of a block to ``reads`` (n,); ``table`` goes on.

    ``resolution`` uint64: vertices per axis. ``blocks`` are filled where they are not ``None``.
    """
    dims = table.factors.shape[0]
    corners = 1 << dims
    cell, changes, entries = np.empty(dims, np.uint64), np.empty(dims, np.uint64), np.empty(corners, np.uint64)
    for i in range(positions.shape[0]):
        for d in range(dims):
            cell[d] = cell_of(fma_half(table.scale, positions[i, d]))
        interval[i] = 1
        number = table.seen[0]
        table.seen[0] += 1
        if table.reuse_distance and same_cell(
            cell, table.cells, number % table.reuse_distance, number >= table.reuse_distance
        ):
            continue
        reads[i] += corners
        if blocks is None:
            continue
        block = np.uint64(0)
        for d in range(dims - 1, -1, -1):
            block = block * resolution + cell[d] % resolution
        blocks.numbers[i] = block
        fill_entries(cell, table.hashed, table.factors, table.entries, changes, entries)
        for k in range(corners):
            blocks.lines[i, k] = np.uint32(line_of(entries[k], table.entries_per_line, table.line_shift))
        blocks.counts[i] = corners


@kernel
def look_up_blocks(asked, offsets, first, caches, missed):
    """Pass queries through the caches of one engine slot; fills the lines ``missed`` (levels, n, corners).

    ``asked``: the :class:`Blocks` of the slot's levels; ``offsets`` (levels,): first block of each level; query i uses
    cache (first + i) mod their number.
    """
    tags, links, room = caches.tags, caches.links, caches.room
    for i in range(asked.counts.shape[1]):
        which = (first + i) % caches.number
        for level in range(asked.counts.shape[0]):
            if asked.counts[level, i] == 0:
                continue
            own = asked.numbers[level, i] + offsets[level]
            index = set_of(own, caches.sets, caches.hashed)
            if not touch(which, own, index, caches.sets, caches.few, tags, links, room):
                for k in range(asked.counts[level, i]):
                    missed.lines[level, i, k] = asked.lines[level, i, k]
                missed.counts[level, i] = asked.counts[level, i]
