"""How queries pass through the levels of a grid: which kernel serves a level, with which constants.

Where all corners of a query enter in one cycle, most levels need no look at single corners
(:mod:`ngpc_sim.kernels.bank_algebra`). The others, and streams in which a query depends on the one before it, take
:func:`ngpc_sim.kernels.grid_sram.service_level`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ngpc_sim.engines.grid_index import arguments_of
from ngpc_sim.kernels.bank_algebra import BLOCK, Hashing, Linear, add_rest, hashed_level, linear_level, to_columns
from ngpc_sim.kernels.grid_sram import Lines, Table, service_level
from ngpc_sim.kernels.read_window import COLUMNS, Window, service_window
from ngpc_sim.kernels.voxel_blocks import Blocks, service_blocks
from ngpc_sim.workloads.grids import GridEncoding, GridLevel, grid_levels

Array = np.ndarray[Any, Any]
#: bits of a bank's number, its part included, that the kernels hold
BANK_BITS = 16


@dataclass(frozen=True)
class BankShape:
    """What the entries of one level are read from.

    ``bits`` is log2(banks), or -1 for ideal ones; ``lanes`` corners enter a cycle; ``parts`` hold a level together,
    line by line of ``entries_per_line``; ``reuse_distance`` is how many queries back the engine's last query lies, 0
    without reuse. On levels below ``blocks`` all corners of a voxel are one block. ``window``: queries whose reads
    compete for the banks together, ``side_by_side`` on so many engines.
    """

    bits: int
    xor_fold: bool
    ports: int
    lanes: int
    reuse_distance: int
    parts: int
    entries_per_line: int
    blocks: int = 0
    window: int = 1
    side_by_side: int = 1

    @property
    def in_order(self) -> bool:
        """Whether a query depends on one before it."""
        return self.reuse_distance > 0 or self.window > 1

    @property
    def line_shift(self) -> int:
        """log2 of the entries of a line, or -1 where that is no whole number."""
        return _log2(self.entries_per_line)

    def index_cycles(self, corners: int) -> int:
        """Cycles in which the corners of a query enter."""
        return -(-corners // self.lanes)

    def interval(self, in_one_bank: int, corners: int) -> int:
        """Initiation interval of a query with so many distinct entries in its fullest bank.

        For ideal banks, and for real ones where all corners enter in one cycle.
        """
        return self.index_cycles(corners) if self.bits < 0 else -(-in_one_bank // self.ports)

    def groups(self, table_bits: int) -> tuple[Array, Array, Array] | None:
        """Groups of bits whose xor is the bank of an entry of ``table_bits``: right shift, mask, left shift.

        ``None`` where the bank is not made so.
        """
        bits = max(self.bits, 0)
        shifts = range(0, table_bits, bits) if self.xor_fold and bits else range(min(bits, 1))
        found = [(shift, (1 << bits) - 1, 0) for shift in shifts]
        if self.parts > 1 and self.bits >= 0:
            if min(_log2(self.parts), self.line_shift) < 0 or bits + _log2(self.parts) > BANK_BITS:
                return None
            found.append((self.line_shift, self.parts - 1, bits))
        shift, mask, left = np.array(found, np.uint32).reshape(-1, 3).T.copy()
        return shift, mask, left


def _log2(number: int) -> int:
    """log2 of a power of two, else -1."""
    return number.bit_length() - 1 if number & (number - 1) == 0 else -1


class LevelPasses:
    """Passes of queries through the levels of ``encoding`` under ``shape``; ``levels`` where tables are cut."""

    def __init__(self, encoding: GridEncoding, shape: BankShape, levels: Sequence[GridLevel] = ()) -> None:
        self.encoding, self.shape = encoding, shape
        self._tables = [
            Table(
                *level, shape.bits, shape.xor_fold, shape.ports, shape.lanes, shape.index_cycles(encoding.corners),
                shape.reuse_distance, shape.parts, np.uint64(shape.entries_per_line), shape.line_shift,
                np.zeros((max(shape.reuse_distance, 1), encoding.n_dims), np.uint64), np.zeros(1, np.int64),
            )
            for level in arguments_of(levels or grid_levels(encoding))
        ]  # fmt: skip
        banks = shape.parts << max(shape.bits, 0)
        self._windows = [
            Window(
                shape.window,
                np.zeros((shape.side_by_side, banks), np.int64),
                np.zeros((shape.side_by_side, COLUMNS), np.int64),
            )
            for _ in self._tables
        ]
        self._usual = [self._usual_of(table) for table in self._tables]

    def in_order(self, number: int, positions: Array, intervals: Array, reads: Array, lines: Lines | None) -> None:
        """Pass positions (n, D), the next ones of a stream, through one level: see :func:`service_level`."""
        if number < self.shape.blocks:
            self.in_blocks(number, positions, intervals, reads, None)
        elif self.shape.window > 1:
            service_window(positions, self._tables[number], self._windows[number], intervals, reads, lines)
        else:
            service_level(positions, self._tables[number], intervals, reads, lines)

    def in_blocks(self, number: int, positions: Array, intervals: Array, reads: Array, blocks: Blocks | None) -> None:
        """The same through a level of blocks: see :func:`service_blocks`."""
        resolution = np.uint64(grid_levels(self.encoding)[number].resolution)
        service_blocks(positions, self._tables[number], resolution, intervals, reads, blocks)

    def add(self, positions: Array, levels: list[int], cycles: Array, reads: Array) -> None:
        """Add intervals and reads of positions (n, D) on ``levels`` to ``cycles`` (slots, n) and ``reads`` (n,).

        ``cycles`` uint16 of the slot, level mod slots; ``reads`` int32. Every query stands for itself: without reuse.
        """
        columns, ends = columns_of(positions)
        for level in levels:
            self.add_level(columns, ends, level, cycles[level % len(cycles)], reads)

    def add_level(
        self, columns: Array, ends: Array, level: int, cycles: Array, reads: Array, lines: Lines | None = None
    ) -> None:
        """Like :meth:`add` on one level, with ``cycles`` (n,), from :func:`columns_of`; ``lines`` are filled."""
        if level < self.shape.blocks:
            cycles += np.uint16(1)
            reads += np.int32(self.encoding.corners)
            return
        table, usual, rare = self._tables[level], self._usual[level], np.ones(len(cycles), np.uint8)
        if isinstance(usual, Hashing) and (lines is None or self.shape.line_shift >= 0):
            hashed_level(columns, ends, table, usual, rare, cycles, reads, lines)
        elif isinstance(usual, Linear) and lines is None:
            linear_level(columns, ends, table, usual, rare, cycles, reads)
        if rare.any():
            add_rest(rare, columns, table, cycles, reads, lines)

    def _usual_of(self, table: Table) -> Hashing | Linear | None:
        """What most queries of a level ask without a look at single corners; ``None`` where nothing is known."""
        shape = self.shape
        factors, entries = [int(factor) for factor in table.factors], int(table.entries)
        if table.index_cycles > 1 and shape.bits >= 0:
            return None
        groups = shape.groups(_log2(entries)) if table.hashed and _log2(entries) >= 0 else None
        if groups is not None:
            intervals = [shape.interval(1 << doublings, self.encoding.corners) for doublings in range(5)]
            return Hashing(np.uint64(entries - 1), *groups, np.diff(intervals, prepend=0).astype(np.uint16))
        by_low_bits = shape.bits <= 0 or not shape.xor_fold
        if not table.hashed and by_low_bits and (shape.parts == 1 or shape.bits < 0):
            return linear_constants(factors, entries, shape)
        return None


def columns_of(positions: Array) -> tuple[Array, Array]:
    """Positions (n, D) by column (D, n), and the extremes of every block of them (blocks, D, 2)."""
    columns = np.empty(positions.shape[::-1], np.float32)
    ends = np.empty((-(-len(positions) // BLOCK), positions.shape[1], 2), np.float32)
    to_columns(positions, columns, ends)
    return columns, ends


def linear_constants(factors: list[int], entries: int, shape: BankShape) -> Linear:
    """Largest entry of a lower corner, not wrapped, up to which every query has the same interval and reads; these.

    Where the banks divide the table, a modulo by its entries changes no bank, and only a wrap of uint32 does.
    """
    offsets = [sum(chosen) for chosen in product(*((0, factor) for factor in factors))]
    banks = 1 << max(shape.bits, 0)
    if entries % banks == 0:
        largest, different = (1 << 32) - 1 - max(offsets), {offset % entries for offset in offsets}
    else:
        largest, different = entries - 1 - max(offsets), set(offsets)
    fullest = max(Counter(offset % banks for offset in different).values())
    return Linear(np.int64(largest), np.uint16(shape.interval(fullest, len(offsets))), np.uint16(len(different)))
