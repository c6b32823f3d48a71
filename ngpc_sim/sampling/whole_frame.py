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
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.engines.cluster import ClusterRun
from ngpc_sim.engines.service import Service
from ngpc_sim.frame import whole_frame
from ngpc_sim.frame.commands import Commands
from ngpc_sim.frame.plan import Stream
from ngpc_sim.machine.threads import map_threads
from ngpc_sim.results.nfp_counts import NfpCounts
from ngpc_sim.sampling.added import FACTOR_BITS, Added
from ngpc_sim.sampling.drawing import FIRST_DRAW, Strata, draw
from ngpc_sim.sampling.population import Completion
from ngpc_sim.sampling.records import Records, costs_of
from ngpc_sim.sampling.replays import Replayer
from ngpc_sim.trace import Trace
from ngpc_sim.trace.parts import recorded_by_part
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
#: classes of sizes and rates in every octave: the most with which the first draw keeps to its part of the frame
CLASSES_PER_OCTAVE = (2, 1)


class WholeFrame:
    """The shares of a frame that was recorded whole."""

    #: each drawn query is replayed twice (assumed)
    most_drawn = 0.25
    least_degrees = 8.0
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
    typical: Records

    def __init__(self, arch: Arch, work: Workload, trace: Trace) -> None:
        self.arch, self.work, self.trace = arch, work, trace
        self.parts = whole_frame.commands_of(trace.profile, recorded_by_part(trace, arch.tiles))
        none = np.zeros((3, 0), np.int64)
        streams = [Stream(part.asked, 0, 0, 0, none) for part in self.parts]
        self.plan = whole_frame.plan_of(work, trace, arch.tiles, self.parts, streams)
        self.first_rows = np.cumsum([0, *(part.rows for part in self.parts)])
        self.replayer = Replayer(arch, work, trace, self.plan, self._rows, arch.memory.dram_efficiency)
        self.shares = self.replayer.shares
        self.part = np.array([part.part for part in self.parts])[self.shares.stream]
        # also where a slot that nobody wrote lies between queries of which one remembers the one before
        remembered = self.replayer.remembered
        self.needs_all = remembered is None or (remembered > 0 and any(not part.rows for part in self.parts))
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

        A cell is of one phase, and of sizes within a factor, half an octave or where that would take too
        many a whole one; in it parts of the frame come one after the other, for what is slow in one invocation is so in
        the others.
        """
        invocation = np.array([part.invocation for part in self.parts])[self.shares.stream]
        _, phases = np.unique(self.trace.phases, return_inverse=True)
        queries, total = self.shares.queries, self.plan.queries
        keys = queries[:, np.newaxis]
        for number in CLASSES_PER_OCTAVE:
            classes = np.column_stack([phases[invocation], np.floor(number * np.log2(keys)).astype(np.int64)])
            strata = draw(classes, queries, total, np.random.default_rng(seed), self.part)
            if 2 * queries[strata.drawn].sum() <= FIRST_DRAW * total:
                break
        return strata

    def learn(self, records: Records) -> None:
        """Replay typical queries, which take the mean cycles of the first draw and read whatever they ask.

        One share of every size does for all of them.
        """
        replayer, shares, encoding = self.replayer, self.shares, self.work.encoding
        mean = np.rint(records.cycles.sum(axis=0) / shares.queries[records.shares].sum()).astype(np.uint16)
        reads = np.array([encoding.corners * encoding.n_levels], np.int32)
        works = replayer.commands(Service(mean[None, :], reads, replayer.first_service().base_cycles))
        _, firsts, kind = np.unique(shares.queries, return_index=True, return_inverse=True)

        def run(share: int) -> tuple[Array, ...]:
            return costs_of(replayer.cluster, works[shares.stream[share]], shares.nfp[share : share + 1])

        found = map_threads(run, firsts.tolist())
        self.typical = Records(kind.ravel(), *map(np.concatenate, zip(*found, strict=True)))

    def costs(self, records: Records) -> tuple[Array, ...]:
        """Times and reads beyond those of typical queries."""
        return tuple(self._beyond(records, name) for name in ("end", "occupancy", "reads"))

    def _beyond(self, records: Records, name: str) -> Array:
        """(R, ...) what records cost beyond typical shares."""
        typical: Array = getattr(self.typical, name)[self.typical.place[records.shares]]
        beyond: Array = getattr(records, name) - typical
        return beyond

    def completed(self, records: Records, source: Array, more: Array) -> Completion:
        """The frame in which the share ``source`` (U,) stands for every one, and some take ``more`` cycles."""
        rows, kind, queries = records.place[source], self.typical.place, self.shares.queries
        factors = ((queries << FACTOR_BITS) + queries[source] // 2) // queries[source]

        def costs(name: str) -> Array:
            beyond = self._beyond(records, name)[rows]
            scaled = beyond * factors.reshape(-1, *[1] * (beyond.ndim - 1)) + (1 << FACTOR_BITS - 1) >> FACTOR_BITS
            answer: Array = getattr(self.typical, name)[kind] + scaled
            return answer

        busy = self.typical.busy[kind]
        occupancies = np.maximum(costs("occupancy"), busy) + more[1]
        ends = np.maximum(costs("end") + more[0], occupancies)
        typical, beyond = self.typical.stalls, self._beyond(records, "stalls")
        parts = (np.full_like(factors, 1 << FACTOR_BITS), kind, typical), (factors, rows, beyond)
        added = Added(*self._sums(costs("reads"), costs("cycles")), self.shares, occupancies, busy, parts)
        by_command = (self.shares.by_command(times, self.arch.scale) for times in (ends, occupancies))
        commands = Commands.from_cycles(self.arch, self.runs, *by_command)
        return Completion(self.plan, commands, ends.tobytes() + occupancies.tobytes(), added)

    def _sums(self, reads: Array, cycles: Array) -> tuple[int, int, Mapping[str, int]]:
        """Cycles of the busiest engines and of all, and actions, of shares of so many ``reads`` and ``cycles``."""
        nfp = self.replayer.cluster.nfp
        groups = nfp.encoding.side_by_side(self.work.encoding)
        slots = self.shares.sums(cycles)
        batches = self.shares.batches(nfp.spec.mlp.batch_queries)
        actions = nfp.actions(self.work, self.plan.queries, int(reads.sum()), int(batches.sum()))
        return int((-(-slots.max(axis=1) // groups)).sum()), int(slots.sum()), actions
