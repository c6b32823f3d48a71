"""All commands of a frame at once, by batches where that is exact: the runs of :meth:`Cluster.run`, sooner.

What does not depend on the number of NFPs (sums of batches, misses, counted actions) is kept in :class:`BatchSums`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ngpc_sim.config.plugins import BUILTIN
from ngpc_sim.engines.alike_shares import kinds_of
from ngpc_sim.engines.batch_sums import SAFE, BatchSums
from ngpc_sim.engines.cluster import HIDDEN, Cluster, ClusterRun, ClusterWork
from ngpc_sim.engines.miss_sums import MissSums
from ngpc_sim.engines.nfp import Nfp, NfpConstants
from ngpc_sim.kernels.alike_replay import replay_alike
from ngpc_sim.kernels.batch_replay import replay_commands
from ngpc_sim.kernels.causes import CAUSES
from ngpc_sim.kernels.miss_replay import replay_commands_with_misses
from ngpc_sim.kernels.nfp import RATE_BITS
from ngpc_sim.machine.threads import map_threads
from ngpc_sim.results.nfp_counts import NfpCounts, waits_of_commands

Array = np.ndarray[Any, Any]

#: commands that a thread takes at a time
CHUNK = 8

_HIDDEN = np.array([CAUSES.index(cause) for cause in HIDDEN])


def in_batches(cluster: Cluster) -> bool:
    """Whether batches say all: granules go in turn and are whole batches of a built-in NFP."""
    spec = cluster.spec
    built_in = type(cluster.nfp) is Nfp and spec.model == BUILTIN and spec.dispatch == "round_robin"
    return built_in and spec.dispatch_queries % cluster.nfp.spec.mlp.batch_queries == 0


def replay_together(cluster: Cluster, works: Sequence[ClusterWork], sums: BatchSums) -> list[ClusterRun]:
    """Runs of ``works``, commands of one workload and service, in their order; ``sums`` are theirs."""
    service = works[0].service
    if service.misses is not None:
        misses = MissSums.of(sums, service.misses)
        return _replay_with_misses(cluster, works, sums, misses) if misses else map_threads(cluster.run, works)
    constants = cluster.nfp.constants(works[0].workload, service.base_cycles[service.leading])
    ports = _ports(cluster, works)
    most = int(sums.firsts[-1]) * service.alike if service.alike is not None else int(sums.sums.sum(axis=(0, 1)).max())
    if not _in_64_bits(sums, most, constants, ports):
        return map_threads(cluster.run, works)
    if service.alike is not None:
        return _replay_alike(cluster, works, sums, constants, ports)
    count, scale, slots = len(works), cluster.scale, sums.slot_cycles.shape[1]
    ends, busy = np.zeros((count, 2, scale), np.int64), np.zeros((count, scale), np.int64)
    stalls = np.zeros((count, scale, slots + 1, len(CAUSES)), np.int64)
    hulls = sums.hulls()
    per_granule = cluster.spec.dispatch_queries // sums.batch_queries

    def chunk(first: int) -> None:
        replay_commands(
            first, min(first + CHUNK, count), sums.rows, sums.firsts, sums.slot_cycles, sums.sums, sums.batch_firsts,
            hulls, sums.least, sums.batch_queries, per_granule, constants.kernel, constants.groups,
            constants.fifo_batches, ports, _HIDDEN, ends, busy, stalls,
        )  # fmt: skip

    map_threads(chunk, range(0, count, CHUNK))
    waits = waits_of_commands(stalls, _every_nfp(works, scale), service.leading, len(service.base_cycles))
    return _runs(cluster, works, sums, ends, waits, busy)


def _replay_alike(
    cluster: Cluster, works: Sequence[ClusterWork], sums: BatchSums, constants: NfpConstants, ports: Array
) -> list[ClusterRun]:
    """The same where queries are alike: a share of every number of queries."""
    service = works[0].service
    sizes = np.diff(sums.firsts)
    queries, kinds = kinds_of(sizes, cluster.scale, cluster.spec.dispatch_queries)
    shares = queries.size
    ends, busy = np.zeros((shares, 2), np.int64), np.zeros(shares, np.int64)
    stalls = np.zeros((shares, 2, len(CAUSES)), np.int64)
    replay_alike(
        0, shares, queries.ravel(), np.repeat(ports, queries.shape[1], axis=0), service.alike, sums.batch_queries,
        constants.kernel, constants.groups, constants.fifo_batches, _HIDDEN, ends, busy, stalls,
    )  # fmt: skip
    stalls = stalls.reshape(*queries.shape, 2, len(CAUSES))
    waits = waits_of_commands(stalls, kinds, service.leading, len(service.base_cycles))

    share = kinds + np.arange(0, shares, queries.shape[1])[:, np.newaxis]
    both = np.stack([ends[share, 0], ends[share, 1]], axis=1)
    return _runs(cluster, works, sums, both, waits, busy[share])


def _every_nfp(works: Sequence[ClusterWork], scale: int) -> Array:
    """(S, N) the row of every NFP where each has its own."""
    return np.broadcast_to(np.arange(scale, dtype=np.uint16), (len(works), scale))


def _runs(
    cluster: Cluster,
    works: Sequence[ClusterWork],
    sums: BatchSums,
    ends: Array,
    waits: list[NfpCounts],
    busy: Array,
    lines: Array | None = None,
) -> list[ClusterRun]:
    """Runs of commands from ``ends`` (S, 2, N) of both copies, ``busy`` (S, N) and ``lines`` (S, N, 3, slots)."""
    none = np.zeros(0, np.int64)
    alone, occupancy = ends[:, 0].copy(), ends[:, 1] - ends[:, 0]  # a view would keep both copies
    return [
        ClusterRun(
            *(alone[i], occupancy[i], waits[i], busy[i], len(works[i].stream), actions, none),
            None if lines is None else lines[i],
        )
        for i, actions in enumerate(_actions(cluster, works, sums))
    ]


def _replay_with_misses(
    cluster: Cluster, works: Sequence[ClusterWork], sums: BatchSums, misses: MissSums
) -> list[ClusterRun]:
    """The same where lines are missed."""
    service = works[0].service
    constants = cluster.nfp.constants(works[0].workload, service.base_cycles)
    ports, latencies, line_times = _ports_and_paths(cluster, works, misses)
    count, scale, slots = len(works), cluster.scale, service.slot_cycles.shape[1]
    ends, busy = np.zeros((count, 2, scale), np.int64), np.zeros((count, scale), np.int64)
    stalls = np.zeros((count, scale, slots + 1, len(CAUSES)), np.int64)
    lines = np.zeros((count, scale, 3, slots), np.int64)
    per_granule = cluster.spec.dispatch_queries // sums.batch_queries

    def chunk(first: int) -> None:
        replay_commands_with_misses(
            first, min(first + CHUNK, count), sums.rows, sums.firsts, service.slot_cycles, sums.sums,
            sums.batch_firsts, (misses.ends, misses.found, misses.lines), sums.least, sums.batch_queries, per_granule,
            constants.kernel, constants.fifo_batches, ports, latencies, line_times, constants.window_lines, _HIDDEN,
            ends, busy, stalls, lines,
        )  # fmt: skip

    map_threads(chunk, range(0, count, CHUNK))
    waits = waits_of_commands(stalls, _every_nfp(works, scale), service.leading, slots)
    return _runs(cluster, works, sums, ends, waits, busy, lines)


def _ports_and_paths(cluster: Cluster, works: Sequence[ClusterWork], misses: MissSums) -> tuple[Array, Array, Array]:
    """Ports of every command as :func:`_ports` gives them, latencies (S, 2) and line times (S, slots, 2)."""
    slots = misses.lines.shape[2]
    like = cluster.demand(replace(works[0], stream=works[0].stream[:1]))
    ports, latencies, line_times = [], [], []
    for work, lines in zip(works, misses.of_commands, strict=True):
        missing, far = lines[1:] / len(work.stream)
        demand = replace(like, missing=missing, far=far)
        in_rate, out_rate = cluster.port_rates(work, demand)
        l2_latency, dram_latency, times = cluster.miss_path(work, demand).kernel(slots)
        ports.append((work.workload.input_bytes, in_rate, work.workload.output_bytes, out_rate))
        latencies.append((l2_latency, dram_latency))
        line_times.append(times)
    return np.array(ports, np.int64), np.array(latencies, np.int64), np.array(line_times)


def _ports(cluster: Cluster, works: Sequence[ClusterWork]) -> Array:
    """(S, 4) bytes of a query and 1/65536 bytes per cycle, in and out, of every command."""
    demand, known, ports = cluster.demand(works[0]), {}, []
    for work in works:
        key = cluster.at_work(work), work.link_bytes_per_cycle, work.memory
        if key not in known:
            known[key] = cluster.port_rates(work, demand)
        in_rate, out_rate = known[key]
        ports.append((work.workload.input_bytes, in_rate, work.workload.output_bytes, out_rate))
    return np.array(ports, np.int64)


def _in_64_bits(sums: BatchSums, most: int, constants: NfpConstants, ports: Array) -> bool:
    """Whether two copies of all commands one after another on one NFP stay far from the end of 64 bits.

    ``most``: cycles of the busiest engine over all commands.
    """
    queries, batches = int(sums.firsts[-1]), int(sums.batch_firsts[-1])
    in_bytes, in_rate, out_bytes, out_rate = (
        int(n) for n in (ports[:, 0].max(), ports[:, 1].min(), ports[:, 2].max(), ports[:, 3].min())
    )
    moved = ((queries * in_bytes) << RATE_BITS) // in_rate + ((queries * out_bytes) << RATE_BITS) // out_rate
    stages = constants.before_tags + constants.behind_data + constants.tail
    cycles = moved + most + batches * (int(constants.tables.max()) + stages + 2)
    return max(2 * cycles * int(ports[:, 1].max()), (4 * queries * in_bytes) << RATE_BITS) < SAFE


def _actions(cluster: Cluster, works: Sequence[ClusterWork], sums: BatchSums) -> list[Any]:
    """Counted actions of every command; the number of NFPs does not change them."""
    key = cluster.nfp.spec.model_dump_json(), works[0].workload
    if key not in sums.actions:
        sizes = [len(work.stream) for work in works]
        sums.actions[key] = [
            cluster.nfp.actions(works[0].workload, n, reads, -(-n // sums.batch_queries))
            for n, reads in zip(sizes, sums.reads, strict=True)
        ]
    return list(sums.actions[key])
