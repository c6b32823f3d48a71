"""Cluster: a dispatcher and ``scale`` NFPs behind one link to the GPU's L2.

A command of n queries is cut into granules of ``dispatch_queries``. ``round_robin`` hands granule g to NFP
g mod N; ``least_loaded`` hands it to the first NFP of which an encoding engine runs dry (lowest number on
ties), so that an NFP pulls its next granule just in time. A batch that the command's end leaves partial
closes when the last granule has been handed out. Each NFP reads the inputs of its granules in order
through its port; the link is shared in equal parts by the NFPs that have work, and inside an NFP between
inputs and outputs by their bytes.

What a command costs an NFP has two numbers. ``end_cycles``: until its last output, when it starts idle.
``occupancy_cycles``: what the same granules add to the end when they follow themselves without a gap; a
command behind another one overlaps its fill with the other's drain. Both come from an exact replay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numba import njit

from ngpc_sim.engines.encoding_engine import Service
from ngpc_sim.engines.nfp import (
    ARRIVED,
    BATCHES,
    BUSY,
    CAUSES,
    COUNT,
    DRAIN,
    FREE,
    GROUP,
    IN_BATCH,
    OUT,
    PART,
    R_BEFORE,
    RATE_BITS,
    Nfp,
    NfpRun,
    NfpSpec,
    ceil_div,
    close_batch,
    issue,
    neural_fields_processor,
)
from ngpc_sim.engines.timing import Timing
from ngpc_sim.errors import UserError
from ngpc_sim.plugins import BUILTIN, build, checked
from ngpc_sim.schema import Field, Spec, field_validator
from ngpc_sim.workload import Workload

Array = np.ndarray[Any, Any]


class ClusterSpec(Spec):
    """How queries reach the NFPs."""

    model: str = Field(default=BUILTIN, description="builtin, or package.module:Class of a dispatcher")
    options: dict[str, int | float | str | bool] = Field(default={}, description="values for a plug-in")
    dispatch: Literal["round_robin", "least_loaded"] = Field(description="which NFP gets the next granule")
    dispatch_queries: int = Field(ge=1, le=1 << 20, description="queries of a granule")

    @field_validator("model")
    @classmethod
    def _model_name(cls, model: str) -> str:
        return checked(model, BUILTIN)


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
def end_batch(j, state, constants, members, done, not_before):
    """Pass the batch of NFP j on; ``done`` (n,), where it is not empty, takes E for its queries."""
    free, begin, busy, counter, outputs, total = state
    base, tables, latency, tail, out_bytes, out_rate = constants
    queries = counter[j, IN_BATCH]
    _, end = close_batch(
        free[j], begin[j], busy[j], base, counter[j], outputs[j], total[j], tables, latency, tail, out_bytes,
        out_rate, not_before,
    )  # fmt: skip
    if done.shape[0] > 0:
        done[members[j, :queries]] = end


@njit(cache=True, nogil=True, inline="always")
def arrive(counter, cycles, part, in_rate):
    """Let the port deliver one more query: ARRIVED + PART / in_rate is its exact time, kept without a division."""
    counter[ARRIVED] += cycles
    counter[PART] += part
    if counter[PART] >= in_rate:
        counter[PART] -= in_rate
        counter[ARRIVED] += 1


@njit(cache=True, nogil=True)
def serve_granule(j, rows, first, slot_cycles, state, constants, members, done, in_bytes, in_rate):
    """Issue the queries ``rows`` on NFP j; ``first`` is the number of the first of them in its command."""
    free, _, busy, counter, _, _ = state
    groups = free.shape[1]
    cycles, part = (in_bytes << RATE_BITS) // in_rate, (in_bytes << RATE_BITS) % in_rate
    for k in range(rows.shape[0]):
        arrive(counter[j], cycles, part, in_rate)
        group = counter[j, GROUP]
        arrival = counter[j, ARRIVED] + (counter[j, PART] > 0)
        issue(free[j, group], busy[j, group], slot_cycles[rows[k]], arrival, counter[j, R_BEFORE])
        members[j, counter[j, IN_BATCH]] = first + k
        counter[j, COUNT] += 1
        counter[j, IN_BATCH] += 1
        counter[j, GROUP] = group + 1 if group + 1 < groups else 0
        if counter[j, IN_BATCH] == members.shape[1]:
            end_batch(j, state, constants, members, done, 0)


@njit(cache=True, nogil=True)
def replay_cluster(
    stream, slot_cycles, constants, groups, batch_queries, fifo, in_bytes, in_rate, n_nfps, granule_queries,
    least_loaded, owner, ends, stalls, done,
):  # fmt: skip
    """Replay copies of a command one behind the other, the same granules on the same NFPs each time.

    ``stream`` (n,) rows of ``slot_cycles``; ``owner`` (granules,) NFP of each granule, -1 where the
    dispatcher is to choose; fills ``ends`` (copies, N) and ``stalls`` (copies, N, 8), both
    counted from the very start, and ``done`` with E of each query's batch in the first copy. Returns the
    number of batches of the first copy.
    """
    slots = slot_cycles.shape[1]
    granules = ceil_div(stream.shape[0], granule_queries)
    free = np.zeros((n_nfps, groups, slots), np.int64)
    counter = np.zeros((n_nfps, 10), np.int64)
    outputs = np.zeros((n_nfps, fifo), np.int64)
    total = np.zeros((n_nfps, 8), np.int64)
    state = (free, np.zeros_like(free), np.zeros_like(free), counter, outputs, total)
    members = np.zeros((n_nfps, batch_queries), np.int64)
    loads = np.zeros(n_nfps, np.int64)
    batches = 0
    for copy in range(ends.shape[0]):
        handed_at = 0
        noted = done if copy == 0 else done[:0]
        for g in range(granules):
            if copy == 0 and owner[g] < 0:
                owner[g] = choose(least_loaded, g, loads)
                handed_at = loads[owner[g]]
            first = g * granule_queries
            rows = stream[first : first + granule_queries]
            serve_granule(owner[g], rows, first, slot_cycles, state, constants, members, noted, in_bytes, in_rate)
            if least_loaded:
                loads[owner[g]] = free[owner[g]].min()
        for j in range(n_nfps):
            if counter[j, IN_BATCH] > 0:
                end_batch(j, state, constants, members, noted, handed_at)
            ends[copy, j] = counter[j, OUT]
            stalls[copy, j] = total[j]
            stalls[copy, j, DRAIN] = counter[j, OUT] - counter[j, FREE]
        if copy == 0:
            batches = counter[:, BATCHES].sum()
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
    ``done_cycles`` (n,) results of each query when the command starts idle, where they were asked for.
    """

    end_cycles: Array
    occupancy_cycles: Array
    occupancy_stalls: Array
    busy_cycles: Array
    n_queries: int
    actions: Mapping[str, int]
    done_cycles: Array


#: waits that a command can spend while the one before it drains, first those that open it
HIDDEN = ("encoding", "feature_buffer", "bank_conflict", "input", "output", "mlp_fill")


def hide_drain(stalls: Array) -> Array:
    """Stalls (N, causes) of a command behind itself, none of them below 0, with the same sums.

    Where the second copy ends with less drain than the first one, its first waits passed during that
    drain, which the occupancy does not count: they are nobody's stall.
    """
    answer = stalls.copy()
    hidden = np.maximum(-answer[:, DRAIN], 0)
    for cause in HIDDEN:
        taken = np.minimum(hidden, answer[:, CAUSES.index(cause)])
        answer[:, CAUSES.index(cause)] -= taken
        answer[:, DRAIN] += taken
        hidden -= taken
    return answer


class Cluster:
    """The NFPs and their dispatcher; itself an engine."""

    def __init__(self, spec: ClusterSpec, nfp: NfpSpec, scale: int) -> None:
        self.spec = spec
        self.nfp = neural_fields_processor(nfp)
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

    def run(self, work: ClusterWork, *, each_query: bool = False) -> ClusterRun:
        """Replay one command, alone and behind itself; with ``each_query`` note when each query is done."""
        if type(self.nfp) is not Nfp:
            return self._run_plugin(work)
        if (
            not each_query
            and self.spec.model == BUILTIN
            and self.spec.dispatch == "round_robin"
            and work.service.uniform
        ):
            return self._run_uniform(work)
        return self._replay(work, self.scale, self._owners(len(work.stream)), each_query=each_query)

    def _run_uniform(self, work: ClusterWork) -> ClusterRun:
        """A command whose queries all take the same cycles: NFPs with equally many cost the same, so one is enough.

        Exact, not an estimate: with round_robin nothing but its number of queries tells such NFPs apart.
        """
        n, size = len(work.stream), self.spec.dispatch_queries
        granules = -(-n // size)
        counts = (granules + self.scale - 1 - np.arange(self.scale)) // self.scale * size
        counts[(granules - 1) % self.scale] -= granules * size - n
        rates = self.port_rates(work.workload, n, work.link_bytes_per_cycle)
        different, which = np.unique(counts, return_inverse=True)
        parts = [self._replay(replace(work, stream=work.stream[:m]), 1, None, rates=rates) for m in different]
        batches = -(-counts // self.nfp.spec.mlp.batch_queries)
        reads = int(work.service.reads[work.stream].sum(dtype=np.int64))

        def spread(name: str) -> Array:
            return np.concatenate([getattr(part, name) for part in parts])[which]

        return ClusterRun(
            end_cycles=spread("end_cycles"),
            occupancy_cycles=spread("occupancy_cycles"),
            occupancy_stalls=spread("occupancy_stalls"),
            busy_cycles=spread("busy_cycles"),
            n_queries=n,
            actions=self.nfp.actions(work.workload, n, reads, int(batches.sum())),
            done_cycles=np.zeros(0, np.int64),
        )

    def _replay(
        self,
        work: ClusterWork,
        scale: int,
        owners: Array | None,
        *,
        each_query: bool = False,
        rates: tuple[int, int] | None = None,
    ) -> ClusterRun:
        """A command on ``scale`` NFPs; granules go where ``owners`` says, or where the dispatcher chooses."""
        workload, service = work.workload, work.service
        c = self.nfp.constants(workload, service.base_cycles)
        n = len(work.stream)
        in_rate, out_rate = rates or self.port_rates(workload, n, work.link_bytes_per_cycle)
        if owners is None:
            owners = np.full(-(-n // self.spec.dispatch_queries), -1, np.int64)
        ends = np.zeros((2, scale), np.int64)
        stalls = np.zeros((2, scale, 8), np.int64)
        done = np.zeros(len(work.stream) if each_query else 0, np.int64)
        constants = (c.base_cycles, c.tables, c.latency, c.tail, workload.output_bytes, out_rate)
        batches = replay_cluster(
            work.stream, service.slot_cycles, constants, c.groups, self.nfp.spec.mlp.batch_queries, c.fifo_batches,
            workload.input_bytes, in_rate, scale, self.spec.dispatch_queries,
            self.spec.dispatch == "least_loaded", owners, ends, stalls, done,
        )  # fmt: skip
        added = stalls[1] - stalls[0]
        reads = int(service.reads[work.stream].sum(dtype=np.int64))
        return ClusterRun(
            end_cycles=ends[0],
            occupancy_cycles=ends[1] - ends[0],
            occupancy_stalls=hide_drain(added[:, : len(CAUSES)]),
            busy_cycles=added[:, BUSY],
            n_queries=n,
            actions=self.nfp.actions(workload, n, reads, int(batches)),
            done_cycles=done,
        )

    def _owners(self, n_queries: int) -> Array:
        """NFP of every granule as a plug-in dispatcher says, -1 where the built-in one is to choose."""
        granules = -(-n_queries // self.spec.dispatch_queries)
        if self.spec.model == BUILTIN:
            return np.full(granules, -1, np.int64)
        answer = build(self.spec.model, ("owners",), self.spec).owners(granules, self.scale)
        owners = [int(owner) for owner in answer if isinstance(owner, int | np.integer)]
        if len(owners) != len(answer) or len(owners) != granules or not set(owners) <= set(range(self.scale)):
            raise UserError(
                f"plug-in '{self.spec.model}' must give each of {granules} granules an NFP from 0 to {self.scale - 1}."
            )
        return np.array(owners, np.int64)

    def _run_plugin(self, work: ClusterWork) -> ClusterRun:
        """A command on NFPs of a plug-in: each replays its granules, then them behind themselves.

        A plug-in knows its own ports only, so the link limits its inputs, not its outputs, and a batch that
        the command's end leaves partial is filled by the copy behind it.
        """
        if self.spec.dispatch == "least_loaded" and self.spec.model == BUILTIN:
            raise UserError("cluster.dispatch least_loaded asks the built-in NFP for its load: use round_robin.")
        n, size = len(work.stream), self.spec.dispatch_queries
        owners = self._owners(n)
        owners = np.where(owners < 0, np.arange(len(owners)) % self.scale, owners)
        owner_of_query = np.repeat(owners, size)[:n]
        in_rate, _ = self.port_rates(work.workload, n, work.link_bytes_per_cycle)
        runs: list[tuple[NfpRun, NfpRun]] = []
        done = np.zeros(n, np.int64)
        for j in range(self.scale):
            rows = work.stream[owner_of_query == j]
            twice = np.concatenate([rows, rows])
            runs.append((self._replay_rows(work, rows, in_rate), self._replay_rows(work, twice, in_rate)))
            done[owner_of_query == j] = runs[-1][0].done_cycles
        stalls = [[twice.stalls[cause] - once.stalls[cause] for cause in CAUSES] for once, twice in runs]
        reads = int(work.service.reads[work.stream].sum(dtype=np.int64))
        batches = sum(len(once.batch_end_cycles) for once, _ in runs)
        return ClusterRun(
            end_cycles=np.array([once.cycles for once, _ in runs], np.int64),
            occupancy_cycles=np.array([twice.cycles - once.cycles for once, twice in runs], np.int64),
            occupancy_stalls=hide_drain(np.array(stalls, np.int64)),
            busy_cycles=np.array([twice.busy_cycles - once.busy_cycles for once, twice in runs], np.int64),
            n_queries=n,
            actions=self.nfp.actions(work.workload, n, reads, batches),
            done_cycles=done,
        )

    def _replay_rows(self, work: ClusterWork, rows: Array, in_rate: int) -> NfpRun:
        s = work.service
        arrivals = -(-(np.arange(1, len(rows) + 1, dtype=np.int64) * work.workload.input_bytes << RATE_BITS) // in_rate)
        return self.nfp.replay(work.workload, Service(s.slot_cycles[rows], s.reads[rows], s.base_cycles), arrivals)

    def timing(self, work: ClusterWork) -> Timing:
        """Cycles until the last NFP has written its last output, and the command's actions."""
        run = self.run(work)
        latency = int(run.end_cycles.max(initial=0))
        return Timing(latency, int(run.occupancy_cycles.max(initial=0)), run.actions)
