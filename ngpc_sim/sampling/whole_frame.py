"""A frame that was recorded whole: every command asks its own queries, and commands differ in size.

A drawn share stands for another one by what its queries cost beyond typical ones::

    cost(share) = typical(share) + (cost(drawn) - typical(drawn)) x queries(share) / queries(drawn)

``typical`` replays the share's number of queries, on its command's ports, as if each took the mean
cycles of the first draw, in whole ones: an exact replay, so that fill, drain, ports and partial batches are not
extrapolated. Where all queries take equal cycles nothing is left to stand for, and the frame is exact.

What every command asks for is known before any replay: how many queries, and which rows of the file. Engines of which
every query depends on all before it, caches and plug-ins, are for a replay of the whole frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.engines.cluster import ClusterRun
from ngpc_sim.engines.encoding_engine import encoding_engine
from ngpc_sim.engines.service import Service
from ngpc_sim.frame import whole_frame
from ngpc_sim.frame.commands import Commands
from ngpc_sim.frame.plan import Stream
from ngpc_sim.machine.threads import map_threads
from ngpc_sim.results.nfp_counts import NfpCounts
from ngpc_sim.sampling.added import FACTOR_BITS, Added
from ngpc_sim.sampling.drawing import FIRST_DRAW, Strata, draw
from ngpc_sim.sampling.population import Completion
from ngpc_sim.sampling.records import Records
from ngpc_sim.sampling.replays import Replayer
from ngpc_sim.trace import Trace
from ngpc_sim.trace.parts import recorded_by_part
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
#: classes of sizes and rates in every octave: the most with which the first draw keeps to its part of the frame
CLASSES_PER_OCTAVE = (2, 1)


@dataclass(frozen=True)
class Typical:
    """Costs of shares of typical queries; ``kind`` (U,) says which of the rows is a share's.

    ``cycles`` (slots,) of a query; ``end``, ``occupancy``, ``busy`` (T,), ``stalls`` (T, slots + 1, causes).
    """

    cycles: Array
    kind: Array
    end: Array
    occupancy: Array
    busy: Array
    stalls: Array

    @classmethod
    def of(cls, replayer: Replayer, cycles: Array) -> Typical:
        """Replay one share of every size and port rates, its queries of ``cycles`` (slots,)."""
        base = replayer.first_service().base_cycles
        works = replayer.commands(Service(cycles[None, :].astype(np.uint16), np.zeros(1, np.int32), base))
        shares, cluster = replayer.shares, replayer.cluster
        keys = np.column_stack([replayer.port_rates()[shares.stream], shares.queries])
        _, firsts, kind = np.unique(keys, axis=0, return_index=True, return_inverse=True)

        def run(share: int) -> ClusterRun:
            return cluster.run_shares(works[shares.stream[share]], shares.nfp[share : share + 1])

        runs = map_threads(run, firsts.tolist())
        names = ("end_cycles", "occupancy_cycles", "busy_cycles", "level_stalls")
        return cls(cycles, kind.ravel(), *(np.concatenate([getattr(one, name) for one in runs]) for name in names))


class WholeFrame:
    """The shares of a frame that was recorded whole."""

    #: each drawn query is replayed twice (assumed)
    most_drawn = 0.25
    least_degrees = 8.0
    splits = True
    reaches: tuple[str, ...] = (
        "stratum",
        "wide part",
        "narrow",
        "wide command",
        "stratum part",
        "wide",
        "narrow",
        "wide part",
    )
    typical: Typical

    def __init__(self, arch: Arch, work: Workload, trace: Trace) -> None:
        self.arch, self.work, self.trace = arch, work, trace
        self.parts = whole_frame.commands_of(trace.profile, recorded_by_part(trace, arch.frame.tiles))
        none = np.zeros((3, 0), np.int64)
        streams = [Stream(np.broadcast_to(np.int32(0), part.asked), 0, 0, 0, none) for part in self.parts]
        self.plan = whole_frame.plan_of(trace, arch.frame.tiles, self.parts, streams)
        self.first_rows = np.cumsum([0, *(part.rows for part in self.parts)])
        self.replayer = Replayer(arch, work, trace, self.plan, self._rows, arch.memory.dram_efficiency)
        self.shares = self.replayer.shares
        self.often = np.ones(self.shares.count, np.int64)
        self.part = np.array([part.part for part in self.parts])[self.shares.stream]
        # also where a slot that nobody wrote lies between queries of which one remembers the one before
        remembers = arch.nfp.encoding.reuse != "none" and any(not part.rows for part in self.parts)
        self.needs_all = remembers or self.replayer.all_counted
        no_cycles = np.zeros(0, np.int64)
        waits = NfpCounts(no_cycles, no_cycles, no_cycles, (0, 0))
        self.runs = [
            ClusterRun(no_cycles, no_cycles, waits, no_cycles, part.asked, {}, no_cycles) for part in self.parts
        ]

    def _rows(self, number: int, asked: Array) -> Array:
        """Rows of the trace; behind its end where nothing was recorded, which asks 0."""
        rows = self.parts[number].rows
        if not rows:
            return np.full(len(asked), self.trace.recorded)
        answer: Array = self.first_rows[number] + asked % rows
        return answer

    def strata(self, seed: int) -> Strata:
        """The first draw.

        A cell is of one phase, and of sizes and port rates within a factor, half an octave or where that would take too
        many a whole one; in it parts of the frame come one after the other, for what is slow in one invocation is so in
        the others.
        """
        invocation = np.array([part.invocation for part in self.parts])[self.shares.stream]
        _, phases = np.unique(self.trace.phases, return_inverse=True)
        queries, total = self.shares.queries, self.plan.queries
        keys = np.column_stack([queries, self.replayer.port_rates()[self.shares.stream]])
        for number in CLASSES_PER_OCTAVE:
            classes = np.column_stack([phases[invocation], np.floor(number * np.log2(keys)).astype(np.int64)])
            strata = draw(classes, queries, total, np.random.default_rng(seed), self.part)
            if 2 * queries[strata.drawn].sum() <= FIRST_DRAW * total:
                break
        return strata

    def learn(self, records: Records) -> None:
        """Replay typical queries: those that take the mean cycles of the first draw."""
        queries = int(self.shares.queries[records.shares].sum())
        self.typical = Typical.of(self.replayer, np.rint(records.cycles.sum(axis=0) / queries).astype(np.int64))

    def costs(self, records: Records) -> tuple[Array, ...]:
        """Times and reads beyond those of typical queries."""
        return self._beyond(records)[:3]

    def _beyond(self, records: Records) -> tuple[Array, Array, Array, Array]:
        """What records cost beyond typical shares: ends, occupancies, reads (R,), and cycles of slots (R, slots)."""
        typical, queries = self.typical, self.shares.queries[records.shares]
        kinds = typical.kind[records.shares]
        reads = records.reads - queries * self._most_reads
        cycles = records.cycles - queries[:, None] * typical.cycles
        return records.end - typical.end[kinds], records.occupancy - typical.occupancy[kinds], reads, cycles

    @property
    def _most_reads(self) -> int:
        """Entries read for a query whose corners have nothing in common."""
        return self.work.encoding.corners * self.work.encoding.n_levels

    def completed(self, records: Records, source: Array, more: Array) -> Completion:
        """The frame in which the share ``source`` (U,) stands for every one, and some take ``more`` cycles."""
        rows, typical, queries = records.place[source], self.typical, self.shares.queries
        factors = ((queries << FACTOR_BITS) + queries[source] // 2) // queries[source]
        end, occupancy, reads, cycles = self._beyond(records)

        def stands(costs: Array) -> Array:
            """Costs of every share beyond a typical one."""
            factor = factors.reshape(-1, *[1] * (costs.ndim - 1))
            answer: Array = (costs[rows] * factor + (1 << FACTOR_BITS - 1)) >> FACTOR_BITS
            return answer

        busy = typical.busy[typical.kind]
        ends, occupancies = typical.end[typical.kind] + stands(end), typical.occupancy[typical.kind] + stands(occupancy)
        occupancies = np.maximum(occupancies, busy) + more[1]
        ends = np.maximum(ends + more[0], occupancies)
        sums = self._sums(stands(reads), stands(cycles))
        beyond = records.stalls - typical.stalls[typical.kind[records.shares]]
        parts = (np.full_like(factors, 1 << FACTOR_BITS), typical.kind, typical.stalls), (factors, rows, beyond)
        added = Added(*sums, self.shares, occupancies, busy, parts)
        by_command = (self.shares.by_command(times, self.arch.scale) for times in (ends, occupancies))
        commands = Commands.from_cycles(self.arch, self.runs, *by_command)
        return Completion(self.plan, commands, ends.tobytes() + occupancies.tobytes(), added)

    def _sums(self, reads: Array, cycles: Array) -> tuple[int, int, Mapping[str, int]]:
        """Cycles of the busiest engines and of all, and actions, of ``reads`` and ``cycles`` beyond typical ones."""
        cluster, queries = self.replayer.cluster, self.shares.queries
        batches = int(self.shares.batches(cluster.nfp.spec.mlp.batch_queries).sum())
        groups = encoding_engine(self.arch.nfp.encoding).side_by_side(self.work.encoding)
        slots = self.shares.sums(queries[:, None] * self.typical.cycles + cycles)
        issue = int((-(-slots.max(axis=1) // groups)).sum()), int(slots.sum())
        total = self.plan.queries * self._most_reads + int(reads.sum())
        return *issue, cluster.nfp.actions(self.work, self.plan.queries, total, batches)
