"""Replays of drawn shares: the rows of the trace that they ask, served by the encoding engines and then by NFPs.

Only the rows of drawn shares are read and served, with as many queries before each as the engines remember
(``reuse: last_voxel``). What a cache holds depends on every query before: where a level is cached, all recorded queries
pass through the caches in their order, and misses are counted, not estimated. Engines of a plug-in that do not say how
many queries they remember see all recorded queries too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.engines.cluster import Cluster, ClusterWork
from ngpc_sim.engines.encoding_engine import encoding_engine, remembered, serve
from ngpc_sim.engines.service import Service
from ngpc_sim.frame.memory import behind_engines, miss_path
from ngpc_sim.frame.plan import FramePlan
from ngpc_sim.frame.services import service_of
from ngpc_sim.machine.threads import map_threads
from ngpc_sim.sampling.records import Records, costs_of
from ngpc_sim.sampling.shares import Shares, shares_of
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.grids import GridEncoding
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
#: drawn queries that pass through the engines together, unless one command has more
BATCH_ROWS = 1 << 19


def all_counted(arch: Arch, encoding: GridEncoding) -> bool:
    """Whether all recorded queries must pass through the encoding engines."""
    return remembered(encoding_engine(arch.nfp.encoding), encoding) is None


@dataclass(frozen=True)
class Replayer:
    """What replays shares of the commands of ``plan``.

    ``rows(number, asked)`` are the recorded queries that the queries ``asked``, from 0, of command ``number`` repeat.
    Those behind the end of the trace ask for 0: nobody recorded them. ``efficiency`` is DRAM's on missing lines.
    """

    arch: Arch
    work: Workload
    trace: Trace
    plan: FramePlan
    rows: Callable[[int, Array], Array]
    efficiency: float

    @cached_property
    def cluster(self) -> Cluster:
        """The NFPs."""
        return Cluster(self.arch.cluster, self.arch.nfp, self.arch.scale)

    @cached_property
    def shares(self) -> Shares:
        """What can be drawn."""
        return shares_of(self.plan, self.cluster)

    @cached_property
    def remembered(self) -> int | None:
        """Queries before a query that its intervals depend on, ``None`` for all of them."""
        return remembered(encoding_engine(self.arch.nfp.encoding), self.work.encoding)

    def first_service(self) -> Service:
        """What the engines do for the first recorded query, or for all where all must pass through them."""
        return self._served({0: np.zeros(1, np.int64)})[0]

    def command(self, service: Service, stream: Array) -> ClusterWork:
        """A command that asks the rows ``stream`` of ``service``."""
        return ClusterWork(self.work, service, stream, miss_path(self.arch))

    def commands(self, service: Service) -> list[ClusterWork]:
        """All commands, as if each of their queries were the first of ``service``."""
        first = [np.broadcast_to(np.int32(0), stream.queries) for stream in self.plan.streams]
        return [self.command(service, stream) for stream in first]

    def replay(self, chosen: Array, before: Records) -> Records:
        """``before`` with the costs of the shares ``chosen`` (k,), ascending."""
        if not len(chosen):
            return before
        found: list[tuple[Array, ...]] = []
        for nfps in self._batches(chosen):
            rows = {number: self.rows(number, self._asked(number, own)) for number, own in nfps.items()}
            found += map_threads(partial(self._costs, *self._served(rows), nfps), list(nfps))
        return before.and_more(chosen, found)

    def _costs(
        self, service: Service, places: dict[int, Array], nfps: dict[int, Array], number: int
    ) -> tuple[Array, ...]:
        """Costs of the drawn shares of a command, of which ``places`` has the rows of ``service``."""
        stream = np.zeros(self.plan.streams[number].queries, np.int32)
        stream[self._asked(number, nfps[number])] = places[number]
        return costs_of(self.cluster, self.command(service, stream), nfps[number])

    def _batches(self, chosen: Array) -> Iterator[dict[int, Array]]:
        """NFPs of chosen shares by command, ascending, a batch of commands at a time."""
        batch: dict[int, Array] = {}
        size = 0
        numbers, firsts = np.unique(self.shares.stream[chosen], return_index=True)
        for number, own in zip(numbers.tolist(), np.split(chosen, firsts[1:]), strict=True):
            asked = int(self.shares.queries[own].sum())
            if batch and size + asked > BATCH_ROWS:
                yield batch
                batch, size = {}, 0
            batch[number] = self.shares.nfp[own]
            size += asked
        yield batch

    def _asked(self, number: int, nfps: Array) -> Array:
        """Which queries of a command, from 0, the NFPs get; all, where its misses are counted."""
        count, size = self.plan.streams[number].queries, self.cluster.spec.dispatch_queries
        taken = np.full(self.cluster.scale, self.remembered is None)
        taken[nfps] = True
        granules = np.flatnonzero(taken[np.arange(-(-count // size)) % self.cluster.scale])
        asked = (granules[:, None] * size + np.arange(size)).ravel()
        answer: Array = asked[asked < count]
        return answer

    def _served(self, rows: dict[int, Array]) -> tuple[Service, dict[int, Array]]:
        """What the engines do for the recorded queries ``rows``, and where each of them is in that."""
        before = self.remembered
        if before is None:
            return service_of(self.arch, self.work.encoding, self.trace), rows
        asked = np.concatenate(list(rows.values()))
        first = max(int(asked.min()) - before, 0)
        is_seen = np.zeros(int(asked.max()) + 1 - first, np.bool_)
        for distance in range(before + 1):
            is_seen[np.maximum(asked - distance - first, 0)] = True
        seen = first + np.flatnonzero(is_seen)
        recorded = seen[seen < self.trace.recorded]
        positions = np.zeros((len(seen), self.trace.n_dims), np.float32)
        positions[: len(recorded)] = self.trace.positions_of(recorded)
        places = np.cumsum(is_seen, dtype=np.int32) - 1
        engines = encoding_engine(self.arch.nfp.encoding)
        service = serve(engines, self.work.encoding, positions, *behind_engines(self.arch))
        return service, {number: places[own - first] for number, own in rows.items()}

    def reads(self, entries: int) -> dict[str, int]:
        """Actions of reading so many entries of grid_sram."""
        entry_bytes = self.work.encoding.n_features_per_level * self.arch.nfp.encoding.feature_bytes
        return {"grid_sram_read": entries, "grid_sram_read_bytes": entries * entry_bytes}
