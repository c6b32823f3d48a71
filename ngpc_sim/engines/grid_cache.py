"""grid_sram as a cache of a level that does not fit, and the GPU's L2 behind it.

Set-associative, LRU, lines of whole entries; line n of an engine's tables lies in set n mod sets. A query asks for
each of its distinct lines once, in the order of its corners; an engine of several levels asks level after level. A
line that is on its way counts as present, so what hits follows from the order of the queries alone, not from time.
Caches start as the load command leaves them: filled with the first lines of their tables, the last ones used most
recently. L2 is shared: the misses of all levels reach it query by query, level by level. A hash of a line's number says
its set there, as in GPUs, whose tables and images have strides of powers of two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.kernels.grid_cache import Caches, look_up_l2, look_up_lines, preload
from ngpc_sim.kernels.grid_sram import Lines
from ngpc_sim.kernels.voxel_blocks import Blocks, look_up_blocks

Array = np.ndarray[Any, Any]
#: no line, or in 32 bits where tables have fewer lines than that; all tables together have fewer
NO_LINE = 0xFFFFFFFFFFFFFFFF
#: up to here the lines of a set are kept in order of use; above, in a linked list
FEW_WAYS = 16
#: lines and links of all caches of one kind, 1 GiB
MAX_CELLS = 1 << 28
#: blocks of all levels of an engine, which have numbers of 64 bits
MAX_BLOCKS = 1 << 62


@dataclass(frozen=True)
class CacheShape:
    """``capacity_lines`` in sets of ``ways``, which is ``capacity_lines`` for a fully associative one."""

    capacity_lines: int
    ways: int

    @property
    def sets(self) -> int:
        """Sets; what does not fill a whole set is left unused."""
        return max(1, self.capacity_lines // self.ways)

    @property
    def lines(self) -> int:
        """Lines that it holds."""
        return self.sets * min(self.ways, self.capacity_lines)

    @property
    def few(self) -> bool:
        """Whether sets are small enough to be kept in order of use."""
        return min(self.ways, self.capacity_lines) <= FEW_WAYS


def check_room(shape: CacheShape, n_lines: list[int], groups: int) -> None:
    """Refuse caches of one shape, ``groups`` for each of these numbers of lines, that memory does not hold together."""
    cells = sum(shape.lines if shape.few else 2 * (lines + shape.sets) for lines in n_lines)
    if groups * cells > MAX_CELLS:
        raise UserError(
            f"caches of {shape.lines:,} lines over tables of {sum(n_lines):,} lines do not fit in memory: raise "
            "nfp.encoding.line_bytes, or use table_policy assume_fit."
        )


class LruCaches:
    """``groups`` caches of one shape, each for lines 0 to ``n_lines`` - 1; ``hashed``: how a line finds its set."""

    def __init__(self, shape: CacheShape, n_lines: int, groups: int = 1, *, hashed: bool = False) -> None:
        check_room(shape, [n_lines], groups)
        ways = min(shape.ways, shape.capacity_lines)
        few, sets = shape.few, groups * shape.sets
        kind = np.uint32 if n_lines < NO_LINE >> 32 else np.uint64
        tags = np.full((sets if few else 0, ways), np.iinfo(kind).max, kind)
        links = np.full((groups, 0 if few else n_lines + shape.sets, 2), -1, np.int32)
        if not few:
            links[:, n_lines:] = np.arange(n_lines, n_lines + shape.sets, dtype=np.int32)[None, :, None]
        #: what the kernels take, and change
        self.state = Caches(groups, shape.sets, few, hashed, tags, links, np.full(0 if few else sets, ways, np.int64))

    def load(self, first: int, last: int) -> None:
        """Use lines from ``first`` to before ``last`` in order, in every cache."""
        preload(first, last, self.state)


@dataclass(frozen=True)
class L2Shape:
    """The GPU's L2 as the cache of table lines behind the NFPs: its bytes and ways; a hash says the set of a line."""

    capacity_bytes: int
    ways: int


def empty_lines(levels: int, n: int, corners: int) -> Lines:
    """Room for the lines of ``n`` queries on some levels, all of which ask for none yet."""
    return Lines(np.empty((levels, n, corners), np.uint32), np.zeros((levels, n), np.uint8))


class Sizes(NamedTuple):
    """Lines of every level's table in memory, and lines or blocks of every level as the caches hold it."""

    lines: list[int]
    held: list[int]


class TableCaches:
    """All cached levels of an NFP's encoding engines, with L2 behind them.

    Parameters
    ----------
    shape
        Cache of one engine, or of all engines that share a level between them.
    slots
        Levels of every engine slot that has a cache, in the order in which it serves them.
    sizes
        Of every level.
    groups
        Engines side by side that hold the same levels, each with a cache of its own.
    l2, line_bytes
        The L2, or ``None`` for one that holds everything.
    addresses
        How many addresses of lines missed by L2 are kept.
    """

    def __init__(
        self,
        shape: CacheShape,
        slots: list[list[int]],
        sizes: Sizes,
        groups: int,
        l2: L2Shape | None,
        line_bytes: int,
        addresses: int,
    ) -> None:
        self.slots, self.line_bytes = slots, line_bytes
        self.levels = sorted(level for slot in slots for level in slot)
        self._hold(shape, sizes.held, groups)
        level_lines = sizes.lines
        starts = np.cumsum([0, *level_lines[:-1]])
        self.memory = starts[self.levels].astype(np.uint64)
        self.addresses = np.zeros(addresses, np.int64)
        self.noted = 0
        self.l2 = self._l2(l2, int(starts[-1]) + level_lines[-1])
        if self.l2 is not None:
            for level in self.levels:
                start = int(starts[level])
                self.l2.load(start, start + min(level_lines[level], shape.lines))

    def _hold(self, shape: CacheShape, sizes: list[int], groups: int) -> None:
        """Make the caches, of levels of these ``sizes``, as the load leaves them."""
        if sum(sizes) > MAX_BLOCKS:
            raise UserError(f"{sum(sizes):.3g} voxels have no numbers of 64 bits: use nfp.encoding.layout interleaved.")
        self.offsets = [np.cumsum([0, *(sizes[level] for level in slot[:-1])]).astype(np.uint64) for slot in self.slots]
        in_slots = [sum(sizes[level] for level in slot) for slot in self.slots]
        check_room(shape, in_slots, groups)
        self.caches = [LruCaches(shape, size, groups) for size in in_slots]
        for caches, size in zip(self.caches, in_slots, strict=True):
            caches.load(0, min(size, shape.lines))

    def _l2(self, l2: L2Shape | None, n_lines: int) -> LruCaches | None:
        if l2 is None:
            return None
        lines = max(1, l2.capacity_bytes // self.line_bytes)
        return LruCaches(CacheShape(lines, min(l2.ways, lines)), n_lines, hashed=True)

    def look_up(self, slot: int, asked: Lines, first: int) -> Lines:
        """Missing lines (levels, n, corners) of a slot, and their counts (levels, n); the cache goes on."""
        missed = empty_lines(*asked.lines.shape)
        look_up_lines(asked, self.offsets[slot], first, self.caches[slot].state, missed)
        return missed

    def look_up_l2(self, missed: Lines) -> Array:
        """How many of the misses of all levels in order are not in L2 either, (levels, n) uint8."""
        far = np.zeros_like(missed.counts)
        if self.l2 is not None:
            self.noted = look_up_l2(
                missed, self.memory, self.l2.state, far, self.line_bytes, self.addresses, self.noted
            )
        return far


class BlockCaches(TableCaches):
    """Caches of blocks with all corners of a voxel, which a miss gathers line by line; else as :class:`TableCaches`."""

    def look_up_blocks(self, slot: int, asked: Blocks, first: int) -> Lines:
        """Lines (levels, n, corners) of missing blocks of a slot, and their counts (levels, n); the cache goes on."""
        missed = empty_lines(*asked.lines.shape)
        look_up_blocks(asked, self.offsets[slot], first, self.caches[slot].state, missed)
        return missed
