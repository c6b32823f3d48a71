"""Cached levels, query by query: which lines grid_sram and L2 miss, and when missing lines arrive."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass

from ngpc_sim.engines.encoding_spec import EncodingSpec
from ngpc_sim.engines.grid_cache import L2Shape
from ngpc_sim.reference.subgrids import cut_levels
from ngpc_sim.workloads.grids import GridEncoding, grid_levels


@dataclass(frozen=True)
class Asked:
    """Lines of a query that an engine misses, and those of them that come from DRAM."""

    missing: int = 0
    far: int = 0


class LruCache:
    """A cache of sets of ``ways`` lines; the least recently used line of a set is replaced.

    A line's set is what its number leaves over the sets. Or, ``hashed``, the part of 32 bits at which the low 32 bits
    of its number times the golden ratio lie.
    """

    def __init__(self, lines: int, ways: int, *, hashed: bool = False) -> None:
        self.ways, self.hashed = min(ways, lines), hashed
        self.sets: list[OrderedDict[int, None]] = [OrderedDict() for _ in range(max(1, lines // self.ways))]

    def use(self, line: int) -> bool:
        """Whether ``line`` is in the cache; afterwards it is."""
        kept = self.sets[line * 2654435769 % 2**32 * len(self.sets) // 2**32 if self.hashed else line % len(self.sets)]
        hit = line in kept
        kept[line] = None
        kept.move_to_end(line)
        if len(kept) > self.ways:
            kept.popitem(last=False)
        return hit


def reference_misses(
    spec: EncodingSpec,
    encoding: GridEncoding,
    lines: list[list[tuple[int, ...]]],
    blocks: list[list[int | None]],
    l2: L2Shape | None,
) -> list[list[Asked]]:
    """Misses of every query (outer list) on every level (inner list).

    ``lines`` are the lines that a query asks on a level, in the same order, or those of its block there.
    """
    in_line = max(1, spec.line_bytes // (encoding.n_features_per_level * spec.feature_bytes))
    tables = [-(-level.entries // in_line) for level in grid_levels(encoding)]
    memory = [sum(tables[:level]) for level in range(len(tables))]
    cached = _caches(spec, encoding, tables)
    in_order = [level for slot in range(spec.engines) for level in range(slot, encoding.n_levels, spec.engines)]
    shared = LruCache(max(1, l2.capacity_bytes // spec.line_bytes), l2.ways, hashed=True) if l2 else None
    if shared:
        for level in sorted(cached):
            cache = cached[level][1][0]
            for line in range(min(tables[level], len(cache.sets) * cache.ways)):
                shared.use(memory[level] + line)
    answers = []
    for number, query in enumerate(lines):
        missed: dict[int, list[int]] = {}
        for level in (level for level in in_order if level in cached):
            start, caches = cached[level]
            cache = caches[number % len(caches)]
            block = blocks[number][level]
            if block is None:
                missed[level] = [line for line in query[level] if not cache.use(start + line)]
            else:
                missed[level] = [] if cache.use(start + block) else list(query[level])
        far = {
            level: sum(not shared.use(memory[level] + line) for line in missed[level]) if shared else 0
            for level in sorted(missed)
        }
        answers.append([Asked(len(missed.get(level, ())), far.get(level, 0)) for level in range(encoding.n_levels)])
    return answers


def _caches(spec: EncodingSpec, encoding: GridEncoding, tables: list[int]) -> dict[int, tuple[int, list[LruCache]]]:
    """First line, and one cache for each group, of every cached level; levels of one engine share caches."""
    entry_bytes = encoding.n_features_per_level * spec.feature_bytes
    copies, cut = max(1, spec.engines // encoding.n_levels), cut_levels(spec, encoding)
    line_bytes, held = spec.line_bytes, [level.entries for level in grid_levels(encoding)]
    if spec.layout == "voxel_block":
        tables = [level.resolution**encoding.n_dims for level in grid_levels(encoding)]
        line_bytes, held = 2**encoding.n_dims * entry_bytes, [2**encoding.n_dims * blocks for blocks in tables]
    room = spec.grid_sram_bytes * (copies if spec.sharing == "partition" else 1)
    groups = 1 if spec.sharing == "partition" else copies
    cached: dict[int, tuple[int, list[LruCache]]] = {}
    for slot in range(min(spec.engines, encoding.n_levels)):
        levels = [level for level in range(slot, encoding.n_levels, spec.engines) if level not in cut]
        if sum(held[level] for level in levels) * entry_bytes <= room:
            continue
        total = sum(tables[level] for level in levels)
        caches = [_loaded(max(1, room // line_bytes), spec.ways, total) for _ in range(groups)]
        start = 0
        for level in levels:
            cached[level] = (start, caches)
            start += tables[level]
    return cached


def _loaded(lines: int, ways: int | str, table: int) -> LruCache:
    """A cache after the load command: it holds the first lines of the table, as many as fit."""
    cache = LruCache(lines, lines if isinstance(ways, str) else ways)
    for line in range(min(table, len(cache.sets) * cache.ways)):
        cache.use(line)
    return cache


class Fetches:
    """Missing lines of one engine on their way, in order, through a window."""

    def __init__(self, window: int, latency: int, dram_latency: int) -> None:
        self.latency, self.dram_latency = latency, dram_latency
        self.window: deque[int] = deque([0] * window, maxlen=window)

    def fetch(self, tagged: int, asked: Asked) -> tuple[int, int]:
        """Fetch the lines of a query whose tags are known at cycle ``tagged``.

        Returns when the last line enters the window, and when it arrives.
        """
        entered = tagged
        for line in range(asked.missing):
            entered = max(entered, self.window[0])
            latency = self.latency + (self.dram_latency if line >= asked.missing - asked.far else 0)
            self.window.append(max(entered + latency, self.window[-1]))
        return entered, self.window[-1]
