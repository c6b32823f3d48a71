"""Tables of several networks in the grid_srams of an NFP: which of them fit, and what the others share.

Each network's levels are laid out over the engines as if it were alone (:mod:`ngpc_sim.engines.encoding_engine`):
engine e of group g holds the levels of its slot, and copies of them where floor(E / L) queries go side by side. An
engine holds the tables of all networks at once, for nothing is loaded inside a frame. Where they do not fit together,
all of that engine's tables spill together, as those of an engine with more levels than engines do.

Under ``cache`` such an engine's grid_sram is one cache of all its tables, network after network, level after level. It
starts with the first lines of them. What one network fetches replaces what another one needs, in the order in which
the queries of all networks were recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.plugins import BUILTIN
from ngpc_sim.engines.encoding_engine import EncodingEngine
from ngpc_sim.engines.encoding_spec import EncodingSpec
from ngpc_sim.engines.grid_cache import CacheShape, L2Shape, LruCaches, empty_lines
from ngpc_sim.engines.service import Service
from ngpc_sim.engines.table_fit import (
    check_features,
    check_lines,
    engines_of_level,
    entries_per_line,
    held_entries,
    level_ranges,
    spilled_levels,
)
from ngpc_sim.kernels.grid_cache import look_up_l2, look_up_lines
from ngpc_sim.kernels.grid_sram import Lines
from ngpc_sim.workloads.grids import GridEncoding, grid_levels

Array = np.ndarray[Any, Any]
Table = tuple[int, int]
"""A network, from 0, and a level of its grid."""


def tables_of_engines(spec: EncodingSpec, encodings: Sequence[GridEncoding]) -> list[list[Table]]:
    """Tables, or parts of them, that each engine holds, network after network, level after level."""
    held: list[list[Table]] = [[] for _ in range(spec.engines)]
    for network, encoding in enumerate(encodings):
        slots = min(spec.engines, encoding.n_levels)
        for engine in range(slots * engines_of_level(spec, encoding)):
            held[engine] += [(network, level) for level in range(engine % slots, encoding.n_levels, slots)]
    return held


def spilled_tables(spec: EncodingSpec, encodings: Sequence[GridEncoding]) -> list[list[int]]:
    """Levels of each network whose tables do not fit, together with all others, in an engine that holds them."""
    if len(encodings) == 1:
        return [spilled_levels(spec, encodings[0])]
    sizes = [held_bytes(spec, encoding) for encoding in encodings]
    spilled: list[set[int]] = [set() for _ in encodings]
    for tables in tables_of_engines(spec, encodings):
        if sum(sizes[network][level] for network, level in tables) > spec.grid_sram_bytes:
            for network, level in tables:
                spilled[network].add(level)
    return [sorted(levels) for levels in spilled]


def held_bytes(spec: EncodingSpec, encoding: GridEncoding) -> list[Fraction]:
    """Bytes of each level's table in one engine that holds it."""
    parts = engines_of_level(spec, encoding) if spec.sharing == "partition" else 1
    entry_bytes = encoding.n_features_per_level * spec.feature_bytes
    return [Fraction(entries * entry_bytes, parts) for entries in held_entries(spec, encoding)]


def check_all_tables(spec: EncodingSpec, encodings: Mapping[str, GridEncoding]) -> list[list[int]]:
    """Spilled levels of networks by name.

    Raises
    ------
    UserError
        Where they are refused by ``table_policy: reject``, or no cache of theirs is modelled: of engines that hold
        parts of a table, and of plug-ins, which know of one network only.
    """
    if spec.subgrids > 1:
        raise UserError("nfp.encoding.subgrids are modelled of workloads with one network.")
    spilled = spilled_tables(spec, list(encodings.values()))
    for name, encoding in encodings.items():
        check_features(spec, encoding, name)
        check_lines(spec, encoding, name)
    if not any(spilled):
        return spilled
    named = ", ".join(f"{level_ranges(own)} of {name}" for name, own in zip(encodings, spilled, strict=True) if own)
    if spec.table_policy == "reject":
        raise UserError(
            f"levels {named} do not fit together in grid_srams of {spec.grid_sram_kib} KiB, and "
            "nfp.encoding.table_policy is reject."
        )
    modelled = spec.sharing == "replicate" and spec.model == BUILTIN and spec.layout != "voxel_block"
    if spec.table_policy == "cache" and not modelled:
        raise UserError(
            f"levels {named} do not fit together in grid_srams of {spec.grid_sram_kib} KiB, and a cache of several "
            "networks is modelled of built-in engines with nfp.encoding.sharing replicate only, and of no voxel blocks."
        )
    return spilled


class SharedCaches:
    """The grid_srams of all engines as caches of the tables that spill, with L2 behind them."""

    def __init__(
        self, spec: EncodingSpec, encodings: Sequence[GridEncoding], l2: L2Shape | None, addresses: int
    ) -> None:
        self.spec, self.line_bytes = spec, spec.line_bytes
        is_cache = spec.table_policy == "cache"
        self.cached = spilled_tables(spec, encodings) if is_cache else [[] for _ in encodings]
        self.lines = [_table_lines(spec, encoding) for encoding in encodings]
        held = tables_of_engines(spec, encodings)
        #: first line of each cached table in its engine's cache
        self.offsets: list[dict[Table, int]] = []
        self.caches: list[LruCaches | None] = []
        for tables in held:
            own = [(network, level) for network, level in tables if level in self.cached[network]]
            ends = np.cumsum([0, *(self.lines[network][level] for network, level in own)]).tolist()
            self.offsets.append(dict(zip(own, ends, strict=False)))
            self.caches.append(_loaded(spec.cache_shape(), ends[-1]) if own else None)
        self.starts = [start.tolist() for start in _starts(self.lines)]
        self.addresses, self.noted = np.zeros(addresses, np.int64), 0
        self.l2 = self._l2(l2)

    def _l2(self, l2: L2Shape | None) -> LruCaches | None:
        """L2 after the load: it holds what a grid_sram holds of each cached table alone, at most."""
        if l2 is None:
            return None
        lines = max(1, l2.capacity_bytes // self.line_bytes)
        total = sum(map(sum, self.lines))
        cache = LruCaches(CacheShape(lines, min(l2.ways, lines)), total, hashed=True)
        for starts, sizes, cached in zip(self.starts, self.lines, self.cached, strict=True):
            for level in cached:
                cache.load(starts[level], starts[level] + min(sizes[level], self.spec.cache_shape().lines))
        return cache

    def of(self, network: int, encoding: GridEncoding) -> NetworkCaches:
        """The caches as one network's queries see them."""
        return NetworkCaches(self, network, encoding)

    def far(self, missed: Lines, memory: Array) -> Array:
        """How many of the misses of levels with first lines ``memory`` are not in L2 either, (levels, n) uint8."""
        far = np.zeros_like(missed.counts)
        if self.l2 is not None:
            more = missed, memory, self.l2.state, far, self.line_bytes, self.addresses, self.noted
            self.noted = look_up_l2(*more)
        return far


class NetworkCaches:
    """What a stream of one network's queries asks of :class:`SharedCaches`; as :class:`TableCaches` to the stream."""

    def __init__(self, shared: SharedCaches, network: int, encoding: GridEncoding) -> None:
        self.shared, self.network = shared, network
        self.n_slots = min(shared.spec.engines, encoding.n_levels)
        self.groups = engines_of_level(shared.spec, encoding)
        self.levels = shared.cached[network]
        in_slot = [[level for level in self.levels if level % self.n_slots == slot] for slot in range(self.n_slots)]
        self.slots = [levels for levels in in_slot if levels]
        self.memory = np.array([shared.starts[network][level] for level in self.levels], np.uint64)

    @property
    def addresses(self) -> Array:
        """Of the first lines that come from DRAM, whatever network asks them."""
        return self.shared.addresses

    @property
    def noted(self) -> int:
        """How many addresses there are."""
        return self.shared.noted

    def look_up(self, slot: int, asked: Lines, first: int) -> Lines:
        """Missing lines (levels, n, corners) of a slot, and their counts (levels, n); the caches go on."""
        missed, levels = empty_lines(*asked.lines.shape), self.slots[slot]
        for group in range(self.groups):
            engine = group * self.n_slots + levels[0] % self.n_slots
            own, cache = slice((group - first) % self.groups, None, self.groups), self.shared.caches[engine]
            assert cache is not None  # noqa: S101 - for the type checker: an engine of a cached level has one
            part = Lines(np.ascontiguousarray(asked.lines[:, own]), np.ascontiguousarray(asked.counts[:, own]))
            offsets = [self.shared.offsets[engine][self.network, level] for level in levels]
            gone = empty_lines(*part.lines.shape)
            look_up_lines(part, np.array(offsets, np.uint64), 0, cache.state, gone)
            missed.lines[:, own], missed.counts[:, own] = gone
        return missed

    def look_up_l2(self, missed: Lines) -> Array:
        """How many of the misses of all levels in order are not in L2 either, (levels, n) uint8."""
        return self.shared.far(missed, self.memory)


def streams_of(
    spec: EncodingSpec, encodings: Sequence[GridEncoding], l2: L2Shape | None, addresses: int
) -> list[Callable[[Array], Service]]:
    """For each network, a function that takes the positions of its queries part by part.

    The parts of all networks come in the order recorded. Misses are those of the caches that the networks share.
    """
    engine = EncodingEngine(spec)
    shared = SharedCaches(spec, encodings, l2, addresses)
    return [
        engine.stream_behind(encoding, shared.of(network, encoding) if shared.cached[network] else None)
        for network, encoding in enumerate(encodings)
    ]


def _table_lines(spec: EncodingSpec, encoding: GridEncoding) -> list[int]:
    """Lines of every level's table."""
    in_line = entries_per_line(spec, encoding)
    return [-(-level.entries // in_line) for level in grid_levels(encoding)]


def _starts(lines: list[list[int]]) -> list[Array]:
    """First line of every level of every network in memory."""
    ends = np.cumsum([size for sizes in lines for size in sizes])
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    return np.split(starts, np.cumsum([len(sizes) for sizes in lines])[:-1])


def _loaded(shape: CacheShape, lines: int) -> LruCaches:
    """A cache of so many lines after the load: it holds the first of them."""
    cache = LruCaches(shape, lines)
    cache.load(0, min(lines, shape.lines))
    return cache
