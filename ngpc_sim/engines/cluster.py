"""Cluster: a dispatcher and ``scale`` NFPs behind one link to the GPU's L2.

A command of n queries is cut into granules of ``dispatch_queries``. ``round_robin`` hands granule g to NFP
g mod N; ``least_loaded`` hands it to the first NFP of which an encoding engine runs dry (lowest number on
ties), so that an NFP pulls its next granule just in time. A batch that the command's end leaves partial
closes when the last granule has been handed out. Each NFP reads the inputs of its granules in order
through its port. Link and DRAM behind the ports are shared in the frame, not here.

What a command costs an NFP has two numbers. ``end_cycles``: until its last output, when it starts idle.
``occupancy_cycles``: what the same granules add to the end when they follow themselves without a gap; a
command behind another one overlaps its fill with the other's drain. Both come from an exact replay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.plugins import BUILTIN, build, checked, takes
from ngpc_sim.config.schema import Field, Spec, field_validator
from ngpc_sim.engines import answers
from ngpc_sim.engines.nfp import (
    IDEAL_PATH,
    MissPath,
    Nfp,
    NfpRun,
    NfpSpec,
    batch_log,
    has_built_in_replay,
    neural_fields_processor,
)
from ngpc_sim.engines.service import Service, folded
from ngpc_sim.engines.subgrids import fills_of, order_of
from ngpc_sim.engines.timing import Timing
from ngpc_sim.kernels.causes import BUSY, CAUSES
from ngpc_sim.kernels.cluster import Asked, BatchLog, replay_cluster
from ngpc_sim.kernels.nfp import BATCHES, IN_BYTES, IN_RATE, State, fill_arrivals, hide_drain
from ngpc_sim.results.nfp_counts import NfpCounts
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
#: queries whose lines are counted together, so that memory holds the counts of no more
COUNTED_ROWS = 1 << 18


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


@dataclass(frozen=True)
class ClusterWork:
    """One command: workload, the intervals of recorded queries, and which of them it asks, in order.

    ``path``: where missing lines come from.
    """

    workload: Workload
    service: Service
    stream: Array
    path: MissPath = IDEAL_PATH


@dataclass(frozen=True)
class ClusterRun:
    """A command's cost on every NFP, in NFP cycles.

    ``end_cycles`` (N,) when it starts idle; ``occupancy_cycles`` (N,) what it adds behind itself;
    ``waits`` by engine slot and cause, the last row for those that no level causes, and ``busy_cycles`` (N,), which add
    up to ``occupancy_cycles``. ``done_cycles`` (n,) results of each query when the command starts idle,
    where they were asked for. ``lines`` (N, 3, slots): asked, missing in grid_sram and missing in L2 too, ``None``
    where nothing can miss or nobody counted.
    """

    end_cycles: Array
    occupancy_cycles: Array
    waits: NfpCounts
    busy_cycles: Array
    n_queries: int
    actions: Mapping[str, int]
    done_cycles: Array
    lines: Array | None = None

    def with_slots(self, slots: int) -> ClusterRun:
        """The same on NFPs of so many engine slots, of which it uses the first."""
        more = slots + 1 - self.waits.shape[0]
        if not more:
            return self
        lines = None if self.lines is None else np.pad(self.lines, ((0, 0), (0, 0), (0, more)))
        return replace(self, waits=self.waits.with_rows(slots + 1), lines=lines)

    @property
    def level_stalls(self) -> Array:
        """(N, slots + 1, causes): the waits of every NFP."""
        return self.waits.dense

    @property
    def occupancy_stalls(self) -> Array:
        """(N, causes): the stalls of every NFP."""
        stalls: Array = self.level_stalls.sum(axis=1)
        return stalls


@dataclass(frozen=True)
class CommandLog:
    """Batches of every NFP in a command that follows itself, in cycles from the start of the one before it.

    ``ends`` (N,): last output of the one before it. ``waits``, ``engines``: of each NFP, with a row for each batch, the
    columns of :class:`~ngpc_sim.kernels.cluster.BatchLog`.
    """

    ends: Array
    waits: Sequence[Array]
    engines: Sequence[Array]

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return sum(array.nbytes for array in (*self.waits, *self.engines))


class Cluster:
    """The NFPs and their dispatcher; itself an engine."""

    def __init__(self, spec: ClusterSpec, nfp: NfpSpec, scale: int) -> None:
        self.spec = spec
        self.nfp = neural_fields_processor(nfp)
        #: spec and engines of an NFP, which a plug-in need not have
        self.inside = self.nfp if isinstance(self.nfp, Nfp) else Nfp(nfp)
        self.scale = scale

    def ports(self, work: Workload) -> Array:
        """(4,) ports of an NFP as the kernels take them."""
        widths = self.inside.spec.io.ports
        return np.array((work.input_bytes, widths[0], work.output_bytes, widths[1]), np.int64)

    def run(self, work: ClusterWork, *, each_query: bool = False) -> ClusterRun:
        """Replay one command, alone and behind itself; with ``each_query`` note when each query is done."""
        if not has_built_in_replay(self.nfp):
            return self._run_plugin(work)
        owners, order = self._owners(len(work.stream)), self._frame_order(work)
        if order is None:
            return self._replay(work, self.scale, owners, each=each_query)
        run = self._replay(replace(work, stream=np.asarray(work.stream)[order]), self.scale, owners, each=each_query)
        if each_query:
            run.done_cycles[order] = run.done_cycles.copy()
        return run

    def _frame_order(self, work: ClusterWork) -> Array | None:
        """Places (n,) of a command's queries in the order in which they are handed out, where they are sorted."""
        cut, spec = work.service.subgrids, self.inside.spec.encoding
        if cut is not None and self.spec.dispatch == "least_loaded":
            raise UserError(
                "cluster.dispatch least_loaded does not know which subtables an NFP has: use round_robin, or 1 of "
                "nfp.encoding.subgrids."
            )
        if cut is None or spec.reorder != "frame":
            return None
        return order_of(spec, cut.numbers[work.stream])

    def _batches_in_order(self, work: ClusterWork, owners: Array) -> tuple[Array, Array]:
        """Rows (n,) of a command as its NFPs serve them, and how many queries behind each one its batch ends.

        Nothing is waited for where no batches are sorted.
        """
        stream, cut, spec = work.stream, work.service.subgrids, self.inside.spec
        if cut is None or spec.encoding.reorder != "batch":
            return stream, np.zeros(0, np.int64)
        owner_of_query = np.repeat(owners, self.spec.dispatch_queries)[: len(stream)]
        ordered, ahead = np.array(stream), np.zeros(len(stream), np.int64)
        for nfp in np.unique(owner_of_query):
            own = np.flatnonzero(owner_of_query == nfp)
            batch, place = spec.mlp.batch_queries, np.arange(len(own))
            ordered[own] = stream[own[order_of(spec.encoding, cut.numbers[stream[own]], place // batch)]]
            ahead[own] = np.minimum((place // batch + 1) * batch, len(own)) - 1 - place
        return ordered, ahead

    def shares(self, n_queries: Array) -> Array:
        """(S, N) queries of every NFP in commands of ``n_queries`` (S,) under round_robin."""
        size = self.spec.dispatch_queries
        granules = -(-n_queries // size)
        counts: Array = (granules[:, np.newaxis] + self.scale - 1 - np.arange(self.scale)) // self.scale * size
        counts[np.arange(len(counts)), (granules - 1) % self.scale] -= granules * size - n_queries
        return counts

    def lines(self, work: ClusterWork) -> Array | None:
        """(N, 3, slots) lines of every NFP under round_robin: asked, missing and far; ``None`` where none can miss."""
        return self._lines(work, self._in_turn(len(work.stream)), self.scale)

    def run_shares(self, work: ClusterWork, chosen: Array) -> ClusterRun:
        """Replay what the NFPs ``chosen`` (k,) get of a command under round_robin; arrays of the answer have k rows.

        Each costs to the cycle what it costs in the whole command: NFPs meet in the frame's memory only.
        """
        size = self.spec.dispatch_queries
        place = np.full(self.scale, -1, np.int64)
        place[chosen] = np.arange(len(chosen))
        owners = place[self._in_turn(len(work.stream))]
        rows = work.stream[np.repeat(owners >= 0, size)[: len(work.stream)]]
        part = replace(work, stream=rows)
        return self._replay(part, len(chosen), owners[owners >= 0])

    def log(self, work: ClusterWork) -> CommandLog:
        """What happens to every batch of a command that follows itself, on built-in NFPs."""
        owners, order = self._owners(len(work.stream)), self._frame_order(work)
        work = work if order is None else replace(work, stream=np.asarray(work.stream)[order])
        most = self._most(len(work.stream), owners)
        nfps, ends, log = self._replayed(
            work, self.scale, owners, 0, 2 * -(-most // self.inside.spec.mlp.batch_queries)
        )
        batches = nfps.counter[:, BATCHES] // len(ends)
        second = [slice(count, 2 * count) for count in batches.tolist()]
        waits = [of_nfp[own].copy() for of_nfp, own in zip(log.waits, second, strict=True)]
        engines = [of_nfp[own].copy() for of_nfp, own in zip(log.engines, second, strict=True)]
        return CommandLog(ends[0], waits, engines)

    def _most(self, n_queries: int, owners: Array) -> int:
        """Queries that an NFP gets, at most."""
        all_of_one = (owners < 0).any()
        granules = len(owners) if all_of_one else int(np.bincount(owners).max(initial=0))
        return min(n_queries, self.spec.dispatch_queries * granules)

    def _replayed(
        self, work: ClusterWork, scale: int, owners: Array, times: int, batches: int = 0
    ) -> tuple[State, Array, BatchLog]:
        """Replay a command, and itself behind it, on ``scale`` NFPs.

        Gives the NFPs, ends (2, scale), and the log of each NFP's first ``times`` and ``batches``.
        """
        service, size = work.service, self.spec.dispatch_queries
        slots, ports = service.slot_cycles.shape[1], self.ports(work.workload)
        nfps = self.nfp.idle(work.workload, slots, scale, cached=service.misses is not None)
        ends = np.zeros((2, scale), np.int64)
        came = np.empty(2 * self._most(len(work.stream), owners), np.int64)
        fill_arrivals(came, 0, ports[IN_BYTES], ports[IN_RATE])
        stream, ahead = self._batches_in_order(work, owners)
        subtables = self.nfp.subtables(service, work.path, ahead)
        asked = Asked(stream, service.slot_cycles, *service.lines_by_slot(), came, owners, size, subtables)
        constants = self.nfp.constants(work.workload, service.base_cycles)
        log = batch_log(nfps, np.zeros((scale, times, 2), np.int64), batches)
        replay_cluster(asked, nfps, constants, ports, work.path.latencies, ends, log)
        return nfps, ends, log

    def _replay(self, work: ClusterWork, scale: int, owners: Array, *, each: bool = False) -> ClusterRun:
        """A command on ``scale`` NFPs; granules go where ``owners`` says, or where the dispatcher chooses."""
        service, n = work.service, len(work.stream)
        times = -(-self._most(n, owners) // self.nfp.spec.mlp.batch_queries) if each else 0
        nfps, ends, log = self._replayed(work, scale, owners, times)
        reads = int(service.reads[work.stream].sum(dtype=np.int64))
        batches = int(nfps.counter[:, BATCHES].sum()) // len(ends)
        return ClusterRun(
            end_cycles=ends[0],
            occupancy_cycles=ends[1] - ends[0],
            waits=NfpCounts.of(nfps.waits[:, :, : len(CAUSES)]),
            busy_cycles=nfps.waits[:, -1, BUSY],
            n_queries=n,
            actions={**self.nfp.actions(work.workload, n, reads, batches), **fills_of(service, int(log.fills.sum()))},
            done_cycles=self._done(log.times[:, :, 1], owners, n) if each else np.zeros(0, np.int64),
            lines=self._lines(work, owners, scale),
        )

    def _done(self, ends: Array, owners: Array, n_queries: int) -> Array:
        """(n,) end of each query's batch; ``ends`` (N, batches) of those of every NFP."""
        owner_of_query = np.repeat(owners, self.spec.dispatch_queries)[:n_queries]
        done = np.zeros(n_queries, np.int64)
        for nfp, of_nfp in enumerate(ends):
            own = owner_of_query == nfp
            done[own] = of_nfp[np.arange(np.count_nonzero(own)) // self.nfp.spec.mlp.batch_queries]
        return done

    def _in_turn(self, n_queries: int) -> Array:
        """NFP of every granule under round_robin."""
        return np.arange(-(-n_queries // self.spec.dispatch_queries)) % self.scale

    def _owners(self, n_queries: int) -> Array:
        """NFP of every granule, -1 where it depends on the load."""
        in_turn = self._in_turn(n_queries)
        if self.spec.model == BUILTIN:
            return np.full_like(in_turn, -1) if self.spec.dispatch == "least_loaded" else in_turn
        dispatcher = build(self.spec.model, {"owners": answers.owners}, self.spec)
        owners: Array = dispatcher.owners(len(in_turn), self.scale)
        return owners

    def _run_plugin(self, work: ClusterWork) -> ClusterRun:
        """A command on NFPs of a plug-in: each replays its granules, then them behind themselves.

        A batch that the command's end leaves partial is filled by the copy behind it.
        """
        if work.service.subgrids is not None:
            raise UserError("nfp.encoding.subgrids are modelled of the built-in NFP only: use nfp.model builtin.")
        if self.spec.dispatch == "least_loaded" and self.spec.model == BUILTIN:
            raise UserError("cluster.dispatch least_loaded asks the built-in NFP for its load: use round_robin.")
        n, size, slots = len(work.stream), self.spec.dispatch_queries, work.service.slot_cycles.shape[1]
        owners = self._owners(n)
        owner_of_query = np.repeat(owners, size)[:n]
        runs: list[tuple[NfpRun, NfpRun]] = []
        done = np.zeros(n, np.int64)
        stalls = np.zeros((self.scale, slots + 1, len(CAUSES)), np.int64)
        for j in range(self.scale):
            rows = work.stream[owner_of_query == j]
            once, twice = (self._replay_rows(work, np.tile(rows, copies)) for copies in (1, 2))
            runs.append((once, twice))
            done[owner_of_query == j] = once.done_cycles
            stalls[j, :-1] = twice.level_stalls - once.level_stalls
            stalls[j, -1] = [twice.stalls[cause] - once.stalls[cause] for cause in CAUSES] - stalls[j].sum(axis=0)
            hide_drain(stalls[j])
        reads = int(work.service.reads[work.stream].sum(dtype=np.int64))
        batches = sum(len(once.batch_end_cycles) for once, _ in runs)
        return ClusterRun(
            end_cycles=np.array([once.cycles for once, _ in runs], np.int64),
            occupancy_cycles=np.array([twice.cycles - once.cycles for once, twice in runs], np.int64),
            waits=NfpCounts.of(stalls),
            busy_cycles=np.array([twice.busy_cycles - once.busy_cycles for once, twice in runs], np.int64),
            n_queries=n,
            actions=self.nfp.actions(work.workload, n, reads, batches),
            done_cycles=done,
            lines=self._lines(work, owners, self.scale),
        )

    def _replay_rows(self, work: ClusterWork, rows: Array) -> NfpRun:
        """Replay queries on the plug-in; it is told where missing lines come from where its ``replay`` asks for it."""
        ports = self.ports(work.workload)
        came = np.empty(len(rows), np.int64)
        fill_arrivals(came, 0, ports[IN_BYTES], ports[IN_RATE])
        behind = (work.path,) if takes(self.nfp, "replay", 4) else ()
        return self.nfp.replay(work.workload, work.service.rows(rows), came, *behind)

    def _lines(self, work: ClusterWork, owners: Array, scale: int) -> Array | None:
        """Lines of every NFP by engine slot; ``owners`` has the NFP of every granule."""
        misses = work.service.misses
        if misses is None or not len(owners):
            return None
        slots, size = misses.slot_missing.shape[1], self.spec.dispatch_queries
        lines = np.zeros((scale, 3, slots), np.int64)
        for granule in range(0, len(owners), step := max(1, COUNTED_ROWS // size)):
            rows, own = work.stream[granule * size : (granule + step) * size], owners[granule : granule + step]
            firsts = np.arange(len(own)) * size
            asked = folded(misses.lines[rows], slots)
            for column, counts in enumerate((asked, misses.slot_missing[rows], misses.slot_far[rows])):
                np.add.at(lines[:, column], own, np.add.reduceat(counts, firsts, axis=0, dtype=np.int64))
        return lines

    def timing(self, work: ClusterWork) -> Timing:
        """Cycles until the last NFP has written its last output, and the command's actions."""
        run = self.run(work)
        latency = int(run.end_cycles.max(initial=0))
        return Timing(latency, int(run.occupancy_cycles.max(initial=0)), run.actions)
