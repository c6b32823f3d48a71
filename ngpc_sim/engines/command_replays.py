"""All commands of a frame at once, by batches where that is exact: the runs of :meth:`Cluster.run`, sooner.

What does not depend on the number of NFPs (sums of batches, misses, counted actions) is kept in :class:`BatchSums`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ngpc_sim.config.plugins import BUILTIN
from ngpc_sim.engines.batch_sums import BatchSums
from ngpc_sim.engines.cluster import Cluster, ClusterRun, ClusterWork
from ngpc_sim.engines.nfp import has_built_in_replay
from ngpc_sim.kernels.batches import Costs, Shared, replay_commands
from ngpc_sim.kernels.causes import CAUSES
from ngpc_sim.kernels.nfp import State
from ngpc_sim.machine.threads import map_threads
from ngpc_sim.results.nfp_counts import waits_of_commands

Array = np.ndarray[Any, Any]

#: commands that a thread takes at a time
CHUNK = 64


def in_batches(cluster: Cluster) -> bool:
    """Whether batches say all: granules go in turn and are whole batches of a built-in NFP."""
    spec = cluster.spec
    built_in = has_built_in_replay(cluster.nfp) and spec.model == BUILTIN and spec.dispatch == "round_robin"
    return built_in and spec.dispatch_queries % cluster.nfp.spec.mlp.batch_queries == 0


def replay_together(cluster: Cluster, works: Sequence[ClusterWork], sums: BatchSums) -> list[ClusterRun]:
    """Runs of ``works``, commands of one workload and service, in their order; ``sums`` are theirs."""
    batches = sums.batches
    if batches is None:
        return map_threads(cluster.run, works)
    service, count, slots = works[0].service, len(works), batches.sums.shape[2]
    nfps, kinds = _different_nfps(cluster, np.diff(batches.firsts), alike=service.alike is not None)
    shared = Shared(
        cluster.scale,
        cluster.spec.dispatch_queries // sums.batch_queries,
        nfps,
        cluster.ports(works[0].workload),
        works[0].path.latencies,
    )
    constants = cluster.nfp.constants(works[0].workload, service.base_cycles[service.leading])
    shares = count, nfps.shape[1]
    costs = Costs(
        ends=np.zeros((2, *shares), np.int64),
        busy=np.zeros(shares, np.int64),
        waits=np.zeros((*shares, slots + 1, len(CAUSES)), np.int64),
        lines=np.zeros((*shares, *batches.lines.shape[1:]), np.int64),
    )

    def chunk(first: int) -> None:
        idle = cluster.nfp.idle(works[0].workload, slots, 1, cached=service.misses is not None)
        nfp = State(*(array[0] for array in idle))
        replay_commands(first, min(first + CHUNK, count), batches, shared, constants, nfp, costs)

    map_threads(chunk, range(0, count, CHUNK))
    waits = waits_of_commands(costs.waits, kinds, service.leading, len(service.base_cycles))
    share, none = kinds + np.arange(0, costs.busy.size, nfps.shape[1])[:, np.newaxis], np.zeros(0, np.int64)
    alone, both, busy = (costs.ends[0].ravel()[share], costs.ends[1].ravel()[share], costs.busy.ravel()[share])
    occupancy = both - alone
    return [
        ClusterRun(
            *(alone[i], occupancy[i], waits[i], busy[i], len(works[i].stream), actions, none),
            costs.lines[i] if service.misses else None,
        )
        for i, actions in enumerate(_actions(cluster, works, sums))
    ]


def _different_nfps(cluster: Cluster, n_queries: Array, *, alike: bool) -> tuple[Array, Array]:
    """NFPs (S, K) that stand for all, and which of these (S, N) uint16 stands for every NFP.

    ``n_queries`` (S,) of the commands. Where all queries are ``alike``, nothing but its number of queries tells an NFP
    from another one: those before, with and behind the last granule have equally many. They need to be alike on the one
    engine slot that a batch can wait for (:attr:`Service.alike`).
    """
    every = np.arange(cluster.scale, dtype=np.uint16)
    if not alike:
        kinds = np.broadcast_to(every, (len(n_queries), cluster.scale))
        return kinds.astype(np.int64), kinds
    last = (-(-n_queries // cluster.spec.dispatch_queries) - 1) % cluster.scale
    nfps = np.stack([np.zeros_like(last), last, np.minimum(last + 1, cluster.scale - 1)], axis=1)
    kinds = (every >= last[:, np.newaxis]).astype(np.uint16) + (every > last[:, np.newaxis])
    return nfps, kinds


def _actions(cluster: Cluster, works: Sequence[ClusterWork], sums: BatchSums) -> list[Mapping[str, int]]:
    """Counted actions of every command; the number of NFPs does not change them."""
    key = cluster.nfp.spec.model_dump_json(), works[0].workload
    if key not in sums.actions:
        sizes = [len(work.stream) for work in works]
        sums.actions[key] = [
            cluster.nfp.actions(works[0].workload, n, reads, -(-n // sums.batch_queries))
            for n, reads in zip(sizes, sums.reads, strict=True)
        ]
    return sums.actions[key]
