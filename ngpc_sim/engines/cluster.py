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

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.plugins import BUILTIN, build, checked
from ngpc_sim.config.schema import Field, Spec, field_validator
from ngpc_sim.engines.memory_shares import IDEAL_PATH, Demand, Memory, MissPath, miss_path, stream_share
from ngpc_sim.engines.nfp import Nfp, NfpRun, NfpSpec, neural_fields_processor
from ngpc_sim.engines.service import Service, folded
from ngpc_sim.engines.timing import Timing
from ngpc_sim.kernels.causes import BUSY, CAUSES, COLUMNS
from ngpc_sim.kernels.cluster import replay_cluster
from ngpc_sim.kernels.nfp import RATE_BITS
from ngpc_sim.results.nfp_counts import NfpCounts
from ngpc_sim.results.stall_causes import CHARGED
from ngpc_sim.workloads.workload import Workload

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


@dataclass(frozen=True)
class ClusterWork:
    """One command: workload, the intervals of recorded queries, and which of them it asks, in order.

    ``link_bytes_per_cycle`` is the bandwidth that inputs and outputs of all NFPs share, in bytes per NFP cycle,
    ``None`` where it never limits; ``memory`` what missing lines pass through, ``None`` for one without latency and
    limit; ``in_flight_queries`` of all commands that are under way together, this one included, 0 for this one alone.
    """

    workload: Workload
    service: Service
    stream: Array
    link_bytes_per_cycle: float | None = None
    memory: Memory | None = None
    in_flight_queries: int = 0


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

    @property
    def level_stalls(self) -> Array:
        """(N, slots + 1, causes): the waits of every NFP."""
        return self.waits.dense

    @property
    def occupancy_stalls(self) -> Array:
        """(N, causes): the stalls of every NFP."""
        stalls: Array = self.level_stalls.sum(axis=1)
        return stalls


#: waits that a command can spend while the one before it drains, first those that open it
HIDDEN = (*reversed(CHARGED), "output", "mlp_fill")


def hide_drain(stalls: Array) -> Array:
    """Stalls (N, rows, causes) of a command behind itself, none of them below 0, with the same sums.

    Where the second copy ends with less drain than the first one, its first waits passed during that
    drain, which the occupancy does not count: they are nobody's stall.
    """
    answer = stalls.copy()
    drain = answer[:, -1, CAUSES.index("drain")]
    for cause in HIDDEN:
        if drain.min(initial=0) >= 0:
            break
        for row in range(answer.shape[1]):
            column = answer[:, row, CAUSES.index(cause)]
            taken = np.minimum(np.maximum(-drain, 0), column)
            column -= taken
            drain += taken
    return answer


class Cluster:
    """The NFPs and their dispatcher; itself an engine."""

    def __init__(self, spec: ClusterSpec, nfp: NfpSpec, scale: int) -> None:
        self.spec = spec
        self.nfp = neural_fields_processor(nfp)
        self.scale = scale

    def port_rates(self, work: ClusterWork, demand: Demand | None = None) -> tuple[int, int]:
        """Input and output bytes per cycle of an NFP in 1/65536 bytes: its port, or its share of the link.

        ``demand`` of the command, where it is known.
        """
        io = self.nfp.spec.io
        ports = (io.input_bytes_per_cycle << RATE_BITS, io.output_bytes_per_cycle << RATE_BITS)
        if work.link_bytes_per_cycle is None:
            return ports
        share = work.link_bytes_per_cycle / self.at_work(work)
        parts = (work.workload.input_bytes, work.workload.output_bytes)
        demand = demand or self.demand(work)
        share *= sum(parts) / demand.bytes_per_query
        if work.memory is not None:
            share = min(share, stream_share(work.memory, demand, self.at_work(work)))
        limits = [max(1, int(share * part / sum(parts) * (1 << RATE_BITS))) for part in parts]
        return min(ports[0], limits[0]), min(ports[1], limits[1])

    def miss_path(self, work: ClusterWork, demand: Demand | None = None) -> MissPath:
        """What lines that an NFP misses pass through; ``demand`` of the command, where it is known."""
        if work.memory is None or work.service.misses is None:
            return IDEAL_PATH
        return miss_path(work.memory, demand or self.demand(work), self.at_work(work))

    def at_work(self, work: ClusterWork) -> int:
        """NFPs that have work while the command runs, at least 1: other commands under way keep theirs busy."""
        own = len(work.stream)
        granules = -(-own // self.spec.dispatch_queries)
        return max(1, min(self.scale, -(-granules * max(own, work.in_flight_queries) // max(1, own))))

    def demand(self, work: ClusterWork) -> Demand:
        """What a query of the command asks of the memory on average."""
        batch = self.nfp.spec.mlp.batch_queries
        missing, far = work.service.lines_by_slot()
        n = max(1, len(work.stream))
        rows = work.stream if len(missing) else work.stream[:0]
        return Demand(
            stream_bytes=work.workload.input_bytes + work.workload.output_bytes,
            missing=missing[rows].sum(axis=0, dtype=np.int64) / n,
            far=far[rows].sum(axis=0, dtype=np.int64) / n,
            line_bytes=self.nfp.spec.encoding.line_bytes,
            cycles_per_query=self.nfp.mlp.busy_cycles(work.workload, batch) / batch,
            groups=self.nfp.encoding.side_by_side(work.workload.encoding),
        )

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
        owners, demand = self._owners(len(work.stream)), self.demand(work)
        rates, path = self.port_rates(work, demand), self.miss_path(work, demand)
        return self._replay(work, self.scale, owners, rates, path, each=each_query)

    def shares(self, n_queries: int) -> Array:
        """(N,) queries of every NFP in a command of ``n_queries`` under round_robin."""
        size = self.spec.dispatch_queries
        granules = -(-n_queries // size)
        counts: Array = (granules + self.scale - 1 - np.arange(self.scale)) // self.scale * size
        counts[(granules - 1) % self.scale] -= granules * size - n_queries
        return counts

    def lines(self, work: ClusterWork) -> Array | None:
        """(N, 3, slots) lines of every NFP under round_robin: asked, missing and far; ``None`` where none can miss."""
        granules = -(-len(work.stream) // self.spec.dispatch_queries)
        return _lines(work, np.arange(granules) % self.scale, self.scale, self.spec.dispatch_queries)

    def run_shares(self, work: ClusterWork, chosen: Array) -> ClusterRun:
        """Replay what the NFPs ``chosen`` (k,) get of a command under round_robin; arrays of the answer have k rows.

        Each costs to the cycle what it costs in the whole command: NFPs meet in their share of link and memory only.
        """
        size = self.spec.dispatch_queries
        place = np.full(self.scale, -1, np.int64)
        place[chosen] = np.arange(len(chosen))
        owners = place[np.arange(-(-len(work.stream) // size)) % self.scale]
        rows = work.stream[np.repeat(owners >= 0, size)[: len(work.stream)]]
        part = replace(work, stream=rows)
        demand = self.demand(work)
        rates, path = self.port_rates(work, demand), self.miss_path(work, demand)
        return self._replay(part, len(chosen), owners[owners >= 0], rates, path)

    def _run_uniform(self, work: ClusterWork) -> ClusterRun:
        """A command whose queries all take the same cycles: NFPs with equally many cost the same, so one is enough.

        Exact, not an estimate: with round_robin nothing but its number of queries tells such NFPs apart.
        """
        n = len(work.stream)
        counts = self.shares(n)
        rates = self.port_rates(work)
        different, which = np.unique(counts, return_inverse=True)
        parts = [self._replay(replace(work, stream=work.stream[:m]), 1, None, rates, IDEAL_PATH) for m in different]
        batches = -(-counts // self.nfp.spec.mlp.batch_queries)
        reads = int(work.service.reads[work.stream].sum(dtype=np.int64))

        def spread(name: str) -> Array:
            return np.concatenate([getattr(part, name) for part in parts])[which]

        return ClusterRun(
            end_cycles=spread("end_cycles"),
            occupancy_cycles=spread("occupancy_cycles"),
            waits=NfpCounts.of(spread("level_stalls")),
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
        rates: tuple[int, int],
        path: MissPath,
        *,
        each: bool = False,
    ) -> ClusterRun:
        """A command on ``scale`` NFPs; granules go where ``owners`` says, or where the dispatcher chooses."""
        workload, service = work.workload, work.service
        c = self.nfp.constants(workload, service.base_cycles)
        n, slots = len(work.stream), service.slot_cycles.shape[1]
        if owners is None:
            owners = np.full(-(-n // self.spec.dispatch_queries), -1, np.int64)
        ends = np.zeros((2, scale), np.int64)
        stalls = np.zeros((2, scale, slots + 1, COLUMNS), np.int64)
        done = np.zeros(n if each else 0, np.int64)
        missing, far = service.lines_by_slot()
        batches = replay_cluster(
            work.stream, service.slot_cycles, missing, far, c.kernel, c.groups, self.nfp.spec.mlp.batch_queries,
            c.fifo_batches, workload.input_bytes, rates[0], workload.output_bytes, rates[1],
            path.kernel(slots), c.window_lines, scale, self.spec.dispatch_queries,
            self.spec.dispatch == "least_loaded", owners, ends, stalls, done,
        )  # fmt: skip
        added = stalls[1] - stalls[0]
        reads = int(service.reads[work.stream].sum(dtype=np.int64))
        return ClusterRun(
            end_cycles=ends[0],
            occupancy_cycles=ends[1] - ends[0],
            waits=NfpCounts.of(hide_drain(added[:, :, : len(CAUSES)])),
            busy_cycles=added[:, :, BUSY].sum(axis=1),
            n_queries=n,
            actions=self.nfp.actions(workload, n, reads, int(batches)),
            done_cycles=done,
            lines=_lines(work, owners, scale, self.spec.dispatch_queries),
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
        in_rate, _ = self.port_rates(work)
        runs: list[tuple[NfpRun, NfpRun]] = []
        done = np.zeros(n, np.int64)
        for j in range(self.scale):
            rows = work.stream[owner_of_query == j]
            twice = np.concatenate([rows, rows])
            runs.append((self._replay_rows(work, rows, in_rate), self._replay_rows(work, twice, in_rate)))
            done[owner_of_query == j] = runs[-1][0].done_cycles
        stalls = [[[twice.stalls[cause] - once.stalls[cause] for cause in CAUSES]] for once, twice in runs]
        reads = int(work.service.reads[work.stream].sum(dtype=np.int64))
        batches = sum(len(once.batch_end_cycles) for once, _ in runs)
        return ClusterRun(
            end_cycles=np.array([once.cycles for once, _ in runs], np.int64),
            occupancy_cycles=np.array([twice.cycles - once.cycles for once, twice in runs], np.int64),
            waits=NfpCounts.of(hide_drain(np.array(stalls, np.int64))),
            busy_cycles=np.array([twice.busy_cycles - once.busy_cycles for once, twice in runs], np.int64),
            n_queries=n,
            actions=self.nfp.actions(work.workload, n, reads, batches),
            done_cycles=done,
        )

    def _replay_rows(self, work: ClusterWork, rows: Array, in_rate: int) -> NfpRun:
        arrivals = -(-(np.arange(1, len(rows) + 1, dtype=np.int64) * work.workload.input_bytes << RATE_BITS) // in_rate)
        return self.nfp.replay(work.workload, work.service.rows(rows), arrivals)

    def timing(self, work: ClusterWork) -> Timing:
        """Cycles until the last NFP has written its last output, and the command's actions."""
        run = self.run(work)
        latency = int(run.end_cycles.max(initial=0))
        return Timing(latency, int(run.occupancy_cycles.max(initial=0)), run.actions)


def _lines(work: ClusterWork, owners: Array, scale: int, granule_queries: int) -> Array | None:
    """Lines of every NFP by engine slot: ``owners`` has the NFP of every granule."""
    misses = work.service.misses
    if misses is None or not len(owners):
        return None
    slots = misses.slot_missing.shape[1]
    firsts = np.arange(len(owners)) * granule_queries
    lines = np.zeros((scale, 3, slots), np.int64)
    asked = folded(misses.lines[work.stream], slots)
    for column, counts in enumerate((asked, misses.slot_missing[work.stream], misses.slot_far[work.stream])):
        np.add.at(lines[:, column], owners, np.add.reduceat(counts, firsts, axis=0, dtype=np.int64))
    return lines
