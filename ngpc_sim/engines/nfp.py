"""NFP: encoding engines -> feature buffer (two halves) -> MLP engine -> output FIFO.

The neural fields processor of the paper's figure. All times are starts of cycles, integers from 0. With
B = ``batch_queries``, query i in batch k = i div B, c(l,i) its interval on level l, P queries side by side::

    s(l,i) = max(a(i), s(l,i-P) + c(l,i-P) + h(l,i-P), R(k-2))   issue on each level's engine
    d(l,i) = s + c - 1 + lat                                features there, unless lines are missing
    r(k)   = max of d over its queries and levels
    S(k)   = max(r(k), F(k-1))                              MLP array taken
    F(k)   = max(S(k) + busy(n_k), O(k-m) - tail)           free, m = output_fifo_queries div B, at least 1
    E(k)   = F(k) + tail                                    results
    R(k)   = S(k) + share of busy(n_k) of the first matrix  feature buffer half free
    O(k)   = max(E(k), O(k-1)) + ceil(n_k x out_bytes / (queries_per_output x output_bytes_per_cycle))

Where a query misses lines of a cached level, its tags are known at ``t = s + c - 1 + pos_fract + grid_index``. Its
j-th line enters the engine's window of W = ``outstanding_lines`` when the line W before it has come, and comes a
latency later (of L2, and of DRAM on top where L2 misses too), never before an earlier line of the engine (in-order
retirement, after Igehy et al., "Prefetching in a Texture Cache Architecture", 1998)::

    e(j) = max(t, A(j-W))                                   A(j) = max(A(j-1), e(j) + latency)
    h(l,i) = e(last) - t, the engine waits for its window
    d(l,i) = max(s + c - 1 + lat, A(last) + grid_sram + interpol_weights, d(l,i-P))

Lines that are in L2 are asked for before those that are not. Without latency all this is ``assume_fit``. h is 0 without
misses. The bandwidth behind the NFPs is shared in the frame (:mod:`ngpc_sim.frame`): an NFP counts what it asks of it.

Every cycle up to the last O in which the MLP array does not advance a query has one cause
(:data:`CAUSES`): a wait for r(k) goes first to late inputs, then to bank conflicts, then to the latency of misses,
then to the feature buffer, then to encoding throughput and latency, each at most by what the slowest engine lost to it
in that batch; the engine's levels are charged with it. Nothing here is an efficiency factor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.plugins import BUILTIN, Check, WrongAnswerError, build, checked, giver
from ngpc_sim.config.schema import Field, Spec, field_validator, model_validator
from ngpc_sim.engines import answers
from ngpc_sim.engines.encoding_engine import encoding_engine, serve
from ngpc_sim.engines.encoding_spec import EncodingSpec
from ngpc_sim.engines.grid_cache import L2Shape
from ngpc_sim.engines.grid_index import checked_positions
from ngpc_sim.engines.mlp_engine import OPERAND_BYTES, MlpSpec, mlp_engine
from ngpc_sim.engines.service import Service
from ngpc_sim.engines.subgrids import engine_order, fills_of, lookup_bytes, order_of, scopes, served_in_order
from ngpc_sim.engines.timing import Timing
from ngpc_sim.kernels.causes import BUSY, CAUSES
from ngpc_sim.kernels.cluster import WAITED, Asked, BatchLog, Subtables, replay_cluster
from ngpc_sim.kernels.nfp import Constants, State, fill_arrivals, idle
from ngpc_sim.machine.store import Store
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]

#: arrivals below this leave room for any replay behind them in 64 bits
MAX_ARRIVAL = 1 << 62
#: tables by batch size that are kept for the next NFP with the same built-in MLP engine
KEPT_TABLES = 64

TABLES: Store[Array] = Store(KEPT_TABLES)


class IoSpec(Spec):
    """Ports of an NFP."""

    input_bytes_per_cycle: int = Field(ge=1, le=1 << 20, description="width of the input port in bytes per cycle")
    output_bytes_per_cycle: int = Field(ge=1, le=1 << 20, description="width of the output port in bytes per cycle")
    output_fifo_queries: int = Field(ge=1, le=1 << 20, description="results that the output FIFO holds")
    queries_per_output: int = Field(
        default=1, ge=1, le=65536, description="queries whose results leave as one, composited on the chip"
    )

    @property
    def ports(self) -> tuple[int, int]:
        """Bytes of inputs, and of results before they are composited, that pass in a cycle."""
        return self.input_bytes_per_cycle, self.output_bytes_per_cycle * self.queries_per_output

    def output_bytes(self, results: int) -> int:
        """Bytes that leave of so many bytes of results."""
        return -(-results // self.queries_per_output)


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

    @model_validator(mode="after")
    def _batches_fit(self) -> NfpSpec:
        room, batch = self.io.output_fifo_queries, self.mlp.batch_queries
        if room < batch:
            raise ValueError(
                f"nfp.io.output_fifo_queries of {room} should be at least nfp.mlp.batch_queries, {batch}: results of "
                "a whole batch wait there"
            )
        window = self.encoding.reorder_window
        if batch % window:
            raise ValueError(
                f"nfp.mlp.batch_queries of {batch} should be a multiple of nfp.encoding.reorder_window, {window}: a "
                "window does not reach over a batch"
            )
        return self


@dataclass(frozen=True)
class NfpWork:
    """A stream of queries for one NFP: workload, (n, D) float32 positions, optional (n,) arrival cycles."""

    workload: Workload
    positions: Array
    arrival_cycles: Array | None = None


@dataclass(frozen=True)
class MissPath:
    """Where missing lines come from: cycles of a line from L2, and what DRAM adds. Without them: no latency."""

    l2_latency_cycles: int = 0
    dram_latency_cycles: int = 0

    @property
    def latencies(self) -> Array:
        """(2,) int64 as the kernels take it."""
        return np.array((self.l2_latency_cycles, self.dram_latency_cycles), np.int64)


IDEAL_PATH = MissPath()


@dataclass(frozen=True)
class NfpRun:
    """One NFP's replay, in its cycles.

    ``batch_start_cycles`` S and ``batch_end_cycles`` E by batch; ``done_cycles`` (n,) E of each query's
    batch; ``cycles`` the last O; ``stalls`` by cause; ``busy_cycles`` of the MLP array advancing queries.
    ``busy_cycles`` and all stalls add up to ``cycles``. ``level_stalls`` (slots, causes) int64: of the stalls, the
    waits for the features of each engine slot. ``subgrid_fills``: how often the subtables of a subgrid came.
    """

    batch_start_cycles: Array
    batch_end_cycles: Array
    done_cycles: Array
    cycles: int
    busy_cycles: int
    stalls: Mapping[str, int]
    level_stalls: Array
    subgrid_fills: int = 0


class Nfp:
    """One neural fields processor as a pure function of its spec; itself an engine."""

    def __init__(self, spec: NfpSpec) -> None:
        self.spec = spec
        self.encoding = encoding_engine(spec.encoding)
        self.mlp = mlp_engine(spec.mlp)
        self._tables = TABLES if spec.mlp.model == BUILTIN else Store[Array](KEPT_TABLES)

    def constants(self, work: Workload, base_cycles: Array) -> Constants:
        """What the kernels know of the NFP; ``base_cycles`` (slots,) int64."""
        stages, latency = self.spec.encoding.latency_cycles, self.encoding.latency_cycles
        behind = min(stages.grid_sram + stages.interpol_weights, latency)
        before = latency - behind
        return Constants(base_cycles, self._batch_tables(work), before, behind, self.mlp.tail_cycles)

    def idle(self, work: Workload, slots: int, n_nfps: int, *, cached: bool) -> State:
        """State of so many NFPs at cycle 0; ``cached``: whether lines can be missed."""
        window = self.spec.encoding.outstanding_lines if cached else 0
        fifo_batches = self.spec.io.output_fifo_queries // self.spec.mlp.batch_queries
        return idle(n_nfps, self.encoding.side_by_side(work.encoding), slots, window, fifo_batches)

    def _batch_tables(self, work: Workload) -> Array:
        """Busy, first-matrix and useful cycles of the MLP engine by batch size, (3, B + 1) int64."""
        sizes = range(self.spec.mlp.batch_queries + 1)
        rows = (self.mlp.busy_cycles, self.mlp.first_matrix_cycles, self.mlp.useful_cycles)

        def tables() -> Array:
            table = np.array([[row(work, n) for n in sizes] for row in rows], dtype=np.int64)
            if (table[1:] > table[0]).any():
                raise UserError(
                    f"plug-in '{self.spec.mlp.model}': first_matrix_cycles and useful_cycles must be at most "
                    "busy_cycles."
                )
            return table

        return self._tables.get((self.spec.mlp.model_dump_json(), work), tables)

    def run(
        self,
        work: Workload,
        positions: Array,
        arrival_cycles: Array | None = None,
        *,
        l2: L2Shape | None = None,
        path: MissPath = IDEAL_PATH,
    ) -> NfpRun:
        """Replay a stream of queries from cycle 0, tables loaded.

        Parameters
        ----------
        work
            The workload.
        positions
            (n, D) float32.
        arrival_cycles
            (n,) integers, when each query is at the NFP; without it the input port delivers query i at
            ``ceil((i + 1) x input_bytes / input_bytes_per_cycle)``.
        l2, path
            What lies behind cached levels; without them nothing that a level misses costs time.
        """
        service = self._served(work, positions, l2)
        return self.replay(work, service, self._came(work, service, arrival_cycles), path)

    def replay(self, work: Workload, service: Service, came: Array, path: MissPath = IDEAL_PATH) -> NfpRun:
        """Replay a stream whose intervals are known already; ``came`` (n,) int64: when each query is at the NFP."""
        batch, n, slots = self.spec.mlp.batch_queries, len(service.reads), service.slot_cycles.shape[1]
        nfp = self.idle(work, slots, 1, cached=service.misses is not None)
        ports = np.array((0, 0, work.output_bytes, self.spec.io.ports[1]), np.int64)
        missing, far = service.lines_by_slot()
        order, came = self._in_order(service, came)
        subtables = self.subtables(service, path)
        asked = Asked(order, service.slot_cycles, missing, far, came, np.zeros(min(n, 1), np.int64), n, subtables)
        times = np.zeros((1, -(-n // batch), 2), np.int64)
        ends = np.zeros((1, 1), np.int64)
        log = batch_log(nfp, times)
        replay_cluster(asked, nfp, self.constants(work, service.base_cycles), ports, path.latencies, ends, log)
        starts, ended = times[0].T.copy()
        done = np.empty(n, np.int64)
        done[order] = np.repeat(ended, batch)[:n]
        waits = nfp.waits[0]
        causes = {name: int(waits[:, column].sum()) for column, name in enumerate(CAUSES)}
        by_slot = waits[:slots, : len(CAUSES)]
        own = starts, ended, done, int(ends[0, 0]), int(waits[-1, BUSY]), causes, by_slot
        return NfpRun(*own, subgrid_fills=int(log.fills[0]))

    def _served(self, work: Workload, positions: Array, l2: L2Shape | None = None) -> Service:
        """Service of a stream in the order in which its queries pass the engines."""
        spec, positions = self.spec, checked_positions(work.encoding, positions)
        groups = scopes(spec.encoding, spec.mlp.batch_queries, np.zeros(len(positions), np.int64))
        order = engine_order(spec.encoding, work.encoding, positions, groups)
        return served_in_order(order, positions, partial(serve, self.encoding, work.encoding, l2=l2))

    def _in_order(self, service: Service, came: Array) -> tuple[Array, Array]:
        """Rows (n,) of a stream in the order served, and when each of these can be: with the last of a sorted batch."""
        spec, batch, n = self.spec.encoding, self.spec.mlp.batch_queries, len(came)
        if service.subgrids is None or spec.reorder == "none" or not n:
            return np.arange(n), came
        order = order_of(spec, service.subgrids.numbers, scopes(spec, batch, np.zeros(n, np.int64)))
        if spec.reorder == "frame":
            return order, came[order]
        last = np.maximum.reduceat(came, np.arange(0, n, batch))
        return order, np.repeat(last, batch)[:n]

    def subtables(self, service: Service, path: MissPath, ahead: Array | None = None) -> Subtables:
        """Subtables that the queries of ``service`` read, as the kernels take them."""
        none, cut = np.zeros(0, np.int64), service.subgrids
        if cut is None:
            return Subtables(np.zeros(0, np.int32), np.zeros(service.slot_cycles.shape[1], np.bool_), 0, none)
        cycles = int(path.latencies.sum()) + -(-cut.bytes // self.spec.encoding.subgrid_fill_bytes_per_cycle)
        return Subtables(cut.numbers, cut.slots, cycles, none if ahead is None else ahead)

    def _came(self, work: Workload, service: Service, given: Array | None) -> Array:
        """When each query is at the NFP; those of a sorted frame come through the port in their new order."""
        came = self._arrivals(work, len(service.reads), given)
        if given is not None or self.spec.encoding.reorder != "frame":
            return came
        order, _ = self._in_order(service, came)
        sooner = np.empty_like(came)
        sooner[order] = came
        return sooner

    def _arrivals(self, work: Workload, n: int, given: Array | None) -> Array:
        if given is None:
            came = np.empty(n, np.int64)
            fill_arrivals(came, 0, work.input_bytes, self.spec.io.input_bytes_per_cycle)
            return came
        array = np.asarray(given)
        if array.shape != (n,) or not np.issubdtype(array.dtype, np.integer):
            raise UserError(f"arrival_cycles must be {n} integers, one a query.")
        if n and not 0 <= int(array.min()) <= int(array.max()) < MAX_ARRIVAL:
            raise UserError("arrival_cycles must be from 0 to 2^62.")
        return np.ascontiguousarray(array, dtype=np.int64)

    def timing(self, work: NfpWork) -> Timing:
        """Cycles and actions of a stream."""
        service = self._served(work.workload, work.positions)
        n = len(service.reads)
        arrivals = self._came(work.workload, service, work.arrival_cycles)
        run = self.replay(work.workload, service, arrivals)
        batches = len(run.batch_end_cycles)
        counted = self.actions(work.workload, n, int(service.reads.sum()), batches)
        return Timing(run.cycles, run.cycles, {**counted, **fills_of(service, run.subgrid_fills)})

    def actions(self, work: Workload, n_queries: int, entries_read: int, n_batches: int) -> Mapping[str, int]:
        """Counted actions of ``n_queries``: encoding, MLP, feature buffer and ports."""
        features = n_queries * work.encoding.width * OPERAND_BYTES
        outputs = n_queries * work.output_bytes
        encoding = self.encoding.actions(work.encoding, n_queries, entries_read)
        entry_bytes = work.encoding.n_features_per_level * self.spec.encoding.feature_bytes
        return {
            **encoding,
            **lookup_bytes(self.spec.encoding, work.encoding, n_queries),
            "grid_sram_read_bytes": encoding.get("grid_sram_read", 0) * entry_bytes,
            **self.mlp.actions(work, n_queries, n_batches),
            "feature_buffer_write_bytes": features,
            "feature_buffer_read_bytes": features,
            "output_fifo_bytes": 2 * outputs,
            "input_bytes": n_queries * work.input_bytes,
            "output_bytes": self.spec.io.output_bytes(outputs),
        }


def batch_log(nfps: State, times: Array, batches: int = 0) -> BatchLog:
    """Room for S and E of as many batches as ``times`` (N, b, 2) has, and for all of ``batches`` of every NFP."""
    n_nfps, rows, groups, slots = nfps.engines.shape
    waits, engines = (n_nfps, batches, WAITED), (n_nfps, batches, rows, groups, slots)
    return BatchLog(times, np.zeros(waits, np.int64), np.zeros(engines, np.int64), np.zeros(n_nfps, np.int64))


def has_built_in_replay(nfp: Nfp) -> bool:
    """Whether an NFP's queries are replayed by the kernels; a plug-in may have a replay of its own."""
    return giver(nfp, "replay") is Nfp


def _replayed(answer: Any, _: object = None, service: Service | None = None, *__: Any, **___: Any) -> NfpRun:  # noqa: ANN401
    """Check of a replay of the queries of ``service``: every cycle is busy, or has a cause."""
    run: NfpRun = answers.is_a(answer, NfpRun)
    shapes: dict[str, tuple[int | None, ...]] = {
        "batch_start_cycles": (None,),
        "batch_end_cycles": (None,),
        "done_cycles": (None if service is None else len(service.reads),),
        "level_stalls": (None if service is None else service.slot_cycles.shape[1], len(CAUSES)),
    }
    times: dict[str, Any] = {
        name: answers.array(name, getattr(run, name), shape, np.int64) for name, shape in shapes.items()
    }
    cycles, at_work = (answers.named(name, getattr(run, name)) for name in ("cycles", "busy_cycles"))
    stalls = answers.actions(run.stalls)
    if set(stalls) != set(CAUSES):
        raise WrongAnswerError(f"give stalls by {', '.join(CAUSES)}, not by {', '.join(sorted(stalls))}")
    total = at_work + sum(stalls.values())
    if total != cycles:
        raise WrongAnswerError(f"give busy_cycles and stalls that add up to its {cycles} cycles, not to {total}")
    return replace(run, **times, cycles=cycles, busy_cycles=at_work, stalls=stalls)


#: what a class in the place of an NFP must have, and what its answers must be
NEEDS: Mapping[str, Check] = {"replay": _replayed, "actions": answers.actions, "timing": answers.timing}


def neural_fields_processor(spec: NfpSpec) -> Nfp:
    """The NFP that a spec names, built in or a plug-in."""
    if spec.model == BUILTIN:
        return Nfp(spec)
    nfp: Nfp = build(spec.model, NEEDS, spec)
    return nfp
