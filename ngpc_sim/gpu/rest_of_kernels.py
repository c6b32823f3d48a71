"""Rest of kernels without the frame's queues: on the GPU alone, and at best beside the NGPC.

:mod:`ngpc_sim.gpu.tile_work` derives the kernels, here of a frame of one tile. A dispatch takes the largest of its
bytes over the link, its bytes in DRAM and its arithmetic, times ``rest_over_bound``; at least ``kernel_floor_ns``. On
the GPU alone every kernel is a dispatch, and of the inputs and outputs of a call L2 keeps what it has room for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.architecture.gpu import GpuSpec
from ngpc_sim.config.errors import UserError
from ngpc_sim.gpu import tile_work
from ngpc_sim.gpu.ray_counts import RayCounts
from ngpc_sim.workloads.gpu_kernels import GpuKernels, Kernel
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
#: work that is kept for the next design point
KEPT = 64
GIGA, TERA, MS_PER_S = 1e9, 1e12, 1e3


@dataclass(frozen=True)
class Machine:
    """A GPU: its roofs in bytes/s and flops/s, and what its dispatches take in ms.

    ``over``: how many times its bound a kernel of the rest takes, ``floor_ms`` at least. ``gap_ms`` between two
    dispatches; ``launch_ms`` after a submission, which takes ``submit_ms``, or a wait of the host, ``sync_ms``.
    """

    l2_bytes: float
    l2_bytes_s: float
    dram_bytes_s: float
    flops_s: float
    over: float
    floor_ms: float
    gap_ms: float
    launch_ms: float
    submit_ms: float
    sync_ms: float

    def far(self, live: Array) -> Array:
        """Part of ``live`` (n,) bytes for which L2 has no room."""
        return np.maximum(0.0, 1 - self.l2_bytes / np.maximum(live, 1.0))

    def ms(self, moved: Array, dram: Array, flops: Array) -> Array:
        """Least time of kernels that move so many bytes, so many of them in DRAM, and compute so much."""
        moving = np.maximum(moved / self.l2_bytes_s, dram / self.dram_bytes_s)
        return np.asarray(np.maximum(moving, flops / self.flops_s) * MS_PER_S)

    def rest_ms(self, bounds: Array) -> float:
        """Time of all dispatches of the rest of kernels with these bounds (n,) in ms."""
        return float(np.maximum(self.floor_ms, self.over * bounds).sum())


def peaks(gpu: GpuSpec, *names: str) -> list[float]:
    """Numbers of a GPU's file that a roofline needs.

    Raises
    ------
    UserError
        When the file lacks one.
    """
    found = {name: getattr(gpu, name) for name in names}
    missing = [name for name, number in found.items() if number is None]
    if missing:
        raise UserError(f"GPU {gpu.name} has no {' and '.join(missing)} in its file, which a roofline needs.")
    return [number.value for number in found.values()]


def machine(arch: Arch) -> Machine:
    """The GPU of an architecture; its memory is what the architecture says.

    Raises
    ------
    UserError
        When the GPU's file has no peaks.
    """
    gpu, memory, frame = arch.gpu, arch.memory, arch.frame
    (tflops,) = peaks(gpu, "fp32_tflops")
    return Machine(
        l2_bytes=gpu.l2_mib.value * 1024 * 1024,
        l2_bytes_s=memory.l2_gbps * GIGA,
        dram_bytes_s=memory.dram_gbps * memory.dram_efficiency * GIGA,
        flops_s=tflops * TERA,
        over=gpu.rest_over_bound.value,
        floor_ms=gpu.kernel_floor_ns.value / 1e6,
        gap_ms=gpu.dispatch_ns.value / 1e6,
        launch_ms=frame.launch_overhead_ns / 1e6,
        submit_ms=frame.submit_overhead_us / 1e3,
        sync_ms=frame.sync_overhead_us / 1e3,
    )


@dataclass(frozen=True)
class Rest:
    """Rest of kernels of a frame in ms at full speed.

    ``alone_ms`` on the GPU alone, in so many ``dispatches``, and ``bound_ms``, its lower bound. ``beside_ms``: what no
    frame beside the NGPC falls below.
    """

    alone_ms: float
    bound_ms: float
    dispatches: int
    beside_ms: float


def rest_of(arch: Arch, work: Workload, counts: RayCounts) -> Rest:
    """Rest of kernels of a frame on the architecture's GPU.

    Raises
    ------
    UserError
        When the workload lists no kernels, or the GPU's file has no peaks.
    """
    frame = arch.frame
    beside = frame.fused, frame.ray_state == "registers", frame.schedule == "batches"
    return _rest_of(machine(arch), beside, work, counts)


@lru_cache(maxsize=KEPT)
def _rest_of(gpu: Machine, beside: tuple[bool, bool, bool], work: Workload, counts: RayCounts) -> Rest:
    listed, (fused, registers, in_batches) = kernels_of(work), beside
    bounds = bounds_of(gpu, work, counts, fused=False)
    least = least_work(listed, counts, fused=fused, registers=registers)
    floor_ms = gpu.floor_ms * (1 if in_batches else len(least))
    beside_ms = gpu.over * float(_bounds(gpu, least.sum(axis=0, keepdims=True), 0.0)[0])
    return Rest(gpu.rest_ms(bounds), float(bounds.sum()), len(bounds), max(floor_ms, beside_ms))


def bounds_of(gpu: Machine, work: Workload, counts: RayCounts, *, fused: bool) -> Array:
    """(n,) bounds in ms of the dispatches of the rest of kernels on the GPU alone, in their order."""
    calls = tile_work.one_tile(counts)
    alone = tile_work.tile_work(kernels_of(work), counts, calls, fused=fused, registers=False)
    far = gpu.far(calls.queries * (work.input_bytes + work.output_bytes))
    gap = np.repeat(np.arange(len(alone.firsts) - 1), np.diff(alone.firsts))
    before, behind = far[np.maximum(gap - 1, 0)], far[np.minimum(gap, len(far) - 1)]
    read = alone.rows[:, tile_work.IN_READ] + alone.rows[:, tile_work.OUT_READ]
    return _bounds(gpu, alone.rows, read * before + alone.rows[:, tile_work.IN_WRITTEN] * behind)


def least_work(listed: GpuKernels, counts: RayCounts, *, fused: bool, registers: bool) -> Array:
    """(n, FIELDS) least work of a frame of any number of tiles.

    A tile that ends does not write what its rays need in the next call. Of a call's rays at least as many go on as
    there are queries in the next one.
    """
    calls = tile_work.one_tile(counts)
    go_on, none = (
        tile_work.tile_work(listed, counts, calls, fused=fused, registers=registers, ends=ends)
        for ends in (False, True)
    )
    going = np.ones(len(calls.queries) + 1)
    going[1:-1] = np.minimum(1.0, calls.queries[1:] / calls.queries[:-1])
    share = np.repeat(going, np.diff(go_on.firsts))[:, np.newaxis]
    return np.asarray(none.rows + share * (go_on.rows - none.rows))


def _bounds(gpu: Machine, rows: Array, streamed: Array | float) -> Array:
    """(n,) bounds in ms of dispatches, of whose inputs and outputs ``streamed`` bytes are in DRAM."""
    moved, flops = rows[:, tile_work.LINK], rows[:, tile_work.FLOPS]
    return gpu.ms(moved, rows[:, tile_work.SURE] + streamed, flops)


def extras_of(gpu: Machine, work: Workload, counts: RayCounts, part: str) -> tuple[float, int]:
    """Kernels beside those of encoding or MLP (spherical harmonics, casts): least time in ms, and dispatches."""
    listed, total, dispatches = kernels_of(work), 0.0, 0
    for kernel in listed.kernels.values():
        if kernel.part == part:
            where = _runs(kernel, counts)
            items = _items(kernel, counts, where)
            moved, live, flops = (np.zeros(int(where.sum())) for _ in range(3))
            for name, own in kernel.work.items():
                moved += listed.bytes_moved(own) * items[name]
                live += sum(listed.records[record].bytes for record in {*own.reads, *own.writes}) * items[name]
                flops += own.flops * items[name]
            total += float(gpu.ms(moved, moved * gpu.far(live), flops).sum())
            dispatches += int(where.sum()) * kernel.launches
    return total, dispatches


def waits_of(work: Workload, counts: RayCounts) -> int:
    """How often the host waits in a frame for a number that a kernel has counted."""
    kernels = kernels_of(work).kernels.values()
    return sum(-(-int(_runs(kernel, counts).sum()) // kernel.sync_every) for kernel in kernels if kernel.sync_every)


def _runs(kernel: Kernel, counts: RayCounts) -> Array:
    """Which invocations a kernel runs in, (K,) bool; (1,) for one that runs once a frame."""
    if kernel.per == "frame":
        return np.ones(1, np.bool_)
    phases = np.array([not kernel.phases or phase in kernel.phases for phase in counts.phases], np.bool_)
    return phases & (counts.queries > 0) & (counts.rounds if kernel.per == "round" else True)


def _items(kernel: Kernel, counts: RayCounts, where: Array) -> dict[str, Array]:
    """(n,) items of a kernel's runs by kind."""
    ones = np.ones(int(where.sum()))
    if kernel.per == "frame":
        return {"one": ones} | {name: ones * getattr(counts, name) for name in ("pixels", "rays", "hits")}
    return {"one": ones, "alive": counts.alive[where], "queries": counts.queries[where]}


def kernels_of(work: Workload) -> GpuKernels:
    """Kernels that a workload lists, or a refusal."""
    if work.gpu_kernels is None:
        raise UserError(
            f"workload {work.name} lists no gpu_kernels, which a roofline of its GPU time needs (no GPU time is "
            "published of a workload that is not built in): add them."
        )
    return work.gpu_kernels
