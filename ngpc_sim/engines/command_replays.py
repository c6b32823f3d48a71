"""All commands of a frame at once, by batches where that is exact: the runs of :meth:`Cluster.run`, sooner.

What does not depend on the number of NFPs (runs of recorded queries, counted actions) is kept in :class:`BatchSums`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ngpc_sim.config.plugins import BUILTIN
from ngpc_sim.engines.batch_sums import BatchSums
from ngpc_sim.engines.cluster import Cluster, ClusterRun
from ngpc_sim.engines.nfp import MissPath, has_built_in_replay
from ngpc_sim.kernels.batches import Costs, Shared, replay_commands
from ngpc_sim.kernels.causes import CAUSES
from ngpc_sim.kernels.nfp import State
from ngpc_sim.machine.threads import map_threads
from ngpc_sim.results.nfp_counts import waits_of_commands
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]

#: commands that a thread takes at a time
CHUNK = 8


def in_batches(cluster: Cluster) -> bool:
    """Whether batches say all: granules go in turn and are whole batches of a built-in NFP without subtables."""
    spec = cluster.spec
    built_in = has_built_in_replay(cluster.nfp) and spec.model == BUILTIN and spec.dispatch == "round_robin"
    whole = built_in and spec.dispatch_queries % cluster.nfp.spec.mlp.batch_queries == 0
    return whole and cluster.nfp.spec.encoding.subgrids == 1


def replay_together(cluster: Cluster, work: Workload, path: MissPath, sums: BatchSums) -> list[ClusterRun]:
    """Runs of the commands of ``sums`` in their order; missing lines come from ``path``."""
    batches, service, count = sums.batches, sums.service, len(sums.queries)
    leading, slots = service.leading, len(service.base_cycles)
    nfps, kinds = _different_nfps(cluster, sums.queries, alike=service.alike is not None)
    granule_batches = cluster.spec.dispatch_queries // sums.batch_queries
    shared = Shared(cluster.scale, granule_batches, nfps, cluster.ports(work), path.latencies)
    constants = cluster.nfp.constants(work, service.base_cycles[leading])
    shares = count, nfps.shape[1]
    costs = Costs(
        ends=np.zeros((2, *shares), np.int64),
        busy=np.zeros(shares, np.int64),
        waits=np.zeros((*shares, len(leading) + 1, len(CAUSES)), np.int64),
        lines=np.zeros((*shares, len(service.line_counts)), np.int64),
    )

    def chunk(first: int) -> None:
        idle = cluster.nfp.idle(work, len(leading), 1, cached=service.misses is not None)
        nfp, came = State(*(array[0] for array in idle)), np.empty(sums.batch_queries, np.int64)
        replay_commands(first, min(first + CHUNK, count), batches, shared, constants, nfp, came, costs)

    map_threads(chunk, range(0, count, CHUNK))
    waits = waits_of_commands(costs.waits, kinds, leading, slots)
    share, none = kinds + np.arange(0, costs.busy.size, nfps.shape[1])[:, np.newaxis], np.zeros(0, np.int64)
    alone, both, busy = (costs.ends[0].ravel()[share], costs.ends[1].ravel()[share], costs.busy.ravel()[share])
    occupancy = both - alone
    lines = np.zeros((*shares, 3 * slots), np.int64)
    lines[:, :, service.line_counts] = costs.lines
    return [
        ClusterRun(
            *(alone[i], occupancy[i], waits[i], busy[i], int(sums.queries[i]), actions, none),
            lines[i].reshape(-1, 3, slots) if service.misses else None,
        )
        for i, actions in enumerate(_actions(cluster, work, sums))
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
        return kinds.astype(np.int64, order="C"), kinds
    last = (-(-n_queries // cluster.spec.dispatch_queries) - 1) % cluster.scale
    nfps = np.stack([np.zeros_like(last), last, np.minimum(last + 1, cluster.scale - 1)], axis=1)
    kinds = (every >= last[:, np.newaxis]).astype(np.uint16) + (every > last[:, np.newaxis])
    return nfps, kinds


def _actions(cluster: Cluster, work: Workload, sums: BatchSums) -> list[Mapping[str, int]]:
    """Counted actions of every command; the number of NFPs does not change them."""
    key = cluster.nfp.spec.model_dump_json(), work
    if key not in sums.actions:
        sums.actions[key] = [
            cluster.nfp.actions(work, n, reads, -(-n // sums.batch_queries))
            for n, reads in zip(sums.queries.tolist(), sums.reads, strict=True)
        ]
    return sums.actions[key]
