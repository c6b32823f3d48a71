"""Replays of the drawn shares, and what the encoding engines do for their queries.

Where no level is cached, intervals are computed for the drawn chunks only, with as many queries before each as the
engines remember (``reuse: last_voxel``). What a cache holds depends on every query before: where a level is cached all
recorded queries pass through the caches, in their order, and misses are counted, not estimated. A plug-in's engines
may remember anything and see all recorded queries too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config.plugins import BUILTIN
from ngpc_sim.engines.cluster import Cluster, ClusterRun, ClusterWork
from ngpc_sim.engines.encoding_engine import EncodingEngine, encoding_engine
from ngpc_sim.engines.service import Service
from ngpc_sim.frame.commands import command_work
from ngpc_sim.frame.plan import FramePlan, service_of
from ngpc_sim.machine.threads import map_threads
from ngpc_sim.sampling.shares import Shares
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.grids import GridEncoding
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
#: standard deviations that are far from the mean: one of 30,000 batches is beyond, if they are normal
FAR = 4.0


def all_counted(arch: Arch, encoding: GridEncoding) -> bool:
    """Whether all recorded queries must pass through the encoding engines."""
    spec = arch.nfp.encoding
    return spec.model != BUILTIN or bool(EncodingEngine(spec).cached_levels(encoding))


@dataclass(frozen=True)
class Recorded:
    """Recorded queries that the engines have seen: ``place`` (n,) row of ``service`` of each, -1 for none."""

    service: Service
    place: Array

    @classmethod
    def of(cls, arch: Arch, encoding: GridEncoding, trace: Trace, rows: Array) -> Recorded:
        """The recorded queries ``rows``, or all where that is needed."""
        n = len(trace.positions)
        if all_counted(arch, encoding):
            return cls(service_of(arch, encoding, trace), np.arange(n, dtype=np.int32))
        engines = encoding_engine(arch.nfp.encoding)
        before = engines.side_by_side(encoding) if arch.nfp.encoding.reuse != "none" else 0
        asked = np.zeros(n, np.bool_)
        asked[rows] = True
        seen = asked.copy()
        for distance in range(1, before + 1):
            seen[:-distance] |= asked[distance:]
        service = engines.service(encoding, trace.positions[seen])
        place = np.full(n, -1, np.int32)
        place[seen] = np.arange(np.count_nonzero(seen), dtype=np.int32)
        return cls(service, place)


@dataclass(frozen=True)
class Records:
    """Costs of replayed shares; ``place`` (U,) says which row is a share's, -1 where it was not replayed.

    ``end``, ``occupancy``, ``busy``, ``reads`` (R,), ``stalls`` (R, slots + 1, causes), ``cycles`` (R, slots) that its
    queries take the engine slots; of whole batches in a row their number ``batches`` (R,), and the ``squares``
    (R, 2, slots): cycles of a batch added up, and their squares.
    """

    place: Array
    end: Array
    occupancy: Array
    stalls: Array
    busy: Array
    cycles: Array
    reads: Array
    batches: Array
    squares: Array

    @classmethod
    def none(cls, count: int) -> Records:
        """Nothing replayed of ``count`` shares."""
        empty = np.zeros(0, np.int64)
        return cls(np.full(count, -1, np.int64), *[empty] * 8)

    def and_more(self, chosen: Array, found: list[tuple[Array, ...]]) -> Records:
        """With the costs ``found`` of the shares ``chosen``."""
        place = self.place.copy()
        place[chosen] = len(self.end) + np.arange(len(chosen))
        columns = [np.concatenate(parts) for parts in zip(*found, strict=True)]
        old = (self.end, self.occupancy, self.stalls, self.busy, self.cycles, self.reads, self.batches, self.squares)
        if len(self.end):
            columns = [np.concatenate(pair) for pair in zip(old, columns, strict=True)]
        return Records(place, *columns)

    @cached_property
    def waits(self) -> tuple[Array, Array]:
        """(R + 1, K) waits of the rows, the first one of nothing, and the columns (K,) of ``stalls`` that they fill."""
        flat = self.stalls.reshape(len(self.stalls), -1)
        columns = np.flatnonzero(flat.any(axis=0))
        return np.concatenate([np.zeros((1, len(columns)), np.int64), flat[:, columns]]), columns

    def excess_cycles(self) -> int:
        """By how much a batch far from the mean may take longer than the slowest engine's mean batch, 0 or more."""
        batches = int(self.batches.sum())
        if batches < 2:
            return 0
        sums, squares = self.squares.sum(axis=0) / batches
        deviation = np.sqrt(np.maximum(squares - sums**2, 0.0))
        return math.ceil(max(0.0, float((sums + FAR * deviation).max() - sums.max())))


@dataclass(frozen=True)
class Replayer:
    """What replays shares of a plan: the frame's architecture, workload, trace and the DRAM's efficiency."""

    arch: Arch
    work: Workload
    trace: Trace
    plan: FramePlan
    cluster: Cluster
    efficiency: float

    def replay(self, shares: Shares, chosen: Array, before: Records) -> Records:
        """``before`` with the costs of the shares ``chosen`` (k,), ascending."""
        by_stream = {int(s): shares.nfp[chosen[shares.stream[chosen] == s]] for s in np.unique(shares.stream[chosen])}
        rows = {number: self._rows(number, nfps) for number, nfps in by_stream.items()}
        recorded = Recorded.of(self.arch, self.work.encoding, self.trace, np.concatenate(list(rows.values())))

        def run(number: int) -> tuple[Array, ...]:
            return self._costs(recorded, number, by_stream[number])

        return before.and_more(chosen, map_threads(run, by_stream))

    def _rows(self, number: int, nfps: Array) -> Array:
        """Recorded queries of some shares of a stream."""
        rows = self.plan.streams[number].rows
        owners = np.arange(len(rows)) // self.cluster.spec.dispatch_queries % self.cluster.scale
        return rows[np.isin(owners, nfps)]

    def _costs(self, recorded: Recorded, number: int, nfps: Array) -> tuple[Array, ...]:
        stream = recorded.place[self.plan.streams[number].rows]
        work = command_work(self.arch, self.work, recorded.service, self.plan, number, stream, self.efficiency)
        return costs_of(self.cluster, work, nfps)


def costs_of(cluster: Cluster, work: ClusterWork, nfps: Array) -> tuple[Array, ...]:
    """Columns of :class:`Records` of what the NFPs ``nfps`` (k,), ascending, get of a command."""
    run: ClusterRun = cluster.run_shares(work, nfps)
    owners = np.arange(len(work.stream)) // cluster.spec.dispatch_queries % cluster.scale
    own = [work.stream[owners == nfp] for nfp in nfps]
    cycles = np.array([work.service.slot_cycles[rows].sum(axis=0, dtype=np.int64) for rows in own])
    reads = np.array([work.service.reads[rows].sum(dtype=np.int64) for rows in own])
    batches = [_batches(work.service, rows, cluster.nfp.spec.mlp.batch_queries) for rows in own]
    counts = np.array([len(batch) for batch in batches])
    squares = np.array([[batch.sum(axis=0), (batch**2).sum(axis=0)] for batch in batches])
    costs = run.end_cycles, run.occupancy_cycles, run.level_stalls, run.busy_cycles
    return *costs, cycles, reads, counts, squares


def _batches(service: Service, rows: Array, size: int) -> Array:
    """(batches, slots) cycles of whole batches of ``size`` queries."""
    whole = rows[: len(rows) // size * size]
    cycles = service.slot_cycles[whole].reshape(-1, size, service.slot_cycles.shape[1])
    sums: Array = cycles.sum(axis=1, dtype=np.int64)
    return sums
