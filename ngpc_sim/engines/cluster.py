"""Cluster: a dispatcher and ``scale`` NFPs behind one link to the GPU's L2.

A command of n queries is cut into granules of ``dispatch_queries``. ``round_robin`` hands granule g to NFP
g mod N; ``least_loaded`` hands it to the NFP whose encoding engines run dry first (lowest number on
ties). Each NFP reads the inputs of its granules in order through its port; the link is shared in equal
parts by the NFPs that have work, and inside an NFP between inputs and outputs by their bytes.

What a command costs an NFP has two numbers. ``end_cycles``: until its last output, when it starts idle.
``occupancy_cycles``: what the same granules add to the end when they follow themselves without a gap; a
command behind another one overlaps its fill with the other's drain. Both come from an exact replay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numba import njit

from ngpc_sim.engines.encoding_engine import Service
from ngpc_sim.engines.nfp import (
    BUSY,
    CAUSES,
    COUNT,
    DRAIN,
    FREE,
    IN_BATCH,
    OUT,
    R_BEFORE,
    RATE_BITS,
    Nfp,
    NfpSpec,
    ceil_div,
    close_batch,
    issue,
)
from ngpc_sim.engines.timing import Timing
from ngpc_sim.schema import Field, Spec
from ngpc_sim.workload import Workload

Array = np.ndarray[Any, Any]


class ClusterSpec(Spec):
    """How queries reach the NFPs."""

    dispatch: Literal["round_robin", "least_loaded"] = Field(description="which NFP gets the next granule")
    dispatch_queries: int = Field(ge=1, le=1 << 20, description="queries of a granule")


@njit(cache=True, nogil=True)
def choose(policy_least_loaded, granule, loads):
    """NFP of a granule."""
    if not policy_least_loaded:
        return granule % loads.shape[0]
    best = 0
    for j in range(1, loads.shape[0]):
        if loads[j] < loads[best]:
            best = j
    return best


@njit(cache=True, nogil=True)
def replay_cluster(
    stream, slot_cycles, base, groups, batch_queries, tables, latency, tail, fifo,
    in_bytes, in_rate, out_bytes, out_rate, n_nfps, granule_queries, least_loaded, passes, ends, stalls,
):  # fmt: skip
    """Replay ``passes`` copies of a command, the same granules on the same NFPs each time.

    ``stream`` (n,) rows of ``slot_cycles``; fills ``ends`` (passes, N) and ``stalls`` (passes, N, 8), both
    counted from the very start. Returns the number of batches of the first copy.
    """
    n = stream.shape[0]
    slots = slot_cycles.shape[1]
    granules = ceil_div(n, granule_queries)
    free = np.zeros((n_nfps, groups, slots), np.int64)
    begin = np.zeros((n_nfps, groups, slots), np.int64)
    busy = np.zeros((n_nfps, groups, slots), np.int64)
    counter = np.zeros((n_nfps, 7), np.int64)
    outputs = np.zeros((n_nfps, fifo), np.int64)
    total = np.zeros((n_nfps, 8), np.int64)
    loads = np.zeros(n_nfps, np.int64)
    owner = np.zeros(granules, np.int64)
    batches = 0
    for copy in range(passes):
        for g in range(granules):
            if copy == 0:
                owner[g] = choose(least_loaded, g, loads)
            j = owner[g]
            for i in range(g * granule_queries, min(n, (g + 1) * granule_queries)):
                arrival = ceil_div(((counter[j, COUNT] + 1) * in_bytes) << RATE_BITS, in_rate)
                group = counter[j, COUNT] % groups
                issue(free[j, group], busy[j, group], slot_cycles[stream[i]], arrival, counter[j, R_BEFORE])
                counter[j, COUNT] += 1
                counter[j, IN_BATCH] += 1
                if counter[j, IN_BATCH] == batch_queries:
                    batches += copy == 0
                    close_batch(
                        free[j], begin[j], busy[j], base, counter[j], outputs[j], total[j], tables,
                        latency, tail, out_bytes, out_rate,
                    )  # fmt: skip
            loads[j] = free[j].max()
        for j in range(n_nfps):
            if counter[j, IN_BATCH] > 0:
                batches += copy == 0
                close_batch(
                    free[j], begin[j], busy[j], base, counter[j], outputs[j], total[j], tables,
                    latency, tail, out_bytes, out_rate,
                )  # fmt: skip
            ends[copy, j] = counter[j, OUT]
            stalls[copy, j] = total[j]
            stalls[copy, j, DRAIN] = counter[j, OUT] - counter[j, FREE]
    return batches


@dataclass(frozen=True)
class ClusterWork:
    """One command: workload, the intervals of recorded queries, and which of them it asks, in order.

    ``link_bytes_per_cycle`` is the bandwidth of the link to L2 in bytes per NFP cycle, ``None`` where it
    never limits.
    """

    workload: Workload
    service: Service
    stream: Array
    link_bytes_per_cycle: float | None = None


@dataclass(frozen=True)
class ClusterRun:
    """A command's cost on every NFP, in NFP cycles.

    ``end_cycles`` (N,) when it starts idle; ``occupancy_cycles`` (N,) what it adds behind itself;
    ``occupancy_stalls`` (N, causes) and ``busy_cycles`` (N,), which add up to ``occupancy_cycles``.
    """

    end_cycles: Array
    occupancy_cycles: Array
    occupancy_stalls: Array
    busy_cycles: Array
    n_queries: int
    actions: Mapping[str, int]


class Cluster:
    """The NFPs and their dispatcher; itself an engine."""

    def __init__(self, spec: ClusterSpec, nfp: NfpSpec, scale: int) -> None:
        self.spec = spec
        self.nfp = Nfp(nfp)
        self.scale = scale

    def port_rates(self, work: Workload, n_queries: int, link_bytes_per_cycle: float | None) -> tuple[int, int]:
        """Input and output bytes per cycle of an NFP in 1/65536 bytes: its port, or its share of the link."""
        io = self.nfp.spec.io
        ports = (io.input_bytes_per_cycle << RATE_BITS, io.output_bytes_per_cycle << RATE_BITS)
        if link_bytes_per_cycle is None:
            return ports
        granules = -(-n_queries // self.spec.dispatch_queries)
        share = link_bytes_per_cycle / max(1, min(self.scale, granules))
        parts = (work.input_bytes, work.output_bytes)
        limits = [max(1, int(share * part / sum(parts) * (1 << RATE_BITS))) for part in parts]
        return min(ports[0], limits[0]), min(ports[1], limits[1])

    def run(self, work: ClusterWork) -> ClusterRun:
        """Replay one command, alone and behind itself."""
        workload, service = work.workload, work.service
        c = self.nfp.constants(workload, service.base_cycles)
        in_rate, out_rate = self.port_rates(workload, len(work.stream), work.link_bytes_per_cycle)
        ends = np.zeros((2, self.scale), np.int64)
        stalls = np.zeros((2, self.scale, 8), np.int64)
        batches = replay_cluster(
            work.stream, service.slot_cycles, c.base_cycles, c.groups, self.nfp.spec.mlp.batch_queries,
            c.tables, c.latency, c.tail, c.fifo_batches, workload.input_bytes, in_rate, workload.output_bytes,
            out_rate, self.scale, self.spec.dispatch_queries, self.spec.dispatch == "least_loaded", 2, ends, stalls,
        )  # fmt: skip
        n = len(work.stream)
        added = stalls[1] - stalls[0]
        reads = int(service.reads[work.stream].sum(dtype=np.int64))
        return ClusterRun(
            end_cycles=ends[0],
            occupancy_cycles=ends[1] - ends[0],
            occupancy_stalls=added[:, : len(CAUSES)],
            busy_cycles=added[:, BUSY],
            n_queries=n,
            actions=self.nfp.actions(workload, n, reads, int(batches)),
        )

    def timing(self, work: ClusterWork) -> Timing:
        """Cycles until the last NFP has written its last output, and the command's actions."""
        run = self.run(work)
        latency = int(run.end_cycles.max(initial=0))
        return Timing(latency, int(run.occupancy_cycles.max(initial=0)), run.actions)


@njit(cache=True, nogil=True)
def admit(done, alone, last, end, occupancy, start, offset, least_loaded, number):
    """Queue a command on the NFPs: each finishes it at ``max(start + end, done + occupancy)``.

    All (N,) arrays in one integer unit of time. ``done`` advances in place, ``alone`` likewise with every
    command ready at 0, and ``last`` takes ``number``. Share j of the command goes to NFP (j + offset) mod N,
    or with ``least_loaded`` to the j-th NFP to be free. Returns the end of the slowest NFP, the number of
    the command it was behind (-1 if it had run idle), and the time in which NFPs filled.
    """
    n_nfps = done.shape[0]
    order = np.argsort(done, kind="mergesort") if least_loaded else np.arange(n_nfps)
    finish, behind, fill = 0, -1, 0
    for share in range(n_nfps):
        if end[share] == 0:
            continue
        j = order[share] if least_loaded else (share + offset) % n_nfps
        idle_end = start + end[share]
        queued_end = done[j] + occupancy[share]
        new = max(idle_end, queued_end)
        if new > finish:
            finish = new
            behind = last[j] if queued_end > idle_end else -1
        fill += new - max(start, done[j]) - occupancy[share]
        alone[j] = max(end[share], alone[j] + occupancy[share])
        done[j] = new
        last[j] = number
    return finish, behind, fill
