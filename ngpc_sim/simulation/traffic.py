"""What a frame moves through L2 and DRAM, and how fast that lets GPU and NGPC be while both work."""

from __future__ import annotations

from ngpc_sim.config import units
from ngpc_sim.frame.memory import exceeds_l2, stream_gbps
from ngpc_sim.frame.plan import FramePlan
from ngpc_sim.frame.sharing import FULL, Traffic, speeds
from ngpc_sim.gpu.baseline import Baseline
from ngpc_sim.simulation.design import Point
from ngpc_sim.simulation.frame_result import MemoryUse


def memory_use(design: Point, plan: FramePlan, efficiency: float) -> MemoryUse:
    """Traffic of a frame: streams that exceed L2, and missing lines."""
    in_dram = sum(
        len(stream.rows) * count
        for stream, count, in_flight in zip(plan.streams, plan.multiplicity(), plan.in_flight_queries, strict=True)
        if exceeds_l2(design.arch, in_flight * design.io_bytes)
    )
    return MemoryUse(in_dram, plan.lines, efficiency)


def shared_speeds(design: Point, plan: FramePlan, ngpc_ps: int, base: Baseline, memory: MemoryUse) -> tuple[int, int]:
    """Speeds of GPU and NGPC while both work, from what each asks on average while it does.

    The GPU's kernels write the inputs of the network and read its outputs. Where the rest of kernels is derived, all
    that they move counts, at most the whole memory. ``ngpc_ps`` is the time in which any NFP works where nothing is
    shared, so that over a frame the NGPC takes no more than its bytes.
    """
    arch = design.arch
    rest_ps = round(base.rest_ms * units.PS_PER_MS)
    if arch.memory.contention == "none" or not rest_ps:
        return FULL, FULL
    streams = plan.queries * design.io_bytes
    streams_s = memory.queries_in_dram * design.io_bytes / (stream_gbps(arch) * 1e9)
    _, missing, far = memory.lines.sum(axis=1) * arch.nfp.encoding.line_bytes
    far_s = float(far) / (arch.memory.dram_gbps * memory.efficiency * 1e9)
    gpu_s, ngpc_s = rest_ps / units.PS_PER_S, max(ngpc_ps, 1) / units.PS_PER_S
    gpu = Traffic(streams / gpu_s, streams_s / gpu_s)
    if base.rest_bytes is not None:
        moved, far = base.rest_bytes
        link = min(moved / gpu_s, arch.memory.l2_gbps * 1e9)
        gpu = Traffic(link, min(far / (stream_gbps(arch) * 1e9) / gpu_s, 1.0))
    ngpc = Traffic((streams + float(missing)) / ngpc_s, (streams_s + far_s) / ngpc_s)
    return speeds(gpu, ngpc, arch.memory.l2_gbps * 1e9)
