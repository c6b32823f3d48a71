"""Encoding engine: one level of the grid, 2^D lookups a query from a banked grid_sram.

Blocks pos_fract, grid_index, grid_sram and interpol_weights of the paper's figure, fully pipelined.
Per query and level::

    groups   = ceil(2^D / corner_lanes), of corner_lanes corners each, in corner order, one a cycle
    interval = cycles until all groups have entered and the queue of every bank is empty

A corner enters the queue of its bank, which serves ``read_ports`` entries a cycle, from the cycle in which they enter.
With one group that is the most distinct entries in a bank / read_ports, rounded up.
An entry that a corner before it has asked for is read once (broadcast). ``bank_map``: ``low_bits`` is entry mod banks,
``xor_fold`` the xor of all log2(banks)-bit groups of the entry. ``banks: ideal`` never conflicts.
``reuse: last_voxel``: a query in the voxel of the query before it on that engine reads nothing new (the
cycles of its groups remain). Levels to engines: with L <= E, floor(E/L) queries go side by side, query i on
group i mod P; with L > E an engine serves levels e, e+E, ... one after another.

Where L < E, ``sharing`` says how the P = floor(E/L) engines of a level share it. ``replicate``: each holds its copy and
serves queries of its own. ``partition``: each holds a part of the table and all of them serve one query after
another, their lanes together and each from its own part, so that a level has P times the room and the banks.

A level that does not fit (:func:`spilled_levels`) is read as if it did under ``assume_fit``; under ``cache`` the
grid_sram is a cache of it (:mod:`ngpc_sim.engines.grid_cache`), and :class:`Misses` says what each query fetches from
L2. Left out: interpolation arithmetic beyond its latency. Sources of the defaults: ``arch_configs/ngpc.yaml``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.plugins import BUILTIN, Calls, Check, build, giver, name_of, speaks_for, takes, whole
from ngpc_sim.engines import answers
from ngpc_sim.engines.encoding_spec import EncodingSpec
from ngpc_sim.engines.grid_cache import BlockCaches, L2Shape, Sizes, TableCaches
from ngpc_sim.engines.grid_index import checked_positions
from ngpc_sim.engines.level_passes import BankShape, LevelPasses
from ngpc_sim.engines.level_streams import AnyCaches, BlockStream, CachedStream, LevelStream
from ngpc_sim.engines.service import Service
from ngpc_sim.engines.subgrids import restricted, subgrid_levels, subgrids_of
from ngpc_sim.engines.table_fit import block_bytes, engines_of_level, entries_per_line, spilled_levels
from ngpc_sim.engines.timing import Timing
from ngpc_sim.workloads.grids import GridEncoding, grid_levels

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class EncodingWork:
    """Queries for the encoding engines: a grid and (n, D) float32 positions."""

    encoding: GridEncoding
    positions: Array


class EncodingEngine:
    """The encoding engines of one NFP as a pure function of their spec."""

    def __init__(self, spec: EncodingSpec) -> None:
        self.spec = spec

    @property
    def latency_cycles(self) -> int:
        """From a query's last index cycle to its features, all four stages."""
        return self.spec.latency_cycles.total

    def side_by_side(self, encoding: GridEncoding) -> int:
        """Queries encoded at once: P = floor(E / L) copies of every level, at least 1; 1 where parts serve together."""
        return 1 if self.spec.sharing == "partition" else engines_of_level(self.spec, encoding)

    def index_cycles(self, encoding: GridEncoding) -> int:
        """Cycles to compute the indices of one query and level; 1 where its corners, on any level, are one block."""
        if self._blocks(encoding):
            return 1
        return self._groups(encoding)

    def _groups(self, encoding: GridEncoding) -> int:
        """Groups in which the corners of a query enter."""
        engines = engines_of_level(self.spec, encoding) // self.side_by_side(encoding)
        return -(-encoding.corners // (engines * self.spec.corner_lanes))

    def service_cycles(self, encoding: GridEncoding, positions: Array) -> Array:
        """(n, L) int64 initiation intervals of every query and level, in cycles."""
        array = checked_positions(encoding, positions)
        return LevelStream(self._passes(encoding), encoding.n_levels).serve(array)[0].astype(np.int64)

    def service(
        self, encoding: GridEncoding, positions: Array, l2: L2Shape | None = None, addresses: int = 0
    ) -> Service:
        """Intervals by engine slot, entries read, and lines missed, of a stream of queries.

        Parameters
        ----------
        encoding
            The grid.
        positions
            (n, D) float32.
        l2
            The L2 behind cached levels, shared by all of them; ``None`` for one that holds everything.
        addresses
            How many addresses of lines that come from DRAM are kept.
        """
        return self.stream(encoding, l2, addresses)(positions)

    def stream(
        self, encoding: GridEncoding, l2: L2Shape | None = None, addresses: int = 0
    ) -> Callable[[Array], Service]:
        """A function that takes the positions of a stream part by part, in order; otherwise like :meth:`service`."""
        caches = self._caches(encoding, l2, addresses) if self.cached_levels(encoding) else None
        return self.stream_behind(encoding, caches)

    def stream_behind(self, encoding: GridEncoding, caches: AnyCaches | None) -> Callable[[Array], Service]:
        """Like :meth:`stream` with these ``caches``, or none where every level fits or counts as if it did."""
        slots = min(self.spec.engines, encoding.n_levels)
        blocks, groups = self._blocks(encoding), self._groups(encoding)
        base = np.zeros(slots, np.int64)
        np.add.at(
            base, np.arange(encoding.n_levels) % slots, np.where(np.arange(encoding.n_levels) < blocks, 1, groups)
        )
        passes = self._passes(encoding)
        levels: LevelStream | CachedStream
        if caches is None:
            levels = LevelStream(passes, slots)
        else:
            cached = BlockStream if isinstance(caches, BlockCaches) else CachedStream
            levels = cached(passes, caches, slots)

        def part(positions: Array) -> Service:
            checked = checked_positions(encoding, positions)
            intervals, reads, misses = levels.serve(checked)
            return Service(intervals, reads, base, misses, subgrids_of(self.spec, encoding, checked))

        return part

    def cached_levels(self, encoding: GridEncoding) -> list[int]:
        """Levels of which the grid_sram is a cache."""
        return spilled_levels(self.spec, encoding) if self.spec.table_policy == "cache" else []

    def remembers(self, encoding: GridEncoding) -> int | None:
        """How many queries before a query its intervals and reads depend on; ``None`` for all of them."""
        if self.cached_levels(encoding) or self.spec.reorder_window > 1:
            return None
        return self.side_by_side(encoding) if self.spec.reuse == "last_voxel" else 0

    def _passes(self, encoding: GridEncoding) -> LevelPasses:
        """The kernels of all levels."""
        spec, groups = self.spec, self.side_by_side(encoding)
        shape = BankShape(
            bits=self._bank_bits,
            xor_fold=spec.bank_map == "xor_fold",
            ports=spec.read_ports,
            lanes=engines_of_level(spec, encoding) // groups * spec.corner_lanes,
            reuse_distance=groups if spec.reuse == "last_voxel" else 0,
            parts=engines_of_level(spec, encoding) // groups,
            entries_per_line=entries_per_line(spec, encoding),
            blocks=self._blocks(encoding),
            window=spec.reorder_window,
            side_by_side=groups,
        )
        return LevelPasses(encoding, shape, restricted(spec, encoding))

    def _blocks(self, encoding: GridEncoding) -> int:
        """Levels, from 0 on, that are laid out in blocks."""
        if self.spec.layout != "voxel_block":
            return 0
        return encoding.n_levels - len(subgrid_levels(self.spec, encoding))

    @property
    def _bank_bits(self) -> int:
        """log2 of the banks over which the entries spread, each of which has all features or one; -1 for ideal ones."""
        if self.spec.banks == "ideal":
            return -1
        return 0 if self.spec.layout == "feature_major" else int(self.spec.banks).bit_length() - 1

    def _caches(self, encoding: GridEncoding, l2: L2Shape | None, addresses: int) -> TableCaches:
        """The caches of the levels that spill, loaded."""
        cached, groups = self.cached_levels(encoding), self.side_by_side(encoding)
        slots = min(self.spec.engines, encoding.n_levels)
        in_slot = [[level for level in cached if level % slots == slot] for slot in range(slots)]
        in_line = entries_per_line(self.spec, encoding)
        tables = [-(-level.entries // in_line) for level in grid_levels(encoding)]
        own, together = block_bytes(self.spec, encoding), engines_of_level(self.spec, encoding) // groups
        shape = self.spec.cache_shape(together, own)
        used = [levels for levels in in_slot if levels]
        held = [level.resolution**encoding.n_dims for level in grid_levels(encoding)] if own else tables
        caches = BlockCaches if own else TableCaches
        return caches(shape, used, Sizes(tables, held), groups, l2, self.spec.line_bytes, addresses)

    def timing(self, work: EncodingWork) -> Timing:
        """Cycles and actions of a stream that never waits for its inputs or its buffer."""
        n = len(work.positions)
        if n == 0:
            return Timing(0, 0, dict.fromkeys(self.actions(work.encoding, 0, 0), 0))
        service = self.service(work.encoding, work.positions)
        groups = self.side_by_side(work.encoding)
        cycles = service.slot_cycles.astype(np.int64)
        busy = max(int(cycles[group::groups].sum(axis=0).max()) for group in range(min(groups, n)))
        latency = busy - 1 + self.latency_cycles
        return Timing(latency, busy, self.actions(work.encoding, n, int(service.reads.sum())))

    @staticmethod
    def actions(encoding: GridEncoding, n_queries: int, entries_read: int) -> Mapping[str, int]:
        """Counted actions of ``n_queries`` that read ``entries_read`` table entries."""
        per_level = n_queries * encoding.n_levels
        return {
            "pos_fract": per_level * encoding.n_dims,
            "grid_index": per_level * encoding.corners,
            "grid_sram_read": entries_read,
            "interpol_weights": per_level * encoding.corners * encoding.n_features_per_level,
        }


#: most queries that a plug-in's engines may encode at once: each has its state in every NFP
MAX_SIDE_BY_SIDE = 4096
#: what a class in the place of the encoding engines must have, and what its answers must be
NEEDS: Mapping[str, Check] = {
    "side_by_side": whole(1, MAX_SIDE_BY_SIDE),
    "index_cycles": whole(1),
    "latency_cycles": whole(),
    "service": answers.served,
    "timing": answers.timing,
    "actions": answers.actions,
}
#: the same for what it may have
MAY_HAVE: Mapping[str, Check | Calls] = {"stream": Calls(answers.part_served), "remembers": answers.remembered}


def encoding_engine(spec: EncodingSpec) -> EncodingEngine:
    """The encoding engines that a spec names, built in or a plug-in."""
    if spec.model == BUILTIN:
        return EncodingEngine(spec)
    engine: EncodingEngine = build(spec.model, NEEDS, spec, may_have=MAY_HAVE)
    return engine


def serve(
    engine: EncodingEngine, encoding: GridEncoding, positions: Array, l2: L2Shape | None, addresses: int = 0
) -> Service:
    """What an engine, built in or a plug-in, does for queries; ``l2`` and ``addresses`` where it takes them."""
    if takes(engine, "service", 4):
        return engine.service(encoding, positions, l2, addresses)
    service = engine.service(encoding, positions)
    if l2 is not None and service.misses is not None:
        raise UserError(
            f"plug-in '{name_of(engine)}': service counts missing lines, so it must take the L2 behind them too: "
            "service(encoding, positions, l2, addresses)."
        )
    return service


def takes_parts(engine: EncodingEngine) -> bool:
    """Whether an engine takes queries part by part: a plug-in that has its own ``service`` may have no such stream."""
    return giver(engine, "stream") is not None and speaks_for(engine, "stream", "service")


def remembered(engine: EncodingEngine, encoding: GridEncoding) -> int | None:
    """Queries before a query that its intervals depend on, ``None`` for all, also where an engine does not say."""
    served_by = ("service", "stream") if takes_parts(engine) else ("service",)
    return engine.remembers(encoding) if speaks_for(engine, "remembers", *served_by) else None
