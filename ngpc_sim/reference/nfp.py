"""One NFP as processes: an encoding engine for each slot of every group, the MLP array and the output port.

A query is an object that passes from one process to the next.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import simpy

from ngpc_sim.engines.grid_cache import L2Shape
from ngpc_sim.engines.nfp import IDEAL_PATH, MissPath, NfpSpec
from ngpc_sim.kernels.causes import CAUSES
from ngpc_sim.reference.caches import Asked, Fetches
from ngpc_sim.reference.lookups import asked_lines, by_slot, lookups, slot_base_cycles, slot_cycles
from ngpc_sim.reference.subgrids import Run, Runs, cut_levels, fill_bytes, in_scope, subgrid
from ngpc_sim.results.stall_causes import CHARGED
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
Process = Generator[simpy.Event, Any, None]


@dataclass(frozen=True)
class _Handed:
    """A query as it is handed over: cycles and missing lines on every slot, arrival, and its subgrid or ``None``."""

    slots: tuple[int, ...]
    asked: tuple[Asked, ...]
    arrival: int
    subgrid: int | None


@dataclass
class _Batch:
    """Queries that enter the MLP engine together."""

    number: int
    full: simpy.Event
    ready: simpy.Event
    queries: int = 0
    missing: int = 0
    closed: bool = False
    held: list[_Handed] = field(default_factory=list)


@dataclass
class _Service:
    """Work of one encoding engine for one batch: when it began and was free again, busy cycles, queries, waits."""

    began: int
    free: int
    busy: int = 0
    queries: int = 0
    held: int = 0
    ready: int = 0


@dataclass(frozen=True)
class _Query:
    """A query: its cycles and missing lines on every slot, the arrival of its inputs, its batch, and its run."""

    number: int
    slots: tuple[int, ...]
    asked: tuple[Asked, ...]
    arrival: int
    batch: _Batch
    run: Run | None


@dataclass(frozen=True)
class Issue:
    """A query on an encoding engine: from ``start`` for ``cycles``."""

    query: int
    group: int
    slot: int
    start: int
    cycles: int


@dataclass(frozen=True)
class BatchLog:
    """One batch: start S, results E, last output O and end F on the array, and cycles of the array by cause.

    ``waits_for`` is the slot for whose features the batch waited.
    """

    start: int
    end: int
    output: int
    free: int
    queries: int
    busy: int
    stalls: dict[str, int]
    waits_for: int


class ReferenceNfp:
    """One NFP as processes in ``env``; queries are handed to it in order, commands are closed."""

    def __init__(
        self,
        env: simpy.Environment,
        spec: NfpSpec,
        work: Workload,
        path: MissPath = IDEAL_PATH,
    ) -> None:
        self.env, self.spec, self.work = env, spec, work
        encoding, levels = spec.encoding, work.encoding.n_levels
        copies = max(1, encoding.engines // levels)
        parts = copies if encoding.sharing == "partition" else 1
        self.n_groups = copies // parts
        self.n_slots = min(encoding.engines, levels)
        self.base = slot_base_cycles(encoding, work.encoding)
        self.streamed = {level % self.n_slots for level in cut_levels(encoding, work.encoding)}
        come = -(-fill_bytes(encoding, work.encoding) // encoding.subgrid_fill_bytes_per_cycle)
        self.runs = Runs(env, path.l2_latency_cycles + path.dram_latency_cycles + come, len(self.streamed))
        stages = encoding.latency_cycles
        self.before_tags = stages.pos_fract + stages.grid_index
        self.behind_data = stages.grid_sram + stages.interpol_weights
        self.latency = self.before_tags + self.behind_data
        self.tail = spec.mlp.pipeline_depth if spec.mlp.dataflow == "layer_serial" else 0
        self.fifo = spec.io.output_fifo_queries // spec.mlp.batch_queries
        self.log: list[BatchLog] = []
        self.issues: list[Issue] = []
        self.array_free = 0
        self.handed = self.released = 0
        self.ran_dry = env.event()
        self.batches: list[_Batch] = []
        self.batch_of_query: list[int] = []
        self.halves: dict[int, simpy.Event] = {}
        self.half_free_at: dict[int, int] = {}
        self.room: dict[int, simpy.Event] = {}
        self.new_batch = env.event()
        slots = range(self.n_slots)
        self.queues = [[simpy.Store(env) for _ in slots] for _ in range(self.n_groups)]
        self.waiting = [[0 for _ in slots] for _ in range(self.n_groups)]
        latencies = path.l2_latency_cycles, path.dram_latency_cycles
        self.fetches = [[Fetches(encoding.outstanding_lines, *latencies) for _ in slots] for _ in range(self.n_groups)]
        self.served: list[list[dict[int, _Service]]] = [[{} for _ in slots] for _ in range(self.n_groups)]
        for group in range(self.n_groups):
            for slot in slots:
                env.process(self._engine(group, slot))
        env.process(self._mlp())

    @property
    def is_dry(self) -> bool:
        """Whether an encoding engine has nothing to do."""
        return any(count == 0 for group in self.waiting for count in group)

    def hand(
        self,
        slots: tuple[int, ...],
        asked: tuple[Asked, ...] = (),
        arrival: int | None = None,
        subgrid: int | None = None,
    ) -> None:
        """Hand over the next query; its inputs arrive as the port delivers them, or at ``arrival``.

        Where batches are sorted, the queries of one are served when it is closed.
        """
        if not self.batches or self.batches[-1].closed:
            self._open_batch()
        batch = self.batches[-1]
        if arrival is None:
            arrival = -(-(self.handed + 1) * self.work.input_bytes // self.spec.io.input_bytes_per_cycle)
        self.handed += 1
        self.batch_of_query.append(batch.number)
        batch.queries += 1
        batch.missing += self.n_slots
        query = _Handed(slots, asked, arrival, subgrid)
        if self.spec.encoding.reorder == "batch" and subgrid is not None:
            batch.held.append(query)
        else:
            self._release(batch, query, arrival)
        if batch.queries == self.spec.mlp.batch_queries:
            self.close()

    def close(self, at: int = 0) -> None:
        """End a command: at cycle ``at`` a batch that is not full is closed and processed as it is."""
        if self.batches and not self.batches[-1].closed:
            batch = self.batches[-1]
            for query in sorted(batch.held, key=lambda held: held.subgrid or 0):
                self._release(batch, query, max(held.arrival for held in batch.held))
            batch.closed = True
            self.env.process(self._fill(self.batches[-1], max(0, at - self.now)))

    def _release(self, batch: _Batch, query: _Handed, arrival: int) -> None:
        """Pass a query to its engines, for which it is there at ``arrival``."""
        number, self.released = self.released, self.released + 1
        run = None if query.subgrid is None else self.runs.enter(query.subgrid, arrival)
        for slot in range(self.n_slots):
            self.waiting[number % self.n_groups][slot] += 1
            released = _Query(number, query.slots, query.asked, arrival, batch, run)
            self.queues[number % self.n_groups][slot].put(released)

    def _fill(self, batch: _Batch, delay: int) -> Process:
        yield self.env.timeout(delay)
        batch.full.succeed()

    def _open_batch(self) -> None:
        number = len(self.batches)
        self.batches.append(_Batch(number, self.env.event(), self.env.event()))
        self.halves[number] = self.env.event()
        self.room[number] = self.env.event()
        waiting, self.new_batch = self.new_batch, self.env.event()
        waiting.succeed()

    @property
    def now(self) -> int:
        """The present cycle."""
        return int(self.env.now)

    def _engine(self, group: int, slot: int) -> Process:
        """One encoding engine: issue each query when its inputs are there and engine and buffer are free."""
        free = ready = 0
        while True:
            query = yield self.queues[group][slot].get()
            number = query.batch.number
            service = self.served[group][slot].setdefault(number, _Service(free, free, ready=ready))
            if query.arrival > self.now:
                yield self.env.timeout(query.arrival - self.now)
            if number >= 2:
                yield self.halves[number - 2]
            run = query.run if slot in self.streamed else None
            if run is not None:
                waited = self.now
                yield run.filled
                service.held += self.now - waited
            cycles = query.slots[slot]
            self.issues.append(Issue(query.number, group, slot, self.now, cycles))
            tagged = self.now + cycles - 1 + self.before_tags
            features, held = tagged + self.behind_data, 0
            asked = query.asked[slot] if query.asked else Asked()
            if asked.missing:
                entered, came = self.fetches[group][slot].fetch(tagged, asked)
                held = entered - tagged
                service.held += held
                features = max(features, came + self.behind_data)
            ready = service.ready = max(ready, features)
            free = service.free = self.now + cycles + held
            service.busy += cycles
            service.queries += 1
            self.env.process(self._features(query.batch, ready - self.now))
            yield self.env.timeout(cycles + held)
            if run is not None:
                self.runs.served(run)
            self.waiting[group][slot] -= 1
            if self.waiting[group][slot] == 0 and not self.ran_dry.triggered:
                self.ran_dry.succeed()

    def _features(self, batch: _Batch, delay: int) -> Process:
        """Features of one query and slot reach the feature buffer."""
        yield self.env.timeout(delay)
        batch.missing -= 1
        yield batch.full
        if batch.missing == 0 and not batch.ready.triggered:
            batch.ready.succeed()

    def _mlp(self) -> Process:
        """The MLP array: batch after batch, released when the output FIFO will have room."""
        matrices = self.work.matrices()
        tiles = [-(-i // self.spec.mlp.rows) * -(-o // self.spec.mlp.cols) for i, o in matrices]
        booked = 0
        for number in itertools.count():
            if number == len(self.batches):
                yield self.new_batch
            batch = self.batches[number]
            yield batch.ready
            start, n = self.now, batch.queries
            stalls, slot = self._wait_by_cause(number, start - self.array_free)
            tile = self._tile_cycles(n)
            yield self.env.timeout(tile * tiles[0])
            self.half_free_at[number] = self.now
            self.halves[number].succeed()
            yield self.env.timeout(tile * sum(tiles[1:]))
            finished = self.now
            if number >= self.fifo:
                yield self.room[number - self.fifo]
            free = self.array_free = self.now
            io = self.spec.io
            cycle_bytes = io.output_bytes_per_cycle * io.queries_per_output
            booked = max(free + self.tail, booked) + -(-n * self.work.output_bytes // cycle_bytes)
            self.env.process(self._give_room(number, booked - self.tail - free))
            longest = len(range(0, n, self.spec.mlp.arrays))
            stalls["mlp_fill"] = (tile - longest) * sum(tiles)
            stalls["output"] = free - finished
            self.log.append(BatchLog(start, free + self.tail, booked, free, n, longest * sum(tiles), stalls, slot))

    def _give_room(self, number: int, delay: int) -> Process:
        """Make room ``tail`` cycles before the batch has left the FIFO: results that set out then arrive behind it."""
        yield self.env.timeout(delay)
        self.room[number].succeed()

    def _tile_cycles(self, n: int) -> int:
        mlp = self.spec.mlp
        n = max(sum(query % mlp.arrays == array for query in range(n)) for array in range(mlp.arrays))
        loading = len(range(0, mlp.rows, mlp.weight_rows_per_cycle))
        if mlp.dataflow == "systolic_ws":
            last_unit = mlp.pe_stages * (mlp.rows - 1 + mlp.cols - 1)
            return loading + (n - 1) + last_unit + mlp.pe_stages
        streaming = max(n, mlp.pipeline_depth)
        return max(streaming, loading) if mlp.weight_double_buffer else loading + streaming

    def _wait_by_cause(self, number: int, gap: int) -> tuple[dict[str, int], int]:
        """Charge the array's wait for a batch to the causes for which its slowest engine lost time.

        Returns the cycles by cause, and the slot of that engine.
        """
        stalls = dict.fromkeys(CAUSES, 0)
        slowest, slot = self._slowest(number)
        if gap == 0:
            return stalls, slot
        waits = slowest.ready - (slowest.free - 1 + self.latency)
        idle = slowest.free - slowest.held - slowest.began - slowest.busy
        late_buffer = min(max(0, self.half_free_at.get(number - 2, 0) - slowest.began), idle)
        late_input = idle - late_buffer + max(0, self.now - max(slowest.ready, self.array_free))
        lost = {
            "input": late_input,
            "bank_conflict": slowest.busy - slowest.queries * self.base[slot],
            "miss_latency": slowest.held + waits,
            "feature_buffer": late_buffer,
            "encoding": gap,
        }
        for cause in CHARGED:
            stalls[cause] = min(gap, lost[cause])
            gap -= stalls[cause]
        return stalls, slot

    def _slowest(self, number: int) -> tuple[_Service, int]:
        """Work of the engine that is the last to have the features of a batch, and its slot."""
        slowest, at = _Service(0, 0, ready=-1), 0
        for services in self.served:
            for slot, by_batch in enumerate(services):
                latest = max((k for k in by_batch if k <= number), default=-1)
                last = by_batch.get(latest, _Service(0, 0, ready=self.latency - 1))
                here = last
                if latest != number:
                    here = _Service(last.free, last.free, ready=last.ready)
                if here.ready > slowest.ready:
                    slowest, at = here, slot
        return slowest, at


def run_nfp(
    spec: NfpSpec,
    work: Workload,
    positions: Array,
    arrivals: Iterable[int | None] | None = None,
    l2: L2Shape | None = None,
    path: MissPath = IDEAL_PATH,
) -> tuple[list[BatchLog], list[int]]:
    """Replay a stream on one NFP: its batches, and the cycle at which each query is done."""
    env = simpy.Environment()
    nfp = ReferenceNfp(env, spec, work, path)
    cut = bool(cut_levels(spec.encoding, work.encoding))
    numbers = [subgrid(spec.encoding, position) for position in positions] if cut else [0] * len(positions)
    order = in_scope(spec.encoding, spec.mlp.batch_queries, numbers)
    found = lookups(spec.encoding, work.encoding, positions[order])
    missed = asked_lines(spec.encoding, work.encoding, found, l2)
    served = dict(zip(order, zip(slot_cycles(spec.encoding, found), missed, strict=True), strict=True))
    given = [None] * len(order) if arrivals is None else list(arrivals)
    handed = order if spec.encoding.reorder == "frame" else sorted(order)
    for query in handed:
        slots, row = served[query]
        nfp.hand(slots, by_slot(spec.encoding, row), given[query], numbers[query] if cut else None)
    nfp.close()
    env.run()
    ends = dict(zip(handed, nfp.batch_of_query, strict=True))
    return nfp.log, [nfp.log[ends[query]].end for query in range(len(order))]
