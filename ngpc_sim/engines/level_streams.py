"""A stream of queries through the levels of a grid, some of them cached: what they cost, chunk by chunk.

The state goes on from one call to the next, so a stream may come in parts of any size.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from ngpc_sim.engines.grid_cache import BlockCaches, empty_lines
from ngpc_sim.engines.level_passes import LevelPasses, columns_of
from ngpc_sim.engines.service import Misses, folded
from ngpc_sim.kernels.grid_sram import Lines
from ngpc_sim.kernels.sums import to_rows
from ngpc_sim.kernels.voxel_blocks import Blocks
from ngpc_sim.machine.threads import map_threads, on_threads

Array = np.ndarray[Any, Any]
#: queries that pass through all levels before the next ones, and of which the lines are held
CHUNK_QUERIES = 1 << 15


class AnyCaches(Protocol):
    """Caches of a stream's levels: its own, or those that it shares."""

    slots: list[list[int]]
    levels: list[int]

    @property
    def addresses(self) -> Array:
        """Room for the addresses of lines that come from DRAM."""

    @property
    def noted(self) -> int:
        """How many of them there are."""

    def look_up(self, slot: int, asked: Lines, first: int) -> Lines:
        """Missing lines of a slot; the caches go on."""

    def look_up_l2(self, missed: Lines) -> Array:
        """How many of the misses are not in L2 either."""


class LevelStream:
    """Queries in order through the levels of ``passes``, all of which fit, on engine slots."""

    def __init__(self, passes: LevelPasses, slots: int) -> None:
        self.passes, self.slots = passes, slots

    def serve(self, positions: Array) -> tuple[Array, Array, None]:
        """Intervals (n, slots) uint16 and reads (n,) int32 of the next ``positions`` (n, D) of the stream."""
        if self.passes.shape.in_order:
            return self._in_order(positions)
        n = len(positions)
        cycles, reads = np.empty((n, self.slots), np.uint16), np.zeros(n, np.int32)
        levels = list(range(self.passes.encoding.n_levels))

        def chunks(firsts: Iterator[int]) -> None:
            by_slot = np.empty((self.slots, CHUNK_QUERIES), np.uint16)
            for first in firsts:
                part = slice(first, min(first + CHUNK_QUERIES, n))
                if part.stop - first < CHUNK_QUERIES:
                    by_slot = np.empty((self.slots, part.stop - first), np.uint16)
                by_slot[:] = 0
                self.passes.add(positions[part], levels, by_slot, reads[part])
                to_rows(by_slot, cycles[part])

        on_threads(chunks, range(0, n, CHUNK_QUERIES))
        return cycles, reads, None

    def _in_order(self, positions: Array) -> tuple[Array, Array, None]:
        """Like :meth:`serve`, where a query depends on the one before it on its engine."""
        n, n_levels = len(positions), self.passes.encoding.n_levels
        intervals, reads = np.empty((n_levels, n), np.uint16), np.zeros((n_levels, n), np.uint8)
        map_threads(
            lambda level: self.passes.in_order(level, positions, intervals[level], reads[level], None),
            range(n_levels),
        )
        return folded(intervals.T, self.slots), reads.sum(axis=0, dtype=np.int32), None


class CachedStream:
    """Queries in order through the levels of ``passes``, some of them in ``caches``, on engine slots."""

    def __init__(self, passes: LevelPasses, caches: AnyCaches, slots: int) -> None:
        self.passes, self.caches, self.slots = passes, caches, slots
        self.first = 0
        self.place = {level: number for number, level in enumerate(caches.levels)}
        self.whole = [level for level in range(passes.encoding.n_levels) if level not in self.place]

    def serve(self, positions: Array) -> tuple[Array, Array, Misses]:
        """Intervals (n, slots) uint16, reads (n,) int32 and misses of the next ``positions`` (n, D) of the stream."""
        n, n_levels = len(positions), self.passes.encoding.n_levels
        intervals, reads = np.zeros((n_levels, n), np.uint16), np.zeros(n, np.int32)
        asked, missing, far = (np.zeros((n_levels, n), np.uint8) for _ in range(3))
        for first in range(0, n, CHUNK_QUERIES):
            part = slice(first, min(first + CHUNK_QUERIES, n))
            outputs = asked[:, part], missing[:, part], far[:, part]
            reads[part] = self._chunk(positions[part], intervals[:, part], *outputs)
            self.first += part.stop - first
        misses = Misses(
            asked.T, missing.T, far.T, folded(missing.T, self.slots), folded(far.T, self.slots),
            self.caches.addresses[: self.caches.noted],
        )  # fmt: skip
        return folded(intervals.T, self.slots), reads, misses

    def _chunk(self, positions: Array, intervals: Array, asked: Array, missing: Array, far: Array) -> Array:
        """Pass a chunk; fill intervals and line counts, all (L, n); returns its reads (n,)."""
        n, corners, caches = len(positions), self.passes.encoding.corners, self.caches
        columns, ends = columns_of(positions)
        missed = empty_lines(len(self.place), n, corners)
        reads = np.zeros((len(caches.slots) + 1, n), np.int32)

        def whole() -> None:
            for level in self.whole:
                self._pass(level, positions, columns, ends, intervals[level], reads[-1])

        def slot(number: int) -> None:
            if number == len(caches.slots):
                whole()
                return
            levels = caches.slots[number]
            places = [self.place[level] for level in levels]
            asked[levels], gone = self._look_up(number, positions, columns, ends, intervals, reads[number])
            missed.lines[places], missed.counts[places] = gone

        map_threads(slot, range(len(caches.slots) + 1))
        missing[caches.levels] = missed.counts
        far[caches.levels] = caches.look_up_l2(missed)
        summed: Array = reads.sum(axis=0, dtype=np.int32)
        return summed

    def _look_up(
        self, number: int, positions: Array, columns: Array, ends: Array, intervals: Array, reads: Array
    ) -> tuple[Array, Lines]:
        """Pass a chunk through the levels of a slot, and its lines through their cache: counts asked, lines missed."""
        levels = self.caches.slots[number]
        lines = empty_lines(len(levels), len(positions), self.passes.encoding.corners)
        for row, level in enumerate(levels):
            own = Lines(lines.lines[row], lines.counts[row])
            self._pass(level, positions, columns, ends, intervals[level], reads, own)
        return lines.counts, self.caches.look_up(number, lines, self.first)

    def _pass(
        self,
        level: int,
        positions: Array,
        columns: Array,
        ends: Array,
        cycles: Array,
        reads: Array,
        lines: Lines | None = None,
    ) -> None:
        """Pass a chunk through a level: intervals and reads are added, ``lines`` filled."""
        if not self.passes.shape.in_order:
            self.passes.add_level(columns, ends, level, cycles, reads, lines)
            return
        read = np.zeros(len(reads), np.uint8)
        self.passes.in_order(level, positions, cycles, read, lines)
        reads += read


class BlockStream(CachedStream):
    """Like :class:`CachedStream` where the caches hold blocks with all corners of a voxel."""

    caches: BlockCaches

    def _look_up(
        self, number: int, positions: Array, _columns: Array, _ends: Array, intervals: Array, reads: Array
    ) -> tuple[Array, Lines]:
        """Pass a chunk through the levels of a slot, and its blocks through their cache."""
        levels, n, corners = self.caches.slots[number], len(positions), self.passes.encoding.corners
        asked = Blocks(*empty_lines(len(levels), n, corners), np.zeros((len(levels), n), np.uint64))
        for row, level in enumerate(levels):
            own = Blocks(asked.lines[row], asked.counts[row], asked.numbers[row])
            self.passes.in_blocks(level, positions, intervals[level], reads, own)
        return asked.counts, self.caches.look_up_blocks(number, asked, self.first)
