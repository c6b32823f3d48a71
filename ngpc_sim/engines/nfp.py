"""NFP: encoding engines -> feature buffer (two halves) -> MLP engine -> output FIFO.

The neural fields processor of the paper's figure. All times are starts of cycles, integers from 0. With
B = ``batch_queries``, query i in batch k = i div B, c(l,i) its interval on level l, P queries side by side::

    s(l,i) = max(a(i), s(l,i-P) + c(l,i-P), R(k-2))         issue on each level's engine
    r(k)   = max over its queries and levels of s + c - 1 + lat
    S(k)   = max(r(k), F(k-1))                              MLP array taken
    F(k)   = max(S(k) + busy(n_k), O(k-m) - tail)           free, m = max(1, output_fifo_queries div B)
    E(k)   = F(k) + tail                                    results
    R(k)   = S(k) + share of busy(n_k) of the first matrix  feature buffer half free
    O(k)   = max(E(k), O(k-1)) + ceil(n_k x out_bytes / output_bytes_per_cycle)

Every cycle up to the last O in which the MLP array does not advance a query has one cause
(:data:`CAUSES`): a wait for r(k) goes first to late inputs, then to bank conflicts, then to the feature
buffer, then to encoding throughput and latency, each at most by what the slowest engine lost to it in
that batch. Nothing here is an efficiency factor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from ngpc_sim.engines.encoding_engine import EncodingSpec, Service, encoding_engine
from ngpc_sim.engines.mlp_engine import OPERAND_BYTES, MlpSpec, mlp_engine
from ngpc_sim.engines.timing import Timing
from ngpc_sim.errors import UserError
from ngpc_sim.plugins import BUILTIN, build, checked
from ngpc_sim.schema import Field, Spec, field_validator
from ngpc_sim.workload import Workload

Array = np.ndarray[Any, Any]

#: why the MLP array of an NFP does not advance a query, in the order of the kernels' columns
CAUSES = ("input", "encoding", "bank_conflict", "feature_buffer", "mlp_fill", "output", "drain")
INPUT, ENCODING, BANK_CONFLICT, FEATURE_BUFFER, MLP_FILL, OUTPUT, DRAIN, BUSY = range(8)
#: columns of the counters of one NFP
COUNT, IN_BATCH, R_LAST, R_BEFORE, FREE, OUT, BATCHES, GROUP, ARRIVED, PART = range(10)
#: bytes per cycle are fixed-point numbers with this many fractional bits
RATE_BITS = 16
#: arrivals below this leave room for any replay behind them in 64 bits
MAX_ARRIVAL = 1 << 62


class IoSpec(Spec):
    """Ports of an NFP."""

    input_bytes_per_cycle: int = Field(ge=1, le=1 << 20, description="width of the input port in bytes per cycle")
    output_bytes_per_cycle: int = Field(ge=1, le=1 << 20, description="width of the output port in bytes per cycle")
    output_fifo_queries: int = Field(ge=1, le=1 << 20, description="results that the output FIFO holds")


class NfpSpec(Spec):
    """One neural fields processor."""

    model: str = Field(default=BUILTIN, description="builtin, or package.module:Class of a plug-in")
    options: dict[str, int | float | str | bool] = Field(default={}, description="values for a plug-in")
    clock_ghz: float = Field(ge=0.001, le=20.0, description="clock of the NFPs in GHz")
    encoding: EncodingSpec = Field(description="encoding engines")
    mlp: MlpSpec = Field(description="MLP engine")
    io: IoSpec = Field(description="ports and output FIFO")

    @field_validator("model")
    @classmethod
    def _model_name(cls, model: str) -> str:
        return checked(model, BUILTIN)


@njit(cache=True, nogil=True, inline="always")
def ceil_div(a, b):
    """ceil(a / b) of non-negative integers."""
    return (a + b - 1) // b


@njit(cache=True, nogil=True, inline="always")
def issue(free, busy, row, arrival, released):
    """Issue one query on the engines of its group; ``free`` and ``busy`` (slots,) advance."""
    earliest = max(arrival, released)
    for slot in range(row.shape[0]):
        cycles = np.int64(row[slot])
        free[slot] = max(free[slot], earliest) + cycles
        busy[slot] += cycles


@njit(cache=True, nogil=True)
def attribute(stalls, gap, late_input, late_buffer, conflict):
    """Divide a wait of ``gap`` cycles for features among its causes."""
    from_input = min(gap, late_input)
    from_banks = min(gap - from_input, conflict)
    from_buffer = min(gap - from_input - from_banks, late_buffer)
    stalls[INPUT] += from_input
    stalls[BANK_CONFLICT] += from_banks
    stalls[FEATURE_BUFFER] += from_buffer
    stalls[ENCODING] += gap - from_input - from_banks - from_buffer


@njit(cache=True, nogil=True)
def close_batch(
    free, begin, busy, base, counter, outputs, stalls, tables, latency, tail, out_bytes, out_rate, not_before
):
    """Pass a full or last batch through the MLP engine and the output port; returns ``(S, E)``.

    ``free``, ``begin``, ``busy`` are (P, slots): when an engine is free, when it was at the batch's start,
    its busy cycles in the batch. ``tables`` is (3, B + 1): busy, first-matrix and useful cycles by n.
    ``not_before``: when the NFP knows that no query will join the batch.
    """
    groups, slots = free.shape
    worst_group, worst_slot = 0, 0
    for g in range(groups):
        for slot in range(slots):
            if free[g, slot] > free[worst_group, worst_slot]:
                worst_group, worst_slot = g, slot
    n = counter[IN_BATCH]
    ready = free[worst_group, worst_slot] - 1 + latency
    late_end = max(not_before - ready, 0)
    start = max(ready + late_end, counter[FREE])
    gap = start - counter[FREE]
    if gap > 0:
        last, first = counter[COUNT] - 1, counter[COUNT] - n
        on_group = (last - worst_group) // groups - (first - 1 - worst_group) // groups
        busy_cycles = busy[worst_group, worst_slot]
        began = begin[worst_group, worst_slot]
        idle = free[worst_group, worst_slot] - began - busy_cycles
        late_buffer = min(max(counter[R_BEFORE] - began, 0), idle)
        late_input = idle - late_buffer + late_end
        attribute(stalls, gap, late_input, late_buffer, busy_cycles - on_group * base[worst_slot])
    fifo_slot = counter[BATCHES] % outputs.shape[0]
    finished = start + tables[0, n]
    released = max(finished, outputs[fifo_slot] - tail)
    stalls[BUSY] += tables[2, n]
    stalls[MLP_FILL] += tables[0, n] - tables[2, n]
    stalls[OUTPUT] += released - finished
    counter[R_BEFORE] = counter[R_LAST]
    counter[R_LAST] = start + tables[1, n]
    counter[FREE] = released
    counter[OUT] = max(released + tail, counter[OUT]) + ceil_div((n * out_bytes) << RATE_BITS, out_rate)
    outputs[fifo_slot] = counter[OUT]
    counter[BATCHES] += 1
    counter[IN_BATCH] = 0
    begin[:] = free
    busy[:] = 0
    return start, released + tail


@njit(cache=True, nogil=True)
def replay_nfp(
    slot_cycles,
    arrivals,
    base,
    groups,
    batch_queries,
    tables,
    latency,
    tail,
    fifo,
    out_bytes,
    out_rate,
    starts,
    ends,
):
    """One NFP over a stream; fills ``starts`` and ``ends`` by batch, returns ``(cycles, stalls)``."""
    slots = slot_cycles.shape[1]
    free = np.zeros((groups, slots), np.int64)
    begin = np.zeros((groups, slots), np.int64)
    busy = np.zeros((groups, slots), np.int64)
    counter = np.zeros(10, np.int64)
    outputs = np.zeros(fifo, np.int64)
    stalls = np.zeros(8, np.int64)
    n = slot_cycles.shape[0]
    for i in range(n):
        group = i % groups
        issue(free[group], busy[group], slot_cycles[i], arrivals[i], counter[R_BEFORE])
        counter[COUNT] += 1
        counter[IN_BATCH] += 1
        if counter[IN_BATCH] == batch_queries or i == n - 1:
            k = counter[BATCHES]
            starts[k], ends[k] = close_batch(
                free, begin, busy, base, counter, outputs, stalls, tables, latency, tail, out_bytes, out_rate, 0
            )
    stalls[DRAIN] = counter[OUT] - counter[FREE]
    return counter[OUT], stalls


@dataclass(frozen=True)
class NfpWork:
    """A stream of queries for one NFP: workload, (n, D) float32 positions, optional (n,) arrival cycles."""

    workload: Workload
    positions: Array
    arrival_cycles: Array | None = None


@dataclass(frozen=True)
class NfpRun:
    """One NFP's replay, in its cycles.

    ``batch_start_cycles`` S and ``batch_end_cycles`` E by batch; ``done_cycles`` (n,) E of each query's
    batch; ``cycles`` the last O; ``stalls`` by cause; ``busy_cycles`` of the MLP array advancing queries.
    ``busy_cycles`` and all stalls add up to ``cycles``.
    """

    batch_start_cycles: Array
    batch_end_cycles: Array
    done_cycles: Array
    cycles: int
    busy_cycles: int
    stalls: Mapping[str, int]


@dataclass(frozen=True)
class NfpConstants:
    """Plain numbers of one NFP and workload for the kernels, derived in one place."""

    groups: int
    base_cycles: Array
    tables: Array
    latency: int
    tail: int
    fifo_batches: int


class Nfp:
    """One neural fields processor as a pure function of its spec; itself an engine."""

    def __init__(self, spec: NfpSpec) -> None:
        self.spec = spec
        self.encoding = encoding_engine(spec.encoding)
        self.mlp = mlp_engine(spec.mlp)
        self._tables: dict[Workload, Array] = {}

    def constants(self, work: Workload, base_cycles: Array) -> NfpConstants:
        """Kernel arguments that do not depend on the queries."""
        return NfpConstants(
            groups=self.encoding.side_by_side(work.encoding),
            base_cycles=base_cycles,
            tables=self._batch_tables(work),
            latency=self.encoding.latency_cycles,
            tail=self.mlp.tail_cycles,
            fifo_batches=max(1, self.spec.io.output_fifo_queries // self.spec.mlp.batch_queries),
        )

    def _batch_tables(self, work: Workload) -> Array:
        """Busy, first-matrix and useful cycles of the MLP engine by batch size, (3, B + 1) int64."""
        if work not in self._tables:
            sizes = range(self.spec.mlp.batch_queries + 1)
            rows = (self.mlp.busy_cycles, self.mlp.first_matrix_cycles, self.mlp.useful_cycles)
            self._tables[work] = np.array([[row(work, n) for n in sizes] for row in rows], dtype=np.int64)
        return self._tables[work]

    def run(self, work: Workload, positions: Array, arrival_cycles: Array | None = None) -> NfpRun:
        """Replay a stream of queries from cycle 0.

        Parameters
        ----------
        work
            The workload.
        positions
            (n, D) float32.
        arrival_cycles
            (n,) integers, when each query is at the NFP; without it the input port delivers query i at
            ``ceil((i + 1) x input_bytes / input_bytes_per_cycle)``.
        """
        service = self.encoding.service(work.encoding, positions)
        return self.replay(work, service, self._arrivals(work, len(service.reads), arrival_cycles))

    def replay(self, work: Workload, service: Service, arrivals: Array) -> NfpRun:
        """Replay a stream whose intervals are known already; ``arrivals`` (n,) int64."""
        batch = self.spec.mlp.batch_queries
        n = len(service.reads)
        starts = np.zeros(-(-n // batch), np.int64)
        ends = np.zeros_like(starts)
        c = self.constants(work, service.base_cycles)
        cycles, stalls = replay_nfp(
            service.slot_cycles, arrivals, c.base_cycles, c.groups, batch, c.tables, c.latency, c.tail,
            c.fifo_batches, work.output_bytes, self.spec.io.output_bytes_per_cycle << RATE_BITS, starts, ends,
        )  # fmt: skip
        causes = {name: int(stalls[column]) for column, name in enumerate(CAUSES)}
        done = np.repeat(ends, batch)[:n]
        return NfpRun(starts, ends, done, int(cycles), int(stalls[BUSY]), causes)

    def _arrivals(self, work: Workload, n: int, given: Array | None) -> Array:
        if given is None:
            rate = self.spec.io.input_bytes_per_cycle
            return -(-np.arange(1, n + 1, dtype=np.int64) * work.input_bytes // rate)
        array = np.asarray(given)
        if array.shape != (n,) or not np.issubdtype(array.dtype, np.integer):
            raise UserError(f"arrival_cycles must be {n} integers, one a query.")
        if n and not 0 <= int(array.min()) <= int(array.max()) < MAX_ARRIVAL:
            raise UserError("arrival_cycles must be from 0 to 2^62.")
        return np.ascontiguousarray(array, dtype=np.int64)

    def timing(self, work: NfpWork) -> Timing:
        """Cycles and actions of a stream."""
        service = self.encoding.service(work.workload.encoding, work.positions)
        n = len(service.reads)
        arrivals = self._arrivals(work.workload, n, work.arrival_cycles)
        run = self.replay(work.workload, service, arrivals)
        batches = len(run.batch_end_cycles)
        return Timing(run.cycles, run.cycles, self.actions(work.workload, n, int(service.reads.sum()), batches))

    def actions(self, work: Workload, n_queries: int, entries_read: int, n_batches: int) -> Mapping[str, int]:
        """Counted actions of ``n_queries``: encoding, MLP, feature buffer and ports."""
        features = n_queries * work.encoding.width * OPERAND_BYTES
        outputs = n_queries * work.output_bytes
        encoding = self.encoding.actions(work.encoding, n_queries, entries_read)
        entry_bytes = work.encoding.n_features_per_level * self.spec.encoding.feature_bytes
        return {
            **encoding,
            "grid_sram_read_bytes": encoding.get("grid_sram_read", 0) * entry_bytes,
            **self.mlp.actions(work, n_queries, n_batches),
            "feature_buffer_write_bytes": features,
            "feature_buffer_read_bytes": features,
            "output_fifo_bytes": 2 * outputs,
            "input_bytes": n_queries * work.input_bytes,
            "output_bytes": outputs,
        }


#: what a class in the place of an NFP must have
NEEDS = ("replay", "actions", "timing")


def neural_fields_processor(spec: NfpSpec) -> Nfp:
    """The NFP that a spec names, built in or a plug-in."""
    if spec.model == BUILTIN:
        return Nfp(spec)
    nfp: Nfp = build(spec.model, NEEDS, spec)
    return nfp
