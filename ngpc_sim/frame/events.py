"""The frame of :func:`ngpc_sim.reference.frame.run_frame` by a kernel: the same answer, without SimPy's events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.frame.commands import Command, Commands
from ngpc_sim.frame.plan import FramePlan
from ngpc_sim.frame.sharing import FULL
from ngpc_sim.frame.timing import GPU, LATENCY, NGPC, SUBMIT, FrameRun, Placed, delays_ps, rest_of_kernels_ps, rules_of
from ngpc_sim.kernels.command_queue import ALONE, FILL, idle
from ngpc_sim.kernels.frame_loop import ANY, BUSY, LATEST, LOST, Log, Rules, Tiles, run_loop

Array = np.ndarray[Any, Any]

#: frames that may last longer go through Python's integers
MAX_PS = 1 << 61


def run_frame_fast(
    arch: Arch, plan: FramePlan, commands: Sequence[Command], rest_ps: int, both: tuple[int, int] = (FULL, FULL)
) -> FrameRun:
    """Run a frame that :func:`fits_kernel`: arguments and answer of :func:`ngpc_sim.reference.frame.run_frame`."""
    commands = Commands.of(commands)
    batches = arch.frame.schedule == "batches"
    steps, firsts = plan.in_tiles
    if batches:
        steps, firsts = steps[firsts[:-1]], np.arange(len(firsts))
    kernels = np.array(rest_of_kernels_ps(arch, plan, commands, rest_ps), np.int64)
    least_loaded, in_turn = rules_of(arch)
    queue = idle(arch.scale)
    placed = Placed(np.zeros(len(steps), np.int32), np.zeros((len(steps), arch.scale if least_loaded else 1), np.int16))
    records = np.zeros((2 * len(steps) + len(firsts), 4), np.int64)
    costs = commands.end_ps, commands.occupancy_ps, commands.granules, commands.shares
    rules = Rules(
        *delays_ps(arch), batches, arch.frame.overlap, least_loaded, in_turn, both != (FULL, FULL),
        np.array(both, np.int64),
    )  # fmt: skip
    tiles = Tiles(firsts, steps, kernels, *costs)
    state, path = run_loop(tiles, rules, queue, Log(placed.steps, placed.orders, records))
    slowed_ps = int(state[LOST + 1])
    return FrameRun(
        frame_ps=int(state[LATEST]),
        gpu_busy_ps=int(state[BUSY] + state[LOST]),
        ngpc_ps=int(queue[ALONE].max()),
        fill_ps=queue[FILL].copy(),
        ngpc_any_ps=int(state[ANY]) + slowed_ps,
        slowed_ps=slowed_ps,
        placed=placed,
        path_ps=dict(zip((SUBMIT, LATENCY, GPU, NGPC), path.tolist(), strict=True)),
    )


def fits_kernel(
    arch: Arch, plan: FramePlan, commands: Sequence[Command], rest_ps: int, both: tuple[int, int] = (FULL, FULL)
) -> bool:
    """Whether no time of a frame can come near the end of 64 bits; others need Python's integers."""
    return longest_ps(arch, plan, commands, rest_ps) * FULL // min(both) <= MAX_PS


def longest_ps(arch: Arch, plan: FramePlan, commands: Sequence[Command], rest_ps: int) -> int:
    """No frame takes longer at full speed: all of its dispatches one after another, commands on their slowest NFP."""
    slowest_ps = Commands.of(commands).slowest_ps
    submit_ps, _, cross_ps = delays_ps(arch)
    times = plan.multiplicity()
    dispatches = 2 * sum(times) + len(times)
    commands_ps: int = sum(n * ps for n, ps in zip(times, slowest_ps.tolist(), strict=True))
    return submit_ps + dispatches * cross_ps + commands_ps + 2 * rest_ps
