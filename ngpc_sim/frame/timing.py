"""A frame's dispatches: delays between them, which NFPs serve which command, and what a frame that has run reports.

Command queue in the manner of Vulkan: one submission a frame hands every tile's command buffers to two queues. A tile
is a chain: pre-kernel on the GPU queue, a command on the NGPC queue, post-kernel on the GPU queue, then the next
invocation; the end of each dispatch is the timeline-semaphore value that the next one of its tile waits for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config import units
from ngpc_sim.config.plugins import BUILTIN
from ngpc_sim.frame.commands import Command, Commands
from ngpc_sim.frame.memory import link_latency_ps
from ngpc_sim.frame.plan import FramePlan

Array = np.ndarray[Any, Any]
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

    ``ngpc_ps``: all commands back to back from time 0. ``fill_ps`` (N,): time in which commands filled an idle NFP.
    ``ngpc_any_ps``: time in which any NFP had work, ``slowed_ps`` of it lost because the GPU took its share of the
    memory. ``path_ps``: the critical path by kind.
    """

    frame_ps: int
    gpu_busy_ps: int
    ngpc_ps: int
    fill_ps: Array
    ngpc_any_ps: int
    slowed_ps: int
    placed: Placed
    path_ps: Mapping[str, int]


def delays_ps(arch: Arch) -> tuple[int, int, int]:
    """Times in ps: submission of a frame, latency of a launch, latency of one that waits for the other queue."""
    launch_ps = units.ns_to_ps(arch.frame.launch_overhead_ns)
    return units.ns_to_ps(arch.frame.submit_overhead_us * 1e3), launch_ps, launch_ps + link_latency_ps(arch)


def rest_of_kernels_ps(
    arch: Arch, plan: FramePlan, commands: Sequence[Command], rest_ps: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """GPU time before and after the network of every command."""
    return _rest_by_size(Commands.of(commands).queries, plan.queries, rest_ps, arch.frame.pre_share)


@lru_cache(maxsize=4)
def _rest_by_size(
    sizes: tuple[int, ...], queries: int, rest_ps: int, pre_share: float
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """GPU time before and after commands of ``sizes``; the same at every number of NFPs."""
    pre = tuple([_share(rest_ps, n, queries, pre_share) for n in sizes])
    return pre, tuple([_share(rest_ps, n, queries, 1.0) - first for n, first in zip(sizes, pre, strict=True)])


def rules_of(arch: Arch) -> tuple[bool, bool]:
    """Whether commands go to the NFPs that are free first, and whether each begins at the NFP behind the last one."""
    built_in = arch.cluster.model == BUILTIN
    return arch.cluster.dispatch == "least_loaded" and built_in, arch.cluster.dispatch == "round_robin" and built_in


def _share(total_ps: int, queries: int, all_queries: int, part: float) -> int:
    """Part of a duration that falls to ``queries``, rounded up."""
    whole = -(-total_ps * queries // all_queries)
    return whole if part == 1.0 else int(whole * part)
