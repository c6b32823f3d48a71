"""Replays of drawn shares of a frame that was recorded whole; rows come from the trace, a batch at a time.

What every command asks for is known before: how many queries, and which rows of the file. Only the rows of drawn shares
are read and served, with the queries before them that ``reuse`` remembers. Engines of which every query depends on all
before it, caches and plug-ins, are for a replay of the whole frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.engines.cluster import Cluster, ClusterWork
from ngpc_sim.engines.encoding_engine import encoding_engine
from ngpc_sim.engines.service import Service
from ngpc_sim.frame import whole_frame
from ngpc_sim.frame.commands import command_work
from ngpc_sim.frame.plan import FramePlan, Stream
from ngpc_sim.frame.whole_frame import Part
from ngpc_sim.machine.threads import map_threads
from ngpc_sim.sampling.replays import Records, all_counted, costs_of
from ngpc_sim.sampling.shares import Shares, shares_of
from ngpc_sim.trace import Trace
from ngpc_sim.trace.parts import recorded_by_part
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
#: drawn queries that pass through the engines together, unless one command has more
BATCH_ROWS = 1 << 19


@dataclass(frozen=True)
class WholeReplayer:
    """The commands of a frame that was recorded whole, and what replays shares of them."""

    arch: Arch
    work: Workload
    trace: Trace
    parts: tuple[Part, ...]
    plan: FramePlan
    cluster: Cluster
    shares: Shares

    @classmethod
    def of(cls, arch: Arch, work: Workload, trace: Trace) -> WholeReplayer:
        """The frame of ``trace``; of its rows only invocation and tile are read."""
        parts = whole_frame.commands_of(trace.profile, recorded_by_part(trace, arch.frame.tiles))
        none = np.zeros((3, 0), np.int64)
        streams = [Stream(np.broadcast_to(np.int32(0), part.asked), 0, 0, 0, none) for part in parts]
        plan = whole_frame.plan_of(trace, arch.frame.tiles, parts, streams)
        cluster = Cluster(arch.cluster, arch.nfp, arch.scale)
        return cls(arch, work, trace, tuple(parts), plan, cluster, shares_of(plan, cluster))

    @cached_property
    def needs_all(self) -> bool:
        """Whether what a query costs depends on all before it.

        Also where a slot that nobody wrote lies between queries of which one remembers the one before.
        """
        remembers = self.arch.nfp.encoding.reuse != "none" and any(not part.rows for part in self.parts)
        return remembers or all_counted(self.arch, self.work.encoding)

    @cached_property
    def part(self) -> Array:
        """(U,) part of the frame of every share."""
        return np.array([part.part for part in self.parts], np.int64)[self.shares.stream]

    @cached_property
    def phase(self) -> Array:
        """(U,) what the invocation of every share is for, as a number."""
        _, phases = np.unique(self.trace.phases, return_inverse=True)
        answer: Array = phases.ravel()[[part.invocation for part in self.parts]][self.shares.stream]
        return answer

    def first_service(self) -> Service:
        """What the engines do for the first query of the frame."""
        return encoding_engine(self.arch.nfp.encoding).service(
            self.work.encoding, self.trace.positions_of(np.arange(1))
        )

    def command(self, number: int, service: Service, stream: Array) -> ClusterWork:
        """Command ``number``, asking the rows ``stream`` of ``service``."""
        return command_work(self.arch, self.work, service, self.plan, number, stream, self.arch.memory.dram_efficiency)

    def replay(self, chosen: Array, before: Records) -> Records:
        """``before`` with the costs of the shares ``chosen`` (k,), ascending."""
        if not len(chosen):
            return before
        found: list[tuple[Array, ...]] = []
        for nfps in self._batches(chosen):
            service, places = self._served({number: self._rows(number, own) for number, own in nfps.items()})
            found += map_threads(partial(self._costs, service, nfps, places), list(nfps))
        return before.and_more(chosen, found)

    def _costs(
        self, service: Service, nfps: dict[int, Array], places: dict[int, Array], number: int
    ) -> tuple[Array, ...]:
        """Costs of the drawn shares of a command, of which ``places`` has the rows of ``service``."""
        stream = np.zeros(self.parts[number].asked, np.int32)
        stream[self._asked(number, nfps[number])] = places[number]
        return costs_of(self.cluster, self.command(number, service, stream), nfps[number])

    def _by_command(self, chosen: Array) -> Iterator[tuple[int, Array]]:
        """Commands of which shares are chosen, and the NFPs of these, ascending."""
        numbers, firsts = np.unique(self.shares.stream[chosen], return_index=True)
        yield from zip(numbers.tolist(), np.split(self.shares.nfp[chosen], firsts[1:]), strict=True)

    def _batches(self, chosen: Array) -> Iterator[dict[int, Array]]:
        """NFPs of chosen shares by command, a batch of commands at a time."""
        batch: dict[int, Array] = {}
        size = 0
        for number, nfps in self._by_command(chosen):
            asked = int(self.shares.queries[self.shares.of(number)][nfps].sum())
            if batch and size + asked > BATCH_ROWS:
                yield batch
                batch, size = {}, 0
            batch[number] = nfps
            size += asked
        yield batch

    def _asked(self, number: int, nfps: Array) -> Array:
        """Which queries of a command, from 0, the NFPs get."""
        size = self.cluster.spec.dispatch_queries
        taken = np.zeros(self.cluster.scale, np.bool_)
        taken[nfps] = True
        granules = np.flatnonzero(taken[np.arange(-(-self.parts[number].asked // size)) % self.cluster.scale])
        asked = (granules[:, None] * size + np.arange(size)).ravel()
        answer: Array = asked[asked < self.parts[number].asked]
        return answer

    @cached_property
    def _first_rows(self) -> Array:
        """(commands + 1,) where the rows of every command begin: they lie one command behind the other."""
        return np.cumsum([0, *(part.rows for part in self.parts)])

    def _rows(self, number: int, nfps: Array) -> Array:
        """Rows of the trace that these NFPs serve; behind its end where nothing was recorded, which asks 0."""
        rows = self.parts[number].rows
        if not rows:
            return np.full(len(self._asked(number, nfps)), self.trace.recorded)
        answer: Array = self._first_rows[number] + self._asked(number, nfps) % rows
        return answer

    def _served(self, rows: dict[int, Array]) -> tuple[Service, dict[int, Array]]:
        """What the engines do for these rows, and where each of them is in that."""
        engines = encoding_engine(self.arch.nfp.encoding)
        reuse = self.arch.nfp.encoding.reuse != "none"
        before = engines.side_by_side(self.work.encoding) if reuse else 0
        asked = np.concatenate(list(rows.values()))
        seen = _distinct(np.concatenate([asked - distance for distance in range(before + 1)]))
        seen = seen[seen >= 0]
        recorded = seen[: np.searchsorted(seen, self.trace.recorded)]
        positions = np.zeros((len(seen), self.trace.n_dims), np.float32)
        positions[: len(recorded)] = self.trace.positions_of(recorded)
        service = engines.service(self.work.encoding, positions)
        return service, {number: np.searchsorted(seen, own) for number, own in rows.items()}


def _distinct(rows: Array) -> Array:
    """Rows (n,), ascending, each once; they come in ascending runs, which a merging sort makes use of."""
    ascending = np.sort(rows, kind="stable")
    answer: Array = ascending[np.flatnonzero(np.diff(ascending, prepend=ascending[:1] - 1))]
    return answer
