"""Reference level: the NFP and the cluster as SimPy processes, one event a query and stage.

Written to be read, not to be fast, and sharing no arithmetic with the kernels of ``ngpc_sim.engines``: only
the configuration, the level constants of the workload, and the result type. ``detail: cycle`` must equal it
to the cycle, for any trace. The clock of these environments counts NFP cycles.

Processes of one NFP: an encoding engine a slot of every group, the MLP array, and the output port's
bookings. A query is an object that passes from one to the next.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from ngpc_sim.engines.cluster import ClusterRun, ClusterSpec, ClusterWork
from ngpc_sim.engines.encoding_engine import EncodingSpec, Service
from ngpc_sim.engines.nfp import CAUSES, Nfp, NfpSpec
from ngpc_sim.workload import LINEAR_CAP, GridEncoding, GridLevel, Workload, grid_levels

Array = np.ndarray[Any, Any]
Process = Generator[simpy.Event, Any, None]
#: primes of the coherent-prime hash, tiny-cuda-nn common_device.h:767-791
HASH_PRIMES = (1, 2654435761, 805459861, 3674653429)


@dataclass(frozen=True)
class Lookup:
    """One query on one level: cycles of its initiation interval, and distinct entries read."""

    cycles: int
    reads: int


def lookups(spec: EncodingSpec, encoding: GridEncoding, positions: Array) -> list[list[Lookup]]:
    """Interval and reads of every query (outer) and level (inner)."""
    side_by_side = max(1, spec.engines // encoding.n_levels)
    columns = [_level_lookups(spec, encoding, level, positions, side_by_side) for level in grid_levels(encoding)]
    return [list(row) for row in zip(*columns, strict=True)]


def _level_lookups(
    spec: EncodingSpec, encoding: GridEncoding, level: GridLevel, positions: Array, side_by_side: int
) -> list[Lookup]:
    scaled = (positions.astype(np.float64) * np.float64(level.scale) + 0.5).astype(np.float32)
    whole = np.clip(np.floor(scaled.astype(np.float64)), -(2.0**31), 2.0**31 - 1).astype(np.int64)
    cells = [tuple(int(c) % 2**32 for c in cell) for cell in whole]
    index_cycles = -(-(2**encoding.n_dims) // spec.corner_lanes)
    answers: list[Lookup] = []
    for i, cell in enumerate(cells):
        before = cells[i - side_by_side] if i >= side_by_side else None
        if spec.reuse == "last_voxel" and cell == before:
            answers.append(Lookup(max(1, index_cycles), 0))
            continue
        entries = {_entry(encoding, level, cell, corner) for corner in range(2**encoding.n_dims)}
        answers.append(Lookup(max(1, index_cycles, _bank_cycles(spec, entries)), len(entries)))
    return answers


def _entry(encoding: GridEncoding, level: GridLevel, cell: tuple[int, ...], corner: int) -> int:
    """Table entry of a corner: linear where the table holds the grid, else hashed; always modulo."""
    moved = [(c + (corner >> axis) % 2) % 2**32 for axis, c in enumerate(cell)]
    index = 0
    if level.hashed:
        for c, prime in zip(moved, HASH_PRIMES, strict=False):
            index ^= c * prime % 2**32
    elif level.resolution <= LINEAR_CAP[encoding.n_dims]:
        index = sum(c * level.resolution**axis for axis, c in enumerate(moved)) % 2**32
    return index % level.entries


def _bank_cycles(spec: EncodingSpec, entries: set[int]) -> int:
    if spec.banks == "ideal":
        return 1
    in_bank = [0] * spec.banks
    for entry in entries:
        in_bank[_bank(spec.bank_map, spec.banks, entry)] += 1
    return max(-(-count // spec.read_ports) for count in in_bank)


def _bank(bank_map: str, banks: int, entry: int) -> int:
    if bank_map == "low_bits" or banks == 1:
        return entry % banks
    bank = 0
    while entry:
        entry, group = divmod(entry, banks)
        bank ^= group
    return bank


@dataclass
class _Batch:
    """Queries that enter the MLP engine together."""

    number: int
    full: simpy.Event
    ready: simpy.Event
    queries: int = 0
    missing: int = 0
    closed: bool = False


@dataclass
class _Service:
    """What one encoding engine did for one batch: free before, free behind, busy cycles, queries."""

    began: int
    free: int
    busy: int = 0
    queries: int = 0


@dataclass(frozen=True)
class _Query:
    """A query on its way: its cycles on every slot, when its inputs are there, its batch."""

    number: int
    slots: tuple[int, ...]
    arrival: int
    batch: _Batch


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
    """One batch: array taken S, results E, last output O, array free F; cycles of the array by cause."""

    start: int
    end: int
    output: int
    free: int
    queries: int
    busy: int
    stalls: dict[str, int]


class ReferenceNfp:
    """One NFP as processes in ``env``; queries are handed to it in order, commands are closed."""

    def __init__(self, env: simpy.Environment, spec: NfpSpec, work: Workload, rates: tuple[int, int]) -> None:
        self.env, self.spec, self.work = env, spec, work
        self.in_rate, self.out_rate = rates
        encoding, levels = spec.encoding, work.encoding.n_levels
        self.n_groups = max(1, encoding.engines // levels)
        self.n_slots = min(encoding.engines, levels)
        index_cycles = -(-(2**work.encoding.n_dims) // encoding.corner_lanes)
        self.base = [len(range(slot, levels, self.n_slots)) * index_cycles for slot in range(self.n_slots)]
        self.latency = sum(encoding.latency_cycles.model_dump().values())
        self.tail = spec.mlp.pipeline_depth if spec.mlp.dataflow == "layer_serial" else 0
        self.fifo = max(1, spec.io.output_fifo_queries // spec.mlp.batch_queries)
        self.log: list[BatchLog] = []
        self.issues: list[Issue] = []
        self.array_free = 0
        self.handed = 0
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
        self.served: list[list[dict[int, _Service]]] = [[{} for _ in slots] for _ in range(self.n_groups)]
        for group in range(self.n_groups):
            for slot in slots:
                env.process(self._engine(group, slot))
        env.process(self._mlp())

    @property
    def is_dry(self) -> bool:
        """Whether an encoding engine has nothing to do."""
        return any(count == 0 for group in self.waiting for count in group)

    def hand(self, slots: tuple[int, ...], arrival: int | None = None) -> None:
        """Give the next query; its inputs are there as the port delivers them, or at ``arrival``."""
        if not self.batches or self.batches[-1].closed:
            self._open_batch()
        batch = self.batches[-1]
        if arrival is None:
            arrival = -(-(self.handed + 1) * self.work.input_bytes * 65536 // self.in_rate)
        number = self.handed
        group = number % self.n_groups
        self.handed += 1
        self.batch_of_query.append(batch.number)
        batch.queries += 1
        batch.missing += self.n_slots
        for slot in range(self.n_slots):
            self.waiting[group][slot] += 1
            self.queues[group][slot].put(_Query(number, slots, arrival, batch))
        if batch.queries == self.spec.mlp.batch_queries:
            self.close()

    def close(self, at: int = 0) -> None:
        """End a command, known at cycle ``at``: a batch that is not full goes as it is."""
        if self.batches and not self.batches[-1].closed:
            self.batches[-1].closed = True
            self.env.process(self._fill(self.batches[-1], max(0, at - self.now)))

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
        """One encoding engine: issue query after query, each when inputs, engine and buffer are there."""
        free = 0
        while True:
            query = yield self.queues[group][slot].get()
            number = query.batch.number
            service = self.served[group][slot].setdefault(number, _Service(free, free))
            if query.arrival > self.now:
                yield self.env.timeout(query.arrival - self.now)
            if number >= 2:
                yield self.halves[number - 2]
            cycles = query.slots[slot]
            self.issues.append(Issue(query.number, group, slot, self.now, cycles))
            free = service.free = self.now + cycles
            service.busy += cycles
            service.queries += 1
            self.env.process(self._features(query.batch, cycles - 1 + self.latency))
            yield self.env.timeout(cycles)
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
            stalls = self._wait_by_cause(number, start - self.array_free)
            tile = self._tile_cycles(n)
            yield self.env.timeout(tile * tiles[0])
            self.half_free_at[number] = self.now
            self.halves[number].succeed()
            yield self.env.timeout(tile * sum(tiles[1:]))
            finished = self.now
            if number >= self.fifo:
                yield self.room[number - self.fifo]
            free = self.array_free = self.now
            booked = max(free + self.tail, booked) + -(-n * self.work.output_bytes * 65536 // self.out_rate)
            self.env.process(self._give_room(number, booked - self.tail - free))
            stalls["mlp_fill"] = (tile - n) * sum(tiles)
            stalls["output"] = free - finished
            self.log.append(BatchLog(start, free + self.tail, booked, free, n, n * sum(tiles), stalls))

    def _give_room(self, number: int, delay: int) -> Process:
        """The batch's last result will have left the FIFO when a batch that sets out now gets there."""
        yield self.env.timeout(delay)
        self.room[number].succeed()

    def _tile_cycles(self, n: int) -> int:
        mlp = self.spec.mlp
        if mlp.dataflow == "systolic_ws":
            return 2 * mlp.rows + mlp.cols + n - 2
        return max(n, mlp.pipeline_depth, 0 if mlp.weight_double_buffer else mlp.rows)

    def _wait_by_cause(self, number: int, gap: int) -> dict[str, int]:
        """Divide the array's wait for a batch by what its slowest engine lost to each cause."""
        stalls = dict.fromkeys(CAUSES, 0)
        if gap == 0:
            return stalls
        slowest, base = self._slowest(number)
        features = slowest.free - 1 + self.latency
        idle = slowest.free - slowest.began - slowest.busy
        late_buffer = min(max(0, self.half_free_at.get(number - 2, 0) - slowest.began), idle)
        late_input = idle - late_buffer + max(0, self.now - max(features, self.array_free))
        lost = {
            "input": late_input,
            "bank_conflict": slowest.busy - slowest.queries * base,
            "feature_buffer": late_buffer,
            "encoding": gap,
        }
        for cause, cycles in lost.items():
            stalls[cause] = min(gap, cycles)
            gap -= stalls[cause]
        return stalls

    def _slowest(self, number: int) -> tuple[_Service, int]:
        """The engine that is last to be free behind a batch, and its interval without conflicts."""
        slowest, base = _Service(0, -1), 0
        for services in self.served:
            for slot, by_batch in enumerate(services):
                latest = max((k for k in by_batch if k <= number), default=-1)
                last = by_batch.get(latest, _Service(0, 0))
                here = last if latest == number else _Service(last.free, last.free)
                if here.free > slowest.free:
                    slowest, base = here, self.base[slot]
        return slowest, base


def run_nfp(
    spec: NfpSpec, work: Workload, positions: Array, arrivals: Iterable[int | None] | None = None
) -> tuple[list[BatchLog], list[int]]:
    """Replay a stream on one NFP: its batches, and the cycle at which each query is done."""
    io = spec.io
    env = simpy.Environment()
    nfp = ReferenceNfp(env, spec, work, (io.input_bytes_per_cycle * 65536, io.output_bytes_per_cycle * 65536))
    queries = slot_cycles(spec.encoding, lookups(spec.encoding, work.encoding, positions))
    for slots, arrival in zip(queries, itertools.repeat(None) if arrivals is None else arrivals, strict=False):
        nfp.hand(slots, arrival)
    nfp.close()
    env.run()
    return nfp.log, [nfp.log[number].end for number in nfp.batch_of_query]


def reference_service(spec: EncodingSpec, encoding: GridEncoding, positions: Array) -> Service:
    """Intervals and reads of a stream, as the cluster takes them."""
    queries = lookups(spec, encoding, positions)
    slots = min(spec.engines, encoding.n_levels)
    index_cycles = -(-(2**encoding.n_dims) // spec.corner_lanes)
    return Service(
        slot_cycles=np.array(slot_cycles(spec, queries), np.uint16).reshape(-1, slots),
        reads=np.array([sum(level.reads for level in row) for row in queries], np.int32),
        base_cycles=np.array([len(range(s, encoding.n_levels, slots)) * index_cycles for s in range(slots)], np.int64),
    )


def slot_cycles(spec: EncodingSpec, queries: list[list[Lookup]]) -> list[tuple[int, ...]]:
    """Cycles of every query on every engine of its group; levels of one engine are served in turn."""
    return [
        tuple(sum(level.cycles for level in row[slot :: spec.engines]) for slot in range(min(spec.engines, len(row))))
        for row in queries
    ]


class ReferenceCluster:
    """The dispatcher and its NFPs as processes; a stand-in for :class:`~ngpc_sim.engines.cluster.Cluster`."""

    def __init__(self, spec: ClusterSpec, nfp: NfpSpec, scale: int) -> None:
        self.spec, self.nfp, self.scale = spec, nfp, scale

    def run(self, work: ClusterWork, *, each_query: bool = True) -> ClusterRun:
        """Replay one command alone, then each NFP's part of it behind itself."""
        queries = [tuple(int(c) for c in work.service.slot_cycles[row]) for row in work.stream]
        rates = self._rates(work, len(queries))
        nfps, owners, closed_at = self._dispatch(work.workload, queries, rates)
        parts: list[list[tuple[int, ...]]] = [[] for _ in nfps]
        done = np.zeros(len(queries), np.int64)
        for i, slots in enumerate(queries):
            owner = owners[i // self.spec.dispatch_queries]
            part = parts[owner]
            done[i] = nfps[owner].log[nfps[owner].batch_of_query[len(part)]].end
            part.append(slots)
        alone = [nfp.log for nfp in nfps]
        twice = [self._twice(work.workload, part, rates, closed_at) for part in parts]
        added = [both[len(once) :] for once, both in zip(alone, twice, strict=True)]
        return self._answer(work, alone, twice, added, done if each_query else done[:0])

    def replay(self, work: ClusterWork) -> list[ReferenceNfp]:
        """The NFPs behind one command that started idle, with all that they logged."""
        queries = [tuple(int(c) for c in work.service.slot_cycles[row]) for row in work.stream]
        return self._dispatch(work.workload, queries, self._rates(work, len(queries)))[0]

    def _dispatch(
        self, work: Workload, queries: list[tuple[int, ...]], rates: tuple[int, int]
    ) -> tuple[list[ReferenceNfp], list[int], int]:
        """Run the command; returns the NFPs, the owner of every granule, and when the last one was handed out."""
        env = simpy.Environment()
        nfps = [ReferenceNfp(env, self.nfp, work, rates) for _ in range(self.scale)]
        owners: list[int] = []
        size = self.spec.dispatch_queries
        granules = [queries[first : first + size] for first in range(0, len(queries), size)]

        def dispatcher() -> Process:
            for number, granule in enumerate(granules):
                owner = number % self.scale
                if self.spec.dispatch == "least_loaded":
                    owner = yield from self._first_dry(env, nfps)
                owners.append(owner)
                for slots in granule:
                    nfps[owner].hand(slots)
            for nfp in nfps:
                nfp.close(nfp.now)

        finished = env.process(dispatcher())
        env.run(finished)
        closed_at = int(env.now)
        env.run()
        return nfps, owners, closed_at

    @staticmethod
    def _first_dry(env: simpy.Environment, nfps: list[ReferenceNfp]) -> Generator[simpy.Event, Any, int]:
        """Wait until an NFP has a dry engine; the lowest number of those that have one in the same cycle."""
        while not any(nfp.is_dry for nfp in nfps):
            for nfp in nfps:
                if nfp.ran_dry.processed:
                    nfp.ran_dry = env.event()
            yield env.any_of([nfp.ran_dry for nfp in nfps])
            yield env.timeout(0)
        return next(number for number, nfp in enumerate(nfps) if nfp.is_dry)

    def _twice(
        self, work: Workload, part: list[tuple[int, ...]], rates: tuple[int, int], closed_at: int
    ) -> list[BatchLog]:
        env = simpy.Environment()
        nfp = ReferenceNfp(env, self.nfp, work, rates)
        for at in (closed_at, 0):
            for slots in part:
                nfp.hand(slots)
            nfp.close(at)
        env.run()
        return nfp.log

    def _rates(self, work: ClusterWork, n_queries: int) -> tuple[int, int]:
        """Port bytes per cycle, or the NFP's share of the link, in 1/65536."""
        ports = (self.nfp.io.input_bytes_per_cycle * 65536, self.nfp.io.output_bytes_per_cycle * 65536)
        if work.link_bytes_per_cycle is None:
            return ports
        busy_nfps = max(1, min(self.scale, -(-n_queries // self.spec.dispatch_queries)))
        share = work.link_bytes_per_cycle / busy_nfps
        inputs, outputs = work.workload.input_bytes, work.workload.output_bytes
        limits = [max(1, math.floor(share * part / (inputs + outputs) * 65536)) for part in (inputs, outputs)]
        return min(ports[0], limits[0]), min(ports[1], limits[1])

    def _answer(
        self,
        work: ClusterWork,
        alone: list[list[BatchLog]],
        twice: list[list[BatchLog]],
        added: list[list[BatchLog]],
        done: Array,
    ) -> ClusterRun:
        def last(log: list[BatchLog]) -> int:
            return log[-1].output if log else 0

        def drain(log: list[BatchLog]) -> int:
            return log[-1].output - log[-1].free if log else 0

        stalls = np.zeros((self.scale, len(CAUSES)), np.int64)
        for number, (once, both, new) in enumerate(zip(alone, twice, added, strict=True)):
            for column, cause in enumerate(CAUSES):
                stalls[number, column] = sum(batch.stalls[cause] for batch in new)
            stalls[number, CAUSES.index("drain")] = drain(both) - drain(once)
        n = len(work.stream)
        reads = int(work.service.reads[work.stream].sum())
        return ClusterRun(
            end_cycles=np.array([last(log) for log in alone], np.int64),
            occupancy_cycles=np.array([last(b) - last(a) for a, b in zip(alone, twice, strict=True)], np.int64),
            occupancy_stalls=stalls,
            busy_cycles=np.array([sum(batch.busy for batch in log) for log in added], np.int64),
            n_queries=n,
            actions=Nfp(self.nfp).actions(work.workload, n, reads, sum(map(len, alone))),
            done_cycles=done,
        )
