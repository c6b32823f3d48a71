"""A frame's dispatches: delays between them, which NFPs serve which command, and what a frame that has run reports.

Command queue in the manner of Vulkan: one submission a frame hands every tile's command buffers to two queues. A tile
is a chain: pre-kernel on the GPU queue, a command on the NGPC queue, post-kernel on the GPU queue, then the next
invocation; the end of each dispatch is the timeline-semaphore value that the next one of its tile waits for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config import units
from ngpc_sim.config.plugins import BUILTIN
from ngpc_sim.frame.memory import link_latency_ps
from ngpc_sim.kernels.frame_tables import Rules

Array = np.ndarray[Any, Any]
#: ps that a byte takes at 1 GB/s
PS_PER_BYTE_AT_GBPS = 1e3
SUBMIT, LATENCY, GPU, NGPC = "submit", "latency", "gpu_rest", "ngpc"


@dataclass(frozen=True)
class Placed:
    """Where the commands of a frame went, in the order in which they were taken.

    ``steps`` (commands,) int32: their streams. ``orders`` (commands, N) int16: share j went to NFP order[j]; or
    (commands, 1), an offset: share j went to NFP (j + offset) mod N.
    """

    steps: Array
    orders: Array


@dataclass(frozen=True)
class FrameRun:
    """What happened in a frame; all times in ps.

    ``gpu_busy_ps``: a kernel runs; ``gpu_work_ps``: all kernels at full speed. ``ngpc_ps``: all commands back to back
    from time 0, nothing on the GPU. ``fill_ps`` (N,): time in which commands filled an idle NFP. ``ngpc_any_ps``: time
    in which any NFP had work; ``starved_ps`` of it lost because link or DRAM do not give what the NFPs ask, and
    ``slowed_ps`` because the GPU took its share. ``streamed_bytes`` of inputs and outputs that went through DRAM once,
    ``live_bytes`` of buffers, at most and on average. ``path_ps``: the critical path by kind.
    """

    frame_ps: int
    gpu_busy_ps: int
    gpu_work_ps: int
    ngpc_ps: int
    fill_ps: Array
    ngpc_any_ps: int
    starved_ps: int
    slowed_ps: int
    streamed_bytes: int
    live_bytes: tuple[int, float]
    placed: Placed
    path_ps: Mapping[str, int]


def rules_of(arch: Arch, capacity: int, efficiency: float, over: float) -> Rules:
    """How a frame of an architecture runs.

    ``capacity`` of L2 for buffers in bytes; ``efficiency`` of DRAM on missing lines; ``over``: how many times the bound
    of its bytes a kernel takes.
    """
    frame, memory, gpu, built_in = arch.frame, arch.memory, arch.gpu, arch.cluster.model == BUILTIN
    polls = frame.front_end == "persistent"
    launch_ps = units.ns_to_ps(gpu.poll_ns.value if polls else frame.launch_overhead_ns)
    return Rules(
        submit=units.ns_to_ps(frame.submit_overhead_us * 1e3),
        cross=launch_ps + link_latency_ps(arch),
        gap=units.ns_to_ps(gpu.poll_ns.value if polls else gpu.dispatch_ns.value),
        queues=frame.queues if frame.overlap else 1,
        least_loaded=arch.cluster.dispatch == "least_loaded" and built_in,
        in_turn=arch.cluster.dispatch == "round_robin" and built_in,
        capacity=capacity,
        over=over,
        link_ps=PS_PER_BYTE_AT_GBPS / memory.l2_gbps,
        dram_ps=PS_PER_BYTE_AT_GBPS / (memory.dram_gbps * memory.dram_efficiency),
        lines_ps=PS_PER_BYTE_AT_GBPS / (memory.dram_gbps * efficiency),
        shared=memory.contention == "fair",
    )
