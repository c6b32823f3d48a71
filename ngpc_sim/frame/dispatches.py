"""Dispatches of a frame on the GPU, as the event loop takes them: whole bytes, and a least time in ps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config import units
from ngpc_sim.frame.plan import FramePlan
from ngpc_sim.gpu import tile_work
from ngpc_sim.gpu.ray_counts import RayCounts
from ngpc_sim.gpu.tile_work import Calls, TileWork
from ngpc_sim.kernels import frame_tables
from ngpc_sim.kernels.frame_tables import FREES, FREES_INPUTS, FREES_OUTPUTS, LEAST_PS, WORK_COLUMNS
from ngpc_sim.machine.store import Store
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
#: columns of bytes here and there
BYTES = (
    (frame_tables.LINK, tile_work.LINK),
    (frame_tables.DRAM, tile_work.SURE),
    (frame_tables.IN_WRITTEN, tile_work.IN_WRITTEN),
    (frame_tables.IN_READ, tile_work.IN_READ),
    (frame_tables.OUT_READ, tile_work.OUT_READ),
)


@dataclass(frozen=True)
class Dispatches:
    """What the GPU does in the gaps before, between and behind the calls of every tile.

    ``gaps`` (C + T + 1,): gap g has the rows of ``work`` (dispatches, WORK_COLUMNS) from ``gaps[g]`` to before
    ``gaps[g + 1]``. ``over``: how many times the bound of its bytes a dispatch takes, 0 where its time is given.
    """

    gaps: Array
    work: Array
    over: float

    def times(self, factor: float) -> Dispatches:
        """The same work in ``factor`` times the time."""
        if factor == 1.0:
            return self
        table = self.work.copy()
        table[:, LEAST_PS] = np.ceil(table[:, LEAST_PS] * factor)
        return Dispatches(self.gaps, table, self.over * factor)


#: bytes of dispatches kept
KEPT_BYTES = 1 << 27
DISPATCHES: Store[Dispatches] = Store(room=KEPT_BYTES, size=lambda dispatches: dispatches.work.nbytes)


def calls_of(plan: FramePlan) -> Calls:
    """Calls of the network in the tiles of a plan."""
    steps, firsts = plan.in_tiles
    return Calls(firsts, np.array(plan.rounds, np.int64)[steps], plan.sizes[steps])


def stream_bytes(arch: Arch, work: Workload, plan: FramePlan) -> Array:
    """(S, 2) int64 bytes of inputs and outputs of each stream."""
    sizes = np.array([(section.input_bytes, section.output_bytes) for section in work.sections], np.int64)
    whole: Array = plan.sizes[:, np.newaxis] * sizes[plan.of_network]
    whole[:, 1] = -(-whole[:, 1] // arch.nfp.io.queries_per_output)
    return whole


def kernels_by_name(arch: Arch, work: Workload, plan: FramePlan, counts: RayCounts) -> Dispatches:
    """Kernels that the workload lists, of the rest; kept for the next number of NFPs."""
    gpu, frame = arch.gpu, arch.frame
    numbers = gpu.rest_over_bound, gpu.fp32_tflops, gpu.kernel_floor_ns
    key = plan, work, counts, numbers, frame.fused, frame.ray_state, frame.schedule
    return DISPATCHES.get(key, lambda: _kernels_by_name(arch, work, plan, counts))


def _kernels_by_name(arch: Arch, work: Workload, plan: FramePlan, counts: RayCounts) -> Dispatches:
    gpu, frame, listed = arch.gpu, arch.frame, work.gpu_kernels
    assert listed is not None  # noqa: S101 - for the type checker: the baseline has refused others
    kept = {"fused": frame.fused, "registers": frame.ray_state == "registers"}
    if frame.schedule == "batches":
        found = _behind_all(tile_work.tile_work(listed, counts, tile_work.one_tile(counts), **kept), plan)
    else:
        found = tile_work.tile_work(listed, counts, calls_of(plan), **kept)
    over, flops_ps = gpu.rest_over_bound.value, 1 / gpu.fp32_tflops.value if gpu.fp32_tflops else 0.0
    table = np.zeros((len(found.rows), WORK_COLUMNS), np.int64)
    for column, own in BYTES:
        table[:, column] = np.rint(found.rows[:, own])
    floor_ps = units.ns_to_ps(gpu.kernel_floor_ns.value)
    table[:, LEAST_PS] = np.maximum(floor_ps, np.ceil(over * found.rows[:, tile_work.FLOPS] * flops_ps))
    table[:, FREES] = np.where(found.reads_outputs, FREES_OUTPUTS, 0) | _frees_inputs(found.firsts, table)
    return Dispatches(found.firsts, table, over)


def _behind_all(found: TileWork, plan: FramePlan) -> TileWork:
    """Each tile's part of all work in one dispatch behind its calls: the schedule in batches."""
    calls = calls_of(plan)
    own = np.array([calls.queries[a:b].sum() for a, b in pairwise(calls.firsts.tolist())]) / plan.queries
    ends = calls.firsts[1:] + np.arange(1, len(calls.firsts))
    firsts = np.r_[0, np.cumsum(np.isin(np.arange(1, len(calls.queries) + len(own) + 1), ends))]
    return TileWork(firsts, own[:, np.newaxis] * found.rows.sum(axis=0), np.ones(len(own), np.bool_))


def reads_inputs_of_call(firsts: Array, table: Array) -> Array:
    """(dispatches,) bool: which ones read inputs that stood there before their gap; later ones read what it wrote."""
    reads, writes = table[:, frame_tables.IN_READ] > 0, table[:, frame_tables.IN_WRITTEN] > 0
    written = np.r_[0, np.cumsum(writes)]
    return np.asarray(reads & (written[:-1] == written[np.repeat(firsts[:-1], np.diff(firsts))]))


def _frees_inputs(firsts: Array, table: Array) -> Array:
    """(dispatches,) FREES_INPUTS of the last one of a gap that reads inputs before any dispatch writes them."""
    gap = np.repeat(np.arange(len(firsts) - 1), np.diff(firsts))
    found = np.zeros(len(table), np.int64)
    readers = np.flatnonzero(reads_inputs_of_call(firsts, table))
    last = readers[np.r_[gap[readers][1:] != gap[readers][:-1], True]] if len(readers) else readers
    found[last[table[last, frame_tables.IN_WRITTEN] == 0]] = FREES_INPUTS
    return found


def no_dispatches(plan: FramePlan) -> Dispatches:
    """No GPU: every gap is empty."""
    calls = calls_of(plan)
    gaps = np.zeros(len(calls.queries) + len(calls.firsts), np.int64)
    return Dispatches(gaps, np.zeros((0, WORK_COLUMNS), np.int64), 0.0)


def time_by_queries(arch: Arch, work: Workload, plan: FramePlan, rest_ps: int) -> Dispatches:
    """A given time for all, divided by queries, half before and half behind each call; what the network reads moves."""
    calls, batches = calls_of(plan), arch.frame.schedule == "batches"
    tiles = len(calls.firsts) - 1
    # in Python's integers, which have room for long times
    share = np.array([-(-n * rest_ps // plan.queries) for n in calls.queries.tolist()], np.int64)
    behind = np.arange(len(calls.queries)) + np.repeat(np.arange(tiles), np.diff(calls.firsts)) + 1
    table = np.zeros((len(calls.queries) + tiles, WORK_COLUMNS), np.int64)
    early = np.zeros_like(share) if batches else share // 2
    np.add.at(table[:, LEAST_PS], behind - 1, early)
    np.add.at(table[:, LEAST_PS], behind, share - early)
    inputs, outputs = stream_bytes(arch, work, plan)[plan.in_tiles[0]].T
    table[behind - 1, frame_tables.IN_WRITTEN] = inputs
    table[behind, frame_tables.OUT_READ] = outputs
    table[:, frame_tables.LINK] = table[:, frame_tables.IN_WRITTEN] + table[:, frame_tables.OUT_READ]
    table[behind, FREES] = FREES_OUTPUTS
    if not batches:
        return Dispatches(np.arange(len(table) + 1), table, 0.0)
    runs = np.isin(np.arange(len(table)), behind)
    return Dispatches(np.r_[0, np.cumsum(runs)], table[runs], 0.0)
