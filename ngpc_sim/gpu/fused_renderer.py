"""The frame on the GPU alone with software of 2025: the whole ray marcher in one kernel (instant-ngp 51f233e).

The kernel does all that the kernels of 2022 do, and what they hand to one another stays in registers: positions,
features, results, a ray's state. There is one launch, nothing is compacted, and the host waits for nothing. By the
roofline of :mod:`ngpc_sim.gpu.network` it takes the largest of: sectors that blocks fetch over L2, and what the frame
stores; each table once from DRAM; sectors that warps fetch over L1; fp32 arithmetic; tensor arithmetic. All of them
overlap, so that this is a lower bound, further from what is measured than the one of 2022 is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.gpu import tile_work
from ngpc_sim.gpu.coalescing import FEATURE_BYTES, SECTOR_BYTES
from ngpc_sim.gpu.network import by_section, coalescing, index_flops, l1_bytes_s
from ngpc_sim.gpu.ray_counts import RayCounts
from ngpc_sim.gpu.rest_of_kernels import MS_PER_S, TERA, Machine, kernels_of, least_work, machine, peaks
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.grids import grid_levels
from ngpc_sim.workloads.workload import Workload


@dataclass(frozen=True)
class Demand:
    """What a part of the kernel asks: bytes over L2, from DRAM and over L1, fp32 and tensor operations."""

    l2_bytes: float = 0.0
    dram_bytes: float = 0.0
    l1_bytes: float = 0.0
    flops: float = 0.0
    tensor_flops: float = 0.0

    def __add__(self, other: Demand) -> Demand:
        return Demand(*(own + more for own, more in zip(vars(self).values(), vars(other).values(), strict=True)))


@dataclass(frozen=True)
class Fused:
    """Demands of encoding, MLP and the rest, and the roofs they meet."""

    encoding: Demand
    mlp: Demand
    rest: Demand
    gpu: Machine
    l1_bytes_s: float
    tensor_flops_s: float

    def ms(self, demand: Demand) -> float:
        """Least time of a kernel that asks so much."""
        plain = self.gpu.ms(*(np.array([own]) for own in (demand.l2_bytes, demand.dram_bytes, demand.flops)))[0]
        others = max(demand.l1_bytes / self.l1_bytes_s, demand.tensor_flops / self.tensor_flops_s) * MS_PER_S
        return float(max(plain, others))

    @property
    def frame_ms(self) -> float:
        """All in one kernel."""
        return self.ms(self.encoding + self.mlp + self.rest)

    @property
    def network_ms(self) -> float:
        """Encoding and MLP in one kernel, the rest beside it."""
        return self.ms(self.encoding + self.mlp)


def fused(arch: Arch, work: Workload, trace: Trace, counts: RayCounts) -> Fused:
    """The kernel of a frame.

    Raises
    ------
    UserError
        When the GPU's file lacks a peak, or the workload lists no kernels.
    """
    (tflops,) = peaks(arch.gpu, "fp16_tensor_tflops")
    encoding, mlp = Demand(), Demand()
    for section, own, asks in by_section(work, trace, counts):
        queries, grid = float(own.queries.sum()), section.encoding
        entry_bytes = grid.n_features_per_level * FEATURE_BYTES
        for level, (warp, block) in zip(grid_levels(grid), coalescing(grid, trace, asks), strict=True):
            fetched = block * SECTOR_BYTES * queries
            table = min(level.entries * entry_bytes, fetched)
            encoding += Demand(fetched, table, warp * SECTOR_BYTES * queries, index_flops(grid) * queries)
        mlp += Demand(tensor_flops=2.0 * section.macs_per_query * queries)
    rest = least_work(kernels_of(work), counts, fused=True, registers=True).sum(axis=0)
    handed_on = rest[[tile_work.IN_WRITTEN, tile_work.IN_READ, tile_work.OUT_READ]].sum()
    stored = Demand(rest[tile_work.LINK] - handed_on, rest[tile_work.SURE], flops=rest[tile_work.FLOPS])
    return Fused(encoding, mlp, stored, machine(arch), l1_bytes_s(arch), tflops * TERA)
