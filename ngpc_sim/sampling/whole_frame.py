"""A frame that was recorded whole, of which some shares are replayed.

Its commands differ in size, so a drawn share stands for another one by what its queries cost beyond typical ones::

    cost(share) = typical(share) + (cost(drawn) - typical(drawn)) x queries(share) / queries(drawn)

``typical`` replays the share's number of queries, on its command's ports, as if each took the mean
cycles of the first draw, in whole ones: an exact replay, so that fill, drain, ports and partial batches are not
extrapolated. Where all queries take equal cycles nothing is left to stand for, and the frame is exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.engines.cluster import Cluster, ClusterRun, ClusterWork
from ngpc_sim.engines.encoding_engine import encoding_engine
from ngpc_sim.engines.service import Service
from ngpc_sim.frame.commands import Commands
from ngpc_sim.machine.threads import map_threads
from ngpc_sim.results.nfp_counts import NfpCounts
from ngpc_sim.sampling.added import FACTOR_BITS, Added
from ngpc_sim.sampling.completion import Completion
from ngpc_sim.sampling.drawing import FIRST_DRAW, Strata, draw
from ngpc_sim.sampling.draws import Draw
from ngpc_sim.sampling.replays import Records
from ngpc_sim.sampling.shares import Shares
from ngpc_sim.sampling.whole_replays import WholeReplayer
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
#: classes of sizes and rates in every octave: the most with which the first draw keeps to its part of the frame
CLASSES_PER_OCTAVE = (2, 1)
#: part of the frame's queries from which on all of it is replayed: each drawn one is replayed twice
MOST_DRAWN = 0.25


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
    def of(cls, cluster: Cluster, works: list[ClusterWork], rates: Array, shares: Shares) -> Typical:
        """Replay one share of every size and port rates; ``works`` ask the one row of their service."""
        keys = np.column_stack([rates[shares.stream], shares.queries])
        _, firsts, kind = np.unique(keys, axis=0, return_index=True, return_inverse=True)

        def run(share: int) -> ClusterRun:
            return cluster.run_shares(works[shares.stream[share]], shares.nfp[share : share + 1])

        runs = map_threads(run, firsts.tolist())
        names = ("end_cycles", "occupancy_cycles", "busy_cycles", "level_stalls")
        end, occupancy, busy, stalls = (np.concatenate([getattr(one, name) for one in runs]) for name in names)
        return cls(works[0].service.slot_cycles[0].astype(np.int64), kind.ravel(), end, occupancy, busy, stalls)


class WholeFrame:
    """A frame that was recorded whole, of which the shares of a :class:`Draw` are replayed."""

    #: of freedom, below which a spread is not trusted and more is drawn (assumed)
    LEAST_DEGREES = 8

    def __init__(self, arch: Arch, work: Workload, replayer: WholeReplayer, strata: Strata, seed: int) -> None:
        self.arch, self.work, self.replayer = arch, work, replayer
        self.shares, self.plan = replayer.shares, replayer.plan
        often = np.ones(self.shares.count, np.int64)
        self.draw = Draw(self.shares, strata, often, seed, replayer.replay, self._costs, replayer.part)
        records = self.draw.records
        mean = np.rint(records.cycles.sum(axis=0) / self.draw.drawn_queries).astype(np.uint16)
        first = replayer.first_service()
        typical = Service(mean[None, :], np.zeros(1, np.int32), first.base_cycles)
        works = _asking_one_row(replayer, typical)
        self.typical = Typical.of(replayer.cluster, works, _rates(replayer.cluster, works), self.shares)
        none = np.zeros(0, np.int64)
        waits = NfpCounts(none, none, none, (0, 0))
        self.runs = [ClusterRun(none, none, waits, none, len(stream.rows), {}, none) for stream in self.plan.streams]

    @classmethod
    def of(cls, arch: Arch, work: Workload, trace: Trace, seed: int) -> WholeFrame | None:
        """The frame of ``trace``, drawn with ``seed``; ``None`` where all of it has to be replayed, or nearly is."""
        replayer = WholeReplayer.of(arch, work, trace)
        if replayer.needs_all:
            return None
        rates = _rates(replayer.cluster, _asking_one_row(replayer, replayer.first_service()))
        keys = np.column_stack([replayer.shares.queries, rates[replayer.shares.stream]])
        queries, total = replayer.shares.queries, replayer.plan.queries
        for number in CLASSES_PER_OCTAVE:
            classes = np.column_stack([replayer.phase, np.floor(number * np.log2(keys)).astype(np.int64)])
            strata = draw(classes, queries, total, np.random.default_rng(seed), replayer.part)
            if 2 * _drawn(strata, queries) <= FIRST_DRAW * total:
                break
        return None if _drawn(strata, queries) > MOST_DRAWN * total else cls(arch, work, replayer, strata, seed)

    @property
    def efficiency(self) -> float:
        """DRAM's on missing lines."""
        return self.arch.memory.dram_efficiency

    def enlarge(self) -> bool:
        """Draw twice as many, where that is not so much that all may be replayed; whether it was done."""
        if _drawn(self.draw.strata.doubled(), self.shares.queries) > MOST_DRAWN * self.plan.queries:
            return False
        self.draw.enlarge()
        self.draw.strata = self.draw.strata.split()
        return True

    def fewest_reads(self, actions: Mapping[str, int]) -> dict[str, int]:
        """Actions with as few reads of grid_sram as what was drawn does not exclude."""
        encoding = self.work.encoding
        entry_bytes = encoding.n_features_per_level * self.arch.nfp.encoding.feature_bytes
        return self.draw.fewest_reads(actions, self.plan.queries, encoding.corners, entry_bytes)

    def completions(self) -> list[Completion]:
        """Completions of the frame; one where every one would be the same."""
        return [self._completed(source) for source in self.draw.sources()]

    def halves(self) -> list[Completion]:
        """Completions from half of what was drawn, another half each time; none where all would be the same."""
        return [self._completed(source) for source in self.draw.halves()]

    def overlooked(self) -> Completion:
        """The frame as the first completion has it, with what the draw may have overlooked.

        Of the shares as many as may be dearer than all drawn ones, see :meth:`Draw.dearer`, cost as much more.
        """
        chosen, more = self.draw.dearer(), []
        for costs in self._beyond(self.draw.records)[:2]:
            column = np.zeros(self.shares.count, np.int64)
            column[chosen] = self.draw.excess(costs)
            more.append(column)
        return self._completed(self.draw.sources()[0], *more)

    def _costs(self, records: Records) -> tuple[Array, ...]:
        return self._beyond(records)[:3]

    def _owners(self, records: Records) -> Array:
        """(R,) share of every record."""
        replayed = np.flatnonzero(records.place >= 0)
        owners = np.empty(len(replayed), np.int64)
        owners[records.place[replayed]] = replayed
        return owners

    def _beyond(self, records: Records) -> tuple[Array, Array, Array, Array]:
        """What records cost beyond typical shares: ends, occupancies, reads (R,), and cycles of slots (R, slots)."""
        owners, typical = self._owners(records), self.typical
        kinds, queries = typical.kind[owners], self.shares.queries[owners]
        reads = records.reads - queries * self._most_reads
        cycles = records.cycles - queries[:, None] * typical.cycles
        return records.end - typical.end[kinds], records.occupancy - typical.occupancy[kinds], reads, cycles

    @property
    def _most_reads(self) -> int:
        """Entries read for a query whose corners have nothing in common."""
        return self.work.encoding.corners * self.work.encoding.n_levels

    def _completed(self, source: Array, more_end: Array | int = 0, more_occupancy: Array | int = 0) -> Completion:
        """The frame in which the share ``source`` (U,) stands for every one, and some take so many cycles more."""
        records, typical, queries = self.draw.records, self.typical, self.shares.queries
        rows = records.place[source]
        factors = ((queries << FACTOR_BITS) + queries[source] // 2) // queries[source]
        end, occupancy, reads, cycles = self._beyond(records)

        def stands(costs: Array) -> Array:
            """Costs of every share beyond a typical one."""
            factor = factors.reshape(-1, *[1] * (costs.ndim - 1))
            answer: Array = (costs[rows] * factor + (1 << FACTOR_BITS - 1)) >> FACTOR_BITS
            return answer

        busy = typical.busy[typical.kind]
        ends, occupancies = typical.end[typical.kind] + stands(end), typical.occupancy[typical.kind] + stands(occupancy)
        occupancies = np.maximum(occupancies, busy) + more_occupancy
        ends = np.maximum(ends + more_end, occupancies)
        sums = self._sums(stands(reads), stands(cycles))
        beyond = records.stalls - typical.stalls[typical.kind[self._owners(records)]]
        parts = (np.full_like(factors, 1 << FACTOR_BITS), typical.kind, typical.stalls), (factors, rows, beyond)
        added = Added(*sums, self.shares, occupancies, busy, parts)
        return Completion(self.plan, self._commands(ends, occupancies), ends.tobytes() + occupancies.tobytes(), added)

    def _sums(self, reads: Array, cycles: Array) -> tuple[int, int, Mapping[str, int]]:
        """Cycles of the busiest engines and of all, and actions, of ``reads`` and ``cycles`` beyond typical ones."""
        cluster, queries = self.replayer.cluster, self.shares.queries
        batches = int((-(-queries // cluster.nfp.spec.mlp.batch_queries)).sum())
        groups = encoding_engine(self.arch.nfp.encoding).side_by_side(self.work.encoding)
        own = queries[:, None] * self.typical.cycles + cycles
        slots = np.add.reduceat(own, self.shares.firsts[:-1], axis=0)
        issue = int((-(-slots.max(axis=1) // groups)).sum()), int(slots.sum())
        total = self.plan.queries * self._most_reads + int(reads.sum())
        return *issue, cluster.nfp.actions(self.work, self.plan.queries, total, batches)

    def _commands(self, ends: Array, occupancies: Array) -> Commands:
        """Commands that take these cycles (U,)."""

        def spread(cycles: Array) -> Array:
            of_nfps = np.zeros((len(self.runs), self.replayer.cluster.scale), np.int64)
            of_nfps[self.shares.stream, self.shares.nfp] = cycles
            return of_nfps

        return Commands.from_cycles(self.arch, self.runs, spread(ends), spread(occupancies))


def _asking_one_row(replayer: WholeReplayer, service: Service) -> list[ClusterWork]:
    """Every command, its queries all the first of ``service``."""
    return [replayer.command(number, service, stream.rows) for number, stream in enumerate(replayer.plan.streams)]


def _rates(cluster: Cluster, works: list[ClusterWork]) -> Array:
    """(commands, 2) port rates where nothing misses."""
    demand = cluster.demand(works[0])
    return np.array([cluster.port_rates(work, demand) for work in works], np.int64)


def _drawn(strata: Strata, queries: Array) -> int:
    """How many of the ``queries`` (U,) of shares are drawn."""
    return int(queries[strata.members[strata.is_drawn]].sum())
