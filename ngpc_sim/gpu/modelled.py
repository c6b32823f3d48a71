"""The frame on the GPU alone, kernel by kernel: one recorded command buffer, broken where the host waits for a number.

Encoding and MLP kernels take their roofline, a lower bound; the rest of kernels what
:mod:`ngpc_sim.gpu.rest_of_kernels` says. Between two dispatches lies the gap that the frame beside the NGPC has too.
With ``software: jit`` all is one kernel (:mod:`ngpc_sim.gpu.fused_renderer`).
"""

from __future__ import annotations

from dataclasses import dataclass

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.architecture.gpu import JIT
from ngpc_sim.gpu.fused_renderer import fused
from ngpc_sim.gpu.network import network_of
from ngpc_sim.gpu.ray_counts import RayCounts
from ngpc_sim.gpu.rest_of_kernels import machine, rest_of, waits_of
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.workload import Workload


@dataclass(frozen=True)
class Modelled:
    """A frame on the GPU alone in ms: its kernels, what lies between them, and ``bound_ms``, the least it can take."""

    encoding_ms: float
    mlp_ms: float
    rest_ms: float
    between_ms: float
    bound_ms: float

    @property
    def frame_ms(self) -> float:
        """All of it."""
        return self.encoding_ms + self.mlp_ms + self.rest_ms + self.between_ms


def modelled(arch: Arch, work: Workload, trace: Trace, counts: RayCounts) -> Modelled:
    """The frame on the architecture's GPU alone.

    Raises
    ------
    UserError
        When the GPU's file lacks a peak, or the workload lists no kernels.
    """
    if arch.gpu.software == JIT:
        return _in_one_kernel(arch, work, trace, counts)
    gpu, waits = machine(arch), waits_of(work, counts)
    rest, network = rest_of(arch, work, counts), network_of(arch, work, trace, counts)
    gaps_ms = (rest.dispatches + network.dispatches - 1) * gpu.gap_ms
    starts_ms = gpu.submit_ms + gpu.launch_ms + waits * (gpu.sync_ms + gpu.launch_ms)
    bound_ms = network.encoding_ms + network.mlp_ms + rest.bound_ms
    return Modelled(network.encoding_ms, network.mlp_ms, rest.alone_ms, gaps_ms + starts_ms, bound_ms)


def _in_one_kernel(arch: Arch, work: Workload, trace: Trace, counts: RayCounts) -> Modelled:
    """The frame in one kernel; its time is divided among its parts by what each of them would take alone."""
    gpu, kernel = machine(arch), fused(arch, work, trace, counts)
    alone = [kernel.ms(part) for part in (kernel.encoding, kernel.mlp, kernel.rest)]
    encoding_ms, mlp_ms, rest_ms = (kernel.frame_ms * own / sum(alone) for own in alone)
    return Modelled(encoding_ms, mlp_ms, rest_ms, gpu.submit_ms + gpu.launch_ms, kernel.frame_ms)
