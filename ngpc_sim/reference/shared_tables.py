"""Queries of several networks, one by one, through grid_srams that hold the tables of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ngpc_sim.engines.encoding_spec import EncodingSpec
from ngpc_sim.engines.grid_cache import L2Shape
from ngpc_sim.engines.service import Service
from ngpc_sim.reference.caches import Asked, LruCache
from ngpc_sim.reference.lookups import Lookup, lookups, service_with
from ngpc_sim.workloads.grids import GridEncoding, grid_levels

Array = np.ndarray[Any, Any]


def shared_services(
    spec: EncodingSpec, encodings: Sequence[GridEncoding], networks: Array, positions: Array, l2: L2Shape | None
) -> tuple[Service, ...]:
    """Services of the queries of each network; ``networks`` (n,) says which one each of ``positions`` (n, D) asks."""
    found = [lookups(spec, encoding, positions[networks == k]) for k, encoding in enumerate(encodings)]
    tables = _Tables(spec, encodings, l2)
    asked: list[list[list[Asked]]] = [[] for _ in encodings]
    for network in networks.tolist():
        number = len(asked[network])
        asked[network].append(tables.ask(network, number, found[network][number]))
    return tuple(
        service_with(spec, encoding, found[k], sorted(tables.cached[k]), asked[k])
        for k, encoding in enumerate(encodings)
    )


class _Tables:
    """All tables, where each engine keeps those that it holds, and L2."""

    def __init__(self, spec: EncodingSpec, encodings: Sequence[GridEncoding], l2: L2Shape | None) -> None:
        self.spec, self.encodings = spec, encodings
        self.copies = [max(1, spec.engines // encoding.n_levels) for encoding in encodings]
        self.cached: list[set[int]] = [set() for _ in encodings]
        if spec.table_policy == "cache":
            self._spill()
        in_line = [max(1, spec.line_bytes // self._entry_bytes(k)) for k in range(len(encodings))]
        self.lines = [
            [-(-level.entries // own) for level in grid_levels(encoding)]
            for encoding, own in zip(encodings, in_line, strict=True)
        ]
        self.caches: dict[int, LruCache] = {}
        self.firsts: dict[tuple[int, int, int], int] = {}
        self.room = max(1, spec.grid_sram_bytes // spec.line_bytes)
        for engine in range(spec.engines):
            self._load(engine)
        self.l2 = self._load_l2(l2) if l2 else None

    def _entry_bytes(self, network: int) -> int:
        return self.encodings[network].n_features_per_level * self.spec.feature_bytes

    def _held(self, engine: int) -> list[tuple[int, int]]:
        """Networks and levels of the tables in an engine."""
        held = []
        for network, encoding in enumerate(self.encodings):
            for level in range(encoding.n_levels):
                places = {group * encoding.n_levels + level for group in range(self.copies[network])}
                if encoding.n_levels > self.spec.engines:
                    places = {level % self.spec.engines}
                if engine in places:
                    held.append((network, level))
        return held

    def _spill(self) -> None:
        for engine in range(self.spec.engines):
            held = self._held(engine)
            needed = sum(grid_levels(self.encodings[k])[level].entries * self._entry_bytes(k) for k, level in held)
            if needed > self.spec.grid_sram_bytes:
                for network, level in held:
                    self.cached[network].add(level)

    def _cache(self, lines: int, ways: int | str, *, hashed: bool = False) -> LruCache:
        return LruCache(lines, lines if isinstance(ways, str) else ways, hashed=hashed)

    def _load(self, engine: int) -> None:
        total = 0
        for network, level in self._held(engine):
            if level in self.cached[network]:
                self.firsts[engine, network, level] = total
                total += self.lines[network][level]
        if total:
            cache = self.caches[engine] = self._cache(self.room, self.spec.ways)
            for line in range(min(total, len(cache.sets) * cache.ways)):
                cache.use(line)

    def _load_l2(self, l2: L2Shape) -> LruCache:
        cache = self._cache(max(1, l2.capacity_bytes // self.spec.line_bytes), l2.ways, hashed=True)
        own = self._cache(self.room, self.spec.ways)
        for network, cached in enumerate(self.cached):
            for level in sorted(cached):
                for line in range(min(self.lines[network][level], len(own.sets) * own.ways)):
                    cache.use(self._address(network, level) + line)
        return cache

    def _address(self, network: int, level: int) -> int:
        """Line in memory at which a table begins."""
        return sum(map(sum, self.lines[:network])) + sum(self.lines[network][:level])

    def ask(self, network: int, number: int, query: list[Lookup]) -> list[Asked]:
        """Lines that the query ``number`` of a network misses on every level."""
        levels, engines = len(query), self.spec.engines
        slots = min(engines, levels)
        group = number % self.copies[network]
        missed: dict[int, list[int]] = {}
        for level in (level for slot in range(slots) for level in range(slot, levels, slots)):
            if level in self.cached[network]:
                engine = group * slots + level % slots
                first = self.firsts[engine, network, level]
                missed[level] = [line for line in query[level].lines if not self.caches[engine].use(first + line)]
        far = {
            level: sum(not self.l2.use(self._address(network, level) + line) for line in missed[level])
            for level in sorted(missed)
            if self.l2
        }
        return [Asked(len(missed.get(level, ())), far.get(level, 0)) for level in range(levels)]
