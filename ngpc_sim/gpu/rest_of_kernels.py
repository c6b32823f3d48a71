"""Rest of kernels by a roofline: each kernel its launch and the larger of bytes / bandwidth and flops / peak, in turn.

Unfused: all launches one after another, and the waits of the host for copied numbers. Fused: one kernel an invocation
and one for what runs once a frame; the inputs of the network written and its outputs read once, a ray's state carried
in memory or kept in registers, nothing else between kernels; no launches of its own, for the frame counts those.
Bytes go at DRAM's bandwidth where the records of an invocation exceed L2, else at that of L2. Other traffic (occupancy
bits, uncoalesced accesses) is not counted: times are lower bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config.errors import UserError
from ngpc_sim.gpu.ray_counts import RayCounts
from ngpc_sim.workloads.gpu_kernels import GpuKernels, Kernel, Work
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
#: times that are kept for the next design point
KEPT = 64
GIGA, TERA, MS_PER_S = 1e9, 1e12, 1e3


@dataclass(frozen=True)
class Machine:
    """A GPU as its roofs: bytes/s from L2 and DRAM, flops/s, and ms of a launch and of a wait of the host."""

    l2_bytes: float
    l2_bytes_s: float
    dram_bytes_s: float
    flops_s: float
    tensor_flops_s: float
    launch_ms: float
    sync_ms: float

    def bytes_s(self, footprint: Array) -> Array:
        """Bandwidth for what touches ``footprint`` (n,) bytes: L2's where they fit, else no more than DRAM's."""
        far = min(self.l2_bytes_s, self.dram_bytes_s)
        return np.where(np.asarray(footprint) <= self.l2_bytes, self.l2_bytes_s, far)

    def ms(self, moved: Array, flops: Array, bytes_s: Array) -> Array:
        """Time of kernels that move so many bytes and compute so much, launches left out."""
        return np.maximum(moved / bytes_s, np.asarray(flops) / self.flops_s) * MS_PER_S


def machine(arch: Arch) -> Machine:
    """The GPU of an architecture; its memory is what the architecture says."""
    gpu, memory, frame = arch.gpu, arch.memory, arch.frame
    if gpu.fp32_tflops is None or gpu.fp16_tensor_tflops is None:
        raise UserError(
            f"GPU {gpu.name} has no fp32_tflops and fp16_tensor_tflops in its file, which a roofline needs."
        )
    return Machine(
        l2_bytes=gpu.l2_mib.value * 1024 * 1024,
        l2_bytes_s=memory.l2_gbps * GIGA,
        dram_bytes_s=memory.dram_gbps * memory.dram_efficiency * GIGA,
        flops_s=gpu.fp32_tflops.value * TERA,
        tensor_flops_s=gpu.fp16_tensor_tflops.value * TERA,
        launch_ms=frame.launch_overhead_ns / 1e6,
        sync_ms=frame.sync_overhead_us / 1e3,
    )


@dataclass(frozen=True)
class Rest:
    """Rest of kernels of a frame in ms, unfused and fused, and the bytes that they move, in all and through DRAM."""

    unfused_ms: float
    fused_ms: float
    unfused_bytes: float
    fused_bytes: float
    unfused_dram_bytes: float
    fused_dram_bytes: float


def rest_of(arch: Arch, work: Workload, counts: RayCounts) -> Rest:
    """Rest of kernels of a frame on the architecture's GPU.

    Raises
    ------
    UserError
        When the workload lists no kernels, or the GPU's file has no peaks.
    """
    return _rest_of(machine(arch), arch.frame.ray_state == "registers", work, counts)


@lru_cache(maxsize=KEPT)
def _rest_of(gpu: Machine, registers: bool, work: Workload, counts: RayCounts) -> Rest:  # noqa: FBT001 - of a cache's key
    listed = kernels_of(work)
    times, moved, far = np.zeros(2), np.zeros(2), np.zeros(2)
    for group in _groups(listed, counts, "rest"):
        footprint = group.footprint()
        fused = group.fused_bytes(registers=registers)
        both = np.stack([group.unfused_bytes(), fused])
        times += group.unfused_ms(gpu), float(gpu.ms(fused, group.flops(), gpu.bytes_s(footprint)).sum())
        moved += both.sum(axis=1)
        far += (both * (footprint > gpu.l2_bytes)).sum(axis=1)
    return Rest(*times.tolist(), *moved.tolist(), *far.tolist())


def extras_ms(gpu: Machine, work: Workload, counts: RayCounts, part: str) -> float:
    """Kernels beside those of encoding or MLP (spherical harmonics, casts) in ms."""
    return sum(group.unfused_ms(gpu) for group in _groups(kernels_of(work), counts, part))


def kernels_of(work: Workload) -> GpuKernels:
    """Kernels that a workload lists, or a refusal."""
    if work.gpu_kernels is None:
        raise UserError(
            f"workload {work.name} lists no gpu_kernels, which a roofline of its GPU time needs (no GPU time is "
            "published of a workload that is not built in): add them."
        )
    return work.gpu_kernels


@dataclass(frozen=True)
class _Group:
    """Kernels that run together: once a frame, or in the same invocations; ``items`` (n,) by kind of item."""

    listed: GpuKernels
    kernels: tuple[Kernel, ...]
    items: Mapping[str, Array]

    @property
    def runs(self) -> int:
        """How often they run."""
        return len(self.items["one"])

    def unfused_ms(self, gpu: Machine) -> float:
        """All kernels one after another, with their launches and the waits of the host."""
        rates = gpu.bytes_s(self.footprint())
        total = 0.0
        for kernel in self.kernels:
            waits = -(-self.runs // kernel.sync_every) if kernel.sync_every else 0
            busy = gpu.ms(self._sum(kernel, self.listed.bytes_moved), self._sum(kernel, _flops), rates)
            total += float(busy.sum()) + self.runs * kernel.launches * gpu.launch_ms + waits * gpu.sync_ms
        return total

    def unfused_bytes(self) -> Array:
        """(n,) bytes that all kernels move."""
        return sum((self._sum(kernel, self.listed.bytes_moved) for kernel in self.kernels), np.zeros(self.runs))

    def flops(self) -> Array:
        """(n,) arithmetic of all kernels."""
        return sum((self._sum(kernel, _flops) for kernel in self.kernels), np.zeros(self.runs))

    def footprint(self) -> Array:
        """(n,) bytes of all records touched."""
        touched = (self.listed.records[name].bytes * self.items[items] for items, name in self._touched())
        return sum(touched, np.zeros(self.runs))

    def fused_bytes(self, *, registers: bool) -> Array:
        """(n,) bytes of one kernel that does the work of all; ``registers``: where a ray's state is kept."""
        total = np.zeros(self.runs)
        for (items, name), (read_first, written) in self._touched().items():
            record = self.listed.records[name]
            if record.kind == "scratch" or (record.kind == "state" and registers):
                continue
            read = read_first and not (record.kind == "input" and registers)
            total += (read + written) * record.bytes * self.items[items]
        return total

    def _sum(self, kernel: Kernel, of: Callable[[Work], float]) -> Array:
        parts = (of(work) * self.items[items] for items, work in kernel.work.items())
        return sum(parts, np.zeros(self.runs))

    def _touched(self) -> dict[tuple[str, str], tuple[bool, bool]]:
        """By item and record: whether the record is read before it is written, and whether it is written."""
        read_first: dict[str, bool] = {}
        found: dict[tuple[str, str], tuple[bool, bool]] = {}
        for kernel in self.kernels:
            for items, work in kernel.work.items():
                for writes, names in ((False, work.reads), (True, work.writes)):
                    for name in names:
                        read_first.setdefault(name, not writes)
                        reads, written = found.get((items, name), (False, False))
                        reads |= read_first[name] and not writes
                        found[items, name] = reads, written or writes
        return found


def _flops(work: Work) -> float:
    return work.flops


def _groups(listed: GpuKernels, counts: RayCounts, part: str) -> Iterator[_Group]:
    """Kernels of a part: those of a frame, then by phase those of invocations with and without a compaction."""
    chosen = [kernel for kernel in listed.kernels.values() if kernel.part == part]
    frame = {name: np.full(1, getattr(counts, name)) for name in ("pixels", "rays", "hits")}
    yield _Group(listed, tuple(k for k in chosen if k.per == "frame"), {"one": np.ones(1), **frame})
    for phase in dict.fromkeys(counts.phases):
        of_phase = [k for k in chosen if k.per != "frame" and (not k.phases or phase in k.phases)]
        for rounds in (True, False):
            where = counts.of_phase(phase) & (counts.rounds == rounds)
            kernels = tuple(k for k in of_phase if rounds or k.per == "invocation")
            items = {"alive": counts.alive[where], "queries": counts.queries[where]}
            yield _Group(listed, kernels, {"one": np.ones(int(where.sum())), **items})
