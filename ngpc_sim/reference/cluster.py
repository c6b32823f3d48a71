"""The cluster: a dispatcher process and its NFPs."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np
import simpy

from ngpc_sim.engines.cluster import ClusterRun, ClusterSpec, ClusterWork
from ngpc_sim.engines.nfp import Nfp, NfpSpec
from ngpc_sim.kernels.causes import CAUSES
from ngpc_sim.reference.caches import Asked
from ngpc_sim.reference.nfp import BatchLog, Process, ReferenceNfp
from ngpc_sim.reference.subgrids import in_scope
from ngpc_sim.results.nfp_counts import NfpCounts
from ngpc_sim.results.stall_causes import CHARGED

Array = np.ndarray[Any, Any]
#: causes that can pass while the command before drains, those that open a command in front
HIDDEN = (*reversed(CHARGED), "output", "mlp_fill")
#: cycles of a query on every engine slot, the lines that it misses there, no arrival of its own, and its subgrid
Query = tuple[tuple[int, ...], tuple[Asked, ...], None, int | None]


class ReferenceCluster:
    """The dispatcher and its NFPs as processes; a stand-in for :class:`~ngpc_sim.engines.cluster.Cluster`."""

    def __init__(self, spec: ClusterSpec, nfp: NfpSpec, scale: int) -> None:
        self.spec, self.nfp, self.scale = spec, nfp, scale

    def run(self, work: ClusterWork, *, each_query: bool = True) -> ClusterRun:
        """Replay one command alone, then each NFP's part of it twice in a row."""
        asked = _asked(work)
        order = in_scope(self.nfp.encoding, self.nfp.mlp.batch_queries, [query[3] or 0 for query in asked])
        if self.nfp.encoding.reorder == "batch":
            order = list(range(len(asked)))  # each NFP sorts its own
        queries = [asked[place] for place in order]
        nfps, owners, closed_at = self._dispatch(work, queries)
        parts: list[list[Query]] = [[] for _ in nfps]
        done = np.zeros(len(queries), np.int64)
        for i, query in enumerate(queries):
            owner = owners[i // self.spec.dispatch_queries]
            part = parts[owner]
            done[order[i]] = nfps[owner].log[nfps[owner].batch_of_query[len(part)]].end
            part.append(query)
        alone = [nfp.log for nfp in nfps]
        twice = [self._twice(work, part, closed_at) for part in parts]
        added = [both[len(once) :] for once, both in zip(alone, twice, strict=True)]
        run = self._answer(work, alone, twice, added, done if each_query else done[:0])
        run = replace(run, lines=self._lines(work, order, owners))
        if work.service.subgrids is None:
            return run
        fills = sum(len(nfp.runs.all) for nfp in nfps)
        return replace(run, actions={**run.actions, "subgrid_fill_bytes": fills * work.service.subgrids.bytes})

    def _lines(self, work: ClusterWork, order: list[int], owners: list[int]) -> Array | None:
        """(N, 3, slots) lines asked of cached levels, missing in grid_sram, and in L2 too, query by query."""
        misses = work.service.misses
        if misses is None or not owners:
            return None
        slots = misses.slot_missing.shape[1]
        lines = np.zeros((self.scale, 3, slots), np.int64)
        for place, number in enumerate(order):
            row, owner = work.stream[number], owners[place // self.spec.dispatch_queries]
            for level, asked in enumerate(misses.lines[row].tolist()):
                lines[owner, 0, level % slots] += asked
            lines[owner, 1] += misses.slot_missing[row]
            lines[owner, 2] += misses.slot_far[row]
        return lines

    def replay(self, work: ClusterWork) -> list[ReferenceNfp]:
        """The NFPs after one command that found them idle, with their logs."""
        return self._dispatch(work, _asked(work))[0]

    def _dispatch(self, work: ClusterWork, queries: list[Query]) -> tuple[list[ReferenceNfp], list[int], int]:
        """Run the command.

        Returns the NFPs, the owner of every granule, and the cycle in which the last granule was handed out.
        """
        env = simpy.Environment()
        nfps = [ReferenceNfp(env, self.nfp, work.workload, work.path) for _ in range(self.scale)]
        owners: list[int] = []
        size = self.spec.dispatch_queries
        granules = [queries[first : first + size] for first in range(0, len(queries), size)]

        def dispatcher() -> Process:
            for number, granule in enumerate(granules):
                owner = number % self.scale
                if self.spec.dispatch == "least_loaded":
                    owner = yield from self._first_dry(env, nfps)
                owners.append(owner)
                for query in granule:
                    nfps[owner].hand(*query)
            for nfp in nfps:
                nfp.close(nfp.now)

        finished = env.process(dispatcher())
        env.run(finished)
        closed_at = int(env.now)
        env.run()
        return nfps, owners, closed_at

    @staticmethod
    def _first_dry(env: simpy.Environment, nfps: list[ReferenceNfp]) -> Generator[simpy.Event, Any, int]:
        """Wait until an NFP has an engine without work; of several in the same cycle the lowest number is taken."""
        while not any(nfp.is_dry for nfp in nfps):
            for nfp in nfps:
                if nfp.ran_dry.processed:
                    nfp.ran_dry = env.event()
            yield env.any_of([nfp.ran_dry for nfp in nfps])
            yield env.timeout(0)
        return next(number for number, nfp in enumerate(nfps) if nfp.is_dry)

    def _twice(self, work: ClusterWork, part: list[Query], closed_at: int) -> list[BatchLog]:
        env = simpy.Environment()
        nfp = ReferenceNfp(env, self.nfp, work.workload, work.path)
        for at in (closed_at, 0):
            for query in part:
                nfp.hand(*query)
            nfp.close(at)
        env.run()
        return nfp.log

    def _answer(
        self,
        work: ClusterWork,
        alone: list[list[BatchLog]],
        twice: list[list[BatchLog]],
        added: list[list[BatchLog]],
        done: Array,
    ) -> ClusterRun:
        def last(log: list[BatchLog]) -> int:
            return log[-1].output if log else 0

        def drain(log: list[BatchLog]) -> int:
            return log[-1].output - log[-1].free if log else 0

        slots = work.service.slot_cycles.shape[1]
        stalls = np.zeros((self.scale, slots + 1, len(CAUSES)), np.int64)
        for number, (once, both, new) in enumerate(zip(alone, twice, added, strict=True)):
            waits = [dict.fromkeys(CAUSES, 0) for _ in range(slots + 1)]
            for batch in new:
                for cause, cycles in batch.stalls.items():
                    waits[batch.waits_for if cause in CHARGED else slots][cause] += cycles
            waits[slots]["drain"] = drain(both) - drain(once)
            for cause in HIDDEN:
                for row in waits:
                    passed_in_drain = min(row[cause], max(0, -waits[slots]["drain"]))
                    row[cause] -= passed_in_drain
                    waits[slots]["drain"] += passed_in_drain
            stalls[number] = [list(row.values()) for row in waits]
        n = len(work.stream)
        reads = int(work.service.reads[work.stream].sum())
        return ClusterRun(
            end_cycles=np.array([last(log) for log in alone], np.int64),
            occupancy_cycles=np.array([last(b) - last(a) for a, b in zip(alone, twice, strict=True)], np.int64),
            waits=NfpCounts.of(stalls),
            busy_cycles=np.array([sum(batch.busy for batch in log) for log in added], np.int64),
            n_queries=n,
            actions=Nfp(self.nfp).actions(work.workload, n, reads, sum(map(len, alone))),
            done_cycles=done,
        )


def _asked(work: ClusterWork) -> list[Query]:
    """The queries of a command in order."""
    missing, far = work.service.lines_by_slot()
    return [
        (
            tuple(int(c) for c in work.service.slot_cycles[row]),
            tuple(Asked(int(m), int(f)) for m, f in zip(missing[row], far[row], strict=True)),
            None,
            None if work.service.subgrids is None else int(work.service.subgrids.numbers[row]),
        )
        for row in work.stream
    ]
